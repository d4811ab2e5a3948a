# SPDX-License-Identifier: Apache-2.0
"""The figures as Markdown."""


def number(value, unit=""):
    if value is None:
        return "–"
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}" + (f" {unit}" if unit in ("%",) else "")


def headings(peers):
    return "| | " + " | ".join(p.title for p in peers.values()) + " |\n|---|" + "---:|" * len(peers)


def figures(table, peers):
    lines = [headings(peers)]
    for row in table.rows.values():
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
    """How many times ours each peer's figure is."""
    others = {k: p for k, p in peers.items() if k != "ours"}
    lines = [headings(others)]
    for row in table.rows.values():
        ours = row["figures"].get("ours")
        if not ours or not any(k in row["figures"] for k in others):
            continue
        cells = [f"{row['figures'][k] / ours:.2f}" if k in row["figures"] else "–" for k in others]
        lines.append(f"| {row['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
