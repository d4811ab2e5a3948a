#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A new SAMLSecret on two nodes, one after the other, each by a graceful restart, while users sign on: as the manual says, nothing is lost.
use strict;
use warnings;
use JSON::PP ();
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use SSOTest;
use SSOTest::Duties;
use SSOTest::Nodes;

use constant { AT_A_TIME => 3, THINK_S => 0.15 };

my ($old, $new) = map { unpack 'H*', join '', map { chr int rand 256 } 1 .. 32 } 1 .. 2;
my $t = SSOTest::Nodes->new(secret => "$old\n", files => { map { $_ => "in $_" } qw(app open plain) },
    conf => "SAMLSecret \"\@ROOT\@/secret\"\n" . SSOTest::Duties::conf('cookie:redis://127.0.0.1:@REDIS@') . <<'CONF');
<SAMLApplication plain>
    SAMLIdentifier https://app.example/plain
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/plain/acs
    SAMLSessionStore redis://127.0.0.1:@REDIS@ prefix=plain
    SAMLIdPInitiated on
    SAMLClockSkew 0s
</SAMLApplication>
<Location "/plain">
    AuthType SAML
    SAMLApplication plain
    Require valid-user
</Location>
CONF

use constant ASKED => 4;        # more than once, so as to meet both nodes while others ask, too

# How often of ASKED.
sub times_in
{
    my ($browser, $path) = @_;

    return scalar grep { $browser->get($path)->body eq 'in ' . substr $path, 1 } 1 .. ASKED;
}

sub ends_well { my ($reply, $path) = @_; return $reply->status == 303 && $reply->header('Location') eq $path }

# --- users who sign on all the while ---

sub one_round
{
    my ($seen, $path) = @_;
    my @begun = map { my $b = $t->browser; [$b, $t->request_of($b->get($path))] } 1 .. AT_A_TIME;

    sleep THINK_S;
    for (@begun) {
        my ($browser, $request) = @$_;
        my $reply = $t->deliver($browser, $request, $t->response_to($request));
        my $page = ends_well($reply, $path) ? $browser->get($path)->body : '';
        ++$seen->{begun};
        if ($page eq 'in ' . substr $path, 1) {
            ++$seen->{done};
        } else {
            push @{ $seen->{lost} }, 'status ' . $reply->status . ' at ' . ($reply->header('X-Node') // '?') . ", then: $page";
        }
    }
    return;
}

sub client
{
    my ($path) = @_;
    my $seen = { begun => 0, done => 0, lost => [] };

    one_round($seen, $path) while !-e $t->dir . '/enough';
    return $seen;
}

sub start_client
{
    my ($path) = @_;
    my $pid = open my $from, '-|';

    die "fork: $!" if !defined $pid;
    if (!$pid) {
        my $seen = eval { client($path) } || { begun => 0, done => 0, lost => ["client died: $@"] };
        syswrite STDOUT, JSON::PP->new->ascii->encode($seen);
        POSIX::_exit(0);
    }
    return $from;
}

# --- the steps ---

my (@sessions, @begun);

# One more on each node: a session of each kind, a sign-on under way of each kind, and a RelayState as the portal carries it.
sub remember
{
    my ($when) = @_;

    for my $path (qw(/app /plain)) {
        push @sessions, { when => $when, path => $path, browser => $t->signed_on($path) };
        for (1 .. 2) {
            my $browser = $t->browser;
            push @begun, { when => $when, path => $path, browser => $browser, request => $t->request_of($browser->get($path)) };
        }
    }
    return;
}

sub finish_begun
{
    my ($name) = @_;
    my @lost = grep { !ends_well($t->deliver($_->{browser}, $_->{request}, $t->response_to($_->{request})), $_->{path}) } @begun;

    is join(', ', map { "$_->{path} $_->{when}" } @lost), '', "$name: all " . @begun . ' sign-ons begun before come to their end';
    push @sessions, @begun;
    @begun = ();
    return;
}

sub still_in
{
    my ($name) = @_;
    my @lost = grep { times_in($_->{browser}, $_->{path}) != ASKED } @sessions;

    is join(', ', map { "$_->{path} $_->{when}" } @lost), '', "$name: all " . @sessions . ' sessions are in, wherever they ask';
    return;
}

sub relay_state
{
    my ($node) = @_;
    my @command = ($ENV{SSO_CLI}, 'relay-state', '--secret', $t->node($node)->dir . '/secret', '--identifier', 'https://app.example/plain',
        '--application', 'plain', '/plain?from=portal');

    open my $from, '-|', @command or die "$command[0]: $!";
    chomp(my $value = readline($from) // die "$command[0] said nothing");
    close $from or die "$command[0]: exit $?";
    return $value;
}

sub lands
{
    my ($value) = @_;
    my %request = (acs => $t->url('/saml/plain/acs'), issuer => 'https://app.example/plain', relay_state => $value);
    my $reply = $t->deliver($t->browser, \%request, $t->response_to(\%request));

    return $reply->header('Location') // 'status ' . $reply->status;
}

sub children
{
    my ($pid) = @_;

    open my $from, '<', "/proc/$pid/task/$pid/children" or die "children of $pid: $!";
    return split / /, readline($from) // '';
}

# A child of before, which knows the secrets of before, may still answer a moment after a graceful restart.
sub give
{
    my ($node, @secrets) = @_;
    my $pid = $t->node($node)->pid;
    my %old = map { $_ => 1 } children($pid);
    my $until = time + SSOTest::Httpd::WAIT_S;

    $t->node($node)->write_file('secret', join('', map { "$_\n" } @secrets), 0600);
    $t->node($node)->graceful;
    while (grep { $old{$_} } children($pid)) {
        die "the children of before do not end\n" if time > $until;
        sleep 0.02;
    }
    return;
}

subtest 'why not in one step' => sub {
    give('one', $new, $old);
    my $browser = $t->browser;
    my $request = $t->request_of($t->at('one', sub { $browser->get('/app') }));
    my $reply = $t->at('two', sub { $t->deliver($browser, $request, $t->response_to($request)) });
    ok !ends_well($reply, '/app'), 'what a new secret seals is nothing to a node that has not heard of it';
    give('one', $old);
};

my @clients = map { start_client($_) } qw(/app /plain);
my @links = (relay_state('one'));
remember('at first');

my @steps = (
    ['the new one is added', $old, $new],
    ['the new one is first', $new, $old],
);
for my $step (@steps) {
    my ($name, @secrets) = @$step;
    subtest $name => sub {
        for my $node (qw(one two)) {
            give($node, @secrets);
            finish_begun("on $node");
            remember("after: $name on $node");
            push @links, relay_state($node);
            is join(' ', map { lands($_) } @links, @links), join(' ', ('/plain?from=portal') x (2 * @links)),
                "on $node: every RelayState leads where it should, on both nodes";
        }
        still_in($name);
    };
}

# What the old one sealed has ended by now, but for these.
my @left = map { $_->{browser} } grep { $_->{when} eq 'at first' && $_->{path} eq '/app' } @sessions;
@sessions = grep { $_->{path} eq '/plain' || $_->{when} =~ /first on two$/ } @sessions;

subtest 'the old one is gone' => sub {
    for my $node (qw(one two)) {
        give($node, $new);
        finish_begun("on $node") if $node eq 'one';
        still_in("gone on $node");
    }
    is scalar(grep { times_in($_, '/app') } @left), 0, 'what only the old one opens is nothing any more';
    ok $left[0]->get('/app')->form, 'and leads to a new sign-on';
    is lands($links[-1]), '/plain?from=portal', 'a RelayState of the new one leads where it should';
};

$t->httpd->{balancer}->write_file('enough', '');
for my $from (@clients) {
    my $seen = JSON::PP::decode_json(readline $from);
    close $from;
    note "$seen->{begun} sign-ons, $seen->{done} with a session in the end";
    is join("\n", @{ $seen->{lost} }), '', 'no sign-on was lost';
    is $seen->{done}, $seen->{begun}, 'every one that began came to its end';
    cmp_ok $seen->{begun}, '>=', 5, 'there were some';
}

$t->finish;
done_testing;
