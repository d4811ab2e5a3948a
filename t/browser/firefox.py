# SPDX-License-Identifier: Apache-2.0
"""Firefox without a driver program: WebDriver BiDi over its own websocket, by Python's standard library alone.

    with Firefox(stage) as browser:     # a fresh profile
        browser.open("/app/")

It has what the stories need of stage.Browser. Whatever it asks of a page goes by the protocol and not by a script in the page, so that
it works where the page may run none.
"""
import base64
import json
import os
import re
import selectors
import socket
import struct
import subprocess
import time

from stage import ARTIFACTS, BUILDDIR, SIZES, WAIT_S, Workspace

START_S = 60
# The rest of Firefox's own conversations, so that nothing leaves this machine.
PREFS = {
    "app.normandy.enabled": False, "app.update.enabled": False, "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False, "browser.startup.page": 0, "browser.tabs.remote.separatePrivilegedContentProcess": False,
    "datareporting.policy.dataSubmissionEnabled": False, "extensions.getAddons.cache.enabled": False, "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False, "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0, "network.prefetch-next": False, "network.proxy.type": 0,
    "remote.prefs.recommended": True, "services.settings.server": "data:,", "toolkit.telemetry.enabled": False,
    # Otherwise a fresh cookie without SameSite is sent cross-site for two minutes, which hides a missing SameSite=None.
    "network.cookie.sameSite.laxByDefault": True, "network.cookie.sameSite.laxPlusPOST.timeout": 0,
}
NO_THIRD_PARTY, NO_COOKIES = {"network.cookie.cookieBehavior": 1}, {"network.cookie.cookieBehavior": 2}
NO_SCRIPT = {"javascript.enabled": False}


class WebSocket:
    """A client's side of RFC 6455, for text."""

    def __init__(self, host, port, path):
        self.socket = socket.create_connection((host, port), WAIT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n" % (path, host, port, key)).encode())
        self.left = b""
        while b"\r\n\r\n" not in self.left:
            self.left += self._more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError("websocket: expected 101, got %r" % head[:100])

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("websocket: the browser has gone")
        return data

    def _take(self, count):
        while len(self.left) < count:
            self.left += self._more()
        data, self.left = self.left[:count], self.left[count:]
        return data

    def _send_frame(self, opcode, data):
        size = len(data)
        length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0xfe, size) if size < 65536 \
            else struct.pack("!BQ", 0xff, size)
        mask = os.urandom(4)
        masked = (int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def send(self, text):
        self._send_frame(1, text.encode())

    def receive(self):
        whole = b""
        while True:
            first, size = self._take(2)
            size &= 0x7f
            if size >= 126:
                size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
            data = self._take(size)
            if first & 0x0f == 9:
                self._send_frame(10, data)
            elif first & 0x0f == 8:
                raise AssertionError("websocket: the browser closes it")
            elif first & 0x0f <= 2:
                whole += data
                if first & 0x80:
                    return whole.decode()

    def close(self):
        self.socket.close()


class Firefox:
    """One fresh profile; `prefs` in addition to those above."""

    def __init__(self, stage, prefs=None):
        self.stage, self.count = stage, 0
        self.profile = Workspace(BUILDDIR, "firefox")
        with open(os.path.join(self.profile.path, "user.js"), "w", encoding="utf-8") as out:
            for name, value in dict(PREFS, **(prefs or {})).items():
                out.write('user_pref("%s", %s);\n' % (name, json.dumps(value)))
        self.process = subprocess.Popen(
            [self.program(), "--headless", "--no-remote", "--profile", self.profile.path, "--remote-debugging-port", "0", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ, HOME=self.profile.path, MOZ_HEADLESS="1"))
        try:
            self.socket = WebSocket("127.0.0.1", self._port(), "/session")
            self.call("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            self.context = self.call("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.__exit__()
            raise

    @staticmethod
    def program():
        for name in ("/usr/bin/firefox-esr", "/usr/bin/firefox"):
            if os.path.exists(name):
                return name
        raise AssertionError("expected /usr/bin/firefox-esr or /usr/bin/firefox, found neither")

    def _port(self):
        said, until = b"", time.monotonic() + START_S
        selector = selectors.DefaultSelector()
        selector.register(self.process.stderr, selectors.EVENT_READ)
        while time.monotonic() < until:
            if selector.select(1):
                said += os.read(self.process.stderr.fileno(), 4096)
                match = re.search(rb"WebDriver BiDi listening on ws://127\.0\.0\.1:(\d+)\s", said)
                if match:
                    return int(match.group(1))
            if self.process.poll() is not None:
                break
        raise AssertionError("Firefox did not say where it listens within %d s, but:\n%s" % (START_S, said.decode(errors="replace")))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.call("browser.close")
            self.process.wait(10)
        except (AssertionError, AttributeError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        if hasattr(self, "socket"):
            self.socket.close()
        self.process.stderr.close()
        self.profile.__exit__(None, None, None)

    def call(self, method, **params):
        """One command and its result; events are passed over."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.receive())
            if answer.get("id") == self.count:
                break
        if answer["type"] != "success":
            raise AssertionError("%s: %s: %s" % (method, answer["error"], answer["message"]))
        return answer["result"]

    # --- what a person does and sees ---

    def open(self, path):
        """Begun, not awaited: a page that goes on by itself would count as a failure."""
        self.call("browsingContext.navigate", context=self.context, url=path if "://" in path else self.stage.site + path, wait="none")

    def reload(self):
        self.call("browsingContext.reload", context=self.context, wait="none")

    def back(self):
        self.call("browsingContext.traverseHistory", context=self.context, delta=-1)

    def new_tab(self):
        """@return the tab that was in front"""
        before, self.context = self.context, self.call("browsingContext.create", type="tab")["context"]
        return before

    def url(self):
        return self.call("browsingContext.getTree", root=self.context, maxDepth=0)["contexts"][0]["url"]

    def find(self, css):
        return self.call("browsingContext.locateNodes", context=self.context, locator={"type": "css", "value": css})["nodes"]

    def sees(self, text):
        locator = {"type": "xpath", "value": "/html/body[contains(normalize-space(.), '%s')]" % text}
        return bool(self.call("browsingContext.locateNodes", context=self.context, locator=locator, maxNodeCount=1)["nodes"])

    def click(self, css):
        """With the mouse, in the middle of the first such element."""
        origin = {"type": "element", "element": {"sharedId": self.find(css)[0]["sharedId"]}}
        move = {"type": "pointerMove", "x": 0, "y": 0, "origin": origin}
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.call("input.performActions", context=self.context, actions=[{"type": "pointer", "id": "mouse", "actions": [move] + press}])

    def run(self, expression):
        """The value of an expression, out of reach of the page's own scripts."""
        answer = self.call("script.evaluate", expression=expression, awaitPromise=True, target={"context": self.context, "sandbox": "story"})
        if answer["type"] != "success":
            raise AssertionError("%s: %s" % (expression, answer["exceptionDetails"]["text"]))
        return answer["result"].get("value")

    def cookies(self):
        return sorted(c["name"] for c in self.call("storage.getCookies")["cookies"])

    def drop_cookies(self, name=None):
        self.call("storage.deleteCookies", **({"filter": {"name": name}} if name else {}))

    def wait(self, what, test):
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            try:
                if test(self):
                    return
            except AssertionError:      # the page was just going
                pass
            time.sleep(0.1)
        self.screenshot("firefox-failed")
        raise AssertionError("waited %d s for %s; at %s" % (WAIT_S, what, self.url()))

    def choose(self, user):
        """Wait for the provider's page and press a user's button."""
        button = 'button[value="%s"]' % user
        self.wait("the provider's page", lambda b: b.url().startswith(b.stage.idp.origin) and b.find(button))
        self.click(button)

    def wait_for(self, path):
        self.wait("the page " + path, lambda b: b.url() == b.stage.site + path and b.sees("Legacy application"))

    def screenshot(self, name):
        """The page as it is on a desk and on a telephone."""
        os.makedirs(ARTIFACTS, exist_ok=True)
        for size, (width, height) in SIZES.items():
            self.call("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})
            data = self.call("browsingContext.captureScreenshot", context=self.context)["data"]
            with open(os.path.join(ARTIFACTS, name + size + ".png"), "wb") as out:
                out.write(base64.b64decode(data))
        self.call("browsingContext.setViewport", context=self.context, viewport=None)
