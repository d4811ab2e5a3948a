# SPDX-License-Identifier: Apache-2.0
"""Instructions of one request, counted by callgrind: they repeat to a tenth of a per cent where time does not."""

import re
import shutil

from programs import Failed

GETS, LOGINS = 1000, 30


def total(bench, peer, name, drive):
    """Instructions of all processes of a fresh server from start to stop, `drive(server)` in between."""
    server = bench.prepare(peer, f"callgrind-{peer.key}-{name}", 1000)
    run = server.dir / "run"
    run.chmod(0o777)
    server.cpu = None
    server.wrapper = ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={run}/callgrind.%p"]
    bench.stack.callback(server.stop)
    server.start("-X")
    drive(server)
    bench.stop(server)
    found = [re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.M) for file in run.glob("callgrind.*")]
    if not any(found):
        raise Failed(f"callgrind left no figure for {peer.title}")
    return sum(int(f[1]) for f in found if f)


def each(bench, peer, name, drive, count):
    """One request's, as the difference between two servers' lives: one is asked `count` times, the other twice as often."""
    few, many = (total(bench, peer, f"{name}-{n}", lambda server, n=n: drive(server, n * count)) for n in (1, 2))
    return (many - few) / count


def of_peer(field, key):
    """Instructions of a protected GET and of a sign-on (None where there is none)."""
    bench, peer, ordinary = field.bench, field.peers[key], field.servers[key]

    def sign_on(server, count):
        folder = field.prepare(peer, server, 2 * LOGINS, server.dir.name)
        return bench.client("post", server.port, 1, count, peer.acs_status, folder, 0, peer.cookie)[4]

    def get(server, count):
        field.servers[key] = server
        cookie = sign_on(server, 1) if peer.is_saml else field.cookies.get(key)
        bench.client("get", server.port, 1, count, 200, field.get_file(key, "/page.txt", cookie))

    try:
        return (each(bench, peer, "get", get, GETS) if peer.protected else None,
                each(bench, peer, "sign-on", sign_on, LOGINS) if peer.is_saml else None)
    finally:
        field.servers[key] = ordinary


def measure(field):
    if not shutil.which("valgrind"):
        field.bench.progress("valgrind is not there: no instructions are counted")
        return
    gets, logins = {}, {}
    for key in field.peers:
        field.bench.progress(f"instructions of {field.peers[key].title}")
        get, login = of_peer(field, key)
        if get is not None:
            gets[key] = get
        if login is not None:
            logins[key] = login
    field.table.put("get-instructions", "protected GET, instructions", "k", {k: v / 1000 for k, v in gets.items()},
                    {k: v / gets["floor"] for k, v in gets.items()})
    field.table.put("login-instructions", "sign-on at the ACS, instructions", "k", {k: v / 1000 for k, v in logins.items()})
