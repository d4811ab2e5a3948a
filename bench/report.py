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
    """The rows with figures of so many of `peers` beside the floor; in brackets to the floor."""
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


def is_compared(row):
    """A row of ours in which peers have their figures, too; not one of ours alone."""
    return row["shown"] and "ours" in row["figures"] and any(k in row["figures"] for k in targets.PEERS)


def why_not(key, row, rival, peer):
    return row["why_not"].get(rival) or peer.why_not(key)


def times(row, ours, theirs):
    """How many times ours, as words."""
    if not ours or not theirs:
        return "level" if ours == theirs else f"{number(theirs)} to {number(ours)}"
    return f"{ours / theirs if row['more'] else theirs / ours:.2f}"


def row_by_row(table, peers):
    """Every row of all, what each peer takes to what we take, or why that cannot be said; and whether ours is ahead."""
    lines = ["| | ours | " + " | ".join(p.title for p in peers.values()) + " | |\n|---|---:|" + "---:|" * len(peers) + "---|"]
    reasons = []
    behind = {(title, key) for title, key, _ in targets.behind(table)}
    for name, row in ((n, r) for n, r in table.rows.items() if is_compared(r)):
        ours = row["figures"]["ours"]
        cells, level = [], False
        for key, peer in peers.items():
            theirs, why = row["figures"].get(key), why_not(name, row, key, peer)
            if theirs is not None:
                cells.append(times(row, ours, theirs))
                level = level or theirs == ours
            elif why:
                if why not in reasons:
                    reasons.append(why)
                cells.append("abcdefghij"[reasons.index(why)])
            else:
                cells.append("**not measured**")
        end = ("**behind**" if any((row["title"], k) in behind for k in peers) else "incomplete" if "**not measured**" in cells
               else "level" if level else "ahead")
        unit = f" {row['unit']}" if row["unit"] else ""
        lines.append(f"| {row['title']} | {number(ours)}{unit} | " + " | ".join(cells) + f" | {end} |")
    return "\n".join([*lines, "", *(f"- {'abcdefghij'[i]}: {why}." for i, why in enumerate(reasons))])


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
    compared = sum(is_compared(r) for r in table.rows.values())
    if not rows:
        return f"**Behind no peer in any of {compared} rows** where both were measured, of {', '.join(here)}; level where it says so, ahead in all others."
    return "**Not ahead in every row**:\n\n" + "\n".join(
        f"- {title}: {peers[key].title}" + (f", by {by:.2f}" if by else "") for title, key, by in rows)


def missed(table):
    if not table.missed:
        return "All that this run was to measure was measured."
    return "Not measured, and so not passed:\n\n" + "\n".join(f"- {what}: {why}" for what, why in table.missed)
