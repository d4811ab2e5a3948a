# SPDX-License-Identifier: Apache-2.0
"""Commands to a running stand-in: one JSON object in, one out.

    {"do": "list"}                                  tenants, applications and their certificates, rules, settings
    {"do": "certificate", "step": "add|activate|remove|expire", "tenant": ID, "app": ID, "name": NAME, "days": N, "active": bool}
    {"do": "fault", "at": ENDPOINT, ...}            see faults.py; {"do": "clear", "at": ENDPOINT} or without "at" ends it
    {"do": "counters"}, {"do": "requests", "at": ENDPOINT}, {"do": "reset"}     what was asked so far
    {"do": "set", "app": ID, "values": {...}}       fields of an application, {"user": ID} of a user, neither: of the tenant
    {"do": "settings", "values": {...}}             conditional, next_link_host, page_size, token_s, proxy_down
    {"do": "substitute", "values": {"@PORT@": "8443"}}  in the addresses of all applications
    {"do": "sign_out_all"}                          sessions at the stand-in end without a word to anybody
    {"do": "forget_tokens"}                         access tokens are no longer valid

"tenant" may be left out where there is one. A certificate without "app" is the tenant's. Answers carry "ok": true, or "error".
"""
import dataclasses

import claims
import tenant as directory

FIXED = {"id", "key", "cert", "own_certificate", "more_certs", "users", "applications", "groups"}


class Control:
    def __init__(self, idp, proxy=None):
        self.idp, self.proxy = idp, proxy

    def run(self, command):
        """The answer to one command; never raises for what a command says."""
        try:
            command = dict(command)
            name = command.pop("do")
            return dict({"ok": True}, **(getattr(self, "_do_" + name)(**command) or {}))
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            return {"error": "%s: %s" % (type(error).__name__, error)}

    def _tenant(self, name=None):
        if name is None and len(self.idp.tenants) == 1:
            return next(iter(self.idp.tenants.values()))
        return self.idp.tenants[name]

    def _app(self, tenant, app_id):
        app = tenant.application(app_id)
        if app is None:
            raise ValueError("app: expected one of %s, got %r" % ([a.id for a in tenant.applications], app_id))
        return app

    def _do_list(self):
        return {"tenants": {t.id: {
            "certificates": [c.shown() for c in t.ring.certificates],
            "users": [u.id for u in t.users],
            "applications": {a.id: {"identifiers": a.identifiers, "reply_urls": a.reply_urls,
                                    "certificates": [c.shown() for c in t.ring_of(a).certificates]} for a in t.applications}}
            for t in self.idp.tenants.values()}, "rules": self.idp.faults.rules(), "settings": self.idp.settings,
            "sessions": len(self.idp.sessions)}

    def _do_certificate(self, step, tenant=None, app=None, name=None, days=1095, active=False):
        found = self._tenant(tenant)
        chosen = self._app(found, app) if app else None
        if chosen is not None and not chosen.own_certificate:
            raise ValueError("application %s is signed with the tenant's keys" % app)
        ring = found.ring_of(chosen)
        if step == "add":
            return ring.add(days=days, active=active).shown()
        if step not in ("activate", "remove", "expire"):
            raise ValueError("step: expected add, activate, remove or expire, got %r" % step)
        return getattr(ring, step)(name).shown()

    def _do_fault(self, at, **rule):
        self.idp.faults.add(at, rule)

    def _do_clear(self, at=None):
        self.idp.faults.clear(at)

    def _do_counters(self):
        proxy = {"proxy": dict(self.proxy.counts), "proxy_last_refused": self.proxy.last_refused} if self.proxy else {}
        return dict({"counters": self.idp.faults.counters()}, **proxy)

    def _do_requests(self, at=None):
        return {"requests": self.idp.faults.seen(at)}

    def _do_reset(self):
        self.idp.faults.reset()

    def _do_set(self, values, tenant=None, app=None, user=None):
        found = self._tenant(tenant)
        target = self._app(found, app) if app else found.user(user) if user else found
        if target is None:
            raise ValueError("user: nobody is called %r" % user)
        known = {f.name for f in dataclasses.fields(target)} - FIXED
        if set(values) - known:
            raise ValueError("unknown %s; known are %s" % (sorted(set(values) - known), sorted(known)))
        before = {n: getattr(target, n) for n in values}
        if app and "claims" in values:
            values = dict(values, claims=directory.claims_from(values["claims"], "claims"))
        try:
            for name, value in values.items():
                setattr(target, name, value)
            if app:
                directory.check_application(target, "application " + app)
                claims.check(target, directory.User("", "", ""))
        except ValueError:
            for name, value in before.items():
                setattr(target, name, value)
            raise

    def _do_settings(self, values):
        values = dict(values)
        if "proxy_down" in values:
            if self.proxy is None:
                raise ValueError("proxy_down: there is no proxy")
            self.proxy.down = bool(values.pop("proxy_down"))
        unknown = set(values) - set(self.idp.settings)
        if unknown:
            raise ValueError("unknown %s; known are %s" % (sorted(unknown), sorted(self.idp.settings)))
        self.idp.settings.update(values)

    def _do_substitute(self, values):
        def filled(text):
            for name, value in values.items():
                text = text.replace(name, str(value))
            return text
        for tenant in self.idp.tenants.values():
            for app in tenant.applications:
                app.identifiers = [filled(t) for t in app.identifiers]
                app.reply_urls = [filled(t) for t in app.reply_urls]
                app.logout_url = app.logout_url and filled(app.logout_url)
                app.relay_state = app.relay_state and filled(app.relay_state)

    def _do_sign_out_all(self):
        self.idp.sessions.clear()

    def _do_forget_tokens(self):
        self.idp.tokens.clear()
