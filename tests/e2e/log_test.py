#!/usr/bin/env python3
"""The log is an interface: each line has a time, a level and an id of the list; the banner, reloads, bounds and the end tell what people ask
first; colour is for terminals, levels for systemd's journal; and what rsyslogd brings back of it is counted and goes no further.

usage: log_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import sys
import unittest

from peers import Rsyslogd, give
from sluice_harness import SOURCE_DIR, RecordingSink, Sluice, free_port, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)
ROW = re.compile(r'LogLevel::k(\w+), "([a-z-]+)"')
LEVELS = {name: level.lower() for level, name in ROW.findall((SOURCE_DIR / "src/app/log.h").read_text())}
LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d) (info|warning|error) \[([a-z-]+)\] (\S.*)")
PACK = {"pack": "mine", "rules": [{"name": "things", "match": r"^thing (?P<name>\d+)$", "emit": [{"metric": "thing.{name}", "type": "counter"}],
                                   "examples": [{"line": "thing 1", "gives": {"thing.1": 1}}]}]}


class Log(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.port = free_port()
        self.sink_port = free_port()
        (self.folder / "mine.json").write_text(json.dumps(PACK))
        (self.folder / "map.json").write_text(json.dumps({"hosts": {"web01": "web", "db01": "db"}}))
        self.config = {"instance": "relay1", "listen": [{"syslog": f"udp://127.0.0.1:{self.port}", "receive_buffer": "64KiB"},
                                                        {"syslog": f"tcp://127.0.0.1:{self.port}"}],
                       "packs": ["puppet-agent"], "rules": ["mine.json"], "pack_dirs": [str(SOURCE_DIR / "rules")],
                       "clusters": {"file": "map.json"}, "state_dir": str(self.folder / "state"), "http": "off", "window": "1s",
                       "grace": "0s", "series_per_host_max": 3,
                       "destinations": [{"name": "sink", "carbon": f"tcp://127.0.0.1:{self.sink_port}", "new_series_per_minute": 0}]}

    def start(self):
        relay = self.enterContext(Sluice(SLUICE, self.config, self.folder))
        relay.wait_listening(tcp=[self.port])
        self.wait_for(relay, "started")
        return relay

    def lines(self, relay):
        """(level, id, text) of each line, all of which have the one form, and the level of their id."""
        found = []
        for line in relay.log(10_000).splitlines():
            match = LINE.fullmatch(line)
            self.assertIsNotNone(match, line)
            self.assertEqual(match[2], LEVELS.get(match[3]), line)
            found.append(match.groups()[1:])
        return found

    def wait_for(self, relay, name, count=1):
        """The texts of an id, when there are so many."""
        return wait_until(lambda: (told := [text for _, one, text in self.lines(relay) if one == name])[count - 1:] and told,
                          f"{count} of [{name}]")

    def test_the_banner_tells_what_people_ask_first(self):
        relay = self.start()
        [banner] = self.wait_for(relay, "started")
        version = subprocess.run([SLUICE, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout.split()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            given = same.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
        for part in (f"sluice {version} started", "instance relay1", f"udp://127.0.0.1:{self.port} (receive buffer {given} octets, asked for 65536)",
                     f"tcp://127.0.0.1:{self.port} (receive buffer ", "in 2 packs (puppet-agent, mine)", "map.json (2 hosts)", "window 1 s",
                     f"sink (tcp://127.0.0.1:{self.sink_port}, 0 datapoints wait)", "configuration " + str(self.folder / "sluice.json")):
            self.assertIn(part, banner)

    def test_a_destination_goes_down_and_comes_back_and_what_waited_is_in_the_next_banner(self):
        relay = self.start()
        self.assertIn("connection refused", self.wait_for(relay, "destination-down")[0])
        give(self.port, [f"<13>{stamp()} web01 app: thing 1"])
        relay.stop()
        [spooled] = self.wait_for(relay, "stopped-spooled")
        count = re.match(r"(\d+) datapoints wait", spooled)[1]
        relay = self.start()
        self.assertIn(f", {count} datapoints wait)", self.wait_for(relay, "started", 2)[1])
        self.wait_for(relay, "destination-down", 2)
        with RecordingSink(port=self.sink_port):
            self.assertRegex(self.wait_for(relay, "destination-up")[0], r"takes datapoints again after \d+ s; \d+ datapoints wait")
        relay.stop()

    def test_a_reload_tells_its_difference(self):
        relay = self.start()
        pack = json.loads(json.dumps(PACK))
        pack["rules"][0]["stop"] = True
        pack["rules"].append({"name": "new", "match": "^new$", "emit": [{"metric": "new", "type": "counter"}], "examples": []})
        (self.folder / "mine.json").write_text(json.dumps(pack))
        relay.process.send_signal(signal.SIGHUP)
        self.assertIn("; 1 added (mine/new); 1 changed (mine/things);", self.wait_for(relay, "reloaded")[0])
        (self.folder / "mine.json").write_text(json.dumps(PACK))
        relay.process.send_signal(signal.SIGHUP)
        self.assertIn("; 1 removed (mine/new); 1 changed (mine/things);", self.wait_for(relay, "reloaded", 2)[1])
        (self.folder / "mine.json").write_text("{\n\n\x1b")
        relay.process.send_signal(signal.SIGHUP)
        self.assertIn("mine.json:3:", self.wait_for(relay, "reload-refused")[0])
        relay.stop()

    def test_a_bound_names_who_reaches_it_once(self):
        relay = self.start()
        for _ in range(3):
            give(self.port, [f"<13>{stamp()} web01 app: thing {number}" for number in range(20)])
            wait_until(lambda: any("samples_dropped_series_limit" in text for text in self.wait_for(relay, "cap-reached")), "it is told")
        relay.stop()
        self.assertGreater(relay.counters()["samples_dropped_series_limit_total"], 0)
        [told] = [text for _, name, text in self.lines(relay) if name == "cap-reached"]
        self.assertRegex(told, r"series_per_host_max.*most: rule mine/things \(\d+\), host web01 \(\d+\)")

    def test_the_end_is_summed_up(self):
        relay = self.start()
        relay.stop()
        names = [name for _, name, _ in self.lines(relay)]
        self.assertEqual([name for name in names if name.startswith("stop")][:2], ["stopping", "stopped"])
        self.assertIn("ran_seconds", relay.counters())

    def test_colour_is_for_terminals(self):
        for environment, is_colored in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with self.subTest(environment):
                (self.folder / "sluice.json").write_text(json.dumps(self.config))
                terminal, theirs = pty.openpty()
                with subprocess.Popen([SLUICE, "run", "--config", self.folder / "sluice.json"], stdin=subprocess.DEVNULL, stdout=theirs,
                                      stderr=theirs, env={"PATH": "/usr/bin:/bin", **environment}) as process:
                    os.close(theirs)
                    seen = b""
                    while b"[started]" not in seen:
                        seen += os.read(terminal, 4096)
                    process.terminate()
                    try:
                        while chunk := os.read(terminal, 4096):
                            seen += chunk
                    except OSError:  # The last one has closed it.
                        pass
                    self.assertEqual(process.wait(60), 0)
                os.close(terminal)
                self.assertEqual(b"\x1b[" in seen, is_colored, seen)

    def test_the_journal_gets_levels_and_no_second_time(self):
        (self.folder / "sluice.json").write_text(json.dumps(self.config))
        log = self.folder / "journal"
        for is_journal in (True, False):
            with self.subTest(is_journal), open(log, "wb") as stream:
                status = os.fstat(stream.fileno())
                inode = status.st_ino if is_journal else status.st_ino + 1
                with subprocess.Popen([SLUICE, "run", "--config", self.folder / "sluice.json"], stdin=subprocess.DEVNULL, stderr=stream,
                                      env={"PATH": "/usr/bin:/bin", "JOURNAL_STREAM": f"{status.st_dev}:{inode}"}) as process:
                    wait_until(lambda: "[destination-down]" in log.read_text(), "it runs")
                    process.terminate()
                    self.assertEqual(process.wait(60), 0)
            lines = log.read_text().splitlines()
            severity = {"info": 6, "warning": 4, "error": 3}
            for line in lines:
                if is_journal:
                    match = re.match(r"<(\d)>(\w+) \[([a-z-]+)\] ", line)
                    self.assertIsNotNone(match, line)
                    self.assertEqual((match[2], int(match[1])), (LEVELS[match[3]], severity[match[2]]))
                else:
                    self.assertRegex(line, LINE)

    def test_a_relay_that_does_not_start_tells_the_journal_why(self):
        log = self.folder / "journal"
        taken = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        busy = self.config | {"listen": [{"syslog": f"tcp://127.0.0.1:{taken.getsockname()[1]}"}]}
        for config, code, why in ((self.config | {"windwo": "1s"}, 2, "/windwo: unknown key"), (busy, 1, "in use")):
            (self.folder / "sluice.json").write_text(json.dumps(config))
            for is_journal in (True, False):
                with self.subTest(why, is_journal=is_journal), open(log, "wb") as stream:
                    status = os.fstat(stream.fileno())
                    done = subprocess.run([SLUICE, "run", "--config", self.folder / "sluice.json"], stderr=stream, timeout=60, check=False,
                                          env={"PATH": "/usr/bin:/bin", "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}" if is_journal else ""})
                    last = log.read_text().splitlines()[-1]
                    self.assertEqual(done.returncode, code)
                    self.assertTrue(last.startswith("<3>error [start-failed] " if is_journal else "sluice: "), last)
                    self.assertIn(why, last)

    def test_its_own_lines_that_rsyslogd_brings_back_are_counted_and_go_no_further(self):
        snippet = (SOURCE_DIR / "packaging/rsyslog/60-sluice.conf").read_text()
        snippet = snippet.replace("sluice.example.com", "127.0.0.1").replace("5514", str(self.port)).replace('startswith "puppet"', 'startswith ""')
        relay = self.start()
        rsyslog = self.enterContext(Rsyslogd(self.folder / "rsyslog", snippet))
        # As imjournal hands them on: the machine's name, the program, the text. One reads like a line that a rule matches.
        own = [f"<30>{stamp()} {socket.gethostname()} sluice[{relay.process.pid}]: {text}"
               for text in ("warning [destination-down] destination sink does not take datapoints", "Applied catalog in 1.00 seconds",
                            "warning [message-malformed] malformed message of 127.0.0.1")]
        give(rsyslog.port, [*own * 10, f"<29>{stamp()} web01 puppet-agent[1]: Applied catalog in 2.00 seconds"])
        with RecordingSink(port=self.sink_port) as sink:
            wait_until(lambda: sink.total(r"sluice\.all\.puppet\.runs\.completed\.count") >= 1, "the other line arrives")
            relay.stop()
            self.assertEqual(sink.total(r"sluice\.all\.puppet\.runs\.completed\.count"), 1)
        counters = relay.counters()
        self.assertEqual(counters["syslog_messages_own_total"], 10 * len(own))
        self.assertEqual(counters["syslog_messages_unmatched_total"], 0)
        self.assertEqual([name for _, name, _ in self.lines(relay) if name == "message-malformed"], [])


if __name__ == "__main__":
    unittest.main()
