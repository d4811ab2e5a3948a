# SPDX-License-Identifier: Apache-2.0
"""The figures as Markdown."""

import targets


def number(value):
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def headings(peers):
    return "| | " + " | ".join(p.title for p in peers.values()) + " |\n|---|" + "---:|" * len(peers)


def figures(table, peers, least=1):
    """The rows with figures of ours and of so many others of `peers`; in brackets to the floor."""
    lines = [headings(peers)]
    for row in table.rows.values():
        if not row["shown"] or sum(k in row["figures"] for k in peers if k != "floor") < least:
            continue
        unit = f", {row['unit']}" if row["unit"] else ""
        cells = []
        for key in peers:
            cell = number(row["figures"].get(key))
            if key in row["ratios"] and key != "floor":
                cell += f" ({row['ratios'][key]:.2f})"
            cells.append(cell)
        lines.append(f"| {row['title']}{unit} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def times_ours(table, peers):
    """How many times ours each peer's figure is; the other way round where more is better."""
    others = {k: p for k, p in peers.items() if k != "ours"}
    lines = [headings(others)]
    for row in table.rows.values():
        ours = row["figures"].get("ours")
        if not ours or not any(k in row["figures"] for k in others):
            continue
        cells = []
        for key in others:
            theirs = row["figures"].get(key)
            cells.append("–" if not theirs else f"{ours / theirs if row['more'] else theirs / ours:.2f}")
        lines.append(f"| {row['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def verdict(measured, target, stretch):
    if measured is None:
        return "not measured"
    if measured > target:
        return "**missed**"
    return "reached" if stretch is None else "reached, stretch too" if measured <= stretch else "reached"


def against_targets(table):
    lines = ["| | measured | at most | |\n|---|---:|---:|---|"]
    for what, unit, measured, target, stretch in targets.all_of(table):
        limit = number(target) + (f", stretch {number(stretch)}" if stretch else "")
        lines.append(f"| {what}{', ' + unit if unit else ''} | {number(measured)} | {limit} | {verdict(measured, target, stretch)} |")
    return "\n".join(lines)


def ahead(table, peers):
    """One sentence, and a list of where it does not hold."""
    here = [p.title for k, p in peers.items() if k in targets.PEERS]
    if not here:
        return "No peer is here to compare with."
    rows = targets.behind(table)
    if not rows:
        return f"Ahead of {', '.join(here)} in every row that was measured."
    return "Not ahead in every row:\n\n" + "\n".join(
        f"- {title}: {peers[key].title}" + (f", by {times:.2f}" if times else "") for title, key, times in rows)


def missed(table):
    if not table.missed:
        return "All that this run was to measure was measured."
    return "Not measured, and so not passed:\n\n" + "\n".join(f"- {what}: {why}" for what, why in table.missed)
