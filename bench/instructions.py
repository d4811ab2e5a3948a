# SPDX-License-Identifier: Apache-2.0
"""Instructions of one request, counted by callgrind: they repeat to a tenth of a per cent where time does not."""

import concurrent.futures
import re
import shutil
import subprocess

from programs import Failed

AGAIN_S = 120               # that a life may take


class Counter:
    """
    One peer's servers under callgrind, each asked another number of times: what twice as many cost more is what they cost. Servers
    wait in turns of two, as what else the machine does changes no count.
    """

    def __init__(self, field, key):
        self.field, self.bench, self.key, self.peer = field, field.bench, key, field.peers[key]
        gets, logins = (200, 3) if self.bench.quick else (1000, 10)
        self.gets = max(5, gets // self.peer.slow) if self.peer.protected else 0
        self.logins = max(1, logins // self.peer.slow) if self.peer.is_saml or key == "form" else 0

    def drive(self, server, logins, gets):
        peer = self.peer
        cookie = self.field.cookies.get(self.key)
        if peer.is_saml:
            folder = self.field.prepare(peer, server, 2 * self.logins + 1, server.dir.name)
            cookie = self.field.post(self.key, server, 1, logins + 1, folder, 0)[2]
        elif logins:
            self.field.form_post(1, logins, server)
        if gets:
            file = self.field.get_file(self.key, "/page.txt", cookie, server)
            self.bench.client("get", server.port, 1, gets, 200, file)

    def total(self, logins, gets):
        """Instructions of all processes from start to stop; a server that did not live so long is given one more life."""
        name = f"callgrind-{self.key}-{logins}-{gets}"
        try:
            return self.total_of(name, logins, gets)
        except (Failed, OSError) as e:
            if not self.bench.time_for(AGAIN_S):
                raise
            self.bench.progress(f"    {name}, once more: {str(e)[:200]}")
            return self.total_of(name + "-again", logins, gets)

    def total_of(self, name, logins, gets):
        server = self.bench.prepare(self.peer, name, 1000)
        run = server.dir / "run"
        run.chmod(0o1777)                   # the children write counts there
        server.cpu = None
        server.wait_s = self.bench.timeout()
        server.wrapper = ["valgrind", "-q", "--vgdb=no", "--tool=callgrind", f"--callgrind-out-file={run}/callgrind.%p"]
        self.bench.stack.callback(server.stop)
        try:
            server.start("-X")
            for file in run.glob("callgrind.*"):
                file.chmod(0o666)           # made as root, written to at the end as the user of the children
            self.drive(server, logins, gets)
        finally:
            self.bench.stop(server)
        found = [re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.M) for file in run.glob("callgrind.*")]
        if not any(found):
            raise Failed("callgrind left no figure")
        return sum(int(f[1]) for f in found if f)

    def lives(self):
        """What has to be run: (sign-ons, GETs)."""
        return [(self.logins, self.gets)] + ([(self.logins, 2 * self.gets)] if self.gets else []) + \
            ([(2 * self.logins, self.gets)] if self.logins else [])

    def result(self, totals):
        """Instructions of a GET and of a sign-on, or None."""
        base = totals[self.logins, self.gets]
        return ((totals[self.logins, 2 * self.gets] - base) / self.gets if self.gets else None,
                (totals[2 * self.logins, self.gets] - base) / self.logins if self.logins else None)


def chosen(field):
    """Our stores apart; ours first; those that take minutes in a full run alone."""
    found = field.of(lambda p: not p.is_store, lambda p: p.slow == 1 or not field.bench.quick)
    return sorted(found, key=lambda k: (k != "floor", k != "ours", found[k].slow))


def measure(field):
    if not shutil.which("valgrind"):
        raise Failed("valgrind is not there")
    counters = {k: Counter(field, k) for k in chosen(field)}
    gets, logins = {}, {}
    pool = concurrent.futures.ThreadPoolExecutor(2)
    try:
        waiting = {k: {life: pool.submit(c.total, *life) for life in c.lives()} for k, c in counters.items()}
        for key, lives in waiting.items():
            try:
                if not field.bench.time_for(1):
                    raise Failed("no time was left")
                get, login = counters[key].result({life: w.result() for life, w in lives.items()})
            except (Failed, OSError, subprocess.TimeoutExpired) as e:
                field.table.miss(f"instructions, {field.peers[key].title}", str(e))
                continue
            gets.update({key: get / 1000} if get else {})
            logins.update({key: login / 1000} if login else {})
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    later = {k: "counted in a full run alone, as it takes minutes" for k in field.peers if field.bench.quick and k not in counters}
    field.table.put("get-instructions", "protected GET, thousand instructions", "", gets,
                    {k: v / gets["floor"] for k, v in gets.items()} if "floor" in gets else {}, why_not=later)
    field.table.put("login-instructions", "sign-on at the ACS, thousand instructions", "", logins, why_not=later)
