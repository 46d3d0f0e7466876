#!/usr/bin/env python3
"""SIGHUP swaps destinations while a steady stream comes in and carbon dies: new ones, changed ones, some that go and
come back. No message is lost, no datapoint that waits is dropped, and each snapshot of the ledger adds up.

usage: faults_reload_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import pathlib
import signal
import sys
import unittest

from fault_rig import COUNTER, Carbon, Relay, Stream, Watcher, differences, total, wait_stored
from sluice_harness import HOST, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"


class Reload(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.carbon = Carbon(self, self.folder)

    def start(self, **config):
        self.relay = Relay(self, SLUICE, self.folder / "relay", [self.to(self.carbon)], **config)
        self.record = self.relay.config["destinations"][-1]
        self.watcher = Watcher(self, self.carbon)
        self.stream = Stream(self, self.relay)

    def to(self, carbon, name="graphite", **more):
        return {"name": name, "carbon": f"tcp://{HOST}:{carbon.port}", "replay_window": "120s",
                "ack_timeout": "3s", "connect_timeout": "2s", "new_series_per_minute": 0} | more

    def log_count(self, *words) -> int:
        lines = self.relay.process.log_file.read_text(errors="replace").splitlines()
        return sum(all(word in line for word in words) for line in lines)

    def reload(self, *destinations, word="reloaded: ", **more):
        """Destinations besides the record; waits for the relay's word on it, and for the ledger to show them."""
        before = self.log_count(word)
        self.relay.config |= {"destinations": [*destinations, self.record]} | more
        self.relay.process.config_file.write_text(json.dumps(self.relay.config))
        self.relay.process.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log_count(word) > before, f"the relay says {word!r}")
        if word == "reloaded: ":
            names = [one["name"] for one in self.relay.config["destinations"]]
            wait_until(lambda: [one["name"] for one in self.relay.ledger()["destinations"]] == names,
                       "the ledger shows the new destinations")

    def wait_published(self, count):
        """So many datapoints more."""
        before = self.relay.destination("record")["published"]
        wait_until(lambda: self.relay.destination("record")["published"] >= before + count, "windows are published")

    def wait_away(self, count):
        """The relay knows that carbon is away, and so many datapoints wait."""
        wait_until(lambda: (one := self.relay.destination())["down"] and one["waiting"] > count, "datapoints wait")

    def check_all_arrived(self, carbon=None, since=0):
        """Everything that was published for windows from `since` on is in this carbon (the first one)."""
        carbon = carbon or self.carbon
        self.stream.stop()
        self.relay.wait_delivered(*(one["name"] for one in self.relay.config["destinations"]))
        wait_stored(carbon, lambda: {key: value for key, value in self.relay.published().items() if key[1] >= since})
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])
        self.assertEqual(total(self.relay.published(), FLEET), self.stream.sent)
        self.assertEqual(self.relay.ledger()["messages"]["received"], self.stream.sent)

    def test_a_new_one_gets_what_is_published_from_then_on(self):
        self.start()
        self.wait_published(100)
        second = Carbon(self, self.folder / "second")
        self.reload(self.to(self.carbon), self.to(second, "second"))
        newest = max(at for _, at in self.relay.published())
        self.assertGreater(self.relay.destination("second")["published_before"], 0)
        self.wait_published(200)
        self.check_all_arrived()
        self.check_all_arrived(second, since=newest + 4)  # Whatever was published by then was there before it.
        self.assertEqual(self.log_count("destination second: new, delivering to"), 1)
        self.assertEqual(self.relay.destination()["batches"]["failed"], 0)

    def test_one_that_goes_keeps_what_waits_until_it_is_back(self):
        self.start()
        self.wait_published(50)
        self.carbon.kill()
        self.wait_away(100)
        kept = self.relay.published()  # Before it goes: of what comes later it is given nothing.
        self.reload()
        orphan, = self.relay.ledger()["orphaned_spools"]
        self.assertEqual(pathlib.Path(orphan["file"]).name, "spool-graphite.db")
        self.assertGreater(orphan["datapoints"], 100, self.relay.process.log())
        self.assertEqual(self.log_count(" warning ", "destination graphite: removed", f"{orphan['datapoints']} datapoints"), 1)
        self.carbon.start()
        self.reload(self.to(self.carbon))
        self.assertEqual(self.relay.ledger()["orphaned_spools"], [])
        self.assertEqual(self.relay.destination()["spooled_at_start"], orphan["datapoints"])
        self.stream.stop()
        self.relay.wait_delivered("graphite")
        # Corrections that came while it was gone are not in its spool, so newer values than these may stand there.
        wait_until(lambda: kept.keys() <= self.carbon.stored().keys(), "what waited is stored")

    def test_what_waits_and_what_is_in_flight_goes_to_the_new_address(self):
        self.start()
        wait_until(lambda: self.relay.destination()["acknowledged"] >= 50, "the old address acknowledges")
        # Not while it creates a file: its successor would find that torn.
        wait_until(lambda: {path for path, _ in self.relay.published()} <= {path for path, _ in self.carbon.stored()},
                   "every file is there")
        self.carbon.signal(signal.SIGSTOP)
        wait_until(lambda: self.relay.destination()["in_flight"] > 0, "a batch is in flight")
        self.wait_published(50)
        moved = Carbon(self, self.folder)  # Carbon on another port, with the same files.
        self.reload(self.to(moved))
        self.carbon.kill()
        self.carbon = moved
        self.watcher.carbon = moved
        self.check_all_arrived()
        self.assertEqual(self.log_count("destination graphite: changed, delivering to"), 1)
        # What the old one may have lost is sent to the new one as well.
        self.assertGreater(self.relay.destination()["replayed"], 0)
        self.assertFalse(self.relay.destination()["down"])

    def test_a_memory_spool_goes_to_the_new_address_too(self):
        (self.folder / "relay").mkdir()
        (self.folder / "relay" / "state").write_text("a file, and no folder")
        self.start()
        self.wait_published(50)
        self.carbon.kill()
        self.wait_away(50)
        self.assertFalse(self.relay.destination()["spool"]["on_disk"])
        moved = Carbon(self, self.folder)
        self.reload(self.to(moved, spool_bytes_max="32MiB"))
        self.carbon = moved
        self.watcher.carbon = moved
        self.check_all_arrived()
        self.assertEqual(sum(self.relay.destination()["dropped"].values()), 0)

    def test_other_bounds_and_paces_are_taken_without_a_new_connection(self):
        self.start()
        self.reload(self.to(self.carbon, new_series_per_minute=6000))
        self.wait_published(100)
        self.assertEqual(self.relay.destination()["held"]["per_minute"], 6000)
        self.check_all_arrived()
        self.assertEqual(self.relay.destination()["batches"]["failed"], 0)
        self.assertEqual(self.relay.destination()["replayed"], 0)

    def test_a_mistake_in_them_leaves_all_as_it_was(self):
        self.start()
        good = self.to(self.carbon)
        self.reload(good, good, word="reload refused, the old rules, map and destinations stay")
        config = wait_until(lambda: (found := self.relay.ledger()["config"])["stale"] and found, "config.stale")
        self.assertIn("/destinations/1", config["error"])
        self.wait_published(50)
        self.reload(good)
        wait_until(lambda: not self.relay.ledger()["config"]["stale"], "config.stale is false again")
        self.check_all_arrived()
        self.assertEqual(self.relay.destination()["batches"]["failed"], 0)

    def test_what_a_reload_does_not_take_is_told(self):
        self.start()
        self.reload(self.to(self.carbon), grace="700ms", workers=2)
        self.assertEqual(self.log_count(" warning ", "taken by a restart alone: grace, workers"), 1)
        self.check_all_arrived()

    def test_again_and_again_with_carbon_dying_and_the_relay_too(self):
        self.start()
        second = Carbon(self, self.folder / "second")
        for number in range(12):
            one = self.to(self.carbon, ack_timeout=f"{3 + number % 2}s")
            self.reload(*([one] if number % 3 == 0 else [one, self.to(second, "second")]))
            if number % 4 == 1:
                self.carbon.kill()
                self.carbon.start()
        self.reload(self.to(self.carbon), self.to(second, "second"))
        self.check_all_arrived()
        self.relay.kill()
        self.relay.start()
        self.relay.wait_delivered("graphite", "second")
        self.assertEqual(differences(self.relay.published(), self.carbon.stored()), [])


if __name__ == "__main__":
    unittest.main()
