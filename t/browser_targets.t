#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where headless Chromium goes by each target of t/attacks/payloads/targets.txt.
use strict;
use warnings;

my $src = $ENV{SSO_SRCDIR} // '.';
exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", "$src/t/browser/test_targets.py"
    or die "python3: $!\n";
