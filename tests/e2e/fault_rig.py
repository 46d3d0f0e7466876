"""What the fault tests share: a steady stream into a relay whose destination is Debian's carbon-cache, which
can be stopped, killed and started again, and the comparison of what was sent, published and stored.

Windows are short (2 s), so that an outage of seconds is one of several windows.
"""
import datetime
import json
import pathlib
import signal
import socket
import struct
import threading
import time
import urllib.request

from peers import CarbonCache
from sluice_harness import DEADLINE_SECONDS, HOST, SOURCE_DIR, Failure, RecordingSink, Sluice, free_port, stamp, wait_until

WINDOW = 2  # Seconds, and the step of carbon's archive.
HOSTS = [f"web{number:02}.example.com" for number in range(1, 6)]
SCHEMAS = f"[all]\npattern = .*\nretentions = {WINDOW}s:2h\n"
AGGREGATION = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = last\n"
COUNTER = "puppet.runs.completed.count"
# A stored datapoint: the head of a whisper file and its archives (big-endian, whisper.py's documentation).
HEAD, ARCHIVE, POINT = struct.Struct(">LLfL"), struct.Struct(">LLL"), struct.Struct(">Ld")


def read_whisper(file: pathlib.Path) -> dict[int, float]:
    """{timestamp: value} of the finest archive of a whisper file."""
    data = file.read_bytes()
    offset, _, points = ARCHIVE.unpack_from(data, HEAD.size)
    slots = (POINT.unpack_from(data, offset + number * POINT.size) for number in range(points))
    return {at: value for at, value in slots if at}


class Carbon:
    """A carbon-cache that dies and comes back on one port with one storage folder."""

    def __init__(self, test, folder: pathlib.Path, creates_per_minute="inf", start=True):
        folder.mkdir(exist_ok=True)
        self.folder, self.port, self.starts = folder, free_port(), 0
        self.creates_per_minute = creates_per_minute
        self.updates_per_second = "inf"  # From the next start on.
        self.cache = None
        test.addCleanup(self.stop)
        if start:
            self.start()

    def start(self):
        # A folder for each life's logs; the whisper files stay where they are.
        self.starts += 1
        self._remove_torn()
        scratch = self.folder / f"carbon-{self.port}-{self.starts}"
        self.cache = CarbonCache(scratch, self.port, SCHEMAS, AGGREGATION, storage=self.folder / "whisper",
                                 creates_per_minute=self.creates_per_minute,
                                 updates_per_second=self.updates_per_second)

    def stop(self):
        if self.cache:
            self.cache.process.send_signal(signal.SIGCONT)
            self.cache.stop()
            self.cache = None

    def signal(self, number):
        self.cache.process.send_signal(number)

    def kill(self):
        self.cache.process.kill()
        self.cache.process.wait()
        self.cache = None

    def _remove_torn(self):
        """A carbon that was killed while it created a file leaves an empty one, and no later carbon ever writes to
        that (whisper.CorruptWhisperFile). Whoever runs it removes such files (docs/delivery.md), and so do we."""
        for file in (self.folder / "whisper").rglob("*.wsp"):
            try:
                read_whisper(file)
            except struct.error:
                file.unlink()

    def stored(self) -> dict[tuple[str, int], float]:
        """{(path, timestamp): value} of everything that is on disk."""
        root = self.folder / "whisper"
        values = {}
        for file in root.rglob("*.wsp"):
            path = str(file.relative_to(root))[:-len(".wsp")].replace("/", ".")
            try:
                values |= {(path, at): value for at, value in read_whisper(file).items()}
            except struct.error:
                continue  # Being created at this moment.
        return values


class Relay:
    """A relay that can be killed and started again on the same port and state_dir. Beside the destinations
    given it always delivers to "record", a receiver that never fails: what that has at the end is what was
    published."""

    def __init__(self, test, binary, folder: pathlib.Path, destinations, **config):
        self.binary, self.folder = binary, folder
        folder.mkdir(exist_ok=True)
        self.port, self.http = free_port(), free_port()
        self.record = test.enterContext(RecordingSink())
        destinations = [*destinations, {"name": "record", "carbon": f"tcp://{HOST}:{self.record.port}"}]
        self.config = {
            "listen": [{"syslog": f"tcp://{HOST}:{self.port}"}], "pack_dirs": [str(SOURCE_DIR / "rules")],
            "packs": ["puppet-agent"], "state_dir": str(folder / "state"), "http": f"{HOST}:{self.http}",
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"]}, "window": f"{WINDOW}s", "grace": "500ms",
            "horizon": "5m", "shutdown_timeout": "5s",
            "destinations": [{"ack_timeout": "3s", "connect_timeout": "2s", "new_series_per_minute": 0, **one}
                             for one in destinations],
        } | config
        self.process = None
        test.addCleanup(self.kill)
        self.start()
        self.accountant = Accountant(test, self)

    def start(self):
        self.process = Sluice(self.binary, self.config, self.folder)
        self.process.wait_listening(tcp=[self.port, self.http])

    def kill(self):
        if self.process and self.process.process.poll() is None:
            self.process.kill()

    def stop(self):
        self.process.stop()

    def ledger(self) -> dict:
        url = f"http://{HOST}:{self.http}/api/v1/ledger"
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)

    def undelivered(self, name="graphite") -> int:
        """What a destination has not taken. While it is being tried, all that waits may be in flight."""
        one = self.destination(name)
        return one["waiting"] + one["in_flight"]

    def destination(self, name="graphite") -> dict:
        return next(one for one in self.ledger()["destinations"] if one["name"] == name)

    def published(self) -> dict[tuple[str, int], float]:
        """The last published value of each datapoint of clusters and hosts, over all the relay's lives; its
        own counters change every window and are left out."""
        return {(path, at): value for path, points in self.record.series(r"sluice\.(all|clusters|hosts)\..*").items()
                for at, value in points.items()}

    def wait_merged(self, count):
        """Waits until so many messages of this life are merged and a further tick has gone by."""
        def is_merged():
            ledger = self.ledger()
            return ledger["messages"]["received"] >= count and ledger["samples"]["pending"] == 0 and ledger["time"]
        first = wait_until(is_merged, f"{count} messages are merged")
        wait_until(lambda: self.ledger()["time"] > first, "another tick goes by")

    def wait_delivered(self, *names):
        """Waits until the windows of now are published, and nothing waits for these destinations and the
        record."""
        published_from = time.time() + int(self.config["window"].rstrip("s")) + 2
        def is_delivered():
            ledger = self.ledger()
            mine = [one for one in ledger["destinations"] if one["name"] in (*names, "record")]
            # By the relay's own last tick: one that has much to do may be behind.
            ticked = datetime.datetime.fromisoformat(ledger["time"]).timestamp()
            return ticked > published_from and all(one["waiting"] == one["in_flight"] == 0 for one in mine)
        wait_until(is_delivered, f"nothing waits for {names}", 120)


def identities(ledger) -> list[str]:
    """What the columns of a ledger do not explain, worked out from them alone."""
    messages, samples = ledger["messages"], ledger["samples"]
    sums = [("messages", messages["received"], messages["parsed"] + messages["malformed"]),
            ("malformed", messages["malformed"], sum(messages["malformed_by"].values())),
            ("samples", samples["read"], samples["merged"] + samples["pending"] + sum(samples["dropped"].values()))]
    for one in ledger["destinations"]:
        columns = [one[name] for name in ("acknowledged", "unconfirmed", "waiting", "in_flight", "superseded")]
        sums.append((f"datapoints of {one['name']}", one["spooled_at_start"] + one["published"],
                     sum(columns) + sum(one["dropped"].values())))
    wrong = [f"{name}: {left} came in, {right} are in columns" for name, left, right in sums if left != right]
    if any(ledger["uncounted_loss"].values()):
        wrong.append(f"uncounted loss {ledger['uncounted_loss']}")
    # All are given the same, from the moment on that they are there.
    given = {one["name"]: one["published_before"] + one["published"] - one["restored"] for one in ledger["destinations"]}
    return wrong if len(set(given.values())) < 2 else [*wrong, f"destinations were not given the same: {given}"]


class Accountant:
    """Reads the ledger as fast as it is answered, as long as the test runs: each snapshot has to add up, and within a
    life of the relay no column that counts may step back."""

    COUNTS = ("published", "acknowledged", "unconfirmed", "superseded", "replayed")

    def __init__(self, test, relay):
        self.relay, self.looks, self.wrong, self._end = relay, 0, [], threading.Event()
        self._last = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        test.addCleanup(self._check, test)

    def _check(self, test):
        self._end.set()
        self._thread.join(60)
        test.assertEqual(self.wrong[:5], [])
        test.assertGreater(self.looks, 0)

    def _run(self):
        while not self._end.wait(0.02):
            process = self.relay.process
            try:
                ledger = self.relay.ledger()
            except (OSError, ValueError):  # It is being started, or was killed while it answered.
                continue
            self.looks += 1
            wrong = identities(ledger)
            if process is self.relay.process:  # Else nobody knows which of the two has answered.
                wrong += self._steps_back(ledger, process)
            self.wrong += [f"{ledger['time']}: {one}" for one in wrong]

    def _steps_back(self, ledger, process) -> list[str]:
        now = {("relay", name): ledger["messages"][name] for name in ("received", "parsed", "matched", "unmatched")}
        now |= {(one["name"], name): one[name] for one in ledger["destinations"] for name in self.COUNTS}
        life, before = self._last if self._last else (None, {})
        self._last = process, now
        if life is not process:  # Two lives may be of one second, so "started" does not tell them apart.
            return []
        return [f"{key} stepped back from {before[key]} to {value} (started {ledger['started']})"
                for key, value in now.items() if value < before.get(key, 0)]


class Stream:
    """A steady stream of Puppet's last lines: each host once in 50 ms, by turns, over one connection that is
    made anew when it breaks. `sent` counts what was written to a connection that was still whole."""

    PAUSE = 0.05

    def __init__(self, test, relay):
        self.relay, self.sent, self._end = relay, 0, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        test.addCleanup(self.stop)

    def stop(self):
        self._end.set()
        self._thread.join(60)

    def _run(self):
        connection = None
        number = 0
        while not self._end.wait(self.PAUSE):
            try:
                connection = connection or socket.create_connection((HOST, self.relay.port), 5)
                connection.sendall(line_of(HOSTS[number % len(HOSTS)], number))
                self.sent += 1
            except OSError:
                if connection:
                    connection.close()
                connection = None
            number += 1
        if connection:
            connection.close()


def line_of(host, number, moment=None) -> bytes:
    at = stamp() if moment is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    seconds = 1 + number % 7 + 0.25
    return f"<29>{at} {host} puppet-agent[{number % 30000}]: Applied catalog in {seconds:.2f} seconds\n".encode()


class Watcher:
    """Reads what is stored again and again: a counter of a window may only grow."""

    def __init__(self, test, carbon):
        self.carbon, self.shrunk, self._known, self._end = carbon, [], {}, threading.Event()
        self.looks = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        test.addCleanup(self.stop)

    def stop(self):
        self._end.set()
        self._thread.join(60)

    def look(self):
        for key, value in self.carbon.stored().items():
            if not key[0].endswith(COUNTER):
                continue
            before = self._known.setdefault(key, value)
            if value < before:
                self.shrunk.append(f"{key}: {before} became {value}")
            self._known[key] = max(before, value)
        self.looks += 1

    def _run(self):
        while not self._end.wait(0.3):
            self.look()


def differences(published, stored) -> list[str]:
    """What is published and not stored with its last value."""
    def is_stored(key, value):
        return key in stored and abs(stored[key] - value) <= 1e-9 * max(1, abs(value))
    return [f"{key[0]} at {key[1]}: published {value}, stored {stored.get(key)}"
            for key, value in sorted(published.items()) if not is_stored(key, value)]


def total(stored, path) -> float:
    return sum(value for (one, _), value in stored.items() if one == path)


def wait_stored(carbon, published) -> None:
    """carbon has written all it took; its writer may be a second behind."""
    try:
        wait_until(lambda: not differences(published(), carbon.stored()), "carbon has stored what was published")
    except Failure:
        wrong = differences(published(), carbon.stored())
        if not wrong:
            return  # One look of a busy machine took longer than the rest of the time.
        raise Failure(f"{len(wrong)} datapoints differ, the first: " + "; ".join(wrong[:5])) from None
