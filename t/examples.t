#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# conf/examples: each file loads as it stands and with other values, alone and beside the others, and its guide in
# doc/examples tells the same.
use strict;
use warnings;
use File::Basename qw(basename);
use File::Path qw(make_path);
use Test::More;
use File::Glob qw(:bsd_glob);
use SSOTest::Config;
use SSOTest::Httpd;

my $top = $ENV{SSO_SRCDIR} or die 'SSO_SRCDIR is not set';
my @names = map { basename($_, '.conf') } glob "$top/conf/examples/*.conf";
my $c = SSOTest::Config->new;
my $modules = SSOTest::Httpd::_load(qw(socache_shmcb ssl proxy proxy_http authz_groupfile)) . "ServerName main.example.org\n";

sub slurp
{
    my ($file) = @_;

    open my $from, '<:encoding(UTF-8)', $file or die "$file: $!";
    local $/;
    return scalar readline $from;
}

# The files that the examples name, in a folder for each.
my %file = ('sso.secret' => join('', map { sprintf '%02x', $_ } 1 .. 32) . "\n", 'graph.secret' => "a-client-secret\n",
    'users.txt' => "agents: ada\@example.org\n");
for my $name (qw(tls entra)) {
    $c->make_key($name);
}
$file{'tls.key'} = slurp($c->dir . '/tls.key');
$file{'tls.crt'} = slurp($c->dir . '/tls.cer');
$file{'entra.cer'} = slurp($c->dir . '/entra.cer');

sub put_files
{
    my ($folder, @files) = @_;

    make_path($c->dir . "/$folder");
    for my $file (@files) {
        $c->write_file("$folder/$file", $file{$file} // die("$file is none of the files that there are"), 0600);
    }
    return;
}

# Directives that a configuration names, in comments or not.
sub directives { my ($conf) = @_; return { map { $_ => 1 } $conf =~ /^[ \t]*#?[ \t]*<?(SAML[A-Z]\w*|AuthGroupFile)\b/mg } }

sub said_nothing
{
    my ($conf, $name) = @_;
    my ($code, @said) = $c->complaints("$modules$conf");

    return is join("\n", $code, @said), "0\nSyntax OK", $name;
}

# {SAMLIdentifier} and {SAMLReplyURL} of every application that there is.
sub told_to_the_portal
{
    my ($conf) = @_;
    my ($code, $text) = $c->configtest("$modules$conf", '-D', 'DUMP_SAML');
    my %told;

    is $code, 0, 'DUMP_SAML' or diag $text;
    push @{ $told{$1} }, $2 while $text =~ /^    (SAMLIdentifier|SAMLReplyURL) +(\S+)$/mg;
    return ($text, \%told);
}

sub check
{
    my ($path) = @_;
    my $cli = $ENV{SSO_CLI} or die 'SSO_CLI is not set';
    my @found = ('--httpd', SSOTest::Httpd::httpd(), '--modules', SSOTest::Httpd::apxs('LIBEXECDIR'),
        '--module', SSOTest::Httpd::module(), '--server-root', $c->dir);

    open my $from, '-|', $cli, 'check', @found, $path or die "$cli: $!";
    local $/;
    my $text = readline $from;
    close $from;
    return ($? >> 8, $text);
}

my %status = map { $_ => 1 } slurp("$top/saml/err.c") =~ /\[SAML_E_\w+\] = "([a-z-]+)"/g;
my ($denied) = slurp("$top/saml/texts.h") =~ /SAML_ACCESS_DENIED "([a-z-]+)"/;
$status{$denied} = 1;
my $all = '';

is join(' ', sort @names), 'genesys-cloud image-relay impero logz-io sequr', 'the examples';
is join(' ', sort map { basename($_, '.md') } glob "$top/doc/examples/*.md"), join(' ', sort @names), 'a guide for each';

for my $name (@names) {
    my $path = "$top/conf/examples/$name.conf";
    my $conf = slurp($path);
    my $guide = slurp("$top/doc/examples/$name.md");
    my $prefix = uc $name =~ tr/-/_/r;
    my %guarded = $conf =~ /^<IfDefine !(\w+)>\n    Define \1 (\S+)\n<\/IfDefine>$/mg;
    my %optional = $conf =~ /^#Define (\w+) (\S+)$/mg;
    my %define = (%guarded, %optional);
    my ($table) = $guide =~ /^\| Define \|.*?\n(.*?)^$/ms;
    my @files = do { my %seen; grep { !$seen{$_}++ } $conf =~ /\$\{${prefix}_DIR\}\/([\w.]+)/g };

    $all .= "Include \"$path\"\n";
    put_files("saml/$name", @files, map { s{.*/}{}r } values %optional);

    subtest "$name.conf" => sub {
        my ($dump, $told);

        said_nothing("Include \"$path\"\n", 'as it stands');
        ($dump, $told) = told_to_the_portal("Include \"$path\"\n");
        for my $value (map { @$_ } values %$told) {
            next if grep { $_ eq $value } values %define;       # what is set at the top is told there
            ok index($guide, "`$value`") >= 0, "the guide has $value to paste";
        }

        my ($code, $checked) = check($path);
        is $code, 0, 'saml-sso check' or diag $checked;
        for my $value (map { @$_ } values %$told) {
            like $checked, qr/ \Q$value\E$/m, "it says that the portal must hold $value" unless $value =~ /^[0-9-]+$/;
        }

        put_files('other', @files, map { s{.*/}{}r } values %optional);
        my %other = map { $_ => other($_) } keys %define;
        my $set = join '', map { "Define $_ $other{$_}\n" } sort keys %other;
        said_nothing("${set}Include \"$path\"\n", 'with other values');
        ($dump) = told_to_the_portal("${set}Include \"$path\"\n");
        ok $dump !~ /(?:^|[^.\w])\Q$_\E(?:$|[^.\w])/m, "$_ is nowhere left" for grep { !/^443$/ } values %guarded;
    };

    subtest "$name.md" => sub {
        my %named = map { $_ => 1 } $guide =~ /\b(SAML[A-Z]\w*|AuthGroupFile)\b/g;
        my $there = directives($conf);
        my $in_force = directives($conf =~ s/^\s*#.*$//gmr);
        my %explained = map { $_ => 1 } $table =~ /`(\w+)`/g;
        my @reasons = $guide =~ /^\| reason \|.*?\n\|[-|]+\n(.*?)(?:^$|\z)/ms;

        is join(' ', grep { !$there->{$_} } sort keys %named), '', 'it names no directive that the file has not';
        is join(' ', grep { !$named{$_} } sort keys %$in_force), '', 'it names each that is in force';
        is join(' ', sort keys %explained), join(' ', sort keys %define), 'each Define is told, and no other';
        is join(' ', grep { !/^${prefix}_[A-Z_]+$/ } sort keys %define), '', 'their names begin with the example';
        is join(' ', grep { !$define{$_} } $conf =~ /\$\{(\w+)\}/g), '', 'nothing else is expected from outside';
        like $guide, qr/`\Q$_\E`/, "it tells of the file $_" for @files;
        my @statuses = map { (split /\|/)[1] =~ /`([a-z-]+)`/g } split /\n/, $reasons[0];
        cmp_ok scalar(@statuses), '>', 3, 'it tells what refusals mean';
        is join(' ', grep { !$status{$_} } @statuses), '', 'they are those that there are';
        ok -e "$top/doc/examples/$_", "$_ is there" for $guide =~ /\]\(([^)#:]+)/g;
    };
}

sub other
{
    my ($define) = @_;

    return '7443' if $define =~ /_PORT$/;
    return 'other' if $define =~ /_DIR$/;
    return 'https://backend.other.example' if $define =~ /_BACKEND$/;
    return 'other/graph.secret' if $define =~ /_SECRET$/;
    return 'urn:other:audience' if $define =~ /_IDENTIFIER$/;
    return 'OtherOrg' if $define =~ /_ORGANIZATION$/;
    return 'site.other.example' if $define =~ /_(?:HOST|DOMAIN)$/;
    return sprintf '5555%04x-5555-4555-8555-555555555555', length $define if $define =~ /_(?:TENANT|APPLICATION|GROUP)$/;
    die "$define: what else could it be?";
}

said_nothing($all, 'all in one server');

done_testing;
