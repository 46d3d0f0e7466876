#!/usr/bin/env python3
"""What the documentation shows of `sluice explain` is what it gives.

usage: shown_examples_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

from sluice_harness import SOURCE_DIR, scratch

SLUICE = sys.argv.pop(1)
# A block with the command, what is said in between, and the block with its answer.
EXAMPLE = re.compile(r"```sh\necho '([^'\n]+)' \|\n  (sluice explain [^\n]+)\n```\n(?:[^`]|`[^`\n]+`)*?```\n(.*?)```", re.DOTALL)


class ShownExamples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def check(self, page, **config):
        """The one example of the page; its answer may be shown in part."""
        found = EXAMPLE.findall((SOURCE_DIR / "docs" / page).read_text())
        self.assertEqual(len(found), 1, page)
        line, command, shown = found[0]
        (self.folder / "sluice.json").write_text(json.dumps({"pack_dirs": [str(SOURCE_DIR / "rules")], **config}))
        given = subprocess.run([SLUICE, *shlex.split(command)[1:]], input=line + "\n", capture_output=True, text=True,
                               cwd=self.folder, timeout=60, check=True).stdout
        self.assertIn(shown.strip(), given)
        self.assertNotIn("too late", given)

    def test_cpu(self):
        self.check("cpu.md", packs=["collectd"], clusters={"patterns": ["^(?P<cluster>[a-z]+)\\d"]})

    def test_rules(self):
        pack = re.search(r"```jsonc\n(.*?)```", (SOURCE_DIR / "docs" / "rules.md").read_text(), re.DOTALL)[1]
        (self.folder / "backup.json").write_text(pack)
        self.check("rules.md", packs=[], rules=["backup.json"])


if __name__ == "__main__":
    unittest.main()
