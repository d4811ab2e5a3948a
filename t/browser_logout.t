#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium signs out, here and at an identity provider that others wrote (pysaml2): t/browser/test_logout.py.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_logout.py"
    or die "python3: $!\n";
