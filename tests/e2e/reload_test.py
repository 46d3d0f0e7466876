#!/usr/bin/env python3
"""A pack is edited a hundred times while a sender pushes tens of thousands of lines a second: no message is lost,
no counter steps back, every broken edit is refused and shows as config.stale until a good one heals it."""
import json
import os
import pathlib
import signal
import socket
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from sluice_harness import DEADLINE_SECONDS, HOST, RecordingSink, Sluice, free_port, stamp, wait_until

SLUICE = sys.argv.pop(1)
RELOADS = 100
LINES_PER_BLOCK = 1000
BLOCKS_PER_SECOND = 50
# Columns of the ledger that only ever grow.
COUNTERS = ("messages.received", "messages.parsed", "messages.malformed", "messages.matched", "messages.unmatched",
            "samples.read", "samples.merged", "destinations.0.published", "destinations.0.acknowledged")


def pack(version: int) -> dict:
    """Every version counts every line, each under a metric of its own too."""
    return {"pack": "edited", "rules": [{
        "name": "done", "app": "job", "match": "^done in (?P<seconds>[0-9.]+) s$",
        "emit": [{"metric": "jobs.done", "type": "counter"},
                 {"metric": f"jobs.version_{version % 7}", "type": "timing", "value": "seconds"}],
        "examples": [{"line": "done in 2.5 s", "gives": {"jobs.done": 1, f"jobs.version_{version % 7}": 2.5}},
                     {"line": "done", "gives": {}}]}]}


def with_rule(version: int, **members) -> str:
    edited = pack(version)
    edited["rules"][0].update(members)
    return json.dumps(edited)


# What an editor may leave behind, and a part of the line that refuses it.
BROKEN = [
    (lambda version: json.dumps(pack(version))[:-20], "edited.json:1:"),
    (lambda version: "", "edited.json"),
    (lambda version: with_rule(version, mach="x"), 'unknown key; did you mean "match"?'),
    (lambda version: with_rule(version, match="^done in (?P<seconds>[0-9.]+ s$"), "missing )"),
    (lambda version: with_rule(version, match="^done in [0-9.]+ s$"), 'found "seconds"'),
    (lambda version: with_rule(version, match="^done at (?P<seconds>[0-9.]+) s$"), "example \"done in 2.5 s\": expected"),
    (lambda version: with_rule(version, fields="jsn"), 'did you mean "json"?'),
]


class Sender(threading.Thread):
    """Pushes blocks of lines over one connection, paced, until it is told to stop."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self.port = port
        self.line_count = 0
        self.seconds = 0.0
        self.error = None
        self.is_stopping = threading.Event()

    def run(self):
        try:
            self.push()
        except OSError as error:
            self.error = error

    def push(self):
        started = time.monotonic()
        with socket.create_connection((HOST, self.port), DEADLINE_SECONDS) as connection:
            blocks = 0
            while not self.is_stopping.is_set():
                line = f"<13>{stamp()} web01.example.com job[7]: done in 1.5 s\n"
                connection.sendall((line * LINES_PER_BLOCK).encode())
                self.line_count += LINES_PER_BLOCK
                blocks += 1
                self.is_stopping.wait(max(0.0, started + blocks / BLOCKS_PER_SECOND - time.monotonic()))
            connection.shutdown(socket.SHUT_WR)
            self.seconds = time.monotonic() - started
            while connection.recv(4096):
                pass


class LedgerReader:
    """Reads the ledger and keeps what was wrong with one."""

    def __init__(self, port: int):
        self.url = f"http://{HOST}:{port}/api/v1/ledger"
        self.last = {}
        self.read_count = 0
        self.problems = []

    def read(self) -> dict:
        with urllib.request.urlopen(self.url, timeout=DEADLINE_SECONDS) as answer:
            ledger = json.load(answer)
        self.read_count += 1
        for name in COUNTERS:
            value = ledger
            for step in name.split("."):
                value = value[int(step)] if isinstance(value, list) else value[step]
            if value < self.last.get(name, 0):
                self.problems.append(f"{name} stepped back from {self.last[name]} to {value}")
            self.last[name] = value
        if any(ledger["uncounted_loss"].values()):
            self.problems.append(f"uncounted loss: {ledger['uncounted_loss']}")
        return ledger


class Reload(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        self.pack = self.scratch / "edited.json"
        self.edit(json.dumps(pack(0)))
        self.syslog, self.http = free_port(), free_port()
        sink = self.enterContext(RecordingSink(keep=r"sluice\.all\."))
        self.relay = self.enterContext(Sluice(SLUICE, {
            "instance": "relay1", "listen": [{"syslog": f"tcp://{HOST}:{self.syslog}"}],
            "packs": [], "rules": [str(self.pack)], "state_dir": str(self.scratch / "state"),
            "http": f"{HOST}:{self.http}", "tz": "UTC", "window": "1s", "grace": "1s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://{HOST}:{sink.port}", "new_series_per_minute": 0}],
        }, self.scratch))
        self.relay.wait_listening(tcp=[self.syslog, self.http])
        self.ledger = LedgerReader(self.http)

    def edit(self, text: str):
        """As a careful editor saves a file: whole or not at all."""
        fresh = self.pack.with_suffix(".new")
        fresh.write_text(text)
        os.replace(fresh, self.pack)

    def log_count(self, words: str) -> int:
        return self.relay.log_file.read_text(errors="replace").count(words)

    def reload(self, text: str, words: str):
        """Saves the pack and waits for the relay's word on it."""
        before = self.log_count(words)
        self.edit(text)
        self.relay.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log_count(words) > before, f"the relay says {words!r}")

    def config_is(self, stale: bool) -> dict:
        def found():
            config = self.ledger.read()["config"]
            return config if config["stale"] == stale else None
        return wait_until(found, f"config.stale is {stale}")

    def break_and_heal(self, version: int, number: int):
        """Two reloads, each waited for until the ledger shows it."""
        broken, expected = BROKEN[number % len(BROKEN)]
        self.reload(broken(version), "reload refused")
        self.assertIn(expected, self.config_is(stale=True)["error"])
        self.reload(json.dumps(pack(version)), "reloaded: 1 rules in 1 packs")
        self.config_is(stale=False)

    def test_a_hundred_reloads_under_load(self):
        sender = Sender(self.syslog)
        sender.start()
        wait_until(lambda: self.ledger.read()["messages"]["received"] > 0, "the first lines arrive")
        reloads = 0
        breaks = 0
        while reloads < RELOADS:
            if reloads % 14 == 0:
                self.break_and_heal(reloads, breaks)
                reloads += 2
                breaks += 1
            else:
                self.reload(json.dumps(pack(reloads)), "reloaded: 1 rules in 1 packs")
                self.ledger.read()
                reloads += 1
        sender.is_stopping.set()
        sender.join(DEADLINE_SECONDS)
        self.assertFalse(sender.is_alive(), "the relay reads all that was sent")
        self.assertIsNone(sender.error)
        sent = sender.line_count
        final = wait_until(lambda: (ledger := self.ledger.read())["samples"]["merged"] >= 2 * sent and ledger,
                           "every sample is merged")
        print(f"{reloads} reloads, {breaks} of broken packs, {self.ledger.read_count} ledgers read; {sent} lines "
              f"sent in {sender.seconds:.1f} s ({sent / sender.seconds:.0f} a second)")
        print(json.dumps({key: final[key] for key in ("messages", "samples", "uncounted_loss", "config")}, indent=1))
        self.assertEqual(self.ledger.problems, [])
        self.assertEqual(breaks, len(BROKEN) + 1)
        self.assertEqual((final["messages"]["received"], final["messages"]["matched"]), (sent, sent))
        self.assertEqual((final["samples"]["read"], final["samples"]["merged"]), (2 * sent, 2 * sent))
        self.assertEqual((self.log_count("reload refused"), self.log_count("reloaded: ")), (breaks, reloads - breaks))
        self.relay.stop()
        counters = self.relay.counters()
        self.assertEqual((counters["syslog_messages_received_total"], counters["rules_matched_total"]), (sent, sent))


if __name__ == "__main__":
    unittest.main(verbosity=2)
