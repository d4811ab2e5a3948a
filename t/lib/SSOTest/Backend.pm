# SPDX-License-Identifier: Apache-2.0
package SSOTest::Backend;

# A legacy application behind mod_proxy: it answers every request with the request as it came, octet for octet.

use strict;
use warnings;
use parent 'SSOTest::Server';

sub start { my ($class) = @_; return $class->SUPER::start(\&_answer) }

sub _answer
{
    my ($client) = @_;
    my ($head, $body) = SSOTest::Server::request($client) or return;

    $head =~ s/\r\n/\n/g;
    my $page = $head . $body;
    syswrite $client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " . length($page)
        . "\r\nConnection: close\r\n\r\n$page";
    return;
}

1;
