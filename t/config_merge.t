#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What directives come to: defaults, main server to virtual host, virtual host to named application, as
# `httpd -t -D DUMP_SAML` shows it. And the example in conf/, as it stands.
use strict;
use warnings;
use File::Copy qw(copy);
use Test::More;
use SSOTest::Config;

my $c = SSOTest::Config->new;

$c->make_key('idp');
$c->make_key('ours');
$c->write_file('secret', join('', map { sprintf '%02x', $_ } 1 .. 32) . "\n", 0600);
my $idp = "SAMLIdPIdentifier https://sts.example/\nSAMLLoginURL https://login.example/saml2\nSAMLCertificate idp.cer\n";
my $good = "ServerName www.example.org\n$idp";

# --- defaults ---
my $app = $c->dump($good)->{main}{''};
is_deeply $app->{SAMLCertificate}, [$app->{SAMLCertificate}[0]], 'one certificate';
like $app->{SAMLCertificate}[0], qr/^RSA 2048 bits until \w+, .* GMT, thumbprint [0-9A-F]{40}$/, 'told by what the portal shows';
delete $app->{SAMLCertificate};
is_deeply $app, {
    SAMLIdentifier => ['https://www.example.org/saml/metadata'], SAMLReplyURL => ['https://www.example.org/saml/acs'],
    SAMLPath => ['/saml'], SAMLSignRequests => ['off'], SAMLRequestBinding => ['POST'],
    SAMLNameIDFormat => ['urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'], SAMLForceAuthn => ['off'], SAMLSingleLogout => ['on'], SAMLLogoutResponse => ['auto'],
    SAMLDomainHint => ['none'], SAMLLoginHint => ['off'], SAMLAuthnContext => ['none'], SAMLIdPInitiated => ['off'], SAMLIdPIdentifier => ['https://sts.example/'], SAMLLoginURL => ['https://login.example/saml2'],
    SAMLClockSkew => ['180s'], SAMLAllow => ['none'], SAMLSessionStore => ['lmdb:@ROOT@/run/saml-sso'],
    SAMLSessionLimit => ['1000000'], SAMLSessionLifetime => ['28800s'], SAMLSessionIdle => ['3600s'],
    SAMLKeepPosts => ['8m total=64m folder=@ROOT@/run/mod_saml_sso.kept'],
    SAMLCookie => ['__Host-saml Path=/ SameSite=Lax Secure HttpOnly'], 'sign-on cookies' => ['__Host-saml-state-*'],
    SAMLSecret => ['@ROOT@/run/mod_saml_sso.secret'],
}, 'everything else is the default';

# --- every directive ---
$app = $c->dump($good . <<'CONF')->{main}{''};
SAMLLogoutURL https://login.example/out
SAMLIdentifier spn:1234
SAMLAudience https://a.example/ https://b.example/
SAMLAudience urn:c
SAMLReplyURL https://a.example/sso/acs https://B.example:8443/sso/acs
SAMLPath /sso
SAMLKey ours.key ours.cer
SAMLSignRequests on
SAMLRequestBinding Redirect
SAMLNameIDFormat none
SAMLForceAuthn after-logout
SAMLSingleLogout off
SAMLLogoutResponse on
SAMLDomainHint Example.ORG
SAMLLoginHint on
SAMLAuthnContext urn:a urn:b
SAMLAuthnContext urn:c
SAMLIdPInitiated on
SAMLRelayState a /app
SAMLRelayState b https://b.example:8443/
SAMLClockSkew 0s
SAMLAllow sha1 3des
SAMLAllow unsigned-logout
SAMLSessionStore "lmdb:@ROOT@/sessions"
SAMLSessionLifetime 30min
SAMLCookie shop SameSite=none
SAMLHeader X-Employee employeeid
SAMLKeepPosts 50m folder=@ROOT@/posts
CONF
is_deeply $app->{SAMLLogoutURL}, ['https://login.example/out'], 'SAMLLogoutURL';
is_deeply $app->{SAMLIdentifier}, ['spn:1234'], 'SAMLIdentifier';
is_deeply $app->{SAMLAudience}, ['https://a.example/', 'https://b.example/', 'urn:c'], 'SAMLAudience adds up';
is_deeply $app->{SAMLReplyURL}, ['https://a.example/sso/acs', 'https://B.example:8443/sso/acs'], 'SAMLReplyURL, byte for byte';
is_deeply $app->{SAMLPath}, ['/sso'], 'SAMLPath';
is_deeply $app->{SAMLKey}, ['@ROOT@/ours.cer'], 'SAMLKey';
is_deeply $app->{SAMLSignRequests}, ['on'], 'SAMLSignRequests';
is_deeply $app->{SAMLRequestBinding}, ['Redirect'], 'SAMLRequestBinding';
is_deeply $app->{SAMLNameIDFormat}, ['none'], 'SAMLNameIDFormat';
is_deeply $app->{SAMLForceAuthn}, ['after-logout'], 'SAMLForceAuthn';
is_deeply $app->{SAMLSingleLogout}, ['off'], 'SAMLSingleLogout';
is_deeply $app->{SAMLLogoutResponse}, ['on'], 'SAMLLogoutResponse';
is_deeply $app->{SAMLDomainHint}, ['example.org'], 'SAMLDomainHint';
is_deeply $app->{SAMLLoginHint}, ['on'], 'SAMLLoginHint';
is_deeply $app->{SAMLAuthnContext}, ['urn:a', 'urn:b', 'urn:c'], 'SAMLAuthnContext adds up';
is_deeply $app->{SAMLIdPInitiated}, ['on'], 'SAMLIdPInitiated';
is_deeply $app->{SAMLRelayState}, ['a /app', 'b https://b.example:8443/'], 'SAMLRelayState adds up';
is_deeply $app->{SAMLClockSkew}, ['0s'], 'SAMLClockSkew';
is_deeply $app->{SAMLAllow}, ['sha1 3des unsigned-logout'], 'SAMLAllow adds up';
is_deeply $app->{SAMLSessionStore}, ['lmdb:@ROOT@/sessions'], 'SAMLSessionStore';
is_deeply $app->{SAMLSessionLifetime}, ['1800s'], 'SAMLSessionLifetime';
is_deeply $app->{SAMLSessionIdle}, ['1800s'], 'the idle default is no longer than the lifetime';
is_deeply $app->{SAMLCookie}, ['shop Path=/ SameSite=None Secure HttpOnly'], 'SAMLCookie';
is_deeply $app->{'sign-on cookies'}, ['__Host-saml-state-*'], 'the sign-on cookies keep their name';

is_deeply $app->{SAMLKeepPosts}, ['50m total=200m folder=@ROOT@/posts'], 'SAMLKeepPosts: four times as much in all';

# --- names and ports ---
for (
    ["ServerName www.example.org:8443\n", 'https://www.example.org:8443'], ["ServerName https://www.example.org:8443\n", 'https://www.example.org:8443'],
    ["ServerName www.example.org:443\n", 'https://www.example.org'], ["ServerName http://www.example.org\n", 'https://www.example.org'],
    ["ServerName WWW.Example.org\n", 'https://www.example.org'],
) {
    my ($name, $base) = @$_;
    my $lines = $c->dump($name . $idp)->{main}{''};
    like $lines->{SAMLReplyURL}[0], qr/^\Q$base\E\/saml\/acs$/i, "reply URL from $name";
    is $lines->{SAMLIdentifier}[0], "$base/saml/metadata", "identifier from $name";
}
$app = $c->dump($good . "SAMLReplyURL http://localhost:8080/saml/acs\n")->{main}{''};
is $app->{SAMLCookie}[0], 'saml Path=/ SameSite=Lax HttpOnly', 'in the clear the cookie has no prefix and no Secure';
is $app->{'sign-on cookies'}[0], 'saml-state-*', 'nor have the sign-on cookies';
$app = $c->dump($good . "SAMLCookie Domain=example.org\n")->{main}{''};
is $app->{SAMLCookie}[0], 'saml Path=/ Domain=example.org SameSite=Lax Secure HttpOnly', 'with Domain the prefix goes';
is $app->{'sign-on cookies'}[0], '__Host-saml-state-*', 'but not from the sign-on cookies, which are for one host whatever the session is for';
$app = $c->dump($good . "SAMLPath /app/saml\nSAMLCookie Path=/app\n")->{main}{''};
is $app->{SAMLCookie}[0], 'saml Path=/app SameSite=Lax Secure HttpOnly', 'with another Path, too';

# --- what is asked for ---
$app = $c->dump($good . <<'CONF')->{main};
SAMLDomainHint example.org
SAMLAuthnContext urn:a
SAMLLoginHint on
SAMLKeepPosts 1m
<SAMLApplication same>
</SAMLApplication>
<SAMLApplication nothing>
    SAMLDomainHint none
    SAMLAuthnContext none
    SAMLLoginHint off
    SAMLKeepPosts off
</SAMLApplication>
<SAMLApplication other>
    SAMLAuthnContext urn:b
    SAMLKeepPosts 2m folder=@ROOT@/posts
</SAMLApplication>
CONF
my @asked = map { [map { @$_ } @{ $app->{$_} }{qw(SAMLDomainHint SAMLAuthnContext)}] } qw(same nothing other);
is_deeply \@asked, [['example.org', 'urn:a'], ['none', 'none'], ['example.org', 'urn:b']], 'hint and classes pass on, are taken back, are replaced';
is join(' ', map { $app->{$_}{SAMLLoginHint}[0] } qw(same nothing other)), 'on off on', 'so does whether users are kept';
is_deeply [map { $app->{$_}{SAMLKeepPosts}[0] } qw(same nothing other)], ['1m total=64m folder=@ROOT@/run/mod_saml_sso.kept', 'off', '2m total=64m folder=@ROOT@/posts'],
    'and how large a POST may be that is kept';

# --- what a proxy takes away ---
$app = $c->dump($good . <<'CONF')->{main};
SAMLPath /saml prefix=/portal
<SAMLApplication same>
</SAMLApplication>
<SAMLApplication path>
    SAMLPath /sso
</SAMLApplication>
<SAMLApplication open>
    SAMLPath /open prefix=/
</SAMLApplication>
<SAMLApplication other>
    SAMLPath /other prefix=/deep/er
</SAMLApplication>
CONF
is_deeply { map { $_ => $app->{$_}{SAMLPath}[0] } keys %$app }, { '' => '/saml prefix=/portal', same => '/saml/same prefix=/portal', path => '/sso prefix=/portal',
    open => '/open', other => '/other prefix=/deep/er' }, 'the prefix passes on, to paths of their own, too; "/" is none';
is_deeply { map { $_ => $app->{$_}{SAMLReplyURL}[0] } keys %$app }, { map { $_->[0] => "https://www.example.org$_->[1]/acs" } ['', '/portal/saml'],
    ['same', '/portal/saml/same'], ['path', '/portal/sso'], ['open', '/open'], ['other', '/deep/er/other'] }, 'and is in the addresses';

# --- whom a backend hears of ---
$app = $c->dump($good . <<'CONF')->{main};
SAMLSecret secret
SAMLProvision https://b.example/hook group="SSO Basic"
<SAMLApplication same>
</SAMLApplication>
<SAMLApplication nobody>
    SAMLProvision none
</SAMLApplication>
<SAMLApplication other>
    SAMLProvision http://[::1]:8080/
</SAMLApplication>
CONF
is_deeply [map { $app->{$_}{SAMLProvision} } '', 'same', 'nobody', 'other'],
    [(['https://b.example/hook group=SSO Basic']) x 2, undef, ['http://[::1]:8080/']], 'a backend passes on, is taken back, is replaced';

# --- main server to virtual hosts ---
my $all = $c->dump($good . <<'CONF');
SAMLPath /sso
SAMLForceAuthn on
SAMLClockSkew 10s
SAMLAllow sha1
<VirtualHost 127.0.0.1:443>
    ServerName a.example
    SAMLForceAuthn off
    SAMLAllow none
    SAMLClockSkew 180s
</VirtualHost>
<VirtualHost 127.0.0.1:8443>
    ServerName b.example
    SAMLIdPIdentifier https://b-sts.example/
    SAMLLoginURL https://b-login.example/
    SAMLCertificate ours.cer
    SAMLPath /saml
</VirtualHost>
<VirtualHost 127.0.0.1:80>
    ServerName c.example
</VirtualHost>
<VirtualHost 127.0.0.1:81>
    DocumentRoot "@ROOT@"
</VirtualHost>
CONF
my ($main, $vhost_a, $vhost_b, $vhost_c) = map { $all->{$_}{''} } 'main', 10, 16, 23;
is $main->{SAMLReplyURL}[0], 'https://www.example.org/sso/acs', 'the main server has its own address';
is $vhost_a->{SAMLReplyURL}[0], 'https://a.example/sso/acs', 'each virtual host has one from its own name';
is $vhost_a->{SAMLIdPIdentifier}[0], 'https://sts.example/', 'and the identity provider of the main server';
is $vhost_a->{SAMLForceAuthn}[0], 'off', 'a default can be restored: a flag';
is $vhost_a->{SAMLAllow}[0], 'none', 'a list';
is $vhost_a->{SAMLClockSkew}[0], '180s', 'a duration';
is $vhost_b->{SAMLReplyURL}[0], 'https://b.example/saml/acs', 'as for httpd itself, only a port in ServerName counts';
is $vhost_b->{SAMLLoginURL}[0], 'https://b-login.example/', 'a virtual host has an identity provider of its own';
is scalar(@{ $vhost_b->{SAMLCertificate} }), 1, 'whose certificates are not joined by those of the other';
isnt $vhost_b->{SAMLCertificate}[0], $vhost_a->{SAMLCertificate}[0], 'and are its own';
is $vhost_b->{SAMLForceAuthn}[0], 'on', 'what it does not say is the main server\'s';
is $vhost_c->{SAMLReplyURL}[0], 'https://c.example/sso/acs', 'behind a proxy the port 80 is not the public one';
is_deeply $all->{26}, {}, 'a virtual host without a name that only inherits has no application';
is $all->{main}{''}{SAMLReplyURL}[0], 'https://www.example.org/sso/acs', 'and takes none from its neighbours';

# --- virtual host to named applications ---
$all = $c->dump($good . <<'CONF');
SAMLIdentifier urn:main
SAMLAudience urn:more
SAMLReplyURL https://www.example.org/sso/acs
SAMLPath /sso
SAMLKey ours.key ours.cer
SAMLForceAuthn on
SAMLIdPInitiated on
SAMLRelayState a /app
SAMLSessionIdle 10min
SAMLCookie corp SameSite=None
<SAMLApplication hr>
    SAMLForceAuthn off
</SAMLApplication>
<SAMLApplication shop>
    SAMLIdPIdentifier https://shop-sts.example/
    SAMLLoginURL https://shop-login.example/
    SAMLCertificate ours.cer
    SAMLIdentifier urn:shop
    SAMLPath /shop/saml
    SAMLCookie SHOP SameSite=Lax
</SAMLApplication>
<VirtualHost 127.0.0.1:443>
    ServerName a.example
    SAMLSessionIdle 20min
    SAMLReplyURL https://a.example/sso/acs
    <SAMLApplication shop>
        SAMLPath /a
    </SAMLApplication>
    <SAMLApplication extra>
    </SAMLApplication>
</VirtualHost>
CONF
my ($hr, $shop, $a_shop, $a_hr) = ($all->{main}{hr}, $all->{main}{shop}, $all->{27}{shop}, $all->{27}{hr});
is $hr->{SAMLIdentifier}[0], 'https://www.example.org/saml/hr/metadata', 'a named application is its own: identifier';
is $hr->{SAMLReplyURL}[0], 'https://www.example.org/saml/hr/acs', 'reply URL';
is $hr->{SAMLPath}[0], '/saml/hr', 'path';
is $hr->{SAMLAudience}, undef, 'audiences';
is $hr->{SAMLRelayState}, undef, 'RelayStates';
is_deeply $all->{27}{''}{SAMLRelayState}, ['a /app'], 'which a virtual host has from outside';
is $hr->{SAMLCookie}[0], '__Host-saml-hr Path=/ SameSite=None Secure HttpOnly', 'cookie name, whose attributes are inherited';
is $hr->{'sign-on cookies'}[0], '__Host-saml-hr-state-*', 'sign-on cookies';
is $hr->{SAMLIdPIdentifier}[0], 'https://sts.example/', 'the identity provider is inherited';
is $hr->{SAMLKey}[0], '@ROOT@/ours.cer', 'so are our keys';
is $hr->{SAMLSessionIdle}[0], '600s', 'and the lifetimes';
is $hr->{SAMLForceAuthn}[0], 'off', 'unless it says otherwise';
is $shop->{SAMLIdPIdentifier}[0], 'https://shop-sts.example/', 'an identity provider of its own';
is scalar(@{ $shop->{SAMLCertificate} }), 1, 'as a whole';
is $shop->{SAMLLogoutURL}, undef, 'with nothing of the other';
is $shop->{SAMLCookie}[0], 'SHOP Path=/ SameSite=Lax Secure HttpOnly', 'a cookie of its own';
is $shop->{SAMLForceAuthn}[0], 'on', 'the rest inherited';
is_deeply [sort keys %{ $all->{27} }], ['', 'extra', 'hr', 'shop'], 'named applications of the main server are there in virtual hosts';
is $a_shop->{SAMLPath}[0], '/a', 'where they can be told more';
is $a_shop->{SAMLIdentifier}[0], 'urn:shop', 'and keep the rest';
is $a_hr->{SAMLReplyURL}[0], 'https://a.example/saml/hr/acs', 'with the address of the virtual host';
is $a_hr->{SAMLSessionIdle}[0], '1200s', 'and its general settings';
is $all->{27}{extra}{SAMLForceAuthn}[0], 'on', 'through two scopes';

# --- headers ---
is_deeply $c->dump($good)->{headers}, [qw(X-Remote-User X-Remote-Email X-Remote-Name X-Remote-Groups)], 'the default headers are scrubbed';
is_deeply $c->dump($good . <<'CONF')->{headers}, [qw(X-Remote-User X-Remote-Email X-Remote-Name X-Remote-Groups X-A X_B X-C)],
SAMLHeader X-A groups
<Location "/x">
    SAMLHeader none
    SAMLHeader X_B groups
    SAMLHeader x_remote_user user
</Location>
<VirtualHost 127.0.0.1:443>
    ServerName a.example
    <Location "/y">
        SAMLHeader X-b groups
        SAMLHeader X-C groups
    </Location>
</VirtualHost>
CONF
    'and every other that any place sets, once';

# --- the example, as it stands ---
mkdir $c->dir . '/conf';
mkdir $c->dir . '/modules';
symlink SSOTest::Httpd::module(), $c->dir . '/modules/mod_saml_sso.so';
copy($c->dir . '/idp.cer', $c->dir . '/conf/entra.cer') or die "copy: $!";
copy("$ENV{SSO_SRCDIR}/conf/mod_saml_sso.conf", $c->dir . '/conf/mod_saml_sso.conf') or die "copy: $!";
my $base = do { open my $from, '<', $c->dir . '/base.inc' or die $!; local $/; readline $from };
$base =~ s/^LoadModule saml_sso_module .*\n//m or die 'base.inc has changed';
$c->write_file('base.inc', $base);
my ($code, $text) = $c->configtest("ServerName www.example.org\nInclude conf/mod_saml_sso.conf\n");
is $text, "Syntax OK\n", 'the example is a valid configuration';
$all = $c->dump("ServerName www.example.org\nInclude conf/mod_saml_sso.conf\n");
is_deeply [sort keys %{ $all->{main} }], ['', 'payroll'], 'with two applications';
is_deeply $all->{headers}, [qw(X-Remote-User X-Remote-Email X-Remote-Name X-Remote-Groups X-Employee X-Roles Remote-User
    SM_USER SM_UNIVERSALID SM_USERGROUPS SM_*)], 'and its headers';
($code, $text) = $c->configtest("Define SAML_TENANT 1234\nServerName www.example.org\nInclude conf/mod_saml_sso.conf\n", '-D', 'DUMP_SAML');
like $text, qr/^    SAMLLoginURL +https:\/\/login\.microsoftonline\.com\/1234\/saml2$/m, 'and a tenant that is defined outside';

done_testing;
