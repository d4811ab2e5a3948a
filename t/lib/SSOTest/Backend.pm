# SPDX-License-Identifier: Apache-2.0
package SSOTest::Backend;

# A legacy application behind mod_proxy: it answers every request with the request as it came, octet for octet.

use strict;
use warnings;
use IO::Socket::INET;

sub start
{
    my ($class) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64, ReuseAddr => 1)
        || die "backend: $!";
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        $SIG{TERM} = $SIG{INT} = 'DEFAULT';
        _serve($listener);
    }
    return bless { pid => $pid, port => $listener->sockport, owner => $$ }, $class;
}

sub _serve
{
    my ($listener) = @_;
    my $parent = getppid;

    $SIG{PIPE} = 'IGNORE';
    while (1) {
        my $ready = '';
        vec($ready, fileno $listener, 1) = 1;
        if (!select $ready, undef, undef, 2) {
            require POSIX;
            POSIX::_exit(0) if getppid != $parent;      # the test is gone
            next;
        }
        my $client = $listener->accept or next;
        _answer($client);
        close $client;
    }
    return;
}

sub _answer
{
    my ($client) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread($client, $text, 65536, length $text) or return;
    }
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
    while (length $body < ($length // 0)) {
        sysread($client, $body, 65536, length $body) or last;
    }
    $head =~ s/\r\n/\n/g;
    my $page = "$head\n\n$body";
    my $reply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($page)
        . "\r\nConnection: close\r\n\r\n$page";
    syswrite $client, $reply;
    return;
}

sub port { my ($self) = @_; return $self->{port} }

sub stop
{
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->stop; return }

1;
