"""Tables of what `sluice run --print` prints, one a window, for people."""
import pathlib

WINDOW_SECONDS = 10

# Heading, metric and leaf, and how the number is written. A scope without one of them shows a dash.
COLUMNS = [
    ("runs", "puppet.runs.completed.count", "{:.0f}"),
    ("mean s", "puppet.time.catalog_application.mean", "{:.2f}"),
    ("max s", "puppet.time.catalog_application.max", "{:.2f}"),
    ("changes", "puppet.events.success.count", "{:.0f}"),
    ("failed", "puppet.resources.failed.count", "{:.0f}"),
    ("skipped", "puppet.resources.skipped.count", "{:.0f}"),
]
LEAVES = {leaf for _, leaf, _ in COLUMNS}
NAME_WIDTH = 30
WINDOWS_KEPT = 30  # For corrections.


def introduction(port: int, http: int, config: pathlib.Path, recordings: list[pathlib.Path]) -> str:
    return f"""\
== demo: the relay listens on 127.0.0.1:{port} (UDP and TCP), configuration {config}
== demo: the page: http://127.0.0.1:{http}/
== demo: how it stands: sluice status --url http://127.0.0.1:{http}, http://127.0.0.1:{http}/healthz
== demo: playing, stamped with the present time: {', '.join(str(file) for file in recordings)}
== demo: seven recorded hosts, each under three names; their CPU, load and memory are those of an eighth
== demo: every {WINDOW_SECONDS} s a table of the window that has just ended: all hosts, each cluster, its hosts
== demo: send it a line of your own:
==         logger -n 127.0.0.1 -P {port} -T -t puppet-agent 'Applied catalog in 12.34 seconds'
== demo: Ctrl-C ends everything; the first table comes within 20 s"""


class Scope:
    """Whose numbers a path tells: all hosts, a cluster or a host of one; and the leaf."""

    def __init__(self, path: str):
        nodes = path.split(".")
        kind = nodes[1] if len(nodes) > 3 else ""
        depth = {"all": 2, "clusters": 3, "hosts": 4}.get(kind, len(nodes))
        self.leaf = ".".join(nodes[depth:])
        # Sorts as it is shown: all, then each cluster before its hosts.
        self.key = () if kind == "all" else tuple(nodes[2:depth])


def title(key: tuple[str, ...]) -> str:
    if not key:
        return "all"
    return f"  cluster {key[0]}" if len(key) == 1 else f"    {key[1].replace('_', '.')}"


class View:
    def __init__(self):
        # Start of a window as printed -> scope -> leaf -> value; in the order of their coming.
        self.windows: dict[str, dict[tuple, dict[str, float]]] = {}
        self.changed: list[str] = []
        self.shown: set[str] = set()

    def take(self, line: str) -> None:
        """Takes in one printed line; other lines and leaves are passed over."""
        window, series, leaves = parse_printed(line)
        for name, value in leaves.items():
            scope = Scope(f"{series}.{name}")
            if scope.leaf not in LEAVES:
                continue
            self.windows.setdefault(window, {}).setdefault(scope.key, {})[scope.leaf] = value
            if window not in self.changed:
                self.changed.append(window)

    def show_changes(self) -> None:
        for window in self.changed:
            print(self.table(window), flush=True)
            self.shown.add(window)
        self.changed.clear()
        for old in list(self.windows)[:-WINDOWS_KEPT]:
            del self.windows[old]
            self.shown.discard(old)

    def table(self, window: str) -> str:
        kind = "corrected" if window in self.shown else f"{WINDOW_SECONDS} s"
        lines = ["", f"{window + ' (' + kind + ')':<{NAME_WIDTH}}" + "".join(f"{head:>9}" for head, _, _ in COLUMNS)]
        for key in sorted(self.windows[window]):
            values = self.windows[window][key]
            # Counters of a cluster that is known and idle are 0.
            if any(values.values()):
                lines.append(f"{title(key):<{NAME_WIDTH}}" + "".join(cell(values, *column) for column in COLUMNS))
        return "\n".join(lines)


def cell(values: dict[str, float], _heading: str, leaf: str, form: str) -> str:
    return f"{form.format(values[leaf]) if leaf in values else '-':>9}"


def parse_printed(line: str) -> tuple[str, str, dict[str, float]]:
    """The window's start, the series and its leaves ("12:34:50  sluice.all.x  count=3 mean=1.5"); no
    leaves for any other line."""
    words = line.split()
    if len(words) < 3:
        return "", "", {}
    start, series, *leaves = words
    try:
        return start, series, {name: float(value) for name, value in (leaf.split("=") for leaf in leaves)}
    except ValueError:
        return start, series, {}
