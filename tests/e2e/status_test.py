#!/usr/bin/env python3
"""`sluice status` asks a running relay, with Debian's carbon-cache behind it: what it prints for people
and for monitoring, well, degraded, and when there is nobody to ask."""
import json
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from fault_rig import read_whisper
from peers import CarbonCache
from sluice_harness import Sluice, free_port, stamp, wait_until

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:1h\n"
AGGREGATION = "[all]\npattern = .*\nxFilesFactor = 0\naggregationMethod = average\n"


def status(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([SLUICE, "status", *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          check=False)


class Status(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.http = free_port()
        self.url = f"http://127.0.0.1:{self.http}"

    def start_carbon(self) -> CarbonCache:
        return self.enterContext(CarbonCache(self.scratch / "carbon", free_port(), SCHEMAS, AGGREGATION))

    def start_relay(self, carbon_port: int, **keys) -> Sluice:
        self.syslog = free_port()
        relay = self.enterContext(Sluice(SLUICE, {
            "instance": "relay1",
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.syslog}"}],
            "pack_dirs": [str(SOURCE / "rules")],
            "state_dir": str(self.scratch / "state"), "http": f"127.0.0.1:{self.http}", "tz": "UTC",
            "window": "1s", "grace": "100ms",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{carbon_port}",
                              "new_series_per_minute": 0, "connect_timeout": "1s"}], **keys,
        }, self.scratch))
        relay.wait_listening(tcp=[self.syslog, self.http])
        return relay

    def send_run(self):
        line = f"<29>{stamp()} web01.example.com puppet-agent[7]: Applied catalog in 2.50 seconds\n"
        with socket.create_connection(("127.0.0.1", self.syslog)) as connection:
            connection.sendall(line.encode())

    def ledger(self) -> dict:
        result = status("--url", self.url, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)["ledger"]

    def acknowledged(self) -> bool:
        destination = self.ledger()["destinations"][0]
        # With windows of a second something new waits at the end of each tick.
        return destination["acknowledged"] > 0 and destination["lag_seconds"] == 0

    def test_a_relay_that_is_well(self):
        self.start_relay(self.start_carbon().port)
        self.send_run()
        wait_until(self.acknowledged, "carbon acknowledges the run")
        result = status("--config", self.scratch / "sluice.json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for words in ("relay relay1", "health          ok\n", "1 received = 1 parsed + 0 malformed\n",
                      "1 messages and lines matched a rule, 0 matched none", "takes datapoints\n",
                      "uncounted loss  0 messages, 0 samples, 0 datapoints\n"):
            self.assertIn(words, result.stdout)
        self.assertRegex(result.stdout, r"\n  acknowledged +[1-9]")
        check = status("--url", self.url + "/", "--check")
        self.assertEqual((check.returncode, check.stderr), (0, ""))
        self.assertRegex(check.stdout, r"\ASLUICE OK: relay1: 1 messages received, .*\| received=1c .*\n\Z")

    def test_the_relays_own_series_reach_carbon(self):
        carbon = self.start_carbon()
        self.start_relay(carbon.port)
        self.send_run()
        begin = int(time.time())

        def last_of(leaf: str) -> float | None:
            file = carbon.file_of(f"sluice.relays.relay1.{leaf}")
            try:
                stored = {at: value for at, value in read_whisper(file).items() if at >= begin}
            except (FileNotFoundError, struct.error):
                return None  # It is not there, or being created at this moment.
            return stored[max(stored)] if stored else None

        wait_until(lambda: last_of("syslog_messages_received") == 1, "the counter in whisper")
        wait_until(lambda: last_of("destinations.graphite.acknowledged"), "the destination's account in whisper")
        self.assertEqual((last_of("uncounted_loss"), last_of("config_stale")), (0, 0))

    def test_a_destination_that_is_away_is_degraded(self):
        self.start_relay(free_port())
        self.send_run()
        wait_until(lambda: status("--url", self.url, "--check").returncode == 1, "the relay is degraded")
        check = status("--url", self.url, "--check")
        self.assertRegex(check.stdout, r"\ASLUICE DEGRADED: relay1: destination graphite .* does not take datapoints")
        self.assertEqual(check.stdout.count("\n"), 1)
        result = status("--url", self.url)
        self.assertEqual(result.returncode, 0)  # It could be asked.
        self.assertIn("health          degraded\n", result.stdout)
        self.assertIn("last error        127.0.0.1:", result.stdout)

    def test_a_refused_reload_is_degraded_until_it_is_mended(self):
        relay = self.start_relay(self.start_carbon().port)
        good = relay.config_file.read_text()
        relay.config_file.write_text('{"listn": []}')
        relay.process.send_signal(signal.SIGHUP)
        wait_until(lambda: status("--url", self.url, "--check").returncode == 1, "the relay is degraded")
        self.assertIn("listn", status("--url", self.url, "--check").stdout)
        self.assertIn("configuration   stale, the last reload was refused", status("--url", self.url).stdout)
        relay.config_file.write_text(good)
        relay.process.send_signal(signal.SIGHUP)
        wait_until(lambda: status("--url", self.url, "--check").returncode == 0, "the relay is well again")

    def test_nobody_to_ask(self):
        self.assert_unknown("nobody answers there", "--url", self.url)
        config = self.scratch / "off.json"
        config.write_text('{"http": "off"}')
        self.assert_unknown('no status server to ask', "--config", config)
        self.assert_unknown("expected a URL such as", "--url", "graphite:2003")
        self.assert_unknown("off.jso", "--config", self.scratch / "off.jso")

    def test_somebody_else_to_ask(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:
            # It accepts and says nothing: the wait has an end.
            begin = time.monotonic()
            self.assert_unknown("no answer in time", "--url", f"http://127.0.0.1:{mute.getsockname()[1]}")
            self.assertLess(time.monotonic() - begin, 50)

    def assert_unknown(self, words, *arguments):
        """Exit code 2: one line on stderr, or for monitoring on stdout."""
        for check, stream, other in (((), "stderr", "stdout"), (("--check",), "stdout", "stderr")):
            result = status(*arguments, *check)
            self.assertEqual((result.returncode, getattr(result, other)), (2, ""))
            said = getattr(result, stream)
            self.assertIn(words, said)
            self.assertEqual(said.count("\n"), 1, said)

    def test_usage(self):
        self.assertEqual(status("--check", "--json").returncode, 2)
        self.assertEqual(status("--nonsense").returncode, 2)


if __name__ == "__main__":
    unittest.main()
