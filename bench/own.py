# SPDX-License-Identifier: Apache-2.0
"""What is measured of ours alone: a sign-on against the bare loop that it cannot do without, and look-ups by number of sessions."""

import shutil
import statistics

from peers.ours import SESSION_BYTES

CONNECTIONS = 16
STATUS = 303                # what the ACS answers
WARM_ROUNDS = 6             # each child has each page of a store to map once


class Own:
    def __init__(self, bench, field):
        self.bench, self.field = bench, field
        self.ours, self.floor = field.servers["ours"], field.servers["floor"]

    def against_bare_loop(self):
        """ACS POSTs, the bare loop and plain requests in turns."""
        rounds, count = (3, 200) if self.bench.quick else (7, 1000)
        folder = self.field.sign_on_files("ours", rounds * count + count, "bare")
        plain = self.field.get_file("floor")
        self.bench.client("post", self.ours.port, CONNECTIONS, count, STATUS, folder, 0, "saml")      # warms up
        acs, per_s, bare, floor = [], [], [], []
        for i in range(1, rounds + 1):
            us, rate, _ = self.bench.cost_of(self.ours, count, "post", self.ours.port, CONNECTIONS, count, STATUS, folder, i * count,
                                             "saml")
            acs.append(us)
            per_s.append(rate)
            bare.append(float(self.bench.on(self.bench.server_cpu, self.bench.dir / "bare_verify", folder / "response.xml",
                                      self.bench.dir / "idp.crt", count)[0]))
            floor.append(self.bench.cost_of(self.floor, 4 * count, "get", self.floor.port, CONNECTIONS, 4 * count, 200, plain)[0])
        ratio = statistics.median(a / (b + f) for a, b, f in zip(acs, bare, floor))
        us, bare_us, floor_us = (statistics.median(v) for v in (acs, bare, floor))
        self.bench.say(f"\n## Sign-ons\n\nMedian of {rounds} rounds of {count}. The response: signed assertion (RSA-2048, SHA-256), "
                 "Entra's default claims, five groups; every one with its own state cookie, session and replay record.\n")
        self.bench.say("| what | CPU µs each | per second and core |\n|---|---:|---:|")
        self.bench.say(f"| bare loop: libxml2 parse + xmlsec1 verify | {bare_us:.0f} | {1e6 / bare_us:.0f} |")
        self.bench.say(f"| one plain request | {floor_us:.1f} | {1e6 / floor_us:.0f} |")
        self.bench.say(f"| complete ACS sign-on | {us:.0f} | {1e6 / us:.0f} |")
        self.bench.say(f"\nACS against bare loop and one plain request: **{ratio:.2f}** (target: at most 1.5). "
                 f"On the clock, one core serving: {statistics.median(per_s):.0f} sign-ons a second.")

    def look_ups(self):
        counts = [1000, 100000] if self.bench.quick else [1000, 100000, 1000000]
        folder = self.bench.fast_folder("lookup", 2 * counts[-1] * SESSION_BYTES)
        if shutil.disk_usage(folder).free < 1.2 * counts[-1] * SESSION_BYTES:
            self.bench.say(f"\n{counts.pop()} sessions were left out: not enough room in {folder.parent}.")
        numbers = self.bench.on(self.bench.server_cpu, self.bench.dir / "lookup", folder, 5 if self.bench.quick else 11, *counts)
        rows = [list(map(float, numbers[i:i + 5])) for i in range(0, len(numbers), 5)]
        first = rows[0]
        self.bench.say(f"\n## Session look-ups\n\nRandom live sessions of {first[2]:.0f} bytes in LMDB, stores taking turns; CPU time "
                 "of one thread. Whole: from the cookie's value to the opened record with every attribute read (SHA-256, "
                 "store, copy, checks).\n")
        self.bench.say("| live sessions | whole, ns | ratio | store alone, ns | ratio | put, µs |\n|---:|---:|---:|---:|---:|---:|")
        for count, put, _, whole, get in rows:
            self.bench.say(f"| {count:,.0f} | {whole:.0f} | {whole / first[3]:.2f} | {get:.0f} | {get / first[4]:.2f} | {put:.1f} |")
        self.bench.say(f"\n{rows[-1][0]:,.0f} sessions against 1,000: **{rows[-1][3] / first[3]:.2f}** (target: at most 2).")

    def in_requests(self):
        """What the number of sessions means where look-ups happen: in requests."""
        rounds, count, many = (3, 20000, 100000) if self.bench.quick else (7, 100000, 1000000)
        peer, plain = self.field.peers["ours"], self.field.get_file("floor")
        servers = {n: self.bench.start(peer, f"in-requests-{n}", n) for n in (1000, many)}
        files = {n: self.bench.dir / f"cookies.in-requests.{n}" for n in servers}
        for n, server in servers.items():
            peer.fill(server, n, files[n])
        cost = {n: [] for n in servers}
        floor = []
        for i in range(rounds + WARM_ROUNDS):
            costs = [self.bench.cost_of(self.floor, count, "get", self.floor.port, CONNECTIONS, count, 200, plain)[0]]
            costs += [self.bench.cost_of(s, count, "cookies", s.port, CONNECTIONS, count, "/page.txt", files[n])[0]
                      for n, s in servers.items()]
            if i < WARM_ROUNDS:
                continue
            floor.append(costs[0])
            for n, us in zip(servers, costs[1:]):
                cost[n].append(us)
        few, lots = (statistics.median(c - f for c, f in zip(cost[n], floor)) for n in servers)
        self.bench.say("\nThe same in place: protected GETs, each by a random session, CPU µs each over the floor.\n")
        self.bench.say("| live sessions | request | over the floor |\n|---:|---:|---:|")
        for n, over in zip(servers, (few, lots)):
            self.bench.say(f"| {n:,} | {statistics.median(cost[n]):.1f} | {over:.1f} |")
        self.bench.say(f"\nAll that authentication costs, {many:,} sessions against 1,000: {lots / few:.2f}.")
        self.field.stop(servers)

    def run(self):
        self.bench.progress("ours against the bare loop")
        self.against_bare_loop()
        self.bench.progress("look-ups")
        self.look_ups()
        self.in_requests()
