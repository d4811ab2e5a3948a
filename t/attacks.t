#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The attacks of t/attacks/ against `saml-sso verify`: each refused with its status and a reason, or accepted for what is
# signed; within a second of CPU and 64 MB. SSO_CLI names the program, SSO_SRCDIR the source.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP ();
use Test::More;

use constant {
    MAX_CPU_S => $ENV{SSO_SANITIZED} ? 10 : 1,
    MAX_KIB   => $ENV{SSO_SANITIZED} ? 0 : 64 * 1024,     # a sanitizer's own memory says nothing
    CANARY    => 'eve@',
};

my $cli = $ENV{SSO_CLI} or BAIL_OUT('SSO_CLI: expected the path of saml-sso, got none');
my $src = $ENV{SSO_SRCDIR} or BAIL_OUT('SSO_SRCDIR: expected the source folder, got none');
my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';
my $tmp = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical;

sub slurp {
    my ($file) = @_;
    open my $f, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$f>;
}

sub output {
    my @command = @_;
    open my $from, '-|', @command or die "$command[0]: $!";
    local $/;
    my $text = <$from>;
    close $from or die "@command: exit $?";
    return $text;
}

sub judge {
    my ($case, $got) = @_;
    my $verdict = eval { $json->decode($got->{out}) } // {};
    my $status = $verdict->{verdict} // 'nothing';
    my @wrong;

    $status = $verdict->{status} // 'none' if $status eq 'refused';
    push @wrong, "status: expected $case->{status}, got $status" if $status ne $case->{status};
    my $code = $case->{status} eq 'accepted' ? 0 : 1;
    push @wrong, "exit code: expected $code, got $got->{exit}" if $got->{exit} ne $code;
    if ($status eq 'accepted') {
        push @wrong, 'what the attacker wants believed was accepted' if index($got->{out}, CANARY) >= 0;
        push @wrong, "NameID: expected $case->{user}, got $verdict->{name_id}{value}"
            if defined $case->{user} && $verdict->{name_id}{value} ne $case->{user};
        push @wrong, 'attributes: expected ' . $json->encode($case->{attributes}) . ', got ' . $json->encode($verdict->{attributes})
            if $case->{attributes} && $json->encode($case->{attributes}) ne $json->encode($verdict->{attributes});
        push @wrong, "output: expected /$case->{says}/" if defined $case->{says} && $got->{out} !~ /$case->{says}/;
    }
    elsif (defined $case->{says} && ($verdict->{reason} // '') !~ /$case->{says}/) {
        push @wrong, "reason: expected /$case->{says}/, got " . ($verdict->{reason} // 'none');
    }
    push @wrong, "CPU: expected at most ${\ MAX_CPU_S} s, took $got->{cpu_s} s" if $got->{cpu_s} > MAX_CPU_S;
    push @wrong, "memory: expected at most ${\ MAX_KIB} KiB, took $got->{kib}" if MAX_KIB && $got->{kib} > MAX_KIB;
    ok(!@wrong, "$case->{name}: $case->{status}")
        or diag(join "\n", "$case->{name}: $case->{changed}", @wrong, substr($got->{out}, 0, 1000));
    return;
}

output($python, "$src/t/attacks/generate.py", $tmp);
my $head = JSON::PP::decode_json(slurp("$tmp/cases.json"));
my %got = map { $_->{name} => $_ } map { JSON::PP::decode_json($_) }
    split /\n/, output($python, '-B', "$src/t/attacks/judge.py", $cli, $tmp);
cmp_ok(scalar @{ $head->{cases} }, '>=', $ENV{ATTACK_FAMILIES} ? 1 : 150, 'the cases are there');
for my $case (@{ $head->{cases} }) {
    $got{ $case->{name} } ? judge($case, $got{ $case->{name} }) : fail("$case->{name}: was not judged");
}
my ($slowest) = sort { $b->{cpu_s} <=> $a->{cpu_s} } values %got;
my ($largest) = sort { $b->{kib} <=> $a->{kib} } values %got;
note("most CPU: $slowest->{name}, $slowest->{cpu_s} s; most memory: $largest->{name}, $largest->{kib} KiB");

ok(output($python, "$src/t/attacks/generate.py", '--table') eq slurp("$src/doc/attacks.md"),
    'doc/attacks.md is the table (else: t/attacks/generate.py --table > doc/attacks.md)');
done_testing();
