#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logout messages that are none: forged, replayed, misdirected, malformed. Every one is answered, is refused by the status name that its
# row tells, and ends nobody's session. A row: name, what is changed, status ("nobody": accepted, and names nobody), source, how.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use SSOTest;
use SSOTest::Logout;

my $plain = 'https://idp.example/metadata';
my $app = <<"CONF";
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLCertificate "\@ROOT\@/idp.cer"
CONF
my $t = SSOTest->new(prepare => sub { my ($self) = @_; $self->idp->make_key('other') }, conf => saml_conf() . <<"CONF");
<SAMLApplication plain>
$app    SAMLIdentifier https://app.example/plain
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/plain/acs
</SAMLApplication>
<SAMLApplication weak>
$app    SAMLIdentifier https://app.example/weak
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
<Location "/weak">
    SAMLApplication weak
</Location>
CONF
$t->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(plain weak);
$t->expect_log(qr/unsigned-logout/);

my $email = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
my ($here, $there) = ('/saml/plain/logout', '/saml/weak/logout');
my $no = JSON::PP::false();
my $idp = SSOTest::Logout->new($t, issuer => $plain, destination => $t->url($here), name_id => 'ada@example.org',
    name_id_format => $email, indexes => ['i1']);
my %at_weak = (destination => $t->url($there));

my %victim = map { ($_ => $t->signed_on("/$_", issuer => $plain, session_index => 'i1')) } qw(plain weak);

sub lives { my ($app) = @_; return $victim{$app}->get("/$app")->body eq "in $app" }

# --- ways to deliver ---

sub sent { my (%fields) = @_; my $at = delete $fields{at} || $here; return $idp->deliver($idp->message(%fields), at => $at) }
sub get { my (%fields) = @_; return sent(%fields) }
sub post { my (%fields) = @_; return sent(%fields, by => 'post') }

# A good message by redirect, its query changed by $edit.
sub edited
{
    my ($edit, %fields) = @_;
    my $made = $idp->message(%fields);
    local $_ = $made->{query};

    $edit->();
    die "the query is as it was: $_" if $_ eq $made->{query};
    return $t->browser->get("$here?$_", cross_site => 1);
}

sub raw_get { my ($query, %o) = @_; return $t->browser->get(($o{at} || $here) . "?$query", cross_site => 1) }

sub raw_post
{
    my ($form, %o) = @_;

    return $t->browser->post($o{at} || $here, $form, cross_site => 1);
}

sub posted_xml { my ($xml, %o) = @_; return raw_post([SAMLRequest => encode_base64($xml, '')], %o) }
sub escaped { my ($text) = @_; return SSOTest::Browser::url_encode($text) }

sub body_of
{
    my ($method, $type, $body, $query) = @_;

    return $t->browser->request($method, $here . ($query ? "?$query" : ''), type => $type, body => $body, cross_site => 1);
}

# --- wrapping: what is signed names nobody, what stands where the reader looks names ada ---

sub wrapped
{
    my ($build) = @_;
    my $signed = $idp->message(by => 'post', name_id => 'nobody@example.org', indexes => [], id => '_signed')->{xml};
    my ($signature) = $signed =~ m{(<Signature.*</Signature>)}s or die "no signature: $signed";
    my $bare = $signed =~ s/\Q$signature\E//r;
    my $forged = $idp->message(by => 'post', sign => $no, id => '_forged')->{xml};

    return posted_xml($build->($forged, $signed, $signature, $bare));
}

# $xml with $what put in after its Issuer, or at its end
sub after_issuer { my ($xml, $what) = @_; return $xml =~ s{(</saml:Issuer>)}{$1$what}r }
sub at_end { my ($xml, $what) = @_; return $xml =~ s{(</samlp:LogoutRequest>)$}{$what$1}r }
sub extensions { return '<samlp:Extensions>' . $_[0] . '</samlp:Extensions>' }

my $response = sub {
    return decode_base64($t->idp->respond(issuer => $plain, destination => $t->url($here), audiences => ['https://app.example/plain'],
        name_id => 'ada@example.org', sign => $_[0], session_index => 'i1'));
};
my $bomb = 'x' x (3 * 1024 * 1024);
my $c345 = 'Bindings 3.4.4.1';

my @rows = (
    # --- signatures ---
    ['unsigned by redirect', 'no SigAlg, no Signature', 'unsigned', 'Profiles 4.4.4.1', sub { get(sign => $no) }],
    ['unsigned by post', 'no Signature', 'unsigned', 'Profiles 4.4.4.1', sub { post(sign => $no) }],
    ['signed by another key, redirect', 'key', 'signature', 'Core 5.4.5', sub { get(signer => 'other') }],
    ['signed by another key, post', 'key; its certificate in KeyInfo', 'signature', 'Core 5.4.5', sub { post(signer => 'other') }],
    ["another's signature", 'the message of one query, the signature of another', 'signature', $c345, sub {
        my ($sig) = $idp->message(name_id => 'nobody')->{query} =~ /(&SigAlg=.*)/;
        edited(sub { s/&SigAlg=.*/$sig/ });
    }],
    ['signed in another order', 'SigAlg, SAMLRequest', 'signature', $c345, sub { get(order => ['SigAlg', 'SAMLRequest']) }],
    ['RelayState first', 'RelayState, SAMLRequest, SigAlg', 'signature', $c345,
        sub { get(relay_state => 'r', order => ['RelayState', 'SAMLRequest', 'SigAlg']) }],
    ['SigAlg not signed', 'octets end before SigAlg', 'signature', $c345, sub { get(order => ['SAMLRequest']) }],
    ['message not signed', 'octets are SigAlg alone', 'signature', $c345, sub { get(order => ['SigAlg']) }],
    ['escaped anew', 'capitals for lower-case escapes', 'signature', 'ruby-saml 627', sub { edited(sub { s/(%[0-9a-f]{2})/\U$1/g }, lower => JSON::PP::true()) }],
    ['a letter escaped', 'SAML%52equest stays, its first letter does not', 'signature', $c345, sub { edited(sub { s/SAMLRequest=(.)/sprintf 'SAMLRequest=%%%02X', ord $1/e }) }],
    ['RelayState added', 'after signing', 'signature', $c345, sub { edited(sub { s/$/&RelayState=x/ }) }],
    ['empty RelayState added', 'after signing', 'signature', $c345, sub { edited(sub { s/$/&RelayState=/ }) }],
    ['RelayState left out', 'after signing', 'signature', $c345, sub { edited(sub { s/&RelayState=r// }, relay_state => 'r') }],
    ['RelayState changed', 'after signing', 'signature', $c345, sub { edited(sub { s/RelayState=r/RelayState=s/ }, relay_state => 'r') }],
    ['SigAlg missing', 'left out', 'signature', $c345, sub { edited(sub { s/&SigAlg=[^&]*// }) }],
    ['Signature missing', 'left out', 'signature', $c345, sub { edited(sub { s/&Signature=.*// }) }],
    ['SigAlg empty', 'no value', 'algorithm', $c345, sub { edited(sub { s/SigAlg=[^&]*/SigAlg=/ }) }],
    ['Signature empty', 'no value', 'signature', $c345, sub { edited(sub { s/Signature=.*/Signature=/ }) }],
    ['Signature cut', 'half of its octets', 'signature', $c345, sub { edited(sub { s/(Signature=(?:%..|[^%]){100}).*/$1/ }) }],
    ['SigAlg of another digest', 'rsa-sha512 for an rsa-sha256 signature', 'signature', $c345, sub { edited(sub { s/rsa-sha256/rsa-sha512/ }) }],
    ['HMAC by redirect', 'HMAC-SHA256 with the certificate as secret', 'algorithm', 'RFC 6931 2.2', sub { get(algorithm => 'hmac-sha256') }],
    ['HMAC-SHA1 by redirect', 'HMAC-SHA1 with the certificate as secret', 'algorithm', 'RFC 6931 2.2', sub { get(algorithm => 'hmac-sha1') }],
    ['SHA-1 by redirect', 'RSA-SHA1, by the right key', 'algorithm', 'SP 800-131A', sub { get(algorithm => 'rsa-sha1') }],
    ['SHA-1 by post', 'RSA-SHA1, by the right key', 'algorithm', 'SP 800-131A', sub { post(algorithm => 'rsa-sha1') }],
    ['SHA-1 digest by post', 'digest alone', 'algorithm', 'SP 800-131A', sub { post(digest => 'sha1') }],
    ['signed inside, by redirect', 'the signature of a POST in a query without one', 'signature', $c345, sub { get(xml => $idp->message(by => 'post')->{xml}, sign => $no) }],
    ['signed inside and outside', 'both', 'signature', $c345, sub { get(xml => $idp->message(by => 'post')->{xml}) }],
    ['changed after signing', "another's name", 'signature', 'Core 5.4', sub { post(name_id => 'nobody@example.org', replace_signed => [['nobody@', 'ada@']]) }],
    ['index changed after signing', "another's index", 'signature', 'Core 5.4', sub { post(indexes => ['other'], replace_signed => [['>other<', '>i1<']]) }],
    ['index taken out after signing', 'all of that name, not one', 'signature', 'Core 5.4', sub { post(indexes => ['other'], replace_signed => [['<samlp:SessionIndex>other</samlp:SessionIndex>', '']]) }],
    ['two signatures', 'the same one twice', 'signature', 'Core 5.4.1', sub { my $made = $idp->message(by => 'post'); posted_xml($made->{xml} =~ s{(<Signature.*</Signature>)}{$1$1}sr) }],
    # --- wrapping ---
    ['XSW: signed in Extensions', 'forged around it, no signature of its own', 'unsigned', 'On Breaking SAML (2012)', sub { wrapped(sub { after_issuer($_[0], extensions($_[1])) }) }],
    ['XSW: signature on the forged one', 'it names the one in Extensions', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { after_issuer($_[0], $_[2] . extensions($_[3])) }) }],
    ['XSW: signature alone', 'what it names is not there', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { after_issuer($_[0], $_[2]) }) }],
    ['XSW: the same ID', 'forged and signed one have one ID', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { after_issuer($_[0] =~ s/_forged/_signed/r, $_[2] . extensions($_[3])) }) }],
    ['XSW: in ds:Object', 'the signed one inside of its signature', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { my $s = $_[2] =~ s{</Signature>$}{<Object>$_[3]</Object></Signature>}r; after_issuer($_[0], $s) }) }],
    ['XSW: at the end', 'the signed one as last child', 'unsigned', 'On Breaking SAML (2012)', sub { wrapped(sub { at_end($_[0], $_[1]) }) }],
    ['XSW: forged inside the signed one', 'a second request in Extensions', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { at_end($_[1], extensions($_[0])) }) }],
    ['XSW: second NameID', 'put before the signed one', 'signature', 'On Breaking SAML (2012)', sub { wrapped(sub { after_issuer($_[1], '<saml:NameID>ada@example.org</saml:NameID>') }) }],
    ['another ID attribute', 'x:ID names the signed one', 'signature', 'Namespaces in XML 6.2', sub { wrapped(sub { my $f = $_[0] =~ s/ ID="_forged"/ xmlns:x="urn:x" x:ID="_signed" ID="_forged"/r; after_issuer($f, $_[2]) }) }],
    # --- names ---
    ['comment in the name', 'inserted behind the signature: the text is read whole', 'nobody', 'CVE-2017-11427', sub { post(name_id => 'ada@example.org.evil.example', replace_signed => [['ada@example.org', 'ada@example.org<!-- -->']]) }],
    ['instruction in the name', 'a processing instruction in a signed name', 'nobody', 'CVE-2017-11427', sub { get(name_id_xml => qq(<saml:NameID Format="$email">ada\@example.org<?x?>.evil</saml:NameID>)) }],
    ["another's name", 'signed, for somebody without a session', 'nobody', 'Core 3.7.1', sub { get(name_id => 'eve@example.org') }],
    ["another's index", 'signed, with an index of no session', 'nobody', 'Core 3.7.3.2', sub { get(indexes => ['i2']) }],
    ['a name in capitals', 'compared byte for byte', 'nobody', 'Core 1.3.1', sub { get(name_id => 'ADA@EXAMPLE.ORG') }],
    ['everybody', 'names that a query language would expand', 'nobody', 'CWE-943', sub { get(name_id => $_, indexes => []) for '*', '%', "' OR '1'='1"; get(name_id => '.*', indexes => ['*']) }],
    ['two names', 'one of them hers', 'name-id', 'Core 3.7.1', sub { get(name_id_xml => '<saml:NameID>eve</saml:NameID><saml:NameID>ada@example.org</saml:NameID>') }],
    ['no name', 'left out', 'name-id', 'Core 3.7.1', sub { get(name_id => undef, indexes => []) }],
    ['no name by post', 'left out, index kept', 'name-id', 'Core 3.7.1', sub { post(name_id => undef) }],
    ['empty name', 'no text', 'name-id', 'Core 3.7.1', sub { get(name_id => '', indexes => []) }],
    ['name of 1,025 octets', 'over the limit', 'name-id', 'Core 8.3', sub { post(name_id => 'a' x 1025) }],
    ['elements in the name', 'no text of its own', 'name-id', 'Core 2.2.3', sub { get(name_id_xml => '<saml:NameID><b>ada@example.org</b></saml:NameID>') }],
    ['EncryptedID of nothing', 'no EncryptedData', 'decryption', 'Core 2.2.4', sub { post(name_id_xml => '<saml:EncryptedID>x</saml:EncryptedID>') }],
    ['EncryptedID of garbage', 'an octet of ciphertext', 'decryption', 'Core 2.2.4', sub { get(name_id_xml => '<saml:EncryptedID><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/><xenc:CipherData><xenc:CipherValue>AA==</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedID>') }],
    ['empty SessionIndex', 'not all sessions, but none', 'malformed', 'Core 3.7.1', sub { get(indexes => ['']) }],
    ['blank SessionIndex', 'among good ones', 'malformed', 'Core 3.7.1', sub { post(indexes => ['i1', ' ']) }],
    ['65 SessionIndex', 'over the limit', 'too-large', 'CWE-770', sub { post(indexes => [('i1') x 65]) }],
    # --- times, and once only ---
    ['old', 'IssueInstant an hour ago', 'expired', 'Core 3.2.1', sub { get(instant => -3600) }],
    ['from the future', 'IssueInstant in an hour', 'not-before', 'Core 3.2.1', sub { get(instant => 3600) }],
    ['expired', 'NotOnOrAfter an hour ago', 'expired', 'Core 3.7.1', sub { post(not_on_or_after => -3600) }],
    ['expiry unreadable', 'NotOnOrAfter is no time', 'malformed', 'Core 3.7.1', sub { get(not_on_or_after => 'never') }],
    ['no IssueInstant', 'left out', 'malformed', 'Core 3.2.1', sub { get(instant => undef) }],
    ['IssueInstant unreadable', 'no time', 'malformed', 'Core 3.2.1', sub { post(instant => 'now') }],
    ['replayed by redirect', 'the same query twice', 'replay', 'Profiles 4.1.4.5', sub { my $m = $idp->message(name_id => 'nobody'); $idp->deliver($m, at => $here) for 1, 2; $idp->deliver($m, at => $here) }, 2],
    ['replayed by post', 'the same form twice', 'replay', 'Profiles 4.1.4.5', sub { my $m = $idp->message(by => 'post', name_id => 'nobody'); $idp->deliver($m, at => $here) for 1, 2; $idp->deliver($m, at => $here) }, 2],
    ['replayed by the other binding', 'one ID, signed for both', 'replay', 'Profiles 4.1.4.5', sub { get(id => '_twice', name_id => 'nobody'); post(id => '_twice') }],
    # --- envelope ---
    ['no ID', 'left out', 'malformed', 'Core 3.2.1', sub { get(id => undef) }],
    ['empty ID', 'no value', 'malformed', 'Core 3.2.1', sub { get(id => '') }],
    ['no Version', 'left out', 'version', 'Core 3.2.1', sub { get(version => undef) }],
    ['SAML 1.1', 'Version', 'version', 'Core 3.2.1', sub { post(version => '1.1') }],
    ['no Issuer', 'left out', 'issuer', 'Profiles 4.4.4.1', sub { get(issuer => undef) }],
    ['another issuer', 'signed by the right key', 'issuer', 'Profiles 4.4.4.1', sub { post(issuer => 'https://evil.example/') }],
    ['our own name as issuer', 'the service itself', 'issuer', 'Profiles 4.4.4.1', sub { get(issuer => 'https://app.example/plain') }],
    ["another provider's issuer", "that of this server's other application", 'issuer', 'Profiles 4.4.4.1', sub { get(issuer => SSOTest::IdP::ISSUER) }],
    ['issuer of another kind', 'Format', 'issuer', 'Core 8.3.6', sub { get(issuer_format => $email) }],
    ['no Destination', 'left out of a signed message', 'destination', 'Bindings 3.4.5.2', sub { get(destination => undef) }],
    ['no Destination by post', 'left out of a signed message', 'destination', 'Bindings 3.5.5.2', sub { post(destination => undef) }],
    ['another destination', 'the reply URL', 'destination', 'Bindings 3.4.5.2', sub { get(destination => $t->url('/saml/plain/acs')) }],
    ["another application's", 'signed for one, sent to the other', 'destination', 'Bindings 3.5.5.2', sub { post(%at_weak) }],
    ['destination in capitals', 'compared byte for byte', 'destination', 'Bindings 3.4.5.2', sub { get(destination => $t->url($here) =~ s/http/HTTP/r) }],
    # --- another thing altogether ---
    ['a Response', 'a signed Response as SAMLRequest', 'malformed', 'Core 3.7.1', sub { posted_xml($response->('response')) }],
    ['an Assertion', 'a signed Assertion as SAMLRequest', 'malformed', 'Core 3.7.1', sub { my ($a) = $response->('assertion') =~ m{(<Assertion.*</Assertion>)}s; posted_xml($a) }],
    ['a LogoutResponse', 'as SAMLRequest', 'malformed', 'Bindings 3.4.3', sub { posted_xml($idp->message(kind => 'response', in_response_to => '_x', by => 'post')->{xml}) }],
    ['as SAMLResponse', 'a LogoutRequest', 'malformed', 'Bindings 3.4.3', sub { edited(sub { s/^SAMLRequest/SAMLResponse/ }) }],
    ['as SAMLResponse by post', 'a LogoutRequest', 'malformed', 'Bindings 3.5.4', sub { raw_post([SAMLResponse => $idp->message(by => 'post')->{b64}]) }],
    ['an AuthnRequest', 'signed', 'malformed', 'Core 3.4.1', sub { get(replace => [['LogoutRequest', 'AuthnRequest']]) }],
    ['another namespace', 'LogoutRequest of SAML 1', 'malformed', 'Core 3.7.1', sub { get(replace => [['SAML:2.0:protocol', 'SAML:1.0:protocol']]) }],
    # --- parameters ---
    ['SAMLRequest twice', 'the signed one, then another', 'malformed', 'CWE-235', sub { my $m = $idp->message(name_id => 'nobody')->{query}; edited(sub { s/^/(split m{&}, $m)[0] . '&'/e }) }],
    ['SAMLRequest twice by post', 'the signed one, then another', 'malformed', 'CWE-235', sub { raw_post([map { (SAMLRequest => $idp->message(by => 'post', name_id => $_)->{b64}) } 'nobody', 'ada@example.org']) }],
    ['SigAlg twice', 'added', 'malformed', 'CWE-235', sub { edited(sub { s/$/&SigAlg=x/ }) }],
    ['Signature twice', 'added', 'malformed', 'CWE-235', sub { edited(sub { s/$/&Signature=x/ }) }],
    ['RelayState twice', 'added', 'malformed', 'CWE-235', sub { edited(sub { s/$/&RelayState=x&RelayState=y/ }) }],
    ['SAMLRequest and SAMLResponse', 'both', 'malformed', 'Bindings 3.4.3', sub { edited(sub { s/$/&SAMLResponse=x/ }) }],
    ['SAMLRequest and SAMLResponse by post', 'both', 'malformed', 'Bindings 3.5.4', sub { raw_post([SAMLRequest => $idp->message(by => 'post')->{b64}, SAMLResponse => 'x']) }],
    ['another SAMLEncoding', 'one that we do not know', 'malformed', 'Bindings 3.4.3', sub { edited(sub { s/$/&SAMLEncoding=urn:x/ }) }],
    ['SAMLEncoding twice', 'the known one', 'malformed', 'Bindings 3.4.3', sub { edited(sub { s/$/'&SAMLEncoding=urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE' x 2/e }) }],
    ['no DEFLATE', 'base64 of the XML', 'malformed', 'Bindings 3.4.4.1', sub { get(deflate => $no) }],
    ['more behind the DEFLATE', 'octets after its end', 'malformed', 'RFC 1951', sub { get(pad => 'x') }],
    ['deflate bomb', '3 MB in 4 KB', 'too-large', 'CWE-409', sub { get(extra => "<!--$bomb-->", sign => $no) }],
    ['no base64', 'in the query', 'malformed', 'Bindings 3.4.4.1', sub { raw_get('SAMLRequest=%25%25') }],
    ['no base64 by post', 'in the form', 'malformed', 'Bindings 3.5.4', sub { raw_post([SAMLRequest => '<xml/>']) }],
    ['empty', 'SAMLRequest without a value', 'malformed', 'Bindings 3.4.4.1', sub { raw_get('SAMLRequest=') }],
    ['empty by post', 'SAMLRequest without a value', 'malformed', 'Bindings 3.5.4', sub { raw_post([SAMLRequest => '']) }],
    ['bad escape', '%zz', 'malformed', 'RFC 3986 2.1', sub { raw_get('SAMLRequest=%zz') }],
    # --- XML ---
    ['a DTD', 'with an entity for the name', 'malformed', 'CWE-611', sub { posted_xml('<!DOCTYPE a [<!ENTITY n SYSTEM "file:///etc/passwd">]>' . $idp->message(by => 'post', name_id_xml => '<saml:NameID>&n;</saml:NameID>', sign => $no)->{xml}) }],
    ['deep', '100 levels', 'too-large', 'CWE-674', sub { posted_xml('<a>' x 100 . '</a>' x 100) }],
    ['300 attributes', 'in one tag', 'too-large', 'CWE-770', sub { posted_xml('<a ' . join(' ', map { "a$_=''" } 1 .. 300) . '/>') }],
    ['2 MB by post', 'over the limit', 'too-large', 'CWE-770', sub { posted_xml('<a>' . 'x' x (2 * 1024 * 1024) . '</a>') }],
    ['NUL', 'in the message', 'malformed', 'XML 1.0 2.2', sub { posted_xml("<a>\0</a>") }],
    ['UTF-16', 'by byte order mark', 'malformed', 'XML 1.0 4.3.3', sub { posted_xml("\xff\xfe<\0a\0/\0>\0") }],
    # --- requests ---
    ['GET with a body', 'the form in it', 'nobody', 'RFC 9110 9.3.1', sub { body_of('GET', 'application/x-www-form-urlencoded', 'SAMLRequest=' . escaped($idp->message(by => 'post')->{b64})) }],
    ['POST with a query', 'the message of a redirect', 'request', 'Bindings 3.4', sub { body_of('POST', 'application/x-www-form-urlencoded', '', $idp->message()->{query}) }],
    ['POST of both', 'a good form, and a query', 'request', 'Bindings 3.5', sub { body_of('POST', 'application/x-www-form-urlencoded', 'SAMLRequest=' . escaped($idp->message(by => 'post')->{b64}), 'SAMLResponse=x') }],
    ['POST of XML', 'the message as it is', 'request', 'Bindings 3.5.4', sub { body_of('POST', 'text/xml', $idp->message(by => 'post')->{xml}) }],
    ['POST of multipart', 'another form', 'request', 'Bindings 3.5.4', sub { body_of('POST', 'multipart/form-data; boundary=x', "--x\r\nContent-Disposition: form-data; name=\"SAMLRequest\"\r\n\r\n" . $idp->message(by => 'post')->{b64} . "\r\n--x--\r\n") }],
    # --- where unsigned ones are taken ---
    ['unsigned-logout: another key', 'a signature that is there must verify', 'signature', 'Core 5.4', sub { get(%at_weak, signer => 'other', at => $there) }],
    ['unsigned-logout: another key by post', 'a signature that is there must verify', 'signature', 'Core 5.4', sub { post(%at_weak, signer => 'other', at => $there) }],
    ['unsigned-logout: half a signature', 'Signature without SigAlg', 'signature', $c345, sub { my $q = $idp->message(%at_weak)->{query} =~ s/&SigAlg=[^&]*//r; raw_get($q, at => $there) }],
    ['unsigned-logout: signed inside', 'by redirect', 'signature', $c345, sub { get(%at_weak, xml => $idp->message(by => 'post', %at_weak, signer => 'other')->{xml}, sign => $no, at => $there) }],
    ['unsigned-logout: EncryptedID', 'nobody may ask for nothing what decrypts', 'unsigned', 'XML Encryption 6.1.1', sub { post(%at_weak, name_id_xml => '<saml:EncryptedID/>', sign => $no, at => $there) }],
    ['unsigned-logout: old', 'an hour ago', 'expired', 'Core 3.2.1', sub { get(%at_weak, instant => -3600, sign => $no, at => $there) }],
    ['unsigned-logout: for another', 'Destination', 'destination', 'Core 3.2.1', sub { get(sign => $no, at => $there) }],
    ['unsigned-logout: another issuer', 'Issuer', 'issuer', 'Profiles 4.4.4.1', sub { get(%at_weak, issuer => 'https://evil.example/', sign => $no, at => $there) }],
    ['unsigned-logout: no name', 'left out', 'name-id', 'Core 3.7.1', sub { get(%at_weak, name_id => undef, sign => $no, at => $there) }],
    # --- answers ---
    ['answer unsigned', 'LogoutResponse', 'unsigned', 'Profiles 4.4.4.2', sub { get(kind => 'response', in_response_to => '_x', sign => $no) }],
    ['answer by another key', 'LogoutResponse', 'signature', 'Profiles 4.4.4.2', sub { get(kind => 'response', in_response_to => '_x', signer => 'other') }],
    ['answer to nothing', 'no InResponseTo', 'in-response-to', 'Core 3.2.2', sub { get(kind => 'response') }],
    ['answer without a Status', 'left out', 'malformed', 'Core 3.2.2', sub { get(kind => 'response', in_response_to => '_x', status => undef) }],
    ['answer of failure', 'StatusCode', 'status', 'Core 3.2.2.2', sub { get(kind => 'response', in_response_to => '_x', status => 'urn:oasis:names:tc:SAML:2.0:status:Requester') }],
);

cmp_ok scalar(@rows), '>=', 50, scalar(@rows) . ' attacks';

my %http = ('malformed' => 400, 'request' => 400, 'too-large' => 413, 'nobody' => 200);

for my $row (@rows) {
    my ($name, $changed, $status, $source, $send, $times) = @$row;
    my $reply = $send->();
    my $body = $reply->body;
    my @wrong;

    push @wrong, 'answered with ' . $reply->status if $reply->status != ($http{$status} || 403);
    push @wrong, 'kept' if ($reply->header('Cache-Control') // '') ne 'no-store';
    push @wrong, 'text of the message on the page' if $body =~ /ada\@|nobody|evil|_forged/;
    for (grep { !lives($_) } sort keys %victim) {
        push @wrong, "the session of $_ has ended";
        $victim{$_} = $t->signed_on("/$_", issuer => $plain, session_index => 'i1');
    }
    is join(', ', @wrong), '', "$name ($changed; $source)";
    if ($status ne 'nobody') {
        $t->refused($status, qr/logout refused/, "$name: [$status]") for 1 .. $times || 1;
    }
}

# What the attacks were held against does end them.
for my $by ('redirect', 'post') {
    $victim{plain} = $t->signed_on('/plain', issuer => $plain, session_index => 'i1') if !lives('plain');
    is $idp->deliver($idp->message(by => $by), at => $here)->status, 200, "the genuine message by $by";
    ok !lives('plain'), 'ends the session';
}
ok lives('weak'), 'and none of another application';

$t->finish;
done_testing;
