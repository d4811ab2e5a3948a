# SPDX-License-Identifier: Apache-2.0
"""Stories of a person with a browser: deep link, groups, no script, refusal, back and reload."""
import email
import html
import os
import unittest
import urllib.parse

from selenium.webdriver.common.by import By

from stage import GROUPS, Browser, DemoStage, StoryCase, demo

DEEP = "/app/report?year=2026&q=a%26b+c&empty="
SMUGGLED = {"X-Remote-User": "mallory", "x_remote_user": "mallory", "X-REMOTE.USER": "mallory",
            "X_Remote-Groups": "Accounting", "X-Remote-Email": "mallory", "X.Remote_Name": "mallory"}
GUARDED = ("X-Remote-User", "X-Remote-Email", "X-Remote-Name", "X-Remote-Groups")


class Person(StoryCase):
    """One browser for all stories, and what a person does there more than once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.open_browser()

    def fill(self, browser, note):
        browser.driver.find_element(By.NAME, "note").send_keys(note)
        browser.driver.find_element(By.CSS_SELECTOR, "button").click()

    def end_session(self, browser):
        """Its time is over; the browser does not know."""
        browser.driver.add_cookie({"name": "__Host-saml", "value": "A" * 43, "path": "/", "secure": True, "httpOnly": True})


class Stories(Person):
    """What holds whatever the protocol and the binding; the classes below set the stage."""
    protocol = None

    def seen(self, path):
        return self.requests(path)[-1]

    def test_deep_link_with_smuggled_headers(self):
        with self.fresh() as browser:
            browser.driver.execute_cdp_cmd("Network.enable", {})
            browser.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": SMUGGLED})
            self.sign_on(browser, DEEP, "ada")
            spoken = browser.driver.execute_script(
                "return performance.getEntriesByType('navigation')[0].nextHopProtocol")
            self.assertEqual(spoken, self.protocol)
            self.assertEqual(any("[mpm_prefork:" in line for line in self.stage.httpd.log()), self.protocol == "http/1.1")
            seen = self.seen(DEEP)
            self.assertEqual(seen.all("X-Remote-User"), ["ada@example.org"])
            self.assertEqual(seen.all("X-Remote-Email"), ["ada@example.org"])
            # A separator inside a group's name is told apart from the one between names.
            self.assertEqual(seen.all("X-Remote-Groups"), [";".join(g.replace(";", "%3B") for g in GROUPS)])
            self.assertNotIn("mallory", str(seen.headers))
            self.assertNotIn("__Host-saml", str(seen.headers))
            browser.screenshot("landed-" + self.protocol.replace("/", "-"))
            browser.open("/")
            seen = self.seen("/")
            self.assertEqual([], [v for n in GUARDED for v in seen.all(n)])
            self.assertNotIn("mallory", str(seen.headers))

    def test_user_without_the_group_gets_403(self):
        with self.fresh() as browser:
            self.sign_on(browser, "/app/", "bob")
            browser.open("/app/accounting/")
            self.assertIn("this place is not open to you", browser.text())
            self.assertIn("bob@example.org", browser.text())
            browser.screenshot("access-denied")
            self.assertEqual(403, browser.driver.execute_script(
                "return performance.getEntriesByType('navigation')[0].responseStatus"))
        self.assertEqual([], self.requests("/app/accounting/"))

    def test_no_script_at_all(self):
        with Browser(self.stage, script=False) as browser:
            browser.open(DEEP)
            if self.stage.binding == "POST":
                self.assertEqual(browser.driver.current_url, self.stage.site + DEEP)
                browser.screenshot("sign-on-without-script")
                browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.choose("ada")
            browser.wait("the provider's form", lambda d: "Continue" in d.page_source)
            browser.driver.find_element(By.CSS_SELECTOR, "input[type=submit]").click()
            browser.wait_for(DEEP)
            self.assertEqual(self.seen(DEEP).all("X-Remote-User"), ["ada@example.org"])

    def test_refusal_page(self):
        self.stage.idp.tamper = lambda xml: xml.replace("ada@example.org", "root@example.org")
        with self.fresh() as browser:
            browser.open("/app/")
            browser.choose("ada")
            browser.wait("the refusal", lambda d: d.current_url == self.stage.site + "/saml/acs")
            browser.screenshot("refused")
            text = browser.text()
            self.assertIn("signature", text)
            self.assertNotIn("root@example.org", text)
            self.assert_log(r"refused \[signature\]")
            self.stage.idp.tamper = None
            browser.driver.find_element(By.LINK_TEXT, "Back to the start").click()
            browser.wait("the site", lambda d: d.current_url == self.stage.site + "/")
            self.assertEqual([], self.seen("/").all("X-Remote-User"))
            browser.open("/app/")
            browser.choose("ada")
            browser.wait_for("/app/")

    def test_reload_and_back(self):
        with self.fresh() as browser:
            self.sign_on(browser, DEEP, "ada")
            browser.driver.refresh()
            browser.wait_for(DEEP)
            self.assertEqual(len(self.requests(DEEP)), 2)
            browser.driver.back()
            browser.wait("a page after going back", lambda d: d.execute_script("return document.readyState")
                         == "complete" and d.current_url != self.stage.site + DEEP)
            if "ERR_CACHE_MISS" in browser.text():      # the provider's answer to a POST: send it again
                browser.driver.refresh()
            # The old request is answered a second time. Its state is used up, and there is a session:
            # no dead end, no second sign-on, a page of the site.
            browser.choose("ada")
            browser.wait("a page of the site", lambda d: d.current_url.startswith(self.stage.site)
                         and "Legacy application" in d.title)
            browser.open(DEEP)
            self.assertEqual(browser.driver.current_url, self.stage.site + DEEP)
            self.assertIn("ada@example.org", browser.text())

    def test_two_tabs_sign_on_at_once(self):
        with self.fresh() as browser:
            browser.open("/app/one")
            first = browser.driver.current_window_handle
            browser.driver.switch_to.new_window("tab")
            browser.open("/app/two")
            browser.choose("ada")
            browser.wait_for("/app/two")
            browser.driver.switch_to.window(first)
            browser.choose("ada")
            browser.wait_for("/app/one")

    def test_fragment_and_form_without_session(self):
        place, note = "/app/list#/sort=n\u00e4me&x", "Gr\u00fc\u00dfe & 100% = \"ja\" <b>"
        with self.fresh() as browser:
            browser.open(place)
            browser.choose("ada")
            browser.wait_for("/app/list#/sort=n%C3%A4me&x")
            self.assertEqual([c["name"] for c in browser.driver.get_cookies() if "-state-at" in c["name"]], [])
            browser.driver.delete_all_cookies()
            browser.open("/form")       # open to everybody; its form goes to a protected place
            self.fill(browser, note)
            browser.choose("ada")
            browser.wait("the button", lambda d: "Send it now" in d.page_source)    # nobody knows who sent it
            browser.screenshot("send-it-now-" + self.stage.binding)
            self.assertIn(self.stage.site + "/app/save", browser.text())
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.wait_for("/app/save")
            posts = self.requests("/app/save")
            self.assertEqual([s.method for s in posts], ["POST"])
            self.assertEqual(urllib.parse.parse_qsl(posts[0].body.decode()), [("note", note), ("submit", "1")])
            self.assertEqual(posts[0].all("X-Remote-User"), ["ada@example.org"])
            self.assertEqual(posts[0].all("Origin"), [self.stage.site])

    def test_file_and_200_fields_after_the_session_ended(self):
        data = os.urandom(5 << 20)
        fields = [("f%d" % i, "value %d \u00fc & more\r\n" % i) for i in range(200)]
        inputs = "".join('<textarea name="%s">\n%s</textarea>' % (n, html.escape(v)) for n, v in fields)
        page = ('<!DOCTYPE html><meta charset="utf-8"><title>Legacy application</title><form method="post" '
                'enctype="multipart/form-data" action="/app/upload?a=b#done"><input type="file" name="file">%s<button>Save</button></form>' % inputs)
        self.stage.backend.replies["/app/long-form"] = lambda seen: (200, "text/html", page.encode())
        with open(os.path.join(self.stage.folder, "report.bin"), "wb") as handle:
            handle.write(data)
        with self.fresh() as browser:
            self.sign_on(browser, "/app/long-form", "ada")
            browser.driver.find_element(By.NAME, "file").send_keys(handle.name)
            self.end_session(browser)
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.choose("ada")
            browser.wait_for("/app/upload?a=b#done")
            posts = self.requests("/app/upload?a=b")
            self.assertEqual([s.method for s in posts], ["POST"])
            kind = posts[0].all("Content-Type")[0]
            parts = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + posts[0].body).get_payload()
            self.assertEqual(parts[0].get_filename(), "report.bin")
            self.assertEqual(posts[0].body.count(data), 1)
            self.assertEqual([(p.get_param("name", header="Content-Disposition"), p.get_payload(decode=True).decode()) for p in parts[1:]], fields)
            browser.driver.refresh()
            browser.wait("the page that says no", lambda d: d.title == "Nothing was sent again")
            browser.screenshot("nothing-sent-" + self.stage.binding)
            self.assertEqual(len(self.requests("/app/upload?a=b")), 1)
            self.assertEqual([c["name"] for c in browser.driver.get_cookies() if "kept-" in c["name"]], [])

    def without_script(self, browser, user):
        """From the sign-on page to the page where it ends, by buttons."""
        if self.stage.binding == "POST":
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
        browser.choose(user)
        browser.wait("the provider's form", lambda d: "Continue" in d.page_source)
        browser.driver.find_element(By.CSS_SELECTOR, "input[type=submit]").click()

    def test_form_without_script_and_for_the_same_user(self):
        with Browser(self.stage, script=False) as browser:
            for user, note in (("ada", "mine"), ("bob", "not bob's")):
                browser.open("/form")
                if user == "bob":
                    self.end_session(browser)
                self.fill(browser, note)
                self.without_script(browser, user)
                if user == "bob":
                    browser.wait("the page", lambda d: "somebody else was signed in" in d.page_source)
                    browser.screenshot("somebody-else-" + self.stage.binding)
                    continue
                browser.wait("the button", lambda d: "Send it now" in d.page_source)
                browser.screenshot("send-it-now-without-script-" + self.stage.binding)
                browser.driver.find_element(By.CSS_SELECTOR, "button").click()
                browser.wait_for("/app/save")
            self.assertEqual([s.body for s in self.requests("/app/save")], [b"note=mine&submit=1"])

    def test_form_of_another_site_is_not_sent_again(self):
        with self.fresh() as browser:
            browser.driver.get("data:text/html,<form method=post action='%s/app/save'><input name=note>"
                               "<button>Go</button></form>" % self.stage.site)
            self.fill(browser, "forged")
            browser.choose("ada")
            browser.wait_for("/app/save")
            self.assertEqual([(s.method, s.body) for s in self.requests("/app/save")],
                             [("GET", b"")])

    def test_me_and_logout_pages(self):
        with self.fresh() as browser:
            self.sign_on(browser, "/app/", "ada")
            browser.open("/saml/me")
            browser.screenshot("me")
            for text in ("ada@example.org", "Accounting", "Übung; mit Strichpunkt"):
                self.assertIn(text, browser.text())
            browser.open("/saml/logout")
            browser.screenshot("signed-out")
            self.assertEqual([], [c["name"] for c in browser.driver.get_cookies()])
            browser.open("/app/")
            browser.wait("sign-on again", lambda d: d.title == "Who are you?")


class Http1Post(Stories, unittest.TestCase):
    protocols, protocol, binding = "http/1.1", "http/1.1", "POST"


class Http2Redirect(Stories, unittest.TestCase):
    protocols, protocol, binding = "h2 http/1.1", "h2", "Redirect"

    def test_form_too_large_to_keep(self):
        with self.fresh() as browser:
            browser.open("/form")
            browser.driver.execute_script("document.getElementsByName('note')[0].value = 'x'.repeat(9e6)")
            browser.driver.find_element(By.CSS_SELECTOR, "button").click()
            browser.wait("the page that says so", lambda d: d.title == "Sign in, then send this again")
            browser.screenshot("not-kept")
            first = browser.driver.current_window_handle
            browser.driver.find_element(By.LINK_TEXT, "Sign in in a new window").click()
            browser.wait("another window", lambda d: len(d.window_handles) == 2)
            browser.driver.switch_to.window([w for w in browser.driver.window_handles if w != first][0])
            browser.choose("ada")
            browser.wait("what to do", lambda d: "go back to the one that you came from and reload it" in d.page_source)
            browser.screenshot("not-kept-then")
            browser.driver.close()
            browser.driver.switch_to.window(first)
            browser.driver.refresh()
            browser.wait_for("/app/save")
            self.assertEqual([(s.method, len(s.body)) for s in self.requests("/app/save")],
                             [("POST", len("note=&submit=1") + 9000000)])


class DemoByHand(Person, unittest.TestCase):
    """What `./setup demo` invites to: the same pages, clicked in a browser; and more with that provider, which is shaped like Entra."""

    @classmethod
    def build(cls):
        return DemoStage()

    def test_both_users(self):
        ada, bob = (user["id"] for user in demo.USERS)
        with self.fresh() as browser:
            browser.open(demo.TARGET)
            browser.wait("the provider's page", lambda d: "Sign in to Legacy" in d.page_source)
            browser.screenshot("entra-users")
            browser.choose(ada)
            browser.wait_for(demo.TARGET)
            browser.screenshot("demo-landed")
            self.assertIn("ada@example.org", browser.text())
            self.click(browser, "Accounting (one group only)", ada)
            self.click(browser, "Open page", "Nobody is signed on")
            self.click(browser, "Who am I", "objectid")
            browser.open("/app/")
            self.click(browser, "Sign out", "You signed out of your account")
            browser.open("/app/accounting/")
            browser.choose(bob)
            browser.wait("the refusal", lambda d: "You do not have access" in d.page_source)
        asked = [s.all("X-Remote-User") for s in self.requests("/app/accounting/")]
        self.assertEqual(asked, [["ada@example.org"]])

    def click(self, browser, link, text):
        browser.driver.find_element(By.LINK_TEXT, link).click()
        browser.wait("%s after %s" % (text, link), lambda d: text in d.page_source)

    def test_form_after_the_session_ended(self):
        ada = demo.USERS[0]["id"]
        with self.fresh() as browser:
            browser.open("/app/")
            browser.choose(ada)
            browser.wait_for("/app/")
            self.end_session(browser)
            self.fill(browser, "100 % & more")
            browser.choose(ada)
            browser.wait_for("/app/save")
        self.assertEqual([(s.method, s.body, s.all("X-Remote-User")) for s in self.requests("/app/save")],
                         [("POST", b"note=100+%25+%26+more&submit=1", ["ada@example.org"])])

    def test_sign_out_here_and_there_where_a_logout_url_is_set(self):
        """In the portal. The message that the provider's hidden frame carries has a name that no sign-on had: it is about whoever it comes
        from, so the cookie has to come into a frame of another site, as SameSite=None says."""
        ada, tenant = demo.USERS[0]["id"], self.stage.idp.tenants[demo.TENANT]
        there = "%s/%s/oauth2/v2.0/logout" % (self.stage.idp.origin, demo.TENANT)
        for thing, name, value in ((tenant, "sessions", True), (tenant.applications[0], "logout_url", self.stage.site + "/saml/logout")):
            self.addCleanup(setattr, thing, name, getattr(thing, name))
            setattr(thing, name, value)
        self.addCleanup(self.stage.also, "")
        with self.fresh() as browser:
            for directive, ends in (("", False), ("SAMLCookie SameSite=None", True)):
                if directive:
                    self.stage.also(directive)
                    browser.forget()
                browser.open("/app/")
                browser.choose(ada)
                browser.wait_for("/app/")
                self.end_session(browser)
                browser.open("/app/")       # silent: it knows her
                browser.wait_for("/app/")
                browser.driver.get(there)
                browser.wait("the page", lambda d: "You signed out of your account" in browser.text())
                browser.open("/app/")
                if not ends:
                    browser.wait_for("/app/")
            browser.choose(ada)
            browser.wait_for("/app/")
            self.click(browser, "Sign out", "So has your session at your organisation.")
            browser.open("/app/")
            browser.wait("the provider's page", lambda d: "Sign in to Legacy" in d.page_source)


if __name__ == "__main__":
    unittest.main()
