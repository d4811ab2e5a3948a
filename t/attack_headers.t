#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Around the guard and around the scrub by the protocol itself: trailers, broken lines, pipelined requests, HTTP/2 fields, request
# targets and hosts in every spelling, WebDAV destinations. Nothing guarded is seen without a session, nothing of the client's is
# believed. t/scrub.t and t/smuggling.t hold the ordinary spellings.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::H2;
use SSOTest::Raw;

my $http2 = SSOTest::Httpd::mpm() ne 'prefork';     # mod_http2 does not run under prefork
my $t = SSOTest->new(backend => 1, ports => 2, modules => [qw(proxy proxy_http include filter dav dav_fs rewrite), $http2 ? 'http2' : ()],
    prepare => sub {
        my ($self) = @_;
        my $htdocs = $self->dir . '/htdocs';
        mkdir "$htdocs/$_" for qw(app dav dav/guarded);
        $self->httpd->write_file('htdocs/app/file.txt', 'SECRET', 0644);
        $self->httpd->write_file('htdocs/open.txt', 'open', 0644);
        $self->httpd->write_file("htdocs/$_", "<!--#printenv -->\n", 0644) for qw(open.shtml app/env.shtml);
        $self->httpd->write_file('htdocs/dav/mine.txt', 'evil content', 0666);
        $self->httpd->write_file('htdocs/dav/guarded/file.txt', 'SECRET', 0666);
        mkdir $self->dir . '/locks';
        chmod 0777, "$htdocs/dav", "$htdocs/dav/guarded", $self->dir . '/locks';
    },
    conf => ($http2 ? "Protocols h2c http/1.1\n" : '') . saml_conf() . <<'CONF');
MergeTrailers on
DAVLockDB "@ROOT@/locks/db"
ProxyPass /back http://@BACKEND@/back
ProxyPass /open/ http://@BACKEND@/open/
<LocationMatch "^/(app|back/app|dav/guarded)">
    AuthType SAML
    Require valid-user
</LocationMatch>
<Location "/dav">
    DAV on
</Location>
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    RewriteEngine on
    RewriteRule "^app/moved$" "/app/env.shtml" [L]
</Directory>
Listen 127.0.0.1:@PORT1@
<VirtualHost 127.0.0.1:@PORT@>
    ServerName 127.0.0.1
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName second.example
</VirtualHost>
<VirtualHost 127.0.0.1:@PORT1@>
    ServerName lax.example
    HttpProtocolOptions Unsafe LenientMethods Allow0.9
    AllowEncodedSlashes On
    SAMLReplyURL http://127.0.0.1:@PORT1@/saml/acs
</VirtualHost>
CONF
my $port = $t->httpd->port;
my $lax = $t->httpd->port(1);
my $ada = $t->signed_on('/app/file.txt');
my $cookie = 'Cookie: saml=' . $ada->cookie('saml');
$t->tolerate_log(qr/AH\d+: /);
$t->tolerate_log(qr/Unable to \w+ |The locks could not be queried|Could not (?:open|COPY|MOVE|LOCK|PROPFIND)|\[dav/i);

sub ask { my ($line, $headers, $body, %o) = @_; return SSOTest::Raw::ask($o{port} // $port, SSOTest::Raw::request($line, ['Host: 127.0.0.1', @$headers, 'Connection: close'], $body), half_close => 1) }

# The header lines that a backend echoed, without its request line.
sub heard { my ($body) = @_; return $body =~ s/^\S+ [^\n]*\n//r }

subtest 'trailers' => sub {
    my @trailers = ('X-Remote-User: evil', 'x_remote_groups: evil', 'X-Remote-Email: evil', 'Cookie: saml=evil', 'Connection: X-Remote-User', 'X-Theirs: merged');
    my $chunked = "5\r\na=b&c\r\n0\r\n" . join('', map { "$_\r\n" } @trailers) . "\r\n";
    my @with = ('Transfer-Encoding: chunked', 'Trailer: X-Remote-User');
    for my $method (qw(POST PUT GET)) {
        for my $case (['/open/x', 0], ['/back/app/x', 1]) {
            my ($path, $signed_on) = @$case;
            my $reply = ask("$method $path HTTP/1.1", [@with, $signed_on ? $cookie : ()], $chunked);
            is $reply->status, 200, "$method $path: answered";
            unlike heard($reply->body), qr/evil/, 'the backend hears nothing of them';
            like $reply->body, qr/^X-Remote-User: ada\@example\.org$/m, 'but ours' if $signed_on;
        }
    }
    # The last is an internal redirect, which begins before the trailers have been read.
    for my $path ('/open.shtml', '/app/env.shtml', '/app/moved') {
        my $reply = ask("GET $path HTTP/1.1", [@with, $cookie], $chunked);
        unlike $reply->body, qr/X_REMOTE_\w+=[^\n]*evil/, "$path: nor does a page made here, though httpd merges them";
        is $reply->env->{HTTP_X_REMOTE_USER}, $path =~ /app/ ? 'ada@example.org' : undef, 'whose environment is ours';
        is $reply->env->{HTTP_X_THEIRS}, 'merged', 'and what is not ours is merged as was asked for';
    }
};

# [what, lines that come between Host and Connection, source]
my @broken = (
    ['a blank before the colon', ['X-Remote-User : evil'], 'RFC 9112 5.1'], ['a tab before it', ["X-Remote-User\t: evil"], 'RFC 9112 5.1'],
    ['a blank in front', [' X-Remote-User: evil'], 'RFC 9112 5.2'], ['folded', ["X-A: b\r\n X-Remote-User: evil"], 'RFC 9112 5.2'],
    ['a folded name', ["X-Remote\r\n -User: evil"], 'RFC 9112 5.2'], ['no colon', ['X-Remote-User evil'], 'RFC 9112 5'],
    ['bare LF', ["X-A: b\nX-Remote-User: evil"], 'RFC 9112 2.2'], ['bare CR', ["X-A: b\rX-Remote-User: evil"], 'RFC 9112 2.2'],
    ['NUL in the name', ["X-Remote\0-User: evil"], 'CWE-158'], ['NUL in the value', ["X-A: b\0\r\nX-Remote-User: evil"], 'CWE-158'],
    ['a control octet', ["X-Remote\x01User: evil"], 'RFC 9110 5.1'], ['vertical tab', ["X-Remote-User\x0b: evil"], 'RFC 9110 5.1'],
    ['blanks inside', ['X Remote User: evil'], 'RFC 9110 5.1; CGI folds'], ['brackets', ['X(Remote)User: evil'], 'RFC 9110 5.1; CGI folds'],
    ['slashes', ['X/Remote/User: evil'], 'CGI folds'], ['a quote', ['X"Remote"User: evil'], 'CGI folds'], ['Latin-1', ["X\xadRemote\xadUser: evil"], 'CGI folds'],
    ['U+2010', ["X\xe2\x80\x90Remote\xe2\x80\x90User: evil"], 'Unicode TR 36'], ['full width', ["\xef\xbc\xb8-Remote-User: evil"], 'Unicode TR 36'],
    ['empty name', [': evil', 'X-Remote-User: evil'], 'RFC 9112 5'],
    ['two hundred', [('X-Remote-User: evil') x 90], 'RFC 9110 5.3'], ['in the method', [], 'RFC 9112 3'],
    ['Host twice', ['Host: second.example', 'X-Remote-User: evil'], 'RFC 9112 3.2'], ['a proxy header', ['Proxy: http://evil/', 'X-Remote-User: evil'], 'CVE-2016-5387'],
    ['X-HTTP-Method-Override', ['X-HTTP-Method-Override: GET', 'X-Remote-User: evil'], 'CWE-436'], ['X-Original-URL', ['X-Original-URL: /app/file.txt', 'X-Remote-User: evil'], 'CVE-2018-14773'],
    ['X-Rewrite-URL', ['X-Rewrite-URL: /app/file.txt'], 'CVE-2018-14773'], ['Range', ['Range: bytes=0-1', 'X-Remote-User: evil'], 'RFC 9110 14.2'],
    ['Upgrade', ['Upgrade: websocket', 'X-Remote-User: evil'], 'RFC 9110 7.8'], ['Authorization', ['Authorization: SAML evil', 'Authorization: Basic ZXZpbDpldmls'], 'RFC 9110 11.6.2'],
    ['REMOTE_USER itself', ['REMOTE_USER: evil', 'Remote-User: evil2', 'AUTH_TYPE: SAML', 'SAML_NAMEID: evil'], 'RFC 3875 4.1.11'],
    ['Content-Length in CGI', ['Content-Length: 0', 'Content_Length: 100'], 'CGI folds'],
);

subtest 'broken lines' => sub {
    for my $case (@broken) {
        my ($name, $lines, $source) = @$case;
        for my $at ($port, $lax) {
            my $where = $at == $lax ? 'lenient' : 'strict';
            my $out = ask("GET /app/file.txt HTTP/1.1", ['Accept: text/html', @$lines], '', port => $at);
            unlike $out->{raw}, qr/SECRET/, "$name ($source, $where): no way in";
            my $open = ask('GET /open.shtml HTTP/1.1', $lines, '', port => $at);
            unlike $open->body, qr/^(?:HTTP_X_REMOTE_\w+|REMOTE_USER|AUTH_TYPE|SAML_\w+)=/m, 'no environment of ours';
            my $back = ask('GET /open/x HTTP/1.1', $lines, '', port => $at);
            unlike heard($back->body), qr/^X[^A-Za-z0-9\n:]Remote[^A-Za-z0-9\n:]User[^A-Za-z0-9\n]*:/m, 'nor does the backend hear it';
            next if $at == $lax;
            my $in = ask('GET /back/app/x HTTP/1.1', [$cookie, @$lines], '');
            unlike heard($in->body), qr/^X.{1,3}Remote.{1,3}User\W*: evil/mi, 'who is signed on is himself' if $in->status == 200;
        }
    }
};

subtest 'pipelined and smuggled' => sub {
    my $second = "GET /open/second HTTP/1.1\r\nHost: 127.0.0.1\r\nX_Remote-User: evil\r\nCookie: saml=evil\r\nConnection: close\r\n\r\n";
    my $guarded = "GET /app/file.txt HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    for my $case (
        ['after a request that is signed on', "GET /back/app/x HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\n\r\n", 'RFC 9112 9.3.2'],
        ['after a page', "GET /open.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\n\r\n", 'RFC 9112 9.3.2'],
        ['in a body that is no body', "GET /open.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nContent-Length: 0\r\n\r\n", 'CWE-444'],
        ['behind the last chunk', "POST /open/x HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 'CWE-444'],
        ['length and chunks', "POST /open/x HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 'CWE-444'],
        ['chunks written otherwise', "POST /open/x HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nContent-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 'CWE-444'],
        ['chunked twice', "POST /open/x HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 'CWE-444'],
        ['an answer of the ACS in front', "POST /saml/acs HTTP/1.1\r\nHost: 127.0.0.1\r\n$cookie\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", 'CWE-444'],
        ['a form that is kept in front', "POST /app/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nOrigin: http://127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b", 'CWE-444'],
        ['a sign-on page with a body unread in front', "POST /app/x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\na=b", 'CWE-444'],
    ) {
        my ($name, $first, $source) = @$case;
        my $text = SSOTest::Raw::talk($port, $first . $second, half_close => 1);
        unlike $text, qr/^(?:X.Remote.User|Cookie): [^\n]*evil/m, "$name ($source): the second request is scrubbed";
        unlike $text =~ s/.*^GET \/open\/second//smr, qr/^X-Remote-User/m, 'and is nobody';
        $text = SSOTest::Raw::talk($port, $first . $guarded, half_close => 1);
        unlike $text, qr/SECRET/, 'nobody gets in by a session of the request before';
    }
    $t->tolerate_log(qr/login refused \[request\]/);
};

# "Upgrade: h2c" gets our cookies back for the request that it makes anew; whoever is not upgraded must not take them to the backend.
subtest 'upgrades that are none' => sub {
    for my $case (
        ['without settings', ['Upgrade: h2c', 'Connection: Upgrade'], '', 'RFC 7540 3.2.1'], ['settings not named', ['Upgrade: h2c', 'Connection: Upgrade', 'HTTP2-Settings: AAMAAABkAAQAAP__'], '', 'RFC 7540 3.2.1'],
        ['settings that are none', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: !!!'], '', 'RFC 7540 3.2.1'], ['empty settings', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings:'], '', 'RFC 7540 3.2.1'],
        ['settings twice', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABk', 'HTTP2-Settings: AAMAAABk'], '', 'RFC 7540 3.2.1'],
        ['with a body', ['Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__', 'Content-Length: 3'], 'a=b', 'RFC 7540 3.2'],
        ['Upgrade not named', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'], '', 'RFC 9110 7.8'], ['h2', ['Upgrade: h2', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__'], '', 'RFC 7540 3.3'],
        ['websocket', ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 13'], '', 'RFC 6455 4.1'],
        ['several', ['Upgrade: websocket, h2c, TLS/1.3', 'Connection: Upgrade'], '', 'RFC 9110 7.8'], ['what this connection speaks', ['Upgrade: http/1.1', 'Connection: Upgrade'], '', 'RFC 9110 7.8'],
        ['no list', ["Upgrade: ,,;=\"", 'Connection: Upgrade'], '', 'RFC 9110 7.8'],
    ) {
        my ($name, $lines, $body, $source) = @$case;
        for my $path ('/open/x', '/back/app/x') {
            for my $line ("GET $path HTTP/1.1", "POST $path HTTP/1.1", "GET $path HTTP/1.0") {
                my $text = SSOTest::Raw::talk($port, SSOTest::Raw::request($line, ['Host: 127.0.0.1', $cookie, @$lines], $body), half_close => 1);
                unlike $text, qr/^Cookie: [^\n]*saml=/mi, "$name ($source): $line";
            }
        }
    }
};

# --- request targets ---

# Where a path leads as RFC 3986 6.2.2 and 5.2.4 have it; slashes merged as httpd does.
sub normal
{
    my ($path) = @_;
    my @out;

    $path =~ s/[?#].*//s;
    $path =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    for my $segment (grep { length } split m{/}, $path) {
        $segment eq '..' ? pop @out : $segment eq '.' ? 1 : push @out, $segment;
    }
    return '/' . join '/', @out;
}

my @paths = map { my $file = $_; map { s/FILE/$file/r } (
    'FILE', '/FILE', '//FILE', '/./FILE', '/../FILE', '/x/..FILE', '/x/../FILE', '/%2e/FILE', '/%2E%2e/FILE', '/x/%2e%2eFILE', '//x/..//FILE',
    'FILE?', 'FILE?x', 'FILE#', 'FILE?/../x', 'FILE%3f', 'FILE%00', 'FILE%00.html', 'FILE%20', 'FILE%09', 'FILE%0a', 'FILE%0d%0a', 'FILE.', 'FILE/', 'FILE//', 'FILE/.', 'FILE/..',
    'FILE;', 'FILE;x=1', 'FILE%3b', 'FILE%2f', 'FILE%5c', 'FILE\\', '/;FILE', '/;x=1FILE', '/..;FILE', '/.;/FILE', '/%3bFILE', '/open.txt/..;FILE', '/open.txt/../FILE', '/open.txt/%2e%2eFILE',
    '/%2fFILE', '/%5cFILE', '\\FILE', '/%c0%ae%c0%ae/FILE', '/%c0%afFILE', '/%e0%80%afFILE', '/%u002fFILE', '/%%32%66FILE', '/%252e%252e/FILE',
    'FILE::$DATA', 'FILE~1', 'FILE%ef%bc%8e', '*FILE', '/saml/loginFILE', '/saml/login/..FILE', '/saml/acs/../..FILE', '/saml/login/%2e%2e/%2e%2eFILE', '/saml/me;/../..FILE', '/open/..FILE', '/dav/..FILE', '/dav/../FILE',
    '/open.shtmlFILE', '/open.shtml/..FILE', '/icons/..FILE', '/~/..FILE',
) } '/app/file.txt';
push @paths, '/app%2ffile.txt', '/app%5cfile.txt', '/app\\file.txt', '/%61pp/file.txt', '/a%70p/fil%65.txt', '/%41pp/file.txt', '/APP/file.txt', '/App/file.txt', '/app//file.txt', '/app/./file.txt', '/app/x/../file.txt',
    '/app/../app/file.txt', '/app;/file.txt', '/app;x/file.txt', '/app./file.txt', '/app%20/file.txt', '/ app/file.txt', '/app/%66ile.txt', '/app%00/file.txt', '/app/..;/app/file.txt', '/app/.;/file.txt',
    '/%2561pp/file.txt', '/a%0ap/file.txt', "/\xc3\xa0pp/file.txt", "/app/file.txt\xc2\xa0", '/app/file.txt ', 'app/file.txt', './app/file.txt', '../htdocs/app/file.txt', '*', '/*', '?', '';

subtest 'paths' => sub {
    for my $path (@paths) {
        for my $line ("GET $path HTTP/1.1", "HEAD $path HTTP/1.1", "POST $path HTTP/1.1", "GET $path HTTP/1.0", "GET http://127.0.0.1$path HTTP/1.1", "get $path HTTP/1.1") {
            my $reply = ask($line, ['Accept: text/html'], '');
            unlike $reply->{raw}, qr/SECRET/, $line =~ s/[^ -~]/?/gr or last;
        }
        my $loose = ask("GET $path HTTP/1.1", ['Accept: text/html'], '', port => $lax);
        unlike $loose->{raw}, qr/SECRET/, '... where escaped slashes are allowed';
        my $reply = SSOTest::Raw::talk($lax, "GET $path\r\n", half_close => 1);
        unlike $reply, qr/SECRET/, '... in HTTP/0.9';
    }
};

subtest 'paths before a backend' => sub {
    for my $path (map { my $it = $_; $it =~ s{/file\.txt}{/x}g; $it =~ s{^/}{/back/}r } grep { m{^/} && !/[\x00-\x20\x7f-\xff]/ } @paths) {
        my $reply = ask("GET $path HTTP/1.1", ['Accept: text/html'], '');
        my ($asked) = $reply->body =~ /^GET (\S+) HTTP/ or next;
        unlike normal($asked), qr{^/back/app(?:/|\z)}, "$path reaches the backend as $asked, which is not guarded";
        unlike $reply->body, qr/^X-Remote-/m, 'as nobody';
    }
    pass 'whatever is guarded does not reach it';
};

subtest 'absolute targets and hosts' => sub {
    for my $target ('http://127.0.0.1/app/file.txt', 'http://second.example/app/file.txt', 'http://evil.example/app/file.txt', 'https://127.0.0.1/app/file.txt', 'http://127.0.0.1:1/app/file.txt',
        'http://user:pw@127.0.0.1/app/file.txt', 'http://[::1]/app/file.txt', 'HTTP://127.0.0.1/app/file.txt', 'http:/app/file.txt', 'http:app/file.txt', 'http:///app/file.txt', 'http:////app/file.txt',
        'file:///app/file.txt', 'ftp://127.0.0.1/app/file.txt', 'saml://127.0.0.1/app/file.txt', 'http://127.0.0.1', 'http://127.0.0.1?/app/file.txt', '127.0.0.1:80', 'http://127.0.0.1/../app/file.txt', 'http://127.0.0.1//app/file.txt',
        'http://127.0.0.1%2fapp/file.txt', 'http://127.0.0.1\\app\\file.txt', 'http://127.0.0.1;/app/file.txt') {
        for my $host ('127.0.0.1', 'second.example', 'evil.example', '') {
            my $reply = SSOTest::Raw::ask($port, SSOTest::Raw::request("GET $target HTTP/1.1", ["Host: $host", 'Accept: text/html', 'X-Remote-User: evil', 'Connection: close']), half_close => 1);
            unlike $reply->{raw}, qr/SECRET/, "$target, Host \"$host\"";
            my $form = $reply->form or next;
            is $form->{action}, SSOTest::IdP::LOGIN_URL, 'the sign-on goes to the identity provider';
            is $t->request_of($reply)->{acs}, $t->url('/saml/acs'), 'and its answer to our own address';
        }
    }
    for my $host ('127.0.0.1:99999', '127.0.0.1:', '127.0.0.1.', '127.0.0.1,second.example', 'second.example:80:80', '[::1]', '[::1', 'a b', "127.0.0.1\tx", '127.0.0.1/app', '../app', '%00', '-', "\xff", 'x' x 5000, '@127.0.0.1', '127.0.0.1#', '"') {
        my $reply = SSOTest::Raw::ask($port, SSOTest::Raw::request('GET /app/file.txt HTTP/1.1', ["Host: $host", 'Accept: text/html', 'Connection: close']), half_close => 1);
        unlike $reply->{raw}, qr/SECRET/, 'Host ' . substr $host =~ s/[^ -~]/?/gr, 0, 40;
        is $t->request_of($reply)->{acs}, $t->url('/saml/acs'), 'the answer goes to our own address' if $reply->form;
    }
};

subtest 'methods at a guarded file' => sub {
    for my $method (qw(GET HEAD POST PUT DELETE PATCH OPTIONS TRACE CONNECT PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL REPORT CHECKOUT ACL SEARCH LINK PURGE SAML get Get G)) {
        for my $at ($port, $lax) {
            my $reply = ask("$method /dav/guarded/file.txt HTTP/1.1", ['Accept: text/html', 'Content-Length: 0', 'Destination: http://127.0.0.1/dav/out.txt', 'Depth: infinity'], '', port => $at);
            unlike $reply->{raw}, qr/SECRET/, "$method: nothing of it";
            ok $reply->form || $reply->status !~ /^2/ || $method eq 'HEAD', "$method: " . ($reply->form ? 'the sign-on page' : $reply->status);
        }
    }
    is $t->browser->get('/dav/out.txt')->status, 404, 'and no copy of it is anywhere';
    is join('', do { open my $f, '<', $t->dir . '/htdocs/dav/guarded/file.txt' or die; <$f> }), 'SECRET', 'it is as it was';
};

subtest 'WebDAV onto a guarded place' => sub {
    my $guarded = $t->dir . '/htdocs/dav/guarded';
    my $look = sub { opendir my $dir, $guarded or die "$guarded: $!"; return join ' ', sort grep { !/^\./ } readdir $dir };
    is ask('PUT /dav/new.txt HTTP/1.1', ['Content-Length: 3'], 'new')->status, 201, 'the open place can be written';
    for my $method (qw(COPY MOVE)) {
        for my $to ('/dav/guarded/file.txt', '/dav/guarded/evil.txt', '/dav//guarded/evil.txt', '/dav/./guarded/evil.txt', '/dav/x/../guarded/evil.txt', '/dav/%67uarded/evil.txt', '/dav/guarded%2fevil.txt', '/dav/guarded') {
            for my $base ("http://127.0.0.1:$port", 'http://127.0.0.1', '', 'http://second.example') {
                ask("$method /dav/mine.txt HTTP/1.1", ["Destination: $base$to", 'Overwrite: T', 'Accept: text/html', 'Content-Length: 0'], '');
                is $look->(), 'file.txt', "$method to $base$to: nothing has come there";
            }
        }
    }
    is join('', do { open my $f, '<', "$guarded/file.txt" or die; <$f> }), 'SECRET', 'the file is as it was';
};

if ($http2) {
    # Fields of a request to path; pseudo-header fields may be given in the list and then replace ours.
    my $fields = sub {
        my ($path, @more) = @_;
        my %given = map { $_->[0] => 1 } grep { $_->[0] =~ /^:(?:method|scheme|authority|path)$/ } @more;

        return [(grep { !$given{ $_->[0] } } [':method', 'GET'], [':scheme', 'http'], [':authority', '127.0.0.1'], [':path', $path]), @more, ['accept', 'text/html']];
    };
    my @tricks = (
        ['a plain one', ['x-remote-user', 'evil']], ['capitals', ['X-Remote-User', 'evil']], ['underscores', ['x_remote_user', 'evil']],
        ['a pseudo-header field', [':x-remote-user', 'evil']], ['CR LF in a value', ['x-a', "b\r\nX-Remote-User: evil"]], ['LF in a value', ['x-a', "b\nX-Remote-User: evil"]],
        ['CR LF in a name', ["x-a: b\r\nX-Remote-User", 'evil']], ['a colon in a name', ['x-remote-user:', 'evil']], ['NUL in a name', ["x-remote-user\0", 'evil']],
        ['a blank in a name', ['x remote user', 'evil']], ['a blank behind it', ['x-remote-user ', 'evil']], ['an empty name', ['', 'x-remote-user: evil']],
        ['Connection', ['connection', 'x-remote-user']], ['transfer-encoding', ['transfer-encoding', 'chunked']], ['a path with a line', [':path', "/open/x HTTP/1.1\r\nX-Remote-User: evil\r\nA: "]],
        ['a method with a line', [':method', "GET /open/x HTTP/1.1\r\nX-Remote-User: evil\r\nA:"]], ['an authority with a line', [':authority', "127.0.0.1\r\nX-Remote-User: evil"]],
        ['a scheme with a line', [':scheme', "http\r\nX-Remote-User: evil"]], ['another scheme', [':scheme', 'https']], ['a host of its own', ['host', 'second.example']],
        ['content-length that lies', ['content-length', '1000']], ['te', ['te', 'trailers']], ['upgrade', ['upgrade', 'h2c']], ['a cookie with a line', ['cookie', "a=b\r\nX-Remote-User: evil"]],
    );
    subtest 'HTTP/2: fields' => sub {
        for my $trick (@tricks) {
            my ($name, @more) = @$trick;
            for my $case (['/open/x', 0], ['/back/app/x', 1]) {
                my $answer = SSOTest::H2::ask($port, $fields->($case->[0], @more, $case->[1] ? ['cookie', $cookie =~ s/^Cookie: //r] : ()));
                my $what = $answer->{refused} ? 'ended' : $answer->{status};
                unlike heard($answer->{body}), qr/^x.remote.user\W*: ?evil/mi, "$name at $case->[0]: $what, nothing of it arrives";
            }
            my $answer = SSOTest::H2::ask($port, $fields->('/app/file.txt', @more));
            unlike $answer->{body}, qr/SECRET/, 'nor does anybody get in';
        }
        for my $path (@paths) {
            my $answer = SSOTest::H2::ask($port, $fields->($path));
            unlike $answer->{body}, qr/SECRET/, 'path ' . $path =~ s/[^ -~]/?/gr;
        }
        for my $order ([[':path', '/open.txt'], [':path', '/app/file.txt']], [[':path', '/app/file.txt'], [':path', '/open.txt']]) {
            my $answer = SSOTest::H2::ask($port, [[':method', 'GET'], [':scheme', 'http'], [':authority', '127.0.0.1'], @$order]);
            unlike $answer->{body}, qr/SECRET/, 'two paths';
        }
        my $late = SSOTest::H2::ask($port, [[':method', 'GET'], [':scheme', 'http'], [':authority', '127.0.0.1'], ['x-a', 'b'], [':path', '/app/file.txt']]);
        unlike $late->{body}, qr/SECRET/, 'a path behind other fields';
    };
    subtest 'HTTP/2: trailers' => sub {
        for my $case (['/open/x', 0], ['/back/app/x', 1]) {
            my @in = $case->[1] ? (['cookie', $cookie =~ s/^Cookie: //r]) : ();
            my $answer = SSOTest::H2::ask($port, $fields->($case->[0], [':method', 'POST'], @in), 'a=b', [['x-remote-user', 'evil'], ['x_remote_groups', 'evil']]);
            unlike heard($answer->{body}), qr/evil/, "$case->[0]: the backend hears nothing of them";
            like $answer->{body}, qr/^X-Remote-User: ada\@example\.org$/m, 'but ours' if $case->[1];
        }
        my $answer = SSOTest::H2::ask($port, $fields->('/open.shtml'), '', [['x-remote-user', 'evil']]);
        unlike $answer->{body}, qr/X_REMOTE_USER/, 'nor does a page made here';
    };
}

is $t->login($t->browser, '/app/file.txt')->body, 'SECRET', 'after all that a good one passes';
$t->finish;
done_testing;
