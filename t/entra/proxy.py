# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy that leads CONNECT HOST:443 to the stand-in for Microsoft's host names and refuses all others with 403.

So a module that speaks to the true host names meets the stand-in, and no test ever reaches the Internet. On 127.0.0.1 at a free
port; every wait is bounded.
"""
import collections
import select
import socket
import socketserver
import threading

import cloud

MAX_HEAD = 8192
MOST_TUNNELS = 256
HEAD_S = 10
IDLE_S = 60


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class Proxy:
    """`with Proxy(port of the stand-in) as proxy: proxy.url`"""

    def __init__(self, target_port, hosts=cloud.HOSTS):
        self.target = ("127.0.0.1", target_port)
        self.hosts = frozenset(hosts)
        self.down = False                       # by command: answer 502 to everything
        self.counts = collections.Counter()     # "connects", "refused" and one for each host
        self.last_refused = None
        self._lock = threading.Lock()
        self._tunnels = threading.BoundedSemaphore(MOST_TUNNELS)
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.tcpd = _Server(("127.0.0.1", 0), handler)
        self.port = self.tcpd.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self._thread = threading.Thread(target=self.tcpd.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.tcpd.shutdown()
        self.tcpd.server_close()
        self._thread.join(5)

    def decide(self, line):
        """What to say to the first line of a request: (status, host)."""
        words = line.split(" ")
        host, _, port = words[1].rpartition(":") if len(words) == 3 else ("", "", "")
        good = words[0] == "CONNECT" and port == "443" and host.lower() in self.hosts
        with self._lock:
            if not good:
                self.counts["refused"] += 1
                self.last_refused = line
                return 403, None
            self.counts["connects"] += 1
            self.counts[host.lower()] += 1
        return (502, None) if self.down else (200, host)

    def tunnel(self, client):
        if not self._tunnels.acquire(blocking=False):
            return
        try:
            with socket.create_connection(self.target, HEAD_S) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _relay(client, server)
        finally:
            self._tunnels.release()


class _Handler(socketserver.BaseRequestHandler):
    proxy = None

    def handle(self):
        try:
            self.request.settimeout(HEAD_S)
            head = _head(self.request)
            status, host = self.proxy.decide(head.split("\r\n", 1)[0])
            if host:
                self.proxy.tunnel(self.request)
            else:
                self.request.sendall(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        except OSError:
            return      # either side has gone, or was too slow


def _head(client):
    """The request's head, octet for octet no further, as TLS follows it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = client.recv(1)
        if not octet or len(head) >= MAX_HEAD:
            raise ConnectionError("the head ends early, or never")
        head += octet
    return head.decode("latin-1")


def _relay(one, two):
    """Both directions until both have ended, or nothing has come for IDLE_S."""
    other = {one: two, two: one}
    while other:
        ready = select.select(list(other), [], [], IDLE_S)[0]
        if not ready:
            return
        for source in ready:
            octets = source.recv(65536)
            if octets:
                other[source].sendall(octets)
            else:
                other.pop(source).shutdown(socket.SHUT_WR)
