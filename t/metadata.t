#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Our metadata, as the schema of OASIS and a service by others (pysaml2) read it; the identity provider's, from a file.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $t = SSOTest->new(
    prepare => sub {
        my ($self) = @_;
        $self->idp->make_key($_) for qw(new old);
        $self->httpd->write_file('htdocs/app', "in\n", 0644);
        open my $from, '<', $self->dir . '/idp.cer' or die $!;
        my $cert = join '', map { /-----/ ? () : s/\s//gr } <$from>;
        my ($issuer, $url) = (SSOTest::IdP::ISSUER, SSOTest::IdP::LOGIN_URL);
        # The shape of Entra's federation metadata: a role of WS-Federation stands before the one of SAML.
        $self->httpd->write_file('idp.xml', <<"XML", 0644);
<?xml version="1.0" encoding="utf-8"?><EntityDescriptor ID="_1" entityID="$issuer" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>AAAA</X509Certificate></X509Data></KeyInfo></KeyDescriptor></RoleDescriptor>
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>$cert</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$url"/>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="$url"/>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="$url"/></IDPSSODescriptor></EntityDescriptor>
XML
    },
    conf => saml_conf(SAMLIdPIdentifier => undef, SAMLLoginURL => undef, SAMLLogoutURL => undef, SAMLCertificate => undef,
        SAMLIdPMetadata => '@ROOT@/idp.xml') . <<'CONF');
<SAMLApplication full>
    SAMLIdentifier https://app.example/full
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/full/acs http://localhost:@PORT@/saml/full/acs
    SAMLKey "@ROOT@/new.key" "@ROOT@/new.cer"
    SAMLKey "@ROOT@/old.key" "@ROOT@/old.cer"
    SAMLSignRequests on
</SAMLApplication>
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
CONF

is $t->login($t->browser, '/app')->body, "in\n", "a sign-on by the identity provider's metadata file";

sub python
{
    my ($code, @arguments) = @_;

    return eval { SSOTest::IdP::run('/usr/bin/python3', '-c', $code, @arguments) } // $@;
}

for my $app ('', 'full') {
    subtest $app ? 'with keys and two addresses' : 'the least there is' => sub {
        my $reply = $t->browser->get('/saml/' . ($app ? "$app/" : '') . 'metadata');
        is $reply->status, 200, 'is there';
        is $reply->header('Content-Type'), 'application/samlmetadata+xml', 'with its type';
        my $file = $t->httpd->write_file("sp$app.xml", $reply->body);

        is python(<<'PY', $file), "valid\n", "valid by the schema";
import os, sys, saml2
from lxml import etree
folder = os.path.join(os.path.dirname(saml2.__file__), "data", "schemas")
class Local(etree.Resolver):
    def resolve(self, url, public_id, context):
        path = os.path.join(folder, os.path.basename(url))
        if not os.path.exists(path):
            raise OSError("not among the schemas: " + url)
        return self.resolve_filename(path, context)
parser = etree.XMLParser(load_dtd=False, no_network=True)
parser.resolvers.add(Local())
schema = etree.XMLSchema(etree.parse(os.path.join(folder, "saml-schema-metadata-2.0.xsd"), parser))
schema.assertValid(etree.parse(sys.argv[1]))
print("valid")
PY

        my $identifier = $app ? 'https://app.example/full' : 'https://app.example/saml';
        my @acs = $t->url($app ? "/saml/full/acs" : "/saml/acs");
        push @acs, $acs[0] =~ s/127\.0\.0\.1/localhost/r if $app;
        my $read = python(<<'PY', $file, $identifier);
import sys
from saml2.mdstore import InMemoryMetaData
from saml2 import BINDING_HTTP_POST
store = InMemoryMetaData(None, "")
store.parse(open(sys.argv[1], "rb").read())
entity = store[sys.argv[2]]["spsso_descriptor"][0]
for service in store.service(sys.argv[2], "spsso_descriptor", "assertion_consumer_service")[BINDING_HTTP_POST]:
    print("acs", service["index"], service["location"], service.get("is_default"))
print("signed requests", entity.get("authn_requests_signed"))
print("signing", len(store.certs(sys.argv[2], "spsso", "signing")))
print("encryption", len(store.certs(sys.argv[2], "spsso", "encryption")))
PY
        my @lines = split /\n/, $read;
        is_deeply [map { (split)[2] } grep { /^acs/ } @lines], \@acs, 'pysaml2 reads the addresses' or diag $read;
        like $read, qr/^acs 0 \S+ true$/m, 'the first is the default';
        like $read, qr/^signing @{[ $app ? 1 : 0 ]}$/m, 'the key that signs';
        like $read, qr/^encryption @{[ $app ? 2 : 0 ]}$/m, 'the keys that decrypt';
        like $read, qr/^signed requests true$/m, 'that requests are signed' if $app;
        is $t->browser->get('/saml/metadata', host => 'evil.example')->body, $t->browser->get('/saml/metadata')->body, 'Host has no part in it' if !$app;
    };
}

$t->finish;
done_testing;
