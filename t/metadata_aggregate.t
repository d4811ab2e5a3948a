#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One metadata document with two identity providers, each for a virtual host of its own: who signs on by one is nobody to the other.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Metadata;

my $other = 'https://other.example/idp';
my $guard = "<Location /app>\nAuthType SAML\nRequire valid-user\n</Location>\n";
my %by_url = (SAMLLoginURL => undef, SAMLCertificate => undef, SAMLIdPMetadata => '@METADATA@');
my $m;
my $t = SSOTest->new(modules => ['watchdog'], ports => 1, start => 0,
    conf => saml_conf(%by_url, SAMLIdPIdentifier => SSOTest::IdP::ISSUER) . $guard . "Listen 127.0.0.1:\@PORT1\@\n"
        . "<VirtualHost 127.0.0.1:\@PORT1\@>\n"
        . saml_conf(%by_url, SAMLIdPIdentifier => $other, SAMLReplyURL => 'http://127.0.0.1:@PORT1@/saml/acs') . "$guard</VirtualHost>\n",
    prepare => sub {
        my ($new) = @_;
        $m = SSOTest::Metadata->start($new->dir);
        $new->httpd->{conf} =~ s/\@METADATA\@/$m->url/ge;
        $new->httpd->write_file('htdocs/app', "app\n");
        $new->idp->make_key('other');
    });

$m->answer(body => '<EntitiesDescriptor xmlns="' . SSOTest::Metadata::MD . '">'
    . SSOTest::Metadata::document(certs => [$t->dir . '/idp.cer'])
    . SSOTest::Metadata::document(entity => $other, certs => [$t->dir . '/other.cer']) . '</EntitiesDescriptor>');
$t->httpd->start;
$t->tolerate_log(qr/login refused \[metadata\].*the first try is under way/);
sub browser_there { return SSOTest::Browser->new(base => 'http://127.0.0.1:' . $t->httpd->port(1)) }
SSOTest::Metadata::wait_for(sub { $t->browser->get('/app')->form && browser_there()->get('/app')->form }, 'both identity providers', $t);
my ($here, $there) = ($t->browser, browser_there());

is $t->login($here, '/app')->status, 200, 'a session by the one';
my $request = $t->request_of($there->get('/app'));
is $t->deliver($there, $request, $t->response_to($request))->status, 403, 'its answers are refused by the other host';
$t->refused('issuer');
$request = $t->request_of($there->get('/app'));
is $t->deliver($there, $request, $t->response_to($request, issuer => $other, signer => 'other', user => 'eve'))->status, 303,
    'a session by the other';
is $there->get('/app')->body, "app\n", '... good at its host';
my $guest = $t->browser;
$guest->set_cookie('saml', $there->cookie('saml'));
ok $guest->get('/app')->form, '... and none at the one\'s';
$guest = browser_there();
$guest->set_cookie('saml', $here->cookie('saml'));
ok $guest->get('/app')->form, 'nor the other way round';

done_testing;
