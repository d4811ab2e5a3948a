#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Several applications on one virtual host: a session, a login in progress or a response of one is nothing to the other.
use strict;
use warnings;
use Test::More;
use SSOTest;

my @blue = map { "blue$_" } 1 .. 5;
my @red = map { "red$_" } 1 .. 5;
my $t = SSOTest->new(ports => 5, conf => saml_conf() . <<'CONF'
<SAMLApplication blue>
    SAMLIdentifier https://app.example/blue
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/blue/acs
</SAMLApplication>
<SAMLApplication red>
    SAMLIdentifier https://app.example/red
    SAMLReplyURL http://127.0.0.1:@PORT@/saml/red/acs
    SAMLSessionLifetime 2h
    SAMLIdPInitiated on
</SAMLApplication>
<Location "/elsewhere">
    AuthType SAML
    SAMLApplication elsewhere
    Require valid-user
</Location>
Listen 127.0.0.1:@PORT1@
<VirtualHost 127.0.0.1:@PORT1@>
    SAMLReplyURL http://127.0.0.1:@PORT1@/saml/acs
    <SAMLApplication elsewhere>
        SAMLReplyURL http://127.0.0.1:@PORT1@/saml/elsewhere/acs
    </SAMLApplication>
</VirtualHost>
Listen 127.0.0.1:@PORT2@
<VirtualHost 127.0.0.1:@PORT2@>
    SAMLReplyURL http://127.0.0.1:@PORT2@/saml/acs
    SAMLAuthnContext urn:oasis:names:tc:SAML:2.0:ac:classes:X509
</VirtualHost>
Listen 127.0.0.1:@PORT3@
<VirtualHost 127.0.0.1:@PORT3@>
    SAMLReplyURL http://127.0.0.1:@PORT3@/saml/acs
    SAMLProvision http://127.0.0.1:9/hook
    SAMLSecret "@ROOT@/other.secret"
</VirtualHost>
Listen 127.0.0.1:@PORT4@
<VirtualHost 127.0.0.1:@PORT4@>
    SAMLReplyURL http://127.0.0.1:@PORT4@/saml/acs
    SAMLForceAuthn on
</VirtualHost>
Listen 127.0.0.1:@PORT5@
<VirtualHost 127.0.0.1:@PORT5@>
    SAMLReplyURL http://127.0.0.1:@PORT5@/saml/acs
    SAMLSessionLifetime 1s
</VirtualHost>
CONF
    . join('', map { my ($app) = /^(\w+?)\d/; "<Location \"/$_\">\nAuthType SAML\nSAMLApplication $app\nRequire valid-user\n</Location>\n" } @blue, @red)
    . "<Location \"/own\">\nAuthType SAML\nRequire valid-user\n</Location>\n",
    prepare => sub {
        my ($self) = @_;
        $self->httpd->write_file("htdocs/$_", "in $_", 0644) for @blue, @red, 'own';
        $self->httpd->write_file('other.secret', 'c0ffee' x 11, 0600);
    });

sub outcome { my ($reply) = @_; return $reply->form ? 'login' : $reply->status }

my $blue = $t->signed_on('/blue1');
my $red = $t->signed_on('/red1', user => 'rosa');
my $own = $t->signed_on('/own', user => 'owen');

subtest 'ten places, three applications' => sub {
    for my $place (@blue, @red, 'own') {
        my ($app) = $place =~ /^([a-z]+)/;
        is outcome($blue->get("/$place")), $app eq 'blue' ? 200 : 'login', "the session of blue at $place";
        is outcome($red->get("/$place")), $app eq 'red' ? 200 : 'login', "the session of red at $place";
        is outcome($own->get("/$place")), $app eq 'own' ? 200 : 'login', "the virtual host's own session at $place";
    }
};

subtest 'one browser may hold all' => sub {
    my $browser = $t->browser;
    $t->login($browser, '/blue2', user => 'ada');
    $t->login($browser, '/red2', user => 'rosa');
    $t->login($browser, '/own', user => 'owen');
    is_deeply [grep { !/-state-/ } $browser->cookie_names], [qw(saml saml-blue saml-red)], 'each application has a cookie of its own';
    is outcome($browser->get("/$_")), 200, $_ for 'blue3', 'red3', 'own';
    is $browser->get('/saml/me', headers => [['Accept', 'application/json']], no_default => 1)->json->{nameid}, 'owen@example.org', 'me: own';
    is $browser->get('/saml/blue/me', no_default => 1)->json->{nameid}, 'ada@example.org', 'me: blue';
    is $browser->get('/saml/red/me', no_default => 1)->json->{nameid}, 'rosa@example.org', 'me: red';
    is $browser->get('/saml/red/logout')->status, 200, 'logout of red';
    is outcome($browser->get('/red3')), 'login', 'ends red';
    is outcome($browser->get('/blue3')), 200, 'and not blue';
};

subtest 'session cookies under another name' => sub {
    my %value = (saml => $own->cookie('saml'), 'saml-blue' => $blue->cookie('saml-blue'), 'saml-red' => $red->cookie('saml-red'));
    my %place = (saml => 'own', 'saml-blue' => 'blue1', 'saml-red' => 'red1');
    for my $name (sort keys %value) {
        for my $from (sort keys %value) {
            my $browser = $t->browser;
            $browser->set_cookie($name, $value{$from});
            is outcome($browser->get("/$place{$name}")), $name eq $from ? 200 : 'login', "$from\'s value as $name";
        }
    }
};

subtest 'a login in progress of one at the other' => sub {
    my $browser = $t->browser;
    my $request = $t->request_of($browser->get('/blue1'));
    is $request->{issuer}, 'https://app.example/blue', 'asked as blue';
    my $response = $t->response_to($request);
    my $at_red = $browser->post($t->url('/saml/red/acs'), [SAMLResponse => $response, RelayState => $request->{relay_state}], cross_site => 1);
    is $at_red->status, 303, 'starts anew';
    is $at_red->header('Location'), $t->url('/saml/red/login?again=1'), 'as red';
    is_deeply [grep { /^saml-red$/ } $browser->cookie_names], [], 'no session';

    # The same under the name that red would look for: the seal is bound to application and name.
    my $thief = $t->browser;
    $thief->set_cookie("saml-red-state-$request->{relay_state}", $browser->cookie("saml-blue-state-$request->{relay_state}"));
    my $moved = $thief->post($t->url('/saml/red/acs'), [SAMLResponse => $response, RelayState => $request->{relay_state}], cross_site => 1);
    is $moved->header('Location'), $t->url('/saml/red/login?again=1'), 'a renamed state cookie does not open';
};

subtest 'a response for one at the other' => sub {
    my $browser = $t->browser;
    my $blue_request = $t->request_of($browser->get('/blue1'));
    my $red_request = $t->request_of($browser->get('/red1'));
    my $wrong = $t->response_to({ %$red_request, acs => $blue_request->{acs}, issuer => $blue_request->{issuer} });
    my $reply = $t->deliver($browser, $red_request, $wrong);
    is $reply->status, 403, 'is refused';
    $t->refused('destination', qr{saml/red/acs.*saml/blue/acs});
    $red_request = $t->request_of($browser->get('/red1'));
    $reply = $t->deliver($browser, $red_request, $t->response_to($red_request, audiences => ['https://app.example/blue']));
    is $reply->status, 403, 'so is one with the right address and the other audience';
    $t->refused('audience', qr{https://app\.example/blue});
    is outcome($browser->get('/red1')), 'login', 'no session came of it';
};

subtest 'settings of one are not settings of the other' => sub {
    my $unsolicited = { acs => $t->url('/saml/red/acs'), issuer => 'https://app.example/red' };
    my $browser = $t->browser;
    is $t->deliver($browser, $unsolicited, $t->response_to($unsolicited))->status, 303, 'red takes what nobody asked for';
    $unsolicited = { acs => $t->url('/saml/blue/acs'), issuer => 'https://app.example/blue' };
    is $t->deliver($browser, $unsolicited, $t->response_to($unsolicited))->status, 403, 'blue does not';
    $t->refused('unsolicited');
    like $t->browser->get('/saml/blue/metadata')->body, qr{entityID="https://app\.example/blue"}, 'each has its own metadata';
    like $t->browser->get('/saml/red/metadata')->body, qr{Location="\Q${\ $t->url('/saml/red/acs')}\E"}, 'with its own addresses';
};

# Browsers keep cookies to a host; who wants to get in does not.
subtest 'the same application, where another virtual host asks for more' => sub {
    my %asks = (1 => 200, 2 => 'login', 3 => 'login', 4 => 'login', 5 => 'login');
    select undef, undef, undef, 1;      # for the last one, a session's age at the least
    for my $host (sort keys %asks) {
        my $browser = SSOTest::Browser->new(base => 'http://127.0.0.1:' . $t->httpd->port($host));
        $browser->set_cookie('saml', $own->cookie('saml'));
        is outcome($browser->get('/own')), $asks{$host}, "virtual host $host: " . ($asks{$host} eq 'login' ? 'a sign-on of its own' : 'the same');
    }
};

subtest 'a place of the main server whose application another virtual host has' => sub {
    is $t->browser->get('/elsewhere')->status, 500, 'is open to nobody';
    $t->expect_log(qr{AuthType SAML guards /elsewhere, but this virtual host has no application for it: expected an identity provider, a Server});
};

$t->finish;
done_testing;
