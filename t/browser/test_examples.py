# SPDX-License-Identifier: Apache-2.0
"""conf/examples in Chromium: each loaded as it stands, and users who sign on through it, or are told why not."""
import json
import os
import unittest

import examples
from examples import ADA, BOB, CAROL, DANA, PRODUCTION, STAGING, SECRET, Person, Site, World, sealed, signature

WORLD = World()
PEOPLE = {}


def setUpModule():
    WORLD.__enter__()
    unittest.addModuleCleanup(WORLD.__exit__)
    for script in (True, False):
        PEOPLE[script] = Person(WORLD, script)
        unittest.addModuleCleanup(PEOPLE[script].__exit__)


class Example(unittest.TestCase):
    """One example; `person` has a browser with JavaScript, `plain` one without."""
    name = None
    site = None

    define = {}
    logins = ()         # where a sign-on of each application with SAMLEntra begins

    @classmethod
    def prepare(cls, site):
        """Files that the example wants beside those of TLS."""

    @classmethod
    def setUpClass(cls):
        if cls.name:
            cls.site = Site(WORLD, cls.name, cls.define, cls.prepare).__enter__()
            cls.addClassCleanup(cls.site.__exit__)
            cls.site.wait_for_identity_provider(cls.logins)

    def setUp(self):
        self.url = "https://" + examples.HOSTS[self.name][0]
        self.person, self.plain = PEOPLE[True], PEOPLE[False]
        WORLD.backend.seen.clear()
        WORLD.backend.replies.clear()
        self.known = len(self.site.log())

    def fresh(self, script=True):
        PEOPLE[script].forget()
        return PEOPLE[script]

    def assert_log(self, *statuses):
        """Nothing from warning up in the log but lines with these statuses, in order; "denied" is httpd's own."""
        lines = self.site.log()[self.known:]
        self.known += len(lines)
        self.assertEqual(len(lines), len(statuses), "\n".join(lines))
        for line, status in zip(lines, statuses):
            self.assertRegex(line, "AH0163[01]:" if status == "denied" else r"\[%s\]" % status)

    def seen(self, path):
        return [s for s in WORLD.backend.seen if s.path == path]

    def refused(self, person, status, name=None, log=None):
        """The page of a refusal, and its line in the log (or what `log` says is there)."""
        person.reads("Reference")
        self.assertIn(status, person.text())
        if name:
            person.picture(name)
        self.assert_log(*(log or [status]))


    def waits(self, person, then):
        """The page of a key that is not known yet goes on by itself in four seconds, perhaps before it has been looked at."""
        person.reads("newest keys", then)
        person.picture("waiting")
        self.assertIn("begun anew when the metadata has been fetched [signature]", "\n".join(self.site.log("info")))


class ImageRelay(Example):
    name = "image-relay"

    @classmethod
    def prepare(cls, site):
        site.write("sso.secret", SECRET + "\n")
        cls.give_certificates(site)

    @classmethod
    def give_certificates(cls, site, *certificates):
        """What the administrator has downloaded, one below the other."""
        text = ""
        for file in certificates or (WORLD.certificate("image-relay"),):
            with open(file, encoding="ascii") as handle:
                text += handle.read()
        site.write("entra.cer", text)

    def hook(self):
        return [json.loads(s.body) for s in self.seen("/hooks/sso")]

    def test_library_after_provisioning(self):
        person = self.fresh()
        person.get(self.url + "/")
        person.reads("Nobody is signed on here")
        person.sign_on(self.url + "/library/42?size=large", DANA)
        person.lands(self.url + "/library/42?size=large")
        person = self.fresh()       # the second time the library knows
        person.sign_on(self.url + "/library/42?size=large", DANA)
        person.lands(self.url + "/library/42?size=large")
        calls = self.seen("/hooks/sso")
        self.assertEqual([s.method for s in calls], ["POST"])
        said = self.hook()[0]
        self.assertEqual((said["user"], said["group"]), (DANA, "SSO Basic"))
        self.assertEqual(calls[0].all("X-SAML-Signature"), [signature(calls[0].body)])
        paths = [s.path for s in WORLD.backend.seen]
        self.assertLess(paths.index("/hooks/sso"), paths.index("/library/42?size=large"))
        self.assertEqual(self.seen("/library/42?size=large")[0].all("X-Remote-User"), [DANA])
        person.get(self.url + "/")
        person.reads("Signed on as " + DANA)
        status, metadata = person.fetch("/sso/metadata")
        self.assertEqual(status, 200)
        self.assertIn('entityID="%s/sso/metadata"' % self.url, metadata)
        person.get(self.url + "/hooks/sso")
        self.assertEqual(person.status(), 403)
        self.assert_log("denied")
        person.get(self.url + "/sso/me")
        person.reads(DANA)
        person.picture("me")

    def test_button_if_nothing_happens(self):
        person = self.fresh()
        WORLD.entra.faults.add("saml2", {"status": 204, "body": "", "times": 1})    # the page stays where it is
        self.addCleanup(WORLD.entra.faults.clear)
        person.get(self.url + "/library/")
        person.reads("Continue to sign in")
        person.picture("sign-on")
        person.press("Continue to sign in")
        person.choose(ADA)
        person.lands(self.url + "/library/")
        self.assert_log()

    def test_library_says_no(self):
        person = self.fresh()
        WORLD.backend.replies["/hooks/sso"] = lambda seen: (403, "text/plain", b"No seat is left for <Bob>.")
        person.sign_on(self.url + "/library/", BOB)
        person.reads("No seat is left for <Bob>.")
        self.refused(person, "provisioning", "provisioning")
        WORLD.backend.replies["/hooks/sso"] = lambda seen: (500, "text/plain", b"out of order")
        person.press("Sign in again")
        self.refused(person, "provisioning", "provisioning-later")
        WORLD.backend.replies.clear()
        person.sign_on(self.url + "/library/")
        person.lands(self.url + "/library/")
        self.assert_log()

    def test_identity_provider_says_no(self):
        app = WORLD.application(self.name)
        self.addCleanup(setattr, app, "assigned", app.assigned)
        self.addCleanup(setattr, app, "posted_errors", app.posted_errors)
        app.posted_errors = [50105]
        for script in (True, False):
            person, app.assigned = self.fresh(script), None
            person.sign_on(self.url + "/library/", ADA)
            person.lands(self.url + "/library/")
            person.driver.delete_all_cookies()      # of this site: the identity provider still knows the user
            app.assigned = []
            person.sign_on(self.url + "/library/")
            person.reads("AADSTS50105: ")
            self.refused(person, "status", "status")
            self.assertIn("RequestDenied", self.site.log()[-1])

    def test_second_certificate_by_graceful(self):
        person, second = self.fresh(), self.fresh(script=False)
        first = WORLD.certificate(self.name)
        following = WORLD.ring(self.name).add()
        person.sign_on(self.url + "/library/", ADA)
        person.lands(self.url + "/library/")

        WORLD.ring(self.name).activate(following.name)      # before the file was changed
        second.sign_on(self.url + "/library/", BOB)
        self.refused(second, "signature", "signature")
        self.give_certificates(self.site, first, following.cert)
        self.site.httpd.graceful()
        second.sign_on(self.url + "/library/")
        second.lands(self.url + "/library/")

        self.give_certificates(self.site, following.cert)
        self.site.httpd.graceful()
        for who, upn in ((person, ADA), (second, BOB)):     # both sessions are kept
            who.get(self.url + "/library/kept")
            who.lands(self.url + "/library/kept")
            self.assertIn(upn, who.text())
        person = self.fresh()
        person.sign_on(self.url + "/library/", BOB)
        person.lands(self.url + "/library/")
        self.assert_log()

    def test_tile_is_refused(self):
        for script in (True, False):
            person = self.fresh(script)
            person.tile(self.name, ADA)
            self.refused(person, "unsolicited", "unsolicited")
            person.get(self.url + "/")
            person.reads("Nobody is signed on here")

    def test_without_script_in_and_out(self):
        person = self.fresh(script=False)
        person.get(self.url + "/library/")
        person.reads("Continue to sign in")
        person.picture("sign-on")
        person.press("Continue to sign in")
        person.choose(ADA)
        person.lands(self.url + "/library/")
        person.get(self.url + "/sso/logout")
        person.reads("So has your session at your organisation")
        person.picture("signed-out")
        person.get(self.url + "/library/")
        person.press("Continue to sign in")
        person.reads("Choose who you are")      # the session there has ended, too
        self.assert_log()

    def test_logout(self):
        person = self.fresh()
        person.sign_on(self.url + "/library/", ADA)
        person.lands(self.url + "/library/")
        person.get(self.url + "/sso/logout")
        person.reads("So has your session at your organisation")
        person.picture("signed-out")
        person.get(self.url + "/")
        person.reads("Nobody is signed on here")
        person.get(self.url + "/library/")
        person.reads("Choose who you are")
        self.assert_log()


class Sequr(Example):
    name = "sequr"

    @classmethod
    def prepare(cls, site):
        """The certificate as text that somebody has pasted: no BEGIN and END, lines broken by a mail program."""
        site.write("sso.secret", SECRET + "\n")
        with open(WORLD.certificate("sequr"), encoding="ascii") as handle:
            text = "".join(line.strip() for line in handle if not line.startswith("-"))
        site.write("entra.cer", "".join(text[i:i + 50] + "\r\n" for i in range(0, len(text), 50)))

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, WORLD.application(self.name), "relay_state", None)
        self.secret = os.path.join(self.site.files, "sso.secret")

    def tile(self, person, relay_state, user=ADA):
        WORLD.application(self.name).relay_state = relay_state
        person.tile(self.name, user)

    def sealed(self, target):
        return sealed(self.secret, self.url, target)

    def test_begun_here(self):
        person = self.fresh()
        person.sign_on(self.url + "/console/door/7?open=no", ADA)
        person.lands(self.url + "/console/door/7?open=no")
        self.assertEqual(self.seen("/console/door/7?open=no")[0].all("X-Remote-User"), [ADA])
        self.assert_log()

    def test_tile_lands_where_relay_state_says(self):
        for relay_state, path in ((None, "/"), ("overview", "/console/overview"),
                                  (self.sealed("/console/door/9?tab=log"), "/console/door/9?tab=log")):
            with self.subTest(path=path):
                person = self.fresh()
                self.tile(person, relay_state)
                person.lands(self.url + path)
                self.assertEqual(self.seen(path)[-1].all("X-Remote-User"), [ADA])
        self.assert_log()

    def test_tile_without_script(self):
        person = self.fresh(script=False)
        self.tile(person, self.sealed("/console/door/9"))
        person.lands(self.url + "/console/door/9")
        self.assert_log()

    def test_tile_leads_to_no_other_place(self):
        other = os.path.join(self.site.root, "other.secret")
        with open(other, "w", encoding="ascii") as handle:
            handle.write(bytes(range(64, 96)).hex() + "\n")
        good = self.sealed("/console/door/9")
        changed = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
        for relay_state in ("https://evil.example/", "//evil.example/", sealed(other, self.url, "/console/door/9"), changed):
            with self.subTest(relay_state=relay_state):
                person = self.fresh()
                self.tile(person, relay_state)
                self.refused(person, "relay-state", "relay-state")
                person.get(self.url + "/")
                person.reads("Nobody is signed on here")


class LogzIo(Example):
    name = "logz-io"
    logins = ("/saml/login", "/saml/audit/login")

    def opens(self, person, account, words):
        person.get(self.url + "/account/" + account)
        person.reads(words)

    def test_accounts_by_group(self):
        person = self.fresh()
        person.sign_on(self.url + "/account/production", ADA)
        person.lands(self.url + "/account/production")
        self.assertEqual(self.seen("/account/production")[0].all("X-Remote-Groups"), [PRODUCTION])
        self.opens(person, "staging", ADA)
        person = self.fresh()
        person.sign_on(self.url + "/account/staging", BOB)
        person.lands(self.url + "/account/staging")
        self.assertEqual(self.seen("/account/staging")[-1].all("X-Remote-Groups"), [STAGING])
        self.opens(person, "production", "You do not have access")
        self.assertEqual(person.status(), 403)
        person.picture("wrong-group")
        self.opens(person, "", BOB)
        self.assert_log("denied")

    def test_audit_is_an_application_of_its_own(self):
        person = self.fresh()
        person.sign_on(self.url + "/account/production", ADA)
        person.lands(self.url + "/account/production")
        person.get(self.url + "/account/audit")     # a sign-on of its own, which the identity provider's session answers
        person.lands(self.url + "/account/audit")
        cookies = {c["name"] for c in person.driver.get_cookies() if "-state-" not in c["name"]}
        self.assertEqual(cookies, {"__Host-saml", "__Host-saml-audit"})
        person = self.fresh()
        person.sign_on(self.url + "/account/audit", BOB)
        person.reads("AADSTS50105")
        self.assert_log()

    def test_four_hundred_groups(self):
        person = self.fresh()
        person.sign_on(self.url + "/", CAROL)
        person.lands(self.url + "/")
        self.assertEqual(self.seen("/")[-1].all("X-Remote-Groups"), [])
        person.get(self.url + "/account/production")
        self.refused(person, "overage", "overage", ("overage", "denied", "overage"))
        self.assertEqual(person.status(), 403)

    def test_four_hundred_groups_without_script(self):
        person = self.fresh(script=False)
        person.sign_on(self.url + "/account/staging", CAROL)
        self.refused(person, "overage", "overage", ("overage", "denied", "overage"))
        self.assertEqual(self.seen("/account/staging"), [])

    def test_tile_is_refused(self):
        person = self.fresh()
        person.tile(self.name, ADA)
        self.refused(person, "unsolicited")


class LogzIoWithGraph(Example):
    """The same file with LOGZ_IO_GRAPH_SECRET."""
    name = "logz-io"
    define = {"LOGZ_IO_GRAPH_SECRET": "saml/logz-io/graph.secret"}
    logins = LogzIo.logins

    @classmethod
    def prepare(cls, site):
        site.write("graph.secret", examples.GRAPH_SECRET + "\n")

    def test_four_hundred_groups_are_resolved(self):
        person = self.fresh()
        person.sign_on(self.url + "/account/production", CAROL)
        person.lands(self.url + "/account/production")
        self.assertEqual(self.seen("/account/production")[0].all("X-Remote-User"), [CAROL])
        self.assertEqual(self.seen("/account/production")[0].all("X-Remote-Groups"), [])    # too long for any backend
        self.assert_log("too-large")

    def test_graph_fails(self):
        WORLD.entra.faults.add("graph", {"status": 403, "code": "Authorization_RequestDenied"})
        self.addCleanup(WORLD.entra.faults.clear)
        person = self.fresh()
        person.sign_on(self.url + "/account/production", CAROL)
        self.refused(person, "overage", "overage-graph")    # before a session began
        self.assertEqual(self.seen("/account/production"), [])


class Impero(Example):
    name = "impero"
    logins = ("/saml/login",)

    def test_two_ids_are_enough(self):
        self.assertEqual(sorted(os.listdir(self.site.files)), ["tls.crt", "tls.key"])
        for script in (True, False):
            person = self.fresh(script)
            person.sign_on(self.url + "/controls?year=2026", ADA)
            person.lands(self.url + "/controls?year=2026")
            self.assertEqual(self.seen("/controls?year=2026")[-1].all("X-Remote-User"), [ADA])
        self.assert_log()

    def test_scripts_are_told_where_to_sign_on(self):
        person = self.fresh()
        person.sign_on(self.url + "/", ADA)
        person.lands(self.url + "/")
        person.driver.delete_all_cookies()      # as if the session had ended while the page was open
        status, text = person.fetch("/api/controls")
        self.assertEqual(status, 401)
        self.assertTrue(json.loads(text)["login_url"].startswith(self.url + "/saml/login"), text)
        self.assertEqual(self.seen("/api/controls"), [])

    def test_new_key_without_warning(self):
        person = self.fresh()
        person.sign_on(self.url + "/controls", ADA)
        person.lands(self.url + "/controls")
        WORLD.ring(self.name).add(active=True)
        person = self.fresh()
        person.sign_on(self.url + "/controls", BOB)
        self.waits(person, "Signed on as " + BOB)
        person.lands(self.url + "/controls")        # by itself
        self.assert_log()

    def again(self):
        """The site of the other stories, which had to give way."""
        WORLD.proxy.down = False
        self.site.__enter__()
        self.site.wait_for_identity_provider(self.logins)

    def test_no_network_at_first(self):
        self.site.__exit__()
        self.addCleanup(self.again)
        WORLD.proxy.down = True
        with Site(WORLD, self.name) as site:
            for script in (True, False):
                person = self.fresh(script)
                person.get(self.url + "/controls")
                person.reads("Reference")
                self.assertIn("metadata", person.text())
                person.picture("metadata")
            WORLD.proxy.down = False
            person = self.fresh()
            person.wait("the sign-on", lambda d: d.get(self.url + "/controls") or "Choose who you are" in d.page_source)
            person.choose(ADA)
            person.lands(self.url + "/controls")
        WORLD.proxy.down = True
        with site:      # no network again, but a copy of what was fetched
            person = self.fresh()
            person.sign_on(self.url + "/controls", BOB)
            person.lands(self.url + "/controls")


class GenesysCloud(Example):
    name = "genesys-cloud"
    logins = ("/saml/login",)

    @classmethod
    def prepare(cls, site):
        site.write("users.txt", "agents: ada@example.org eve@example.org\n")

    def without(self, claim):
        app = WORLD.application(self.name)
        self.addCleanup(setattr, app, "claims", app.claims)
        app.claims = [c for c in app.claims if c.name != claim]

    def test_five_regions(self):
        person = self.fresh()
        for n, host in enumerate(examples.HOSTS[self.name]):
            person.sign_on("https://%s/queue/%d" % (host, n), None if n else ADA)
            person.lands("https://%s/queue/%d" % (host, n))
            self.assertEqual(self.seen("/queue/%d" % n)[0].all("X-Remote-User"), [ADA])
            self.assertEqual(self.seen("/queue/%d" % n)[0].all("X-Organization"), ["ExampleOrg"])
        self.assert_log()

    def test_without_script(self):
        person = self.fresh(script=False)
        person.sign_on("https://jp.calls.example.org/queue", "Eve@Example.ORG")
        person.lands("https://jp.calls.example.org/queue")
        self.assertEqual(self.seen("/queue")[0].all("X-Remote-User"), ["eve@example.org"])      # as on the list
        self.assert_log()

    def test_new_certificate_without_script(self):
        person = self.fresh(script=False)
        WORLD.ring(self.name).add(active=True)
        person.sign_on("https://de.calls.example.org/queue", ADA)
        self.waits(person, "Continue to sign in")
        person.press("Continue to sign in")         # of the page that comes by itself
        person.submit_answer()
        person.lands("https://de.calls.example.org/queue")
        self.assert_log()

    def test_tile_ends_in_the_default_region(self):
        person = self.fresh()
        person.tile(self.name, ADA)
        person.lands("https://us.calls.example.org/")
        self.assertEqual(self.seen("/")[-1].all("X-Remote-User"), [ADA])
        self.assert_log()

    def test_logout_in_another_region(self):
        person = self.fresh()
        person.sign_on("https://eu.calls.example.org/queue", ADA)
        person.lands("https://eu.calls.example.org/queue")
        person.get("https://eu.calls.example.org/saml/logout")      # there is one Logout URL, of the first region
        person.reads("You are signed out")
        self.assertEqual(person.driver.current_url.split("?")[0], "https://us.calls.example.org/saml/logout")
        person.get("https://eu.calls.example.org/queue")
        person.reads("Choose who you are")
        self.assert_log()

    def test_user_who_does_not_exist_here(self):
        person = self.fresh()
        person.sign_on(self.url + "/queue", BOB)
        person.reads("You do not have access")
        self.assertEqual(person.status(), 403)
        self.assertEqual(self.seen("/queue"), [])
        self.site.write("users.txt", "agents: ada@example.org eve@example.org\nagents: bob@example.org\n")
        person.get(self.url + "/queue")
        person.lands(self.url + "/queue")
        self.site.write("users.txt", "agents: ada@example.org eve@example.org\n")
        person.get(self.url + "/queue")
        person.reads("You do not have access")

    def test_organization_is_missing(self):
        self.without("OrganizationName")
        person = self.fresh()
        person.sign_on(self.url + "/queue", ADA)
        person.reads("You do not have access")
        self.assertEqual(self.seen("/queue"), [])

    def test_email_is_missing(self):
        self.without("Email")
        person = self.fresh()
        person.sign_on(self.url + "/queue", ADA)
        self.refused(person, "claim", "claim")
        self.assertEqual(self.seen("/queue"), [])


if __name__ == "__main__":
    unittest.main()
