# SPDX-License-Identifier: Apache-2.0
package SSOTest::Hook;

# A backend that SAMLProvision asks: it keeps every request and answers what the test has told it to.

use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

# $dir is a folder of the test's; the requests are kept there.
sub start
{
    my ($class, $dir) = @_;
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64, ReuseAddr => 1) || die "hook: $!";
    my $self = bless { dir => $dir, port => $listener->sockport, owner => $$, taken => 0 }, $class;

    $self->answer(204);
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        $SIG{TERM} = $SIG{INT} = 'DEFAULT';
        $self->_serve($listener);
    }
    return $self;
}

sub port { my ($self) = @_; return $self->{port} }
sub url  { my ($self) = @_; return "http://127.0.0.1:$self->{port}/hook" }

sub _write
{
    my ($name, $octets) = @_;

    open my $to, '>:raw', "$name.new" or die "$name: $!";
    print {$to} $octets;
    close $to or die "$name: $!";
    rename "$name.new", $name or die "$name: $!";
    return;
}

sub _read
{
    my ($name) = @_;

    open my $from, '<:raw', $name or return;
    local $/ = undef;
    return readline $from;
}

# From now on: this status, type and body; any further header lines. 'hang': no answer at all.
sub answer
{
    my ($self, $status, $type, $body, @lines) = @_;
    my $text = $status;

    if ($status ne 'hang') {
        $body //= '';
        unshift @lines, "Content-Type: $type" if defined $type;
        $text = join "\r\n", "HTTP/1.1 $status Answer", 'Content-Length: ' . length $body, 'Connection: close', @lines, '', $body;
    }
    _write("$self->{dir}/hook-answer", $text);
    return;
}

sub _serve
{
    my ($self, $listener) = @_;
    my $parent = getppid;

    $SIG{PIPE} = 'IGNORE';
    while (1) {
        my $ready = '';
        vec($ready, fileno $listener, 1) = 1;
        if (!select $ready, undef, undef, 2) {
            POSIX::_exit(0) if getppid != $parent;      # the test is gone
            next;
        }
        my $client = $listener->accept or next;
        $self->_answer($client);
        close $client;
    }
    return;
}

sub _answer
{
    my ($self, $client) = @_;
    my $text = '';

    while ($text !~ /\r\n\r\n/) {
        sysread($client, $text, 65536, length $text) or return;
        return if $text =~ /^\x16/;             # TLS
    }
    my ($length) = $text =~ /^Content-Length:\s*(\d+)/mi;
    my $all = index($text, "\r\n\r\n") + 4 + ($length // 0);
    while (length $text < $all) {
        sysread($client, $text, 65536, length $text) or return;
    }
    my $answer = _read("$self->{dir}/hook-answer");
    _write("$self->{dir}/hook-request-" . $self->{taken}++, $text);
    if ($answer eq 'hang') {
        my $rest;
        sysread $client, $rest, 1;      # until the other side gives up
        return;
    }
    syswrite $client, $answer;
    return;
}

# The requests that came since this was last asked: [{ line, headers (lower case), body }, ...]
sub requests
{
    my ($self) = @_;
    my @found;

    while (defined(my $text = _read("$self->{dir}/hook-request-$self->{taken}"))) {
        my ($head, $body) = split /\r\n\r\n/, $text, 2;
        my ($line, @lines) = split /\r\n/, $head;

        ++$self->{taken};
        push @found, { line => $line, body => $body, headers => { map { /^([^:]+):\s*(.*)/ ? (lc $1, $2) : () } @lines } };
    }
    return \@found;
}

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
