#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionLimit: a full store refuses sign-ons with a page and a line in the log, and nobody loses his session for it.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;

my $full = qr/is full: SAMLSessionLimit \d+, and there are \d+ sessions; nothing was dropped for it; mend: raise SAMLSessionLimit/;
my $high = qr/session store \S+ is nearly full: \d+ sessions, and SAMLSessionLimit is \d+, at which new sign-ons are refused; mend: /;

sub is_in { my ($browser) = @_; return $browser->get('/app')->body eq 'in app' }

sub server
{
    my ($store, $limit, %more) = @_;

    return SSOTest->new(prepare => sub { $_[0]->httpd->write_file('htdocs/app', 'in app', 0644) },
        conf => "SAMLSessionStore $store\nSAMLSessionLimit $limit\n" . saml_conf(%more) . <<'CONF');
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
CONF
}

# What a browser gets that signs on, refused or not.
sub try_to_sign_on
{
    my ($t, $user) = @_;
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));

    return ($browser, $t->deliver($browser, $request, $t->response_to($request, user => $user)));
}

for my $store ('lmdb:@ROOT@/sessions', 'cookie:lmdb:@ROOT@/sessions') {
    subtest $store => sub {
        my $t = server($store, 3);
        my @in = map { $t->signed_on('/app', user => "user$_") } 1 .. 3;

        my ($late, $reply) = try_to_sign_on($t, 'late');
        $t->refused('store');
        is $reply->status, 503, 'the fourth is refused';
        like $reply->header('Retry-After'), qr/^\d+$/, 'and told when to come again';
        like $reply->body, qr/<h1>Too many people are signed in<\/h1>/, 'by a page that says why';
        like $reply->body, qr/Nobody who is signed in is affected/, 'in words for him';
        is scalar(grep { /^saml(?:\.\d)?$/ } $late->cookie_names), 0, 'he has no cookie of a session';
        like $t->httpd->log_text, qr/\[saml_sso:error\].* login refused \[store\].*$full/, 'the log says what to do';
        is scalar(grep { is_in($_) } @in), 3, 'who is in stays in';
        $t->httpd->graceful;
        is scalar(grep { is_in($_) } @in), 3, 'also over a reload';
        ok is_in($in[0]), 'and goes on';

        is $in[1]->get('/saml/logout')->status, 200, 'one goes';
        ok is_in($t->signed_on('/app', user => 'late')), 'and makes room';
        try_to_sign_on($t, 'later');
        $t->refused('store');
        $t->tolerate_log(qr/$full/);
        like $t->httpd->log_text, $high, 'the log has warned before';
        $t->tolerate_log($high);
        $t->finish;
    };
}

subtest 'a sign-on in the place of another' => sub {
    my $t = server('lmdb:@ROOT@/sessions', 1);
    my $browser = $t->signed_on('/app', user => 'ada');
    my $before = $browser->fresh;
    my $request = $t->request_of($browser->get('/saml/login?target=/app'));

    $t->tolerate_log($high);
    $before->set_cookie(saml => $browser->cookie('saml'));
    ok is_in($before), 'who is in';
    is $t->deliver($browser, $request, $t->response_to($request, user => 'ada'))->status, 303, 'needs no room of its own';
    ok is_in($browser), 'and opens';
    ok !is_in($before), 'and the other has ended';
    $t->finish;
};

subtest 'what has ended takes no place' => sub {
    my $t = server('lmdb:@ROOT@/sessions', 2, SAMLSessionIdle => '2s');
    my @in = map { $t->signed_on('/app', user => "user$_") } 1 .. 2;
    my $end = time + 2.2;

    $t->tolerate_log($high);
    sleep 0.1 while time < $end;
    my (undef, $reply) = try_to_sign_on($t, 'late');
    is $reply->status, 303, 'a sign-on after their time is taken';
    is scalar(grep { is_in($_) } @in), 0, 'they are gone';
    $t->finish;
};

subtest 'the warning' => sub {
    my $t = server('lmdb:@ROOT@/sessions', 10);
    my $said = sub { my @lines = $t->httpd->log_text =~ /$high/g; scalar @lines };
    my @in = map { $t->signed_on('/app', user => "user$_") } 1 .. 8;

    is $said->(), 0, 'not at eight of ten';
    push @in, $t->signed_on('/app', user => 'user9');
    is $said->(), 1, 'at nine of ten';
    push @in, $t->signed_on('/app', user => 'user10');
    is $said->(), 1, 'once';
    $t->httpd->graceful;
    $in[9]->get('/saml/logout');
    $t->signed_on('/app', user => 'user10');
    is $said->(), 1, 'over generations';
    $_->get('/saml/logout') for @in[0 .. 5];
    $t->signed_on('/app', user => 'again');          # under eight of ten: it holds no more
    sleep 1.1;
    push @in, map { $t->signed_on('/app', user => "late$_") } 1 .. 5;
    is $said->(), 2, 'again after it was under eight of ten';
    $t->tolerate_log($high);
    $t->finish;
};

done_testing;
