#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Require: who is let in, who gets 403, who is sent to sign on.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $group = '0f5c8f6e-7f0b-4ec9-9d4b-0d7f9c3a1c11';
my $dept = SSOTest::IdP::CLAIMS . 'department';
my %rules = (
    'valid-user' => 'Require valid-user',
    'user' => 'Require user ada@example.org carol@example.org',
    'group' => "Require saml-group $group",
    'groups' => "Require saml-group other-group $group",
    'claim' => "Require saml-claim $dept \"Research and Development\" Sales",
    'alias' => 'Require saml-claim email ada@example.org',
    'regex' => "Require saml-claim $dept ~ \"^Re.*ment\$\"",
    'anchored' => "Require saml-claim $dept ~ \"^search\$\"",
    'any' => "<RequireAny>\nRequire user bob\@example.org\nRequire saml-group $group\n</RequireAny>",
    'all' => "<RequireAll>\nRequire valid-user\nRequire saml-group $group\nRequire saml-claim $dept Sales\n</RequireAll>",
    'none' => "<RequireAll>\nRequire valid-user\n<RequireNone>\nRequire saml-group $group\n</RequireNone>\n</RequireAll>",
    'not' => "<RequireAll>\nRequire valid-user\nRequire not saml-group $group\n</RequireAll>",
    'nameid' => 'Require saml-claim nameid ada@example.org',
    'not-nameid' => "<RequireAll>\nRequire valid-user\nRequire not saml-claim nameid ~ ^ada@\n</RequireAll>",
    'by-user' => 'Require saml-claim user ada@example.org',
    'not-user' => "<RequireAll>\nRequire valid-user\nRequire not saml-claim user ada\@example.org\n</RequireAll>",
    'denied' => 'Require all denied',
    'open' => 'Require all granted',
);

my $t = SSOTest->new(modules => [qw(include filter)], conf => saml_conf()
    . join('', map { "<Location \"/$_\">\nAuthType SAML\n$rules{$_}\n</Location>\n" } sort keys %rules)
    . <<'CONF',
<Location "/get-only">
    AuthType SAML
    <Limit GET>
        Require valid-user
    </Limit>
    <LimitExcept GET>
        Require all denied
    </LimitExcept>
</Location>
<Location "/nested">
    AuthType SAML
    Require valid-user
</Location>
<Location "/nested/inner">
    Require saml-group inner-group
</Location>
<Location "/byemail">
    AuthType SAML
    SAMLUser email
    Require user ada@example.org
</Location>
<Location "/byclaim">
    AuthType SAML
    SAMLUser email lower strip-domain=example.org
    Require saml-claim user ada
</Location>
<Location "/bymissing">
    AuthType SAML
    SAMLUser upn
    Require valid-user
</Location>
CONF
    prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for keys %rules, qw(get-only nested byemail byclaim bymissing);
    });

sub person
{
    my ($name, $groups, @claims) = @_;

    return $t->signed_on('/valid-user', user => $name, groups => $groups,
        attributes => [@{ SSOTest::IdP::attributes($name, @$groups) }, @claims]);
}

my $ada = person('ada', ['another-group', $group], [$dept, ['Sales', 'Research and Development']]);
# Claims that are merely called so are neither.
my $bob = person('bob', ['another-group', "x$group", "${group}0"], ['nameid', ['ada@example.org']], ['user', ['ada@example.org', 'ada']]);
my $anonymous = $t->browser;

# [place, ada, bob, nobody]; "login" is the sign-on form
my @table = (
    ['valid-user', 200, 200, 'login'],
    ['user', 200, 403, 'login'],
    ['group', 200, 403, 'login'],
    ['groups', 200, 403, 'login'],
    ['claim', 200, 403, 'login'],
    ['alias', 200, 403, 'login'],
    ['regex', 200, 403, 'login'],
    ['anchored', 403, 403, 'login'],
    ['any', 200, 200, 'login'],
    ['all', 200, 403, 'login'],
    ['none', 403, 200, 'login'],
    ['not', 403, 200, 'login'],
    ['nameid', 200, 403, 'login'],
    ['not-nameid', 403, 200, 'login'],
    ['by-user', 200, 403, 'login'],
    ['not-user', 403, 200, 'login'],
    ['denied', 403, 403, 403],
    ['open', 200, 200, 200],
    ['get-only', 200, 200, 'login'],
    ['nested', 200, 200, 'login'],
    ['nested/inner', 403, 403, 'login'],
    ['byemail', 200, 403, 'login'],
    ['byclaim', 200, 403, 'login'],
);

sub outcome
{
    my ($reply) = @_;

    return $reply->status == 200 && $reply->form ? 'login' : $reply->status;
}

for my $row (@table) {
    my ($place, @want) = @$row;
    my @got = map { outcome($_->get("/$place")) } $ada, $bob, $anonymous;

    is "@got", "@want", "$place: ada, bob, nobody";
}

my $refused = $bob->get('/group');
unlike $refused->body, qr/form|SAMLRequest/, '403 is no sign-on in disguise';
my ($reference) = $refused->body =~ m{<dt>Reference</dt><dd>([0-9a-f]{12})</dd>};
like $refused->body, qr{<h1>You do not have access</h1>.*<dt>Signed in as</dt><dd>bob\@example\.org</dd>}s, 'it says why not, and to whom';
like $refused->body, qr{href="\Q${\ $t->url('/saml/logout')}\E\?target=%2fgroup">Sign in as someone else<}, 'and offers another way in';
is $refused->header('WWW-Authenticate'), undef, 'and asks for no password';
like $t->httpd->log_text, qr/access denied \($reference\): the session's claims do not satisfy Require for \/group/, 'the log says so';

my $nobody = $ada->get('/bymissing');
is $nobody->status, 403, 'SAMLUser with a claim that the session lacks lets nobody in';
$t->refused('claim', qr/SAMLUser: expected claim "upn"/);

# httpd logs at error level whom its own authorization turns away.
$t->expect_log(qr/AH01630: client denied by server configuration/);
$t->tolerate_log(qr/AH0163[01]|AH01627/);
$t->finish;
done_testing;
