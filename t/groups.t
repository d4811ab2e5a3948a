#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Groups: names for them, and what happens where the identity provider leaves them out for being too many: nobody is let in by a line
# that would have to know them, however it is written.
use strict;
use warnings;
use JSON::PP ();
use Test::More;
use SSOTest;

use constant LINK => 'http://schemas.microsoft.com/claims/groups.link';
use constant ADDRESS => 'https://graph.windows.net/' . SSOTest::IdP::TENANT . '/users/0a0a0a0a-0000-4000-8000-00000000ada0/getMemberObjects';

my $group = '0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11';
my $sales = '6a1b2c3d-0000-4000-8000-00000000000a';
my $other = '6a1b2c3d-0000-4000-8000-00000000000b';
my $uri = SSOTest::IdP::GROUPS;

# [lines, somebody in the group, somebody whose groups were left out]; all others are let in or not by the same lines
my %places = (
    'valid' => ['Require valid-user', 200, 200],
    'plain' => ["Require saml-group $group", 200, 403],
    'word' => ["Require saml-claim groups $group", 200, 403],
    'uri' => ["Require saml-claim $uri $group", 200, 403],
    'padded' => ["Require saml-claim \" $uri \" $group", 200, 403],
    'regex' => ["Require saml-claim groups ~ ^0f5c", 200, 403],
    'any' => ["<RequireAny>\nRequire saml-group $group\nRequire saml-claim email many\@example.org\n</RequireAny>", 200, 200],
    'any-not' => ["<RequireAny>\nRequire saml-group $group\nRequire saml-claim email nobody\@example.org\n</RequireAny>", 200, 403],
    'all' => ["<RequireAll>\nRequire valid-user\nRequire saml-group $group\n</RequireAll>", 200, 403],
    'other' => ['Require saml-claim email ada@example.org', 200, 403, 'plain'],
    'forbidden' => ["AuthzSendForbiddenOnFailure On\nRequire saml-group $group", 200, 403],
    'not' => ["<RequireAll>\nRequire valid-user\nRequire not saml-group $other\n</RequireAll>", 200, 403],
    'NOT' => ["<RequireAll>\nRequire valid-user\nRequire NOT saml-group $other\n</RequireAll>", 200, 403],
    'not-upper' => ["<RequireAll>\nRequire valid-user\nRequire not saml-group ${\ uc $other}\n</RequireAll>", 200, 403],
    'not-name' => ["<RequireAll>\nRequire valid-user\nRequire not saml-group name\n</RequireAll>", 200, 403],
    'not-word' => ["<RequireAll>\nRequire valid-user\nRequire not saml-claim groups $other\n</RequireAll>", 200, 403],
    'not-uri' => ["<RequireAll>\nRequire valid-user\nRequire not saml-claim $uri $other\n</RequireAll>", 200, 403],
    'not-padded' => ["<RequireAll>\nRequire valid-user\nRequire not saml-claim \"$uri \" $other\n</RequireAll>", 200, 403],
    'not-regex' => ["<RequireAll>\nRequire valid-user\nRequire not saml-claim groups ~ $other\n</RequireAll>", 200, 403],
    'none' => ["<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire saml-group $other\n</RequireNone>\n</RequireAll>", 200, 403],
    'none-deep' => ["<RequireAll>\nRequire valid-user\n<RequireNone>\n<RequireAny>\n<RequireAll>\nRequire saml-group $other\n"
        . "</RequireAll>\n</RequireAny>\n</RequireNone>\n</RequireAll>", 200, 403],
    'none-not' => ["<RequireAll>\nRequire valid-user\n<RequireNone>\n<RequireAll>\nRequire valid-user\nRequire not saml-group $group\n"
        . "</RequireAll>\n</RequireNone>\n</RequireAll>", 200, 403],
    'none-included' => ["<RequireAll>\nRequire valid-user\n<RequireNone>\nInclude \"\@ROOT\@/excluded.inc\"\n</RequireNone>\n</RequireAll>", 200, 403],
    'none-macro' => ["<RequireAll>\nRequire valid-user\n<RequireNone>\nUse Excluded $other\n</RequireNone>\n</RequireAll>", 200, 403],
    'all-macro' => ["Use Without $other", 200, 403],
    'alias' => ['Require the-group', 200, 403],
    'alias-not' => ["<RequireAll>\nRequire valid-user\nRequire not the-others\n</RequireAll>", 200, 403],
    'alias-claim' => ["<RequireAll>\nRequire valid-user\nRequire not the-others-by-claim\n</RequireAll>", 200, 403],
    'if' => ["<If \"true\">\n<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire saml-group $other\n</RequireNone>\n</RequireAll>\n</If>", 200, 403],
    'limit' => ["<Limit GET>\n<RequireAll>\nRequire valid-user\nRequire not saml-group $other\n</RequireAll>\n</Limit>", 200, 403],
    'satisfied' => ["<RequireAny>\nRequire saml-claim email many\@example.org\n<RequireAll>\nRequire not saml-group $other\n"
        . "Require valid-user\n</RequireAll>\n</RequireAny>", 200, 200],
    'otherwise' => ["<RequireAll>\nRequire valid-user\nRequire not saml-claim roles Guest\n</RequireAll>", 200, 200],
);

my $show = 'header=<!--#echo var="HTTP_X_REMOTE_GROUPS" --> env=<!--#echo var="SAML_GROUPS" --> overage=<!--#echo var="SAML_GROUPS_OVERAGE" --> '
    . 'own=<!--#echo var="SAML_GROUPS_OVERAGE_2" --> link=<!--#echo var="SAML_GROUPS_LINK" --> first=<!--#echo var="HTTP_X_FIRST" --> '
    . "piped=<!--#echo var=\"HTTP_X_PIPED\" -->\n";
my $t = SSOTest->new(modules => [qw(include filter macro alias)], prepare => sub {
        my ($self) = @_;

        for my $folder (qw(htaccess named plainly bare)) {
            mkdir $self->dir . "/htdocs/$folder";
            chmod 0755, $self->dir . "/htdocs/$folder";
        }
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for sort keys %places;
        $self->httpd->write_file('htdocs/htaccess/page', 'in htaccess', 0644);
        $self->httpd->write_file('htdocs/htaccess/.htaccess', "AuthType SAML\n<RequireAll>\nRequire valid-user\n<RequireNone>\n"
            . "Require saml-group $other\n</RequireNone>\n</RequireAll>\n", 0644);
        $self->httpd->write_file("htdocs/$_/show.shtml", $show, 0644) for qw(named plainly bare);
        $self->httpd->write_file("htdocs/named/$_", "in $_", 0644) for qw(by-name by-id by-pattern by-claim kept-out kept-out-pattern other-kept-out);
        $self->httpd->write_file('excluded.inc', "<RequireAny>\nRequire saml-group $other\n</RequireAny>\n", 0644);
        $self->httpd->write_file('groups.map', "# who is who\n$group Site admins\n" . uc($sales) . "\tVente; \xc3\x89t\xc3\xa9\n", 0644);
    },
    conf => saml_conf() . <<'CONF'
<SAMLApplication named>
    SAMLIdentifier https://app.example/named
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/named/acs
    SAMLGroupMap "@ROOT@/groups.map"
</SAMLApplication>
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Directory "@ROOT@/htdocs/htaccess">
    AllowOverride AuthConfig
</Directory>
<Location "/plainly">
    AuthType SAML
    Require valid-user
</Location>
<Location "/named">
    AuthType SAML
    SAMLApplication named
    SAMLHeader X-First groups first
    SAMLHeader X-Piped groups separator=|
    Require valid-user
</Location>
<Location "/bare">
    AuthType SAML
    SAMLApplication named
    SAMLHeader none
    Require valid-user
</Location>
<Location "/named/by-name">
    Require saml-group "Site admins"
</Location>
<Location "/named/by-pattern">
    Require saml-claim groups ~ "^Site "
</Location>
<Location "/named/by-claim">
    Require saml-claim groups "Site admins"
</Location>
CONF
    . "<Location \"/named/by-id\">\nRequire saml-group $group\n</Location>\n"
    . "<Location \"/named/kept-out\">\n<RequireAll>\nRequire valid-user\nRequire not saml-group \"Site admins\"\n</RequireAll>\n</Location>\n"
    . "<Location \"/named/kept-out-pattern\">\n<RequireAll>\nRequire valid-user\nRequire not saml-claim groups ~ ^Site\n</RequireAll>\n</Location>\n"
    . "<Location \"/named/other-kept-out\">\n<RequireAll>\nRequire valid-user\nRequire not saml-group $sales\n</RequireAll>\n</Location>\n"
    . "<Macro Excluded \$id>\nRequire saml-group \$id\n</Macro>\n"
    . "<Macro Without \$id>\n<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire saml-group \$id\n</RequireNone>\n</RequireAll>\n</Macro>\n"
    . "<AuthzProviderAlias saml-group the-group $group>\n</AuthzProviderAlias>\n"
    . "<AuthzProviderAlias saml-group the-others $other>\n</AuthzProviderAlias>\n"
    . "<AuthzProviderAlias saml-claim the-others-by-claim \"groups $other\">\n</AuthzProviderAlias>\n"
    . join '', map { "<Location \"/$_\">\nAuthType SAML\n$places{$_}[0]\n</Location>\n" } sort keys %places);

# Somebody with these groups and claims besides.
sub somebody
{
    my ($name, $path, $groups, @more) = @_;

    return $t->signed_on($path, user => $name, attributes => [@{ SSOTest::IdP::attributes($name, @$groups) }, @more]);
}

# --- overage ---
my $ada = somebody('ada', '/valid', ['another-group', $group]);
my $many = somebody('many', '/valid', [], [LINK, [ADDRESS]]);
my $blank = somebody('many', '/valid', [], [' ' . LINK . "\n", [ADDRESS]]);
my $both = somebody('many', '/valid', [$group, $other], [LINK, [ADDRESS]]);
my $log = $t->httpd->log_text;
is scalar(() = $log =~ /login \[overage\]: application "", assertion "_[^"]+": expected the user's groups, found that they are too many for Entra to list/g), 3,
    'each sign-on says once what is wrong';
like $log, qr/\[overage\].*mend: "Groups assigned to the application" or a group filter in the portal, app roles in place of groups, or SAMLGraph/,
    'and what to do';
unlike $log, qr/graph\.windows\.net|many\@example\.org/, 'without the address, and without who it is';
$t->expect_log(qr/login \[overage\]: /);

my ($refusals, $plain) = (0, 0);
for my $place (sort keys %places) {
    my (undef, $ada_gets, $many_gets, $why) = @{ $places{$place} };
    my $reply = $many->get("/$place");

    is $ada->get("/$place")->status, $ada_gets, "$place: somebody in the group";
    is $reply->status, $many_gets, "$place: somebody whose groups were left out";
    next if $many_gets == 200;
    $why ? unlike $reply->body, qr/overage/, "$place: for another reason" : like $reply->body, qr/overage/, "$place: and the page names the reason";
    $refusals++ if !$why;
}
is $many->get('/htaccess/page')->status, 403, '.htaccess: too';
is $ada->get('/htaccess/page')->status, 200, '.htaccess: and lets others in';
like $many->get('/plain')->body, qr{<h1>You do not have access</h1>.*You are in too many groups.*<dt>Signed in as</dt>}s,
    'the page does not say that somebody is not signed in, but who is';
$t->refused('overage', qr/Require for "\/[\w-]+(?:\/page)?": expected the session's groups, found that they are too many for Entra to list/, 'the log says why')
    for 1 .. $refusals + 2;

for my $place (qw(plain not none alias-not)) {
    is $_->get("/$place")->status, 403, "$place: refused also by a marker " . ($_ == $both ? 'beside some groups' : 'with blanks') for $blank, $both;
    $t->refused('overage') for 1 .. 2;
}

my $seen = $both->get('/plainly/show.shtml')->body;
is $seen, "header=(none) env=(none) overage=1 own=(none) link=(none) first=(none) piped=(none)\n", 'the application sees that there is overage, and no groups';
is $ada->get('/plainly/show.shtml')->body, "header=another-group;$group env=another-group;$group overage=(none) own=(none) link=(none) first=(none) piped=(none)\n",
    'and none where there is none';
my $claims = JSON::PP::decode_json($many->fetch('/saml/me')->body)->{claims};
is_deeply $claims->{ +LINK }, ['1'], 'me shows it';
ok !exists $claims->{$uri}, 'and no groups';
my $poser = somebody('ada', '/plainly/show.shtml', [$group], ['https://claims.example/groups_overage', ['0']], ['https://claims.example/groups.link', ['x']]);
is $poser->get('/plainly/show.shtml')->body, "header=$group env=$group overage=(none) own=0 link=x first=(none) piped=(none)\n", 'no claim can pass for it';

# --- many groups, all of them there ---
my @four_hundred = map { sprintf '77777777-0000-4000-8000-%012d', $_ } 1 .. 400;
my $busy = somebody('busy', '/valid', [@four_hundred, $group]);
is $busy->get('/plain')->status, 200, 'the last of 401 groups lets somebody in';
is $busy->get('/not')->status, 200, 'one that is not among them keeps nobody out';

$t->expect_log(qr/header X-Remote-Groups is left out \[too-large\]/);

# --- names ---
my $named = somebody('ada', '/named/show.shtml', [$sales, 'plain-value', $group]);
my $escaped = "Vente%3B \xc3\x89t\xc3\xa9";
is $named->get('/named/show.shtml')->body, "header=$escaped;plain-value;Site admins env=$escaped;plain-value;Site admins overage=(none) own=(none) link=(none) "
    . "first=Vente; \xc3\x89t\xc3\xa9 piped=Vente; \xc3\x89t\xc3\xa9|plain-value|Site admins\n", 'headers and variables have names';
is join(' ', map { $named->get("/named/$_")->status } qw(by-name by-id by-pattern by-claim kept-out)), '200 200 200 200 403', 'Require knows names and IDs';
my $pretender = somebody('eve', '/named/show.shtml', ['Site admins', $other]);
is join(' ', map { $pretender->get("/named/$_")->status } qw(by-name by-id by-pattern by-claim)), '403 403 403 403', 'a value that is the name of a group is not that group';
is join(' ', map { $pretender->get("/named/$_")->status } qw(kept-out kept-out-pattern)), '500 500', 'nor may it be the one that a line keeps out: that line cannot be decided';
is somebody('eve', '/named/show.shtml', [$other])->get('/named/kept-out-pattern')->status, 200, 'others are let in by it';
is $pretender->get('/named/other-kept-out')->status, 200, 'and so are these where another group is kept out';
$t->expect_log(qr/Require of application "named": expected IDs of groups, .*found a value that is a name of SAMLGroupMap/);
is $pretender->get('/named/show.shtml')->body, "header=$other env=$other overage=(none) own=(none) link=(none) first=$other piped=$other\n", 'and no application sees it';
like $t->httpd->log_text, qr/a group is left out: its value is a name that SAMLGroupMap gives to a group with another ID/, 'which the log says';
unlike $t->httpd->log_text, qr/left out: .*Site admins/, 'without the value';
my $only = somebody('eve', '/named/show.shtml', ['Site admins']);
is $only->get('/named/show.shtml')->body, "header=(none) env=(none) overage=(none) own=(none) link=(none) first=(none) piped=(none)\n", 'nor anything where it is the only one';
is somebody('ada', '/named/show.shtml', [$group], ['groups', [$sales]])->get('/named/show.shtml')->body,
    "header=Site admins env=Site admins overage=(none) own=(none) link=(none) first=Site admins piped=Site admins\n", 'a second claim called groups does not pass for the first';
is somebody('ada', '/plainly/show.shtml', [$group, 'Site admins'])->get('/plainly/show.shtml')->body,
    "header=$group;Site admins env=$group;Site admins overage=(none) own=(none) link=(none) first=(none) piped=(none)\n", 'another application has its own names';

my $swapped = somebody('ada', '/bare/show.shtml', [], ['groups', [$sales]], [$uri, [$group]]);
is $swapped->get('/bare/show.shtml')->body, "header=(none) env=Site admins overage=(none) own=(none) link=(none) first=(none) piped=(none)\n",
    'nor where it comes first and no header is set';

# --- letter case ---
is somebody('ada', '/valid', [uc $group])->get('/plain')->status, 200, 'an object ID in upper case is the same one';
is somebody('ada', '/valid', [$other])->get('/not-upper')->status, 403, 'as in a line that keeps it out';
is somebody('ada', '/valid', [uc $other])->get('/not')->status, 403, 'and in both directions';
my $loud = somebody('ada', '/named/show.shtml', [uc $group]);
is join(' ', map { $loud->get("/named/$_")->status } qw(by-name by-id by-pattern by-claim kept-out)), '200 200 200 200 403', 'under its name, too';
is somebody('ada', '/valid', ['NAME'])->get('/not-name')->status, 200, 'what is no object ID is compared as it stands';

# httpd logs at error level whom its own authorization turns away.
$t->tolerate_log(qr/AH0163[01]|AH01627/);
$t->finish;
done_testing;
