#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# saml-sso setup: what it prints is a configuration that httpd takes as it stands, and its values are those that httpd comes to.
use strict;
use warnings;
use JSON::PP;
use Test::More;
use SSOTest::Config;

my $tenant = '11111111-2222-4333-8444-555555555555';
my $application = '66666666-7777-4888-9999-aaaaaaaaaaaa';
my $c = SSOTest::Config->new;

# (exit code, standard output, standard error)
sub setup
{
    my (@args) = @_;
    my $err = $c->dir . '/stderr';
    my $pid = open(my $from, '-|') // die "fork: $!";

    if (!$pid) {
        open STDERR, '>', $err or die "$err: $!";
        exec $ENV{SSO_CLI}, 'setup', @args or die "$ENV{SSO_CLI}: $!";
    }
    my $out = do { local $/; readline($from) // '' };
    close $from;
    my $code = $? >> 8;
    open my $said, '<', $err or die "$err: $!";
    return ($code, $out, do { local $/; readline($said) // '' });
}

sub printed
{
    my ($code, $out, $err) = setup(@_);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $code, 0, 'exit 0';
    is $err, '', 'nothing on standard error';
    return $out;
}

# What the portal is to hold, by the comments of the configuration.
sub pasted { my ($conf) = @_; return { $conf =~ /^#   (Identifier|Reply URL|Sign on URL|Logout URL)(?: \([^)]*\))? +(\S+)$/mg } }

my %ways = (
    'nothing but the two IDs' => [[], 'https://www.example.org', '/saml', '/app', "ServerName www.example.org\n"],
    'a host' => [['--host', 'https://app.example.com'], 'https://app.example.com', '/saml', '/app', ''],
    'a host with a port' => [['--host=https://app.example.com:8443'], 'https://app.example.com:8443', '/saml', '/app', ''],
    'this machine' => [['--host', 'http://localhost:8080'], 'http://localhost:8080', '/saml', '/app', ''],
    'a path' => [['--path', '/sso/entra', '--host', 'https://app.example.com'], 'https://app.example.com', '/sso/entra', '/app', ''],
    'all of the site' => [['--location', '/', '--host', 'https://app.example.com'], 'https://app.example.com', '/saml', '/', ''],
    'China' => [['--cloud', 'china', '--host', 'https://app.example.com'], 'https://app.example.com', '/saml', '/app', ''],
    'the US government' => [['--cloud', 'usgov', '--host', 'https://app.example.com'], 'https://app.example.com', '/saml', '/app', ''],
);
for my $way (sort keys %ways) {
    my ($args, $host, $path, $location, $server) = @{ $ways{$way} };

    subtest $way => sub {
        my $conf = printed($tenant, $application, @$args);
        my $values = decode_json(printed($tenant, $application, @$args, '--json'));
        my ($code, $text) = $c->configtest($server . $conf);

        is $code, 0, 'httpd takes it' or diag $text;
        my $app = $c->dump($server . $conf)->{main}{''};
        is_deeply $app->{SAMLReplyURL}, [$values->{reply_url}], 'the reply URL is the one that httpd has';
        is $app->{SAMLPath}[0], $path, 'so is the path';
        like $conf, qr{^<Location "\Q$location\E">$}m, 'the place is guarded';
        is_deeply pasted($conf), { Identifier => $values->{identifier}, 'Reply URL' => $values->{reply_url},
            'Sign on URL' => $values->{sign_on_url}, 'Logout URL' => $values->{logout_url} }, 'the comments say the values';
        is $values->{reply_url}, "$host$path/acs", 'reply URL';
        is $values->{logout_url}, "$host$path/logout", 'logout URL';
        is $values->{sign_on_url}, "$host$location", 'sign on URL';
        is $values->{identifier}, "api://$application", 'identifier';
        is scalar(grep { length > 120 && !/FederationMetadata/ } split /\n/, $conf), 0, 'no line is too long to read';
        my ($open) = $conf =~ /^((?:#SAML.*\n)+)/m;
        ($code, $text) = $c->configtest($server . $conf . $open =~ s/^#//gmr);
        is $code, 0, 'what is commented out may be let in' or diag $text;
    };
}

subtest 'clouds' => sub {
    my %login = (global => 'login.microsoftonline.com', usgov => 'login.microsoftonline.us', china => 'login.partner.microsoftonline.cn');
    for my $cloud (sort keys %login) {
        my $values = decode_json(printed('example.org', $application, '--cloud', $cloud, '--json'));
        is $values->{metadata_url},
            "https://$login{$cloud}/example.org/FederationMetadata/2007-06/FederationMetadata.xml?appid=$application", $cloud;
        is $values->{cloud}, $cloud, 'by name';
    }
    like printed($tenant, $application), qr/^SAMLEntra $tenant $application$/m, 'global goes without saying';
    like printed($tenant, $application, '--cloud', 'china'), qr/^SAMLEntra $tenant $application china$/m, 'others are named';
};

subtest 'a domain for the tenant, letter case of IDs' => sub {
    like printed('contoso.onmicrosoft.com', uc $application), qr/^SAMLEntra contoso\.onmicrosoft\.com $application$/m, 'in lower case';
    like printed(uc $tenant =~ s/5/a/r, $application), qr/^SAMLEntra \Q@{[$tenant =~ s{5}{a}r]}\E /m, 'the tenant, too';
};

my $other = '99999999-7777-4888-9999-aaaaaaaaaaaa';
for (
    [[], qr/expected TENANT and APPLICATION, got none/], [[$tenant], qr/expected TENANT and APPLICATION, got one of them/],
    [[$tenant, $application, 'x'], qr/expected TENANT and APPLICATION, got "x" too/],
    (map { [[$_, $application], qr/TENANT: expected the "Directory \(tenant\) ID", such as .* or a verified domain such as example\.org, got "\Q$_\E"/] }
        'common', 'organizations', "${tenant}0", "{$tenant}", 'https://example.org', 'a..b', 'example.org/', 'a b.c', '10.0.0.1', '.org'),
    [["example.org\n", $application], qr/TENANT: expected .*, got "example\.org\\x0a"/],
    (map { [[$tenant, $_], qr/APPLICATION: expected the "Application ID", such as .*, got /] } 'app', "$application ", 'example.org', "x$application"),
    [[$tenant, uc $tenant], qr/APPLICATION: expected another ID than the tenant's, got "\U$tenant\E" again/],
    [[$tenant, $application, '--cloud', 'germany'], qr/--cloud: expected global, usgov or china, got "germany"/],
    (map { [[$tenant, $application, '--host', $_], qr/--host: expected a URL of scheme, host and port alone/] } 'www.example.org', 'http://www.example.org',
        'https://www.example.org/', 'https://', 'https://a@b', 'https://a:0', 'https://a:99999', 'https://a:x', 'https://-a', "https://a\"", 'http://localhosts',
        'https://a..b'),
    (map { [[$tenant, $application, '--path', $_], qr/--path: expected a path such as \/saml, no slash at its end/] } 'saml', '/', '/saml/', '//saml', '/sa ml',
        '/../x', '/a"b', '/' . 'x' x 200),
    (map { [[$tenant, $application, '--location', $_], qr/--location: expected a path such as \/app/] } 'app', '/a">', '//', "/a\n", '/%61'),
    [[$tenant, $application, '--host', 'https://a', '--host', 'https://b'], qr/--host: expected once, got it again/],
    [[$tenant, $application, '--tenant'], qr/there is no option "--tenant"/],
) {
    my ($args, $says) = @$_;
    my ($code, $out, $err) = setup(@$args);
    my $shown = "@$args" =~ s/[^ -~]/?/gr;

    is $code, 2, "\"$shown\": could not run";
    is $out, '', 'nothing is printed';
    like $err, $says, 'says what was expected';
}

my ($code, $help) = setup('--help');
is $code, 0, '--help';
like $help, qr/^Usage: saml-sso setup TENANT APPLICATION/, 'tells the usage';

done_testing;
