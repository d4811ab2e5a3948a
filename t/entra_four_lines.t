#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The shortest configuration, on a virtual host with a ServerName and TLS: SAMLEntra, and a place that asks for a user. Nothing else is said:
# identifier, reply URL, endpoints, metadata, keys, secret, store, cookies and headers are defaults.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Entra;

my $entra = SSOTest::Entra->new(undef, { applications => [SSOTest::Entra::application(identifiers => ['api://' . SSOTest::Entra::APP],
    reply_urls => ['https://localhost:@TLS_PORT@/saml/acs'], logout_url => 'https://localhost:@TLS_PORT@/saml/logout')] });
my $four = 'SAMLEntra ' . SSOTest::Entra::TENANT . ' ' . SSOTest::Entra::APP . "\n" . <<'CONF';
<Location "/app">
    AuthType SAML
    Require  valid-user
</Location>
CONF
# How the stand-in is reached stands outside of it.
my $t = SSOTest->new(tls => 1, modules => [qw(ssl socache_shmcb include filter watchdog)], conf =>
    "SAMLMetadataCA \"${\ $entra->ca_file}\"\nSAMLMetadataProxy ${\ $entra->proxy}\n" . <<"CONF", prepare => sub {
Listen 127.0.0.1:\@TLS_PORT\@
SSLSessionCache shmcb:\@ROOT\@/tls.cache
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName localhost:\@TLS_PORT\@
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    <Directory "\@ROOT\@/htdocs">
        Options +Includes
        AddOutputFilter INCLUDES .shtml
    </Directory>
$four</VirtualHost>
CONF
        my ($self) = @_;

        mkdir $self->dir . '/htdocs/app';
        chmod 0755, $self->dir . '/htdocs/app';
        $self->httpd->write_file('htdocs/app/show.shtml', "<!--#echo var=\"REMOTE_USER\" --> <!--#echo var=\"HTTP_X_REMOTE_USER\" -->\n", 0644);
    });
$entra->known($t);

my $browser = $t->browser(tls => 1);
is join(' ', $entra->ready($t, $browser, '/app/show.shtml')), '', 'the metadata came';
$browser = $t->browser(tls => 1);
is $entra->login($browser, '/app/show.shtml', user => 'ada@example.org')->body, "ada\@example.org ada\@example.org\n", 'four lines sign a user on';
is join(' ', $browser->cookie_names), '__Host-saml __Host-saml-state-rounds __Host-saml-state-user', 'with a session';
my ($secret) = glob $t->dir . '/run/mod_saml_sso.secret';
is sprintf('%04o', (stat $secret)[2] & 07777), '0600', 'the secret was made, for nobody else to read';
like $browser->get('/saml/metadata')->body, qr/entityID="\Q${\ SSOTest::Entra::APP}\E"/, 'our metadata is there';
ok $t->httpd->restart, 'a restart';
is $browser->get('/app/show.shtml')->status, 200, 'keeps the session';
is $entra->login($t->browser(tls => 1), '/app/show.shtml', user => 'bob@example.org')->status, 200, 'and signs on at once, by the copy';
like $browser->get('/saml/logout')->header('Location'), qr{^\Q${\ SSOTest::Entra::LOGIN}\E\?SAMLRequest=}, 'logout goes there, too';
$t->finish;
done_testing;
