#!/usr/bin/env python3
"""A fleet that is new to Graphite, behind a carbon that creates only so many files a minute: every first value is in
whisper in the end, and `sluice status` tells how many series wait and how long it takes.

usage: new_series_test.py SLUICE_BINARY [DebiansPace] [UNITTEST_ARGUMENTS...]

DebiansPace leaves carbon's 50 a minute as Debian ships them, which takes 10 minutes and more; it is a test of its own
with the label soak.
"""
import pathlib
import re
import subprocess
import sys
import time
import unittest

from fault_rig import Carbon, Relay
from sluice_harness import HOST, Failure, play_tcp, scratch, stamp, wait_until

# "of these held   480  of 480 new series, for about 9 min (new_series_per_minute)"; "at least" while more come.
SLUICE = sys.argv.pop(1)
HELD = re.compile(r"of these held +[\d,]+ +of ([\d,]+) new series, for (about|at least) (\d+) (s|min) \(new_series_per_minute\)")


class QuickPace(unittest.TestCase):
    creates_per_minute = 600     # What carbon is told,
    new_series_per_minute = 600  # and what the relay is.
    hosts = 20
    series_min = 400
    seconds_max = 120            # For all of them.

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.carbon = Carbon(self, self.folder, creates_per_minute=self.creates_per_minute)
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}",
             "new_series_per_minute": self.new_series_per_minute}])

    def told(self) -> tuple[int, str, int] | None:
        """(series that wait, "about" or "at least", seconds for them), as `sluice status` tells; nothing when none
        waits."""
        answer = subprocess.run([SLUICE, "status", "--url", f"http://{HOST}:{self.relay.http}"],
                                capture_output=True, text=True, timeout=60, check=False)
        found = HELD.search(answer.stdout)
        if not found:
            self.assertNotIn("of these held", answer.stdout)
            return None
        return int(found[1].replace(",", "")), found[2], int(found[3]) * (60 if found[4] == "min" else 1)

    def first_values(self) -> dict[str, tuple[int, float]]:
        """{path: (timestamp, value)} of the first datapoint of each series, the relay's own ones included."""
        firsts = {}
        for path, points in self.relay.record.series(r"sluice\..*").items():
            at = min(points)
            firsts[path] = at, points[at]
        return firsts

    def send_one_window(self):
        lines = (f"<29>{stamp()} web{number:03}.example.com puppet-agent[1]: Applied catalog in 2.50 seconds\n"
                 for number in range(self.hosts))
        play_tcp(self.relay.port, "".join(lines).encode())

    def test_every_first_value_is_stored(self):
        self.send_one_window()
        wait_until(self.told, "the status tells of series that wait")
        shown = self.all_told()
        ended = time.monotonic()
        try:
            wait_until(lambda: not self.missing(), "every first value is stored")
        except Failure:
            missing = self.missing()
            self.fail(f"{len(missing)} first values are missing: " + "; ".join(missing[:5]))
        at, waiting, _, estimate = max(shown, key=lambda one: one[1])
        print(f"{len(self.first_values())} series; {waiting} were said to wait for {estimate} s, and did for "
              f"{ended - at:.0f} s", flush=True)
        self.assertGreaterEqual(len(self.first_values()), self.series_min)
        self.assertGreaterEqual(waiting, self.series_min * 0.9)
        self.check_estimates(shown, ended)
        self.check_log()

    def all_told(self):
        """[(when, series, "about" or "at least", seconds)] of each look until none waits any more."""
        shown = []

        def none_waits():
            told = self.told()
            if told:
                shown.append((time.monotonic(), *told))
            return not told
        wait_until(none_waits, "no series waits any more", self.seconds_max)
        return shown

    def check_estimates(self, shown, ended):
        """From the first look on. Those above two minutes are shown in whole minutes, cut off."""
        for at, series, kind, estimate in shown:
            left = ended - at
            seen = f"{series} series {kind} {estimate} s, and it took {left:.0f} s"
            self.assertLessEqual(estimate, left + 5, seen)
            if kind == "about" or series >= self.series_min * 0.9:
                self.assertLessEqual(left, estimate * 1.1 + (60 if estimate >= 120 else 0) + 10, seen)

    def check_log(self):
        """One line at the beginning, at most a few while their number doubles, one at the end."""
        told = lambda words: [line for line in self.relay.process.log(1000).splitlines()
                              if "destination graphite" in line and words in line]
        begins = told("new series wait for their turn")
        ends = lambda: told("new series that waited for their turn have left")
        if self.creates_per_minute < self.series_min:
            wait_until(ends, "the log tells of the end")  # A moment after the status does.
            self.assertTrue(1 <= len(begins) <= 4, begins)
            self.assertIn("50 leave in a minute (new_series_per_minute), the last in at least", begins[0])
            self.assertEqual(len(ends()), 1)

    def missing(self) -> list[str]:
        stored = self.carbon.stored()
        return [f"{path} at {at}: {value}, stored {stored.get((path, at))}"
                for path, (at, value) in self.first_values().items()
                if path.split(".")[1] in ("all", "clusters", "hosts") and stored.get((path, at)) != value]


class DebiansPace(QuickPace):
    creates_per_minute = 50
    new_series_per_minute = 50
    hosts = 26
    series_min = 500
    seconds_max = 1800


if __name__ == "__main__":
    unittest.main(defaultTest="QuickPace")
