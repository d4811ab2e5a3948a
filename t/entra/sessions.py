# SPDX-License-Identifier: Apache-2.0
"""Things under one-time or secret names, bounded in number: requests that wait, sessions, access tokens."""
import collections
import secrets
import threading
import time

MOST = 4096


class Store:
    def __init__(self, lifetime_s=86400):
        self.lifetime_s = lifetime_s
        self._kept = collections.OrderedDict()
        self._lock = threading.Lock()

    def put(self, value, name=None, lifetime_s=None):
        """Keep it; its name."""
        name = name or secrets.token_urlsafe(24)
        ends = time.time() + (self.lifetime_s if lifetime_s is None else lifetime_s)
        with self._lock:
            self._kept[name] = (value, ends)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return name

    def get(self, name):
        with self._lock:
            value, ends = self._kept.get(name, (None, 0))
        return value if ends > time.time() else None

    def take(self, name):
        """Once only."""
        with self._lock:
            value, ends = self._kept.pop(name, (None, 0))
        return value if ends > time.time() else None

    def clear(self):
        with self._lock:
            self._kept.clear()

    def __len__(self):
        return len(self._kept)
