# SPDX-License-Identifier: Apache-2.0
package SSOTest::Config;

# A folder in which `httpd -t` looks at one configuration after the other: site.conf, whose first line includes what
# every server needs, so that line numbers are easy to tell.

use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp ();
use SSOTest::Httpd;
use SSOTest::IdP;

sub new
{
    my ($class) = @_;
    my $root = File::Temp->newdir('mod_saml_sso-XXXXXXXX', TMPDIR => 1);
    my $self = bless { root => $root, dir => "$root" }, $class;
    my ($user, $group) = SSOTest::Httpd::user();

    chmod 0755, $self->{dir};
    make_path("$self->{dir}/run");
    $self->{httpd} = SSOTest::Httpd->new(dir => $self->{dir}, conf => '');
    my $mpm = SSOTest::Httpd::mpm();
    my $modules = SSOTest::Httpd::apxs('LIBEXECDIR');
    $self->write_file('base.inc', "ServerRoot \"$self->{dir}\"\nDefaultRuntimeDir \"$self->{dir}/run\"\nPidFile run/httpd.pid\n"
        . "LoadModule mpm_${mpm}_module $modules/mod_mpm_$mpm.so\n"
        . SSOTest::Httpd::_load(qw(unixd log_config authn_core authz_core authz_user alias macro))
        . 'LoadModule saml_sso_module "' . SSOTest::Httpd::module() . "\"\n"
        . ($user ? "User $user\nGroup $group\n" : '') . "Listen 127.0.0.1:1\nErrorLog error_log\n");
    return $self;
}

sub dir        { my ($self) = @_; return $self->{dir} }
sub write_file { my ($self, @rest) = @_; return $self->{httpd}->write_file(@rest) }

# A key and a certificate, NAME.key and NAME.cer.
sub make_key
{
    my ($self, $name, $bits) = @_;
    my $base = "$self->{dir}/$name";

    SSOTest::IdP::run('openssl', 'req', '-x509', '-newkey', 'rsa:' . ($bits || 2048), '-nodes', '-days', 90, '-subj', "/CN=$name",
        '-keyout', "$base.key", '-out', "$base.cer");
    return;
}

# What `httpd -t OPTIONS` says to a site.conf of these lines, the first of which is line 2; line 1 includes the base.
# (exit code, text), our folder written as @ROOT@.
sub configtest
{
    my ($self, $conf, @options) = @_;
    my ($code, $text);

    $conf =~ s/\@ROOT\@/$self->{dir}/g;
    $self->write_file('site.conf', "Include base.inc\n$conf");
    ($code, $text) = $self->{httpd}->control('-f', "$self->{dir}/site.conf", '-t', @options);
    $text =~ s/\Q$self->{dir}\E/\@ROOT\@/g;
    return ($code, $text);
}

# The lines of a refusal without httpd's own last word; its two-line form of a syntax error is put into one.
sub complaints
{
    my ($self, $conf, @options) = @_;
    my ($code, $text) = $self->configtest($conf, @options);

    $text =~ s/^AH00014: Configuration check failed\n//m;
    $text =~ s{^AH0055[78]: [^\n]*\n}{}gm;    # httpd on a missing ServerName, and on a host name of this machine that has no address
    $text =~ s/^AH00526: Syntax error on (line \d+ of [^\n]*):\n/$1: /m;
    return ($code, split /\n/, $text);
}

# What -D DUMP_SAML shows: { server => { application => { directive => [values] } } }; servers are "main" and line
# numbers, the default application is "".
sub dump
{
    my ($self, $conf) = @_;
    my ($code, $text) = $self->configtest($conf, '-D', 'DUMP_SAML');
    my (%found, $server, $app);

    die "expected a valid configuration, got $code:\n$text" if $code;
    for (split /\n/, $text) {
        if    (/^main server:$/)                                { $found{$server = 'main'} = {} }
        elsif (/^virtual host \(.* line (\d+)\):$/)             { $found{$server = $1} = {} }
        elsif (/^  default application$/)                       { $found{$server}{$app = ''} = {} }
        elsif (/^  <SAMLApplication (\S+)>$/)                   { $found{$server}{$app = $1} = {} }
        elsif (/^    (.{20}) (.+)$/)                          { my ($name, $value) = ($1, $2);
                                                                  $name =~ s/ +$//;
                                                                  push @{ $found{$server}{$app}{$name} }, $value }
        elsif (/^headers set.*: (.*)$/)                         { $found{headers} = [split / /, $1] }
    }
    return \%found;
}

1;
