#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Sign-on, refusal and logout with SimpleSAMLphp, an identity provider that others wrote: what its administrator can choose.
# What it is told stands in saml20-idp-hosted and saml20-sp-remote; our metadata and its go to each other as they are.
use strict;
use warnings;
use utf8;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use SSOTest;
use SSOTest::SimpleSAMLphp;

use constant { YES => JSON::PP::true, NO => JSON::PP::false };
my $bindings = 'urn:oasis:names:tc:SAML:2.0:bindings';
my $formats = 'urn:oasis:names:tc:SAML:2.0:nameid-format';
my $email = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
my %said = (uid => ['ada'], mail => ['ada@example.org'], groups => ['one', 'two; "three" <&>', " ä€😀 ]]> &amp;\n\ttab ", ''],
    'odd <&"> ü' => ['v'], long => ['x' x 5000]);

my $ssp = SSOTest::SimpleSAMLphp->start(users => { 'ada:secret' => \%said, 'bob:secret' => { uid => ['bob'] } });
my @bindings = map { "$bindings:HTTP-$_" } qw(POST Redirect);
my %both = (SingleSignOnServiceBinding => \@bindings, SingleLogoutServiceBinding => \@bindings);
my %next = (new_privatekey => 'next.key', new_certificate => 'next.cer');

$ssp->set(%both, %next);
my $metadata = $ssp->metadata;
my $key = "SAMLKey \"\@ROOT\@/sp.key\" \"\@ROOT\@/sp.cer\"\n";
my %apps = (
    plain => '',
    signed => "${key}SAMLSignRequests on\nSAMLNameIDFormat transient\n",
    redirect => "SAMLRequestBinding Redirect\nSAMLNameIDFormat persistent\n",
    both => "${key}SAMLRequestBinding Redirect\nSAMLSignRequests on\nSAMLNameIDFormat none\n",
    open => "SAMLIdPInitiated on\n",
    force => "SAMLForceAuthn on\n",
);
my $conf = join '', map { <<"CONF" } sort keys %apps;
<SAMLApplication $_>
    SAMLIdPMetadata "\@ROOT\@/idp.xml"
    SAMLIdentifier https://app.example/$_
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$_/acs
    $apps{$_}
</SAMLApplication>
<Location /$_>
    AuthType SAML
    SAMLApplication $_
    Require valid-user
</Location>
CONF
my $t = SSOTest->new(conf => $conf, prepare => sub {
    my ($self) = @_;
    $self->idp->make_key('sp');
    $self->httpd->write_file('idp.xml', $metadata, 0644);
    $self->httpd->write_file("htdocs/$_", "in $_", 0644) for keys %apps;
});
my %ours = map { $_ => $t->browser->get("/saml/$_/metadata")->body } keys %apps;

sub know { my ($app, %sp) = @_; return $ssp->know($app, $ours{$app}, %sp) }

sub is_in { my ($browser, $app) = @_; return $browser->get("/$app")->body eq "in $app" }

# What SimpleSAMLphp's page has for our ACS.
sub answer_of
{
    my ($page) = @_;
    my $form = $page->form;

    $form && defined $form->{fields}{SAMLResponse} or die 'expected a form with a SAMLResponse, got ' . $page->body . $ssp->log_text;
    return $form;
}

sub deliver
{
    my ($browser, $page) = @_;
    my $form = answer_of($page);

    return $browser->post($form->{action}, [%{ $form->{fields} }], cross_site => 1);
}

# From the protected page to the ACS's answer; asks for a password where SimpleSAMLphp does.
sub sign_on
{
    my ($browser, $app, $name) = @_;
    my $page = $ssp->ask($browser, $browser->get("/$app"));

    $page = $ssp->password($browser, $page, $name // 'ada', 'secret') if SSOTest::SimpleSAMLphp::asks($page);
    return (deliver($browser, $page), decode_base64(answer_of($page)->{fields}{SAMLResponse}));
}

# Each: name, application, what the identity provider is told, what it is told of the application, what its message must have
# for the case to be one, status of a refusal.
my %no_response = ('saml20.sign.response' => NO);
my %no_assertion = ('saml20.sign.assertion' => NO);
my %encrypted = ('assertion.encryption' => YES);
my $mac = 'http://www.w3.org/2001/04/xmldsig-more#rsa';
my $mail_id = { 3 => { class => 'saml:AttributeNameID', attribute => 'mail', identifyingAttribute => 'mail', Format => $email } };
my $stored_id = { 3 => { class => 'saml:PersistentNameID', attribute => 'uid', identifyingAttribute => 'uid' } };
my @cases = (
    ['as it comes', 'plain', {}, {}, qr/<samlp:Response.*<ds:Signature.*<saml:Assertion.*<ds:Signature/s],
    ['Assertion signed', 'plain', {}, \%no_response, qr/^(?!.*<ds:Signature.*<saml:Assertion).*<ds:Signature/s],
    ['Response signed', 'plain', {}, \%no_assertion, qr/<ds:Signature.*<saml:Assertion(?!.*<ds:Signature)/s],
    ['nothing signed', 'plain', {}, { %no_response, %no_assertion }, qr/<saml:Assertion/, 'unsigned'],
    ['RSA-SHA384', 'plain', { 'signature.algorithm' => "$mac-sha384" }, {}, qr/rsa-sha384/],
    ['RSA-SHA512', 'plain', { 'signature.algorithm' => "$mac-sha512" }, {}, qr/rsa-sha512/],
    ['RSA-SHA1', 'plain', { 'signature.algorithm' => 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }, {}, qr/rsa-sha1/, 'algorithm'],
    ['the second key of its metadata', 'plain', { privatekey => 'next.key', certificate => 'next.cer' }, {}, qr/<ds:Signature/],
    ['encrypted', 'signed', {}, \%encrypted, qr/<ds:Signature.*rsa-oaep-mgf1p/s],
    ['encrypted, signed inside', 'signed', {}, { %encrypted, %no_response }, qr/^(?!.*<ds:Signature).*EncryptedAssertion/s],
    ['encrypted, signed outside', 'signed', {}, { %encrypted, %no_assertion }, qr/<ds:Signature.*EncryptedAssertion/s],
    ['encrypted, not signed', 'signed', {}, { %encrypted, %no_assertion, %no_response }, qr/EncryptedAssertion/, 'unsigned'],
    ['EncryptedID', 'signed', {}, { 'nameid.encryption' => YES }, qr/<saml:EncryptedID/],
    ['EncryptedID, encrypted', 'signed', {}, { 'nameid.encryption' => YES, %encrypted }, qr/EncryptedAssertion/],
    ['signed requests demanded, POST', 'signed', { 'validate.authnrequest' => YES }, {}, qr/transient/],
    ['signed requests demanded, Redirect', 'both', { 'validate.authnrequest' => YES }, {}, qr/transient/],
    ['Redirect', 'redirect', {}, {}, qr/transient/],
    ['NameID emailAddress', 'plain', { authproc => $mail_id }, {}, qr/\Q$email\E">ada\@example\.org</],
    ['NameID persistent', 'redirect', { authproc => $stored_id }, {}, qr/\Q$formats:persistent\E/],
    ['NameID of an attribute', 'redirect', {}, { NameIDFormat => "$formats:persistent", 'simplesaml.nameidattribute' => 'uid' },
        qr/\Q$formats:persistent\E">ada</],
    ['several audiences', 'plain', {}, { audience => ['https://a.example', 'https://b.example'] }, qr/<saml:Audience>.*<saml:Audience>/s],
    ['expired before it was issued', 'plain', { 'assertion.lifetime' => -400 }, {}, qr/NotOnOrAfter/, 'conditions'],
);

for my $case (@cases) {
    my ($name, $app, $idp, $sp, $has, $refused) = @$case;

    subtest $name => sub {
        my $browser = $t->browser;
        $ssp->set(%both, %next, %$idp);
        know($app, %$sp);
        my ($reply, $xml) = sign_on($browser, $app);
        like $xml, $has, 'the message is such a one';
        if ($refused) {
            is $reply->status, 403, 'refused';
            $t->refused($refused);
            ok !is_in($browser, $app), 'and nobody is in';
            return;
        }
        is $reply->header('Location'), "/$app", 'on to the page that was asked for' or diag $t->httpd->log_text;
        ok is_in($browser, $app), 'which is there';
        is_deeply $browser->fetch("/saml/$app/me")->json->{claims}, \%said, 'every attribute, value for value';
    };
}

subtest 'one password for two applications' => sub {
    $ssp->set(%both, %next);
    know($_) for qw(plain redirect force);
    my $browser = $t->browser;
    my ($reply) = sign_on($browser, 'plain');
    is $reply->status, 303, 'the first';
    my $page = $ssp->ask($browser, $browser->get('/redirect'));
    is deliver($browser, $page)->status, 303, 'the second, without one';
    $page = $ssp->ask($browser, $browser->get('/force'));
    ok SSOTest::SimpleSAMLphp::asks($page), 'ForceAuthn asks again';
    $page = $ssp->password($browser, $page, 'ada', 'wrong');
    like $page->body, qr/Incorrect username or password/, 'a wrong one stays there';
    is deliver($browser, $ssp->password($browser, $page, 'ada', 'secret'))->status, 303, 'the right one is let in';
};

subtest 'an error instead of a user' => sub {
    my $browser = $t->browser;
    my $form = $browser->get('/plain')->form;
    my $request = decode_base64($form->{fields}{SAMLRequest}) =~ s/ ID=/ IsPassive="true" ID=/r;
    $form->{fields}{SAMLRequest} = encode_base64($request, '');
    my $page = $ssp->follow($browser, $browser->post($form->{action}, [%{ $form->{fields} }], cross_site => 1));
    my $reply = deliver($browser, $page);
    is $reply->status, 403, 'nobody is in';
    like $reply->body, qr/<dd>status</, 'the page names the check';
    $t->refused('status', qr/status:NoPassive.*Passive authentication not supported/);
};

subtest 'begun there' => sub {
    my $begin = sub {
        my ($browser, $app, $relay_state) = @_;
        my $url = $ssp->url("/saml2/idp/SSOService.php?spentityid=https://app.example/$app"
            . (defined $relay_state ? '&RelayState=' . SSOTest::Browser::url_encode($relay_state) : ''));
        know($app);
        return deliver($browser, $ssp->password($browser, $ssp->follow($browser, $browser->get($url)), 'ada', 'secret'));
    };
    for ([undef, '/'], ['/open?x=1', '/open?x=1'], [$t->url('/open'), $t->url('/open')]) {
        my $browser = $t->browser;
        is $begin->($browser, 'open', $_->[0])->header('Location'), $_->[1], 'RelayState ' . ($_->[0] // 'none');
        ok is_in($browser, 'open'), 'is in';
    }
    is $begin->($t->browser, 'open', 'https://evil.example/')->status, 403, 'RelayState of another site';
    $t->refused('relay-state', qr/evil/);
    is $begin->($t->browser, 'plain', '/plain')->status, 403, 'where SAMLIdPInitiated is off';
    $t->refused('unsolicited');
};

subtest 'the session there ends sooner' => sub {
    $ssp->configure('session.duration' => 600);
    my $browser = $t->browser;
    sign_on($browser, 'plain');
    $ssp->configure();
    my $left = $browser->fetch('/saml/plain/me')->json->{expires_in};
    ok $left > 500 && $left <= 600, 'SessionNotOnOrAfter is the end here too' or diag $left;
};

# Follow what logout leads to, both ways, until a page that is nobody's redirect or form with a message.
sub walk
{
    my ($browser, $reply) = @_;

    for (1 .. 10) {
        my ($to, $form) = ($reply->header('Location'), $reply->form);
        if (defined $to && $reply->status =~ /^30[1237]$/) {
            return $reply if $to !~ /^http/;
            $reply = $browser->get($to);
        }
        elsif ($form && grep { defined $form->{fields}{$_} } qw(SAMLRequest SAMLResponse)) {
            $reply = $browser->post($form->{action}, [%{ $form->{fields} }], cross_site => 1);
        }
        else {
            return $reply;
        }
    }
    die 'more than 10 steps';
}

my %signs = ('sign.logout' => YES);
for my $app ('plain', 'signed', 'both') {
    my %demands = $app eq 'plain' ? () : ('validate.logout' => YES, 'nameid.encryption' => YES);

    subtest "logout begun here: $app" => sub {
        $ssp->set(%both, %next, %signs, %demands);
        know($app);
        my $browser = $t->browser;
        sign_on($browser, $app);
        my $reply = walk($browser, $browser->get("/saml/$app/logout?target=/bye"));
        is $reply->status, 303, 'confirmed' or diag $reply->body . $t->httpd->log_text;
        is $reply->header('Location'), '/bye', 'and on to where the user wanted to go';
        ok SSOTest::SimpleSAMLphp::asks($ssp->ask($browser, $browser->get("/$app"))), 'both sessions have ended';
    };
}

subtest 'logout begun here, answered as SimpleSAMLphp comes' => sub {
    $ssp->set(%both, %next);
    my $browser = $t->browser;
    sign_on($browser, 'plain');
    my $reply = walk($browser, $browser->get('/saml/plain/logout?target=/bye'));
    is $reply->status, 403, 'an answer that is not signed is refused';
    $t->refused('unsigned', qr/logout refused/);
    like $reply->body, qr/Your session on this site has ended/, 'and the page says what is so';
    ok SSOTest::SimpleSAMLphp::asks($ssp->ask($browser, $browser->get('/plain'))), 'both sessions have ended';
};

sub end_there { my ($browser) = @_; return walk($browser, $browser->get($ssp->url('/saml2/idp/SingleLogoutService.php?ReturnTo=/'))) }

sub times_logged_out { my @all = $ssp->log_text =~ m{Logged out of 'saml:https://app\.example/signed'}g; return scalar @all }

for (['by Redirect', {}], ['by POST', {}], ['with an EncryptedID', { 'nameid.encryption' => YES }],
    ['of a name that stays', { NameIDFormat => "$formats:persistent", 'simplesaml.nameidattribute' => 'uid' }]) {
    my ($name, $idp) = @$_;

    subtest "logout begun there, $name" => sub {
        $ssp->set(%both, %next, %signs, %$idp);
        my $redirect = qr{<md:SingleLogoutService [^>]*HTTP-Redirect"[^>]*/>};
        $ssp->know('signed', $name =~ /POST/ ? $ours{signed} =~ s/$redirect//r : $ours{signed});
        my ($ada, $elsewhere, $bob) = map { $t->browser } 1 .. 3;
        sign_on($_, 'signed') for $ada, $elsewhere;
        sign_on($bob, 'signed', 'bob');
        my $before = times_logged_out();
        is end_there($ada)->status, 200, 'SimpleSAMLphp comes to its end' or diag $t->httpd->log_text;
        is times_logged_out(), $before + 1, 'and takes our answer to its request' or diag $ssp->log_text;
        ok !is_in($ada, 'signed'), 'that session has ended';
        ok is_in($elsewhere, 'signed'), 'the one in another browser lives';
        ok is_in($bob, 'signed'), "and nobody else's has ended";
    };
}

subtest 'logout begun there, not signed' => sub {
    $ssp->set(%both, %next);
    know('signed');
    my $browser = $t->browser;
    sign_on($browser, 'signed');
    is end_there($browser)->status, 403, 'refused';
    $t->refused('unsigned', qr/logout refused/);
    ok is_in($browser, 'signed'), 'and the session lives';
};

$t->finish;
$ssp->stop;
done_testing;
