#!/usr/bin/env python3
"""rsyslog's snippets decide whether a relay that stands still is anybody else's trouble: with a sluice that is stopped
(SIGSTOP), Debian's rsyslogd logs on locally, what is meant for sluice waits on its disk, and all of it arrives afterwards.

usage: stopped_relay_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import pathlib
import re
import signal
import sys
import unittest

from peers import Rsyslogd, give
from sluice_harness import SOURCE_DIR, Failure, RecordingSink, Sluice, free_port, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)
# Each with a long line of Puppet's that no rule matches: together more than the buffers of four connections hold.
RUNS = 8_000
FILLER = "x" * 4000
# The snippets' queue in memory, made small, so that little is needed to fill it.
SMALLER = {'queue.size="50000"': 'queue.size="2000"', 'queue.highWatermark="30000"': 'queue.highWatermark="300"',
           'queue.lowWatermark="20000"': 'queue.lowWatermark="200"'}
HOSTS = 40
SECONDS_MAX = 120


class StoppedRelay(unittest.TestCase):
    def log_on(self, name):
        folder = pathlib.Path(self.enterContext(scratch()))
        snippet = (SOURCE_DIR / f"packaging/rsyslog/{name}.conf").read_text()
        sink = self.enterContext(RecordingSink(keep=r"sluice\.all\.puppet\.runs\.completed\.count "))
        port = free_port()
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{port}"}], "pack_dirs": [str(SOURCE_DIR / "rules")], "http": "off",
            "workers": 2, "state_dir": str(folder / "state"), "window": "1s", "grace": "100ms",
            "destinations": [{"name": "sink", "carbon": f"tcp://127.0.0.1:{sink.port}", "new_series_per_minute": 0}],
        }, folder))
        relay.wait_listening(tcp=[port])
        local = folder / "local.log"
        for shipped, smaller in SMALLER.items():
            self.assertIn(shipped, snippet)
            snippet = snippet.replace(shipped, smaller)
        snippet = snippet.replace("sluice.example.com", "127.0.0.1").replace("5514", str(port))
        # Everything is also logged here, after the snippet, as on a real host.
        rules = f'{snippet}\naction(type="omfile" file="{local}")\n'
        rsyslog = self.enterContext(Rsyslogd(folder / "rsyslog", rules))

        def local_lines():
            return local.read_bytes().count(b"\n") if local.exists() else 0

        def lines(first, count):
            return [f"<29>{stamp()} web{number % HOSTS}.example.com puppet-agent[{number}]: {text}"
                    for number in range(first, first + count) for text in (FILLER, "Applied catalog in 1.50 seconds")]

        give(rsyslog.port, lines(0, 100))
        wait_until(lambda: sink.total(r".*") >= 100, "the first lines arrive")
        relay.process.send_signal(signal.SIGSTOP)
        give(rsyslog.port, lines(100, RUNS))
        wait_until(lambda: local_lines() >= 2 * (100 + RUNS), "local logging goes on", SECONDS_MAX)
        queued = [file.name for file in (folder / "rsyslog").glob("sluice*.0*")]
        self.assertTrue(queued, "what is meant for sluice waits on the disk")
        # Somebody else's lines do not wait behind it either.
        give(rsyslog.port, [f"<86>{stamp()} web1.example.com sshd[1]: Accepted publickey for root"])
        wait_until(lambda: b"sshd[1]" in local.read_bytes()[-4096:], "another program's line is logged", SECONDS_MAX)
        self.assertLess(sink.total(r".*"), 100 + RUNS)
        relay.process.send_signal(signal.SIGCONT)
        try:
            wait_until(lambda: sink.total(r".*") >= 100 + RUNS, "everything arrives afterwards", SECONDS_MAX / 6)
        except Failure:
            # On a busy machine rsyslog 8.2302 at times leaves the last messages of a disk queue where they are, with
            # nobody to read them, until it is restarted (docs/receiving.md).
            rsyslog.stop()
            self.enterContext(Rsyslogd(folder / "rsyslog", rules))
            wait_until(lambda: sink.total(r".*") >= 100 + RUNS, "what rsyslog kept arrives after its restart", SECONDS_MAX)
        relay.stop()
        self.assertEqual(sink.total(r".*"), 100 + RUNS)
        counters = relay.counters()
        self.assertEqual(counters["syslog_messages_received_total"], 2 * (100 + RUNS))
        self.assertEqual([key for key in counters if re.match("samples_dropped", key) and counters[key]], [])

    def test_one_connection(self):
        self.log_on("60-sluice")

    def test_several_connections(self):
        self.log_on("60-sluice-central")


if __name__ == "__main__":
    unittest.main()
