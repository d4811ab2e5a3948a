#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Ways around: headers that Connection names, ErrorDocument before the scrub, mod_cache before authentication, redirects from one
# application to the next, one identifier at two identity providers, several cookies of one name, a browser without cookies.
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use SSOTest;

my $other = 'https://sts.windows.net/99999999-2222-4333-8444-555555555555/';
my $t = SSOTest->new(backend => 1, ports => 1, modules => [qw(proxy proxy_http cache cache_disk)],
    prepare => sub {
        my ($self) = @_;
        my $page = $self->httpd->write_file('htdocs/kept.txt', 'behind the sign-on', 0644);
        utime time - 864000, time - 864000, $page;
        $self->httpd->write_file('htdocs/open.txt', 'for all', 0644);
        utime time - 864000, time - 864000, $self->dir . '/htdocs/open.txt';
        mkdir $self->dir . '/cache';
        chmod 0777, $self->dir . '/cache';
        $self->idp->make_key('other');
    },
    conf => saml_conf() . <<"CONF" . "<VirtualHost 127.0.0.1:\@PORT1\@>\n" . saml_conf(SAMLIdPIdentifier => $other,
ErrorDocument 400 /open/bad
ErrorDocument 417 /open/unexpected
CacheEnable disk /
CacheRoot \@ROOT\@/cache
CacheHeader on
<SAMLApplication second>
    SAMLIdPIdentifier $other
    SAMLLoginURL https://login.example/saml2
    SAMLCertificate "\@ROOT\@/other.cer"
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/second/acs
    SAMLIdentifier https://second.example/saml
</SAMLApplication>
ProxyPass /app http://\@BACKEND\@/app
ProxyPass /open http://\@BACKEND\@/open
ProxyPass /pass http://\@BACKEND\@/pass
<LocationMatch "^/(app|kept)">
    AuthType SAML
    Require valid-user
</LocationMatch>
<Location "/pass">
    AuthType SAML
    SAMLUnauthenticated pass
    Require valid-user
</Location>
<Location "/second">
    AuthType SAML
    SAMLApplication second
    Require valid-user
    ErrorDocument 404 /pass/x
</Location>
Listen 127.0.0.1:\@PORT1\@
CONF
        SAMLCertificate => '"@ROOT@/other.cer"', SAMLReplyURL => 'http://127.0.0.1:@PORT1@/saml/acs') . <<'CONF');
    <Location "/kept.txt">
        AuthType SAML
        Require valid-user
    </Location>
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT1@>
    ServerName sibling.example
    SAMLReplyURL https://sibling.example/saml/acs
    SAMLCookie sibling
</VirtualHost>
CONF

sub raw
{
    my ($port, @lines) = @_;
    my $to = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port, Timeout => 30) or die "connect: $!";

    print {$to} join("\r\n", @lines, '', '');
    local $/;
    return readline($to) // '';
}

my $browser = $t->signed_on('/app/');
my $port = $t->httpd->port;
my @cookie = ('Host: 127.0.0.1', 'Cookie: saml=' . $browser->cookie('saml'));

subtest 'Connection names our headers' => sub {
    for my $list ('X-Remote-User, X-Remote-Groups', 'x-remote-user,X-REMOTE-GROUPS', 'X-Remote-User X-Remote-Groups',
        "X-Remote-User\t,;, X-Remote-Groups", '"X-Remote-User", X-Remote-Groups') {
        my $reply = raw($port, 'GET /app/ HTTP/1.1', @cookie, "Connection: close, $list, X-Theirs", 'X-Theirs: stays here');
        like $reply, qr/^X-Remote-User: ada\@example\.org\r?$/m, "$list: the user arrives";
        like $reply, qr/^X-Remote-Groups: group-one;group-two\r?$/m, 'and the groups';
        unlike $reply, qr/stays here/, 'what is not ours is hop-by-hop as ever';
    }
};

subtest 'ErrorDocument of a request that was refused early' => sub {
    my $reply = raw($port, 'GET /x HTTP/1.1', 'X-Remote-User: evil', 'Connection: close');
    like $reply, qr{^GET /open/bad }m, 'no Host: the backend answers';
    unlike $reply, qr/evil/, 'and sees nothing of what the client sent';
    $reply = raw($port, 'GET /x HTTP/1.1', 'X_Remote.User: evil', 'Expect: wonders', @cookie, 'Connection: close');
    like $reply, qr{^GET /open/unexpected }m, 'bad Expect: the backend answers';
    unlike $reply, qr/evil|saml=/, 'and sees nothing, nor our cookie';
};

subtest 'mod_cache' => sub {
    for my $turn (1, 2) {
        is $browser->get('/open.txt')->body, 'for all', "an open page, $turn";
        is $browser->get('/kept.txt')->body, 'behind the sign-on', "a guarded one, $turn";
    }
    like $browser->get('/open.txt')->header('X-Cache'), qr/^HIT/, 'the open page comes from the cache';
    my $reply = $t->browser->get('/kept.txt');
    ok $reply->form, 'who has no session gets the sign-on page';
    unlike $reply->body, qr/behind/, 'and not the other';
};

subtest 'from a place of one application to a place of the next' => sub {
    my $partner = $t->browser;
    my $request = $t->request_of($partner->get('/second/x'));
    is $t->deliver($partner, $request, $t->response_to($request, issuer => $other, signer => 'other', user => 'eve'))->status, 303,
        'signed on at the second';
    my $reply = $partner->get('/second/x');
    like $reply->body, qr{^GET /pass/x }m, 'whose error page lets anybody through';
    unlike $reply->body, qr/eve/, 'without what the second knows of him';
};

subtest 'one identifier, two identity providers, one store' => sub {
    my $at_other = SSOTest::Browser->new(base => 'http://127.0.0.1:' . $t->httpd->port(1));
    my $request = $t->request_of($at_other->get('/kept.txt'));
    is $t->deliver($at_other, $request, $t->response_to($request, issuer => $other, signer => 'other', user => 'eve'))->status, 303,
        'signed on at the other virtual host';
    is $at_other->get('/kept.txt')->body, 'behind the sign-on', 'where the session is good';
    my $here = $t->browser;
    $here->set_cookie('saml', $at_other->cookie('saml'));
    ok $here->get('/kept.txt')->form, 'here it is none';
};

subtest 'several cookies of one name' => sub {
    my $good = 'saml=' . $browser->cookie('saml');
    for my $cookies ("saml=; $good", "saml=" . 'A' x 43 . "; $good", "$good; saml=x", "saml=x; saml=y; $good") {
        my $reply = raw($port, 'GET /app/ HTTP/1.1', 'Host: 127.0.0.1', "Cookie: $cookies; theirs=1", 'Connection: close');
        like $reply, qr/^X-Remote-User: ada\@example\.org\r?$/m, 'the live one counts';
        like $reply, qr/^Cookie: theirs=1\r?$/m, 'none of them goes on';
    }
};

subtest 'a browser that keeps no cookie' => sub {
    my $none = $t->browser;
    my $request = $t->request_of($none->get('/app/', no_cookies => 1));
    my $answer = sub {
        my ($is) = @_;
        return $none->post($is->{acs}, [SAMLResponse => $t->response_to($is), RelayState => $is->{relay_state}], no_cookies => 1);
    };
    my $reply = $answer->($request);
    is $reply->status, 303, 'is sent on once';
    my $second = $t->request_of($none->get($reply->header('Location'), no_cookies => 1));
    is $answer->($second)->status, 403, 'and then told why, without going round';
    $t->refused('state-missing', qr/expected the cookie/);
};

subtest 'a user name that a header would not carry as it is' => sub {
    my $reply = $t->sign_on($t->browser, '/app/', name_id => ' ada@example.org');
    is $reply->status, 303, 'signed on';
    my $spaced = $t->browser;
    $t->sign_on($spaced, '/app/', name_id => ' ada@example.org');
    is $spaced->get('/app/')->status, 403, 'is no user name';
    $t->refused('claim', qr/can be a user name/);
};

subtest 'cookies of a sibling' => sub {
    my $seen = raw($port, 'GET /open/cookies HTTP/1.0', 'Host: 127.0.0.1', 'Cookie: a=1; sibling=x; saml-state-abc=y; b=2; saml-second=z');
    like $seen, qr/^Cookie: a=1; b=2\r?$/m, 'no backend sees the cookies of any application, also of another virtual host';
};

$t->finish;
done_testing;
