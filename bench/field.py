# SPDX-License-Identifier: Apache-2.0
"""What is measured of every peer of the field with one session, in the same words for all."""

import os
import time

from programs import Failed
from rounds import median_of, paired_ratio, take_turns

CONNECTIONS = 16


class Field:
    """The peers that are there, each with one server; `bench` gives clients, folders and time."""

    def __init__(self, bench, peers):
        self.bench, self.peers = bench, peers
        self.servers = {}
        self.cookies = {}
        self.failed = {}
        self.table = bench.table

    def start(self):
        for key, peer in list(self.peers.items()):
            try:
                self.servers[key] = self.bench.start(peer, key, peer.room)
            except Failed as e:
                if key in ("floor", "ours"):
                    raise
                self.table.miss(peer.title, str(e))
                del self.peers[key]

    def count_failed(self, key, count, said):
        """What the client had to ask for again, of how many, with one session and without."""
        bad, of = self.failed.get(key, (0, 0))
        self.failed[key] = (bad + int(said[2]), of + count)

    def of(self, *tests):
        return {k: p for k, p in self.peers.items() if k in self.servers and all(t(p) for t in tests)}

    def rivals(self):
        """Those that have a session of their own, once each: not the same module in another way."""
        return self.of(lambda p: p.is_saml and p.protected and not p.is_variant)

    def stop(self, servers):
        for server in servers.values():
            self.bench.stop(server)

    def turns(self, title, rounds, contenders, warm=1):
        return take_turns(rounds, contenders, lambda key, why: self.table.miss(f"{title}, {self.peers[key].title}", why), warm)

    def paced(self, seconds, probe, most, run):
        """How many requests take about so many seconds on the clock, from how long `probe` of them take; at least `probe`."""
        began = time.monotonic()
        run(probe)
        return max(probe, min(most, int(probe * seconds / (time.monotonic() - began))))

    # ---- sign-ons -------------------------------------------------------------------------------------------------

    def prepare(self, peer, server, count, name):
        """`count` answers to sign-ons that were begun, to POST from a folder; `name` of the folder."""
        folder = self.bench.dir / "posts" / name
        folder.mkdir(parents=True)
        for file in ("idp.key", "idp.crt"):
            os.symlink(self.bench.dir / file, folder / file)
        self.bench.client("prepare", server.port, count, folder, peer.login, peer.acs, peer.audience(server))
        return folder

    def post(self, key, server, connections, count, folder, first):
        """CPU microseconds and seconds on the clock of a sign-on, by answers that were prepared; keeps the cookie."""
        peer = self.peers[key]
        us, per_s, said = self.bench.cost_of(server, count, "post", server.port, connections, count, peer.acs_status, folder, first,
                                             peer.cookie)
        self.count_failed(key, count, said)
        return us, per_s, " ".join(said[3:])

    def form_post(self, connections, count, server=None):
        """A sign-on of mod_auth_form: the same request each time."""
        peer, server = self.peers["form"], server or self.servers["form"]
        path = self.bench.dir / f"{server.dir.name}.post"
        path.write_text(peer.sign_on_request(server), newline="")
        return self.bench.cost_of(server, count, "get", server.port, connections, count, peer.acs_status, path)

    def how_many(self, key, server, name, seconds, most):
        """Sign-ons that take about so many seconds, by three of them; the last one's session is what requests come with."""
        folder = self.prepare(self.peers[key], server, 3, f"{name}.probe")
        kept = []
        count = self.paced(seconds, 3, most, lambda n: kept.append(self.post(key, server, 1, n, folder, 0)[2]))
        return count, kept[-1]

    def first_sign_ons(self):
        """One session with each, and how many sign-ons make a round."""
        seconds, most = (0.25, 150) if self.bench.quick else (0.6, 600)
        self.round_of = {}
        for key in self.of(lambda p: p.is_saml):
            try:
                self.round_of[key], self.cookies[key] = self.how_many(key, self.servers[key], key, seconds, most)
            except Failed as e:
                self.table.miss(f"sign-ons, {self.peers[key].title}", str(e))
        if "form" in self.servers:
            self.round_of["form"] = self.paced(seconds, 10, most, lambda n: self.form_post(1, n))
            self.form_cookie()

    def logins(self):
        """A complete sign-on at the ACS, begun beforehand; over 1 and over 8 connections."""
        rounds = 3 if self.bench.quick else 7
        for connections in (1, 8):
            words = "1 connection" if connections == 1 else f"{connections} connections"
            title = f"sign-ons on one core, {words}"
            contenders = {}
            for key, count in self.round_of.items():
                if key == "form":
                    contenders[key] = lambda _i, n=count: self.form_post(connections, n)[:2]
                    continue
                try:
                    folder = self.prepare(self.peers[key], self.servers[key], count * (rounds + 1), f"{key}.login{connections}")
                except Failed as e:
                    self.table.miss(f"{title}, {self.peers[key].title}", str(e))
                    continue
                contenders[key] = lambda i, k=key, n=count, f=folder: self.post(k, self.servers[k], connections, n, f, i * n)[:2]
            got = self.turns(title, rounds, contenders)
            if connections == 8:
                self.table.put("login", "sign-on at the ACS, CPU, 8 connections", "µs", {k: median_of(v) for k, v in got.items()})
            self.table.put(f"rate{connections}", title, "a second", {k: median_of(v, 1) for k, v in got.items()}, more=True)

    # ---- requests -------------------------------------------------------------------------------------------------

    def get_file(self, key, path="/page.txt", cookie=None, server=None, name="get"):
        """A request in a file."""
        peer, server = self.peers[key], server or self.servers[key]
        header = peer.header(server) or (f"Cookie: {cookie}\r\n" if cookie else "")
        file = self.bench.dir / f"{name}.{server.dir.name}{path.replace('/', '.').partition('?')[0]}"
        file.write_bytes(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: bench\r\n"
                         f"Accept: text/html\r\n{header}\r\n".encode())
        return file

    def form_cookie(self):
        """The session cookie of mod_auth_form, by a sign-on like any other."""
        peer, server = self.peers["form"], self.servers["form"]
        folder = self.bench.dir / "posts" / "form"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "post.0").write_text(peer.sign_on_request(server), newline="")
        self.cookies["form"] = self.bench.client("post", server.port, 1, 1, peer.acs_status, folder, 0, peer.cookie)[4]

    def gets(self, title, requests, rounds, seconds, most, probe=50):
        """{key: [(CPU, p50, p99) of each round]} of one request each; `requests` {key: (status, file)}."""
        def get(key, count):
            status, file = requests[key]
            server = self.servers[key]
            us, _, said = self.bench.cost_of(server, count, "get", server.port, CONNECTIONS, count, status, file)
            self.count_failed(key, count, said)
            return us, float(said[0]), float(said[1])

        counts = {}
        for key in list(requests):
            try:
                counts[key] = self.paced(seconds, probe, most, lambda n, k=key: get(k, n))
            except Failed as e:
                self.table.miss(f"{title}, {self.peers[key].title}", str(e))
        return self.turns(title, rounds, {k: (lambda _i, k=k: get(k, counts[k])) for k in counts})

    def protected_gets(self):
        rounds, seconds, most = (3, 0.4, 8000) if self.bench.quick else (13, 1.1, 40000)
        title = "protected GET, one session, CPU"
        requests = {k: (200, self.get_file(k, cookie=self.cookies.get(k))) for k, p in self.of(lambda p: p.protected).items()
                    if not p.has_session or k in self.cookies}
        got = self.gets(title, requests, rounds, seconds, most)
        self.table.put("get", title, "µs", {k: median_of(v) for k, v in got.items()},
                       {k: paired_ratio(v, got["floor"]) for k, v in got.items()} if "floor" in got else {})
        for field, name in ((1, "p50"), (2, "p99")):
            self.table.put(name, f"protected GET, {name} over {CONNECTIONS} connections", "µs",
                           {k: median_of(v, field) for k, v in got.items()})

    def redirects(self):
        rounds, seconds, most = (3, 0.25, 1000) if self.bench.quick else (7, 0.5, 4000)
        title = "redirect to the identity provider, CPU"
        requests = {k: (p.redirect_status, self.get_file(k, p.login)) for k, p in self.of(lambda p: p.is_saml).items()}
        got = self.gets(title, requests, rounds, seconds, most, 3)
        self.table.put("redirect", title, "µs", {k: median_of(v) for k, v in got.items()})

    def forged(self):
        """The session's cookie with one octet changed, where a session may but need not be."""
        rounds, seconds, most = (3, 0.25, 4000) if self.bench.quick else (7, 0.5, 10000)
        title = "GET with a forged cookie, CPU"
        requests = {}
        for key in self.of(lambda p: p.has_session and p.protected):
            if key in self.cookies:
                requests[key] = (200, self.get_file(key, "/lazy/page.txt", bent(self.cookies[key]), name="forged"))
        got = self.gets(title, requests, rounds, seconds, most)
        self.table.put("forged", title, "µs", {k: median_of(v) for k, v in got.items()})

    def start_memory(self, room=100000):
        """What a server has touched before anyone signs on, with room for many."""
        title = f"memory at start, room for {room:,}, over one httpd's"
        floor = self.bench.start(self.peers["floor"], "floor-start", room)
        base = floor.memory_bytes()
        self.bench.stop(floor)
        for key, peer in self.rivals().items():
            try:
                server = self.bench.start(peer, f"{key}-start", room)
                self.table.put("start", title, "MB", {key: max(0, server.memory_bytes() - base) / 1e6})
                self.bench.stop(server)
            except Failed as e:
                self.table.miss(f"{title}, {peer.title}", str(e))


def bent(cookie):
    """Another value of the same length, one octet changed in the middle."""
    name, _, value = cookie.partition("=")
    at = len(value) // 2
    return f"{name}={value[:at]}{'1' if value[at] != '1' else '2'}{value[at + 1:]}"
