# SPDX-License-Identifier: Apache-2.0
package SSOTest::Sealed;

# Cookies under the seal of a server with SAMLSecret "@ROOT@/secret": what they say is changed as time or another server would.

use strict;
use warnings;
use SSOTest::IdP;

our $SECRET = '0123456789abcdef' x 4 . "\n";

sub _run
{
    my ($t, $what, @rest) = @_;

    return SSOTest::IdP::run('/usr/bin/python3', "$ENV{SSO_SRCDIR}/t/lib/sealed.py", $what, $t->dir . '/secret', @rest);
}

# The cookie $name of $browser, sealed for $purpose by the server's own application, is opened, and sealed anew when $change has seen its
# text; its attributes stay.
sub change
{
    my ($t, $browser, $purpose, $name, $change) = @_;
    my $bound = ' https://app.example/saml ' . SSOTest::IdP::ISSUER . "\n$name";
    my ($cookie) = grep { $_->{name} eq $name } values %{ $browser->{cookies} };

    $cookie->{value} = _run($t, 'seal', $purpose, $bound, $change->(_run($t, 'open', $purpose, $bound, $cookie->{value})));
    return;
}

1;
