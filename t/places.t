#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where AuthType SAML may stand and what it meets there: directories, subrequests, other modules' authentication, requests that are
# no page loads.
use strict;
use warnings;
use IO::Uncompress::Gunzip qw(gunzip);
use Test::More;
use SSOTest;

my $t = SSOTest->new(backend => 1, modules => [qw(auth_basic authn_file deflate dir autoindex include filter negotiation proxy proxy_http rewrite)],
    prepare => sub {
        my ($self) = @_;
        for my $folder (qw(dir dir/deep listed listed/closed mixed)) {
            mkdir $self->dir . "/htdocs/$folder";
            chmod 0755, $self->dir . "/htdocs/$folder";
        }
        my $httpd = $self->httpd;
        $httpd->write_file('htdocs/dir/index.shtml', "index of <!--#echo var=\"REMOTE_USER\" --> <!--#echo var=\"SAML_NAMEID\" -->\n", 0644);
        $httpd->write_file('htdocs/dir/parent.shtml', "<!--#include virtual=\"child.shtml\" -->\n", 0644);
        $httpd->write_file('htdocs/dir/child.shtml', "child of <!--#echo var=\"REMOTE_USER\" -->\n", 0644);
        $httpd->write_file('htdocs/dir/deep/x.txt', "deep\n", 0644);
        $httpd->write_file('htdocs/open.shtml', "open <!--#include virtual=\"/dir/deep/x.txt\" -->\n", 0644);
        $httpd->write_file('htdocs/listed/file.txt', "listed\n", 0644);
        $httpd->write_file('htdocs/mixed/x.txt', "mixed\n", 0644);
        $httpd->write_file("htdocs/$_", "in $_\n", 0644) for qw(basic saml401 samllogin samlpass passgroup only.txt);
        $httpd->write_file('htdocs/pass.shtml', "user=<!--#echo var=\"REMOTE_USER\" --> header=<!--#echo var=\"HTTP_X_REMOTE_USER\" -->\n", 0644);
        $httpd->write_file('users', 'basil:{SHA}' . 'C+7Hteo/D9vJXQ3UfzxbwnXaijM=' . "\n", 0644);      # foo
    },
    conf => saml_conf() . <<'CONF');
ProxyPass /api http://@BACKEND@/api
AddOutputFilterByType DEFLATE text/html application/json
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
    DirectoryIndex index.shtml
</Directory>
<Directory "@ROOT@/htdocs/dir">
    AuthType SAML
    Require valid-user
</Directory>
<Directory "@ROOT@/htdocs/listed">
    Options +Indexes
</Directory>
<Directory "@ROOT@/htdocs/listed/closed">
    AuthType SAML
    Require valid-user
</Directory>
<Files "only.txt">
    AuthType SAML
    Require valid-user
</Files>
<Location "/basic">
    AuthType Basic
    AuthName "old"
    AuthBasicProvider file
    AuthUserFile "@ROOT@/users"
    Require valid-user
</Location>
<Location "/api">
    AuthType SAML
    Require valid-user
</Location>
<Location "/closed">
    AuthType SAML
    Require saml-group nobody-is-in-it
</Location>
<Location "/saml401">
    AuthType SAML
    SAMLUnauthenticated 401
    Require valid-user
</Location>
<Location "/samllogin">
    AuthType SAML
    SAMLUnauthenticated login
    Require valid-user
</Location>
<Location "/pass.shtml">
    AuthType SAML
    SAMLUnauthenticated pass
    Require valid-user
</Location>
<Location "/passgroup">
    AuthType SAML
    SAMLUnauthenticated pass
    Require saml-group group-one
</Location>
CONF

sub outcome { my ($reply) = @_; return $reply->status == 200 && $reply->form ? 'login' : $reply->status }

my $ada = $t->signed_on('/dir/');

subtest 'directories and files' => sub {
    is outcome($t->browser->get('/dir/')), 'login', 'a directory index asks for a sign-on';
    is outcome($t->browser->get('/dir/deep/x.txt')), 'login', 'so does what is below';
    is outcome($t->browser->get('/only.txt')), 'login', 'and a file by name';
    is $ada->get('/dir/')->body, "index of ada\@example.org ada\@example.org\n", 'the index knows user and claims';
    is $ada->get('/dir/deep/x.txt')->body, "deep\n", 'what is below is there';
    is $ada->get('/only.txt')->body, "in only.txt\n", 'the file too';
    is $ada->get('/dir')->status, 301, 'mod_dir adds its slash behind the sign-on';
    is outcome($t->browser->get('/dir')), 'login', 'and not before it';
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/dir/?a=b'));
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/dir/?a=b', 'the address asked for, not the index behind it';
};

subtest 'subrequests' => sub {
    is $ada->get('/dir/parent.shtml')->body, "child of ada\@example.org\n\n", 'an included page knows the user';
    my $open = $t->browser->get('/open.shtml');
    is $open->status, 200, 'an open page that includes a closed one is served';
    unlike $open->body, qr/deep|SAMLRequest/, 'without the closed one and without a sign-on page inside';
    is scalar $open->headers('Set-Cookie'), 0, 'and sets no cookie';
    is $ada->get('/open.shtml')->body, "open deep\n\n", 'with a session the closed one is in it';
    my $listing = $t->browser->get('/listed/');
    is $listing->status, 200, 'a listing is made';
    like $listing->body, qr/file\.txt/, 'of what is open';
    unlike $listing->body, qr/closed|SAMLRequest/, 'and not of what is closed';
    is scalar $listing->headers('Set-Cookie'), 0, 'looking at what is closed sets no cookie';
    like $ada->get('/listed/')->body, qr/closed/, 'which who signed on sees';
};

subtest 'filters by type, as Debian has them' => sub {
    my $page = $t->browser->get('/dir/', headers => [['Accept', 'text/html'], ['Accept-Encoding', 'gzip']]);
    is $page->status, 200, 'the sign-on page comes, before any handler';
    is $page->header('Content-Encoding'), 'gzip', 'through the filter';
    gunzip(\($page->body), \my $text);
    like $text, qr/name="SAMLRequest"/, 'with the whole form';
    is $t->browser->get('/saml401')->status, 401, 'so does the answer for scripts';
};

subtest 'Basic beside us' => sub {
    my @password = (headers => [['Authorization', 'Basic YmFzaWw6Zm9v']]);
    is $t->browser->get('/basic')->status, 401, 'asks for its password';
    like $t->browser->get('/basic')->header('WWW-Authenticate'), qr/^Basic realm="old"/, 'in its own way';
    is $t->browser->get('/basic', @password)->body, "in basic\n", 'and takes it';
    is $ada->get('/basic')->status, 401, 'our session is nothing to it';
    is outcome($t->browser->get('/dir/', @password)), 'login', 'its password is nothing to us';
    is $t->browser->get('/basic', headers => [['Authorization', 'Basic YmFzaWw6Zm9v'], ['X-Remote-User', 'evil']])->status, 200, 'forged headers change nothing';
};

subtest 'requests that are no page loads' => sub {
    my %script = (
        'fetch' => [['Accept', '*/*'], ['Sec-Fetch-Mode', 'cors']],
        'XMLHttpRequest' => [['Accept', 'text/html'], ['X-Requested-With', 'XMLHttpRequest']],
        'an API client' => [['Accept', 'application/json']],
        'a client without preferences' => [],
        'anything' => [['Accept', '*/*']],
        'an image' => [['Accept', 'image/png,*/*;q=0.8'], ['Sec-Fetch-Mode', 'no-cors']],
        'a WebSocket' => [['Accept', 'text/html'], ['Connection', 'Upgrade'], ['Upgrade', 'websocket']],
        'an EventSource' => [['Accept', 'text/event-stream'], ['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'empty']],
        'an EventSource of an old browser' => [['Accept', 'text/event-stream']],
        'a script that asks for HTML' => [['Accept', 'text/html, */*; q=0.01'], ['Sec-Fetch-Mode', 'same-origin'], ['Sec-Fetch-Dest', 'empty']],
        'an API client that takes HTML, too' => [['Accept', 'application/json, text/html;q=0.9, */*;q=0.1']],
        'a client that takes all but HTML' => [['Accept', '*/*, text/html; q=0']],
        'a weight that is none' => [['Accept', 'text/html;q=nan']],
        'one that is endless' => [['Accept', 'text/html;q=1e999']],
        'one with an exponent' => [['Accept', 'text/html;q=1e0']],
        'one in hex' => [['Accept', 'text/html;q=0x1']],
        'one above all' => [['Accept', 'text/html;q=1.001']],
        'one cut off' => [['Accept', 'text/html;q=']],
        'the least less than JSON' => [['Accept', 'application/json;q=0.5,text/html;level=1 ; Q=0.499']],
        'a page loaded ahead of time' => [['Accept', 'text/html'], ['Sec-Fetch-Mode', 'navigate'], ['Sec-Purpose', 'prefetch;prerender']],
        'the same in an older browser' => [['Accept', 'text/html'], ['X-Moz', 'prefetch']],
    );
    for my $name (sort keys %script) {
        my $reply = $t->browser->get('/api/x?y=1', no_default => 1, headers => $script{$name});
        is $reply->status, 401, "$name: 401";
        like $reply->header('Content-Type'), qr{^application/json}, "$name: JSON";
        is lc $reply->json->{login_url}, $t->url('/saml/login?target=%2fapi%2fx%3fy%3d1'), "$name: where to sign on";
        is scalar $reply->headers('Set-Cookie'), 0, "$name: no login is begun";
        is $reply->header('Cache-Control'), 'no-store', "$name: kept by nobody";
    }
    for my $method (qw(PUT DELETE PATCH OPTIONS PROPFIND)) {
        my $reply = $t->browser->request($method, '/api/x');
        is $reply->status . ' ' . scalar($reply->headers('Set-Cookie')), '401 0', "$method is no page load, whatever it accepts";
    }
    my $led = $t->browser->fetch('/saml/login?target=%2fapi%2fx');
    is $led->status . ' ' . scalar($led->headers('Set-Cookie')), '401 0', 'a script that is redirected to login begins nothing there';
    is $led->json->{login_url}, $t->url('/saml/login?target=%2fapi%2fx'), 'and is told where to go';
    is $ada->fetch('/closed')->status, 403, 'with a session that does not satisfy Require it is 403';
    is $ada->fetch('/closed')->json->{reason}, 'access-denied', 'in JSON, with the reason';
    my $login = $t->browser->fetch('/api/x?y=1')->json->{login_url};
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get($login));
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/api/x?y=1', 'login_url leads back there';
    my %page = (
        'an old browser' => [['Accept', 'text/html,*/*;q=0.5']],
        'a navigation' => [['Accept', '*/*'], ['Sec-Fetch-Mode', 'navigate']],
        'an app that shows the web' => [['Accept', 'text/html'], ['Sec-Fetch-Mode', 'navigate'], ['X-Requested-With', 'com.example.viewer']],
        'the same, older' => [['Accept', 'text/html,*/*;q=0.8'], ['X-Requested-With', 'com.example.viewer']],
        'one that would rather have HTML than JSON' => [['Accept', 'application/json;q=0.8,text/html']],
        'one that would have JSON if that said how much' => [['Accept', 'application/json;q=1e999,text/html;q=0.001']],
        'one with more digits than there are' => [['Accept', 'application/json;q=0.8999,text/html;q=0.9000001']],
        'a parameter that ends like a weight' => [['Accept', 'text/html;seq=0;q=1.0']],
        'the weight of the next type' => [['Accept', 'text/html;level=1,*/*;q=0']],
    );
    for my $name (sort keys %page) {
        is outcome($t->browser->get('/api/x', no_default => 1, headers => $page{$name})), 'login', "$name: sign-on page";
    }
    my $head = $t->browser->head('/api/x');
    is $head->status, 200, 'HEAD is answered';
    is $head->body, '', 'without a body';
};

subtest 'a page in a frame' => sub {
    my @frame = ([Accept => 'text/html'], ['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Site', 'same-origin'], ['Sec-Fetch-Dest', 'iframe']);
    my $page = $t->browser->get('/api/x?y=1', no_default => 1, headers => \@frame);
    is $page->status, 401, 'gets no sign-on page, which identity providers do not let stand in a frame';
    is scalar $page->headers('Set-Cookie'), 0, 'and begins none';
    like $page->body, qr{<a class="button" target="_blank" data-path="/saml" href="\Q${\ $t->url('/saml/login?popup=1&amp;target=%2fapi%2fx%3fy%3d1')}\E">Sign in</a>}i, 'but a button for one';
    like $page->header('Content-Security-Policy'), qr/frame-ancestors 'self'; .*script-src 'sha256-/, 'for frames of this site alone';
    like $page->body, qr/e\.data[!=]==a\.dataset\.path/, 'which waits for this application alone';
    is outcome($t->browser->get('/samllogin', no_default => 1, headers => \@frame)), 'login', 'unless it is to be tried';

    my $window = $t->browser;
    my $request = $t->request_of($window->get('/saml/login?popup=1&target=%2fapi%2fx%3fy%3d1'));
    my $end = $t->deliver($window, $request, $t->response_to($request))->header('Location');
    is $end, '/saml/login?popup=1&target=%2fapi%2fx%3fy%3d1', 'the sign-on in a window ends at a page of ours';
    my $done = $window->get($end);
    is $done->status, 200, 'which is there';
    like $done->body, qr/BroadcastChannel.*window\.close\(\)/s, 'tells the other pages, and closes the window';
    like $done->body, qr{href="/api/x\?y=1"}, 'or leads on';
    is $window->get('/saml/login?popup=1')->status, 200, 'whoever is signed on already sees it at once';
    my $cut = sub { my ($who, $site) = @_;
        return $who->get('/saml/login?popup=1', headers => [$site ? ['Sec-Fetch-Site', $site] : ()])->header('Cross-Origin-Opener-Policy') };
    is_deeply [map { my $site = $_; map { $cut->($_, $site) } $window, $t->browser } '', 'same-site', 'cross-site', 'same-origin'],
        [('same-origin') x 6, undef, undef], 'a page of another site that has opened the window does not see whether anybody is';
    is $t->browser->get('/saml/login?popup=1&target=https%3a%2f%2fevil.example%2f')->status, 403, 'it leads nowhere else';
    $t->refused('relay-state', qr/evil\.example/);
    my $long = $t->request_of($t->browser->get('/saml/login?popup=1&target=%2f' . 'x' x 2040));
    ok $long, 'of an address too long to keep the window still ends at the page';
};

subtest 'SAMLUnauthenticated' => sub {
    is $t->browser->get('/saml401')->status, 401, '401: a page load too';
    is outcome($t->browser->fetch('/samllogin')), 'login', 'login: a script too';
    is $t->browser->get('/pass.shtml', headers => [['X-Remote-User', 'evil']])->body, "user=(none) header=(none)\n", 'pass: nobody goes through as nobody';
    is $ada->get('/pass.shtml')->body, "user=ada\@example.org header=ada\@example.org\n", 'pass: a session is used';
    is outcome($t->browser->get('/passgroup')), 'login', 'pass: a group cannot be passed by';
    is outcome($t->signed_on('/dir/', groups => ['x'])->get('/passgroup')), 403, 'nor by somebody without it';
    is outcome($ada->get('/passgroup')), 200, 'only by somebody with it';
};

$t->expect_log(qr/AH01276|AH01618|unable to include|\[include:error\]/);
$t->tolerate_log(qr/AH01617|AH01618|AH01631/);
$t->finish;
done_testing;
