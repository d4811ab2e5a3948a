# SPDX-License-Identifier: Apache-2.0
"""What is measured of ours alone: a response's checks against the libraries that they stand on, and look-ups by number of sessions."""

import shutil

from peers.ours import SESSION_BYTES
from programs import Failed


class Own:
    def __init__(self, field):
        self.field, self.bench, self.table = field, field.bench, field.table

    def verification(self):
        """A response's checks, in one process, no httpd."""
        peer, server = self.field.peers["ours"], self.field.servers["ours"]
        folder = self.field.prepare(peer, server, 1, "verify")
        said = self.bench.on(self.bench.server_cpu, self.bench.dir / "bare_verify", folder / "response.xml", self.bench.dir / "idp.crt",
                             f"http://127.0.0.1:{server.port}{peer.acs}", peer.audience(server), 1000 if self.bench.quick else 6000)
        bare, xmlsec, ours = map(float, said)
        for key, title, us in (("verify-bare", "libxml2 and OpenSSL alone", bare), ("verify-xmlsec1", "libxml2 and xmlsec1", xmlsec),
                               ("verify", "ours, all checks and the second parse", ours)):
            self.table.put(key, f"a response verified: {title}", "µs", {"ours": us}, shown=False)
        self.bench.add("\n## A response verified\n\nOne thread, no httpd; parsed once, verified, with none of the checks around it, "
                       "but in ours.\n\n| | CPU, µs | to xmlsec1 |\n|---|---:|---:|")
        self.bench.add("\n".join(f"| {what} | {us:.0f} | {us / xmlsec:.2f} |" for what, us in
                                 (("libxml2 and OpenSSL alone", bare), ("libxml2 and xmlsec1", xmlsec),
                                  ("ours: all checks of a response, what was signed parsed anew", ours))))

    def look_ups(self):
        counts = [1000, 100000] if self.bench.quick else [1000, 100000, 1000000]
        folder = self.bench.fast_folder("lookup", 2 * counts[-1] * SESSION_BYTES)
        if shutil.disk_usage(folder).free < 1.2 * counts[-1] * SESSION_BYTES:
            raise Failed(f"no room in {folder.parent} for {counts[-1]:,} sessions")
        numbers = self.bench.on(self.bench.server_cpu, self.bench.dir / "lookup", folder, 5 if self.bench.quick else 11, *counts)
        rows = [list(map(float, numbers[i:i + 5])) for i in range(0, len(numbers), 5)]
        first = rows[0]
        self.bench.add(f"\n## Session look-ups\n\nRandom live sessions of {first[2]:.0f} bytes in LMDB, stores taking turns; CPU time "
                       "of one thread. Whole: from the cookie's value to the opened record with every attribute read (SHA-256, "
                       "store, copy, checks).\n")
        self.bench.add("| live sessions | whole, ns | ratio | store alone, ns | ratio | put, µs |\n|---:|---:|---:|---:|---:|---:|")
        for count, put, _, whole, get in rows:
            self.bench.add(f"| {count:,.0f} | {whole:.0f} | {whole / first[3]:.2f} | {get:.0f} | {get / first[4]:.2f} | {put:.1f} |")
        if not self.bench.quick:
            self.table.put("lookup-ratio", "look-up among 1,000,000 to among 1,000", "", {"ours": rows[-1][3] / first[3]}, shown=False)
