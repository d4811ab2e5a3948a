# SPDX-License-Identifier: Apache-2.0
"""The figures as an SVG: for each row a group of bars, on a scale of powers of ten, since peers differ by a hundred times."""

import html
import math

WIDTH, LABEL, RIGHT, BAR, GAP, TOP = 960, 330, 90, 13, 14, 64
COLOURS = {"floor": "#9aa0a6", "basic": "#c3b091", "form": "#b07aa1", "mellon-shipped": "#e15759", "mellon": "#f28e2b",
           "shibboleth": "#4e79a7", "ours": "#2e8b57"}


def bars(row, keys, y, low, high):
    """One row's SVG elements and where the next row begins."""
    out = [f'<text x="{LABEL - 10}" y="{y + BAR - 2}" text-anchor="end">{html.escape(row["title"])}</text>']
    span = WIDTH - LABEL - RIGHT
    for key in keys:
        value = row["figures"].get(key)
        if not value or value <= 0:
            continue
        width = max(2, (math.log10(value) - low) / (high - low) * span)
        text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        out.append(f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 2}" fill="{COLOURS[key]}"/>')
        out.append(f'<text x="{LABEL + width + 5:.1f}" y="{y + BAR - 3}" class="n">{text} {html.escape(row["unit"])}</text>')
        y += BAR
    return out, y + GAP


def legend(peers):
    out, x, y = [], 10, 22
    for key, peer in peers.items():
        width = 30 + 6.6 * len(peer.title)
        if x + width > WIDTH:
            x, y = 10, y + 18
        out.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{COLOURS[key]}"/>')
        out.append(f'<text x="{x + 17}" y="{y}">{html.escape(peer.title)}</text>')
        x += width
    return out


def svg(table, peers, rows):
    chosen = [table.rows[r] for r in rows if r in table.rows]
    values = [v for row in chosen for v in row["figures"].values() if v > 0]
    low, high = math.floor(math.log10(min(values))) - 0.2, math.log10(max(values))
    body, y = legend(peers), TOP
    for row in chosen:
        more, y = bars(row, peers, y, low, high)
        body += more
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="12">\n'
            '<!-- SPDX-License-Identifier: Apache-2.0 -->\n<style>.n { fill: #555; font-size: 10px }</style>\n'
            f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n")
