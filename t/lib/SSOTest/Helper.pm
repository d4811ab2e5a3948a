# SPDX-License-Identifier: Apache-2.0
package SSOTest::Helper;

# A program in t/ of Python's that answers each line of JSON by one. It runs from the first question on, and goes with what asked.
#
#     my $helper = SSOTest::Helper->new('idp.py', $folder);
#     my $answer = $helper->ask(name_id => 'ada');          # a hash; dies of the program's {error}

use strict;
use warnings;
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use JSON::PP ();

sub new
{
    my ($class, $program, @args) = @_;

    return bless { program => $program, args => \@args, owner => $$ }, $class;
}

# A test that has forked asks one of its own.
sub _run
{
    my ($self) = @_;
    my $python = $ENV{SSO_PYTHON} || '/usr/bin/python3';

    return if $self->{pid} && $self->{owner} == $$;
    $self->{owner} = $$;
    $self->{pid} = open2($self->{from}, $self->{to}, $python, dirname(__FILE__) . "/../$self->{program}", @{ $self->{args} });
    return;
}

sub ask
{
    my ($self, %fields) = @_;

    $self->_run;
    print { $self->{to} } JSON::PP->new->canonical->ascii->encode(\%fields), "\n";
    $self->{to}->flush;
    my $line = readline $self->{from} // die "$self->{program} has gone";
    my $answer = JSON::PP::decode_json($line);
    die "$self->{program}: $answer->{error}\n" if $answer->{error};
    return $answer;
}

sub DESTROY
{
    my ($self) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    local ($?, $!, $@);
    kill 'TERM', $self->{pid};      # clients that a test forked may hold its pipe open
    waitpid $self->{pid}, 0;
    return;
}

1;
