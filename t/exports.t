#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What reaches the application, however the request gets there: CGI, internal redirects, error documents, rewriting; SAMLHeader,
# SAMLEnv and SAMLUser in all their forms.
use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest;

use constant ROLE => 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
use constant COST => 'http://schemas.example.org/claims/cost-centre';

my $show = "user=<!--#echo var=\"REMOTE_USER\" --> claim=<!--#echo var=\"SAML_EMAIL\" --> header=<!--#echo var=\"HTTP_X_REMOTE_USER\" -->\n";
my $cgi = SSOTest::Httpd::mpm() eq 'prefork' ? 'cgi' : 'cgid';

my $t = SSOTest->new(backend => 1, modules => [qw(dir include filter proxy proxy_http rewrite headers env alias mime setenvif), $cgi],
    prepare => sub {
        my ($self) = @_;
        my $httpd = $self->httpd;
        for my $folder (qw(front plain htaccess half cgi-bin)) {
            mkdir $self->dir . "/htdocs/$folder";
            chmod 0755, $self->dir . "/htdocs/$folder";
        }
        $httpd->write_file("htdocs/$_", $show, 0644)
            for qw(front/front.shtml show.shtml plain/show.shtml htaccess/show.shtml half/show.shtml half/other.shtml error.shtml);
        $httpd->write_file('htdocs/htaccess/.htaccess', "AuthType SAML\nRequire valid-user\n", 0644);
        $httpd->write_file('htdocs/cgi-bin/env.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n", 0755);
        $httpd->write_file('htdocs/cgi-bin/body.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s:' \"\$REMOTE_USER\"\ncat\n", 0755);
    },
    conf => saml_conf() . ($cgi eq 'cgid' ? "ScriptSock cgisock\n" : '') . <<'CONF');
ProxyPass /to/ http://@BACKEND@/
SetEnvIf X-From-Client "(.+)" SAML_GROUPS=$1
<Directory "@ROOT@/htdocs">
    Options +Includes
    AddOutputFilter INCLUDES .shtml
</Directory>
<Directory "@ROOT@/htdocs/cgi-bin">
    Options +ExecCGI
    SetHandler cgi-script
    AuthType SAML
    Require valid-user
</Directory>
<Directory "@ROOT@/htdocs/front">
    AuthType SAML
    Require valid-user
    FallbackResource /front/front.shtml
</Directory>
<Directory "@ROOT@/htdocs/htaccess">
    AllowOverride AuthConfig
</Directory>
<Directory "@ROOT@/htdocs/half">
    <If "%{REQUEST_URI} =~ m#/show#">
        AuthType SAML
        Require valid-user
    </If>
</Directory>
RewriteEngine on
RewriteRule ^/pretty/(.*)$ /show.shtml [PT]
<Location "/show.shtml">
    AuthType SAML
    Require valid-user
</Location>
<Location "/denied">
    AuthType SAML
    Require saml-group nobody-has-it
    ErrorDocument 403 /error.shtml
</Location>
<Location "/missing">
    AuthType SAML
    Require valid-user
    ErrorDocument 404 /error.shtml
</Location>
<Location "/to/">
    AuthType SAML
    Require valid-user
    RequestHeader set X-Copy "expr=%{reqenv:SAML_EMAIL}"
    RequestHeader set X-User-Copy "expr=%{REMOTE_USER}"
</Location>
<Location "/to/bar">
    SAMLHeader X-Groups groups separator=|
    SAMLHeader X-Long groups separator=,,
</Location>
<Location "/to/encoded">
    SAMLHeader X-Percent groups encode=percent
    SAMLHeader X-Base64 groups encode=base64
    SAMLHeader X-Plain groups encode=none
    SAMLHeader X-First groups first
    SAMLHeader X-First-Percent groups encode=percent first
    SAMLHeader X-User-Base64 user encode=base64
</Location>
<Location "/to/named">
    SAMLHeader X-Full http://schemas.example.org/claims/cost-centre
    SAMLHeader X-Role roles separator=,
    SAMLHeader X-Nothing http://schemas.example.org/claims/not-sent
    SAMLHeader X-Remote-Name givenname
</Location>
<Location "/to/none">
    SAMLHeader none
</Location>
<Location "/to/none/but">
    SAMLHeader X-Only-Nameid nameid
</Location>
<Location "/to/display">
    SAMLUser displayname
</Location>
<Location "/to/group">
    SAMLUser groups
</Location>
<Location "/to/full">
    SAMLUser http://schemas.example.org/claims/cost-centre
</Location>
<Location "/cgi-bin/env.cgi/quiet">
    SAMLEnv off
</Location>
<Location "/cgi-bin/env.cgi/quiet/but">
    SAMLEnv on
</Location>
<Location "/cgi-bin/env.cgi/pass">
    SAMLUnauthenticated pass
</Location>
CONF

sub outcome { my ($reply) = @_; return $reply->status == 200 && $reply->form ? 'login' : $reply->status }

# Every value of that header at the backend, joined; undef where there is none.
sub seen
{
    my ($reply, $name) = @_;
    my @values = $reply->body =~ /^\Q$name\E: (.*)$/mig;

    return @values ? join(' || ', @values) : undef;
}

my $whole = "user=ada\@example.org claim=ada\@example.org header=ada\@example.org\n";
my @groups = ('a;b|c', "Caf\x{e9} & co", 'x,,y', '50%');
my $ada = $t->browser;
$t->login($ada, '/show.shtml', attributes => [
    @{ SSOTest::IdP::attributes('ada') }, [SSOTest::IdP::GROUPS, [@groups]], [ROLE, ['reader', 'writer']], [COST, ['42', '43']],
    ['http://other.example.org/claims/cost-centre', ['other']],
]);

subtest 'CGI' => sub {
    is outcome($t->browser->get('/cgi-bin/env.cgi')), 'login', 'asks for a sign-on';
    my $env = $ada->get('/cgi-bin/env.cgi?x=1', headers => [['X-Remote-User', 'evil'], ['X_Remote_User', 'evil'], ['X-From-Client', 'forged']])->env;
    is $env->{REMOTE_USER}, 'ada@example.org', 'REMOTE_USER';
    is $env->{AUTH_TYPE}, 'SAML', 'AUTH_TYPE';
    is $env->{HTTP_X_REMOTE_USER}, 'ada@example.org', 'HTTP_X_REMOTE_USER is ours';
    is $env->{HTTP_COOKIE}, undef, 'our cookie is not there';
    is $env->{QUERY_STRING}, 'x=1', 'the query is';
    my %want = (SAML_NAMEID => 'ada@example.org', SAML_EMAIL => 'ada@example.org', SAML_DISPLAYNAME => 'Ada Example', SAML_GIVENNAME => 'Ada',
        SAML_TENANTID => SSOTest::IdP::TENANT, SAML_ROLES => 'reader;writer', SAML_COST_CENTRE => '42;43', SAML_COST_CENTRE_2 => 'other',
        SAML_GROUPS => "a%3Bb|c;Caf\xc3\xa9 & co;x,,y;50%", SAML_NAMEID_FORMAT => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
    is $env->{$_}, $want{$_}, $_ for sort keys %want;
    ok $env->{SAML_AUTHN_CONTEXT}, 'SAML_AUTHN_CONTEXT';
    my $posted = $ada->post('/cgi-bin/body.cgi', [text => 'hello']);
    is $posted->body, 'ada@example.org:text=hello', 'a form reaches it with its user';
    is $ada->request('PUT', '/cgi-bin/body.cgi', body => 'put', type => 'text/plain')->body, 'ada@example.org:put', 'and so does PUT';
};

subtest 'SAMLEnv' => sub {
    my $off = $ada->get('/cgi-bin/env.cgi/quiet')->env;
    is_deeply [grep { /^SAML_/ } keys %$off], [], 'off: no variable of ours';
    is $off->{REMOTE_USER}, 'ada@example.org', 'but the user';
    is $off->{HTTP_X_REMOTE_USER}, 'ada@example.org', 'and the headers';
    is $ada->get('/cgi-bin/env.cgi/quiet/but')->env->{SAML_EMAIL}, 'ada@example.org', 'on again further in';
};

subtest 'pass' => sub {
    my $nobody = $t->browser->get('/cgi-bin/env.cgi/pass', headers => [['X-Remote-User', 'evil'], ['X-Remote-Groups', 'admins']])->env;
    is_deeply [grep { /^(?:SAML_|REMOTE_USER|AUTH_TYPE|HTTP_X_REMOTE)/ && defined $nobody->{$_} } sort keys %$nobody], [],
        'without a session: no user, no type, no variable, no header';
    is $ada->get('/cgi-bin/env.cgi/pass')->env->{REMOTE_USER}, 'ada@example.org', 'with one: the user';
};

subtest 'ways that lead inside' => sub {
    is $ada->get('/show.shtml')->body, $whole, 'directly';
    is $ada->get('/pretty/anything')->body, $whole, 'by RewriteRule [PT]';
    is outcome($t->browser->get('/pretty/anything')), 'login', 'which asks for a sign-on, too';
    is $ada->get('/front/no/such/file')->body, $whole, 'by FallbackResource';
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/front/route?a=1'));
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/front/route?a=1', 'which keeps the address asked for';
    is $ada->get('/htaccess/show.shtml')->body, $whole, 'by .htaccess';
    is outcome($t->browser->get('/htaccess/show.shtml')), 'login', 'which guards';
    is $t->browser->get('/plain/show.shtml', headers => [['X-Remote-User', 'evil']])->body, "user=(none) claim=(none) header=(none)\n",
        'a place that is not guarded knows nobody';
    is $ada->get('/plain/show.shtml')->body, "user=(none) claim=(none) header=(none)\n", 'whoever comes';
};

subtest '<If>' => sub {
    is outcome($t->browser->get('/half/show.shtml')), 'login', 'where it holds the place is guarded';
    is $ada->get('/half/show.shtml')->body, $whole, 'and knows its user';
    is $t->browser->get('/half/other.shtml')->status, 200, 'where it does not, it is open';
};

subtest 'error documents' => sub {
    my $denied = $ada->get('/denied');
    is $denied->status, 403, 'without the group';
    like $denied->body, qr/^user=/, "the page of ErrorDocument";
    is outcome($t->browser->get('/denied')), 'login', 'without a session the sign-on, not the error';
    my $missing = $ada->get('/missing');
    is $missing->status, 404, 'what is not there';
    like $missing->body, qr/^user=/, 'has its page, too';
    is outcome($t->browser->get('/missing')), 'login', 'for who has signed on';
};

subtest 'the default headers' => sub {
    my $reply = $ada->get('/to/x', headers => [['X-Groups', 'forged'], ['X-First', 'forged']]);
    is seen($reply, 'X-Remote-User'), 'ada@example.org', 'X-Remote-User';
    is seen($reply, 'X-Remote-Email'), 'ada@example.org', 'X-Remote-Email';
    is seen($reply, 'X-Remote-Name'), 'ada@example.org', 'X-Remote-Name';
    is seen($reply, 'X-Remote-Groups'), "a%3Bb|c;Caf\xc3\xa9 & co;x,,y;50%", 'X-Remote-Groups';
    is seen($reply, $_), undef, "$_, which other places set, is taken out" for qw(X-Groups X-First);
    is seen($reply, 'X-Copy'), 'ada@example.org', 'RequestHeader can read a variable';
    is seen($reply, 'X-User-Copy'), 'ada@example.org', 'and the user';
};

subtest 'separators' => sub {
    my $reply = $ada->get('/to/bar');
    is seen($reply, 'X-Groups'), "a;b%7Cc|Caf\xc3\xa9 & co|x,,y|50%", 'a bar; in a value it is escaped';
    is seen($reply, 'X-Long'), "a;b|c,,Caf\xc3\xa9 & co,,x%2C%2Cy,,50%", 'of two characters';
    is seen($reply, 'X-Remote-User'), 'ada@example.org', 'beside the default headers';
};

subtest 'encodings' => sub {
    my $reply = $ada->get('/to/encoded');
    is seen($reply, 'X-Percent'), 'a%3Bb%7Cc;Caf%C3%A9%20%26%20co;x%2C%2Cy;50%25', 'percent';
    is_deeply [map { decode_base64($_) } split /;/, seen($reply, 'X-Base64')], ['a;b|c', "Caf\xc3\xa9 & co", 'x,,y', '50%'], 'base64, each value';
    is seen($reply, 'X-Plain'), "a%3Bb|c;Caf\xc3\xa9 & co;x,,y;50%", 'none';
    is seen($reply, 'X-First'), 'a;b|c', 'first: the first alone, as it is';
    is seen($reply, 'X-First-Percent'), 'a%3Bb%7Cc', 'first, encoded';
    is decode_base64(seen($reply, 'X-User-Base64')), 'ada@example.org', 'the user, encoded';
};

subtest 'claims by name' => sub {
    my $reply = $ada->get('/to/named', headers => [['X-Nothing', 'forged']]);
    is seen($reply, 'X-Full'), '42;43', 'by full name';
    is seen($reply, 'X-Role'), 'reader,writer', 'by alias';
    is seen($reply, 'X-Nothing'), undef, 'none for a claim that did not come, whatever the client sent';
    is seen($reply, 'X-Remote-Name'), 'Ada', 'a default header named again is replaced';
};

subtest 'none' => sub {
    unlike $ada->get('/to/none', headers => [['X-Remote-User', 'evil']])->body, qr/^X-Remote-/mi, 'no header, and none of the client';
    my $reply = $ada->get('/to/none/but');
    is seen($reply, 'X-Only-Nameid'), 'ada@example.org', 'further in, what is said there';
    unlike $reply->body, qr/^X-Remote-/mi, 'and nothing else';
};

subtest 'SAMLUser' => sub {
    is seen($ada->get('/to/display'), 'X-Remote-User'), 'Ada Example', 'an alias';
    is seen($ada->get('/to/display'), 'X-User-Copy'), 'Ada Example', 'is REMOTE_USER, too';
    is seen($ada->get('/to/group'), 'X-Remote-User'), 'a;b|c', 'of several values the first';
    is seen($ada->get('/to/full'), 'X-Remote-User'), '42', 'a full name';
    my $other = $t->signed_on('/show.shtml');
    my $refused = $other->get('/to/full');
    is $refused->status, 403, 'who lacks it is refused';
    unlike $refused->body, qr{^GET }, 'and does not reach the backend';
    $t->refused('claim', qr/SAMLUser: expected claim "\Q${\ COST}\E"/);
};

subtest 'logout' => sub {
    my $browser = $t->signed_on('/show.shtml', user => 'lena');
    like $browser->get('/cgi-bin/env.cgi')->body, qr/^REMOTE_USER=lena\@example\.org$/m, 'before';
    is $browser->get('/saml/logout')->status, 200, 'logout';
    is outcome($browser->get($_)), 'login', "$_ asks again" for '/cgi-bin/env.cgi', '/to/x', '/front/x', '/show.shtml';
    is $ada->get('/show.shtml')->body, $whole, 'nobody else is touched';
};

$t->tolerate_log(qr/AH01631/);     # authz_core says so of a 403
$t->finish;
done_testing;
