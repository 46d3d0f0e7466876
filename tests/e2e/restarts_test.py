#!/usr/bin/env python3
"""What changes between two runs of the relay, or is lost with the first, with Debian's carbon-cache behind it: the
cluster map, the length of windows, the time in which nobody watched.

usage: restarts_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import pathlib
import shutil
import signal
import sqlite3
import sys
import time
import unittest

from fault_rig import COUNTER, HOSTS, WINDOW, Carbon, Relay, Stream, Watcher, line_of, total, wait_stored
from sluice_harness import DEADLINE_SECONDS, HOST, Sluice, play_tcp, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"


def rows_of(*files) -> list[str]:
    """All that is in the first of these files, a database, of which copies are read; others are its write-ahead log."""
    with scratch() as folder:
        for file in files:
            shutil.copy(file, folder)
        database = sqlite3.connect(pathlib.Path(folder) / files[0].name)
        try:
            return list(database.iterdump())
        finally:
            database.close()


class Restarts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.carbon = Carbon(self, self.folder)

    def start(self, **config):
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}"}], **config)
        self.watcher = Watcher(self, self.carbon)

    def send(self, count, moment=None):
        """`count` runs, by turns of the hosts, at `moment` (now)."""
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i, moment) for i in range(count)))

    def check_stored(self, sent):
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])
        self.assertEqual(total(self.carbon.stored(), FLEET), sent)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})

    def log_lines(self, *words) -> list[str]:
        lines = self.relay.process.log_file.read_text().splitlines()
        return [line for line in lines if all(word in line for word in words)]

    def value(self, path, start):
        return self.relay.published().get((path, start))

    def window_now(self):
        """The start of a window that has just begun."""
        start = (int(time.time()) // WINDOW + 1) * WINDOW
        wait_until(lambda: time.time() >= start, "the next window begins")
        return start

    def test_windows_keep_the_cluster_map_they_were_opened_with(self):
        def write_map(cluster):
            map_file.write_text(json.dumps({"hosts": {host: cluster for host in HOSTS}}))
        map_file = self.folder / "map.json"
        write_map("old")
        self.start(window="10s", clusters={"file": str(map_file)})
        old = int(time.time()) // 10 * 10
        self.send(40, old + 1)
        self.relay.wait_merged(40)
        self.relay.stop()
        write_map("new")
        self.relay.start()
        self.send(25, old + 1)
        wait_until(lambda: self.value(f"sluice.clusters.old.{COUNTER}", old) == 65, "late lines count in the old cluster")
        new = int(time.time()) // 10 * 10 + 10
        wait_until(lambda: time.time() > new, "a window is opened under the new map")
        self.send(15, new)
        self.relay.wait_merged(40)
        self.relay.kill()
        self.relay.start()
        self.send(10, old + 1)
        self.send(10, new)
        wait_until(lambda: self.value(f"sluice.clusters.old.{COUNTER}", old) == 75
                   and self.value(f"sluice.clusters.new.{COUNTER}", new) == 25, "each window has its own map")
        self.assertIsNone(self.value(f"sluice.clusters.new.{COUNTER}", old))
        self.assertFalse(self.value(f"sluice.clusters.old.{COUNTER}", new))
        self.check_stored(100)

    def test_the_length_of_windows_is_changed(self):
        self.start(window="4s")
        start = int(time.time()) // 4 * 4 + 4
        wait_until(lambda: time.time() >= start, "the next window begins")
        self.send(20, start)
        self.relay.wait_merged(20)
        self.relay.kill()
        self.relay.config["window"] = "2s"
        self.relay.start()
        told = self.log_lines(" warning ", "windows are 2 s long", "those of the last run were 4 s")
        self.assertEqual(len(told), 1, self.relay.process.log())
        self.assertEqual(list((self.folder / "relay" / "state").glob("journal.db.*")), [])
        wait_until(lambda: self.value(FLEET, start) == 20, "what was open is published as it stood")
        self.send(7, start)  # Too late: it would be a part.
        self.window_now()
        self.send(30)
        wait_until(lambda: sum(at > start and number for (path, at), number in self.relay.published().items()
                               if path == FLEET) == 30, "new windows are published")
        self.assertEqual(self.value(FLEET, start), 20)
        self.check_stored(50)

    def test_a_short_restart_is_no_watched_time(self):
        self.start(window="2s")
        self.send(20)
        wait_until(lambda: total(self.relay.published(), FLEET) == 20, "a window is published")
        self.relay.stop()
        stopped = time.time()
        time.sleep(4.5)  # Two windows at least in which nobody watched.
        self.relay.start()
        started = time.time()
        fleet = lambda: {at: number for (path, at), number in self.relay.published().items() if path == FLEET}
        wait_until(lambda: any(at > started for at in fleet()), "a window that was watched from its start is published")
        values = fleet()
        unwatched = [at for at in values if stopped - 2 < at < started - 2]
        self.assertEqual([at for at in unwatched if not values[at]], [], values)
        self.assertIn(0, [values[at] for at in values if at > started], values)
        self.check_stored(20)

    def test_the_log_says_how_the_last_run_ended(self):
        self.start()
        self.send(5)
        self.relay.wait_merged(5)
        self.relay.stop()
        self.relay.start()
        self.assertEqual(len(self.log_lines("state of ", "5 hosts", "the last run was stopped at")), 1,
                         self.relay.process.log())
        self.assertEqual(self.log_lines("did not end cleanly"), [])
        self.send(5)
        self.relay.wait_merged(5)
        self.relay.kill()
        self.relay.start()
        self.assertEqual(len(self.log_lines(" warning ", "the last run did not end cleanly", "nobody watched from")), 1,
                         self.relay.process.log())

    def test_a_stop_that_waits_for_a_destination_brings_its_files_up_to_date(self):
        self.start(shutdown_timeout="10m")
        self.send(20)
        self.relay.wait_delivered("graphite")
        self.carbon.kill()
        self.send(20)
        self.relay.wait_delivered()
        self.assertGreater(self.relay.undelivered(), 0)
        process = self.relay.process.process
        process.send_signal(signal.SIGTERM)

        def is_up_to_date(name):
            file = self.folder / "relay" / "state" / name
            try:
                rows = rows_of(file)
                return len(rows) > 10 and rows == rows_of(file, file.with_name(f"{name}-wal"))
            except (OSError, sqlite3.Error):
                return False  # Copied while it was written.
        for name in ("journal.db", "spool-graphite.db", "spool-record.db"):
            wait_until(lambda: is_up_to_date(name), f"{name} has what was in its write-ahead log")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0, self.relay.process.log())

    def test_stopped_while_it_starts(self):
        self.start()
        stream = Stream(self, self.relay)
        for pause in (0, 0.02, 0.05, 0.1):
            before = stream.sent
            wait_until(lambda: stream.sent > before + 20, "the stream goes on")
            self.relay.kill()
            log = self.relay.process.log_file
            known = len(log.read_text())
            self.relay.process = Sluice(SLUICE, self.relay.config, self.relay.folder)
            wait_until(lambda: "listening on" in log.read_text()[known:], "it starts")
            time.sleep(pause)
            self.relay.process.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.relay.process.process.wait(DEADLINE_SECONDS), 0)
            self.relay.start()
        stream.stop()
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])


if __name__ == "__main__":
    unittest.main()
