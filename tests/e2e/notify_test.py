#!/usr/bin/env python3
"""What the relay tells systemd: ready, reloading, stopping, its status, and that it is alive."""
import os
import pathlib
import signal
import socket
import sys
import tempfile
import time
import unittest

from sluice_harness import DEADLINE_SECONDS, Failure, RecordingSink, Sluice, free_port

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
WATCHDOG_SECONDS = 12  # Half of it is slack enough for a slow machine.


class Notify(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.socket = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.bind(str(self.scratch / "notify"))
        self.socket.settimeout(DEADLINE_SECONDS)
        self.told = []  # Each a dict of one datagram's variables, with the time it came.
        self.environment(NOTIFY_SOCKET=str(self.scratch / "notify"), WATCHDOG_USEC=str(WATCHDOG_SECONDS * 1_000_000))

    def environment(self, **values):
        for name, value in values.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)

    def wait_told(self, name: str, value: str | None = None) -> dict[str, str]:
        """Reads on until a datagram has that variable."""
        while True:
            try:
                datagram = self.socket.recv(65536).decode()
            except TimeoutError:
                raise Failure(f"{name} was not told; told was {self.told}") from None
            variables = dict(line.split("=", 1) for line in datagram.splitlines())
            self.told.append((time.monotonic(), variables))
            if name in variables and value in (None, variables[name]):
                return variables

    def start(self, carbon_port: int) -> Sluice:
        self.port = free_port()
        return self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}],
            "pack_dirs": [str(SOURCE / "rules")],
            "state_dir": str(self.scratch / "state"), "http": "off", "shutdown_timeout": "1s",
            "window": "1s", "grace": "100ms",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{carbon_port}"}],
        }, self.scratch))

    def test_ready_reload_and_stop(self):
        relay = self.start(self.enterContext(RecordingSink()).port)
        self.wait_told("READY", "1")
        socket.create_connection(("127.0.0.1", self.port)).close()  # Ready means that it listens.
        self.assertIn("well, 0 hosts heard", self.wait_told("STATUS")["STATUS"])
        relay.process.send_signal(signal.SIGHUP)
        began = int(self.wait_told("RELOADING", "1")["MONOTONIC_USEC"])
        self.assertLess(abs(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000 - began), DEADLINE_SECONDS * 1_000_000)
        self.wait_told("READY", "1")
        relay.process.send_signal(signal.SIGTERM)
        self.wait_told("STOPPING", "1")
        relay.wait_stopped()
        names = [name for _, variables in self.told for name in variables if name in ("READY", "RELOADING", "STOPPING")]
        self.assertEqual(names, ["READY", "RELOADING", "READY", "STOPPING"])

    def test_the_watchdog_hears_of_it_at_half_its_time(self):
        self.start(self.enterContext(RecordingSink()).port)
        for _ in range(2):
            self.wait_told("WATCHDOG", "1")
        moments = [moment for moment, variables in self.told if "WATCHDOG" in variables]
        for earlier, later in zip(moments, moments[1:]):
            self.assertLess(later - earlier, WATCHDOG_SECONDS)
            self.assertGreater(later - earlier, 1)  # Not at each tick.

    def test_a_refused_reload_is_ready_again_and_says_so(self):
        relay = self.start(self.enterContext(RecordingSink()).port)
        self.wait_told("READY", "1")
        relay.config_file.write_text('{"listn": []}')
        relay.process.send_signal(signal.SIGHUP)
        self.wait_told("RELOADING", "1")
        self.wait_told("READY", "1")
        while "degraded: the last reload was refused" not in self.wait_told("STATUS")["STATUS"]:
            pass

    def test_nobody_who_asks(self):
        del os.environ["NOTIFY_SOCKET"]
        os.environ["WATCHDOG_USEC"] = "nonsense"
        try:
            relay = self.start(self.enterContext(RecordingSink()).port)
            relay.wait_listening(tcp=[self.port])
            relay.stop()
        finally:
            os.environ["NOTIFY_SOCKET"] = ""


if __name__ == "__main__":
    unittest.main()
