#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# What scripts meet: a page whose session has ended and that goes on asking, and scripts of another site (CORS), which is httpd's.
use strict;
use warnings;
use Test::More;
use SSOTest;

my $t = SSOTest->new(modules => [qw(headers)], prepare => sub { $_[0]->httpd->write_file("htdocs/$_", "in $_\n", 0644) for qw(app cors) },
    conf => saml_conf(SAMLSessionStore => 'lmdb:@ROOT@/sessions') . <<'CONF');
<SAMLApplication cors>
    SAMLIdentifier https://app.example/cors
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/cors/acs
</SAMLApplication>
<Location "/app">
    AuthType SAML
    Require valid-user
</Location>
<Location "/cors">
    AuthType SAML
    SAMLApplication cors
    <RequireAny>
        Require method OPTIONS
        Require valid-user
    </RequireAny>
    Header always set Access-Control-Allow-Origin "https://www.app.example"
    Header always set Access-Control-Allow-Credentials "true"
    Header always set Access-Control-Allow-Headers "content-type" "expr=%{REQUEST_METHOD} == 'OPTIONS'"
    Header always append Vary "Origin"
</Location>
CONF

my @kinds = (
    [['Accept', '*/*'], ['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'empty']],
    [['Accept', 'application/json, text/javascript, */*; q=0.01'], ['X-Requested-With', 'XMLHttpRequest']],
    [['Accept', 'text/event-stream'], ['Sec-Fetch-Mode', 'cors'], ['Sec-Fetch-Dest', 'empty']],
    [['Accept', 'image/avif,image/webp,*/*;q=0.8'], ['Sec-Fetch-Mode', 'no-cors'], ['Sec-Fetch-Dest', 'image']],
    [['Connection', 'Upgrade'], ['Upgrade', 'websocket'], ['Sec-Fetch-Mode', 'websocket'], ['Sec-Fetch-Dest', 'empty']],
);

sub sessions
{
    my $text = SSOTest::IdP::run($ENV{SSO_CLI}, 'sessions', '--list', '--store', 'lmdb:' . $t->dir . '/sessions', '--json');

    return scalar(() = $text =~ /"name_id"/g);
}

subtest 'a page whose session has ended' => sub {
    my $browser = $t->signed_on('/app');
    is $browser->fetch('/app')->body, "in app\n", 'asks while there is one';
    is sessions(), 1, 'which the store knows';
    my ($other_tab, $cookie, $count, %got) = ($t->browser, $browser->cookie('saml'), $ENV{SSO_SANITIZED} ? 100 : 500);
    $other_tab->set_cookie(saml => $cookie);
    is $other_tab->get('/saml/logout')->status, 200, 'until it is ended elsewhere';
    for my $n (1 .. $count) {
        my $reply = $browser->request($n % 7 ? 'GET' : 'POST', "/app?n=$n", no_default => 1, headers => $kinds[$n % @kinds],
            $n % 7 ? () : (body => '{}', type => 'application/json'));
        my $json = $reply->status == 401 ? $reply->json : {};
        $got{ join ' ', $reply->status, $json->{reason} // '', defined $json->{login_url} ? 'login_url' : '', $reply->header('Location') // '' }++;
    }
    is_deeply \%got, { '401 no session login_url ' => $count }, "$count requests of scripts get 401, the reason and where to sign on";
    is_deeply [grep { /-state-[\w-]{12}\.?$/ } $browser->cookie_names], [], 'no sign-on was begun by them';
    is sessions(), 0, 'nor any session';

    my $request = $t->request_of($browser->get('/app'));
    $browser->fetch("/app?n=$_") for 1 .. 20;
    is scalar(grep { /-state-[\w-]{12}\.?$/ } $browser->cookie_names), 1, 'beside the one of a page that was loaded meanwhile';
    is $t->deliver($browser, $request, $t->response_to($request))->header('Location'), '/app', 'which goes on undisturbed';
    is $browser->fetch('/app')->status, 200, 'and so do the scripts, with the session of that';
};

subtest 'scripts of another site' => sub {
    my @from = (['Origin', 'https://www.app.example'], ['Sec-Fetch-Site', 'same-site']);
    my $preflight = $t->browser->request('OPTIONS', '/cors', no_default => 1, headers => [@from, ['Access-Control-Request-Method', 'POST'],
        ['Access-Control-Request-Headers', 'content-type'], ['Sec-Fetch-Mode', 'cors']]);
    is $preflight->status, 200, 'a preflight has no cookie and needs no session, where httpd is told so';
    is $preflight->header('Access-Control-Allow-Headers'), 'content-type', 'and says what mod_headers says';
    my $without = $t->browser->fetch('/cors', headers => \@from);
    is $without->status, 401, 'the request itself needs one';
    is $without->header('Access-Control-Allow-Origin'), 'https://www.app.example', 'the 401 can be read there';
    is $without->json->{login_url}, $t->url('/saml/cors/login?target=%2fcors'), 'with where to sign on';
    my $with = $t->signed_on('/cors')->fetch('/cors', headers => \@from);
    is $with->status . $with->header('Access-Control-Allow-Origin'), '200https://www.app.example', 'with a session it is answered';
    my $plain = $t->browser->request('OPTIONS', '/app', no_default => 1, headers => [@from, ['Access-Control-Request-Method', 'POST']]);
    is $plain->status, 401, 'elsewhere a preflight is a request without a session';
    is $plain->header('Access-Control-Allow-Origin'), undef, 'and nothing of ours lets another site in';
};

$t->finish;
done_testing;
