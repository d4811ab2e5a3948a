#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How long a session lasts, what ends it, what never opens one.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Duties;

my $t = SSOTest->new(prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(long idle short);
    },
    conf => saml_conf() . <<'CONF');
<SAMLApplication idle>
    SAMLIdentifier https://app.example/idle
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/idle/acs
    SAMLSessionLifetime 30s
    SAMLSessionIdle 3s
</SAMLApplication>
<SAMLApplication short>
    SAMLIdentifier https://app.example/short
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/short/acs
    SAMLSessionLifetime 5s
    SAMLSessionIdle 5s
</SAMLApplication>
<Location "/long">
    AuthType SAML
    Require valid-user
</Location>
<Location "/idle">
    AuthType SAML
    SAMLApplication idle
    Require valid-user
</Location>
<Location "/short">
    AuthType SAML
    SAMLApplication short
    Require valid-user
</Location>
CONF

sub is_in { my ($browser, $path) = @_; return !$browser->get($path)->form }

subtest 'idle time' => sub {
    my $lazy = $t->signed_on('/idle');
    ok SSOTest::Duties::outlasts($t, '/idle', 3), 'a session in use lasts longer than the idle time';
    ok !is_in($lazy, '/idle'), 'one without requests does not';
    ok !is_in($lazy, '/idle'), 'and asking does not bring it back';
};

subtest 'lifetime' => sub {
    # It began between these two; it was there after it was asked for last, and gone before the answer that says so.
    my $earliest = time;
    my $browser = $t->signed_on('/short');
    my ($latest, $in_at) = (time, 0);
    for (my $asked = time; $asked - $latest < 8 && is_in($browser, '/short'); $asked = time) {
        $in_at = $asked - $latest;
        sleep 0.25;
    }
    cmp_ok time - $earliest, '>=', 5, 'a session in use lasts';
    cmp_ok $in_at, '<', 6, 'but not past its lifetime';
    ok !is_in($browser, '/short'), 'and is gone';
};

subtest "the identity provider's SessionNotOnOrAfter" => sub {
    my $began = time;
    my $shortened = $t->browser;
    $t->login($shortened, '/long', session_not_on_or_after => 4);
    ok is_in($shortened, '/long') || time - $began >= 3, 'holds for a while';
    $began = time;
    my $lengthened = $t->browser;
    $t->login($lengthened, '/short', session_not_on_or_after => 3600);
    ok is_in($lengthened, '/short') || time - $began >= 5, 'a later end';
    sleep 6;
    ok !is_in($shortened, '/long'), 'shortens the session';
    ok !is_in($lengthened, '/short'), 'and never lengthens it';
};

subtest 'a new ID at each sign-on' => sub {
    my $browser = $t->signed_on('/long');
    my $first = $browser->cookie('saml');
    my $request = $t->request_of($browser->get('/saml/login?target=/long'));
    is $t->deliver($browser, $request, $t->response_to($request, user => 'bob'))->status, 303, 'signed on once more';
    isnt $browser->cookie('saml'), $first, 'the cookie is a new one';
    my $old = $t->browser;
    $old->set_cookie('saml', $first);
    ok !is_in($old, '/long'), 'the old session has ended';
    is $browser->fetch('/saml/me')->json->{nameid}, 'bob@example.org', 'the new one is of who signed on';
    my $fixed = $t->browser;
    $fixed->set_cookie('saml', 'F' x 43);
    $t->login($fixed, '/long');
    isnt $fixed->cookie('saml'), 'F' x 43, 'a cookie that was there before is not taken over';
};

subtest 'logout' => sub {
    my $browser = $t->signed_on('/long');
    my $value = $browser->cookie('saml');
    my $page = $browser->get('/saml/logout');
    is $page->status, 200, 'has a page';
    like $page->body, qr/signed out/, 'that says so';
    is $page->header('Cache-Control'), 'no-store', 'and is kept by nobody';
    is $browser->cookie('saml'), undef, 'the cookie goes';
    $browser->set_cookie('saml', $value);
    ok !is_in($browser, '/long'), 'and its value is worth nothing any more';
    is $browser->get('/saml/logout')->status, 200, 'once more does no harm';
    is $t->browser->get('/saml/logout')->status, 200, 'nor does it without a session';

    my $posted = $t->signed_on('/long');
    is $posted->post('/saml/logout', [])->status, 200, 'POST too';
    ok !is_in($posted, '/long'), 'ends it';

    my $to = $t->signed_on('/long')->get('/saml/logout?target=/bye%3Fx%3D1');
    is $to->status, 303, 'target=';
    is $to->header('Location'), '/bye?x=1', 'leads there';
    for my $evil ('https://evil.example/', '//evil.example', '/\\evil.example') {
        my $kept = $t->signed_on('/long');
        my $reply = $kept->get('/saml/logout?target=' . SSOTest::Browser::url_encode($evil));
        is $reply->status, 403, "not to $evil";
        is $reply->header('Location'), undef, 'no Location';
        $t->refused('relay-state');
    }
};

subtest 'a session in the store is no cookie' => sub {
    my $browser = $t->signed_on('/long');
    my $value = $browser->cookie('saml');
    my $found = 0;
    for my $file (glob $t->dir . '/run/*/*') {
        open my $from, '<:raw', $file or die "$file: $!";
        local $/;
        $found ||= index(readline($from) // '', $value) >= 0;
    }
    ok !$found, 'the store does not hold what the cookie says';
    my @files = glob $t->dir . '/run/*/*';
    cmp_ok scalar @files, '>', 0, 'there is a store to look at';
    is_deeply [map { sprintf '%04o', (stat)[2] & 07777 } grep { -f } @files], [map { '0600' } grep { -f } @files], 'nobody else can read its files';
};

$t->finish;
done_testing;
