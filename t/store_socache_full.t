#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore socache: what happens in a full shmcb, and a dbm at its limit of sessions.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Duties;

sub server
{
    my ($store, $modules, $more) = @_;

    return SSOTest->new(modules => $modules, conf => SSOTest::Duties::conf($store) . ($more // ''), prepare => \&SSOTest::Duties::prepare);
}

sub is_in { return SSOTest::Duties::is_in(@_) }

my $caveat = qr/SAMLSessionStore in .*: expected a store that keeps what it is given, found/;

# 65536 octets are room for 31 records of 2048 with their IDs, in two rings; a third of it is used, ten.
subtest 'full' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(65536)', ['socache_shmcb']);
    $t->expect_log(qr/$caveat shmcb/);
    my @browsers = map { $t->signed_on('/app', user => "user$_") } 1 .. 10;
    my $late = $t->browser;
    is $t->sign_on($late, '/app')->status, 503, 'a full store takes no new session';
    $t->refused('store', qr/is full: of this size it surely keeps 10 records .* 10 were written, 1 more expected; nothing was dropped .*; mend: /);
    $t->httpd->graceful;
    is join(' ', grep { !is_in($browsers[$_], '/app') } 0 .. $#browsers), '', 'and drops none that is there';
    is join(' ', grep { $browsers[$_]->fetch('/saml/me')->json->{nameid} ne 'user' . ($_ + 1) . '@example.org' } 0 .. $#browsers), '',
        'everybody is who he was';
    my $request = $t->request_of($browsers[1]->get('/saml/login?target=/app'));
    is $t->deliver($browsers[1], $request, $t->response_to($request, user => 'user2'))->status, 503, 'who signs on anew finds no room either';
    $t->refused('store', qr/is full/);
    ok is_in($browsers[1], '/app'), 'and keeps what he has';
    $browsers[0]->get('/saml/logout');
    is $t->sign_on($late, '/app')->status, 503, 'one that was ended still takes its room';
    $t->refused('store', qr/is full/);
    $t->httpd->restart;
    ok is_in($t->signed_on('/app'), '/app'), 'an empty cache';
    $t->signed_on('/app') for 2 .. 10;
    pass 'takes as many again';
    $t->finish;
};

subtest 'full, until lifetimes are over' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(65536)', ['socache_shmcb'], "SAMLSessionLifetime 4s\n");
    my ($began, $browser, $status) = (time);
    $t->expect_log(qr/$caveat shmcb/);
    $t->tolerate_log(qr/login refused \[store\] .* is full/);
    $t->sign_on($t->browser, '/app') for 1 .. 10;
    do {
        $browser = $t->browser;
        $status = $t->sign_on($browser, '/app')->status;
        sleep 0.2;
    } while $status == 503 && time < $began + 60;
    is $status, 303, 'there is room again';
    cmp_ok time - $began, '>=', 4, 'not before one that was there was over';
    $t->finish;
};

subtest 'dbm' => sub {
    my $t = server('socache:dbm:sessions', ['socache_dbm'], "SAMLSessionLimit 40\n");
    SSOTest::Duties::check($t, 'idle time');
    SSOTest::Duties::over_restarts($t, 1, 'graceful', 'restart');
    $t->tolerate_log(qr/SAMLSessionLimit/);
    my ($reply, $last);
    for my $more (1 .. 40) {
        my $browser = $t->browser;
        $reply = $t->sign_on($browser, '/app', user => "more$more");
        last if $reply->status != 303;
        $last = $browser;
    }
    is $reply->status, 503, 'at the limit no other session begins';
    my $in = $t->request_of($last->get('/saml/login?target=/app'));
    is $t->deliver($last, $in, $t->response_to($in, user => 'again'))->status, 303, 'and one in the place of another needs no room';
    ok is_in($last, '/app'), 'and opens';
    $t->refused('store', qr/full: SAMLSessionLimit 40, and there are 40 sessions; nothing was dropped for it; mend: /);
    $t->finish;
};

done_testing;
