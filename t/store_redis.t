#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore redis and rediss, over a real Redis: what every store does; who we are there and whom we believe; what a Redis that is
# not fit for sessions, or is not there, comes to; what it may have lost. Under load: t/nodes_outage.t.
use strict;
use warnings;
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Ports;
use SSOTest::Duties;
use SSOTest::Redis;

# What this test asks of the time: a machine with other things to do answers later.
use constant { TIMEOUT_S => 1, SLACK_S => $ENV{SSO_SANITIZED} ? 8 : 3 };

my $folder = File::Temp->newdir('store_redis-XXXXXXXX', TMPDIR => 1);

sub is_in { return SSOTest::Duties::is_in(@_) }

sub server
{
    my ($store, %o) = @_;

    return SSOTest->new(conf => SSOTest::Duties::conf("$store timeout=" . ($o{timeout} || TIMEOUT_S * 1000 . 'ms')),
        prepare => \&SSOTest::Duties::prepare);
}

sub file
{
    my ($name, $text) = @_;

    open my $to, '>', "$folder/$name" or die "$name: $!";
    print {$to} $text;
    close $to or die "$name: $!";
    chmod 0600, "$folder/$name";
    return "$folder/$name";
}

sub certificate
{
    my ($name, @more) = @_;

    SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj',
        "/CN=$name", '-keyout', "$folder/$name.key", '-out', "$folder/$name.pem", @more);
    return;
}

# The page and what a script gets where nothing can be looked up.
sub refused_with_503
{
    my ($t, $browser, $what) = @_;
    my $from = time;
    my $reply = $browser->get('/app');

    is $reply->status, 503, "$what: 503";
    is $reply->header('Retry-After'), 30, 'with Retry-After';
    like $reply->header('Cache-Control'), qr/no-store/, 'for no cache';
    like $reply->body, qr/<dd>store<\/dd>/, 'and a page that says "store"';
    $reply = $browser->fetch('/app');
    is $reply->status . ' ' . $reply->header('Retry-After'), '503 30', 'a script, too';
    is $reply->json->{reason}, 'store', 'gets that as JSON';
    cmp_ok time - $from, '<', 2 * TIMEOUT_S + SLACK_S, 'in time';
    return;
}

# Each process finds out by itself that Redis answers again: in at all of them, which take turns as they like.
sub until_in
{
    my ($browser, $path) = @_;
    my ($until, $in) = (time + 10 + SLACK_S, 0);

    while ($in < 12 && time < $until) {
        $in = is_in($browser, $path) ? $in + 1 : 0;
        sleep 0.1 if !$in;
    }
    return $in >= 12;
}

my $redis = SSOTest::Redis->start(dir => "$folder/data");
my $address = 'redis://127.0.0.1:' . $redis->port;

subtest 'duties' => sub {
    my $t = server($address, timeout => '20s');
    SSOTest::Duties::check($t);
    $t->finish;
};

# Somebody else writes into Redis. He could be anybody here; what is behind us he reaches by nobody's headers.
subtest 'forged' => sub {
    my $t = server($address, timeout => '20s');
    my $browser = $t->signed_on('/app', user => 'adalovelace');
    my $put = sub {
        my ($from, $to) = @_;
        return $redis->say(qq{EVAL "local n, from, to = 0, '$from', $to for _, k in ipairs(redis.call('KEYS', 'saml-sso:s:*')) do }
            . q{local v = redis.call('GET', k) local at = string.find(v, from, 1, true) }
            . q{while at do redis.call('SETRANGE', k, at - 1, to) n = n + 1 at = string.find(v, from, at + 1, true) end end return n" 0});
    };
    cmp_ok $put->('adalovelace', "'bobhopefull'"), '>', 0, 'a record is written anew';
    is $browser->fetch('/saml/me')->json->{nameid}, 'bobhopefull@example.org', 'and opened';
    cmp_ok $put->('bobhopefull', "'a' .. string.char(13, 10) .. 'X: hopes'"), '>', 0, 'with a line break that it does not tell of';
    is $browser->get('/app')->status, 503, 'it is not';
    $t->refused('store', qr/expected one that says whether it has control characters/);
    $t->finish;
};

subtest 'restarted' => sub {
    my $t = server($address);
    my $browser = $t->signed_on('/app');
    my ($early, $waiting, %nobody) = ($t->browser, $t->browser, acs => $t->url('/saml/open/acs'), issuer => 'https://app.example/open');
    my ($lost, $request) = map { $t->request_of($_->get('/app')) } $early, $waiting;
    my $used = $t->response_to(\%nobody);
    is $t->deliver($t->browser, \%nobody, $used)->header('Location'), '/', 'a response that nobody asked for is taken';
    $t->expect_log(qr/the session store redis:.*; until it answers, requests with a session and sign-ons are answered with 503/);
    $redis->end('TERM');
    refused_with_503($t, $browser, 'gone');
    is $browser->get('/saml/logout')->status, 503, 'nor is it said that a session was ended';
    is $t->deliver($early, $lost, $t->response_to($lost))->status, 503, 'and nobody signs on';
    is $early->cookie('saml'), undef, 'nor has a session';
    $redis->resume;
    ok until_in($browser, '/app'), 'there again: who was signed on still is';
    like $t->httpd->log_text, qr/:notice\].* it was restarted, or another has taken over/, 'the log says so';
    like $t->httpd->log_text, qr/:notice\].* it answers again, after \d+ s/, 'and that it answers';
    my $errors = () = $t->httpd->log_text =~ /until it answers/g;
    cmp_ok $errors, '<=', 16, 'once for each process, not for each request';
    my $reply = $t->deliver($waiting, $request, $t->response_to($request));
    is $reply->status, 303, 'a sign-on begun before';
    like $reply->header('Location'), qr/login\?target=\S*app&again=1$/, 'begins anew';
    is $waiting->cookie('saml'), undef, 'and has no session yet';
    is $t->login($waiting, $reply->header('Location'))->body, 'in app', 'and comes to its end';
    # As a replica that took over without the last that its master was told.
    $redis->say('EVAL "for _, k in ipairs(redis.call(\'KEYS\', \'saml-sso:u:*\')) do redis.call(\'DEL\', k) end return \'OK\'" 0');
    my $thief = $t->browser;
    like $t->deliver($thief, \%nobody, $used)->header('Location'), qr/again=1$/, 'a used response that Redis has forgotten is not taken';
    is $thief->cookie('saml'), undef, 'nor makes a session';
    $t->tolerate_log(qr/refused \[store\]/);
    $t->finish;
};

subtest 'hangs' => sub {
    my $t = server($address);
    my $browser = $t->signed_on('/app');
    $t->expect_log(qr/expected an answer within 1000 ms, got: no answer in time; until it answers/);
    $t->tolerate_log(qr/refused \[store\]/);
    $redis->freeze;
    refused_with_503($t, $browser, 'hangs');
    $redis->thaw;
    ok until_in($browser, '/app'), 'goes on: who was signed on still is';
    $t->finish;
};

subtest 'not fit' => sub {
    my @cases = (
        [ 'CONFIG SET maxmemory 100mb', 'CONFIG SET maxmemory-policy allkeys-lru', qr/expected maxmemory-policy noeviction/ ],
        [ 'CONFIG SET maxmemory-policy noeviction', 'REPLICAOF 127.0.0.1 1', qr/expected the master, got role "slave"/ ],
        [ 'REPLICAOF NO ONE', 'CONFIG SET requirepass secret', qr/without a password \(auth=FILE\), got "NOAUTH/ ],
    );
    my $t = server($address);
    my $browser = $t->signed_on('/app');
    for my $case (@cases) {
        my ($mend, $break, $says) = @$case;
        $redis->say($mend);
        $redis->say($break);
        $t->httpd->graceful;
        $t->expect_log(qr/:error\].*$says.*; httpd starts all the same; until this is mended, requests with a session/);
        $t->tolerate_log($says);
        my $until = time + 10;
        sleep 0.1 while $browser->get('/app')->status != 503 && time < $until;
        is $browser->get('/app')->status, 503, "$break: nobody is let in";
    }
    $redis->end('TERM');
    $redis->resume;
    ok until_in($browser, '/app'), 'mended: who was signed on still is';
    $t->finish;
};

subtest 'who we are' => sub {
    my $private = SSOTest::Redis->start(dir => "$folder/private", options => ['--save', '']);
    my ($right, $wrong) = (file(right => "correct horse\n"), file(wrong => "battery\n"));
    # What the manual says that a user needs.
    is $private->say('ACL SETUSER sso on >"correct horse" resetchannels ~saml-sso:* -@all +@read +@write +@scripting +@connection -@dangerous '
        . '+info +time'), 'OK', 'Redis has a user for us';
    my $t = server('redis://sso@127.0.0.1:' . $private->port . "/0 auth=$right");
    ok is_in($t->signed_on('/app'), '/app'), 'signed on with user and password';
    $t->finish;
    $private->say('CONFIG SET requirepass "correct horse"');
    $t = server('redis://127.0.0.1:' . $private->port . "/2 auth=$right");
    $t->expect_log(qr/:warn\].*expected a Redis that keeps its data on disk, found one that does not: all sessions end when it restarts/);
    ok is_in($t->signed_on('/app'), '/app'), 'with the password alone, in a database of its own';
    $t->finish;
    $t = server('redis://sso@127.0.0.1:' . $private->port . " auth=$wrong");
    $t->expect_log(qr/expected Redis to take the password of auth=, got "WRONGPASS.*; httpd starts all the same/);
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));
    is $t->deliver($browser, $request, $t->response_to($request))->status, 503, 'with a wrong one nobody signs on';
    like $t->httpd->log_text, qr/login refused \[store\].*WRONGPASS/, 'and the log says why';
    $t->tolerate_log(qr/WRONGPASS/);
    unlike $t->httpd->log_text, qr/horse|battery/, 'and no password is in the log';
    $t->finish;
};

subtest 'rediss' => sub {
    certificate(authority => '-addext', 'keyUsage=keyCertSign');
    certificate(other => '-addext', 'keyUsage=keyCertSign');
    certificate(server => '-CA', "$folder/authority.pem", '-CAkey', "$folder/authority.key", '-addext', 'subjectAltName=IP:127.0.0.1',
        '-addext', 'basicConstraints=critical,CA:FALSE');
    my ($port) = SSOTest::Ports::free(1);
    my $private = SSOTest::Redis->start(dir => "$folder/tls", options => ['--tls-port', $port, '--tls-cert-file', "$folder/server.pem",
        '--tls-key-file', "$folder/server.key", '--tls-ca-cert-file', "$folder/authority.pem", '--tls-auth-clients', 'no']);
    my $t = server("rediss://127.0.0.1:$port ca=$folder/authority.pem", timeout => '10s');
    ok is_in($t->signed_on('/app'), '/app'), 'with the authority that signed its certificate';
    $t->finish;
    for my $case (["127.0.0.1:$port ca=$folder/other.pem", 'another authority', qr/unable to get local issuer certificate|self.signed/],
        ["127.0.0.1:$port", "the system's authorities", qr/unable to get local issuer certificate|self.signed/],
        ["localhost:$port ca=$folder/authority.pem", 'another name', qr/hostname mismatch/]) {
        my ($where, $what, $says) = @$case;
        $t = server("rediss://$where", timeout => '10s');
        $t->expect_log(qr/expected TLS with a certificate for .* that we believe, got: .*$says/);
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app'));
        is $t->deliver($browser, $request, $t->response_to($request))->status, 503, "with $what nobody signs on";
        like $t->httpd->log_text, qr/login refused \[store\].*$says/, 'and the log says why';
        $t->tolerate_log($says);
        $t->finish;
    }
};

done_testing;
