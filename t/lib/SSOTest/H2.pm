# SPDX-License-Identifier: Apache-2.0
package SSOTest::H2;

# HTTP/2 with prior knowledge, one request a connection, header fields exactly as given and in that order (RFC 9113; RFC 7541
# literals without indexing or Huffman): for what curl does not send.

use strict;
use warnings;
use IO::Socket::INET;

use constant { DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, PING => 6, GOAWAY => 7, CONTINUATION => 9 };
use constant { END_STREAM => 1, END_HEADERS => 4, ACK => 1, PADDED => 8 };
use constant { FRAME_MOST => 16384, TIMEOUT => 60 };

sub _integer
{
    my ($value, $bits) = @_;
    my $most = (1 << $bits) - 1;

    return chr $value if $value < $most;
    my $out = chr $most;
    for ($value -= $most; $value >= 128; $value >>= 7) {
        $out .= chr(128 | $value & 127);
    }
    return $out . chr $value;
}

sub _field { my ($name, $value) = @_; return "\0" . join '', map { _integer(length, 7) . $_ } $name, $value }

sub _frame { my ($type, $flags, $stream, $load) = @_; return substr(pack('N', length $load), 1) . pack('CCN', $type, $flags, $stream) . $load }

sub _request
{
    my ($fields, $body, $trailers) = @_;
    my @blocks = unpack '(a' . FRAME_MOST . ')*', join '', map { _field(@$_) } @$fields;
    my $ends = defined $body || $trailers ? 0 : END_STREAM;
    my $out = '';

    for my $n (0 .. $#blocks) {
        $out .= _frame($n ? CONTINUATION : HEADERS, ($n ? 0 : $ends) | ($n == $#blocks ? END_HEADERS : 0), 1, $blocks[$n]);
    }
    $out .= _frame(DATA, $trailers ? 0 : END_STREAM, 1, $body) if defined $body;
    $out .= _frame(HEADERS, END_STREAM | END_HEADERS, 1, join '', map { _field(@$_) } @$trailers) if $trailers;
    return $out;
}

# The first field of an answer is :status: one of the static table, or a literal, which may be in Huffman code (digits only here).
sub _status
{
    my ($block) = @_;
    my %static = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404, 14 => 500);

    $block =~ s/^[\x20-\x3f]+//;        # changes of the table's size
    my $first = ord $block;
    return $static{ $first & 127 } // 0 if $first & 128;
    my $length = ord substr $block, 1, 1;
    my $text = substr $block, 2, $length & 127;
    return $text if !($length & 128);
    my %code = ('00000' => 0, '00001' => 1, '00010' => 2, '011001' => 3, '011010' => 4, '011011' => 5, '011100' => 6, '011101' => 7,
        '011110' => 8, '011111' => 9);
    my ($bits, $digits) = (unpack('B*', $text), '');
    while (length $digits < 3 && $bits =~ s/^(0000[01]|00010|011\d{3})//) {
        $digits .= $code{$1};
    }
    return $digits || 0;
}

sub _read
{
    my ($from, $length) = @_;
    my $text = '';

    while (length $text < $length) {
        sysread($from, $text, $length - length $text, length $text) or return;
    }
    return $text;
}

# fields: [name, value] pairs, pseudo-header fields too; body, trailers (pairs) may be left out. Returns { status, body, refused }: refused
# is set where the server ended the stream or the connection instead of answering.
sub ask
{
    my ($port, $fields, $body, $trailers) = @_;
    my $to = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => TIMEOUT) or die "connect: $!";
    my %answer = (status => 0, body => '', block => '');

    local $SIG{ALRM} = sub { die 'no answer within ' . TIMEOUT . " s\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm TIMEOUT;
    syswrite $to, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . _frame(SETTINGS, 0, 0, '') . _request($fields, $body, $trailers);
    while (defined(my $head = _read($to, 9))) {
        my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $head;
        my $load = _read($to, $high << 16 | $low) // last;
        if ($type == SETTINGS && !($flags & ACK)) {
            syswrite $to, _frame(SETTINGS, ACK, 0, '');
        } elsif ($type == PING && !($flags & ACK)) {
            syswrite $to, _frame(PING, ACK, 0, $load);
        } elsif ($type == GOAWAY || $type == RST_STREAM) {
            $answer{refused} = $type;
            last;
        } elsif ($stream == 1 && ($type == HEADERS || $type == CONTINUATION)) {
            $answer{status} ||= _status($load);
            $answer{block} .= $load;
        } elsif ($stream == 1 && $type == DATA) {
            $answer{body} .= $flags & PADDED ? substr $load, 1, length($load) - 1 - ord $load : $load;
        }
        last if $stream == 1 && $type != CONTINUATION && ($type == DATA || $type == HEADERS) && $flags & END_STREAM;
    }
    alarm 0;
    close $to;
    $answer{refused} //= 1 if !$answer{status};
    return \%answer;
}

1;
