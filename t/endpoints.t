#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Our addresses are ours whatever else is configured, and only they are.
use strict;
use warnings;
use Test::More;
use SSOTest;

my %vhosts = (
    'proxy.example' => 'ProxyPass / http://@BACKEND@/',
    'encoded.example' => 'ProxyPass / http://@BACKEND@/ mapping=encoded',
    'rewrite.example' => "RewriteEngine on\nRewriteRule ^ http://\@BACKEND\@%{REQUEST_URI} [P]",
    'redirect.example' => "RewriteEngine on\nRewriteRule ^/saml https://elsewhere.example/ [R,L]\nRedirect /saml https://elsewhere.example/",
    'gone.example' => "RewriteEngine on\nRewriteRule .* - [F]",
    'directory.example' => "<Directory \"\@ROOT\@/htdocs\">\nRewriteEngine on\nRewriteRule .* /index.html\n</Directory>",
    'location.example' => "<Location \"/\">\nRewriteEngine on\nRewriteRule .* /index.html\n</Location>",
    'alias.example' => 'Alias /saml "@ROOT@/htdocs/files"',
    'dir.example' => "FallbackResource /index.html\nDirectoryIndex index.html",
    'handler.example' => "<Location \"/\">\nSetHandler server-status\n</Location>",
    'denied.example' => "<Location \"/\">\nRequire all denied\n</Location>",
    'basic.example' => "<Location \"/\">\nAuthType Basic\nAuthName x\nAuthBasicProvider file\nAuthUserFile \"\@ROOT\@/users\"\nRequire valid-user\n</Location>",
    'protected.example' => "<Location \"/\">\nAuthType SAML\nRequire valid-user\n</Location>",
    'login.example' => "<Location \"/\">\nAuthType SAML\nSAMLUnauthenticated 401\nRequire saml-group nobody-has-it\n</Location>",
    'errors.example' => "ErrorDocument 403 /index.html\nErrorDocument 400 /index.html\n<Location \"/\">\nAuthType SAML\nRequire valid-user\n</Location>",
);

my $t = SSOTest->new(backend => 1, modules => [qw(proxy proxy_http rewrite dir status auth_basic authn_file negotiation)],
    prepare => sub {
        my ($self) = @_;
        mkdir $self->dir . '/htdocs/files';
        chmod 0755, $self->dir . '/htdocs/files';
        $self->httpd->write_file('htdocs/index.html', 'the index', 0644);
        $self->httpd->write_file('htdocs/files/metadata', 'a file', 0644);
        $self->httpd->write_file('htdocs/files/extra', 'an extra file', 0644);
        $self->httpd->write_file('users', "u:x\n", 0644);
    },
    conf => join '', map { "<VirtualHost 127.0.0.1:\@PORT\@>\nServerName $_\n" . saml_conf() . "$vhosts{$_}\n</VirtualHost>\n" } sort keys %vhosts);

my $anonymous = $t->browser;
for my $host (sort keys %vhosts) {
    subtest $host => sub {
        my $metadata = $anonymous->get('/saml/metadata', host => $host);
        is $metadata->status, 200, 'metadata';
        like $metadata->body, qr/<(?:\w+:)?EntityDescriptor\b/, 'is ours';
        ok $anonymous->get('/saml/login?target=/x', host => $host)->form, 'login';
        is $anonymous->get('/saml/logout', host => $host)->status, 200, 'logout';
        is $anonymous->fetch('/saml/me', host => $host)->status, 401, 'me asks for a session';
        my $refused = $anonymous->post('/saml/acs', [SAMLResponse => 'AAAA'], host => $host, cross_site => 1);
        is $refused->status, 400, 'acs';
        like $refused->body, qr/Reference/, 'answers with our page';
        $t->refused('malformed');
    };
}

subtest 'a sign-on through a proxied site' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/', host => 'protected.example'));
    my $reply = $browser->post($request->{acs}, [SAMLResponse => $t->response_to($request), RelayState => $request->{relay_state}],
        cross_site => 1, host => 'protected.example');
    is $reply->status, 303, 'acs';
    is $browser->get('/index.html', host => 'protected.example')->body, 'the index', 'and in';
    is $browser->get('/saml/me', host => 'protected.example')->status, 200, 'me with a session';
};

subtest 'methods' => sub {
    my %allow = (login => 'GET, HEAD', acs => 'POST', logout => 'GET, HEAD, POST', metadata => 'GET, HEAD', me => 'GET, HEAD');
    for my $name (sort keys %allow) {
        for my $method (qw(GET HEAD POST PUT DELETE PATCH OPTIONS PROPFIND FOO)) {
            my $takes = grep { $_ eq $method } split /, /, $allow{$name};
            next if $takes;
            my $reply = $anonymous->request($method, "/saml/$name", host => 'protected.example', body => 'a=b');
            is $reply->status, 405, "$method $name";
            is join(', ', sort split /\s*,\s*/, $reply->header('Allow') // ''), $allow{$name}, 'says what is allowed'
                if $method ne 'OPTIONS';
        }
    }
    my $page = $anonymous->get('/saml/acs', host => 'protected.example')->body;
    like $page, qr{There is no page here.*>Back to the start<}s, 'who has the address of the answers in front of him gets a way on';
    my $head = $anonymous->head('/saml/metadata', host => 'protected.example');
    is $head->status, 200, 'HEAD metadata';
    is $head->body, '', 'without a body';
    my $trace = $anonymous->request('TRACE', '/saml/metadata', host => 'protected.example');
    is $trace->status, 405, 'TRACE is off, and stays off here';
};

subtest 'what is not an endpoint' => sub {
    is $anonymous->get('/saml/extra', host => 'alias.example')->body, 'an extra file', 'an unknown name under SAMLPath falls through';
    for my $path ('/saml', '/saml/', '/saml/metadata/', '/saml/metadata/x', '/samlx/metadata', '/saml/Metadata', '/SAML/metadata',
        '/saml/metadata.xml', '/x/saml/metadata', '/saml/login/me') {
        my $reply = $anonymous->get($path, host => 'proxy.example');
        like $reply->body, qr{^GET \Q$path\E HTTP/1\.1\n}, "$path goes to the backend";
    }
    # The same path, written differently: ours, as httpd decodes and merges before anybody sees it.
    for my $path ('/saml/./metadata', '/saml//metadata', '/x/../saml/metadata', '/saml/%6detadata') {
        like $anonymous->get($path, host => 'proxy.example')->body, qr/EntityDescriptor/, "$path is ours";
    }
    ok $anonymous->get('/saml/nothing', host => 'protected.example')->form, 'an unknown name in a protected site is protected';
};

subtest 'certificate' => sub {
    is $anonymous->get('/saml/certificate', host => 'proxy.example')->status, 404, 'without SAMLKey there is none';
};

$t->tolerate_log(qr/AH01630/);
$t->finish;
done_testing;
