#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLUser: which claim is the user, and what of its value; and that all who ask for the user are told the same.
use strict;
use warnings;
use Test::More;
use SSOTest;

use constant UPN => SSOTest::IdP::CLAIMS . 'upn';
use constant EMAIL => SSOTest::IdP::CLAIMS . 'emailaddress';

my $t = SSOTest->new(backend => 1, modules => [qw(include filter proxy proxy_http headers)],
    prepare => sub { $_[0]->httpd->write_file('htdocs/show.shtml', "<!--#echo var=\"REMOTE_USER\" -->\n", 0644) },
    conf => saml_conf() . <<'CONF');
ProxyPass /to/ http://@BACKEND@/
LogFormat "user=%u %U" user
CustomLog "@ROOT@/user.log" user
SAMLUser upn email strip-domain=example.org lower
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Location "/show.shtml">
    AuthType SAML
    Require valid-user
</Location>
<Location "/to/">
    AuthType SAML
    Require valid-user
    SAMLHeader X-Copy user
    RequestHeader set X-Remote-Copy "expr=%{REMOTE_USER}"
</Location>
<Location "/to/ada">
    Require user ada
</Location>
<Location "/to/list">
    SAMLUser upn email
</Location>
<Location "/to/last">
    SAMLUser upn nameid
</Location>
<Location "/to/lower">
    SAMLUser upn lower
</Location>
<Location "/to/any">
    SAMLUser upn email strip-domain
</Location>
<Location "/to/corp">
    SAMLUser upn strip-domain=CORP
</Location>
<Location "/to/spaces">
    SAMLUser " http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn "
    SAMLHeader " X-Trimmed " " upn "
</Location>
CONF

sub slurp
{
    my ($file) = @_;

    open my $from, '<', $file or die "$file: $!";
    local $/;
    return scalar readline $from;
}

sub seen { my ($reply, $name) = @_; return $reply->body =~ /^\Q$name\E: (.*)$/mi ? $1 : undef }

# Somebody with these attributes.
sub somebody
{
    my (@attributes) = @_;
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/to/last'));

    $t->deliver($browser, $request, $t->response_to($request, name_id => 'name-id', attributes => \@attributes))->status == 303 or die 'no sign-on';
    return $browser;
}

sub user_at { my ($browser, $place) = @_; my $reply = $browser->get("/to/$place"); return $reply->status == 200 ? seen($reply, 'X-Remote-User') : $reply->status }

my $ada = somebody([UPN, ['Ada@Example.ORG', 'second@example.org']], [EMAIL, ['mail@example.org']]);

subtest 'one value for all who ask' => sub {
    my $reply = $ada->get('/to/ada');
    is $reply->status, 200, 'Require user';
    is seen($reply, $_), 'ada', $_ for qw(X-Remote-User X-Copy X-Remote-Copy);
    is $ada->get('/show.shtml')->body, "ada\n", 'REMOTE_USER';
    is $ada->fetch('/saml/me')->json->{user}, 'ada', 'me, in JSON';
    like $ada->get('/saml/me', headers => [[Accept => 'text/html']])->body, qr{<dt>user</dt><dd>ada</dd>}, 'me, as a page';
    like slurp($t->dir . '/user.log'), qr{^user=ada /to/ada$}m, '%u in the log';
};

subtest 'the list' => sub {
    is user_at($ada, 'list'), 'Ada@Example.ORG', 'the first claim that has a value, and the first of its values';
    is user_at(somebody([EMAIL, ['mail@example.org']]), 'list'), 'mail@example.org', 'else the second';
    is user_at(somebody([UPN, ['']], [EMAIL, ['mail@example.org']]), 'list'), 'mail@example.org', 'an empty value is none';
    is user_at(somebody([UPN, [' ada']], [EMAIL, ['mail@example.org']]), 'list'), 'mail@example.org', 'nor is one with a space at an end';
    is user_at(somebody([EMAIL, ['mail@example.org']]), 'last'), 'name-id', 'nameid may stand in it';
    is user_at(somebody([SSOTest::IdP::CLAIMS . 'name', ['ada']]), 'list'), 403, 'none of them: refused';
    $t->refused('claim', qr/SAMLUser: expected claim "upn", "email" with a value that can be a user name, the session has none/);
};

subtest 'lower' => sub {
    is user_at($ada, 'lower'), 'ada@example.org', 'ASCII letters';
    is user_at(somebody([UPN, ["Z\x{d6}E\@EXAMPLE.ORG"]]), 'lower'), "z\xc3\x96e\@example.org", 'and no others';
};

subtest 'strip-domain=example.org' => sub {
    my %user = ('ada@example.org' => 'ada', 'ada@EXAMPLE.org' => 'ada', 'ada@other.example' => 'ada@other.example', 'ada' => 'ada',
        'ada@example.org.evil.example' => 'ada@example.org.evil.example', 'ada@sub.example.org' => 'ada@sub.example.org',
        'ada_other.example#EXT#@tenant.example' => 'ada_other.example#ext#@tenant.example', "o'hara\@example.org" => "o'hara",
        'EXAMPLE\\ada' => 'example\\ada', 'ada@xexample.org' => 'ada@xexample.org', 'ada@' => 'ada@');
    is user_at(somebody([UPN, [$_]]), 'x'), $user{$_}, "$_ is $user{$_}" for sort keys %user;
    for my $value ('@example.org', 'root@other.example@example.org', 'CORP\\root@example.org', 'ada @example.org') {
        is user_at(somebody([UPN, [$value]], [EMAIL, ['next@example.org']]), 'x'), 'next', "$value leaves no name: the next claim";
    }
    is user_at(somebody([UPN, ['@example.org']]), 'x'), 403, 'or refused';
    $t->refused('claim', qr/expected claim "upn", "email" with a value that can be a user name without its domain, the session has none/);
};

subtest 'strip-domain' => sub {
    my %user = ('ada@example.org' => 'ada', 'ada@other.example' => 'ada', 'CORP\\ada' => 'ada', 'ada' => 'ada', '\\ada' => '\\ada');
    is user_at(somebody([UPN, [$_]]), 'any'), $user{$_}, "$_ is $user{$_}" for sort keys %user;
    for my $value ('a@b@c.example', 'CORP\\ada@c.example', 'A\\B\\ada', 'CORP\\') {
        is user_at(somebody([UPN, [$value]], [EMAIL, ['next@example.org']]), 'any'), 'next', "$value leaves no name";
    }
};

subtest 'strip-domain=CORP' => sub {
    my %user = ('CORP\\ada' => 'ada', 'corp\\ada' => 'ada', 'OTHER\\ada' => 'OTHER\\ada', 'CORPS\\ada' => 'CORPS\\ada', 'ada@example.org' => 'ada@example.org',
        'ada@corp' => 'ada');
    is user_at(somebody([UPN, [$_]]), 'corp'), $user{$_}, "$_ is $user{$_}" for sort keys %user;
};

subtest 'names in the configuration are trimmed' => sub {
    my $reply = $ada->get('/to/spaces');
    is seen($reply, 'X-Remote-User'), 'Ada@Example.ORG', 'in SAMLUser';
    is seen($reply, 'X-Trimmed'), 'Ada@Example.ORG;second@example.org', 'in SAMLHeader';
};

like $t->httpd->log_text, qr/SAMLUser in \S+ line \d+: expected strip-domain=DOMAIN, found strip-domain/, 'strip-domain without a domain is warned about';
$t->tolerate_log(qr/found strip-domain, which makes ada\@one\.example and ada\@two\.example one and the same user/);
$t->finish;
done_testing;
