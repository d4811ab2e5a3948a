#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore socache: what every store does, in shmcb; which caches are refused.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Duties;

sub server
{
    my ($store, $modules, $more) = @_;

    return SSOTest->new(modules => $modules, conf => SSOTest::Duties::conf($store) . ($more // ''), prepare => \&SSOTest::Duties::prepare);
}

my $caveat = qr/SAMLSessionStore in .*: expected a store that keeps what it is given, found/;

sub ended_by_command
{
    my ($user, $folder) = @_;

    open my $out, '-|', $ENV{SSO_CLI}, 'sessions', '--end', $user, '--store', "lmdb:$folder" or die "$ENV{SSO_CLI}: $!";
    return join '', <$out>;
}

subtest 'shmcb' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(6500000)', ['socache_shmcb']);
    $t->expect_log(qr/$caveat shmcb, whose sessions end when httpd is stopped; mend: lmdb on one server, redis:\/\/ on several(?:\n|$)/);
    SSOTest::Duties::check($t);
    SSOTest::Duties::over_restarts($t, 1, 'graceful', 'graceful');
    my ($eva, $bob) = map { $t->signed_on('/app', user => $_) } qw(eva bob);
    my ($index) = glob "$t->{httpd}{dir}/run/saml-sso-index-*";
    is ended_by_command('eva@example.org', $index), "1 session of eva\@example.org ended\n", 'by the index the command ends all of a user';
    ok !SSOTest::Duties::is_in($eva, '/app'), 'who is out';
    ok SSOTest::Duties::is_in($bob, '/app'), 'and nobody else';
    SSOTest::Duties::over_restarts($t, 0, 'restart');
    $t->finish;
};

# As with the default store: what may have been used before the file of used IDs was lost is not taken.
subtest 'used IDs are lost' => sub {
    my $t = server('socache:shmcb:@ROOT@/run/sessions(1024000)', ['socache_shmcb']);
    my %request = (acs => $t->url('/saml/open/acs'), issuer => 'https://app.example/open');
    my $response = $t->response_to(\%request);
    my $browser = $t->browser;

    $t->expect_log(qr/$caveat shmcb/);
    $t->deliver($browser, \%request, $response);
    ok SSOTest::Duties::is_in($browser, '/open'), 'a response lets somebody in';
    $t->httpd->stop;
    my ($file) = glob "$t->{httpd}{dir}/run/saml-sso-used-*/data.mdb";
    open my $out, '>', $file or die "$file: $!";
    print {$out} 'x' x 8192;
    close $out or die "$file: $!";
    $t->expect_log(qr/\[saml_sso:warn\].* the session store .* is damaged \(.*\); the file was moved aside/);
    $t->httpd->start;
    $browser = $t->browser;
    $t->deliver($browser, \%request, $response);
    ok !SSOTest::Duties::is_in($browser, '/open'), 'and nobody when the store has lost what was used';
    $t->finish;
};

subtest 'a small one is told of at the start' => sub {
    my $small = qr/stopped and which takes \d+ sign-ons within SAMLSessionLifetime, so that one user who signs on again and again keeps all others out/;
    my @cases = (['', '', 83], ['(65536)', '', 10], ['(65536)', 'SAMLSessionLimit 11', 10], ['(65536)', 'SAMLSessionLimit 10', 0], ['(7000000)', '', 0]);

    for my $case (@cases) {
        my ($size, $limit, $says) = @$case;
        my $one = SSOTest->new(modules => ['socache_shmcb'], start => 0,
            conf => SSOTest::Duties::conf('socache:shmcb' . ($size && ":\@ROOT\@/run/s$size")) . "$limit\n");
        my ($code, $text) = $one->httpd->configtest;
        is $code, 0, "'$size' $limit";
        my ($told) = $text =~ $small ? $text =~ /which takes (\d+) sign-ons/ : 0;
        is $told, $says, 'how many it takes';
    }
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

done_testing;
