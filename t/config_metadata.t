#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLEntra, a URL in SAMLIdPMetadata, and the directives that say how it is fetched: what is refused, what comes of them, what passes on.
use strict;
use warnings;
use Test::More;
use SSOTest::Config;
use SSOTest::Httpd;

use constant { TENANT => '11111111-2222-4333-8444-555555555555', APP => 'aaaaaaaa-0000-4000-8000-000000000001' };
use constant URL => 'https://login.microsoftonline.com/' . TENANT . '/federationmetadata/2007-06/federationmetadata.xml?appid=' . APP;

my $c = SSOTest::Config->new;
my $server = "ServerName www.example.org\n" . SSOTest::Httpd::_load('watchdog');
my $line = 2 + ($server =~ tr/\n//);        # of what a case adds
my $two = 'SAMLEntra ' . TENANT . ' ' . APP . "\n";
my $url = "SAMLIdPMetadata https://login.example.org/metadata\n";

$c->make_key('idp');
$c->write_file('idp.xml', '<x/>');
$c->write_file('private.cer', do { open my $from, '<', $c->dir . '/idp.cer'; local $/; readline $from }, 0600);
$c->write_file('text.cer', "this is no certificate\n");

sub refused
{
    my ($name, $conf, $want) = @_;
    my ($code, @got) = $c->complaints($server . $conf);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 1, "$name: refused";
    is scalar(@got), 1, "$name: in one line" or diag join "\n", @got;
    ref $want ? like $got[0], $want, "$name: says why" : is $got[0], $want, "$name: says why";
    return;
}

sub accepted
{
    my ($name, $conf, @want) = @_;
    my ($code, @got) = $c->complaints($server . $conf);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 0, "$name: accepted";
    is_deeply \@got, [@want, 'Syntax OK'], "$name: with these words";
    return;
}

sub syntax { my ($text, $offset) = @_; return 'line ' . ($line + ($offset // 0)) . " of \@ROOT\@/site.conf: $text" }
sub at { my ($directive, $offset) = @_; return "$directive in \@ROOT\@/site.conf line " . ($line + $offset) . ': ' }

# --- SAMLEntra ---

accepted 'two values', $two;
accepted 'a domain name and a cloud', "SAMLEntra Contoso.OnMicrosoft.com ${\ uc APP} USGov\n";
for my $name (qw(common Organizations consumers)) {
    refused $name, "SAMLEntra $name ${\ APP}\n",
        syntax("SAMLEntra: expected one tenant, got \"$name\", under which every tenant of the cloud could sign on");
}
for my $tenant ('contoso', '11111111-2222-4333-8444-55555555555', '.example.org', 'example..org', 'example.org/', 'a b', 'x.' x 127) {
    refused "tenant $tenant", ($tenant =~ / / ? "SAMLEntra \"$tenant\"" : "SAMLEntra $tenant") . ' ' . APP . "\n",
        qr/^\Q${\ syntax('SAMLEntra: expected the tenant\'s ID (8-4-4-4-12 hexadecimal digits) or one of its verified domain names, got "')}\E/;
}
refused 'an application by its name', 'SAMLEntra ' . TENANT . " portal\n",
    syntax('SAMLEntra: expected the application (client) ID (8-4-4-4-12 hexadecimal digits) after the tenant, got "portal"');
refused 'the tenant twice', 'SAMLEntra ' . TENANT . ' ' . TENANT . "\n",
    syntax('SAMLEntra: expected the tenant\'s ID and the application\'s, got "' . TENANT . '" twice');
refused 'another cloud', 'SAMLEntra ' . TENANT . ' ' . APP . " germany\n",
    syntax('SAMLEntra: expected global, usgov or china after the application, got "germany"');
refused 'one value', 'SAMLEntra ' . TENANT . "\n", qr/^\Q${\ syntax('SAMLEntra takes')}\E/;
refused 'SAMLEntra twice', $two x 2, at('SAMLEntra', 1) . 'expected once in a scope, found again after @ROOT@/site.conf line '
    . "$line; mend: keep one of the two";
for my $other (['SAMLIdPMetadata', 'idp.xml'], ['SAMLIdPMetadata', 'https://login.example.org/'], ['SAMLLoginURL', 'https://login.example.org/'],
    ['SAMLLogoutURL', 'https://login.example.org/'], ['SAMLCertificate', 'idp.cer']) {
    refused "SAMLEntra and @$other", "$two@$other\n", at($other->[0], 1) . 'expected not to stand beside SAMLEntra (@ROOT@/site.conf line '
        . "$line), which says the same, found both; mend: remove one of the two";
}
accepted 'SAMLEntra with an Issuer of its own', "${two}SAMLIdPIdentifier https://sts.windows.net/${\ TENANT}/${\ APP}\n";

# --- a URL ---

accepted 'a URL', $url;
accepted 'a URL and one of its identity providers', "${url}SAMLIdPIdentifier https://sts.example/\n";
accepted 'http on this machine', "SAMLIdPMetadata http://127.0.0.1:8080/metadata\n";
refused 'http elsewhere', "SAMLIdPMetadata http://login.example.org/metadata\n", syntax('SAMLIdPMetadata: expected an https:// URL (http:// is '
    . 'for localhost, 127.0.0.1 and [::1] only), found "http://login.example.org/metadata"');
refused 'a URL with a user', "SAMLIdPMetadata https://a:b\@login.example.org/\n", qr/SAMLIdPMetadata: expected a URL without user name/;
refused 'a URL with a fragment', "SAMLIdPMetadata \"https://login.example.org/#x\"\n", qr/SAMLIdPMetadata: expected a URL without fragment/;
refused 'a URL beside a certificate', "${url}SAMLCertificate idp.cer\n", qr/^\Q${\ at('SAMLCertificate', 1)}\Eexpected not to stand beside SAMLIdPMetadata/;

# --- how it is fetched ---

accepted 'an hour', "${url}SAMLMetadataRefresh 1h\n";
accepted 'a week', "${url}SAMLMetadataRefresh 168h\n";
accepted 'five minutes', "${url}SAMLMetadataRefresh 5min\n";
accepted 'less', "${url}SAMLMetadataRefresh 299s\n", at('SAMLMetadataRefresh', 1) . 'expected at least 5min, as the identity provider may turn '
    . 'down who asks more often, found 299s; mend: lengthen it';
for my $time (qw(0s 169h often -1s 1.5h 1d)) {
    refused "refresh $time", "${url}SAMLMetadataRefresh $time\n", syntax("SAMLMetadataRefresh: expected 1s to 168h, got \"$time\"", 1);
}
accepted 'an authority', "${url}SAMLMetadataCA idp.cer\n";
refused 'no file', "${url}SAMLMetadataCA none.cer\n", at('SAMLMetadataCA', 1) . 'expected a readable file of certificates, found '
    . '"@ROOT@/none.cer" (No such file or directory); mend: name a file that all may read with the certificate of the authority that signed '
    . 'the server\'s, in PEM';
refused 'no certificate', "${url}SAMLMetadataCA text.cer\n", qr/^\Q${\ at('SAMLMetadataCA', 1)}\Eexpected the certificates of authorities in PEM, found: .*text\.cer/;
my $whose = "${url}SAMLMetadataCA private.cer\n";
$> ? accepted('a file of our own', $whose)
   : refused('a file that only root can read', $whose, qr/^\Q${\ at('SAMLMetadataCA', 1)}\Eexpected a file that the User of this server can read, found file .*private\.cer", which that user may not read \(mode 0600\)/);
accepted 'a proxy', "${url}SAMLMetadataProxy http://proxy.example.org:3128\n";
accepted 'a proxy by its address', "${url}SAMLMetadataProxy http://[::1]:3128\n";
for my $proxy (qw(proxy.example.org:3128 https://proxy.example.org:3128 http://proxy.example.org http://:3128 http://proxy.example.org:0
    http://proxy.example.org:65536 http://proxy.example.org:3128/ http://a:b@proxy.example.org:3128 http://proxy:x http://proxy:123456)) {
    refused "proxy $proxy", "${url}SAMLMetadataProxy $proxy\n",
        syntax("SAMLMetadataProxy: expected a proxy in the form \"http://host:port\", got \"$proxy\"", 1);
}

# --- mod_watchdog: a part of some httpds, a module of others ---

my ($code, @said) = $c->complaints("ServerName www.example.org\n$two");
open my $list, '-|', SSOTest::Httpd::httpd(), '-l' or die "httpd -l: $!";
if (grep { /mod_watchdog/ } <$list>) {
    is $code, 0, 'mod_watchdog is a part of this httpd';
}
else {
    is $said[0], 'SAMLEntra in @ROOT@/site.conf line 3: expected mod_watchdog, which has metadata fetched beside the requests, found it not '
        . 'loaded; mend: add "LoadModule watchdog_module modules/mod_watchdog.so", or name a file in SAMLIdPMetadata', 'mod_watchdog is missing';
}

# --- the folder of the copies ---

my $folder = $c->dir . '/run/mod_saml_sso.metadata';
mkdir $folder;
chmod 0777, $folder;
refused 'a folder that anybody may write in', $two, qr/^\Q${\ at('SAMLEntra', 0)}\Eexpected a folder to keep copies of metadata in, found: folder .*nobody but its owner to write/;
rmdir $folder;
symlink '/tmp', $folder;
refused 'a link in its place', $two, qr/^\Q${\ at('SAMLEntra', 0)}\Eexpected a folder to keep copies of metadata in, found: .*a symbolic link/;
unlink $folder;
accepted 'none, which is made', $two;
ok !-e $folder, '... and not by configtest';

# --- what comes of it ---

my $found = $c->dump("$server${two}SAMLMetadataCA idp.cer\nSAMLMetadataProxy http://proxy.example.org:3128\nSAMLMetadataRefresh 1h\n")->{main}{''};
is_deeply $found->{SAMLEntra}, [TENANT . ' ' . APP . ' global'], 'SAMLEntra is shown';
is_deeply $found->{SAMLIdPMetadata}, [URL], '... with its URL';
is_deeply $found->{SAMLIdentifier}, [APP], 'the application is our identifier';
is_deeply $found->{SAMLAudience}, ['spn:' . APP], 'and with spn: an audience';
is_deeply $found->{SAMLMetadataRefresh}, ['3600s'], 'the interval';
is_deeply $found->{SAMLMetadataCA}, ['@ROOT@/idp.cer'], 'the authority';
is_deeply $found->{SAMLMetadataProxy}, ['http://proxy.example.org:3128'], 'the proxy';
like $found->{'kept copy'}[0], qr{^\@ROOT\@/run/mod_saml_sso\.metadata/[0-9a-f]{64}\.xml$}, 'the file of the copy';

$found = $c->dump("$server${two}SAMLIdentifier api://us\n")->{main}{''};
is_deeply $found->{SAMLAudience}, ['spn:' . APP, APP], 'another identifier: both forms of the application are audiences';
is_deeply $found->{SAMLMetadataRefresh}, ['21600s'], 'six hours, unless it is said';
$found = $c->dump("${server}SAMLEntra Example.ORG ${\ uc APP} china\nSAMLIdPIdentifier https://sts.example/\n")->{main}{''};
is_deeply $found->{SAMLIdPMetadata}, ['https://login.partner.microsoftonline.cn/example.org/federationmetadata/2007-06/federationmetadata.xml?appid=' . APP],
    'another cloud, letters in any case';
is_deeply $found->{SAMLIdPIdentifier}, ['https://sts.example/'], 'the Issuer that was named';
$found = $c->dump("${server}SAMLEntra ${\ TENANT} ${\ APP} usgov\n")->{main}{''};
like $found->{SAMLIdPMetadata}[0], qr{^https://login\.microsoftonline\.us/}, 'and another';
$found = $c->dump("${server}SAMLIdPMetadata https://Login.Example.Org:443/Metadata?X=1\nSAMLIdentifier ${\ APP}\n")->{main}{''};
is_deeply $found->{SAMLIdPMetadata}, ['https://login.example.org/Metadata?X=1'], 'a URL in one spelling'
    or diag explain $found;
is_deeply $found->{SAMLAudience}, ['spn:' . APP], 'an identifier that is a bare application ID: Entra makes spn: of it';

# --- what passes on ---

my $all = $c->dump($server . $two . "SAMLMetadataRefresh 1h\n<SAMLApplication a>\n</SAMLApplication>\n<SAMLApplication b>\n"
    . "SAMLIdPMetadata https://login.example.org/\n</SAMLApplication>\n<SAMLApplication c>\nSAMLIdPIdentifier https://sts.example/\n"
    . "SAMLLoginURL https://login.example.org/\nSAMLCertificate idp.cer\n</SAMLApplication>\n")->{main};
is_deeply $all->{a}{SAMLIdPMetadata}, [URL], 'SAMLEntra passes to a named application';
is_deeply $all->{a}{SAMLMetadataRefresh}, ['3600s'], 'and so does the interval';
is_deeply $all->{b}{SAMLIdPMetadata}, ['https://login.example.org/'], 'a named application with its own URL has that';
is $all->{b}{SAMLEntra}, undef, '... and not SAMLEntra';
like $all->{b}{SAMLIdentifier}[0], qr{/saml/b/metadata$}, '... nor its identifier';
is_deeply $all->{c}{SAMLIdPIdentifier}, ['https://sts.example/'], 'one by hand has what it says';
is $all->{c}{SAMLIdPMetadata}, undef, '... and no URL';

# --- one document, two uses ---

$all = $c->dump("$server<SAMLApplication a>\nSAMLIdPMetadata ${\ URL}\n</SAMLApplication>\n<SAMLApplication b>\n$two</SAMLApplication>\n"
    . "<SAMLApplication c>\n$two</SAMLApplication>\n")->{main};
is_deeply $all->{a}{SAMLIdPMetadata}, $all->{b}{SAMLIdPMetadata}, 'Entra\'s URL by hand, and by SAMLEntra';
isnt $all->{a}{'kept copy'}[0], $all->{b}{'kept copy'}[0], '... are two copies: what is checked of them differs';
is_deeply $all->{c}{'kept copy'}, $all->{b}{'kept copy'}, 'the same use, in two applications, is one';
done_testing;
