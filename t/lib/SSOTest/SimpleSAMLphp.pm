# SPDX-License-Identifier: Apache-2.0
package SSOTest::SimpleSAMLphp;

# An identity provider that others wrote: SimpleSAMLphp under PHP's own server, with the configuration of t/idp/simplesamlphp and
# a folder of its own. Everything of SAML is SimpleSAMLphp's.
#
#     my $ssp = SSOTest::SimpleSAMLphp->start(users => { 'ada:secret' => { mail => ['ada@example.org'] } });
#     $ssp->metadata;                                   # octets for SAMLIdPMetadata
#     $ssp->know('app', $octets, %what_else);           # a service provider's metadata, and what its administrator adds
#     my $page = $ssp->ask($browser, $reply);           # from our sign-on page to its own
#     $page = $ssp->password($browser, $page, 'ada', 'secret');       # and on to its answer

use strict;
use warnings;
use File::Basename qw(dirname);
use File::Spec ();
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use SSOTest::Browser;
use SSOTest::IdP;
use SSOTest::Ports;
use SSOTest::Reply;
use Time::HiRes qw(sleep time);

use constant { START_S => 30, LIFE_S => 300 };

# ./setup check unpacks Debian's package where SSO_SIMPLESAMLPHP says.
sub home { return $ENV{SSO_SIMPLESAMLPHP} || '/usr/share/simplesamlphp' }

sub start
{
    my ($class, %o) = @_;
    my $root = File::Temp->newdir('mod_saml_sso-ssp-XXXXXXXX', TMPDIR => 1);
    my $self = bless { root => $root, dir => "$root", owner => $$ }, $class;

    -e home() . '/www/module.php' or die 'expected SimpleSAMLphp in ' . home() . ", which is not there; unpack Debian's package "
        . "simplesamlphp and name its folder in SSO_SIMPLESAMLPHP; it needs php with its modules xml and mbstring\n";
    mkdir "$self->{dir}/$_" or die "$self->{dir}/$_: $!" for qw(log data tmp sessions sps);
    $self->{keys} = SSOTest::IdP->new($self->{dir});
    $self->{keys}->make_key('next');
    $self->_say('users', $o{users});
    ($self->{port}) = SSOTest::Ports::free(1);
    $self->{url} = "http://localhost:$self->{port}";
    $self->_serve;
    return $self;
}

sub dir { my ($self) = @_; return $self->{dir} }
sub url { my ($self, $path) = @_; return $self->{url} . ($path // '') }

sub entity_id { my ($self) = @_; return $self->url('/saml2/idp/metadata.php') }

sub _write
{
    my ($self, $name, $text) = @_;

    open my $file, '>:raw', "$self->{dir}/$name.new" or die "$name: $!";
    print {$file} $text;
    close $file or die "$name: $!";
    rename "$self->{dir}/$name.new", "$self->{dir}/$name" or die "$name: $!";
    return;
}

# timeout(1) ends it should this test be killed.
sub _serve
{
    my ($self) = @_;

    local $ENV{SSP_FOLDER} = $self->{dir};
    local $ENV{SSP_URL} = $self->{url};
    local $ENV{SIMPLESAMLPHP_CONFIG_DIR} = File::Spec->rel2abs(dirname(__FILE__) . '/../../idp/simplesamlphp');
    $self->{pid} = fork // die "fork: $!";
    if (!$self->{pid}) {
        open STDOUT, '>', "$self->{dir}/php.log";
        open STDERR, '>&', \*STDOUT;
        exec('timeout', LIFE_S, 'php', '-S', "127.0.0.1:$self->{port}", '-t', home() . '/www') or POSIX::_exit(127);
    }
    for (my $end = time + START_S; time < $end; sleep 0.05) {
        return if IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $self->{port});
        last if waitpid($self->{pid}, 1) == $self->{pid};
    }
    die "php -S: expected it to listen on port $self->{port}, got:\n" . $self->log_text;
}

sub _read
{
    my ($self, $name) = @_;

    open my $file, '<:raw', "$self->{dir}/$name" or return '';
    local $/;
    return "---- $name\n" . (readline($file) // '');
}

sub log_text { my ($self) = @_; return $self->_read('php.log') . $self->_read('log/ssp.log') }

sub browser { my ($self) = @_; return SSOTest::Browser->new(base => $self->{url}) }

sub metadata
{
    my ($self) = @_;
    my $reply = $self->browser->get('/saml2/idp/metadata.php');

    $reply->status == 200 or die 'metadata: expected 200, got ' . $reply->status . "\n" . $self->log_text;
    return $reply->body;
}

sub _say { my ($self, $name, $what) = @_; return $self->_write("$name.json", JSON::PP->new->utf8->encode($what)) }

# What stands in its configuration, and of the identity provider in its metadata, besides what t/idp/simplesamlphp says.
sub configure { my ($self, %settings) = @_; return $self->_say('config', \%settings) }
sub set       { my ($self, %settings) = @_; return $self->_say('idp', \%settings) }

sub know
{
    my ($self, $name, $octets, %settings) = @_;

    $self->_say("sps/$name", \%settings);
    $self->_write("sps/$name.xml", $octets);
    return;
}

# Through redirects at the identity provider, until a page or a place that is not its own.
sub follow
{
    my ($self, $browser, $reply) = @_;

    for (1 .. 10) {
        my $to = $reply->header('Location') // return $reply;
        return $reply if $reply->status !~ /^30[1237]$/ || index($to, "$self->{url}/") != 0;
        $reply = $browser->get($to);
    }
    die "more than 10 redirects\n";
}

# From our sign-on page (a form or a redirect) to the identity provider's next page.
sub ask
{
    my ($self, $browser, $reply) = @_;
    my $form = $reply->form;

    return $self->follow($browser, $reply) if $reply->status == 302 || $reply->status == 303;
    return $self->follow($browser, $browser->post($form->{action}, [%{ $form->{fields} }], cross_site => 1));
}

sub asks { my ($page) = @_; return $page->body =~ /name="password"/ }

# Fill in the page that asks for name and password. Returns the page after it.
sub password
{
    my ($self, $browser, $page, $name, $password) = @_;
    my ($state) = $page->body =~ /name="AuthState" value="([^"]*)"/;

    asks($page) && defined $state or die 'expected the page that asks for a password, got ' . $page->status . "\n" . $page->body
        . $self->log_text;
    return $self->follow($browser, $browser->post($self->url('/module.php/core/loginuserpass.php'),
        [username => $name, password => $password, AuthState => SSOTest::Reply::html_decode($state)]));
}

sub stop
{
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->stop; return }

1;
