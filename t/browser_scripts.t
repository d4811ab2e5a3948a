#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium, with pages that outlive their session: doc/examples/sign-on-again.js in t/browser/test_scripts.py.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_scripts.py"
    or die "python3: $!\n";
