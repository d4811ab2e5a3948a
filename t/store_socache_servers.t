#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore socache: what every store does, in a real memcached and a real Redis of the test's own.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use SSOTest;
use SSOTest::Duties;
use SSOTest::Ports;
use SSOTest::Redis;

sub server
{
    my ($store, $modules, $more) = @_;

    return SSOTest->new(modules => $modules, conf => SSOTest::Duties::conf($store) . ($more // ''), prepare => \&SSOTest::Duties::prepare);
}

sub is_in { return SSOTest::Duties::is_in(@_) }

my $caveat = qr/SAMLSessionStore in .*: expected a store that keeps what it is given, found/;
my $dropped = qr/SAMLSessionStore socache:.*: a session that was live is not in the cache any more; .*; mend: /;

sub memcached
{
    my ($port, @more) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        exec 'memcached', '-l', '127.0.0.1', '-p', $port, '-U', '0', '-t', '2', @more, ($> ? () : (-u => 'nobody')) or POSIX::_exit(127);
    }
    for (1 .. 300) {
        return $pid if IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 1);
        waitpid($pid, POSIX::WNOHANG) != $pid or die "memcached does not start: is it installed?";
        sleep 0.1;
    }
    die "memcached does not listen on $port";
}

sub ended { my ($pid) = @_; kill TERM => $pid; waitpid $pid, 0; return }

sub told
{
    my ($port, $command) = @_;
    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 5) || die "$port: $!";

    print {$socket} "$command\r\n";
    return readline $socket;
}

# A cache that was emptied: who was in signs on anew, what was ended or used stays so.
sub emptied
{
    my ($t, $port, $command) = @_;
    my %request = (acs => $t->url('/saml/open/acs'), issuer => 'https://app.example/open');
    my $response = $t->response_to(\%request);
    my $browser = $t->signed_on('/app');

    is $t->deliver($t->browser, \%request, $response)->status, 303, 'a response is used';
    like told($port, $command), qr/OK/, 'the cache is emptied';
    $t->expect_log($dropped);
    ok !is_in($browser, '/app'), 'who was in is sent to sign on';
    isnt $t->deliver($t->browser, \%request, $response)->status, 303, 'the response is used all the same';
    $t->refused('replay');
    ok is_in($t->signed_on('/app'), '/app'), 'and a new session begins';
    return;
}

# A server that takes nothing more: who is in stays in, and may go; who is not is sent to sign on, and told why he cannot.
sub full
{
    my ($t, $fill, $room) = @_;
    my ($stays, $goes) = map { $t->signed_on('/app', user => $_) } qw(stays goes);
    my $late = $t->browser;

    $fill->();
    $t->tolerate_log(qr/scache_mc|scache_rc|socache_memcache|socache_redis/);
    my $request = $t->request_of($late->get('/app'));
    my $reply = $t->deliver($late, $request, $t->response_to($request, user => 'late'));
    is $reply->status, 503, 'full: nobody signs on';
    like $reply->body, qr/<h1>Too many people are signed in<\/h1>/, 'the page says why';
    $t->refused('store', qr/is full: the cache refuses what is to be kept .*; nothing was dropped for it; mend: /);
    ok is_in($stays, '/app'), 'who is in stays in';
    my $before = $goes->fresh;
    $before->set_cookie(saml => $goes->cookie('saml'));
    is $goes->get('/saml/logout')->status, 200, 'who goes';
    ok !is_in($before, '/app'), 'is gone';
    $room->();
    ok is_in($t->signed_on('/app'), '/app'), 'where there is room again, so is a session';
    return;
}

# One that answers and changes nothing, as a Redis that became a replica or cannot write to its disk: nobody is told that he was signed off.
sub unwilling
{
    my ($t, $redis) = @_;
    my $browser = $t->signed_on('/app');
    my $kept = $browser->fresh;

    $kept->set_cookie(saml => $browser->cookie('saml'));
    is $redis->say('REPLICAOF 127.0.0.1 1'), 'OK', 'a replica';
    ok is_in($kept, '/app'), 'a replica can be asked';
    is $browser->get('/saml/logout')->status, 503, 'that it ended a session is not said';
    $t->refused('store', qr/redis cannot remove/);
    is $redis->say('REPLICAOF NO ONE'), 'OK', 'the master again';
    ok is_in($kept, '/app'), 'as it did not';
    $browser->set_cookie(saml => $kept->cookie('saml'));
    is $browser->get('/saml/logout')->status, 200, 'now it does';
    ok !is_in($kept, '/app'), 'and it is gone';
    return;
}

# Of each size as many as it takes.
sub fill_memcached
{
    my ($port) = @_;
    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 5) || die "$port: $!";
    my $n = 0;

    for (my $size = 20; $size <= 16000; $size *= 1.5) {
        my $value = 'v' x $size;
        my $answer = '';
        while ($answer !~ /^SERVER_ERROR/) {
            print {$socket} map { ++$n; "set fill$n 0 0 " . length($value) . ($_ < 50 ? ' noreply' : '') . "\r\n$value\r\n" } 1 .. 50;
            $socket->flush;
            $answer = readline $socket;
            die "memcached: $answer" if $answer !~ /^(?:STORED|SERVER_ERROR)/;
        }
    }
    return;
}

# Nobody can be looked up: nobody is let in, and nothing is said to be done that was not.
sub gone
{
    my ($t, $browser, $waiting, $request, $says) = @_;

    for my $what ('as it goes', 'when it is known to be down', 'and later') {
        is $browser->get('/app')->status, 503, "gone: a session cannot be looked up: $what";
        $t->refused('store', $says);
    }
    is $browser->get('/saml/logout')->status, 503, 'nor is it said that it was ended';
    $t->refused('store');
    isnt $t->deliver($waiting, $request, $t->response_to($request))->status, 303, 'and nobody signs on';
    $t->refused('store');
    return;
}

subtest 'memcache' => sub {
    my ($port) = SSOTest::Ports::free(1);
    my $pid = memcached($port, '-M', -m => 8, -f => 2);
    my $t = server("socache:memcache:127.0.0.1:$port", ['socache_memcache']);
    $t->expect_log(qr/$caveat memcache.*; mend: /);
    SSOTest::Duties::check($t);
    SSOTest::Duties::over_restarts($t, 1, 'graceful', 'restart');
    emptied($t, $port, 'flush_all');
    full($t, sub { fill_memcached($port) }, sub { told($port, 'flush_all') });
    my $browser = $t->signed_on('/app');
    my $waiting = $t->browser;
    my $request = $t->request_of($waiting->get('/app'));
    ended($pid);
    $t->tolerate_log(qr/scache_mc|socache_memcache/);
    gone($t, $browser, $waiting, $request, qr/memcache cannot be (?:reached|asked)/);
    $t->finish;
};

subtest 'redis' => sub {
    my $folder = SSOTest->new(start => 0);
    my $redis = SSOTest::Redis->start(dir => $folder->httpd->{dir} . '/redis');
    my $t = server('socache:redis:127.0.0.1:' . $redis->port, ['socache_redis']);
    $t->expect_log(qr/$caveat socache's redis.*; mend: /);
    SSOTest::Duties::check($t, 'idle time');
    SSOTest::Duties::over_restarts($t, 1, 'graceful');
    emptied($t, $redis->port, 'FLUSHALL');
    full($t, map { my $octets = $_; sub { told($redis->port, "CONFIG SET maxmemory $octets") } } 1, 0);
    unwilling($t, $redis);
    my $browser = $t->signed_on('/app');
    my $waiting = $t->browser;
    my $request = $t->request_of($waiting->get('/app'));
    $redis->end;
    $t->tolerate_log(qr/scache_rc|socache_redis/);
    gone($t, $browser, $waiting, $request, qr/redis cannot be (?:reached|asked)/);
    $t->finish;
};

done_testing;
