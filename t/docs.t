#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The documents and the code say the same: directives, status names, endpoints, claims, weak things, the command's
# options, and links that lead somewhere.
use strict;
use warnings;
use File::Basename qw(dirname);
use Test::More;

my $top = $ENV{SSO_SRCDIR} or die 'SSO_SRCDIR is not set';
my $cli = $ENV{SSO_CLI} or die 'SSO_CLI is not set';
my @documents = ('README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'doc/manual.md', 'doc/directives.md', 'doc/entra.md', 'doc/threats.md');

sub slurp
{
    my ($file) = @_;

    open my $from, '<:encoding(UTF-8)', "$top/$file" or die "$file: $!";
    local $/;
    return scalar readline $from;
}

my %text = map { $_ => slurp($_) } @documents;

# The part of a document under a heading, up to the next one of its level or above.
sub section
{
    my ($file, $heading) = @_;
    my ($level) = $heading =~ /^(#+)/;
    my $depth = length $level;

    $text{$file} =~ /^\Q$heading\E\n(.*?)(?=^#{1,$depth} |\z)/ms or die "$file has no \"$heading\"";
    return $1;
}

# Cells of the rows of the tables in a text, without heads and rules; "\|" is no end of a cell.
sub rows
{
    my ($part) = @_;
    my @rows;

    for my $line (grep { /^\|/ } split /\n/, $part) {
        my @cells = split /(?<!\\)\|/, $line;
        shift @cells;
        s/^\s+|\s+$//g for @cells;
        push @rows, \@cells if grep { !/^-*$/ } @cells;
    }
    return @rows;
}

sub same_names
{
    my ($got, $want, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is join("\n", sort @$got), join("\n", sort @$want), $name;
}

# What `saml-sso ARGUMENTS` prints.
sub help
{
    my (@args) = @_;

    open my $from, '-|', $cli, @args, '--help' or die "$cli: $!";
    local $/;
    my $help = readline $from;
    close $from or die "saml-sso @args --help failed: $?";
    return $help;
}

# ---- directives ----

my @directives = slurp('sso/directives.c') =~ /(?:APP_\w+\(\w+,|AP_INIT_\w+\()\s*"(<?SAML\w+)"/g;
my %is_directive = map { s/^<//r => 1 } @directives;

cmp_ok scalar(@directives), '>', 20, 'directives are found in the code';

subtest 'the reference has each directive' => sub {
    my @headings = $text{'doc/directives.md'} =~ /^### (.+)$/mg;

    same_names([map { /^`(<\w+)>` container$/ ? $1 : $_ } @headings], \@directives, 'neither more nor less');
    for my $heading (@headings) {
        my $part = section('doc/directives.md', "### $heading");
        my ($name) = $heading =~ /(\w+)/;

        like $part, qr/^\| Syntax \| `<?$name /m, "$heading: syntax";
        like $part, qr/^\| Default \| \S/m, "$heading: default";
        like $part, qr/^\| Context \| \S/m, "$heading: context";
        like $part, qr/^```apache\n(?:[^`]*\n)?\s*<?$name /m, "$heading: example" unless $part =~ /Example: see/;
    }
};

subtest 'the README has each directive' => sub {
    my @names;

    for my $row (rows(section('README.md', '## Directives'))) {
        next if $row->[0] eq 'directive';
        my ($name) = $row->[0] =~ /^\[([^\]]+)\]\(doc\/directives\.md#\w+/;
        ok defined $name, "a link in: $row->[0]" or next;
        $name =~ s/^&lt;(\w+)&gt;$/<$1/;
        push @names, $name;
        isnt $row->[2], '', "$name: a meaning";
    }
    same_names(\@names, \@directives, 'neither more nor less');
};

for my $file (@documents) {
    my %unknown = map { $_ => 1 } grep { !$is_directive{$_} && !/^SAML(?:Request|Response)$/ }
        $text{$file} =~ /\b(SAML[A-Z]\w+)/g;

    is join(' ', sort keys %unknown), '', "$file names no directive that there is not";
}

subtest 'weak things' => sub {
    my ($names) = slurp('saml/err.c') =~ /saml_allow_names\(void\)\s*\{\s*return "([^"]+)";/;
    my @rows = rows(section('doc/directives.md', '### SAMLAllow'));

    same_names([map { $_->[0] =~ /^`([\w-]+)`$/ ? $1 : () } @rows], [split /, /, $names], 'each with what it accepts');
};

# ---- status names ----

my %status = slurp('saml/err.c') =~ /\[(SAML_E_\w+)\] = "([a-z-]+)"/g;
my %constant = reverse %status;

subtest 'status names' => sub {
    my @rows = grep { $_->[0] =~ /^`/ } rows(section('doc/manual.md', '## Status names'));

    same_names([map { $_->[0] =~ /`([a-z-]+)`/ } @rows], [values %status], 'neither more nor less');
    for my $row (@rows) {
        my ($name, $meaning, $remedy, $tested) = @$row;
        my @files = $tested =~ /`([\w.]+)`/g;

        $name =~ tr/`//d;
        isnt $meaning, '', "$name: what it means";
        isnt $remedy, '', "$name: what to do";
        cmp_ok scalar(@files), '>', 0, "$name: where it is tested";
        for my $file (@files) {
            my $test = slurp($file =~ /\.c$/ ? "t/unit/$file" : "t/$file");

            like $test, $file =~ /\.c$/ ? qr/\b$constant{$name}\b/ : qr/['"\[]$name\b/, "$name: stands in $file";
        }
    }
};

# The words of `saml-sso explain` on each of the names, which are those of the log and the page: { name => { meaning, fix, ... } }.
sub explained
{
    my (@names) = @_;

    open my $from, '-|', $cli, 'explain', @names or die "$cli: $!";
    local $/ = '';
    my %said = map { /^(\S+)\n/ ? ("$1" => { /^  (meaning|who mends|fix) +(.*)$/mg }) : () } readline $from;
    close $from or die "saml-sso explain @names failed: $?";
    return \%said;
}

# A cell without what makes it a link or a word of code.
sub plain
{
    my ($cell) = @_;

    $cell =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
    return $cell =~ tr/`//dr;
}

subtest 'saml-sso explain says of status names what the manual says' => sub {
    my $said = explained(values %status);

    for my $row (grep { $_->[0] =~ /^`/ } rows(section('doc/manual.md', '## Status names'))) {
        my ($name, @cells) = map { plain($_) } @$row;

        is $cells[0], $said->{$name}{meaning}, "$name: meaning";
        is $cells[1], $said->{$name}{fix}, "$name: fix";
    }
};

subtest "Entra's codes" => sub {
    my @rows = grep { $_->[0] =~ /^`/ } rows(section('doc/manual.md', "## Entra's codes"));
    my @known = slurp('saml/texts.c') =~ /^ *\{ "(AADSTS\d+)"/mg;

    my $said = explained(@known);

    same_names([map { plain($_->[0]) } @rows], \@known, 'neither more nor less');
    for my $row (@rows) {
        my ($name, @cells) = map { plain($_) } @$row;

        is_deeply { meaning => $cells[0], 'who mends' => $cells[1], fix => $cells[2] }, $said->{$name}, $name;
    }
};

subtest 'what the browser gets' => sub {
    my %code = (HTTP_BAD_REQUEST => 400, HTTP_REQUEST_ENTITY_TOO_LARGE => 413, HTTP_SERVICE_UNAVAILABLE => 503,
        HTTP_FORBIDDEN => 403);
    my %sent = slurp('sso/refusal.c') =~ /\[(SAML_E_\w+)\] = (HTTP_\w+),/g;
    my ($sentence) = section('doc/manual.md', '## Status names') =~ /^(To the browser .*?\.)\n\n/ms;
    my %said;

    while ($sentence =~ /((?:`[a-z-]+`(?: and |, )?)+)(?: are)? (\d{3})/g) {
        my ($names, $number) = ($1, $2);
        $said{$_} = $number for $names =~ /`([a-z-]+)`/g;
    }
    is_deeply { map { $_ => $said{$_} || 403 } values %status },
        { map { $status{$_} => $code{ $sent{$_} // 'HTTP_FORBIDDEN' } } keys %status }, 'as the page has it';
};

# ---- the threat model, and Entra ----

# Of the tests that a cell names, `FILE` "TITLE", "TITLE"; ..., those that are not there.
sub lacking
{
    my ($cell) = @_;
    my @lacking;

    for my $test (split /;/, $cell) {
        my ($file, $titles) = $test =~ /^\s*`([\w.\/]+)`(.*)/ or push(@lacking, $test), next;
        my $is = -e "$top/$file" ? slurp($file) : '';

        push @lacking, $file if $is eq '';
        push @lacking, map { "$file: $_" } grep { index($is, $_) < 0 } $titles =~ /"([^"]+)"/g;
    }
    return @lacking;
}

subtest 'each attack that is stopped has tests' => sub {
    my %tests = map { @$_[0, 1] } grep { $_->[0] ne 'attack' } rows($text{'doc/threats.md'});
    my @rows = map { $_->[0] } grep { $_->[0] ne 'attack' } rows(section('SECURITY.md', '## What each check stops'));

    same_names([keys %tests], \@rows, 'the same rows');
    for my $row (@rows) {
        isnt $tests{$row} // '', '', "$row: is tested";
        is join("\n", lacking($tests{$row} // '')), '', "$row: by what there is";
    }
};

subtest 'what Entra asks for is done or refused, and has tests' => sub {
    my @rows = grep { $_->[0] !~ /^(?:Entra|open)$/ } rows($text{'doc/entra.md'});

    cmp_ok scalar(@rows), '>=', 70, 'each thing has a row';
    for my $row (@rows) {
        is scalar(@$row), 3, "$row->[0]: three cells";
        is join("\n", lacking($row->[2] // '-')), '', "$row->[0]: by what there is";
    }
    for my $row (grep { $_->[0] !~ /^(?:Entra|open)$/ } rows($text{'doc/entra.md'} =~ s/^## 12\..*//msr)) {
        like $row->[1], qr/^(?:done|refused)/, "$row->[0]: done or refused";
    }
};

# ---- endpoints and claims ----

subtest 'endpoints' => sub {
    my %methods = map { /\{ "(\w+)", SSO_ENDPOINT_\w+, ([01]), ([01]),/
        ? ("/saml/$1" => join ', ', ($2 ? 'GET' : ()), ($3 ? 'POST' : ())) : () } split /\n/, slurp('sso/endpoint.c');
    my %said = map { $_->[0] =~ /^`(\S+)`$/ ? ($1 => $_->[1]) : () } rows(section('doc/manual.md', '## Endpoints'));

    cmp_ok scalar(keys %methods), '>', 0, 'are found in the code';
    is_deeply \%said, \%methods, 'with the methods that they take';
};

subtest 'claims' => sub {
    my $source = slurp('saml/claims.c');
    my %prefix = $source =~ /^#define (\w+) +"(http[^"]+)"/mg;
    my %uri;

    $uri{$1} = $prefix{$2} . $3 while $source =~ /\{ "(\w+)",\s+(\w+) "([^"]+)" \}/g;
    my %said = map { $_->[1] =~ /^`(http\S+)`$/ ? ($_->[0] =~ tr/`//dr => $1) : () }
        rows(section('doc/manual.md', '## Claims'));

    cmp_ok scalar(keys %uri), '>', 0, 'are found in the code';
    is_deeply \%said, \%uri, 'with their full names';
};

# ---- the command ----

my @commands = help() =~ /^  ([\w-]+) {2,}\S/mg;
my $man = slurp('doc/saml-sso.1');

$man =~ s/\\-/-/g;
$man =~ s/\\f[A-Z]//g;
cmp_ok scalar(@commands), '>', 0, 'saml-sso --help names commands';

subtest 'the man page' => sub {
    my %option = ('--help' => 1);

    for my $command (@commands) {
        my $help = help($command);

        like $man, qr/\b$command\b/, $command;
        $option{$_} = 1 for $help =~ /(?<![\w-])(--[a-z][\w-]*)/g;
        like section('doc/manual.md', '## saml-sso'), qr/^\| `saml-sso $command` \|/m, "$command: in the manual";
    }
    my %said = map { $_ => 1 } $man =~ /(?<![\w-])(--[a-z][\w-]*)/g;
    delete $said{'--version'} if help() =~ /--version/;
    same_names([keys %said], [keys %option], 'has the options of --help, neither more nor less');
    like $man, qr/^\.TH\s+"?SAML-SSO/mi, 'is a man page';
};

# ---- links, version, ./setup ----

sub anchors
{
    my ($file) = @_;
    my %seen;

    return map {
        my $anchor = lc $_;
        $anchor =~ s/[^\w\- ]//g;
        $anchor =~ tr/ /-/;
        $seen{$anchor}++ ? "$anchor-" . ($seen{$anchor} - 1) : $anchor;
    } $text{$file} =~ /^#+ (.+)$/mg;
}

for my $file (@documents) {
    my $prose = $text{$file} =~ s/^(```)\w*\n.*?^\1$//gmsr;
    my @dead;

    for my $link ($prose =~ /\]\(([^)\s]+)\)/g) {
        next if $link =~ m{^https?://};
        my ($path, $anchor) = split /#/, $link, 2;
        my $folder = dirname($file);
        my $to = $path eq '' ? $file : $folder eq '.' ? $path : "$folder/$path";

        1 while $to =~ s{[^/]+/\.\./}{};
        push @dead, $link unless -e "$top/$to";
        push @dead, $link if defined $anchor && !grep { $_ eq $anchor } anchors($to);
    }
    is join(' ', @dead), '', "$file: every link leads somewhere";
}

my ($version) = slurp('configure.ac') =~ /^AC_INIT\(\[mod_saml_sso\], \[([^\]]+)\]\)/m;
like slurp('CHANGES'), qr/^Changes with mod_saml_sso \Q$version\E$/m, "CHANGES has version $version";

my ($setup) = slurp('setup') =~ /^build \| (.+?)\) "command_/m;
same_names([do { my %seen; grep { !$seen{$_}++ } $text{'README.md'} =~ m{\./setup (\w+)}g }], ['build', split / \| /, $setup],
    'README tells each command of ./setup');

done_testing;
