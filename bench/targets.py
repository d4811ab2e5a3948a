# SPDX-License-Identifier: Apache-2.0
"""What this module has set itself, and whether a run shows it. What was not measured is not reached."""

PEERS = ("form", "mellon-shipped", "mellon", "shibboleth")


def difference(table, row):
    ours, floor = table.figure(row), table.figure(row, "floor")
    return None if ours is None or floor is None else ours - floor


def quotient(one, other):
    return None if one is None or not other else one / other


def all_of(table):
    """(what, unit, measured or None, target, stretch or None); at most the target is reached."""
    def figure(row):
        return table.figure(row)

    return [
        ("protected GET over the floor", "thousand instructions", difference(table, "get-instructions"), 12, None),
        ("protected GET, one session, to the floor", "", table.ratio("get"), 1.09, 1.05),
        ("protected GET, random among 1,000,000, to the floor", "", table.ratio("get1000000"), 1.15, 1.10),
        ("sign-on at the ACS, CPU", "µs", figure("login"), 240, 150),
        ("the same beside 1,000,000 sessions", "µs", figure("login1000000"), 240, 150),
        ("sign-on at the ACS", "thousand instructions", figure("login-instructions"), 3600, None),
        ("all checks of a response, to parsing and verifying by xmlsec1", "", quotient(figure("verify"), figure("verify-xmlsec1")), 1.2, None),
        ("redirect to the identity provider, unsigned, CPU", "µs", figure("redirect"), 90, None),
        ("memory a session", "KB", figure("memory"), 2.5, None),
        ("memory at start, room for 100,000", "MB", figure("start"), 40, None),
        ("unknown cookie to a live one's", "", quotient(figure("unknown"), figure("known")), 1, None),
        ("look-up among 1,000,000 to among 1,000", "", figure("lookup-ratio"), 2, None),
        ("sessions lost by graceful restarts", "", figure("lost"), 0, None),
    ]


def behind(table):
    """The rows where a peer is ahead of ours: (title, peer, how many times)."""
    found = []
    for row in table.rows.values():
        ours = row["figures"].get("ours")
        for key in PEERS:
            theirs = row["figures"].get(key)
            if ours is None or theirs is None:
                continue
            if (theirs > ours) if row["more"] else (theirs < ours):
                found.append((row["title"], key, abs(ours / theirs) if theirs else None))
    return found
