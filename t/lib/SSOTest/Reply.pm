# SPDX-License-Identifier: Apache-2.0
package SSOTest::Reply;

# An HTTP/1.1 answer, taken apart.

use strict;
use warnings;
use JSON::PP ();
use MIME::Base64 ();

sub parse
{
    my ($class, $text, $method) = @_;
    my ($head, $body) = split /\r\n\r\n/, $text, 2;
    my @lines = split /\r\n/, $head // '';
    my $first = shift @lines // '';
    my ($status) = $first =~ m{^HTTP/1\.[01] (\d{3})};
    my @headers = map { /^([^:]+):\s*(.*?)\s*$/ ? [$1, $2] : () } @lines;
    my $self = bless { status => $status // 0, headers => \@headers, body => $body // '', raw => $text }, $class;

    $self->{body} = _unchunk($self->{body}) if ($self->header('Transfer-Encoding') // '') =~ /chunked/i;
    return $self;
}

sub _unchunk
{
    my ($text) = @_;
    my $out = '';

    while ($text =~ /\G([0-9A-Fa-f]+)[^\r\n]*\r\n/gc) {
        my $size = hex $1;
        last if !$size;
        $out .= substr $text, pos $text, $size;
        pos($text) += $size + 2;
    }
    return $out;
}

sub status { my ($self) = @_; return $self->{status} }
sub body   { my ($self) = @_; return $self->{body} }

sub headers
{
    my ($self, $name) = @_;

    return map { $_->[1] } grep { lc $_->[0] eq lc $name } @{ $self->{headers} };
}

sub header { my ($self, $name) = @_; my @all = $self->headers($name); return $all[0] }

sub json { my ($self) = @_; return JSON::PP::decode_json($self->{body}) }

sub html_decode
{
    my ($text) = @_;
    my %name = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");

    $text =~ s/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/defined $1 ? chr $1 : defined $2 ? chr hex $2 : $name{$3} \/\/ "&$3;"/ge;
    return $text;
}

# The one form of the page: { action, method, fields => { name => value } }, or undef.
sub form
{
    my ($self) = @_;
    my ($tag, $inside) = $self->{body} =~ m{<form\b([^>]*)>(.*?)</form>}s or return;
    my %form = (fields => {});

    ($form{action}) = map { html_decode($_) } $tag =~ /\baction="([^"]*)"/;
    ($form{method}) = $tag =~ /\bmethod="([^"]*)"/;
    while ($inside =~ /<input\b([^>]*)>/g) {
        my $input = $1;
        my ($name) = $input =~ /\bname="([^"]*)"/ or next;
        my ($value) = $input =~ /\bvalue="([^"]*)"/;
        $form{fields}{ html_decode($name) } = html_decode($value // '');
    }
    return \%form;
}

# What a page of SSI's printenv or of a CGI says: { NAME => value }.
sub env
{
    my ($self) = @_;

    return { map { /^([A-Za-z_][\w]*)=(.*)$/ ? ($1, html_decode($2)) : () } split /\n/, $self->{body} };
}

1;
