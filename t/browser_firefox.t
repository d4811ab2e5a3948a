#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Firefox, by WebDriver BiDi: t/browser/test_firefox.py.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_firefox.py"
    or die "python3: $!\n";
