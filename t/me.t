#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The endpoint that shows somebody his own claims.
use strict;
use warnings;
use utf8;
use Encode qw(decode_utf8 encode_utf8);
use Test::More;
use SSOTest;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output todo_output);

my $t = SSOTest->new(prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(own other brief) },
    conf => saml_conf(SAMLSessionLifetime => '2h', SAMLSessionIdle => '30min') . <<'CONF');
<SAMLApplication other>
    SAMLIdentifier https://app.example/other
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/other/acs
</SAMLApplication>
<SAMLApplication brief>
    SAMLIdentifier https://app.example/brief
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/brief/acs
    SAMLSessionLifetime 1h
    SAMLSessionIdle 20s
</SAMLApplication>
<Location "/own">
    AuthType SAML
    Require valid-user
</Location>
<Location "/brief">
    AuthType SAML
    SAMLApplication brief
    Require valid-user
</Location>
<Location "/other">
    AuthType SAML
    SAMLApplication other
    Require valid-user
</Location>
CONF

use constant ODD => 'http://claims.example.org/odd"<b>&\'name';

my @odd = ('plain', 'Zoë Müller 株式会社 😀', 'with "double" and \'single\' quotes', '<script>alert(1)</script>',
    '</dd></dl><img src=x onerror=alert(1)>', 'a & b &amp; c', 'back\\slash /slash', "two\nlines and a\ttab", '${x} {{y}} %3Cb%3E', 'a;b', '  spaces  ');

sub dd_values
{
    my ($html, $name) = @_;
    my $quoted = quotemeta $name;

    return map { SSOTest::Reply::html_decode($_) } $html =~ m{<dt>$quoted</dt><dd>(.*?)</dd>}gs;
}

subtest 'JSON for a script' => sub {
    my $browser = $t->signed_on('/own', groups => ['g1', 'g2', 'g3']);
    my $reply = $browser->fetch('/saml/me');
    is $reply->status, 200, 'is there';
    like $reply->header('Content-Type'), qr{^application/json(?:;|$)}, 'as JSON';
    is $reply->header('Cache-Control'), 'no-store', 'kept by nobody';
    is $reply->header('Access-Control-Allow-Origin'), undef, 'for no other site';
    is $reply->header('X-Content-Type-Options'), 'nosniff', 'and taken for nothing else';
    my $me = $reply->json;
    is_deeply [sort keys %$me], [qw(absolute_expires_in claims expires_in idle_expires_in nameid nameid_format user)], 'its fields';
    is $me->{user}, 'ada@example.org', 'the user';
    is $me->{nameid}, 'ada@example.org', 'the name ID';
    is $me->{nameid_format}, 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'and its format';
    cmp_ok $me->{expires_in}, '>', 1700, 'what is left of the idle time';
    cmp_ok $me->{expires_in}, '<=', 1800, 'which is shorter than the lifetime';
    is $me->{idle_expires_in}, $me->{expires_in}, 'what is left of each: idle time';
    ok $me->{absolute_expires_in} > 7100 && $me->{absolute_expires_in} <= 7200, 'and lifetime';
    my %claims = map { $_->[0] => $_->[1] } @{ SSOTest::IdP::attributes('ada', 'g1', 'g2', 'g3') };
    is_deeply $me->{claims}, \%claims, 'every claim by its full name, with all its values in order';
    unlike $reply->body, qr/\Q${\ $browser->cookie('saml')}\E/, 'the cookie is not shown';
};

subtest 'whoever looks does not keep the session alive' => sub {
    my $browser = $t->signed_on('/brief');
    my $left = sub { my ($path) = @_; return $browser->fetch("/saml/brief/$path")->json };
    $browser->get('/brief');
    sleep 3;        # more than a tenth of it
    $left->('me') for 1 .. 2;
    my $me = $left->('me');
    cmp_ok $me->{idle_expires_in}, '<=', 17, 'the idle time runs on';
    my $absolute = $me->{absolute_expires_in};
    ok $browser->get('/saml/brief/me')->status == 200 && $left->('me')->{idle_expires_in} <= 17, 'beside the page, too';
    my $renewed = time;
    $me = $left->('me?renew=1');
    cmp_ok $me->{idle_expires_in}, '>=', 19, 'unless it is asked to begin anew';
    my $lasts = $left->('me')->{idle_expires_in};
    cmp_ok $lasts, '>=', 18 - (time - $renewed), 'which lasts';
    cmp_ok $me->{absolute_expires_in}, '<=', $absolute, 'the lifetime never does';
    is $me->{expires_in}, $me->{idle_expires_in} < $me->{absolute_expires_in} ? $me->{idle_expires_in} : $me->{absolute_expires_in}, 'the earlier end is the one that counts';
};

subtest 'a page for a browser' => sub {
    my $browser = $t->signed_on('/own', groups => ['g1', 'g2', 'g3']);
    my $page = $browser->get('/saml/me');
    is $page->status, 200, 'is there';
    is $page->header('Content-Type'), 'text/html; charset=utf-8', 'as HTML in UTF-8';
    is $page->header('Cache-Control'), 'no-store', 'kept by nobody';
    like $page->header('Content-Security-Policy'), qr/default-src 'none'/, 'with a policy that allows nothing';
    is_deeply [dd_values($page->body, 'nameid')], ['ada@example.org'], 'the name ID';
    is_deeply [dd_values($page->body, 'groups')], [qw(g1 g2 g3)], 'a claim by its alias, every value';
    is_deeply [dd_values($page->body, 'displayname')], ['Ada Example'], 'another';
    like join(',', dd_values($page->body, 'seconds left')), qr/^1[78]\d\d$/, 'and the time that is left';
    is $browser->head('/saml/me')->status, 200, 'HEAD';
    is $browser->head('/saml/me')->body, '', 'without a body';
};

subtest 'odd names and values' => sub {
    my $browser = $t->browser;
    $t->login($browser, '/own', name_id => 'ada"<i>@example.org', attributes => [[SSOTest::IdP::GROUPS, [@odd]], [ODD, ['v']],
        ['http://claims.example.org/empty', ['']]]);
    my $reply = $browser->fetch('/saml/me');
    unlike $reply->body, qr/[\x00-\x09\x0b-\x1f]/, 'JSON has no control characters';
    my $me = $reply->json;
    is_deeply $me->{claims}{ (SSOTest::IdP::GROUPS) }, \@odd, 'every value came through JSON as it is';
    is_deeply $me->{claims}{ (ODD) }, ['v'], 'so did the name';
    is_deeply $me->{claims}{'http://claims.example.org/empty'}, [''], 'an empty value is a value';
    is $me->{nameid}, 'ada"<i>@example.org', 'and the name ID';

    my $html = decode_utf8($browser->get('/saml/me')->body);
    is_deeply [dd_values($html, 'groups')], \@odd, 'every value came through HTML as it is';
    is scalar(() = $html =~ /<script/gi), 0, 'no script came of it';
    unlike $html, qr/<(?:img|i|b)\b/i, 'nor any other element';
    unlike $html, qr/&amp;amp;amp;/, 'escaped once';
    like $html, qr/&lt;script&gt;alert\(1\)&lt;\/script&gt;/, 'it is text';
    like $html, qr{<dt>http://claims\.example\.org/odd(?:"|&quot;)&lt;b&gt;&amp;(?:'|&\#39;|&apos;)name</dt>}, 'so is the name of a claim';
};

subtest 'without a session' => sub {
    my $script = $t->browser->fetch('/saml/me');
    is $script->status, 401, 'a script is told';
    like $script->header('Content-Type'), qr{^application/json}, 'in JSON';
    my $login = $script->json->{login_url};
    is $script->json->{reason}, 'no session', 'why';
    is $login, $t->url('/saml/login?target=%2fsaml%2fme'), 'and where to sign on';
    my $browser = $t->browser;
    my $page = $browser->get('/saml/me');
    ok $page->form, 'a browser is sent to sign on';
    my $request = $t->request_of($page);
    my $answer = $t->deliver($browser, $request, $t->response_to($request));
    is $answer->header('Location'), '/saml/me', 'and comes back';
    is_deeply [dd_values($browser->get('/saml/me')->body, 'nameid')], ['ada@example.org'], 'to his claims';
    my $by_url = $t->browser;
    $request = $t->request_of($by_url->get($login));
    is $t->deliver($by_url, $request, $t->response_to($request))->header('Location'), '/saml/me', 'login_url leads there, too';
    my $forged = $t->browser;
    $forged->set_cookie('saml', 'A' x 43);
    is $forged->fetch('/saml/me')->status, 401, 'a made-up cookie is no session';
};

subtest 'after logout' => sub {
    my $browser = $t->signed_on('/own');
    my $cookie = $browser->cookie('saml');
    is $browser->fetch('/saml/me')->status, 200, 'before';
    $browser->get('/saml/logout');
    $browser->set_cookie('saml', $cookie);
    is $browser->fetch('/saml/me')->status, 401, 'after';
};

subtest "another application's session" => sub {
    my $browser = $t->browser;
    $t->login($browser, '/other', user => 'otto');
    is $browser->fetch('/saml/other/me')->json->{nameid}, 'otto@example.org', 'is shown at its own address';
    is $browser->fetch('/saml/me')->status, 401, 'and not at another';
    $browser->set_cookie('saml', $browser->cookie('saml-other'));
    is $browser->fetch('/saml/me')->status, 401, 'nor under the other name';
    $browser->drop_cookies(qr/^saml$/);
    $t->login($browser, '/own', user => 'olga');
    is $browser->fetch('/saml/me')->json->{nameid}, 'olga@example.org', 'with both, each address';
    is $browser->fetch('/saml/other/me')->json->{nameid}, 'otto@example.org', 'shows its own';
};

subtest 'somebody without claims' => sub {
    my $browser = $t->browser;
    $t->login($browser, '/own', attributes => []);
    is_deeply $browser->fetch('/saml/me')->json->{claims}, {}, 'has none';
    is_deeply [dd_values($browser->get('/saml/me')->body, 'nameid')], ['ada@example.org'], 'but a name';
};

$t->finish;
done_testing;
