#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A response bears a key that the metadata did not have when it was fetched: one refresh before its time, and the browser waits for it.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Logout;
use SSOTest::Metadata;

my $guard = <<'CONF';
<Location /app>
    AuthType SAML
    Require valid-user
</Location>
<SAMLApplication tiles>
    SAMLIdentifier https://app.example/tiles
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/tiles/acs
    SAMLIdPInitiated on
</SAMLApplication>
<Location /tile>
    AuthType SAML
    SAMLApplication tiles
    Require valid-user
</Location>
CONF
my $m;
my $t = SSOTest->new(modules => ['watchdog'], start => 0, conf => saml_conf(SAMLIdPIdentifier => undef, SAMLLoginURL => undef,
    SAMLCertificate => undef, SAMLIdPMetadata => '@METADATA@') . $guard,
    prepare => sub {
        my ($new) = @_;
        $m = SSOTest::Metadata->start($new->dir);
        $new->httpd->{conf} =~ s/\@METADATA\@/$m->url/e;
        $new->httpd->write_file("htdocs/$_", "$_\n") for qw(app tile);
    });

sub serve { my ($key, %o) = @_; $m->answer(body => SSOTest::Metadata::document(certs => [$t->dir . "/$key.cer"]), %o); return }

# From a page of $browser's to the answer of the ACS, signed by that key.
sub answer { my ($browser, $path, $key) = @_; return $t->sign_on($browser, $path, signer => $key) }

$t->idp->make_key($_) for qw(second third);
serve('idp');
my $before = SSOTest::Metadata::now($t);
$t->httpd->start;
SSOTest::Metadata::taken($t, $before);
is answer($t->browser, '/app', 'idp')->status, 303, 'the key that is known';
is scalar $m->requests, 1, 'one request so far';

# --- a key that is not known yet ---

serve('second', hold => 'both wait');
$before = SSOTest::Metadata::now($t);
my $browser = $t->browser;
my $page = answer($browser, '/app?x=1&y=%26', 'second');
is $page->status, 200, 'an unknown key: a page';
my ($url) = ($page->header('Refresh') // '') =~ /^4; url=(.*)/;
is $url, $t->url('/saml/login?again=1&target=%2fapp%3fx%3d1%26y%3d%2526'), '... that begins anew after four seconds, without a script';
my $escaped = $url =~ s/&/&amp;/gr;
like $page->body, qr/<a class="button" href="\Q$escaped\E">/, '... or by a button';
unlike $page->body, qr/<script/, '... and has none';
like $page->header('Cache-Control'), qr/no-store/, '... and is not kept';
my $other = $t->browser;
is answer($other, '/app', 'second')->status, 200, 'another browser waits, too';
$m->release('both wait');
SSOTest::Metadata::taken($t, $before);
like $t->httpd->log_text($before), qr/refreshed before its time, as an answer bore a key that is not known/, 'the log says why';
is scalar $m->requests, 2, 'one request for both';
my $anew = $browser->get($url);
my $request = $t->request_of($anew);
is $t->deliver($browser, $request, $t->response_to($request, signer => 'second'))->header('Location'), '/app?x=1&y=%26',
    'then the sign-on comes to its end, where it was to end';
is $browser->get('/app')->body, "app\n", '... with a session';
is scalar(grep { /retry/ } $browser->cookie_names), 0, '... and without the mark';

# A form that met no session is kept, and sent again after this sign-on, too.
my $poster = $t->browser;
$request = $t->request_of($poster->post('/app', [a => 1], headers => [['Origin', $t->url]]));
$page = $t->deliver($poster, $request, $t->response_to($request, signer => 'third'));
($url) = ($page->header('Refresh') // '') =~ /^4; url=(.*)/;
my ($name) = map { /kept-(.*)/ } $poster->cookie_names;
is $url, $t->url("/saml/login?again=1&resend=$name&target=%2fapp"), 'a form that waits goes on waiting';
$request = $t->request_of($poster->get($url));
is $t->deliver($poster, $request, $t->response_to($request, signer => 'second'))->header('Location'), "/saml/login?resend=$name&target=%2fapp",
    '... and is sent again in the end';

# --- not twice in five minutes, not for what nobody asked for, and no browser waits twice ---

is answer($other, '/app', 'third')->status, 403, 'a browser that has waited is refused the second time';
$t->refused('signature');
my $third = $t->browser;
is answer($third, '/app', 'third')->status, 200, 'one that comes within half a minute of the refresh waits';
$request = $t->request_of($third->get('/saml/login?again=1&target=/app'));
is $t->deliver($third, $request, $t->response_to($request, signer => 'third'))->status, 403, '... once';
$t->refused('signature');
$request = $t->request_of($t->browser->get('/app'));
is $t->deliver($t->browser, $request, $t->response_to($request, signer => 'third'))->header('Location'), $t->url('/saml/login?again=1'),
    'an answer whose login is not known begins anew as ever';
my $nobody = $t->browser;
is $t->deliver($nobody, { acs => $t->url('/saml/acs') },
    $t->response_to({ acs => $t->url('/saml/acs'), issuer => 'https://app.example/saml' }, signer => 'third'))->status, 403,
    'an answer that nobody asked for makes nobody wait';
$t->refused('unsolicited');
is answer($t->browser, '/app', 'idp')->status, 200, 'the key of before is one that is not known any longer';

# The note of the last early refresh, set back: half a minute and more, then five minutes and more.
sub set_back
{
    my ($seconds) = @_;
    my ($file) = glob $t->dir . '/run/mod_saml_sso.metadata/*.notes';

    $t->httpd->stop;
    open my $from, '<', $file or die "$file: $!";
    my $text = do { local $/; readline $from };
    close $from;
    $text =~ s/^early (\d+)/'early ' . ($1 - $seconds * 1_000_000)/me or die "no early refresh in:\n$text";
    open my $to, '>', $file or die "$file: $!";
    print {$to} $text;
    close $to;
    $t->httpd->start;
    return;
}

serve('third');
$m->answer(status => 503);
set_back(60);
$t->expect_log(qr/not fetched \[metadata\]: .*expected HTTP status 200, got 503; what is known of it stays in use/);
SSOTest::Metadata::logged($t, 0, qr/got 503/);
is answer($t->browser, '/app', 'third')->status, 403, 'after half a minute nobody waits for that refresh';
$t->refused('signature');
serve('third');
set_back(300);
$before = SSOTest::Metadata::now($t);
my $asked = $m->requests;
is answer($t->browser, '/app', 'idp')->status, 200, 'after five minutes another may be asked for, also over a restart';
SSOTest::Metadata::logged($t, $before, qr/refreshed before its time/);
SSOTest::Metadata::wait_for(sub { $m->requests > $asked }, 'the request');
pass 'and is made';

# --- begun at the identity provider, where that is allowed ---

my %tiles = (acs => $t->url('/saml/tiles/acs'), issuer => 'https://app.example/tiles');
sub pressed
{
    my ($tile, $relay_state, $key) = @_;

    return $t->deliver($tile, { %tiles, relay_state => $relay_state }, $t->response_to({ %tiles }, signer => $key));
}

sub kept
{
    my ($file) = glob $t->dir . '/run/mod_saml_sso.metadata/*.xml';

    open my $from, '<', $file or die "$file: $!";
    local $/;
    return readline $from;
}

SSOTest::Metadata::wait_for(sub { kept() eq SSOTest::Metadata::document(certs => [$t->dir . '/third.cer']) }, 'the copy of it');
$asked = $m->requests;
set_back(300);
SSOTest::Metadata::wait_for(sub { $m->requests > $asked }, 'the request of each start');
is pressed($t->browser, '/tile', 'third')->status, 303, 'a tile, under the key that is known';
serve('second', hold => 'a tile waits');
$before = SSOTest::Metadata::now($t);
$asked = $m->requests;
my $tile = $t->browser;
is pressed($tile, 'https://evil.example/', 'second')->status, 403, 'an answer that would lead elsewhere makes nobody wait';
$t->refused('relay-state');
$page = pressed($tile, '/tile?x=1', 'second');
is $page->status, 200, 'the answer that a tile brings, under a key that is not known';
($url) = ($page->header('Refresh') // '') =~ /^4; url=(.*)/;
is $url, $t->url('/saml/tiles/login?again=1&target=%2ftile%3fx%3d1'), '... has a sign-on begin here that ends where the tile was to';
is scalar(grep { /^saml-tiles=./ } $page->headers('Set-Cookie')), 0, '... and makes no session';
is pressed($tile, '/tile', 'second')->status, 403, '... once';
$t->refused('signature');
$m->release('a tile waits');
SSOTest::Metadata::taken($t, $before);
is scalar $m->requests, $asked + 1, '... after one request';
$request = $t->request_of($tile->get($url));
is $t->deliver($tile, $request, $t->response_to($request, signer => 'second'))->header('Location'), '/tile?x=1', 'and comes to its end';
is pressed($t->browser, '/tile', 'second')->header('Location'), '/tile', 'as does the next tile';

# --- a logout message: nobody waits, and the next one is understood ---

set_back(300);
SSOTest::Metadata::wait_for(sub { $m->requests > $asked + 1 }, 'the request of each start');
is pressed($tile, '/tile', 'second')->status, 303, 'a session';
serve('third');
$before = SSOTest::Metadata::now($t);
my $idp = SSOTest::Logout->new($t, issuer => SSOTest::IdP::ISSUER, destination => $t->url('/saml/tiles/logout'), signer => 'third',
    name_id => 'ada@example.org', name_id_format => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
is $idp->deliver($idp->message(by => 'redirect'), at => '/saml/tiles/logout')->status, 403, 'a logout message under a key that is not known';
$t->refused('signature');
SSOTest::Metadata::taken($t, $before);
is $tile->get('/tile')->body, "tile\n", '... ends no session';
is $idp->deliver($idp->message(by => 'redirect'), at => '/saml/tiles/logout')->status, 200, '... and has the metadata fetched for the next one';
ok $tile->get('/tile')->form, '... which does';
$t->finish;
done_testing;
