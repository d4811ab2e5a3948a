#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLKey: encrypted assertions, signed requests, both bindings, key rollover.
use strict;
use warnings;
use Compress::Raw::Zlib;
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest;

my $t = SSOTest->new(
    prepare => sub {
        my ($self) = @_;
        $self->idp->make_key($_) for qw(new old stranger);
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(post redirect plain);
    },
    conf => join '', map { my ($name, $more) = @$_; saml_app($name, $more) }
        ['post', "SAMLKey \@ROOT\@/new.key \@ROOT\@/new.cer\nSAMLKey \@ROOT\@/old.key \@ROOT\@/old.cer\nSAMLSignRequests on\n"],
        ['redirect', "SAMLKey \@ROOT\@/new.key \@ROOT\@/new.cer\nSAMLSignRequests on\nSAMLRequestBinding Redirect\nSAMLNameIDFormat persistent\nSAMLForceAuthn on\n"],
        ['plain', "SAMLRequestBinding Redirect\nSAMLNameIDFormat none\n"]);

sub saml_app
{
    my ($name, $more) = @_;
    my $conf = saml_conf(SAMLIdentifier => "https://app.example/$name", SAMLReplyURL => "http://127.0.0.1:\@PORT\@/saml/$name/acs");

    return "<SAMLApplication $name>\n$conf$more</SAMLApplication>\n"
        . "<Location \"/$name\">\nAuthType SAML\nSAMLApplication $name\nRequire valid-user\n</Location>\n";
}

sub query
{
    my ($url) = @_;
    my ($text) = $url =~ /\?(.*)$/;

    return map { my ($k, $v) = split /=/, $_, 2; $v =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; ($k => $v) } split /&/, $text;
}

sub inflate
{
    my ($octets) = @_;
    my ($stream) = Compress::Raw::Zlib::Inflate->new(-WindowBits => -MAX_WBITS);
    my $out;

    $stream->inflate($octets, $out) == Z_STREAM_END or die 'SAMLRequest is not one raw DEFLATE stream';
    length $octets and die 'SAMLRequest has octets behind its end';
    return $out;
}

# A request that went by redirect, as SSOTest's request_of gives one that went by form.
sub redirected
{
    my ($reply) = @_;
    my %field = query($reply->header('Location'));
    my $xml = inflate(decode_base64($field{SAMLRequest}));
    my %request = (xml => $xml, relay_state => $field{RelayState}, fields => \%field);

    ($request{id}) = $xml =~ /\bID="([^"]*)"/;
    ($request{acs}) = $xml =~ /AssertionConsumerServiceURL="([^"]*)"/;
    ($request{issuer}) = $xml =~ m{<(?:\w+:)?Issuer[^>]*>([^<]*)<};
    return \%request;
}

subtest 'encrypted assertions' => sub {
    for my $key (qw(new old)) {
        my $browser = $t->browser;
        my $reply = $t->login($browser, '/post', encrypt_to => $t->dir . "/$key.cer");
        is $reply->body, 'in post', "for the $key key";
    }
    for my $sign (qw(assertion response both)) {
        is $t->login($t->browser, '/post', encrypt_to => $t->dir . '/new.cer', sign => $sign)->body, 'in post', "signed: $sign";
    }
    my $unsigned = $t->sign_on($t->browser, '/post', encrypt_to => $t->dir . '/new.cer', sign => 'none');
    is $unsigned->status, 403, 'encryption is no signature';
    $t->refused('unsigned');

    my $stranger = $t->sign_on($t->browser, '/post', encrypt_to => $t->dir . '/stranger.cer');
    $t->refused('decryption');
    my $forged = $t->sign_on($t->browser, '/post', encrypt_to => $t->dir . '/new.cer', signer => 'stranger');
    $t->refused('signature');
    for ($stranger, $forged) {
        is $_->status, 403, 'refused';
        s/<dd>[0-9a-f]{12}</<dd>REFERENCE</ for $_->{body};
    }
    is $stranger->body, $forged->body, 'what failed, the key or the signature, cannot be told from outside';
};

subtest 'a signed request by POST' => sub {
    my $request = $t->request_of($t->browser->get('/post'));
    like $request->{xml}, qr{<(?:\w+:)?Signature\b}, 'carries a signature';
    my ($first) = $request->{xml} =~ m{<(?:\w+:)?X509Certificate>([^<]+)<};
    is $first =~ s/\s//gr, certificate('new'), 'by the first key';
    $t->httpd->write_file('request.xml', $request->{xml});
    my $verdict = eval { SSOTest::IdP::run('/usr/bin/python3', '-c', <<'PY', $t->dir . '/request.xml', $t->dir . '/new.cer') } // $@;
import sys, xmlsec
from lxml import etree
tree = etree.parse(sys.argv[1]).getroot()
context = xmlsec.SignatureContext()
context.key = xmlsec.Key.from_file(sys.argv[2], xmlsec.constants.KeyDataFormatCertPem)
context.register_id(tree, "ID")
context.verify(tree.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
print("verified")
PY
    is $verdict, "verified\n", 'xmlsec verifies it';
    like $request->{xml}, qr{</(?:\w+:)?Issuer><(?:\w+:)?Signature\b}, 'it follows Issuer';
};

sub certificate
{
    my ($name) = @_;

    open my $from, '<', $t->dir . "/$name.cer" or die $!;
    return join '', map { /-----/ ? () : s/\s//gr } <$from>;
}

subtest 'a signed request by redirect' => sub {
    my $browser = $t->browser;
    my $reply = $browser->get('/redirect');
    is $reply->status, 302, 'is a redirect';
    is $reply->header('Cache-Control'), 'no-store', 'that nobody keeps';
    my $location = $reply->header('Location');
    like $location, qr{^\Q${\ SSOTest::IdP::LOGIN_URL}\E\?SAMLRequest=[^&]+&RelayState=[^&]+&SigAlg=[^&]+&Signature=[^&]+$}, 'with the parameters in order';
    my $request = redirected($reply);
    is $request->{fields}{SigAlg}, 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'RSA-SHA256';
    unlike $request->{xml}, qr/Signature/, 'no signature inside';
    like $request->{xml}, qr/ ForceAuthn="true"/, 'SAMLForceAuthn';
    like $request->{xml}, qr/Format="urn:oasis:names:tc:SAML:2\.0:nameid-format:persistent"/, 'SAMLNameIDFormat';
    my ($signed) = $location =~ /\?(.*)&Signature=/;
    $t->httpd->write_file('signed', $signed);
    $t->httpd->write_file('signature', decode_base64($request->{fields}{Signature}));
    SSOTest::IdP::run('sh', '-c', 'cd "$1" && openssl x509 -in new.cer -pubkey -noout > new.pub', 'sh', $t->dir);
    my $verdict = eval { SSOTest::IdP::run('openssl', 'dgst', '-sha256', '-verify', $t->dir . '/new.pub', '-signature',
        $t->dir . '/signature', $t->dir . '/signed') } // $@;
    is $verdict, "Verified OK\n", 'openssl verifies the octets sent';
    my $answer = $t->deliver($browser, $request, $t->response_to($request, authn_instant => 0));
    is $answer->status, 303, 'and the answer is accepted';
    is $browser->get('/redirect')->body, 'in redirect', 'in';
};

subtest 'a plain request by redirect' => sub {
    my $browser = $t->browser;
    my $reply = $browser->get('/plain?x=1');
    my $request = redirected($reply);
    is_deeply [sort keys %{ $request->{fields} }], [qw(RelayState SAMLRequest)], 'has two parameters';
    unlike $request->{xml}, qr/NameIDPolicy|ForceAuthn/, 'SAMLNameIDFormat none: no NameIDPolicy';
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/plain?x=1', 'back to the address';
    my $other = $t->browser;
    $request = redirected($other->get('/plain'));
    is $t->deliver($other, $request, $t->response_to($request, encrypt_to => $t->dir . '/new.cer'))->status, 403, 'without SAMLKey nothing is decrypted';
    $t->refused('decryption');
};

subtest 'our certificate' => sub {
    my $pem = $t->browser->get('/saml/post/certificate');
    is $pem->status, 200, 'is published';
    is join('', map { /-----/ ? () : s/\s//gr } split /\n/, $pem->body), certificate('new'), 'the first';
    my $metadata = $t->browser->get('/saml/post/metadata')->body;
    like $metadata =~ s/\s//gr, qr/\Q${\ certificate('new')}\E/, 'metadata has the first';
    like $metadata =~ s/\s//gr, qr/\Q${\ certificate('old')}\E/, 'and the second';
};

$t->finish;
done_testing;
