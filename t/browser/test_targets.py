# SPDX-License-Identifier: Apache-2.0
"""t/attacks/payloads/targets.txt says of each target where a browser would go by it: here Chromium says so itself."""
import os
import re
import unittest

from stage import SRCDIR, Browser

OWN = "http://localhost:8080"
# As for a Location: the origin, and the scheme, since blob: has the origin of what is inside.
ASK = """return arguments[0].map(function (text) {
    try {
        var url = new URL(text, arguments[1] + '/saml/login');
        return url.protocol === 'http:' && url.origin === arguments[1] ? 'here' : 'away';
    } catch (e) {
        return 'nowhere';
    }
}, undefined)""".replace("arguments[1]", "'" + OWN + "'")


class NoStage:
    """A browser without a site: no key of a server to know."""

    @staticmethod
    def flags():
        return ()


def octets_of(shown):
    def unescaped(match):
        octet, text, times, backslash = match.groups()
        if octet:
            return chr(int(octet, 16))
        return text.replace("\\\\", "\\") * int(times) if text else backslash
    return re.sub(r"\\(?:x([0-9a-f]{2})|\{(.*?)\*(\d+)\}|(\\))", unescaped, shown.replace("@PORT@", "8080")).encode("latin-1")


def targets():
    with open(os.path.join(SRCDIR, "t/attacks/payloads/targets.txt"), encoding="ascii") as lines:
        for line in lines:
            match = re.match(r"(kept|refused) +(here|away|nowhere) +(.*?) +\| (.*)\n", line)
            if match:
                yield match.groups()


class Targets(unittest.TestCase):
    def test_where_chromium_goes(self):
        asked = list(targets())
        with Browser(NoStage()) as browser:
            went = browser.driver.execute_script(ASK, [octets_of(row[3]).decode("utf-8", "replace") for row in asked])
        self.assertGreater(len(asked), 340)
        self.assertEqual(len(went), len(asked))
        # What is no URL to the standard may be one to Chromium: that it is not here is what counts.
        wrong = [(row[3], goes) for row, goes in zip(asked, went) if (goes == "here") != (row[1] == "here")]
        self.assertEqual(wrong, [])
        self.assertEqual([row[3] for row, goes in zip(asked, went) if row[0] == "kept" and goes != "here"], [])


if __name__ == "__main__":
    unittest.main()
