# SPDX-License-Identifier: Apache-2.0
package SSOTest::Raw;

# Octets to a port and what comes back: for what no browser sends.

use strict;
use warnings;
use IO::Socket::INET;
use SSOTest::Reply;

use constant TIMEOUT => 60;

# %o: half_close => 1: nothing more will come from us. Returns all that the server says until it closes.
sub talk
{
    my ($port, $bytes, %o) = @_;
    my $to = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => TIMEOUT) or die "connect: $!";
    my $text = '';

    local $SIG{ALRM} = sub { die 'no answer within ' . TIMEOUT . " s\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm TIMEOUT;
    for (my $sent = 0; $sent < length $bytes;) {
        my $count = $to->syswrite($bytes, 65536, $sent) // last;    # it may answer and close before it has read everything
        $sent += $count;
    }
    shutdown $to, 1 if $o{half_close};
    while (sysread $to, $text, 65536, length $text) {
    }
    alarm 0;
    return $text;
}

sub ask { my ($port, $bytes, %o) = @_; return SSOTest::Reply->parse(talk($port, $bytes, %o), $bytes =~ /^(\w+)/) }

# A request of these header lines (["Name", "value"], or a whole line) and that body.
sub request
{
    my ($line, $headers, $body) = @_;

    return join("\r\n", $line, map({ ref $_ ? "$_->[0]: $_->[1]" : $_ } @$headers), '', '') . ($body // '');
}

1;
