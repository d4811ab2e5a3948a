#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLGraph: groups that Entra left out come from Microsoft Graph at sign-on, or the sign-on is refused with what is wrong.
use strict;
use warnings;
use File::Copy qw(copy);
use File::Temp ();
use Test::More;
use Time::HiRes qw(time);
use SSOTest;
use SSOTest::Entra;

use constant SECRET => 'Qx8~a.b_c-d+e/f=0123456789';
use constant { BY_KEY => 'aaaaaaaa-0000-4000-8000-000000000002', WITHOUT => 'aaaaaaaa-0000-4000-8000-000000000003' };

# Each process has tokens of its own; which of several answers is nobody's to say.
use constant ONE_PROCESS => "StartServers 1\nServerLimit 1\n<IfModule mpm_prefork_module>\nMaxRequestWorkers 1\n</IfModule>\n"
    . "<IfModule !mpm_prefork_module>\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 16\n</IfModule>\n";

my $keys = File::Temp->newdir('graph-XXXXXXXX', TMPDIR => 1);
for my $name (qw(graph entra)) {
    SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 90, '-subj', "/CN=$name",
        '-keyout', "$keys/$name.key", '-out', "$keys/$name.cer");
}
chmod 0755, "$keys";

sub group_id { my ($i) = @_; return sprintf '77777777-0000-4000-8000-%012d', $i }

my @most = map { group_id($_) } 1 .. 11_000;
my $entra = SSOTest::Entra->new(undef, {
    domains => ['example.org'],
    users => [@{ SSOTest::Entra::users() },
        { id => '0e0e0e0e-0000-4000-8000-00000000e000', upn => 'most@example.org', display_name => 'Mo Most', groups => \@most },
        { id => '0e0e0e0e-0000-4000-8000-00000000e001', upn => 'more@example.org', display_name => 'Mo More',
            groups => [@most, SSOTest::Entra::ACCOUNTING] }],
    applications => [
        SSOTest::Entra::application(key => "$keys/entra.key", cert => "$keys/entra.cer", client_secrets => [{ value => SECRET }, { value => 'old', expired => JSON::PP::true() }]),
        SSOTest::Entra::application(id => BY_KEY, identifiers => ['https://app.example/by-key'],
            reply_urls => ['http://127.0.0.1:@PORT@/saml/by-key/acs'], client_certs => ["$keys/graph.cer"]),
        SSOTest::Entra::application(id => WITHOUT, identifiers => ['https://app.example/without'],
            reply_urls => ['http://127.0.0.1:@PORT@/saml/without/acs'], groups_link_blank => JSON::PP::true()),
    ] });

my ($tenant, $accounting, $staff) = (SSOTest::Entra::TENANT, SSOTest::Entra::ACCOUNTING, SSOTest::Entra::STAFF);
my $t = SSOTest->new(modules => [qw(include filter)], prepare => sub {
        my ($self) = @_;

        copy("$keys/entra.$_", $self->dir . "/entra.$_") or die "entra.$_: $!" for qw(key cer);
        $self->httpd->write_file('graph.secret', '  ' . SECRET . " \r\nwhatever\n", 0600);
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(accounting staff kept-out by-key without without-plain);
        $self->httpd->write_file('htdocs/show.shtml', "[<!--#echo var=\"SAML_GROUPS\" -->] [<!--#echo var=\"SAML_GROUPS_OVERAGE\" -->]\n", 0644);
    },
    conf => $entra->conf . ONE_PROCESS . <<"CONF");
SAMLGraph "\@ROOT\@/graph.secret"
<SAMLApplication by-key>
    SAMLEntra example.org @{[BY_KEY]}
    SAMLIdentifier https://app.example/by-key
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/by-key/acs
    SAMLGraph "$keys/graph.key" "$keys/graph.cer"
</SAMLApplication>
<SAMLApplication without>
    SAMLEntra $tenant @{[WITHOUT]}
    SAMLIdentifier https://app.example/without
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/without/acs
</SAMLApplication>
<Directory "\@ROOT\@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location />
    SAMLHeader none
</Location>
<Location "/accounting">
    AuthType SAML
    Require saml-group $accounting
</Location>
<Location "/staff">
    AuthType SAML
    Require saml-group $staff
</Location>
<Location "/kept-out">
    AuthType SAML
    <RequireAll>
        Require valid-user
        Require not saml-group $staff
    </RequireAll>
</Location>
<Location "/show.shtml">
    AuthType SAML
    Require valid-user
</Location>
<Location "/by-key">
    AuthType SAML
    SAMLApplication by-key
    Require saml-group $accounting
</Location>
<Location "/without">
    AuthType SAML
    SAMLApplication without
    Require saml-group $accounting
</Location>
<Location "/without-plain">
    AuthType SAML
    SAMLApplication without
    Require valid-user
</Location>
CONF
$entra->known($t);

is join(' ', $entra->ready($t, $t->browser, qw(/accounting /by-key /without-plain))), '', 'the metadata is there';

sub somebody
{
    my ($name, $path) = @_;
    my $browser = $t->browser;

    $entra->login($browser, $path, user => "$name\@example.org");
    return $browser;
}

# The ACS's answer to a sign-on that is not to succeed, and how long that took.
sub turned_away
{
    my ($name, $path) = @_;
    my $browser = $t->browser;
    my $page = $entra->ask($browser, $browser->get($path), user => "$name\@example.org");
    my $since = time;

    return ($entra->deliver($browser, $page), time - $since);
}

sub asked { my %count = %{ $entra->counters }; return join ' ', map { "$_ " . ($count{$_} // 0) } @_ }

# --- it works ---
is somebody('ada', '/accounting')->get('/accounting')->status, 200, 'somebody in few groups';
is asked(qw(token graph)), 'token 0 graph 0', 'is not asked about';
my $many = somebody('many', '/accounting');
is join(' ', map { $many->get("/$_")->status } qw(accounting staff kept-out)), '200 403 200', 'somebody in 400 groups has those of Graph';
is asked(qw(token graph)), 'token 1 graph 1', 'asked about once, not with each request';
is somebody('many', '/accounting')->get('/accounting')->status, 200, 'somebody else';
is asked(qw(token graph)), 'token 1 graph 2', 'with the token that is there';
my $shown = $many->get('/show.shtml')->body;
like $shown, qr/^\[\Q$accounting\E;.*\] \[\(none\)\]$/, 'the application sees groups and no overage';
is scalar(my @listed = $shown =~ /[0-9a-f]{8}-[0-9a-f-]{27}/g), 400, 'all of them';
like $t->httpd->log_text, qr/login: application "", assertion "_[^"]+": 400 groups by Graph/, 'the log says how many';

is somebody('many', '/by-key')->get('/by-key')->status, 200, 'with a certificate, in a tenant named by its domain';
is asked(qw(token graph)), 'token 2 graph 3', 'and a token of its own';

$entra->control({ do => 'forget_tokens' });
is somebody('many', '/accounting')->get('/accounting')->status, 200, 'a token that was taken back is replaced';
is asked(qw(token graph)), 'token 3 graph 5', 'by one more';

# --- very many ---
my $most = somebody('most', '/show.shtml');
is scalar(@listed = $most->get('/show.shtml')->body =~ /77777777-/g), 11_000, '11,000 groups, in one answer';
is $most->get('/accounting')->status, 403, 'of which the one is none';
my $more = somebody('more', '/show.shtml');
is scalar(@listed = $more->get('/show.shtml')->body =~ /[0-9a-f]{8}-[0-9a-f-]{27}/g), 11_001, 'one more, page by page';
is $more->get('/accounting')->status, 200, 'of which the one is';

# --- throttled ---
$entra->control({ do => 'fault', at => 'graph', status => 429, retry_after => 1, times => 1 });
my $since = time;
is somebody('many', '/accounting')->get('/accounting')->status, 200, 'asked to come back in a second';
cmp_ok time - $since, '>=', 1, 'which is waited for';
$entra->control({ do => 'fault', at => 'token', status => 503, retry_after => 1, times => 1 });
$entra->control({ do => 'forget_tokens' });
is somebody('many', '/accounting')->get('/accounting')->status, 200, 'at the token endpoint, too';

sub refused_for
{
    my ($name, $reason, %o) = @_;
    my ($reply, $took) = turned_away($o{user} || 'many', $o{path} || '/accounting');

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 403, "$name: refused";
    like $reply->body, qr/overage/, "$name: with the status on the page";
    unlike $reply->body, qr/Authorization_RequestDenied|AADSTS7|graph\.microsoft/, "$name: and nothing of the reason";
    cmp_ok $took, '<', 15, "$name: in time";
    $t->refused('overage', $reason, "$name: the log says why");
    $entra->control({ do => 'clear' });
    return $took;
}

$entra->control({ do => 'fault', at => 'graph', status => 429, retry_after => 60 });
cmp_ok refused_for('a minute to wait', qr/Graph: expected an answer, got HTTP status 429 1 times, now with a wait of 60 s/), '<', 15, 'which is not waited for';

# --- failing ---
my @graph_fails = (
    ['no permission', qr/error "Authorization_RequestDenied": .*; mend: give the application the Microsoft Graph application permissions User\.ReadBasic\.All and GroupMember\.Read\.All/,
        status => 403, code => 'Authorization_RequestDenied', message => 'Insufficient privileges to complete the operation.'],
    ['an answer that breaks off', qr{Graph from "https://graph\.microsoft\.com:443": expected an answer, got error}, cut => 100],
    ['an answer that is none', qr/Graph: expected JSON/, garbage => JSON::PP::true()],
    ['an answer without end', qr/expected at most 1048576 octets, got more/, huge => 3_000_000],
    ['nobody there', qr{Graph from "https://graph\.microsoft\.com:443": expected an answer, got error}, close => JSON::PP::true()],
    ['another place', qr/HTTP status 302/, redirect => 'https://graph.microsoft.com/v1.0/me'],
    ['a server error', qr/HTTP status 500/, status => 500, code => 'Service_InternalServerError', message => 'x'],
);
for my $case (@graph_fails) {
    my ($name, $reason, %fault) = @$case;

    $entra->control({ do => 'fault', at => 'graph', %fault });
    refused_for($name, $reason);
}
$entra->control({ do => 'settings', values => { next_link_host => 'graph.evil.example' } });
refused_for('a next page elsewhere', qr{expected the next page at https://graph\.microsoft\.com/, got "https://graph\.evil\.example/}, user => 'more');
$entra->control({ do => 'settings', values => { next_link_host => undef } });

$entra->control({ do => 'forget_tokens' });
$entra->control({ do => 'set', app => SSOTest::Entra::APP, values => { client_secrets => [{ value => SECRET, expired => JSON::PP::true() }] } });
refused_for('a secret past its date', qr/token request: expected a token, got HTTP status 401, error "invalid_client" AADSTS7000222/);
$entra->control({ do => 'set', app => SSOTest::Entra::APP, values => { client_secrets => [{ value => 'another' }] } });
refused_for('another secret', qr/AADSTS7000215/);
$entra->control({ do => 'set', app => BY_KEY, values => { client_certs => [] } });
refused_for('a certificate that is not registered', qr/AADSTS700027/, path => '/by-key');
$entra->control({ do => 'fault', at => 'token', hang => 30 });
my $took = refused_for('a token endpoint that says nothing', qr{token request from "https://login\.microsoftonline\.com:443": expected an answer within \d+ ms});
cmp_ok $took, '>', 8, 'for ten seconds';
unlike $t->httpd->log_text, qr/\Q@{[SECRET]}\E|Bearer|client_assertion/, 'no secret and no token in the log';

# --- who is asked about: an answer of the tenant's with claims as we like them ---
my $identity = 'http://schemas.microsoft.com/identity/claims/';
my ($many_id, $elsewhere) = ('0c0c0c0c-0000-4000-8000-000000000400', '22222222-2222-4333-8444-555555555555');
$entra->control({ do => 'set', app => SSOTest::Entra::APP, values => { client_secrets => [{ value => SECRET }] } });

sub answered
{
    my (@claims) = @_;

    return $t->sign_on($t->browser, '/accounting', signer => 'entra', attributes => [
        ['http://schemas.microsoft.com/claims/groups.link', ['https://graph.windows.net/x']],
        map { [$_->[0] =~ /^=(.*)/ ? $1 : $identity . $_->[0], [@$_[1 .. $#$_]]] } @claims]);
}

is answered(['tenantid', $tenant], ['objectidentifier', uc $many_id])->status, 303, 'a user of this tenant';
is answered(['objectidentifier', $many_id])->status, 303, 'one whose tenant is not said';
my @whose = (
    ['another tenant', qr/expected a user of tenant "$tenant", got a claim tenantid that says something else/, ['tenantid', $elsewhere], ['objectidentifier', $many_id]],
    ['two tenants', qr/expected a user of tenant/, ['tenantid', $tenant, $elsewhere], ['objectidentifier', $many_id]],
    ['nobody', qr/expected the user's object ID, a GUID, in the claim objectid, got none/, ['tenantid', $tenant]],
    ['a claim of another name', qr/expected the user's object ID, a GUID, in the claim objectid, got none/, ['=objectid', $many_id]],
    ['two users', qr/expected the user's object ID, a GUID, in the claim objectid, got none/, ['objectidentifier', $many_id, SSOTest::Entra::ADA]],
    ['an address', qr/expected the user's object ID, a GUID, in the claim objectid, got something else/, ['objectidentifier', "$many_id/../me"]],
    ['somebody unknown', qr/HTTP status 404, error "Request_ResourceNotFound": .*; mend: the user must be one of this tenant's/, ['objectidentifier', $elsewhere]],
);
for my $case (@whose) {
    my ($name, $reason, @claims) = @$case;

    is answered(@claims)->status, 403, "$name: refused";
    $t->refused('overage', $reason, "$name: the log says why");
}

# --- without SAMLGraph ---
my $flagged = somebody('many', '/without-plain');
is $flagged->get('/without-plain')->status, 200, 'without SAMLGraph somebody in 400 groups signs on';
is $flagged->get('/without')->status, 403, 'and enters nothing that asks for a group';
$t->refused('overage', qr/Require for "\/without"/);
$t->expect_log(qr/login \[overage\]: application "without"/);

$t->tolerate_log(qr/AH0163[01]|AH01627|AH00161/);
$t->finish;
done_testing;
