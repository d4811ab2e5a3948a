# SPDX-License-Identifier: Apache-2.0
package SSOTest::Entra;

# The identity provider shaped like Entra (t/entra), as a process that ends with the test:
#
#     my $entra = SSOTest::Entra->new;                   # one tenant, one application, users ada, bob, many and guest
#     my $t = SSOTest->new(conf => $entra->conf . <<'CONF');
#     <Location "/app"> ...
#     CONF
#     $entra->known($t);                                  # @PORT@, @TLS_PORT@ and @PORTn@ in its reply URLs and so on
#     my $browser = $t->browser;
#     my $reply = $entra->answer($browser, $browser->get('/app/'), user => 'ada@example.org');     # what the ACS says
#     $entra->control({ do => 'certificate', step => 'add', app => SSOTest::Entra::APP });
#
# Commands: t/entra/control.py. The module under test reaches it under Microsoft's host names through its proxy.

use strict;
use warnings;
use File::Basename qw(dirname);
use File::Temp ();
use IPC::Open3 qw(open3);
use JSON::PP ();
use SSOTest::Browser;
use SSOTest::Metadata;

use constant TENANT => '11111111-2222-4333-8444-555555555555';
use constant APP => 'aaaaaaaa-0000-4000-8000-000000000001';
use constant ADA => '0a0a0a0a-0000-4000-8000-00000000ada0';
use constant { STAFF => '99999999-0000-4000-8000-000000000001', ACCOUNTING => '99999999-0000-4000-8000-000000000002' };
use constant LOGIN => 'https://login.microsoftonline.com/' . TENANT . '/saml2';
use constant HOSTS => qw(login.microsoftonline.com login.microsoftonline.us login.partner.microsoftonline.cn login.chinacloudapi.cn
    graph.microsoft.com graph.microsoft.us dod-graph.microsoft.us microsoftgraph.chinacloudapi.cn);
use constant ANSWER_S => 60;

sub users
{
    return [
        { id => ADA, upn => 'ada@example.org', mail => 'ada@example.org', given_name => 'Ada', surname => 'Example',
            display_name => 'Ada Example', groups => [STAFF, ACCOUNTING] },
        { id => '0b0b0b0b-0000-4000-8000-00000000b0b0', upn => 'bob@example.org', mail => 'bob@example.org', given_name => 'Bob',
            surname => 'Example', display_name => 'Bob Example', groups => [STAFF] },
        { id => '0c0c0c0c-0000-4000-8000-000000000400', upn => 'many@example.org', mail => 'many@example.org', given_name => 'Max',
            surname => 'Many', display_name => 'Max Many',
            groups => [ACCOUNTING, map { sprintf '77777777-0000-4000-8000-%012d', $_ } 1 .. 399] },
        { id => '0d0d0d0d-0000-4000-8000-000000000d0d', upn => 'gwen_other.example#EXT#@example.onmicrosoft.com', guest => JSON::PP::true(),
            display_name => 'Gwen Guest', identity_provider => 'live.com' },
    ];
}

# An application as the portal starts one; %o replaces or adds.
sub application
{
    my (%o) = @_;

    return { id => APP, name => 'Legacy application', identifiers => ['http://127.0.0.1:@PORT@/saml/metadata'],
        reply_urls => ['http://127.0.0.1:@PORT@/saml/acs'], %o };
}

# $dir: where keys are made; a folder of its own if undef. $config: as tenant.py has it, or only the fields of the one tenant, or nothing.
sub new
{
    my ($class, $dir, $config) = @_;
    my $root = defined $dir ? undef : File::Temp->newdir('entra-XXXXXXXX', TMPDIR => 1);
    my $self = bless { dir => $dir // "$root", root => $root, owner => $$, started => 0 }, $class;
    my %tenant = (id => TENANT, users => users(), applications => [application()],
        groups => { STAFF() => 'Staff', ACCOUNTING() => 'Accounting' }, %{ $config || {} });

    $config = { tenants => [\%tenant] } if !$config || !$config->{tenants};
    open my $file, '>', "$self->{dir}/entra.json" or die "entra.json: $!";
    print {$file} JSON::PP->new->canonical->ascii->encode($config);
    close $file or die "entra.json: $!";
    $self->_start;
    return $self;
}

sub _start
{
    my ($self) = @_;
    my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';

    open my $log, '>', "$self->{dir}/entra.log" or die "entra.log: $!";
    $self->{pid} = open3($self->{to}, $self->{from}, '>&' . fileno $log, $python, '-B', dirname(__FILE__) . '/../../entra/entra.py',
        "$self->{dir}/entra.json", '--proxy', '--folder', $self->{dir});
    close $log;
    my $ready = $self->_line;
    @$self{qw(origin proxy ca)} = @$ready{qw(origin proxy ca)};
    chmod 0644, $self->{ca};
    chmod 0755, $self->{dir};
    return;
}

sub _line
{
    my ($self) = @_;
    my $line = eval {
        local $SIG{ALRM} = sub { die "no answer within " . ANSWER_S . " s\n" };
        alarm ANSWER_S;
        my $got = readline $self->{from};
        alarm 0;
        $got;
    };

    defined $line or die 'entra.py: ' . ($@ || "it has gone\n") . $self->log_text;
    return JSON::PP::decode_json($line);
}

sub origin  { my ($self) = @_; return $self->{origin} }
sub proxy   { my ($self) = @_; return $self->{proxy} }
sub ca_file { my ($self) = @_; return $self->{ca} }
sub dir     { my ($self) = @_; return $self->{dir} }
sub port    { my ($self) = @_; return $self->{origin} =~ /:(\d+)$/ ? $1 : die $self->{origin} }

sub log_text
{
    my ($self) = @_;

    open my $file, '<', "$self->{dir}/entra.log" or return '';
    local $/;
    return scalar <$file>;
}

# One command; its answer, or an exception with what was wrong.
sub control
{
    my ($self, $command) = @_;

    print { $self->{to} } JSON::PP->new->canonical->ascii->encode($command), "\n";
    $self->{to}->flush;
    my $answer = $self->_line;
    die "entra.py: $answer->{error}\n" if $answer->{error};
    return $answer;
}

# How often each endpoint was asked: { metadata => 3, 'metadata 304' => 1, ... }
sub counters { my ($self) = @_; return $self->control({ do => 'counters' })->{counters} }

# Tell it the ports of a test's httpd.
sub known
{
    my ($self, $t) = @_;
    my ($port, $tls, @more) = @{ $t->httpd->{ports} };

    return $self->control({ do => 'substitute',
        values => { '@PORT@' => $port, '@TLS_PORT@' => $tls, map { ("\@PORT$_\@" => $more[$_ - 1]) } 1 .. @more } });
}

# The certificate file that signs for an application now (the tenant's keys without one).
sub certificate
{
    my ($self, $app) = @_;
    my ($tenant) = values %{ $self->control({ do => 'list' })->{tenants} };
    my $all = defined $app ? $tenant->{applications}{$app}{certificates} : $tenant->{certificates};

    return (map { $_->{cert} } grep { $_->{active} } @$all)[0];
}

# The directives that lead to it by two values.
sub conf
{
    my ($self, $tenant, $app) = @_;

    return join "\n", 'SAMLEntra ' . ($tenant // TENANT) . ' ' . ($app // APP), 'SAMLReplyURL http://127.0.0.1:@PORT@/saml/acs',
        'SAMLIdentifier http://127.0.0.1:@PORT@/saml/metadata', "SAMLMetadataCA \"$self->{ca}\"", "SAMLMetadataProxy $self->{proxy}", '';
}

# Metadata comes in the background: wait until each of these places has somewhere to send a browser, whichever child serves it. Those for
# which it never came.
sub ready
{
    my ($self, $t, $browser, @paths) = @_;

    $t->tolerate_log(qr/login refused \[metadata\].*the first try is under way/);
    for (1 .. 300) {
        @paths = grep { my $reply = $browser->get($_); !$reply->form && $reply->status != 302 } @paths or last;
        select undef, undef, undef, 0.1;
    }
    SSOTest::Metadata::taken($t, 0) if !@paths;
    return @paths;
}

# --- a browser at the stand-in ---

sub _at
{
    my ($self, $browser) = @_;

    return $browser->{entra} ||= SSOTest::Browser->new(base => $self->{origin}, ca => $self->{ca});
}

# A request to an address of Microsoft, or of the stand-in by its origin.
sub request
{
    my ($self, $browser, $method, $url, %o) = @_;
    my ($host, $rest) = $url =~ m{^https://([^/?#:]+)(?::443)?(/[^#]*)$};

    ($url, $o{host}) = ($self->{origin} . $rest, $host) if defined $host && grep { lc $host eq $_ } HOSTS;
    index($url, $self->{origin}) == 0 or die "not an address of the stand-in: $url";
    return $self->_at($browser)->request($method, $url, cross_site => 0, %o);
}

# What the stand-in says to the request that a page or a redirect of ours carries.
sub ask
{
    my ($self, $browser, $page, %o) = @_;
    my $hint = defined $o{user} ? 'login_hint=' . SSOTest::Browser::url_encode($o{user}) : '';

    if (my $to = $page->header('Location')) {
        return $self->request($browser, 'GET', $to . ($hint && ($to =~ /\?/ ? '&' : '?') . $hint));
    }
    my $form = $page->form or die 'expected a form or a redirect with a SAMLRequest, got status ' . $page->status . ":\n" . $page->body;
    my $to = $form->{action};
    my $body = join '&', map { "$_=" . SSOTest::Browser::url_encode($form->{fields}{$_}) } sort keys %{ $form->{fields} };
    $to =~ s/([?&])login_hint=[^&]*&?/$1/ if $hint;
    return $self->request($browser, 'POST', $to . ($hint && ($to =~ /\?/ ? '&' : '?') . $hint),
        type => 'application/x-www-form-urlencoded', body => $body);
}

# Post the form with the Response where it says, as the browser does.
sub deliver
{
    my ($self, $browser, $page) = @_;
    my $form = $page->form;

    $form && defined $form->{fields}{SAMLResponse}
        or die 'expected the form with a SAMLResponse, got status ' . $page->status . ":\n" . $page->body;
    return $browser->post($form->{action}, [map { $_ => $form->{fields}{$_} } sort keys %{ $form->{fields} }], cross_site => 1);
}

# From our page with the request to the ACS's answer. %o: user, UPN or object ID; without it the session at the stand-in.
sub answer
{
    my ($self, $browser, $page, %o) = @_;

    return $self->deliver($browser, $self->ask($browser, $page, %o));
}

# The whole sign-on from a guarded page to where it lands.
sub login
{
    my ($self, $browser, $path, %o) = @_;
    my $reply = $self->answer($browser, $browser->get($path), %o);

    $reply->status == 303 or die "sign-on at $path: expected 303, got " . $reply->status . "\n" . $reply->body;
    return $browser->get($reply->header('Location'));
}

# IdP-initiated, as a My Apps tile does it: the ACS's answer.
sub start
{
    my ($self, $browser, %o) = @_;
    my $hint = defined $o{user} ? '?login_hint=' . SSOTest::Browser::url_encode($o{user}) : '';
    my $host = $o{host} // 'login.microsoftonline.com';

    return $self->deliver($browser, $self->request($browser, 'GET',
        "https://$host/" . ($o{tenant} // TENANT) . '/signin/' . ($o{app} // APP) . $hint));
}

# The user signs out at the stand-in, which loads each Logout URL in a frame: our answers, in order.
sub sign_out
{
    my ($self, $browser, %o) = @_;
    my $page = $self->request($browser, 'GET', 'https://login.microsoftonline.com/' . ($o{tenant} // TENANT) . '/oauth2/v2.0/logout');

    return map { $browser->get(SSOTest::Reply::html_decode($_), cross_site => 1, headers => [['Sec-Fetch-Dest', 'iframe']]) }
        $page->body =~ /<iframe src="([^"]*)"/g;
}

sub stop
{
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    return if $self->{owner} != $$;
    local ($?, $!, $@);
    close $self->{to};
    kill 'TERM', $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY { my ($self) = @_; $self->stop; return }

1;
