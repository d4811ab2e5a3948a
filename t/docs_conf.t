#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every example that the documents mark as configuration passes `httpd -t`, and the defaults that they tell are those
# of -D DUMP_SAML.
use strict;
use warnings;
use File::Path qw(make_path);
use Test::More;
use SSOTest::Config;
use SSOTest::Httpd;

my $c = SSOTest::Config->new;
my $dir = $c->dir;

# The files that the examples name, relative to ServerRoot.
make_path("$dir/saml", "$dir/var/lib");
for my $name (qw(idp next sp tls)) {
    $c->make_key($name);
}
for my $pair (['idp.cer', 'entra.cer'], ['next.cer', 'entra-next.cer'], ['tls.cer', 'www.example.org.crt'], ['tls.key', 'www.example.org.key'],
    map { (['sp.key', "$_.key"], ['sp.cer', "$_.pem"]) } 'app', 'app-old') {
    $c->write_file("saml/$pair->[1]", slurp("$dir/$pair->[0]"), 0600);
}
$c->write_file('saml/sp-private-key.pem', slurp("$dir/sp.key"), 0600);
$c->write_file('saml/sp-cert.pem', slurp("$dir/sp.cer"));
$c->write_file('saml/redis.pw', "secret\n", 0600);
$c->write_file('saml/redis-ca.pem', slurp("$dir/idp.cer"), 0644);
$c->write_file('saml/ca.pem', slurp("$dir/idp.cer"), 0644);
$c->write_file('saml/secret', join('', map { sprintf '%02x', $_ } 1 .. 32) . "\n", 0600);
$c->write_file('saml/groups.map', "11111111-2222-3333-4444-555555555555 Finance approvers\n");
$c->write_file('saml/graph.secret', "Qx8~a.b_c-d\n", 0600);
$c->write_file('saml/graph.key', slurp("$dir/sp.key"), 0600);
$c->write_file('saml/graph.cer', slurp("$dir/sp.cer"));
for my $name (qw(federationmetadata.xml idp-metadata.xml)) {
    $c->write_file("saml/$name", metadata());
}

sub slurp
{
    my ($file) = @_;

    open my $from, '<:encoding(UTF-8)', $file or die "$file: $!";
    local $/;
    return scalar readline $from;
}

sub metadata
{
    my $cert = slurp("$dir/idp.cer") =~ s/-----[^\n]*-----|\n//gr;

    return '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sts.example/"><IDPSSODescriptor'
        . ' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">'
        . '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>'
        . "<X509Certificate>$cert</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        . join('', map { "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-$_\""
            . ' Location="https://login.example/saml2"/>' } 'POST', 'Redirect')
        . '</IDPSSODescriptor></EntityDescriptor>';
}

my $idp = "SAMLIdPIdentifier https://sts.example/\nSAMLLoginURL https://login.example/saml2\nSAMLCertificate saml/entra.cer\n";
my $modules = SSOTest::Httpd::_load(qw(watchdog socache_shmcb ssl headers proxy proxy_http cache authz_host mime watchdog));

# An example, with what the text around it takes for granted.
sub completed
{
    my ($example) = @_;
    my $before = $modules;

    $example =~ s{(?<=[:= "])/var/lib/}{\@ROOT\@/var/lib/}g;
    $example =~ s{(?<==)/etc/httpd/}{\@ROOT\@/saml/}g;
    $example =~ s{(?<=:)/run/httpd/}{\@ROOT\@/run/}g;
    $before .= "ServerName www.example.org\n" unless $example =~ /^\s*ServerName/m;
    $before .= $idp unless $example =~ /^\s*SAML(?:IdP(?!Initiated)|Entra)/m;
    return "$before$example";
}

my $count = 0;
for my $file (qw(README.md SECURITY.md CONTRIBUTING.md doc/manual.md doc/directives.md)) {
    my $text = slurp("$ENV{SSO_SRCDIR}/$file");

    while ($text =~ /^( *)```apache\n(.*?)^\1```$/gms) {
        my $example = $2;
        my $line = 2 + (substr($text, 0, $-[0]) =~ tr/\n//);
        my ($code, @said) = $c->complaints(completed($example));

        # SAMLAllow is warned about, as it should be, and so is a store that loses sessions.
        is join("\n", $code, grep { !/^SAMLAllow in .*expected nothing weak|^SAMLSessionStore in .*found shmcb, whose/ } @said), "0\nSyntax OK", "$file line $line";
        $count++;
    }
}
cmp_ok $count, '>', 25, "$count examples were found";

# The defaults of the README's table, as a server with nothing but an identity provider has them.
my $readme = slurp("$ENV{SSO_SRCDIR}/README.md");
my $found = $c->dump("ServerName ServerName\n$idp")->{main}{''};
my %unit = (s => 1, h => 3600);

for my $directive (qw(SAMLIdentifier SAMLReplyURL SAMLPath SAMLSignRequests SAMLRequestBinding SAMLNameIDFormat SAMLForceAuthn SAMLSingleLogout SAMLLogoutResponse
    SAMLDomainHint SAMLLoginHint SAMLIdPInitiated SAMLClockSkew SAMLAllow SAMLSessionStore SAMLSessionLimit SAMLSessionLifetime SAMLSessionIdle SAMLCookie SAMLKeepPosts)) {
    my ($told) = $readme =~ /^\| \[$directive\]\([^)]*\)[^|]*(?:\\\|[^|]*)*\| `([^`]+)` \|/m;
    my $is = join ' ', @{ $found->{$directive} || [] };

    ok defined $told, "$directive: the README tells a default" or next;
    $is =~ s/^urn:.*:// if $directive eq 'SAMLNameIDFormat';
    $is =~ s/ .*// if $directive eq 'SAMLCookie' || $directive eq 'SAMLKeepPosts';
    $is =~ s/:.*// if $directive eq 'SAMLSessionStore';
    $told = $1 * $unit{$2} . 's' if $told =~ /^(\d+)([sh])$/;
    is lc $is, lc $told, "$directive: it is the one";
}

done_testing;
