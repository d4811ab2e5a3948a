#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium signs on through each of conf/examples: t/browser/test_examples.py.
use strict;
use warnings;

use SSOTest::Python 'browser/test_examples.py';
