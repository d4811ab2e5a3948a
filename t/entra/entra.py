# SPDX-License-Identifier: Apache-2.0
"""An identity provider shaped like Microsoft Entra ID, for the demo and the tests.

    entra.py CONFIG.json [--port N] [--tls KEY CERT] [--proxy] [--folder DIR] [--public-host NAME]

Prints one JSON line once it serves: origin; with --proxy also the URL of an HTTP proxy that leads Microsoft's host names to it, and
the CA file of a certificate for all of them (unless --tls names one). Then each line on standard input is a command and each line on
standard output its answer: control.py. Ends when standard input closes, or on SIGTERM. Shares no code with the module. What
CONFIG.json holds: tenant.py.
"""
import argparse
import contextlib
import json
import signal
import sys
import tempfile
import threading

import control
import keys
import server
from proxy import Proxy


def _obey(commands, done):
    for line in sys.stdin:
        try:
            answer = commands.run(json.loads(line))
        except ValueError as error:
            answer = {"error": "not JSON: %s" % error}
        print(json.dumps(answer), flush=True)
    done.set()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("config")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("KEY", "CERT"))
    parser.add_argument("--proxy", action="store_true", help="serve a proxy to it, with TLS")
    parser.add_argument("--folder", help="where keys are made, default a temporary one")
    parser.add_argument("--public-host", help="the host name in URLs, default 127.0.0.1")
    args = parser.parse_args()
    done = threading.Event()
    ended = []      # not the event: the handler may come while this very thread holds the event's lock
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *unused: ended.append(1))
    with contextlib.ExitStack() as stack:
        folder = args.folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="entra-"))
        ready, tls, proxy = {}, args.tls, None
        if args.proxy and not tls:
            ready["ca"], *tls = keys.clouds(folder)
        idp = stack.enter_context(server.Entra(args.config, args.port, tls, public_host=args.public_host, folder=folder,
                                               log=lambda line: print(line, file=sys.stderr)))
        ready["origin"] = idp.origin
        if args.proxy:
            proxy = stack.enter_context(Proxy(idp.port))
            ready["proxy"] = proxy.url
        print(json.dumps(ready), flush=True)
        threading.Thread(target=_obey, args=(control.Control(idp, proxy), done), daemon=True).start()
        while not ended and not done.wait(0.2):
            pass


if __name__ == "__main__":
    main()
