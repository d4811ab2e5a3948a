# SPDX-License-Identifier: Apache-2.0
"""Stories of pages that go on after their session has ended: doc/examples/sign-on-again.js, frames, requests in the background."""
import os
import re
import unittest

from selenium.webdriver.common.by import By

from stage import SRCDIR, Browser, StoryCase

NAME = "sign-on-again.js"
# What Entra's pages say of themselves: no frame, and no window that opened them.
LIKE_ENTRA = [("X-Frame-Options", "DENY"), ("Cross-Origin-Opener-Policy", "same-origin")]
BODY = "note=Gr\u00fc\u00dfe%20&x=" + "y" * 20000
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Legacy application</title>
<script src="/%s"></script>
<h1>Orders</h1><button id="save">Save</button><p id="out">-</p>
<script>function save() { samlFetch("/app/save", { method: "POST", body: "%s" }).then(
  function (r) { document.getElementById("out").textContent = "status " + r.status; },
  function (e) { document.getElementById("out").textContent = "failed " + e.name; }); }
document.getElementById("save").onclick = save;</script></html>"""
BACKGROUND = """var done = arguments[0], kinds = {}, left = 500;
function count(kind) { kinds[kind] = (kinds[kind] || 0) + 1; if (!--left) done(kinds); }
for (var n = 0; n < 500; n++) {
  if (n % 3) fetch("/app/poll?n=" + n, { method: n % 5 ? "GET" : "POST" }).then(function (r) {
    return r.json().then(function (j) { count(r.status + " " + j.reason); }); }, function () { count("failed"); });
  else { var x = new XMLHttpRequest(); x.open("GET", "/app/poll?x=" + n);
    x.onloadend = function () { count(this.status + " " + JSON.parse(this.responseText).reason); }; x.send(); } }"""
EVENTS = """var done = arguments[0], e = new EventSource("/app/events");
e.onerror = function () { var s = e.readyState; e.close();
  var w = new WebSocket("wss://" + location.host + "/app/socket"); w.onclose = function (c) { done([s, c.code]); }; };"""


class Scripts(StoryCase, unittest.TestCase):
    protocols = "h2 http/1.1"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(SRCDIR, "doc", "examples", NAME), "rb") as handle:
            script = handle.read()
        replies = cls.stage.backend.replies
        replies["/" + NAME] = lambda seen: (200, "text/javascript", script)
        replies["/app/page"] = lambda seen: (200, "text/html; charset=utf-8", (PAGE % (NAME, BODY)).encode())
        replies["/app/frames"] = lambda seen: (200, "text/html", b"<title>Legacy application</title>"
                                               b"<iframe id=f width=900 height=600></iframe>")
        flags = cls.stage.flags() + ("--host-resolver-rules=MAP localhost.rewritten.example 127.0.0.1",)
        cls.stage.flags = lambda: flags
        cls.browser = Browser(cls.stage, popups=False)
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        super().setUp()
        self.browser.driver.execute_cdp_cmd("Storage.clearCookies", {})
        self.stage.idp.headers = LIKE_ENTRA

    def expire(self, browser, path):
        """Sign on at a page whose session then ends."""
        self.sign_on(browser, path)
        if path == "/app/page":         # it knows by then who is in front of it
            browser.wait("the script", lambda d: d.execute_script("return !!window.samlSession"))
            browser.driver.execute_async_script("samlSession().then(arguments[0])")
        browser.driver.delete_cookie("__Host-saml")

    def states(self, browser):
        return [c["name"] for c in browser.driver.execute_cdp_cmd("Storage.getCookies", {})["cookies"] if re.search(r"-state-[\w-]{12}\.?$", c["name"])]

    def in_window(self, browser, user):
        """What the user does in the window; it closes by itself."""
        first = browser.driver.current_window_handle
        browser.wait("a window", lambda d: len(d.window_handles) == 2)
        window = [h for h in browser.driver.window_handles if h != first][0]
        browser.driver.switch_to.window(window)
        browser.choose(user)
        browser.wait_closed(window, first)

    def out(self, browser, text):
        browser.wait(text, lambda d: d.find_element(By.ID, "out").text == text)

    def posts(self):
        return [(s.all("X-Remote-User"), s.body.decode()) for s in self.stage.backend.seen if s.path == "/app/save"]

    def test_background_then_a_window(self):
        browser = self.browser
        self.expire(browser, "/app/page")
        self.assertEqual({"401 no session": 500}, browser.driver.execute_async_script(BACKGROUND))
        self.assertEqual([2, 1006], browser.driver.execute_async_script(EVENTS))      # closed for good; no handshake
        self.assertEqual([], self.states(browser))
        self.assertEqual(["/app/page"], [s.path for s in self.stage.backend.seen if s.path.startswith("/app")])

        browser.driver.find_element(By.ID, "save").click()
        self.in_window(browser, "ada")
        self.out(browser, "status 200")
        self.assertEqual([(["ada@example.org"], BODY)], self.posts())
        self.assertEqual([], self.states(browser))
        self.assertEqual([], browser.driver.find_elements(By.TAG_NAME, "dialog"))

    def test_without_a_click_a_dialog_asks_and_can_be_cancelled(self):
        browser = self.browser
        self.expire(browser, "/app/page")
        browser.driver.execute_script("for (var i = 0; i < 20; i++) save()")
        browser.wait("the dialog", lambda d: d.find_element(By.TAG_NAME, "dialog").is_displayed())
        browser.screenshot("sign-on-again")
        self.assertEqual(1, len(browser.driver.find_elements(By.TAG_NAME, "dialog")))
        self.assertEqual(1, len(browser.driver.window_handles))
        browser.driver.execute_script("document.querySelectorAll('dialog button')[1].click()")      # no person's
        self.out(browser, "status 401")
        browser.driver.execute_script("save()")
        browser.wait("the dialog", lambda d: d.find_element(By.TAG_NAME, "dialog").is_displayed())
        browser.driver.find_elements(By.CSS_SELECTOR, "dialog button")[0].click()
        self.in_window(browser, "bob")
        self.out(browser, "failed SamlOtherUser")
        self.assertEqual([], self.posts())

    def test_another_name_of_the_site(self):
        browser = self.browser
        browser.driver.get("https://127.0.0.1:%d/app/page?a=b#c" % self.stage.port)
        browser.wait("the explanation", lambda d: "Another address is needed" in d.title)
        browser.screenshot("another-address")
        self.assertIn("/saml/login?", browser.driver.current_url)
        self.assert_log('expected a browser at %s, as SAMLReplyURL says, got one at "https://127.0.0.1:%d"' % (
            self.stage.site, self.stage.port))
        browser.driver.find_element(By.LINK_TEXT, "Sign in again").click()
        browser.choose("ada")
        browser.wait("the page", lambda d: d.current_url == self.stage.site + "/app/page?a=b")

    def test_a_service_that_rewrites_addresses(self):
        self.browser.driver.get("https://localhost.rewritten.example:%d/app/page" % self.stage.port)
        self.browser.wait("the provider's page", lambda d: d.title == "Who are you?")

    def test_page_in_a_frame(self):
        browser = self.browser
        self.expire(browser, "/app/frames")
        browser.driver.execute_script("document.getElementById('f').src = '/app/inner'")
        browser.driver.switch_to.frame("f")
        browser.wait("the button", lambda d: d.find_element(By.LINK_TEXT, "Sign in"))
        browser.screenshot("framed")
        self.assertEqual([], self.states(browser))
        browser.driver.find_element(By.LINK_TEXT, "Sign in").click()
        self.in_window(browser, "ada")
        browser.driver.switch_to.frame("f")
        browser.wait("the page in the frame", lambda d: "Signed on as ada@example.org" in browser.text())


if __name__ == "__main__":
    unittest.main()
