#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLHeader preset: the headers that other products set, taken out of what clients send like all others; and the budget of sizes.
use strict;
use warnings;
use Test::More;
use SSOTest;

my @presets = qw(appproxy siteminder oam shibboleth mellon);
my $cgi = SSOTest::Httpd::mpm() eq 'prefork' ? 'cgi' : 'cgid';
my $t = SSOTest->new(backend => 1, modules => [qw(proxy proxy_http headers env), $cgi],
    prepare => sub {
        my ($self) = @_;
        mkdir $self->dir . '/htdocs/cgi-bin';
        chmod 0755, $self->dir . '/htdocs/cgi-bin';
        $self->httpd->write_file('htdocs/cgi-bin/env.cgi', "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n", 0755);
    },
    conf => saml_conf() . ($cgi eq 'cgid' ? "ScriptSock cgisock\n" : '') . <<'CONF' . join '', map { <<"PRESET" } @presets);
ProxyPass /to/ http://@BACKEND@/
ProxyPass /open/ http://@BACKEND@/
<Directory "@ROOT@/htdocs/cgi-bin">
    Options +ExecCGI
    SetHandler cgi-script
    AuthType SAML
    Require valid-user
</Directory>
<Location "/to/">
    AuthType SAML
    Require valid-user
    RequestHeader set X-Left-Out "expr=%{reqenv:SAML_HEADERS_LEFT_OUT}"
</Location>
<Location "/to/replaced">
    SAMLHeader none
    SAMLHeader preset siteminder
    SAMLHeader SM-UniversalID objectid
</Location>
<Location "/to/two">
    SAMLHeader none
    SAMLHeader preset siteminder
    SAMLHeader preset oam
</Location>
<Location "/to/two/inside">
    SAMLHeader SM_USER email
</Location>
<Location "/to/beside">
    SAMLHeader preset oam
</Location>
<Location "/to/wide">
    SAMLHeader X-Remote-Groups groups max=60000
    SAMLHeader X-Narrow groups max=20
</Location>
<Location "/to/many">
    SAMLHeader X-One   groups
    SAMLHeader X-Two   groups
    SAMLHeader X-Three groups
    SAMLHeader X-Own   groups max=7000
</Location>
<Location "/to/quiet">
    SAMLEnv off
</Location>
<Location "/cgi-bin/env.cgi/legacy">
    SAMLHeader preset siteminder
</Location>
CONF
<Location "/to/$_">
    SAMLHeader none
    SAMLHeader preset $_
</Location>
PRESET

my %want = (
    appproxy => { userprincipalname => 'ada@example.org', mail => 'ada@example.org', givenname => 'Ada', surname => 'Lovelace',
        displayname => 'Ada Example', objectid => 'object-1', groups => 'a^b;c:d;e%3Bf' },
    siteminder => { SM_USER => 'name-id', SM_UNIVERSALID => 'name-id', SM_USERGROUPS => 'a%5Eb^c:d^e;f' },
    oam => { OAM_REMOTE_USER => 'name-id', OAM_REMOTE_USER_EMAIL => 'ada@example.org', OAM_REMOTE_USER_GROUPS => 'a^b:c%3Ad:e;f' },
    shibboleth => { REMOTE_USER => 'name-id', eppn => 'ada@example.org', mail => 'ada@example.org', givenName => 'Ada', sn => 'Lovelace',
        displayName => 'Ada Example', isMemberOf => 'a^b;c:d;e%3Bf' },
    mellon => { MELLON_NAME_ID => 'name-id', MELLON_email => 'ada@example.org', MELLON_name => 'ada@example.org', MELLON_givenname => 'Ada',
        MELLON_surname => 'Lovelace', MELLON_displayname => 'Ada Example', MELLON_groups => 'a^b;c:d;e%3Bf' },
);
# What the other products send besides, and applications may still trust: no client may.
my @theirs = (qw(SM_USERDN SM_AUTHTYPE SM_SERVERSESSIONID SM_ROLE_OF_SOME_POLICY OAM_IDENTITY_DOMAIN OAM_IMPERSONATOR_USER Shib-Session-ID
    Shib-Identity-Provider MELLON_groups_0 MELLON_SESSION_INDEX affiliation unscoped-affiliation entitlement persistent-id targeted-id subject-id
    pairwise-id assurance));
my %is_theirs = map { lc tr/_/-/r => 1 } @theirs;
my %is_ours = map { lc $_ => $_ } map { keys %$_ } values %want;

# The headers at the backend that some preset sets, by the names they came under.
sub preset_headers
{
    my ($reply) = @_;
    my ($body, %got) = $reply->body;

    while ($body =~ /^([\w-]+): (.*)$/mg) {
        my ($name, $value) = ($1, $2);
        next unless $is_ours{ lc $name } || $is_theirs{ lc $name =~ tr/_./-/r } || $name =~ /^(?:SM|OAM|MELLON|Shib)[_.-]/i;
        $got{$name} = exists $got{$name} ? "$got{$name} || $value" : $value;
    }
    return \%got;
}

sub seen { my ($reply, $name) = @_; return $reply->body =~ /^\Q$name\E: (.*)$/mi ? $1 : undef }

# Somebody in these groups.
sub somebody
{
    my ($groups, @more) = @_;
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/to/'));

    $t->deliver($browser, $request, $t->response_to($request, name_id => 'name-id', attributes => [
        @{ SSOTest::IdP::attributes('ada', @$groups) }, @more,
    ]))->status == 303 or die 'no sign-on';
    return $browser;
}

my $ada = somebody(['a^b', 'c:d', 'e;f'], [SSOTest::IdP::CLAIMS . 'surname', ['Lovelace']], [SSOTest::IdP::MS_CLAIMS . 'objectidentifier', ['object-1']]);
my ($forged, $theirs) = map {
    [map { my $as_is = $_; my $dashed = tr/_/-/r; (["\L$as_is", 'evil'], [$dashed, 'evil'], ["\U$dashed", 'evil']) } @$_]
} [map { keys %$_ } values %want], \@theirs;

for my $preset (@presets) {
    subtest $preset => sub {
        my $reply = $ada->get("/to/$preset", headers => $forged);
        is_deeply preset_headers($reply), $want{$preset}, 'just its headers, each once, none of the client';
        unlike $reply->body, qr/^X-Remote-/mi, '"none" has taken the default ones away';
    };
}

subtest 'what else the other product would have sent' => sub {
    is_deeply preset_headers($ada->get("/to/$_", headers => $theirs)), $want{$_}, "comes from no client at $_" for @presets;
    is_deeply preset_headers($ada->get($_, headers => $theirs)), {}, "nor at $_" for '/to/plain', '/open/';
    is_deeply preset_headers($ada->get('/to/plain', headers => [['S-MODE', 'a'], ['Shiborigin', 'b'], ['Affiliations', 'c']])), {}, 'what is called otherwise';
    like $ada->get('/to/plain', headers => [['Shiborigin', 'b']])->body, qr/^Shiborigin: b/m, 'goes through';
};

subtest 'the client, elsewhere' => sub {
    is_deeply preset_headers($ada->get('/to/plain', headers => $forged)), {}, 'none in a place that has no preset';
    is_deeply preset_headers($t->browser->get('/open/', headers => $forged)), {}, 'nor in one that is not guarded';
};

subtest 'with other lines' => sub {
    is_deeply preset_headers($ada->get('/to/replaced')), { SM_USER => 'name-id', 'SM-UniversalID' => 'object-1', SM_USERGROUPS => 'a%5Eb^c:d^e;f' },
        'a line behind the preset stands in place of one of its headers, in its own spelling';
    is_deeply preset_headers($ada->get('/to/two')), { %{ $want{siteminder} }, %{ $want{oam} } }, 'two presets';
    is_deeply preset_headers($ada->get('/to/two/inside')), { %{ $want{siteminder} }, %{ $want{oam} }, SM_USER => 'ada@example.org' }, 'a line further in';
    my $beside = $ada->get('/to/beside');
    is seen($beside, 'X-Remote-User'), 'name-id', 'without "none" the default headers stay';
    is seen($beside, 'OAM_REMOTE_USER'), 'name-id', 'beside the preset';
};

subtest 'what did not come' => sub {
    my $nobody = $t->browser;
    my $request = $t->request_of($nobody->get('/to/'));
    $t->deliver($nobody, $request, $t->response_to($request, name_id => 'name-id', attributes => [[SSOTest::IdP::CLAIMS . 'emailaddress', []]]));
    is_deeply preset_headers($nobody->get('/to/shibboleth', headers => $forged)), { REMOTE_USER => 'name-id' }, 'has no header, not an empty one';
    my $env = $nobody->get('/cgi-bin/env.cgi')->env;
    ok !exists $env->{$_}, "no $_" for qw(SAML_GROUPS SAML_EMAIL SAML_SURNAME HTTP_X_REMOTE_GROUPS HTTP_X_REMOTE_EMAIL SAML_HEADERS_LEFT_OUT);
    my $empty = somebody(['', 'b'], [SSOTest::IdP::CLAIMS . 'surname', ['']], [SSOTest::IdP::MS_CLAIMS . 'objectidentifier', ['', '']]);
    $env = $empty->get('/cgi-bin/env.cgi')->env;
    ok !exists $env->{SAML_SURNAME}, 'nor for a value that is empty';
    is $env->{SAML_GROUPS}, ';b', 'an empty one of several keeps its place';
    is $env->{SAML_OBJECTID}, ';', 'whatever the others are';
    is seen($empty->get('/to/shibboleth'), 'sn'), undef, 'no empty header';
};

subtest 'CGI on this server' => sub {
    my $env = $ada->get('/cgi-bin/env.cgi/legacy')->env;
    is $env->{HTTP_SM_USER}, undef, 'httpd hands no header with an underscore to CGI';
    is $env->{HTTP_X_REMOTE_USER}, 'name-id', 'one without it is there';
};

# --- sizes ---

# Groups whose value in a header has just that many bytes.
sub groups_of { my ($bytes) = @_; return [('g' x 99) x int(($bytes - 50) / 100), 'h' x ($bytes - 100 * int(($bytes - 50) / 100))] }

sub said { my @lines = $t->httpd->log_text =~ /^.*\[too-large\].*$/mg; return @lines }

is scalar(said()), 0, 'no word of sizes so far';
my $most = somebody(groups_of(7000));
my $over = somebody(groups_of(7001));

subtest 'a value over its budget' => sub {
    is length seen($most->get('/to/'), 'X-Remote-Groups'), 7000, '7000 bytes go';
    my $reply = $over->get('/to/', headers => [['X-Remote-Groups', 'forged']]);
    is $reply->status, 200, '7001 do not harm the request';
    is seen($reply, 'X-Remote-Groups'), undef, 'but the header is not there, not in part and not from the client';
    is seen($reply, 'X-Remote-User'), 'name-id', 'the others are';
    is seen($reply, 'X-Left-Out'), 'X-Remote-Groups', 'and a variable names it';
    my @lines = said();
    is scalar(@lines), 1, 'the log has a line';
    like $lines[0], qr/header X-Remote-Groups is left out \[too-large\]: expected at most 7000 bytes of value, got 7001 with claim "groups"; mend: have the/,
        'with the header, both sizes and what to do';
    like $lines[0], qr/:warn\]/, 'at WARNING';
    $over->get('/to/') for 1 .. 40;
    my $children = 16;
    cmp_ok scalar(said()), '<=', $children, 'and not one for every request: one a minute of each process';
    my $env = $over->get('/cgi-bin/env.cgi')->env;
    is length $env->{SAML_GROUPS}, 7001, 'the environment has it whole';
    is $env->{SAML_HEADERS_LEFT_OUT}, 'X-Remote-Groups', 'and the name of the header';
    is seen($over->get('/to/quiet'), 'X-Left-Out'), '', 'without SAMLEnv there is no variable';
};

subtest 'max=' => sub {
    my $reply = $over->get('/to/wide');
    is length seen($reply, 'X-Remote-Groups'), 7001, 'more for one header';
    is seen($reply, 'X-Narrow'), undef, 'less for another';
    is seen($reply, 'X-Left-Out'), 'X-Narrow', 'of which the variable tells';
    is seen($ada->get('/to/wide'), 'X-Narrow'), 'a^b;c:d;e%3Bf', 'which goes where it is short enough';
};

subtest 'all together' => sub {
    my $reply = $most->get('/to/many');
    is length seen($reply, $_), 7000, "$_ goes" for qw(X-Remote-Groups X-One X-Own);
    is seen($reply, $_), undef, "$_ would be over 16384 with those before it" for qw(X-Two X-Three);
    is seen($reply, 'X-Left-Out'), 'X-Two;X-Three', 'which the variable names';
    like join("\n", said()), qr/header X-Two is left out \[too-large\]: expected at most 16384 bytes of all headers together, got \d{5} with claim "groups"/,
        'and the log';
};

$t->tolerate_log(qr/\[too-large\]/);
$t->finish;
done_testing;
