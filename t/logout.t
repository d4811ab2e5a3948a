#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The identity provider ends sessions: genuine messages over both bindings, by this test's own hand, as Entra makes them and as
# pysaml2 makes them, whether or not the browser that carries them knows us.
use strict;
use warnings;
use IO::Uncompress::RawInflate ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest;
use SSOTest::Logout;

my $plain = 'https://idp.example/metadata';
my $t = SSOTest->new(prepare => sub { my ($self) = @_; $self->idp->make_key('sp') }, conf => saml_conf() . <<"CONF");
<SAMLApplication plain>
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLCertificate "\@ROOT\@/idp.cer"
    SAMLIdentifier https://app.example/plain
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/plain/acs http://localhost:\@PORT\@/saml/plain/acs
</SAMLApplication>
<SAMLApplication there>
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLLogoutURL https://idp.example/slo?x=1
    SAMLCertificate "\@ROOT\@/idp.cer"
    SAMLIdentifier https://app.example/there
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/there/acs
</SAMLApplication>
<SAMLApplication signed>
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLLogoutURL https://idp.example/slo
    SAMLCertificate "\@ROOT\@/idp.cer"
    SAMLIdentifier https://app.example/signed
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/signed/acs
    SAMLKey "\@ROOT\@/sp.key" "\@ROOT\@/sp.cer"
    SAMLSignRequests on
</SAMLApplication>
<SAMLApplication weak>
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLCertificate "\@ROOT\@/idp.cer"
    SAMLIdentifier https://app.example/weak
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/weak/acs
    SAMLAllow unsigned-logout
</SAMLApplication>
<Location "/">
    AuthType SAML
    Require valid-user
</Location>
<Location "/plain">
    SAMLApplication plain
</Location>
<Location "/there">
    SAMLApplication there
</Location>
<Location "/signed">
    SAMLApplication signed
</Location>
<Location "/weak">
    SAMLApplication weak
</Location>
CONF
$t->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(entra plain there signed weak);
$t->expect_log(qr/unsigned-logout/);

my $email = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
my $persistent = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
my $idp = SSOTest::Logout->new($t, issuer => $plain, destination => $t->url('/saml/plain/logout'), name_id => 'ada@example.org',
    name_id_format => $email);
my $entra = SSOTest::Logout->new($t, issuer => SSOTest::IdP::ISSUER, name_id => 'ada@example.org', lower => JSON::PP::true());

sub is_in { my ($browser, $path) = @_; return $browser->get($path)->body eq "in " . substr $path, 1 }

sub on_plain { my (%o) = @_; return $t->signed_on('/plain', issuer => $plain, %o) }

sub is_done
{
    my ($reply, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 200, "$name: 200" or diag $t->httpd->log_text;
    is $reply->header('Cache-Control'), 'no-store', "$name: kept by nobody";
    is $reply->header('Set-Cookie'), undef, "$name: no cookie";
    is $reply->header($_), undef, "$name: no $_, which could keep it out of a frame" for 'X-Frame-Options', 'Content-Security-Policy';
    cmp_ok length $reply->body, '<', 100, "$name: and tiny";
    return;
}

for my $by ('redirect', 'post') {
    my $path = '/saml/plain/logout';

    subtest "by $by" => sub {
        my ($one, $two, $bob) = (on_plain(session_index => 'i1'), on_plain(session_index => 'i2'), on_plain(user => 'bob'));
        is_done $idp->deliver($idp->message(by => $by, name_id => 'nobody@example.org'), at => $path), 'a name that nobody has';
        ok is_in($_, '/plain'), 'harms no session' for $one, $two, $bob;
        is_done $idp->deliver($idp->message(by => $by, indexes => ['i2']), at => $path), 'with a SessionIndex';
        ok is_in($one, '/plain'), 'the other session of that name lives';
        ok !is_in($two, '/plain'), 'that session has ended';
        my $three = on_plain(session_index => 'i3');
        my $four = on_plain(session_index => 'i4');
        is_done $idp->deliver($idp->message(by => $by, indexes => ['i1', 'i3', 'i9']), at => $path), 'with several';
        ok !is_in($_, '/plain'), 'each has ended' for $one, $three;
        ok is_in($four, '/plain'), 'the one not named lives';
        my $five = on_plain();
        is_done $idp->deliver($idp->message(by => $by), at => $path), 'without one';
        ok !is_in($_, '/plain'), 'all of that name have ended' for $four, $five;
        ok is_in($bob, '/plain'), "and nobody else's";
    };

    subtest "by $by: what makes a name the same" => sub {
        my %qualified = (name_id_format => $persistent, name_id_attributes => ' NameQualifier="a" SPNameQualifier="b"');
        my $ada = on_plain(%qualified);
        my $implied = on_plain(name_id_format => $persistent, user => 'carl');
        my $before = on_plain();
        my @others = ({ %qualified, name_id_format => $email }, { name_id_format => $persistent },
            { %qualified, name_id_attributes => ' NameQualifier="a"' }, { %qualified, name_id => 'Ada@example.org' },
            { %qualified, name_id => 'ada@example.org ' });
        is_done $idp->deliver($idp->message(by => $by, %$_), at => $path), 'another name' for @others;
        ok is_in($_, '/plain'), 'ends nothing' for $ada, $before;
        is_done $idp->deliver($idp->message(by => $by, %qualified), at => $path), 'format and qualifiers as at sign-on';
        ok !is_in($ada, '/plain'), 'end it';
        is_done $idp->deliver($idp->message(by => $by, name_id_format => undef), at => $path), 'no format';
        ok !is_in($before, '/plain'), 'is any';
        is_done $idp->deliver($idp->message(by => $by, name_id => 'carl@example.org', name_id_format => $persistent,
            name_id_attributes => qq( NameQualifier="$plain" SPNameQualifier="https://app.example/plain")), at => $path),
            'qualifiers that only say who speaks to whom';
        ok !is_in($implied, '/plain'), 'are as good as none';
    };

    subtest "by $by: pysaml2" => sub {
        my $sp = $t->httpd->write_file('sp.xml', $t->browser->get('/saml/plain/metadata')->body, 0644);
        my ($one, $two) = (on_plain(session_index => 'p1'), on_plain(session_index => 'p2'));
        my %made = (with => 'pysaml2', by => $by, sp => $t->dir . '/sp.xml', sp_entity => 'https://app.example/plain',
            name_id_format => $email);
        is_done $idp->deliver($idp->message(%made, indexes => ['p1']), at => $path), 'one session';
        ok !is_in($one, '/plain') && is_in($two, '/plain'), 'and no other';
        is_done $idp->deliver($idp->message(%made), at => $path), 'all sessions';
        ok !is_in($two, '/plain'), 'end';
    };
}

# doc/entra.md section 6: lower-case escapes, no Destination, no Format, perhaps another NameID, sometimes another Issuer.
subtest 'Entra' => sub {
    my $path = '/saml/logout';
    my ($one, $two, $bob) = ($t->signed_on('/entra', session_index => '_e1'), $t->signed_on('/entra', session_index => '_e2'),
        $t->signed_on('/entra', user => 'bob'));
    my $made = $entra->message(indexes => ['_e1'], relay_state => 'r/1');
    like $made->{query}, qr/%2[fb]|%3d/, 'the escapes are in lower case';
    is_done $entra->deliver($made), 'its broadcast';
    ok !is_in($one, '/entra'), 'ends the session';
    ok is_in($_, '/entra'), 'and no other' for $two, $bob;
    is_done $entra->deliver($entra->message(indexes => ['_e2'], name_id => 'AbC-pairwise', name_id_format => undef)),
        'with another name for her, and the SessionIndex';
    ok !is_in($two, '/entra'), 'too';
    is_done $entra->deliver($entra->message(indexes => ['_e9'], name_id => 'bob@example.org')), 'with an index that is not there';
    ok is_in($bob, '/entra'), 'ends nothing';
    is_done $entra->deliver($entra->message(name_id => 'bob@example.org',
        issuer => 'https://login.microsoftonline.com/' . SSOTest::IdP::TENANT . '/')), "with the login service's name as Issuer";
    ok !is_in($bob, '/entra'), 'ends it';
    my $other = on_plain(session_index => '_e3');
    is_done $entra->deliver($entra->message(indexes => ['_e3'])), 'for an application';
    ok is_in($other, '/plain'), 'another keeps its sessions';
    is_done $idp->deliver($idp->message(name_id => 'x', indexes => ['_e3']), at => '/saml/plain/logout'), 'another identity provider';
    ok is_in($other, '/plain'), 'needs the name too';
};

subtest 'the browser that carries it' => sub {
    my $ada = on_plain();
    my $bob = on_plain(user => 'bob');
    is_done $idp->deliver($idp->message(), at => '/saml/plain/logout', browser => $bob), "ada's, by bob's";
    ok !is_in($ada, '/plain'), 'ends what it names';
    ok is_in($bob, '/plain'), 'and not the session of who brought it';
};

subtest 'by another of our names' => sub {
    my $ada = on_plain();
    my $to = $t->url('/saml/plain/logout') =~ s/127\.0\.0\.1/localhost/r;
    is_done $idp->deliver($idp->message(destination => $to), at => '/saml/plain/logout'), 'any of the reply URLs has a logout beside it';
    ok !is_in($ada, '/plain'), 'and it counts';
};

subtest 'over a restart' => sub {
    my $ada = on_plain(session_index => 'r1');
    ok $t->httpd->restart, 'stopped and started';
    ok is_in($ada, '/plain'), 'the session is there';
    my $made = $idp->message(indexes => ['r1']);
    is_done $idp->deliver($made, at => '/saml/plain/logout'), 'asked for now';
    ok !is_in($ada, '/plain'), 'it ends';
    my $anew = on_plain(session_index => 'r1');
    $t->httpd->restart;
    is $idp->deliver($made, at => '/saml/plain/logout')->status, 403, 'the same message again';
    $t->refused('replay', qr/LogoutRequest ID .* expected one that is new/);
    ok is_in($anew, '/plain'), 'ends nothing';
};

subtest 'unsigned-logout' => sub {
    my %always = (issuer => $plain, name_id => 'ada@example.org', name_id_format => $email, sign => JSON::PP::false());
    my $weak = SSOTest::Logout->new($t, %always);
    for my $by ('redirect', 'post') {
        my $ada = $t->signed_on('/weak', issuer => $plain);
        is_done $weak->deliver($weak->message(by => $by), at => '/saml/weak/logout'), "unsigned by $by";
        ok !is_in($ada, '/weak'), 'ends the session';
    }
};

# The LogoutRequest in a Location: { xml, relay_state, query }
sub request_in
{
    my ($reply) = @_;
    my ($to, $query) = ($reply->header('Location') // '') =~ m{^(https://idp\.example/slo)\?(?:x=1&)?(.*)} or return;
    my %value = map { my ($n, $v) = split /=/, $_, 2; ($n, $v =~ s/%(..)/chr hex $1/ger) } split /&/, $query;
    my $inflated;

    IO::Uncompress::RawInflate::rawinflate(\decode_base64($value{SAMLRequest} // ''), \$inflated);
    return { xml => $inflated, relay_state => $value{RelayState}, query => $query, signature => $value{Signature} };
}

sub answer
{
    my ($browser, $request, $path, %o) = @_;
    my ($id) = $request->{xml} =~ / ID="(_[^"]+)"/;
    my $made = $idp->message(kind => 'response', destination => $t->url($path), in_response_to => $id,
        relay_state => $request->{relay_state}, %o);

    return $browser->get("$path?$made->{query}", cross_site => 1);
}

subtest 'begun here' => sub {
    my $ada = $t->signed_on('/there', issuer => $plain, session_index => 's&1');
    my $cookie = $ada->cookie('saml-there');
    my $reply = $ada->get('/saml/there/logout?target=/bye');
    is $reply->status, 303, 'a redirect';
    is $ada->cookie('saml-there'), undef, 'the cookie has gone';
    my $copy = $t->browser;
    $copy->set_cookie('saml-there', $cookie);
    ok !is_in($copy, '/there'), 'and the session, before anybody answers';
    my $request = request_in($reply);
    like $request->{xml}, qr{^<samlp:LogoutRequest [^>]*Destination="https://idp\.example/slo\?x=1"}, 'a LogoutRequest to the identity provider';
    like $request->{xml}, qr{<saml:Issuer>https://app\.example/there</saml:Issuer>}, 'from us';
    like $request->{xml}, qr{<saml:NameID Format="\Q$email\E">ada\@example\.org</saml:NameID>}, 'for her, as she was named';
    like $request->{xml}, qr{<samlp:SessionIndex>s&amp;1</samlp:SessionIndex>}, 'and her session';
    is $request->{signature}, undef, 'unsigned, as requests are';
    my $other = answer($t->browser, $request, '/saml/there/logout');
    is $other->status, 200, 'the answer in another browser';
    is $other->header('Location'), undef, 'shows a page';
    my $wrong = answer($ada, $request, '/saml/there/logout', in_response_to => '_other');
    is $wrong->status, 403, 'an answer to another request';
    like $wrong->body, qr/Signed out on this site only.*Your session on this site has ended.*<dd>in-response-to</s,
        'and the page knows that the session here has ended';
    $t->refused('in-response-to', qr/logout refused.*expected "_/);
    is answer($ada, $request, '/saml/there/logout')->header('Location'), undef, 'leaves nothing to be answered';

    my $bob = $t->signed_on('/there', issuer => $plain, user => 'bob');
    $request = request_in($bob->get('/saml/there/logout?target=/bye'));
    $reply = answer($bob, $request, '/saml/there/logout');
    is $reply->status, 303, 'the right answer';
    is $reply->header('Location'), '/bye', 'goes where he wanted to';
    is answer($bob, $request, '/saml/there/logout')->status, 200, 'a second time there is a page';

    my $carl = $t->signed_on('/there', issuer => $plain, user => 'carl');
    $request = request_in($carl->post('/saml/there/logout', []));
    like answer($carl, $request, '/saml/there/logout')->body, qr{You are signed out.*<a class="button" href="http://127\.0\.0\.1:\d+/saml/there/login">Sign in again<}s,
        'without a target there is one, with a way on';
    is $carl->get('/saml/there/logout')->status, 200, 'without a session nobody is asked';
    is $carl->get('/saml/there/logout?target=/bye')->header('Location'), '/bye', 'and the target is next';
    is $t->signed_on('/there', issuer => $plain)->get('/saml/there/logout?target=//evil.example/')->status, 403, 'one that is not ours';
    $t->refused('relay-state');
    my $dan = $t->signed_on('/there', issuer => $plain, user => 'dan');
    $request = request_in($dan->get('/saml/there/logout?target=/' . 'a' x 6000));
    cmp_ok length $dan->cookie_header($t->url('/')), '<', 4096, 'a long target does not fill the Cookie header';
    is answer($dan, $request, '/saml/there/logout')->status, 200, 'and is not kept';
};

subtest 'begun here, signed' => sub {
    my $request = request_in($t->signed_on('/signed', issuer => $plain)->get('/saml/signed/logout'));
    my ($octets, $signature) = $request->{query} =~ /^(.*)&Signature=/;
    for (['signed', $octets], ['signature', decode_base64($request->{signature})]) {
        open my $to, '>', $t->dir . "/$_->[0]" or die $!;
        print {$to} $_->[1];
    }
    SSOTest::IdP::run('sh', '-c', 'openssl x509 -in "$0/sp.cer" -noout -pubkey > "$0/sp.pub"', $t->dir);
    like SSOTest::IdP::run('openssl', 'dgst', '-sha256', '-verify', $t->dir . '/sp.pub', '-signature', $t->dir . '/signature',
        $t->dir . '/signed'), qr/Verified OK/, 'over the octets of the query, by our key';
};

# A page on this site that somebody else may write on; or one elsewhere, which can have login cookies set.
subtest 'as a part of a page' => sub {
    my $ada = $t->signed_on('/plain', issuer => $plain);
    my %part = (
        'an image' => [['Sec-Fetch-Mode', 'no-cors'], ['Sec-Fetch-Dest', 'image']],
        'an image with CORS' => [['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'image']],
        'a style of an old browser' => [['Sec-Fetch-Mode', 'no-cors']],
        'a script elsewhere' => [['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'empty'], ['Sec-Fetch-Site', 'cross-site']],
        'an object' => [['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'object']],
        'a prefetch' => [['Sec-Fetch-Mode', 'navigate'], ['Sec-Fetch-Dest', 'document'], ['Sec-Purpose', 'prefetch;prerender']],
    );
    for my $what (sort keys %part) {
        for my $path ('/saml/plain/logout', '/saml/plain/login?target=/plain') {
            my $reply = $ada->get($path, no_default => 1, headers => $part{$what});
            is $reply->status, 400, "$what: $path";
            is $reply->header('Set-Cookie'), undef, 'sets no cookie';
            $t->refused('request', qr/expected (?:a page load|somebody)/);
        }
    }
    ok is_in($ada, '/plain'), 'her session is still there';
    for my $dest (qw(empty iframe document)) {
        my $browser = $t->signed_on('/plain', issuer => $plain);
        my $mode = $dest eq 'empty' ? 'cors' : 'navigate';
        is $browser->get('/saml/plain/logout', no_default => 1, headers => [['Sec-Fetch-Mode', $mode], ['Sec-Fetch-Dest', $dest]])->status, 200,
            "$mode, $dest";
        ok !is_in($browser, '/plain'), 'is a logout';
    }
    my $image = $t->browser->get('/saml/plain/logout?' . $idp->message()->{query}, no_default => 1, headers => $part{'an image'});
    is $image->status, 200, "a message by the identity provider may be an image's address";
    ok !is_in($ada, '/plain'), 'and counts';
};

subtest 'a LogoutResponse' => sub {
    my %response = (kind => 'response', in_response_to => '_q1');
    my $page = $idp->deliver($idp->message(%response), at => '/saml/plain/logout');
    is $page->status, 200, 'by redirect';
    like $page->body, qr/You are signed out/, 'shows the page';
    $page = $idp->deliver($idp->message(%response, by => 'post'), at => '/saml/plain/logout', param => 'SAMLResponse');
    is $page->status, 200, 'by post';
    is $entra->deliver($entra->message(%response, issuer => 'https://login.microsoftonline.com/' . SSOTest::IdP::TENANT . '/'))->status,
        200, "Entra's, from its login service";
    $page = $idp->deliver($idp->message(%response, status => 'urn:oasis:names:tc:SAML:2.0:status:Responder'), at => '/saml/plain/logout');
    is $page->status, 403, 'that tells of a failure';
    like $page->body, qr/Not signed out.*<dd>status</s, 'says so';
    $t->refused('status', qr/Responder/);
};

$t->finish;
done_testing;
