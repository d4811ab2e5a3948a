# SPDX-License-Identifier: Apache-2.0
package SSOTest::Hook;

# A backend that SAMLProvision asks: it keeps every request and answers what the test has told it to.

use strict;
use warnings;
use SSOTest::Server;

# $dir is a folder of the test's; the requests are kept there.
sub start
{
    my ($class, $dir) = @_;
    my $self = bless { dir => $dir, taken => 0 }, $class;

    $self->answer(204);
    my ($kept, $number) = ($dir, 0);
    $self->{server} = SSOTest::Server->start(sub { my ($client) = @_; _answer($client, $kept, \$number) });
    return $self;
}

sub port { my ($self) = @_; return $self->{server}->port }
sub url  { my ($self) = @_; return 'http://127.0.0.1:' . $self->port . '/hook' }

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

sub _answer
{
    my ($client, $dir, $number) = @_;
    my ($head, $body) = SSOTest::Server::request($client) or return;
    my $answer = _read("$dir/hook-answer");

    _write("$dir/hook-request-" . $$number++, $head . $body);
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

sub stop { my ($self) = @_; $self->{server}->stop; return }

1;
