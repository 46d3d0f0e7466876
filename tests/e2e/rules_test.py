#!/usr/bin/env python3
"""Rules as an operator meets them: what `sluice check` says of each mistake in a pack, what it warns of, and what
`sluice explain` prints on a terminal and into a pipe."""
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import unittest

SLUICE = sys.argv.pop(1)
LINE = b"<13>1 2026-11-22T07:40:01Z web01 job 7 - - done in 12.5 minutes\n"


def rule(**members) -> dict:
    return {"name": "done", "app": "job", "match": r"^done in (?P<seconds>\d+\.\d+) seconds$",
            "emit": {"metric": "job.time", "type": "timing", "value": "seconds"},
            "examples": [{"line": "done in 2.5 seconds", "gives": {"job.time": 2.5}}, {"line": "done", "gives": {}}],
            **members}


def pack(*rules, **members) -> str:
    return json.dumps({"pack": "job", **members, "rules": list(rules)})


# A pack with one mistake, and what is said of it behind the name of the file.
MISTAKES = [
    ("a syntax error", '{"pack": "job",\n "rules": [}', ":2:12: "),
    ("an unknown key", pack(rule(mach="x")), ': rule "done": /rules/0/mach: unknown key; did you mean "match"?'),
    ("an unknown key of the pack", pack(rule(), define_={}), ': /define_: unknown key; did you mean "define"?'),
    ("a capture that is not there", pack(rule(emit={"metric": "m", "type": "timing", "value": "second"})),
     ': rule done: emit 0: value: expected a capture of the pattern (seconds), found "second"; did you mean "seconds"?'),
    ("a capture that is there twice", pack(rule(match="^done (?P<seconds>\\d+) s|^ended (?P<seconds>\\d+) s")),
     ': rule done: match: expected each capture once, found two named "seconds"'),
    ("a field without fields", pack(rule(emit={"metric": "m", "type": "timing", "value": "field.second"})),
     ': rule done: emit 0: value: "field.second" needs "fields": "json" or "fields": "kv" in the rule'),
    ("a pattern that RE2 refuses", pack(rule(match="^done (?=x)")),
     ': rule done: match: expected an RE2 pattern, but: invalid perl operator: (?= in "^done (?=x)"; RE2 has no lookahead'),
    ("a pattern that is too large", pack(rule(match="(?:" + 10 * "abcdefghij" + "){1000}")),
     ": rule done: match: expected an RE2 pattern, but: pattern too large - compile failed"),
    ("a metric that carbon would refuse", pack(rule(emit={"metric": "job..time", "type": "counter"})),
     ': rule "done": /rules/0/emit/metric: expected nodes of [a-z0-9_-] and {capture} joined by dots, such as '
     '"puppet.time.catalog_application", got "job..time"'),
    ("an unknown type", pack(rule(emit={"metric": "m", "type": "timng"})),
     ': rule "done": /rules/0/emit/type: expected "timing", "distribution", "gauge", "counter", "age" or "state", got '
     '"timng"; did you mean "timing"?'),
    ("an example that fails", pack(rule(examples=[{"line": "done in 2 seconds", "gives": {"job.time": 2}}])),
     r': rule done: example "done in 2 seconds": expected job.time = 2, found nothing (the pattern does not match: '
     r'^done in (?P<seconds>\d+\.\d+) seconds$; it gets as far as "done in 2", then expects "\.\d+) seconds$" and finds '
     r'" seconds")'),
    ("a part that is not defined", pack(rule(match="^(?&numbr)"), define={"number": "1"}),
     ': rule "done": /rules/0/match: expected a part of a pattern under "define", found no "numbr"; did you mean "number"?'),
    ("a file that is not there", pack(rule(), include=["common.json"]), ": /include/0: "),
]


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.pack = pathlib.Path(folder.name) / "job.json"
        self.config = pathlib.Path(folder.name) / "sluice.json"
        self.config.write_text(json.dumps({"packs": [], "rules": [str(self.pack)]}))

    def check(self, text: str, *options) -> subprocess.CompletedProcess:
        self.pack.write_text(text)
        return subprocess.run([SLUICE, "check", "--config", self.config, *options], capture_output=True, text=True,
                              timeout=60, check=False)

    def test_each_mistake_is_one_line_with_file_rule_and_place(self):
        for name, text, words in MISTAKES:
            with self.subTest(name):
                result = self.check(text)
                self.assertEqual((result.returncode, result.stdout, result.stderr.count("\n")), (2, "", 1), result.stderr)
                self.assertTrue(result.stderr.startswith(f"sluice: {self.pack}{words}"), result.stderr)

    def test_a_heavy_pack_is_warned_of_and_strict_refuses_it(self):
        heavy = pack(rule(), rule(name="heavy", match="(?:abcdefghij){1000}", examples=[
            {"line": "abcdefghij" * 1000, "gives": {"job.count": 1}}, {"line": "abc", "gives": {}}],
            emit={"metric": "job.count", "type": "counter"}))
        result = self.check(heavy)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"\Asluice: warning: rule job/heavy: the pattern is heavy \(\d+ instructions, .*\n\Z")
        self.assertEqual(self.check(heavy, "--strict").returncode, 2)
        fine = self.check(pack(rule()), "--strict")
        self.assertEqual((fine.returncode, fine.stderr), (0, ""))

    def seen_on_a_terminal(self, **environment) -> bytes:
        """What explain shows there, without the carriage returns of the terminal."""
        self.pack.write_text(pack(rule()))
        ours, theirs = pty.openpty()
        try:
            subprocess.run([SLUICE, "explain", "--config", self.config, "--now", "2026-11-22T07:40:02Z"], input=LINE,
                           stdout=theirs, timeout=60, check=True,
                           env={**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **environment})
            os.close(theirs)
            seen = b""
            try:
                while part := os.read(ours, 65536):
                    seen += part
            except OSError:
                pass  # The terminal's other end is closed.
        finally:
            os.close(ours)
        return seen.replace(b"\r", b"")

    def test_explain_is_plain_in_a_pipe(self):
        self.pack.write_text(pack(rule()))
        result = subprocess.run([SLUICE, "explain", "--config", self.config], input=LINE, capture_output=True, timeout=60,
                                check=True)
        self.assertNotIn(b"\x1b", result.stdout)
        self.assertIn(b'  job/done no: the text lacks " seconds": the pattern does not match: ^done in (?P<seconds>\\d+\\.\\d+) seconds$; it gets as far as '
                      b'"done in 12.5 ", then expects "seconds$" and finds "minutes"\n', result.stdout)

    def test_explain_is_coloured_on_a_terminal(self):
        for environment in ({}, {"NO_COLOR": ""}):
            with self.subTest(environment):
                seen = self.seen_on_a_terminal(**environment)
                self.assertIn(b"\x1b[1m" + LINE.strip() + b"\x1b[0m", seen)
                self.assertIn(b"\x1b[2mjob/done no: ", seen)

    def test_explain_is_plain_on_a_terminal_that_wants_no_colours(self):
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            with self.subTest(environment):
                seen = self.seen_on_a_terminal(**environment)
                self.assertNotIn(b"\x1b", seen)
                self.assertIn(b"job/done no: ", seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
