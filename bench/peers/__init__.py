# SPDX-License-Identifier: Apache-2.0
"""Who takes part. Each says how it is configured and how its messages look; what is measured is the same for all."""

from .form import Form
from .mellon import Mellon, MellonShipped
from .ours import Ours, OursCookie, OursRedis, OursSocache
from .plain import Basic, Floor
from .shibboleth import Shibboleth

ALL = (Floor, Basic, Form, MellonShipped, Mellon, Shibboleth, Ours, OursRedis, OursCookie, OursSocache)
