# SPDX-License-Identifier: Apache-2.0
"""Stories of signing out, here and at the provider (pysaml2), where the browser keeps no cookies of one site in the frames of another."""
import unittest

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from selenium.webdriver.common.by import By

from stage import Browser, StoryCase

FRAME = """var f = document.createElement("iframe"); f.onload = arguments[0]; f.src = "%s/cookie";
document.documentElement.appendChild(f)"""
DONE = "urn:oasis:names:tc:SAML:2.0:status:Success"


class Logout(StoryCase):
    """What holds by either binding."""
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.open_browser(third_party=False)

    def setUp(self):
        super().setUp()
        self.fresh()

    def assert_out(self, browser):
        browser.open("/app/")
        browser.wait("the provider's page", lambda d: d.title == "Who are you?")

    def cookies(self, browser):
        return [c["name"] for c in browser.driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"]]

    def test_cookies_in_frames_of_another_site_are_blocked(self):
        """As this browser is said to be."""
        self.browser.driver.get(self.stage.idp.origin + "/")
        self.browser.driver.execute_async_script(FRAME % self.stage.site)
        self.assertEqual(["/cookie"], [s.path for s in self.stage.backend.seen])
        self.assertEqual([], self.cookies(self.browser))

    def test_begun_here(self):
        browser = self.browser
        self.sign_on(browser, "/app/")
        browser.open("/saml/logout")
        browser.wait("the page after it", lambda d: d.title == "You are signed out")
        browser.screenshot("signed-out-there-too-" + self.stage.binding)
        self.assertIn("So has your session at your organisation.", browser.text())
        self.assertEqual(["ada@example.org"], self.stage.idp.asked)
        self.assertEqual([], self.cookies(browser))
        browser.driver.find_element(By.LINK_TEXT, "Sign in again").click()
        browser.wait("the provider's page", lambda d: d.title == "Who are you?")
        self.assert_out(browser)

    def test_begun_here_on_to_a_page(self):
        browser = self.browser
        self.sign_on(browser, "/app/")
        browser.open("/saml/logout?target=/bye?x=1")
        browser.wait_for("/bye?x=1")
        self.sign_on(browser, "/app/")
        browser.open("/saml/logout?target=/bye&local=1")
        browser.wait_for("/bye")
        self.assertEqual(["ada@example.org"], self.stage.idp.asked)

    def test_begun_there_in_a_hidden_frame(self):
        browser = self.browser
        by = self.stage.binding.lower()
        self.sign_on(browser, "/app/")
        browser.driver.get(self.stage.idp.origin + "/signout?user=bob&by=" + by)
        browser.wait("the answer about another", lambda d: self.stage.idp.heard == [DONE])
        browser.open("/app/")
        browser.wait_for("/app/")
        browser.driver.get(self.stage.idp.origin + "/signout?user=ada&by=" + by)
        browser.wait("our answer", lambda d: self.stage.idp.heard == [DONE, DONE])
        self.assertIn("__Host-saml", self.cookies(browser))     # a frame of another site neither brought nor dropped it
        self.assert_out(browser)


class ByRedirect(Logout, unittest.TestCase):
    protocols, binding, slo = "h2 http/1.1", "Redirect", (BINDING_HTTP_REDIRECT, BINDING_HTTP_POST)


class ByPost(Logout, unittest.TestCase):
    protocols, binding, slo = "http/1.1", "POST", (BINDING_HTTP_POST, BINDING_HTTP_REDIRECT)

    def test_without_script(self):
        with Browser(self.stage, script=False) as browser:
            browser.open("/app/")
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.choose("ada")
            browser.wait("the provider's form", lambda d: "Continue" in d.page_source)
            browser.driver.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
            browser.wait_for("/app/")
            browser.open("/saml/logout")
            self.assertIn("Signing you out", browser.text())
            browser.screenshot("signing-out-without-script")
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.wait("the provider's form", lambda d: "Continue" in d.page_source)
            browser.driver.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
            browser.wait("the page after it", lambda d: d.title == "You are signed out")


if __name__ == "__main__":
    unittest.main()
