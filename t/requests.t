#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# How we ask, and what we publish of our keys and addresses: read and verified by libraries that share no code with us.
use strict;
use warnings;
use JSON::PP ();
use POSIX qw(strftime);
use Test::More;
use SSOTest;

my %format = (
    emailAddress => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    persistent => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    transient => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
    unspecified => 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
    none => undef,
    'urn:example:format' => 'urn:example:format',
);
my @formats = sort keys %format;

use constant PASSWORD => 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password';

sub application
{
    my ($name, @lines) = @_;
    my $section = join "\n", "<SAMLApplication $name>", "SAMLIdentifier https://app.example/$name?a=1&b=2",
        (grep { /^SAMLReplyURL/ } @lines) ? () : "SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$name/acs", @lines, '</SAMLApplication>';

    return "$section\n<Location \"/$name\">\nAuthType SAML\nSAMLApplication $name\nRequire valid-user\n</Location>\n";
}

my @signing = ('SAMLKey "@ROOT@/sp.key" "@ROOT@/sp.cer"', 'SAMLKey "@ROOT@/next.key" "@ROOT@/next.cer"', 'SAMLSignRequests on');
my $t = SSOTest->new(
    prepare => sub {
        my ($self) = @_;
        $self->idp->make_key($_) for qw(sp next);
        chmod 0644, map { $self->dir . "/$_.key" } qw(sp next);
    },
    conf => saml_conf()
        . application('plain')
        . application('several', 'SAMLReplyURL http://127.0.0.1:@PORT@/saml/several/acs http://localhost:@PORT@/saml/several/acs '
            . 'http://[::1]:@PORT@/of/its/own')
        . application('post', @signing)
        . application('redirect', @signing, 'SAMLRequestBinding Redirect')
        . application('unsigned-redirect', 'SAMLRequestBinding Redirect')
        . application('force', 'SAMLForceAuthn on')
        . application('hint-post', 'SAMLDomainHint Example.org', @signing)
        . application('hint-redirect', 'SAMLDomainHint example.org', 'SAMLRequestBinding Redirect', @signing)
        . application('hint-query', 'SAMLDomainHint example.org', 'SAMLIdPIdentifier ' . SSOTest::IdP::ISSUER,
            'SAMLLoginURL https://login.example/saml2?a=1', 'SAMLCertificate "@ROOT@/idp.cer"')
        . application('last-user', 'SAMLLoginHint on', 'SAMLDomainHint example.org', 'SAMLRequestBinding Redirect')
        . application('context', 'SAMLAuthnContext urn:oasis:names:tc:SAML:2.0:ac:classes:X509 ' . PASSWORD, 'SAMLIdPInitiated on')
        . join('', map { application("format$_", "SAMLNameIDFormat $formats[$_]") } 0 .. $#formats));

sub check
{
    my (@command) = @_;
    my $text = eval { SSOTest::IdP::run($ENV{SSO_PYTHON} || '/usr/bin/python3', "$ENV{SSO_SRCDIR}/t/lib/sp_check.py", @command) };

    if (!defined $text) {
        fail "sp_check.py $command[0]";
        diag $@;
        return {};
    }
    return JSON::PP::decode_json($text =~ s/^(?!\{).*\n//mgr);
}

sub descriptor
{
    my ($name) = @_;
    my $reply = $t->browser->get("/saml/$name/metadata");

    is $reply->status, 200, 'metadata';
    is $reply->header('Content-Type'), 'application/samlmetadata+xml', 'with its type';
    return check('metadata', $t->httpd->write_file("$name.xml", $reply->body));
}

sub slurp
{
    my ($path) = @_;

    open my $from, '<', $path or die "$path: $!";
    local $/;
    return readline $from;
}

sub pem_body
{
    my ($name) = @_;
    my ($text) = slurp($t->dir . "/$name.cer") =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s;

    return $text =~ s/\s//gr;
}

my $post = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';

subtest 'a descriptor without keys' => sub {
    my $is = descriptor('plain');
    is $is->{entity_id}, 'https://app.example/plain?a=1&b=2', 'entity ID';
    is_deeply $is->{known}, [$is->{entity_id}], 'pysaml2 takes it into its store';
    is $is->{protocols}, 'urn:oasis:names:tc:SAML:2.0:protocol', 'SAML 2.0';
    is $is->{authn_requests_signed}, 'false', 'signs no requests';
    is $is->{want_assertions_signed}, 'true', 'wants assertions signed';
    is_deeply $is->{acs}, [{ location => $t->url('/saml/plain/acs'), binding => $post, index => '0', default => 'true' }], 'one reply URL';
    is_deeply [map { [$_->{location}, $_->{binding} =~ /:([\w-]+)$/] } @{ $is->{slo} }],
        [[$t->url('/saml/plain/logout'), 'HTTP-Redirect'], [$t->url('/saml/plain/logout'), 'HTTP-POST']], 'logout in both bindings';
    is_deeply $is->{name_id_formats}, [$format{emailAddress}], 'its name ID format';
    is_deeply [$is->{signing}, $is->{encryption}], [[], []], 'no keys';
    is $t->browser->get('/saml/plain/certificate')->status, 404, 'and no certificate';
};

subtest 'several reply URLs' => sub {
    my $is = descriptor('several');
    my $port = $t->httpd->port;
    is_deeply [map { [@$_{qw(location index default)}] } @{ $is->{acs} }],
        [["http://127.0.0.1:$port/saml/several/acs", '0', 'true'], ["http://localhost:$port/saml/several/acs", '1', undef],
            ["http://[::1]:$port/of/its/own", '2', undef]], 'all of them, the first by default';
    for my $host ("127.0.0.1:$port", "localhost:$port") {
        my $request = $t->request_of($t->browser->get('/several', host => $host));
        is $request->{acs}, "http://$host/saml/several/acs", "a visitor of $host comes back there";
    }
    $t->expect_log(qr/a sign-on begins with Host "elsewhere\.example", which no SAMLReplyURL has/);
    my $elsewhere = $t->request_of($t->browser->get('/several', host => 'elsewhere.example'));
    is $elsewhere->{acs}, "http://127.0.0.1:$port/saml/several/acs", 'one of a host that is none of them comes to the first';
};

subtest 'keys' => sub {
    my $is = descriptor('post');
    is $is->{authn_requests_signed}, 'true', 'says that requests are signed';
    is_deeply $is->{signing}, [pem_body('sp')], 'the first key signs';
    is_deeply $is->{encryption}, [pem_body('sp'), pem_body('next')], 'either decrypts';
    ok !(grep { /1_5|tripledes|sha1$/ } @{ $is->{encryption_methods} }), 'and nothing weak is offered';
    my $reply = $t->browser->get('/saml/post/certificate');
    is $reply->status, 200, 'the certificate';
    is $reply->header('Content-Type'), 'application/x-pem-file', 'has its type';
    is $reply->body, slurp($t->dir . '/sp.cer'), 'and is the configured one, octet by octet';
    unlike $reply->body, qr/PRIVATE/, 'without its key';
    unlike $t->browser->get('/saml/post/metadata')->body, qr/PRIVATE/, 'nor is it in the descriptor';
};

sub request_file
{
    my ($name) = @_;
    my $request = $t->request_of($t->browser->get("/$name"));

    return ($request, $t->httpd->write_file("$name-request.xml", $request->{xml}));
}

subtest 'a signed request by POST' => sub {
    my ($request, $file) = request_file('post');
    my $is = check('request', $file, $t->dir . '/sp.cer');
    is $is->{signature_method}, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'python3-xmlsec finds the signature good: RSA-SHA256';
    is $is->{digest_method}, 'http://www.w3.org/2001/04/xmlenc#sha256', 'over SHA-256';
    is $is->{attributes}{ID}, $request->{id}, 'its ID';
    is $is->{attributes}{Destination}, SSOTest::IdP::LOGIN_URL, 'its destination';
    is $is->{issuer}, 'https://app.example/post?a=1&b=2', 'its issuer';
    my $browser = $t->browser;
    my $own = $t->request_of($browser->get('/post'));
    is $t->deliver($browser, $own, $t->response_to($own, issuer => SSOTest::IdP::ISSUER, audiences => ['https://app.example/post?a=1&b=2']))->status, 303,
        'the sign-on completes';
    my $spoilt = $t->httpd->write_file('spoilt.xml', $request->{xml} =~ s/post\?a=1/evil?a=1/r);
    my $wrong = eval { SSOTest::IdP::run('/usr/bin/python3', "$ENV{SSO_SRCDIR}/t/lib/sp_check.py", 'request', $spoilt, $t->dir . '/sp.cer') };
    is $wrong, undef, 'the same verifier refuses a changed request';
    $wrong = eval { SSOTest::IdP::run('/usr/bin/python3', "$ENV{SSO_SRCDIR}/t/lib/sp_check.py", 'request', $file, $t->dir . '/next.cer') };
    is $wrong, undef, 'and another key';
};

subtest 'a signed request by Redirect' => sub {
    my $browser = $t->browser;
    my $reply = $browser->get('/redirect?deep=1');
    is $reply->status, 302, 'is a redirect';
    is $reply->header('Cache-Control'), 'no-store', 'kept by nobody';
    my $url = $reply->header('Location');
    like $url, qr/^\Q${\ SSOTest::IdP::LOGIN_URL}\E\?/, 'to SAMLLoginURL';
    my $is = check('redirect', $url, $t->dir . '/sp.cer');
    is $is->{signature_method}, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'the signature of the query is good';
    is_deeply $is->{order}, [qw(SAMLRequest RelayState SigAlg Signature)], 'over the fields in order';
    ok !$is->{signed}, 'the XML has none of its own, as Bindings 3.4.4.1 wants';
    my $request = { id => $is->{attributes}{ID}, acs => $is->{attributes}{AssertionConsumerServiceURL}, issuer => $is->{issuer},
        relay_state => $is->{relay_state} };
    my $answer = $t->deliver($browser, $request, $t->response_to($request));
    is $answer->status, 303, 'the sign-on completes';
    is $answer->header('Location'), '/redirect?deep=1', 'and lands where it began';
    for my $spoilt (map { $url =~ s/(?<=&$_=)(.)/$1 eq 'A' ? 'B' : 'A'/er } qw(RelayState Signature)) {
        is eval { SSOTest::IdP::run('/usr/bin/python3', "$ENV{SSO_SRCDIR}/t/lib/sp_check.py", 'redirect', $spoilt, $t->dir . '/sp.cer') }, undef,
            'the same verifier refuses a changed query';
    }
};

subtest 'an unsigned request by Redirect' => sub {
    my $browser = $t->browser;
    my $url = $browser->get('/unsigned-redirect')->header('Location');
    my $is = check('redirect', $url);
    is_deeply $is->{order}, [qw(SAMLRequest RelayState)], 'has a request and RelayState';
    my $request = { id => $is->{attributes}{ID}, acs => $is->{attributes}{AssertionConsumerServiceURL}, issuer => $is->{issuer},
        relay_state => $is->{relay_state} };
    is $t->deliver($browser, $request, $t->response_to($request))->status, 303, 'and can be answered';
    is $t->browser->head('/unsigned-redirect')->status, 302, 'HEAD gets the same';
};

subtest 'an unsigned request by POST' => sub {
    my ($request, $file) = request_file('plain');
    my $is = check('request', $file);
    ok !$is->{signed}, 'has no signature';
    is_deeply $is->{children}, [qw(Issuer NameIDPolicy)], 'and asks for nothing more than it must';
    is $is->{attributes}{ForceAuthn}, undef, 'no ForceAuthn';
    is $is->{attributes}{ProtocolBinding}, $post, 'the answer by POST';
};

subtest 'SAMLForceAuthn' => sub {
    my (undef, $file) = request_file('force');
    my $is = check('request', $file);
    is $is->{attributes}{ForceAuthn}, 'true', 'is in the request';

    for my $case (['who signs on for it gets in', 0, 303], ['who signed on an hour before does not', 3600, 403]) {
        my ($what, $ago, $status) = @$case;
        my $instant = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $ago));
        my $browser = $t->browser;
        my $request = { %{ $t->request_of($browser->get('/force')) }, issuer => $is->{issuer} };
        is $t->deliver($browser, $request, $t->response_to($request, authn_instant => $instant))->status, $status, $what;
        $t->refused('authn-statement', qr/AuthnInstant: expected a sign-on of its own, as ForceAuthn asks, not before \S+, got \Q$instant\E/)
            if $status == 403;
    }
};

subtest 'SAMLDomainHint' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/hint-post'));
    is $request->{action}, SSOTest::IdP::LOGIN_URL . '?whr=example.org', 'by POST it is in the address of the form';
    my $is = check('request', $t->httpd->write_file('hint.xml', $request->{xml}), $t->dir . '/sp.cer');
    is $is->{attributes}{Destination}, SSOTest::IdP::LOGIN_URL, 'and not in the Destination';
    unlike $request->{xml}, qr/whr|example\.org/, 'nor elsewhere in what is signed';
    $request->{issuer} = $is->{issuer};
    is $t->deliver($browser, $request, $t->response_to($request))->status, 303, 'the sign-on completes';

    my $url = $t->browser->get('/hint-redirect')->header('Location');
    $is = check('redirect', $url, $t->dir . '/sp.cer');
    is $is->{signature_method}, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'by Redirect the signature is good';
    is_deeply $is->{order}, [qw(SAMLRequest RelayState SigAlg Signature whr)], 'and the hint is behind what it covers';
    like $url, qr/&whr=example\.org$/, 'as it was written';
    is $is->{attributes}{Destination}, SSOTest::IdP::LOGIN_URL, 'not in the Destination';

    is $t->request_of($t->browser->get('/hint-query'))->{action}, 'https://login.example/saml2?a=1&whr=example.org', 'beside a query that the address has';
    unlike $t->request_of($t->browser->get('/plain'))->{action}, qr/whr/, 'none without the directive';
};

subtest 'login_hint' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/saml/plain/login?login_hint=z%c3%b6e%2Btest%40example.org'));
    is $request->{action}, SSOTest::IdP::LOGIN_URL . '?login_hint=z%C3%B6e%2Btest%40example.org', 'who is to sign on, by the query of login';
    is $t->request_of($browser->get('/plain?login_hint=ada'))->{action}, SSOTest::IdP::LOGIN_URL, 'and by that of no other place';
    is $t->request_of($browser->get("/saml/plain/login?login_hint=$_"))->{action}, SSOTest::IdP::LOGIN_URL, 'nor what is no name' for '', 'a%0d%0ab', 'x' x 257;
    like $browser->get('/saml/redirect/login?login_hint=ada%40example.org')->header('Location'), qr/&SigAlg=[^&]*&Signature=[^&]*&login_hint=ada%40example\.org$/,
        'by Redirect behind what the signature covers';
    unlike $t->signed_on('/plain', issuer => SSOTest::IdP::ISSUER, audiences => ['https://app.example/plain?a=1&b=2'])->get('/saml/plain/login')->body, qr/login_hint/,
        'nobody is remembered without being told to';
};

subtest 'SAMLLoginHint' => sub {
    my $browser = $t->browser;
    my $hint = sub { return ($browser->get('/saml/last-user/login')->header('Location') =~ /&(whr=.*)$/)[0] };
    my $sign_on = sub {
        my (%o) = @_;
        my $is = check('redirect', $browser->get('/saml/last-user/login?login_hint=other%40example.org')->header('Location'));
        my $request = { id => $is->{attributes}{ID}, acs => $is->{attributes}{AssertionConsumerServiceURL}, relay_state => $is->{relay_state} };
        return $t->deliver($browser, $request, $t->response_to($request, issuer => SSOTest::IdP::ISSUER, audiences => ['https://app.example/last-user?a=1&b=2'], %o));
    };
    is $hint->(), 'whr=example.org', 'nobody yet';
    my ($cookie) = grep { /state-hint/ } $sign_on->(attributes => [['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name', ['ada.upn@example.org']]])->headers('Set-Cookie');
    like $cookie, qr/^saml-last-user-state-hint=[\w-]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/, 'who signs on is kept for 30 days';
    unlike $cookie, qr/ada/, 'under seal';
    is $hint->(), 'whr=example.org&login_hint=ada.upn%40example.org', 'and goes along from then on, by the name that Entra knows him by';
    $browser->drop_cookies(qr/^saml-last-user$/);
    is $hint->(), 'whr=example.org&login_hint=ada.upn%40example.org', 'when the session has ended';
    like $browser->get('/saml/last-user/login?login_hint=bob%40example.org')->header('Location'), qr/&login_hint=bob%40example\.org$/, 'the query comes first';
    my ($name) = grep { /hint/ } $browser->cookie_names;
    my $value = $browser->cookie($name);
    $browser->set_cookie($name, $value =~ s/^(.{20})./$1 . ($value =~ m{^.{20}A} ? 'B' : 'A')/er);
    is $hint->(), 'whr=example.org', 'what somebody has changed is nothing';
    $browser->set_cookie($name, $value);
    $browser->get('/saml/last-user/logout');
    is $hint->(), 'whr=example.org', 'who signs out is forgotten';
    $sign_on->(name_id => 'pseudonym', attributes => []);
    is $hint->(), 'whr=example.org', 'and a name that is no address is not kept';
};

subtest 'SAMLAuthnContext' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/context'));
    my $is = check('request', $t->httpd->write_file('context.xml', $request->{xml}));
    is_deeply $is->{children}, [qw(Issuer NameIDPolicy RequestedAuthnContext)], 'asks for a class';
    like $request->{xml}, qr/<samlp:RequestedAuthnContext Comparison="exact">/, 'exactly';
    is_deeply [$request->{xml} =~ m{<saml:AuthnContextClassRef>([^<]*)</}g], ['urn:oasis:names:tc:SAML:2.0:ac:classes:X509', PASSWORD], 'of those named, in order';
    $request->{issuer} = $is->{issuer};
    is $t->deliver($browser, $request, $t->response_to($request, authn_context => PASSWORD))->status, 303, 'one of them signs on';

    $browser = $t->browser;
    $request = $t->request_of($browser->get('/context'));
    $request->{issuer} = $is->{issuer};
    is $t->deliver($browser, $request, $t->response_to($request, authn_context => 'urn:federation:authentication:windows'))->status, 403, 'another does not';
    $t->refused('authn-statement', qr/AuthnContextClassRef: expected "urn:oasis\S+X509" or "\Q${\ PASSWORD}\E", got "urn:federation:authentication:windows"/);
    my $response = $t->idp->respond(issuer => SSOTest::IdP::ISSUER, destination => $request->{acs}, audiences => [$is->{issuer}], name_id => 'ada',
        attributes => [], authn_context => 'urn:federation:authentication:windows');
    is $t->browser->post($request->{acs}, [SAMLResponse => $response], cross_site => 1)->status, 403, 'nor in a response that nobody asked for';
    $t->refused('authn-statement', qr/got "urn:federation:authentication:windows"/);
    like $t->httpd->log_text, qr/SAMLAuthnContext in \S+ line \d+: sign-ons must be of one of 2 classes; Entra refuses with AADSTS75011/, 'start-up says what Entra makes of it';
};

for my $n (0 .. $#formats) {
    my $want = $format{ $formats[$n] };
    subtest "SAMLNameIDFormat $formats[$n]" => sub {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get("/format$n"));
        my ($policy) = $request->{xml} =~ /<(?:\w+:)?NameIDPolicy\b([^>]*)/;
        defined $want ? like $policy, qr/ Format="\Q$want\E"/, 'the request asks for it' : is $policy, undef, 'the request has no NameIDPolicy';
        unlike $policy // '', qr/SPNameQualifier/, 'for nobody else';
        is_deeply [$browser->get("/saml/format$n/metadata")->body =~ m{NameIDFormat>([^<]*)</}g], [defined $want ? $want : ()], 'the descriptor says it';
        $request->{issuer} = SSOTest::Reply::html_decode($request->{issuer});
        is $t->deliver($browser, $request, $t->response_to($request, defined $want ? (name_id_format => $want) : ()))->status, 303,
            'the sign-on completes';
        is $browser->fetch("/saml/format$n/me")->json->{nameid_format}, $want, 'and the session knows the format' if defined $want;
    };
}

$t->finish;
done_testing;
