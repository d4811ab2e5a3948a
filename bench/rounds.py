# SPDX-License-Identifier: Apache-2.0
"""Contenders taking turns, so that what else the machine does falls on all alike; and what is kept of it."""

import statistics
import subprocess
import sys

from programs import Failed


def take_turns(rounds, contenders, missed, warm=1):
    """
    {key: [what each round gave]}; each contender is a function of the round's number; the first `warm` rounds are not kept. One that
    fails is asked no more, and `missed(key, why)` is told.
    """
    kept = {key: [] for key in contenders}
    for i in range(rounds + warm):
        for key in list(kept):
            try:
                value = contenders[key](i)
            except (Failed, OSError, subprocess.TimeoutExpired) as e:
                del kept[key]
                missed(key, str(e))
                continue
            if i >= warm:
                kept[key].append(value)
    return kept


def median_of(values, field=0):
    """The median of one field of what the rounds gave."""
    return statistics.median(v[field] for v in values)


def paired_ratio(values, to, field=0):
    """The median of the ratios within rounds."""
    return statistics.median(v[field] / t[field] for v, t in zip(values, to))


class Table:
    """Figures by row and peer, in the order in which they came, and what could not be had."""

    def __init__(self):
        self.rows = {}
        self.missed = []            # (what, why)

    def put(self, key, title, unit, figures, ratios=None, more=False, shown=True, why_not=None):
        """`figures` {peer: number}; `ratios` {peer: to the floor}, where rounds give them; `more` is better, else less;
        not `shown`: for targets alone; `why_not` {peer: why it was not asked in this run}."""
        row = self.rows.setdefault(key, {"title": title, "unit": unit, "figures": {}, "ratios": {}, "more": more, "shown": shown,
                                         "why_not": why_not or {}})
        row["figures"].update(figures)
        row["ratios"].update(ratios or {})
        said = ", ".join(f"{k} {v:.4g}" for k, v in figures.items())
        print(f"bench:     {title}: {said} {unit}", file=sys.stderr, flush=True)

    def miss(self, what, why):
        self.missed.append((what, why))
        print(f"bench:     not measured: {what}: {why}", file=sys.stderr, flush=True)

    def figure(self, row, key="ours"):
        """One figure, or None."""
        return self.rows.get(row, {"figures": {}})["figures"].get(key)

    def ratio(self, row, key="ours"):
        return self.rows.get(row, {"ratios": {}})["ratios"].get(key)
