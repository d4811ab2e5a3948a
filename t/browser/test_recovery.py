# SPDX-License-Identifier: Apache-2.0
"""Stories of what goes wrong on the way: loops, lost states, F5 and Back, ten tabs, no cookies, a second factor."""
import os
import unittest

from selenium.webdriver.common.by import By

from stage import Browser, StoryCase

DEEP = "/app/report?year=2026&q=a%26b+c"
MFA = {"class_ref": "https://refeds.org/profile/mfa", "authn_auth": "idp"}


class Recovery(StoryCase, unittest.TestCase):
    protocols = "h2 http/1.1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.open_browser(popups=False, third_party=False)

    def setUp(self):
        super().setUp()
        self.fresh()
        self.addCleanup(setattr, self.stage.idp, "authn", self.stage.idp.authn)
        self.stage.backend.replies.clear()

    def wait_title(self, title, name):
        self.browser.wait(title, lambda d: d.title == title)
        self.browser.screenshot(name)

    def test_application_that_sends_back_to_the_login(self):
        self.stage.idp.known = "ada"
        loop = b'<meta http-equiv="refresh" content="0;url=/saml/login?target=/app/loop">'
        self.stage.backend.replies["/app/loop"] = lambda seen: (200, "text/html", loop)
        self.browser.open("/app/loop")
        self.wait_title("Signing in goes round in circles", "loop-application")
        self.assertIn("the application sends you to sign in again and again", self.browser.text())
        self.assertEqual(len(self.stage.idp.forced), 6)
        self.assert_log(r"refused \[request\] .* signed on 6 times within \d+ s.*found the session alive")

    def test_session_cookie_that_was_made_strict(self):
        strict = os.path.join(self.stage.folder, "strict")
        self.stage.idp.known = "ada"
        with open(strict, "w", encoding="ascii"):
            pass
        try:
            self.browser.open(DEEP)
            self.wait_title("Signing in goes round in circles", "loop-cookie")
        finally:
            os.remove(strict)
        self.assertIn("does not send the cookie back", self.browser.text())
        self.assertLessEqual(len(self.stage.idp.forced), 4)
        self.assert_log(r"refused \[state-missing\] .*expected the session cookie .*it is SameSite=Strict; mend: .*Header edit")
        self.browser.driver.find_element(By.LINK_TEXT, "Sign in again").click()
        self.browser.wait_for(DEEP)

    def test_back_and_the_same_response_again(self):
        self.sign_on(self.browser, DEEP)
        session = self.browser.driver.get_cookie("__Host-saml")["value"]
        self.browser.driver.back()
        self.browser.wait("a page after going back", lambda d: d.execute_script("return document.readyState") == "complete"
                          and d.current_url != self.stage.site + DEEP)
        if "ERR_CACHE_MISS" in self.browser.text():     # the provider's answer to a POST: send it again
            self.browser.driver.refresh()
        self.browser.choose("ada")
        self.browser.wait_for(DEEP)
        self.assertEqual(self.browser.driver.get_cookie("__Host-saml")["value"], session)

    def test_old_tab(self):
        """Its login state is gone when the answer comes: the tab knows where it wanted to go."""
        for known in (None, "ada"):
            self.browser.open(DEEP + "#part")
            self.browser.wait("the provider's page", lambda d: d.title == "Who are you?")
            self.browser.driver.execute_cdp_cmd("Storage.clearCookies", {})
            self.stage.idp.known = known
            self.browser.choose("ada")
            if not known:
                self.browser.wait("the second request", lambda d: len(self.stage.idp.forced) == 2)
                self.browser.choose("ada")
            self.browser.wait_for(DEEP + "#part")
            self.stage.idp.known = None
            self.browser.driver.execute_cdp_cmd("Storage.clearCookies", {})
            self.browser.driver.get("about:blank")

    def test_ten_tabs_at_once(self):
        driver = self.browser.driver
        tabs = {}
        for number in range(10):
            if number:
                driver.switch_to.new_window("tab")
            self.browser.open("/app/tab%d" % number)
            tabs[number] = driver.current_window_handle
        names = [c["name"] for c in driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"]]
        self.assertEqual(len([n for n in names if "-state-" in n]), 8)
        self.stage.idp.known = "ada"        # from the first tab on; the pages that ask are there by now
        for number, window in tabs.items():
            driver.switch_to.window(window)
            self.browser.choose("ada")
            self.browser.wait_for("/app/tab%d" % number)

    def test_bookmark_of_the_login(self):
        self.sign_on(self.browser, DEEP)
        for _ in range(3):
            self.browser.open("/saml/login?target=/app/start")
            self.browser.choose("ada")
            self.browser.wait_for("/app/start")

    def test_second_factor(self):
        self.sign_on(self.browser, "/app/")
        self.stage.idp.known = "ada"
        self.browser.open("/app/payroll")
        self.browser.choose("ada")
        self.wait_title("A second step is needed", "step-up-refused")
        self.assertEqual(self.stage.idp.forced, [False, True])
        self.assert_log(r"refused \[authn-statement\] .*Require saml-authn mfa")
        self.stage.idp.authn = MFA
        self.browser.driver.find_element(By.LINK_TEXT, "Sign in again").click()     # silent: that sign-on is enough
        self.browser.wait_for("/app/payroll")
        self.assertEqual(self.stage.idp.forced, [False, True, False])

    def test_without_cookies(self):
        self.stage.idp.known = "ada"
        with Browser(self.stage, cookies=False) as browser:
            browser.open(DEEP)
            browser.wait("the page", lambda d: d.title == "Cookies are needed to sign in")
            browser.screenshot("no-cookies")
        self.assertEqual(len(self.stage.idp.forced), 2)
        self.assert_log(r"refused \[state-missing\] .*no cookie of this site has come back")


if __name__ == "__main__":
    unittest.main()
