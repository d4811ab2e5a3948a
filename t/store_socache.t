#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore socache: what every store does, by the caches that are httpd's own.
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

# What was ended, and what was used, is so over whatever becomes of httpd.
sub over_restarts
{
    my ($t, $stays, @ways) = @_;
    my ($in, $out, $named) = map { $t->signed_on('/app', user => $_) } qw(ada ada bob);
    my $kept = SSOTest::Duties::stolen($t, $out, 'saml');

    $out->get('/saml/logout');
    for my $how (@ways) {
        $t->httpd->$how;
        is is_in($in, '/app'), !!$stays, ($stays ? 'a session lives' : 'no session lives') . " over: $how";
        ok !is_in($kept, '/app'), "one that was ended does not come back: $how";
    }
    ok is_in($t->signed_on('/app'), '/app'), 'and a new one begins';
    return;
}

subtest 'shmcb' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(1024000)', ['socache_shmcb']);
    $t->expect_log(qr/$caveat shmcb, whose sessions end when httpd is stopped; mend: /);
    SSOTest::Duties::check($t);
    over_restarts($t, 1, 'graceful', 'graceful');
    over_restarts($t, 0, 'restart');
    $t->finish;
};

# 65536 octets are room for 31 records of 2048 with their IDs, in two rings; a third of it is used, ten.
subtest 'full' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(65536)', ['socache_shmcb'], "SAMLSessionLifetime 8s\n");
    my $began = time;
    $t->expect_log(qr/$caveat shmcb/);
    my @browsers = map { $t->signed_on('/app', user => "user$_") } 1 .. 10;
    my $late = $t->browser;
    is $t->sign_on($late, '/app')->status, 503, 'a full store takes no new session';
    $t->refused('store', qr/is full: of this size it surely keeps 10 records .* 10 were written, 1 more expected; nothing was dropped .*; mend: /);
    $t->httpd->graceful;
    is join(' ', grep { !is_in($browsers[$_], '/app') } 0 .. $#browsers), '', 'and drops none that is there';
    is join(' ', grep { $browsers[$_]->fetch('/saml/me')->json->{nameid} ne 'user' . ($_ + 1) . '@example.org' } 0 .. $#browsers), '',
        'everybody is who he was';
    $browsers[0]->get('/saml/logout');
    is $t->sign_on($late, '/app')->status, 503, 'one that was ended still takes its room';
    $t->refused('store', qr/is full/);
    sleep 0.2 while time < $began + 8 + 2;
    ok is_in($t->signed_on('/app'), '/app'), 'until its lifetime is over';
    $t->httpd->restart;
    ok is_in($t->signed_on('/app'), '/app'), 'an empty cache';
    $t->signed_on('/app') for 2 .. 10;
    pass 'takes as many again';
    $t->finish;
};

subtest 'behind store cookie' => sub {
    my $t = SSOTest->new(modules => ['socache_shmcb'], conf => SSOTest::Duties::conf('cookie:socache:shmcb'), start => 0);
    my ($code, $text) = $t->httpd->configtest;
    isnt $code, 0, 'a cache that drops what it holds is refused';
    like $text, qr/SAMLSessionStore.*expected a small store that forgets nothing/, 'and it is said why';
};

subtest 'what is refused' => sub {
    my @cases = (
        ['shmcb:@ROOT@/run/s(20000)', qr/expected room for 5 sessions in shmcb, got 3 of 20000 octets, of which each takes 6246/],
        ['shmcb:@ROOT@/run/s(20x)', qr/shmcb does not take ".*": Invalid argument: cache size not numerical/],
        ['dbm:x', qr/expected the name of a provider that is loaded \((?=.*shmcb)(?=.*memcache).*each is a module mod_socache_NAME\), got "dbm"/],
        ['memcache:127.0.0.1:1,127.0.0.1:2', qr/expected one server, got several in "127/]);

    for my $case (@cases) {
        my $one = SSOTest->new(modules => [qw(socache_shmcb socache_memcache)], conf => SSOTest::Duties::conf("socache:$case->[0]"), start => 0);
        my ($code, $text) = $one->httpd->configtest;
        isnt $code, 0, $case->[0];
        like $text, qr/SAMLSessionStore.*$case->[1]/, 'and why';
    }
};

subtest 'dbm' => sub {
    my $t = server('socache:dbm:sessions', ['socache_dbm'], "SAMLSessionLimit 40\n");
    SSOTest::Duties::check($t, 'idle time');
    over_restarts($t, 1, 'graceful', 'restart');
    $t->tolerate_log(qr/SAMLSessionLimit/);
    my $browser = $t->browser;
    my $reply;
    for my $more (1 .. 40) {
        $reply = $t->sign_on($browser = $t->browser, '/app', user => "more$more");
        last if $reply->status != 303;
    }
    is $reply->status, 503, 'at the limit no other session begins';
    $t->refused('store', qr/full: SAMLSessionLimit 40, and there are 40 sessions; nothing was dropped for it; mend: /);
    $t->finish;
};

done_testing;
