#!/usr/bin/env python3
"""The snippets of packaging/rsyslog and packaging/syslog-ng are what docs/receiving.md shows, are accepted by
the real programs, and bring Puppet's messages, and no others, to the listener that each of them names.

usage: sender_snippets_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import datetime
import json
import pathlib
import re
import subprocess
import sys
import unittest
import zoneinfo

from peers import Rsyslogd, Syslogng, give, program, syslog_ng_command, syslog_ng_configuration
from sluice_harness import SOURCE_DIR, RecordingSink, Sluice, free_port, scratch, wait_until

SLUICE = sys.argv.pop(1)
RSYSLOG = sorted((SOURCE_DIR / "packaging/rsyslog").glob("*.conf"))
SYSLOG_NG = sorted((SOURCE_DIR / "packaging/syslog-ng").glob("*.conf"))
KINDS = ["", "-tcp-lf", "-udp", "-unix", "-unixgram", "-zones"]
SECONDS_MAX = 60

RUNS = [12.25, 3.5, 7.75]
METRIC = "puppet.time.catalog_application"


def listener_of(snippet):
    """The listener that a snippet's comment names."""
    return json.loads(re.search(r"^# The listener: (.*)$", snippet.read_text(), re.MULTILINE)[1])


class Way:
    """A snippet and its listener, pointed to each other on this machine."""

    def __init__(self, snippet, folder):
        self.listener = listener_of(snippet)
        self.text = re.sub(r"^#.*\n", "", snippet.read_text(), flags=re.MULTILINE)
        self.zone = datetime.timezone.utc
        self.connections = 4 if snippet.stem.endswith("-central") else 1
        scheme, address = self.listener["syslog"].split("://")
        if address.startswith("/"):
            self.listener["syslog"] = f"{scheme}://{folder / 'socket'}"
            self.replace(address, str(folder / "socket"))
            return
        port = free_port()
        self.listener |= {"syslog": f"{scheme}://127.0.0.1:{port}", "allow": ["127.0.0.0/8"]}
        self.replace("sluice.example.com", "127.0.0.1")
        self.replace("5514", str(port))
        for sender in self.listener.get("senders", []):
            sender["network"] = "127.0.0.1"
            self.zone = zoneinfo.ZoneInfo(sender["tz"])

    def replace(self, shipped, ours):
        assert self.text.count(shipped) == self.connections, shipped
        self.text = self.text.replace(shipped, ours)

    def lines(self):
        """What hosts hand to the sender: Puppet's messages, and one of somebody else."""
        now = datetime.datetime.now(self.zone).replace(microsecond=0).isoformat()
        return [*(f"<29>{now} web01.example.com puppet-agent[{pid}]: Applied catalog in {seconds:.2f} seconds"
                  for pid, seconds in enumerate(RUNS, 100)),
                f"<86>{now} web01.example.com useradd[7]: Applied catalog in 9999.99 seconds"]


class Snippets(unittest.TestCase):
    def test_there_is_one_for_every_kind_of_listener(self):
        self.assertEqual({file.stem for file in RSYSLOG}, {f"60-sluice{kind}" for kind in [*KINDS, "-central"]})
        self.assertEqual({file.stem for file in SYSLOG_NG}, {f"sluice{kind}" for kind in KINDS})

    def test_the_documentation_shows_them_as_they_are(self):
        page = (SOURCE_DIR / "docs/receiving.md").read_text()
        for snippet in [*RSYSLOG, *SYSLOG_NG]:
            with self.subTest(snippet.name):
                self.assertIn(f"```\n{snippet.read_text()}```\n", page)
        blocks = re.findall(r"```\n(.*?)```\n", page[page.index("## Senders' configuration"):], re.DOTALL)
        self.assertEqual(len(blocks), len(RSYSLOG) + len(SYSLOG_NG), "blocks that are no file, or files shown twice")

    def test_rsyslogd_accepts_them(self):
        for snippet in RSYSLOG:
            with self.subTest(snippet.name):
                result = subprocess.run([program("rsyslogd"), "-N1", "-f", str(snippet)], capture_output=True,
                                        text=True, timeout=SECONDS_MAX, check=False)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertNotRegex(result.stderr, r"error|warning|try https")

    def test_syslog_ng_accepts_them(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        for snippet in SYSLOG_NG:
            with self.subTest(snippet.name):
                config = folder / snippet.name
                config.write_text(syslog_ng_configuration(5140, snippet.read_text()))
                result = subprocess.run(syslog_ng_command("--syntax-only", f"--cfgfile={config}"), capture_output=True,
                                        text=True, timeout=SECONDS_MAX, check=False)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def deliver(self, snippet, sender):
        """Sends through `sender`, a peer, with this snippet; the relay must tell what was logged."""
        folder = pathlib.Path(self.enterContext(scratch()))
        way = Way(snippet, folder)
        sink = self.enterContext(RecordingSink())
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [way.listener], "pack_dirs": [str(SOURCE_DIR / "rules")], "tz": "UTC", "http": "off",
            "state_dir": str(folder / "state"), "window": "1s", "grace": "0s",
            "destinations": [{"name": "sink", "carbon": f"tcp://127.0.0.1:{sink.port}", "new_series_per_minute": 0}],
        }, folder))
        wait_until(lambda: "listening on" in relay.log(), "sluice listens")
        peer = self.enterContext(sender(folder / "sender", way.text))
        give(peer.port, way.lines())
        wait_until(lambda: sink.total(rf"sluice\.all\.{re.escape(METRIC)}\.count") >= len(RUNS),
                   f"{len(RUNS)} messages by {snippet.name} are published")
        relay.stop()
        prefix = r"sluice\.hosts\.other\.web01_example_com\." + re.escape(METRIC)
        self.assertEqual(sink.weighted_total(prefix + r"\.mean", prefix + r"\.count"), sum(RUNS))
        counters = relay.counters()
        self.assertEqual(counters["syslog_messages_received_total"], len(RUNS))
        self.assertEqual(counters["syslog_messages_malformed_total"], 0)
        self.assertEqual(counters["time_skewed_total"], 0, "the stamps were to be understood")

    def test_rsyslogd_delivers_by_them(self):
        for snippet in RSYSLOG:
            with self.subTest(snippet.name):
                self.deliver(snippet, Rsyslogd)

    def test_syslog_ng_delivers_by_them(self):
        for snippet in SYSLOG_NG:
            with self.subTest(snippet.name):
                self.deliver(snippet, Syslogng)


if __name__ == "__main__":
    unittest.main()
