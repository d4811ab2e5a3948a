#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What can be chosen of logout: whether the identity provider is asked, how, whether its requests are answered, whether the next sign-on asks
# for the password; and what holds whatever is chosen.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use Test::More;
use SSOTest;
use SSOTest::Logout;
use SSOTest::Message qw(carried_by delivered xml_of);
use SSOTest::Redis;

my $plain = 'https://idp.example/metadata';
my $hand = <<"CONF";
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLLogoutURL https://idp.example/slo
    SAMLCertificate "\@ROOT\@/idp.cer"
CONF
my $entra = $hand =~ s/\Q$plain\E/SSOTest::IdP::ISSUER/er;
my $key = "SAMLKey \"\@ROOT\@/sp.key\" \"\@ROOT\@/sp.cer\"\n";
my %app = (
    auto => $hand, off => "${hand}SAMLLogoutResponse off\n", entra => "$entra$key", answers => "$entra${key}SAMLLogoutResponse on\n",
    signed => "$entra${key}SAMLSignRequests on\n", local => "$hand${key}SAMLSingleLogout off\n", post => "$hand${key}SAMLRequestBinding POST\n",
    only => "SAMLIdPMetadata \"\@ROOT\@/only.xml\"\n", places => "SAMLIdPMetadata \"\@ROOT\@/places.xml\"\nSAMLRequestBinding POST\n",
    force => "${hand}SAMLForceAuthn after-logout\n",
    weak => "$hand${key}SAMLAllow unsigned-logout\n",
    unsigned => "${hand}SAMLAllow unsigned-logout\nSAMLSessionStore redis://127.0.0.1:\@REDIS\@\n",
);

# A descriptor with those logout services.
sub metadata
{
    my ($t, @services) = @_;

    open my $from, '<', $t->dir . '/idp.cer' or die $!;
    my $cert = join '', map { /-----/ ? () : s/\s//gr } <$from>;
    my $slo = join '', map { "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-$_->[0]\" $_->[1]/>" } @services;
    return <<"XML";
<EntityDescriptor entityID="$plain" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>$cert</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
$slo<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>
XML
}

my $folder = File::Temp->newdir('mod_saml_sso-redis-XXXXXXXX', TMPDIR => 1);
my $redis = SSOTest::Redis->start(dir => "$folder/redis");
my $conf = join '', map { my $is = $app{$_}; <<"CONF" } sort keys %app;
<SAMLApplication $_>
    SAMLIdentifier https://app.example/$_
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$_/acs
    $is
</SAMLApplication>
<Location /$_>
    SAMLApplication $_
</Location>
CONF
$conf =~ s/\@REDIS\@/$redis->port/e;
my $t = SSOTest->new(conf => "<Location />\nAuthType SAML\nRequire valid-user\n</Location>\n" . saml_conf() . $conf, prepare => sub {
    my ($self) = @_;
    $self->idp->make_key('sp');
    $self->httpd->write_file("htdocs/$_", "in $_", 0644) for keys %app;
    $self->httpd->write_file('only.xml', metadata($self, ['POST', 'Location="https://idp.example/slo"']), 0644);
    $self->httpd->write_file('places.xml', metadata($self,
        ['Redirect', 'Location="https://idp.example/r" ResponseLocation="https://idp.example/r-back"'],
        ['POST', 'Location="https://idp.example/p" ResponseLocation="https://idp.example/p-back"']), 0644);
});
$t->expect_log(qr/unsigned-logout/);

my %issuer = map { $_ => $app{$_} =~ /\Q$plain\E|only|places/ ? $plain : SSOTest::IdP::ISSUER } keys %app;

sub on { my ($app, %o) = @_; return $t->signed_on("/$app", issuer => $issuer{$app}, %o) }
sub is_in { my ($browser, $app) = @_; return $browser->get("/$app")->body eq "in $app" }

sub idp_of
{
    my ($app) = @_;

    return SSOTest::Logout->new($t, issuer => $issuer{$app}, destination => $t->url("/saml/$app/logout"), name_id => 'ada@example.org',
        name_id_format => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
}

# The identity provider's LogoutRequest, and what is said to it.
sub asked
{
    my ($app, %o) = @_;
    my $made = idp_of($app)->message(%o);
    my $reply = idp_of($app)->deliver($made, at => "/saml/$app/logout", form => [defined $o{relay_state} ? (RelayState => $o{relay_state}) : ()]);
    my ($id) = $made->{xml} =~ / ID="([^"]+)"/;

    return ($reply, scalar carried_by($reply), $id);
}

subtest 'SAMLLogoutResponse' => sub {
    for my $by (qw(redirect post)) {
        for (['auto', 1], ['off', 0], ['entra', 0], ['answers', 1]) {
            my ($app, $answers) = @$_;
            my $ada = on($app);
            my ($reply, $answer, $id) = asked($app, by => $by, relay_state => 'r 1/"');
            ok !is_in($ada, $app), "$app, $by: the session has ended";
            if (!$answers) {
                is $reply->status . $reply->body, "200Signed out.\n", 'which a few words say';
                next;
            }
            my $how = $app eq 'answers' ? 'redirect' : $by;
            is $answer->{by}, $how, "which a LogoutResponse by $how says";
            my $xml = xml_of($answer);
            like $xml, qr/<samlp:LogoutResponse [^>]*Destination="https:\/\/idp\.example\/slo"[^>]*InResponseTo="\Q$id\E"/, 'to the request';
            like $xml, qr/StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/, 'Success';
            is $answer->{form} ? $answer->{form}{RelayState} : $answer->{url} =~ s/.*RelayState=([^&]*).*/$1/r,
                $answer->{form} ? 'r 1/"' : 'r%201%2F%22', 'with its RelayState';
            is $reply->header('Cache-Control'), 'no-store', 'kept by nobody';
            is $reply->header('Set-Cookie'), undef, 'without a cookie';
            unlike join(' ', $reply->header('X-Frame-Options') // '', $reply->header('Content-Security-Policy') // ''), qr/frame|SAMEORIGIN|DENY/i,
                'and nothing forbids the frame that it may be in';
        }
    }
};

subtest 'where answers go' => sub {
    for my $by (qw(redirect post)) {
        my (undef, $answer) = asked('places', by => $by);
        is $answer->{url} =~ s/\?.*//r, 'https://idp.example/' . ($by eq 'post' ? 'p' : 'r') . '-back', "by $by: to their own place";
        (undef, $answer) = asked('only', by => $by);
        is "$answer->{by} $answer->{url}", 'post https://idp.example/slo', 'by the other binding, where there is no other';
    }
};

subtest 'a RelayState that is none' => sub {
    my $ada = on('auto');
    for my $by (qw(redirect post)) {
        my ($reply, $answer) = asked('auto', by => $by, relay_state => 'x' x 1025);
        is $reply->status, 413, "$by: 1025 octets are too many";
        is $answer, undef, 'no LogoutResponse';
        $t->refused('too-large', qr/RelayState of a LogoutRequest: expected at most 1024 bytes, got 1025/);
    }
    ok is_in($ada, 'auto'), 'the session lives';
    my (undef, $answer) = asked('auto', relay_state => 'x' x 1024);
    like $answer->{url}, qr/RelayState=x{1024}(?:&|$)/, '1024 come back';
};

subtest 'what is refused gets no LogoutResponse' => sub {
    my $ada = on('auto');
    for my $by (qw(redirect post)) {
        for (['unsigned', sign => JSON::PP::false()], ['issuer', issuer => 'https://evil.example/'], ['destination', destination => 'https://evil.example/'],
            ['expired', instant => -3600], ['name-id', name_id => undef], ['malformed', kind => 'response', in_response_to => '_x', request => 1]) {
            my ($status, %o) = @$_;
            my $param = delete $o{request} ? 'SAMLRequest' : undef;
            my $made = idp_of('auto')->message(by => $by, %o);
            $made->{query} =~ s/^SAMLResponse/SAMLRequest/ if $param && $made->{query};
            my $reply = idp_of('auto')->deliver($made, at => '/saml/auto/logout');
            is scalar carried_by($reply), undef, "$by, $status: none";
            cmp_ok $reply->status, '>=', 400, 'a page says so';
            $t->refused($status, qr/logout refused/);
        }
    }
    ok is_in($ada, 'auto'), 'and the session lives';
};

# A signature of ours over what anybody has sent: its ID and RelayState.
subtest 'what came unsigned is answered unsigned' => sub {
    for my $by (qw(redirect post)) {
        for (['unsigned', 0, sign => JSON::PP::false()], ['signed', 1]) {
            my ($what, $is_signed, %o) = @$_;
            my $ada = on('weak');
            my (undef, $answer) = asked('weak', by => $by, %o);
            ok !is_in($ada, 'weak'), "$by, $what: the session has ended";
            like xml_of($answer), qr/status:Success/, 'the answer says so';
            is !!($answer->{form} ? xml_of($answer) =~ /<ds:Signature/ : $answer->{url} =~ /[?&]Signature=/), !!$is_signed, "and is $what";
        }
    }
};

# Nothing is to be proven of an unsigned one, so that the store is asked for the first time when sessions are to end.
subtest 'what could not be done' => sub {
    my %weak = (sign => JSON::PP::false());
    my (undef, $answer) = asked('unsigned', %weak);
    like xml_of($answer), qr/status:Success/, 'as long as the store is there';
    $redis->end;
    (undef, $answer) = asked('unsigned', %weak);
    like xml_of($answer), qr/status:Responder"/, 'without it the identity provider hears that it has failed';
    $t->expect_log(qr/logout: application "unsigned", asked for by the identity provider in .*, failed: /);
    $t->tolerate_log(qr/redis/i);
};

sub begun_here { my ($app, %o) = @_; my $ada = on($app, %o); return (scalar carried_by($ada->get("/saml/$app/logout")), $ada) }

subtest 'how the identity provider is asked' => sub {
    my ($request) = begun_here('auto');
    is $request->{by}, 'redirect', 'left to us: by Redirect';
    unlike $request->{url}, qr/Signature=/, 'without a key: unsigned';
    ($request) = begun_here('post');
    is $request->{by}, 'post', 'SAMLRequestBinding POST';
    is $request->{url}, 'https://idp.example/slo', 'to the logout URL';
    like xml_of($request), qr{^(?:<\?xml[^>]*\?>\s*)?<samlp:LogoutRequest [^>]*>\s*<saml:Issuer>[^<]*</saml:Issuer>\s*<ds:Signature}, 'with a key: signed';
    ($request) = begun_here('only');
    is $request->{by}, 'post', 'an identity provider that has POST alone';
    ($request) = begun_here('places');
    is "$request->{by} $request->{url}", 'post https://idp.example/p', 'requests go to the Location';
    ($request) = begun_here('entra');
    is $request->{by}, 'redirect', 'Entra has Redirect alone';
    unlike $request->{url}, qr/Signature=/, 'where it may not know the key';
    ($request) = begun_here('signed');
    like $request->{url}, qr/&Signature=/, 'SAMLSignRequests signs to it';
};

subtest 'qualifiers of the name' => sub {
    my ($request) = begun_here('auto', name_id_attributes => ' NameQualifier="q&amp;1" SPNameQualifier="s"');
    like xml_of($request), qr/<saml:NameID NameQualifier="q&amp;1" SPNameQualifier="s" Format="[^"]+">ada\@example\.org</, 'as they came';
};

subtest 'on this site alone' => sub {
    for (['local', '/saml/local/logout?target=/bye', 'SAMLSingleLogout off'], ['auto', '/saml/auto/logout?target=/bye&local=1', 'local=1']) {
        my ($app, $path, $how) = @$_;
        my $ada = on($app);
        my $reply = $ada->get($path);
        is $reply->header('Location'), '/bye', "$how: nobody is asked";
        ok !is_in($ada, $app), 'and the session has ended';
        my $bob = on($app, user => 'bob');
        like $bob->get($path =~ s/target=[^&]*&?//r)->body, qr/Your session on this site has ended.*You may still be signed in/s, 'or a page says so';
    }
    my $ada = on('local');
    my ($reply, $answer) = asked('local');
    like xml_of($answer), qr/status:Success/, "SAMLSingleLogout off: the identity provider's requests are obeyed all the same";
    ok !is_in($ada, 'local'), 'and end the session';
};

subtest 'not everywhere' => sub {
    my ($request, $ada) = begun_here('auto');
    my ($id) = xml_of($request) =~ / ID="([^"]+)"/;
    my ($state) = $request->{url} =~ /RelayState=([^&]*)/;
    my $made = idp_of('auto')->message(kind => 'response', in_response_to => $id, relay_state => $state, replace => [['status:Success"/>',
        'status:Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:PartialLogout"/></samlp:StatusCode>']]);
    like $ada->get("/saml/auto/logout?$made->{query}", cross_site => 1)->body, qr/but not everywhere: close the browser/, 'the page says so';
    like $t->httpd->log_text, qr/confirmed by the identity provider in "[^"]+", which did not reach every other site/, 'and the log';
};

subtest 'SAMLForceAuthn after-logout' => sub {
    my $ada = $t->browser;
    my $begin = sub { return $t->request_of($ada->get('/force')) };
    my $answer = sub { my ($request, %o) = @_; return $t->deliver($ada, $request, $t->response_to($request, issuer => $plain, %o)) };
    $ada->get('/saml/force/logout?local=1', cross_site => 1);
    my $request = $begin->();
    unlike $request->{xml}, qr/ForceAuthn/, 'the first sign-on is an ordinary one, logged out or not';
    is $answer->($request, authn_instant => -3600)->status, 303, 'and may be of an hour ago';
    $ada->get('/saml/force/logout?local=1');
    $request = $begin->();
    like $request->{xml}, qr/ForceAuthn="true"/, 'after a logout the password is asked for';
    is $answer->($request, authn_instant => -3600)->status, 403, 'a sign-on of an hour ago does not do';
    $t->refused('authn-statement');
    $request = $begin->();
    like $request->{xml}, qr/ForceAuthn="true"/, 'it stays so until one does';
    is $answer->($request, authn_instant => 1)->status, 303, 'a fresh one does';
    ok is_in($ada, 'force'), 'and is in';
    my $other = $t->browser;
    unlike $t->request_of($other->get('/force'))->{xml}, qr/ForceAuthn/, 'another browser is asked nothing';
    $ada->set_cookie('saml-force', 'x' x 43);
    unlike $begin->()->{xml}, qr/ForceAuthn/, 'nor is this one, where its session has ended by itself';
    $ada->get('/saml/force/logout?local=1');
    like $begin->()->{xml}, qr/ForceAuthn="true"/, 'until it logs out';
};

subtest 'a logout under way is no sign-on' => sub {
    for my $local ('', '?target=%2Fauto') {
        my $ada = on('auto');
        my ($state) = $ada->get("/saml/auto/logout$local")->header('Location') =~ /RelayState=([^&]*)/;
        my $reply = $ada->post('/saml/auto/acs', [SAMLResponse => encode_base64('<a/>', ''), RelayState => $state]);
        is $reply->status, 400, "its RelayState at the reply URL$local: what came is refused";
        $t->refused('malformed');
        ok !is_in($ada, 'auto'), 'and nobody is in';
    }
};

# SAML Core 3.7.3.2: a sign-on that was under way when the logout came. Each with a user of its own, whom no other logout has met.
subtest 'an assertion from before' => sub {
    my %before = (assertion_instant => -2, response_instant => -2);
    for (['session', 'auto', 'cyd', indexes => ['cyd-1']], ['user', 'auto', 'dan'], ['session', 'entra', 'eve', indexes => ['eve-1'], name_id => 'pairwise']) {
        my ($what, $app, $user, %named) = @$_;
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get("/$app"));
        my $response = $t->response_to($request, issuer => $issuer{$app}, user => $user, session_index => "$user-1", %before);
        asked($app, name_id => "$user\@example.org", %named);
        my $from = length $t->httpd->log_text;
        my $reply = $t->deliver($browser, $request, $response);
        like $reply->header('Location'), qr{/saml/$app/login\?target=%2[Ff]$app&again=1$}, "$app, $what: what comes later begins a new sign-on";
        ok !is_in($browser, $app), 'and no session';
        like $t->httpd->log_text($from), qr/sign-on begun anew \[state-missing\]: assertion: expected one issued after the identity provider's logout of that $what at/,
            'the log says why';
        ok is_in(on($app, user => $user, session_index => "$user-2", %before), $app), 'another session of that user is not held up' if $what eq 'session';
        ok is_in(on($app, user => 'bob', session_index => 'bob-1', %before), $app), 'nor is somebody else';
        ok is_in(on($app, user => $user, session_index => "$user-1"), $app), 'and neither is that user, signed on anew';
    }
};

$t->finish;

done_testing;
