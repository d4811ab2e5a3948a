#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# A POST that meets no session: kept, sealed, and sent again after the sign-on, octet for octet; by the same browser and the same user,
# once, and never for another site.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use IO::Compress::Gzip qw(gzip);
use Test::More;
use Time::HiRes qw(sleep);
use SSOTest;
use SSOTest::Raw;

my $t = SSOTest->new(backend => 1, modules => [qw(proxy proxy_http rewrite deflate remoteip)], ports => 1, conf => saml_conf() . <<'CONF');
SAMLKeepPosts 6m total=26m
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
Listen 127.0.0.1:@PORT1@
ProxyPass /api http://@BACKEND@/api
ProxyPass /inner http://@BACKEND@/inner
<Location "/api">
    AuthType SAML
    Require valid-user
</Location>
<Location "/api/few">
    Require saml-group few
</Location>
<Location "/api/gzip">
    SetInputFilter DEFLATE
</Location>
<If "%{HTTP:Content-Type} == 'text/xml'">
    Require saml-group few
</If>
<Location "/api/strong">
    Require saml-authn mfa
</Location>
<Location "/outer">
    AuthType SAML
    Require valid-user
    RewriteEngine on
    RewriteRule ^ /inner/x [PT]
</Location>
<VirtualHost 127.0.0.1:@PORT1@>
    SAMLReplyURL http://127.0.0.1:@PORT1@/saml/acs
    SAMLKeepPosts off
    SAMLRequestBinding Redirect
    ProxyPass /api http://@BACKEND@/api
    <Location "/api">
        AuthType SAML
        Require valid-user
    </Location>
</VirtualHost>
CONF
my ($folder) = glob $t->dir . '/*/mod_saml_sso.kept';
$folder //= (glob $t->dir . '/mod_saml_sso.kept')[0];

sub kept { opendir my $d, $folder or die "$folder: $!"; my @names = sort grep { !/^\.|^lock$/ } readdir $d; return @names }
sub from_here { return (headers => [['Origin', $_[0] // $t->url], ['Sec-Fetch-Site', 'same-origin']]) }
sub send_it { my ($browser, $path, $type, $body, @more) = @_; return $browser->request('POST', $path, type => $type, body => $body, from_here(), @more) }

# Sign on from the page that answered a POST; the page where that ends.
sub end_of
{
    my ($browser, $reply, %o) = @_;
    my $request = $t->request_of($reply);
    my $done = $t->deliver($browser, $request, $t->response_to($request, %o));

    is $done->status, 303, 'the sign-on ends';
    return $browser->get($done->header('Location'));
}

sub press { my ($browser, $page) = @_; my $form = $page->form; return $browser->post($form->{action}, [%{ $form->{fields} }], from_here()) }

# What the backend got, as it says: request line, headers, body.
sub seen
{
    my ($reply) = @_;
    my ($head, $body) = split /\n\n/, $reply->body, 2;
    my ($line) = $head =~ /^(.*)/;
    my %header = map { lc($_->[0]) => $_->[1] } map { [/^([^:]+): (.*)/] } (split /\n/, $head)[1 .. ($head =~ tr/\n//)];

    return ($line, \%header, $body);
}

# Noise, with every octet in it.
sub noise { my ($len) = @_; my ($x, $out) = (1, ''); while (length $out < $len) { $x = ($x * 1103515245 + 12345) & 0x7fffffff; $out .= pack 'N', $x } return substr $out, 0, $len }

my $noise = noise(65536);
my $file = join '', map { chr($_) . $noise } 1 .. 80;       # over 5 MB
my %kinds = (
    'a file of 5 MB' => ['/api/upload?to=x%20y&z', 'multipart/form-data; boundary="----b0undary"', "------b0undary\r\nContent-Disposition: form-data; "
        . "name=\"f\"; filename=\"caf\xc3\xa9.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n$file\r\n------b0undary--\r\n"],
    'a form of 200 fields' => ['/api/form', 'application/x-www-form-urlencoded; charset=UTF-8', join '&', map { "f%5B$_%5D=" . ('%C3%BC+%26' x ($_ % 17)) } 1 .. 200],
    'JSON' => ['/api/json', 'application/json', "{\"a\":\"\xe2\x82\xac\"}\n"],
    'octets' => ['/api/bin', 'application/octet-stream', join '', map { chr } 0 .. 255],
    'nothing' => ['/api/none', 'text/plain', ''],
);

for my $name (sort keys %kinds) {
    my ($path, $type, $body) = @{ $kinds{$name} };

    subtest $name => sub {
        my $browser = $t->browser;
        my $reply = send_it($browser, $path, $type, $body);
        is $reply->status, 200, 'is answered with the sign-on page';
        my @files = kept();
        is scalar @files, 1, 'one file';
        is sprintf('%o', (stat "$folder/$files[0]")[2] & 07777), 600, 'for us alone';
        my ($cookie) = grep { /kept-/ } $reply->headers('Set-Cookie');
        like $cookie, qr/; Path=\/; HttpOnly; SameSite=Lax$/, 'a cookie that no script and no other site has';
        cmp_ok length $cookie, '<', 500, 'and that is small';
        my $page = end_of($browser, $reply);
        my ($at, $size) = ($t->url . $path =~ s/\?.*//r, length $body);
        unlike $page->body, qr{<script}, 'nobody knows who sent it: it is not sent by itself';
        like $page->body, qr{<dd>\Q$at\E</dd>.*<dd>$size bytes</dd>.*<button type="submit">Send it now}s, 'but by a button that says what';
        my ($line, $header, $got) = seen(press($browser, $page));
        is $line, "POST $path HTTP/1.1", 'it arrives where it was sent';
        is $header->{'content-type'}, $type, 'as what it was';
        is $header->{'content-length'} // 0, length $body, 'as long as it was';
        is sha256_hex($got), sha256_hex($body), 'octet for octet';
        is $header->{'x-remote-user'}, 'ada@example.org', 'with the user';
        is $header->{origin}, $t->url, "and the page's true Origin";
        ok !exists $header->{cookie}, 'without our cookies';
        is_deeply [kept()], [], 'nothing is left here';
        is scalar(grep { /kept-/ } $browser->cookie_names), 0, 'nor in the browser';
    };
}

subtest 'on disk' => sub {
    send_it($t->browser, '/api/x', 'text/plain', 'my dearest secret ' x 9000);
    my @files = kept();
    open my $in, '<:raw', "$folder/$files[0]" or die;
    my $text = do { local $/; <$in> };
    cmp_ok length $text, '>', 160_000, 'all of it';
    unlike $text, qr/dearest|secret|text.plain/, 'nothing in clear';
    unlink "$folder/$_" for @files;
};

subtest 'once' => sub {
    my $browser = $t->browser;
    my $reply = send_it($browser, '/api/x', 'text/plain', 'only once');
    my $request = $t->request_of($reply);
    my $to = $t->deliver($browser, $request, $t->response_to($request))->header('Location');
    my $page = $browser->get($to);
    my %jar = %{ $browser->{cookies} };
    like +(seen(press($browser, $page)))[2], qr/only once/, 'it arrives';
    my $again = press($browser, $page);
    is $again->status, 410, 'F5: not again';
    like $again->body, qr/it was sent already/, 'and why';
    like $again->body, qr{href="/api/x"}, 'and the way on';
    is $browser->get($to)->header('Location'), '/api/x', 'Back: on to the place';
    $browser->{cookies} = {%jar};
    is press($browser, $page)->status, 410, 'nor with the cookie kept back';
    $browser->{cookies} = {%jar};
    is $browser->get($to)->status, 410, 'and no page offers it';
};

subtest 'by the same browser' => sub {
    my $browser = $t->browser;
    my $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', 'mine'));
    my $other = $t->signed_on('/api/x');
    is press($other, $page)->status, 410, 'another one, signed on as the same user, has nothing of it';
    is scalar(kept()), 1, 'and takes nothing away';
    my ($name) = grep { /kept-/ } $browser->cookie_names;
    $other->set_cookie($name =~ s{(.)$}{$1 eq 'x' ? 'y' : 'x'}er, $browser->cookie($name));
    is press($other, $page)->status, 410, 'nor with the cookie under another name';
    my $form = $page->form;
    my $foreign = $browser->post($form->{action}, [%{ $form->{fields} }], headers => [['Origin', 'https://evil.example']]);
    is $foreign->status, 410, 'nor a form of another site';
    is scalar(kept()), 1, 'it is there still';
    unlink "$folder/$_" for kept();
};

subtest 'at the same place' => sub {
    my $browser = $t->browser;
    my $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', 'for x'));
    is $browser->post('/api/y', [%{ $page->form->{fields} }], from_here())->status, 410, 'at another nothing arrives';
    unlink "$folder/$_" for kept();
};

# A session that has ended: its cookie still comes.
sub ended { my (%o) = @_; my $browser = $t->signed_on('/api/x', %o); $browser->set_cookie(saml => 'A' x 43); return $browser }

subtest 'by the same user' => sub {
    my $browser = ended();
    my $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', "ada's"));
    like $page->body, qr{<script>[^<]*f\.submit\(\)[^<]*</script>}, 'the same: by itself';
    like $page->body, qr/<button type="submit">Send it now/, 'or by a button';
    like +(seen(press($browser, $page)))[2], qr/ada's/, 'and it arrives';
    $browser = ended();
    $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', "ada's"), user => 'bob');
    like $page->body, qr/somebody else was signed in/, 'another: a page says that';
    is $page->form, undef, 'there is no form';
    is_deeply [kept()], [], 'and it is gone';
    $browser = ended();
    $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', "ada's"));
    $t->login($browser->fresh, '/api/x', user => 'bob');
    $browser->drop_cookies(qr/^saml$/);
    $t->login($browser, '/api/x', user => 'bob');
    is press($browser, $page)->status, 410, 'nor when the page was there before the other came';
    unlink "$folder/$_" for kept();
    $browser = ended();
    $browser->drop_cookies(qr/-user$/);
    $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', 'whose?'));
    unlike $page->body, qr/<script>/, 'it cannot be told: not by itself';
    like +(seen(press($browser, $page)))[2], qr/whose/, 'by the button only';
};

subtest 'planted' => sub {
    my $mallory = $t->browser;
    send_it($mallory, '/api/transfer', 'application/json', '{"to":"mallory"}');
    my ($name) = grep { /kept-/ } $mallory->cookie_names;
    my $ada = $t->signed_on('/api/x');
    $ada->set_cookie($name, $mallory->cookie($name));
    my $page = $ada->get('/saml/login?resend=' . $name =~ s/.*kept-//r . '&target=%2Fapi%2Ftransfer');
    like $page->body, qr/Send it now/, 'a cookie that somebody else has set, and a link';
    unlike $page->body, qr/<script/, 'send nothing by themselves';
    like $page->body, qr{was sent from this browser\. If that was you.*/api/transfer</dd>.*<dd>16 bytes</dd>}s, 'and the page says what it would be';
    my $bob = $t->signed_on('/api/x', user => 'bob');
    $bob->set_cookie(saml => 'A' x 43);
    $bob->drop_cookies(qr/kept-/);
    send_it($bob, '/api/transfer', 'application/json', '{"to":"bob"}');
    ($name) = grep { /kept-/ } $bob->cookie_names;
    $ada->set_cookie($name, $bob->cookie($name));
    like $ada->get('/saml/login?resend=' . $name =~ s/.*kept-//r . '&target=%2Fapi%2Ftransfer')->body, qr/somebody else was signed in/, 'that of another user not at all';
    unlink "$folder/$_" for kept();
};

subtest 'after a logout' => sub {
    my $browser = $t->signed_on('/api/x');
    $browser->set_cookie(saml => 'A' x 43);
    my $reply = send_it($browser, '/api/x', 'text/plain', 'left behind');
    $browser->set_cookie('saml-state-at', 'abcdefghijkl:%23token');
    is scalar(kept()), 1, 'something waits';
    $browser->get('/saml/logout?local=1');
    is_deeply [kept()], [], 'it is gone';
    is_deeply [grep { /kept-|-at$|-user$/ } $browser->cookie_names], [], 'and so is what the browser had';
};

subtest 'a new secret' => sub {
    my $secret = 'run/mod_saml_sso.secret';
    open my $in, '<', $t->dir . "/$secret" or die "$secret: $!";
    my $old = do { local $/; <$in> };
    my ($here, $gone) = (ended(), ended());
    $t->httpd->write_file($secret, sha256_hex('new') . "\n$old");
    $t->httpd->graceful;
    my $page = end_of($here, send_it($here, '/api/x', 'text/plain', 'mine still'));
    like $page->body, qr/<script>/, 'who had a session with the old one is known';
    like +(seen(press($here, $page)))[2], qr/mine still/, 'and what he sent arrives';
    $gone->set_cookie('saml-state-user', 'x' . $gone->cookie('saml-state-user'));
    $page = end_of($gone, send_it($gone, '/api/x', 'text/plain', 'whose?'));
    like $page->body, qr/If that was you/, 'where no secret opens the mark, nobody is known, and nothing thrown away';
    unlink "$folder/$_" for kept();
};

subtest 'from this very site' => sub {
    my %from = (
        'another site' => [0, ['Origin', 'https://evil.example'], ['Sec-Fetch-Site', 'cross-site']],
        'a sibling of this one' => [0, ['Origin', $t->url], ['Sec-Fetch-Site', 'same-site']],
        'nobody knows where' => [0],
        'no Origin, no Sec-Fetch-Site' => [0, ['Origin', 'null']],
        'a page without referrer' => [1, ['Origin', 'null'], ['Sec-Fetch-Site', 'same-origin']],
        'an older browser' => [1, ['Origin', $t->url]],
    );
    for my $name (sort keys %from) {
        my ($is_kept, @headers) = @{ $from{$name} };
        my $browser = $t->browser;
        my $reply = $browser->request('POST', '/api/x', type => 'text/plain', body => 'x', headers => \@headers);
        is scalar(kept()), $is_kept, "$name: " . ($is_kept ? 'kept' : 'not kept');
        unlink "$folder/$_" for kept();
        next if $is_kept;
        my $request = $t->request_of($reply);
        is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/api/x', "$name: the place is opened by GET";
    }
};

# A body of which no more comes, once httpd has begun to keep it.
sub breaks_off
{
    my ($port, $bytes) = @_;
    my $before = kept();
    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $port) or die "connect: $!";
    my $wait_until = sub { my ($count) = @_; my $ends = time + 20; sleep 0.02 while kept() != $count && time < $ends; return scalar kept() };

    syswrite $socket, $bytes;
    is $wait_until->($before + 1), $before + 1, 'one that will break off is begun';
    close $socket;
    is $wait_until->($before), $before, 'and leaves nothing';
    return;
}

subtest 'too much' => sub {
    my $browser = $t->browser;
    my $big = 'x' x (6 * 1024 * 1024 + 1);
    my $page = send_it($browser, '/api/big', 'text/plain', $big);
    is $page->status, 413, 'over the limit: a page';
    like $page->body, qr/this window still has it.*come back to this one and reload it/s, 'says how to go on';
    my ($url) = $page->body =~ m{target="_blank" rel="noopener" href="([^"]+)"};
    like +end_of($browser, $browser->get($url))->body, qr/go back to the one that you came from and reload it/, 'the other window says so too';
    is +(seen(send_it($browser, '/api/big', 'text/plain', $big)))[2], $big, 'and so it arrives';
    is_deeply [kept()], [], 'nothing was kept';
    my $off = SSOTest::Browser->new(base => 'http://127.0.0.1:' . $t->httpd->port(1));
    is $off->request('POST', '/api/x', type => 'text/plain', body => 'x', from_here('http://127.0.0.1:' . $t->httpd->port(1)))->status, 413,
        'SAMLKeepPosts off: the same page';
    my ($port, $chunked) = ($t->httpd->port, "POST /api/c HTTP/1.1\r\nHost: 127.0.0.1:" . $t->httpd->port . "\r\nOrigin: " . $t->url . "\r\nAccept: text/html\r\n"
        . "Sec-Fetch-Mode: navigate\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    like SSOTest::Raw::talk($port, $chunked . "5\r\nhello\r\n0\r\n\r\n"), qr/^HTTP\S+ 200.*kept-/s, 'chunks: kept';
    like SSOTest::Raw::talk($port, $chunked . sprintf("%x\r\n%s\r\n0\r\n\r\n", length $big, $big)), qr/^HTTP\S+ 413/, 'and counted as they come';
    like SSOTest::Raw::talk($port, $chunked . "zz\r\nhello\r\n0\r\n\r\n"), qr/^HTTP\S+ 400(?!.*reload it)/s, 'that are none: what httpd says of them';
    is scalar(kept()), 1, 'what was begun is gone';
    breaks_off($port, $chunked . "5\r\nhel");
    unlink "$folder/$_" for kept();
    send_it($t->browser, '/api/x', 'text/plain', $big =~ s/^x//r);
    my $full = send_it($t->browser, '/api/x', 'text/plain', 'y' x (1024 * 1024));
    is $full->status, 503, 'over the limit for one client (a quarter of all): the page';
    like $full->body, qr/this window still has it/, 'with the same words';
    like $t->httpd->log_text, qr/expected at most 6815744 octets of one client/, 'the log says which limit';
    unlink "$folder/$_" for kept();
};

subtest 'whose it is' => sub {
    my $tag = sub {
        my ($address) = @_;
        $t->browser->request('POST', '/api/x', type => 'text/plain', body => 'x', headers => [@{ (from_here())[1] }, ['X-Forwarded-For', $address]]);
        my @names = kept();
        unlink "$folder/$_" for @names;
        return @names == 1 ? $names[0] =~ /^[0-9a-f]{8}-([0-9a-f]{8})([0-9a-f]{8})-/ : ();
    };
    my ($wide, $own) = $tag->('2001:db8:1:2::1');
    is_deeply [$tag->('2001:db8:1:2:9::7')], [$wide, $own], 'of one /64: one client';
    my ($near, $next) = $tag->('2001:db8:1:3::1');
    is $near, $wide, 'of one /48: of one network';
    isnt $next, $own, 'and another client';
    isnt +($tag->('2001:db8:2:2::1'))[0], $wide, 'of another /48';
    isnt join('', $tag->('192.0.2.1')), join('', $tag->('192.0.2.2')), 'an IPv4 address is a client';
};

subtest 'several' => sub {
    my $browser = $t->browser;
    my @reply = map { send_it($browser, "/api/$_", 'text/plain', "number $_") } 1 .. 5;
    is scalar(grep { /kept-/ } $browser->cookie_names), 3, 'a browser has three at most';
    is scalar(kept()), 3, 'and what it lost is gone here';
    my $page = end_of($browser, $reply[4]);
    like +(seen(press($browser, $page)))[2], qr/number 5/, 'the newest arrive';
    my $first = end_of($browser->fresh, $browser->fresh->get('/api/1'));
    is $first->status, 200, 'others go on as ever';
    unlink "$folder/$_" for kept();
};

subtest 'the session is gone again' => sub {
    my $browser = $t->browser;
    my $page = end_of($browser, send_it($browser, '/api/x', 'text/plain', 'patient'));
    $browser->drop_cookies(qr/^saml$/);
    my $once_more = end_of($browser, press($browser, $page));
    is scalar(kept()), 1, 'it waits on';
    like +(seen(press($browser, $once_more)))[2], qr/patient/, 'and arrives after the next sign-on';
    $page = end_of($browser, do { $browser->drop_cookies(qr/^saml$/); send_it($browser, '/api/x', 'text/plain', 'swept') });
    my ($file) = kept();
    my ($name) = $page->form->{fields}{'saml-kept-request'};
    rename "$folder/$file", "$folder/../elsewhere" or die;
    is press($browser, $page)->status, 410, 'what another node has cannot be sent here';
    is $browser->get("/saml/login?resend=$name&target=%2fapi%2fx")->status, 410, 'nor is it offered';
    rename "$folder/../elsewhere", "$folder/$file" or die;
    like +(seen(press($browser, $page)))[2], qr/swept/, 'but there it can: the browser has not lost it';
    is $browser->get("/saml/login?resend=$name&target=%2fapi%2fx")->header('Location'), '/api/x', 'and once it is gone there is a way on';
};

# What Require wants of the sign-on (t/step_up.t).
sub methods { return (authn_instant => $_[0], attributes => [@{ SSOTest::IdP::attributes('ada', 'x') }, ['http://schemas.microsoft.com/claims/authnmethodsreferences', [@_[1 .. $#_]]]]) }
my @weak = methods(-3600, 'http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password');
my @strong = methods(-1, 'http://schemas.microsoft.com/claims/multipleauthn');

subtest 'a stronger sign-on' => sub {
    my $browser = $t->browser;
    my $page = end_of($browser, send_it($browser, '/api/strong', 'text/plain', 'with two factors'), @weak);
    my $once_more = press($browser, $page);
    like $t->request_of($once_more)->{xml}, qr/ForceAuthn="true"/, 'what was kept meets a Require that wants more: another sign-on';
    $page = end_of($browser, $once_more, @strong);
    like +(seen(press($browser, $page)))[2], qr/with two factors/, 'after which it arrives';
    is_deeply [kept()], [], 'and nothing is left';
    # A form as long as that of our own page is looked at before, and once more when it is kept.
    for my $length (29 .. 31) {
        my $body = 'field=' . 'v' x ($length - 6);
        $browser = $t->browser;
        $page = end_of($browser, send_it($browser, '/api/strong', 'application/x-www-form-urlencoded', $body), @weak);
        is +(seen(press($browser, end_of($browser, press($browser, $page), @strong))))[2], $body, "$length octets arrive after both";
    }
    $browser = $t->signed_on('/api/x', @weak);
    $page = end_of($browser, send_it($browser, '/api/strong', 'application/x-www-form-urlencoded', 'field=' . 'w' x 24), @strong);
    is +(seen(press($browser, $page)))[2], 'field=' . 'w' x 24, 'and those of somebody with a session';
};

subtest 'others' => sub {
    my $browser = $t->signed_on('/api/x');
    my $length = length 'saml-kept-request=abcdefghijkl';
    my $like = 'note=' . 'n' x ($length - 5);
    is +(seen($browser->request('POST', '/api/n', type => 'application/x-www-form-urlencoded', body => $like)))[2], $like, 'a form as long as ours is as it was';
    is +(seen($browser->request('POST', '/api/n', type => 'application/x-www-form-urlencoded', body => 'x=1')))[2], 'x=1', 'nor is another';
    my $chunked = sub {
        my ($path, @chunks) = @_;
        my $head = join "\r\n", "POST $path HTTP/1.1", 'Host: 127.0.0.1:' . $t->httpd->port, 'Origin: ' . $t->url, 'Connection: close', 'Transfer-Encoding: chunked',
            'Content-Type: application/x-www-form-urlencoded', 'Cookie: ' . join('; ', map { "$_=" . $browser->cookie($_) } $browser->cookie_names), '', '';
        my $reply = SSOTest::Raw::talk($t->httpd->port, $head . join '', map { sprintf "%x\r\n%s\r\n", length, $_ } @chunks, '');
        return SSOTest::Reply->parse($reply, 'POST');
    };
    for my $body (['x=1'], [$like], [$like, 'n'], [map { "n$_&" } 1 .. 2000], ['n' x 15_000]) {
        my $all = join '', @$body;
        is sha256_hex((seen($chunked->('/api/n', @$body)))[2]), sha256_hex($all), 'in chunks: ' . length($all) . ' octets';
    }
    $browser->set_cookie(saml => 'A' x 43);
    my $page = end_of($browser, send_it($browser, '/api/n', 'text/plain', 'not the form'));
    is +(seen($chunked->('/api/n', 'saml-kept-request=', $page->form->{fields}{'saml-kept-request'})))[2], 'not the form', 'ours in chunks is known';
};

subtest 'links that ask for what nobody kept' => sub {
    my $path = '/api/n?q=' . 'n' x 2000;
    is $t->sign_on($t->browser, "/saml/login?resend=abcdefghijkl&target=$path")->header('Location') =~ s/^\Q${\ $t->url}\E//r, $path,
        'a long address is where the sign-on ends';
};

subtest 'what was decided before' => sub {
    my $browser = $t->browser;
    is $t->signed_on('/api/x')->request('POST', '/api/x', type => 'text/xml', body => '<x/>')->status, 403, 'an <If> that looks at a header of the body';
    my $page = end_of($browser, send_it($browser, '/api/x', 'text/xml', '<x/>'));
    is +(seen(press($browser, $page)))[2], '<x/>', 'has looked at those of the form, as the manual says';
};

# mod_deflate's input filter is of the kind that mod_security's is: what it does not see has passed it by.
subtest 'filters of others' => sub {
    my %zip = map { gzip(\("x=$_"), \my $zip, -Minimal => 1) or die; ($_ => $zip) } map { join '', 'a' .. $_ } 'a' .. 'z';
    my ($text) = grep { length $zip{$_} == length 'saml-kept-request=abcdefghijkl' } sort keys %zip;
    my $browser = $t->browser;
    my @form = (type => 'application/x-www-form-urlencoded');
    my @gzip = (headers => [['Origin', $t->url], ['Sec-Fetch-Site', 'same-origin'], ['Content-Encoding', 'gzip']]);
    my $page = end_of($browser, $browser->request('POST', '/api/gzip', type => 'text/plain', body => $zip{abc}, @gzip));
    is +(seen(press($browser, $page)))[2], 'x=abc', 'see what was kept, and do with it what they do';
    is +(seen($browser->request('POST', '/api/gzip', @form, body => $zip{$text}, @gzip)))[2], "x=$text", 'and a form as long as ours';
};

subtest 'what stands behind #' => sub {
    my %fragment = (
        '%23%2Flist%3Fsort%3Dname%26x%3D%25C3%25BC' => '#/list?sort=name&x=%C3%BC',
        '%23x%0D%0ASet-Cookie%3A%20a%3Db' => '',
        '%23%3Cscript%3E' => '',
        '%23' => '',
        'x' => '',
        '%2' => '',
    );
    for my $sent (sort keys %fragment) {
        my $browser = $t->browser;
        my $page = $browser->get('/api/x?y=1');
        my ($at, $end) = $page->body =~ /<form [^>]*data-at="([^"]*)" data-end="([^"]*)"/;
        $browser->take_cookies($t->url('/'), SSOTest::Reply->parse("HTTP/1.1 200 OK\r\nSet-Cookie: $at$sent$end\r\n\r\n", 'GET'));
        my $request = $t->request_of($page);
        my $done = $t->deliver($browser, $request, $t->response_to($request));
        is $done->header('Location'), "/api/x?y=1$fragment{$sent}", "$sent: " . ($fragment{$sent} ? 'comes back' : 'does not');
        is $browser->cookie('saml-state-at'), undef, 'and its cookie is gone';
    }
};

subtest 'by Redirect, too' => sub {
    my $at = 'http://127.0.0.1:' . $t->httpd->port(1);
    my $browser = SSOTest::Browser->new(base => $at, headers => [['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'document']]);
    my $page = $browser->get('/api/x');
    my ($href) = $page->body =~ /<a class="button" id="go" href="([^"]+)"[^>]* data-at="saml-state-at=[^"]+:" data-end="; Max-Age=600; Path=\/"[^>]*>/;
    like $href, qr{^https://login\.microsoftonline\.com/.*[?;]SAMLRequest=}, 'a page that goes there';
    like $page->body, qr/<noscript><meta http-equiv="refresh" content="0;url=\Q$href\E">/, 'also without a script';
    my $before = SSOTest::Browser->new(base => $at)->get('/api/x');
    is $before->status, 302, 'a browser that does not say where it is, is sent there at once';
};

subtest 'in a frame' => sub {
    my $browser = ended();
    my $in_frame = sub { return $browser->request($_[0], $_[1], @_[2 .. $#_], headers => [['Sec-Fetch-Dest', 'iframe'], @{ (from_here())[1] }]) };
    my $page = $in_frame->('POST', '/api/framed', type => 'text/plain', body => 'from a frame');
    is $page->status, 401, 'no sign-on in the frame';
    is scalar(kept()), 1, 'but what it sent is kept';
    my ($next) = $page->body =~ / data-next="([^"]+)"/;
    like $page->body, qr/location\.replace\(a\.dataset\.next\)/, 'for the frame to go on with';
    my ($popup) = $page->body =~ / href="([^"]+)"/;
    my ($path) = map { s/&amp;/&/gr } $popup;
    like $path, qr{/saml/login\?popup=1&target=%2fapi%2fframed$}, 'after a sign-on in a window of its own';
    $browser->drop_cookies(qr/^saml$/);
    is end_of($browser, $browser->get($path))->status, 200, 'which ends';
    $page = $in_frame->('GET', $next =~ s/&amp;/&/gr);
    like $page->body, qr{<script>[^<]*f\.submit}, 'then the frame sends it again';
    like +(seen(press($browser, $page)))[2], qr/from a frame/, 'and it arrives';
    $browser->drop_cookies(qr/^saml$/);
    unlike $in_frame->('GET', '/api/x')->body, qr/data-next=/, 'others are loaded anew';
};

subtest 'internal redirects' => sub {
    my $browser = $t->browser;
    my $page = end_of($browser, send_it($browser, '/outer', 'text/plain', 'through a rewrite'));
    my ($line, $header, $body) = seen(press($browser, $page));
    is $line, 'POST /inner/x HTTP/1.1', 'go on with it';
    is $body, 'through a rewrite', 'as it was sent';
    $browser = $t->browser;
    $page = end_of($browser, send_it($browser, '/api/few', 'text/plain', 'not for you'));
    is press($browser, $page)->status, 403, 'Require holds for it';
    is_deeply [kept()], [], 'and it is not offered again';
};

$t->tolerate_log(qr/access-denied|AH01631|AH00128|AH01587|AH02429|AH01102/);
$t->finish;
done_testing;
