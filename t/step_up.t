#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Require saml-authn: sent back once with ForceAuthn, then let in, or refused with the reason.
use strict;
use warnings;
use JSON::PP qw(decode_json);
use Test::More;
use SSOTest;

my $METHODS = 'http://schemas.microsoft.com/claims/authnmethodsreferences';
my $PASSWORD = 'http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password';
my $MULTIPLE = 'http://schemas.microsoft.com/claims/multipleauthn';
my $CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes';
my $group = '0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11';

my %rules = (
    plain => 'Require valid-user',
    mfa => 'Require saml-authn mfa',
    age => 'Require saml-authn max-age 15m',
    short => 'Require saml-authn max-age 60s',
    both => "<RequireAll>\nRequire saml-authn mfa\nRequire saml-authn max-age 15min\n</RequireAll>",
    either => "<RequireAny>\nRequire saml-authn mfa\nRequire saml-authn max-age 900\n</RequireAny>",
    grouped => "<RequireAll>\nRequire saml-group $group\nRequire saml-authn mfa\n</RequireAll>",
    any => "<RequireAny>\nRequire saml-group $group\nRequire saml-authn mfa\n</RequireAny>",
    pass => "SAMLUnauthenticated pass\nRequire saml-authn mfa",
    deny => "SAMLUnauthenticated 401\nRequire saml-authn mfa",
    login => "SAMLUnauthenticated login\nRequire saml-authn mfa",
);
my $t = SSOTest->new(conf => saml_conf(SAMLClockSkew => '120s')
    . join('', map { "<Location \"/$_\">\nAuthType SAML\n$rules{$_}\n</Location>\n" } sort keys %rules),
    prepare => sub { my ($self) = @_; $self->httpd->write_file("htdocs/$_", "in $_", 0644) for keys %rules });

sub claims { my (@methods) = @_; return [@{ SSOTest::IdP::attributes('ada', 'other') }, [$METHODS, [@methods]]] }
sub weak { return (authn_instant => -3600, attributes => claims($PASSWORD), @_) }
sub strong { return (authn_instant => -1, attributes => claims($PASSWORD, $MULTIPLE), @_) }

# The answer at $place is a sign-on with ForceAuthn: the request.
sub sent_back
{
    my ($browser, $place, $name) = @_;
    my $request = $t->request_of($browser->get($place));

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    like $request->{xml}, qr/ ForceAuthn="true"/, "$name: sent back with ForceAuthn";
    return $request;
}

sub signed_on { my (%o) = @_; return $t->signed_on('/plain', weak(%o)) }

subtest 'mfa' => sub {
    my $browser = $t->browser;
    my $first = $t->request_of($browser->get('/mfa'));
    unlike $first->{xml}, qr/ForceAuthn/, 'the first sign-on is one like any other';
    unlike $first->{xml}, qr/RequestedAuthnContext/, 'and asks for no class, which Entra would not heed';
    is $t->deliver($browser, $first, $t->response_to($first, strong()))->header('Location'), '/mfa', 'a sign-on with several factors';
    is $browser->get('/mfa')->body, 'in mfa', 'is let in at once';

    $browser = signed_on();
    my $before = $browser->cookie('saml');
    my $request = sent_back($browser, '/mfa?x=1', 'one factor');
    is $browser->get('/plain')->body, 'in plain', 'the session goes on meanwhile';
    my $reply = $t->deliver($browser, $request, $t->response_to($request, strong()));
    is $reply->header('Location'), '/mfa?x=1', 'the answer with two leads back';
    is $browser->get('/mfa?x=1')->body, 'in mfa', 'and in';
    isnt $browser->cookie('saml'), $before, 'by a new session';

    $browser = signed_on();
    $request = sent_back($browser, '/mfa', 'one factor again');
    is $t->deliver($browser, $request, $t->response_to($request, weak()))->status, 303, 'an answer with one factor is a sign-on';
    $reply = $browser->get('/mfa');
    is $reply->status, 403, 'that does not open the place';
    like $reply->body, qr{<h1>A second step is needed</h1>.*<dt>Reason</dt><dd>authn-statement<}s, 'and is not sent back a second time';
    like $reply->body, qr{/saml/login\?target=%2fmfa">Sign in again<}, 'but may try again by hand';
    $t->refused('authn-statement', qr/Require saml-authn mfa for .*\/mfa.*expected the claim authnmethods.*found the class/);
    is $browser->get('/plain')->body, 'in plain', 'other places stay open';
    my $json = $browser->fetch('/mfa');
    is $json->status, 403, 'a script is refused';
    is decode_json($json->body)->{reason}, 'authn-statement', 'in JSON';
    $t->refused('authn-statement');
    my $by_hand = $t->request_of($browser->get('/saml/login?target=/mfa'));
    $t->deliver($browser, $by_hand, $t->response_to($by_hand, weak()));
    sent_back($browser, '/mfa', 'after a sign-on by hand');
};

subtest 'what says several factors' => sub {
    my @cases = (
        (map { [200, $_, authn_context => $_, attributes => claims()] } $MULTIPLE, 'https://refeds.org/profile/mfa',
            map { "$CLASSES:$_" } qw(MobileTwoFactorContract MobileTwoFactorUnregistered SmartcardPKI)),
        (map { ['login', "class $_", authn_context => $_, attributes => claims()] } "$CLASSES:Password", "$CLASSES:Smartcard",
            "$CLASSES:PasswordProtectedTransport", uc $MULTIPLE, "$MULTIPLE/"),
        [200, 'among others', attributes => claims($PASSWORD, 'x', $MULTIPLE)],
        ['login', 'in another claim', attributes => [@{ SSOTest::IdP::attributes('ada') }, ['authnmethods', [$MULTIPLE]]]],
        ['login', 'part of a value', attributes => claims("$MULTIPLE;$PASSWORD")],
        ['login', 'no claim', attributes => SSOTest::IdP::attributes('ada')],
    );
    for my $case (@cases) {
        my ($want, $name, %o) = @$case;
        my $reply = $t->signed_on('/plain', %o)->get('/mfa');
        is $reply->form ? 'login' : $reply->status, $want, $name;
    }
};

subtest 'max-age' => sub {
    # 15 minutes, and the two of SAMLClockSkew; 60 s, and no more than half of them
    for my $case (['age', 0, 200], ['age', -900, 200], ['age', -980, 200], ['age', -1030, 'login'], ['age', -86400, 'login'], ['age', 110, 200],
        ['age', 160, 'login'], ['short', 0, 200], ['short', -100, 'login'], ['short', 80, 'login']) {
        my ($place, $instant, $want) = @$case;
        my $reply = $t->signed_on('/plain', authn_instant => $instant)->get("/$place");
        is $reply->form ? 'login' : $reply->status, $want, "$place: signed on at $instant s from now";
    }
    my $browser = signed_on();
    my $request = sent_back($browser, '/age', 'too old');
    $t->deliver($browser, $request, $t->response_to($request, weak(authn_instant => -1)));
    is $browser->get('/age')->body, 'in age', 'a fresh one is let in';

    $browser = signed_on();
    $request = sent_back($browser, '/age', 'too old again');
    $t->deliver($browser, $request, $t->response_to($request, weak()));
    my $reply = $browser->get('/age');
    is $reply->status, 403, 'an answer that is as old is not sent back a second time';
    like $reply->body, qr{<h1>A fresh sign-in is needed</h1>}, 'and says so';
    $t->refused('authn-statement', qr/expected an AuthnInstant at most 900 s old after a sign-on with ForceAuthn, found 20/);
    is $browser->get('/short')->status, 403, 'what asks for less refuses too';
    $t->refused('authn-statement', qr/at most 60 s old/);
};

subtest 'with other lines' => sub {
    my $browser = signed_on();
    my $request = sent_back($browser, '/both', 'two lines');
    $t->deliver($browser, $request, $t->response_to($request, strong()));
    is $browser->get('/both')->body, 'in both', 'both are satisfied by one sign-on';

    $browser = signed_on();
    $request = sent_back($browser, '/both', 'two lines again');
    $t->deliver($browser, $request, $t->response_to($request, strong(authn_instant => -3600)));
    is $browser->get('/both')->status, 403, 'one of them is not enough';
    $t->refused('authn-statement', qr/max-age/);

    is signed_on(authn_instant => -1)->get('/either')->body, 'in either', 'where either is enough, one is';
    is $t->signed_on('/plain', groups => [$group])->get('/any')->body, 'in any', 'a group in place of a second factor';
    my $denied = signed_on()->get('/grouped');
    is $denied->status, 403, 'who lacks the group, too, is not sent back for nothing';
    like $denied->body, qr/You do not have access/, 'but told that the place is not open';
    sent_back($t->signed_on('/plain', authn_instant => -1, groups => [$group]), '/grouped', 'who has the group');
    is $t->browser->get('/pass')->form ? 'login' : 'else', 'login', 'whom pass has let through signs on';
};

subtest 'scripts' => sub {
    my $browser = signed_on();
    my $reply = $browser->fetch('/both?q=1');
    my $json = decode_json($reply->body);
    is $reply->status, 401, 'no redirect, no form';
    is_deeply [map { delete $json->{$_} } qw(reason step_up)], ['step-up needed', 'mfa,max-age'], 'but what is lacking';
    my ($url) = $json->{login_url} =~ m{^\Q@{[$t->url]}\E(/saml/login\?target=%2fboth%3fq%3d1&step-up=mfa,max-age&noted=[\w-]+)$}
        or fail('and where to go'), diag explain $json;
    is scalar($reply->headers("Set-Cookie")), 0, 'and no login state';
    my $request = $t->request_of($browser->get($url));
    like $t->request_of($browser->get("$url&popup=1"))->{xml}, qr/ ForceAuthn="true"/, 'a window goes there for it, though there is a session';
    like $request->{xml}, qr/ ForceAuthn="true"/, 'a page goes there for it';
    $t->deliver($browser, $request, $t->response_to($request, weak()));
    is $browser->fetch('/both')->status, 403, 'after which it is refused, or let in';
    $t->refused('authn-statement');
    my $framed = signed_on()->get('/mfa', headers => [['Sec-Fetch-Dest', 'iframe']]);
    is $framed->status, 401, 'a frame shows no sign-on';
    like $framed->body, qr{sign in again.*target="_blank"[^>]* href="[^"]*/saml/login\?popup=1&amp;target=%2fmfa&amp;step-up=mfa&amp;noted=[\w-]+"}s, 'but opens a window for it';
    my $deny = signed_on()->get('/deny');
    is $deny->status, 401, 'where a page would not be sent to sign on, nor is it for more';
    is decode_json($deny->body)->{reason}, 'step-up needed', 'and has the same answer';
    ok signed_on()->fetch('/login')->form, 'where all are sent to sign on, scripts are, too';
    for my $strange ('MFA', 'mfa,mfa', 'x', '') {
        my $plain = $t->request_of($browser->get("/saml/login?step-up=$strange&target=/mfa"));
        unlike $plain->{xml}, qr/ForceAuthn/, "step-up=$strange asks for nothing";
    }
};

subtest 'links to a stronger sign-on' => sub {
    my ($url) = decode_json(signed_on()->fetch('/mfa')->body)->{login_url} =~ m{(/saml/.*)$};
    my %links = (
        'by anybody' => sub { '/saml/login?step-up=mfa&target=/mfa' },
        'with the note of another session' => sub { $url },
        'with a note of something else' => sub { decode_json($_[0]->fetch('/age')->body)->{login_url} =~ s/max-age/mfa/r },
        'with a spoilt note' => sub { decode_json($_[0]->fetch('/mfa')->body)->{login_url} =~ s/.{4}$//r },
    );
    for my $name (sort keys %links) {
        my $browser = signed_on();
        my $request = $t->request_of($browser->get($links{$name}->($browser)));
        like $request->{xml}, qr/ ForceAuthn="true"/, "$name: it asks for a sign-on of now";
        $t->deliver($browser, $request, $t->response_to($request, weak()));
        sent_back($browser, '/mfa', "$name: which the place has not asked for");
    }
};

$t->tolerate_log(qr/AH0163[01]|AH01627/);
$t->finish;
done_testing;
