# SPDX-License-Identifier: Apache-2.0
"""Failures on command, and what was asked: one rule for each endpoint.

A rule is a dict; every field is optional, and "times" says for how many requests it holds (none: until it is cleared).

    status, body, headers   answer this in place of the endpoint (body: text)
    retry_after             seconds in Retry-After
    redirect                a URL, answered as 302
    delay                   seconds to wait before the answer, whatever it is
    hang                    say nothing for that many seconds, then close
    close                   close at once
    huge                    so many octets of white space after a beginning of the true answer
    cut                     send only so many octets of the true answer under its whole Content-Length
    garbage                 true: the true answer's first half, then rubbish, in its own Content-Length
    code, message           an error in the endpoint's own form (Graph's JSON, the token endpoint's, AADSTS page)
"""
import collections
import threading

ENDPOINTS = ("metadata", "saml2", "login", "signin", "signout", "token", "graph", "other")
FIELDS = {"status", "body", "headers", "retry_after", "redirect", "delay", "hang", "close", "huge", "cut", "garbage", "code",
          "message", "times"}
MOST_KEPT = 200


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._rules = collections.defaultdict(list)
        self._counts = collections.Counter()
        self._seen = collections.deque(maxlen=MOST_KEPT)

    def add(self, endpoint, rule):
        """Rules of one endpoint hold one after the other."""
        unknown = sorted(set(rule) - FIELDS)
        if endpoint not in ENDPOINTS:
            raise ValueError("at: expected %s, got %r" % (", ".join(ENDPOINTS), endpoint))
        if unknown:
            raise ValueError("unknown %s; known are %s" % (", ".join(unknown), ", ".join(sorted(FIELDS))))
        if not isinstance(rule.get("times"), (int, type(None))) or rule.get("times", 1) == 0:
            raise ValueError("times: expected a count of 1 or more, got %r" % rule.get("times"))
        with self._lock:
            self._rules[endpoint].append(dict(rule))

    def clear(self, endpoint=None):
        with self._lock:
            if endpoint is None:
                self._rules.clear()
            else:
                self._rules.pop(endpoint, None)

    def take(self, endpoint, request):
        """Count a request and say which rule it falls under, or None."""
        with self._lock:
            self._counts[endpoint] += 1
            self._seen.append(dict(request, at=endpoint))
            rules = self._rules[endpoint]
            if not rules:
                return None
            rule, left = dict(rules[0]), rules[0]
            if left.get("times") is not None:
                left["times"] -= 1
                if left["times"] == 0:
                    rules.pop(0)
            return rule

    def answered(self, endpoint, status):
        with self._lock:
            self._counts["%s %d" % (endpoint, status)] += 1

    def counters(self):
        with self._lock:
            return dict(self._counts)

    def reset(self):
        with self._lock:
            self._counts.clear()
            self._seen.clear()

    def seen(self, endpoint=None):
        with self._lock:
            return [r for r in self._seen if endpoint in (None, r["at"])]

    def rules(self):
        with self._lock:
            return {endpoint: list(rules) for endpoint, rules in self._rules.items() if rules}
