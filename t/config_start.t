#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What a start makes on disk and says in the log: the secret once, the store, warnings; and what it refuses to replace.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $t = SSOTest->new(conf => saml_conf() . <<'CONF');
SAMLAllow sha1 3des
SAMLAllow c14n10
<SAMLApplication hr>
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/hr/acs
</SAMLApplication>
<VirtualHost 127.0.0.1:@PORT@>
    ServerName 127.0.0.1
    SAMLHeader X-Extra groups
</VirtualHost>
CONF
my $secret = $t->dir . '/run/mod_saml_sso.secret';
my $browser = $t->browser;

sub text_of
{
    my ($file) = @_;

    open my $from, '<', $file or return;
    local $/;
    return scalar readline $from;
}

sub warnings_of { my ($from) = @_; return grep { /SAMLAllow in/ } split /\n/, $t->httpd->log_text($from) }

# A start that must fail; what httpd said.
sub start_fails
{
    my ($name) = @_;
    my $died = !eval { $t->httpd->start; 1 };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $died, $name;
    return $@;
}

my $first = text_of($secret);
like $first, qr/^[0-9a-f]{64}$/m, 'the first start made a secret';
is sprintf('%04o', (stat $secret)[2] & 07777), '0600', 'that only its owner can read';
is_deeply [glob "$secret.*"], [], 'and left nothing half made beside it';
is $browser->get('/saml/metadata')->status, 200, 'the server serves';

my @warned = warnings_of(0);
is scalar(@warned), 3, 'each weak thing is warned about once, however many applications and readings there are';
like $warned[0], qr/\[saml_sso:warn\].* SAMLAllow in \S+ line \d+: expected nothing weak to be let in, found "sha1"; mend: remove it/, 'by name: sha1';
like $warned[1], qr/"3des"/, '3des';
like $warned[2], qr/"c14n10"/, 'c14n10';
$t->expect_log(qr/SAMLAllow in \S+ line \d+: expected nothing weak/);

$t->httpd->graceful;
is text_of($secret), $first, 'a graceful restart keeps the secret';
is scalar(warnings_of(0)), 6, 'and warns again';
is $browser->get('/saml/metadata')->status, 200, 'the next generation serves';
$t->httpd->restart;
is text_of($secret), $first, 'a stop and start keep it, too';
is $browser->get('/saml/metadata')->status, 200, 'and serve';
$t->httpd->stop;

# --- what cannot be read is never replaced ---
$t->httpd->write_file('run/mod_saml_sso.secret', "0123\n", 0600);
like start_fails('a default secret that is cut off stops the start'), qr/SAMLSecret in \S+ line \d+: .*mod_saml_sso\.secret/, 'by name';
is text_of($secret), "0123\n", 'and stays as it is';
$t->httpd->write_file('run/mod_saml_sso.secret', $first, 0644);
like start_fails('a default secret that others can read stops the start'),
    qr/SAMLSecret: expected a file of our own with mode 0600, found "\S+mod_saml_sso\.secret" \(mode 0644, user \d+\); mend: move the file away/, 'by name';
is text_of($secret), $first, 'and stays as it is';
$t->expect_log(qr/SAMLSecret: expected a file of our own with mode 0600/);
$t->tolerate_log(qr/AH0\d+: |Configuration Failed|Pre-configuration failed/);
unlink $secret;
symlink $t->dir . '/elsewhere', $secret or die "symlink: $!";
start_fails('a link in its place stops the start');
ok !-e $t->dir . '/elsewhere', 'and nothing is made where it leads';
unlink $secret;
chmod 0600, $t->httpd->write_file('run/mod_saml_sso.secret', $first);

# --- and then all is well again ---
$t->httpd->start;
is $browser->get('/saml/metadata')->status, 200, 'with the old file back it serves';
$t->httpd->stop;
unlink $secret;
$t->httpd->start;
like text_of($secret), qr/^[0-9a-f]{64}$/m, 'without one it makes another';
isnt text_of($secret), $first, 'that is new';
$t->finish;

done_testing;
