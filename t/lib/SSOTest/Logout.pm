# SPDX-License-Identifier: Apache-2.0
package SSOTest::Logout;

# The identity provider's logout messages, made by logout.py.

use strict;
use warnings;
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use JSON::PP ();
use SSOTest::IdP;

# $t: the SSOTest; %always: fields that every message has unless it says otherwise
sub new
{
    my ($class, $t, %always) = @_;

    return bless { t => $t, always => \%always, owner => $$ }, $class;
}

# One message: { xml, b64 } by POST, { xml, query } by Redirect. See logout.py for the fields.
sub message
{
    my ($self, %fields) = @_;
    my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';

    $self->{pid} ||= open2($self->{from}, $self->{to}, $python, dirname(__FILE__) . '/../logout.py', $self->{t}->dir);
    print { $self->{to} } JSON::PP->new->canonical->ascii->encode({ %{ $self->{always} }, %fields }), "\n";
    $self->{to}->flush;
    my $line = readline $self->{from} // die 'logout.py has gone';
    my $made = JSON::PP::decode_json($line);
    die "logout.py: $made->{error}\n" if $made->{error};
    return $made;
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

sub DESTROY
{
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    local ($?, $!, $@);
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
