# SPDX-License-Identifier: Apache-2.0
package SSOTest::Message;

# A SAML message on its way through a browser: { by => 'redirect', url => ... } or { by => 'post', url => ..., form => { ... } }.

use strict;
use warnings;
use Exporter qw(import);
use IO::Uncompress::RawInflate ();
use MIME::Base64 qw(decode_base64);

our @EXPORT_OK = qw(carried_by delivered xml_of);

# What an answer of a server sends on; nothing where it sends none.
sub carried_by
{
    my ($reply) = @_;
    my ($to, $form) = ($reply->header('Location'), $reply->form);

    return { by => 'redirect', url => $to } if defined $to && $to =~ /[?&]SAML(?:Request|Response)=/;
    return { by => 'post', url => $form->{action}, form => $form->{fields} } if $form && grep { /^SAMLRe/ } keys %{ $form->{fields} };
    return;
}

# Carry it where it goes, as the page of another site does.
sub delivered
{
    my ($browser, $message) = @_;

    return $browser->get($message->{url}, cross_site => 1) if $message->{by} eq 'redirect';
    return $browser->post($message->{url}, [map { ($_ => $message->{form}{$_}) } sort keys %{ $message->{form} }], cross_site => 1);
}

sub xml_of
{
    my ($message) = @_;
    my $xml;

    if ($message->{by} eq 'post') {
        my ($name) = grep { /^SAMLRe/ } keys %{ $message->{form} };
        return decode_base64($message->{form}{$name});
    }
    my ($value) = $message->{url} =~ /[?&]SAML(?:Request|Response)=([^&]*)/ or return;
    $value =~ s/%(..)/chr hex $1/ge;
    IO::Uncompress::RawInflate::rawinflate(\decode_base64($value), \$xml);
    return $xml;
}

1;
