#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headers that we may set never come from the client: any spelling, any number, any path, any protocol.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $http2 = SSOTest::Httpd::mpm() ne 'prefork';     # mod_http2 does not run under prefork
my $t = SSOTest->new(backend => 1, tls => 1,
    modules => [qw(proxy proxy_http include filter headers ssl socache_shmcb), $http2 ? 'http2' : ()],
    prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file('htdocs/env.shtml', "<!--#printenv -->\n", 0644);
        $self->httpd->write_file('htdocs/open.shtml', "<!--#printenv -->\n", 0644);
        $self->httpd->write_file('htdocs/outer.shtml', "<!--#include virtual=\"/open.shtml\" -->\n", 0644);
    },
    conf => ($http2 ? "Protocols h2 h2c http/1.1\n" : '') . saml_conf() . <<'CONF');
ProxyPass /app http://@BACKEND@/app
ProxyPass /open http://@BACKEND@/open
ProxyPass /custom http://@BACKEND@/custom
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/custom">
    AuthType SAML
    Require valid-user
    SAMLHeader none
    SAMLHeader X-My_Team groups first
    SAMLHeader X-Subject nameid encode=percent
</Location>
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/env.shtml">
    AuthType SAML
    Require valid-user
</Location>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName first.example
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName bare.example
    SAMLHeader X-Second-Host email
    ProxyPass /app http://@BACKEND@/app
</VirtualHost>
Listen 127.0.0.1:@TLS_PORT@
SSLSessionCache shmcb:@ROOT@/run/ssl(65536)
<VirtualHost 127.0.0.1:@TLS_PORT@>
    ServerName https://localhost:@TLS_PORT@
    SSLEngine on
    SSLCertificateFile "@ROOT@/tls.cer"
    SSLCertificateKeyFile "@ROOT@/tls.key"
    SAMLReplyURL https://localhost:@TLS_PORT@/saml/acs
</VirtualHost>
CONF

# Every spelling that some server, gateway or CGI folds into X_REMOTE_USER and so on.
my @spellings = qw(X-Remote-User x-remote-user X-REMOTE-USER x_remote_user X_Remote_User X-REMOTE.USER X-Remote_User X.Remote.User
    x-remote.user X_REMOTE-USER x-Remote~User x!remote!user x$remote$user x'remote*user x+remote^user x`remote|user);
my @headers = qw(Email Name Groups);
my @forged = ((map { [$_, 'evil-admin'] } @spellings), ['X-Remote-User', 'evil-twice'],
    map { my $h = $_; map { [$_, 'evil-admin'] } "X-Remote-$h", "x_remote_\L$h", "X-REMOTE.\U$h", "X_Remote_$h" } @headers);

sub without_evil
{
    my ($reply, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 200, "$name: served";
    unlike $reply->body, qr/evil/, "$name: nothing of what the client sent";
    return;
}

my $browser = $t->signed_on('/app/');

subtest 'with a session' => sub {
    my $reply = $browser->get('/app/', headers => \@forged);
    without_evil($reply, 'protected path');
    my @user = $reply->body =~ /^(X.Remote.User: .*)$/gmi;
    is_deeply \@user, ['X-Remote-User: ada@example.org'], 'X-Remote-User is there once, ours';
    my @groups = $reply->body =~ /^(X.Remote.Groups: .*)$/gmi;
    is_deeply \@groups, ['X-Remote-Groups: group-one;group-two'], 'X-Remote-Groups is there once, ours';
    my $env = $browser->get('/env.shtml', headers => \@forged);
    without_evil($env, 'environment');
    is $env->env->{HTTP_X_REMOTE_USER}, 'ada@example.org', 'HTTP_X_REMOTE_USER is ours';
};

subtest 'one at a time' => sub {
    for my $header (@forged) {
        my $reply = $browser->get('/app/', headers => [$header]);
        unlike $reply->body, qr/evil/, "$header->[0]";
        my $open = $t->browser->get('/open/', headers => [$header]);
        unlike $open->body, qr/evil/, "$header->[0] on an unprotected path";
    }
};

subtest 'unprotected paths' => sub {
    without_evil($t->browser->get('/open/x', headers => \@forged), 'without a session');
    without_evil($browser->get('/open/x', headers => \@forged), 'with one');
    unlike $browser->get('/open/x')->body, qr/^X-Remote-User/m, 'where nobody is asked for, no header is set';
    without_evil($t->browser->get('/open.shtml', headers => \@forged), 'environment');
    without_evil($t->browser->get('/outer.shtml', headers => \@forged), 'environment of a subrequest');
    without_evil($t->browser->request('GET', '/open/x', host => 'nobody.example', headers => \@forged), 'unknown Host');
};

subtest 'headers of other places' => sub {
    my @custom = map { [$_, 'evil-admin'] } qw(X-My_Team X-My-Team x_my_team X-Subject x.subject X-Second-Host x_second_host);
    my $reply = $browser->get('/custom/', headers => [@custom, @forged]);
    without_evil($reply, 'the place that sets them');
    like $reply->body, qr/^X-My_Team: group-one$/m, 'first value only';
    like $reply->body, qr/^X-Subject: ada%40example\.org$/m, 'percent-encoded';
    unlike $reply->body, qr/^X-Remote-/m, 'SAMLHeader none clears the default set';
    without_evil($browser->get('/app/', headers => \@custom), 'a place that does not');
    without_evil($t->browser->get('/open/', headers => \@custom), 'an unprotected place');
    without_evil($t->browser->request('GET', '/app/', host => 'bare.example', headers => [@custom, @forged]), 'a virtual host without any application');
};

subtest 'what is not ours passes' => sub {
    my $reply = $browser->get('/app/', headers => [['X-Remote-Users', 'plural'], ['X-RemoteUser', 'joined'], ['X-Remote', 'short'],
        ['X-Forwarded-User', 'other']]);
    like $reply->body, qr/^X-Remote-Users: plural$/m, 'a longer name';
    like $reply->body, qr/^X-RemoteUser: joined$/m, 'a name without separators';
    like $reply->body, qr/^X-Remote: short$/m, 'a shorter name';
    like $reply->body, qr/^X-Forwarded-User: other$/m, 'another name';
};

subtest 'methods' => sub {
    for my $method (qw(POST PUT DELETE PATCH OPTIONS)) {
        my $reply = $t->browser->request($method, '/open/x', headers => \@forged, body => 'a=b', type => 'text/plain');
        without_evil($reply, $method);
    }
};

subtest 'obsolete line folding and empty values' => sub {
    my $reply = $browser->get('/app/', headers => [['X-Remote-User', ''], ['x_remote_user', '']]);
    my @user = $reply->body =~ /^(X.Remote.User:.*)$/gmi;
    is_deeply \@user, ['X-Remote-User: ada@example.org'], 'empty forged headers leave ours alone';
    my $folded = $browser->get('/open/', headers => [['X-Harmless', "a\r\n X-Remote-User: evil-admin"]]);
    unlike $folded->body, qr/^X-Remote-User/m, 'a folded line is no header of ours';
};

sub curl
{
    my ($url, $cookie, @more) = @_;
    my @command = ('curl', '-s', '--max-time', 30, '--cacert', $t->dir . '/tls.cer', @more, map({ ('-H', "$_->[0]: $_->[1]") } @forged),
        '-H', 'Accept: text/html', '-H', "Cookie: $cookie", $url);

    open my $from, '-|', @command or die "curl: $!";
    local $/;
    my $text = readline $from;
    close $from or die "@command: exit $?";
    return $text;
}

# [how curl is told, where, the session cookie]
sub http2_ways
{
    my $secure = $t->browser(tls => 1);

    $t->login($secure, '/app/');
    return (
        ['--http2-prior-knowledge', $t->url, 'saml=' . $browser->cookie('saml')],
        ['--http2', $t->url, 'saml=' . $browser->cookie('saml')],       # by Upgrade: h2c
        ['--http2', 'https://localhost:' . $t->httpd->tls_port, '__Host-saml=' . $secure->cookie('__Host-saml')],
    );
}

for my $way ($http2 ? http2_ways() : ()) {
    my ($how, $base, $cookie) = @$way;
    is curl("$base/open/", $cookie, $how, '-o', '/dev/null', '-w', '%{http_version}'), '2', "$how speaks HTTP/2";
    my $app = curl("$base/app/", $cookie, $how);
    unlike $app, qr/evil/, "$how: protected path";
    like $app, qr/^X-Remote-User: ada\@example\.org$/m, "$how: our header";
    unlike $app, qr/saml=/, "$how: our cookie is taken out";
    unlike curl("$base/open/", $cookie, $how), qr/evil/, "$how: unprotected path";
}

$t->finish;
done_testing;
