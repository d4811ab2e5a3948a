# SPDX-License-Identifier: Apache-2.0
"""A refusal with Microsoft's number (doc/entra.md section 9)."""


class Aadsts(Exception):
    """Stays on Microsoft's page, unless sign_on.py posts it back."""

    def __init__(self, code, text, status=400):
        super().__init__("AADSTS%s: %s" % (code, text))
        self.code = code
        self.text = text
        self.status = status
