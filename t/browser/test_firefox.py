# SPDX-License-Identifier: Apache-2.0
"""The main stories in Firefox, whose cookies of third parties are blocked; and without scripts, and without cookies."""
import os
import re
import unittest
import urllib.parse

from firefox import NO_COOKIES, NO_SCRIPT, NO_THIRD_PARTY, Firefox
from stage import StoryCase

DEEP = "/app/report?year=2026&q=a%26b+c"
STATE = re.compile(r"-state-(?:[\w-]{12}\.*|frame)$")
FIRST_PAGE = "performance.getEntriesByType('navigation')[0]."

FRAME = """new Promise(done => { const f = document.createElement("iframe"); f.onload = () => done(1); f.src = "%s/cookie";
document.documentElement.appendChild(f) })"""


class Stories(StoryCase):
    """On either stage; one browser for both."""
    browser = protocol = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not Stories.browser:
            Stories.browser = Firefox(cls.stage, NO_THIRD_PARTY)
            unittest.addModuleCleanup(Stories.browser.__exit__)
        Stories.browser.stage = cls.stage

    def setUp(self):
        super().setUp()
        self.browser.drop_cookies()

    def test_deep_link_me_and_logout(self):
        browser = self.browser
        self.sign_on(browser, DEEP)
        self.assertEqual(browser.run(FIRST_PAGE + "nextHopProtocol"), self.protocol)
        self.assertEqual([s.all("X-Remote-User") for s in self.requests(DEEP)], [["ada@example.org"]])
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


class Http2Post(Stories, unittest.TestCase):
    protocols, protocol, binding = "h2 http/1.1", "h2", "POST"

    def test_form_back_and_the_same_response_again(self):
        note = "Gr\u00fc\u00dfe & 100% = \"ja\""
        browser = self.browser
        browser.open("/form")
        browser.wait("the form", lambda b: b.find("[name=note]"))
        browser.run("document.querySelector('[name=note]').value = %r" % note)
        browser.click("button")
        browser.choose("ada")
        browser.wait("the button, as nobody knows who sent it", lambda b: b.sees("Send it now"))
        browser.click("button")
        browser.wait_for("/app/save")
        posts = self.requests("/app/save", "POST")
        self.assertEqual([urllib.parse.parse_qsl(s.body.decode()) for s in posts], [[("note", note), ("submit", "1")]])
        self.assertEqual(posts[0].all("Origin"), [self.stage.site])
        browser.drop_cookies()
        self.sign_on(browser, DEEP)
        browser.back()
        browser.wait("the provider, or what stands for it", lambda b: b.url() != self.stage.site + DEEP)
        if browser.find('button[value="ada"]'):
            browser.choose("ada")
        else:
            browser.open(DEEP)
        browser.wait_for(DEEP)
        self.assertEqual(len(self.requests("/app/save", "POST")), 1)

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

    def test_cookies_in_frames_of_another_site_are_blocked(self):
        """As this browser is said to be; one that blocks none keeps it."""
        with Firefox(self.stage, {"network.cookie.cookieBehavior": 0}) as other:
            for browser, kept in ((self.browser, []), (other, ["in-a-frame"])):
                browser.open(self.stage.idp.origin + "/")
                browser.wait("the provider", lambda b: b.url() == self.stage.idp.origin + "/")
                browser.run(FRAME % self.stage.site)
                self.assertEqual(browser.cookies(), kept)

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

    def test_no_cookies(self):
        self.stage.idp.known = "ada"
        with Firefox(self.stage, NO_COOKIES) as browser:
            browser.open(DEEP)
            browser.wait("the page", lambda b: b.sees("Cookies are needed to sign in"))
            browser.screenshot("firefox-no-cookies")
        self.assertEqual(len(self.stage.idp.forced), 2)
        self.assert_log(r"refused \[state-missing\] .*no cookie of this site has come back")


class Http1Redirect(Stories, unittest.TestCase):
    """The shortest story: Chromium tells the others on this stage, too."""
    protocols, protocol, binding = "http/1.1", "http/1.1", "Redirect"


if __name__ == "__main__":
    unittest.main()
