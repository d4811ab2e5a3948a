#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The Entra-shaped identity provider by itself: what it says, what it refuses, how it fails on command.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
my @tests = glob "\Q$src\E/t/entra/test_*.py" or die "no tests in $src/t/entra\n";
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", @tests or die "python3: $!\n";
