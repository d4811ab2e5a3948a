#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# Where headless Chromium goes by each target of t/attacks/payloads/targets.txt.
use strict;
use warnings;

use SSOTest::Python 'browser/test_targets.py';
