#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What an administrator can choose in Entra's portal, each against the stand-in: how it signs and encrypts, requests that must be
# signed, names, groups and claims of odd kinds, a tile, refusals that come back, logout in both directions, a proxy in between.
use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest;
use SSOTest::Entra;
use SSOTest::IdP;

use constant { YES => JSON::PP::true(), NO => JSON::PP::false() };
use constant MFA => 'http://schemas.microsoft.com/claims/multipleauthn';
use constant FLOOR => "CORP\\Floor 3, \xc3\x9cbung";

# name => what the portal has of it
my $folder = File::Temp->newdir('ways-XXXXXXXX', TMPDIR => 1);
my $dir = "$folder";
chmod 0755, $dir;
SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 90, '-subj', "/CN=$_", '-keyout', "$dir/$_.key", '-out', "$dir/$_.cer")
    for qw(sp next);
my %app = (
    plain => { logout_url => '@SITE@/saml/logout', relay_state => '/tile.html',
        claims => [{ name => 'OrganizationName', values => ['ExampleOrg'] }, { name => 'Email', source => 'user.userprincipalname' }] },
    response => { sign => 'response' },
    both => { sign => 'both', digest => 'sha1' },
    encrypted => { sign => 'both', encrypt_cert => "$dir/sp.cer", encrypt_cipher => 'aes256-gcm' },
    rolled => { encrypt_cert => "$dir/next.cer" },
    post => { require_signed_requests => YES, verification_certs => ["$dir/sp.cer"] },
    redirect => { require_signed_requests => YES, verification_certs => ["$dir/next.cer", "$dir/sp.cer"] },
    groups => { group_format => 'netbios_domain_and_sam_account_name' },
    class => { lifetime_minutes => 600 },
    bare => { own_certificate => NO, identifiers => [] },       # an application ID as identifier, and the tenant's keys
);
my %own = (
    plain => '', response => '', both => 'SAMLAllow sha1', encrypted => 'SAMLKey "@KEYS@/sp.key" "@KEYS@/sp.cer"',
    rolled => "SAMLKey \"\@KEYS\@/sp.key\" \"\@KEYS\@/sp.cer\"\nSAMLKey \"\@KEYS\@/next.key\" \"\@KEYS\@/next.cer\"",
    post => "SAMLKey \"\@KEYS\@/sp.key\" \"\@KEYS\@/sp.cer\"\nSAMLSignRequests on",
    redirect => "SAMLKey \"\@KEYS\@/sp.key\" \"\@KEYS\@/sp.cer\"\nSAMLSignRequests on\nSAMLRequestBinding Redirect",
    groups => '', bare => '', class => 'SAMLAuthnContext urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
);
my @names = sort keys %app;
my %id = map { $names[$_] => sprintf 'aaaaaaaa-0000-4000-8000-%012d', $_ + 1 } 0 .. $#names;
my @people = @{ SSOTest::Entra::users() };
$people[0]{groups} = ['floor', SSOTest::Entra::STAFF];
$people[1]{mfa} = YES;

my $entra = SSOTest::Entra->new(undef, {
    sessions => YES, users => \@people, groups => { floor => { name => 'Floor 3', sam => "Floor 3, \x{dc}bung", netbios_domain => 'CORP' } },
    applications => [map { { id => $id{$_}, name => $_, identifiers => ["https://app.example/$_"],
        reply_urls => [$_ eq 'plain' ? '@SITE@/saml/acs' : "\@SITE\@/saml/$_/acs"], %{ $app{$_} } } } @names] });

sub application
{
    my ($name) = @_;

    return "SAMLEntra @{[SSOTest::Entra::TENANT]} $id{$name}\n" . ($name eq 'bare' ? '' : "SAMLIdentifier https://app.example/$name\n") . "$own{$name}\n";
}

sub place
{
    my ($path, $name, $require) = @_;

    return "<Location \"$path\">\nAuthType SAML\n" . ($name ? "SAMLApplication $name\n" : '') . "Require $require\n</Location>\n";
}

my $trust = "SAMLMetadataCA \"@{[$entra->ca_file]}\"\nSAMLMetadataProxy @{[$entra->proxy]}\n";
(my $applications = join '', map { "<SAMLApplication $_>\n" . application($_) . "</SAMLApplication>\n" . place("/$_", $_, 'valid-user') }
    grep { $_ ne 'plain' } @names) =~ s/\@KEYS\@/$dir/g;
my $t = SSOTest->new(tls => 1, modules => [qw(ssl socache_shmcb include filter)], conf => <<"CONF");
Listen 127.0.0.1:\@TLS_PORT\@
SSLSessionCache "shmcb:\@ROOT\@/run/ssl(512000)"
<Directory "\@ROOT\@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName https://localhost:\@TLS_PORT\@
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    $trust
    @{[ application('plain') ]}
    SAMLCookie SameSite=None
    SAMLIdPInitiated on
    SAMLHeader none
    $applications
    @{[ place('/', undef, 'valid-user'), place('/mfa', undef, 'saml-claim authnmethods ' . MFA), place('/floor', 'groups', 'saml-group "' . FLOOR . '"') ]}
    <Location "/whose.shtml">
        SAMLHeader X-Organization OrganizationName
        SAMLHeader X-Mail email
        SAMLHeader X-Login Email
    </Location>
</VirtualHost>
CONF
my $site = 'https://localhost:' . $t->httpd->tls_port;
$entra->control({ do => 'substitute', values => { '@SITE@' => $site } });
$t->httpd->write_file("htdocs/$_", "in $_", 0644) for @names, qw(mfa floor tile.html);
$t->httpd->write_file('htdocs/whose.shtml',
    join('|', map { "<!--#echo encoding=\"none\" var=\"$_\" -->" } qw(REMOTE_USER HTTP_X_ORGANIZATION HTTP_X_MAIL HTTP_X_LOGIN)) . "\n", 0644);

my $nobody = $t->browser(tls => 1);
is join(' ', $entra->ready($t, $nobody, map { "/$_" } @names)), '', 'metadata of each application is there';

sub browser { return $t->browser(tls => 1) }

sub is_in { my ($browser, $path) = @_; return $browser->get($path)->body =~ /^in / }

# The application's own setting for the rest of a block.
sub with_setting
{
    my ($name, $values, $back, $code) = @_;

    $entra->control({ do => 'set', app => $id{$name}, values => $values });
    $code->();
    $entra->control({ do => 'set', app => $id{$name}, values => $back });
    return;
}

for my $name (@names) {
    my $browser = browser();
    is $entra->login($browser, "/$name", user => 'ada@example.org')->body, "in $name", "$name: signed on";
    my ($other) = grep { $_ ne $name } @names;
    ok !is_in($browser, "/$other"), "$name: and nowhere else";
}

subtest 'names and claims' => sub {
    my $browser = browser();
    my $page = $entra->login($browser, '/whose.shtml', user => '0d0d0d0d-0000-4000-8000-000000000d0d');
    is $page->body, "gwen_other.example#EXT#\@example.onmicrosoft.com|ExampleOrg|(none)|gwen_other.example#EXT#\@example.onmicrosoft.com\n",
        'a guest without a mailbox, whose name is as it came; a constant, and one name in two spellings';
    $page = $entra->login(browser(), '/whose.shtml', user => 'ada@example.org');
    is $page->body, "ada\@example.org|ExampleOrg|ada\@example.org|ada\@example.org\n", 'somebody with one';
};

subtest 'groups of a directory on premises' => sub {
    my ($ada, $bob) = (browser(), browser());
    $entra->login($ada, '/groups', user => 'ada@example.org');
    $entra->login($bob, '/groups', user => 'bob@example.org');
    ok is_in($ada, '/floor'), 'a name with a backslash, a blank, a comma and a letter beyond ASCII';
    is $bob->get('/floor')->status, 403, 'who is not in it';
};

subtest 'several factors' => sub {
    my ($ada, $bob) = (browser(), browser());
    $entra->login($ada, '/plain', user => 'ada@example.org');
    $entra->login($bob, '/plain', user => 'bob@example.org');
    is $ada->get('/mfa')->status, 403, 'one was used';
    ok is_in($bob, '/mfa'), 'two were';
};

subtest 'a tile' => sub {
    my $browser = browser();
    my $reply = $entra->start($browser, user => 'ada@example.org', app => $id{plain});
    is $reply->header('Location'), '/tile.html', 'leads to the Relay State of the portal';
    is $browser->get($reply->header('Location'))->body, 'in tile.html', 'signed on';
    with_setting('plain', { relay_state => undef }, { relay_state => '/tile.html' }, sub {
        is $entra->start(browser(), user => 'ada@example.org', app => $id{plain})->header('Location'), '/', 'without one to the front page';
    });
    with_setting('plain', { relay_state => 'https://evil.example/' }, { relay_state => '/tile.html' }, sub {
        is $entra->start(browser(), user => 'ada@example.org', app => $id{plain})->status, 403, 'and nowhere else';
    });
    $t->refused('relay-state', qr/got "https:\/\/evil\.example\/"/);
};

subtest 'a refusal that comes back' => sub {
    my $browser = browser();
    with_setting('plain', { assigned => [], posted_errors => [50105] }, { assigned => undef, posted_errors => [50058] }, sub {
        my $reply = $entra->answer($browser, $browser->get('/plain'), user => 'ada@example.org');
        is $reply->status, 403, 'no session';
        like $reply->body, qr/AADSTS50105/, 'the page has the code';
        like $reply->body, qr/assign/, 'and what it means';
    });
    ok !is_in($browser, '/plain'), 'nobody is signed on';
    $t->refused('status', qr/AADSTS50105/);
};

subtest 'what Entra would refuse is not sent' => sub {
    for my $name (qw(plain redirect)) {
        my $reply = $entra->ask(browser(), browser()->get("/$name"));
        is $reply->status, 200, "$name: its page with the users";
        unlike $reply->body, qr/AADSTS/, "$name: and no error";
    }
    $entra->control({ do => 'set', user => 'ada@example.org', values => { method => 'windows' } });
    like $entra->ask(browser(), browser()->get('/class'), user => 'ada@example.org')->body, qr/AADSTS75011/, 'but a class that is asked for';
    $entra->control({ do => 'set', user => 'ada@example.org', values => { method => 'password' } });
};

subtest 'logout that begins here' => sub {
    my $browser = browser();
    $entra->login($browser, '/plain', user => 'ada@example.org');
    my $reply = $browser->get('/saml/logout?target=/tile.html');
    ok !is_in($browser, '/plain'), 'the session has ended before anybody is asked';
    my $page = $entra->request($browser, 'GET', $reply->header('Location'));
    is $page->status, 302, 'Entra takes the request';
    like $page->header('Location'), qr/SAMLResponse=[^&]*%[0-9a-f]{2}|%2f/, 'and answers with escapes in lower case';
    $reply = $browser->get($page->header('Location'), cross_site => 1);
    is $reply->header('Location'), '/tile.html', 'which is understood';
    ok !$entra->ask($browser, $browser->get('/plain'))->form->{fields}{SAMLResponse}, 'the session there has ended, too';
};

subtest 'logout that begins there' => sub {
    my ($ada, $bob) = (browser(), browser());
    $entra->login($ada, '/plain', user => 'ada@example.org');
    $entra->login($bob, '/plain', user => 'bob@example.org');
    my ($reply) = $entra->sign_out($ada);
    is $reply->status, 200, 'the broadcast, a frame of another site, is answered';
    like $reply->header('Cache-Control'), qr/no-store/, 'which nobody keeps';
    is join(' ', map { $reply->header($_) // () } qw(X-Frame-Options)), '', 'and nothing forbids the frame';
    unlike $reply->header('Content-Security-Policy') // '', qr/frame-ancestors/, 'by no policy either';
    ok !is_in($ada, '/plain'), 'its name is one that no sign-on had, and the session has ended';
    ok is_in($bob, '/plain'), "another's has not";
    $entra->login($ada, '/plain', user => 'ada@example.org');
    my $page = $entra->request($bob, 'GET', 'https://login.microsoftonline.com/' . SSOTest::Entra::TENANT . '/oauth2/v2.0/logout');
    my ($url) = map { SSOTest::Reply::html_decode($_) } $page->body =~ /<iframe src="([^"]*)"/;
    is $t->browser(tls => 1)->get($url, cross_site => 1)->status, 200, 'in a browser without cookies of ours: answered as well';
    ok is_in($_, '/plain'), 'and ends nothing' for $ada, $bob;
    is $ada->get($url, cross_site => 1)->status, 403, 'it serves once';
    ok is_in($ada, '/plain'), "and ends nobody else's session";
    $t->refused('replay', qr/LogoutRequest/);
};

subtest 'a proxy of Conditional Access in between' => sub {
    my $browser = browser();
    my @mcas = (headers => [['Origin', 'https://localhost.mcas.ms'], ['Referer', 'https://localhost.mcas.ms/x'],
        ['X-Forwarded-For', '203.0.113.9'], ['X-Forwarded-Host', 'localhost.mcas.ms']]);
    my $form = $entra->ask($browser, $browser->get('/plain', @mcas), user => 'ada@example.org')->form;
    is $form->{action}, "$site/saml/acs", 'the reply URL is ours, whatever the proxy calls us';
    my $reply = $browser->post($form->{action}, [map { $_ => $form->{fields}{$_} } qw(SAMLResponse RelayState)], cross_site => 1, @mcas);
    is $reply->status, 303, 'an Origin of another host is no reason to refuse';
    is $reply->header('Location'), '/plain', 'and the deep link is kept';
    ok $browser->get('/plain', headers => [['X-Forwarded-For', '198.51.100.7']])->body =~ /^in /, 'the session is at home at no address';
};

$t->expect_log(qr/SAMLAllow in \S+ line \d+: expected nothing weak to be let in, found "sha1"/);
$t->expect_log(qr/authz_core:error.*AH01631: user (?:bob\S+: authorization failure for "\/floor"|ada\S+: authorization failure for "\/mfa")/);
$t->finish;
done_testing;
