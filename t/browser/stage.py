# SPDX-License-Identifier: Apache-2.0
"""The stage of the browser stories: httpd with the module, pysaml2 on another site, a headless Chromium.

The site is https://localhost, the provider https://127.0.0.1: two hosts, so every step between them is
cross-site. Chromium accepts exactly the stage's own server key and no other unknown certificate.
"""
import base64
import contextlib
import hashlib
import os
import subprocess
import sys
import time

SRCDIR = os.environ.get("SSO_SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(SRCDIR, d) for d in ("demo", "t/entra", "t/idp")]

from selenium import webdriver  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

import client  # noqa: E402
import demo  # noqa: E402
import keys  # noqa: E402
from backend import Backend  # noqa: E402
from httpd import Httpd, Workspace, free_port  # noqa: E402
from pysaml2_idp import Idp  # noqa: E402
from server import Entra  # noqa: E402

BUILDDIR = os.environ.get("SSO_BUILDDIR") or os.getcwd()
ARTIFACTS = os.environ.get("SSO_ARTIFACTS") or os.path.join(BUILDDIR, "t", "browser-artifacts")
WAIT_S = 20
SIZES = {"": (1000, 750), "-phone": (390, 844)}      # of the pictures
GROUPS = ["Staff", "Accounting", "Übung; mit Strichpunkt"]
USERS = {
    "ada": {"email": "ada@example.org", "givenname": "Ada", "surname": "Example", "name": "ada",
            "displayname": "Ada Example", "groups": GROUPS},
    "bob": {"email": "bob@example.org", "givenname": "Bob", "surname": "Example", "name": "bob",
            "displayname": "Bob Example", "groups": ["Staff"]},
}
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--no-proxy-server", "--window-size=1000,750", "--lang=en-US",
         # Without it a fresh cookie is sent cross-site for two minutes, which hides a missing SameSite=None.
         "--enable-features=SameSiteDefaultChecksMethodRigorously")


def key_pin(certificate):
    """Base64 of the SHA-256 of a server's public key, the form Chromium's flag takes."""
    der = subprocess.run("openssl x509 -in '%s' -noout -pubkey | openssl pkey -pubin -outform DER" % certificate,
                         shell=True, check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def mpm_for(protocols):
    """The stories are told under two: prefork, which serves no HTTP/2, where none is wanted, else that of all tests."""
    return "prefork" if protocols == "http/1.1" else None


class Stage:
    """Everything but the browser; `protocols` as httpd's directive takes them."""

    def __init__(self, protocols="http/1.1", binding="POST", slo=()):
        self.protocols, self.binding, self.slo = protocols, binding, slo
        self._open = []

    def _enter(self, thing):
        value = thing.__enter__()
        self._open.append(thing)
        return value

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _build(self):
        self._common()
        self._site()

    def _common(self):
        """Folder, certificates, backend, a port for the site."""
        self.folder = self._enter(Workspace(BUILDDIR, "browser"))
        self.ca = keys.authority(self.folder)
        self.tls = keys.server(self.folder, "localhost", self.ca)
        self.backend = self._enter(Backend())
        self.port = free_port()
        self.site = "https://localhost:%d" % self.port

    def _serve(self, conf, defines, mpm=None):
        module = os.environ.get("SSO_MODULE") or os.path.join(BUILDDIR, "mod_saml_sso.so")
        extra = 'SSLSessionCache "shmcb:run/ssl(512000)"\nIncludeOptional "%s/more.conf"' % self.folder
        self.httpd = self._enter(Httpd(self.folder, module, os.path.join(SRCDIR, *conf.split("/")), defines, [self.port], mpm, extra))

    def also(self, directives):
        """In the server's own configuration, until the next time."""
        with open(os.path.join(self.folder, "more.conf"), "w", encoding="utf-8") as out:
            out.write(directives)
        self.httpd.graceful()

    def _site(self):
        pair = keys.self_signed(self.folder, "idp", "/CN=pysaml2")
        self.idp = self._enter(Idp(self.folder, pair[0], pair[1], USERS, self.tls, slo=self.slo))
        with open(os.path.join(self.folder, "idp.xml"), "wb") as handle:
            handle.write(self.idp.metadata())
        self._serve("t/browser/browser.conf", {
            "T_PORT": self.port, "T_DIR": self.folder, "T_BACKEND_PORT": self.backend.port,
            "T_PROTOCOLS": self.protocols, "T_BINDING": self.binding}, mpm_for(self.protocols))
        answer = client.Client(self.ca[1]).request("GET", self.site + "/saml/metadata")
        if answer.status != 200:
            raise AssertionError("GET /saml/metadata: expected 200, got %d" % answer.status)
        sp_metadata = os.path.join(self.folder, "sp.xml")
        with open(sp_metadata, "wb") as handle:
            handle.write(answer.body)
        self.idp.know(sp_metadata)

    def __exit__(self, *unused):
        while self._open:
            self._open.pop().__exit__(None, None, None)

    def forget(self):
        """As good as new, for the next story."""
        self.backend.seen.clear()
        self.idp.tamper = self.idp.known = None
        for told in (self.idp.forced, self.idp.asked, self.idp.heard):
            told.clear()

    def flags(self):
        """What Chromium must know of the stage."""
        return ("--ignore-certificate-errors-spki-list=" + key_pin(self.tls[1]),)

    def refusals(self):
        """Lines of the error log from warning up."""
        return self.httpd.log(("warn", "error", "crit", "alert", "emerg"))


class DemoStage(Stage):
    """What `./setup demo` sets up: conf/demo.conf and the provider shaped like Entra."""

    def _site(self):
        self.idp = self._enter(Entra(demo.entra_configuration(self.folder, self.site)))
        self._serve("conf/demo.conf", demo.defines(self.folder, self.port, self.backend, self.idp))

    def forget(self):
        self.backend.seen.clear()


class StoryCase:
    """What every story has, to be mixed into a unittest.TestCase: a stage for all of a class, and an eye on its log."""
    stage = browser = None
    protocols, binding, slo = "http/1.1", "POST", ()

    @classmethod
    def build(cls):
        return Stage(cls.protocols, cls.binding, cls.slo)

    @classmethod
    def setUpClass(cls):
        cls.stage = cls.build().__enter__()
        cls.addClassCleanup(cls.stage.__exit__)

    @classmethod
    def open_browser(cls, **options):
        """One for all stories of the class; each begins with a fresh()."""
        cls.browser = Browser(cls.stage, **options)
        cls.addClassCleanup(cls.browser.__exit__)

    def fresh(self):
        self.browser.forget()
        return contextlib.nullcontext(self.browser)

    def setUp(self):
        self.stage.forget()
        self.known = len(self.stage.refusals())

    def tearDown(self):
        self.assert_log()

    def assert_log(self, *parts):
        """Nothing from warning up in the log since it was asked last but lines that match, in order; and denials, which are httpd's own."""
        lines = self.stage.refusals()[self.known:]
        self.known += len(lines)
        lines = [line for line in lines if "AH01631" not in line]
        self.assertEqual(len(lines), len(parts), "\n".join(lines))
        for line, part in zip(lines, parts):
            self.assertRegex(line, part)

    def sign_on(self, browser, path, user="ada"):
        browser.open(path)
        browser.choose(user)
        browser.wait_for(path)

    def requests(self, path, method=None):
        """What the application was asked for."""
        return [s for s in self.stage.backend.seen if s.path == path and method in (None, s.method)]


class Browser:
    """One fresh Chromium profile. `script` False: the browser runs no JavaScript; `popups` False: it opens windows as for anybody,
    after a click only; `third_party` False: no cookies of a site in the frames of another; `cookies` False: none at all."""

    def __init__(self, stage, script=True, popups=True, third_party=True, cookies=True):
        self.stage, self.script = stage, script
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        self.profile = Workspace(BUILDDIR, "chromium")
        for flag in FLAGS + ("--user-data-dir=" + self.profile.path,) + stage.flags():
            options.add_argument(flag)
        if not popups:
            options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
        # No connections ahead of time: httpd would wait for what never comes on them when it is stopped.
        prefs = {"net.network_prediction_options": 2, "profile.cookie_controls_mode": 0 if third_party else 1,
                 "profile.block_third_party_cookies": not third_party}
        if not script:
            prefs["profile.managed_default_content_settings.javascript"] = 2
        if not cookies:
            prefs["profile.default_content_setting_values.cookies"] = 2
        options.add_experimental_option("prefs", prefs)
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.driver.quit()
        self.profile.__exit__(None, None, None)

    def forget(self):
        """As good as new: no cookies, no cache, and one tab, which has seen nothing (sessionStorage is a tab's own)."""
        old = self.driver.window_handles
        self.driver.switch_to.window(old[0])
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for window in old:
            self.driver.switch_to.window(window)
            self.driver.close()
        self.driver.switch_to.window(new)
        for command in ("Network.clearBrowserCache", "Storage.clearCookies"):
            self.driver.execute_cdp_cmd(command, {})

    def open(self, path):
        self.driver.get(self.stage.site + path)

    def is_whole(self):
        return not self.script or self.driver.execute_script("return document.readyState") == "complete"

    def wait(self, what, test):
        """Until test(driver) is true, of a page that is there as a whole: it has its address and its title long before its last element. The
        page and its address are in the message where it never is."""
        try:
            return WebDriverWait(self.driver, WAIT_S, 0.1, (Exception,)).until(lambda d: self.is_whole() and test(d))
        except Exception:
            self.screenshot("failed")
            raise AssertionError("waited %d s for %s; at %s:\n%s" % (
                WAIT_S, what, self.driver.current_url, self.text()[:1500]))

    def choose(self, user):
        """Wait for the provider's page and press a user's button."""
        self.wait("the provider's page", lambda d: d.current_url.startswith(self.stage.idp.origin)
                  and d.find_element(By.CSS_SELECTOR, 'button[value="%s"]' % user))
        self.driver.find_element(By.CSS_SELECTOR, 'button[value="%s"]' % user).click()

    def wait_for(self, path):
        self.wait("the page " + path, lambda d: d.current_url == self.stage.site + path
                  and "Legacy application" in d.title)

    def wait_closed(self, gone, back_to):
        """Until the window `gone` has closed itself; on with the other one."""
        end = time.monotonic() + WAIT_S
        while gone in self.driver.window_handles and time.monotonic() < end:
            time.sleep(0.05)
        closed = gone not in self.driver.window_handles
        if closed:
            self.driver.switch_to.window(back_to)
        self.wait("the window to close", lambda d: closed)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def screenshot(self, name):
        """The page as it is on a desk and on a telephone."""
        os.makedirs(ARTIFACTS, exist_ok=True)
        for size, (width, height) in SIZES.items():
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": width, "height": height, "deviceScaleFactor": 1, "mobile": bool(size)})
            self.driver.save_screenshot(os.path.join(ARTIFACTS, name + size + ".png"))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
