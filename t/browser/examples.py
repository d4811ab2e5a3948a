# SPDX-License-Identifier: Apache-2.0
"""The stage of the examples: conf/examples as they stand, the stand-in under Microsoft's host names, one Chromium.

Every value that an example has by default holds here: host names, tenant and application IDs, groups, folders. What the tests say
by Define is the port and the backend. Chromium's resolver leads port 443 of the host names to where httpd and the stand-in listen,
and all others nowhere, so that the addresses in it are the true ones; httpd reaches the stand-in through a proxy, as it would in
a closed network.
"""
import hashlib
import hmac
import http.client
import os
import re
import shutil
import ssl
import subprocess
import time

from selenium.webdriver.common.by import By

import stage
from backend import Backend
from httpd import Httpd, Workspace, free_port
import cloud
import keys
from proxy import Proxy
from server import Entra

TENANT = "00000000-0000-0000-0000-000000000000"
LOGIN = "https://login.microsoftonline.com"
APP = {"image-relay": "a0000001-0000-4000-8000-000000000001", "sequr": "a0000002-0000-4000-8000-000000000002",
       "logz-io": "11111111-1111-1111-1111-111111111111", "audit": "22222222-2222-2222-2222-222222222222",
       "impero": "66666666-6666-6666-6666-666666666666", "genesys-cloud": "77777777-7777-7777-7777-777777777777"}
PRODUCTION = "33333333-3333-3333-3333-333333333333"
STAGING = "44444444-4444-4444-4444-444444444444"
MANY = ["55555555-5555-4555-8555-%012d" % n for n in range(398)]
REGIONS = ("us", "eu", "de", "au", "jp")
HOSTS = {"image-relay": ("company.images.example.org",), "sequr": ("doors.example.org",), "logz-io": ("logs.example.org",),
         "impero": ("organisation.compliance.example.org",),
         "genesys-cloud": tuple(region + ".calls.example.org" for region in REGIONS)}
SECRET = bytes(range(32, 64)).hex()
GRAPH_SECRET = "a~client.secret/of+the=application"
ADA, BOB, CAROL, DANA = (name + "@example.org" for name in ("ada", "bob", "carol", "dana"))
DESKTOP, PHONE = (1000, 750), (390, 844)


def user(number, name, groups):
    return {"id": "e0000000-0000-4000-8000-%012d" % number, "upn": name.lower() + "@example.org", "given_name": name,
            "mail": name.lower() + "@example.org", "surname": "Example", "display_name": name + " Example", "groups": groups}


def directory():
    """The tenant as doc/examples tells an administrator to set it up."""
    def app(name, **values):
        return dict({"id": APP[name], "name": name}, **values)

    images, doors, logs = ("https://" + HOSTS[n][0] for n in ("image-relay", "sequr", "logz-io"))
    return {"tenants": [{
        "id": TENANT, "name": "Example", "sessions": True,
        "groups": dict({PRODUCTION: "Production", STAGING: "Staging"}, **{g: "Group " + g[-3:] for g in MANY}),
        "users": [user(1, "Ada", [PRODUCTION]), user(2, "Bob", [STAGING]),
                  user(3, "Carol", MANY[:200] + [PRODUCTION, STAGING] + MANY[200:]), user(4, "Dana", []),
                  dict(user(5, "Eve", []), upn="Eve@Example.ORG")],
        "applications": [
            app("image-relay", identifiers=[images + "/sso/metadata"], reply_urls=[images + "/sso/acs"],
                logout_url=images + "/sso/logout", name_id_source="user.mail"),
            app("sequr", identifiers=[doors], reply_urls=[doors + "/saml/acs"], logout_url=doors + "/saml/logout"),
            app("logz-io", identifiers=["urn:example:logs:company"], reply_urls=[logs + "/login/callback"],
                logout_url=logs + "/saml/logout", group_membership_claims="All", client_secrets=[{"value": GRAPH_SECRET}]),
            app("audit", identifiers=["urn:example:logs:company:audit"], reply_urls=[logs + "/saml/audit/acs"],
                logout_url=logs + "/saml/audit/logout", assigned=[user(1, "Ada", [])["id"]]),
            app("impero", own_certificate=False, reply_urls=["https://%s/api/single-sign-on" % HOSTS["impero"][0]],
                logout_url="https://%s/saml/logout" % HOSTS["impero"][0]),
            app("genesys-cloud", identifiers=["https://calls.example.org/saml"],
                reply_urls=["https://%s/saml" % host for host in HOSTS["genesys-cloud"]],
                logout_url="https://us.calls.example.org/saml/logout",
                claims=[{"name": "Email", "source": "user.userprincipalname"},
                        {"name": "OrganizationName", "values": ["ExampleOrg"]}])]}]}


class World:
    """What all examples share, and a port for each of them."""

    def __init__(self):
        self._open = []

    def enter(self, thing):
        value = thing.__enter__()
        self._open.append(thing)
        return value

    def __enter__(self):
        try:
            self.folder = self.enter(Workspace(stage.BUILDDIR, "examples"))
            self.tls = keys.server(self.folder, "site", keys.authority(self.folder),
                                   ["DNS:" + host for hosts in HOSTS.values() for host in hosts])
            self.cloud_ca, *self.cloud_tls = keys.clouds(self.folder)
            self.ports = {}
            for name in HOSTS:
                self.ports[name] = next(p for p in iter(free_port, None) if p not in self.ports.values())
            self.backend = self.enter(Backend())
            self.entra = self.enter(Entra(directory(), tls=self.cloud_tls, folder=self.folder))
            self.proxy = self.enter(Proxy(self.entra.port))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        while self._open:
            self._open.pop().__exit__(None, None, None)

    def flags(self):
        rules = ["MAP %s:443 127.0.0.1:%d" % (host, self.ports[name]) for name in HOSTS for host in HOSTS[name]]
        rules += ["MAP %s:443 127.0.0.1:%d" % (host, self.entra.port) for host in cloud.HOSTS]
        pins = ",".join(stage.key_pin(tls[1]) for tls in (self.tls, self.cloud_tls))
        return ("--ignore-certificate-errors-spki-list=" + pins, "--host-resolver-rules=" + ",".join(rules + ["MAP * ~NOTFOUND"]))

    def application(self, name):
        """The stand-in's own record of an application, to be changed as the portal would."""
        return self.entra.tenants[TENANT].application(APP[name])

    def certificate(self, name):
        """What "Certificate (Base64)" of the application is at the moment."""
        return self.ring(name).signing().cert

    def ring(self, name):
        return self.entra.tenants[TENANT].ring_of(self.application(name))


class Site:
    """httpd with one example in it, its files where the example looks for them."""

    def __init__(self, world, name, define=(), prepare=lambda site: None):
        self.world, self.name = world, name
        self.root = os.path.join(world.folder, name)
        self.files = os.path.join(self.root, "saml", name)
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.files)
        shutil.copyfile(world.tls[0], os.path.join(self.files, "tls.key"))
        shutil.copyfile(world.tls[1], os.path.join(self.files, "tls.crt"))
        prepare(self)
        prefix = name.upper().replace("-", "_")
        defines = {prefix + "_PORT": world.ports[name], prefix + "_BACKEND": "http://127.0.0.1:%d" % world.backend.port}
        defines.update(define)
        module = os.environ.get("SSO_MODULE") or os.path.join(stage.BUILDDIR, "mod_saml_sso.so")
        self.httpd = Httpd(self.root, module, os.path.join(stage.SRCDIR, "conf", "examples", name + ".conf"), defines,
                           [world.ports[name]], extra=self._surroundings())

    def _surroundings(self):
        """What the administrator has outside the example: for these tests the way to the identity provider, through the proxy."""
        lines = ['SSLSessionCache "shmcb:%s/run/ssl(512000)"' % self.root]
        if "SAMLEntra" in self.example():
            lines += ["LogLevel saml_sso:debug", "SAMLMetadataProxy %s" % self.world.proxy.url, 'SAMLMetadataCA "%s"' % self.world.cloud_ca]
        return "\n".join(lines)

    def example(self):
        with open(os.path.join(stage.SRCDIR, "conf", "examples", self.name + ".conf"), encoding="utf-8") as handle:
            return handle.read()

    def __enter__(self):
        self.httpd.__enter__()
        return self

    def __exit__(self, *unused):
        crashes = [line for line in self.httpd.log() if " exit signal " in line]
        self.httpd.__exit__()
        if crashes:
            raise AssertionError("children of httpd died:\n" + "\n".join(crashes))

    def write(self, name, text):
        with open(os.path.join(self.files, name), "w", encoding="utf-8") as handle:
            handle.write(text)
        os.chmod(os.path.join(self.files, name), 0o600 if name.endswith(".secret") else 0o644)

    def log(self, *levels):
        return self.httpd.log(levels or ("warn", "error", "crit", "alert", "emerg"))

    def asked(self, path, host):
        """The status that a new connection gets; 503 also where a child that is just ending takes it."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.world.ports[self.name], timeout=stage.WAIT_S,
                                                 context=ssl._create_unverified_context())
        try:
            connection.request("GET", path, headers={"Host": host})
            return connection.getresponse().status
        except http.client.RemoteDisconnected:
            return 503
        finally:
            connection.close()

    def _children_without_metadata(self):
        """Those that have not said yet that they took the copy: each looks for it every second."""
        if "SAMLEntra" not in self.example():
            return set()
        pid = self.httpd.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as handle:
            children = set(handle.read().split())
        return children - set(re.findall(r"\[pid (\d+)[^\]]*\] .*: copy taken", "\n".join(self.httpd.log())))

    def wait_for_identity_provider(self, paths):
        """Metadata is fetched in the background."""
        host, deadline = HOSTS[self.name][0], time.monotonic() + stage.WAIT_S
        while any(self.asked(path, host) == 503 for path in paths) or self._children_without_metadata():
            if time.monotonic() > deadline:
                raise AssertionError("no metadata within %d s:\n%s" % (stage.WAIT_S, "\n".join(self.httpd.log())))
            time.sleep(0.1)


class Person:
    """Somebody at a browser: one Chromium for all stories, as good as new at the beginning of each."""

    def __init__(self, world, script=True):
        self.script = script
        self.browser = stage.Browser(world, script)
        self.driver = self.browser.driver
        self.wait, self.text = self.browser.wait, self.browser.text

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.browser.__exit__()

    def forget(self):
        self.browser.forget()

    def get(self, url):
        self.driver.get(url)

    def press(self, words):
        """The button or link with these words."""
        found = self.wait('a button "%s"' % words, lambda d: [
            e for e in d.find_elements(By.CSS_SELECTOR, "button, a, input[type=submit]")
            if words in (e.text or e.get_attribute("value") or "")])
        found[0].click()

    def choose(self, upn):
        """At the identity provider."""
        self.wait("the identity provider's page",
                  lambda d: d.current_url.startswith(LOGIN) and "Choose who you are" in d.page_source)
        self.press(upn)
        self.submit_answer()

    def submit_answer(self):
        """The form with the Response posts itself, or is posted by hand."""
        if not self.script:
            self.press("Submit")

    def sign_on(self, url, upn=None):
        """Open a guarded page and go the whole way; without `upn` the identity provider knows the user already."""
        self.get(url)
        if not self.script:
            self.press("Continue to sign in")
        if upn:
            self.choose(upn)
        else:
            self.submit_answer()

    def tile(self, name, upn):
        """Press an application's tile in My Apps."""
        self.get("%s/%s/signin/%s" % (LOGIN, TENANT, APP[name]))
        self.choose(upn)

    def lands(self, url):
        self.wait("the page " + url, lambda d: d.current_url == url and "Legacy application" in d.title)

    def reads(self, *words):
        """One of these."""
        self.wait('a page with "%s"' % '" or "'.join(words), lambda d: any(w in self.text() for w in words))

    def status(self):
        return self.driver.execute_script("return performance.getEntriesByType('navigation')[0].responseStatus")

    def fetch(self, path):
        """What a script of the page gets: (status, text)."""
        return tuple(self.driver.execute_async_script(
            "const done = arguments[1]; fetch(arguments[0]).then(async r => done([r.status, await r.text()]))"
            ".catch(e => done([0, String(e)]))", path))

    def picture(self, name):
        self.browser.screenshot("example-%s%s" % (name, "" if self.script else "-noscript"))


def signature(body):
    """What the backend expects as X-SAML-Signature (doc/manual.md, provisioning)."""
    key = hmac.new(bytes.fromhex(SECRET), b"mod_saml_sso provisioning", hashlib.sha256).hexdigest()
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def sealed(secret_file, identifier, target):
    """What `saml-sso relay-state` prints."""
    program = os.environ.get("SSO_CLI") or os.path.join(stage.BUILDDIR, "saml-sso")
    done = subprocess.run([program, "relay-state", "--secret", secret_file, "--identifier", identifier, target],
                          capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise AssertionError("saml-sso relay-state: exit %d: %s" % (done.returncode, done.stderr))
    return done.stdout.strip()
