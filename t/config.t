#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Wrong configurations: `httpd -t` stops with one line that names directive, file, line, what was expected, what was
# found, and how to mend it.
use strict;
use warnings;
use Test::More;
use SSOTest::Config;

my $c = SSOTest::Config->new;
my $fixtures = "$ENV{SSO_SRCDIR}/t/fixtures";

$c->make_key('idp');
$c->make_key('other');
$c->make_key('weak', 1024);
$c->write_file('expired.cer', slurp("$fixtures/idp-expired.crt"));
$c->write_file('both.cer', slurp($c->dir . '/idp.cer') . slurp("$fixtures/idp-expired.crt"));
$c->write_file('text.cer', "this is no certificate\n");
$c->write_file('short.secret', "0123\n");
$c->write_file('good.secret', join('', map { sprintf '%02x', $_ } 1 .. 32) . "\n", 0600);
$c->write_file('open.secret', join('', map { sprintf '%02x', $_ } 1 .. 32) . "\n", 0644);

sub slurp
{
    my ($file) = @_;

    open my $from, '<', $file or die "$file: $!";
    local $/;
    return scalar readline $from;
}

sub metadata
{
    my ($name, %o) = @_;
    my $cert = slurp($c->dir . '/' . ($o{cert} || 'idp.cer'));
    my $location = $o{location} || 'https://login.example/sso';
    my $bad = $o{unreadable} ? '<X509Certificate>?</X509Certificate>' : '';

    $cert =~ s/-----[^\n]*-----\n//g;
    $cert =~ s/\n//g;
    $c->write_file($name, '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sts.example/">'
        . '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
        . ($o{wants} ? ' WantAuthnRequestsSigned="true"' : '') . '>'
        . '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        . "$cert</X509Certificate>$bad</X509Data></KeyInfo></KeyDescriptor>"
        . join('', map { "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:$_\" Location=\"$location\"/>" }
            @{ $o{bindings} || ['HTTP-POST', 'HTTP-Redirect'] })
        . '</IDPSSODescriptor></EntityDescriptor>');
    return;
}

metadata('idp.xml');
metadata('wants.xml', wants => 1);
metadata('redirect.xml', bindings => ['HTTP-Redirect']);
metadata('http.xml', location => 'http://login.example/sso');
metadata('artifact.xml', bindings => ['HTTP-Artifact']);
metadata('expired.xml', cert => 'expired.cer');
metadata('unreadable.xml', unreadable => 1);
$c->write_file('broken.xml', '<EntityDescriptor');

# Lines 2 to 5 of site.conf; what a case adds starts on line 6.
my $identifier = "SAMLIdPIdentifier https://sts.example/\n";
my $login = "SAMLLoginURL https://login.example/saml2\n";
my $certificate = "SAMLCertificate idp.cer\n";
my $server = "ServerName www.example.org\n";
my $good = $server . $identifier . $login . $certificate;
my $metadata = "$server# 3\n# 4\n# 5\n";

# name, lines, then the one line expected: a string, or a regular expression where others' words stand in it.
sub refused
{
    my ($name, $conf, @want) = @_;
    my ($code, @got) = $c->complaints($conf);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 1, "$name: refused";
    is scalar(@got), scalar(@want), "$name: in " . @want . ' line' or return diag join "\n", @got;
    for my $i (0 .. $#want) {
        ref $want[$i] ? like $got[$i], $want[$i], "$name: says why" : is $got[$i], $want[$i], "$name: says why";
    }
    return;
}

# name, lines, the warnings expected besides "Syntax OK"
sub accepted
{
    my ($name, $conf, @want) = @_;
    my ($code, @got) = $c->complaints($conf);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 0, "$name: accepted";
    is_deeply \@got, [@want, 'Syntax OK'], "$name: with these words";
    return;
}

sub at { my ($directive, $line) = @_; return "$directive in \@ROOT\@/site.conf line $line: " }

accepted 'the least by hand', $good;
accepted 'the least with metadata', $metadata . "SAMLIdPMetadata idp.xml\n";
accepted 'nothing of ours', $server;

# --- files ---
refused 'a certificate file that is not there', "$server$identifier${login}SAMLCertificate \"entra.cer\"\n",
    at('SAMLCertificate', 5) . 'expected a readable certificate file, found "@ROOT@/entra.cer" (No such file or directory); '
    . 'mend: correct the name or put the file there';
refused 'a folder for a certificate', "$server$identifier${login}SAMLCertificate idp.cer run\n",
    at('SAMLCertificate', 5) . 'expected a readable certificate file, found "@ROOT@/run" (Is a directory); '
    . 'mend: correct the name or put the file there';
refused 'a certificate file with something else in it', "$server$identifier${login}SAMLCertificate text.cer\n",
    qr/^\Q@{[at('SAMLCertificate', 5)]}\Eexpected a certificate in PEM, base64 or DER, found: .*text\.cer.*; mend: download/;
refused 'a metadata file that is not there', $metadata . "SAMLIdPMetadata none.xml\n",
    at('SAMLIdPMetadata', 6) . 'expected a readable metadata file, found "@ROOT@/none.xml" (No such file or directory); '
    . 'mend: correct the name or put the file there';
refused 'metadata that is no XML', $metadata . "SAMLIdPMetadata broken.xml\n",
    qr/^\Q@{[at('SAMLIdPMetadata', 6)]}\Eexpected metadata of one identity provider, found: .*; mend: get it anew/;
refused 'metadata of somebody else', $metadata . "SAMLIdPMetadata idp.xml\nSAMLIdPIdentifier https://else.example/\n",
    qr/^\Q@{[at('SAMLIdPMetadata', 6)]}\Eexpected metadata of one identity provider, found: .*else\.example.*; mend: /;
refused 'metadata with an address in the clear', $metadata . "SAMLIdPMetadata http.xml\n",
    at('SAMLIdPMetadata', 6) . 'SingleSignOnService: expected an https:// URL (http:// is for localhost, 127.0.0.1 and [::1] '
    . 'only), found "http://login.example/sso"; mend: get the metadata of the identity provider anew';
refused 'metadata without a binding of ours', $metadata . "SAMLIdPMetadata artifact.xml\n", qr/^\Q@{[at('SAMLIdPMetadata', 6)]}\Eexpected /;
refused 'a key file that is not there', $good . "SAMLKey none.key idp.cer\n",
    at('SAMLKey', 6) . 'expected a readable private key file, found "@ROOT@/none.key" (No such file or directory); '
    . 'mend: correct the name or make the file (saml-sso keygen)';
refused 'the certificate of a key that is not there', $good . "SAMLKey idp.key none.cer\n",
    at('SAMLKey', 6) . 'expected a readable certificate file, found "@ROOT@/none.cer" (No such file or directory); '
    . 'mend: correct the name or make the file (saml-sso keygen)';
refused 'a secret file that is not there', $good . "SAMLSecret none.secret\n",
    at('SAMLSecret', 6) . 'expected a readable file of secrets, found "@ROOT@/none.secret" (No such file or directory); mend: '
    . 'name a file with 64 hexadecimal digits in a line (openssl rand -hex 32) that only root can read';
refused 'a secret that is too short', $good . "SAMLSecret short.secret\n",
    qr/^\Q@{[at('SAMLSecret', 6)]}\E.*short\.secret.*expected.*; mend: name a file with 64 hexadecimal digits/;
accepted 'a secret', $good . "SAMLSecret good.secret\n";
accepted 'a secret that all can read', $good . "SAMLSecret open.secret\n",
    at('SAMLSecret', 6) . 'expected a file that others cannot read, found "@ROOT@/open.secret" open to all; mend: chmod 600';

# --- keys and certificates ---
refused 'a key and the certificate of another', $good . "SAMLKey idp.key other.cer\n",
    qr/^\Q@{[at('SAMLKey', 6)]}\Eexpected a private key and its certificate, found: .*other\.cer.*; mend: give the two files that belong together/;
accepted 'a key and its certificate', $good . "SAMLKey other.key other.cer\nSAMLSignRequests on\n";
refused 'a weak key', $good . "SAMLKey weak.key weak.cer\n",
    qr/^\Q@{[at('SAMLKey', 6)]}\Eexpected a key that is strong enough, found: .*1024.*; mend: make a new pair/;
refused 'a weak certificate', "$server$identifier${login}SAMLCertificate weak.cer\n",
    qr/^\Q@{[at('SAMLCertificate', 5)]}\Eexpected a signing certificate that may be used now, found: .*1024.*; mend: get the identity provider's current certificate$/;
refused 'an expired certificate', "$server$identifier${login}SAMLCertificate expired.cer\n",
    qr/^\Q@{[at('SAMLCertificate', 5)]}\Eexpected a signing certificate that may be used now, found: .*2026-03-01.*; mend: get the identity provider's current certificate, or set this machine's clock$/;
refused 'an expired certificate in metadata', $metadata . "SAMLIdPMetadata expired.xml\n",
    qr/^\Q@{[at('SAMLIdPMetadata', 6)]}\Eexpected a signing certificate that may be used now, found: .*2026-03-01.*; mend: get/;
accepted 'an unreadable certificate in metadata, beside a good one', $metadata . "SAMLIdPMetadata unreadable.xml\n",
    at('SAMLIdPMetadata', 6) . 'expected readable certificates, found 1 that cannot be read beside 1 that can: X509Certificate in '
    . '@ROOT@/unreadable.xml: expected a certificate as PEM, base64 or DER, got "?"; mend: get the metadata of the identity provider anew';
accepted 'an expired certificate that is allowed', "$server$identifier${login}SAMLCertificate expired.cer\nSAMLAllow expired-certificate\n",
    at('SAMLAllow', 6) . 'expected nothing weak to be let in, found "expired-certificate"; mend: remove it as soon as the '
    . 'identity provider can do without';
accepted 'an expired certificate beside a good one', "$server$identifier${login}SAMLCertificate both.cer\n",
    at('SAMLCertificate', 5) . 'expected all 2 signing certificates to be usable now, found 1 that are; mend: remove what is old';

# --- addresses ---
refused 'a reply URL in the clear', $good . "SAMLReplyURL http://www.example.org/saml/acs\n",
    at('SAMLReplyURL', 6) . 'expected an https:// URL (http:// is for localhost, 127.0.0.1 and [::1] only), found '
    . '"http://www.example.org/saml/acs"; mend: write the address that the identity provider is to send responses to, such as '
    . '"https://www.example.org/saml/acs"';
accepted 'a reply URL in the clear on this machine', $good . "SAMLReplyURL http://127.0.0.1:8080/saml/acs\n";
accepted 'a reply URL that the service prescribes', $good . "SAMLReplyURL https://www.example.org/api/single-sign-on\n";
refused 'a reply URL on another endpoint', $good . "SAMLReplyURL https://www.example.org/saml/login\n",
    qr/expected a reply URL with a path of its own, found "https:..www\.example\.org.saml.login", which is an endpoint of application ""; mend: give/;
refused 'a reply URL of another application', $good . "<SAMLApplication other>\nSAMLReplyURL https://www.example.org/saml/acs\n</SAMLApplication>\n",
    qr/expected a reply URL with a path of its own, found "https:..www\.example\.org.saml.acs", which is an endpoint of application "other"; mend: give/;
accepted 'a reply URL under SAMLPath', $good . "SAMLReplyURL https://www.example.org/sso/acs\nSAMLPath /sso\n";
refused 'reply URLs of two schemes', $good . "SAMLReplyURL https://a.example/saml/acs\nSAMLReplyURL http://localhost/saml/acs\n",
    at('SAMLReplyURL', 7) . 'expected https:// for all or for none, as they share one cookie, found '
    . '"http://localhost/saml/acs" beside "https://a.example/saml/acs"; mend: leave one of them out';
refused 'a reply URL twice', $good . "SAMLReplyURL https://a.example/saml/acs https://a.example/saml/acs\n",
    at('SAMLReplyURL', 6) . 'expected each address once, found "https://a.example/saml/acs" again; mend: remove it';
refused 'no ServerName', "# 2\n$identifier$login$certificate",
    at('ServerName', 3) . 'expected a ServerName to make our address from, found none; mend: add "ServerName www.example.org" '
    . 'to this server, or SAMLReplyURL';
accepted 'no ServerName, but a reply URL', "# 2\n$identifier$login${certificate}SAMLReplyURL https://a.example/saml/acs\n";
refused 'no ServerName in a virtual host', "${server}<VirtualHost 127.0.0.1:1>\n$identifier$login$certificate</VirtualHost>\n",
    at('ServerName', 3) . 'expected a ServerName to make our address from, found none; mend: add "ServerName www.example.org" '
    . 'to this server, or SAMLReplyURL';
accepted 'no ServerName in a virtual host that only inherits', "$good<VirtualHost 127.0.0.1:1>\nServerAlias x.example\n</VirtualHost>\n";
refused 'a login URL in the clear', "$server${identifier}SAMLLoginURL http://login.example/\n$certificate",
    'line 4 of @ROOT@/site.conf: SAMLLoginURL: expected an https:// URL (http:// is for localhost, 127.0.0.1 and [::1] only), '
    . 'found "http://login.example/"';
refused 'SAMLPath without a slash', $good . "SAMLPath saml\n", qr/^line 6 of \S+: SAMLPath: expected a path such as "\/saml": .*, got "saml"$/;
refused 'SAMLPath with a slash at the end', $good . "SAMLPath /saml/\n", qr/^line 6 of \S+: SAMLPath: expected a path .*, got "\/saml\/"$/;
accepted 'a path that a proxy takes away', $good . "SAMLPath /saml prefix=/portal\nSAMLReplyURL https://www.example.org/portal/saml/acs\nSAMLCookie x Path=/portal\n";
accepted 'such a path, the rest from ServerName', $good . "SAMLPath /saml prefix=/portal\n";
accepted 'a named application without it', $good . "SAMLPath /saml prefix=/portal\n<SAMLApplication hr>\nSAMLPath /hr prefix=/\nSAMLReplyURL https://hr.example/hr/acs\n</SAMLApplication>\n";
refused 'a prefix that is none', $good . "SAMLPath /saml prefix=portal\n", qr/^line 6 of \S+: SAMLPath: expected prefix= and a path of the same kind behind it, got "prefix=portal"$/;
refused 'another option', $good . "SAMLPath /saml /portal\n", qr/^line 6 of \S+: SAMLPath: expected prefix= and a path of the same kind behind it, got "\/portal"$/;
refused 'a reply URL without the prefix', $good . "SAMLPath /saml prefix=/portal\nSAMLReplyURL https://www.example.org/saml/acs\n",
    at('SAMLReplyURL', 7) . 'expected an address under the prefix /portal of SAMLPath, found "https://www.example.org/saml/acs"; mend: write it as the browser has it, such as "https://www.example.org/portal/saml/acs", or SAMLPath /saml prefix=/ where no proxy takes anything away';
refused 'SAMLPath that is all', $good . "SAMLPath /\n", qr/^line 6 of \S+: SAMLPath: expected a path .*, got "\/"$/;

# --- applications ---
refused 'an unknown application', $good . "<Location /a>\nAuthType SAML\nSAMLApplication hr\n</Location>\n",
    at('SAMLApplication', 8) . 'expected the name of a <SAMLApplication> of this server, found "hr"; mend: correct it, or add '
    . '"<SAMLApplication hr>"';
accepted 'a known application', $good . "<SAMLApplication hr>\n</SAMLApplication>\n<Location /a>\nSAMLApplication hr\n</Location>\n";
accepted 'the vhost\'s own application by name', $good . "<Location /a>\nSAMLApplication default\n</Location>\n";
refused 'an application of another virtual host', $good
    . "<VirtualHost 127.0.0.1:1>\nServerName a.example\n<SAMLApplication hr>\n</SAMLApplication>\n</VirtualHost>\n"
    . "<VirtualHost 127.0.0.1:1>\nServerName b.example\n<Location />\nSAMLApplication hr\n</Location>\n</VirtualHost>\n",
    at('SAMLApplication', 14) . 'expected the name of a <SAMLApplication> of this server, found "hr"; mend: correct it, or add '
    . '"<SAMLApplication hr>"';
accepted 'a place of the main server for an application of a virtual host', $good
    . "<VirtualHost 127.0.0.1:1>\nServerName a.example\n<SAMLApplication hr>\n</SAMLApplication>\n</VirtualHost>\n"
    . "<Location /hr>\nSAMLApplication hr\n</Location>\n";
refused 'a guarded place without an identity provider', "$server<Location /a>\nAuthType SAML\nRequire valid-user\n</Location>\n",
    at('AuthType', 4) . 'expected an identity provider for "AuthType SAML", found none in this server; mend: add SAMLEntra or '
    . 'SAMLIdPMetadata, or SAMLIdPIdentifier, SAMLLoginURL and SAMLCertificate';
refused "a guarded place in $_->[0], and no server has a name", "# 2\n$identifier$login$certificate$_->[1]",
    at('AuthType', $_->[2]) . 'expected a ServerName to make the address for "AuthType SAML" from, found none; mend: add "ServerName '
    . 'www.example.org" to the virtual host that serves it, or SAMLReplyURL'
    for ['the main server', "<Location /a>\nAuthType SAML\n</Location>\n<VirtualHost 127.0.0.1:1>\n</VirtualHost>\n", 7],
        ['a virtual host', "<VirtualHost 127.0.0.1:1>\n<Location /a>\nAuthType SAML\n</Location>\n</VirtualHost>\n", 8];
refused 'a name twice', $good . "<SAMLApplication hr>\n</SAMLApplication>\n<SAMLApplication hr>\n</SAMLApplication>\n",
    'line 8 of @ROOT@/site.conf: <SAMLApplication>: expected each name once in a virtual host, got "hr" again after '
    . '@ROOT@/site.conf line 6';
for my $name ('', 'a b', '../x', 'a/b', 'login', 'state', 'default', '-a', 'x' x 33, '"a;b"') {
    refused "the application name '$name'", $good . "<SAMLApplication $name>\n</SAMLApplication>\n",
        qr/^line 6 of \S+: <SAMLApplication>: expected one name of up to 32 letters, digits, - _ that is not default, none, state or an endpoint's, got /;
}
refused 'another module\'s directive in an application', $good . "<SAMLApplication hr>\nServerName hr.example\n</SAMLApplication>\n",
    'line 7 of @ROOT@/site.conf: ServerName: not allowed in <SAMLApplication>, which holds only SAML directives that stand in '
    . 'a virtual host';
refused 'a directive of places in an application', $good . "<SAMLApplication hr>\nSAMLUser upn\n</SAMLApplication>\n",
    'line 7 of @ROOT@/site.conf: SAMLUser: not allowed in <SAMLApplication>, which holds only SAML directives that stand in '
    . 'a virtual host';
refused 'an application in an application', $good . "<SAMLApplication a>\n<SAMLApplication b>\n</SAMLApplication>\n</SAMLApplication>\n",
    qr/^line 7 of \S+: <SAMLApplication: not allowed in <SAMLApplication>/;
refused 'an application in a location', $good . "<Location />\n<SAMLApplication a>\n</SAMLApplication>\n</Location>\n",
    qr/^line 7 of \S+: <SAMLApplication not allowed in <Location> context$/;
refused 'two applications on one path', $good . "<SAMLApplication hr>\nSAMLPath /saml\n</SAMLApplication>\n",
    at('SAMLPath', 3) . 'expected endpoints of its own, found SAMLPath /saml, which application "hr" has too; mend: give one of '
    . 'them another SAMLPath';
refused 'two applications with one cookie', $good . "<SAMLApplication hr>\nSAMLCookie __Host-saml\n</SAMLApplication>\n",
    at('SAMLPath', 3) . 'expected a cookie of its own, found "__Host-saml", which application "hr" has too; mend: give one of '
    . 'them another name with SAMLCookie';
refused 'a cookie that looks like a sign-on', $good . "<SAMLApplication hr>\nSAMLCookie __Host-saml-state-1\n</SAMLApplication>\n",
    at('<SAMLApplication>', 6) . 'expected a cookie name that does not start like the sign-on cookies of application "", found '
    . '"__Host-saml-state-1"; mend: give it another name with SAMLCookie';
refused 'an application without an identity provider', "$server<SAMLApplication hr>\nSAMLForceAuthn on\n</SAMLApplication>\n",
    at('<SAMLApplication>', 3) . 'expected an identity provider, found none; mend: add SAMLEntra or SAMLIdPMetadata, or SAMLIdPIdentifier, '
    . 'SAMLLoginURL and SAMLCertificate';

# --- what contradicts ---
for ([SAMLLoginURL => $login], [SAMLCertificate => $certificate], [SAMLLogoutURL => "SAMLLogoutURL https://login.example/\n"]) {
    my ($name, $line) = @$_;
    refused "SAMLIdPMetadata and $name", $metadata . "SAMLIdPMetadata idp.xml\n$line",
        at($name, 7) . 'expected not to stand beside SAMLIdPMetadata (@ROOT@/site.conf line 6), which says the same, found both; '
        . 'mend: remove one of the two';
}
accepted 'SAMLIdPMetadata and SAMLIdPIdentifier', $metadata . "SAMLIdPMetadata idp.xml\n$identifier";
refused 'an identity provider without certificate', "$server$identifier$login",
    at('SAMLLoginURL', 4) . 'expected SAMLIdPIdentifier, SAMLLoginURL and SAMLCertificate together, found no SAMLCertificate; '
    . 'mend: add it, or use SAMLIdPMetadata alone';
refused 'an identity provider with a certificate alone', "$server$certificate",
    at('SAMLCertificate', 3) . 'expected SAMLIdPIdentifier, SAMLLoginURL and SAMLCertificate together, found no '
    . 'SAMLIdPIdentifier and SAMLLoginURL; mend: add it, or use SAMLIdPMetadata alone';
refused 'an identity provider with a logout URL alone', "${server}SAMLLogoutURL https://login.example/\n",
    qr/^\Q@{[at('SAMLLogoutURL', 3)]}\Eexpected SAMLIdPIdentifier, SAMLLoginURL and SAMLCertificate together, found no /;
refused 'signed requests without a key', $good . "SAMLSignRequests on\n",
    at('SAMLSignRequests', 6) . 'expected a SAMLKey to sign with, found none; mend: add "SAMLKey key.pem cert.pem", or remove the '
    . 'directive';
accepted 'metadata that wants signed requests', $metadata . "SAMLIdPMetadata wants.xml\n",
    at('SAMLIdPMetadata', 6) . 'expected "SAMLSignRequests on", as this metadata says WantAuthnRequestsSigned, found it off; mend: '
    . 'add it, and SAMLKey';
accepted 'metadata that gets signed requests', $metadata . "SAMLIdPMetadata wants.xml\nSAMLKey other.key other.cer\nSAMLSignRequests on\n";
accepted 'a LogoutResponse that can go nowhere', $good . "SAMLLogoutResponse on\n",
    at('SAMLLogoutResponse', 6) . 'expected an identity provider with a logout URL, where a LogoutResponse can go, found none; mend: add '
    . 'SAMLLogoutURL, or take this directive out';
accepted 'one that can', $good . "SAMLLogoutURL https://login.example/out\nSAMLLogoutResponse on\n";
refused 'an idle time beyond the lifetime', $good . "SAMLSessionLifetime 10min\nSAMLSessionIdle 601s\n",
    at('SAMLSessionIdle', 7) . 'expected at most the SAMLSessionLifetime of 600s, found 601s; mend: shorten it, or lengthen '
    . 'SAMLSessionLifetime';
accepted 'an idle time as long as the lifetime', $good . "SAMLSessionLifetime 10min\nSAMLSessionIdle 600s\n";
refused 'a binding that metadata has not', $metadata . "SAMLIdPMetadata redirect.xml\nSAMLRequestBinding POST\n",
    at('SAMLRequestBinding', 7) . 'expected a binding that the identity provider has a SingleSignOnService for, found "POST"; '
    . 'mend: use the other';
accepted 'the binding that metadata has', $metadata . "SAMLIdPMetadata redirect.xml\nSAMLRequestBinding Redirect\n";
refused 'a directive twice', $good . "SAMLPath /a\nSAMLPath /b\n",
    at('SAMLPath', 7) . 'expected once in a scope, found again after @ROOT@/site.conf line 6; mend: keep one of the two';
refused 'a flag twice', $good . "SAMLForceAuthn on\nSAMLForceAuthn on\n",
    at('SAMLForceAuthn', 7) . 'expected once in a scope, found again after @ROOT@/site.conf line 6; mend: keep one of the two';
accepted 'a directive in a virtual host too', $good . "SAMLPath /a\n<VirtualHost 127.0.0.1:1>\nServerName a.example\nSAMLPath /b\n</VirtualHost>\n";
refused 'two mistakes, a line for each', "$server$identifier${login}SAMLCertificate none.cer\nSAMLPath /a\nSAMLPath /b\n",
    qr/^\Q@{[at('SAMLPath', 7)]}\E/, qr/^\Q@{[at('SAMLCertificate', 5)]}\E/;
refused 'one mistake that virtual hosts inherit, in one line', "$server$identifier${login}SAMLCertificate none.cer\n"
    . join('', map { "<VirtualHost 127.0.0.1:$_>\nServerName x$_.example\n</VirtualHost>\n" } 1 .. 3), qr/^\Q@{[at('SAMLCertificate', 5)]}\E/;

# --- cookies ---
refused 'SameSite=Strict', $good . "SAMLCookie SameSite=Strict\n",
    at('SAMLCookie', 6) . 'expected SameSite=Lax or SameSite=None, found "Strict", with which the browser keeps the cookie back on '
    . 'the way home from the identity provider and signs on for ever; mend: use Lax';
refused 'SameSite=None in the clear', $good . "SAMLReplyURL http://localhost/saml/acs\nSAMLCookie SameSite=None\n",
    at('SAMLCookie', 7) . 'expected SameSite=Lax where SAMLReplyURL is http://, found "None", which browsers take with Secure only; '
    . 'mend: use Lax';
refused '__Host- with Domain', $good . "SAMLCookie __Host-x Domain=example.org\n",
    at('SAMLCookie', 6) . 'expected no Domain= and Path=/ with a name in __Host-, found "__Host-x" Path=/ Domain=example.org; mend: '
    . 'use another name, or leave them out';
refused '__host- with Path', $good . "SAMLPath /app/saml\nSAMLCookie __host-x Path=/app\n",
    at('SAMLCookie', 7) . 'expected no Domain= and Path=/ with a name in __Host-, found "__host-x" Path=/app; mend: '
    . 'use another name, or leave them out';
refused '__Host- in the clear', $good . "SAMLReplyURL http://localhost/saml/acs\nSAMLCookie __Host-x\n",
    at('SAMLCookie', 7) . 'expected no __Host- in the name where SAMLReplyURL is http://, found "__Host-x"; mend: use another name';
refused '__Secure- in the clear', $good . "SAMLReplyURL http://localhost/saml/acs\nSAMLCookie __Secure-x\n",
    at('SAMLCookie', 7) . 'expected no __Secure- in the name where SAMLReplyURL is http://, found "__Secure-x"; mend: use another name';
refused 'a Domain that is not ours', $good . "SAMLCookie x Domain=ple.org\n",
    at('SAMLCookie', 6) . 'expected a Domain that "www.example.org" is in, found "ple.org"; mend: use a part of the host name, or '
    . 'leave Domain= out';
refused 'a Path that the endpoints are not under', $good . "SAMLCookie x Path=/app\n",
    at('SAMLCookie', 6) . 'expected a Path that SAMLPath "/saml" is under, found "/app", so that the endpoints would never see the '
    . 'cookie; mend: SAMLPath /app/saml';
refused 'a Path that is half a segment', $good . "SAMLCookie x Path=/sam\n", qr/^\Q@{[at('SAMLCookie', 6)]}\Eexpected a Path that SAMLPath/;
accepted 'a cookie with all of it', $good . "SAMLPath /app/saml\nSAMLCookie x Path=/app Domain=.example.org SameSite=None\n";

# --- stores ---
refused 'a store of another kind', $good . "SAMLSessionStore memory\n",
    qr/^\Q@{[at('SAMLSessionStore', 6)]}\E.*expected.*lmdb.*memory.*; mend: correct it, or leave it out for the default$/;
refused 'a state folder whose parent is not there', $good . "SAMLSessionStore lmdb:\@ROOT\@/none/store\n",
    qr/^\Q@{[at('SAMLSessionStore', 6)]}\Eexpected a folder that sessions can be kept in, found: .*\@ROOT\@\/none.*; mend: make it usable, or name another: SAMLSessionStore lmdb:\/folder$/;
refused 'a file for a state folder', $good . "SAMLSessionStore lmdb:\@ROOT\@/idp.cer\n",
    qr/^\Q@{[at('SAMLSessionStore', 6)]}\Eexpected a folder that sessions can be kept in, found: .*; mend: /;
mkdir $c->dir . '/closed', $> ? 0500 : 0700;
refused 'a state folder where the server cannot write', $good . "SAMLSessionStore lmdb:\@ROOT\@/closed/store\n",
    qr/^\Q@{[at('SAMLSessionStore', 6)]}\Eexpected a folder that sessions can be kept in, found: folder "?\@ROOT\@\/closed.*; mend: /;
mkdir $c->dir . '/state';
symlink 'nowhere', $c->dir . '/state/mod_saml_sso.secret';
refused 'a default secret that leads nowhere', "DefaultRuntimeDir \@ROOT\@/state\n$server$identifier$login$certificate",
    at('SAMLSecret', 4) . 'expected a readable file of secrets, found "@ROOT@/state/mod_saml_sso.secret" (No such file or directory); '
    . 'mend: name a file with 64 hexadecimal digits in a line (openssl rand -hex 32) that only root can read';
accepted 'a store elsewhere', $good . "SAMLSessionStore lmdb:\@ROOT\@/store\n";
ok !-e $c->dir . '/store', 'a test of the configuration makes no folder';
is join(' ', glob $c->dir . '/run/*'), '', 'and leaves nothing in the runtime directory';

# --- sign-on that begins in the portal ---
my $portal = $good . "SAMLIdPInitiated on\n";
accepted 'RelayState by name', $portal . "SAMLRelayState a /app\nSAMLRelayState b https://www.example.org/app?x=1\n";
refused 'RelayState where no such sign-on is taken', $good . "SAMLRelayState a /app\n",
    at('SAMLRelayState', 6) . 'expected "SAMLIdPInitiated on", as only sign-on that begins at the identity provider has a RelayState of its '
    . 'own, found it off; mend: add it, or remove the directive';
refused 'a RelayState twice', $portal . "SAMLRelayState a /app\nSAMLRelayState b /\nSAMLRelayState a /other\n",
    at('SAMLRelayState', 9) . 'expected each name once, found "a" again; mend: keep one of them';
for my $elsewhere ('https://evil.example/', 'http://www.example.org/app', 'https://www.example.org:8443/', '//evil.example/', 'app', '/%2f/evil.example',
    '/<evil', '"/a b"') {
    my $shown = $elsewhere =~ /^"(.*)"$/ ? $1 : $elsewhere;
    refused "a RelayState that leads to $elsewhere", $portal . "SAMLRelayState a $elsewhere\n", at('SAMLRelayState', 7)
        . "expected a target on this site, a path such as \"/app\" or a URL under https://www.example.org, found \"$shown\"; mend: correct it, or "
        . 'add the SAMLReplyURL of that host';
}
for my $endpoint ('/saml/acs', '/saml/logout', '/x/../saml/login?target=/', '/saml/hr/logout', 'https://www.example.org/saml/logout') {
    refused "a RelayState that leads to $endpoint", $portal . "SAMLRelayState a $endpoint\n<SAMLApplication hr>\n</SAMLApplication>\n",
        at('SAMLRelayState', 7) . "expected a place to land after sign-on, found \"$endpoint\", which is an endpoint of the sign-on itself; mend: "
        . 'name the page that users are to see';
}

# --- provisioning ---
my $signed = $good . "SAMLSecret good.secret\n";
accepted "a backend: $_", $signed . "SAMLProvision $_\n"
    for 'none', 'https://backend.example/hook?a=b', 'http://localhost:8080/', 'http://[::1]/', 'https://b.example/ group="SSO Basic"',
    'https://b.example/ "group=SSO Basic"', 'https://b.example/ GROUP=basic', 'https://b.example/ group=' . 'x' x 256;
accepted 'a backend with the default secret', $good . "SAMLProvision https://b.example/\n",
    at('SAMLProvision', 6) . 'expected SAMLSecret, as the key of the signature is made from it and the default secret is new after a reboot, found '
    . 'none; mend: add it, and give the backend the key anew';
accepted 'no backend with the default secret', $good . "SAMLProvision none\n";
refused 'two backends', $signed . "SAMLProvision https://a.example/\nSAMLProvision https://b.example/\n",
    at('SAMLProvision', 8) . 'expected once in a scope, found again after @ROOT@/site.conf line 7; mend: keep one of the two';
for (
    ['http://b.example/', 'expected an https:// address (http:// for localhost, 127.0.0.0/8 and [::1] alone), got "http://b.example:80"'],
    ['http://127.0.0.1.b.example/', qr/expected an https:\/\/ address .*, got "http:\/\/127\.0\.0\.1\.b\.example:80"/],
    ['https://user:pass@b.example/', qr/expected an https:\/\/ address, got one that is none: \w/],
    ['/hook', qr/expected an https:\/\/ address, got one that is none: \w/], ['""', qr/expected an https:\/\/ address, got one that is none: \w/],
    ['https://b.example/ group=', 'expected group=NAME of 1 to 256 octets after the address, got ""'],
    ['https://b.example/ group=' . 'x' x 257, qr/expected group=NAME of 1 to 256 octets after the address, got "x+\.\.\."/],
    ['https://b.example/ basic', qr/expected group=NAME of 1 to 256 octets after the address, got "https:\/\/b\.example\/ basic"/],
    ['https://b.example/ group=SSO Basic', 'expected an address and group=NAME, or none, and nothing behind, got "Basic"'],
    ['none group=a', 'expected an address and group=NAME, or none, and nothing behind, got "group=a"'],
) {
    my ($value, $want) = @$_;
    refused "a backend: $value", $signed . "SAMLProvision $value\n", ref $want ? qr/^line 7 of \S+: SAMLProvision: $want/
        : "line 7 of \@ROOT\@/site.conf: SAMLProvision: $want";
}

# --- values, which httpd reports in its own form ---
for (
    [SAMLClockSkew => '600s'], [SAMLClockSkew => '0s'], [SAMLClockSkew => '601s', 'expected 0s to 600s, got "601s"'],
    [SAMLClockSkew => '5h', 'expected 0s to 600s, got "5h"'], [SAMLClockSkew => '10min'], [SAMLClockSkew => '10mi'], [SAMLClockSkew => '7'],
    [SAMLClockSkew => '-1s', 'expected 0s to 600s, got "-1s"'], [SAMLClockSkew => '1s1', 'expected 0s to 600s, got "1s1"'],
    [SAMLClockSkew => '""', qr/SAMLClockSkew takes one argument, How far .* \(0s to 600s, default 180s\)$/],
    [SAMLClockSkew => '1m', 'expected 0s to 600s (minutes are "min"), got "1m"'],
    [SAMLClockSkew => '99999999999999999999s', 'expected 0s to 600s, got "99999999999999999999s"'],
    [SAMLSessionLifetime => '0s', 'expected 1s to 720h, got "0s"'], [SAMLSessionLifetime => '720h'],
    [SAMLSessionLifetime => '721h', 'expected 1s to 720h, got "721h"'], [SAMLSessionLifetime => '1s'],
    [SAMLSessionIdle => '0', 'expected 1s to 720h, got "0"'], [SAMLSessionIdle => '1s'],
    [SAMLSessionLimit => '1'], [SAMLSessionLimit => '1000000000'],
    (map { [SAMLSessionLimit => $_, qq(expected a number of sessions from 1 to 1000000000, got "$_")] } '0', '-1', '1e6', '1000000001', '1000000000000000000000', 'none'),
    (map { [SAMLKeepPosts => $_] } 'off', '1k', '1G', '8388608', '8m total=64m', '8m folder=@ROOT@/kept total=1g', '50m'),
    (map { [SAMLKeepPosts => $_, qq(expected a size from 1k to 1g, or off, got "$_")] } '1023', '1025m', '8mb', 'm', '99999999999999g', 'on', '-1'),
    [SAMLKeepPosts => 'off 8m', 'expected nothing after off, got "8m"'], [SAMLKeepPosts => '', 'expected a size from 1k to 1g, or off, got ""'],
    (map { [SAMLKeepPosts => "8m $_", qq(expected total= with a size from 1k to 1024g, or folder= with a path that begins with "/", each once, got "$_")] }
        'total=0', 'total=1025g', 'folder=kept', 'in=/kept'),
    [SAMLKeepPosts => '8m total=9m total=9m', qr/each once, got "total=9m"$/],
    [SAMLKeepPosts => '8m total=8m', qr/expected a total= with room for one and 16k for its headers, found 8m total=8m folder=\S+; mend: raise it, or leave it out$/],
    [SAMLKeepPosts => '8m folder=/nowhere/at/all', qr{expected a folder to keep requests in, found: folder /nowhere/at/all: expected its parent /nowhere/at to exist.*or SAMLKeepPosts off$}],
    [SAMLKeepPosts => '8m folder=/etc', qr{expected a folder to keep requests in, found: folder /etc: expected one that is empty, or that user \d+ alone has .*mode 0755 and something in it}],
    [SAMLRequestBinding => 'post'], [SAMLRequestBinding => 'Artifact', 'expected POST or Redirect, got "Artifact"'],
    [SAMLNameIDFormat => 'persistent'], [SAMLNameIDFormat => 'none'], [SAMLNameIDFormat => 'urn:x:y'],
    [SAMLNameIDFormat => 'email', 'expected emailAddress, persistent, transient, unspecified, none or a URI, got "email"'],
    [SAMLForceAuthn => 'After-Logout'], [SAMLForceAuthn => 'yes', 'expected on, off or after-logout, got "yes"'],
    [SAMLSingleLogout => 'local', qr/^line 6 of \S+: SAMLSingleLogout must be On or Off$/],
    [SAMLLogoutResponse => 'Auto'], [SAMLLogoutResponse => 'yes', 'expected auto, on or off, got "yes"'],
    [SAMLDomainHint => 'example.org'], [SAMLDomainHint => 'none'],
    (map { [SAMLDomainHint => $_, qq(expected a domain such as example.org, or none, got "$_")] } 'ada@example.org', '.example', 'a..b', 'https://a', 'a&b=c'),
    [SAMLLoginHint => 'On'], [SAMLLoginHint => 'ada@example.org', qr/^line 6 of \S+: SAMLLoginHint must be On or Off$/],
    [SAMLRelayState => '"a b" /', 'expected a name of 1 to 80 printable ASCII characters without spaces, got "a b"'],
    [SAMLRelayState => '"" /', qr/SAMLRelayState takes two arguments, /],
    [SAMLRelayState => 'x' x 81 . ' /', qr/expected a name of 1 to 80 printable ASCII/],
    [SAMLAuthnContext => 'none'],
    [SAMLAuthnContext => 'Password', 'expected the URI of a class such as urn:oasis:names:tc:SAML:2.0:ac:classes:X509, or none, got "Password"'],
    [SAMLAuthnContext => '"urn:a b"', 'expected the URI of a class such as urn:oasis:names:tc:SAML:2.0:ac:classes:X509, or none, got "urn:a b"'],
    [SAMLAuthnContext => 'none urn:a', 'expected "none" to stand alone, got "urn:a"'], [SAMLAuthnContext => 'urn:a none', 'expected "none" to stand alone, got "none"'],
    [SAMLAllow => 'none'], [SAMLAllow => 'md5', qr/^line 6 of \S+: SAMLAllow: expected sha1, rsa1_5, 3des, rsa1024, c14n10, expired-certificate, unsigned-logout or none, got "md5"$/],
    [SAMLAllow => 'none sha1', 'expected "none" to stand alone, got "sha1"'], [SAMLAllow => 'sha1 none', 'expected "none" to stand alone, got "none"'],
    [SAMLIdentifier => '"a b"', 'expected 1 to 1024 printable ASCII characters without spaces, got "a b"'],
    [SAMLIdentifier => 'x' x 1024], [SAMLIdentifier => 'x' x 1025, qr/expected 1 to 1024 printable/], [SAMLIdentifier => '""', qr/SAMLIdentifier takes one argument/],
    [SAMLCookie => 'a=b', qr/^line 6 of \S+: SAMLCookie: expected Path=, Domain= or SameSite= after the name/],
    [SAMLCookie => 'a;b', qr/expected a name of letters/], [SAMLCookie => 'a Path=x', qr/expected Path= and a path/],
    [SAMLCookie => 'a Domain=..', qr/expected Domain= and a host name/], [SAMLCookie => 'a SameSite=Loose', qr/expected SameSite=Lax or SameSite=None/],
    [SAMLCookie => 'a SameSite=Lax SameSite=Lax', qr/expected each attribute once/], [SAMLCookie => 'a b', qr/expected a name of letters/],
    [SAMLUser => 'upn'], [SAMLUser => 'user', 'expected the alias or full name of a claim, got "user"'],
    [SAMLUser => '""', qr/expected one or more claims before lower and strip-domain \(a claim cannot be named like an option\), got ""$/],
    [SAMLUser => 'upn email nameid'], [SAMLUser => '" upn " LOWER'], [SAMLUser => 'upn lower strip-domain=example.org'],
    [SAMLUser => 'upn strip-domain=CORP_1 lower'],
    [SAMLUser => 'lower', 'expected one or more claims before lower and strip-domain (a claim cannot be named like an option), got "lower"'],
    [SAMLUser => 'strip-domain=a upn', 'expected claims first and lower, strip-domain or strip-domain=DOMAIN behind them, got "upn"'],
    [SAMLUser => 'upn lower email', 'expected claims first and lower, strip-domain or strip-domain=DOMAIN behind them, got "email"'],
    [SAMLUser => 'upn lower lower', 'expected each option once, got "lower"'],
    [SAMLUser => 'upn strip-domain=a strip-domain=b', 'expected each option once, got "strip-domain=b"'],
    [SAMLUser => 'upn strip-domain=', 'expected strip-domain= and the name of one domain, got "strip-domain="'],
    [SAMLUser => 'upn strip-domain=*.example', 'expected strip-domain= and the name of one domain, got "strip-domain=*.example"'],
    [SAMLUser => 'upn strip-domain=@example.org', 'expected strip-domain= and the name of one domain, got "strip-domain=@example.org"'],
    [SAMLUser => 'upn upn', 'expected each claim once, got "upn"'], [SAMLUser => 'upn user', 'expected the alias or full name of a claim, got "user"'],
    [SAMLUser => 'upn http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
        'expected each claim once, got "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"'],
    [SAMLUnauthenticated => 'PASS'], [SAMLUnauthenticated => '403', 'expected auto, login, 401 or pass, got "403"'],
    [SAMLHeader => 'none'], [SAMLHeader => 'X-A', 'expected a header name and a claim, "preset" and its name, or "none", got "X-A"'],
    (map { [SAMLHeader => "preset $_"] } qw(appproxy siteminder oam shibboleth mellon)), [SAMLHeader => 'preset siteminder max=60000'],
    [SAMLHeader => 'preset', 'expected a header name and a claim, "preset" and its name, or "none", got "preset"'],
    [SAMLHeader => 'preset SiteMinder', 'expected preset and appproxy, siteminder, oam, shibboleth or mellon, got "SiteMinder"'],
    [SAMLHeader => 'preset oam separator=,', 'expected max= or nothing after the preset, got "separator=,"'],
    [SAMLHeader => 'X-A groups max=1'], [SAMLHeader => 'X-A groups max=60000 first'],
    (map { [SAMLHeader => "X-A groups max=$_", "expected max= and 1 to 60000 bytes, got \"max=$_\""] } 0, 60001, '', '7k', '-1', 9999999),
    [SAMLHeader => 'X-A groups separator=, encode=base64 first'],
    [SAMLHeader => 'X-A groups encode=rot13', 'expected encode=none, encode=percent or encode=base64, got "encode=rot13"'],
    [SAMLHeader => 'X-A groups separator=', 'expected separator= and 1 to 8 printable ASCII characters without %, digits and A to F, got "separator="'],
    [SAMLHeader => 'X-A groups separator=;2', 'expected separator= and 1 to 8 printable ASCII characters without %, digits and A to F, got "separator=;2"'],
    [SAMLHeader => 'X-A groups separator=%', 'expected separator= and 1 to 8 printable ASCII characters without %, digits and A to F, got "separator=%"'],
    [SAMLHeader => 'X-A groups last', 'expected separator=, encode=, max= or first after header and claim, got "last"'],
    [SAMLHeader => '"X A" groups', qr/expected a header name of letters, digits, - _ that HTTP does not need itself, got "X A"/],
    [SAMLHeader => 'X:A groups', qr/expected a header name/], [SAMLHeader => 'Content_Length groups', qr/that HTTP does not need itself, got "Content_Length"/],
    [SAMLHeader => 'cookie groups', qr/that HTTP does not need itself/], [SAMLHeader => 'Host groups', qr/that HTTP does not need itself/],
    [SAMLKey => 'a', qr/SAMLKey takes two arguments/], [SAMLSecret => '""', qr/SAMLSecret takes one argument/],
    [SAMLApplication => 'default'],
) {
    my ($directive, $value, $says) = @$_;
    my $line = "$directive $value\n";
    my $short = length $value > 40 ? substr($value, 0, 20) . '...' : $value;

    if (!defined $says) {
        accepted "$directive $short", $good . $line;
        next;
    }
    refused "$directive $short", $good . $line, ref $says ? $says : "line 6 of \@ROOT\@/site.conf: $directive: $says";
}
for ('SAMLUser upn', 'SAMLEnv off', 'SAMLUnauthenticated 401', 'SAMLApplication default', 'SAMLHeader X-A groups') {
    my ($directive) = /^(\S+)/;
    refused "$directive twice in a section", $good . "<Location />\n$_\n$_\n</Location>\n",
        qr/^line 8 of \S+: $directive: expected (?:once|each header once) in a section, got "/;
    accepted "$directive in two sections", $good . "<Location />\n$_\n</Location>\n<Location />\n$_\n</Location>\n";
}
refused 'SAMLHeader none behind others', $good . "SAMLHeader X-A groups\nSAMLHeader none\n",
    'line 7 of @ROOT@/site.conf: SAMLHeader: expected "none" as the first in a section, got "none"';
refused 'the same header in other letters', $good . "SAMLHeader X-A groups\nSAMLHeader x_a roles\n",
    'line 7 of @ROOT@/site.conf: SAMLHeader: expected each header once in a section, got "x_a"';
refused 'a hint of the domain twice', "$server${identifier}SAMLLoginURL https://login.example/saml2?x=1&whr=a.example\n${certificate}SAMLDomainHint example.org\n",
    at('SAMLDomainHint', 6) . 'expected a SAMLLoginURL without whr=, which this directive adds, found "https://login.example/saml2?x=1&whr=a.example"; mend: keep one of the two';
accepted 'classes of authentication', $good . "SAMLAuthnContext urn:a urn:b\n";
refused 'a preset behind a line that sets one of its headers', $good . "SAMLHeader sm-user upn\nSAMLHeader preset siteminder\n",
    'line 7 of @ROOT@/site.conf: SAMLHeader: expected a preset before the line or preset that sets one of its headers too, got "SM_USER"';
refused 'two presets that share a header', $good . "SAMLHeader preset appproxy\nSAMLHeader preset shibboleth\n",
    'line 7 of @ROOT@/site.conf: SAMLHeader: expected a preset before the line or preset that sets one of its headers too, got "mail"';
refused 'a header of a preset twice', $good . "SAMLHeader preset oam\nSAMLHeader OAM_REMOTE_USER upn\nSAMLHeader oam-remote-user email\n",
    'line 8 of @ROOT@/site.conf: SAMLHeader: expected each header once in a section, got "oam-remote-user"';
accepted 'a preset, then a line in place of one of its headers', $good . "SAMLHeader none\nSAMLHeader preset siteminder\nSAMLHeader SM_UNIVERSALID objectid\n";
accepted 'strip-domain without a domain', $good . "<Location />\nSAMLUser upn strip-domain\n</Location>\n",
    at('SAMLUser', 7) . 'expected strip-domain=DOMAIN, found strip-domain, which makes ada@one.example and ada@two.example one and the same user; '
    . 'mend: name the domain whose users sign on here';
refused 'a directive of applications in a location', $good . "<Location />\nSAMLPath /x\n</Location>\n",
    qr/^line 7 of \S+: SAMLPath not allowed (?:in <Location> context|here)$/;

# --- Require saml-authn: nothing is beside it that lets everybody in ---
my $mfa = "Require saml-authn mfa\n";
my $valid = "Require valid-user\n";
sub all_of { return "<RequireAll>\n@{[join '', @_]}</RequireAll>\n" }
sub any_of { return "<RequireAny>\n@{[join '', @_]}</RequireAny>\n" }
for (
    ["Require saml-authn\n", qr/expected "mfa"/], ["Require saml-authn MFA\n", qr/expected "mfa"/],
    ["Require saml-authn mfa mfa\n", qr/expected "mfa"/], ["Require saml-authn max-age\n", qr/from 60s to 400d/],
    ["Require saml-authn max-age 59s\n", qr/from 60s/], ["Require saml-authn max-age 401d\n", qr/to 400d/],
    ["Require saml-authn max-age 15x\n", qr/from 60s/], ["Require saml-authn max-age 15m mfa\n", qr/in a <RequireAll>/],
    [all_of($valid, "Require not saml-authn mfa\n"), qr/may let somebody in/],
    [all_of($valid, "<RequireNone>\n$mfa</RequireNone>\n"), qr/may let somebody in/],
    ["$valid$mfa", qr/"Require valid-user" \(line 8\) beside it/], [$mfa . "Require all granted\n", qr/"Require all granted" \(line 9\)/],
    [any_of($mfa, $valid), qr/"Require valid-user" \(line 10\).*put both into <RequireAll>/],
    [$valid . all_of($mfa, "Require saml-group x\n"), qr/"Require valid-user" \(line 8\)/], [all_of($mfa) . any_of($valid), qr/"Require valid-user" \(line 12\)/],
    [any_of(all_of($mfa, "Require saml-group x\n"), "Require saml-group y\n", all_of($valid)), qr/"Require valid-user" \(line 15\)/],
    ["AuthMerging Or\n$mfa", qr/"AuthMerging Or" \(line 8\)/], ["AuthMerging Or\n" . all_of($mfa), qr/"AuthMerging Or" \(line 8\)/],
    ["<LimitExcept GET>\n$mfa</LimitExcept>\n$valid", qr/"Require valid-user" \(line 11\)/],
) {
    my ($lines, $says) = @$_;

    refused $lines =~ s/\s+/ /gr, $good . "<Location /x>\nAuthType SAML\n$lines</Location>\n", qr/^line \d+ of \S+: Require saml-authn: .*$says/;
}
accepted 'Require saml-authn beside what keeps somebody out', $good . join '', map { "<Location /x>\nAuthType SAML\n$_</Location>\n" }
    all_of($valid, $mfa), "Require saml-authn max-age 400d\n", all_of($valid, any_of($mfa, "Require saml-group x\n")),
    any_of($mfa, all_of($valid, "Require saml-group x\n"), all_of("Require all granted\n", "Require not saml-group x\n")) . "Require user ada\n",
    "AuthMerging And\n$mfa", "<Limit POST>\n$mfa</Limit>\n<Limit GET>\n$valid</Limit>\n";

# --- httpd's own means: Define, quotes, macros, IfDefine ---
accepted 'values from Define', "Define HOST www.example.org\nServerName \${HOST}\n$identifier$login${certificate}SAMLIdentifier \"https://\${HOST}/x\"\n";
refused 'a mistake in a macro', "$server<Macro Idp \$cert>\n$identifier${login}SAMLCertificate \$cert\n</Macro>\nUse Idp none.cer\n",
    qr/^SAMLCertificate in macro 'idp' .*: expected a readable certificate file, found "\@ROOT\@\/none\.cer"/;
accepted 'IfDefine in an application', $good . "<SAMLApplication hr>\n<IfDefine !X>\nSAMLForceAuthn on\n</IfDefine>\n</SAMLApplication>\n";

done_testing;
