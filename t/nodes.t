#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Two nodes behind a balancer that sends each request to the other one than the last, and one Redis: what is begun, done or ended on one
# is begun, done or ended on both.
use strict;
use warnings;
use POSIX ();
use Test::More;
use SSOTest;
use SSOTest::Duties;
use SSOTest::Logout;
use SSOTest::Nodes;

use constant { MANY => 8, AT_ONCE => 6 };

sub nodes
{
    my ($store) = @_;

    return SSOTest::Nodes->new(conf => "SAMLSecret \"\@ROOT\@/secret\"\n" . SSOTest::Duties::conf($store),
        files => { map { $_ => "in $_" } qw(app open) });
}

my $t;

sub is_in { return SSOTest::Duties::is_in(@_) }

# On which nodes: "one two", "one", "two" or "".
sub in_at
{
    my ($browser, $path) = @_;

    return join ' ', grep { $t->at($_, sub { $browser->get($path) })->body eq 'in ' . substr $path, 1 } qw(one two);
}

sub begun_at { my ($browser, $node) = @_; return $t->request_of($t->at($node, sub { $browser->get('/app') })) }

sub turns
{
    my $browser = $t->browser;
    my @met = map { $browser->get('/turn')->header('X-Node') } 1 .. 6;

    is join(' ', @met), join(' ', (@met[0, 1]) x 3), 'the balancer takes the nodes in turn';
    isnt $met[0], $met[1], 'both of them';
    return;
}

sub between
{
    my ($start, $answer) = @_;
    my $browser = $t->browser;
    my $request = begun_at($browser, $start);
    my $response = $t->response_to($request);
    my $state = $browser->cookie("saml-state-$request->{relay_state}");
    my $reply = $t->at($answer, sub { $t->deliver($browser, $request, $response) });

    is $reply->status, 303, "begun on $start, answered on $answer";
    is $reply->header('Location'), '/app', 'lands where it began';
    is in_at($browser, '/app'), 'one two', 'and is in on both';
    my $kept = SSOTest::Duties::stolen($t, $browser, 'saml');
    is in_at($kept, '/app'), 'one two', 'so is a copy of the cookie';

    for my $node ($start, $answer) {
        $browser->set_cookie("saml-state-$request->{relay_state}", $state);
        is $t->at($node, sub { $t->deliver($browser, $request, $response) })->status, 403, "the same response once more on $node";
        $t->refused('replay');
    }
    is $t->at($start, sub { $browser->get('/saml/logout') })->status, 200, "logout on $start";
    is in_at($browser, '/app'), '', 'ends it on both';
    is in_at($kept, '/app'), '', 'for the copy, too';
    return;
}

sub many
{
    my @browsers = map { $t->signed_on('/app', user => "user$_") } 1 .. MANY;
    my @who = map { my $b = $_; map { $b->fetch('/saml/me')->json->{nameid} } 1 .. 4 } @browsers;

    is join(' ', @who), join(' ', map { ("user$_\@example.org") x 4 } 1 .. MANY), 'each is who he is, wherever he asks';
    $_->get('/saml/logout') for @browsers[0 .. 3];
    is join(' ', map { in_at($browsers[$_], '/app') ? $_ : () } 0 .. $#browsers), join(' ', 4 .. MANY - 1), 'half of them leave, half are in';
    return;
}

sub named
{
    my ($node) = @_;
    my $idp = SSOTest::Logout->new($t, issuer => SSOTest::IdP::ISSUER, name_id => 'ada@example.org', lower => JSON::PP::true());
    my ($one, $two, $bob) = map { $t->signed_on('/app', user => $_) } qw(ada ada bob);
    my $message = $idp->message(by => $node eq 'one' ? 'post' : 'redirect');

    is $t->at($node, sub { $idp->deliver($message) })->status, 200, "the identity provider ends a user on $node";
    is join('|', map { in_at($_, '/app') } $one, $two, $bob), '||one two', 'all of his sessions on both, and nobody else';
    is in_at($t->signed_on('/app', user => 'ada'), '/app'), 'one two', 'he may come again';
    return;
}

# A response that nobody asked for, to both nodes at the same moment: [status, ...]
sub at_once
{
    my ($response) = @_;
    my @from;

    for (1 .. AT_ONCE) {
        my $pid = open my $pipe, '-|';
        die "fork: $!" if !defined $pid;
        if (!$pid) {
            my $reply = eval { $t->browser->post('/saml/open/acs', [SAMLResponse => $response], cross_site => 1) };
            syswrite STDOUT, $reply ? $reply->status : 'none';
            POSIX::_exit(0);
        }
        push @from, $pipe;
    }
    return map { my $said = readline $_; close $_; $said } @from;
}

sub once
{
    for my $round (1 .. 4) {
        my @got = at_once($t->response_to({ acs => $t->url('/saml/open/acs'), issuer => 'https://app.example/open' }));

        is join(' ', sort @got), join(' ', 303, (403) x (AT_ONCE - 1)), "$round: both nodes at the same moment take a response once";
        $t->refused('replay') for 2 .. AT_ONCE;
    }
    return;
}

sub restarts
{
    my $browser = $t->signed_on('/app');
    my %begun = map { my $b = $t->browser; $_ => [$b, begun_at($b, $_)] } qw(one two);

    for my $node (qw(one two)) {
        ok $t->node($node)->restart, "node $node stops and starts";
        is in_at($browser, '/app'), 'one two', 'a session is in on both';
        my ($waiting, $request) = @{ $begun{$node} };
        my $reply = $t->at($t->other($node), sub { $t->deliver($waiting, $request, $t->response_to($request)) });
        is $reply->status, 303, 'a sign-on that it began goes on at the other';
    }
    return;
}

for my $store ('redis://127.0.0.1:@REDIS@', 'cookie:redis://127.0.0.1:@REDIS@') {
    $t = nodes($store);
    subtest "$store: turns" => \&turns;
    subtest "$store: $$_[0], then $$_[1]" => \&between, @$_ for [qw(one two)], [qw(two one)];
    subtest "$store: many" => \&many;
    subtest "$store: ended by name on $_" => \&named, $_ for qw(one two);
    subtest "$store: once" => \&once;
    subtest "$store: restarts" => \&restarts;
    $t->finish;
}

done_testing;
