#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The Redis of two nodes hangs, ends and comes again under load: requests are refused in time, with 503 and Retry-After, nobody gets in who
# could not be checked, and afterwards everything is as it was.
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Duties;
use SSOTest::Nodes;

use constant { TIMEOUT_S => 0.5, USERS => 3 };
# Beyond the timeout: a second connection within one request, a machine with other things to do.
use constant SLACK_S => $ENV{SSO_SANITIZED} ? 8 : 4;

my ($t, $path);

# "in", "out" (to the sign-on), "503", or what came instead.
sub ask
{
    my ($browser) = @_;
    my $reply = $browser->get($path);

    return 'in' if $reply->status == 200 && $reply->body eq 'in ' . substr $path, 1;
    return 'out' if $reply->status == 200 && $reply->form;
    return $reply->status . ': ' . $reply->body if $reply->status != 503;
    return 'no Retry-After' if ($reply->header('Retry-After') // '') !~ /^[1-9]\d*$/;
    return 'kept by caches' if ($reply->header('Cache-Control') // '') !~ /no-store/;
    return '503';
}

# What the phases are called; a client counts its answers by the phase, "between" where it changed meanwhile.
sub phase
{
    my ($name) = @_;
    my $file = $t->dir . '/phase';

    $t->httpd->{balancer}->write_file('phase.new', $name);
    rename "$file.new", $file or die "$file: $!";
    return;
}

# Waits until browsers of each kind have had an answer in this phase.
sub all_have_asked
{
    my ($name) = @_;
    my $until = time + 20;

    for my $who (qw(user left stranger)) {
        sleep 0.02 while !-e $t->dir . "/$name-$who" && time < $until;
    }
    return;
}

sub phase_now { open my $from, '<', $t->dir . '/phase' or die "phase: $!"; return readline $from }

sub client
{
    my ($who, $browser) = @_;
    my %seen;

    while ((my $before = phase_now()) ne 'enough') {
        my $from = time;
        my $got = ask($browser);
        my $took = time - $from;
        my $now = phase_now();
        my $count = $seen{ $before eq $now ? $now : 'between' }{$who} ||= { longest => 0 };
        ++$count->{got}{$got};
        $count->{longest} = $took if $took > $count->{longest};
        if ($before eq $now && $count->{got}{$got} == 1) {
            open my $to, '>', $t->dir . "/$now-$who" or die "$now-$who: $!";
        }
        sleep 0.02;
    }
    return \%seen;
}

sub start_client
{
    my ($who, $browser) = @_;
    my $pid = open my $from, '-|';

    die "fork: $!" if !defined $pid;
    if (!$pid) {
        my $seen = eval { client($who, $browser) } || { died => $@ };
        print JSON::PP->new->ascii->encode($seen);
        close STDOUT;
        POSIX::_exit(0);
    }
    return $from;
}

# The answers of all clients together, by phase and who.
sub sum
{
    my %all;

    for my $seen (@_) {
        die "a client died: $seen->{died}" if $seen->{died};
        for my $phase (keys %$seen) {
            for my $who (keys %{ $seen->{$phase} }) {
                my ($to, $one) = ($all{$phase}{$who} ||= { longest => 0 }, $seen->{$phase}{$who});
                $to->{got}{$_} += $one->{got}{$_} for keys %{ $one->{got} };
                $to->{longest} = $one->{longest} if $one->{longest} > $to->{longest};
            }
        }
    }
    return \%all;
}

sub got { my ($count) = @_; return join ' ', sort keys %{ $count->{got} || {} } }

sub check
{
    my ($all) = @_;
    my ($longest) = sort { $b <=> $a } map { $_->{longest} } map { values %$_ } values %$all;
    my %wants = (
        up => { user => 'in', left => 'out', stranger => 'out' },
        hangs => { user => '503', left => '503', stranger => '503' },
        gone => { user => '503', left => '503', stranger => '503' },
        again => { user => 'in', left => 'out', stranger => 'out' },
    );

    for my $phase (sort keys %wants) {
        for my $who (sort keys %{ $wants{$phase} }) {
            # A browser that carries its session proves by itself that a cookie is not one.
            my $want = $who eq 'stranger' && $t->{carried} ? 'out' : $wants{$phase}{$who};
            is got($all->{$phase}{$who}), $want, "Redis: $phase, $who: always $want";
        }
    }
    for my $who (qw(user left stranger)) {
        my @odd = grep { !/^(?:in|out|503)$/ } split / /, got($all->{between}{$who});
        is join(' ', @odd), '', "as it changes, $who: nothing else";
        unlike got($all->{between}{$who}), qr/\bin\b/, 'and never in' if $who ne 'user';
    }
    unlike got($all->{between}{user}), qr/\bout\b/, 'whoever is signed on is never sent to sign on again';
    cmp_ok $longest, '<', TIMEOUT_S + SLACK_S, sprintf 'no request hung: the longest took %.2f s', $longest;
    return;
}

sub begun
{
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get($path));

    return [$browser, $request, $t->response_to($request)];
}

# What a response meets while Redis is out of reach.
sub answered_503
{
    my ($begun, $name) = @_;
    my $from = time;
    my $reply = $t->deliver(@$begun);

    is $reply->status, 503, "a sign-on, $name, is refused";
    like $reply->header('Retry-After') // '', qr/^[1-9]\d*$/, 'with Retry-After';
    is $begun->[0]->cookie('saml'), undef, 'and no session';
    cmp_ok time - $from, '<', 2 * TIMEOUT_S + SLACK_S, 'in time';
    return;
}

sub outage
{
    my ($store, $name) = @_;

    $t = SSOTest::Nodes->new(files => { map { $_ => "in $_" } qw(app open) },
        conf => "SAMLSecret \"\@ROOT\@/secret\"\n" . SSOTest::Duties::conf("$store timeout=" . TIMEOUT_S * 1000 . 'ms'));
    $t->{carried} = $name eq 'cookie';
    $path = '/app';
    phase('up');
    my $left = $t->signed_on($path);
    my $kept = SSOTest::Duties::stolen($t, $left, 'saml');
    $left->get('/saml/logout');
    my $stranger = $t->browser;
    $stranger->set_cookie('saml', 'F' x 43);
    my @users = map { $t->signed_on($path, user => "user$_") } 1 .. USERS;
    my @begun = map { begun() } 1 .. 3;
    my @clients = map { start_client(@$_) } (map { [user => $_] } @users), ([left => $kept], [stranger => $stranger]) x 2;
    $t->tolerate_log(qr/refused \[store\]|the session store (?:cookie:)?redis/);

    all_have_asked('up');
    phase('changes');
    $t->redis->freeze;
    sleep 0.2;
    phase('hangs');
    answered_503($begun[0], 'while Redis hangs');
    all_have_asked('hangs');
    phase('changes');
    $t->redis->thaw;
    sleep 0.7;
    $t->redis->end('TERM');
    phase('gone');
    answered_503($begun[1], 'while Redis is gone');
    all_have_asked('gone');
    phase('changes');
    $t->redis->resume;
    sleep 0.7;
    phase('again');
    my $reply = $t->deliver(@{ $begun[2] });
    is $reply->status, 303, 'a sign-on begun before is not refused after';
    like $reply->header('Location'), qr{/saml/login\?target=.*&again=1$}, 'it begins anew: Redis may have lost that it was used';
    is $t->login($begun[2][0], $reply->header('Location'))->body, 'in ' . substr($path, 1), 'and comes to where it was to end';
    ok SSOTest::Duties::is_in($t->signed_on($path), $path), 'and so does a new one';
    all_have_asked('again');
    phase('enough');
    my @seen = map { my $from = $_; my $said = JSON::PP::decode_json(readline $from); close $from; $said } @clients;
    check(sum(@seen));
    like $t->httpd->log_text, qr/refused \[store\]/, 'the log says why';
    $t->finish;
    return;
}

subtest 'sessions in Redis' => \&outage, 'redis://127.0.0.1:@REDIS@', 'redis';
subtest 'sessions in cookies, what ended in Redis' => \&outage, 'cookie:redis://127.0.0.1:@REDIS@', 'cookie';

done_testing;
