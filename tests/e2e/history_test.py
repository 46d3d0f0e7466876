#!/usr/bin/env python3
"""The embedded history: what it keeps over a restart, a kill and a damaged file, and that corrections win.

usage: history_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import sqlite3
import subprocess
import sys
import time
import unittest

from http_rig import Rig
from sluice_harness import scratch, wait_until

SLUICE = sys.argv.pop(1)
COMPLETED = "sluice.all.puppet.runs.completed.count"


class History(unittest.TestCase):
    def setUp(self):
        self.rig = Rig(SLUICE, self.enterContext(scratch()))
        self.addCleanup(self.rig.end)

    def sum_is(self, total):
        return wait_until(lambda: sum((points := self.rig.points(COMPLETED)).values()) == total and points,
                          f"{total} runs in the history")

    def test_no_destination_means_the_history_alone(self):
        self.rig.start()
        self.rig.send("web01", "web02", "db01")
        self.sum_is(3)
        self.assertEqual(self.rig.json("/api/v1/ledger")["destinations"], [])
        names = self.rig.json("/api/v1/metrics?path=sluice.hosts.other.*")["nodes"]
        self.assertEqual([(one["name"], one["is_leaf"]) for one in names],
                         [("db01", False), ("web01", False), ("web02", False)])

    def test_a_stop_and_a_kill_leave_what_was_there(self):
        self.rig.start()
        self.rig.send("web01", "web02")
        before = self.sum_is(2)
        self.rig.relay.stop()
        self.rig.start()
        self.assertEqual({at: value for at, value in self.sum_is(2).items() if value},
                         {at: value for at, value in before.items() if value})
        self.rig.send("web03")
        self.sum_is(3)
        self.rig.relay.kill()
        self.rig.start()
        self.sum_is(3)

    def test_a_correction_wins_also_after_its_block(self):
        self.rig.start()
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
        self.rig.send("web01", when=when)
        first = self.sum_is(1)
        window = max(at for at, value in first.items() if value)
        # A block has 16 windows, of one second here.
        wait_until(lambda: any(at > window + 33 for at in self.rig.points("sluice.relays.relay1.hosts")),
                   "the block is over")
        self.rig.send("web02", when=when)
        self.assertEqual(self.sum_is(2)[window], 2)
        self.rig.relay.kill()
        self.rig.start()
        self.assertEqual(self.sum_is(2)[window], 2)

    def test_a_damaged_file_is_moved_aside(self):
        self.rig.start()
        self.rig.send("web01")
        self.sum_is(1)
        self.rig.relay.stop()
        state = self.rig.folder / "state"
        (state / "history.db").write_bytes(b"no database " * 1000)
        self.rig.start()
        # The history's own thread opens it.
        wait_until(lambda: len(list(state.glob("history.db.damaged-*"))) == 1, "the file is moved aside")
        wait_until(lambda: "history.db is damaged" in self.rig.relay.log(), "the log says so")
        self.rig.send("web02")
        self.rig.wait_for_points(COMPLETED)

    def test_a_file_of_a_newer_version_is_moved_aside(self):
        self.rig.start()
        self.rig.relay.stop()
        state = self.rig.folder / "state"
        database = sqlite3.connect(state / "history.db")
        database.execute("PRAGMA user_version = 99")
        database.commit()
        database.close()
        self.rig.start()
        wait_until(lambda: list(state.glob("history.db.newer-*")), "it is moved")
        wait_until(lambda: "newer sluice" in self.rig.relay.log(), "the log says so")

    def test_a_folder_that_cannot_be_used_leaves_it_in_memory(self):
        blocker = self.rig.folder / "file"
        blocker.write_text("")
        self.rig.start(state_dir=str(blocker / "state"))
        self.rig.send("web01")
        self.sum_is(1)
        reasons = self.rig.json("/healthz")["reasons"]
        self.assertEqual([reason.split("; ")[1] for reason in reasons],
                         ["windows, the history and what waits are in memory, and lost if the relay stops"])

    def test_a_file_that_cannot_be_used_leaves_it_in_memory_and_is_told(self):
        (self.rig.folder / "state" / "history.db").mkdir(parents=True)
        self.rig.start()
        self.rig.send("web01")
        self.sum_is(1)
        health = self.rig.json("/healthz")
        self.assertEqual(health["status"], "degraded")
        reason, = health["reasons"]
        self.assertIn("the history's file cannot be used, so it is in memory, and lost if the relay stops", reason)
        self.assertIs(self.rig.json("/api/v1/ledger")["history"]["on_disk"], False)
        for arguments, told in ((["--check"], reason), ([], "in memory, lost when the relay ends\n")):
            said = subprocess.run([SLUICE, "status", "--url", f"http://127.0.0.1:{self.rig.http}", *arguments],
                                  capture_output=True, text=True, timeout=60, check=False)
            self.assertIn(told, said.stdout)
        self.rig.relay.stop()
        (self.rig.folder / "state" / "history.db").rmdir()
        self.rig.start()
        self.assertEqual(self.rig.json("/healthz"), {"status": "ok", "reasons": []})
        # What is served may be a second old, and of before it was open.
        wait_until(lambda: (one := self.rig.json("/api/v1/ledger")["history"]) and one["on_disk"], "it is on disk")

    def test_it_can_be_switched_off(self):
        self.rig.start(history=False)
        status, _, text = self.rig.ask("/api/v1/series?path=*")
        self.assertEqual(status, 503)
        self.assertIn("switches it off", text)
        self.assertIs(self.rig.json("/api/v1/about")["history"], False)
        self.assertFalse((self.rig.folder / "state" / "history.db").exists())
        self.rig.send("web01")
        self.assertIsNone(wait_until(lambda: (one := self.rig.json("/api/v1/fleet"))["hosts"] and one,
                                     "the host is known")["window"])


if __name__ == "__main__":
    unittest.main()
