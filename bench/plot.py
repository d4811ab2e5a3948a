# SPDX-License-Identifier: Apache-2.0
"""The figures as an SVG: for each row a group of bars as long as the figures are to the row's largest, on light and on dark pages."""

import html

WIDTH, LABEL, RIGHT, BAR, GAP, TOP = 960, 300, 150, 15, 18, 20
AT_MOST = 20            # times ours; a longer bar is cut, and shows it by a gap
COLOURS = {"floor": "#9aa0a6", "basic": "#bfa76a", "form": "#b07aa1", "mellon-shipped": "#e15759", "mellon": "#f28e2b",
           "shibboleth": "#4e79a7", "ours": "#2e9d5b"}
STYLE = """text { fill: #222 } .n { fill: #555; font-size: 11px } .page { fill: #fff } .ours { font-weight: bold }
@media (prefers-color-scheme: dark) { text { fill: #e6e6e6 } .n { fill: #b0b0b0 } .page { fill: #0d1117 } }"""
LEFT_OUT = ("wrong", "failed", "rate8", "p99")


def lines_of(title, at_most=44):
    """A title in lines that fit."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= at_most:
            lines.append("")
        lines[-1] = (lines[-1] + " " + word).strip()
    return lines


def bars(row, peers, y):
    """One row's SVG elements and where the next row begins."""
    title = row["title"] + (" (more is better)" if row["more"] else "")
    texts = lines_of(title)
    out = [f'<text x="{LABEL - 12}" y="{y + 12 + 15 * i}" text-anchor="end">{html.escape(t)}</text>' for i, t in enumerate(texts)]
    ours, most = row["figures"].get("ours"), max(row["figures"].values()) or 1
    if ours and not row["more"]:
        most = min(most, AT_MOST * ours)
    below = y + 15 * len(texts)
    for key, peer in peers.items():
        value = row["figures"].get(key)
        if value is None:
            continue
        width = max(1.5, min(1, max(0, value) / most) * (WIDTH - LABEL - RIGHT))
        text = f"{value:,.0f}" if value >= 100 or value == 0 else f"{value:.3g}"
        emphasis = "n ours" if key == "ours" else "n"
        out.append(f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 3}" fill="{COLOURS[key]}">'
                   f'<title>{html.escape(peer.title)}</title></rect>')
        if value > most:
            out.append(f'<rect x="{LABEL + width - 24:.1f}" y="{y}" width="5" height="{BAR - 3}" class="page"/>')
        out.append(f'<text x="{LABEL + width + 6:.1f}" y="{y + BAR - 5}" class="{emphasis}">{text} {html.escape(row["unit"])}</text>')
        y += BAR
    return out, max(y, below) + GAP


def legend(peers):
    out, x, y = [], 12, 26
    for key, peer in peers.items():
        width = 34 + 6.8 * len(peer.title)
        if x + width > WIDTH:
            x, y = 12, y + 20
        out.append(f'<rect x="{x:.0f}" y="{y - 11}" width="12" height="12" fill="{COLOURS[key]}"/>')
        out.append(f'<text x="{x + 18:.0f}" y="{y}">{html.escape(peer.title)}</text>')
        x += width
    out.append(f'<text x="12" y="{y + 20}" class="n">Each row to its largest; a bar with a gap is longer than drawn. '
               'Less is better where nothing else is said.</text>')
    return out, y + 20 + TOP


def svg(table, peers):
    body, y = legend(peers)
    for key, row in table.rows.items():
        if row["shown"] and key not in LEFT_OUT and sum(k in row["figures"] for k in peers) > 1:
            row = {**row, "figures": {k: v for k, v in row["figures"].items() if k in peers}}
            more, y = bars(row, peers, y)
            body += more
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" font-family="sans-serif" '
            'font-size="13" role="img">\n<!-- SPDX-License-Identifier: Apache-2.0 -->\n'
            f'<title>What each costs; each row to its largest</title>\n<style>{STYLE}</style>\n'
            f'<rect width="{WIDTH}" height="{y}" class="page"/>\n' + "\n".join(body) + "\n</svg>\n")
