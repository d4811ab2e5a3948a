#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Responses that nobody here asked for: refused, unless SAMLIdPInitiated is on.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $t = SSOTest->new(prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(closed open) },
    conf => tiles_conf('/closed'));

my %tiles = (acs => $t->url('/saml/tiles/acs'), issuer => 'https://app.example/tiles');
my %closed = (acs => $t->url('/saml/acs'), issuer => 'https://app.example/saml');

sub send_unasked
{
    my ($browser, $to, $relay_state, %o) = @_;
    my $request = { %$to, relay_state => $relay_state };

    return $t->deliver($browser, $request, $t->response_to($request, %o));
}

sub no_session
{
    my ($reply, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is scalar(grep { /^saml(?:-tiles)?=[^;]/ } $reply->headers('Set-Cookie')), 0, "$name: no session";
    return;
}

subtest 'off, which is the default' => sub {
    for my $relay_state (undef, '', '/closed', $t->url('/closed'), 'https://evil.example/', 'A' x 12) {
        my $browser = $t->browser;
        my $reply = send_unasked($browser, \%closed, $relay_state);
        my $shown = defined $relay_state ? "\"$relay_state\"" : 'none';
        is $reply->status, 403, "RelayState $shown: refused";
        is $reply->header('Location'), undef, 'no Location';
        no_session($reply, $shown);
        like $reply->body, qr/unsolicited/, 'the page has the name of the refusal';
        $t->refused('unsolicited', qr/expected the answer to a sign-on begun here.*IdP-initiated.*SAMLIdPInitiated/);
        ok $browser->get('/closed')->form, 'the place is as closed as before';
    }
};

subtest 'on, without RelayState' => sub {
    for my $relay_state (undef, '') {
        my $browser = $t->browser;
        my $reply = send_unasked($browser, \%tiles, $relay_state, user => 'tina');
        is $reply->status, 303, 'signed on';
        is $reply->header('Location'), '/', 'to the root';
        like join("\n", $reply->headers('Set-Cookie')), qr/^saml-tiles=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/m,
            'with a session cookie like any other';
        is $browser->get('/open')->body, 'in open', 'and in';
        is $browser->fetch('/saml/tiles/me')->json->{nameid}, 'tina@example.org', 'as who the response names';
        ok $browser->get('/closed')->form, "but not at the other application's";
    }
};

subtest 'on, RelayState names a place here' => sub {
    my %lands = ('/open' => '/open', '/open?x=1&y=%2F' => '/open?x=1&y=%2F', $t->url('/open?tab=2') => $t->url('/open?tab=2'),
        '/nowhere' => '/nowhere', '/saml/tiles/me' => '/saml/tiles/me');
    for my $relay_state (sort keys %lands) {
        my $browser = $t->browser;
        my $reply = send_unasked($browser, \%tiles, $relay_state);
        is $reply->status, 303, $relay_state;
        is $reply->header('Location'), $lands{$relay_state}, 'is where it lands';
        is $browser->get('/open')->body, 'in open', 'with a session';
    }
};

subtest 'on, RelayState names another place' => sub {
    for my $evil ('https://evil.example/', 'http://evil.example/open', '//evil.example/', '/\\evil.example/', '\\\\evil.example',
        'javascript:alert(1)', 'data:text/html,x', 'http://127.0.0.1.evil.example/', 'http://127.0.0.1@evil.example/',
        'http://127.0.0.1:1/open', "/open\r\nX-Injected: y", "/open\tx", '/%2f/evil.example', '/%5cevil.example', 'open', ' /open', 'A' x 12,
        '/saml/tiles/acs', '/saml/tiles/login', '/saml/tiles/logout', '/saml/logout', '/x/../saml/logout', $t->url('/saml/tiles/logout')) {
        my $browser = $t->browser;
        my $reply = send_unasked($browser, \%tiles, $evil);
        my $shown = $evil =~ s/[^ -~]/?/gr;
        is $reply->status, 403, "\"$shown\" is refused";
        is $reply->header('Location'), undef, 'no Location';
        is $reply->header('X-Injected'), undef, 'no header of its own';
        no_session($reply, $shown);
        $t->refused('relay-state', qr/RelayState: expected a path or a URL of this site/);
        ok $browser->get('/open')->form, 'nobody is in';
    }
};

subtest 'on, and everything else is checked as ever' => sub {
    my %wrong = (
        signature => [replace => [['tina@', 'root@']], user => 'tina'],
        audience => [audiences => ['https://app.example/saml']],
        issuer => [issuer => 'https://sts.windows.net/99999999-2222-4333-8444-555555555555/'],
        destination => [destination => $closed{acs}],
        unsigned => [sign => 'none'],
        expired => [not_before => -700, not_on_or_after => -400],
    );
    for my $status (sort keys %wrong) {
        my $browser = $t->browser;
        my $reply = send_unasked($browser, \%tiles, '/open', @{ $wrong{$status} });
        is $reply->status, 403, "$status refuses";
        no_session($reply, $status);
        $t->refused($status);
    }
};

subtest 'on, once' => sub {
    my $request = { %tiles, relay_state => '/open' };
    my $response = $t->response_to($request);
    my $browser = $t->browser;
    is $t->deliver($browser, $request, $response)->status, 303, 'the first time';
    for my $again ($browser, $t->browser) {
        my $reply = $t->deliver($again, $request, $response);
        is $reply->status, 403, $again == $browser ? 'not once more by the same browser' : 'nor by another';
        no_session($reply, 'again');
        $t->refused('replay');
    }
    is $browser->get('/open')->body, 'in open', 'the session that came of it is good';
};

subtest 'on, but it answers a request that this browser has not made' => sub {
    my $browser = $t->browser;
    my $response = $t->response_to({ %tiles, id => '_' . 'a' x 40 });
    my $reply = $t->deliver($browser, { %tiles, relay_state => '/open' }, $response);
    is $reply->status, 303, 'starts anew';
    is $reply->header('Location'), $t->url('/saml/tiles/login?again=1'), 'by a sign-on of our own';
    no_session($reply, 'InResponseTo without a login');
    my $second = $t->deliver($browser, { %tiles, relay_state => '/open' }, $response);
    is $second->status, 403, 'the second in a row says why';
    no_session($second, 'the second');
    like $second->body, qr/state-missing/, 'by name';
    $t->refused('state-missing');

    my $recovered = $t->browser;
    $t->deliver($recovered, { %tiles, relay_state => '/open' }, $t->response_to({ %tiles, id => '_' . 'b' x 40 }));
    my $request = $t->request_of($recovered->get('/saml/tiles/login?again=1'));
    is $t->deliver($recovered, $request, $t->response_to($request))->status, 303, 'the fresh sign-on can be completed';
    is $recovered->get('/open')->body, 'in open', 'and opens the place';
};

subtest 'on, while a sign-on of our own is under way' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/open?mine'));
    my $reply = $t->deliver($browser, { %$request, relay_state => '/open' }, $t->response_to({ %tiles }, user => 'mallory'));
    is $reply->status, 303, 'one that answers nothing is one nobody asked for';
    my $crossed = $t->deliver($browser, $request, $t->response_to({ %tiles }, user => 'mallory'));
    is $crossed->status, 403, 'under the RelayState of the login in progress it must answer that';
    $t->refused('in-response-to', qr/expected "\Q$request->{id}\E", got none/);
    my $mine = $t->request_of($browser->fresh->get('/open?mine'));
    isnt $mine->{id}, $request->{id}, 'a new request is another';
};

subtest 'on, and sign-ons begun here work as ever' => sub {
    my $browser = $t->browser;
    my $page = $t->login($browser, '/open?deep=1');
    is $page->body, 'in open', 'lands where it began';
    $browser->drop_cookies(qr/^saml-tiles$/);
    my $request = $t->request_of($browser->get('/open'));
    is $t->deliver($browser, $request, $t->response_to($request, in_response_to => undef))->status, 403, 'an answer must name its request';
    $t->refused('in-response-to');
};

$t->finish;
done_testing;
