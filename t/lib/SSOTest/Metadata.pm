# SPDX-License-Identifier: Apache-2.0
package SSOTest::Metadata;

# A metadata server whose answers a test changes while it runs, and what a test waits for in a module that fetches them:
#
#     my $m = SSOTest::Metadata->start($dir);
#     $m->answer(body => SSOTest::Metadata::document(certs => ["$dir/idp.cer"]), etag => '"1"');
#     ... SAMLIdPMetadata http://127.0.0.1:PORT/metadata ...
#     SSOTest::Metadata::taken($t, $before);      # every child has what came since then

use strict;
use warnings;
use JSON::PP ();
use SSOTest::IdP;
use SSOTest::Ports;
use SSOTest::Server;
use Time::HiRes qw(sleep time);

use constant WAIT_S => 20;
use constant MD => 'urn:oasis:names:tc:SAML:2.0:metadata';

sub start
{
    my ($class, $dir) = @_;
    my $self = bless { dir => $dir, port => (SSOTest::Ports::free(1))[0] }, $class;

    $self->answer(status => 503);
    $self->up;
    return $self;
}

# Serve, at the port of before.
sub up
{
    my ($self) = @_;
    my $dir = $self->{dir};

    $self->{server} = SSOTest::Server->start(sub { my ($client) = @_; _reply($client, $dir) }, port => $self->{port}, fork => 1);
    return $self;
}

# No network: connections are refused.
sub down { my ($self) = @_; $self->{server}->stop; return }

sub url { my ($self) = @_; return "http://127.0.0.1:$self->{port}/metadata" }

# What it says from now on: status, body, etag, last_modified, headers ["Name: value"], delay (seconds before the answer), hold (a name: no
# answer before release is called with it), pad (how many spaces follow the body).
sub answer
{
    my ($self, %o) = @_;

    open my $to, '>', "$self->{dir}/metadata.new" or die "metadata.new: $!";
    print {$to} JSON::PP->new->ascii->encode(\%o);
    close $to or die "metadata.new: $!";
    rename "$self->{dir}/metadata.new", "$self->{dir}/metadata.answer" or die "metadata.answer: $!";
    return;
}

# Let the answers go that are held under that name.
sub release { my ($self, $name) = @_; open my $to, '>', "$self->{dir}/metadata.released-$name" or die "metadata.released-$name: $!"; return }

# One line for each request so far: status sent, then its conditions.
sub requests
{
    my ($self) = @_;

    open my $from, '<', "$self->{dir}/metadata.requests" or return;
    chomp(my @lines = readline $from);
    return @lines;
}

sub _reply
{
    my ($client, $dir) = @_;
    my ($head) = SSOTest::Server::request($client) or return;

    open my $from, '<', "$dir/metadata.answer" or return;
    my $answer = JSON::PP::decode_json(scalar readline $from);
    my ($match) = $head =~ /^If-None-Match: ([^\r]*)/mi;
    my ($since) = $head =~ /^If-Modified-Since: ([^\r]*)/mi;
    my $same = defined $answer->{etag} ? defined $match && $match eq $answer->{etag}
        : defined $answer->{last_modified} && defined $since && $since eq $answer->{last_modified};
    my $status = $same ? 304 : $answer->{status} || 200;
    my $body = $same ? '' : ($answer->{body} // '') . ' ' x ($answer->{pad} // 0);
    my @headers = ("Content-Length: " . length $body, 'Connection: close', @{ $answer->{headers} || ['Content-Type: text/xml'] });

    open my $log, '>>', "$dir/metadata.requests" or return;
    syswrite $log, join(' ', $status, defined $match ? "etag=$match" : (), defined $since ? "since=$since" : ()) . "\n";
    close $log;
    push @headers, "ETag: $answer->{etag}" if defined $answer->{etag};
    push @headers, "Last-Modified: $answer->{last_modified}" if defined $answer->{last_modified};
    sleep $answer->{delay} if $answer->{delay};
    for (my $until = time + WAIT_S; $answer->{hold} && !-e "$dir/metadata.released-$answer->{hold}" && time < $until;) {
        sleep 0.02;
    }
    my $text = join("\r\n", "HTTP/1.1 $status x", @headers) . "\r\n\r\n" . ($status == 304 ? '' : $body);
    for (my $at = 0; $at < length $text;) {
        $at += syswrite($client, $text, 65536, $at) || return;
    }
    return;
}

# Metadata of the test's identity provider; certs are files. %o: entity, location, valid_until, wants, bindings, keys (XML), role (XML)
sub document
{
    my (%o) = @_;
    my $location = $o{location} || SSOTest::IdP::LOGIN_URL;
    my $keys = $o{keys} // join '', map { key($_) } @{ $o{certs} || [] };
    my $services = join '', map { "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:$_\" Location=\"$location\"/>" }
        @{ $o{bindings} || ['HTTP-Redirect', 'HTTP-POST'] };

    return '<EntityDescriptor xmlns="' . MD . '" entityID="' . ($o{entity} || SSOTest::IdP::ISSUER) . '"'
        . ($o{valid_until} ? " validUntil=\"$o{valid_until}\"" : '') . '>'
        . ($o{role} // '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
            . ($o{wants} ? ' WantAuthnRequestsSigned="true"' : '') . ">$keys$services</IDPSSODescriptor>")
        . '</EntityDescriptor>';
}

# A KeyDescriptor with the certificate of a file.
sub key
{
    my ($file) = @_;

    open my $from, '<', $file or die "$file: $!";
    my $cert = join '', grep { !/-----/ } readline $from;
    $cert =~ s/\s//g;
    return '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        . "$cert</X509Certificate></X509Data></KeyInfo></KeyDescriptor>";
}

# --- waiting ---

sub wait_for
{
    my ($test, $what, $t) = @_;
    my $until = time + WAIT_S;

    while (!$test->()) {
        die "no sign of $what within " . WAIT_S . " s\n" . ($t ? $t->httpd->log_text : '') if time > $until;
        sleep 0.05;
    }
    return;
}

# The error log's length, to look behind.
sub now { my ($t) = @_; return -s $t->httpd->dir . '/error_log' || 0 }

sub logged
{
    my ($t, $before, $regex) = @_;

    wait_for(sub { $t->httpd->log_text($before) =~ $regex }, "$regex in the log", $t);
    return;
}

sub children
{
    my ($t) = @_;
    my $pid = $t->httpd->pid;

    open my $from, '<', "/proc/$pid/task/$pid/children" or die "children of $pid: $!";
    return split ' ', scalar(readline $from) // '';
}

# Every child has taken a copy since then, of each source of which any child has one; at least of one.
sub taken
{
    my ($t, $before) = @_;

    wait_for(sub {
        my ($log, %took, %urls) = $t->httpd->log_text($before);
        $took{"$1 $2"} = $urls{$2} = 1 while $log =~ /\[pid (\d+)[^\]]*\] (?:\S+: )?metadata of (\S+): copy taken/g;
        my @children = grep { _is_server($t, $_) } children($t);
        return %urls && !grep { my $url = $_; grep { !$took{"$_ $url"} } @children } keys %urls;
    }, 'every child with the new copy', $t);
    return;
}

# Pipes and other helpers are children too.
sub _is_server
{
    my ($t, $pid) = @_;

    open my $from, '<', "/proc/$pid/cmdline" or return 0;
    return (readline($from) // '') =~ /httpd|apache2/;
}

1;
