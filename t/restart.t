#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Graceful restarts and full stops under load lose no session.
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;

use constant { SESSIONS => 54, CLIENTS => 3, GRACEFUL => 5, STOPS => 2, PAUSE_S => 0.01 };

my $t = SSOTest->new(modules => [qw(include filter)],
    prepare => sub { $_[0]->httpd->write_file('htdocs/who.shtml', "user=<!--#echo var=\"REMOTE_USER\" -->.\n", 0644) },
    conf => saml_conf() . <<'CONF');
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/who.shtml">
    AuthType SAML
    Require valid-user
</Location>
CONF

sub signed_on_as { my ($user) = @_; return { user => $user, browser => $t->signed_on('/who.shtml', user => $user) } }

# 'ok', 'none' (no whole answer), or what came instead of the user's own page.
sub ask
{
    my ($session) = @_;
    my $reply = eval { $session->{browser}->get('/who.shtml') };

    return 'none' if !$reply || !$reply->status || ($reply->status == 200 && $reply->body eq '');
    return 'ok' if $reply->status == 200 && $reply->body eq "user=$session->{user}\@example.org.\n";
    return 'status ' . $reply->status . ' for ' . $session->{user} . ($reply->form ? ', the sign-on page' : ': ' . substr $reply->body, 0, 200);
}

# Odd while the server is down on purpose: only then may a request stay without answer.
my $phase = 0;
sub next_phase
{
    $t->httpd->write_file('phase.new', ++$phase);
    rename $t->dir . '/phase.new', $t->dir . '/phase' or die "phase: $!";
    return;
}

sub phase_now
{
    open my $from, '<', $t->dir . '/phase' or die "phase: $!";
    return readline $from;
}

# Ask with each session in turn until the file "enough" is there. Returns the counts.
sub client
{
    my (@sessions) = @_;
    my %seen = (asked => 0, ok => 0, down => 0, wrong => []);

    for (my $i = 0; !-e $t->dir . '/enough'; ++$i) {
        my $before = phase_now();
        my $got = ask($sessions[$i % @sessions]);
        my $after = phase_now();

        ++$seen{asked};
        if ($got eq 'ok') {
            ++$seen{ok};
        } elsif ($got eq 'none' && ($before % 2 || $before != $after)) {
            ++$seen{down};
        } elsif (@{ $seen{wrong} } < 20) {
            push @{ $seen{wrong} }, "$got (phase $before to $after)";
        }
        sleep PAUSE_S;
    }
    return \%seen;
}

sub start_client
{
    my ($n, @sessions) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        my $seen = eval { client(@sessions) } || { wrong => ["client died: $@"] };
        $t->httpd->write_file("client$n.new", JSON::PP->new->ascii->encode($seen));
        rename $t->dir . "/client$n.new", $t->dir . "/client$n";
        POSIX::_exit(0);
    }
    return $pid;
}

sub result_of
{
    my ($n, $pid) = @_;

    waitpid $pid, 0;
    open my $from, '<', $t->dir . "/client$n" or return { asked => 0, ok => 0, down => 0, wrong => ['no result'] };
    return JSON::PP::decode_json(readline $from);
}

my @sessions = map { signed_on_as("user$_") } 1 .. SESSIONS;
my %begun;
for my $over (qw(graceful stop)) {
    my $browser = $t->browser;
    $begun{$over} = { browser => $browser, request => $t->request_of($browser->get("/who.shtml?over=$over")) };
}
my $used = $t->browser;
my $used_request = $t->request_of($used->get('/who.shtml'));
my $used_response = $t->response_to($used_request);
my $used_state = $used->cookie("saml-state-$used_request->{relay_state}");
is $t->deliver($used, $used_request, $used_response)->status, 303, 'a response is used before any restart';

next_phase() for 1 .. 2;
my @parts;
push @{ $parts[$_ % CLIENTS] }, $sessions[$_] for 0 .. $#sessions;
my @clients = map { start_client($_, @{ $parts[$_] }) } 0 .. CLIENTS - 1;

sub completes
{
    my ($over) = @_;
    my ($browser, $request) = @{ $begun{$over} }{qw(browser request)};
    my $reply = $t->deliver($browser, $request, $t->response_to($request, user => "late-$over"));

    is $reply->status, 303, "a sign-on begun before $over completes after it";
    is $reply->header('Location'), "/who.shtml?over=$over", 'and lands where it began';
    push @sessions, { user => "late-$over", browser => $browser };
    return;
}

subtest 'graceful restarts' => sub {
    for my $n (1 .. GRACEFUL) {
        sleep 0.3;
        $t->httpd->graceful;
        push @sessions, signed_on_as("new$n");
        is ask($sessions[0]), 'ok', "restart $n: a session goes on";
    }
    completes('graceful');
};

subtest 'full stops' => sub {
    for my $n (1 .. STOPS) {
        sleep 0.3;
        next_phase();
        ok $t->httpd->stop, "stop $n";
        is ask($sessions[0]), 'none', 'the server is down';
        sleep 0.3;
        $t->httpd->start;
        next_phase();
        is ask($sessions[0]), 'ok', "start $n: a session goes on";
    }
    completes('stop');
};

sleep 0.5;
$t->httpd->write_file('enough', '');
my @seen = map { result_of($_, $clients[$_]) } 0 .. CLIENTS - 1;

for my $n (0 .. CLIENTS - 1) {
    note "client $n: $seen[$n]{asked} requests, $seen[$n]{ok} answered to the right user, $seen[$n]{down} while down";
    is join("\n", @{ $seen[$n]{wrong} }), '', "client $n: every request that met a running server was answered, to the right user";
    cmp_ok $seen[$n]{ok}, '>', 30, "client $n: there was load";
    is $seen[$n]{asked}, $seen[$n]{ok} + $seen[$n]{down}, "client $n: nothing uncounted";
}
cmp_ok scalar(grep { $_->{down} } @seen), '>', 0, 'the load went on while the server was down';

my @lost = grep { $_->[1] ne 'ok' } map { [$_->{user}, ask($_)] } @sessions;
is scalar(@sessions), SESSIONS + GRACEFUL + 2, 'sessions of before, between and after';
is join("\n", map { "$_->[0]: $_->[1]" } @lost), '', 'none is lost';

$used->set_cookie("saml-state-$used_request->{relay_state}", $used_state);
is $t->deliver($used, $used_request, $used_response)->status, 403, 'a response used before the restarts is not taken after them';
$t->refused('replay');

$t->finish;
done_testing;
