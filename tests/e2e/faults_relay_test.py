#!/usr/bin/env python3
"""The relay itself is killed, stopped and started again, with Debian's carbon-cache behind it: what is published
afterwards is whole, and no stored value is ever made smaller.

usage: faults_relay_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import os
import pathlib
import random
import signal
import sys
import time
import unittest

from fault_rig import COUNTER, HOSTS, WINDOW, Carbon, Relay, Stream, Watcher, line_of, total, wait_stored
from sluice_harness import HOST, play_tcp, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"


class RelayFaults(unittest.TestCase):
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

    def window_now(self):
        """The start of a window that has just begun."""
        start = (int(time.time()) // WINDOW + 1) * WINDOW
        wait_until(lambda: time.time() >= start, "the next window begins")
        return start

    def test_killed_in_mid_window(self):
        self.start(window="10s")
        moment = int(time.time()) // 10 * 10 + 1
        self.send(40, moment)
        self.relay.wait_merged(40)
        self.relay.kill()
        self.relay.start()
        self.send(25, moment)
        self.check_stored(65)

    def test_stopped_and_started_in_mid_window_with_late_lines(self):
        self.start(window="10s")
        moment = int(time.time()) // 10 * 10 + 1
        self.send(40, moment)
        self.relay.stop()  # Publishes the open window as it stands.
        self.relay.start()
        self.send(25, moment)
        self.relay.wait_delivered("graphite")
        self.send(10, moment)  # Late: corrects the whole window.
        self.check_stored(75)

    def test_killed_in_mid_batch(self):
        self.start()
        stream = Stream(self, self.relay)
        wait_until(lambda: self.relay.destination()["acknowledged"] > 0, "datapoints are acknowledged")
        self.carbon.signal(signal.SIGSTOP)
        wait_until(lambda: self.relay.destination()["in_flight"] > 0, "a batch is on its way")
        stream.stop()
        self.relay.wait_merged(stream.sent)
        self.relay.kill()
        self.carbon.signal(signal.SIGCONT)
        self.relay.start()
        self.check_stored(stream.sent)

    def test_killed_again_and_again_under_load(self):
        # Lines that were in sockets, or in the tick that was not committed, are lost with a process, and nothing
        # that a snapshot of the ledger showed as merged.
        self.start()
        self.send(5)
        self.relay.wait_merged(5)
        per_line = self.relay.ledger()["samples"]["merged"] // 5
        stream = Stream(self, self.relay)
        sure = 5
        for life in range(4):
            before = stream.sent
            wait_until(lambda: stream.sent > before + 60, "the stream goes on")
            earlier = 5 if life == 0 else 0
            merged = wait_until(lambda: max(self.relay.ledger()["samples"]["merged"] // per_line - earlier, 0), "lines are merged")
            sure += merged
            self.relay.kill()
            self.relay.start()
        before = stream.sent
        wait_until(lambda: stream.sent > before + 60, "the stream goes on")
        stream.stop()
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])
        stored = total(self.carbon.stored(), FLEET)
        print(f"sent {5 + stream.sent} lines, {sure} were shown as merged, {stored:.0f} are stored", flush=True)
        # What came since the last restart was read whole.
        self.assertGreaterEqual(stored, sure + 50)
        self.assertLessEqual(stored, 5 + stream.sent)

    def test_killed_at_random_moments_with_late_lines_after_it(self):
        # What a snapshot of the ledger shows as merged is in the journal: no kill may take it back.
        chance = random.Random(int(os.environ.get("SLUICE_SEED", "5")))
        self.start()
        moments = [int(time.time()) // WINDOW * WINDOW - WINDOW * back for back in range(5)]
        self.send(5)
        self.relay.wait_merged(5)
        per_line = self.relay.ledger()["samples"]["merged"] // 5
        sent, sure = 5, 5
        for life in range(10):
            for _ in range(chance.randrange(1, 7)):
                count = chance.randrange(1, 40)
                self.send(count, chance.choice(moments))
                sent += count
                time.sleep(chance.random() * 1.2)
            merged = self.relay.ledger()["samples"]["merged"] // per_line
            sure += merged if life > 0 else merged - 5
            self.relay.kill()
            if life % 4 == 2:
                self.carbon.kill()
                self.carbon.start()
            self.relay.start()
        self.send(7, moments[0])  # Late: corrects whole windows.
        sent, sure = sent + 7, sure + 7
        self.relay.wait_merged(7)
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])
        stored = total(self.carbon.stored(), FLEET)
        print(f"sent {sent} lines, {sure} were shown as merged, {stored:.0f} are stored", flush=True)
        self.assertGreaterEqual(stored, sure)
        self.assertLessEqual(stored, sent)

    def test_a_restart_while_carbon_is_away_keeps_what_waits(self):
        self.start()
        self.send(10)
        self.relay.wait_delivered("graphite")
        self.carbon.kill()
        self.send(20)
        self.relay.wait_delivered()
        self.assertGreater(self.relay.undelivered(), 0)
        self.relay.stop()
        self.relay.start()
        self.assertGreater(self.relay.destination()["spooled_at_start"], 0)
        self.carbon.start()
        self.check_stored(30)


if __name__ == "__main__":
    unittest.main()
