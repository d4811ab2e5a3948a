#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A sign-on, from a deep link to what the application sees.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $t = SSOTest->new(backend => 1, modules => [qw(proxy proxy_http include filter headers)],
    prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file('htdocs/env.shtml', "<!--#printenv -->\n", 0644);
    },
    conf => saml_conf() . <<'CONF');
ProxyPass /app http://@BACKEND@/app
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/env.shtml">
    AuthType SAML
    Require valid-user
</Location>
CONF

my $deep = '/app/deep/page?x=1&y=a%20b&z=%2Fq%26';
my $browser = $t->browser;
$browser->set_cookie('theme', 'dark');

my $page = $browser->get($deep);
subtest 'the page that leads to the identity provider' => sub {
    is $page->status, 200, 'is served at the address asked for';
    like $page->header('Content-Type'), qr{^text/html}, 'as HTML';
    is $page->header('Cache-Control'), 'no-store', 'and kept by nobody';
    my $csp = $page->header('Content-Security-Policy');
    like $csp, qr/default-src 'none'/, 'its policy denies by default';
    like $csp, qr/script-src 'sha256-[A-Za-z0-9+\/]{43}='/, 'allows its one script by hash';
    unlike $csp, qr/form-action/, 'has no form-action, which Chrome would apply to redirects of the identity provider';
    is $page->form->{action}, SSOTest::IdP::LOGIN_URL, 'its form goes to SAMLLoginURL';
    is $page->form->{method}, 'post', 'by POST';
    like $page->body, qr/<button type="submit">/, 'and has a button for browsers without scripts';
    unlike $page->body, qr/\bon(?:load|click|submit)=/, 'no inline handlers';
};

my $request = $t->request_of($page);
subtest 'the request' => sub {
    my $xml = $request->{xml};
    like $request->{id}, qr/^_[0-9a-f]{40}$/, 'has an ID of 160 random bits';
    is $request->{acs}, $t->url('/saml/acs'), 'names our ACS';
    is $request->{issuer}, 'https://app.example/saml', 'names us';
    like $xml, qr/ Version="2\.0"/, 'is SAML 2.0';
    like $xml, qr/ Destination="\Q${\ SSOTest::IdP::LOGIN_URL}\E"/, 'has its Destination';
    like $xml, qr/ ProtocolBinding="urn:oasis:names:tc:SAML:2\.0:bindings:HTTP-POST"/, 'wants the answer by POST';
    like $xml, qr/ IssueInstant="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"/, 'has its time in UTC';
    like $xml, qr/NameIDPolicy[^>]* Format="urn:oasis:names:tc:SAML:1\.1:nameid-format:emailAddress"/, 'asks for the mail address';
    unlike $xml, qr/SPNameQualifier|RequestedAuthnContext|Subject|ForceAuthn|IsPassive|Signature/, 'and for nothing that Entra refuses';
    cmp_ok length $request->{relay_state}, '<=', 80, 'RelayState fits into 80 octets';
    unlike $request->{relay_state}, qr/app|deep/, 'and tells nothing';
    my $other = $t->request_of($t->browser->get($deep));
    isnt $other->{id}, $request->{id}, 'every request has its own ID';
    isnt $other->{relay_state}, $request->{relay_state}, 'and its own RelayState';
};

subtest 'the cookie of the login in progress' => sub {
    my @cookies = $page->headers('Set-Cookie');
    is scalar @cookies, 1, 'is the only one';
    like $cookies[0], qr/^saml-state-\Q$request->{relay_state}\E=[A-Za-z0-9_-]+; Max-Age=3600; Path=\/; HttpOnly$/,
        'has the name that RelayState says, an hour and HttpOnly';
    my ($value) = $cookies[0] =~ /=([^;]*)/;
    unlike $value, qr/deep/, 'does not show the target';
    cmp_ok length $cookies[0], '<', 4096, 'is short enough for any browser';
};

my $answer = $t->deliver($browser, $request, $t->response_to($request));
subtest 'the answer of the ACS' => sub {
    is $answer->status, 303, 'is 303';
    is $answer->header('Location'), $deep, 'to the very address asked for';
    is $answer->header('Cache-Control'), 'no-store', 'kept by nobody';
    my ($session) = grep { /^saml=/ } $answer->headers('Set-Cookie');
    like $session, qr/^saml=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/, 'the session cookie has 256 bits and Lax';
    my ($state) = grep { /^saml-state-/ } $answer->headers('Set-Cookie');
    like $state, qr/^saml-state-\Q$request->{relay_state}\E=; Max-Age=0; Path=\//, 'the login in progress is over';
    is_deeply [$browser->cookie_names], ['saml', 'saml-state-rounds', 'saml-state-user', 'theme'], 'so the jar holds the session, two marks for the next sign-on and what was not ours';
};

sub headers_seen { my ($reply) = @_; return map { /^([^:]+): (.*)$/ ? [$1, $2] : () } split /\n/, $reply->body }

sub seen
{
    my ($reply, $name) = @_;

    return join ' | ', map { $_->[1] } grep { lc $_->[0] eq lc $name } headers_seen($reply);
}

subtest 'what the backend sees' => sub {
    my $reply = $browser->get($answer->header('Location'));
    is $reply->status, 200, 'the page is there';
    like $reply->body, qr{^GET \Q$deep\E HTTP/1\.1\n}, 'the address came through as it was';
    is seen($reply, 'X-Remote-User'), 'ada@example.org', 'X-Remote-User';
    is seen($reply, 'X-Remote-Email'), 'ada@example.org', 'X-Remote-Email';
    is seen($reply, 'X-Remote-Name'), 'ada@example.org', 'X-Remote-Name';
    is seen($reply, 'X-Remote-Groups'), 'group-one;group-two', 'X-Remote-Groups with all groups';
    is seen($reply, 'Cookie'), 'theme=dark', 'other cookies came through, ours did not';
    is scalar $reply->headers('Set-Cookie'), 0, 'a later request sets no cookie';
    my $posted = $browser->post('/app/save', [text => 'hello world']);
    is $posted->status, 200, 'POST passes with the session';
    like $posted->body, qr/\n\ntext=hello%20world$/, 'and its body';
    $browser->drop_cookies(qr/^theme$/);
    is seen($browser->get('/app/'), 'Cookie'), '', 'no empty Cookie header where there was only ours';
};

subtest 'what a script behind us sees' => sub {
    my $env = $browser->get('/env.shtml')->env;
    is $env->{REMOTE_USER}, 'ada@example.org', 'REMOTE_USER';
    is $env->{AUTH_TYPE}, 'SAML', 'AUTH_TYPE';
    is $env->{SAML_NAMEID}, 'ada@example.org', 'SAML_NAMEID';
    is $env->{SAML_EMAIL}, 'ada@example.org', 'SAML_EMAIL';
    is $env->{SAML_DISPLAYNAME}, 'Ada Example', 'SAML_DISPLAYNAME';
    is $env->{SAML_GROUPS}, 'group-one;group-two', 'SAML_GROUPS';
    is $env->{SAML_TENANTID}, SSOTest::IdP::TENANT, 'SAML_TENANTID';
    is $env->{HTTP_X_REMOTE_USER}, 'ada@example.org', 'HTTP_X_REMOTE_USER';
    is $env->{HTTP_COOKIE}, undef, 'no cookie of ours';
};

subtest 'the same browser again' => sub {
    is $browser->get('/app/other')->status, 200, 'the session holds for the whole application';
    my $from_tile = $browser->request('GET', '/app/', cross_site => 1);
    is $from_tile->status, 200, 'also from a link on another site (Lax)';
    my $again = $t->sign_on($t->browser, '/app/', user => 'bob', groups => []);
    is $again->status, 303, 'somebody without groups signs on';
};

subtest 'somebody else' => sub {
    my $bob = $t->browser;
    my $reply = $t->login($bob, '/app/', user => 'bob', groups => []);
    is seen($reply, 'X-Remote-User'), 'bob@example.org', 'has his own name';
    is seen($reply, 'X-Remote-Groups'), '', 'and no header where there is no claim';
    like $browser->get('/app/')->body, qr/^X-Remote-User: ada\@example\.org$/m, 'the first browser is still the first user';
    is $t->browser->get('/app/')->status, 200, 'a third browser';
    ok $t->browser->get('/app/')->form, 'is sent to sign on';
};

subtest 'claims with odd values' => sub {
    my $reply = $t->login($t->browser, '/app/', attributes => [
        [SSOTest::IdP::GROUPS, ['a;b', 'c\\d', "Caf\x{e9}"]],
        [SSOTest::IdP::CLAIMS . 'name', ["line one\nX-Injected: yes"]],
    ]);
    is seen($reply, 'X-Remote-Groups'), "a%3Bb;c\\d;Caf\xc3\xa9", 'a separator inside a value is escaped, UTF-8 passes';
    is seen($reply, 'X-Remote-Name'), '', 'a value with a line end becomes no header';
    unlike $reply->body, qr/^X-Injected/m, 'and injects none';
};

like do { local (@ARGV, $/) = ($t->dir . '/access_log'); <> }, qr{^127\.0\.0\.1 ada\@example\.org 200 "GET /app/deep/page}m,
    'the access log has the user';
unlike $t->httpd->log_text, qr/SAMLResponse=|ada\@example|group-one/, 'the error log has no claims';
$t->finish;
done_testing;
