#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# RelayState of sign-on that begins at the identity provider: names, sealed values, places of this site, and nothing that leads off it.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $own = '01' . '23' x 31;
my $older = 'ab' . 'cd' x 31;
my $foreign = '45' . '67' x 31;

my $t = SSOTest->new(
    prepare => sub {
        $_[0]->httpd->write_file("htdocs/$_", "in $_", 0644) for qw(shop tiles);
        $_[0]->httpd->write_file('own.secret', "$own\n$older\n", 0600);
        $_[0]->httpd->write_file('older.secret', "$older\n", 0600);
        $_[0]->httpd->write_file('foreign.secret', "$foreign\n", 0600);
    },
    conf => SSOTest::saml_conf() . <<'CONF');
SAMLSecret own.secret
SAMLIdPInitiated on
SAMLRelayState shop /shop?from=portal
SAMLRelayState start http://127.0.0.1:@PORT@/shop
<SAMLApplication tiles>
    SAMLIdentifier https://app.example/tiles
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/tiles/acs
    SAMLRelayState https://relay.example/tiles /tiles
</SAMLApplication>
<Location "/shop">
    AuthType SAML
    Require valid-user
</Location>
<Location "/tiles">
    AuthType SAML
    SAMLApplication tiles
    Require valid-user
</Location>
CONF

my %shop = (acs => $t->url('/saml/acs'), issuer => 'https://app.example/saml');
my %tiles = (acs => $t->url('/saml/tiles/acs'), issuer => 'https://app.example/tiles');

# What the command prints: %o replaces secret (a file of $t->dir), identifier, application.
sub sealed
{
    my ($target, %o) = @_;
    my @command = ($ENV{SSO_CLI}, 'relay-state', '--secret', $t->dir . '/' . ($o{secret} || 'own.secret'), '--identifier',
        $o{identifier} || $shop{issuer}, ($o{application} ? ('--application', $o{application}) : ()), $target);

    my $pid = open(my $from, '-|') // die "fork: $!";
    if (!$pid) {
        open STDERR, '>', '/dev/null';      # what it says of lengths
        exec @command or die "$command[0]: $!";
    }
    my $value = readline $from;
    close $from or die "saml-sso relay-state failed for $target";
    chomp $value;
    return $value;
}

sub send_unasked
{
    my ($to, $relay_state) = @_;
    my $browser = $t->browser;
    my $request = { %$to, relay_state => $relay_state };

    return ($t->deliver($browser, $request, $t->response_to($request)), $browser);
}

sub lands
{
    my ($to, $relay_state, $where, $name) = @_;
    my ($reply, $browser) = send_unasked($to, $relay_state);
    my $page = $to == \%tiles ? 'tiles' : 'shop';

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 303, "$name: signed on";
    is $reply->header('Location'), $where, "$name: lands there";
    is $browser->get("/$page")->body, "in $page", "$name: with a session";
    return;
}

sub refused
{
    my ($to, $relay_state, $name, $reason) = @_;
    my ($reply, $browser) = send_unasked($to, $relay_state);

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 403, "$name: refused";
    is $reply->header('Location'), undef, "$name: no Location";
    is scalar(grep { /^saml(?:-tiles)?=[^;]/ } $reply->headers('Set-Cookie')), 0, "$name: no session";
    $t->refused('relay-state', $reason || qr/RelayState: expected a path or a URL of this site.* or a value of "saml-sso relay-state", got/);
    return;
}

subtest 'names' => sub {
    lands(\%shop, 'shop', '/shop?from=portal', 'a name');
    lands(\%shop, 'start', $t->url('/shop'), 'a name for a URL');
    lands(\%tiles, 'https://relay.example/tiles', '/tiles', 'a name that looks like a URL');
    lands(\%shop, undef, '/', 'none');
    lands(\%shop, '/shop', '/shop', 'a path, as ever');
    refused(\%tiles, 'shop', "the other application's name");
    refused(\%shop, 'https://relay.example/tiles', "the other application's URL");
    refused(\%shop, $_, "\"$_\"") for 'Shop', 'shop ', 'sho', 'shop/', 'shops', '/shop /', '//shop';
};

subtest 'sealed values' => sub {
    lands(\%shop, sealed('/shop'), '/shop', 'a path');
    lands(\%shop, sealed('/shop?a=1&b=%2F'), '/shop?a=1&b=%2F', 'a query');
    lands(\%shop, sealed($t->url('/shop')), $t->url('/shop'), 'a URL');
    lands(\%shop, sealed('/shop', application => 'default'), '/shop', 'by the word for the own application');
    lands(\%tiles, sealed('/tiles', identifier => $tiles{issuer}, application => 'tiles'), '/tiles', 'of the named application');
    my $long = '/shop?' . 'x' x 1000;
    lands(\%shop, sealed($long), $long, 'one that is longer than is safe');
    isnt sealed('/shop'), sealed('/shop'), 'no two are the same';
};

subtest 'rotated secrets' => sub {
    lands(\%shop, sealed('/shop', secret => 'older.secret'), '/shop', 'sealed before the rotation');
    refused(\%shop, sealed('/shop', secret => 'foreign.secret'), 'by a secret that is not ours');
};

subtest 'of another application' => sub {
    refused(\%tiles, sealed('/tiles'), 'sealed for the own application');
    refused(\%shop, sealed('/shop', identifier => $tiles{issuer}, application => 'tiles'), 'sealed for the named');
    refused(\%tiles, sealed('/tiles', identifier => $tiles{issuer}), 'its identifier alone');
    refused(\%tiles, sealed('/tiles', application => 'tiles'), 'its name alone');
    refused(\%shop, sealed('/shop', identifier => 'https://app.example/saml/'), 'a slash more');
};

subtest 'altered' => sub {
    my $value = sealed('/shop');
    for my $at (0, 1, 10, 20, length($value) - 1) {
        my $altered = $value;
        substr($altered, $at, 1) = substr($altered, $at, 1) eq 'A' ? 'B' : 'A';
        refused(\%shop, $altered, "character $at");
    }
    refused(\%shop, substr($value, 0, -1), 'one character less');
    refused(\%shop, "$value=", 'padded');
    refused(\%shop, " $value", 'a space before');
    refused(\%shop, $value x 2, 'twice');
    refused(\%shop, 'A' x 100_000, 'very long');
};

# Whoever knows the secret (another site that shares it) still makes no open redirect.
subtest 'sealed for another place' => sub {
    for my $evil ('https://evil.example/', 'http://evil.example/shop', 'http://127.0.0.1:1/shop', '/%2f/evil.example', '/x/..//evil.example',
        '/saml/acs', '/saml/logout', '/saml/login?target=/shop', '/x/../saml/logout', '/saml%2flogin', '/saml/tiles/logout', $t->url('/saml/logout')) {
        refused(\%shop, sealed($evil), $evil, qr/RelayState: expected a target on this site.* got a sealed value for "/);
    }
};

subtest 'sign-on that begins here' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/shop'));
    my $reply = $t->deliver($browser, { %$request, relay_state => sealed('/shop') }, $t->response_to($request));
    is $reply->status, 303, 'a sealed value is no name of a login in progress';
    is $reply->header('Location'), $t->url('/saml/login?again=1'), 'so that one is begun anew';
    is scalar(grep { /^saml=[^;]/ } $reply->headers('Set-Cookie')), 0, 'no session';
    my $fresh = $t->browser;
    $request = $t->request_of($fresh->get('/shop'));
    is $t->deliver($fresh, $request, $t->response_to($request))->header('Location'), '/shop', 'the cookie decides';
};

$t->finish;
done_testing;
