# SPDX-License-Identifier: Apache-2.0
"""The main stories in Firefox, whose cookies of third parties are blocked; and without scripts, and without cookies."""
import os
import re
import unittest
import urllib.parse

from firefox import NO_COOKIES, NO_SCRIPT, NO_THIRD_PARTY, Firefox
from stage import Stage

DEEP = "/app/report?year=2026&q=a%26b+c"
STATE = re.compile(r"-state-(?:[\w-]{12}\.*|frame)$")
FIRST_PAGE = "performance.getEntriesByType('navigation')[0]."


class Stories:
    """On either stage; one browser for both."""
    stage = browser = protocol = None

    @classmethod
    def setUpClass(cls):
        cls.stage = Stage(cls.protocols, cls.binding).__enter__()
        if not Stories.browser:
            Stories.browser = Firefox(cls.stage, NO_THIRD_PARTY)
            unittest.addModuleCleanup(Stories.browser.__exit__)
        Stories.browser.stage = cls.stage

    @classmethod
    def tearDownClass(cls):
        cls.stage.__exit__()

    def setUp(self):
        self.browser.drop_cookies()
        self.stage.idp.known = None
        self.stage.backend.seen.clear()
        self.stage.idp.forced.clear()
        self.known = len(self.stage.refusals())

    def assert_log(self, *parts):
        lines = [line for line in self.stage.refusals()[self.known:] if "AH01631" not in line]
        self.assertEqual(len(lines), len(parts), "\n".join(lines))
        for line, part in zip(lines, parts):
            self.assertRegex(line, part)

    def sign_on(self, path, user="ada"):
        self.browser.open(path)
        self.browser.choose(user)
        self.browser.wait_for(path)

    def posts(self, path):
        return [s for s in self.stage.backend.seen if s.path == path and s.method == "POST"]

    def test_deep_link_me_and_logout(self):
        browser = self.browser
        self.sign_on(DEEP)
        self.assertEqual(browser.run(FIRST_PAGE + "nextHopProtocol"), self.protocol)
        self.assertEqual([s.all("X-Remote-User") for s in self.stage.backend.seen if s.path == DEEP], [["ada@example.org"]])
        self.assertEqual([n for n in browser.cookies() if STATE.search(n)], [])
        browser.screenshot("firefox-landed-" + self.protocol.replace("/", "-"))
        self.assertEqual(browser.run("fetch('/app/poll').then(r => r.status)"), 200)
        browser.open("/saml/me")
        browser.wait("the page", lambda b: b.sees("ada@example.org") and b.sees("Accounting"))
        browser.open("/saml/logout?local=1")
        browser.wait("the page", lambda b: b.sees("Your session on this site has ended"))
        browser.screenshot("firefox-signed-out")
        self.assertNotIn("__Host-saml", browser.cookies())
        browser.open("/form")
        browser.wait("a page of the site", lambda b: b.find("[name=note]"))
        self.assertEqual(browser.run("fetch('/app/poll').then(r => r.json()).then(j => j.reason)"), "no session")
        self.assertEqual([n for n in browser.cookies() if STATE.search(n)], [])
        browser.open("/app/")
        browser.wait("the provider", lambda b: b.sees("Who are you?"))
        self.assert_log()

    def test_form_back_and_the_same_response_again(self):
        note = "Gr\u00fc\u00dfe & 100% = \"ja\""
        browser = self.browser
        browser.open("/form")
        browser.wait("the form", lambda b: b.find("[name=note]"))
        browser.run("document.querySelector('[name=note]').value = %r" % note)
        browser.click("button")
        browser.choose("ada")
        browser.wait_for("/app/save")
        posts = self.posts("/app/save")
        self.assertEqual([urllib.parse.parse_qsl(s.body.decode()) for s in posts], [[("note", note), ("submit", "1")]])
        self.assertEqual(posts[0].all("Origin"), [self.stage.site])
        browser.drop_cookies()
        self.sign_on(DEEP)
        browser.back()
        browser.wait("the provider, or what stands for it", lambda b: b.url() != self.stage.site + DEEP)
        if browser.find('button[value="ada"]'):
            browser.choose("ada")
        else:
            browser.open(DEEP)
        browser.wait_for(DEEP)
        self.assertEqual(len(self.posts("/app/save")), 1)
        self.assert_log()

    def test_tabs_second_factor_and_a_loop(self):
        browser = self.browser
        browser.open("/app/one")
        first = browser.new_tab()
        browser.open("/app/two")
        browser.choose("ada")
        browser.wait_for("/app/two")
        browser.call("browsingContext.close", context=browser.context)
        browser.context = first
        browser.choose("ada")
        browser.wait_for("/app/one")
        self.stage.idp.known = "ada"
        browser.open("/app/payroll")
        browser.choose("ada")
        browser.wait("the refusal", lambda b: b.sees("A second step is needed"))
        self.assertEqual(self.stage.idp.forced, [False, False, True])
        browser.drop_cookies()
        with open(os.path.join(self.stage.folder, "strict"), "w", encoding="ascii") as strict:
            browser.open("/app/loop")
            browser.wait("the refusal", lambda b: b.sees("Signing in goes round in circles"))
        os.remove(strict.name)
        browser.screenshot("firefox-loop")
        self.assert_log(r"refused \[authn-statement\] .*saml-authn mfa", r"refused \[state-missing\] .*expected the session cookie")


class Http2Post(Stories, unittest.TestCase):
    protocols, protocol, binding = "h2 http/1.1", "h2", "POST"

    def test_no_script(self):
        with Firefox(self.stage, NO_SCRIPT) as browser:
            browser.open(DEEP)
            browser.wait("the button", lambda b: b.find("button"))
            browser.screenshot("firefox-no-script")
            browser.click("button")
            browser.choose("ada")
            browser.wait("the provider's form", lambda b: b.find("input[type=submit]"))
            browser.click("input[type=submit]")
            browser.wait_for(DEEP)
        self.assert_log()

    def test_no_cookies(self):
        self.stage.idp.known = "ada"
        with Firefox(self.stage, NO_COOKIES) as browser:
            browser.open(DEEP)
            browser.wait("the page", lambda b: b.sees("Cookies are needed to sign in"))
            browser.screenshot("firefox-no-cookies")
        self.assertEqual(len(self.stage.idp.forced), 2)
        self.assert_log(r"refused \[state-missing\] .*no cookie of this site has come back")


class Http1Redirect(Stories, unittest.TestCase):
    protocols, protocol, binding = "http/1.1", "http/1.1", "Redirect"


if __name__ == "__main__":
    unittest.main()
