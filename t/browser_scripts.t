#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium, with pages that outlive their session: doc/examples/sign-on-again.js in t/browser/test_scripts.py.
use strict;
use warnings;

use SSOTest::Python 'browser/test_scripts.py';
