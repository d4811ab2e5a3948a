# SPDX-License-Identifier: Apache-2.0
package SSOTest::Server;

# A small HTTP server of a test's, as a process that ends with it:
#
#     my $server = SSOTest::Server->start(sub { my ($client) = @_; ... syswrite $client, $answer }, port => ..., fork => 1);
#
# Each connection is handed to that function and then closed; with "fork" in a process of its own.

use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

sub start
{
    my ($class, $answer, %o) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $o{port} || 0, Listen => 64, ReuseAddr => 1)
        || die "a port to listen on: $!";
    my $self = bless { port => $listener->sockport, owner => $$ }, $class;

    local @SIG{qw(TERM INT)} = ('DEFAULT') x 2;
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        setpgrp;        # with those who answer late: they end together
        open STDOUT, '>', '/dev/null';
        $SIG{PIPE} = $SIG{CHLD} = 'IGNORE';
        _serve($listener, $answer, $o{fork});
    }
    return $self;
}

sub _serve
{
    my ($listener, $answer, $fork) = @_;
    my $parent = getppid;

    while (1) {
        my $ready = '';
        vec($ready, fileno $listener, 1) = 1;
        if (!select $ready, undef, undef, 2) {
            POSIX::_exit(0) if getppid != $parent;      # the test is gone
            next;
        }
        my $client = $listener->accept or next;
        next if $fork && fork;
        close $listener if $fork;
        $answer->($client);
        POSIX::_exit(0) if $fork;
        close $client;
    }
    return;
}

# One request, whole: its head with the empty line, and its body. Nothing where it does not come.
sub request
{
    my ($client) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread($client, $text, 65536, length $text) or return;
        return if $text =~ /^\x16/;             # TLS
    }
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my ($length) = $head =~ /^Content-Length:\s*(\d+)/mi;
    while (length $body < ($length // 0)) {
        sysread($client, $body, 65536, length $body) or return;
    }
    return ("$head\r\n\r\n", $body);
}

sub port { my ($self) = @_; return $self->{port} }

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    return if $self->{owner} != $$;
    local ($?, $!, $@);
    kill 'TERM', -$pid, $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY { my ($self) = @_; $self->stop; return }

1;
