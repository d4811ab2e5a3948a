# SPDX-License-Identifier: Apache-2.0
package SSOTest::Logout;

# The identity provider's logout messages, made by logout.py.

use strict;
use warnings;
use SSOTest::Helper;
use SSOTest::IdP;

# $t: the SSOTest; %always: fields that every message has unless it says otherwise
sub new
{
    my ($class, $t, %always) = @_;

    return bless { t => $t, always => \%always, helper => SSOTest::Helper->new('logout.py', $t->dir) }, $class;
}

# One message: { xml, b64 } by POST, { xml, query } by Redirect. See logout.py for the fields.
sub message
{
    my ($self, %fields) = @_;

    return $self->{helper}->ask(%{ $self->{always} }, %fields);
}

# Deliver one as a browser without any cookie of ours would, in the frame of another site.
sub deliver
{
    my ($self, $made, %o) = @_;
    my $at = $o{at} || '/saml/logout';
    my $browser = $o{browser} || $self->{t}->browser;
    my $param = $o{param} || 'SAMLRequest';

    return $browser->get("$at?$made->{query}", cross_site => 1) if defined $made->{query};
    return $browser->post($at, [$param => $made->{b64}, @{ $o{form} || [] }], cross_site => 1);
}

1;
