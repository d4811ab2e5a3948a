# SPDX-License-Identifier: Apache-2.0
# A test that is unittest files of Python's: use SSOTest::Python 'browser/test_sign_on.py';
package SSOTest::Python;

use strict;
use warnings;

sub import {
    my ($class, @files) = @_;
    my $src = $ENV{SSO_SRCDIR} // '.';
    exec '/usr/bin/python3', '-B', "$src/t/lib/tap_unittest.py", map { "$src/t/$_" } @files or die "python3: $!\n";
}

1;
