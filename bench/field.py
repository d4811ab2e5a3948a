# SPDX-License-Identifier: Apache-2.0
"""What is measured of every peer of the field, in the same words for all."""

import os
import time

from programs import Failed
from rounds import median_of, paired_ratio, take_turns

CONNECTIONS = 16
MANY_WARM = 2
UNKNOWN = {"mellon-cookie": "0123456789abcdef0123456789abcdef", "saml": "A" * 43}


class Field:
    """The peers that are there, each with one server; `bench` gives clients, folders and sizes."""

    def __init__(self, bench, peers):
        self.bench, self.peers = bench, peers
        self.servers = {}
        self.cookies = {}
        self.failed = {k: [0, 0] for k in peers}
        self.table = bench.table

    def start(self):
        for key, peer in self.peers.items():
            self.servers[key] = self.bench.start(peer, key, peer.room)
            self.servers[key].first_memory = self.servers[key].memory_bytes()

    def count_failed(self, key, count, said):
        """What the client had to ask for again, of how many, with one session and without."""
        self.failed[key][0] += int(said[2])
        self.failed[key][1] += count

    def of(self, *tests):
        return {k: p for k, p in self.peers.items() if all(t(p) for t in tests)}

    def stop(self, servers):
        for server in servers.values():
            self.bench.stop(server)

    # ---- one session ----------------------------------------------------------------------------------------------

    def sign_on_files(self, key, count, name):
        """`count` answers to sign-ons that were begun, to POST from a folder; `name` of the folder."""
        peer, server = self.peers[key], self.servers[key]
        return self.prepare(peer, server, count, f"{key}.{name}")

    def prepare(self, peer, server, count, name):
        folder = self.bench.dir / "posts" / name
        folder.mkdir(parents=True)
        for file in ("idp.key", "idp.crt"):
            os.symlink(self.bench.dir / file, folder / file)
        self.bench.client("prepare", server.port, count, folder, peer.login, peer.acs, peer.audience(server))
        return folder

    def logins(self):
        """A complete sign-on at the ACS, begun beforehand; over 1 and over 8 connections."""
        rounds, count = (3, 60) if self.bench.quick else (7, 200)
        saml = self.of(lambda p: p.is_saml)
        for connections in (8, 1):
            folders = {key: self.sign_on_files(key, count * (rounds + 1), f"login{connections}") for key in saml}

            def post(key, i):
                peer, server = self.peers[key], self.servers[key]
                us, per_s, said = self.bench.cost_of(server, count, "post", server.port, connections, count, peer.acs_status,
                                                     folders[key], i * count, peer.cookie)
                self.count_failed(key, count, said)
                self.cookies[key] = said[3]
                return us, 1e6 / per_s

            contenders = {key: (lambda i, k=key: post(k, i)) for key in saml}
            if "form" in self.peers:
                contenders["form"] = lambda _i: self.form_login(count, connections)
            got = take_turns(rounds, contenders)
            words = "1 connection" if connections == 1 else f"{connections} connections"
            if connections == 1:
                self.table.put("login", "sign-on at the ACS, CPU", "µs", {k: median_of(v) for k, v in got.items()})
            self.table.put(f"rate{connections}", f"sign-on, one core serving, {words}", "µs",
                           {k: median_of(v, 1) for k, v in got.items()})

    def form_login(self, count, connections):
        peer, server = self.peers["form"], self.servers["form"]
        path = self.bench.dir / "form.post"
        path.write_text(peer.sign_on_request(server))
        us, per_s, _ = self.bench.cost_of(server, count, "get", server.port, connections, count, peer.acs_status, path)
        return us, 1e6 / per_s

    def get_file(self, key, path="/page.txt", cookie=None):
        peer, server = self.peers[key], self.servers[key]
        header = peer.header(server) or (f"Cookie: {cookie}\r\n" if cookie else "")
        file = self.bench.dir / f"get.{key}{path.replace('/', '.').partition('?')[0]}"
        file.write_bytes(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: bench\r\n"
                         f"Accept: text/html\r\n{header}\r\n".encode())
        return file

    def form_cookie(self):
        """The session cookie of mod_auth_form, by a sign-on like any other."""
        if "form" in self.peers:
            peer, server = self.peers["form"], self.servers["form"]
            folder = self.bench.dir / "posts" / "form"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "post.0").write_text(peer.sign_on_request(server))
            self.cookies["form"] = self.bench.client("post", server.port, 1, 1, peer.acs_status, folder, 0, peer.cookie)[4]

    def gets(self, row, title, path, status, rounds, count, keys, cookies, percentiles=False):
        files = {k: self.get_file(k, path(self.peers[k]), cookies.get(k)) for k in keys}

        def get(key):
            server = self.servers[key]
            us, _, said = self.bench.cost_of(server, count[key], "get", server.port, CONNECTIONS, count[key], status(self.peers[key]),
                                             files[key])
            self.count_failed(key, count[key], said)
            return us, float(said[0]), float(said[1])

        got = take_turns(rounds, {k: (lambda _i, k=k: get(k)) for k in keys})
        floor = got.get("floor")
        ratios = {k: paired_ratio(v, floor) for k, v in got.items()} if floor else {}
        self.table.put(row, title, "µs", {k: median_of(v) for k, v in got.items()}, ratios)
        if percentiles:
            for field, name in ((1, "p50"), (2, "p99")):
                self.table.put(name, f"protected GET, {name} over {CONNECTIONS} connections", "µs",
                               {k: median_of(v, field) for k, v in got.items()})

    def protected_gets(self):
        self.form_cookie()
        rounds, count = (3, 5000) if self.bench.quick else (11, 40000)
        counts = {k: count // 10 if k in ("form", "shibboleth") else count for k in self.peers}
        self.gets("get", "protected GET, one session, CPU", lambda p: "/page.txt", lambda p: 200, rounds, counts,
                  list(self.of(lambda p: p.protected)), self.cookies, percentiles=True)

    def redirects(self):
        rounds, count = (3, 500) if self.bench.quick else (7, 2000)
        saml = list(self.of(lambda p: p.is_saml))
        self.gets("redirect", "redirect to the identity provider, CPU", lambda p: p.login, lambda p: p.redirect_status, rounds,
                  dict.fromkeys(saml, count), saml, {})

    # ---- many sessions --------------------------------------------------------------------------------------------

    def fill_all(self, size):
        servers, files = {}, {}
        for key, peer in self.of(lambda p: p.is_saml and p.protected).items():
            self.bench.progress(f"{size:,} sessions for {peer.title}")
            began = time.monotonic()
            servers[key] = self.bench.start(peer, f"{key}-{size}", size + size // 50)
            started = servers[key].memory_bytes()
            files[key] = self.bench.dir / f"cookies.{key}.{size}"
            peer.fill(servers[key], size, files[key])
            self.table.put(f"start{size}", f"memory at start, room for {size:,}, over one httpd's", "MB",
                           {key: max(0, started - self.servers["floor"].first_memory) / 1e6})
            self.bench.progress(f"    {time.monotonic() - began:.0f} s")
        return servers, files

    def many(self, size):
        """Random ones of `size` sessions; then a sign-on beside them, an unknown cookie, and the memory of a session."""
        servers, files = self.fill_all(size)
        rounds, count = (3, 3000) if self.bench.quick else (7, 20000)
        floor_file = self.get_file("floor")

        def floor(_i):
            server = self.servers["floor"]
            return self.bench.cost_of(server, count, "get", server.port, CONNECTIONS, count, 200, floor_file)[:1]

        def random_one(key):
            server = servers[key]
            return self.bench.cost_of(server, count, "cookies", server.port, CONNECTIONS, count, "/page.txt", files[key])[:1]

        for key, server in servers.items():
            self.sweep(server, files[key], size)
        contenders = {"floor": floor, **{k: (lambda _i, k=k: random_one(k)) for k in servers}}
        got = take_turns(rounds, contenders, MANY_WARM)
        self.table.put(f"get{size}", f"protected GET, random among {size:,}, CPU", "µs", {k: median_of(v) for k, v in got.items()},
                       {k: paired_ratio(v, got["floor"]) for k, v in got.items()})
        self.table.put(f"memory{size}", f"memory a session, {size:,} of them", "KB",
                       {k: (s.memory_bytes() - self.servers[k].memory_bytes()) / size / 1000 for k, s in servers.items()})
        self.unknown(size, servers)
        self.logins_beside(size, servers)
        self.stop(servers)

    def sweep(self, server, file, size):
        """Each session once; all must be there."""
        ok = int(self.bench.client("tally", server.port, CONNECTIONS, 0, "/page.txt", file)[0])
        if ok != size:
            raise Failed(f"expected {size} live sessions at {server.dir.name}, got {ok}")

    def unknown(self, size, servers):
        """A well-formed cookie of no session, where a session may but need not be: nothing but the look-up differs from a plain GET."""
        rounds, count = (3, 500) if self.bench.quick else (5, 2000)
        names = {k: (self.cookies[k].partition("=")[0]) for k in servers}
        values = {"mellon": UNKNOWN["mellon-cookie"], "ours": UNKNOWN["saml"], "shibboleth": "_" + "0123456789abcdef" * 2}

        def get(key):
            server = servers[key]
            file = self.bench.dir / f"unknown.{key}"
            file.write_text(f"GET /lazy/page.txt HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: bench\r\n"
                            f"Accept: text/html\r\nCookie: {names[key]}={values[key]}\r\n\r\n", newline="")
            return self.bench.cost_of(server, count, "get", server.port, CONNECTIONS, count, 200, file)[:1]

        got = take_turns(rounds, {k: (lambda _i, k=k: get(k)) for k in servers})
        self.table.put(f"unknown{size}", f"GET with an unknown cookie beside {size:,} sessions, CPU", "µs",
                       {k: median_of(v) for k, v in got.items()})

    def logins_beside(self, size, servers):
        rounds, count = (2, 40) if self.bench.quick else (5, 100)
        folders = {k: self.prepare(self.peers[k], s, count * (rounds + 1), f"{k}.beside{size}") for k, s in servers.items()}

        def post(key, i):
            peer, server = self.peers[key], servers[key]
            return self.bench.cost_of(server, count, "post", server.port, 8, count, peer.acs_status, folders[key], i * count,
                                      peer.cookie)[:1]

        got = take_turns(rounds, {k: (lambda i, k=k: post(k, i)) for k in servers})
        self.table.put(f"login{size}", f"sign-on beside {size:,} sessions, CPU", "µs", {k: median_of(v) for k, v in got.items()})

    # ---- graceful restarts ----------------------------------------------------------------------------------------

    def graceful(self):
        """Graceful restarts under load: how many sessions are there afterwards, and what requests saw meanwhile."""
        sessions, restarts, seconds = (200, 3, 6) if self.bench.quick else (2000, 10, 25)
        lost, wrong = {}, {}
        for key, peer in self.of(lambda p: p.is_saml and p.protected).items():
            server = self.bench.start(peer, f"{key}-graceful", sessions + sessions // 10)
            file = self.bench.dir / f"cookies.{key}.graceful"
            peer.fill(server, sessions, file)
            load = self.bench.client_beside("tally", server.port, CONNECTIONS, seconds, "/page.txt", file)
            for _ in range(restarts):
                time.sleep(seconds / (restarts + 1))
                server.graceful()
            said = [int(n) for n in load()]
            wrong[key] = (said[1] + said[2] + said[4]) / max(1, said[0] + said[1] + said[2]) * 100
            time.sleep(1)
            lost[key] = sessions - int(self.bench.client("tally", server.port, CONNECTIONS, 0, "/page.txt", file)[0])
            self.bench.stop(server)
        self.table.put("lost", f"sessions lost of {sessions:,} by {restarts} graceful restarts under load", "", lost)
        self.table.put("wrong", "requests of live sessions not answered by the page meanwhile", "%", wrong)

    def run(self):
        self.bench.progress("sign-ons")
        self.logins()
        self.bench.progress("protected GETs")
        self.protected_gets()
        self.bench.progress("redirects")
        self.redirects()
        for size in self.bench.sizes:
            self.many(size)
        self.bench.progress("graceful restarts")
        self.graceful()
        self.table.put("failed", "answers 500 for no reason, asked for again", "%",
                       {k: 100 * bad / of for k, (bad, of) in self.failed.items() if of})
