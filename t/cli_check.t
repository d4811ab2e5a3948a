#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# saml-sso check: what httpd says of a configuration, in order; the modules that it needs; what the portal must hold.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;
use SSOTest::Httpd;
use SSOTest::IdP;

my $dir = tempdir(CLEANUP => 1);
my $modules = SSOTest::Httpd::apxs('LIBEXECDIR');
my $application = '66666666-7777-4888-9999-aaaaaaaaaaaa';
my $entra = "SAMLEntra 11111111-2222-4333-8444-555555555555 $application\n";
our $temporary = "$dir/tmp";
our @found = ('--httpd', SSOTest::Httpd::httpd(), '--modules', $modules, '--module', SSOTest::Httpd::module());

chmod 0755, $dir;
SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 30, '-subj',
    '/CN=www.example.org', '-keyout', "$dir/tls.key", '-out', "$dir/tls.cer");
my $by_hand = "SAMLIdPIdentifier https://sts.example/\nSAMLLoginURL https://login.example/\nSAMLCertificate $dir/tls.cer\n";

sub spew
{
    my ($name, $text) = @_;

    open my $to, '>', "$dir/$name" or die "$dir/$name: $!";
    print {$to} $text;
    close $to or die "$dir/$name: $!";
    return "$dir/$name";
}

# (exit code, standard output, standard error), the folder written as @ROOT@. Temporary folders are made in a place of our own.
sub run
{
    my (@args) = @_;
    my $pid = open(my $from, '-|') // die "fork: $!";

    mkdir "$dir/tmp";
    if (!$pid) {
        $ENV{TMPDIR} = $temporary;
        open STDERR, '>', "$dir/stderr" or die "$dir/stderr: $!";
        exec $ENV{SSO_CLI}, 'check', @args or die "$ENV{SSO_CLI}: $!";
    }
    my $out = do { local $/; readline($from) // '' };
    close $from;
    my $code = $? >> 8;
    open my $said, '<', "$dir/stderr" or die "$dir/stderr: $!";
    my $err = do { local $/; readline($said) // '' };
    s/\Q$dir\E/\@ROOT\@/g for $out, $err;
    return ($code, $out, $err);
}

sub check { my ($conf, @args) = @_; return run(@found, @args, spew('site.conf', $conf)) }

# What is wrong, in these lines.
sub wrong
{
    my ($name, $conf, @want) = @_;
    my ($code, $out, $err) = check($conf);
    my $count = grep { /: wrong|^wrong/ } @want;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 1, "$name: exit 1";
    is $err, '', "$name: nothing on standard error";
    is $out, join("\n", @want, "$count wrong. httpd stops at the first mistake of some kinds: mend it, and check again.", ''), "$name: says why";
    return;
}

# What is good: the output has each of these.
sub good
{
    my ($name, $conf, $want, @args) = @_;
    my ($code, $out, $err) = check($conf, @args);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 0, "$name: exit 0" or diag $out, $err;
    is $err, '', "$name: nothing on standard error";
    like $out, $_, "$name: says so" for ref $want eq 'ARRAY' ? @$want : $want;
    return $out;
}

# --- wrong ---
wrong 'a value', "# one\nSAMLClockSkew 5h\n", '@ROOT@/site.conf line 2: wrong: SAMLClockSkew', '  expected  0s to 600s', '  found     "5h"';
wrong 'a file that is not there', $by_hand =~ s/tls\.cer/none.cer/r, '@ROOT@/site.conf line 3: wrong: SAMLCertificate',
    '  expected  a readable certificate file', '  found     "@ROOT@/none.cer" (No such file or directory)', '  mend      correct the name or put the file there';
wrong 'two mistakes', $by_hand =~ s/tls\.cer/none.cer/r . "SAMLLoginURL https://login.example/\n", '@ROOT@/site.conf line 4: wrong: SAMLLoginURL',
    '  expected  once in a scope', '  found     again after @ROOT@/site.conf line 2', '  mend      keep one of the two',
    '@ROOT@/site.conf line 3: wrong: SAMLCertificate', '  expected  a readable certificate file',
    '  found     "@ROOT@/none.cer" (No such file or directory)', '  mend      correct the name or put the file there';
wrong 'a slip in a directive of ours', "SAMLEntar a b\n", '@ROOT@/site.conf line 1: wrong: SAMLEntar', '  expected  a directive of httpd or of a module',
    '  found     "SAMLEntar"', '  mend      correct the name: the reference of directives, doc/directives.md, has them all';
wrong 'a slip in another', "Servername x\nServerNaem x\n", '@ROOT@/site.conf line 2: wrong: ServerNaem', '  expected  a directive of httpd or of a module',
    '  found     "ServerNaem"', '  mend      correct the name, or load the module that has it';
wrong 'a word behind Require', "<Location />\nRequire somebody\n</Location>\n", '@ROOT@/site.conf line 2: wrong: Require',
    '  expected  a word of one of the modules behind Require', '  found     "somebody"', '  mend      correct the name, or load the module that has it';
wrong 'a container that stays open', "<Location />\n", '@ROOT@/site.conf line 1: wrong', '  <Location> was not closed.';
spew('inner.conf', "\n\nSAMLSessionIdle 0s\n");
wrong 'an included file', "Include $dir/inner.conf\n", '@ROOT@/inner.conf line 3: wrong: SAMLSessionIdle', '  expected  1s to 720h', '  found     "0s"';
wrong 'an included file that is not there', "\nInclude $dir/outer.conf\n", '@ROOT@/site.conf line 2: wrong',
    '  Could not open configuration file @ROOT@/outer.conf: No such file or directory';
wrong 'what a terminal would obey', "SAMLClockSkew \"\e[31m\"\n", '@ROOT@/site.conf line 1: wrong: SAMLClockSkew', '  expected  0s to 600s',
    '  found     "\\\\x1b[31m"';

# --- modules ---
my $tls = "Listen 127.0.0.1:1\n<VirtualHost *:1>\nServerName www.example.org\nSSLEngine on\nSSLCertificateFile $dir/tls.cer\n"
    . "SSLCertificateKeyFile $dir/tls.key\n${entra}ProxyPass / http://127.0.0.1:2/\n<Location /x>\nAuthType SAML\nRequire valid-user\n"
    . "RequestHeader unset X-Y\n</Location>\n</VirtualHost>\n";
good 'a virtual host with TLS and a proxy', $tls, [qr/^Nothing wrong\.\nhttpd needs, besides saml_sso: (?=.*\bssl\b)(?=.*\bproxy\b)(?=.*\bheaders\b).*$/m,
    qr/^default application of virtual host \(\@ROOT\@\/site\.conf line 2\): the portal must hold$/m];
wrong 'behind a condition', "<IfModule mod_ssl.c>\nSSLStrictSNIVHostCheck perhaps\n</IfModule>\n", '@ROOT@/site.conf line 2: wrong',
    '  SSLStrictSNIVHostCheck must be On or Off';
good 'a file that loads what it needs itself', 'LoadModule mpm_' . SSOTest::Httpd::mpm() . "_module \"$modules/mod_mpm_" . SSOTest::Httpd::mpm() . ".so\"\n"
    . 'LoadModule saml_sso_module "' . SSOTest::Httpd::module() . "\"\nLoadModule alias_module $modules/mod_alias.so\nRedirect /a /b\n$entra",
    qr/^Nothing wrong\.$/m;
mkdir "$dir/few";
symlink "$modules/mod_$_.so", "$dir/few/mod_$_.so" for 'mpm_' . SSOTest::Httpd::mpm(), qw(authz_core authn_core authz_user unixd);
{
    my ($code, $out) = check("Redirect /a /b\n", '--modules', "$dir/few");
    is $code, 2, 'modules are named once';
    local @found = (@found[0, 1], '--modules', "$dir/few", @found[4, 5]);
    wrong 'a module that is not installed', "Redirect /a /b\n", '@ROOT@/site.conf line 1: wrong: Redirect',
        '  expected  a directive of httpd or of a module', '  found     "Redirect"',
        '  mend      install mod_alias (there is no @ROOT@/few/mod_alias.so), or correct the name';
}

# --- what the portal must hold ---
my $out = good 'Entra', $entra, qr/^Nothing wrong\.$/m;
like $out, qr/^default application of main server: the portal must hold\n  Identifier \(Entity ID\)   api:\/\/$application \(or any other.*\n/m, 'identifier';
like $out, qr/^  Reply URL \(ACS\) +https:\/\/www\.example\.org\/saml\/acs\n  Sign on URL +https:\/\/www\.example\.org\/saml\/login .*\n/m, 'addresses';
like $out, qr/^  Logout URL +https:\/\/www\.example\.org\/saml\/logout$/m, 'logout';
like good('behind a proxy that takes a path away', "${entra}SAMLPath /sso prefix=/portal\n", qr/^  Reply URL \(ACS\) +https:\/\/www\.example\.org\/portal\/sso\/acs$/m),
    qr/^  Logout URL +https:\/\/www\.example\.org\/portal\/sso\/logout$/m, 'what it takes away is in it';
$out = good 'several', "${by_hand}SAMLReplyURL https://a.example/saml/acs https://b.example/saml/acs\n<SAMLApplication hr>\nSAMLIdentifier urn:hr\n"
    . "SAMLIdPInitiated on\nSAMLRelayState start /start\nSAMLKey $dir/tls.key $dir/tls.cer\nSAMLSignRequests on\n</SAMLApplication>\n",
    qr/^default application of main server: the identity provider must hold\n  Identifier \(Entity ID\) +https:\/\/a\.example\/saml\/metadata\n/m;
like $out, qr/^  Reply URL \(ACS\) +https:\/\/a\.example\/saml\/acs\n {27}https:\/\/b\.example\/saml\/acs\n/m, 'each reply URL';
like $out, qr/^<SAMLApplication hr> of main server: .*\n  Identifier \(Entity ID\) +urn:hr\n  Reply URL \(ACS\) +https:\/\/www\.example\.org\/saml\/hr\/acs\n/m, 'the named one';
like $out, qr/^  Sign on URL +https:\/\/www\.example\.org\/saml\/hr\/login \(or a page that is guarded; empty if the Relay State is to count\)$/m, 'a tile';
like $out, qr/^  Relay State +start \(leads to \/start\)\n  Verification certificate +https:\/\/www\.example\.org\/saml\/hr\/certificate \(upload it\)$/m, 'RelayState, certificate';
good 'nothing of ours', "ServerAdmin x\@example.org\n", qr/^There is no application in it: neither SAMLEntra/m;
good 'a warning', "${by_hand}SAMLAllow sha1\n", [qr/^\@ROOT\@\/site\.conf line 4: warning: SAMLAllow\n  expected  nothing weak to be let in\n  found     "sha1"\n  mend      remove/m,
    qr/^Nothing wrong\.$/m];

# --- options ---
good 'another name', $entra, qr/https:\/\/app\.example\.com\/saml\/acs$/m, '--server-name', 'app.example.com';
good 'a name in the file', "ServerName in.example\n$entra", qr/https:\/\/in\.example\/saml\/acs$/m, '--server-name', 'app.example.com';
good 'defines', "<IfDefine WANTED>\nServerName \${HOST}.example\n$entra</IfDefine>\n", qr/https:\/\/a b\.example|https:\/\/shop\.example\/saml\/acs$/m,
    '--define', 'WANTED', '--define=HOST=shop';
good 'a server root', "$by_hand" =~ s/\Q$dir\E\///r, qr/^Nothing wrong/m, '--server-root', $dir;
{
    local $ENV{APACHE_LOG_DIR};
    delete $ENV{APACHE_LOG_DIR};
    good "Debian's words", "ErrorLog \${APACHE_LOG_DIR}/error.log\n$entra", qr/^Nothing wrong/m;
}

good 'pipes, of which no program is run', "Listen 127.0.0.1:1\nErrorLog \"|/usr/bin/touch $dir/ran\"\nCustomLog \"|/usr/bin/touch $dir/ran\" common\n"
    . "SSLPassPhraseDialog \"|/usr/bin/touch $dir/ran\"\n$entra", qr/^Nothing wrong/m;
ok !-e "$dir/ran", '... indeed';

my $site = spew('site.conf', $entra);
{
    local $temporary = "$dir/a\"b";
    my ($code, $printed, $err) = run(@found, $site);
    is $code, 2, 'a TMPDIR that ends a word of httpd\'s configuration: could not run';
    like $err, qr/TMPDIR: expected a folder that httpd's configuration can speak of/, '... and says why';
}
for (
    [[], qr/expected a FILE, got none/], [[$site, $site], qr/FILE: expected once, got/], [["$dir/none.conf"], qr/FILE: expected a file that is there, got/],
    [[$dir], qr/FILE: expected a file that is there, got/], [[@found[2 .. 5], '--httpd', "$dir/none", $site], qr/--httpd: expected a file that is there/],
    [[@found[0, 1, 4, 5], '--modules', $site, $site], qr/--modules: expected a folder that is there/],
    [[@found[0 .. 3], '--module', "$dir/none.so", $site], qr/--module: expected a file that is there/],
    [[@found, '--server-root', "$dir/none", $site], qr/--server-root: expected a folder that is there/],
    [[@found, '--define', 'a b', $site], qr/--define: expected NAME or NAME=TEXT/], [[@found, '--define', "A=\"\nInclude /x", $site], qr/--define: expected NAME or NAME=TEXT/],
    [[@found, '--server-name', "a\nInclude /x", $site], qr/--server-name: expected a name/],
    [[@found, spew('a*b.conf', $entra)], qr/FILE: expected a name without quotes/], [[@found, spew('nul.conf', "a\0b")], qr/expected a text of at most 1048576 bytes, got NUL octets/],
    [[@found, spew('big.conf', '#' x (1024 * 1024 + 1))], qr/got more/], [[@found, '--start', $site], qr/there is no option "--start"/],
    [[@found[2 .. 5], '--httpd', '/bin/false', $site], qr/expected a reason for its refusal, got none/],
    [[@found[2 .. 5], '--httpd', $site, $site], qr/-t: expected an answer within 60 s, got none/],
) {
    my ($args, $says) = @$_;
    my ($code, $printed, $err) = run(@$args);
    my $shown = join(' ', grep { !/^\// } @$args) =~ s/[^ -~]/?/gr;

    is $code, 2, "$shown: could not run";
    is $printed, '', 'prints nothing';
    like $err, $says, 'says what was expected';
}

# --- nothing is left, nothing is changed ---
is join(' ', glob "$dir/tmp/*"), '', 'no temporary folder stays';
is join(' ', map { s/.*\///r } glob "$dir/*"), 'a*b.conf big.conf few inner.conf nul.conf site.conf stderr tls.cer tls.key tmp', 'and nothing new is there';

my ($code, $help) = run('--help');
is $code, 0, '--help';
like $help, qr/^Usage: saml-sso check/, 'tells the usage';

done_testing;
