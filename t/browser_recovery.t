#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Headless Chromium: what goes wrong on the way, and where it ends: t/browser/test_recovery.py.
use strict;
use warnings;

use SSOTest::Python 'browser/test_recovery.py';
