#!/usr/bin/env python3
"""What stands in state_dir changes behind the relay's back: the folder is removed while it runs, or a spool in it
belongs to nobody any more.

usage: faults_state_dir_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import pathlib
import shutil
import sys
import unittest
import urllib.request

from fault_rig import COUNTER, HOSTS, Carbon, Relay, line_of, total, wait_stored
from sluice_harness import DEADLINE_SECONDS, HOST, play_tcp, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"


class StateDir(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.carbon = Carbon(self, self.folder)
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}"}])

    def send(self, count):
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i) for i in range(count)))

    def orphans(self) -> list[dict]:
        wait_until(lambda: self.relay.ledger()["destinations"], "the first snapshot is taken")
        return self.relay.ledger()["orphaned_spools"]

    def check_stored(self, sent, name="graphite"):
        self.relay.wait_delivered(name)
        wait_stored(self.carbon, self.relay.published)
        self.assertEqual(total(self.carbon.stored(), FLEET), sent)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})

    def log_lines(self, *words) -> list[str]:
        lines = self.relay.process.log_file.read_text().splitlines()
        return [line for line in lines if all(word in line for word in words)]

    def health(self) -> str:
        with urllib.request.urlopen(f"http://{HOST}:{self.relay.http}/healthz", timeout=DEADLINE_SECONDS) as answer:
            return answer.read().decode()

    def test_a_state_dir_that_is_removed_is_made_anew(self):
        self.send(10)
        self.relay.wait_merged(10)
        state = self.folder / "relay" / "state"
        shutil.rmtree(state)
        wait_until(lambda: self.log_lines(" warning ", "journal.db was removed or replaced"), "it is noticed", 90)
        wait_until(lambda: self.log_lines("the journal is kept again"), "the journal is kept again", 90)
        wait_until(lambda: '"ok"' in self.health() and (state / "spool-graphite.db").exists(), "all is on disk", 150)
        self.carbon.kill()
        self.send(20)
        self.relay.wait_merged(30)
        self.relay.kill()
        self.relay.start()
        self.carbon.start()
        self.check_stored(30)

    def test_a_spool_of_a_destination_that_is_gone_is_told(self):
        self.carbon.kill()
        self.send(10)
        self.relay.wait_delivered()
        waiting = self.relay.undelivered()
        self.assertGreater(waiting, 0)
        self.relay.stop()
        self.relay.config["destinations"][0]["name"] = "renamed"
        self.relay.start()
        file = str(self.folder / "relay" / "state" / "spool-graphite.db")
        orphans = self.orphans()
        self.assertEqual([one["file"] for one in orphans], [file])
        self.assertGreaterEqual(orphans[0]["datapoints"], waiting)
        told = self.log_lines(" warning ", file, f"{orphans[0]['datapoints']} datapoints wait in it", "old name back")
        self.assertEqual(len(told), 1, self.relay.process.log())
        # The journal still knows the numbers, so the new name has them too.
        self.carbon.start()
        self.relay.wait_delivered("renamed")
        self.relay.stop()
        self.relay.config["destinations"][0]["name"] = "graphite"
        self.relay.start()
        self.assertEqual([one["datapoints"] for one in self.orphans()], [0])
        self.check_stored(10)


if __name__ == "__main__":
    unittest.main()
