#!/usr/bin/env python3
"""`sluice check` and `explain` know what carbon does, held against Debian's carbon and whisper themselves.

usage: check_carbon_test.py SLUICE_BINARY
"""

import configparser
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import unittest

import sluice_harness as harness
from peers import program

EXAMPLES = pathlib.Path("/usr/share/doc/graphite-carbon/examples")
LINE = "<29>1 2026-11-22T12:00:00Z web01 puppet-agent 1 - - Applied catalog in 12.34 seconds\n"


def sluice(*words, stdin=None):
    return subprocess.run([BINARY, *map(str, words)], input=stdin, capture_output=True, text=True, timeout=60)


def sections(file):
    parser = configparser.RawConfigParser(strict=False)
    parser.read(file)
    return [(name, dict(parser.items(name))) for name in parser.sections()]


def carbons_schema(file, path):
    """The first section whose pattern is found in the path, as carbon/storage.py has it."""
    for name, options in sections(file):
        if re.search(options["pattern"], path):
            return name
    return "carbon's own default"


class Check(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        (self.folder / "sluice.json").write_text("{}")
        self.config = self.folder / "sluice.json"

    def test_debians_example_falsifies_counts(self):
        (self.folder / "storage-schemas.conf").write_text((EXAMPLES / "storage-schemas.conf.example").read_text())
        (self.folder / "storage-aggregation.conf").write_text((EXAMPLES / "storage-aggregation.conf.example").read_text())
        done = sluice("check", "--strict", "--config", self.config, "--carbon", self.folder)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("aggregationMethod max falsifies leaves (count needs sum)", done.stderr)
        self.assertIn("xFilesFactor 0.5 drops a slot of 300 s unless 2.5 of its 5 values are there", done.stderr)
        self.assertIn("xFilesFactor 0.1 drops a slot of 3600 s unless 1.2 of its 12 values are there", done.stderr)

    def test_the_shipped_files_are_the_snippets_and_pass(self):
        carbon = harness.SOURCE_DIR / "packaging" / "carbon"
        printed = sluice("check", "--carbon-snippets", "--config", self.config).stdout
        for name in ("storage-schemas.conf", "storage-aggregation.conf"):
            self.assertIn((carbon / name).read_text(), printed)
        done = sluice("check", "--strict", "--config", self.config, "--carbon", carbon)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("storage-", done.stderr)

    def test_explain_tells_the_schema_that_carbon_would_choose(self):
        dice = random.Random(4)
        patterns = [r"^carbon\.", r"\.count$", r"\.hosts\.", r"^sluice\.all\.", "max", ".*", r"puppet\.\w+\.", "p9[59]$"]
        for _ in range(20):
            file = self.folder / "schemas.conf"
            chosen = dice.sample(patterns, 4)
            file.write_text("".join(f"[s{i}]\npattern = {p}\nretentions = {10 * (i + 1)}s:1d\n" for i, p in enumerate(chosen)))
            done = sluice("explain", "--json", "--storage-schemas", file, stdin=LINE)
            samples = json.loads(done.stdout)["matches"][0]["samples"]
            found = {path: schema["section"] for sample in samples for path, schema in sample["schemas"].items()}
            self.assertGreater(len(found), 10)
            self.assertEqual(found, {path: carbons_schema(file, path) for path in found})

    def test_the_disk_that_a_map_of_hosts_takes(self):
        (self.folder / "map.json").write_text(json.dumps({"hosts": {f"web{i}": "web" for i in range(100)}}))
        self.config.write_text('{"clusters": {"file": "map.json"}}')
        carbon = harness.SOURCE_DIR / "packaging" / "carbon"
        done = sluice("check", "--config", self.config, "--carbon", carbon)
        words = re.search(r"at most ([\d,]+) series: 100 hosts of .* ([\d,]+) MiB of disk", done.stdout)
        self.assertTrue(words, done.stdout)
        series, mebibytes = (int(number.replace(",", "")) for number in words.groups())
        subprocess.run([program("whisper-create"), self.folder / "one.wsp", "60s:7d", "5m:90d", "1h:3y"], check=True,
                       stdout=subprocess.DEVNULL)
        one = (self.folder / "one.wsp").stat().st_size
        self.assertEqual(mebibytes, -(-series * one // (1 << 20)))

    def test_wrong_files_are_refused(self):
        done = sluice("check", "--config", self.config, "--carbon", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn("storage-schemas.conf", done.stderr)
        (self.folder / "storage-schemas.conf").write_text("[a]\npattern = x\nretentions = often\n")
        done = sluice("check", "--config", self.config, "--carbon", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertIn('line 1: section [a]: retentions: expected STEP:TIME such as "60s:7d", found "often"', done.stderr)


if __name__ == "__main__":
    BINARY = sys.argv.pop(1)
    unittest.main(verbosity=2)
