# SPDX-License-Identifier: Apache-2.0
package SSOTest;

# What the httpd tests share. A test is:
#
#     my $t = SSOTest->new(conf => SSOTest::saml_conf() . <<'CONF');
#     <Location "/app">
#         AuthType SAML
#         Require valid-user
#     </Location>
#     CONF
#     my $browser = $t->browser;
#     my $page = $t->login($browser, '/app/');
#     is $page->status, 200, '...';
#     $t->finish;
#
# A WARNING or worse in the error log fails the test, unless $t->refused('recipient') has asked for it by status name.

use strict;
use warnings;
use Exporter qw(import);
use File::Temp ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use SSOTest::Backend;
use SSOTest::Browser;
use SSOTest::Httpd;
use SSOTest::IdP;

our @EXPORT = qw(saml_conf tiles_conf);

# So that END and destructors run, and httpd with them ends.
$SIG{$_} = sub { die "ended by SIG$_[0]\n" } for qw(TERM INT HUP PIPE);

# Directives of an application at the test identity provider. %o replaces or adds; undef leaves out.
sub saml_conf
{
    my (%o) = @_;
    my %is = (
        SAMLIdPIdentifier => SSOTest::IdP::ISSUER,
        SAMLLoginURL => SSOTest::IdP::LOGIN_URL,
        SAMLCertificate => '"@ROOT@/idp.cer"',
        SAMLIdentifier => 'https://app.example/saml',
        SAMLReplyURL => 'http://127.0.0.1:@PORT@/saml/acs',
        %o,
    );

    return join '', map { "$_ $is{$_}\n" } grep { defined $is{$_} } sort keys %is;
}

# Two applications on one host: the server's own guards $closed and takes answers to its requests alone, "tiles" guards /open and takes what
# nobody asked for.
sub tiles_conf
{
    my ($closed, $host) = @_;

    $host //= '127.0.0.1';
    return saml_conf(SAMLReplyURL => "http://$host:\@PORT\@/saml/acs") . <<"CONF";
<SAMLApplication tiles>
    SAMLIdentifier https://app.example/tiles
    SAMLReplyURL http://$host:\@PORT\@/saml/tiles/acs
    SAMLIdPInitiated on
</SAMLApplication>
<Location "$closed">
    AuthType SAML
    Require valid-user
</Location>
<Location "/open">
    AuthType SAML
    SAMLApplication tiles
    Require valid-user
</Location>
CONF
}

# %o: conf, modules, ports, tls (a certificate tls.cer for localhost and app.example is made), backend (port is @BACKEND@), env,
# start => 0 to only prepare
sub new
{
    my ($class, %o) = @_;
    my $root = File::Temp->newdir('mod_saml_sso-XXXXXXXX', TMPDIR => 1);
    my $self = bless { root => $root, dir => "$root", refused => {}, owner => $$, reports => [_sanitizer_reports()] }, $class;

    chmod 0755, $self->{dir};
    $self->{idp} = SSOTest::IdP->new($self->{dir});
    $self->_make_tls if $o{tls};
    if ($o{backend}) {
        $self->{backend} = SSOTest::Backend->start;
        $o{conf} =~ s/\@BACKEND\@/'127.0.0.1:' . $self->{backend}->port/ge;
    }
    $self->{httpd} = SSOTest::Httpd->new(dir => $self->{dir}, conf => $o{conf}, modules => $o{modules} || [],
        extra_ports => $o{ports} || 0, env => $o{env} || {}, options => $o{options} || [], wrapper => $o{wrapper} || []);
    $o{prepare}->($self) if $o{prepare};
    $self->{httpd}->start if !exists $o{start} || $o{start};
    return $self;
}

sub httpd   { my ($self) = @_; return $self->{httpd} }
sub idp     { my ($self) = @_; return $self->{idp} }
sub dir     { my ($self) = @_; return $self->{dir} }
sub backend { my ($self) = @_; return $self->{backend} }
sub url     { my ($self, $path) = @_; return 'http://127.0.0.1:' . $self->{httpd}->port . ($path // '') }

sub _make_tls
{
    my ($self) = @_;

    SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', 2,
        '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:app.example,DNS:other.example,IP:127.0.0.1',
        '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', "$self->{dir}/tls.key", '-out', "$self->{dir}/tls.cer");
    return;
}

# %o: tls => 1, host => 'localhost', headers
sub browser
{
    my ($self, %o) = @_;
    my $host = $o{host} || ($o{tls} ? 'localhost' : '127.0.0.1');
    my $base = $o{tls} ? "https://$host:" . $self->{httpd}->tls_port : "http://$host:" . $self->{httpd}->port;

    return SSOTest::Browser->new(base => $base, headers => $o{headers}, ca => "$self->{dir}/tls.cer");
}

# --- a sign-on in steps ---

# The login in progress that a page or a redirect carries: { id, acs, issuer, relay_state, xml, action }
sub request_of
{
    my ($self, $reply) = @_;
    my $form = $reply->form or die 'expected the sign-on form, got status ' . $reply->status . ":\n" . $reply->body;
    my $xml = decode_base64($form->{fields}{SAMLRequest} // die 'the form has no SAMLRequest');
    my %request = (xml => $xml, relay_state => $form->{fields}{RelayState}, action => $form->{action});

    ($request{id}) = $xml =~ /\bID="([^"]*)"/;
    ($request{acs}) = $xml =~ /AssertionConsumerServiceURL="([^"]*)"/;
    ($request{issuer}) = $xml =~ m{<(?:\w+:)?Issuer[^>]*>([^<]*)<};
    return \%request;
}

# A response to that request by somebody: %o are idp.py's fields; user and groups are short for name_id and attributes.
sub response_to
{
    my ($self, $request, %o) = @_;
    my $user = delete $o{user} || 'ada';
    my $groups = delete $o{groups} || ['group-one', 'group-two'];

    return $self->{idp}->respond(issuer => SSOTest::IdP::ISSUER, destination => $request->{acs}, in_response_to => $request->{id},
        audiences => [$request->{issuer}], name_id => "$user\@example.org",
        attributes => SSOTest::IdP::attributes($user, @$groups), %o);
}

# POST it as the identity provider's page would. Returns the ACS's answer.
sub deliver
{
    my ($self, $browser, $request, $response) = @_;
    my @form = (SAMLResponse => $response);

    push @form, RelayState => $request->{relay_state} if defined $request->{relay_state};
    return $browser->post($request->{acs}, \@form, cross_site => 1);
}

# From a protected page to the ACS's answer.
sub sign_on
{
    my ($self, $browser, $path, %o) = @_;
    my $request = $self->request_of($browser->get($path));

    return $self->deliver($browser, $request, $self->response_to($request, %o));
}

# A whole sign-on; returns the page where it lands.
sub login
{
    my ($self, $browser, $path, %o) = @_;
    my $reply = $self->sign_on($browser, $path, %o);

    $reply->status == 303 or die "sign-on at $path: expected 303, got " . $reply->status . "\n" . $self->{httpd}->log_text;
    return $browser->get($reply->header('Location'));
}

sub signed_on
{
    my ($self, $path, %o) = @_;
    my $browser = $self->browser;

    $self->login($browser, $path, %o);
    return $browser;
}

# --- what may stand in the log ---

# One refusal of that status that no earlier call has taken: a test of its own. Returns the reason.
sub refused
{
    my ($self, $status, $reason, $name) = @_;
    my @found = grep { /log(?:in|out) refused \[\Q$status\E\]/ } $self->{httpd}->bad_lines;
    my $line = $found[ $self->{refused}{$status} || 0 ];

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    $name ||= "the log says why: [$status]";
    if (!defined $line) {
        fail $name;
        my @last = $self->{httpd}->bad_lines;
        diag "expected a refusal [$status], got in the end:\n" . join "\n", splice @last, @last > 5 ? -5 : 0;
        return;
    }
    $self->{refused}{$status}++;
    $reason ? like $line, $reason, $name : pass $name;
    return $line;
}

# Lines that match are expected, any number of them, at least one.
sub expect_log
{
    my ($self, $regex) = @_;

    push @{ $self->{expected} }, $regex;
    return;
}

# Lines that match may stand there.
sub tolerate_log
{
    my ($self, $regex) = @_;

    push @{ $self->{tolerated} }, $regex;
    return;
}

sub _sanitizer_reports { my $folder = $ENV{SSO_BUILDDIR} // return; return glob "\Q$folder\E/t/sanitizer-report.*" }

# A child of the event MPM that is told to end closes its set of sockets; a worker that is just done with a connection finds it so.
my $NO_SET = qr/\[mpm_event:error\] .*AH03092: process_lingering_close: apr_pollset_add failure/;

sub _unannounced
{
    my ($self) = @_;
    my %left = %{ $self->{refused} };
    my @bad;

    for my $line ($self->{httpd}->bad_lines) {
        next if $line =~ /log(?:in|out) refused \[([\w-]+)\]/ && $left{$1} && $left{$1}--;
        next if grep { $line =~ $_ } @{ $self->{expected} || [] }, @{ $self->{tolerated} || [] }, $NO_SET;
        push @bad, $line;
    }
    return @bad;
}

# Stop httpd, look through its log, end the test.
sub finish
{
    my ($self) = @_;
    my %before = map { $_ => 1 } @{ $self->{reports} };

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok $self->{httpd}->stop, 'httpd stopped by itself';
    my $log = $self->{httpd}->log_text;
    for my $regex (@{ $self->{expected} || [] }) {
        like $log, $regex, 'the log has what was announced';
    }
    is join("\n", $self->_unannounced), '', 'nothing in the log that was not announced';
    is join(' ', grep { !$before{$_} } _sanitizer_reports()), '', 'no sanitizer report';
    $self->{backend}->stop if $self->{backend};
    return;
}

1;
