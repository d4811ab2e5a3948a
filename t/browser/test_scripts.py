# SPDX-License-Identifier: Apache-2.0
"""Stories of pages that go on after their session has ended: doc/examples/sign-on-again.js, frames, requests in the background."""
import os
import re
import time
import unittest

from selenium.webdriver.common.by import By

from stage import SRCDIR, StoryCase

NAME = "sign-on-again.js"
# What Entra's pages say of themselves: no frame, and no window that opened them.
LIKE_ENTRA = [("X-Frame-Options", "DENY"), ("Cross-Origin-Opener-Policy", "same-origin")]
BODY = "note=Gr\u00fc\u00dfe%20&x=" + "y" * 20000
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Legacy application</title>
<script src="/%s"></script>
<h1>Orders</h1><button id="save">Save</button><p id="out">-</p>
<script>function call(path, init) { samlFetch(path, init).then(
  function (r) { document.getElementById("out").textContent = "status " + r.status; },
  function (e) { document.getElementById("out").textContent = "failed " + e.name; }); }
function save() { call("/app/save", { method: "POST", body: "%s" }); }
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
MFA = {"class_ref": "https://refeds.org/profile/mfa", "authn_auth": "idp"}
# So that what is asked each five seconds is asked five times a second.
HURRY = "var slow = setInterval; window.setInterval = function (f, ms) { return slow(f, ms / 25); };"
# "me" as with a NameID that is another one each time: what the snippet sees of it, which asks by fetch().
TRANSIENT = """(function (real) { window.fetch = async function (input, init) {
  var reply = await real.call(window, input, init);
  if (!String(input).startsWith("/saml/me") || !reply.ok) return reply;
  return new Response(JSON.stringify(Object.assign(await reply.json(), { nameid: "_" + performance.now(),
    nameid_format: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" }))); }; })(window.fetch);"""


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
        for place in ("/api/here", "/api/there", "/api/elsewhere"):
            replies[place] = cls.api
        replies["/app/frames"] = lambda seen: (200, "text/html", b"<title>Legacy application</title>"
                                               b"<iframe id=f width=900 height=600></iframe>")
        flags = cls.stage.flags() + ("--host-resolver-rules=MAP localhost.rewritten.example 127.0.0.1",)
        cls.stage.flags = lambda: flags
        cls.open_browser(popups=False)

    @classmethod
    def api(cls, seen):
        """What answers like this module and is something else: another program, here or at another name of the site."""
        login = {"here": "/app/delete?x=1", "there": "/saml/login?target=/", "elsewhere": "/saml/login?target=/"}[seen.path.split("/")[-1]]
        return 401, "application/json", ('{"reason":"no session","login_url":"%s%s"}' % (
            cls.stage.site.replace("localhost", "127.0.0.1") if seen.path.endswith("elsewhere") else cls.stage.site, login)).encode()

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, self.stage.idp, "authn", self.stage.idp.authn)
        self.fresh()
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

    def in_window(self, browser, user, meanwhile=None):
        """What the user does in the window, after a look at the page that has opened it; it closes by itself."""
        first = browser.driver.current_window_handle
        browser.wait("a window", lambda d: len(d.window_handles) == 2)
        window = [h for h in browser.driver.window_handles if h != first][0]
        if meanwhile:
            meanwhile()
        browser.driver.switch_to.window(window)
        browser.choose(user)
        browser.wait_closed(window, first)

    def dialogs(self):
        return [d.text.split("\n")[0] for d in self.browser.driver.find_elements(By.TAG_NAME, "dialog")]

    def call(self, path):
        """A call of the page's, begun by a click."""
        driver = self.browser.driver
        driver.execute_script("document.getElementById('save').onclick = function () { call(arguments[0]); }.bind(null, arguments[0])", path)
        driver.find_element(By.ID, "save").click()

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

        browser.driver.execute_script("save()")       # nor is anything further
        self.out(browser, "failed SamlOtherUser")
        self.assertEqual([], self.posts())

    def test_a_second_factor(self):
        browser = self.browser
        self.sign_on(browser, "/app/page")
        self.stage.idp.known = "ada"        # for the sign-ons that do not ask for the password again
        browser.driver.execute_script(HURRY)
        self.call("/app/payroll")
        self.stage.idp.authn = MFA

        def look():
            browser.wait("the dialog", lambda d: self.dialogs() == ["This needs a stronger sign-in. Sign in again to go on."])
            browser.driver.execute_script("new BroadcastChannel('saml-signed-on').postMessage('/saml/another')")
            time.sleep(1)
            self.assertEqual(1, len(self.dialogs()))        # neither the session nor another application's sign-on is the answer
        self.in_window(browser, "ada", look)
        self.out(browser, "status 200")
        self.assertEqual([], self.dialogs())
        self.assertEqual(["/app/payroll"], [s.path for s in self.stage.backend.seen if s.path.startswith("/app/pay")])

    def test_nobody_knows_whose_page_it_is(self):
        browser = self.browser
        browser.driver.execute_cdp_cmd("Network.enable", {})
        browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/saml/me*"]})
        try:
            self.expire(browser, "/app/page")
        finally:
            browser.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        browser.driver.find_element(By.ID, "save").click()
        self.in_window(browser, "ada")
        self.out(browser, "failed SamlOtherUser")
        self.assertEqual([], self.posts())

    def test_names_that_do_not_last(self):
        driver = self.browser.driver
        known = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": TRANSIENT})
        for user, text in ("ada", "status 200"), ("bob", "failed SamlOtherUser"):
            driver.delete_cookie("__Host-saml")
            self.expire(self.browser, "/app/page")
            driver.find_element(By.ID, "save").click()
            self.in_window(self.browser, user)
            self.out(self.browser, text)
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", known)
        self.assertEqual([(["ada@example.org"], BODY)], self.posts())

    def test_others_who_say_where_to_sign_on(self):
        browser = self.browser
        self.sign_on(browser, "/app/page")
        away = self.stage.site.replace("localhost", "127.0.0.1")
        for path in ("/api/here", "/api/elsewhere", away + "/api/there"):
            browser.driver.execute_script("document.getElementById('out').textContent = '-'")
            self.call(path)
            self.out(browser, "status 401")
            self.assertEqual([], self.dialogs(), path)
            self.assertEqual(1, len(browser.driver.window_handles), path)

    def test_another_name_of_the_site(self):
        browser = self.browser
        browser.driver.get("https://127.0.0.1:%d/app/page?a=b#c" % self.stage.port)
        browser.wait("the explanation", lambda d: "Another address is needed" in d.title)
        browser.screenshot("another-address")
        self.assertIn("/saml/login?", browser.driver.current_url)
        self.assert_log('expected a browser at %s, as SAMLReplyURL says, got one at "https://127.0.0.1:%d"' % (
            self.stage.site, self.stage.port))
        browser.driver.find_element(By.LINK_TEXT, "Sign in there").click()
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
        browser.wait("the button in sight in a small frame, too", lambda d: d.execute_script(
            "frameElement.width = 300; frameElement.height = 150; return document.querySelector('a.button').getBoundingClientRect().bottom")
            <= d.execute_script("return innerHeight") == 150)
        self.assertEqual([], self.states(browser))
        browser.driver.find_element(By.LINK_TEXT, "Sign in").click()
        browser.driver.execute_script("window.stays = 1; new BroadcastChannel('saml-signed-on').postMessage('/saml/another')")
        browser.driver.switch_to.default_content()

        def look():
            browser.driver.switch_to.frame("f")
            time.sleep(0.5)
            self.assertEqual(1, browser.driver.execute_script("return window.stays"))       # that was another application's
            browser.driver.switch_to.default_content()
        self.in_window(browser, "ada", look)
        browser.driver.switch_to.frame("f")
        browser.wait("the page in the frame", lambda d: "Signed on as ada@example.org" in browser.text())

    def test_form_in_a_frame(self):
        browser = self.browser
        self.expire(browser, "/app/frames")
        browser.driver.execute_script("document.getElementById('f').src = '/form'")
        browser.driver.switch_to.frame("f")
        browser.wait("the form", lambda d: d.find_elements(By.NAME, "note"))
        browser.driver.find_element(By.NAME, "note").send_keys("from a frame")
        browser.driver.find_element(By.CSS_SELECTOR, "button").click()
        browser.wait("the button", lambda d: d.find_elements(By.LINK_TEXT, "Sign in"))
        browser.driver.find_element(By.LINK_TEXT, "Sign in").click()
        browser.driver.switch_to.default_content()
        self.in_window(browser, "ada")
        browser.driver.switch_to.frame("f")
        browser.wait("what was sent", lambda d: self.posts())
        self.assertEqual([(["ada@example.org"], "note=from+a+frame&submit=1")], self.posts())


if __name__ == "__main__":
    unittest.main()
