#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Attacks by cookies: forged, cut, moved, doubled, tossed by a neighbour, too many; logins and responses of somebody else.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::H2;
use SSOTest::Raw;

my $http2 = SSOTest::Httpd::mpm() ne 'prefork';     # mod_http2 does not run under prefork
my $t = SSOTest->new(backend => 1, tls => 1, ports => 2, modules => [qw(proxy proxy_http ssl socache_shmcb), $http2 ? 'http2' : ()],
    prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(app red);
        $self->httpd->write_file('one.hex', '0123456789abcdef' x 4 . "\n", 0600);
        $self->httpd->write_file('two.hex', 'fedcba9876543210' x 4 . "\n", 0600);
    },
    conf => ($http2 ? "Protocols h2 h2c http/1.1\n" : '') . "LimitRequestFieldSize 200000\nLimitRequestFields 1000\n"
        . saml_conf(SAMLSecret => '"@ROOT@/one.hex"') . <<'CONF' . "<VirtualHost 127.0.0.1:\@PORT1\@>\n"
<SAMLApplication red>
    SAMLIdentifier https://app.example/red
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/red/acs
</SAMLApplication>
<SAMLApplication narrow>
    SAMLIdentifier https://app.example/narrow
    SAMLPath /narrow/saml
    SAMLReplyURL http://127.0.0.1:@PORT@/narrow/saml/acs
    SAMLCookie narrow Path=/narrow
</SAMLApplication>
<LocationMatch "^/(narrow/in|wide|narrower)$">
    AuthType SAML
    SAMLApplication narrow
    Require valid-user
</LocationMatch>
ProxyPass /open http://@BACKEND@/open
ProxyPass /guarded http://@BACKEND@/guarded
<LocationMatch "^/(app|guarded)">
    AuthType SAML
    Require valid-user
</LocationMatch>
<Location "/red">
    AuthType SAML
    SAMLApplication red
    Require valid-user
</Location>
Listen 127.0.0.1:@PORT1@
Listen 127.0.0.1:@PORT2@
Listen 127.0.0.1:@TLS_PORT@
SSLSessionCache shmcb:@ROOT@/run/ssl(65536)
CONF
        . saml_conf(SAMLReplyURL => 'http://127.0.0.1:@PORT1@/saml/acs', SAMLSecret => '"@ROOT@/one.hex"') . "</VirtualHost>\n<VirtualHost 127.0.0.1:\@PORT2\@>\n"
        . saml_conf(SAMLReplyURL => 'http://127.0.0.1:@PORT2@/saml/acs', SAMLSecret => '"@ROOT@/two.hex"') . <<'CONF');
</VirtualHost>
<VirtualHost 127.0.0.1:@TLS_PORT@>
    ServerName https://localhost:@TLS_PORT@
    SSLEngine on
    SSLCertificateFile "@ROOT@/tls.cer"
    SSLCertificateKeyFile "@ROOT@/tls.key"
    SAMLReplyURL https://localhost:@TLS_PORT@/saml/acs
</VirtualHost>
CONF
my $port = $t->httpd->port;
$t->tolerate_log(qr/log(?:in|out) refused \[(?:state-missing|in-response-to|destination|replay|malformed|unsolicited)\]/);

sub browser_at { my ($n) = @_; return SSOTest::Browser->new(base => 'http://127.0.0.1:' . $t->httpd->port($n)) }

sub get
{
    my ($path, @cookies) = @_;

    return SSOTest::Raw::ask($port, SSOTest::Raw::request("GET $path HTTP/1.1",
        ['Host: 127.0.0.1', 'Accept: text/html', map({ "Cookie: $_" } @cookies), 'Connection: close']));
}

sub session_of { my ($reply) = @_; return grep { /^(?:__Host-)?saml(?:-red)?=[^;]/ } $reply->headers('Set-Cookie') }

# No session came of it: begun anew or refused.
sub fails
{
    my ($reply, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $anew = $reply->status == 303 && $reply->header('Location') =~ m{/saml/(?:red/)?login\?again=1\z};
    ok !session_of($reply) && ($anew || $reply->status =~ /^40[03]$/), $name
        or diag 'got ' . $reply->status . ' ' . ($reply->header('Location') // '');
    return;
}

my $ada = $t->signed_on('/app');
my $good = $ada->cookie('saml');

subtest 'every character of the session cookie' => sub {
    my @in;
    for my $at (0 .. length($good) - 1) {
        for my $by (1, 2, 4, 8, 16, 32) {
            my $bad = $good;
            substr($bad, $at, 1) = chr(ord(substr $bad, $at, 1) ^ $by);
            push @in, $bad if get('/app', "saml=$bad")->body eq 'in app';
        }
        push @in, "cut at $at" if get('/app', 'saml=' . substr $good, 0, $at)->body eq 'in app';
        push @in, "without $at" if $at && get('/app', 'saml=' . substr $good, $at)->body eq 'in app';
    }
    is join("\n", @in), '', 'no other gets in';
    is get('/app', "saml=$good")->body, 'in app', 'itself does';
};

# [what, Cookie lines, does it get in, source]
my @names = (
    ['alone', ["saml=$good"], 1, 'RFC 6265 4.2.1'],
    ['among others', ["a=b; saml=$good; c=d"], 1, 'RFC 6265 4.2.1'],
    ['without blanks', ["a=b;saml=$good;c=d"], 1, 'RFC 6265 4.2.1'],
    ['junk first', ["saml=junk; saml=$good"], 1, 'RFC 6265 4.2.2: no order to rely on'],
    ['junk last', ["saml=$good; saml=junk"], 1, 'RFC 6265 4.2.2'],
    ['junk of the right length first', ['saml=' . 'A' x 43 . "; saml=$good"], 1, 'RFC 6265 4.2.2'],
    ['behind $Version', ["\$Version=1; saml=$good; \$Path=/"], 1, 'RFC 2965 3.3.4, which RFC 6265 makes cookies like others'],
    ['hidden in $Version', ["\$Version=1; a=\"x; b=y\", saml=$good"], 0, 'RFC 2965; Cookie Chaos (2025)'],
    ['after a comma', ["x=1, saml=$good"], 0, 'RFC 6265 4.1.1: a neighbour may set x to that'],
    ['before a comma', ["saml=$good, x=1"], 0, 'RFC 6265 5.4'],
    ['on the second of two lines', ['a=b', "saml=$good"], 0, 'RFC 6265 5.4: one line; httpd joins two by a comma'],
    ['inside a value', ["x=saml=$good"], 0, 'RFC 6265 5.2'],
    ['inside quotes', ["x=\"; saml=$good; y=\""], 1, 'RFC 6265 5.2: quotes hold nothing together'],
    ['in quotes', ["saml=\"$good\""], 0, 'RFC 6265 4.1.1'],
    ['a blank in front of the value', ["saml= $good"], 0, 'RFC 6265 4.1.1'],
    ['nameless', ["=saml=$good"], 0, 'CVE-2022-2860: nameless cookies'],
    ['a longer name', ["xsaml=$good"], 0, 'RFC 6265 4.1.1'],
    ['a shorter one', ["sam=$good"], 0, 'RFC 6265 4.1.1'],
    ['capitals', ["SAML=$good"], 0, 'RFC 6265 4.1.1'],
    ['escaped', ["s%61ml=$good"], 0, 'CVE-2020-8184: names decoded'],
    ['brackets', ["saml[]=$good"], 0, 'CVE-2022-31629: names mangled'],
    ['dots', ["..saml=$good"], 0, 'CVE-2022-31629'],
    ['wide blanks', ["\xe2\x80\x80saml=$good"], 0, 'Cookie Chaos (2025): names stripped of Unicode blanks'],
    ['no-break space', ["\xc2\xa0saml=$good", ], 0, 'Cookie Chaos (2025)'],
    ['Latin-1 blank', ["\xa0saml=$good"], 0, 'Cookie Chaos (2025)'],
    ['Latin-1 next line', ["\x85saml=$good"], 0, 'Cookie Chaos (2025)'],
    ['the __Host- name without TLS', ["__Host-saml=$good"], 0, 'RFC 6265bis 4.1.3'],
    ['the name of the other application', ["saml-red=$good"], 0, 'SSO of two applications'],
    ['the name of a login in progress', ["saml-state-abcdefghijkl=$good"], 0, 'SSO of two applications'],
    ['no value', ['saml'], 0, 'RFC 6265 5.2'],
    ['an empty one', ['saml='], 0, 'RFC 6265 5.2'],
);

subtest 'names and lists' => sub {
    for my $case (@names) {
        my ($name, $lines, $in, $source) = @$case;
        my $reply = get('/app', @$lines);
        is $reply->body eq 'in app' ? 'in' : $reply->form ? 'sign-on' : $reply->status, $in ? 'in' : 'sign-on', "$name ($source)";
    }
};

subtest 'behind TLS only the __Host- name counts' => sub {
    my $secure = $t->browser(tls => 1);
    $t->login($secure, '/app');
    my $value = $secure->cookie('__Host-saml');
    for my $cookie ("saml=$value", "__Secure-saml=$value", "__host-saml=$value", "Host-saml=$value", "__Host-saml-red=$value", "x=1, __Host-saml=$value",
        "=__Host-saml=$value", "\xe2\x80\x80__Host-saml=$value", "\$Version=1, __Host-saml=$value", "saml=$value; __Host-saml=junk") {
        ok $t->browser(tls => 1)->get('/app', headers => [['Cookie', $cookie]])->form, $cookie =~ s/\Q$value\E/.../r =~ s/[^ -~]/?/gr;
    }
    is $t->browser(tls => 1)->get('/app', headers => [['Cookie', "__Host-saml=$value"]])->body, 'in app', 'which gets in';
    ok $t->browser(tls => 1)->get('/app', headers => [['Cookie', "__Host-saml=$good"]])->form, 'a session of the site without TLS does not' if $good eq $value;
};

subtest 'sessions elsewhere' => sub {
    my $red = $t->signed_on('/red');
    ok get('/app', 'saml=' . $red->cookie('saml-red'))->form, 'the session of another application under our name';
    ok get('/red', "saml-red=$good")->form, 'and ours under its name';
    ok get('/app', 'saml-red=' . $red->cookie('saml-red'))->form, 'its own';
};

subtest 'bombs' => sub {
    for my $bomb (
        ['300 cookies', join '; ', map { "c$_=" . 'x' x 20 } 1 .. 300],
        ['100,000 octets in one', 'x=' . 'y' x 100_000],
        ['20,000 without names', ';' x 20_000],
        ['10,000 equals signs', '=' x 10_000],
        ['5,000 sessions that are none', join '; ', map { "saml=$_" } 1 .. 5_000],
        ['2,000 sessions of the right length', join '; ', map { sprintf 'saml=%043d', $_ } 1 .. 2_000],
        ['3,000 logins in progress that are none', join '; ', map { sprintf 'saml-state-%012d=x', $_ } 1 .. 3_000],
        ['blanks', ' ' x 50_000 . "a=b" . "\t" x 50_000],
    ) {
        my ($name, $cookies) = @$bomb;
        my $reply = get('/app', $cookies);
        ok $reply->form, "$name: the sign-on page";
        cmp_ok scalar($reply->headers('Set-Cookie')), '<=', 66, 'with few cookies';
        is get('/app', "saml=$good; $cookies")->body, 'in app', 'who has a session in front is in';
    }
    my $late = get('/app', join('; ', map { "saml=$_" } 1 .. 5_000) . "; saml=$good");
    ok $late->form || $late->body eq 'in app', 'behind five thousand of the name, one that is good may go unseen and nothing worse';
    is SSOTest::Raw::ask($port, SSOTest::Raw::request('GET /app HTTP/1.1', ['Host: 127.0.0.1', 'Cookie: ' . 'a' x 300_000, 'Connection: close']))->status, 400,
        'past the limit it is httpd that refuses';
};

subtest 'two lines: what the backend sees' => sub {
    my $seen = get('/guarded', "a=b; saml=$good; c=d")->body;
    like $seen, qr/^Cookie: a=b; c=d$/m, 'of one line, what is not ours';
    unlike get('/open', "saml=$good, a=b")->body, qr/\Q$good\E/, 'a session in front of a comma does not reach it';
    for my $cookies ("saml =$good", "saml\t=$good", "saml=$good;", ";; saml=$good ; ;", "saml=$good; saml-state-abcdefghijkl=x; saml-red=y") {
        unlike get('/open', $cookies)->body, qr/saml/, 'nor does ' . $cookies =~ s/\Q$good\E/.../r =~ s/\t/ /r;
    }
};

if ($http2) {
    my @head = ([':method', 'GET'], [':scheme', 'http'], [':authority', '127.0.0.1'], ['accept', 'text/html']);
    subtest 'HTTP/2: cookies in fields of their own' => sub {
        my $ask = sub { my ($path, @cookies) = @_; return SSOTest::H2::ask($port, [@head, [':path', $path], map { ['cookie', $_] } @cookies]) };
        my @ordered = ([':method', 'GET'], [':scheme', 'http'], [':authority', '127.0.0.1']);
        $ask = sub { my ($path, @cookies) = @_; return SSOTest::H2::ask($port, [@ordered, [':path', $path], ['accept', 'text/html'], map { ['cookie', $_] } @cookies]) };
        is $ask->('/app', 'a=b', "saml=$good", 'c=d')->{body}, 'in app', 'the session is found among them (RFC 9113 8.2.3)';
        is $ask->('/app', map({ "c$_=1" } 1 .. 60), "saml=$good")->{body}, 'in app', 'behind sixty';
        like $ask->('/guarded', 'a=b', "saml=$good", 'c=d')->{body}, qr/^Cookie: a=b; c=d$/m, 'and taken out';
        like $ask->('/app', 'a=b', 'saml=x')->{body}, qr/<form/, 'a forged one is none';
        like $ask->('/app', "x=1, saml=$good")->{body}, qr/<form/, 'nor is what stands behind a comma';
        my $many = $ask->('/app', map { "c$_=1" } 1 .. 2000);
        ok $many->{refused} || $many->{status} =~ /^(?:200|400|431)$/, 'two thousand do no harm';
        is $ask->('/app', "saml=$good")->{body}, 'in app', 'and the server serves';
    };
}

# --- logins in progress ---

sub begun
{
    my ($n, $path) = @_;
    my $browser = $n ? browser_at($n) : $t->browser;
    my $request = $t->request_of($browser->get($path // '/saml/login?target=/app'));
    my ($name) = grep { /state-\Q$request->{relay_state}\E$/ } $browser->cookie_names;

    return { browser => $browser, request => $request, name => $name, value => $browser->cookie($name) };
}

# The answer to that login, from a browser with these cookies.
sub answer
{
    my ($is, $cookies, $response, %o) = @_;
    my $acs = $o{acs} // $is->{request}{acs};
    my ($at, $path) = $acs =~ m{:(\d+)(/.*)} or die $acs;
    my $body = 'SAMLResponse=' . SSOTest::Browser::url_encode($response) . '&RelayState=' . SSOTest::Browser::url_encode($o{relay_state} // $is->{request}{relay_state});

    return SSOTest::Raw::ask($at, SSOTest::Raw::request("POST $path HTTP/1.1", ["Host: 127.0.0.1:$at", length $cookies ? "Cookie: $cookies" : (),
        'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, 'Connection: close'], $body));
}

subtest 'every character of the state cookie' => sub {
    my $is = begun(0, '/app');
    my $response = $t->response_to($is->{request});
    my @in;
    for my $at (0 .. length($is->{value}) - 1) {
        my $bad = $is->{value};
        substr($bad, $at, 1) = chr(ord(substr $bad, $at, 1) ^ (1, 2, 4, 8, 16, 32)[$at % 6]);
        push @in, "changed at $at" if session_of(answer($is, "$is->{name}=$bad", $response));
        push @in, "cut at $at" if session_of(answer($is, "$is->{name}=" . substr($is->{value}, 0, $at), $response));
    }
    is join("\n", @in), '', 'none opens, out of ' . 2 * length $is->{value};
    is scalar(session_of(answer($is, "$is->{name}=$is->{value}", $response))), 1, 'itself does';
};

subtest 'state of another application, virtual host, secret' => sub {
    my $is = begun(0, '/app');
    my $red = begun(0, '/red');
    my ($same, $other) = map { begun($_) } 1, 2;
    my $response = $t->response_to($is->{request});
    my $as = sub { my ($from) = @_; return "$is->{name}=$from->{value}" };

    fails(answer($is, $as->($red), $response), "another application's, under our name");
    fails(answer($is, "$red->{name}=$red->{value}", $t->response_to($red->{request}), relay_state => $red->{request}{relay_state}), "the other application's login and answer, here");
    fails(answer($red, "$red->{name}=$red->{value}", $response, relay_state => $red->{request}{relay_state}), 'our answer there');
    fails(answer($is, $as->($other), $response), 'under another secret');
    fails(answer($other, "$other->{name}=$other->{value}", $t->response_to($other->{request}), acs => $is->{request}{acs}), "another secret's login and answer, here");
    fails(answer($same, "$same->{name}=$same->{value}", $t->response_to($same->{request}), acs => $is->{request}{acs}),
        "a neighbour's with the same secret and identifier: its answer goes to its own address");
    is scalar(session_of(answer($same, "$same->{name}=$same->{value}", $t->response_to($same->{request})))), 1, 'where it is good';
    is scalar(session_of(answer($is, "$is->{name}=$is->{value}", $response))), 1, 'as is ours here';
};

subtest 'a stolen response' => sub {
    my $victim = begun(0, '/app');
    my $thief = begun(0, '/app');
    my $response = $t->response_to($victim->{request}, user => 'victim');

    fails(answer($victim, '', $response), 'without the cookie of the login');
    fails(answer($thief, "$thief->{name}=$thief->{value}", $response), "under the thief's own login");
    fails(answer($victim, "$thief->{name}=$thief->{value}", $response), "under the victim's RelayState with the thief's cookie");
    fails(answer($victim, "$victim->{name}=$thief->{value}", $response), "the thief's login under the victim's name");
    fails(answer($thief, "$thief->{name}=$victim->{value}", $response), "the victim's login under the thief's name");
    fails(answer($victim, "saml=$good", $response), "with the thief's own session");
    is scalar(session_of(answer($victim, "$victim->{name}=$victim->{value}", $response))), 1, 'the victim still gets in';
    fails(answer($victim, "$victim->{name}=$victim->{value}", $response), 'and nobody else after that');
};

subtest 'login CSRF' => sub {
    my $mallory = begun(0, '/app');
    my $response = $t->response_to($mallory->{request}, user => 'mallory');
    my $victim = begun(0, '/app');

    fails(answer($mallory, '', $response), "mallory's answer in a browser that has begun nothing");
    fails(answer($mallory, "$victim->{name}=$victim->{value}", $response), 'in one that has begun a sign-on');
    fails(answer($victim, "$victim->{name}=$victim->{value}", $response), 'the same under its own RelayState');
    my $reply = answer($mallory, "saml=$good", $response);
    fails($reply, 'in one that is signed on');
    is scalar(grep { /^saml=;/ } $reply->headers('Set-Cookie')), 0, 'whose session stays';
    is get('/app', "saml=$good")->body, 'in app', 'and is good';
    fails(answer($mallory, '', $t->response_to({ %{ $mallory->{request} }, id => undef }, user => 'mallory')), 'one that answers nothing');
};

subtest 'session fixation' => sub {
    for my $planted ($good, 'A' x 43, 'x', '') {
        my $is = begun(0, '/app');
        my $reply = answer($is, "saml=$planted; $is->{name}=$is->{value}", $t->response_to($is->{request}, user => 'victim'));
        my ($set) = session_of($reply);
        my ($new) = ($set // '') =~ /^saml=([^;]+)/;
        ok defined $new, 'signed on';
        isnt $new, $planted, 'under a new value';
        is get('/guarded', "saml=$new")->body =~ /^X-Remote-User: (\S+)/m ? $1 : '', 'victim@example.org', 'as the victim';
        unlike get('/guarded', "saml=$planted")->body, qr/victim/, 'what was planted has become nothing of the victim';
    }
    my $planted = $t->browser;
    $planted->set_cookie("saml-state-$_", 'planted') for 'AAAAAAAAAAAA', 'BBBBBBBBBBBB', 'retry2';
    is $t->login($planted, '/app')->body, 'in app', 'planted logins in progress keep nobody out';
};

subtest 'a Path that a guarded place is not under' => sub {
    my $browser = $t->browser;
    $t->login($browser, '/narrow/in');
    is $browser->get('/narrow/in')->status, 404, 'under it a sign-on ends at the page, which is not there';
    for my $path ('/wide', '/narrower', '/wide?x=/narrow/') {
        my $reply = $browser->get($path);
        is $reply->status, 500, "$path: no sign-on that would begin again for ever";
        ok !$reply->form, 'and no page that begins one';
    }
    $t->expect_log(qr{AuthType SAML guards /wide, where the session's cookie does not come: expected SAMLCookie with a Path that it is under, found Path=/narrow});
    $t->tolerate_log(qr{AuthType SAML guards /narrower});
};

is $t->login($t->browser, '/app')->body, 'in app', 'after all that a good one passes';
$t->finish;
done_testing;
