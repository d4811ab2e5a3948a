# SPDX-License-Identifier: Apache-2.0
package SSOTest::Nodes;

# Two httpds with this module, "one" and "two", behind a third with mod_proxy_balancer, which sends requests to them in turn whoever asks:
#
#     my $t = SSOTest::Nodes->new(conf => SSOTest::saml_conf() . ...);
#     my $reply = $t->at('one', sub { $browser->get('/app') });
#
# In `conf` @PORT@ is the balancer's port, @REDIS@ that of the Redis that both share, @ROOT@ the folder of the node. All that an SSOTest
# does is done through the balancer; logs are those of both nodes.

use strict;
use warnings;
use parent -norequire, 'SSOTest';
use SSOTest;
use SSOTest::Ports;
use SSOTest::Redis;

use constant NAMES => qw(one two);

my $BALANCER = <<'CONF';
ProxyPreserveHost On
ProxyTimeout 60
<Proxy "balancer://nodes">
@MEMBERS@
    ProxySet lbmethod=byrequests
</Proxy>
ProxyPass "/" "balancer://nodes/"
CONF

# %o: conf; files { name => text } in htdocs of each node; secret: what the file of secrets of each says at first
sub new
{
    my ($class, %o) = @_;

    for my $try (1 .. 3) {
        my $self = eval { $class->_new(%o) };
        return $self if $self;
        die $@ if $@ !~ /could not bind/ || $try == 3;      # somebody took a port meanwhile
    }
    return;
}

sub _new
{
    my ($class, %o) = @_;
    my @ports = SSOTest::Ports::free(6);
    my $members = join "\n", map { "    BalancerMember \"http://127.0.0.1:$_\" retry=0 disablereuse=On" } @ports[0, 2];
    (my $conf = $BALANCER) =~ s/\@MEMBERS\@/$members/;
    my $self = SSOTest->new(conf => $conf, start => 0,
        modules => [qw(slotmem_shm proxy proxy_http proxy_balancer lbmethod_byrequests)]);

    bless $self, $class;
    $self->{balancer} = $self->{httpd};
    $self->{balancer}{ports} = [@ports[4, 5]];
    $self->{balancer}{served} = 1;      # these ports or none
    $self->{redis} = SSOTest::Redis->start(dir => "$self->{dir}/redis");
    $self->{nodes} = { map { (NAMES)[$_] => $self->_node((NAMES)[$_], [@ports[2 * $_, 2 * $_ + 1]], %o) } 0, 1 };
    $_->start for values %{ $self->{nodes} }, $self->{balancer};
    $self->{httpd} = SSOTest::Nodes::Both->new($self);
    return $self;
}

sub _node
{
    my ($self, $name, $ports, %o) = @_;
    my $dir = "$self->{dir}/$name";
    my $public = $self->{balancer}->port;

    mkdir $dir or die "$dir: $!";
    (my $conf = "Header always set X-Node $name\n$o{conf}") =~ s/\@PORT\@/$public/g;
    $conf =~ s/\@REDIS\@/$self->{redis}->port/ge;
    $conf =~ s/\@ROOT\@\/idp\.cer/$self->{dir}\/idp.cer/g;
    my $node = SSOTest::Httpd->new(dir => $dir, conf => $conf, modules => ['headers'], ports => $ports, served => 1);
    $node->write_file("htdocs/$_", $o{files}{$_}, 0644) for keys %{ $o{files} || {} };
    $node->write_file('htdocs/turn', '', 0644);
    $node->write_file('secret', $o{secret} || '0123456789abcdef' x 4 . "\n", 0600);
    return $node;
}

sub url   { my ($self, $path) = @_; return 'http://127.0.0.1:' . $self->{balancer}->port . ($path // '') }
sub node  { my ($self, $name) = @_; return $self->{nodes}{$name} }
sub redis { my ($self) = @_; return $self->{redis} }

sub other { my ($self, $name) = @_; return $name eq 'one' ? 'two' : 'one' }

# What `ask` asks through the balancer meets that node. Returns the answer. It must be the only one who asks.
sub at
{
    my ($self, $name, $ask) = @_;
    my $before = $self->browser->get('/turn')->header('X-Node') // die 'expected a node behind the balancer';

    $self->browser->get('/turn') if $before eq $name;
    my $reply = $ask->();
    my $met = $reply->header('X-Node') // 'none';
    $met eq $name or die "expected node $name to answer, got $met: " . $reply->status . "\n" . $reply->body;
    return $reply;
}

sub finish
{
    my ($self) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;
    Test::More::ok($self->{balancer}->stop, 'the balancer stopped by itself');
    $self->SUPER::finish;
    $self->{redis}->end;
    return;
}

# --- both nodes, as far as an SSOTest asks its httpd ---

package SSOTest::Nodes::Both;

sub new { my ($class, $t) = @_; return bless { balancer => $t->{balancer}, nodes => [@{ $t->{nodes} }{SSOTest::Nodes::NAMES()}] }, $class }

sub port { my ($self) = @_; return $self->{balancer}->port }

sub stop { my ($self) = @_; return 2 == grep { $_->stop } @{ $self->{nodes} } }

sub graceful { my ($self) = @_; $_->graceful for @{ $self->{nodes} }; return $self }

sub log_text { my ($self) = @_; return join '', map { $_->log_text } @{ $self->{nodes} } }

# In the order of their time, which each line begins with.
sub bad_lines { my ($self) = @_; return sort map { $_->bad_lines } @{ $self->{nodes} } }

1;
