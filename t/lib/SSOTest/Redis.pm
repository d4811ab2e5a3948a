# SPDX-License-Identifier: Apache-2.0
package SSOTest::Redis;

# A Redis of the test's own on a free port of 127.0.0.1. Stopped by TERM it writes its data to its folder; started again it has them.

use strict;
use warnings;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use SSOTest::Ports;
use Time::HiRes qw(sleep time);

use constant WAIT_S => 30;

# %o: dir (made for its data), port (default: a free one), options [further ones of redis-server]
sub start
{
    my ($class, %o) = @_;
    my $self = bless { dir => $o{dir}, port => $o{port} || (SSOTest::Ports::free(1))[0], options => $o{options} || [], owner => $$ }, $class;

    mkdir $self->{dir};
    return $self->resume->_settle;
}

# As one that has served for an hour: what may have been used before a Redis was there, like a response that nobody asked for and that was
# issued before it, is not taken.
sub _settle
{
    my ($self) = @_;
    my ($run) = $self->say('INFO server') =~ /^run_id:(\w+)/m;
    my $since = int((time - 3600) * 1000);

    $self->say("SET saml-sso:server \"$run $since\"") eq 'OK' or die 'redis-server does not take a key';
    return $self;
}

# One command, as one would type it. Returns the answer as text.
sub say
{
    my ($self, $command) = @_;
    my $socket = IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5) or return '';

    print {$socket} "$command\r\n";
    my ($kind, $rest) = (readline($socket) // '') =~ /^([-+:\$])(.*?)\r\n/ or return '';
    return $rest if $kind ne '$' || $rest < 0;
    my $text = '';
    read $socket, $text, $rest;
    return $text;
}

sub port { my ($self) = @_; return $self->{port} }
sub pid  { my ($self) = @_; return $self->{pid} }

# After an end, with the data that it had then.
sub resume
{
    my ($self) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/output";
        open STDERR, '>&', \*STDOUT;
        exec 'redis-server', '--bind', '127.0.0.1', '--port', $self->{port}, '--dir', $self->{dir}, '--save', '3600 1',
            '--appendonly', 'no', @{ $self->{options} } or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $until = time + WAIT_S;
    while (time < $until) {
        return $self if $self->_is_ready;
        waitpid($pid, WNOHANG) != $pid or die "redis-server did not start: see $self->{dir}/output";
        sleep 0.02;
    }
    die 'redis-server does not answer';
}

sub _is_ready
{
    my ($self) = @_;

    return $self->say('PING') eq 'PONG';        # LOADING until its data are read
}

# It takes connections and answers nothing; and answers again.
sub freeze { my ($self) = @_; kill 'STOP', $self->{pid}; return }
sub thaw   { my ($self) = @_; kill 'CONT', $self->{pid}; return }

# By TERM its data are kept, by KILL all of them are lost.
sub end
{
    my ($self, $signal) = @_;

    return if !$self->{pid} || $self->{owner} != $$;
    kill 'CONT', $self->{pid};
    kill $signal || 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return;
}

sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->end('KILL'); return }

1;
