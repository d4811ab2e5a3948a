#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLSessionStore cookie: what every store does, what the browser carries, and what it cannot make of it.
use strict;
use warnings;
use Test::More;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Duties;
use SSOTest::Redis;

my ($first, $second) = map { unpack 'H*', join '', map { chr int rand 256 } 1 .. 32 } 1 .. 2;
my $t = SSOTest->new(backend => 1, modules => [qw(proxy proxy_http)],
    conf => SSOTest::Duties::conf('cookie') . "SAMLSecret \"\@ROOT\@/secret\"\nProxyPass /app/behind http://\@BACKEND\@/\n"
        . "<SAMLApplication slow>\nSAMLIdentifier https://app.example/slow\nSAMLReplyURL http://127.0.0.1:\@PORT\@/saml/slow/acs\nSAMLSessionIdle 15s\n"
        . "</SAMLApplication>\n<Location /slow>\nAuthType SAML\nSAMLApplication slow\nRequire valid-user\n</Location>\n",
    prepare => sub {
        my ($self) = @_;
        SSOTest::Duties::prepare($self);
        $self->httpd->write_file('secret', "$first\n", 0600);
        $self->httpd->write_file('htdocs/slow', 'in slow', 0644);
    });
my $groups = sub { my ($n) = @_; return [map { join '-', map { sprintf '%04x%04x', rand 65536, rand 65536 } 1 .. 4 } 1 .. $n] };

sub is_in { return SSOTest::Duties::is_in(@_) }
sub parts { my ($browser) = @_; return grep { /^saml(?:\.\d)?$/ } $browser->cookie_names }

SSOTest::Duties::check($t);

subtest 'what is carried' => sub {
    my $small = $t->signed_on('/app', user => 'ada');
    is join(' ', parts($small)), 'saml', 'a small session takes one cookie';
    unlike $small->cookie('saml'), qr/ada/, 'that says nothing';
    my $big = $t->signed_on('/app', groups => $groups->(135));
    is join(' ', parts($big)), 'saml saml.1', 'a larger one two';
    cmp_ok length($big->cookie($_)), '<', 4000, "$_ is under 4 KB" for parts($big);
    ok is_in($big, '/app'), 'and they are one session';
    $t->login($big, '/saml/login?target=/app');
    is join(' ', parts($big)), 'saml', 'a smaller one after it takes the second away';
    ok is_in($big, '/app'), 'and is good';

    my $backend = $t->signed_on('/app', groups => $groups->(135));
    my $other = $t->browser;
    $other->set_cookie('saml', $backend->cookie('saml'));
    ok !is_in($other, '/app'), 'half of a session is none';
    $other->set_cookie('saml.1', $t->signed_on('/app', groups => $groups->(135))->cookie('saml.1'));
    ok !is_in($other, '/app'), 'nor are halves of two';
    my $swapped = $t->browser;
    $swapped->set_cookie('saml', $backend->cookie('saml.1'));
    $swapped->set_cookie('saml.1', $backend->cookie('saml'));
    ok !is_in($swapped, '/app'), 'nor the second before the first';
    my $mixed = SSOTest::Duties::stolen($t, $backend, 'saml');
    $mixed->set_cookie("saml.$_", substr $big->cookie('saml'), 2, 40) for 2 .. 9;
    ok is_in($mixed, '/app'), 'what else lies under such names does not matter';
    $mixed->set_cookie($_, "own-$_") for qw(theme saml.10 saml.x samlet);
    my $seen = $mixed->get('/app/behind')->body;
    is join(' ', sort map { /^(.*?)=/ } split /; /, $seen =~ /^Cookie: (.*)$/mi ? $1 : ''), 'saml.10 saml.x samlet theme',
        'the application gets the cookies that are its own, and none of ours';
    my $bent = SSOTest::Duties::stolen($t, $small, 'saml');
    (my $text = $bent->cookie('saml')) =~ s/(.)(.)$/$1 . ($2 eq 'A' ? 'E' : 'A')/e;
    $bent->set_cookie('saml', $text);
    ok !is_in($bent, '/app'), 'nor one that was altered';
    my $moved = $t->browser;
    $moved->set_cookie('saml-open', $small->cookie('saml'));
    ok !is_in($moved, '/open'), "nor another application's";
};

subtest 'too large' => sub {
    my $browser = $t->browser;
    my $reply = $t->sign_on($browser, '/app', groups => $groups->(400));
    isnt $reply->status, 303, 'a session that does not fit is refused';
    $t->refused('too-large', qr/session: expected at most \d+ octets in at most \d cookies, got \d+ in \d+; mend: /);
    is join(' ', parts($browser)), '', 'without a cookie';
    my $in = $t->signed_on('/app', groups => $groups->(135));
    my $before = join ' ', map { $in->cookie($_) } parts($in);
    isnt $t->sign_on($in, '/saml/login?target=/app', groups => $groups->(400))->status, 303, 'who is in and would get such a one';
    $t->refused('too-large');
    is join(' ', map { $in->cookie($_) } parts($in)), $before, 'keeps the cookies that he had';
    ok is_in($in, '/app'), 'and the session';
};

subtest 'renewal' => sub {
    my $began = time;
    my $browser = $t->signed_on('/slow');
    my $before = $browser->cookie('saml-slow');
    my $anew = $browser->get('/slow')->header('Set-Cookie');
    ok !defined $anew || time - $began >= 1.5, 'at first nothing is sent anew';
    sleep 1.6;
    my $reply = $browser->get('/slow');
    like $reply->header('Set-Cookie') // '', qr/^saml-slow=/, 'after a tenth of the idle time the cookie is';
    like $reply->header('Cache-Control') // '', qr/private/, 'in an answer that nobody keeps for others';
    isnt $browser->cookie('saml-slow'), $before, 'it is another';
    my $old = $t->browser;
    $old->set_cookie('saml-slow', $before);
    ok is_in($old, '/slow'), 'the one before is good until its own idle end';
    $browser->get('/saml/slow/logout');
    $old->set_cookie('saml-slow', $before);
    ok !is_in($old, '/slow'), 'logout ends that one too';
};

subtest 'another secret' => sub {
    my $browser = $t->signed_on('/app');
    my $old = $browser->cookie('saml');

    $t->httpd->write_file('secret', "$second\n$first\n", 0600);
    $t->httpd->graceful;
    ok is_in($browser, '/app'), 'what the older one sealed opens';
    my $open = $t->signed_on('/app');
    $t->httpd->write_file('secret', "$second\n", 0600);
    $t->httpd->graceful;
    ok is_in($open, '/app'), 'the newer one seals';
    ok !is_in($browser, '/app'), 'and once the older one has gone, what it sealed is nothing';
};

subtest 'over a restart' => sub {
    my ($in, $out) = map { $t->signed_on('/app') } 1 .. 2;
    my $kept = SSOTest::Duties::stolen($t, $out, 'saml');
    $out->get('/saml/logout');
    ok $t->httpd->restart, 'httpd stops and starts';
    ok is_in($in, '/app'), 'a session lives';
    ok !is_in($kept, '/app'), 'one that was ended does not';
};

$t->finish;

sub told
{
    my ($port, @commands) = @_;
    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 5) || die "$port: $!";

    print {$socket} map { "$_\r\n" } @commands;
    return join '', map { scalar readline $socket } @commands;
}

# What two nodes share, by the options of a Redis store. Each has what the other ended and used.
subtest 'a Redis behind it' => sub {
    my $redis = SSOTest::Redis->start(dir => $t->httpd->{dir} . '/redis');
    my $conf = SSOTest::Duties::conf('cookie:redis://127.0.0.1:' . $redis->port . '/2 "auth=@ROOT@/password"')
        . "SAMLSecret \"\@ROOT\@/secret\"\n";
    like told($redis->port, 'CONFIG SET requirepass not-said'), qr/OK/, 'Redis asks for a password';
    my ($one, $two) = map {
        SSOTest->new(conf => $conf, prepare => sub {
            my ($self) = @_;
            SSOTest::Duties::prepare($self);
            $self->httpd->write_file('secret', "$first\n", 0600);
            $self->httpd->write_file('password', "not-said\n", 0600);
        })
    } 1 .. 2;

    my ($browser, $other) = map { $one->signed_on('/app', user => $_) } qw(ada bob);
    my $kept = $two->browser;
    $kept->set_cookie('saml', $browser->cookie('saml'));
    ok is_in($kept, '/app'), 'a session of one node is one on the other';
    is $browser->get('/saml/logout')->status, 200, 'logout on one';
    ok !is_in($kept, '/app'), 'ends it on the other, for a copy of the cookie, too';
    ok is_in($other, '/app'), 'and no other session';
    my %request = (acs => $one->url('/saml/open/acs'), issuer => 'https://app.example/open');
    my $response = $one->response_to(\%request);
    is $one->deliver($one->browser, \%request, $response)->status, 303, 'a response is used on one';
    isnt $one->deliver($one->browser, \%request, $response)->status, 303, 'not again';
    $one->refused('replay');
    like told($redis->port, 'AUTH not-said', 'SELECT 2', 'DBSIZE'), qr/:[1-9]\d*\r?$/, 'all of it in the database that was named';
    $redis->end;
    is $other->get('/app')->status, 503, 'Redis gone: whether it was ended cannot be told, so nobody is let in';
    like $one->httpd->log_text, qr/login refused \[store\]/, 'the log says so';
    # At which level depends on who asked first, a request or a sweep.
    $_->tolerate_log(qr/the session store redis:\S+ .* expected to connect within|login refused \[store\]/) for $one, $two;
    $_->finish for $one, $two;
};

done_testing;
