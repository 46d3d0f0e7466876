#!/usr/bin/env python3
"""scripts/run --demo shows numbers of several clusters and hosts and ends cleanly on Ctrl-C; a port in
use is one clear line."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

from sluice_harness import free_port

SLUICE = sys.argv.pop(1)
RUN = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts" / "run"
SHOWN_SECONDS_MAX = 90
END_SECONDS_MAX = 60


class Demo(unittest.TestCase):
    def start(self, *arguments: str) -> subprocess.Popen:
        demo = subprocess.Popen([RUN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=dict(os.environ, SLUICE_BINARY=SLUICE), start_new_session=True)
        self.addCleanup(demo.stdout.close)
        self.addCleanup(demo.wait)
        self.addCleanup(demo.kill)
        return demo

    def collect(self, demo: subprocess.Popen) -> list[str]:
        """Its lines, as a list that grows while it runs."""
        lines: list[str] = []
        thread = threading.Thread(target=lambda: lines.extend(demo.stdout), daemon=True)
        thread.start()
        self.addCleanup(thread.join, 10)
        return lines

    def wait_for(self, demo: subprocess.Popen, lines: list[str], patterns: list[str]) -> None:
        deadline = time.monotonic() + SHOWN_SECONDS_MAX
        missing = patterns
        while missing:
            text = "".join(lines)
            missing = [pattern for pattern in patterns if not re.search(pattern, text, re.MULTILINE)]
            self.assertLess(time.monotonic(), deadline, f"still not shown: {missing}\n{text}")
            self.assertTrue(missing == [] or demo.poll() is None, f"ended early:\n{text}")
            time.sleep(0.1)

    def test_numbers_of_clusters_and_hosts_are_shown_and_ctrl_c_ends_it(self):
        demo = self.start("--demo", "--port", str(free_port()))
        lines = self.collect(demo)
        self.wait_for(demo, lines, [
            r"^== demo",
            r"^== demo: how it stands: sluice status --url http://127\.0\.0\.1:(?!9514)\d+",
            r"^ *all +[1-9]\d* +\d+\.\d\d ",
            r"^ *cluster web +[1-9]\d* +\d+\.\d\d ",
            r"^ *cluster db +[1-9]\d* +\d+\.\d\d ",
            r"^ *web01[\w.]* +[1-9]\d* +\d+\.\d\d ",
            r"^ *db01[\w.]* +[1-9]\d* +\d+\.\d\d ",
        ])
        # As a terminal does, to the whole foreground process group; people press more than once.
        os.killpg(demo.pid, signal.SIGINT)
        os.killpg(demo.pid, signal.SIGINT)
        self.assertEqual(demo.wait(timeout=END_SECONDS_MAX), 0)
        self.assertNotIn("Traceback", "".join(lines))

    def test_a_busy_port_is_one_clear_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for arguments in (["--demo"], []):
                with self.subTest(arguments=arguments):
                    demo = self.start(*arguments, "--port", str(port))
                    output, _ = demo.communicate(timeout=END_SECONDS_MAX)
                    self.assertEqual(demo.returncode, 1, output)
                    # Besides what the script says, and the log of what went well before.
                    complaints = [line for line in output.splitlines()
                                  if not line.startswith("== ") and " info " not in line]
                    self.assertEqual(len(complaints), 1, output)
                    self.assertIn(str(port), complaints[0])
                    self.assertIn("in use", complaints[0])


if __name__ == "__main__":
    unittest.main()
