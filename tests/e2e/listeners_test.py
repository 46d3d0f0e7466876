#!/usr/bin/env python3
"""What a listener's options and limits do to real connections: room for destinations when senders take every
descriptor, clients of other protocols, the limit of connections, messages of several lines, escapes.

usage: listeners_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import contextlib
import json
import pathlib
import shlex
import socket
import sys
import unittest
import urllib.request

from sluice_harness import DEADLINE_SECONDS, HOST, RecordingSink, Sluice, free_port, play_tcp, play_udp, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)

FILES = 200  # LimitNOFILE of a relay that has few.

PACK = {"pack": "lines", "rules": [
    {"name": "beat", "app": "beat", "match": "^beat$", "emit": {"metric": "beats", "type": "counter"},
     "examples": [{"line": "beat", "gives": {"beats": 1}}, {"line": "beaten", "gives": {}}]},
    {"name": "pair", "match": "^one\nand two$", "emit": {"metric": "pairs", "type": "counter"},
     "examples": [{"line": "one\nand two", "gives": {"pairs": 1}}, {"line": "one", "gives": {}}]}]}


def message(text, app="beat"):
    return f"<13>{stamp()} web01 {app}: {text}\n".encode()


class Listeners(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.port, self.http = free_port(), free_port()

    def start(self, binary=SLUICE, destinations=(), **keys):
        """A relay with a TCP and a UDP listener that have these keys."""
        (self.folder / "lines.json").write_text(json.dumps(PACK))
        of_streams = {"multiline", "multiline_wait", "connections"}
        common = {key: value for key, value in keys.items() if key not in of_streams}
        self.relay = self.enterContext(Sluice(binary, {
            "listen": [{"syslog": f"tcp://{HOST}:{self.port}", **keys},
                       {"syslog": f"udp://{HOST}:{self.port}", **common}],
            "packs": [], "rules": [str(self.folder / "lines.json")], "window": "2s", "grace": "0s",
            "destinations": list(destinations), "state_dir": str(self.folder / "state"),
            "http": f"{HOST}:{self.http}"}, self.folder))
        self.relay.wait_listening(tcp=[self.http], udp=[self.port])

    def connect(self):
        return self.enterContext(socket.create_connection((HOST, self.port), DEADLINE_SECONDS))

    def ledger(self):
        with urllib.request.urlopen(f"http://{HOST}:{self.http}/api/v1/ledger", timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)["messages"]

    def lines(self, part):
        return [line for line in self.relay.log(10_000).splitlines() if part in line]

    def wait_logged(self, part):
        wait_until(lambda: self.lines(part), f"the log says {part!r}")

    def test_senders_that_take_every_descriptor_leave_some(self):
        binary = self.folder / "sluice-with-few-files"
        binary.write_text(f'#!/bin/sh\nulimit -Sn {FILES} && ulimit -Hn {FILES} && exec {shlex.quote(SLUICE)} "$@"\n')
        binary.chmod(0o755)
        sink = self.enterContext(RecordingSink())
        self.start(binary, [{"name": "sink", "carbon": f"tcp://{HOST}:{sink.port}", "new_series_per_minute": 0}])
        self.wait_logged(f"but the process may open {FILES} files")
        honest = self.connect()
        for _ in range(FILES + 100):
            self.connect()
        self.wait_logged("the files that the process may still open are kept")
        honest.sendall(message("beat"))
        wait_until(lambda: sink.total(r"sluice\.all\.beats\.count") == 1, "the destination gets what is counted")
        self.assertEqual(self.ledger()["received"], 1)  # And the page answers.
        self.relay.stop()
        self.assertGreaterEqual(self.relay.counters()["tcp_connections_limited_total"], 200)

    def test_clients_of_other_protocols_are_named_once_and_closed(self):
        self.start(connections=20)
        crowd = [self.connect() for _ in range(40)]  # Their refusals must not hide the others.
        self.wait_logged("as many as \"connections\"")
        for one in crowd:
            one.close()
        for _ in range(3):
            for start in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\nHost: sluice\r\n\r\n"):
                wait_until(lambda start=start: self.is_closed_after(start), f"{start} is closed")
        self.wait_logged("it speaks TLS and this port is plain")
        self.wait_logged("it speaks HTTP, which this port does not take")
        for part in ("it speaks TLS", "it speaks HTTP"):
            self.assertEqual(len(self.lines(part)), 1, part)
            self.assertIn(HOST, self.lines(part)[0])
        self.relay.stop()
        self.assertGreaterEqual(self.relay.counters()["tcp_streams_broken_total"], 6)

    def is_closed_after(self, start):
        """True when the relay has taken the connection, read that and closed it."""
        with socket.create_connection((HOST, self.port), DEADLINE_SECONDS) as client:
            try:
                client.sendall(start)
                return client.recv(1) == b""
            except ConnectionError:
                return False  # Refused: the crowd is not gone yet.

    def test_above_the_limit_a_connection_is_closed_and_said_why(self):
        self.start(connections=2)
        first, second = self.connect(), self.connect()
        for one in (first, second):
            one.sendall(message("beat"))
        wait_until(lambda: self.ledger()["received"] == 2, "both are read")
        third = self.connect()
        self.assertEqual(third.recv(1), b"")
        self.wait_logged(f"{HOST}:{third.getsockname()[1]} refused: 2 connections are open")
        first.close()
        wait_until(lambda: self.is_served(), "a place is free again")
        second.sendall(message("beat"))
        wait_until(lambda: self.ledger()["received"] == 4, "the old ones stay")

    def is_served(self):
        """Whether a connection's message is counted, and the connection not closed."""
        before = self.ledger()["received"]
        with socket.create_connection((HOST, self.port), DEADLINE_SECONDS) as client:
            try:
                client.sendall(message("beat"))
                client.settimeout(0.05)
                while self.ledger()["received"] == before:
                    with contextlib.suppress(TimeoutError):
                        if client.recv(1) == b"":
                            return False
            except ConnectionError:
                return False
            return True

    def test_a_pause_ends_a_message_of_several_lines(self):
        self.start(multiline=True, multiline_wait="200ms")
        sender = self.connect()
        sender.sendall(b"<13>one\nand two\n")
        wait_until(lambda: self.ledger()["matched"] == 1, "the pause ends it")
        sender.sendall(b"<13>one\nand two\n<13>one\nand two\n")
        wait_until(lambda: self.ledger()["matched"] == 3, "a PRI ends it, then the pause")
        self.assertEqual(self.ledger()["received"], 3)

    def test_escapes_of_control_octets_are_undone_on_request(self):
        self.start(unescape=True)
        play_tcp(self.port, b"<13>one#012and two\n")
        play_udp(self.port, [b"<13>one#012and two"])
        wait_until(lambda: self.ledger()["matched"] == 2, "both count")

    def test_escapes_are_text_otherwise(self):
        self.start()
        play_tcp(self.port, b"<13>one#012and two\n")
        wait_until(lambda: self.ledger()["received"] == 1, "it is received")
        self.assertEqual(self.ledger()["matched"], 0)


if __name__ == "__main__":
    unittest.main()
