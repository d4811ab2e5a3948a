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
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(TIMEOUT_S)
    _, status, usage = os.wait4(pid, 0)
    signal.alarm(0)
    os.lseek(to, 0, os.SEEK_SET)
    text = b""
    while True:
        part = os.read(to, 1 << 20)
        if not part:
            break
        text += part
    os.close(to)
    return (os.waitstatus_to_exitcode(status), text.decode("utf-8", "replace"),
            usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def main():
    program, folder = os.path.abspath(sys.argv[1]), sys.argv[2]
    keys = sys.argv[3] if len(sys.argv) > 3 else folder
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as handle:
        head = json.load(handle)
    for row in head["cases"]:
        args = arguments(head, row, keys) + [os.path.join(folder, row["file"])]
        code, text, cpu, kib = run(program, args, os.path.join(folder, "stdout"))
        print(json.dumps({"name": row["name"], "exit": code, "out": text, "cpu_s": round(cpu, 3), "kib": kib}))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
