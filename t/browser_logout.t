#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium signs out, here and at an identity provider that others wrote (pysaml2): t/browser/test_logout.py.
use strict;
use warnings;

use SSOTest::Python 'browser/test_logout.py';
