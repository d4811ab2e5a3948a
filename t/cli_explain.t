#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# saml-sso explain: Entra's codes, SAML's and the module's, by every way to write them; and what decode says of a failure.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $cli = $ENV{SSO_CLI} or BAIL_OUT('SSO_CLI: expected the path of saml-sso, got none');
my $src = $ENV{SSO_SRCDIR} or BAIL_OUT('SSO_SRCDIR: expected the source folder, got none');
my $tmp = tempdir(CLEANUP => 1);

sub slurp
{
    my ($file) = @_;

    open my $f, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar(readline $f) // '';
}

sub run
{
    my (@args) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDIN, '<', '/dev/null' or die;
        open STDOUT, '>', "$tmp/stdout" or die;
        open STDERR, '>', "$tmp/stderr" or die;
        exec { $cli } $cli, @args or die "$cli: $!";
    }
    waitpid $pid, 0;
    my $code = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
    return { code => $code, out => slurp("$tmp/stdout"), err => slurp("$tmp/stderr") };
}

subtest 'a code of Entra' => sub {
    my $want = run('explain', 'AADSTS50105');

    is $want->{code}, 0, 'is known';
    is $want->{err}, '', 'nothing on stderr';
    like $want->{out}, qr/^AADSTS50105\n  meaning .* not assigned .*\n  who mends   an administrator\n  fix .* assign .*\n  look-up {5}https:\S+code=50105\n\z/,
        'with meaning, who mends it, fix, and where to look it up';
    for my $way ('50105', 'aadsts50105', 'AADSTS50105: Your administrator has configured the application ...', 'Error (AADSTS50105)') {
        is run('explain', $way)->{out}, $want->{out}, "the same by: $way";
    }
    my $other = run('explain', 'AADSTS98765');
    is $other->{code}, 1, 'one that is not in the list';
    like $other->{out}, qr{AADSTS98765 is not in this list.*https://login\.microsoftonline\.com/error\?code=98765\n}s,
        'with where to look it up';
};

subtest "a code of SAML's" => sub {
    my $want = run('explain', 'NoPassive');

    is $want->{code}, 0, 'is known';
    like $want->{out}, qr/^NoPassive\n  meaning .*\n  who mends   the user\n  fix .*\n\z/, 'with meaning, who mends it, and fix';
    for my $way ('nopassive', 'urn:oasis:names:tc:SAML:2.0:status:NoPassive') {
        is run('explain', $way)->{out}, $want->{out}, "the same by: $way";
    }
    is run('explain', 'urn:example:NoPassive')->{code}, 1, 'that of another is not known';
};

subtest 'a status name' => sub {
    my $r = run('explain', 'recipient');

    is $r->{code}, 0, 'is known';
    like $r->{out}, qr/^recipient\n  meaning .*\n  fix .*\n  on the page The sign-in answer was meant for another address\.\n\z/,
        'with meaning, fix, and what the user has read';
    like run('explain', 'access-denied')->{out}, qr/^access-denied\n  meaning .*Require/, 'access-denied too';
    is run('explain', 'ok')->{code}, 1, '"ok" is none';
};

subtest 'several' => sub {
    my $r = run('explain', '50105', 'recipient');

    is $r->{code}, 0, 'are known';
    is $r->{out}, run('explain', '50105')->{out} . "\n" . run('explain', 'recipient')->{out}, 'one after the other';
    is run('explain', 'recipient', 'nothing', '50105')->{code}, 1, 'one is not';
};

subtest 'what is none' => sub {
    for my $word ('123', '123456789', 'AADSTS', 'nothing', "\e[31mred", 'Recipient') {
        my $r = run('explain', $word);

        is $r->{code}, 1, "$word: is not known";
        like $r->{out}, qr{--list.*https://login\.microsoftonline\.com/error\n}s, 'but where to look';
        unlike $r->{out}, qr/\e/, 'and nothing for the terminal to obey';
    }
};

subtest '--list' => sub {
    my $r = run('explain', '--list');
    my %meaning = $r->{out} =~ /^  (\S+) +(\S.*)$/mg;

    is $r->{code}, 0, 'is printed';
    cmp_ok scalar(grep { /^AADSTS\d+$/ } keys %meaning), '>=', 50, "Entra's codes";
    ok exists $meaning{$_}, "$_ is in it" for qw(recipient overage access-denied Requester UnsupportedBinding AADSTS75011);
    my $each = run('explain', sort keys %meaning);
    is $each->{code}, 0, 'each is known';
    my %said = $each->{out} =~ /^(\S+)\n  meaning     (.*)$/mg;
    is_deeply \%said, \%meaning, 'and explain says the same';
};

subtest 'wrong use' => sub {
    for my $case ([[], qr/expected a CODE or --list, got none/], [['--list', 'a'], qr/got both/], [['--nothing'], qr/there is no option/], [['--list=x'], qr/expected no value/]) {
        my $r = run('explain', @{ $case->[0] });

        is $r->{code}, 2, "explain @{ $case->[0] }";
        like $r->{err}, $case->[1], 'says what was expected';
        is $r->{out}, '', 'and prints nothing else';
    }
    my $help = run('explain', '--help');
    is $help->{code}, 0, '--help';
    like $help->{out}, qr/^Usage: saml-sso explain CODE\.\.\.$/m, 'shows how';
};

subtest 'decode of a failure' => sub {
    my $r = run('decode', "$src/t/fixtures/response-status-requester.xml");

    like $r->{out}, qr/^  +meaning +AADSTS50105: The account is not assigned/m, 'has the words';
    like $r->{out}, qr/^  +fix +In the portal.*\(an administrator\)$/m, 'the fix and who';
    like $r->{out}, qr/^  +look-up +https:\S+code=50105$/m, 'and where to look it up';
    like run('decode', "$src/t/fixtures/response-status-responder.xml")->{out}, qr/^  +meaning +Responder: /m, "SAML's code has words too";
    unlike run('decode', "$src/t/fixtures/response-good.xml")->{out}, qr/^  +meaning /m, 'success needs none';
};

subtest 'verify of what is refused' => sub {
    my @verify = ('verify', '--idp-cert', "$src/t/fixtures/idp.crt", '--audience', 'https://sp.example.org/saml',
        '--in-response-to', '_r4f1d0c9a', '--now', '2026-03-02T09:15:30Z', '--acs');

    like run(@verify, 'https://sp.example.org/saml/acs', "$src/t/fixtures/response-status-requester.xml")->{out},
        qr/^refused \[status\]\n  StatusCode: .*\n  AADSTS50105: The account .* Mend \(an administrator\): .*\n\z/, 'by the code';
    like run(@verify, 'https://other.example/acs', "$src/t/fixtures/response-good.xml")->{out},
        qr/^refused \[destination\]\n  .*\n  Mend: make the reply URL at the identity provider/, 'by the status name';
};

done_testing;
