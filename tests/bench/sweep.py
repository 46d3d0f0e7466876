#!/usr/bin/env python3
"""How what a line costs grows with the number of hosts and of rules.

usage: sweep.py LINE_COST [PICTURE.svg]

LINE_COST is build/release/tests/bench/line_cost (cmake --preset release -DSLUICE_BENCH=ON). Each figure is the CPU
time of lines beyond the first WARM ones, which have met every host, divided by their number: a run of WARM lines is
subtracted from one of all, and the median of ROUNDS taken by turns. A fifth of the lines match one rule, whichever
number of rules their program has. Prints a table; draws it, too, when a picture is named.
"""
import json
import math
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HOSTS = [10, 100, 1000, 5000, 10000, 20000]
RULES = [5, 10, 25, 50, 100, 200]
LINES, WARM, ROUNDS = 600_000, 200_000, 5
USUAL_HOSTS, USUAL_RULES = 1000, 5


def write_rules(file, count):
    """Rules of one program that begin alike, which no literal tells apart at the first octet."""
    rules = [{"name": f"r{i}", "app": ["app"], "match": f"^job {i} took (?P<seconds>[0-9.]+) s$",
              "emit": [{"metric": f"job.n{i}", "type": "gauge", "value": "seconds"}],
              "examples": [{"line": f"job {i} took 1.5 s", "gives": {f"job.n{i}": 1.5}}]} for i in range(count)]
    file.write_text(json.dumps({"pack": "sweep", "rules": rules}))


def write_lines(file, hosts, rules):
    """Each host speaks in turn, a fifth of the time of a job; of five jobs, so that the series stay the same."""
    dice = random.Random(1)
    stamp = time.strftime("%b %e %H:%M:%S", time.gmtime())
    jobs = [dice.randrange(rules) for _ in range(5)]
    with open(file, "w", encoding="ascii") as out:
        for i in range(LINES):
            text = f"job {dice.choice(jobs)} took {dice.random() * 100:.2f} s" if dice.random() < 0.2 else \
                f"level=info caller=handler.go:{dice.randrange(900)} msg=\"request done\" status=200"
            out.write(f"<30>{stamp} web-{i % hosts:05}.example.com app[{dice.randrange(300, 60000)}]: {text}\n")


def cost(tool, lines, rules):
    """Nanoseconds of CPU a line."""
    seconds = [float(subprocess.run([tool, "syslog", lines, str(count), rules], check=True, capture_output=True,
                                    text=True).stdout.split()[2]) for count in (WARM, LINES)]
    return (seconds[1] - seconds[0]) / (LINES - WARM) * 1e9


def sweep(tool, folder, points):
    """{(hosts, rules): ns} of all points, measured by turns."""
    files = {}
    for hosts, rules in points:
        name = f"{hosts}-{rules}"
        files[hosts, rules] = (folder / f"{name}.log", folder / f"{name}.json")
        write_lines(files[hosts, rules][0], hosts, rules)
        write_rules(files[hosts, rules][1], rules)
    found = {point: [] for point in points}
    for _ in range(ROUNDS):
        for point in points:
            found[point].append(cost(tool, *files[point]))
    return {point: statistics.median(figures) for point, figures in found.items()}


def draw(picture, series):
    """Two graphs side by side, their x axes logarithmic: `series` is [(title, [(x, ns)])]."""
    width, height, left, bottom = 340, 220, 50, 40
    top = max(ns for _, points in series for _, ns in points) * 1.15
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * (width + left)}" height="{height + bottom + 30}" '
             'font-family="sans-serif" font-size="12" fill="#222">',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for number, (title, points) in enumerate(series):
        x0 = left + number * (width + left)
        low, high = math.log10(points[0][0]), math.log10(points[-1][0])

        def place(x, ns):
            return (x0 + (math.log10(x) - low) / (high - low) * (width - 40), 30 + height - ns / top * height)

        parts.append(f'<text x="{x0}" y="18" font-weight="bold">{title}</text>')
        for share in range(5):
            ns = top * share / 4
            y = 30 + height - share / 4 * height
            parts.append(f'<path d="M{x0} {y:.1f}h{width - 40}" stroke="#ddd"/>'
                         f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#777">{ns:.0f}</text>')
        path = " ".join(f'{"M" if i == 0 else "L"}{place(*point)[0]:.1f} {place(*point)[1]:.1f}'
                        for i, point in enumerate(points))
        parts.append(f'<path d="{path}" fill="none" stroke="#1b6ca8" stroke-width="2"/>')
        for x, ns in points:
            at = place(x, ns)
            parts.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="3" fill="#1b6ca8"/>'
                         f'<text x="{at[0]:.1f}" y="{30 + height + 18}" text-anchor="middle">{x:,}</text>')
    parts.append("</svg>\n")
    pathlib.Path(picture).write_text("\n".join(parts))


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    points = sorted({(hosts, USUAL_RULES) for hosts in HOSTS} | {(USUAL_HOSTS, rules) for rules in RULES})
    with tempfile.TemporaryDirectory() as folder:
        found = sweep(sys.argv[1], pathlib.Path(folder), points)
    by_hosts = [(hosts, found[hosts, USUAL_RULES]) for hosts in HOSTS]
    by_rules = [(rules, found[USUAL_HOSTS, rules]) for rules in RULES]
    for title, rows in ((f"hosts ({USUAL_RULES} rules)", by_hosts), (f"rules of the program ({USUAL_HOSTS} hosts)", by_rules)):
        print(f"| {title} | " + " | ".join(f"{x:,}" for x, _ in rows) + " |")
        print("| --- |" + " --- |" * len(rows))
        print("| ns of CPU a line | " + " | ".join(f"{ns:.0f}" for _, ns in rows) + " |\n")
    if len(sys.argv) == 3:
        draw(sys.argv[2], [("ns of CPU a line, by hosts", by_hosts), ("ns of CPU a line, by rules of the program", by_rules)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
