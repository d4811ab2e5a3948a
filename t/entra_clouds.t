#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLEntra in the clouds of the US government and of China, beside each other in one server: addresses, issuers and Graph of each cloud, none of
# the global one.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Entra;

use constant SECRET => 'Qx8~a.b_c-d+e/f=0123456789';

my %cloud = (
    usgov => { tenant => '22222222-0000-4000-8000-000000000001', app => 'aaaaaaaa-0000-4000-8000-0000000000a1',
        login => 'login.microsoftonline.us', graph => 'graph.microsoft.us', issuer => 'https://sts.windows.net/' },
    china => { tenant => '33333333-0000-4000-8000-000000000001', app => 'aaaaaaaa-0000-4000-8000-0000000000a2',
        login => 'login.partner.microsoftonline.cn', graph => 'microsoftgraph.chinacloudapi.cn', issuer => 'https://sts.chinacloudapi.cn/' },
    # What nobody has seen: a government tenant whose metadata names another issuer. Its metadata says.
    other => { cloud => 'usgov', tenant => '44444444-0000-4000-8000-000000000001', app => 'aaaaaaaa-0000-4000-8000-0000000000a3',
        login => 'login.microsoftonline.us', graph => 'graph.microsoft.us', issuer => 'https://sts.example.us/' },
);
my @names = sort keys %cloud;
my $entra = SSOTest::Entra->new(undef, { tenants => [map { {
    id => $cloud{$_}{tenant}, cloud => $cloud{$_}{cloud} // $_, issuer => "$cloud{$_}{issuer}$cloud{$_}{tenant}/",
    users => SSOTest::Entra::users(), applications => [SSOTest::Entra::application(id => $cloud{$_}{app}, identifiers => [],
        client_secrets => [{ value => SECRET }], reply_urls => ["http://127.0.0.1:\@PORT\@/saml/$_/acs"],
        logout_url => "http://127.0.0.1:\@PORT\@/saml/$_/logout")],
} } @names] });

my $t = SSOTest->new(modules => ['watchdog'], prepare => sub {
        my ($self) = @_;

        $self->httpd->write_file('graph.secret', SECRET . "\n", 0600);
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for @names;
    },
    conf => "SAMLMetadataCA \"${\ $entra->ca_file}\"\nSAMLMetadataProxy ${\ $entra->proxy}\n" . join '', map { <<"CONF" } @names);
<SAMLApplication $_>
    SAMLEntra $cloud{$_}{tenant} $cloud{$_}{app} @{[$cloud{$_}{cloud} // $_]}
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$_/acs
    SAMLGraph "\@ROOT\@/graph.secret"
</SAMLApplication>
<Location "/$_">
    AuthType SAML
    SAMLApplication $_
    SAMLHeader none
    Require saml-group ${\ SSOTest::Entra::ACCOUNTING}
</Location>
CONF
$entra->known($t);
is join(' ', $entra->ready($t, $t->browser, map { "/$_" } @names)), '', 'the metadata of each cloud is there';

for my $name (@names) {
    my $want = $cloud{$name};
    my $log = $t->httpd->log_text;

    like $log, qr{metadata of https://\Q$want->{login}/$want->{tenant}\E/\S+appid=\Q$want->{app}\E: taken, "\Q$want->{issuer}$want->{tenant}\E/"},
        "$name: fetched in its cloud, with its issuer";

    my $browser = $t->browser;
    my $form = $browser->get("/$name")->form;
    is $form->{action}, "https://$want->{login}/$want->{tenant}/saml2", "$name: requests go there";
    is $entra->login($browser, "/$name", user => 'ada@example.org')->body, "in $name", "$name: and a user signs on";
    my $out = $browser->get("/saml/$name/logout");
    like $out->header('Location'), qr{^https://\Q$want->{login}/$want->{tenant}\E/saml2\?SAMLRequest=}, "$name: logout goes there, too";

    is $entra->login($t->browser, "/$name", user => 'many@example.org')->body, "in $name", "$name: groups by its Graph";
    $entra->control({ do => 'fault', at => 'graph', close => JSON::PP::true(), times => 1 });
    $browser = $t->browser;
    is $entra->answer($browser, $browser->get("/$name"), user => 'many@example.org')->status, 403, "$name: which fails";
    $t->refused('overage', qr{Graph from "https://\Q$want->{graph}\E:443": expected an answer, got error}, "$name: and is the one of its cloud");
    $entra->control({ do => 'clear' });
}
unlike $t->httpd->log_text, qr/login\.microsoftonline\.com|graph\.microsoft\.com/, 'the global cloud is nowhere';
$t->finish;
done_testing;
