# SPDX-License-Identifier: Apache-2.0
package SSOTest::Ports;

# Ports for servers that have to be told where to listen. Before such a one listens, or while it is down for a moment, another test
# must not get its port: so they are none of those that the system gives to whoever asks for any (from 32768 on), and each process
# has a block of its own to begin with.
#
#     my @ports = SSOTest::Ports::free(3);

use strict;
use warnings;
use IO::Socket::INET;

use constant { FIRST => 20000, BLOCK => 20, BLOCKS => 600 };

my ($owner, $next) = (0, 0);

sub free
{
    my ($count) = @_;
    my @found;

    # Processes that were begun one after the other are far apart.
    ($owner, $next) = ($$, $$ * 7919 % BLOCKS * BLOCK) if $owner != $$;
    for (1 .. BLOCK * BLOCKS) {
        return @found if @found == $count;
        my $port = FIRST + $next++ % (BLOCK * BLOCKS);
        push @found, $port if _is_free($port);
    }
    die 'no free port from ' . FIRST . ' to ' . (FIRST + BLOCK * BLOCKS - 1);
}

# Not if something listens there, nor if connections of a server of before are still being closed.
sub _is_free { my ($port) = @_; return IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1) }

1;
