# SPDX-License-Identifier: Apache-2.0
package SSOTest::Httpd;

# A private httpd: own ServerRoot, free ports on 127.0.0.1, bounded waits, always stopped.

use strict;
use warnings;
use Fcntl qw(SEEK_SET);
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use SSOTest::Ports;
use Time::HiRes qw(sleep time);

use constant QUIET_S => 0.1;
use constant WAIT_S => 60;      # for a start or a stop; sanitizers and valgrind are slow

my %apxs;

# %o: dir, conf (text; @ROOT@, @PORT@, @TLS_PORT@, @PORTn@ are filled in), modules [names], ports (how many besides), env {}
sub new
{
    my ($class, %o) = @_;
    my $self = bless { extra_ports => 0, modules => [], env => {}, %o, owner => $$, log_at => 0 }, $class;

    make_path(map { "$self->{dir}/$_" } qw(run htdocs));
    chmod 0755, $self->{dir}, "$self->{dir}/run", "$self->{dir}/htdocs";
    return $self;
}

sub apxs
{
    my ($what) = @_;

    if (!exists $apxs{$what}) {
        my $program = $ENV{SSO_APXS} || (grep { -x } map { ("$_/apxs", "$_/apxs2") } split(/:/, $ENV{PATH}), '/usr/sbin')[0]
            || die 'apxs is not there';
        $apxs{$what} = `"$program" -q $what 2>/dev/null`;
        chomp $apxs{$what};
    }
    return $apxs{$what};
}

sub httpd { return $ENV{SSO_HTTPD} || apxs('SBINDIR') . '/' . apxs('PROGNAME') }

sub module
{
    my $path = $ENV{SSO_MODULE} || die 'SSO_MODULE: expected the path of mod_saml_sso.so, got none';

    -e $path or die "SSO_MODULE: $path is not there";
    return $path;
}

sub mpm
{
    my $mpm = $ENV{SSO_MPM} || 'default';

    return $mpm eq 'default' ? 'event' : $mpm;
}

# Whose files the children can read: the user and group they run as.
sub user
{
    return if $>;
    for my $name (qw(www-data apache nobody)) {
        my @entry = getpwnam $name;
        return ($name, scalar getgrgid $entry[3], $entry[2], $entry[3]) if @entry;
    }
    die 'no user www-data, apache or nobody to run httpd as';
}

sub _load
{
    my @names = @_;
    my $folder = apxs('LIBEXECDIR');
    my %seen;

    return join '', map {
        my $name = $_;
        my $file = "$folder/mod_$name.so";
        $seen{$name}++ ? '' : -e $file ? "<IfModule !${name}_module>\nLoadModule ${name}_module $file\n</IfModule>\n" : '';
    } @names;
}

sub _base_conf
{
    my ($self) = @_;
    my $mpm = mpm();
    my ($user, $group) = user();
    my $limits = $mpm eq 'prefork' ? "StartServers 4\nMinSpareServers 2\nMaxSpareServers 16\nMaxRequestWorkers 16\n"
        : "StartServers 2\nThreadsPerChild 8\nMinSpareThreads 8\nMaxSpareThreads 32\nMaxRequestWorkers 32\nServerLimit 8\n"
          . ($mpm eq 'event' ? "AsyncRequestWorkerFactor 4\n" : '');

    return "ServerRoot \"$self->{dir}\"\nDefaultRuntimeDir \"$self->{dir}/run\"\nPidFile run/httpd.pid\n"
        . "LoadModule mpm_${mpm}_module " . apxs('LIBEXECDIR') . "/mod_mpm_$mpm.so\n"
        . _load(qw(unixd log_config authn_core authz_core authz_user alias mime), @{ $self->{modules} })
        . "LoadModule saml_sso_module \"" . module() . "\"\n"
        . ($user ? "User $user\nGroup $group\n" : '') . $limits
        . "ServerName 127.0.0.1\nListen 127.0.0.1:\@PORT\@\nErrorLog error_log\nLogLevel info saml_sso:debug\n"
        . "DocumentRoot htdocs\nTypesConfig /dev/null\nAddType text/html .html\nAddType text/plain .txt\n"
        . "LogFormat \"%h %u %>s \\\"%r\\\" %{SAML_NAMEID}e\" test\nCustomLog access_log test\n"
        . "Timeout 60\nMutex \"file:$self->{dir}/run\" default\nTraceEnable off\n"
        . "<Directory />\nAllowOverride None\nRequire all denied\n</Directory>\n"
        . "<Directory \"$self->{dir}/htdocs\">\nAllowOverride None\nRequire all granted\n</Directory>\n";
}

sub _write_conf
{
    my ($self) = @_;
    my ($port, $tls, @more) = @{ $self->{ports} };
    my $text = $self->_base_conf . $self->{conf};

    $text =~ s/\@ROOT\@/$self->{dir}/g;
    $text =~ s/\@PORT\@/$port/g;
    $text =~ s/\@TLS_PORT\@/$tls/g;
    $text =~ s/\@PORT(\d)\@/$more[$1 - 1]/g;
    $self->write_file('httpd.conf', $text);
    return;
}

sub write_file
{
    my ($self, $name, $text, $mode) = @_;
    my $path = "$self->{dir}/$name";

    open my $to, '>', $path or die "$path: $!";
    print {$to} $text;
    close $to or die "$path: $!";
    chmod $mode, $path if defined $mode;
    return $path;
}

sub _command { my ($self, @more) = @_; return (httpd(), '-d', $self->{dir}, '-f', "$self->{dir}/httpd.conf", @more) }

# What `httpd -t` says: (exit code, text)
sub configtest
{
    my ($self) = @_;

    $self->{ports} ||= [SSOTest::Ports::free(2 + $self->{extra_ports})];
    $self->_write_conf;
    return $self->control('-t');
}

sub control
{
    my ($self, @options) = @_;
    my $pid = open my $from, '-|';

    die "fork: $!" if !defined $pid;
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        $self->_child_env;
        exec $self->_command(@options) or exit 127;
    }
    my $text = join '', <$from>;
    close $from;
    return ($? >> 8, $text);
}

sub _child_env
{
    my ($self) = @_;

    @ENV{ keys %{ $self->{env} } } = values %{ $self->{env} };
    $ENV{LD_LIBRARY_PATH} = $ENV{SSO_LD_LIBRARY_PATH} if $ENV{SSO_LD_LIBRARY_PATH};
    return;
}

sub start
{
    my ($self) = @_;

    for my $try (1 .. 3) {
        $self->{ports} = [SSOTest::Ports::free(2 + $self->{extra_ports})] if !$self->{ports};
        $self->_write_conf;
        $self->_launch;
        return $self if $self->_wait_until_it_listens;
        my $log = $self->log_text;
        if ($log =~ /could not bind/ && !$self->{served}) {     # somebody took the port meanwhile
            $self->{ports} = undef;
            truncate "$self->{dir}/error_log", 0;
            next;
        }
        die "httpd did not start:\n" . $self->_output . $log;
    }
    die 'httpd did not start: no port stayed free';
}

sub _launch
{
    my ($self) = @_;
    my $pid = fork // die "fork: $!";

    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/output";
        open STDERR, '>&', \*STDOUT;
        $self->_child_env;
        exec @{ $self->{wrapper} || [] }, $self->_command('-DFOREGROUND', @{ $self->{options} || [] }) or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    return;
}

sub _wait_until_it_listens
{
    my ($self) = @_;
    my $until = time + WAIT_S;

    while (time < $until) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            $self->{pid} = undef;
            return 0;
        }
        # The pid file comes after the port is taken, and not before this httpd's own.
        if ($self->_pid_file == $self->{pid} && IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $self->port)) {
            $self->{served} = 1;
            $self->{generations}++;
            return 1;
        }
        sleep 0.02;
    }
    $self->stop;
    return 0;
}

sub _pid_file
{
    my ($self) = @_;

    open my $from, '<', "$self->{dir}/run/httpd.pid" or return 0;
    my ($pid) = (readline($from) // '') =~ /^(\d+)/;
    return $pid // 0;
}

sub _output
{
    my ($self) = @_;

    open my $from, '<', "$self->{dir}/output" or return '';
    local $/;
    return readline($from) // '';
}

sub port     { my ($self, $n) = @_; return $self->{ports}[$n ? $n + 1 : 0] }
sub tls_port { my ($self) = @_; return $self->{ports}[1] }
sub dir      { my ($self) = @_; return $self->{dir} }
sub pid      { my ($self) = @_; return $self->{pid} }

# `apachectl graceful`: returns when the new generation serves.
sub graceful
{
    my ($self) = @_;
    my ($code, $text);

    $self->_wait_for_generations;   # a port answers before its httpd says so
    ($code, $text) = $self->control('-k', 'graceful');
    die "graceful: exit $code: $text" if $code;
    $self->{generations}++;
    $self->_wait_for_generations;
    return $self;
}

sub _wait_for_generations
{
    my ($self) = @_;

    $self->_wait_for(sub { my $now = () = $self->log_text =~ /resuming normal operations/g; return $now >= $self->{generations} },
        'the generation');
    return;
}

sub _wait_for
{
    my ($self, $test, $what) = @_;
    my $until = time + WAIT_S;

    while (!$test->()) {
        die "no sign of $what within " . WAIT_S . " s\n" if time > $until;
        sleep 0.02;
    }
    return;
}

# Stop within bounds; true if it went by itself. The event MPM shuts the socket of each worker that is busy (close_worker_sockets), and
# crashes over one that the worker has just done with: the last connection of the test gets the time to end.
sub stop
{
    my ($self) = @_;
    my $until = time + WAIT_S;

    return 1 if !$self->{pid} || $self->{owner} != $$;
    sleep QUIET_S;
    kill 'TERM', $self->{pid};
    while (time < $until) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            $self->{pid} = undef;
            return 1;
        }
        sleep 0.02;
    }
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    $self->{pid} = undef;
    return 0;
}

sub restart { my ($self) = @_; $self->stop or die 'httpd did not stop'; return $self->start }

# --- the error log ---

sub log_text
{
    my ($self, $from_octet) = @_;

    open my $from, '<', "$self->{dir}/error_log" or return '';
    seek $from, $from_octet, SEEK_SET if $from_octet;
    local $/;
    return readline($from) // '';
}

# Lines at WARNING or worse, and what tells of a crash whatever its level.
sub bad_lines
{
    my ($self, $from_octet) = @_;

    return grep { /^\[[^\]]*\] \[\w*:(?:warn|error|crit|alert|emerg)\]/ || /exit signal|Sanitizer|APR pool debug|Fatal/ }
        split /\n/, $self->log_text($from_octet);
}

sub DESTROY { my ($self) = @_; local ($?, $!, $@); $self->stop if $self->{owner} == $$; return }

1;
