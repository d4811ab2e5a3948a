# SPDX-License-Identifier: Apache-2.0
"""One whole sign-on on real parts, shown hop by hop: demo.py --builddir DIR [--once]

A private httpd with mod_saml_sso and conf/demo.conf, an identity provider shaped like Entra, a legacy
application behind mod_proxy. Signs on by itself, compares what came with what must come and says PASS
or what failed; then stays for a browser until Ctrl-C. With --once, or without a terminal, it ends
there: 0 PASS, 1 something failed, 2 could not run.
"""
import argparse
import http.client
import os
import shutil
import signal
import sys
import threading

SRCDIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(SRCDIR, "demo"), os.path.join(SRCDIR, "t", "entra")]

import client  # noqa: E402
import keys  # noqa: E402
import show  # noqa: E402
from backend import Backend  # noqa: E402
from httpd import Httpd, Problem, Workspace, free_port  # noqa: E402
from server import Entra  # noqa: E402

TENANT = "7a1f6f4e-3c55-4c8e-9a53-0a4f6a1d2b01"
APPLICATION = "c3b0a6d2-8d0e-4f6b-9c1e-5e2f7d4a9b02"
ACCOUNTING = "5d2c8a10-44b7-4e0f-8f57-1b9f6a7c3d03"
STAFF = "9e4b7c21-6a3d-4d18-b2c4-2c8e5f0a1b04"
USERS = (
    {"id": "1c6e2f80-0b1d-4a77-9a10-3d5b8e7f6a05", "upn": "ada@example.org", "mail": "ada@example.org",
     "given_name": "Ada", "surname": "Example", "display_name": "Ada Example", "groups": [STAFF, ACCOUNTING]},
    {"id": "2d7f3a91-1c2e-4b88-8b21-4e6c9f801b06", "upn": "bob@example.org", "mail": "bob@example.org",
     "given_name": "Bob", "surname": "Example", "display_name": "Bob Example", "groups": [STAFF]},
)
TARGET = "/app/report?year=2026&q=a%26b+c"
# What a client may try to put into the application's head, in spellings that CGI folds into one.
SMUGGLED = (("X-Remote-User", "mallory@example.org"), ("x_remote_user", "mallory@example.org"),
            ("X-REMOTE.USER", "mallory@example.org"), ("X-Remote-User", "mallory-again@example.org"),
            ("X_Remote-Groups", ACCOUNTING), ("X-Remote-Object-ID", "mallory"))
GUARDED = ("X-Remote-User", "X-Remote-Email", "X-Remote-Name", "X-Remote-Groups", "X-Remote-Object-ID")


def entra_configuration(folder, origin):
    """The tenant and the enterprise application, as an administrator would set them up in the portal."""
    tenant, app = keys.self_signed(folder, "tenant"), keys.self_signed(folder, "entra")
    shutil.copyfile(app[1], os.path.join(folder, "entra.cer"))
    return {"tenants": [{
        "id": TENANT, "name": "Example", "key": tenant[0], "cert": tenant[1], "users": list(USERS),
        "groups": {ACCOUNTING: "Accounting", STAFF: "Staff"},
        "applications": [{
            "id": APPLICATION, "name": "Legacy application", "key": app[0], "cert": app[1],
            "identifiers": [origin + "/saml/metadata"], "reply_urls": [origin + "/saml/acs"]}]}]}


def defines(folder, port, backend, idp):
    """The ${...} names of conf/demo.conf."""
    return {"DEMO_PORT": port, "DEMO_DIR": folder, "DEMO_BACKEND_PORT": backend.port,
            "DEMO_ACCOUNTING": ACCOUNTING, "DEMO_IDP_LOGIN_URL": idp.login_url(TENANT),
            "DEMO_IDP_IDENTIFIER": idp.tenants[TENANT].entity_id()}


class Check:
    """Compares, prints, and remembers what failed."""

    def __init__(self):
        self.failed = []

    def that(self, what, expected, got):
        if expected == got:
            print("   ok: %s" % what)
            return
        text = "%s: expected %r, got %r" % (what, expected, got)
        print("   FAILED: %s" % text)
        self.failed.append(text)


class SignOn:
    """A browser's way through the sign-on, printed as it goes."""

    def __init__(self, site, cafile, backend, check):
        self.site = site
        self.browser = client.Client(cafile)
        self.backend = backend
        self.check = check
        self.hop = 0

    def step(self, what, method, url, fields=None, headers=(), initiator=None):
        self.hop += 1
        print("\n%d. %s\n   %s %s" % (self.hop, what, method, url))
        for name, value in headers:
            print("   > %s: %s" % (name, show.shorten(value)))
        answer = self.browser.request(method, url, fields, headers, initiator)
        if answer.sent_cookies:
            print("   > Cookie: %s" % ", ".join(answer.sent_cookies))
        print("   < %d %s" % (answer.status, answer.reason))
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                print("   < Set-Cookie: %s" % show.cookie(value))
            elif name.lower() in ("location", "cache-control"):
                print("   < %s: %s" % (name, show.shorten(value, 160)))
        if answer.header("set-cookie"):
            self.check.that("browsers take these cookies", [], answer.refused_cookies)
        return answer

    def begin(self, target, headers=()):
        """Open a protected page without a session, up to the provider's page with the users."""
        answer = self.step("A page that needs sign-on is opened, with forged headers" if headers
                           else "A page that needs sign-on is opened", "GET", self.site + target, headers=headers)
        self.check.that("the answer is the sign-on page", 200, answer.status)
        form = answer.form()
        if not form or not form.value("SAMLRequest"):
            raise Problem("no form with SAMLRequest came; the page was:\n" + answer.text()[:2000])
        print("   The page is a form that posts itself to %s\n   RelayState %s, and the AuthnRequest:\n%s" % (
            form.action, form.value("RelayState"), show.pretty(show.saml_post(form.value("SAMLRequest")))))
        return self.step("The AuthnRequest goes to the identity provider", form.method, form.action,
                         form.fields, initiator=self.site)

    def choose(self, page, user):
        """Press the button with the user's name; the form with the response."""
        form = page.form()
        name, value, text = next(b for b in form.buttons if user in b[2])
        print("   The provider asks who it is: %s" % ", ".join(b[2] for b in form.buttons))
        answer = self.step("%s is chosen" % user, "POST", form.action, form.fields + [(name, value)],
                           initiator=client.origin(page.url))
        form = answer.form()
        print("   The page is a form that posts itself to %s\n   RelayState %s, and the Response says:\n%s" % (
            form.action, form.value("RelayState"), show.response(show.saml_post(form.value("SAMLResponse")))))
        return form, client.origin(answer.url)

    def deliver(self, form, initiator, what="The Response comes to the reply URL, cross-site"):
        return self.step(what, "POST", form.action, form.fields, initiator=initiator)

    def follow(self, answer, initiator, what="The browser follows to the page that was asked for", headers=()):
        """The redirect after a POST; the chain counts as started by the provider."""
        return self.step(what, "GET", answer.location(), headers=headers, initiator=initiator)

    def show_seen(self):
        """What the application behind the proxy got last."""
        seen = self.backend.seen[-1]
        print("   The application saw: %s %s" % (seen.method, seen.path))
        for name, value in seen.headers:
            print("      %s: %s" % (name, show.shorten(value)))
        return seen


def check_sign_on(site, cafile, backend, check):
    """Ada opens a deep link and lands on it, known to the application by headers only."""
    run = SignOn(site, cafile, backend, check)
    form, provider = run.choose(run.begin(TARGET, SMUGGLED), "ada@example.org")
    answer = run.deliver(form, provider)
    check.that("the Response is accepted with a redirect", 303, answer.status)
    if answer.status != 303:
        print(show.block(answer.text(), 6))
        return run
    check.that("it leads to the very URL that was opened", site + TARGET, answer.location())
    answer = run.follow(answer, provider, headers=SMUGGLED)
    check.that("the page is served", 200, answer.status)
    seen = run.show_seen()
    check.that("the path and query are untouched", TARGET, seen.path)
    check.that("X-Remote-User is the NameID and nothing else", ["ada@example.org"], seen.all("X-Remote-User"))
    check.that("X-Remote-Email", ["ada@example.org"], seen.all("X-Remote-Email"))
    check.that("X-Remote-Groups has all groups", [STAFF + ";" + ACCOUNTING], seen.all("X-Remote-Groups"))
    check.that("a header that only another place sets is taken out here, too", [], seen.all("X-Remote-Object-ID"))
    check.that("our cookies stay with us", [], seen.all("Cookie"))
    return run


def check_next_page(run, check):
    answer = run.step("Ada goes on to Accounting: a session, and a group that she is in", "GET",
                      run.site + "/app/accounting/")
    check.that("the page is served without another sign-on", 200, answer.status)
    seen = run.show_seen()
    check.that("the claim of this place is sent", [USERS[0]["id"]], seen.all("X-Remote-Object-ID"))


def check_open_page(site, cafile, backend, check):
    run = SignOn(site, cafile, backend, check)
    answer = run.step("An open page is opened with forged headers", "GET", site + "/", headers=SMUGGLED)
    check.that("the page is served to everybody", 200, answer.status)
    seen = run.show_seen()
    check.that("none of the forged headers arrives", [], [v for n in GUARDED for v in seen.all(n)])


def check_other_group(site, cafile, backend, check):
    run = SignOn(site, cafile, backend, check)
    form, provider = run.choose(run.begin("/app/accounting/"), "bob@example.org")
    answer = run.deliver(form, provider)
    check.that("Bob is signed on", 303, answer.status)
    if answer.status == 303:
        count = len(backend.seen)
        answer = run.follow(answer, provider, "Bob is not in the group of this page")
        check.that("the page is refused", 403, answer.status)
        check.that("and the application was not asked", count, len(backend.seen))


def check_forged(site, cafile, backend, check):
    run = SignOn(site, cafile, backend, check)
    form, provider = run.choose(run.begin("/app/"), "bob@example.org")
    forged = show.base64.b64decode(form.value("SAMLResponse")).replace(b"bob@example.org", b"ada@example.org")
    form.fields = [(n, show.base64.b64encode(forged).decode() if n == "SAMLResponse" else v)
                   for n, v in form.fields]
    print("   Now the Response is changed on its way: bob becomes ada.")
    answer = run.deliver(form, provider, "The forged Response comes to the reply URL")
    check.that("it is refused", 403, answer.status)
    check.that("with the status in the page", True, ">signature<" in answer.text())
    check.that("no session is made", [], [c.name for c in run.browser.cookies if "state" not in c.name])


def run_checks(site, cafile, backend, server):
    check = Check()
    print("\n== A sign-on, from a deep link to the page ==")
    run = check_sign_on(site, cafile, backend, check)
    if not check.failed:
        check_next_page(run, check)
        print("\n== Without sign-on ==")
        check_open_page(site, cafile, backend, check)
        print("\n== A user without the group ==")
        check_other_group(site, cafile, backend, check)
        print("\n== A forged response ==")
        check_forged(site, cafile, backend, check)
    refusals = [l for l in server.log(("warn", "error", "crit", "alert", "emerg")) if "saml_sso:" in l]
    if not check.failed:
        check.that("httpd's log holds the one refusal and nothing else", ["signature"],
                   [l.split("[", 99)[-1].split("]")[0] if "refused [" in l else l for l in refusals])
    if check.failed:
        print("\nFAIL: %d of the checks above\n" % len(check.failed) + "\n".join("  " + f for f in check.failed))
        print("httpd's error log:\n" + "\n".join("  " + l for l in server.log()[-30:]))
    else:
        print("\nPASS")
    return not check.failed


def stay(site, folder, done):
    print("\nNow by hand. Open %s/app/report?year=2026 in a browser (its warning is about the demo's own\n"
          "certificate; the authority behind it is %s/ca.crt).\n"
          "Users: %s. There is no password.\nPages: /app for everybody, /app/accounting/ for ada only, "
          "/ without sign-on, /saml/me, /saml/logout.\nhttpd's log: %s/error.log. Ctrl-C ends everything."
          % (site, folder, " and ".join(u["upn"] for u in USERS), folder), flush=True)
    while not done.wait(0.5):
        pass


def run(args, done):
    module = os.environ.get("SSO_MODULE") or os.path.join(args.builddir, "mod_saml_sso.so")
    if not os.path.exists(module):
        raise Problem("%s is missing: run ./setup build" % module)
    with Workspace(args.builddir) as folder, Backend() as backend:
        port = free_port(8443)
        site = "https://localhost:%d" % port
        ca = keys.authority(folder)
        keys.server(folder, "localhost", ca)
        # Plain http on loopback: one certificate warning less for a browser, and truly another site.
        with Entra(entra_configuration(folder, site)) as idp:
            with Httpd(folder, module, os.path.join(SRCDIR, "conf", "demo.conf"),
                       defines(folder, port, backend, idp), [port]) as server:
                print("httpd with mod_saml_sso on %s, the identity provider on %s,\n"
                      "the application behind the proxy on http://127.0.0.1:%d"
                      % (site, idp.origin, backend.port))
                passed = run_checks(site, ca[1], backend, server)
                if passed and not args.once:
                    stay(site, folder, done)
    return 0 if passed else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--builddir", required=True, help="where mod_saml_sso.so was built")
    parser.add_argument("--once", action="store_true", help="stop after the check")
    args = parser.parse_args()
    args.builddir = os.path.abspath(args.builddir)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        args.once = True
    done = threading.Event()

    def ended(number, _frame):
        done.set()
        raise SystemExit(128 + number)      # unwinds through every `with`, so all is stopped and removed

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    try:
        return run(args, done)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    except Problem as problem:
        print("demo: %s" % problem, file=sys.stderr)
        return 2
    except (OSError, http.client.HTTPException) as error:
        print("demo: could not go on: %s: %s" % (type(error).__name__, error), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
