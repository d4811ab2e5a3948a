#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Cookies where it counts: TLS, a browser that holds to SameSite and to the prefixes, defaults from ServerName alone.
use strict;
use warnings;
use Test::More;
use SSOTest;

my @idp = (SAMLReplyURL => undef, SAMLIdentifier => undef);
my $t = SSOTest->new(tls => 1, modules => [qw(ssl socache_shmcb)], conf => <<"CONF");
Listen 127.0.0.1:\@TLS_PORT\@
SSLSessionCache "shmcb:\@ROOT\@/run/ssl(512000)"
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName https://localhost:\@TLS_PORT\@
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    @{[ saml_conf(@idp) ]}
    <Location "/">
        AuthType SAML
        Require valid-user
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName https://app.example:\@TLS_PORT\@
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    @{[ saml_conf(@idp, SAMLCookie => 'corp Domain=.app.example SameSite=None',
            SAMLReplyURL => 'https://app.example:@TLS_PORT@/saml/acs') ]}
    <Location "/">
        AuthType SAML
        Require valid-user
    </Location>
</VirtualHost>
CONF
$t->httpd->write_file('htdocs/index.html', 'in', 0644);
$t->httpd->write_file('htdocs/page.html', 'in', 0644);

my $origin = 'https://localhost:' . $t->httpd->tls_port;
my $browser = $t->browser(tls => 1);
my $page = $browser->get('/page.html');
my $request = $t->request_of($page);

is $request->{acs}, "$origin/saml/acs", 'the ACS is made from ServerName and its port';
is $request->{issuer}, "$origin/saml/metadata", 'so is our identifier';
my ($state) = $page->headers('Set-Cookie');
like $state, qr/^__Host-saml-state-\Q$request->{relay_state}\E=[A-Za-z0-9_-]+; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=None$/,
    'the login in progress is a __Host- cookie that comes along with the cross-site POST';

my $answer = $t->deliver($browser, $request, $t->response_to($request));
is $answer->status, 303, 'the sign-on passes in a browser that holds to SameSite';
my ($session) = grep { /^__Host-saml=/ } $answer->headers('Set-Cookie');
like $session, qr/^__Host-saml=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/, 'the session is a __Host- cookie, Lax';
is_deeply [$browser->cookie_names], ['__Host-saml', '__Host-saml-state-rounds', '__Host-saml-state-user'], 'which the browser takes';
my ($rounds) = grep { /^__Host-saml-state-rounds=/ } $answer->headers('Set-Cookie');
like $rounds, qr/^[^=]*=[A-Za-z0-9_-]{80,800}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=None$/,
    'and a short-lived one that knows which sign-on was the last';
is $browser->get('/page.html')->status, 200, 'and sends';
is $browser->get('/page.html')->body, 'in', 'so that the page is there';

my $foreign_post = $browser->request('POST', '/page.html', cross_site => 1, body => 'x=1', type => 'application/x-www-form-urlencoded');
isnt $foreign_post->body, 'in', "another site's POST comes without the session";

subtest 'SAMLCookie' => sub {
    my $other = $t->browser(tls => 1, host => 'app.example');
    my $begun = $other->get('/page.html');
    my $asked = $t->request_of($begun);
    like +($begun->headers('Set-Cookie'))[0], qr/^__Host-saml-state-\Q$asked->{relay_state}\E=/, 'the login in progress has its own cookie, which no other host can plant';
    my $done = $t->deliver($other, $asked, $t->response_to($asked));
    is $done->status, 303, 'signed on';
    my ($cookie) = grep { /^corp=/ } $done->headers('Set-Cookie');
    like $cookie, qr/^corp=[A-Za-z0-9_-]{43}; Path=\/; Domain=app\.example; HttpOnly; Secure; SameSite=None$/,
        'has the name and the attributes that were asked for';
    is_deeply [grep { !/^__Host-saml-state-|^corp$/ } $other->cookie_names], [], 'all others are __Host- cookies';
    is $other->get('/page.html')->body, 'in', 'and works';
    my $other_host = $t->browser(tls => 1);
    $other_host->set_cookie('__Host-saml', $other->cookie('corp'));
    ok $other_host->get('/page.html')->form, "a session of one virtual host is none of the other's";
};

subtest 'forged cookies' => sub {
    my $good = $browser->cookie('__Host-saml');
    my %forged = (
        'nothing' => '', 'another' => 'A' x 43, 'one character off' => substr($good, 0, 42) . (substr($good, -1) eq 'A' ? 'B' : 'A'),
        'cut' => substr($good, 0, 42), 'longer' => "${good}A", 'a path' => '../../../etc/passwd', 'percent' => '%00' x 10,
        'a quote' => "\"$good\"", 'very long' => 'A' x 7000,
    );
    for my $name (sort keys %forged) {
        my $reply = $t->browser(tls => 1)->get('/page.html', headers => [['Cookie', "__Host-saml=$forged{$name}"]]);
        ok $reply->form, "$name: is sent to sign on";
    }
    is $t->browser(tls => 1)->get('/page.html', headers => [['Cookie', "__Host-saml=$good"]])->body, 'in', 'the good one is let in';
    my $two = $t->browser(tls => 1)->get('/page.html', headers => [['Cookie', "a=b; __Host-saml=$good; c=d"]]);
    is $two->body, 'in', 'among others too';
    my $case = $t->browser(tls => 1)->get('/page.html', headers => [['Cookie', "__host-saml=$good"]]);
    ok $case->form, 'names of cookies are told apart by case';
};

$t->finish;
done_testing;
