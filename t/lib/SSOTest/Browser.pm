# SPDX-License-Identifier: Apache-2.0
package SSOTest::Browser;

# A browser as far as these tests need one: one request per connection, a cookie jar that holds to RFC 6265bis (Path, Domain,
# Secure, Max-Age, the __Host- and __Secure- prefixes, SameSite on cross-site requests), headers exactly as given.

use strict;
use warnings;
use IO::Socket::INET;
use SSOTest::Reply;

use constant TIMEOUT => 60;

# %o: base ("http://127.0.0.1:8080"), headers ([name, value] pairs that every request carries), user_agent
sub new
{
    my ($class, %o) = @_;
    my @headers = $o{headers} ? @{ $o{headers} } : (
        ['Accept', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'],
        ['Sec-Fetch-Mode', 'navigate'],
    );

    return bless { base => $o{base}, headers => \@headers, cookies => {}, clock => 0, ca => $o{ca} }, $class;
}

# Another browser at the same site with the same headers and an empty jar.
sub fresh
{
    my ($self) = @_;

    return SSOTest::Browser->new(base => $self->{base}, headers => $self->{headers}, ca => $self->{ca});
}

sub get  { my ($self, $url, %o) = @_; return $self->request('GET', $url, %o) }
sub head { my ($self, $url, %o) = @_; return $self->request('HEAD', $url, %o) }

# form: [name, value, ...] in that order
sub post
{
    my ($self, $url, $form, %o) = @_;
    my @pairs;

    for (my $i = 0; $i < @$form; $i += 2) {
        push @pairs, url_encode($form->[$i]) . '=' . url_encode($form->[$i + 1]);
    }
    return $self->request('POST', $url, type => 'application/x-www-form-urlencoded', body => join('&', @pairs), %o);
}

# A script's request: fetch() asking for JSON.
sub fetch
{
    my ($self, $url, %o) = @_;

    return $self->request($o{method} || 'GET', $url,
        no_default => 1, headers => [['Accept', 'application/json'], ['Sec-Fetch-Mode', 'cors'], @{ $o{headers} || [] }]);
}

# %o: headers [[name, value], ...] in addition; no_default drops the browser's own; body, type; no_cookies; cross_site: sent by
# another site's page (SameSite applies); host: what to say in Host
sub request
{
    my ($self, $method, $url, %o) = @_;
    my $at = $self->_split($url);
    my $host = $o{host} || $at->{authority};
    my @lines = ("$method $at->{path} HTTP/1.1", "Host: $host");
    my $cookie = $o{no_cookies} ? '' : $self->cookie_header($url, $method, $o{cross_site});
    my $body = $o{body};

    push @lines, map { "$_->[0]: $_->[1]" } @{ $self->{headers} } if !$o{no_default};
    push @lines, map { "$_->[0]: $_->[1]" } @{ $o{headers} || [] };
    push @lines, "Cookie: $cookie" if length $cookie;
    push @lines, "Content-Type: $o{type}" if defined $o{type};
    push @lines, 'Content-Length: ' . length $body if defined $body;
    push @lines, 'Connection: close';
    my $reply = $self->_exchange($at, join("\r\n", @lines) . "\r\n\r\n" . ($body // ''), $method);
    $self->take_cookies($url, $reply) if !$o{no_cookies};
    return $reply;
}

# Follow at most $most redirects by GET.
sub follow
{
    my ($self, $reply, $most) = @_;

    $most = 5 if !defined $most;
    while ($most-- > 0 && $reply->status =~ /^30[1237]$/ && defined $reply->header('Location')) {
        $reply = $self->get($reply->header('Location'));
    }
    return $reply;
}

sub _split
{
    my ($self, $url) = @_;

    $url = $self->{base} . $url if $url =~ m{^/};
    $url =~ m{^(https?)://([^/?#]+)([^#]*)} or die "not a URL: $url";
    my ($scheme, $authority, $path) = ($1, $2, $3);
    my ($host, $port) = $authority =~ /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/ or die "not a host: $authority";
    $path = "/$path" if $path !~ m{^/};
    return { scheme => $scheme, authority => $authority, host => lc $host,
             port => $port || ($scheme eq 'https' ? 443 : 80), path => $path };
}

sub _connect
{
    my ($self, $at) = @_;

    if ($at->{scheme} eq 'https') {
        require IO::Socket::SSL;
        return IO::Socket::SSL->new(PeerHost => '127.0.0.1', PeerPort => $at->{port}, SSL_hostname => $at->{host},
            SSL_ca_file => $self->{ca}, SSL_verifycn_scheme => 'http', SSL_verifycn_name => $at->{host}, Timeout => TIMEOUT)
            || die "TLS to $at->{authority}: $! $IO::Socket::SSL::SSL_ERROR";
    }
    return IO::Socket::INET->new(PeerHost => '127.0.0.1', PeerPort => $at->{port}, Timeout => TIMEOUT)
        || die "connect to $at->{authority}: $!";
}

sub _exchange
{
    my ($self, $at, $bytes, $method) = @_;
    my $socket = $self->_connect($at);
    my $text = '';

    local $SIG{ALRM} = sub { die "no answer from $at->{authority} within " . TIMEOUT . " s: $method $at->{path}\n" };
    local $SIG{PIPE} = 'IGNORE';
    alarm TIMEOUT;
    for (my $sent = 0; $sent < length $bytes;) {
        my $count = $socket->syswrite($bytes, 65536, $sent);
        last if !defined $count;        # the server may answer before it has read a body that is too large
        $sent += $count;
    }
    while (1) {
        my $count = $socket->sysread($text, 65536, length $text);
        last if !$count;
    }
    alarm 0;
    close $socket;
    return SSOTest::Reply->parse($text, $method);
}

# --- the cookie jar ---

# For tests of lifetimes: let the jar (not the server) believe that time has passed.
sub advance { my ($self, $seconds) = @_; $self->{clock} += $seconds; return $self }

sub _now { my ($self) = @_; return time() + $self->{clock} }

sub take_cookies
{
    my ($self, $url, $reply) = @_;

    $self->_take($url, $_) for $reply->headers('Set-Cookie');
    return;
}

sub _take
{
    my ($self, $url, $line) = @_;
    my $at = $self->_split($url);
    my ($pair, @attributes) = split /\s*;\s*/, $line;
    my ($name, $value) = $pair =~ /^([^=]+)=(.*)$/s or return;
    my %is = (Path => $at->{path} =~ m{^(/.*)/} ? $1 : '/');

    for (@attributes) {
        my ($key, $what) = /^([^=]+)(?:=(.*))?$/ or next;
        $is{ join '', map { ucfirst lc } split /(-)/, $key } = defined $what ? $what : 1;
    }
    my $secure = $at->{scheme} eq 'https';
    return if $is{Secure} && !$secure;
    return if ($is{Samesite} || '') eq 'None' && !$is{Secure};
    return if $name =~ /^__Secure-/ && !$is{Secure};
    return if $name =~ /^__Host-/ && (!$is{Secure} || defined $is{Domain} || $is{Path} ne '/');
    return if defined $is{Domain} && $at->{host} !~ /(?:^|\.)\Q$is{Domain}\E$/;
    my $key = join "\n", $name, $is{Domain} || $at->{host}, $is{Path};
    if (defined $is{'Max-Age'} && $is{'Max-Age'} <= 0) {
        delete $self->{cookies}{$key};
        return;
    }
    $self->{cookies}{$key} = { name => $name, value => $value, host => $is{Domain} || $at->{host}, path => $is{Path},
        domain => defined $is{Domain}, secure => $is{Secure}, same_site => $is{Samesite},
        ends => defined $is{'Max-Age'} ? $self->_now + $is{'Max-Age'} : undef, order => ++$self->{count} };
    return;
}

sub _goes
{
    my ($self, $cookie, $at, $method, $cross_site) = @_;
    my $site = $cookie->{same_site} || '';

    return 0 if defined $cookie->{ends} && $cookie->{ends} <= $self->_now;
    return 0 if $cookie->{secure} && $at->{scheme} ne 'https';
    return 0 if $cookie->{domain} ? $at->{host} !~ /(?:^|\.)\Q$cookie->{host}\E$/ : $at->{host} ne $cookie->{host};
    (my $path = $at->{path}) =~ s/\?.*//;
    return 0 if index("$path/", $cookie->{path} =~ m{/$} ? $cookie->{path} : "$cookie->{path}/") != 0;
    return 1 if !$cross_site;
    return 0 if $site eq 'Strict' || ($site eq 'Lax' && $method ne 'GET');
    # Browsers read an absent SameSite as Lax; plain http has no None, which is why that is for loopback only.
    return 0 if $site eq '' && $method ne 'GET' && $at->{scheme} eq 'https';
    return 1;
}

sub cookie_header
{
    my ($self, $url, $method, $cross_site) = @_;
    my $at = $self->_split($url);
    my @go = grep { $self->_goes($_, $at, $method, $cross_site) }
        sort { $a->{order} <=> $b->{order} } values %{ $self->{cookies} };

    return join '; ', map { "$_->{name}=$_->{value}" } @go;
}

# Names of the cookies in the jar, sorted.
sub cookie_names { my ($self) = @_; return sort map { $_->{name} } values %{ $self->{cookies} } }

sub cookie
{
    my ($self, $name) = @_;
    my ($found) = grep { $_->{name} eq $name } values %{ $self->{cookies} };

    return $found ? $found->{value} : undef;
}

sub set_cookie
{
    my ($self, $name, $value) = @_;
    my $secure = $self->{base} =~ /^https/ ? '; Secure' : '';

    $self->_take($self->{base} . '/', "$name=$value; Path=/$secure");
    return;
}

# Forget every cookie whose name matches.
sub drop_cookies
{
    my ($self, $regex) = @_;
    my $jar = $self->{cookies};

    delete @$jar{ grep { $jar->{$_}{name} =~ $regex } keys %$jar };
    return;
}

sub url_encode
{
    my ($text) = @_;

    $text =~ s/([^A-Za-z0-9\-._~])/sprintf '%%%02X', ord $1/ge;
    return $text;
}

1;
