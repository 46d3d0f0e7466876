#!/usr/bin/env python3
"""A disk below state_dir that hangs: reads, writes and syncs do not come back. The health says so, a stop ends all the same,
and when the disk is back nothing is missing.

usage: hung_disk_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]

hung_disk.c stands for the disk; the C compiler makes it.
"""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import unittest.mock
import urllib.request

from fault_rig import COUNTER, HOSTS, Relay, line_of, total
from sluice_harness import DEADLINE_SECONDS, HOST, Sluice, play_tcp, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"
SLACK = 45  # Seconds, for a slow machine. Without the end that is tested, the relay would wait for the disk for ever.


class HungDisk(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.flag = self.folder / "relay" / "state.hung"
        shim = self.folder / "hung_disk.so"
        source = pathlib.Path(__file__).with_name("hung_disk.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source), "-ldl"], check=True)
        environment = {"LD_PRELOAD": str(shim), "HUNG_DISK": str(self.flag),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.enterContext(unittest.mock.patch.dict(os.environ, environment))
        self.addCleanup(self.flag.unlink, missing_ok=True)

    def start(self, shutdown_timeout):
        self.relay = Relay(self, SLUICE, self.folder / "relay", [], shutdown_timeout=shutdown_timeout)
        self.process = self.relay.process.process
        self.send(20)
        self.relay.wait_merged(20)

    def send(self, count):
        play_tcp(self.relay.port, b"".join(line_of(HOSTS[i % len(HOSTS)], i) for i in range(count)))

    def health(self) -> str:
        with urllib.request.urlopen(f"http://{HOST}:{self.relay.http}/healthz", timeout=DEADLINE_SECONDS) as answer:
            return answer.read().decode()

    def hang(self):
        """Returns when a thread waits for the disk, and the ticks stand still."""
        self.flag.touch()
        seen = {"time": "", "at": time.monotonic()}

        def is_still():
            now = self.relay.ledger()["time"]
            if now != seen["time"]:
                seen.update(time=now, at=time.monotonic())
            return time.monotonic() - seen["at"] > 2.5 and self.waits_for_disk()
        wait_until(is_still, "the ticks stand still")

    def check_ended(self, began, seconds, *words):
        code = self.process.wait(seconds + SLACK)
        took = time.monotonic() - began
        log = self.relay.process.log()
        self.assertLess(took, seconds + SLACK, log)
        self.assertEqual(code, 1, log)
        last = log.splitlines()[-1]
        for word in (" error ", "the disk below state_dir has been at its work for", *words):
            self.assertIn(word, last)

    def test_a_stop_ends_in_time_and_says_what_is_lost(self):
        self.start("3s")
        self.hang()
        self.send(7)
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.check_ended(began, 4, 'took longer than "shutdown_timeout" (3.0 s) and was ended',
                         "samples that are not in the journal")

    def test_a_second_signal_ends_it_at_once(self):
        self.start("600s")
        self.hang()
        self.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "SIGTERM: stopping" in self.relay.process.log(), "the first signal is heard")
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.check_ended(began, 1, "ended at once, as asked")
        self.assertIn("SIGTERM again: stopping without waiting", self.relay.process.log())

    def test_a_stop_ends_while_it_starts(self):
        self.start("2s")
        self.relay.kill()
        self.flag.touch()
        self.relay.process = Sluice(SLUICE, self.relay.config, self.relay.folder)
        self.process = self.relay.process.process
        log_before = self.relay.process.log().count(" started: ")
        wait_until(self.waits_for_disk, "the start waits for the disk")
        self.assertEqual(self.relay.process.log().count(" started: "), log_before)
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(3 + SLACK), 1)
        self.assertLess(time.monotonic() - began, 3 + SLACK)
        self.assertIn("it was reading its state", self.relay.process.log().splitlines()[-1])

    def waits_for_disk(self) -> bool:
        """Whether a thread of the relay is in the shim's loop: it sleeps for hundredths of a second."""
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        return any("hrtimer_nanosleep" in (task / "wchan").read_text() or
                   (task / "syscall").read_text().startswith(("230 ", "35 ")) for task in tasks.iterdir())

    def test_the_health_says_so_and_nothing_is_lost_when_it_is_back(self):
        self.start("5s")
        self.hang()
        self.send(7)
        wait_until(lambda: "the disk below state_dir hangs" in self.health() and "this is the state of" in self.health(),
                   "the health says that the disk hangs and that the state is old")
        self.assertIn('"degraded"', self.health())
        self.flag.unlink()
        wait_until(lambda: '"ok"' in self.health(), "the health is ok again")
        self.relay.wait_merged(27)
        self.relay.wait_delivered()
        self.assertEqual(total(self.relay.published(), FLEET), 27)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})
        self.relay.stop()


if __name__ == "__main__":
    unittest.main()
