# SPDX-License-Identifier: Apache-2.0
"""As much of a browser as a sign-on needs: cookies with their rules, forms, one request at a time.

A step that another origin started is treated as cross-site even where only the port differs, so that
a cookie which lacks SameSite=None is missed here as it would be in a real browser.
"""
import html.parser
import http.client
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import List, Optional, Tuple


@dataclass
class Cookie:
    name: str
    value: str
    host: str
    path: str = "/"
    secure: bool = False
    http_only: bool = False
    same_site: str = "Lax"
    raw: str = ""


@dataclass
class Form:
    action: str
    method: str
    fields: List[Tuple[str, str]]
    buttons: List[Tuple[str, str, str]]     # name, value, text

    def value(self, name):
        return next((v for n, v in self.fields if n == name), None)


@dataclass
class Answer:
    method: str
    url: str
    status: int
    reason: str
    headers: List[Tuple[str, str]]
    body: bytes
    sent_cookies: List[str]
    refused_cookies: List[str]

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def location(self):
        """Where a redirect leads, as a whole URL."""
        return urllib.parse.urljoin(self.url, self.header("location") or "")

    def text(self):
        return self.body.decode("utf-8", "replace")

    def form(self):
        """The first form of the page, or None."""
        parser = _Forms()
        parser.feed(self.text())
        if not parser.forms:
            return None
        form = parser.forms[0]
        form.action = urllib.parse.urljoin(self.url, form.action)
        return form


class _Forms(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self._button = None

    def handle_starttag(self, tag, attrs):
        attrs = {n: v or "" for n, v in attrs}
        if tag == "form":
            self.forms.append(Form(attrs.get("action", ""), attrs.get("method", "get").upper(), [], []))
        elif tag == "input" and self.forms and attrs.get("type", "text") != "submit":
            self.forms[-1].fields.append((attrs.get("name", ""), attrs.get("value", "")))
        elif tag == "button" and self.forms:
            self._button = [attrs.get("name", ""), attrs.get("value", ""), ""]

    def handle_data(self, data):
        if self._button:
            self._button[2] += data + " "

    def handle_endtag(self, tag):
        if tag == "button" and self._button:
            self.forms[-1].buttons.append(tuple(s.strip() for s in self._button))
            self._button = None


def origin(url):
    parts = urllib.parse.urlsplit(url)
    return "%s://%s" % (parts.scheme, parts.netloc)


class Client:
    """Cookies of one browser. `cafile`: the authority whose certificates are accepted."""

    def __init__(self, cafile):
        self.context = ssl.create_default_context(cafile=cafile)
        self.cookies = []

    def request(self, method, url, fields=None, headers=(), initiator=None):
        """One request, no redirect followed. `initiator`: the origin of the page that caused it."""
        parts = urllib.parse.urlsplit(url)
        body = urllib.parse.urlencode(fields).encode("ascii") if fields is not None else None
        sent = self._cookies_for(parts, method, initiator)
        connection = self._connect(parts)
        try:
            connection.putrequest(method, (parts.path or "/") + ("?" + parts.query if parts.query else ""),
                                  skip_accept_encoding=True)
            connection.putheader("Accept", "text/html,application/xhtml+xml")
            for name, value in headers:
                connection.putheader(name, value)
            if sent:
                connection.putheader("Cookie", "; ".join("%s=%s" % (c.name, c.value) for c in sent))
            if initiator and method == "POST":
                connection.putheader("Origin", initiator)
            if body is not None:
                connection.putheader("Content-Type", "application/x-www-form-urlencoded")
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        refused = [p for p in (self._keep(parts, v) for n, v in response.getheaders()
                               if n.lower() == "set-cookie") if p]
        return Answer(method, url, response.status, response.reason, response.getheaders(), content,
                      [c.name for c in sent], refused)

    def _connect(self, parts):
        # As browsers do (RFC 6761 6.3): localhost is the loopback, whether or not /etc/hosts knows it.
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        address = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(parts.hostname, port)
        sock = socket.create_connection((address, port), timeout=20)
        try:
            connection.sock = self.context.wrap_socket(sock, server_hostname=parts.hostname) if secure else sock
        except OSError:
            sock.close()
            raise
        return connection

    def _cookies_for(self, parts, method, initiator):
        cross_site = initiator is not None and initiator != "%s://%s" % (parts.scheme, parts.netloc)
        out = []
        for cookie in self.cookies:
            under = parts.path == cookie.path or parts.path.startswith(cookie.path.rstrip("/") + "/")
            if cookie.host != parts.hostname or not under or (cookie.secure and parts.scheme != "https"):
                continue
            if cross_site and cookie.same_site == "Strict":
                continue
            if cross_site and cookie.same_site == "Lax" and method not in ("GET", "HEAD"):
                continue
            out.append(cookie)
        return out

    def _keep(self, parts, raw) -> Optional[str]:
        """Take a Set-Cookie as browsers do; the reason where it is refused (RFC 6265bis 5.6)."""
        pair, _, rest = raw.partition(";")
        name, _, value = pair.strip().partition("=")
        attributes = {k.strip().lower(): v.strip() for k, _, v in (a.partition("=") for a in rest.split(";"))}
        cookie = Cookie(name, value, parts.hostname, attributes.get("path") or "/", "secure" in attributes,
                        "httponly" in attributes, attributes.get("samesite", "Lax").capitalize(), raw)
        if cookie.secure and parts.scheme != "https":
            return "%s: Secure, and came over http" % name
        if cookie.same_site == "None" and not cookie.secure:
            return "%s: SameSite=None without Secure" % name
        if name.startswith("__Host-") and not (cookie.secure and cookie.path == "/"
                                               and "domain" not in attributes):
            return "%s: __Host- needs Secure, Path=/ and no Domain" % name
        self.cookies = [c for c in self.cookies if (c.name, c.host, c.path) != (name, cookie.host, cookie.path)]
        if attributes.get("max-age", "1").startswith(("0", "-")) or "1970" in attributes.get("expires", ""):
            return None
        self.cookies.append(cookie)
        return None
