#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sign-ons that would go round end at one page with the cause; what comes twice or late ends where it was to.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Sealed;

my $t = SSOTest->new(tls => 1, prepare => sub { $_[0]->httpd->write_file('secret', $SSOTest::Sealed::SECRET, 0600) }, modules => [qw(ssl socache_shmcb)], conf => <<"CONF");
Listen 127.0.0.1:\@TLS_PORT\@
SSLSessionCache "shmcb:\@ROOT\@/run/ssl(512000)"
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName https://localhost:\@TLS_PORT\@
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    @{[ saml_conf(SAMLReplyURL => undef, SAMLSecret => '"@ROOT@/secret"') ]}
    <Location "/app">
        AuthType SAML
        Require valid-user
    </Location>
    <Location "/closed">
        AuthType SAML
        Require saml-group nobody-is-in-it
        ErrorDocument 403 https://localhost:\@TLS_PORT\@/saml/login?target=/closed
    </Location>
    <Location "/framed">
        AuthType SAML
        SAMLUnauthenticated login
        Require valid-user
    </Location>
</VirtualHost>
CONF
$t->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app closed framed index.html);

my $MOST = 20;

sub browser { return $t->browser(tls => 1) }
sub states_of { my ($browser) = @_; return scalar grep { /state-(?:[\w-]{12}\.*|frame)$/ } $browser->cookie_names }

# The rest of a sign-on in that tab, and where it ends.
sub ends_at
{
    my ($browser, $reply) = @_;

    if ($reply->form) {
        my $request = $t->request_of($reply);
        $reply = $browser->follow($t->deliver($browser, $request, $t->response_to($request)));
    }
    return $reply->body =~ /sessionStorage\.getItem\('saml-place'\)/ ? 'place' : $reply->body;
}

# Where redirects and pages that go on by themselves lead. What an answer to the identity provider's form redirects to is asked for from there.
sub goes_to
{
    my ($browser, $reply, $cross_site) = @_;

    for (1 .. 8) {
        if ($reply->status =~ /^30[23]$/) {
            $reply = $browser->get($reply->header('Location'), cross_site => $cross_site);
        }
        elsif (($reply->header('Refresh') // '') =~ /^0; url=(.*)/) {
            $reply = $browser->get($1);
            $cross_site = 0;
        }
    }
    return $reply;
}

# What a browser does by itself from $place on; the identity provider answers at once. $after is called when the ACS has answered. Returns
# where that ends and how many sign-ons it took.
sub walk
{
    my ($browser, $place, $after) = @_;
    my $reply = goes_to($browser, $browser->get($place));
    my $count = 0;

    while ($reply->form && $count < $MOST) {
        my $request = $t->request_of($reply);
        $reply = $t->deliver($browser, $request, $t->response_to($request));
        $after->($browser) if $after;
        $reply = goes_to($browser, $reply, 1);
        $count++;
    }
    return ($reply, $count);
}

sub stops
{
    my ($name, $browser, $place, $after, $rounds, $page, $status, $reason) = @_;
    my ($reply, $count) = walk($browser, $place, $after);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $count, $rounds, "$name: ends after $rounds sign-ons";
    is $reply->status, $status eq 'request' ? 400 : 403, 'at a page';
    like $reply->body, $page, 'that says so';
    like $reply->body, qr{<dt>Reason</dt><dd>$status<}, "by name: $status";
    $t->refused($status, $reason);
    return $reply;
}

subtest 'the session cookie does not come back' => sub {
    my $lost = sub { $_[0]->drop_cookies(qr/^__Host-saml$/) };
    my $browser = browser();
    my $reply = stops('lost', $browser, '/app?x=1', $lost, 3, qr/goes round in circles.*does not send the cookie back/s, 'state-missing',
        qr/comes from a sign-on, and expected the session cookie "__Host-saml" .*found none with a request from this site either, while another/);
    like $reply->body, qr{/saml/login\?target=%2fapp%3fx%3d1">Sign in again<}, 'from there it can be tried by hand';
    is browser()->get('/saml/login?arrived=1&target=/app')->status, 200, 'who comes there by a link signs on';
    stops('again by hand', $browser, '/saml/login?target=/app', $lost, 1, qr/does not send the cookie back/, 'state-missing');

    stops('strict', browser(), '/app', sub { $_->{same_site} = 'Strict' for grep { $_->{name} eq '__Host-saml' } values %{ $_[0]{cookies} } }, 3,
        qr/does not send the cookie back/, 'state-missing', qr/found it with a request from this site and not with one .*SameSite=Strict; mend/);
    my $strict = browser();
    $t->login($strict, '/app');
    is $strict->get('/saml/login?arrived=2&target=/app', headers => [['Sec-Fetch-Site', 'cross-site']])->header('Location'), '/app',
        "a link of somebody else's to the page that looks leads on";
    $strict->drop_cookies(qr/^__Host-saml$/);
    for my $site (qw(cross-site none)) {
        my $looked = $strict->get('/saml/login?arrived=2&target=/app', headers => [['Sec-Fetch-Site', $site]]);
        is $looked->header('Refresh'), undef, "and does not look for ever, in a browser that says $site";
        $t->refused('state-missing', qr/comes from a sign-on/);
    }

    # All that the ACS sets: the count does not come either, but what was used does.
    my ($kept, $count) = (undef, 0);
    $browser = browser();
    $reply = $browser->get('/app');
    while ($reply->form && $count++ < $MOST) {
        $kept = { %{ $browser->{cookies} } };
        my $request = $t->request_of($reply);
        $reply = $t->deliver($browser, $request, $t->response_to($request));
        $browser->{cookies} = { %$kept };
        $reply = goes_to($browser, $reply, 1);
    }
    cmp_ok $count, '<=', 4, 'where no cookie of the ACS comes back it ends, too';
    is $reply->status, 403, 'at that page';
    $t->refused('state-missing', qr/expected the session cookie.*found none, nor any other cookie of the answers/);
};

subtest 'the session is not known' => sub {
    stops('unknown', browser(), '/app', sub { $_[0]->set_cookie('__Host-saml', 'x' x 43) if $_[0]->cookie('__Host-saml') }, 3,
        qr/does not know your session any more/, 'state-missing', qr/found one whose session is not in the store; mend: one SAMLSessionStore/);
};

# What another server would have written whose clock is ahead of this one's; or behind, of that where the sign-ons began.
subtest 'clocks that differ' => sub {
    for my $case ([300, 300], [-300, 0]) {
        my ($ended, $since) = @$case;
        my $count = 0;
        my $differ = sub {
            my ($browser) = @_;
            $browser->set_cookie('__Host-saml', 'x' x 43);
            return if ++$count < 3;
            SSOTest::Sealed::change($t, $browser, 'rounds', '__Host-saml-state-rounds', sub {
                my ($rounds, $began, $at, @rest) = split /\n/, $_[0], -1;
                return join "\n", $rounds, $began + $since * 1_000_000, $at + $ended * 1_000_000, @rest;
            });
        };
        stops("$ended s", browser(), '/app', $differ, 3, qr/does not know your session any more/, 'state-missing',
            qr/not in the store, and clocks that differ between the servers of this sign-on; mend: set them \(NTP\)/);
    }
};

subtest 'sent back although signed on' => sub {
    my $browser = browser();
    my ($reply, $count);
    for (1 .. $MOST) {
        ($reply, $count) = walk($browser, '/saml/login?target=/app');
        last if $reply->status != 200;
    }
    is $reply->status, 400, 'an application that redirects to the login is stopped';
    like $reply->body, qr/the application sends you to sign in again and again/, 'and told of';
    $t->refused('request', qr/signed on 6 times within \d+ s.*found the session alive/);
    is $browser->get('/app')->body, 'in app', 'the session is alive';
    is $browser->get('/saml/logout?local=1')->status, 200, 'a logout';
    ($reply, $count) = walk($browser, '/app');
    is "$count $reply->{status}", '1 200', 'begins the count anew';
};

subtest 'refused by Require, with an ErrorDocument that leads to the sign-on' => sub {
    my ($reply) = stops('denied', browser(), '/closed', undef, 6, qr/this place is not open to you, and sends you to sign in again/,
        'request', qr/a Require refuses the session and its ErrorDocument leads/);
    like $reply->body, qr/Sign in as someone else/, 'somebody else may try';
};

subtest 'no cookies at all' => sub {
    my $browser = browser();
    my $reply = $browser->get('/app', no_cookies => 1);
    my $count = 0;
    while ($reply->form && $count++ < $MOST) {
        my $request = $t->request_of($reply);
        $reply = $browser->post($request->{acs}, [SAMLResponse => $t->response_to($request), RelayState => $request->{relay_state}],
            cross_site => 1, no_cookies => 1);
        $reply = $browser->get($reply->header('Location'), no_cookies => 1) if $reply->status == 303;
    }
    is $count, 2, 'two sign-ons';
    is $reply->status, 403, 'then a page';
    like $reply->body, qr{<h1>Cookies are needed to sign in</h1>.*allow them}s, 'that says what is needed';
    $t->refused('state-missing', qr/no cookie of this site has come back .*http:/);
};

subtest "cookies kept back from the identity provider's form" => sub {
    my $browser = browser();
    my $reply = $browser->get('/app');
    for (1 .. 2) {
        my $request = $t->request_of($reply);
        my $kept = $browser->{cookies};
        $browser->{cookies} = {};
        $reply = $t->deliver($browser, $request, $t->response_to($request));
        $browser->{cookies} = { %$kept, %{ $browser->{cookies} } };
        $reply = $browser->follow($reply);
    }
    is $reply->status, 403, 'the second time there is a page';
    like $reply->body, qr/Cookies are needed/, 'about cookies';
    $t->refused('state-missing', qr/not with the identity provider's form: something changes SameSite=None/);
};

subtest 'sign-ons that begin where no cookie comes' => sub {
    my $browser = browser();
    my $request = $t->request_of($browser->get('/app'));
    my $response = $t->response_to($request);
    my $lost = sub { return $t->deliver($browser, { %$request, relay_state => sprintf 'no-such-%04d', $_[0] }, $response) };
    my @ends = map { $lost->($_)->header('Location') // 'none' } 1 .. 30;
    is_deeply [grep { !/again=1$/ } @ends], [], 'thirty tabs begin anew';
    my $reply = $lost->(31);
    is $reply->status, 403, 'then there is a page';
    like $reply->body, qr/goes round in circles.*from an address of this site where its cookies do not come/s, 'that says why';
    $t->refused('state-missing', qr/31 answers within \d+ s to sign-ons whose cookie did not come, expected them to begin at https:.*http:/);
    is $t->deliver($browser, $request, $response)->header('Location'), '/app', 'one that is there is answered';
    like $lost->(32)->header('Location'), qr/again=1$/, 'and begins the count anew';
};

subtest 'the same response twice' => sub {
    my $browser = browser();
    my $request = $t->request_of($browser->get('/app?place=1'));
    my $response = $t->response_to($request);
    is $t->deliver($browser, $request, $response)->header('Location'), '/app?place=1', 'signed on';
    my $session = $browser->cookie('__Host-saml');
    for my $n (1 .. 3) {
        my $reply = $browser->follow($t->deliver($browser, $request, $response));
        is $reply->body, 'in app', "F5 number $n ends where the sign-on did";
    }
    is $browser->cookie('__Host-saml'), $session, 'in the same session';
    my $stranger = browser();
    my $reply = $t->deliver($stranger, $request, $response);
    is $reply->header('Location'), "https://localhost:@{[ $t->httpd->tls_port ]}/saml/login?again=1", 'another browser begins its own sign-on';
    is $stranger->cookie('__Host-saml'), undef, 'and has nothing';
    $browser->drop_cookies(qr/^__Host-saml$/);
    my $later = $browser->follow($t->deliver($browser, $request, $response));
    my $anew = $t->request_of($later);
    is $t->deliver($browser, $anew, $t->response_to($anew))->header('Location'), '/app?place=1', 'where the session has ended, a new sign-on leads there';
};

subtest 'ten tabs at once' => sub {
    my $browser = browser();
    my @requests = map { $t->request_of($browser->get("/app?tab=$_")) } 1 .. 10;
    is states_of($browser), 8, 'eight logins in progress';
    my @ends = map { ends_at($browser, $browser->follow($t->deliver($browser, $_, $t->response_to($_)))) } @requests;
    is_deeply [grep { !/^in app|^place$/ } @ends], [], 'each ends where it began, or at the page that asks its tab' or diag explain \@ends;
    cmp_ok scalar(grep { $_ eq 'in app' } @ends), '>=', 6, 'most of them there at once';
    my ($reply, $count) = walk($browser, '/saml/login?target=/app');
    is "$count $reply->{status}", '1 200', 'tabs at once do not go round';
    $browser = browser();
    @requests = map { $t->request_of($browser->get('/app?same')) } 1 .. 5;
    @ends = map { $browser->follow($t->deliver($browser, $_, $t->response_to($_)))->body } @requests;
    is_deeply \@ends, [('in app') x 5], 'the same place in five tabs';
};

subtest 'requests that do not know of each other' => sub {
    my @frame = (headers => [['Sec-Fetch-Dest', 'iframe']]);
    my $jar = browser();
    my (@requests, %after);
    for my $n (1 .. 30) {
        my $one = browser();
        push @requests, $t->request_of($one->get("/framed?frame=$n", @frame));
        $jar->{cookies} = { %{ $jar->{cookies} }, %{ $one->{cookies} } };
    }
    is states_of($jar), 1, 'thirty frames leave one login in progress';
    is $t->deliver($jar, $requests[-1], $t->response_to($requests[-1]))->header('Location'), '/framed?frame=30', 'the last of them can be answered';
    is ends_at($jar, $jar->follow($t->deliver($jar, $requests[0], $t->response_to($requests[0])))), 'place', 'another asks its tab where to go';
    my $one = browser();
    for my $n (1 .. 10) {
        $one->fetch("/app?script=$n");
        $one->get("/app?frame=$n", @frame);
    }
    is_deeply [$one->cookie_names], [], 'no script and no frame has one';
};

$t->tolerate_log(qr/AH0163[01]/);
$t->finish;
done_testing;
