# SPDX-License-Identifier: Apache-2.0
package SSOTest::PySAML2;

# An identity provider that others wrote: python3-pysaml2, by pysaml2_slo.py. Messages are as SSOTest::Message has them.
#
#     my $idp = SSOTest::PySAML2->new($folder);         # with idp.key and idp.cer
#     $idp->ask('know', xml => [...]);

use strict;
use warnings;
use SSOTest::Helper;

sub new { my ($class, $folder) = @_; return bless { helper => SSOTest::Helper->new('pysaml2_slo.py', $folder) }, $class }

sub ask
{
    my ($self, $do, %job) = @_;

    return $self->{helper}->ask(do => $do, %job);
}

1;
