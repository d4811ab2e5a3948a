#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium signs on at an identity provider that others wrote (pysaml2): t/browser/.
use strict;
use warnings;

use SSOTest::Python 'browser/test_sign_on.py';
