# SPDX-License-Identifier: Apache-2.0
"""Contenders taking turns, so that what else the machine does falls on all alike; and what is kept of it."""

import statistics
import sys


def take_turns(rounds, contenders, warm=1):
    """{key: [what each round gave]}; each contender is a function without arguments; the first `warm` rounds are not kept."""
    kept = {key: [] for key in contenders}
    for i in range(rounds + warm):
        for key, measure in contenders.items():
            value = measure(i)
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
    """Figures by row and peer, in the order in which they came; less is better in all of them."""

    def __init__(self):
        self.rows = {}

    def put(self, key, title, unit, figures, ratios=None):
        """`figures` {peer: number}; `ratios` {peer: to the floor}, where rounds give them."""
        row = self.rows.setdefault(key, {"title": title, "unit": unit, "figures": {}, "ratios": {}})
        row["figures"].update(figures)
        row["ratios"].update(ratios or {})
        said = ", ".join(f"{k} {v:.4g}" for k, v in figures.items())
        print(f"bench:     {title}: {said} {unit}", file=sys.stderr, flush=True)
