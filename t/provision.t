#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# SAMLProvision: a backend hears of each user once, signed, before the first session, and may say no.
use strict;
use warnings;
use utf8;
use Digest::SHA qw(hmac_sha256_hex);
use Encode qw(encode_utf8);
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use SSOTest;
use SSOTest::Hook;

use constant MS => 'http://schemas.microsoft.com/';

my $folder = File::Temp->newdir('mod_saml_sso-XXXXXXXX', TMPDIR => 1);
my $hook = SSOTest::Hook->start("$folder");
my $closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Proto => 'tcp') || die $!;   # bound, not listening
my @apps = (['', $hook->url], ['basic', $hook->url . ' group="SSO Basic"'], ['quoted', $hook->url . ' "group=Ünïted \"x\""'], ['silent', 'none'],
    ['closed', 'http://127.0.0.1:' . $closed->sockport . '/hook'], ['notls', 'https://127.0.0.1:' . $hook->port . '/hook'],
    ['named', $hook->url], ['mail', $hook->url], ['tls', "https://localhost:\@TLS_PORT\@/hook\n    SAMLMetadataCA \"\@ROOT\@/tls.cer\""],
    ['untrusted', 'https://localhost:@TLS_PORT@/hook']);
my $secret = join '', map { sprintf '%02x', $_ * 7 } 1 .. 32;

sub app_conf
{
    my ($name, $provision) = @{ $_[0] };
    my $place = $name || 'own';
    my $guard = "<Location \"/$place\">\n    AuthType SAML\n    Require valid-user\n" . ($name && "    SAMLApplication $name\n") . "</Location>\n";

    return saml_conf(SAMLProvision => $provision, SAMLSecret => '"@ROOT@/secret"') . $guard if !$name;
    $guard .= "<Location ~ \"^(/saml)?/mail\">\n    SAMLUser email\n</Location>\n" if $name eq 'mail';
    $guard .= "<Location \"/saml/named\">\n    SAMLUser nameid lower strip-domain=example.org\n</Location>\n" if $name eq 'named';
    return "<SAMLApplication $name>\n    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$name/acs\n    SAMLProvision $provision\n"
        . "</SAMLApplication>\n$guard";
}

# The same backend behind TLS, under a certificate that no authority of the system's knows.
my $tls = <<"CONF";
SSLSessionCache "shmcb:\@ROOT\@/run/ssl(65536)"
Listen 127.0.0.1:\@TLS_PORT\@
<VirtualHost 127.0.0.1:\@TLS_PORT\@>
    ServerName localhost
    SSLEngine on
    SSLCertificateFile "\@ROOT\@/tls.cer"
    SSLCertificateKeyFile "\@ROOT\@/tls.key"
    ProxyPass "/hook" "@{[$hook->url]}"
</VirtualHost>
CONF

my $t = SSOTest->new(tls => 1, modules => [qw(ssl socache_shmcb proxy proxy_http)],
    conf => encode_utf8(join('', map { app_conf($_) } @apps) . $tls), prepare => sub {
    my ($self) = @_;
    $self->httpd->write_file('htdocs/' . ($_->[0] || 'own'), 'in', 0644) for @apps;
    $self->httpd->write_file('secret', "# made for this test\n$secret\n" . 'ab' x 31 . "cd\n", 0600);
});

# What Entra says of somebody: object ID, how he signed on, groups.
sub claims
{
    my ($name, %o) = @_;

    return [
        [MS . 'identity/claims/tenantid', [SSOTest::IdP::TENANT]],
        $o{object} ? [MS . 'identity/claims/objectidentifier', [$o{object}]] : (),
        [MS . 'identity/claims/displayname', [$o{display} // "\u$name Example"]],
        [MS . 'claims/authnmethodsreferences', [$o{how} // MS . 'ws/2008/06/identity/authenticationmethod/password']],
        $o{groups} ? [SSOTest::IdP::GROUPS, $o{groups}] : (),
        @{ $o{more} || [] },
    ];
}

# A sign-on: the ACS's answer, and what the backend heard.
sub sign_on
{
    my ($place, $name, %o) = @_;
    my $reply = $t->sign_on($t->browser, "/$place", name_id => $o{name_id} // "$name\@example.org", attributes => claims($name, %o),
        %{ $o{fields} || {} });

    return ($reply, $hook->requests);
}

sub session_of { my ($reply) = @_; return scalar grep { /^saml[^=]*=[A-Za-z0-9_-]{43};/ } $reply->headers('Set-Cookie') }

sub let_in
{
    my ($what, $asked, $reply, $requests) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 303, "$what: let in";
    is session_of($reply), 1, 'with a session';
    is scalar @$requests, $asked, $asked ? 'the backend was asked once' : 'the backend was not asked';
    return $asked ? JSON::PP->new->utf8->decode($requests->[0]{body}) : undef;
}

sub kept_out
{
    my ($what, $reason, $reply, $requests) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is $reply->status, 403, "$what: kept out";
    is session_of($reply), 0, 'without a session';
    like $reply->body, qr{<dd>provisioning</dd>}, 'the page names the status';
    $t->refused('provisioning', $reason);
    return;
}

my $ada = '00000000-0000-4000-8000-00000000000a';

subtest 'SAMLUser' => sub {
    my $told = let_in('that holds at the endpoint', 1, sign_on('named', 'ada', object => 'o-named'));
    is $told->{user}, 'ada', 'says who the user is';
    is $told->{nameid}, 'ada@example.org', 'and not who the NameID is';
};

# A claim may have an alias for its full name, and come beside the claim that has it.
subtest 'two claims of one short name' => sub {
    my $browser = $t->browser;
    my $mail = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress';
    my $told = let_in('the full name first', 1, do {
        my $reply = $t->sign_on($browser, '/mail', attributes => claims('eve', more => [['email', ['ada@example.org']], ['groups', ['admins']],
            [$mail, ['eve@example.org']], [SSOTest::IdP::GROUPS, ['staff']]]));
        ($reply, $hook->requests);
    });
    my $me = $browser->get('/saml/mail/me', headers => [['Accept', 'application/json']], no_default => 1)->json;

    is $told->{user}, $me->{user}, 'the backend hears of the user who then comes';
    is $me->{user}, 'eve@example.org', 'who is the one of the full name';
    is_deeply $told->{groups}, ['staff'], 'and of his groups';
};

subtest 'the first sign-on' => sub {
    my @got = sign_on('own', 'ada', object => $ada, display => "Ada \"Ä\" <b>\t€ 𝒳", groups => ['g-1', 'g-2']);
    my $told = let_in('first', 1, @got);
    my $request = $got[1][0];
    my $key = hmac_sha256_hex('mod_saml_sso provisioning', pack 'H*', $secret);

    is $request->{line}, 'POST /hook HTTP/1.1', 'by POST';
    is $request->{headers}{'content-type'}, 'application/json', 'as JSON';
    is $request->{headers}{'x-saml-signature'}, 'sha256=' . hmac_sha256_hex($request->{body}, $key), 'signed under the derived key';
    unlike $request->{body}, qr/[^\x20-\x3b\x3d-\x7e\x80-\xff]/, 'no octet in it that needs care';
    is_deeply $told, {
        user => 'ada@example.org', nameid => 'ada@example.org', groups => ['g-1', 'g-2'], application => 'default',
        claims => { map { $_->[0] => $_->[1] } @{ claims('ada', object => $ada, display => "Ada \"Ä\" <b>\t€ 𝒳", groups => ['g-1', 'g-2']) } },
    }, 'who, with every claim by its full name';
    my $by_hand = qx{printf 'mod_saml_sso provisioning' | openssl dgst -sha256 -r -mac HMAC -macopt hexkey:"\$(grep -m 1 '^[0-9A-Fa-f]' '${\ $t->dir}/secret')"};
    is substr($by_hand, 0, 64), $key, "the manual's command makes the same key";
    open my $manual, '<:encoding(UTF-8)', "$ENV{SSO_SRCDIR}/doc/manual.md" or die $!;
    ok index(join('', <$manual>), q{printf 'mod_saml_sso provisioning' | openssl dgst -sha256 -r -mac HMAC -macopt hexkey:"$(grep -m 1 '^[0-9A-Fa-f]' })
        >= 0, 'which stands there so';
};

subtest 'the next ones' => sub {
    my %same = (object => $ada, display => "Ada \"Ä\" <b>\t€ 𝒳", groups => ['g-1', 'g-2']);

    let_in('the same', 0, sign_on('own', 'ada', %same));
    let_in('by another method', 0, sign_on('own', 'ada', %same, how => MS . 'claims/multipleauthn'));
    let_in('groups in another order', 0, sign_on('own', 'ada', %same, groups => ['g-2', 'g-1']));
    is let_in('another group', 1, sign_on('own', 'ada', %same, groups => ['g-2', 'g-3']))->{groups}[1], 'g-3', 'it hears of the change';
    let_in('the same again', 0, sign_on('own', 'ada', %same, groups => ['g-2', 'g-3']));
    is let_in('a new name', 1, sign_on('own', 'ada', %same, groups => ['g-2', 'g-3'], name_id => 'ada.new@example.org'))->{user},
        'ada.new@example.org', 'for the same object';
    let_in('somebody else of the old name', 1, sign_on('own', 'ada', %same, object => '00000000-0000-4000-8000-00000000000b'));
    let_in('which changes nothing for the first', 0, sign_on('own', 'ada', %same, groups => ['g-2', 'g-3'], name_id => 'ada.new@example.org'));
};

subtest 'who is known by NameID' => sub {
    my %transient = (name_id_format => 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient');

    let_in('first', 1, sign_on('own', 'bob'));
    let_in('again', 0, sign_on('own', 'bob'));
    let_in('another', 1, sign_on('own', 'eve'));
    is let_in('of an object ID that is a name', 1, sign_on('own', 'eve', object => 'bob@example.org'))->{user}, 'eve@example.org', 'is no NameID';
    my $told = let_in('a name for once', 1, sign_on('own', 'tom', object => 'o-tom', name_id => '_1', fields => \%transient));
    is $told->{nameid}, '_1', 'is sent';
    let_in('the next one', 0, sign_on('own', 'tom', object => 'o-tom', name_id => '_2', fields => \%transient));
    let_in('without object ID', 1, sign_on('own', 'tom', name_id => '_3', fields => \%transient));
    let_in('it is always somebody new', 1, sign_on('own', 'tom', name_id => '_4', fields => \%transient));
};

subtest 'each application for itself' => sub {
    my $told = let_in('another application', 1, sign_on('basic', 'bob'));

    is $told->{application}, 'basic', 'by its name';
    is $told->{group}, 'SSO Basic', 'with the group to give';
    let_in('again', 0, sign_on('basic', 'bob'));
    let_in('the first one still knows', 0, sign_on('own', 'bob'));
    is let_in('a third one', 1, sign_on('quoted', 'bob'))->{group}, 'Ünïted "x"', 'quotes and UTF-8 in a group';
    let_in('none', 0, sign_on('silent', 'bob'));
};

subtest 'groups that are unknown' => sub {
    my @link = ([MS . 'claims/groups.link', ['https://graph.windows.net/x/users/y/getMemberObjects']]);
    $t->expect_log(qr/\[overage\]/);
    my $told = let_in('overage', 1, sign_on('own', 'olga', more => \@link));

    is_deeply $told->{groups}, [], 'no groups';
    ok $told->{groups_overage}, 'and the word that this says nothing';
    $told = let_in('no groups', 1, sign_on('own', 'olga'));
    is_deeply $told->{groups}, [], 'is another thing';
    ok !exists $told->{groups_overage}, 'and says so';
};

subtest '403 with a message' => sub {
    my $text = "Ask  \"IT\" <b>first</b> & pay\r\n\x{202e}\x{7}2 \x{20ac}.\n";
    my $shown = 'Ask &quot;IT&quot; &lt;b&gt;first&lt;/b&gt; &amp; pay 2 €.';
    my @types = (['text/plain', encode_utf8($text), $shown], ['Text/Plain; charset=utf-8', encode_utf8($text), $shown],
        ['application/json', JSON::PP->new->utf8->encode({ message => $text, code => 7 }), $shown],
        ['application/json; charset=utf-8', JSON::PP->new->ascii->encode({ message => $text }), $shown],
        ['text/plain', 'x' x 1000, 'x' x 300], ['text/plain', encode_utf8("\x{20ac}" x 301), "\x{20ac}" x 300],
        ['text/plain', "y\0y", 'yy']);

    for my $case (@types) {
        my ($type, $body, $want) = @$case;
        $hook->answer(403, $type, $body);
        my @got = sign_on('own', 'mallory');
        kept_out($type, qr/application "": expected the backend to take the user, got 403, message "/, @got);
        is scalar @{ $got[1] }, 1, 'asked once';
        my $page = Encode::decode_utf8($got[0]->body);
        ok index($page, ">$want<") >= 0 || $page =~ /\Q$want\E(?!x|\x{20ac})/, 'the message on the page, as text' or diag $page;
        unlike $page, qr/<b>first|\x{202e}|\x{7}/, 'and nothing else of it';
    }
    for my $case (['text/html', '<b>no</b>'], [undef, 'no'], ['text/plain', "\xff\xfe"], ['text/plain', " \r\n\t "], ['text/plain', ''],
        ['application/json', '{"message": 7}'], ['application/json', '["no"]'], ['application/json', '{"message": "no"'],
        ['application/json', '{"message":"a","message":"b"}'], ['application/json', ''], ['text/plainly', 'no']) {
        my ($type, $body) = @$case;
        $hook->answer(403, $type, $body);
        kept_out($type // 'no type', qr/got 403, message none$/, sign_on('own', 'mallory'));
    }
    $hook->answer(200, 'text/plain', 'welcome');
    let_in('when the backend has changed its mind', 1, sign_on('own', 'mallory'));
};

subtest 'somebody who was let in before' => sub {
    my %same = (object => 'o-paul', groups => ['g-1']);

    let_in('a yes', 1, sign_on('own', 'paul', %same));
    $hook->answer(403, 'text/plain', 'no more');
    kept_out('a no, at a change', qr/got 403, message "no more"/, sign_on('own', 'paul', %same, display => 'P.'));
    kept_out('the yes from before', qr/got 403, message "no more"/, sign_on('own', 'paul', %same));
    $hook->answer(200);
    let_in('until the backend says so again', 1, sign_on('own', 'paul', %same));
    let_in('which is remembered', 0, sign_on('own', 'paul', %same));
    $hook->answer(500);
    kept_out('no answer, at a change', qr/got 500$/, sign_on('own', 'paul', %same, display => 'P.'));
    let_in('is no no', 0, sign_on('own', 'paul', %same));
    $hook->answer(200);
};

subtest 'no usable answer' => sub {
    for my $status (300, 302, 400, 401, 404, 429, 500, 503) {
        $hook->answer($status, 'text/plain', 'secret words', 'Location: ' . $hook->url);
        my @got = sign_on('own', 'nora');
        kept_out($status, qr/expected 2xx to let the user in or 403 to refuse, got $status$/, @got);
        is scalar @{ $got[1] }, 1, 'asked once, and led nowhere';
        unlike $got[0]->body, qr/secret words/, 'what it says is not for the page';
    }
    $hook->answer(200, 'text/plain', 'x' x 70000);
    kept_out('too much', qr/SAMLProvision from "[^"]*": expected at most 65536 octets, got more/, sign_on('own', 'nora'));
    $hook->answer('hang');
    kept_out('silence', qr/expected an answer within 5000 ms/, sign_on('own', 'nora'));
    kept_out('a closed port', qr/SAMLProvision from "http:\/\/127\.0\.0\.1:\d+": expected an answer, got error 7/, sign_on('closed', 'nora'));
    kept_out('no TLS', qr/SAMLProvision from "https:\/\/127\.0\.0\.1:\d+": expected an answer, got error \d+/, sign_on('notls', 'nora'));
    $hook->requests;
    my @got = sign_on('untrusted', 'nora');
    kept_out('a certificate of nobody', qr/SAMLProvision from "https:\/\/localhost:\d+": expected an answer, got error 60/, @got);
    is scalar @{ $got[1] }, 0, 'it is told nothing';
    $hook->answer(201);
    let_in('none of this was taken for a yes', 1, sign_on('own', 'nora'));
    let_in('TLS under an authority that is named', 1, sign_on('tls', 'nora'));
};

subtest 'a response sent twice' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/own'));
    my $response = $t->response_to($request, name_id => 'rita@example.org', attributes => claims('rita'));

    is $t->deliver($browser, $request, $response)->status, 303, 'the first time';
    is scalar @{ $hook->requests }, 1, 'the backend hears of it';
    my $second = $t->browser;
    my $other = $t->request_of($second->get('/own'));
    $t->deliver($second, { %$other, acs => $request->{acs} }, $response);
    $t->refused('in-response-to');
    is scalar @{ $hook->requests }, 0, 'a second time it does not';
};

subtest 'after a restart' => sub {
    ok $t->httpd->restart, 'stopped and started';
    let_in('known', 0, sign_on('own', 'bob'));
    let_in('known elsewhere', 0, sign_on('basic', 'bob'));
    let_in('new', 1, sign_on('own', 'zoe'));
};

$t->finish;
done_testing;
