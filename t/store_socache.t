#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore socache: what every store does, by the caches that httpd brings and, where it is there, a real memcached.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use SSOTest;
use SSOTest::Duties;

sub server
{
    my ($store, @modules) = @_;

    return SSOTest->new(modules => \@modules, conf => SSOTest::Duties::conf($store), prepare => \&SSOTest::Duties::prepare);
}

sub is_in { return SSOTest::Duties::is_in(@_) }

subtest 'shmcb' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(1024000)', 'socache_shmcb');
    $t->expect_log(qr/SAMLSessionStore in .*: expected a store that keeps what it is given, found shmcb.*; mend: /);
    SSOTest::Duties::check($t);
    $t->finish;
};

subtest 'behind store cookie' => sub {
    my $t = SSOTest->new(modules => ['socache_shmcb'], conf => SSOTest::Duties::conf('cookie:socache:shmcb'), start => 0);
    my ($code, $text) = $t->httpd->configtest;
    isnt $code, 0, 'a cache that drops what it holds is refused';
    like $text, qr/SAMLSessionStore.*expected a small store that forgets nothing/, 'and it is said why';
};

subtest 'full' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(65536)', 'socache_shmcb');
    $t->expect_log(qr/found shmcb/);
    my @browsers = map { $t->signed_on('/app', user => "user$_") } 1 .. 60;
    my @in = grep { is_in($browsers[$_], '/app') } 0 .. $#browsers;
    cmp_ok scalar @in, '<', 60, 'shmcb drops sessions';
    cmp_ok scalar @in, '>', 0, 'not all';
    is join(' ', grep { $browsers[$_]->fetch('/saml/me')->json->{nameid} ne 'user' . ($_ + 1) . '@example.org' } @in), '',
        'and who is in is who he was';
    $t->finish;
};

subtest 'dbm' => sub {
    my $t = server('socache:dbm:sessions', 'socache_dbm');
    SSOTest::Duties::check($t);
    my ($in, $out) = map { $t->signed_on('/app') } 1 .. 2;
    my $kept = SSOTest::Duties::stolen($t, $out, 'saml');
    $out->get('/saml/logout');
    for my $how (qw(graceful restart)) {
        $t->httpd->$how;
        ok is_in($in, '/app'), "a session lives over: $how";
        ok !is_in($kept, '/app'), "one that was ended does not come back: $how";
    }
    $t->finish;
};

sub memcached
{
    my ($port) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        exec 'memcached', '-l', '127.0.0.1', '-p', $port, '-U', '0', ($> ? () : (-u => 'nobody')) or POSIX::_exit(127);
    }
    for (1 .. 100) {
        return $pid if IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 1);
        sleep 0.1;
    }
    die "memcached does not listen on $port";
}

sub ended { my ($pid) = @_; kill TERM => $pid; waitpid $pid, 0; return }

subtest 'memcache' => sub {
    my $held = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 1) || die "port: $!";
    my $port = $held->sockport;
    close $held;
    my $pid = memcached($port);
    my $t = server("socache:memcache:127.0.0.1:$port", 'socache_memcache');
    $t->expect_log(qr/SAMLSessionStore in .*: expected a store that keeps what it is given, found memcache.*; mend: /);
    SSOTest::Duties::check($t);
    my $browser = $t->signed_on('/app');
    my $waiting = $t->browser;
    my $request = $t->request_of($waiting->get('/app'));
    ended($pid);
    $t->tolerate_log(qr/scache_mc|socache_memcache/);
    for my $what ('as it goes', 'when it is known to be down', 'and later') {
        is $browser->get('/app')->status, 503, "memcached gone: a session cannot be looked up: $what";
        $t->refused('store', qr/memcache (?:is full, or cannot be reached|cannot be asked)/);
    }
    is $browser->get('/saml/logout')->status, 503, 'nor is it said that it was ended';
    $t->refused('store');
    isnt $t->deliver($waiting, $request, $t->response_to($request))->status, 303, 'and nobody signs on';
    $t->refused('store');
    $t->finish;
};

done_testing;
