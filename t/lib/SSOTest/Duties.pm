# SPDX-License-Identifier: Apache-2.0
package SSOTest::Duties;

# What every store must do, seen from a browser: the same questions for each.
#
#     my $t = SSOTest->new(conf => SSOTest::Duties::conf('socache:shmcb'), prepare => \&SSOTest::Duties::prepare);
#     SSOTest::Duties::check($t);

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Logout;

use constant { IDLE_S => 4, MANY => 12 };

sub conf
{
    my ($store) = @_;

    return "SAMLSessionStore $store\n" . SSOTest::saml_conf() . <<"CONF";
<SAMLApplication open>
    SAMLIdentifier https://app.example/open
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/open/acs
    SAMLIdPInitiated on
    SAMLSessionIdle @{[IDLE_S]}s
</SAMLApplication>
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/open">
    AuthType SAML
    SAMLApplication open
    Require valid-user
</Location>
CONF
}

sub prepare
{
    my ($t) = @_;

    $t->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app open);
    return;
}

sub is_in { my ($browser, $path) = @_; return $browser->get($path)->body eq 'in ' . substr $path, 1 }

# All that the jar has of a session, to be laid into another.
sub stolen
{
    my ($t, $browser, $name) = @_;
    my $thief = $t->browser;

    $thief->set_cookie($_, $browser->cookie($_)) for grep { /^\Q$name\E(?:\.[1-9])?$/ } $browser->cookie_names;
    return $thief;
}

sub _sessions
{
    my ($t) = @_;
    my @browsers = map { $t->signed_on('/app', user => "user$_") } 1 .. MANY;

    ok is_in($browsers[$_], '/app'), "user $_ is in" for 0 .. $#browsers;
    is $browsers[2]->fetch('/saml/me')->json->{nameid}, 'user3@example.org', 'each with a session of his own';
    my $big = $t->signed_on('/app', user => 'big', groups => [map { sprintf 'group-%04d', $_ } 1 .. 100]);
    my $me = $big->fetch('/saml/me')->json;
    is $me->{nameid}, 'big@example.org', 'one with a hundred groups';
    is scalar(grep { $_ eq 'group-0100' } map { ref ? @$_ : $_ } values %{ $me->{attributes} || $me->{claims} || {} }), 1, 'has all of them';
    my $forged = $t->browser;
    $forged->set_cookie('saml', 'F' x 43);
    ok !is_in($forged, '/app'), 'a cookie that is none of ours opens nothing';
    return;
}

sub _logout
{
    my ($t) = @_;
    my $browser = $t->signed_on('/app');
    my $kept = stolen($t, $browser, 'saml');

    ok is_in($kept, '/app'), 'a copy of the cookie is as good as it';
    is $browser->get('/saml/logout')->status, 200, 'logout';
    is join(' ', grep { /^saml(?:\.\d)?$/ } $browser->cookie_names), '', 'takes every cookie of the session';
    ok !is_in($browser, '/app'), 'ends it';
    ok !is_in($kept, '/app'), 'also for who kept a copy';
    is $browser->get('/saml/logout')->status, 200, 'and may be asked for again';
    ok is_in($t->signed_on('/app'), '/app'), 'the next sign-on is a new one';
    return;
}

sub _named
{
    my ($t) = @_;
    my $idp = SSOTest::Logout->new($t, issuer => SSOTest::IdP::ISSUER, name_id => 'ada@example.org', lower => JSON::PP::true());
    my ($one, $two, $bob) = map { $t->signed_on('/app', user => $_) } qw(ada ada bob);

    is $idp->deliver($idp->message(by => 'post'))->status, 200, 'the identity provider ends a user';
    ok !is_in($one, '/app') && !is_in($two, '/app'), 'all of his sessions';
    ok is_in($bob, '/app'), "and nobody else's";
    like $t->httpd->log_text, qr/asked for by the identity provider .* sessions ended: \d/, 'and says how many';
    ok is_in($t->signed_on('/app', user => 'ada'), '/app'), 'he may come again';
    return;
}

sub _replay
{
    my ($t) = @_;
    my %request = (acs => $t->url('/saml/open/acs'), issuer => 'https://app.example/open');
    my $response = $t->response_to(\%request);

    is $t->deliver($t->browser, \%request, $response)->status, 303, 'a response is taken once';
    for my $again (1 .. 3) {
        isnt $t->deliver($t->browser, \%request, $response)->status, 303, "not again ($again)";
        $t->refused('replay');
        $t->httpd->graceful if $again == 2;
    }
    return;
}

# A browser whose session, in use, has lasted longer than its idle time, or nothing. A test that was held up for nearly that long has left
# the session unused: that shows nothing, and it begins again.
sub outlasts
{
    my ($t, $path, $idle) = @_;

    for (1 .. 5) {
        my ($began, $last, $longest, $in) = (time, time, 0, 1);
        my $browser = $t->signed_on($path);
        while ($in && time - $began < $idle + 2) {
            sleep 0.5;
            my $asks = time;
            $in = is_in($browser, $path);
            $longest = time - $last if time - $last > $longest;
            $last = $asks;
        }
        return $browser if $in;
        last if $longest < $idle - 1;
    }
    return;
}

sub _idle
{
    my ($t) = @_;
    my $lazy = $t->signed_on('/open');
    my $busy = outlasts($t, '/open', IDLE_S);

    ok $busy, 'a session in use lasts longer than its idle time';
    ok !is_in($lazy, '/open'), 'one that is not used does not';
    $busy->get('/saml/open/logout');
    ok !is_in($busy, '/open'), 'after its renewals it can be ended';
    return;
}

# What was ended stays so over whatever becomes of httpd; whether sessions live is for the caller to know.
sub over_restarts
{
    my ($t, $stays, @ways) = @_;
    my ($in, $out, $named) = map { $t->signed_on('/app', user => $_) } qw(ada ada bob);
    my $kept = stolen($t, $out, 'saml');

    $out->get('/saml/logout');
    for my $how (@ways) {
        $t->httpd->$how;
        is is_in($in, '/app'), !!$stays, ($stays ? 'a session lives' : 'no session lives') . " over: $how";
        ok !is_in($kept, '/app'), "one that was ended does not come back: $how";
    }
    ok is_in($t->signed_on('/app'), '/app'), 'and a new one begins';
    return;
}

# @but: names of those that another test of the same store has.
sub check
{
    my ($t, @but) = @_;
    my @duties = (sessions => \&_sessions, logout => \&_logout, 'logout by name' => \&_named, replay => \&_replay, 'idle time' => \&_idle);

    while (my ($name, $duty) = splice @duties, 0, 2) {
        subtest $name => $duty, $t if !grep { $_ eq $name } @but;
    }
    return;
}

1;
