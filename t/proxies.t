#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Behind a proxy that ends TLS and speaks HTTP/2, at another port and under several names: SAMLReplyURL says where we are, and what does
# not fit is explained.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Raw;

my $http2 = SSOTest::Httpd::mpm() ne 'prefork';     # mod_http2 does not run under prefork
my ($here, $other) = map { "https://$_:\@PORT1\@" } qw(localhost app.example);
my $t = SSOTest->new(backend => 1, ports => 1, modules => [qw(proxy proxy_http remoteip)],
    conf => saml_conf(SAMLReplyURL => "$here/saml/acs $other/saml/acs") . <<"CONF");
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
ProxyPass /app http://\@BACKEND\@/app
ProxyPass /portal http://\@BACKEND\@/portal
ProxyPass /taken http://\@BACKEND\@/taken
<SAMLApplication portal>
    SAMLIdentifier https://app.example/portal
    SAMLPath /portal/saml
    SAMLReplyURL $here/portal/saml/acs
</SAMLApplication>
<SAMLApplication taken>
    SAMLIdentifier https://app.example/taken
    SAMLPath /saml/taken prefix=/intra.net
    SAMLReplyURL $here/intra.net/saml/taken/acs $here/intra.net/old/acs
</SAMLApplication>
<SAMLApplication hop>
    SAMLIdentifier https://app.example/hop
    SAMLRequestBinding Redirect
    SAMLReplyURL $here/saml/hop/acs
</SAMLApplication>
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/portal">
    AuthType SAML
    SAMLApplication portal
    Require valid-user
</Location>
<Location "/taken">
    AuthType SAML
    SAMLApplication taken
    Require valid-user
</Location>
<Location "/hop">
    AuthType SAML
    SAMLApplication hop
    Require valid-user
</Location>
CONF
my ($back, $at) = ($t->httpd->port, $t->httpd->port(1));
s/\@PORT1\@/$at/ for $here, $other;
my $front = SSOTest->new(tls => 1, modules => [qw(ssl proxy proxy_http), $http2 ? 'http2' : ()], conf => join '', "Listen 127.0.0.1:$at https\n",
    map { my ($name, $preserve) = @$_; <<"CONF" } ['localhost', 'On'], ['app.example', 'Off']);
<VirtualHost 127.0.0.1:$at>
    ServerName $name
    Protocols @{[ $http2 ? 'h2 http/1.1' : 'http/1.1' ]}
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    ProxyPreserveHost $preserve
    ProxyPass /intra.net/ http://127.0.0.1:$back/
    ProxyPass / http://127.0.0.1:$back/
</VirtualHost>
CONF

sub browser { my ($base) = @_; return SSOTest::Browser->new(base => $base, ca => $front->dir . '/tls.cer') }

my @lies = (['X-Forwarded-Host', 'evil.example'], ['X-Forwarded-Proto', 'http'], ['X-Forwarded-Port', '80'], ['X-Forwarded-Prefix', '/evil'],
    ['X-Forwarded-Server', 'evil.example'], ['Forwarded', 'host=evil.example;proto=http'], ['X-Original-URL', '/evil'], ['X-Rewrite-URL', '/evil']);

subtest 'TLS ends in front, at another port' => sub {
    my $browser = browser($here);
    my $page = $browser->get('/app/x?y=1', headers => \@lies);
    my $request = $t->request_of($page);
    is $request->{acs}, "$here/saml/acs", 'the answer comes to SAMLReplyURL, whatever is said of the way here';
    unlike $page->body, qr/evil/, 'none of which is in the page';
    my $answer = $t->deliver($browser, $request, $t->response_to($request));
    is $answer->header('Location'), '/app/x?y=1', 'and leads to where it began';
    like join("\n", $answer->headers('Set-Cookie')), qr/^__Host-saml=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/m, 'with a cookie for https';
    like $browser->get('/app/x?y=1')->body, qr/^X-Remote-User: ada\@example\.org$/mi, 'that opens the place';
    is browser($here)->fetch('/app/x', headers => \@lies)->json->{login_url}, "$here/saml/login?target=%2fapp%2fx", 'a script is told the address outside';
    my $cookie = $browser->cookie('__Host-saml');
    my $h2 = SSOTest::IdP::run('curl', '-s', '--http2', '-k', '-m', 20, '-w', 'HTTP/%{http_version} %{http_code}', '-b', "__Host-saml=$cookie", "$here/app/h2");
    my $spoken = $http2 ? '2' : '1.1';
    like $h2, qr/X-Remote-User: ada\@example\.org.*HTTP\/\Q$spoken\E 200/si, "HTTP/$spoken in front is no matter";
};

subtest 'a path of our own' => sub {
    my $browser = browser($here);
    my $request = $t->request_of($browser->get('/portal/x'));
    is $request->{acs}, "$here/portal/saml/acs", 'all of it can lie under one path';
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/portal/x', 'and works there';
    like $browser->get('/portal/x')->body, qr/^X-Remote-User: ada\@example\.org$/mi, 'with its session';
};

subtest 'a path that the proxy takes away' => sub {
    my $browser = browser($here);
    my $page = $browser->get('/intra.net/taken/x?y=1');
    my $request = $t->request_of($page);
    is $request->{acs}, "$here/intra.net/saml/taken/acs", 'is in SAMLReplyURL';
    like $page->body, qr{data-elsewhere="/intra\.net/saml/taken/login\?}, 'and in all that leads here';
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/intra.net/taken/x?y=1', 'also in the way back';
    like $browser->get('/intra.net/taken/x?y=1')->body, qr/^X-Remote-User: ada\@example\.org$/mi, 'which is open then';
    my $other = browser($here);
    is $other->fetch('/intra.net/taken')->json->{login_url}, "$here/intra.net/saml/taken/login?target=%2fintra.net%2ftaken", 'scripts are led by it';
    $request = $t->request_of($other->get('/intra.net/saml/taken/login'));
    $request->{acs} =~ s{/saml/taken/acs}{/old/acs};
    my $response = $t->response_to({ %$request, acs => "$here/intra.net/saml/taken/acs" });
    is $t->deliver($other, $request, $response)->header('Location'), '/intra.net/', 'a reply URL of its own path, and a sign-on without a target';
    is $other->get('/intra.net/saml/taken/login?target=%2fintra.net%2fsaml%2ftaken%2flogout')->status, 403, 'what is an endpoint is told by it';
    $t->refused('relay-state', qr/expected a place other than login, acs and logout/);
    is $other->get('/intra.net/saml/taken/login?popup=1&target=%2fintra.net%2ftaken')->status, 200, 'a window of its own knows it, too';
    my $absolute = sub { my ($line) = @_; return SSOTest::Raw::ask($back, SSOTest::Raw::request("GET $line HTTP/1.1", [[Host => "localhost:$at"],
        [Accept => 'application/json'], [Connection => 'close']]))->json->{login_url} };
    is $absolute->("http://localhost:$at/taken/x?y=1"), "$here/intra.net/saml/taken/login?target=%2fintra.net%2ftaken%2fx%3fy%3d1", 'a request line in absolute form, too';
    is $absolute->('/taken/%1fx'), "$here/intra.net/saml/taken/login?target=%2fintra.net%2f", 'and the front page, in place of what is none of ours';
    like $other->get('/intra.net/saml/taken/metadata')->body, qr{Location="\Q$here\E/intra\.net/saml/taken/logout"}, 'and so does the metadata';
};

subtest 'a proxy that does not pass Host on' => sub {
    browser($other)->get('/hop') for 1 .. 12;
    my $browser = browser($other);
    my $page = $browser->get('/app/x?y=1');
    is $t->request_of($page)->{acs}, "$here/saml/acs", 'the first reply URL is taken';
    like $t->httpd->log_text, qr/saml_sso:info.* a sign-on begins with Host "127\.0\.0\.1".* its answer goes to \Q$here\E\/saml\/hop\/acs; /, 'where there is one it is not worth a warning';
    $t->expect_log(qr/saml_sso:warn.* a sign-on begins with Host "127\.0\.0\.1", which no SAMLReplyURL has, and its answer goes to \Q$here\E\/saml\/acs; .*ProxyPreserveHost On/);
    browser($other)->get("/app/$_") for 1 .. 3;
    my ($origin, $elsewhere) = $page->body =~ /data-origin="([^"]*)" data-elsewhere="([^"]*)"/;
    is $origin, $here, 'the page knows where it should be';
    my $told = $browser->get(SSOTest::Reply::html_decode($elsewhere) . SSOTest::Browser::url_encode($other));
    is $told->status, 400, 'and has it explained when it is not there';
    like $told->body, qr/Another address is needed to sign in/, 'in words';
    like $told->body, qr{href="\Q$here\E/saml/login\?target=%2fapp%2fx%3fy%3d1"}i, 'with a way to the right one';
    $t->refused('request', qr/address: expected the browser's Host, as it is at "\Q$other\E", which is in SAMLReplyURL, got "127\.0\.0\.1:$back"; mend: .*ProxyPreserveHost On/);
};

subtest 'an address that we do not know' => sub {
    my $browser = browser($here);
    my $say = sub { my ($where) = @_; return $browser->get('/saml/login?target=%2fapp&elsewhere=' . SSOTest::Browser::url_encode($where)) };
    is $say->("http://localhost:$at")->status, 400, 'http in place of https';
    $t->refused('request', qr/got one at "http:\/\/localhost:$at", where our cookies do not come; mend: lead all requests there \(Redirect "\/" "\Q$here\E\/"\)/);
    is $say->('https://intranet')->status, 400, 'another name';
    $t->refused('request', qr/got one at "https:\/\/intranet"; mend: .*add it with "\/saml\/acs" to SAMLReplyURL/);
    unlike $say->("\"><script>x\r\n")->body, qr/<script>x|intranet/, 'what is no address is not shown';
    $t->refused('request', qr/got one at "\S*><script>x\S*"/);
    ok $say->($here)->form, 'the right one signs on';
    is $browser->get('/hop')->status, 302, 'by Redirect there is no page to ask';
    like $browser->get('/hop', headers => [['Sec-Fetch-Dest', 'document']])->body, qr{id="go"[^>]* data-origin="\Q$here\E" data-elsewhere="/saml/hop/login\?}, 'but for a browser that says what it loads';
};

subtest 'the address of the client' => sub {
    my $browser = browser($here);
    $browser->get('/saml/login?target=https://evil.example/', headers => [['X-Forwarded-For', '203.0.113.9']]);
    $t->refused('relay-state', qr/\[client 203\.0\.113\.9:\d+\]/, 'is what mod_remoteip says, where it is told to trust the proxy');
};

$t->finish;
$front->tolerate_log(qr/AH01873/);
$front->finish;
done_testing;
