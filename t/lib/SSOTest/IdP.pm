# SPDX-License-Identifier: Apache-2.0
package SSOTest::IdP;

# The identity provider of the tests: keys and certificates by openssl, responses by idp.py, which shares no code with the module.

use strict;
use warnings;
use SSOTest::Helper;

use constant TENANT => '11111111-2222-4333-8444-555555555555';
use constant ISSUER => 'https://sts.windows.net/' . TENANT . '/';
use constant LOGIN_URL => 'https://login.microsoftonline.com/' . TENANT . '/saml2';
use constant CLAIMS => 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';
use constant MS_CLAIMS => 'http://schemas.microsoft.com/identity/claims/';
use constant GROUPS => 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups';

sub new
{
    my ($class, $dir) = @_;
    my $self = bless { dir => $dir, helper => SSOTest::Helper->new('idp.py', $dir) }, $class;

    $self->make_key('idp');
    return $self;
}

# A key and a self-signed certificate: NAME.key and NAME.cer.
sub make_key
{
    my ($self, $name) = @_;
    my $base = "$self->{dir}/$name";

    run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 90, '-subj', "/CN=$name",
        '-keyout', "$base.key", '-out', "$base.cer");
    chmod 0644, "$base.cer";
    return "$base.cer";
}

sub run
{
    my @command = @_;
    my $out = '';
    my $pid = open my $from, '-|';

    die "fork: $!" if !defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or exit 127;
    }
    while (my $line = <$from>) {
        $out .= $line;
    }
    close $from or die "@command: exit $?: $out";
    return $out;
}

# The form value of a response; see idp.py for the fields.
sub respond
{
    my ($self, %fields) = @_;

    return $self->{helper}->ask(%fields)->{b64};
}

# What Entra says about somebody: ([name, [values]], ...)
sub attributes
{
    my ($name, @groups) = @_;

    return [
        [MS_CLAIMS . 'tenantid', [TENANT]],
        [MS_CLAIMS . 'displayname', ["\u$name Example"]],
        [CLAIMS . 'givenname', ["\u$name"]],
        [CLAIMS . 'emailaddress', ["$name\@example.org"]],
        [CLAIMS . 'name', ["$name\@example.org"]],
        @groups ? [GROUPS, [@groups]] : (),
    ];
}

1;
