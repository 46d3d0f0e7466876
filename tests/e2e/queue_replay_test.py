#!/usr/bin/env python3
"""Three hours in which the relay was not running: Debian's rsyslogd keeps Puppet's lines in the disk queue of the
shipped action, then hands them over. Each value must land in the window of its own time, none may be too late or
lost, and what is logged while the backlog drains must be published on time.

usage: queue_replay_test.py SLUICE_BINARY
"""
import collections
import contextlib
import json
import pathlib
import random
import re
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from peers import Rsyslogd, give
from sluice_harness import DEADLINE_SECONDS, HOST, Failure, RecordingSink, Sluice, free_port, wait_until

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SHIPPED_ACTION = SOURCE / "packaging/rsyslog/60-sluice.conf"

WINDOW = 10  # Seconds; the outage has 1080 windows, and a live one is soon over.
GRACE = 1
OUTAGE = 3 * 3600
# Messages; the marks are of the shipped size. What is above the mark at which the queue turns to its disk must be more
# than a batch of rsyslogd's main queue (256 messages): its disk worker is woken only between batches, so that a batch
# that does not fit waits in vain, and is discarded message by message.
SHIPPED_QUEUE = {"size": 50000, "highWatermark": 30000, "lowWatermark": 20000}
QUEUE = {name: count // 10 for name, count in SHIPPED_QUEUE.items()}
# What fits between that mark and the end: hours of lines do not come within a moment, which the disk could not follow.
PORTION = (QUEUE["size"] - QUEUE["highWatermark"]) * 3 // 4
# From the end of a live window's grace to its values in the sink, on a slow and loaded machine.
LIVE_SECONDS_MAX = 30
DRAIN_SECONDS_MAX = 120
TIMING = "puppet.time.catalog_application"
RUNS = "puppet.runs.completed"

HOSTS = {f"{cluster}{number:02}": cluster for cluster in ("web", "db", "app", "mail") for number in range(10)}
LIVE_HOSTS = {f"live{number:02}": "live" for number in range(3)}

# One run of Puppet: its end, its host, and how long it took.
Run = collections.namedtuple("Run", "time host seconds")


def runs_of_the_outage(end):
    """A run of every host once in 30 s, each at a moment and of a length of its own, in order of time."""
    dice = random.Random(20)
    runs = [Run(begin + dice.randrange(30), host, dice.randrange(1, 20000) / 100)
            for begin in range(end - OUTAGE, end, 30) for host in HOSTS]
    return sorted(runs)


def line_of(run, pid):
    """As Puppet logs it, with a stamp as rsyslog's own senders write it; every other one in a zone east of UTC."""
    zone, offset = (("+02:00", 7200) if pid % 2 else ("Z", 0))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(run.time + offset)) + zone
    return f"<29>{stamp} {run.host} puppet-agent[{pid}]: Applied catalog in {run.seconds:.2f} seconds"


def expected_series(runs):
    """{path: {window: value}} by the definitions of the leaves, from the runs alone."""
    samples = collections.defaultdict(lambda: collections.defaultdict(list))
    for run in runs:
        cluster = (HOSTS | LIVE_HOSTS)[run.host]
        window = run.time // WINDOW * WINDOW
        for scope in (f"hosts.{cluster}.{run.host}", f"clusters.{cluster}", "all"):
            samples[f"sluice.{scope}"][window].append(run.seconds)
    series = {}
    for scope, windows in samples.items():
        series[f"{scope}.{RUNS}.count"] = {start: len(values) for start, values in windows.items()}
        series[f"{scope}.{TIMING}.count"] = series[f"{scope}.{RUNS}.count"]
        series[f"{scope}.{TIMING}.max"] = {start: max(values) for start, values in windows.items()}
        series[f"{scope}.{TIMING}.mean"] = {start: sum(values) / len(values) for start, values in windows.items()}
    return series


def differences(expected, sink, before=None):
    """What the sink has else than expected: too little, too much, or another value. Points of windows from
    `before` on, which are those of the live hosts, are left out."""
    found = {}
    for path, wanted in expected.items():
        points = {at: value for at, value in sink.series(re.escape(path)).get(path, {}).items()
                  if before is None or at < before}
        for at in wanted.keys() | points.keys():
            pair = (points.get(at), wanted.get(at))
            # Equal but for doubles being printed and read again, far below what one sample makes.
            if None in pair or abs(pair[0] - pair[1]) > 1e-6 * max(1.0, abs(pair[1])):
                found[path, at] = pair
    return found


class Gate:
    """A way from `port` to `target` that lets `first_bytes` pass at once and the rest when it is opened. What
    waits is held up by TCP, as behind a slow line. (rsyslogd sends what was on disk over a connection of its own.)"""

    def __init__(self, port, target, first_bytes):
        self.passed = 0  # Octets.
        self.streams = []  # What passed, by connection.
        self.first_bytes = first_bytes
        self._open = threading.Event()
        self._lock = threading.Lock()
        self._target = target
        self._listener = socket.create_server((HOST, port))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._open.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # Wakes what accepts.
        self._listener.close()

    def open(self):
        self._open.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sender, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(sender,), daemon=True).start()

    def lines(self):
        """The messages that passed, cut by octet counting, without what rsyslogd adds to their ends."""
        lines = []
        for stream in map(bytes, self.streams):
            while stream:
                length, _, rest = stream.partition(b" ")
                lines.append(rest[:int(length)].decode().rstrip("\n"))
                stream = rest[int(length):]
        return lines

    def _pass(self, sender):
        stream = bytearray()
        self.streams.append(stream)
        with sender, socket.create_connection((HOST, self._target)) as relay:
            while data := sender.recv(4096):
                relay.sendall(data)
                stream += data
                with self._lock:
                    self.passed += len(data)
                if self.passed >= self.first_bytes:
                    self._open.wait()


class QueueReplay(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.port, self.http, self.forwarded = free_port(), free_port(), free_port()
        self.sink = self.enterContext(RecordingSink())

    def start_rsyslogd(self):
        """The shipped action, pointed to the gate's port, with a memory queue that is soon full."""
        action = SHIPPED_ACTION.read_text()
        changes = [('"sluice.example.com"', '"127.0.0.1"'), ('port="5514"', f'port="{self.forwarded}"')]
        changes += [(f'queue.{name}="{count}"', f'queue.{name}="{QUEUE[name]}"')
                    for name, count in SHIPPED_QUEUE.items()]
        for shipped, ours in changes:
            self.assertEqual(action.count(shipped), 1, shipped)
            action = action.replace(shipped, ours)
        self.statistics = self.scratch / "impstats"
        counting = (f'module(load="impstats" interval="1" format="json" log.syslog="off" '
                    f'log.file="{self.statistics}")\n')
        return self.enterContext(Rsyslogd(self.scratch / "rsyslog", counting + action))

    def queue_counters(self, kind):
        """What rsyslogd told last of the action's queue: `kind` is "queue", or "queue[DA]" for its disk part."""
        if not self.statistics.exists():
            return {}
        told = re.findall(r"\{.*\}(?=\n)", self.statistics.read_text())
        rows = [row for row in map(json.loads, told)
                if row.get("origin") == "core.queue" and row["name"].endswith(f"omfwd {kind}")]
        return rows[-1] if rows else {}

    def fill_queue(self, rsyslogd, lines):
        """In portions, each when the memory has room for it because the disk has taken what came before."""
        def has_room():
            counters = self.queue_counters("queue")
            return counters.get("enqueued", 0) >= end and counters["size"] <= QUEUE["highWatermark"]
        for begin in range(0, len(lines), PORTION):
            end = min(begin + PORTION, len(lines))
            give(rsyslogd.port, lines[begin:end])
            wait_until(has_room, f"rsyslogd to queue {end} lines")

    def start_relay(self):
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}],
            "pack_dirs": [str(SOURCE / "rules")],
            "state_dir": str(self.scratch / "state"), "http": f"127.0.0.1:{self.http}", "tz": "UTC",
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"]},
            "window": f"{WINDOW}s", "grace": f"{GRACE}s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{self.sink.port}",
                              "new_series_per_minute": 0}],
        }, self.scratch))
        relay.wait_listening(tcp=[self.port, self.http])
        return relay

    def ledger(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/api/v1/ledger", timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)

    def send_live(self):
        """A run of each live host, now; gives them."""
        runs = [Run(int(time.time()), host, 2.5 + number) for number, host in enumerate(LIVE_HOSTS)]
        give(self.port, [line_of(run, 90_000 + number) for number, run in enumerate(runs)])
        return runs

    def wait_for(self, expected, what, seconds, before=None):
        try:
            wait_until(lambda: not differences(expected, self.sink, before), what, seconds)
        except Failure:
            wrong = differences(expected, self.sink, before)
            self.fail(f"{what}: {len(wrong)} points differ, (found, expected): {dict(list(wrong.items())[:10])}")

    def test_a_backlog_of_three_hours_lands_where_it_belongs(self):
        rsyslogd = self.start_rsyslogd()
        # The last run ended a little before the relay starts, so that no window has both.
        end = int(time.time()) // WINDOW * WINDOW - 3 * WINDOW
        outage = runs_of_the_outage(end)
        lines = [line_of(run, pid) for pid, run in enumerate(outage, 1000)]
        self.fill_queue(rsyslogd, lines)
        self.assertTrue(list((self.scratch / "rsyslog").glob("sluice.0*")), "the queue is not on disk")
        self.assertGreater(self.queue_counters("queue[DA]").get("size", 0), len(lines) // 2)
        self.assertEqual(self.queue_counters("queue")["discarded.full"], 0)

        self.start_relay()
        with Gate(self.forwarded, self.port, len("\n".join(lines)) // 2) as gate:
            wait_until(lambda: gate.passed >= gate.first_bytes, "half of the backlog to come", DRAIN_SECONDS_MAX)
            live = self.send_live()
            self.check_live_comes_on_time(live)
            self.assertTrue(differences(expected_series(outage), self.sink, end), "the backlog has drained too early")
            gate.open()
            live_during_drain = self.send_live()
            wait_until(lambda: len(gate.lines()) >= len(lines), "the rest of the backlog to come", DRAIN_SECONDS_MAX)
            outage += self.repeated(gate, dict(zip(lines, outage)))
            self.wait_for(expected_series(outage), "the backlog in the sink", DRAIN_SECONDS_MAX, before=end)
        self.check_live_comes_on_time(live + live_during_drain)
        self.check_nothing_is_lost(len(outage), len(live + live_during_drain))

    def repeated(self, gate, runs):
        """The runs that rsyslogd sent twice: it repeats the message with which it tried a connection in vain, one for
        each connection at most. They are on the wire twice, so they count twice."""
        came = collections.Counter(re.sub(r"(T\d\d:\d\d:\d\d)\.0+", r"\1", line) for line in gate.lines())
        self.assertEqual(runs.keys() - came.keys(), set(), "rsyslogd has lost lines")
        self.assertEqual(came.keys() - runs.keys(), set(), "rsyslogd has sent other lines")
        twice = [runs[line] for line, count in came.items() for _ in range(count - 1)]
        self.assertLessEqual(len(twice), len(gate.streams))
        return twice

    def check_live_comes_on_time(self, runs):
        due = max(run.time for run in runs) // WINDOW * WINDOW + WINDOW + GRACE
        series = {path: points for path, points in expected_series(runs).items() if ".live" in path}
        self.wait_for({path: points for path, points in series.items() if path.startswith("sluice.hosts")},
                      "live values in the sink", due + LIVE_SECONDS_MAX - time.time())

    def check_nothing_is_lost(self, backlog, live):
        ledger = self.ledger()
        self.assertEqual(ledger["messages"]["received"], backlog + live)
        self.assertEqual(ledger["samples"]["dropped"], dict.fromkeys(ledger["samples"]["dropped"], 0))
        self.assertIn("too_late", ledger["samples"]["dropped"])
        for scope in ("all", r"hosts\..*", r"clusters\..*"):
            self.assertEqual(self.sink.total(rf"sluice\.{scope}\.{re.escape(RUNS)}\.count"), backlog + live, scope)
        self.assertEqual(self.sink.bad_lines, [])


if __name__ == "__main__":
    unittest.main()
