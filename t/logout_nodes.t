#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Logout over two nodes that share a Redis, with identity providers that others wrote (pysaml2, SimpleSAMLphp) and with the stand-ins for
# Entra and for one without metadata, by Redirect and by POST, begun here and begun there. Our metadata and theirs go to each other as they are; each step meets the other node than the last.
use strict;
use warnings;
use File::Temp ();
use Test::More;
use SSOTest;
use SSOTest::Entra;
use SSOTest::IdP;
use SSOTest::Logout;
use SSOTest::Message qw(carried_by delivered xml_of);
use SSOTest::Nodes;
use SSOTest::PySAML2;
use SSOTest::SimpleSAMLphp;

use constant { YES => JSON::PP::true };
my $bindings = 'urn:oasis:names:tc:SAML:2.0:bindings';
my $folder = File::Temp->newdir('mod_saml_sso-slo-XXXXXXXX', TMPDIR => 1);
chmod 0755, "$folder";
SSOTest::IdP->new("$folder")->make_key('sp');

sub keep
{
    my ($name, $text) = @_;

    open my $file, '>:raw', "$folder/$name" or die "$name: $!";
    print {$file} $text;
    close $file or die "$name: $!";
    return "$folder/$name";
}

my $py = SSOTest::PySAML2->new("$folder");
my $ssp = SSOTest::SimpleSAMLphp->start(users => { map { ("$_:secret" => { uid => [$_] }) } qw(ada bob) });
my @both = map { "$bindings:HTTP-$_" } qw(Redirect POST);
$ssp->set(SingleSignOnServiceBinding => \@both, SingleLogoutServiceBinding => \@both, 'sign.logout' => YES, 'validate.logout' => YES);
keep('py.xml', $py->ask('metadata')->{xml});
keep('ssp.xml', $ssp->metadata);

my @apps = map { my $idp = $_; map { "$idp-$_" } qw(redirect post) } qw(py ssp);
my $conf = join '', map { my ($idp, $by) = split /-/; <<"CONF" } @apps;
<SAMLApplication $_>
    SAMLIdPMetadata "$folder/$idp.xml"
    SAMLIdentifier https://app.example/$_
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/$_/acs
    SAMLRequestBinding $by
    SAMLNameIDFormat persistent
    SAMLKey "$folder/sp.key" "$folder/sp.cer"
</SAMLApplication>
<Location /$_>
    AuthType SAML
    SAMLApplication $_
    Require valid-user
</Location>
CONF
my $plain = 'https://idp.example/metadata';
$conf .= join '', map { <<"CONF" } qw(redirect post);
<SAMLApplication own-$_>
    SAMLIdPIdentifier $plain
    SAMLLoginURL https://idp.example/sso
    SAMLLogoutURL https://idp.example/slo
    SAMLCertificate "\@ROOT\@/idp.cer"
    SAMLIdentifier https://app.example/own-$_
    SAMLReplyURL http://127.0.0.1:\@PORT\@/saml/own-$_/acs
    SAMLRequestBinding $_
    SAMLKey "$folder/sp.key" "$folder/sp.cer"
</SAMLApplication>
<Location /own-$_>
    AuthType SAML
    SAMLApplication own-$_
    Require valid-user
</Location>
CONF
my $entra = SSOTest::Entra->new(undef, { sessions => YES,
    applications => [SSOTest::Entra::application(logout_url => 'http://127.0.0.1:@PORT@/saml/logout')] });
$conf .= $entra->conf . "<Location /entra>\nAuthType SAML\nRequire valid-user\n</Location>\n";
my $t = SSOTest::Nodes->new(conf => "SAMLSecret \"\@ROOT\@/secret\"\nSAMLSessionStore redis://127.0.0.1:\@REDIS\@\n$conf",
    files => { map { $_ => "in $_" } @apps, qw(own-redirect own-post entra) });
$entra->control({ do => 'substitute', values => { '@PORT@' => $t->httpd->port } });
my %ours = map { $_ => $t->browser->get("/saml/$_/metadata")->body } @apps;
$py->ask('know', xml => [map { $ours{$_} } grep { /^py/ } @apps]);

# Where the identity provider may choose, it takes the binding that the test is about.
my %other = (redirect => 'POST', post => 'Redirect');
for my $app (grep { /^ssp-(.*)/ } @apps) {
    my $not = $other{ $app =~ s/^ssp-//r };
    $ssp->know($app, $ours{$app} =~ s{<md:SingleLogoutService [^>]*HTTP-$not"[^>]*/>}{}r, NameIDFormat =>
        'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'simplesaml.nameidattribute' => 'uid');
}

# On which nodes.
sub in_at
{
    my ($browser, $app) = @_;

    return join ' ', grep { $t->at($_, sub { $browser->get("/$app") })->body eq "in $app" } qw(one two);
}

# A browser with a copy of the cookies: what the store says of the session.
sub copy_of
{
    my ($browser) = @_;
    my $copy = $t->browser;

    $copy->set_cookie($_, $browser->cookie($_)) for grep { !/state/ } $browser->cookie_names;
    return $copy;
}

# --- each identity provider, as a user meets it ---

sub py_signs_on
{
    my ($browser, $app, $user, $reply) = @_;

    return $py->ask('sign_on', message => carried_by($reply), user => $user)->{answer};
}

# To the identity provider with a message of ours, and back with what it says.
sub py_takes { my ($browser, $app, $message) = @_; my $did = $py->ask('obey', message => $message, by => $app =~ s/.*-//r); return ($did->{answer}, $did) }

sub ssp_signs_on
{
    my ($browser, $app, $user, $reply) = @_;
    my $page = $ssp->ask($browser, $reply);

    $page = $ssp->password($browser, $page, $user, 'secret') if SSOTest::SimpleSAMLphp::asks($page);
    return carried_by($page);
}

sub ssp_takes { my ($browser, $app, $message) = @_; return carried_by($ssp->follow($browser, delivered($browser, $message))) }

my %signs_on = (py => \&py_signs_on, ssp => \&ssp_signs_on);

sub signed_on
{
    my ($app, $user) = @_;
    my $browser = $t->browser;
    my $begun = $t->at('one', sub { $browser->get("/$app") });
    my $answer = $signs_on{ $app =~ s/-.*//r }->($browser, $app, $user, $begun) // die 'no answer';

    $t->at('two', sub { delivered($browser, $answer) })->status == 303 or die "no session: " . $t->httpd->log_text;
    return $browser;
}

# --- logout ---

sub begun_here
{
    my ($app, $takes) = @_;
    my $by = $app =~ s/.*-//r;
    my ($ada, $elsewhere) = map { signed_on($app, 'ada') } 1 .. 2;
    my $copy = copy_of($ada);
    is in_at($copy, $app), 'one two', 'in on both nodes';
    my $reply = $t->at('one', sub { $ada->get("/saml/$app/logout?target=/bye") });
    my $request = carried_by($reply) // die $reply->body;
    is $request->{by}, $by, "a LogoutRequest by $by";
    like xml_of($request), qr/:persistent"[^>]*>[^<]+<.*SessionIndex>[^<]/s, 'names user and session';
    is in_at($copy, $app), '', 'the session has ended on both nodes before anybody is asked';
    my ($answer, $did) = $takes->($ada, $app, $request);
    ok $did->{signed}, 'the identity provider has seen that it is signed' if $did;
    is $did->{user}, 'ada', 'knows whom it names, by every part of the name' if $did;
    cmp_ok $did->{ended}, '>', 0, 'and has ended sign-ons' if $did;
    is $answer->{by}, $by, "it answers by $by";
    $reply = $t->at('two', sub { delivered($ada, $answer) });
    is $reply->header('Location'), '/bye', 'the other node takes its answer, and goes on' or diag $t->httpd->log_text;
    is in_at($elsewhere, $app), 'one two', 'a session in another browser lives';
    return ($ada, $elsewhere);
}

for my $by (qw(redirect post)) {
    my $app = "py-$by";

    subtest "pysaml2, begun here, by $by" => sub { begun_here($app, \&py_takes) };
    subtest "pysaml2, begun there, by $by" => sub {
        my ($one, $two, $bob) = map { signed_on($app, $_) } qw(ada ada bob);
        my $idp = sub { return $py->ask('begin', user => 'ada', sp => "https://app.example/$app", by => $by, @_) };
        for ([$two, 'one', 'its session', index => 1], [$one, 'two', 'all sessions', index => 0, relay_state => 'r/1&="%']) {
            my ($ended, $node, $what, %o) = @$_;
            my $made = $idp->(%o);
            my $reply = $t->at($node, sub { delivered($t->browser, $made->{request}) });
            my $answer = carried_by($reply) // die $reply->body . $t->httpd->log_text;
            my $heard = $py->ask('answered', message => $answer);
            is $answer->{by}, $by, "$what: a LogoutResponse by $by";
            ok $heard->{signed}, 'signed';
            is $heard->{in_response_to}, $made->{id}, 'to its request';
            like $heard->{status}, qr/:Success$/, 'that it is done';
            is $heard->{relay_state} // '', $o{relay_state} // '', 'with its RelayState';
            is in_at($ended, $app), '', 'ended on both nodes';
            is in_at($one, $app), 'one two', 'the other one lives' if $o{index};
        }
        is in_at($bob, $app), 'one two', "and nobody else's has ended";
    };

    $app = "ssp-$by";
    subtest "SimpleSAMLphp, begun here, by $by" => sub {
        my ($ada) = begun_here($app, \&ssp_takes);
        ok SSOTest::SimpleSAMLphp::asks($ssp->ask($ada, $ada->get("/$app"))), 'its session has ended too';
    };
    subtest "SimpleSAMLphp, begun there, by $by" => sub {
        my ($ada, $elsewhere, $bob) = map { signed_on($app, $_) } qw(ada ada bob);
        my $page = $ssp->follow($ada, $ada->get($ssp->url('/saml2/idp/SingleLogoutService.php?ReturnTo=/done')));
        my $request = carried_by($page) // die $page->body . $ssp->log_text;
        is $request->{by}, $by, "its LogoutRequest comes by $by";
        my $stranger = $t->browser;
        my $answer = carried_by($t->at('two', sub { delivered($stranger, $request) })) // die $t->httpd->log_text;
        is $answer->{by}, $by, "and is answered by $by, without a cookie of ours";
        is in_at($_->[0], $app), $_->[1], $_->[2] for [$ada, '', 'the session has ended on both nodes'],
            [$elsewhere, 'one two', 'the one in another browser lives'], [$bob, 'one two', "nobody else's has ended"];
        $ssp->follow($ada, delivered($ada, $answer));
        like $ssp->log_text, qr{Logged out of 'saml:https://app\.example/$app'}, 'SimpleSAMLphp takes the answer and comes to its end';
        ok SSOTest::SimpleSAMLphp::asks($ssp->ask($ada, $ada->get("/$app"))), 'and its session has ended';
    };
}

# By hand: identifier, addresses and certificate, and messages of this test's own making.
for my $by (qw(redirect post)) {
    my $app = "own-$by";
    my $at = "/saml/$app/logout";
    my $idp = SSOTest::Logout->new($t, issuer => $plain, destination => $t->url($at), name_id => 'ada@example.org', by => $by,
        name_id_format => 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
    my $sign_on = sub {
        my ($user) = @_;
        my $browser = $t->browser;
        my $begun = carried_by($t->at('one', sub { $browser->get("/$app") }));
        my ($id) = xml_of($begun) =~ / ID="([^"]+)"/;
        my ($state) = $begun->{form} ? $begun->{form}{RelayState} : $begun->{url} =~ /RelayState=([^&]*)/;
        my %request = (id => $id, acs => $t->url("/saml/$app/acs"), issuer => "https://app.example/$app", relay_state => $state);
        my $response = $t->response_to(\%request, issuer => $plain, user => $user);
        $t->at('two', sub { $t->deliver($browser, \%request, $response) })->status == 303 or die $t->httpd->log_text;
        return $browser;
    };

    subtest "stand-in, by $by" => sub {
        my ($ada, $bob) = map { $sign_on->($_) } qw(ada bob);
        my $asked = $idp->message(relay_state => 'r1');
        my $answer = carried_by($t->at('one', sub { $idp->deliver($asked, at => $at, form => [RelayState => 'r1']) }));
        is $answer->{by}, $by, "its LogoutRequest is answered by $by";
        is $answer->{url} =~ s/\?.*//r, 'https://idp.example/slo', 'where it takes one';
        my ($id) = $asked->{xml} =~ / ID="([^"]+)"/;
        like xml_of($answer), qr/^(?:<\?xml[^>]*>\s*)?<samlp:LogoutResponse [^>]*InResponseTo="\Q$id\E".*:Success"/s, 'to it, that it is done';
        is $by eq 'post' ? $answer->{form}{RelayState} : ($answer->{url} =~ /RelayState=([^&]*)/)[0], 'r1', 'with its RelayState';
        is in_at($ada, $app), '', 'on both nodes';
        is in_at($bob, $app), 'one two', 'and nobody else';
        my $copy = copy_of($bob);
        my $request = carried_by($t->at('two', sub { $bob->get("$at?target=/bye") }));
        is in_at($copy, $app), '', 'a logout here, too';
        ($id) = xml_of($request) =~ / ID="([^"]+)"/;
        my $state = $request->{form} ? $request->{form}{RelayState} : ($request->{url} =~ /RelayState=([^&]*)/)[0];
        my $made = $idp->message(kind => 'response', in_response_to => $id, relay_state => $state, name_id => undef);
        my $reply = $t->at('one', sub { $idp->deliver($made, at => $at, browser => $bob, param => 'SAMLResponse', form => [RelayState => $state]) });
        is $reply->header('Location'), '/bye', 'the other node knows the answer';
    };
}

# By Redirect alone, as Entra has it.
subtest 'stand-in for Entra' => sub {
    $t->tolerate_log(qr/login refused \[metadata\].*the first try is under way/);
    for my $node (qw(one two)) {
        for (1 .. 100) {
            last if $t->at($node, sub { $t->browser->get('/entra') })->form;
            select undef, undef, undef, 0.1;
        }
    }
    my ($ada, $bob) = map { $t->browser } 1 .. 2;
    $entra->login($ada, '/entra', user => 'ada@example.org');
    $entra->login($bob, '/entra', user => 'bob@example.org');
    my ($reply) = $entra->sign_out($ada);
    is $reply->status, 200, 'its broadcast is answered by 200 alone';
    is in_at($ada, 'entra'), '', 'and ends the session on both nodes';
    is in_at($bob, 'entra'), 'one two', 'and no other';
    my $copy = copy_of($bob);
    $reply = $t->at('one', sub { $bob->get('/saml/logout?target=/bye') });
    is in_at($copy, 'entra'), '', 'logout here';
    my $page = $entra->request($bob, 'GET', $reply->header('Location'));
    $reply = $t->at('two', sub { $bob->get($page->header('Location'), cross_site => 1) });
    is $reply->header('Location'), '/bye', "and Entra's answer, to the other node";
    ok !$entra->ask($bob, $bob->get('/entra'))->form->{fields}{SAMLResponse}, 'its session has ended, too';
};

$t->finish;
$ssp->stop;
done_testing;
