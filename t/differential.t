#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The messages of t/fixtures/ and t/attacks/ before saml-sso and before two others: the JDK (t/differential/Differential.java),
# which shares no code with it, and lxml with python3-xmlsec (t/differential/third.py). Whatever saml-sso accepts, they verify, and
# the same identity stands in the octets that the JDK digested. Where the verdicts differ, a rule of t/differential/explained.txt
# says why; a difference without a rule fails, and so does a rule without a difference.
#
#   differential.t            the test
#   differential.t --table    doc/differential.md
#   differential.t --list     the differences, and the rule of each
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Glob qw(bsd_glob);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $src = $ENV{SSO_SRCDIR} // '.';
my $tmp = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->utf8;
my $fixtures = abs_path("$src/t/fixtures");
# Fixed, as the fixtures are made for it; the fresh keys of the attacks are made valid around it.
my $now = '2026-03-02T09:15:30Z';
my %name_of = (jdk => 'the JDK', xmlsec => 'python3-xmlsec');
# What saml-sso says of it: these come after the signatures were verified, so that they are a verdict on them.
my %is_later = map { $_ => 1 } qw(conditions not-before expired audience subject recipient confirmation authn-statement
    session-expired name-id claim replay);

my $about_assertion = qr/^(?:Assertion |(?:Format|Issuer) of the Assertion\b|SubjectConfirmationData |Encrypted(?:ID|Attribute)\b)/;

sub slurp
{
    my ($file) = @_;

    open my $from, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar readline $from;
}

sub spew
{
    my ($file, $data) = @_;

    open my $to, '>:raw', $file or die "$file: $!";
    print {$to} $data;
    close $to or die "$file: $!";
    return;
}

# Starts a program with a file for its input. What it prints is fetched with lines_of.
sub start
{
    my ($name, $input, @command) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDIN, '<', $input or die "$input: $!";
        open STDOUT, '>', "$tmp/$name.out" or die "$tmp/$name.out: $!";
        exec 'timeout', '-k', '10', '600', @command or die "timeout: $!";
    }
    return { pid => $pid, file => "$tmp/$name.out", command => $command[0] };
}

sub lines_of
{
    my ($started) = @_;

    waitpid $started->{pid}, 0;
    $? == 0 or die "$started->{command} failed, status " . ($? >> 8) . "; is it installed?\n";
    return split /^/, slurp($started->{file});
}

# ---- the rules ----

sub read_rules
{
    my @rules;

    for my $stanza (split /\n{2,}/, slurp("$src/t/differential/explained.txt") =~ s/^#.*\n//mgr) {
        my (%rule, $field);
        for (split /\n/, $stanza) {
            if (/^(\w+): +(.+)$/) { $rule{ $field = $1 } = $2 }
            elsif (/^ +(.+)$/ && $field) { $rule{$field} .= " $1" }
            elsif (/\S/) { die "explained.txt: expected \"field: text\", got \"$_\"\n" }
        }
        next if !%rule;
        for (qw(rule by ours theirs cases why spec)) {
            die "explained.txt: a rule without $_: $stanza\n" if !defined $rule{$_};
        }
        $rule{ours} = { map { $_ => 1 } split ' ', $rule{ours} };
        $rule{by} = { map { $name_of{$_} ? ($_ => 1) : die "explained.txt: by $_\n" } split ' ', $rule{by} };
        my $globs = join '|', map { quotemeta =~ s/\\\*/.*/gr } split ' ', $rule{cases};
        $rule{is_case} = qr/\A(?:$globs)\z/;
        push @rules, \%rule;
    }
    return @rules;
}

sub explains
{
    my ($rule, $d) = @_;

    return $rule->{by}{ $d->{by} } && $rule->{theirs} eq $d->{theirs} && $rule->{ours}{ $d->{ours} }
        && $d->{name} =~ $rule->{is_case}
        && (!defined $rule->{says} || $d->{reason} =~ /$rule->{says}/)
        && (!defined $rule->{replies} || $d->{reply} =~ /$rule->{replies}/);
}

# ---- the verdicts ----

sub fixture_cases
{
    my @files = sort { $a cmp $b } map { s/.*\///r } bsd_glob("$fixtures/response-*.xml");

    # judge.py writes beside what it reads, and the sources are not ours to write to.
    mkdir "$tmp/fixtures" or die $!;
    symlink "$fixtures/$_", "$tmp/fixtures/$_" or die "$_: $!" for @files;
    my @cases = map { +{ name => s/response-(.*)\.xml$/fixture-$1/r, file => "$tmp/fixtures/$_", certs => ['idp'], allow => [],
        key => JSON::PP::true, unsolicited => JSON::PP::false } } @files;
    spew("$tmp/fixtures/cases.json", $json->encode({ now => $now,
        issuer => 'https://sts.windows.net/11111111-2222-4333-8444-555555555555/', acs => 'https://sp.example.org/saml/acs',
        audience => 'https://sp.example.org/saml', in_response_to => '_r4f1d0c9a', cases => \@cases }));
    return map { +{ %$_, xml => $_->{file}, keys => $fixtures } } @cases;
}

sub attack_cases
{
    mkdir "$tmp/attacks" or die $!;
    system('/usr/bin/python3', '-B', "$src/t/attacks/generate.py", "$tmp/attacks", '--xml') == 0 or die "generate.py failed\n";
    my $made = $json->decode(slurp("$tmp/attacks/cases.json"));
    # What is about its size alone, the others need not read: some of it keeps them busy for minutes.
    my @cases = grep { $_->{status} ne 'too-large' } @{ $made->{cases} };
    spew("$tmp/attacks/cases.json", $json->encode({ %$made, cases => \@cases }));
    for (@cases) {
        my $file = "$tmp/attacks/$_->{file}";
        $_ = { %$_, xml => -e "$file.xml" ? "$file.xml" : $file, keys => "$tmp/attacks" };
    }
    return @cases;
}

# All of them before saml-sso, with the attacks' own judge.py.
sub start_judge
{
    my ($folder, $keys) = @_;

    return start($folder =~ s/.*\///r, '/dev/null', '/usr/bin/python3', '-B', "$src/t/attacks/judge.py", $ENV{SSO_CLI}, $folder,
        $keys);
}

# What saml-sso says: accepted, "holds" where it refuses for something that it looks at once the signatures are verified, or the
# status of the refusal.
sub our_verdicts
{
    my %verdict;

    for (map { lines_of($_) } @_) {
        my $r = $json->decode($_);
        my $said = $r->{out} =~ /^\{/ ? JSON::PP->new->decode($r->{out}) : {};
        my ($status, $reason) = ($said->{status} // '', $said->{reason} // '');
        my $verdict = $said->{verdict} // "exit $r->{exit}";
        my $later = $is_later{$status} || $reason =~ $about_assertion;

        $said->{ours} = $verdict eq 'accepted' ? $verdict : $later ? 'holds' : $status || $verdict;
        $verdict{ $r->{name} } = $said;
    }
    return %verdict;
}

sub their_verdicts
{
    my ($started) = @_;
    my %verdict;

    for (lines_of($started)) {
        my $r = $json->decode($_);
        my @signatures = @{ $r->{signatures} };
        my @bad = grep { $_->{verdict} ne 'verified' || !$_->{covers} } @signatures;

        my @why = ($r->{why}, map { $_->{why} // ($_->{covers} ? undef : 'covers something else') } @bad);

        $r->{theirs} = $r->{well_formed} && @signatures && !@bad && ($r->{decrypted} // 1) ? 'accepts' : 'refuses';
        $r->{reply} = join '; ', grep { defined } @why;
        $verdict{ $r->{name} } = $r;
    }
    return %verdict;
}

# ---- the comparison ----

# The text of a piece of XML, without its tags and comments.
sub text_of
{
    my ($xml) = @_;
    my %char = (lt => '<', gt => '>', quot => '"', amp => '&', apos => "'");

    $xml =~ s/<!--.*?-->|<\?.*?\?>|<[^>]*>//gs;
    $xml =~ s/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/defined $1 ? chr $1 : defined $2 ? chr hex $2 : $char{$3}/ge;
    return $xml;
}

# A name and attributes as text that can be compared. A value with elements in it is { inner: its text } with the JDK, and XML
# with us; `model`, the JDK's attributes, tells which is which.
sub identity
{
    my ($name_id, $attributes, $model) = @_;
    my %all;

    for my $name (keys %$attributes) {
        my @model = @{ $model->{$name} // [] };
        for my $value (@{ $attributes->{$name} }) {
            my $is_inner = ref shift @model;
            push @{ $all{$name} }, ref $value ? $value->{inner} : $is_inner ? text_of($value) : $value;
        }
        $all{$name} //= [];
    }
    return JSON::PP->new->canonical->encode([$name_id, \%all]);
}

sub same_identity
{
    my ($name, $ours, $theirs) = @_;
    my @read = grep { exists $_->{name_id} } @{ $theirs->{signatures} };

    return fail("$name: the JDK read an identity in what was signed") if !@read;
    for (@read) {
        # White space with a line break in it, around a name, is layout.
        my $name_id = ($_->{name_id} // '') =~ /\n/ ? $_->{name_id} =~ s/^\s+|\s+$//gr : $_->{name_id};
        my $want = identity($name_id, $_->{attributes}, {});
        my $got = identity($ours->{name_id}{value}, $ours->{attributes}, $_->{attributes});

        return is($got, $want, "$name: the identity that stands in the octets which the JDK digested") if $got ne $want;
    }
    return pass("$name: accepted; what was digested says the same");
}

# The two verdicts on one message, where they are not the same; nothing where they are.
sub difference
{
    my ($by, $case, $ours, $theirs) = @_;
    my $holds = $ours->{ours} eq 'accepted' || $ours->{ours} eq 'holds';
    # Nothing is decrypted by the third, so that it has no say there.
    my $blind = $by eq 'xmlsec' && !@{ $theirs->{signatures} } && ($ours->{encrypted} || $ours->{ours} eq 'holds');

    return if $blind || $theirs->{unread} || ($holds ? 'accepts' : 'refuses') eq $theirs->{theirs};
    return { by => $by, name => $case->{name}, ours => $ours->{ours}, reason => $ours->{reason} // '', theirs => $theirs->{theirs},
        reply => $theirs->{reply} };
}

sub table
{
    my @rules = @_;
    my $cell = sub { $_[0] =~ s/\|/\\|/gr =~ s/</&lt;/gr };
    my $text = slurp("$src/t/differential/head.md");

    $text .= "\n| rule | saml-sso | the other | cases | why | by |\n|---|---|---|---|---|---|\n";
    for my $r (@rules) {
        $text .= sprintf "| %s | `%s` | %s: %s | %s | %s | %s |\n", $r->{rule}, join('`, `', sort keys %{ $r->{ours} }),
            join(', ', map { $name_of{$_} } sort keys %{ $r->{by} }), $r->{theirs},
            join(', ', map { $cell->($_ =~ s/\*/\\*/gr) } split ' ', $r->{cases}), $cell->($r->{why}), $cell->($r->{spec});
    }
    return $text;
}

my @rules = read_rules();
my $mode = shift // '';
if ($mode eq '--table') {
    print table(@rules);
    exit 0;
}

$ENV{SSO_CLI} or die 'SSO_CLI: expected the path of saml-sso, got none';
my @cases = (fixture_cases(), attack_cases());
for my $case (@cases) {
    my $certs = join ':', map { "$case->{keys}/$_.crt" } @{ $case->{certs} };
    $case->{line} = join("\t", $case->{name}, $case->{xml}, $certs, $case->{key} ? "$case->{keys}/sp.key" : '') . "\n";
}
spew("$tmp/list", join '', map { $_->{line} } @cases);
my @judges = (start_judge("$tmp/fixtures", $fixtures), start_judge("$tmp/attacks", "$tmp/attacks"));
my $jdk = start('jdk', "$tmp/list", 'java', '-Xshare:auto', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx512m',
    "$src/t/differential/Differential.java");
my $xmlsec = start('xmlsec', "$tmp/list", '/usr/bin/python3', '-B', "$src/t/differential/third.py");
my %theirs = (jdk => { their_verdicts($jdk) }, xmlsec => { their_verdicts($xmlsec) });
my %ours = our_verdicts(@judges);
my (@differences, %used, $accepted, $refused);

for my $case (@cases) {
    my $name = $case->{name};
    my $ours = $ours{$name};
    for my $by (sort keys %theirs) {
        my $theirs = $theirs{$by}{$name} or fail("$name: $name_of{$by} was asked"), next;
        my $d = difference($by, $case, $ours, $theirs) or next;
        $d->{rules} = [grep { explains($_, $d) } @rules];
        $used{ $_->{rule} }++ for @{ $d->{rules} };
        push @differences, $d;
    }
    if ($ours->{ours} eq 'accepted') {
        $accepted++;
        same_identity($name, $ours, $theirs{jdk}{$name}) if $theirs{jdk}{$name}{theirs} eq 'accepts';
    }
    else {
        $refused++;
    }
}
if ($mode eq '--list') {
    printf "%-7s %-45s ours: %s (%s) theirs: %s (%s) [%s]\n", @$_{qw(by name ours reason theirs reply)},
        join(', ', map { $_->{rule} } @{ $_->{rules} }) for @differences;
}
for my $d (@differences) {
    is(scalar @{ $d->{rules} }, 1, "$d->{name}: that $name_of{$d->{by}} $d->{theirs} is explained"
            . (@{ $d->{rules} } ? ' by ' . join(', ', map { $_->{rule} } @{ $d->{rules} }) : ''))
        or diag("saml-sso: $d->{ours} $d->{reason}\n$name_of{$d->{by}}: $d->{theirs} $d->{reply}");
}
ok($used{ $_->{rule} }, "the rule $_->{rule} explains something") for grep { !$_->{varies} } @rules;
cmp_ok($accepted, '>=', 60, "cases are accepted ($accepted)");
cmp_ok($refused, '>=', 130, "cases are refused ($refused)");
is(slurp("$src/doc/differential.md"), table(@rules), 'doc/differential.md is what differential.t --table prints');
note(scalar(@cases) . " cases, " . scalar(@differences) . " differences, " . scalar(@rules) . " rules");
done_testing();
