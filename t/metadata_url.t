#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLIdPMetadata with a URL: fetched beside the requests, kept on disk, refreshed; what is bad never takes the place of what is good.
use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use SSOTest;
use SSOTest::Metadata;

my $guard = "<Location /app>\nAuthType SAML\nRequire valid-user\n</Location>\n";
my $m;
my $t = SSOTest->new(modules => ['watchdog'], start => 0, conf => saml_conf(SAMLIdPIdentifier => undef, SAMLLoginURL => undef,
    SAMLCertificate => undef, SAMLIdPMetadata => '@METADATA@', SAMLMetadataRefresh => '1s') . $guard,
    prepare => sub {
        my ($new) = @_;
        $m = SSOTest::Metadata->start($new->dir);
        $new->httpd->{conf} =~ s/\@METADATA\@/$m->url/e;
        open my $page, '>', $new->dir . '/htdocs/app' or die "app: $!";
        close $page;
    });
my $folder = $t->dir . '/run/mod_saml_sso.metadata';
my %doc = (certs => [$t->dir . '/idp.cer']);

sub document { return SSOTest::Metadata::document(%doc, @_) }
sub signs_on
{
    my ($name, %o) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $t->sign_on($t->browser, '/app', %o)->status, 303, $name;
    return;
}

sub copy
{
    my ($file) = glob "$folder/*.xml";

    return $file;
}

$t->expect_log(qr/SAMLMetadataRefresh in .* expected at least 5min, .* found 1s/);

# --- a start without network and without a copy ---

$m->down;
my $before = SSOTest::Metadata::now($t);
$t->httpd->start;
$t->expect_log(qr/metadata of \Q${\ $m->url}\E: not fetched \[metadata\]: .*nobody can sign on by it until then; next try in \d+ s/);
SSOTest::Metadata::logged($t, $before, qr/not fetched \[metadata\]/);
sleep 1.1;      # every child has looked at what came of it
my $reply = $t->browser->get('/app');
is $reply->status, 503, 'httpd starts without network; a sign-on says that it cannot be';
ok $reply->header('Retry-After'), '... and when to come again';
$t->refused('metadata', qr/metadata of \Q${\ $m->url}\E: expected it to have been fetched, got none yet: metadata from .*connect/i,
    'the log names the source and what went wrong');

$before = SSOTest::Metadata::now($t);
$m->answer(body => document(), etag => '"one"');
$m->up;
SSOTest::Metadata::taken($t, $before);
signs_on('it heals when the network comes');

# --- what is kept ---

my @stat = stat $folder;
is sprintf('%04o', $stat[2] & 07777), '0700', 'the folder of the copies is the server\'s alone';
is $stat[4], $> ? $> : (SSOTest::Httpd::user())[2], '... and belongs to the user that the children run as';
is scalar(grep { /\.xml$/ } glob "$folder/*"), 1, 'there is one copy';

# --- conditional requests ---

SSOTest::Metadata::wait_for(sub { scalar grep { $_ eq '304 etag="one"' } $m->requests }, 'a conditional request');
my $inode = (stat copy())[1];
$m->answer(body => document(), last_modified => 'Sat, 21 Nov 2026 10:00:00 GMT');
SSOTest::Metadata::wait_for(sub { scalar grep { $_ eq '304 since=Sat, 21 Nov 2026 10:00:00 GMT' } $m->requests }, 'one by date');
is((stat copy())[1], $inode, 'what did not change is not written again');

# --- a new key ---

my $user = $t->browser;
is $t->login($user, '/app')->status, 200, 'a session';
$t->idp->make_key('next');
$before = SSOTest::Metadata::now($t);
$doc{certs} = [map { $t->dir . "/$_.cer" } qw(idp next)];
$m->answer(body => document(), etag => '"two"');
SSOTest::Metadata::taken($t, $before);
signs_on('a new key is known to every child without a restart', signer => 'next') for 1 .. 6;
signs_on('... beside the old one');
$before = SSOTest::Metadata::now($t);
$doc{certs} = [$t->dir . '/next.cer'];
$m->answer(body => document(), etag => '"three"');
SSOTest::Metadata::taken($t, $before);
is $user->get('/app')->status, 200, 'the session from before the rollover goes on';

# --- what is bad ---

my $good = do { open my $from, '<', copy() or die "copy: $!"; local $/; scalar readline $from };
my @bad = (
    ['of another entity', qr/entityID: expected "\Q${\ SSOTest::IdP::ISSUER}\E" as before, got "https:\/\/other\.example\/"/,
        body => document(entity => 'https://other.example/')],
    ['of WS-Federation alone', qr/got none: this is not the metadata of a SAML 2\.0 identity provider/,
        body => document(role => '<RoleDescriptor protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"/>')],
    ['without keys', qr/expected a KeyDescriptor for signing, got none/, body => document(keys => '')],
    ['cut off', qr/metadata/, body => substr document(), 0, 700],
    ['a page', qr/\(what came is a page of HTML\)/, body => '<!DOCTYPE html><title>Sign in</title>', headers => ['Content-Type: text/html']],
    ['too large', qr/8388608/, body => '', pad => 9 * 1024 * 1024],
    ['an error', qr/expected HTTP status 200, got 404/, status => 404],
    ['a redirect to another host', qr/redirect|host/i, status => 302, headers => ['Location: http://127.0.0.2:1/metadata']],
    ['expired', qr/the metadata was valid until 2020-01-01T00:00:00Z/, body => document(valid_until => '2020-01-01T00:00:00Z')],
    ['an address in clear text', qr/SingleSignOnService: expected an https:\/\/ URL/, body => document(location => 'http://login.example/sso')],
);
for my $case (@bad) {
    my ($name, $says, %answer) = @$case;
    my $from = SSOTest::Metadata::now($t);

    $m->answer(%answer);
    SSOTest::Metadata::logged($t, $from, qr/not fetched \[metadata\]: .*$says.*; what is known of it stays in use/);
    pass "$name: refused, and the log says why";
}
$t->expect_log(qr/not fetched \[metadata\]: .* what is known of it stays in use/);
open my $still, '<', copy() or die "copy: $!";
is do { local $/; scalar readline $still }, $good, 'the good copy stays';
signs_on('... and so do sign-ons', signer => 'next');

# --- a restart without network ---

$m->down;
ok $t->httpd->restart, 'restart without network';
is $user->get('/app')->status, 200, 'the session survives it';
signs_on('sign-ons go on with the copy', signer => 'next');

# --- something else in the place of the copy ---

my %in_its_place = (
    'a symbolic link' => sub { my ($file) = @_; rename $file, "$file.good"; symlink "$file.good", $file },
    'a pipe' => sub { my ($file) = @_; POSIX::mkfifo($file, 0600) },
    'a folder' => sub { my ($file) = @_; mkdir $file },
    'a broken copy' => sub {
        my ($file) = @_;
        open my $to, '>', $file or die "$file: $!";
        print {$to} '<EntityDescriptor';
        close $to;
        chown((SSOTest::Httpd::user())[2, 3], $file) if !$>;    # as a process that was killed would leave it
    },
);
my $file = copy();
for my $what (sort keys %in_its_place) {
    $t->httpd->stop;
    unlink $file;
    $in_its_place{$what}->($file);
    $t->httpd->start;
    is $t->browser->get('/app')->status, 503, "$what in the place of the copy: not used";
    $t->refused('metadata');
    rmdir $file;
    unlink $file;
}
$t->expect_log(qr/the kept copy is not used \[metadata\]/);

$before = SSOTest::Metadata::now($t);
$m->answer(body => document(), etag => '"four"');
$m->up;
SSOTest::Metadata::taken($t, $before);
signs_on('it heals', signer => 'next');

# --- notes that nobody has written ---

for my $number ('-9223372036854775808', '9223372036854775807') {
    $t->httpd->stop;
    my ($notes) = glob "$folder/*.notes";
    open my $to, '>', $notes or die "$notes: $!";
    print {$to} map { "$_ $number\n" } qw(looked checked next held early failures);
    close $to;
    $before = SSOTest::Metadata::now($t);
    $m->answer(body => document() . "<!-- $number -->");
    $t->httpd->start;
    SSOTest::Metadata::logged($t, $before, qr/copy taken.*copy taken/s);
    signs_on("times of $number hold nothing up", signer => 'next');
}

# --- a slow server ---

$t->tolerate_log(qr/AH00045: child process \d+ still did not exit, sending a SIGTERM/);     # on a machine that is busy

$m->answer(body => document(), etag => '"five"', delay => 30);
my $asked = scalar $m->requests;
SSOTest::Metadata::wait_for(sub { scalar $m->requests > $asked }, 'a request that is not answered');
signs_on('a fetch that hangs holds no sign-on up', signer => 'next');
my @old = SSOTest::Metadata::children($t);
my $start = time;
$asked = scalar $m->requests;
$t->httpd->graceful;
SSOTest::Metadata::wait_for(sub { !grep { -e "/proc/$_" } @old }, 'the end of the children');
cmp_ok time - $start, '<', 15, 'a graceful restart does not wait for it';
SSOTest::Metadata::wait_for(sub { scalar $m->requests > $asked }, 'another request');
$start = time;
ok $t->httpd->stop, 'nor does a stop';
cmp_ok time - $start, '<', 15, '... it is over at once';
$m->answer(body => document());
$t->httpd->start;

# --- validity ---

my @until = gmtime time + 8;
$m->answer(body => document(valid_until => POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', @until)));
# Not "taken": the children of this start may still be saying that of the copy that they found.
SSOTest::Metadata::wait_for(sub { open my $from, '<', copy() or return 0; local $/; return readline($from) =~ /validUntil/ }, 'the new copy');
sleep 1.1;      # every child looks
signs_on('metadata that is valid for some seconds', signer => 'next');
$m->down;
SSOTest::Metadata::wait_for(sub { $t->browser->get('/app')->status == 503 }, 'its end');
$t->refused('metadata', qr/expected it to be valid now, got validUntil \d{4}-.*Z, and none that is newer could be fetched/,
    'metadata past its validUntil signs nobody on');
is $user->get('/app')->status, 200, 'sessions go on';
$t->finish;
done_testing;
