#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gives every case of a folder that generate.py has filled to `saml-sso verify`, and prints what came of each.

    judge.py SAML-SSO DIR [KEYDIR]

One line of JSON per case: name, exit code or signal, output, seconds of CPU, peak memory. Perl, which judges, has no
wait4. Nothing large is imported here: a child's peak counts from that of the process that starts it.
"""
import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

TIMEOUT_S = 120


def arguments(head, row, keys):
    out = ["verify", "--json", "--issuer", head["issuer"], "--audience", head["audience"], "--acs", head["acs"],
           "--now", head["now"]]
    out += ["--unsolicited"] if row["unsolicited"] else ["--in-response-to", head["in_response_to"]]
    for name in row["certs"]:
        out += ["--idp-cert", os.path.join(keys, name + ".crt")]
    for name in row["allow"]:
        out += ["--allow", name]
    if row["key"]:
        out += ["--key", os.path.join(keys, "sp.key")]
    return out


def run(program, args, stdout):
    """(exit code or -signal, text, CPU seconds, KiB)"""
    to = os.open(stdout, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    actions = [(os.POSIX_SPAWN_DUP2, to, 1), (os.POSIX_SPAWN_DUP2, to, 2)]
    pid = os.posix_spawn(program, [program] + args, os.environ, file_actions=actions)
    watchdog = threading.Timer(TIMEOUT_S, os.kill, (pid, signal.SIGKILL))
    watchdog.start()
    _, status, usage = os.wait4(pid, 0)
    watchdog.cancel()
    os.lseek(to, 0, os.SEEK_SET)
    with os.fdopen(to, "rb") as handle:
        text = handle.read()
    return (os.waitstatus_to_exitcode(status), text.decode("utf-8", "replace"),
            usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def main():
    program, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    keys = sys.argv[3] if len(sys.argv) > 3 else folder
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as handle:
        head = json.load(handle)

    def judge(row):
        path = os.path.join(folder, row["file"])
        return run(program, arguments(head, row, keys) + [path], path + ".stdout")
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 4)) as workers:
        for row, (code, text, cpu, kib) in zip(head["cases"], workers.map(judge, head["cases"])):
            print(json.dumps({"name": row["name"], "exit": code, "out": text, "cpu_s": round(cpu, 3), "kib": kib}))


if __name__ == "__main__":
    main()
