# SPDX-License-Identifier: Apache-2.0
package SSOTest::Target;

# Where a browser goes by a Location, as the WHATWG URL standard resolves it (section 4.4, as far as it decides the origin), and the
# list of targets that the attacks try. Shares nothing with the module, which does not resolve but refuses what it does not know.

use strict;
use warnings;
use utf8;
use Encode ();
use Unicode::Normalize qw(NFKC);

my %port_of = (http => 80, https => 443, ws => 80, wss => 443, ftp => 21);

# One number of an IPv4 address in any base, or undef.
sub _number
{
    my ($text) = @_;

    return hex($1 || 0) if $text =~ /^0x([0-9a-f]*)$/;
    return oct $text if $text =~ /^0[0-7]*$/;
    return $text =~ /^[1-9][0-9]*$/ ? $text : undef;
}

# "Ends in a number": then it is an address or nothing.
sub _ipv4
{
    my ($host) = @_;
    my @parts = split /\./, $host =~ s/\.$//r, -1;
    my @numbers = map { _number($_) } @parts;

    return $host if !@parts || ($parts[-1] !~ /^\d+$/ && $parts[-1] !~ /^0x[0-9a-f]*$/);
    return if @parts > 4 || grep { !defined } @numbers;
    my $last = pop @numbers;
    return if $last >= 256**(4 - @numbers) || grep { $_ > 255 } @numbers;
    my $address = $last;
    $address += $numbers[$_] * 256**(3 - $_) for 0 .. $#numbers;
    return join '.', map { int($address / 256**(3 - $_)) % 256 } 0 .. 3;
}

# Brackets are kept as they are: no origin of the tests is an IPv6 address, so spelling them alike decides nothing.
sub _host
{
    my ($text) = @_;

    return if $text eq '';
    return $text =~ /^\[[0-9a-f:.]+\]$/i ? lc $text : undef if $text =~ /^\[/;
    $text = Encode::encode('UTF-8', $text) =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
    $text = Encode::decode('UTF-8', $text, Encode::FB_DEFAULT);
    $text =~ s/[\x{ad}\x{200b}\x{2060}\x{feff}]//g;     # UTS 46 leaves them out
    $text =~ s/[。．｡]/./g;
    $text = lc NFKC($text);
    return if $text eq '' || $text =~ m{[\x00-\x20\x7f#/:<>?\@\[\\\]^|%]|[\x{fffd}\x{200e}\x{200f}\x{202a}-\x{202e}]};
    return _ipv4($text);
}

# "http://host:port" by the authority in front of `rest`, or undef.
sub _origin
{
    my ($scheme, $rest) = @_;
    my ($authority) = $rest =~ m{^([^/\\?#]*)};
    my $host_port = $authority =~ s/^.*\@//sr;
    my ($host, $port) = $host_port =~ /^(\[[^\]]*\]?|[^:]*)(?::(.*))?$/s or return;

    return if defined $port && $port !~ /^[0-9]*$/;
    return if defined $port && $port ne '' && $port > 65535;
    $host = _host($host) // return;
    $port = defined $port && $port ne '' ? $port + 0 : $port_of{$scheme};
    return "$scheme://$host" . ($port == $port_of{$scheme} ? '' : ":$port");
}

# The origin that `target` (octets) leads to from a page at `own` ("http://localhost:8080"); 'none' for schemes without one (data,
# javascript, file ...); undef where a browser finds no URL in it.
sub origin
{
    my ($target, $own) = @_;
    my $text = Encode::decode('UTF-8', $target, Encode::FB_DEFAULT);
    my ($own_scheme) = $own =~ /^(\w+):/;

    $text =~ s/^[\x00-\x20]+//;
    $text =~ s/[\x00-\x20]+$//;
    $text =~ s/[\t\n\r]//g;
    if ($text =~ s/^([A-Za-z][A-Za-z0-9+.-]*)://) {
        my $scheme = lc $1;
        return 'none' if !$port_of{$scheme};
        return $own if $scheme eq $own_scheme && $text !~ m{^[/\\]{2}};
        $text =~ s{^[/\\]*}{};
        return _origin($scheme, $text);
    }
    return $own if $text !~ s{^[/\\]{2}[/\\]*}{};
    return _origin($own_scheme, $text);
}

# 'here', 'away' or 'nowhere'
sub goes
{
    my ($target, $own) = @_;
    my $origin = origin($target, $own);

    return !defined $origin ? 'nowhere' : $origin eq $own ? 'here' : 'away';
}

# t/attacks/payloads/targets.txt: ({ answer, goes, source, target (octets), shown }, ...)
sub all
{
    my ($port) = @_;
    my $file = "$ENV{SSO_SRCDIR}/t/attacks/payloads/targets.txt";
    my @targets;

    open my $from, '<', $file or die "$file: $!";
    while (my $line = <$from>) {
        chomp $line;
        next if $line =~ /^#|^$/;
        my ($answer, $goes, $source, $shown) = $line =~ /^(kept|refused) +(here|away|nowhere) +(.*?) +\| (.*)$/ or die "$file:$.: not a target: $line";
        my $target = $shown =~ s/\@PORT\@/$port/gr;
        $target =~ s/\\(?:x([0-9a-f]{2})|\{(.*?)\*(\d+)\}|(\\))/defined $1 ? chr hex $1 : defined $2 ? _unescape($2) x $3 : $4/ge;
        push @targets, { answer => $answer, goes => $goes, source => $source, target => $target, shown => $shown };
    }
    return @targets;
}

sub _unescape { return $_[0] =~ s/\\\\/\\/gr }

1;
