#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLEntra TENANT APPLICATION and nothing else of the identity provider: it signs users on, takes both audiences that Entra makes of one
# application, keeps two applications of one tenant apart, takes the tenant's keys where the application has none of its own, and follows a
# rollover.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use SSOTest;
use SSOTest::Entra;
use SSOTest::Metadata;

use constant { APP => SSOTest::Entra::APP, OTHER => 'bbbbbbbb-0000-4000-8000-000000000002',
    BARE => 'cccccccc-0000-4000-8000-000000000003' };

my $tenant = SSOTest::Entra::TENANT;
my $entra = SSOTest::Entra->new(undef, { domains => ['example.org'], applications => [
    SSOTest::Entra::application(identifiers => ['https://app.example/portal', APP]),
    SSOTest::Entra::application(id => OTHER, name => 'Other', identifiers => [OTHER], own_certificate => JSON::PP::false(),
        reply_urls => ['http://127.0.0.1:@PORT@/saml/other/acs', 'http://127.0.0.1:@PORT@/saml/bare/acs']),
    SSOTest::Entra::application(id => BARE, name => 'Registered only', identifiers => [], own_certificate => JSON::PP::false(),
        reply_urls => ['http://127.0.0.1:@PORT@/saml/bare/acs']),
] });

sub application
{
    my ($name, @more) = @_;

    return "<SAMLApplication $name>\n" . join('', map { "$_\n" } @more, "SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$name/acs")
        . "</SAMLApplication>\n<Location /$name>\nAuthType SAML\nSAMLApplication $name\nRequire valid-user\n</Location>\n";
}

my $t = SSOTest->new(modules => ['watchdog'], start => 0, conf =>
    "SAMLMetadataCA \"${\ $entra->ca_file}\"\nSAMLMetadataProxy ${\ $entra->proxy}\nSAMLMetadataRefresh 1s\n" . <<"CONF"
SAMLEntra $tenant ${\ APP}
SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/acs
SAMLAudience https://app.example/portal
SAMLIdPInitiated on
<Location /app>
    AuthType SAML
    Require valid-user
</Location>
CONF
    . application('other', "SAMLEntra $tenant ${\ OTHER}") . application('bare', "SAMLEntra EXAMPLE.org ${\ uc BARE}"));

$t->expect_log(qr/SAMLMetadataRefresh in .* expected at least 5min/);
# Of the first three documents that are asked for, the third is not there.
$entra->control({ do => 'fault', at => 'metadata', %$_ }) for { delay => 0, times => 2 }, { status => 404, times => 1 };
$t->httpd->write_file("htdocs/$_", "$_\n") for qw(app other bare);
my $before = SSOTest::Metadata::now($t);
$t->httpd->start;
$entra->known($t);
SSOTest::Metadata::taken($t, $before);
SSOTest::Metadata::logged($t, $before, qr/metadata of \S+appid=\Q${\ $_}\E: copy taken(?s:.*)appid=\Q${\ $_}\E: copy taken/) for OTHER, BARE;

# --- each signs on ---

my $browser = $t->browser;
is $entra->login($browser, '/app', user => 'ada@example.org')->body, "app\n", 'two values sign a user on';
is $entra->login($t->browser, '/other', user => 'ada@example.org')->body, "other\n", 'and those of another application of the tenant';
is $entra->login($t->browser, '/bare', user => 'ada@example.org')->body, "bare\n",
    'a domain for the tenant, and an application that the tenant signs for';
SSOTest::Metadata::logged($t, $before, qr/appid=\Q${\ BARE}\E: not usable \(.*404\); trying that of the whole tenant, .*federationmetadata\.xml$/m);
is $entra->start($t->browser, user => 'ada@example.org')->status, 303, 'begun in the portal, the audience is another, and taken';

# --- audiences never mix ---

# Both are signed by the tenant's key, and Entra sends an answer wherever the application that the request names has it sent.
$browser = $t->browser;
my $form = $browser->get('/bare')->form;
my $request = decode_base64($form->{fields}{SAMLRequest});
is $request =~ s{>\Q${\ BARE}\E</}{>${\ OTHER}</}, 1, 'a request of one application, in the name of another';
my $page = $entra->request($browser, 'POST', "$form->{action}?login_hint=ada\@example.org", type => 'application/x-www-form-urlencoded',
    body => join '&', 'SAMLRequest=' . SSOTest::Browser::url_encode(encode_base64($request, '')), "RelayState=$form->{fields}{RelayState}");
is $entra->deliver($browser, $page)->status, 403, '... its answer is refused';
$t->refused('audience', qr/expected .*"spn:\Q${\ BARE}\E".*, got .*"spn:\Q${\ OTHER}\E"/, 'for the audience');

# --- a rollover ---

my $user = $t->browser;
is $entra->login($user, '/app', user => 'bob@example.org')->status, 200, 'a session';
my $from = SSOTest::Metadata::now($t);
my $next = $entra->control({ do => 'certificate', step => 'add', app => APP });
SSOTest::Metadata::logged($t, $from, qr/appid=\Q${\ APP}\E: copy taken, 2(?s:.*)appid=\Q${\ APP}\E: copy taken, 2/);
is $entra->login($t->browser, '/app', user => 'ada@example.org')->status, 200, 'a second certificate: the first still signs';
$entra->control({ do => 'certificate', step => 'activate', app => APP, name => $next->{name} });
is $entra->login($t->browser, '/app', user => 'ada@example.org')->status, 200, 'the second signs, and every child knows it' for 1 .. 4;
is $user->get('/app')->status, 200, 'sessions go on';

# --- other documents ---

for my $case (['WS-Federation alone' => qr/got none: this is not the metadata/, '<EntityDescriptor xmlns="' . SSOTest::Metadata::MD
            . "\" entityID=\"https://sts.windows.net/$tenant/\"><RoleDescriptor/></EntityDescriptor>"],
    ['of another tenant' => qr{entityID: expected "https://sts\.windows\.net/\Q$tenant\E/", got "https://sts\.windows\.net/22},
        document(entity => 'https://sts.windows.net/22222222-2222-4333-8444-555555555555/')],
    ['the template of all tenants' => qr{entityID: expected .*, got "https://sts\.windows\.net/\{tenant\}/"},
        document(entity => 'https://sts.windows.net/{tenant}/')],
    ['an address elsewhere' => qr{expected an address at https://login\.microsoftonline\.com/, got "https://login\.example/"},
        document(entity => "https://sts.windows.net/$tenant/", location => 'https://login.example/')]) {
    my ($name, $says, $body) = @$case;

    $from = SSOTest::Metadata::now($t);
    $entra->control({ do => 'fault', at => 'metadata', status => 200, body => $body });
    SSOTest::Metadata::logged($t, $from, qr/not fetched \[metadata\]: .*$says.*what is known of it stays in use/);
    $entra->control({ do => 'clear', at => 'metadata' });
    pass "$name: refused";
}
$t->expect_log(qr/not fetched \[metadata\]: .*what is known of it stays in use/);
is $entra->login($t->browser, '/app', user => 'ada@example.org')->status, 200, 'what was known stays';

sub document { return SSOTest::Metadata::document(certs => [$t->dir . '/idp.cer'], @_) }

# --- a wrong authority ---

$t->httpd->stop;
unlink glob $t->dir . '/run/mod_saml_sso.metadata/*';
$t->httpd->{conf} =~ s/^SAMLMetadataCA .*/SAMLMetadataCA idp.cer/m or die;
$before = SSOTest::Metadata::now($t);
$t->httpd->start;
SSOTest::Metadata::logged($t, $before, qr/appid=\Q${\ APP}\E: not fetched \[metadata\]: .*certificate.*name it in SAMLMetadataCA/i);
is $t->browser->get('/app')->status, 503, 'a server whose certificate is not of the authority is not believed';
$t->refused('metadata');
$t->expect_log(qr/not fetched \[metadata\]: .*nobody can sign on by it until then/);

# --- a tenant that is none ---

$t->httpd->stop;
$t->httpd->{conf} =~ s/^SAMLMetadataCA .*/SAMLMetadataCA "${\ $entra->ca_file}"/m or die;
$t->httpd->{conf} =~ s/^SAMLEntra \Q$tenant\E/SAMLEntra 22222222-2222-4333-8444-555555555555/m or die;
$before = SSOTest::Metadata::now($t);
$t->httpd->start;
SSOTest::Metadata::logged($t, $before, qr/appid=\Q${\ APP}\E: not fetched \[metadata\]: .*got 400; mend: look at the tenant ID/);
pass 'the log says that the tenant ID may be wrong';
$t->finish;
done_testing;
