# SPDX-License-Identifier: Apache-2.0
"""Many sessions: requests by random ones, what stands beside them, their memory, and what a graceful restart leaves of them."""

import random
import time

from field import CONNECTIONS
from programs import Failed
from rounds import median_of, paired_ratio, take_turns

MANY_WARM = 2               # each child has each page of a store to map once
SWEPT = 5000                # sessions that are looked at one by one, to see that they are there
UNKNOWN = {"mellon": "0123456789abcdef" * 2, "shibboleth": "_" + "0123456789abcdef" * 2, "ours": "A" * 43}


class Many:
    def __init__(self, field, size, only=None):
        self.field, self.bench, self.table, self.size = field, field.bench, field.table, size
        self.peers = {k: p for k, p in field.rivals().items() if only is None or k in only}
        self.servers, self.files = {}, {}

    def miss(self, what, key, why):
        self.table.miss(f"{what}, {self.size:,} sessions, {self.peers[key].title}", why)

    def start(self):
        for key, peer in self.peers.items():
            self.bench.progress(f"{self.size:,} sessions for {peer.title}")
            began = time.monotonic()
            try:
                self.fill(key, peer)
            except (Failed, OSError) as e:
                self.miss("everything", key, str(e))
                if key in self.servers:
                    self.bench.stop(self.servers.pop(key))
                continue
            self.bench.progress(f"    {time.monotonic() - began:.0f} s")

    def fill(self, key, peer):
        server = self.bench.start(peer, f"{key}-{self.size}", self.size + self.size // 50 + 2000)
        self.servers[key] = server
        self.files[key] = self.bench.dir / f"cookies.{key}.{self.size}"
        if not self.bench.time_for(self.size * (peer.fill_us if peer.fills_by_sign_on(self.size) else peer.copy_us) / 1e6):
            raise Failed("no time was left to sign on so many")
        if peer.fills_by_sign_on(self.size):
            self.fill_and_weigh(key, peer, server)
        else:
            peer.fill(server, self.size, self.files[key])
        self.sweep(key)

    def fill_and_weigh(self, key, peer, server):
        """By real sign-ons; what the first ones touch (stacks, pools, the parts of libraries) is not the sessions'."""
        warm = self.bench.dir / f"cookies.{key}.warm"
        peer.sign_ons(server, 300 if self.bench.quick else 1000, warm)
        self.bench.client("tally", server.port, CONNECTIONS, 0, "/page.txt", warm)
        before = server.memory_bytes()
        peer.sign_ons(server, self.size, self.files[key])
        if self.table.figure("memory", key) is None:        # where there are two sizes, of the same one for all
            self.table.put("memory", f"memory a session, {self.size:,} signed on", "KB",
                           {key: (server.memory_bytes() - before) / self.size / 1000})

    def sweep(self, key):
        """All of some sessions are there."""
        lines = self.files[key].read_text().splitlines()
        some = lines if len(lines) <= SWEPT else random.Random(1).sample(lines, SWEPT)
        file = self.bench.dir / f"cookies.{key}.swept"
        file.write_text("\n".join(some) + "\n")
        server = self.servers[key]
        ok = int(self.bench.client("tally", server.port, CONNECTIONS, 0, "/page.txt", file)[0])
        if len(lines) != self.size or ok != len(some):
            raise Failed(f"expected {len(some)} live sessions of {self.size}, got {ok} of {len(lines)}")

    def random_ones(self):
        rounds, seconds, most = (3, 0.4, 8000) if self.bench.quick else (7, 1.2, 40000)
        title = f"protected GET, random among {self.size:,}, CPU"
        floor_file, floor_server = self.field.get_file("floor"), self.field.servers["floor"]

        def floor(_i):
            return self.bench.cost_of(floor_server, most // 2, "get", floor_server.port, CONNECTIONS, most // 2, 200, floor_file)[:1]

        def one(key, count):
            server = self.servers[key]
            return self.bench.cost_of(server, count, "cookies", server.port, CONNECTIONS, count, "/page.txt", self.files[key])[:1]

        counts = self.of_each("random ones", lambda k: self.field.paced(seconds, 200, most, lambda n: one(k, n)))
        warm = MANY_WARM if self.size < 1000000 else 3 * MANY_WARM
        got = self.field.turns(title, rounds, {"floor": floor, **{k: (lambda _i, k=k: one(k, counts[k])) for k in counts}}, warm)
        self.table.put(f"get{self.size}", title, "µs", {k: median_of(v) for k, v in got.items()},
                       {k: paired_ratio(v, got["floor"]) for k, v in got.items()} if "floor" in got else {})

    def of_each(self, what, find_out):
        """{key: what `find_out` gives}, of those that can do it."""
        found = {}
        for key in self.servers:
            try:
                found[key] = find_out(key)
            except (Failed, OSError) as e:
                self.miss(what, key, str(e))
        return found

    def unknown(self):
        """A well-formed cookie of no session and one of a session, where one may but need not be: only the look-up differs."""
        rounds, seconds, most = (3, 0.25, 4000) if self.bench.quick else (7, 0.6, 20000)
        contenders = {}

        def get(key, file, count):
            server = self.servers[key]
            return self.bench.cost_of(server, count, "get", server.port, CONNECTIONS, count, 200, file)[:1]

        def make_ready(key):
            known = self.files[key].read_text().split("\n")[self.size // 2]     # one of the many, not the first
            for name, cookie in (("known", known), ("unknown", f"{known.partition('=')[0]}={UNKNOWN[key]}")):
                file = self.field.get_file(key, "/lazy/page.txt", cookie, self.servers[key], name)
                count = self.field.paced(seconds, 50, most, lambda n: get(key, file, n))
                contenders[key, name] = lambda _i, f=file, n=count: get(key, f, n)

        self.of_each("live and unknown cookies", make_ready)
        got = take_turns(rounds, contenders, lambda who, why: self.miss(f"{who[1]} cookie", who[0], why))
        largest = self.size == self.bench.unknown_size
        for name, words in (("known", "a live"), ("unknown", "an unknown")):
            self.table.put(name if largest else f"{name}{self.size}", f"GET with {words} cookie beside {self.size:,} sessions, CPU", "µs",
                           {k: median_of(v) for (k, n), v in got.items() if n == name})

    def sign_ons(self):
        rounds, seconds, most = (2, 0.25, 100) if self.bench.quick else (5, 0.5, 500)
        title = f"sign-on beside {self.size:,} sessions, CPU"
        contenders = {}

        def make_ready(key):
            server = self.servers[key]
            count, _ = self.field.how_many(key, server, server.dir.name, seconds, most)
            folder = self.field.prepare(self.peers[key], server, count * (rounds + 1), f"{server.dir.name}.beside")
            contenders[key] = lambda i: self.field.post(key, server, 1, count, folder, i * count)[:1]

        self.of_each("sign-ons beside", make_ready)
        got = self.field.turns(title, rounds, contenders)
        self.table.put(f"login{self.size}", title, "µs", {k: median_of(v) for k, v in got.items()})

    def run(self):
        try:
            self.start()
            if not self.servers:
                return
            self.random_ones()
            if self.size <= self.bench.unknown_size:
                self.unknown()
            self.sign_ons()
        finally:
            self.field.stop(self.servers)


def graceful(field):
    """Graceful restarts under load: how many sessions are there afterwards, and what requests saw meanwhile."""
    bench = field.bench
    sessions, restarts, seconds = (200, 3, 6) if bench.quick else (2000, 10, 20)
    lost, wrong = {}, {}
    for key, peer in field.rivals().items():
        try:
            server = bench.start(peer, f"{key}-graceful", sessions + sessions // 10)
            file = bench.dir / f"cookies.{key}.graceful"
            peer.sign_ons(server, sessions, file)
            load = bench.client_beside("tally", server.port, CONNECTIONS, seconds, "/page.txt", file)
            for _ in range(restarts):
                time.sleep(seconds / (restarts + 1))
                server.graceful()
            said = [int(n) for n in load()]
            time.sleep(1)
            lost[key] = sessions - int(bench.client("tally", server.port, CONNECTIONS, 0, "/page.txt", file)[0])
            wrong[key] = (said[1] + said[2] + said[4]) / max(1, said[0] + said[1] + said[2]) * 100
            bench.stop(server)
        except Failed as e:
            field.table.miss(f"graceful restarts, {peer.title}", str(e))
    field.table.put("lost", f"sessions lost of {sessions:,} by {restarts} graceful restarts under load", "", lost)
    field.table.put("wrong", "requests of live sessions not answered by the page meanwhile", "%", wrong)
