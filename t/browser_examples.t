#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium signs on through each of conf/examples: t/browser/test_examples.py.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_examples.py"
    or die "python3: $!\n";
