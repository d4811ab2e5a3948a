#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What the log says of an identity provider before it becomes a failure: certificates that end soon, keys that cannot be read, requests
# that it wants signed; and when the next try is.
use strict;
use warnings;
use Test::More;
use SSOTest;
use SSOTest::Config;
use SSOTest::Metadata;

# A key and a certificate that is valid for so many days from $from days on.
sub make_key
{
    my ($dir, $name, $days, $from) = @_;
    my $code = 'import datetime, sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); import keys; '
        . 'keys.self_signed(sys.argv[2], sys.argv[3], "/CN=" + sys.argv[3], int(sys.argv[4]), '
        . 'datetime.datetime.utcnow() + datetime.timedelta(days=int(sys.argv[5])))';

    SSOTest::IdP::run($ENV{SSO_PYTHON} || '/usr/bin/python3', '-W', 'ignore', '-c', $code, "$ENV{SSO_SRCDIR}/t/entra", $dir, $name, $days,
        $from || 0);
    rename "$dir/$name.crt", "$dir/$name.cer" or die "$name.crt: $!";
    chmod 0644, "$dir/$name.cer";
    return;
}

# --- by hand, at start-up ---

my $c = SSOTest::Config->new;
make_key($c->dir, 'soon', 29);
make_key($c->dir, 'later', 31);
make_key($c->dir, 'past', 10, -20);
my $by_hand = "ServerName www.example.org\nSAMLIdPIdentifier https://sts.example/\nSAMLLoginURL https://login.example/\n";
for my $case (['later.cer'], ['soon.cer' => qr/expected signing certificates that last for 30 days and more, found: signing certificate "CN=soon", thumbprint [0-9A-F]{40}, ends on \d{4}-\d\d-\d\d; mend: renew it/],
    ['later.cer past.cer' => qr/expected all 2 signing certificates to be usable now, found 1 that are/]) {
    my ($files, $says) = @$case;
    my ($code, @said) = $c->complaints("${by_hand}SAMLCertificate $files\n");

    is $code, 0, "$files: accepted";
    is scalar(@said), $says ? 2 : 1, $says ? '... with a warning' : '... and nothing to say';
    like $said[0], $says, '... which names it' if $says;
}

# --- from a URL ---

my $m;
my $t = SSOTest->new(modules => ['watchdog'], start => 0, conf => saml_conf(SAMLIdPIdentifier => undef, SAMLLoginURL => undef,
    SAMLCertificate => undef, SAMLIdPMetadata => '@METADATA@', SAMLMetadataRefresh => '1s') . <<'CONF',
<Location /app>
    AuthType SAML
    Require valid-user
</Location>
CONF
    prepare => sub {
        my ($new) = @_;
        $m = SSOTest::Metadata->start($new->dir);
        $new->httpd->{conf} =~ s/\@METADATA\@/$m->url/e;
        make_key($new->dir, @$_) for ['soon', 10], ['past', 10, -20];
    });
my $dir = $t->dir;

sub document { return SSOTest::Metadata::document(@_) }

$t->expect_log($_) for qr/SAMLMetadataRefresh in .* expected at least 5min/,
    qr/metadata: signing certificate "CN=soon", thumbprint [0-9A-F]{40}, ends on [0-9-]{10} \[certificate-expired\]; mend:/,
    qr/metadata: signing certificate "CN=past", thumbprint [0-9A-F]{40}, ended on [0-9-]{10} \[certificate-expired\]; mend:/,
    qr/metadata: expected readable certificates, found 1 that cannot be read beside 3 that can \[metadata\]: /,
    qr/metadata: expected "SAMLSignRequests on", as this metadata says WantAuthnRequestsSigned, found it off \[metadata\]; mend:/;
my $unreadable = '<KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>AAAA</X509Certificate>'
    . '</X509Data></KeyInfo></KeyDescriptor>';
my $keys = join '', map { SSOTest::Metadata::key($_) } map { "$dir/$_.cer" } qw(idp soon past);
$m->answer(body => document(keys => $keys . $unreadable, wants => 1), etag => '"1"');
my $before = SSOTest::Metadata::now($t);
$t->httpd->start;
SSOTest::Metadata::taken($t, $before);
my $times_said = sub { return scalar(() = $t->httpd->log_text =~ /"CN=soon"/g) };
# With a refresh each second another may come before the process has looked at what the one before it kept.
SSOTest::Metadata::wait_for(sub { grep { /^304/ } $m->requests }, 'a refresh of what is known');
my $said = $times_said->();
SSOTest::Metadata::wait_for(sub { 3 <= grep { /^304/ } $m->requests }, 'two more refreshes');
cmp_ok $said, '>', 0, 'what is wrong with a document is said';
is $times_said->(), $said, 'once, not with each refresh';
is $t->sign_on($t->browser, '/app')->status, 303, 'the good key signs on';
is $t->sign_on($t->browser, '/app', signer => 'soon')->status, 303, 'and so does the one that ends soon';

# A certificate that is past: metadata may hold a newer one by now, so one browser waits, once.
my $browser = $t->browser;
is $t->sign_on($browser, '/app', signer => 'past')->status, 200, 'a certificate that is past: a refresh first';
is $t->sign_on($browser, '/app', signer => 'past')->status, 403, '... then it is refused';
$t->refused('certificate-expired');
my $log = $t->httpd->log_text;
$t->httpd->graceful;
SSOTest::Metadata::logged($t, length $log, qr/"CN=soon", .* ends on/);
pass 'a start says it again';

# None that may be used: taken, as the identity provider goes on signing with it, and warned of.
$before = SSOTest::Metadata::now($t);
$m->answer(body => document(certs => ["$dir/past.cer"]), etag => '"2"');
$t->expect_log(qr/expected a signing certificate that may be used now, found none among 1 \[certificate-expired\]; mend:/);
SSOTest::Metadata::logged($t, $before, qr/found none among 1/);
pass 'a document with no certificate that may be used now is warned of';

# --- the next try ---

$t->expect_log(qr/not fetched \[metadata\]/);
$before = SSOTest::Metadata::now($t);
$m->answer(status => 429, headers => ['Retry-After: 120']);
SSOTest::Metadata::logged($t, $before, qr/got 429; .*; next try in 120 s/);
pass 'Retry-After is obeyed';
my $asked = $m->requests;
$t->httpd->restart;
sleep 3;
is scalar $m->requests, $asked, '... over a restart, too';
$t->httpd->stop;
unlink glob "$dir/run/mod_saml_sso.metadata/*";
$t->httpd->{conf} =~ s/^SAMLMetadataRefresh .*/SAMLMetadataRefresh 1h/m or die;
$before = SSOTest::Metadata::now($t);
$m->answer(status => 503, headers => ['Retry-After: 86400']);
$t->httpd->start;
SSOTest::Metadata::logged($t, $before, qr/got 503; nobody can sign on by it until then; next try in 3600 s/);
pass '... for an hour at most';
$t->httpd->stop;
unlink glob "$dir/run/mod_saml_sso.metadata/*";
$before = SSOTest::Metadata::now($t);
$m->answer(status => 500);
$t->httpd->start;
SSOTest::Metadata::logged($t, $before, qr/got 500; .*next try in [4-7] s/);
SSOTest::Metadata::logged($t, $before, qr/got 500; .*next try in (?:[89]|1[0-3]) s/);
pass 'without it after five seconds, then after ten';

# --- a certificate that is past, let in ---

$t->httpd->stop;
unlink glob "$dir/run/mod_saml_sso.metadata/*";
$t->httpd->{conf} =~ s/^(SAMLMetadataRefresh .*)/$1\nSAMLAllow expired-certificate/m or die;
$t->expect_log(qr/expected nothing weak to be let in, found "expired-certificate"/);
$before = SSOTest::Metadata::now($t);
$m->answer(body => document(certs => ["$dir/past.cer"]));
$t->httpd->start;
SSOTest::Metadata::taken($t, $before);
is $t->sign_on($t->browser, '/app', signer => 'past')->status, 303, 'SAMLAllow expired-certificate takes it from a URL, too';
$t->finish;
done_testing;
