#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium: what goes wrong on the way, and where it ends: t/browser/test_recovery.py.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_recovery.py"
    or die "python3: $!\n";
