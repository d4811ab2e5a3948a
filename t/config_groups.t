#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLGroupMap and SAMLGraph at start-up: what is wrong with their files, what contradicts, and where they pass on to.
use strict;
use warnings;
use Test::More;
use SSOTest::Config;

my $c = SSOTest::Config->new;
my $id = '11111111-2222-3333-4444-555555555555';
my $secret = 'Qx8~a.b_c-d+e/f=0123456789';

$c->make_key($_) for qw(idp sp);
$c->make_key('weak', 1024);
SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 2,
    '-subj', '/CN=ec', '-keyout', $c->dir . '/ec.key', '-out', $c->dir . '/ec.cer');
$c->write_file("watchdog.inc", SSOTest::Httpd::_load("watchdog"));
$c->write_file('groups.map', "# who may\n$id Site admins\n");
$c->write_file('twice.map', "$id A\n\n" . uc($id) . " B\n");
$c->write_file('none.map', "# nobody yet\n");
$c->write_file('graph.secret', "  $secret \r\nsecond line\n", 0600);
$c->write_file('open.secret', "$secret\n", 0644);
$c->write_file('empty.secret', "", 0600);
$c->write_file('blank.secret', "  \n$secret\n", 0600);
$c->write_file('odd.secret', "not one\n", 0600);
$c->write_file('long.secret', 'x' x 1025 . "\n", 0600);
$c->write_file('longest.secret', 'x' x 1024 . "\n", 0600);

# A module of its own in some builds of httpd.
my $base = "Include watchdog.inc\n";
my $server = "ServerName www.example.org\n";
my $by_hand = "SAMLIdPIdentifier https://sts.example/\nSAMLLoginURL https://login.example/saml2\nSAMLCertificate idp.cer\n";
my $entra = "SAMLEntra aaaaaaaa-0000-4000-8000-00000000000a bbbbbbbb-0000-4000-8000-00000000000b\n";
my $other = "SAMLEntra aaaaaaaa-0000-4000-8000-00000000000a cccccccc-0000-4000-8000-00000000000c\n";
my $good = $base . $server . $entra . "SAMLSessionStore lmdb\n# 6\n";

# name, lines from the 7th on, then what is said besides "Syntax OK", as regular expressions; refused where the first is no warning
sub says
{
    my ($name, $code, $conf, @want) = @_;
    my ($got, @lines) = $c->complaints($conf);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $got, $code, "$name: " . ($code ? 'refused' : 'accepted');
    @lines = grep { $_ ne 'Syntax OK' } @lines;
    is scalar(@lines), scalar(@want), "$name: in " . @want . ' lines' or return diag join "\n", @lines;
    like $lines[$_], $want[$_], "$name: says why" for 0 .. $#want;
    return;
}

sub refused  { my ($name, $conf, @want) = @_; return says($name, 1, $good . $conf, @want) }
sub accepted { my ($name, $conf, @want) = @_; return says($name, 0, $good . $conf, @want) }

sub at
{
    my ($directive, $line) = @_;

    $line //= 7;
    return '^' . quotemeta "$directive in \@ROOT\@/site.conf line $line: ";
}

# --- names ---
accepted 'names', "SAMLGroupMap groups.map\n";
accepted 'no names', "SAMLGroupMap none.map\n", qr/@{[at 'SAMLGroupMap']}expected lines of an object ID and a name, found none in "\@ROOT\@\/none\.map"; mend: /;
refused 'no file of names', "SAMLGroupMap missing.map\n",
    qr/@{[at 'SAMLGroupMap']}expected a readable file of group names, found "\@ROOT\@\/missing\.map" \(No such file or directory\); mend: one line for each group/;
refused 'a folder of names', "SAMLGroupMap run\n", qr/@{[at 'SAMLGroupMap']}expected a readable file of group names, .*Is a directory/;
refused 'an ID twice', "SAMLGroupMap twice.map\n", qr/@{[at 'SAMLGroupMap']}.*twice\.map line 3: expected each object ID once, found "$id"; mend: /;
refused 'two files of names', "SAMLGroupMap groups.map\nSAMLGroupMap none.map\n", qr/@{[at 'SAMLGroupMap', 8]}expected once in a scope/;
says 'names at any identity provider', 0, $server . $by_hand . "SAMLGroupMap groups.map\n";

# --- words that are empty ---
sub require_says { my ($line) = @_; return join "\n", $c->configtest("$good<Location /a>\nAuthType SAML\n<RequireAll>\nRequire valid-user\nRequire $line\n</RequireAll>\n</Location>\n") }
like require_says($_), qr/Require saml-group: expected one or more group IDs or names, none of them empty/, "Require $_: refused"
    for 'saml-group ""', "not saml-group \"\" $id", "not saml-group $id \"\" other";
like require_says($_), qr/Require saml-claim: expected a claim name and one or more values, none of them empty/, "Require $_: refused"
    for 'not saml-claim roles "" Guest', 'saml-claim roles Guest ""', 'saml-claim roles', 'saml-claim "" Guest';
like require_says('saml-claim roles ~ one two'), qr/saml-claim roles ~: expected one regular expression, got 2/, 'two regular expressions: refused';
like require_says($_), qr/Syntax OK/, "Require $_: accepted" for "not saml-group $id  other ", 'saml-claim roles Guest', 'saml-claim roles ~ "^G st$"';

# --- Graph ---
accepted 'a secret', "SAMLGraph graph.secret\n";
accepted 'the longest secret', "SAMLGraph longest.secret\n";
accepted 'a secret that all can read', "SAMLGraph open.secret\n",
    qr/@{[at 'SAMLGraph']}expected a file that others cannot read, found "\@ROOT\@\/open\.secret" open to all; mend: chmod 600/;
accepted 'a key and its certificate', "SAMLGraph sp.key sp.cer\n";
says 'Graph without SAMLEntra', 1, $server . $by_hand . "SAMLGraph graph.secret\n",
    qr/@{[at 'SAMLGraph', 6]}expected SAMLEntra with the tenant and the application that Graph is asked for, found none; mend: /;
refused 'no secret there', "SAMLGraph missing.secret\n", qr/@{[at 'SAMLGraph']}expected a readable file with a client secret, found .*No such file.*; mend: paste the value/;
for my $case (['an empty secret', 'empty', 'expected a client secret in the first line'], ['a blank first line', 'blank', 'expected a client secret of 1 to 1024 characters .*found none'],
    ['a secret of two words', 'odd', 'expected a client secret of printable ASCII characters'], ['a secret too long', 'long', 'expected a client secret of 1 to 1024 characters .*found more']) {
    refused $case->[0], "SAMLGraph $case->[1].secret\n", qr/@{[at 'SAMLGraph']}$case->[2].*; mend: paste the value/;
}
refused 'no key there', "SAMLGraph missing.key sp.cer\n", qr/@{[at 'SAMLGraph']}expected a readable private key file/;
refused 'no certificate there', "SAMLGraph sp.key missing.cer\n", qr/@{[at 'SAMLGraph']}expected a readable certificate file/;
refused 'a key and another certificate', "SAMLGraph sp.key idp.cer\n", qr/@{[at 'SAMLGraph']}expected a private key and its certificate/;
refused 'a weak key', "SAMLGraph weak.key weak.cer\n", qr/@{[at 'SAMLGraph']}expected a key that is strong enough/;
refused 'a key of a curve', "SAMLGraph ec.key ec.cer\n", qr/@{[at 'SAMLGraph']}expected an RSA key, which Entra asks for, found EC in "\@ROOT\@\/ec\.key"; mend: make a pair/;
refused 'two of them', "SAMLGraph graph.secret\nSAMLGraph sp.key sp.cer\n", qr/@{[at 'SAMLGraph', 8]}expected once in a scope/;

# --- where they pass on to ---
my $dump = $c->dump($good . "SAMLGroupMap groups.map\nSAMLGraph graph.secret\n"
    . "<SAMLApplication same>\n</SAMLApplication>\n<SAMLApplication other>\n$other</SAMLApplication>\n"
    . "<SAMLApplication own>\n${other}SAMLGraph sp.key sp.cer\nSAMLGroupMap none.map\n</SAMLApplication>\n"
    . "<VirtualHost 127.0.0.1:1>\nServerName a.example\n</VirtualHost>\n"
    . "<VirtualHost 127.0.0.1:1>\nServerName b.example\n$other</VirtualHost>\n");
my $main = $dump->{main};
sub has { my ($app, $directive) = @_; return join ' ', @{ $app->{$directive} || ['none'] } }
is has($main->{''}, 'SAMLGraph'), '@ROOT@/graph.secret', 'told by its file';
is has($main->{same}, 'SAMLGraph'), '@ROOT@/graph.secret', 'SAMLGraph passes on with the identity provider';
is has($main->{other}, 'SAMLGraph'), 'none', 'and not to another application of Entra';
is has($main->{own}, 'SAMLGraph'), '@ROOT@/sp.key @ROOT@/sp.cer', 'which says it itself';
is has($main->{$_}, 'SAMLGroupMap'), '@ROOT@/groups.map', "$_: names pass on" for qw(same other);
is has($main->{own}, 'SAMLGroupMap'), '@ROOT@/none.map', 'and are said anew';
my @hosts = grep { /^\d+$/ } sort keys %$dump;
is join(' ', sort map { has($dump->{$_}{''}, 'SAMLGraph') } @hosts), '@ROOT@/graph.secret none', 'to virtual hosts likewise';
unlike join("\n", $c->configtest($good . "SAMLGraph graph.secret\n", '-D', 'DUMP_SAML')), qr/\Q$secret\E/, 'the secret is told nowhere';

done_testing;
