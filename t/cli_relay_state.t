#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# saml-sso relay-state, as a person runs it: what it prints, what it says of lengths, what it refuses. Where values lead: t/relay_state.t.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Test::More;

my $cli = $ENV{SSO_CLI} or BAIL_OUT('SSO_CLI: expected the path of saml-sso, got none');
my $dir = tempdir(CLEANUP => 1);

sub spew
{
    my ($name, $text) = @_;

    open my $to, '>', "$dir/$name" or die "$dir/$name: $!";
    print {$to} $text;
    close $to or die "$dir/$name: $!";
    return "$dir/$name";
}

# (exit code, standard output, standard error)
sub run
{
    my (@args) = @_;
    my $pid = open(my $from, '-|') // die "fork: $!";

    if (!$pid) {
        open STDERR, '>', "$dir/stderr" or die "$dir/stderr: $!";
        exec $cli, 'relay-state', @args or die "$cli: $!";
    }
    my $out = do { local $/; readline($from) // '' };
    close $from;
    my $code = $? >> 8;
    open my $said, '<', "$dir/stderr" or die "$dir/stderr: $!";
    return ($code, $out, do { local $/; readline($said) // '' });
}

my $secret = spew('secret', "# shared\n" . '0123' x 16 . "\n");
my @usual = ('--secret', $secret, '--identifier', 'https://app.example/saml');

for my $target ('/', '/app', '/app?a=b&c=%2F#d', 'https://app.example/', 'http://localhost/x', '/' . 'x' x 29) {
    my ($code, $out, $err) = run(@usual, $target);
    is $code, 0, "$target: printed";
    like $out, qr/^[A-Za-z0-9_-]{40,80}\n\z/, 'a value of no more than 80 characters that no form has to escape';
    is $err, '', 'and nothing said';
}
for my $application ('default', 'tiles', 'A-b_9', 'x' x 32) {
    my ($code, $out) = run(@usual, '--application', $application, '/app');
    is $code, 0, "application $application";
}

my ($code, $out, $err) = run(@usual, '/' . 'x' x 30);
is $code, 0, 'a target of 31 bytes: printed';
is length $out, 83, 'a value of 82 characters';
like $err, qr/the value has 82 bytes, and only 80 are safe .* "SAMLRelayState NAME \/x{30}", and paste NAME instead\.$/, 'said so, and what to do';
($code, $out, $err) = run(@usual, '/' . 'x' x 2047);
is $code, 0, 'the longest';
($code, $out, $err) = run(@usual, '/' . 'x' x 2048);
is $code, 2, 'longer: could not run';
like $err, qr/target: expected at most 2048 bytes, got 2049/, 'says why';

my ($again) = map { (run(@usual, $_))[1] } '/app';
isnt $again, (run(@usual, '/app'))[1], 'no two values are the same';

for (
    [['/app'], qr/expected --secret FILE, got none/], [['--secret', $secret, '/app'], qr/expected --identifier URI, got none/],
    [[@usual], qr/expected a TARGET, got none/], [[@usual, '/a', '/b'], qr/TARGET: expected once, got "\/b" too/],
    [[@usual, '--secret', $secret, '/a'], qr/--secret: expected once/], [[@usual, '--identifier', 'x', '/a'], qr/--identifier: expected once/],
    (map { [[@usual, $_], qr/TARGET: expected a path such as \/app\/ or an https URL/] } 'app', '//evil.example/', 'ftp://app.example/', '/a b', '/a\\b', "/a\n",
        '/"', '/<a>', "/\xc3\xa4", 'javascript:alert(1)'),
    [['--secret', $secret, '--identifier', 'a b', '/a'], qr/--identifier: expected 1 to 1024 printable ASCII characters without spaces, got "a b"/],
    [['--secret', $secret, '--identifier', 'x' x 1025, '/a'], qr/--identifier: expected 1 to 1024/],
    (map { [[@usual, '--application', $_, '/a'], qr/--application: expected up to 32 letters, digits, - _, got/] } 'a b', 'x' x 33, 'a/b'),
    [['--secret', "$dir/none", @usual[2, 3], '/a'], qr/none: expected a readable file, got: No such file/],
    [['--secret', spew('short', "0123\n"), @usual[2, 3], '/a'], qr/short line 1: expected an even number of hex digits, 64 to 2048, got 4/],
    [['--secret', spew('empty', "# none\n"), @usual[2, 3], '/a'], qr/empty: expected a line of 64 or more hex digits, got none/],
    [['--secret', spew('big', "#\n" x 40000), @usual[2, 3], '/a'], qr/big: expected at most 65536 bytes of secrets, got more/],
    [[@usual, '--short', '/a'], qr/there is no option "--short"/], [[@usual, '--application', '', '/a'], qr/expected the name of an application, got an empty value/],
) {
    my ($args, $says) = @$_;
    ($code, $out, $err) = run(@$args);
    my $shown = substr join(' ', grep { !/^\Q$dir\E/ } @$args) =~ s/[^ -~]/?/gr, 0, 80;

    is $code, 2, "$shown: could not run";
    is $out, '', 'prints nothing';
    like $err, $says, 'says what was expected';
    unlike $err, qr/0123012301230123/, 'and nothing of the secret';
}

($code, $out) = run('--help');
is $code, 0, '--help';
like $out, qr/^Usage: saml-sso relay-state --secret FILE --identifier URI/, 'tells the usage';

done_testing;
