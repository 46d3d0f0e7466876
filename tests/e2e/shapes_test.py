#!/usr/bin/env python3
"""Shapes of unmatched lines, matches per rule, failures and events: of real captures through a running relay,
compared with what a naive count over the same file gives; and hostile text.

usage: shapes_test.py SLUICE [unittest arguments]
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from sluice_harness import DEADLINE_SECONDS, SOURCE_DIR, Sluice, free_port, play_tcp, scratch, stamp, wait_until

BINARY = pathlib.Path(sys.argv.pop(1)) if len(sys.argv) > 1 else None
CAPTURES = SOURCE_DIR / "tests" / "data" / "captures"
LINE = re.compile(r"<\d+>(?P<stamp>\S+) (?P<host>\S+) (?P<program>[^\s\[:]+)(?:\[\d+\])?: ?(?P<text>.*)")

PACK = {
    "pack": "few",
    "rules": [
        {"name": "applied", "app": "puppet-agent", "match": "^Applied catalog in (?P<s>[\\d.]+) seconds$",
         "emit": [{"metric": "few.time", "type": "timing", "value": "s"}, {"metric": "few.runs", "type": "counter"}],
         "examples": [{"line": "Applied catalog in 1.00 seconds", "gives": {"few.time": 1, "few.runs": 1}},
                      {"line": "Applied", "gives": {}}]},
        {"name": "never", "app": "nobody", "match": "^x$", "emit": {"metric": "few.never", "type": "counter"},
         "examples": [{"line": "x", "gives": {"few.never": 1}}, {"line": "y", "gives": {}}]},
    ],
}


def lines_of(capture):
    """(host, program, text) of each line, cut the naive way."""
    for line in (CAPTURES / capture / "tcp-lf-rfc3339.raw").read_text("utf-8").splitlines():
        match = LINE.fullmatch(line)
        if match is None:
            raise AssertionError(f"not cut the naive way: {line}")
        yield match["host"], match["program"], match["text"]


class Shapes(unittest.TestCase):
    def setUp(self):
        folder = scratch()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, packs=(), rules=()):
        self.port, http = free_port(), free_port()
        self.url = f"http://127.0.0.1:{http}"
        own = []
        for number, rule in enumerate(rules):
            file = self.folder / f"own{number}.json"
            file.write_text(json.dumps(rule))
            own.append(str(file))
        relay = Sluice(BINARY, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}], "packs": list(packs), "pack_dirs": [str(SOURCE_DIR / "rules")], "rules": own,
            "destinations": [], "state_dir": str(self.folder / "state"), "http": f"127.0.0.1:{http}"}, self.folder)
        self.addCleanup(relay.__exit__)
        relay.wait_listening(tcp=[self.port, http])
        return relay

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE_SECONDS) as answer:
            body = answer.read()
        body.decode("utf-8")  # Strict: an answer is UTF-8, whatever came in.
        return json.loads(body)

    def test_unmatched_lines_and_rules_of_a_real_fleet(self):
        wanted, texts, hosts = collections.Counter(), collections.Counter(), {}
        applied = 0
        for host, program, text in lines_of("fleet"):
            if program == "puppet-agent" and re.fullmatch(r"Applied catalog in [\d.]+ seconds", text.lstrip()):
                applied += 1
                continue
            wanted[program] += 1
            texts[program, " ".join(text.split())] += 1
            hosts[program] = host
        self.assertGreater(applied, 5)
        self.start(rules=[PACK])
        play_tcp(self.port, (CAPTURES / "fleet" / "tcp-lf-rfc3339.raw").read_bytes())
        unmatched = wait_until(lambda: self.unmatched_of(sum(wanted.values())), "all lines are counted")
        self.assertEqual(unmatched["other"], 0)
        found = collections.Counter()
        for shape in unmatched["shapes"]:
            found[shape["program"]] += shape["count"]
            if "<" not in shape["shape"] and len(shape["shape"]) < 200:
                self.assertEqual(shape["count"], texts[shape["program"], shape["shape"]], shape)
        self.assertEqual(found, wanted)
        self.assertLess(len(unmatched["shapes"]), sum(wanted.values()) / 3)
        counts = [shape["count"] for shape in unmatched["shapes"]]
        self.assertEqual(counts, sorted(counts, reverse=True))

        page = self.get("/api/v1/unmatched?program=puppet-agent&limit=1&offset=1")
        of_agent = [shape for shape in unmatched["shapes"] if shape["program"] == "puppet-agent"]
        self.assertEqual((page["total"], page["shapes"]), (len(of_agent), of_agent[1:2]))

        rules = wait_until(lambda: (r := self.get("/api/v1/rules"))["rules"][0]["matches"] == applied and r, "rules")
        self.assertEqual([rule["rule"] for rule in rules["rules"]], ["few/applied", "few/never"])
        self.assertEqual(rules["rules"][0]["samples"], 2 * applied)
        self.assertIsNone(rules["rules"][1]["last"])
        said = subprocess.run([BINARY, "status", "--url", self.url, "--rules"], capture_output=True, text=True)
        self.assertRegex(said.stdout, rf"few/applied +{applied} +{2 * applied}  20")
        self.assertRegex(said.stdout, r"few/never +0 +0  never")

        # The same of the file, without a relay.
        config = self.folder / "explain.json"
        config.write_text(json.dumps({"packs": [], "rules": [str(self.folder / "own0.json")]}))
        command = [BINARY, "explain", "--config", config, "--unmatched", CAPTURES / "fleet" / "tcp-lf-rfc3339.raw"]
        told = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True).stdout)
        key = lambda shape: (shape["program"], shape["shape"], shape["count"])
        self.assertEqual(sorted(map(key, told["shapes"])), sorted(map(key, unmatched["shapes"])))
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.assertTrue(text.startswith(f"{sum(wanted.values())} lines that no rule matched\n"), text[:200])
        for program, count in wanted.items():
            self.assertIn(f"\n{program}: {count} lines, ", text)

    def unmatched_of(self, lines):
        """Everything unmatched, once it is so many lines."""
        answer = self.get("/api/v1/unmatched?limit=1000")
        return answer if answer["lines"] >= lines else None

    def play(self, *lines):
        """(host, program, text) each, as messages of now."""
        # Puppet says errors at level err and all else as a notice, and the packs look at that.
        data = "".join(f"<{27 if re.search('^Could not | failed: ', text) else 29}>{stamp()} {host} {program}: {text}\n"
                       for host, program, text in lines)
        play_tcp(self.port, data.encode())

    def failures(self, wanted=""):
        return self.get("/api/v1/failures" + wanted)["failures"]

    def test_the_same_failure_of_two_hosts_is_one_reason_until_both_are_well(self):
        self.start(packs=["puppet-agent", "deploy"])
        error = ("Could not retrieve catalog from remote server: Error 500 on SERVER: Server Error: Evaluation Error: "
                 "Could not find class ::foo for {0} (file: /etc/site.pp, line: {1}, column: 3) on node {0}")
        reason = ("Server Error: Evaluation Error: Could not find class ::foo for <host> (file: /etc/site.pp, "
                  "line: <n>, column: <n>) on node <host>")
        self.play(("web01.example.com", "puppet-agent[11]", error.format("web01.example.com", 15)),
                  ("web01.example.com", "puppet-agent[11]", "Could not retrieve catalog; skipping run"),
                  ("mail", "puppet-agent[12]", error.format("mail", 7)),
                  ("mail", "puppet-agent[12]", "Could not retrieve catalog; skipping run"),
                  ("db", "puppet-agent[13]", "(/Stage[main]/A/Exec[x]/returns) change from 'notrun' to ['0'] failed: "
                                             "'/bin/false' returned 1 instead of one of [0]"),
                  ("db", "puppet-agent[13]", "Applied catalog in 1.00 seconds"))
        found = wait_until(lambda: len(f := self.failures()) == 2 and f[0]["hosts"] == 2 and f, "two reasons")
        self.assertEqual([one["text"] for one in found], [
            reason, "(/Stage[main]/A/Exec[x]/returns) change from 'notrun' to ['<n>'] failed: "
                    "'/bin/false' returned <n> instead of one of [<n>]"])
        self.assertEqual((found[0]["count"], found[0]["clusters"], found[1]["hosts"]), (2, ["other"], 1))
        self.assertIn(found[0]["host"], found[0]["sample"])
        self.assertEqual(self.failures("?cluster=none"), [])
        said = subprocess.run([BINARY, "status", "--url", self.url], capture_output=True, text=True).stdout
        self.assertIn("why hosts fail: 2 reasons\n  2 hosts: " + reason, said)

        # A run that goes well ends what its host said; a deployment and a change are events.
        self.play(("mail", "puppet-agent[14]", "(/Stage[main]/A/File[/x]/ensure) created"),
                  ("mail", "puppet-agent[14]", "Applied catalog in 2.00 seconds"),
                  ("ops", "deploy", "app=shop version=7 status=ok"))
        wait_until(lambda: self.failures()[0]["hosts"] == 1 and len(self.failures()) == 2, "one host is well")
        events = wait_until(lambda: len(e := self.get("/api/v1/events")["events"]) == 2 and e, "two events")
        self.assertEqual({(one["kind"], one["host"], one["rule"], one["text"]) for one in events}, {
            ("event", "mail", "puppet-agent/applied", "1 changed, 2.00 s"),
            ("deploy", "ops", "deploy/completed", "app=shop version=7 status=ok")})
        self.assertEqual(len(self.get("/api/v1/events?kind=deploy&host=ops")["events"]), 1)
        self.assertEqual(self.get("/api/v1/events?kind=deploy&host=mail")["events"], [])

    def test_failures_of_a_real_fleet(self):
        """Every failed retrieval and every compilation makes its note."""
        self.start(packs=["puppet-agent", "puppetserver"])
        play_tcp(self.port, (CAPTURES / "fleet" / "tcp-lf-rfc3339.raw").read_bytes())
        count = len(list(lines_of("fleet")))
        wait_until(lambda: self.get("/api/v1/ledger")["messages"]["received"] == count, "all lines are in")
        wait_until(lambda: not self.failures(), "of a capture that is old no failure stands any more")
        config = self.folder / "explain.json"
        config.write_text(json.dumps({"packs": ["puppet-agent", "puppetserver"], "pack_dirs": [str(SOURCE_DIR / "rules")]}))
        command = [BINARY, "explain", "--json", "--config", config, CAPTURES / "fleet" / "tcp-lf-rfc3339.raw"]
        notes = collections.Counter()
        for line in subprocess.run(command, capture_output=True, check=True).stdout.splitlines():
            for note in json.loads(line)["notes"]:
                notes[note["rule"], note["kind"], note["clear"]] += 1
        wanted = collections.Counter()
        for host, program, text in lines_of("fleet"):
            if program == "puppet-agent" and text.startswith("Could not retrieve catalog from remote server: "):
                wanted["puppet-agent/remote-catalog-failed"] += 1
            if program == "puppetserver" and re.search("Puppet Compiled (static )?catalog for .* seconds$", text):
                wanted["puppetserver/compiled"] += 1
        self.assertGreater(len(wanted), 1)
        for rule, count in wanted.items():
            self.assertEqual(notes[rule, "failure", rule.endswith("/compiled")], count, rule)

    def test_hostile_text_comes_out_as_plain_text(self):
        self.start(rules=[PACK])
        hostile = b"<script>alert(1)</script> \x1b[31m\x1b]0;gone\x07 \xff\xfe \xc2\x9b2J & \"quoted\" " + b"y" * 3000
        play_tcp(self.port, b"<13>" + stamp().encode() + b" evilhost prog: " + hostile + b"\n")
        unmatched = wait_until(lambda: self.unmatched_of(1), "the line is counted")
        shape = unmatched["shapes"][0]
        self.assertTrue(shape["sample"].startswith('<script>alert(1)</script> ]0;gone \ufffd\ufffd 2J & "quoted" yyy'),
                        shape)
        for text in shape["shape"], shape["sample"], shape["host"], shape["program"]:
            self.assertFalse([c for c in text if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0], text)
            self.assertLessEqual(len(text.encode()), 300)

    def test_queries_that_make_no_sense_are_refused(self):
        self.start(rules=[PACK])
        for path in ("unmatched?limit=0", "unmatched?q=1", "rules?offset=x", "rules?limit=1&limit=2"):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                self.get("/api/v1/" + path)
            with caught.exception as error:
                self.assertEqual((error.code, json.load(error)["title"]), (400, "Bad Request"), path)


if __name__ == "__main__":
    unittest.main()
