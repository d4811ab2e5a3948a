#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks by the form and by the request around it: a good response in forms that are none, lengths that lie, bodies that are too
# large, methods, and canaries in everything that a client may write, none of which comes back.
use strict;
use warnings;
use Compress::Zlib ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use SSOTest;
use SSOTest::Raw;

my $form = 'application/x-www-form-urlencoded';
my $t = SSOTest->new(modules => [qw(deflate filter)], prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app open);
    }, conf => tiles_conf('/app') . <<'CONF');
<SAMLApplication packed>
    SAMLIdentifier https://app.example/packed
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/packed/acs
    SAMLIdPInitiated on
</SAMLApplication>
<Location "/saml/packed/acs">
    SetInputFilter DEFLATE
    DeflateInflateLimitRequestBody 104857600
    DeflateInflateRatioLimit 100000
</Location>
CONF
my $port = $t->httpd->port;
my $encode = \&SSOTest::Browser::url_encode;

$t->tolerate_log(qr/log(?:in|out) refused \[(?:malformed|request|too-large|replay|relay-state|state-missing|issuer|status|unsolicited|signature|destination|version|in-response-to|unsigned|audience|assertion-count|name-id|recipient|confirmation)\]/);
$t->tolerate_log(qr/AH\d+: /);

sub cookie_of { my ($reply) = @_; return grep { /^saml(?:-tiles|-packed)?=[^;]/ } $reply->headers('Set-Cookie') }

# A sign-on that is under way and its good answer: what the attack changes is only the way it comes.
sub under_way
{
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));

    return { response => $encode->($t->response_to($request)), relay_state => $request->{relay_state},
        cookie => "saml-state-$request->{relay_state}=" . $browser->cookie("saml-state-$request->{relay_state}") };
}

sub post
{
    my ($is, $path, $type, $body, @headers) = @_;
    my @lines = ('Host: 127.0.0.1', "Cookie: $is->{cookie}", defined $type ? "Content-Type: $type" : (), 'Connection: close', @headers);

    push @lines, 'Content-Length: ' . length $body if !grep { /^(?:Content-Length|Transfer-Encoding)/ } @headers;
    return SSOTest::Raw::ask($port, SSOTest::Raw::request("POST $path HTTP/1.1", \@lines, $body), half_close => 1);
}

sub chunked { my ($body, $size) = @_; return join('', map { sprintf "%x\r\n%s\r\n", length, $_ } unpack "(a$size)*", $body) . "0\r\n\r\n" }

# [what, source, expected status, sub (the sign-on) -> (path, type, body, headers)]
my $plain = sub { my ($is) = @_; return "SAMLResponse=$is->{response}&RelayState=$is->{relay_state}" };
my @ways = (
    ['the form as it should be', 'Bindings 3.5', 303, sub { ('/saml/acs', $form, $plain->(@_)) }],
    ['in chunks', 'RFC 9112 7.1', 303, sub { ('/saml/acs', $form, chunked($plain->(@_), 1000), 'Transfer-Encoding: chunked') }],
    ['in chunks of one octet', 'RFC 9112 7.1', 303, sub { ('/saml/acs', $form, chunked($plain->(@_), 1), 'Transfer-Encoding: chunked') }],
    ['fields in another order', 'Bindings 3.5', 303, sub { my ($is) = @_; ('/saml/acs', $form, "RelayState=$is->{relay_state}&SAMLResponse=$is->{response}") }],
    ['fields that are none of ours', 'Bindings 3.5', 303, sub { ('/saml/acs', $form, 'a=b&&=&c&' . $plain->(@_) . '&d=%zz') }],
    ['a charset', 'RFC 9110 8.3', 303, sub { ('/saml/acs', "$form; charset=UTF-8", $plain->(@_)) }],
    ['the type in capitals', 'RFC 9110 8.3', 303, sub { ('/saml/acs', uc $form, $plain->(@_)) }],
    ['line breaks in the base64', 'RFC 2045 6.8', 303, sub { my ($is) = @_; my $text = $is->{response} =~ s/((?:%..|[^%]){76})/$1%0D%0A/gr;
        ('/saml/acs', $form, "SAMLResponse=$text&RelayState=$is->{relay_state}") }],
    ['twice in one form', 'CAPEC-460', 400, sub { my ($is) = @_; ('/saml/acs', $form, $plain->($is) . "&SAMLResponse=$is->{response}") }],
    ['good, then junk', 'CAPEC-460', 400, sub { ('/saml/acs', $form, $plain->(@_) . '&SAMLResponse=AAAA') }],
    ['junk, then good', 'CAPEC-460', 400, sub { ('/saml/acs', $form, 'SAMLResponse=AAAA&' . $plain->(@_)) }],
    ['empty, then good', 'CAPEC-460', 400, sub { ('/saml/acs', $form, 'SAMLResponse=&' . $plain->(@_)) }],
    ['a name alone, then good', 'CAPEC-460', 400, sub { ('/saml/acs', $form, 'SAMLResponse&' . $plain->(@_)) }],
    ['a hundred of them', 'CAPEC-460', 400, sub { ('/saml/acs', $form, $plain->(@_) . '&SAMLResponse=AAAA' x 100) }],
    ['two RelayState', 'CAPEC-460', 400, sub { ('/saml/acs', $form, $plain->(@_) . '&RelayState=x') }],
    ['in the query', 'Bindings 3.5.4', 400, sub { ('/saml/acs?' . $plain->(@_), $form, '') }],
    ['in the query, junk in the body', 'CAPEC-460', 400, sub { ('/saml/acs?' . $plain->(@_), $form, 'SAMLResponse=AAAA') }],
    ['RelayState in the query', 'CAPEC-460', 303, sub { my ($is) = @_; ("/saml/acs?RelayState=$is->{relay_state}", $form, "SAMLResponse=$is->{response}") }, 'anew'],
    ['its name in small letters', 'Bindings 3.5.4', 400, sub { ('/saml/acs', $form, lc(($plain->(@_))[0])) }],
    ['its name escaped', 'CAPEC-267', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/SAML/%53AML/r) }],
    ['its name with brackets', 'CAPEC-460', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/SAMLResponse/SAMLResponse[]/r) }],
    ['a space before its name', 'CAPEC-460', 400, sub { ('/saml/acs', $form, '+' . $plain->(@_)) }],
    ['parted by semicolons', 'WHATWG URL 5.1', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/&/;/r) }],
    ['as SAMLRequest', 'Bindings 3.5.4', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/SAMLResponse/SAMLRequest/r) }],
    ['a broken escape in it', 'WHATWG URL 5.1', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1%zz/r) }],
    ['an escape cut off at the end', 'WHATWG URL 5.1', 400, sub { my ($is) = @_; ('/saml/acs', $form, "RelayState=$is->{relay_state}&SAMLResponse=$is->{response}%") }],
    ['NUL in it', 'CWE-158', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1%00/r) }],
    ['NUL in the body', 'CWE-158', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1\0/r) }],
    ['junk in the base64', 'RFC 4648 3.3', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1%21/r) }],
    ['a dash as in base64url', 'RFC 4648 3.3', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1-/r) }],
    ['padding in the middle', 'RFC 4648 3.3', 400, sub { ('/saml/acs', $form, $plain->(@_) =~ s/=(.{40})/=$1%3D%3D/r) }],
    ['padding at the end, too much', 'RFC 4648 3.2', 400, sub { my ($is) = @_; ('/saml/acs', $form, "SAMLResponse=$is->{response}%3D%3D%3D%3D&RelayState=$is->{relay_state}") }],
    ['text behind the padding', 'RFC 4648 3.3', 400, sub { my ($is) = @_; ('/saml/acs', $form, "SAMLResponse=$is->{response}%3DAAAA&RelayState=$is->{relay_state}") }],
    ['encoded twice', 'CWE-174', 400, sub { my ($is) = @_; my $twice = $encode->(encode_base64($is->{response} =~ s/%(..)/chr hex $1/ger, ''));
        ('/saml/acs', $form, "SAMLResponse=$twice&RelayState=$is->{relay_state}") }],
    ['text/plain', 'HTML 4.10.22.8', 400, sub { ('/saml/acs', 'text/plain', $plain->(@_)) }],
    ['application/json', 'RFC 9110 8.3', 400, sub { my ($is) = @_; ('/saml/acs', 'application/json', "{\"SAMLResponse\":\"$is->{response}\"}") }],
    ['multipart', 'RFC 7578', 400, sub { my ($is) = @_; ('/saml/acs', 'multipart/form-data; boundary=x',
        "--x\r\nContent-Disposition: form-data; name=\"SAMLResponse\"\r\n\r\n" . ($is->{response} =~ s/%(..)/chr hex $1/ger) . "\r\n--x--\r\n") }],
    ['multipart as a form', 'RFC 7578', 400, sub { my ($is) = @_; ('/saml/acs', $form,
        "--x\r\nContent-Disposition: form-data; name=\"SAMLResponse\"\r\n\r\n" . ($is->{response} =~ s/%(..)/chr hex $1/ger) . "\r\n--x--\r\n") }],
    ['no type', 'RFC 9110 8.3', 400, sub { ('/saml/acs', undef, $plain->(@_)) }],
    ['a longer type', 'RFC 9110 8.3', 400, sub { ('/saml/acs', "${form}x", $plain->(@_)) }],
    ['two types in one header', 'RFC 9110 5.3', 400, sub { ('/saml/acs', "text/xml, $form", $plain->(@_)) }],
    ['two types', 'RFC 9110 5.3', 400, sub { ('/saml/acs', 'text/xml', $plain->(@_), "Content-Type: $form") }],
    ['the bare XML', 'Bindings 3.5', 400, sub { ('/saml/acs', 'text/xml', '<Response/>') }],
    ['a shorter body than announced', 'RFC 9112 6.3', 400, sub { my $body = $plain->(@_); ('/saml/acs', $form, $body, 'Content-Length: ' . (100 + length $body)) }],
    ['a longer body than announced', 'CWE-444', 400, sub { my ($is) = @_; ('/saml/acs', $form, $plain->($is), 'Content-Length: 40') }],
    ['a negative length', 'RFC 9112 6.3', 400, sub { ('/saml/acs', $form, $plain->(@_), 'Content-Length: -1') }],
    ['two lengths', 'CWE-444', 400, sub { my $body = $plain->(@_); ('/saml/acs', $form, $body, 'Content-Length: ' . length $body, 'Content-Length: 5') }],
    ['a length with a sign', 'CWE-444', 400, sub { my $body = $plain->(@_); ('/saml/acs', $form, $body, 'Content-Length: +' . length $body) }],
    ['a length in hexadecimal', 'CWE-444', 400, sub { my $body = $plain->(@_); ('/saml/acs', $form, $body, sprintf 'Content-Length: 0x%x', length $body) }],
    ['a length past 64 bits', 'CWE-190', qr/^(?:400|413)$/, sub { ('/saml/acs', $form, $plain->(@_), 'Content-Length: 18446744073709551617') }],
    ['a chunk past 64 bits', 'CWE-190', qr/^(?:400|413)$/, sub { ('/saml/acs', $form, "ffffffffffffffff1\r\nx\r\n0\r\n\r\n", 'Transfer-Encoding: chunked') }],
    ['chunks without an end', 'RFC 9112 7.1', 400, sub { ('/saml/acs', $form, chunked($plain->(@_), 1000) =~ s/0\r\n\r\n\z//r, 'Transfer-Encoding: chunked') }],
    ['chunks that are none', 'RFC 9112 7.1', 400, sub { ('/saml/acs', $form, $plain->(@_), 'Transfer-Encoding: chunked') }],
    ['another transfer coding', 'RFC 9112 6.1', qr/^(?:400|501)$/, sub { ('/saml/acs', $form, $plain->(@_), 'Transfer-Encoding: gzip') }],
    ['chunked and a length', 'CWE-444', qr/^(?:303|400)$/, sub { ('/saml/acs', $form, chunked($plain->(@_), 1000), 'Transfer-Encoding: chunked', 'Content-Length: 5') }],
    ['a response at the path of another endpoint', 'Profiles 4.1.3.5', 405, sub { ('/saml/login', $form, $plain->(@_)) }],
    ['something behind the path', 'CWE-22', 404, sub { ('/saml/acs/', $form, $plain->(@_)) }],
    ['the path in capitals', 'CWE-178', 404, sub { ('/SAML/ACS', $form, $plain->(@_)) }],
    ['path parameters', 'RFC 3986 3.3', 404, sub { ('/saml/acs;x=1', $form, $plain->(@_)) }],
    ['method override by header', 'CWE-436', 303, sub { ('/saml/acs', $form, $plain->(@_), 'X-HTTP-Method-Override: GET') }],
);

subtest 'a good response, another way' => sub {
    for my $case (@ways) {
        my ($name, $source, $status, $make, $anew) = @$case;
        my $is = under_way();
        my $reply = post($is, $make->($is));

        ref $status ? like $reply->status, $status, "$name ($source)" : is $reply->status, $status, "$name ($source)";
        my $session = grep { /^saml=[^;]/ } $reply->headers('Set-Cookie');
        is $session, $reply->status == 303 && !$anew ? 1 : 0, $session ? 'a session' : 'no session';
        is $reply->header('Location') // 'none', $t->url('/saml/login?again=1'), 'begins anew' if $anew;
    }
};

subtest 'methods' => sub {
    for my $method (qw(GET HEAD PUT DELETE PATCH OPTIONS TRACE PROPFIND COPY CONNECT SAML post)) {
        my $is = under_way();
        my $body = $plain->($is);
        my $reply = SSOTest::Raw::ask($port, SSOTest::Raw::request("$method /saml/acs HTTP/1.1",
            ['Host: 127.0.0.1', "Cookie: $is->{cookie}", "Content-Type: $form", 'Content-Length: ' . length $body, 'Connection: close'], $body));
        like $reply->status, qr/^(?:400|405|501)$/, "$method with a good response is refused";
        is scalar(cookie_of($reply)), 0, 'no session';
    }
};

# The most memory that any child has had, in kB.
sub peak
{
    my $most = 0;
    my $parent = $t->httpd->pid;

    open my $children, '<', "/proc/$parent/task/$parent/children" or die "children: $!";
    for my $pid (split ' ', readline($children) // '') {
        open my $from, '<', "/proc/$pid/status" or next;
        while (my $line = readline $from) {
            $most = $1 if $line =~ /^VmHWM:\s*(\d+)/ && $1 > $most;
        }
    }
    return $most;
}

subtest 'fifty megabytes' => sub {
    my @head = ("POST /saml/acs HTTP/1.1", 'Host: 127.0.0.1', "Content-Type: $form", 'Connection: close');
    my $is = under_way();
    my $big = 'A' x 52_428_800;
    my $before = peak();
    my $limit = 65536 * ($ENV{SSO_SANITIZED} ? 8 : 1);

    my $reply = SSOTest::Raw::ask($port, join("\r\n", @head, 'Content-Length: 52428800', '', '') . 'SAMLResponse=');
    is $reply->status, 413, 'announced: refused before any of it has come';
    $reply = SSOTest::Raw::ask($port, join("\r\n", @head, 'Content-Length: 52428800', 'Expect: 100-continue', '', ''));
    is $reply->status, 413, 'and before it was asked for';
    $reply = SSOTest::Raw::ask($port, join("\r\n", @head, 'Transfer-Encoding: chunked', '', '') . chunked('SAMLResponse=' . $big, 1_000_000));
    like $reply->status, qr/^(?:413|0)$/, 'in chunks: refused on the way';
    $reply = SSOTest::Raw::ask($port, join("\r\n", @head, 'Transfer-Encoding: chunked', '', '') . chunked('x=&' x 1_000_000, 100_000));
    like $reply->status, qr/^(?:413|0)$/, 'a million fields';
    $reply = SSOTest::Raw::ask($port, join("\r\n", @head, 'Content-Length: 1500013', '', '') . 'SAMLResponse=' . 'A' x 1_500_000);
    is $reply->status, 413, 'a message past what is taken';
    for my $path ('/saml/logout', '/saml/login', '/saml/me', '/app') {
        $reply = SSOTest::Raw::ask($port, join("\r\n", "POST $path HTTP/1.1", 'Host: 127.0.0.1', "Content-Type: $form", "Origin: " . $t->url,
            'Connection: close', 'Accept: text/html', 'Transfer-Encoding: chunked', '', '') . chunked($big, 1_000_000));
        like $reply->status, qr/^(?:[2345]\d\d|0)$/, "$path with fifty megabytes answers or closes";
        is scalar(cookie_of($reply)), 0, 'no session';
    }
    my $grown = peak() - $before;
    cmp_ok $grown, '<', $limit, 'no child has grown by 64 MB';
    note "grown by $grown kB";
    is post($is, '/saml/acs', $form, $plain->($is))->status, 303, 'and the sign-on that was under way completes';
};

subtest 'a body that is packed' => sub {
    my $packed = { acs => $t->url('/saml/packed/acs'), issuer => 'https://app.example/packed' };
    my $is = { cookie => 'a=b' };
    my $good = Compress::Zlib::memGzip('SAMLResponse=' . $encode->($t->response_to($packed)));
    is post($is, '/saml/packed/acs', $form, $good, 'Content-Encoding: gzip')->status, 303, 'a good one, where the server unpacks';
    my $bomb = Compress::Zlib::memGzip('SAMLResponse=' . 'A' x 52_428_800);
    my $before = peak();
    is post($is, '/saml/packed/acs', $form, $bomb, 'Content-Encoding: gzip')->status, 413,
        'a bomb of ' . length($bomb) . ' octets is refused at the limit of what it unpacks to';
    cmp_ok peak() - $before, '<', 65536 * ($ENV{SSO_SANITIZED} ? 8 : 1), 'without room for all of it';
};

subtest 'a deflate bomb in a query' => sub {
    my ($deflate) = Compress::Zlib::deflateInit(-WindowBits => -15, -Level => 9);
    my $bomb = $deflate->deflate('<' . 'A' x 4_000_000) . $deflate->flush;
    my $before = peak();
    for my $path ('/saml/logout', '/saml/login', '/saml/metadata', '/saml/me') {
        for my $field (qw(SAMLRequest SAMLResponse)) {
            my $reply = $t->browser->get("$path?$field=" . $encode->(encode_base64($bomb, '')));
            like $reply->status, qr/^(?:200|400|401|403|413)$/, "$path?$field answers";
            unlike $reply->body, qr/AAAA/ if !$reply->form;
        }
    }
    cmp_ok peak() - $before, '<', 65536 * ($ENV{SSO_SANITIZED} ? 8 : 1), 'without room for it';
    my $file = $t->httpd->write_file('bomb.txt', 'https://idp.example/saml2?SAMLRequest=' . $encode->(encode_base64($bomb, '')) . "\n");
    my $said = eval { SSOTest::IdP::run($ENV{SSO_CLI}, 'decode', $file) } // $@;
    like $said, qr/exit 256: .*\[too-large\].*inflates to more than \d+ bytes/s, 'saml-sso decode says why it stops';
    cmp_ok length $said, '<', 1000, 'in few words';
};

# --- nothing of what the client writes comes back ---

my $canary = 'xq7zcanary';
my $script = "\"'><script>$canary</script>";

sub silent
{
    my ($reply, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    cmp_ok $reply->status, '>=', 300, "$name: refused (" . $reply->status . ')' or diag $reply->body;
    unlike $reply->{raw}, qr/\Q$canary\E/i, "$name: nothing of it in the answer, head or body";
    return;
}

subtest 'canaries around the message' => sub {
    my @endpoints = map { ("/saml/$_", "/saml/tiles/$_") } qw(acs login logout metadata certificate me);
    for my $path (@endpoints) {
        for my $where ("?target=http://$canary.example/", '?target=' . $encode->("/$script"), '?target=%00' . $canary, "?target=a&target=$canary",
            "?target=%zz$canary", '?again=%zz' . $canary, '?resend=%zz' . $canary, "/$canary", ";$canary") {
            for my $method (qw(GET POST)) {
                my $reply = SSOTest::Raw::ask($port, SSOTest::Raw::request("$method $path$where HTTP/1.1", ['Host: 127.0.0.1', "Content-Type: $form",
                    'Accept: text/html', 'Content-Length: 0', "Referer: http://$canary/", "User-Agent: $script", "Cookie: saml=$canary; saml-state-$canary=$script",
                    "Origin: http://$canary", "X-Forwarded-Host: $canary", 'Connection: close']));
                # metadata, certificate, me and logout take no heed of most of it: then the page is an ordinary one, without the canary too
                unlike $reply->{raw}, qr/\Q$canary\E/i, "$method $path$where: " . $reply->status;
            }
        }
    }
    for my $host ($canary, "$canary:80", "127.0.0.1\@$canary", "127.0.0.1/$canary", "\"><script>$canary", '') {
        for my $path ('/saml/acs', '/saml/login?target=%0d', '/app', '/saml/me') {
            my $reply = SSOTest::Raw::ask($port, SSOTest::Raw::request("GET $path HTTP/1.1", ["Host: $host", 'Accept: text/html', 'Connection: close']));
            unlike $reply->{raw}, qr/\Q$canary\E/i, "Host $host at $path: " . $reply->status;
        }
    }
};

subtest 'canaries in the form' => sub {
    my $is = { cookie => 'a=b' };
    for my $body ("SAMLResponse=$canary&SAMLResponse=$canary", "SAMLResponse=%zz$canary", 'SAMLResponse=' . $encode->($script), "RelayState=$canary",
        "$canary=1", 'SAMLResponse=' . $encode->(encode_base64("<$canary>", '')), 'SAMLResponse=' . $encode->(encode_base64("<r xmlns='$canary' $canary='$script'/>", '')),
        'SAMLResponse=' . $encode->(encode_base64("<!DOCTYPE $canary><r/>", '')), 'SAMLResponse=' . $encode->(encode_base64("<?$canary ?><r>&$canary;</r>", '')),
        'SAMLResponse=' . $encode->(encode_base64('<?xml version="1.0" encoding="' . $canary . '"?><r/>', ''))) {
        silent(post($is, '/saml/acs', $form, $body), substr $body, 0, 50);
        silent(post($is, '/saml/acs', "text/$canary", $body), 'the same, type');
        silent(post($is, "/saml/tiles/acs", $form, "$body&RelayState=$canary"), 'the same, tiles') if $body !~ /RelayState/;
    }
};

subtest 'canaries in the message' => sub {
    my %field = (
        destination => "https://$canary/", issuer => "https://$canary/", response_issuer => $script, assertion_issuer => $script, in_response_to => "_$canary",
        response_version => $canary, assertion_version => $canary, status_codes => ["urn:$canary", $script], status_message => $script, audiences => [$script],
        recipient => "https://$canary/", name_id => "$script\n", confirmations => [{ method => "urn:$canary" }], confirmation_in_response_to => "_$canary",
    );
    for my $name (sort keys %field) {
        for my $sign (qw(assertion none)) {
            my $browser = $t->browser;
            my $request = $t->request_of($browser->get('/app'));
            my $response = $t->response_to($request, sign => $sign, $name => $field{$name});
            my $reply = $t->deliver($browser, $request, $response);
            next if $reply->status == 303 && $name eq 'name_id';        # a strange name is one; headers.t and me.t hold what comes of it
            silent($reply, "$name, signed: $sign");
        }
    }
    my %replace = (ID => [[' ID="', " ID=\"$canary"]], element => [['Conditions', "Conditions$canary"]], attribute => [['Version=', "$canary=\"1\" Version="]],
        instruction => [['</Assertion>', "<?$canary $canary?></Assertion>"]]);
    for my $name (sort keys %replace) {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app'));
        my $response = $t->response_to($request, replace => $replace{$name});
        my $reply = $t->deliver($browser, $request, $response);
        silent($reply, "spoilt $name");
    }
};

is $t->login($t->browser, '/app')->body, 'in app', 'after all that a good one passes';
$t->finish;
done_testing;
