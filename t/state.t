#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logins in progress: where their state is lost, old, cut, another's or too many.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Sealed;

my $t = SSOTest->new(conf => saml_conf(SAMLSecret => '"@ROOT@/secret"') . <<'CONF', prepare => sub {
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
CONF
    my ($httpd) = map { $_->httpd } @_;
    $httpd->write_file('htdocs/app', 'in', 0644);
    $httpd->write_file('secret', $SSOTest::Sealed::SECRET, 0600);
});

sub begun_anew
{
    my ($reply, $name, $target) = @_;
    my $query = $target ? 'target=' . SSOTest::Browser::url_encode($target) =~ s/(%..)/\L$1/gr . '&again=1' : 'again=1';

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 303, "$name: starts anew";
    is $reply->header('Location'), $t->url("/saml/login?$query"), "$name: by a fresh sign-on";
    is scalar(grep { /^saml=/ } $reply->headers('Set-Cookie')), 0, "$name: no session";
    return;
}

sub states_of { my ($browser) = @_; return scalar grep { /state-[\w-]{12}\.*$/ } $browser->cookie_names }

subtest 'the state cookie is gone' => sub {
    my $browser = $t->browser;
    my $page = $browser->get('/app?x=1&y=%22');
    my $request = $t->request_of($page);
    my $response = $t->response_to($request);
    $browser->drop_cookies(qr/state/);
    my $reply = $t->deliver($browser, $request, $response);
    begun_anew($reply, 'the first time');
    my $form = $browser->get($reply->header('Location'));
    ok $form->form, 'which is a sign-on page';
    my $second = $t->request_of($form);
    isnt $second->{id}, $request->{id}, 'with a new request';
    my $done = $t->deliver($browser, $second, $t->response_to($second));
    is $done->status, 303, 'that can be answered';
    is $done->header('Location'), '/saml/login?place=1', 'and leads to a page that asks the tab, the first target being gone with its cookie';
    like $browser->get('/saml/login?place=1')->body, qr/sessionStorage\.getItem\('saml-place'\)/, 'which does so';
    is $browser->get('/saml/login?place=1')->header('Refresh'), '1; url=/', 'or, without scripts, goes to the site';
    like $page->body, qr{<form [^>]* data-place>}, 'the sign-on page had told it';
    is $browser->get('/app')->body, 'in', 'with a session';
};

subtest 'twice in a row' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));
    $browser->drop_cookies(qr/state/);
    begun_anew($t->deliver($browser, $request, $t->response_to($request)), 'the first time');
    my $again = $t->request_of($browser->get('/saml/login?again=1'));
    $browser->drop_cookies(qr/state-\Q$again->{relay_state}\E/);
    my $reply = $t->deliver($browser, $again, $t->response_to($again));
    is $reply->status, 403, 'says why instead of going round';
    like $reply->body, qr/state-missing/, 'by name';
    $t->refused('state-missing', qr/expected the cookie/);
    my $third = $t->deliver($browser, $again, $t->response_to($again));
    is $third->status, 403, 'and goes on saying so for a while';
    $t->refused('state-missing');
};

subtest 'an answer after ten minutes' => sub {
    for my $minutes (11, 59) {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app?x=1'));
        SSOTest::Sealed::change($t, $browser, 'state', "saml-state-$request->{relay_state}", sub { $_[0] =~ s/^(\d+)/$1 - $minutes * 60_000_000/er });
        $browser->advance($minutes * 60);
        my $response = $t->response_to($request);
        my $reply = $t->deliver($browser, $request, $response);
        begun_anew($reply, "after $minutes minutes", '/app?x=1');
        my $second = $t->request_of($browser->get($reply->header('Location')));
        is $t->deliver($browser, $second, $t->response_to($second))->header('Location'), '/app?x=1', 'which ends where the first was to';
        my $again = $t->deliver($browser, $request, $response);
        is $again->header('Location'), $t->url('/saml/login?again=1'), 'the late one is spent';
    }
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app?x=1'));
    $browser->advance(61 * 60);
    begun_anew($t->deliver($browser, $request, $t->response_to($request)), 'after an hour, when the browser has dropped it');
};

subtest 'a browser without cookies' => sub {
    my $reply;
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app', no_cookies => 1));
    $reply = $browser->post($request->{acs}, [SAMLResponse => $t->response_to($request), RelayState => $request->{relay_state}],
        cross_site => 1, no_cookies => 1);
    is $reply->status, 303, 'is sent on once each time: what keeps no cookie can be told nothing by one';
};

subtest 'back button and bookmark after signing on' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app?first'));
    my $response = $t->response_to($request);
    is $t->deliver($browser, $request, $response)->status, 303, 'signed on';
    my $session = $browser->cookie('saml');
    my $reply = $t->deliver($browser, $request, $response);
    begun_anew($reply, 'the form sent again', '/app?first');
    my $next = $browser->get($reply->header('Location'));
    is $next->status, 303, 'with a session no second sign-on is needed';
    is $next->header('Location'), '/app?first', 'it leads to the place that was asked for';
    is $browser->cookie('saml'), $session, 'and the session is untouched';
};

subtest 'damaged state' => sub {
    my %damage = (
        cut => sub { substr $_[0], 0, -5 }, longer => sub { "$_[0]AAAA" }, empty => sub { '' }, 'one bit' => sub {
            my $text = $_[0]; substr($text, 30, 1) = substr($text, 30, 1) eq 'A' ? 'B' : 'A'; $text },
        'not base64' => sub { '%%%' }, 'first octet' => sub { 'B' . substr $_[0], 1 }, zeros => sub { 'A' x length $_[0] },
    );
    for my $name (sort keys %damage) {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app'));
        my $cookie = "saml-state-$request->{relay_state}";
        $browser->set_cookie($cookie, $damage{$name}->($browser->cookie($cookie)));
        begun_anew($t->deliver($browser, $request, $t->response_to($request)), $name);
    }
};

subtest "another login's state" => sub {
    my $browser = $t->browser;
    my $one = $t->request_of($browser->get('/app?one'));
    my $two = $t->request_of($browser->get('/app?two'));
    my $cookie = $browser->cookie("saml-state-$two->{relay_state}");
    my $other = $t->browser;
    $other->set_cookie("saml-state-$one->{relay_state}", $cookie);
    begun_anew($t->deliver($other, $one, $t->response_to($one)), 'under another name');
    my $crossed = $t->deliver($browser, { %$one, relay_state => $two->{relay_state} }, $t->response_to($one));
    is $crossed->status, 403, 'the answer to one login under the RelayState of another is refused';
    $t->refused('in-response-to', qr/\Q$one->{id}\E/);
};

subtest 'strange RelayState' => sub {
    for my $value ('', '/app', 'https://evil.example/', '../../../x', 'A' x 5000, "x\r\nSet-Cookie: a=b", 'retry', "\x{0}") {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app'));
        my $reply = $t->deliver($browser, { %$request, relay_state => $value }, $t->response_to($request));
        my $shown = substr $value =~ s/[^ -~]/?/gr, 0, 20;
        if ($value eq "\x{0}") {
            is $reply->status, 400, 'NUL is refused';
            $t->{refused}{$1}++ if $reply->body =~ m{<dt>Reason</dt><dd>([\w-]+)<};
            next;
        }
        begun_anew($reply, "\"$shown\"");
        unlike join("\n", $reply->headers('Set-Cookie')), qr/^a=b/m, 'no header comes of it';
    }
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));
    begun_anew($t->deliver($browser, { %$request, relay_state => undef }, $t->response_to($request)), 'none');
};

subtest 'several logins at a time' => sub {
    my $browser = $t->browser;
    my @requests = map { $t->request_of($browser->get("/app?tab=$_")) } 1 .. 8;
    is states_of($browser), 8, 'eight tabs have eight logins in progress';
    my $reply = $t->deliver($browser, $requests[3], $t->response_to($requests[3]));
    is $reply->header('Location'), '/app?tab=4', 'one of them is answered and lands where it began';
    is states_of($browser), 7, 'its cookie goes, the others stay';
    $browser->drop_cookies(qr/^saml$/);
    push @requests, map { $t->request_of($browser->get("/app?tab=$_")) } 9 .. 10;
    is states_of($browser), 8, 'there are never more than eight';
    is $browser->cookie("saml-state-$requests[0]{relay_state}"), undef, 'the oldest went';
    is $t->deliver($browser, $requests[9], $t->response_to($requests[9]))->header('Location'), '/app?tab=10', 'the newest is good';
    is $t->deliver($browser, $requests[1], $t->response_to($requests[1]))->header('Location'), '/app?tab=2', 'and so is the oldest left';
    begun_anew($t->deliver($browser, $requests[0], $t->response_to($requests[0])), 'the one that went');
    my $long = $t->browser;
    my @long = map { $t->request_of($long->get("/app?$_=" . 'a' x 2000)) } 1 .. 5;
    cmp_ok length $long->cookie_header($t->url('/')), '<', 4096, 'five for long addresses do not fill the Cookie header';
    is $t->deliver($long, $long[4], $t->response_to($long[4]))->header('Location'), '/app?5=' . 'a' x 2000, 'the newest is good';
    begun_anew($t->deliver($long, $long[3], $t->response_to($long[3])), 'the one that had to go for it');
    my $junk = $t->browser;
    $junk->set_cookie(sprintf('saml-state-%012d', $_), 'junk') for 1 .. 12;
    my $request = $t->request_of($junk->get('/app?mine'));
    is states_of($junk), 8, 'cookies that do not open go first';
    is $t->deliver($junk, $request, $t->response_to($request))->status, 303, 'and do no harm';
};

subtest 'targets' => sub {
    my %target = (
        '/saml/login?target=/app%3Fx%3D1' => '/app?x=1', '/saml/login' => '/', '/saml/login?target=' => '/',
        '/saml/login?target=' . SSOTest::Browser::url_encode($t->url('/app')) => $t->url('/app'),
    );
    for my $url (sort keys %target) {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get($url));
        is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), $target{$url}, $url;
    }
    for my $evil ('https://evil.example/', '//evil.example/', '/\\evil.example/', '\\\\evil.example', 'javascript:alert(1)',
        'http://127.0.0.1.evil.example/', 'http://127.0.0.1@evil.example/', "/app\r\nX: y", '/%2f/evil.example', "/\tevil", 'app',
        'data:text/html,x', ' https://evil.example/', "http://127.0.0.1:1/", '/' . "\x{7f}") {
        my $reply = $t->browser->get('/saml/login?target=' . SSOTest::Browser::url_encode($evil));
        my $shown = $evil =~ s/[^ -~]/?/gr;
        ok !$reply->form, "$shown is no target";
        is $reply->status, 403, 'and is refused';
        $t->{refused}{'relay-state'}++;
    }
    my $double = $t->browser->get('/saml/login?target=/a&target=/b');
    is $double->status, 400, 'one target';
    $t->refused('malformed');
    my $long = '/app?' . 'x' x 6000;
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get($long));
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/app', 'of an address too long for a cookie the path is kept';
};

$t->finish;
done_testing;
