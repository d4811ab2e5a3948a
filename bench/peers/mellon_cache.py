# SPDX-License-Identifier: Apache-2.0
"""
Many sessions in mod_auth_mellon's cache without as many sign-ons, each of which would take milliseconds: what one real session left
in the cache's memory is copied into further slots, each under a key of its own. Nothing about the layout is taken for granted: two real
sessions show how far slots are apart and where the key stands, and requests show afterwards that the copies are sessions.
"""

import os
import pathlib
import re

from programs import Failed

KEY_CHARS = 32
CHUNK = 1 << 22
PAGE = 4096


def cache_of(pid):
    """Address and length of the largest memory that the processes share."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    found = [(int(a, 16), int(b, 16) - int(a, 16)) for a, b in
             re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw-s \S+ \S+ \d+ +/(?:dev/zero|SYSV)", maps, re.M)]
    if not found:
        raise Failed("expected the cache of mod_auth_mellon among the memory that its processes share")
    return max(found, key=lambda m: m[1])


def find(memory, start, length, octets):
    """Where some octets first stand."""
    at = 0
    while at < length:
        piece = os.pread(memory, min(CHUNK + len(octets), length - at), start + at)
        place = piece.find(octets)
        if place >= 0:
            return at + place
        at += CHUNK
    raise Failed("expected a session's key in the cache of mod_auth_mellon")


def parts_of(memory, address, length):
    """What a slot has written to, page by page: its other pages were never touched and stay so."""
    whole = os.pread(memory, length, address)
    return [(at, whole[at:at + PAGE]) for at in range(0, length, PAGE) if whole[at:at + PAGE].strip(b"\0")]


def copy_sessions(pid, keys, count):
    """
    `keys` are of the only two sessions that are there; gives those of `count` that are there then.
    """
    start, length = cache_of(pid)
    if [len(k) for k in keys] != [KEY_CHARS] * 2:
        raise Failed(f"expected two sessions' keys of {KEY_CHARS} characters, got {keys}")
    memory = os.open(f"/proc/{pid}/mem", os.O_RDWR)
    try:
        one, two = sorted(find(memory, start, length, key.encode()) for key in keys)
        stride = two - one
        if one + count * stride > length:
            raise Failed(f"expected room for {count:,} slots of {stride} octets, got {length} octets")
        parts = parts_of(memory, start + one, stride)
        keys = keys + [os.urandom(KEY_CHARS // 2).hex() for _ in range(count - 2)]
        for number, key in enumerate(keys[2:], 2):
            slot = start + one + number * stride
            for at, octets in parts:
                octets = octets if at else key.encode() + octets[KEY_CHARS:]
                os.pwrite(memory, octets, slot + at)
        return keys
    finally:
        os.close(memory)
