# SPDX-License-Identifier: Apache-2.0
"""A legacy application: it knows nothing about sign-on and believes the headers it gets.

    with Backend() as backend:
        backend.port, backend.seen      # every request: Seen(method, path, headers, body)
        backend.replies["/hook"] = lambda seen: (403, "text/plain", b"no")      # in place of the page
"""
import html
import http.server
import threading
from typing import List, NamedTuple, Tuple

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;
vertical-align:top;overflow-wrap:anywhere}tr.sso{background:#e8f3e8}nav a{margin-right:1rem}"""

LINKS = (("/app/report?year=2026", "Report"), ("/app/accounting/", "Accounting (one group only)"),
         ("/", "Open page"), ("/saml/me", "Who am I"), ("/saml/logout", "Sign out"))


class Seen(NamedTuple):
    method: str
    path: str
    headers: List[Tuple[str, str]]
    body: bytes

    def all(self, name):
        """Every value of a header, under any spelling that CGI folds together."""
        def fold(text):
            return "".join(c if c.isalnum() else "_" for c in text.lower())
        return [v for n, v in self.headers if fold(n) == fold(name)]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    owner = None

    def log_message(self, format, *args):
        pass

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, 1 << 24))
        # Octets as they came: http.server reads header values as Latin-1.
        headers = [(n, v.encode("latin-1").decode("utf-8", "replace")) for n, v in self.headers.items()]
        seen = Seen(self.command, self.path, headers, body)
        self.owner.seen.append(seen)
        status, kind, page = 200, "text/html; charset=utf-8", None
        if seen.path in self.owner.replies:
            status, kind, page = self.owner.replies[seen.path](seen)
        page = render(seen) if page is None else page
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    do_GET = do_POST = do_HEAD = do_PUT = _serve


def from_sso(name):
    return name.lower().startswith("x-remote")


def render(seen):
    """The page: who the application believes it talks to, and every header it got."""
    user = (seen.all("X-Remote-User") or [None])[0]
    rows = "".join("<tr%s><td>%s</td><td>%s</td></tr>" % (
        ' class="sso"' if from_sso(n) else "", html.escape(n), html.escape(v))
        for n, v in sorted(seen.headers, key=lambda pair: not from_sso(pair[0])))
    links = "".join('<a href="%s">%s</a>' % (html.escape(u), t) for u, t in LINKS)
    greeting = "Signed on as <b id=\"user\">%s</b>" % html.escape(user) if user \
        else "Nobody is signed on here"
    return ('<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Legacy application</title>'
            '<style>%s</style></head><body><h1>Legacy application</h1><nav>%s</nav><p>%s.</p>'
            '<form method="post" action="/app/save"><label>A note: <input name="note"></label> '
            '<input type="hidden" name="submit" value="1"><button>Save</button></form>'
            "<p>Request: <code id=\"request\">%s %s</code></p><table id=\"headers\"><tr><th>Header</th>"
            "<th>Value</th></tr>%s</table></body></html>"
            % (STYLE, links, greeting, html.escape(seen.method), html.escape(seen.path), rows)).encode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Connections that end while a page is written are no matter."""


class Backend:
    def __init__(self, host="127.0.0.1"):
        self.seen = []
        self.replies = {}
        self.httpd = _Server((host, 0), type("Handler", (_Handler,), {"owner": self}))
        self.port = self.httpd.server_address[1]
        self._thread = threading.Thread(target=self.httpd.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.httpd.shutdown()
        self.httpd.server_close()
        self._thread.join(5)
