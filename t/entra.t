#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The Entra-shaped identity provider by itself: Responses, requests it refuses, metadata.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py",
    "$src/t/entra/test_saml_response.py", "$src/t/entra/test_server.py"
    or die "python3: $!\n";
