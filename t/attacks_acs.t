#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The attacks of t/attacks/ posted to the ACS of a real httpd. The server keeps nothing for a sign-on in progress, so that
# one state cookie and one request serve all of them. The log has the status; the client learns nothing but that, gets
# nothing of the message back and no session; no child dies; and a good response gets in before and after.
use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest;

my $attacks = "$ENV{SSO_SRCDIR}/t/attacks";
my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';
my (%profile, %target, %page_of);

sub slurp
{
    my ($file) = @_;

    open my $f, '<:raw', $file or die "$file: $!";
    local $/;
    return scalar <$f>;
}

# An application for each way to be configured: PROFILE at /PROFILE, with its own ACS.
sub application
{
    my ($name) = @_;
    my $allow = join ' ', @{ $profile{$name}{allow} };
    my $certs = join ' ', map { "\"\@ROOT\@/keys/$_\"" } @{ $profile{$name}{certs} };
    my $conf = saml_conf(SAMLIdentifier => "https://app.example/$name", SAMLCertificate => $certs,
        SAMLReplyURL => "http://127.0.0.1:\@PORT\@/saml/$name/acs", length $allow ? (SAMLAllow => $allow) : ());

    return "<SAMLApplication $name>\n$conf" . "SAMLKey \@ROOT\@/keys/sp.key \@ROOT\@/keys/sp.crt\n</SAMLApplication>\n"
        . "<Location \"/$name\">\nAuthType SAML\nSAMLApplication $name\nRequire valid-user\n</Location>\n";
}

# Many a message names something that a careless reader would fetch, and it would do so here.
my $trap = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 5, Blocking => 0) || die "trap: $!";
$ENV{ATTACK_TRAP} = '127.0.0.1:' . $trap->sockport;

my $keys = File::Temp->newdir;
%profile = %{ JSON::PP::decode_json(SSOTest::IdP::run($python, "$attacks/generate.py", '--profiles', "$keys")) };
my $t = SSOTest->new(conf => join('', map { application($_) } sort keys %profile),
    prepare => sub {
        my ($self) = @_;
        my $folder = $self->dir . '/keys';
        mkdir $folder or die "$folder: $!";
        SSOTest::IdP::run('cp', glob("$keys/*.*"), $folder);
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for keys %profile;
    });
$t->tolerate_log(qr/login refused \[/);
$t->tolerate_log(qr/SAMLAllow|SAMLCertificate/);   # what is weak is warned about at startup

# One sign-on in progress per profile: its browser, request and cookies.
for my $name (sort keys %profile) {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get("/$name"));

    $target{$name} = { acs => $request->{acs}, audience => $request->{issuer}, request => $request->{id},
        relay_state => $request->{relay_state}, cookie => $browser->cookie_header($request->{acs}, 'POST', 1) };
}

# Make the messages. The clock goes on, so that those for the end are made at the end.
sub generate
{
    my ($folder, @more) = @_;
    my $dir = $t->dir . "/$folder";

    mkdir $dir or die "$dir: $!";
    $t->httpd->write_file("$folder/targets.json", JSON::PP->new->encode(\%target));
    SSOTest::IdP::run($python, "$attacks/generate.py", $dir, '--keys', $t->dir . '/keys', '--targets', "$dir/targets.json", @more);
    return ($dir, JSON::PP::decode_json(slurp("$dir/cases.json"))->{cases});
}

# POST one message with the cookie of its sign-on, by a browser that has nothing else.
sub deliver
{
    my ($case, $dir) = @_;
    my $at = $target{ $case->{profile} };
    my $form = 'SAMLResponse=' . SSOTest::Browser::url_encode(slurp("$dir/$case->{file}"))
        . '&RelayState=' . SSOTest::Browser::url_encode($at->{relay_state});

    return $t->browser->request('POST', $at->{acs}, type => 'application/x-www-form-urlencoded', body => $form,
        no_cookies => 1, headers => [['Cookie', $at->{cookie}]]);
}

# What the log says of the messages since $from: one status or "accepted".
sub log_status
{
    my ($from) = @_;
    my @lines = split /\n/, $t->httpd->log_text($from);
    my @found = map { /login refused \[([\w-]+)\]/ ? $1 : / login: application "/ ? 'accepted' : () } @lines;

    return join(' and ', @found) || 'nothing';
}

my %is_code = map { /^  (\w+) / ? ($1 => 1) : () } split /^/m, SSOTest::IdP::run($ENV{SSO_CLI}, 'explain', '--list');

# The page says which status it is, and where to look in the log. Beyond that it is the same for all of an application, but for where the
# sign-on that was begun here was to end, and for the words of a code that we know.
sub page_faults
{
    my ($case, $reply) = @_;
    my $body = $reply->body;
    my @wrong;

    $body =~ s{/saml/\Q$case->{profile}\E/}{/saml/APPLICATION/};
    $body =~ s{/login\?target=%2f\w+"}{/login"};
    $body =~ s/<dd>[0-9a-f]{12}</<dd>REFERENCE</;
    my ($shown) = $body =~ m{<dt>Reason</dt><dd>([\w-]+)</dd>};
    push @wrong, 'the page: expected a status name' if !defined $shown;
    my ($code) = ($shown // '') eq 'status' && $body =~ m{<p>(AADSTS\d{4,8}|[A-Z][A-Za-z]+): } ? $1 : '';
    push @wrong, "the page names $code: expected a code that we have words for" if $code && !$is_code{$code};
    my $kind = ($shown // '') . " $code";
    $page_of{$kind} //= $body;
    push @wrong, "the page of $kind: expected the same for every message, got\n$body" if $body ne $page_of{$kind};
    return @wrong;
}

sub judge
{
    my ($case, $dir) = @_;
    my $from = -s $t->dir . '/error_log';
    my $reply = deliver($case, $dir);
    my $status = log_status($from);
    my $session = grep { /^saml-\Q$case->{profile}\E=[^;]/ } $reply->headers('Set-Cookie');
    my @wrong;

    push @wrong, "log: expected $case->{status}, got $status" if $status ne $case->{status};
    push @wrong, 'the answer has what the attacker wrote' if index($reply->{raw}, 'eve@') >= 0;
    if ($case->{status} eq 'accepted') {
        push @wrong, 'expected 303 and a session, got ' . $reply->status . ", $session" if $reply->status != 303 || !$session;
    }
    else {
        push @wrong, 'expected an answer of 400 or more, got ' . $reply->status if $reply->status < 400 || $reply->status >= 500;
        push @wrong, 'a session was given' if $session;
        push @wrong, page_faults($case, $reply);
    }
    ok(!@wrong, "$case->{name}: $case->{status}") or diag(join "\n", "$case->{name}: $case->{changed}", @wrong,
        'log: ' . $t->httpd->log_text($from));
    return;
}

sub children { my ($pid) = $t->httpd->pid; return join ' ', sort { $a <=> $b } split ' ', slurp("/proc/$pid/task/$pid/children") }

my ($dir, $cases) = generate('before');
my ($good) = grep { $_->{name} eq 'good-both-signed' } @$cases;
my $children = children();
cmp_ok(scalar @$cases, '>=', $ENV{ATTACK_FAMILIES} ? 1 : 150, 'the cases are there');
ok $good, 'and a good one among them';
judge($_, $dir) for @$cases;
my %serves = map { $_ => 1 } split ' ', children();     # prefork may have begun more meanwhile
is join(' ', grep { !$serves{$_} } split ' ', $children), '', 'no child has ended';
my $luring = grep { index(decode_base64(slurp("$dir/$_->{file}")), $ENV{ATTACK_TRAP}) >= 0 } @$cases;
cmp_ok $luring, '>=', $ENV{ATTACK_FAMILIES} ? 0 : 10, 'messages that ask for something to be fetched';
ok !$trap->accept, 'and nobody has fetched anything';
ok !-z $t->dir . '/error_log', 'and the log was kept';

# Once more the good one, when all of the others have been through.
my ($again, $late) = generate('after', '--only', '^good-both-signed$');
judge($_, $again) for @$late;
is scalar(@$late), 1, 'a good response gets in after them all';
cmp_ok scalar(keys %page_of), '>=', 2, 'refusal pages have been compared';
unlike $_, qr/example\.org|eve\@|ada\@/, 'a page has nothing of any message' for values %page_of;
$t->finish;
done_testing;
