# SPDX-License-Identifier: Apache-2.0
"""An identity provider shaped like Microsoft Entra ID, for the demo and the tests.

    entra.py CONFIG.json [--port N] [--tls KEY CERT] [--public-host NAME]

Prints one JSON line with the origin once it serves, and ends when its standard input closes or on
SIGTERM. Shares no code with the module. What CONFIG.json holds: tenant.py.
"""
import argparse
import json
import signal
import sys
import threading

import server


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("config")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("KEY", "CERT"))
    parser.add_argument("--public-host", help="the host name in URLs, default 127.0.0.1")
    args = parser.parse_args()
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *unused: done.set())
    signal.signal(signal.SIGINT, lambda *unused: done.set())
    with server.Entra(args.config, args.port, args.tls, public_host=args.public_host,
                      log=lambda line: print(line, file=sys.stderr)) as idp:
        print(json.dumps({"origin": idp.origin}), flush=True)

        def watch_input():
            while sys.stdin.readline():
                pass
            done.set()

        threading.Thread(target=watch_input, daemon=True).start()
        while not done.wait(1):
            pass


if __name__ == "__main__":
    main()
