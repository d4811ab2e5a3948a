#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The command saml-sso, as a person or a script runs it. SSO_CLI names the program, SSO_SRCDIR the source.
use strict;
use warnings;
use File::Spec::Functions qw(abs2rel);
use File::Temp qw(tempdir);
use IO::Compress::RawDeflate qw(rawdeflate);
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use Test::More;

use constant {
    IDP      => 'https://sts.windows.net/11111111-2222-4333-8444-555555555555/',
    ACS      => 'https://sp.example.org/saml/acs',
    AUDIENCE => 'https://sp.example.org/saml',
    REQUEST  => '_r4f1d0c9a',
    NOW      => '2026-03-02T09:15:30Z',
    TENANT   => 'http://schemas.microsoft.com/identity/claims/tenantid',
    GROUPS   => 'http://schemas.microsoft.com/ws/2008/06/identity/claims/groups',
};

my $cli = $ENV{SSO_CLI} or BAIL_OUT('SSO_CLI: expected the path of saml-sso, got none');
my $src = $ENV{SSO_SRCDIR} or BAIL_OUT('SSO_SRCDIR: expected the source folder, got none');
my $fixtures = "$src/t/fixtures";
my $tmp = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->utf8;

sub slurp {
    my ($file) = @_;
    open my $f, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$f>;
}

sub spew {
    my ($name, $data) = @_;
    open my $f, '>:raw', "$tmp/$name" or die "$name: $!";
    print {$f} $data;
    close $f or die "$name: $!";
    return "$tmp/$name";
}

# Runs the command; an array reference as first argument holds what comes on standard input.
sub run {
    my $stdin = ref $_[0] ? shift->[0] : '';
    my @args = @_;
    my $in = spew('stdin', $stdin);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDIN, '<', $in or die;
        open STDOUT, '>', "$tmp/stdout" or die;
        open STDERR, '>', "$tmp/stderr" or die;
        exec { $cli } $cli, @args or die "$cli: $!";
    }
    waitpid $pid, 0;
    my $code = $? & 127 ? "signal " . ($? & 127) : $? >> 8;
    return { code => $code, out => slurp("$tmp/stdout"), err => slurp("$tmp/stderr") };
}

sub fixture { return "$fixtures/response-$_[0].xml" }

# The options of a good check, changed: undef leaves one out, a list repeats it, '' gives it no value.
sub options {
    my %o = ('idp-cert' => "$fixtures/idp.crt", issuer => IDP, audience => AUDIENCE, acs => ACS,
        'in-response-to' => REQUEST, now => NOW, @_);
    my @out;
    for my $name (sort keys %o) {
        for my $value (ref $o{$name} ? @{ $o{$name} } : $o{$name}) {
            push @out, "--$name", $value eq '' ? () : $value if defined $value;
        }
    }
    return @out;
}

sub verify { my ($file, @changes) = @_; return run('verify', options(@changes), $file) }

# The verdict as JSON; the exit code must agree with it.
sub verdict {
    my ($name, $r) = @_;
    my $v = eval { $json->decode($r->{out}) };
    ok($v, "$name: prints JSON") or diag("$@ $r->{out} $r->{err}");
    is($r->{code}, ($v->{verdict} // '') eq 'accepted' ? 0 : 1, "$name: exit code");
    is($r->{err}, '', "$name: nothing on stderr");
    return $v // {};
}

sub cannot_run {
    my ($name, $r, $says) = @_;
    is($r->{code}, 2, "$name: exit code 2");
    is($r->{out}, '', "$name: nothing on stdout");
    like($r->{err}, $says, "$name: says so");
    return;
}

sub percent { my ($s) = @_; $s =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge; return $s }

sub deflated {
    my ($xml) = @_;
    my $out;
    rawdeflate(\$xml => \$out) or die 'deflate';
    return encode_base64($out, '');
}

subtest 'general' => sub {
    my $r = run('--help');
    is($r->{code}, 0, '--help: exit code');
    like($r->{out}, qr/^Example:/m, '--help: has an example');
    for my $command (qw(verify decode metadata keygen)) {
        like($r->{out}, qr/^  $command /m, "--help: names $command");
        my $h = run($command, '--help');
        is($h->{code}, 0, "$command --help: exit code");
        like($h->{out}, qr/^Example:\n  saml-sso $command /m, "$command --help: has an example");
        is($h->{err}, '', "$command --help: nothing on stderr");
        cannot_run("$command --nonsense", run($command, '--nonsense'), qr/there is no option "--nonsense"/);
        cannot_run("$command -x", run($command, '-x'), qr/there is no option "-x"/);
    }
    like(run('--version')->{out}, qr/^saml-sso \(mod_saml_sso\) \d+\.\d+\.\d+$/, '--version');
    cannot_run('no command', run(), qr/expected a command, got none/);
    cannot_run('unknown command', run('very'), qr/expected a command, got "very"/);
};

subtest 'verify: accepted' => sub {
    my $r = verify(fixture('good'), json => '');
    my $v = verdict('good', $r);
    is($v->{verdict}, 'accepted', 'verdict');
    is_deeply($v->{name_id}, { value => 'ada@example.org',
        format => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress' }, 'name_id');
    is_deeply($v->{attributes}, { (TENANT) => ['11111111-2222-4333-8444-555555555555'], (GROUPS) => [ 'g1', 'g2' ] },
        'attributes');
    is($v->{session_index}, '_7a9d2c44-81b3-4f55-8a60-0d2be7c40100', 'session_index');
    is($v->{issuer}, IDP, 'issuer');
    like($r->{out}, qr/\A\{"verdict":"accepted","name_id":\{"value":.*?,"format":.*?\},"attributes":\{.*?\},"session_index":/,
        'the order of the members');

    my $text = verify(fixture('good'));
    is($text->{code}, 0, 'text: exit code');
    like($text->{out}, qr/\Aaccepted\n/, 'text: verdict first');
    like($text->{out}, qr/ada\@example\.org/, 'text: name ID');
    like($text->{out}, qr/groups = \Q${\GROUPS}\E\n\s+g1\n\s+g2\n/, 'text: values');

    $v = verdict('no session index', verify(fixture('authn-no-session-index'), json => ''));
    ok(exists $v->{session_index} && !defined $v->{session_index}, 'an absent session index is null');
};

subtest 'verify: refused' => sub {
    my @cases = (
        [ 'confirmation-recipient-other', 'recipient', 'expected "https://sp.example.org/saml/acs"' ],
        [ 'audience-other', 'audience', 'udience' ],
        [ 'audience-absent', 'audience', 'udience' ],
        [ 'assertion-changed', 'signature', '' ],
        [ 'assertion-none-signed', 'assertion-count', 'expected exactly one Assertion' ],
        [ 'unsigned', 'unsigned', 'ignature' ],
        [ 'assertion-two', 'assertion-count', '' ],
        [ 'by-sha1', 'algorithm', 'sha1' ],
        [ 'encrypted-gcm', 'decryption', '' ],
        [ 'good-unsolicited', 'in-response-to', '' ],
    );
    for my $case (@cases) {
        my ($name, $status, $says) = @{$case};
        my $v = verdict($name, verify(fixture($name), json => ''));
        is($v->{verdict}, 'refused', "$name: verdict");
        is($v->{status}, $status, "$name: status");
        like($v->{reason}, qr/\Q$says\E/, "$name: reason");
    }
    my $text = verify(fixture('audience-other'));
    is($text->{code}, 1, 'text: exit code');
    like($text->{out}, qr/\Arefused \[audience\]\n  \S/, 'text: status and reason');
};

subtest 'verify: every way to give the message' => sub {
    my $xml = slurp(fixture('good'));
    my $b64 = encode_base64($xml, '');
    my %forms = (
        'XML'                 => $xml,
        'base64'              => $b64,
        'base64 in lines'     => encode_base64($xml, "\r\n"),
        'percent-encoded'     => percent($b64),
        'whole body'          => 'RelayState=x&SAMLResponse=' . percent($b64) . "\n",
    );
    for my $form (sort keys %forms) {
        is(verdict($form, run('verify', options(json => ''), spew('form', $forms{$form})))->{verdict}, 'accepted', $form);
    }
    is(verdict('stdin', run([$b64], 'verify', options(json => ''), '-'))->{verdict}, 'accepted', 'standard input');
    my %bad = (
        'empty'      => [ '', 'malformed' ],
        'garbage'    => [ "\x00\x01\xff{}", 'malformed' ],
        'no XML'     => [ encode_base64('hello', ''), 'malformed' ],
        'twice'      => [ 'SAMLResponse=AAAA&SAMLResponse=AAAA', 'malformed' ],
        'DOCTYPE'    => [ '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', 'malformed' ],
        'large XML'  => [ '<x>' . 'y' x (1024 * 1024) . '</x>', 'too-large' ],
        'large form' => [ 'A' x (6 * 1024 * 1024), 'too-large' ],
    );
    for my $name (sort keys %bad) {
        my $v = verdict($name, run('verify', options(json => ''), spew('bad', $bad{$name}[0])));
        is($v->{status}, $bad{$name}[1], "$name: status");
    }
};

subtest 'verify: options' => sub {
    my $good = fixture('good');
    my $is = sub {
        my ($name, $want, $file, @changes) = @_;
        my $v = verdict($name, verify($file, json => '', @changes));
        is($v->{verdict} eq 'accepted' ? 'accepted' : $v->{status}, $want, $name);
    };
    $is->('other certificate', 'signature', $good, 'idp-cert' => "$fixtures/other.crt");
    $is->('several certificates', 'accepted', $good, 'idp-cert' => [ "$fixtures/other.crt", "$fixtures/idp.crt" ]);
    $is->('other issuer', 'issuer', $good, issuer => 'https://other.example/');
    $is->('no issuer named', 'accepted', $good, issuer => undef);
    $is->('several audiences', 'accepted', $good, audience => [ 'urn:x', AUDIENCE ]);
    $is->('other audience', 'audience', $good, audience => 'urn:x');
    $is->('other ACS', 'destination', $good, acs => 'https://sp.example.org/saml/acs/');
    $is->('other request', 'in-response-to', $good, 'in-response-to' => '_other');
    $is->('solicited as unsolicited', 'in-response-to', $good, 'in-response-to' => undef, unsolicited => '');
    $is->('unsolicited', 'accepted', fixture('good-unsolicited'), 'in-response-to' => undef, unsolicited => '');
    $is->('before the end and the skew', 'accepted', $good, now => '2026-03-02T10:18:29Z');
    $is->('at the end and the skew', 'expired', $good, now => '2026-03-02T10:18:30Z');
    $is->('no skew', 'expired', $good, now => '2026-03-02T10:15:30Z', skew => 0);
    $is->('no skew, a second before', 'accepted', $good, now => '2026-03-02T10:15:29Z', skew => 0);
    $is->('full skew', 'accepted', $good, now => '2026-03-02T10:25:29Z', skew => 600);
    $is->('long before', 'not-before', $good, now => '2026-03-02T08:00:00Z');
    $is->('the clock of today', 'expired', $good, now => undef);
    $is->('a time with offset', 'accepted', $good, now => '2026-03-02T11:15:30+02:00');
    $is->('allowance', 'accepted', fixture('by-sha1'), allow => 'sha1');
    $is->('other allowance', 'algorithm', fixture('by-sha1'), allow => [ '3des', 'rsa1_5' ]);
    $is->('expired certificate', 'certificate-expired', $good, 'idp-cert' => "$fixtures/idp-expired.crt");
    $is->('expired certificate allowed', 'accepted', $good, 'idp-cert' => "$fixtures/idp-expired.crt",
        allow => 'expired-certificate');
    $is->('key', 'accepted', fixture('encrypted-gcm'), key => "$fixtures/sp.key");
    $is->('several keys', 'accepted', fixture('encrypted-gcm'), key => [ "$fixtures/sp2.key", "$fixtures/sp.key" ]);
    $is->('other key', 'decryption', fixture('encrypted-gcm'), key => "$fixtures/sp2.key");

    my $r = run('verify', (map { "--$_" } "idp-cert=$fixtures/idp.crt", 'audience=' . AUDIENCE, 'acs=' . ACS,
            'in-response-to=' . REQUEST, 'now=' . NOW), '--', $good);
    is($r->{code}, 0, '--name=value, and -- before the file');
};

subtest 'verify: could not run' => sub {
    my $good = fixture('good');
    my $not = sub { my ($name, $says, @changes) = @_; cannot_run($name, verify($good, @changes), $says); return };

    $not->('no certificate', qr/expected --idp-cert or --idp-metadata, got neither/, 'idp-cert' => undef);
    $not->('no audience', qr/expected --audience, got none/, audience => undef);
    $not->('no ACS', qr/expected --acs, got none/, acs => undef);
    $not->('neither', qr/expected --in-response-to ID or --unsolicited, got neither/, 'in-response-to' => undef);
    $not->('both', qr/expected --in-response-to or --unsolicited, got both/, unsolicited => '');
    $not->('skew too large', qr/--skew: expected 0 to 600 seconds, got "601"/, skew => 601);
    $not->('skew with unit', qr/--skew: expected 0 to 600 seconds, got "180s"/, skew => '180s');
    $not->('skew negative', qr/--skew: expected 0 to 600 seconds, got "-1"/, skew => '-1');
    $not->('no time', qr/--now/, now => 'yesterday');
    $not->('unknown allowance', qr/--allow: expected one of .*sha1.*, got "md5"/, allow => 'md5');
    $not->('certificate missing', qr{--idp-cert: .*/none\.crt}, 'idp-cert' => "$tmp/none.crt");
    $not->('no certificate in it', qr/--idp-cert: /, 'idp-cert' => $good);
    $not->('metadata missing', qr{--idp-metadata: .*/none\.xml}, 'idp-metadata' => "$tmp/none.xml");
    $not->('key missing', qr{--key: .*/none\.key}, key => "$tmp/none.key");
    $not->('no key in it', qr/--key: /, key => "$fixtures/idp.crt");
    $not->('issuer twice', qr/--issuer: expected once/, issuer => [ IDP, IDP ]);
    cannot_run('file missing', verify("$tmp/none.xml"), qr{none\.xml: expected a readable file, got: No such file});
    cannot_run('folder', verify($tmp), qr/expected a readable file, got: /);
    cannot_run('no file', run('verify', options()), qr/expected a FILE/);
    cannot_run('two files', run('verify', options(), $good, $good), qr/expected one FILE/);
    cannot_run('no value', run('verify', '--acs'), qr/--acs: expected a reply URL, got nothing/);
    cannot_run('empty value', run('verify', '--in-response-to', ''), qr/expected the ID of a request, got an empty value/);
    cannot_run('value not taken', run('verify', '--json=1'), qr/--json: expected no value, got "1"/);
    cannot_run('JSON asked for', verify("$tmp/none.xml", json => ''), qr/expected a readable file/);
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', '/dev/full' or die;
        open STDERR, '>', "$tmp/stderr" or die;
        exec $cli, 'verify', options(), $good or die;
    }
    waitpid $pid, 0;
    is($? >> 8, 2, 'a verdict that cannot be written is no verdict');
    like(slurp("$tmp/stderr"), qr/standard output: cannot be written/, 'and is said to be none');
};

sub idp_metadata {
    my ($entity, @files) = @_;
    my $keys = join '', map {
        my ($cert) = slurp("$fixtures/$_") =~ /-----BEGIN CERTIFICATE-----(.*?)-----END/s;
        qq{<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>}
            . "<X509Certificate>$cert</X509Certificate></X509Data></KeyInfo></KeyDescriptor>";
    } @files;
    return qq{<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="$entity">}
        . qq{<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">$keys}
        . '<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/out"/>'
        . '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/in"/>'
        . '</IDPSSODescriptor></EntityDescriptor>';
}

subtest 'metadata of an identity provider' => sub {
    my $one = spew('one.xml', idp_metadata(IDP, 'idp2.crt', 'idp.crt'));
    my $two = spew('two.xml', '<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">'
        . idp_metadata('urn:other', 'other.crt') . idp_metadata(IDP, 'idp.crt') . '</EntitiesDescriptor>');
    my $good = fixture('good');
    my @by = ('idp-cert' => undef, issuer => undef, json => '');

    is(verdict('metadata', verify($good, @by, 'idp-metadata' => $one))->{verdict}, 'accepted', 'certificates and issuer');
    my $other = spew('other.xml', idp_metadata('urn:other', 'idp.crt'));
    is(verdict('other issuer', verify($good, @by, 'idp-metadata' => $other))->{status}, 'issuer', 'the issuer is theirs');
    is(verdict('selected', verify($good, @by, 'idp-metadata' => $two, issuer => IDP))->{verdict}, 'accepted',
        '--issuer selects the entity');
    is(verdict('selected other', verify($good, @by, 'idp-metadata' => $two, issuer => 'urn:other'))->{status}, 'issuer',
        '--issuer selects the other entity');
    (my $text = idp_metadata(IDP, 'idp2.crt', 'idp.crt')) =~ s{<(?:\w+:)?X509Certificate>\K}{?};
    my $bad = spew('bad.xml', $text);
    my $left = verify($good, @by, 'idp-metadata' => $bad);
    is($json->decode($left->{out})->{verdict}, 'accepted', 'a certificate that cannot be read takes nothing from the other');
    like($left->{err}, qr/^saml-sso verify: --idp-metadata: a certificate is left out: .*got "\?/, 'and is told of');
    like(run('metadata', '--read', $bad)->{out}, qr/left out +1 unreadable certificate: X509Certificate in /, '--read tells of it');
    cannot_run('two', verify($good, @by, 'idp-metadata' => $two), qr/expected one identity provider, got 2/);
    cannot_run('absent', verify($good, @by, 'idp-metadata' => $one, issuer => 'urn:x'),
        qr/expected the identity provider "urn:x", got "\Q${\IDP}\E"/);

    my $r = run('metadata', '--read', $one);
    is($r->{code}, 0, '--read: exit code');
    like($r->{out}, qr/^identifier\s+\Q${\IDP}\E$/m, '--read: identifier');
    like($r->{out}, qr{^login \(POST\)\s+https://idp\.example/in$}m, '--read: login');
    like($r->{out}, qr{^logout \(Redirect\)\s+https://idp\.example/out$}m, '--read: logout');
    my $thumbprints = () = $r->{out} =~ /^\s+thumbprint\s+[0-9A-F]{40}$/mg;
    is($thumbprints, 2, '--read: certificates');
    is(run('metadata', '--read', $two, '--entity-id', 'urn:other')->{code}, 0, '--read: one of several');
    $r = run([ slurp($two) ], 'metadata', '--read', '-');
    is($r->{code}, 1, '--read: refused: exit code');
    like($r->{err}, qr/refused \[metadata\]: .*expected one identity provider, got 2/, '--read: refused: reason');
    like(run('metadata', '--read', spew('expired.xml', idp_metadata(IDP, 'idp-expired.crt')))->{out}, qr/not usable/,
        '--read: an expired certificate is called so');
    cannot_run('--read of nothing', run('metadata', '--read', "$tmp/none.xml"), qr/expected a readable file/);
    cannot_run('--read and --acs', run('metadata', '--read', $one, '--acs', ACS), qr/expected only --entity-id with it/);
};

subtest 'metadata of ours' => sub {
    my @plain = ('metadata', '--entity-id', 'https://sp.example/md?a=1&b=2', '--acs', 'https://sp.example/acs');
    my $r = run(@plain);
    is($r->{code}, 0, 'exit code');
    like($r->{out}, qr{entityID="https://sp\.example/md\?a=1&amp;b=2"}, 'entity ID, escaped');
    like($r->{out}, qr{AuthnRequestsSigned="false" WantAssertionsSigned="true"}, 'signing');
    unlike($r->{out}, qr/KeyDescriptor|SingleLogoutService/, 'nothing that was not asked for');
    like($r->{out}, qr/<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</, 'name ID format');
    unlike(run(@plain, '--name-id', 'none')->{out}, qr/NameIDFormat/, '--name-id none');
    like(run(@plain, '--name-id', 'persistent')->{out}, qr/2\.0:nameid-format:persistent</, '--name-id persistent');
    like(run(@plain, '--name-id', 'urn:mine')->{out}, qr/<md:NameIDFormat>urn:mine</, '--name-id URI');

    my @keys = map { ('--key', "$fixtures/$_.key", '--cert', "$fixtures/$_.crt") } qw(sp sp2);
    $r = run(@plain, '--acs', 'https://two.example/acs', '--logout', 'https://sp.example/out', @keys, '--sign-requests');
    is($r->{code}, 0, 'everything: exit code');
    like($r->{out}, qr/AuthnRequestsSigned="true"/, 'everything: signing');
    my $file = spew('sp.xml', $r->{out});
    my $read = <<'PY';
import sys
from saml2.mdstore import InMemoryMetaData
from saml2.attribute_converter import ac_factory
import saml2
md = InMemoryMetaData(ac_factory(), open(sys.argv[1]).read())
md.parse(md.metadata if isinstance(md.metadata, str) else open(sys.argv[1]).read())
e = 'https://sp.example/md?a=1&b=2'
print([a['location'] for a in md.service(e, 'spsso_descriptor', 'assertion_consumer_service', saml2.BINDING_HTTP_POST)],
      len(md.certs(e, 'spsso', 'signing')), len(md.certs(e, 'spsso', 'encryption')))
PY
    open my $py, '-|', '/usr/bin/python3', '-c', $read, $file or die $!;
    my $seen = do { local $/; <$py> };
    close $py;
    is($seen, "['https://sp.example/acs', 'https://two.example/acs'] 1 2\n", 'everything: another implementation reads it');

    cannot_run('no entity ID', run('metadata', '--acs', ACS), qr/expected --entity-id, got none/);
    cannot_run('no ACS', run('metadata', '--entity-id', 'urn:x'), qr/expected --acs, got none/);
    cannot_run('no URL', run('metadata', '--entity-id', 'urn:x', '--acs', 'sp.example'), qr/expected an https URL/);
    cannot_run('no logout URL', run(@plain, '--logout', 'out'), qr/--logout: expected an https URL, got "out"/);
    cannot_run('key without certificate', run(@plain, '--key', "$fixtures/sp.key"), qr/as many --key as --cert, got 1 and 0/);
    cannot_run('signing without key', run(@plain, '--sign-requests'), qr/--sign-requests: expected --key/);
    cannot_run('wrong pair', run(@plain, '--key', "$fixtures/sp.key", '--cert', "$fixtures/sp2.crt"), qr/sp2?\.(?:crt|key)/);
    cannot_run('unknown format', run(@plain, '--name-id', 'mail'), qr/--name-id: expected emailAddress.*got "mail"/);
    cannot_run('operand', run(@plain, 'x'), qr/expected only options, got "x"/);
};

subtest 'keygen' => sub {
    my $prefix = "$tmp/a b";
    my $r = run('keygen', '--out', $prefix, '--name', 'app.example', '--bits', 2048, '--days', 30);
    is($r->{code}, 0, 'exit code') or diag($r->{err});
    is(sprintf('%04o', (stat "$prefix.key")[2] & 07777), '0600', 'the key is its owner\'s only');
    my $info = `openssl x509 -in "$prefix.pem" -noout -subject -enddate`;
    like($info, qr/CN ?= ?app\.example/, 'common name');
    like(`openssl rsa -in "$prefix.key" -noout -text 2>&1`, qr/2048 bit/, 'size');
    system(qw(openssl x509 -noout -checkend), 29 * 86400, '-in', "$prefix.pem") == 0 or fail('valid for 29 days');
    like(`openssl x509 -in "$prefix.pem" -noout -checkend ${\(31 * 86400)}`, qr/will expire/, 'not for 31 days');
    is(run('metadata', '--entity-id', 'urn:x', '--acs', ACS, '--key', "$prefix.key", '--cert', "$prefix.pem")->{code}, 0,
        'key and certificate belong together');

    is((split /\n/, $r->{out})[2], qq{In httpd's configuration:  SAMLKey "$prefix.key" "$prefix.pem"}, 'the directive');
    $r = run('keygen', '--out', abs2rel("$tmp/c d"), '--bits', 2048);
    like($r->{out}, qr{ SAMLKey "\Q$tmp\E/c d\.key" "\Q$tmp\E/c d\.pem"$}m, 'which does not depend on ServerRoot');

    my $before = slurp("$prefix.key");
    cannot_run('a second time', run('keygen', '--out', $prefix), qr/there is one; --force replaces it/);
    is(slurp("$prefix.key"), $before, 'the key is left alone');
    unlink "$prefix.key" or die;
    cannot_run('only the certificate there', run('keygen', '--out', $prefix), qr/a b\.pem: expected no such file/);
    ok(!-e "$prefix.key", 'no key is written then');
    spew('a b.key', 'old');
    chmod 0644, "$prefix.key" or die;
    is(run('keygen', '--out', $prefix, '--force', '--bits', 2048)->{code}, 0, '--force: exit code');
    like(slurp("$prefix.key"), qr/BEGIN PRIVATE KEY/, '--force: replaced');
    is(sprintf('%04o', (stat "$prefix.key")[2] & 07777), '0600', '--force: mode');
    symlink "$tmp/nowhere", "$tmp/link.key" or die;
    cannot_run('a dangling link', run('keygen', '--out', "$tmp/link"), qr/link\.key: expected no such file/);
    ok(!-e "$tmp/nowhere", 'nothing is written through a link');
    is_deeply([ glob "$tmp/*.key.*" ], [], 'nothing is left over');
    cannot_run('no such folder', run('keygen', '--out', "$tmp/no/such", '--bits', 2048), qr/cannot be written: No such file/);
    cannot_run('bits', run('keygen', '--out', "$tmp/x", '--bits', 1024), qr/--bits: expected 2048 to 8192, got "1024"/);
    cannot_run('days', run('keygen', '--out', "$tmp/x", '--days', 0), qr/--days: expected 1 to 36500, got "0"/);
    cannot_run('name', run('keygen', '--out', "$tmp/x", '--name', 'x' x 65), qr/--name: expected at most 64/);
    cannot_run('operand', run('keygen', 'x'), qr/expected only options, got "x"/);
};

my $request = '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="1abc" Version="2.0"'
    . ' IssueInstant="2026-03-02T09:15:30Z" Destination="https://idp.example/saml2"'
    . ' AssertionConsumerServiceURL="https://sp.example/acs" ForceAuthn="true">'
    . '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:sp</saml:Issuer>'
    . '<samlp:NameIDPolicy Format="urn:f" SPNameQualifier="x"/></samlp:AuthnRequest>';

subtest 'decode' => sub {
    my $good = slurp(fixture('good'));
    my $b64 = encode_base64($good, '');
    my $url = 'https://idp.example/saml2?SAMLRequest=' . percent(deflated($request)) . '&RelayState=a%2fb';
    my $page = '<html><body><form method="post" action="https://sp.example/acs"><input type="hidden" value="'
        . ($b64 =~ s/\+/&#x2B;/gr) . '" name="SAMLResponse" /><input name="RelayState" value="x&amp;y"></form></body></html>';

    my %responses = (
        'XML'                => $good,
        'base64'             => $b64,
        'base64 in lines'    => encode_base64($good),
        'percent-encoded'    => percent($b64),
        'whole body'         => 'SAMLResponse=' . percent($b64) . '&RelayState=x',
        'page'               => $page,
        'with a BOM'         => "\xef\xbb\xbf$good",
    );
    for my $form (sort keys %responses) {
        my $r = run('decode', spew('message', $responses{$form}));
        is($r->{code}, 0, "$form: exit code") or diag($r->{err});
        is($r->{err}, '', "$form: nothing on stderr");
        like($r->{out}, qr/^    <Subject>\n      <NameID [^>]*>ada\@example\.org<\/NameID>$/m, "$form: indented XML");
        like($r->{out}, qr/nothing of it is verified/, "$form: claims nothing");
        like($r->{out}, qr/^\s+name ID\s+ada\@example\.org$/m, "$form: name ID");
        like($r->{out}, qr/^\s+for audience\s+\Q${\AUDIENCE}\E$/m, "$form: audience");
        like($r->{out}, qr/signature\s+RSA-SHA256, digest SHA-256 \(not verified\)/, "$form: algorithm");
        like($r->{out}, qr/- the assertion has expired, seen from now/, "$form: what would be refused");
        unlike($r->{out}, qr/accepted/, "$form: no verdict");
    }
    for my $form ($url, "  $url\n", $url =~ s/.*\?//r) {
        my $r = run($form =~ /^https/ ? ('decode', $form) : ([$form], 'decode', '-'));
        is($r->{code}, 0, 'redirect: exit code') or diag($r->{err});
        like($r->{out}, qr/a request to sign on/, 'redirect: kind');
        like($r->{out}, qr/^\s+issuer\s+urn:sp$/m, 'redirect: issuer');
        like($r->{out}, qr/^\s+RelayState\s+a\/b$/m, 'redirect: RelayState');
        like($r->{out}, qr/ID: expected a letter or "_" first, got "1abc"/, 'redirect: what Entra refuses');
        like($r->{out}, qr/SPNameQualifier: Entra refuses it/, 'redirect: what Entra refuses, too');
    }
    like(run([ deflated($request) ], 'decode', '-')->{out}, qr/HTTP-Redirect/, 'a bare deflated value');
    is(run('decode', '--xml', fixture('good'))->{out} =~ /What it says/ ? 1 : 0, 0, '--xml: only XML');
    like(run('decode', fixture('encrypted-gcm'))->{out}, qr/assertion\s+encrypted/, 'encrypted assertion');
    like(run('decode', fixture('by-sha1'))->{out}, qr/^  - .*sha1/m, 'weak algorithm');
};

subtest 'decode: HAR' => sub {
    my $b64 = encode_base64(slurp(fixture('good')), '');
    my ($location, $posted) = map { $json->encode([$_]) =~ s/\A\[|\]\z//gr }
        'https://idp.example/saml2?SAMLRequest=' . percent(deflated($request)), 'SAMLResponse=' . percent($b64);
    # In the order in which browsers write the members.
    my $har = <<"HAR";
{ "log": { "version": "1.2", "entries": [
  { "time": -1.5e3, "request": { "method": "GET", "url": "https://app.example/?q=1",
      "queryString": [ { "name": "q", "value": "1" } ] },
    "response": { "status": 302, "headers": [ { "name": "Location", "value": $location } ],
      "content": { "text": "var a = \\"SAMLResponse=\\" + x; \\u00e4\\ud83d\\ude00\\ud83d" } } },
  { "request": { "method": "POST", "url": "https://sp.example.org/saml/acs?secret=1",
      "postData": { "text": $posted,
        "params": [ { "name": "SAMLResponse", "value": "$b64" }, { "name": "RelayState", "value": "x" } ] } },
    "response": { "status": 303, "ok": true, "none": null, "list": [], "no": {} } } ] } }
HAR
    my $r = run('decode', spew('x.har', $har));
    is($r->{code}, 0, 'exit code') or diag($r->{err});
    my $count = () = $r->{out} =~ /^---- message \d of 2 ----$/mg;
    is($count, 2, 'each message once');
    like($r->{out}, qr{found in\s+POST https://sp\.example\.org/saml/acs$}m, 'where it was, without the query');
    like($r->{out}, qr/a request to sign on.*an answer to a sign-on/s, 'in order');

    for my $case ([ '{}', qr/HAR file: expected a request or form/ ], [ '{"a":', qr/JSON: expected a JSON value, got the end/ ],
        [ '{"a":1} x', qr/nothing behind the JSON value/ ], [ '{"a":"\x"}', qr/an escape sequence/ ],
        [ '{"a":' x 100, qr/\[too-large\]/ ], [ '{"a" 1}', qr/expected ":"/ ]) {
        my $bad = run([ $case->[0] ], 'decode', '-');
        is($bad->{code}, 1, 'bad HAR: exit code');
        like($bad->{err}, $case->[1], 'bad HAR: reason');
    }
};

subtest 'decode: could not' => sub {
    for my $case ([ '', 'empty' ], [ 'hello', 'a word' ], [ "\x00\xff", 'octets' ], [ 'SAMLRequest=%zz', 'bad escape' ],
        [ encode_base64('hello', ''), 'base64 of something else' ]) {
        my $r = run([ $case->[0] ], 'decode', '-');
        is($r->{code}, 1, "$case->[1]: exit code");
        like($r->{err}, qr/no SAML message \[(?:malformed|too-large)\]: \S/, "$case->[1]: reason");
    }
    my $r = run([ '<a><b></a>' ], 'decode', '-');
    is($r->{code}, 1, 'broken XML: exit code');
    like($r->{out}, qr/not readable \[malformed\]/, 'broken XML: reason');
    cannot_run('file missing', run('decode', "$tmp/none"), qr/expected a readable file/);
    cannot_run('no file', run('decode'), qr/expected a FILE, a URL, or - for standard input, got none/);
    cannot_run('two files', run('decode', 'a', 'b'), qr/expected one FILE, got also "b"/);
};

# What comes from outside must neither drive a terminal nor break the JSON.
subtest 'hostile text' => sub {
    my $evil = "a\xc2\x9b31m\xe2\x80\xaeb&#x85;\xc3\xa4";
    my $xml = qq{<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" ID="$evil"}
        . qq{ Destination="$evil"/>};
    my $r = run([$xml], 'decode', '-');
    is($r->{code}, 0, 'decode: exit code');
    unlike($r->{out}, qr/\xc2[\x80-\x9f]|\xe2\x80\xae|\e/, 'decode: nothing that moves a cursor');
    like($r->{out}, qr/\\u009b31m\\u202eb\\u0085\xc3\xa4/, 'decode: shown escaped, letters as they are');
    my $v = verdict('verify', run([$xml], 'verify', options(json => ''), '-'));
    is($v->{verdict}, 'refused', 'verify: refused');
    cannot_run('file name', verify("$tmp/\e[31m\xff"), qr/\\x1b\[31m\\xff: expected a readable file/);
};

done_testing;
