# SPDX-License-Identifier: Apache-2.0
package SSOTest::PySAML2;

# An identity provider that others wrote: python3-pysaml2, by pysaml2_slo.py. Messages are as SSOTest::Message has them.
#
#     my $idp = SSOTest::PySAML2->new($folder);         # with idp.key and idp.cer
#     $idp->ask('know', xml => [...]);

use strict;
use warnings;
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use JSON::PP ();

sub new { my ($class, $folder) = @_; return bless { folder => $folder, owner => $$ }, $class }

sub ask
{
    my ($self, $do, %job) = @_;
    my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';

    $self->{pid} ||= open2($self->{from}, $self->{to}, $python, dirname(__FILE__) . '/../pysaml2_slo.py', $self->{folder});
    print { $self->{to} } JSON::PP->new->canonical->ascii->encode({ do => $do, %job }), "\n";
    $self->{to}->flush;
    my $line = readline $self->{from} // die 'pysaml2_slo.py has gone';
    my $out = JSON::PP::decode_json($line);
    die "pysaml2_slo.py: $do: $out->{error}\n" if $out->{error};
    return $out;
}

sub DESTROY
{
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    local ($?, $!, $@);
    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
