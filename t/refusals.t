#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Every way the ACS says no, by real POSTs: status name in the log, a page with a reference and without the reason.
use strict;
use warnings;
use MIME::Base64 qw(encode_base64);
use JSON::PP ();
use Test::More;
use SSOTest;

my $t = SSOTest->new(conf => saml_conf() . <<'CONF', prepare => sub { my ($self) = @_; $self->idp->make_key('other') });
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
CONF
$t->httpd->write_file('htdocs/app', 'in', 0644);

sub is_refusal
{
    my ($reply, $http, $status, $reason, $shown) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $shown ||= $status;
    is $reply->status, $http, "answered with $http";
    is scalar(grep { /^saml=/ } $reply->headers('Set-Cookie')), 0, 'no session';
    like $reply->header('Content-Type'), qr{^text/html}, 'by a page';
    is $reply->header('Cache-Control'), 'no-store', 'that nobody keeps';
    my ($reference) = $reply->body =~ m{<dt>Reference</dt><dd>([0-9a-f]{12})</dd>};
    ok defined $reference, 'with a reference';
    like $reply->body, qr{<dt>Reason</dt><dd>\Q$shown\E</dd>}, 'and the status name';
    my $line = $t->refused($status, $reason) // return;
    like $line, qr/\(\Q$reference\E\)/, 'which the log has too' if defined $reference;
    my ($text) = $line =~ /\): (.*)$/;
    unlike $reply->body, qr/\Q$text\E/, 'the reason itself is not on the page';
    return;
}

# [name, status, reason, fields of the response]
my $ac = 'urn:oasis:names:tc:SAML:2.0:status:';
my @cases = (
    ['version of the response', 'version', qr/"1\.1"/, { response_version => '1.1' }],
    ['version of the assertion', 'version', qr/"1\.1"/, { assertion_version => '1.1' }],
    ['another address', 'destination', qr{other\.example}, { destination => 'https://other.example/acs' }],
    ['another issuer', 'issuer', qr{evil\.example}, { issuer => 'https://evil.example/' }],
    ['another issuer of the response', 'issuer', qr{evil\.example}, { response_issuer => 'https://evil.example/' }],
    ['another issuer of the assertion', 'issuer', qr{evil\.example}, { assertion_issuer => 'https://evil.example/' }],
    ['another request', 'in-response-to', qr/_other/, { in_response_to => '_other' }],
    ['another request in the confirmation', 'in-response-to', qr/_other/, { confirmation_in_response_to => '_other' }],
    ['no request', 'in-response-to', qr/none/, { in_response_to => undef }],
    ['a failure at the identity provider', 'status', qr/AADSTS50105/,
        { status_codes => ["${ac}Requester", "${ac}RequestDenied"], status_message => 'AADSTS50105: not assigned', sign => 'response' }],
    ['the same, unsigned as Entra sends it', 'status', qr/AADSTS50105/,
        { status_codes => ["${ac}Requester", "${ac}RequestDenied"], status_message => 'AADSTS50105: not assigned', sign => 'none' }],
    ['no signature', 'unsigned', undef, { sign => 'none' }],
    ['another key', 'signature', undef, { signer => 'other' }],
    ['a changed name', 'signature', undef, { replace => [['ada@example.org', 'eve@example.org']] }],
    ['SHA-1', 'algorithm', qr/sha1/, { algorithm => 'rsa-sha1', digest => 'sha1' }],
    ['no assertion', 'assertion-count', undef, { with_assertion => JSON::PP::false(), sign => 'response' }],
    ['another audience', 'audience', qr{other\.example}, { audiences => ['https://other.example/saml'] }],
    ['no audience', 'audience', undef, { audiences => [] }],
    ['an unknown condition', 'conditions', undef, { conditions_extra => '<x:New xmlns:x="urn:x"/>' }],
    ['too early', 'not-before', undef, { not_before => 400 }],
    ['too late', 'expired', undef, { not_on_or_after => -400, not_before => -4000 }],
    ['confirmation too late', 'expired', undef, { confirmation_not_on_or_after => -400 }],
    ['another recipient', 'recipient', qr{other\.example}, { recipient => 'https://other.example/acs' }],
    ['no recipient', 'recipient', qr/none/, { recipient => undef }],
    ['no confirmation', 'confirmation', undef, { confirmations => [] }],
    ['a confirmation that is no bearer', 'confirmation', undef, { confirmations => [{ method => 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches' }] }],
    ['NotBefore in the confirmation', 'confirmation', undef, { confirmation_not_before => -60 }],
    ['no statement of how', 'authn-statement', undef, { with_authn_statement => JSON::PP::false() }],
    ['session over', 'session-expired', undef, { session_not_on_or_after => -400 }],
    ['no subject', 'subject', undef, { with_subject => JSON::PP::false() }],
    ['no name', 'name-id', undef, { name_id => undef }],
);

for my $case (@cases) {
    my ($name, $status, $reason, $fields) = @$case;

    subtest $name => sub {
        my $browser = $t->browser;
        my $request = $t->request_of($browser->get('/app'));
        my $reply = $t->deliver($browser, $request, $t->response_to($request, %$fields));

        is_refusal($reply, 403, $status, $reason);
        ok $browser->get('/app')->form, 'the browser is still nobody';
    };
}

subtest 'a response twice' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/app'));
    my $state = $browser->cookie("saml-state-$request->{relay_state}");
    my $response = $t->response_to($request);
    is $t->deliver($browser, $request, $response)->status, 303, 'once';
    my $thief = $t->browser;
    $thief->set_cookie("saml-state-$request->{relay_state}", $state);
    is_refusal($t->deliver($thief, $request, $response), 403, 'replay');
};

# What is no sign-on answer at all.
sub post_raw
{
    my (%o) = @_;

    return $t->browser->request('POST', '/saml/acs', cross_site => 1, type => 'application/x-www-form-urlencoded', %o);
}

my $good = 'SAMLResponse=PHg%2B';
my @raw = (
    ['no SAMLResponse', 400, 'request', qr/SAMLResponse/, { body => 'RelayState=x' }],
    ['an empty form', 400, 'request', undef, { body => '' }],
    ['two SAMLResponse', 400, 'malformed', qr/SAMLResponse/, { body => "$good&$good" }],
    ['two RelayState', 400, 'malformed', qr/RelayState/, { body => "$good&RelayState=a&RelayState=b" }],
    ['another content type', 400, 'request', qr{text/xml}, { body => '<Response/>', type => 'text/xml' }],
    ['a file upload', 400, 'request', qr/multipart/, { body => '--x--', type => 'multipart/form-data; boundary=x' }],
    ['no content type', 400, 'request', undef, { body => $good, type => undef }],
    ['no base64', 400, 'malformed', undef, { body => 'SAMLResponse=%25%25%25' }],
    ['a broken escape', 400, 'malformed', undef, { body => 'SAMLResponse=%zz' }],
    ['an empty value', 400, 'malformed', undef, { body => 'SAMLResponse=' }],
    ['a NUL', 400, 'malformed', undef, { body => 'SAMLResponse=PHg%2B%00' }],
    ['no XML', 400, 'malformed', undef, { body => 'SAMLResponse=' . SSOTest::Browser::url_encode(encode_base64('not XML', '')) }],
    ['another document', 400, 'malformed', undef, { body => 'SAMLResponse=' . SSOTest::Browser::url_encode(encode_base64('<html/>', '')) }],
    ['an entity', 400, 'malformed', undef, { body => 'SAMLResponse='
        . SSOTest::Browser::url_encode(encode_base64('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', '')) }],
    ['a long value', 413, 'too-large', undef, { body => 'SAMLResponse=' . 'A' x 1_500_000 }],
    ['a long form', 413, 'too-large', undef, { body => 'x=' . 'A' x 3_000_000 }],
);

for my $case (@raw) {
    my ($name, $http, $status, $reason, $o) = @$case;

    subtest $name => sub {
        my $reply = post_raw(%$o);
        is_refusal($reply, $http, $status, $reason);
    };
}

subtest 'an announced length that is too large' => sub {
    my $reply = $t->browser->request('POST', '/saml/acs', cross_site => 1, headers => [['Content-Length', '99999999999']],
        type => 'application/x-www-form-urlencoded');
    is_refusal($reply, 413, 'too-large');
};

subtest 'the page itself' => sub {
    my $reply = post_raw(body => 'RelayState=' . SSOTest::Browser::url_encode('"><script>alert(1)</script>'));
    is_refusal($reply, 400, 'request');
    unlike $reply->body, qr/alert/, 'nothing of the request is on it';
    like $reply->header('Content-Security-Policy'), qr/default-src 'none'/, 'and nothing would run';
    like $reply->body, qr{href="\Q${\ $t->url('/saml/login')}\E"}, 'a way on';
    unlike $reply->body, qr/Apache|libxml|xmlsec|OpenSSL/i, 'no names of software';
};

is $t->login($t->browser, '/app')->body, 'in', 'after all that a good one passes';
$t->finish;
done_testing;
