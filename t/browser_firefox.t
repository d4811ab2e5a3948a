#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Firefox, by WebDriver BiDi: t/browser/test_firefox.py.
use strict;
use warnings;

use SSOTest::Python 'browser/test_firefox.py';
