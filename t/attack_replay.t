#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One response many times at once, at all children: one session. And never again, over restarts of either kind.
use strict;
use warnings;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use SSOTest;
use SSOTest::Raw;

use constant { ROUNDS => 12, AT_ONCE => 6 };

my $t = SSOTest->new(prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app open) }, conf => tiles_conf('/app'));
$t->tolerate_log(qr/log(?:in|out) refused \[(?:replay|state-missing)\]/);

my %tiles = (acs => $t->url('/saml/tiles/acs'), issuer => 'https://app.example/tiles');

# The octets of the POST: with the state cookie, which a thief is taken to have.
sub post_of
{
    my ($path, $response, $relay_state, $cookie) = @_;
    my $body = 'SAMLResponse=' . SSOTest::Browser::url_encode($response) . (defined $relay_state ? "&RelayState=$relay_state" : '');

    return SSOTest::Raw::request("POST $path HTTP/1.1", ['Host: 127.0.0.1', defined $cookie ? "Cookie: $cookie" : (),
        'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, 'Connection: close'], $body);
}

sub solicited
{
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));
    my $name = "saml-state-$request->{relay_state}";

    return post_of('/saml/acs', $t->response_to($request), $request->{relay_state}, "$name=" . $browser->cookie($name));
}

sub unsolicited { return post_of('/saml/tiles/acs', $t->response_to(\%tiles)) }

sub session_of { my ($reply) = @_; return map { /^saml(?:-tiles)?=([^;]+)/ ? $1 : () } $reply->headers('Set-Cookie') }

# All at the moment when the gate opens, each on a connection that stands. Returns a line per client: status and session.
sub at_once
{
    my ($bytes) = @_;
    my @clients;

    pipe my $gate, my $shut or die "pipe: $!";

    for (1 .. AT_ONCE) {
        pipe my $from, my $to or die "pipe: $!";
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            close $shut;
            my $line = eval {
                my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $t->httpd->port, Timeout => 60) or die "connect: $!";
                syswrite $to, "ready\n";
                readline $gate;
                syswrite $socket, $bytes;
                my $text = '';
                while (sysread $socket, $text, 65536, length $text) {
                }
                my $reply = SSOTest::Reply->parse($text, 'POST');
                $reply->status . ' ' . join ',', session_of($reply);
            } // "died: $@";
            syswrite $to, $line;
            POSIX::_exit(0);
        }
        close $to;
        push @clients, [$pid, $from];
    }
    readline $_->[1] for @clients;
    close $shut;
    return map { my ($pid, $from) = @$_; my $line = readline($from) // 'nothing'; waitpid $pid, 0; $line } @clients;
}

my @used;
for my $kind ([solicited => \&solicited, '/app', 'saml'], [unsolicited => \&unsolicited, '/open', 'saml-tiles']) {
    my ($name, $make, $place, $cookie) = @$kind;

    subtest "$name, " . AT_ONCE . ' times at once' => sub {
        for my $round (1 .. ROUNDS) {
            my $bytes = $make->();
            my @seen = at_once($bytes);
            my @in = grep { /^303 ./ } @seen;
            is scalar(@in), 1, "round $round: one session" or diag join "\n", @seen;
            is scalar(grep { $_ eq '403 ' } @seen), AT_ONCE - 1, 'all others are refused' or diag join "\n", @seen;
            my ($session) = $in[0] =~ /^303 (.+)/;
            like $t->browser->get($place, headers => [['Cookie', "$cookie=$session"]])->body, qr/^in /, 'and it is good';
            push @used, $bytes;
        }
    };
}

my %pids = map { $_ => 1 } $t->httpd->log_text =~ /\[pid (\d+)[^\]]*\] \[client [^\]]*\] login refused \[replay\]/g;
cmp_ok scalar(keys %pids), '>=', 2, 'more than one child has refused';

sub none_again
{
    my ($after) = @_;
    my @in = grep { my $reply = SSOTest::Raw::ask($t->httpd->port, $_); $reply->status != 403 || session_of($reply) } @used;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is scalar(@in), 0, 'none of ' . @used . " passes again $after";
    return;
}

my ($fresh, $kept) = (solicited(), unsolicited());
none_again('at once');
$t->httpd->graceful;
none_again('after a graceful restart');
is SSOTest::Raw::ask($t->httpd->port, $kept)->status, 303, 'one made before it that was not used passes';
push @used, $kept;
ok $t->httpd->stop, 'stopped';
$t->httpd->start;
none_again('after a full restart');
is SSOTest::Raw::ask($t->httpd->port, $fresh)->status, 303, 'one made before both, whose login is in the cookie, passes';
push @used, $fresh;
none_again('in the end');

# Posted while the old generation gives way to the new: both know what is used.
subtest 'during graceful restarts' => sub {
    for my $round (1 .. 3) {
        my $bytes = unsolicited();
        my $pid = fork // die "fork: $!";
        if (!$pid) {
            eval { $t->httpd->graceful };
            POSIX::_exit($@ ? 1 : 0);
        }
        my @seen = map { my $reply = SSOTest::Raw::ask($t->httpd->port, $bytes); sleep 0.02; $reply->status . ' ' . join ',', session_of($reply) } 1 .. 10;
        waitpid $pid, 0;
        is $?, 0, "restart $round";
        is scalar(grep { /^303 ./ } @seen), 1, 'one session' or diag join "\n", @seen;
    }
};

$t->finish;
done_testing;
