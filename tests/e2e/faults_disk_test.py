#!/usr/bin/env python3
"""The disk below state_dir fills up, turns read-only, or gives back something else than it was given: the relay runs
on, says so, and the numbers in carbon are whole.

usage: faults_disk_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]

Disks are tmpfs and ext4 that the test mounts. Where it may not (no root), the full disk is a limit on the size
of files, which fails the same writes with another error, and the tests of read-only disks say that they did not run.
"""
import os
import pathlib
import random
import resource
import sqlite3
import sys
import time
import unittest
import urllib.request

from disks import Ext4, Tmpfs, can_mount
from fault_rig import COUNTER, HOSTS, WINDOW, Carbon, Relay, Stream, line_of, total, wait_stored
from sluice_harness import DEADLINE_SECONDS, HOST, play_tcp, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"
RETRY = 60  # Seconds until a file that failed is tried again.


class FileSizeLimit:
    """Stands for a full disk: no file of the relay can grow beyond what its log may still need."""

    def __init__(self, relay):
        self._relay = relay

    def _set(self, limit):
        resource.prlimit(self._relay.process.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def fill_up(self):
        self._set(self._relay.process.log_file.stat().st_size + 32768)

    def free(self):
        self._set(resource.RLIM_INFINITY)


class DiskFaults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.may_mount = can_mount(self.folder)
        self.state = self.folder / "relay" / "state"
        self.carbon = Carbon(self, self.folder)

    def start(self, **config):
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}"}], **config)

    def need_mounts(self):
        if not self.may_mount:
            self.skipTest("a file system cannot be mounted here (it takes root)")

    def health(self, relay=None) -> str:
        url = f"http://{HOST}:{(relay or self.relay).http}/healthz"
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
            return answer.read().decode()

    def metric(self, name) -> int:
        with urllib.request.urlopen(f"http://{HOST}:{self.relay.http}/metrics", timeout=DEADLINE_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"sluice_{name} ")))

    def log_lines(self, *words, log=None) -> list[str]:
        lines = (log or self.relay.process.log_file).read_text().splitlines()
        return [line for line in lines if all(word in line for word in words)]

    def is_on_disk(self) -> bool:
        return all(one["spool"]["on_disk"] for one in self.relay.ledger()["destinations"])

    def check_whole(self, sent):
        """Everything that is published is stored, and every message is in it."""
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.assertEqual(total(self.carbon.stored(), FLEET), sent)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})

    def check_new_windows(self, count=30):
        """What comes in from the next window on is published and stored whole."""
        start = (int(time.time()) // WINDOW + 1) * WINDOW
        wait_until(lambda: time.time() >= start, "the next window begins")
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i) for i in range(count)))
        since = lambda values: {key: value for key, value in values.items() if key[1] >= start}
        wait_until(lambda: total(since(self.relay.published()), FLEET) == count, "the new windows are published")
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, lambda: since(self.relay.published()))
        self.assertEqual(total(since(self.carbon.stored()), FLEET), count)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})


class FullDisk(DiskFaults):
    def test_it_fills_up_while_lines_come_in_and_is_freed(self):
        disk = Tmpfs(self, self.state, 16 << 20) if self.may_mount else None
        self.start()
        disk = disk or FileSizeLimit(self.relay)
        stream = Stream(self, self.relay)
        wait_until(lambda: self.relay.destination()["acknowledged"] > 0, "datapoints are acknowledged")
        self.assertIn('"ok"', self.health())
        self.check_full(disk)
        disk.free()
        wait_until(lambda: '"ok"' in self.health() and self.is_on_disk(), "everything is on disk again", 2 * RETRY)
        rows = self.metric("journal_rows_total")
        wait_until(lambda: self.metric("journal_rows_total") > rows + 2, "the journal is kept again")
        self.assertEqual(len(self.log_lines("the journal is kept again")), 1)
        self.check_it_outlives_a_kill(stream)

    def check_full(self, disk):
        disk.fill_up()
        wait_until(lambda: self.metric("journal_failures_total") > 0, "a row of the journal is refused")
        wait_until(lambda: self.metric("spool_failures_total") >= 2, "both spools are refused")
        wait_until(lambda: not any(one["spool"]["on_disk"] for one in self.relay.ledger()["destinations"]),
                   "both spools are in memory")
        self.assertIn("the journal cannot be written", self.health())
        self.assertIn("destination graphite: its spool cannot be used", self.health())
        before = self.relay.destination()["acknowledged"]
        wait_until(lambda: self.relay.destination()["acknowledged"] > before + 100, "datapoints are acknowledged all the same")
        for file in ("journal.db", "spool-graphite.db", "spool-record.db"):
            told = [line for line in self.log_lines(f"{self.state}/{file}") if " warning " in line or " error " in line]
            self.assertEqual(len(told), 1, told)
            self.assertIn("tried again every", told[0])

    def check_it_outlives_a_kill(self, stream):
        self.carbon.kill()
        wait_until(lambda: self.relay.destination()["waiting"] > 0, "datapoints wait")
        stream.stop()
        self.relay.wait_merged(stream.sent)
        self.relay.kill()
        self.relay.start()
        self.assertGreater(self.relay.destination()["spooled_at_start"], 0)
        self.carbon.start()
        self.check_whole(stream.sent)


class ReadOnlyDisk(DiskFaults):
    def test_it_turns_read_only_while_the_relay_runs(self):
        self.need_mounts()
        disk = Ext4(self, self.state, self.folder / "image")
        self.start()
        stream = Stream(self, self.relay)
        wait_until(lambda: self.relay.destination()["acknowledged"] > 0, "datapoints are acknowledged")
        disk.break_down()
        wait_until(lambda: self.metric("journal_failures_total") > 0 and self.metric("spool_failures_total") >= 2,
                   "the journal and both spools are refused")
        before = self.relay.destination()["acknowledged"]
        wait_until(lambda: self.relay.destination()["acknowledged"] > before + 100, "datapoints are acknowledged all the same")
        self.assertIn("the journal cannot be written", self.health())
        wait_until(lambda: "the history cannot be written" in self.health(), "the health tells of the history")
        self.assertEqual(len(self.log_lines("journal.db: ", "until then the journal is not kept")), 1)
        self.assertEqual(len(self.log_lines("spool-graphite.db: ", "it goes on in memory")), 1)
        stream.stop()
        self.check_whole(stream.sent)

    def test_it_is_read_only_at_the_start(self):
        self.need_mounts()
        Tmpfs(self, self.state, 1 << 20).make_read_only()
        self.check_runs_in_memory("Read-only file system")

    def test_it_cannot_be_made_at_the_start(self):
        self.state.parent.mkdir()
        self.state.write_text("a file, and no folder")
        self.check_runs_in_memory("state_dir")

    def check_runs_in_memory(self, reason):
        self.start()
        self.assertEqual(len(self.log_lines(" warning ", f"state_dir {self.state}", reason, "kept in memory")), 1)
        self.assertFalse(self.is_on_disk())
        wait_until(lambda: f"state_dir {self.state}" in self.health(), "the health says so")
        self.check_new_windows()


class DamagedFiles(DiskFaults):
    """The relay is stopped in an outage of carbon, something happens to its files, and it is started again."""

    FILES = ("journal.db", "spool-graphite.db")

    def harm_and_start(self, harm):
        self.start()
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i) for i in range(20)))
        self.relay.wait_delivered("graphite")
        self.carbon.kill()
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i) for i in range(20)))
        self.relay.wait_delivered()
        self.assertGreater(self.relay.undelivered(), 0)
        self.relay.stop()
        for file in self.FILES:
            harm(self.state / file)
        self.relay.start()
        self.carbon.start()

    def check_moved(self, kind, within=RETRY / 2):
        """Each file was moved aside, and the log tells where to."""
        for file in self.FILES:
            wait_until(lambda: list(self.state.glob(f"{file}.{kind}-*")), f"{file} is moved aside", within)
            for moved in self.state.glob(f"{file}.{kind}-*"):
                if not moved.name.endswith(("-wal", "-shm")):
                    # The log follows when the loop has heard of it.
                    told = lambda: self.log_lines(" warning ", f"{self.state / file}", f"moved to {moved}")
                    wait_until(told, f"the log tells of {moved}")
                    self.assertEqual(len(told()), 1)

    def check(self, harm, kind):
        self.harm_and_start(harm)
        self.check_moved(kind)
        self.assertTrue(self.is_on_disk())
        self.check_new_windows()

    def test_cut_off_in_the_middle(self):
        self.check(lambda file: os.truncate(file, file.stat().st_size // 2 + 100), "damaged")

    def test_overwritten_with_garbage(self):
        chance = random.Random(1)
        self.check(lambda file: file.write_bytes(chance.randbytes(file.stat().st_size)), "damaged")

    def test_pages_overwritten_behind_the_first(self):
        # SQLite opens such a file; only who reads on finds out. A spool reads its rows when they leave.
        chance = random.Random(2)

        def harm(file):
            with open(file, "r+b") as opened:
                opened.seek(4096)
                opened.write(chance.randbytes(file.stat().st_size - 4096))
        self.harm_and_start(harm)
        self.check_new_windows()
        self.check_moved("damaged", 2 * RETRY)  # A spool's when it returns from memory to disk.
        wait_until(self.is_on_disk, "the spools are on disk again")
        self.check_new_windows()

    def test_written_by_a_newer_version(self):
        def harm(file):
            with sqlite3.connect(file) as database:
                database.execute("PRAGMA user_version = 99")
            database.close()
        self.check(harm, "newer")
        for file in self.FILES:  # Whole, to go on with when the newer version is back.
            moved = next(one for one in self.state.glob(f"{file}.newer-*") if one.name[-1] == "Z")
            database = sqlite3.connect(moved)
            self.assertEqual(database.execute("PRAGMA quick_check").fetchone(), ("ok",))
            database.close()


class TwoRelays(DiskFaults):
    def test_the_second_in_one_state_dir_runs_in_memory(self):
        self.start()
        first = self.relay
        second = Relay(self, SLUICE, self.folder / "second", [], state_dir=str(self.state))
        holder = f"state_dir {self.state}: another sluice (pid {first.process.process.pid}) uses it"
        self.assertEqual(len(self.log_lines(" warning ", holder, log=second.process.log_file)), 1, second.process.log())
        wait_until(lambda: holder in self.health(second), "the second's health says so")
        self.assertFalse(second.destination("record")["spool"]["on_disk"])
        play_tcp(second.port, b"".join(line_of(HOSTS[0], i) for i in range(7)))
        self.check_new_windows()
        second.wait_delivered()
        self.assertEqual(total(second.published(), FLEET), 7)
        self.assertTrue(self.is_on_disk())
        self.assertIn('"ok"', self.health())
        second.stop()
        self.relay.kill()
        self.relay.start()  # The lock went with its holder.
        self.assertTrue(self.is_on_disk())


if __name__ == "__main__":
    unittest.main()
