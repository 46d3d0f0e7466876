#!/usr/bin/env python3
"""scripts/check-layers lets good includes pass and refuses every kind of bad one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK_LAYERS = pathlib.Path(__file__).resolve().parent.parent / "scripts" / "check-layers"

ALLOWED = [
    # What it shows, file, include.
    ("own room", "src/net/listener.cc", '"net/handle.h"'),
    ("a lower floor", "src/pipeline/ingest.cc", '"rules/rule_set.h"'),
    ("a public header of a lower floor", "src/app/main.cc", '"sluice/values/record.h"'),
    ("a public header by a public header", "include/sluice/syslog/parser.h", '"sluice/values/record.h"'),
    ("the standard library in a public header", "include/sluice/values/record.h", "<string_view>"),
    ("a library in its home", "src/rules/pattern.cc", "<re2/re2.h>"),
    ("files above floor 3", "src/config/load.cc", "<fstream>"),
]

REFUSED = [
    # What it shows, file, include, words of the complaint.
    ("a higher floor", "src/values/record.cc", '"net/handle.h"', "must not include 'net' (floor 5)"),
    ("a higher floor by its public header", "src/base/check.cc", '"sluice/values/record.h"',
     "must not include 'values' (floor 1)"),
    ("a neighbour", "src/rules/rule_set.cc", '"sluice/syslog/parser.h"', "are neighbours"),
    ("a private header in a public one", "include/sluice/rules/pattern.h", '"rules/literal.h"',
     "includes only public headers and the standard library"),
    ("a library in a public header", "include/sluice/rules/pattern.h", "<re2/re2.h>",
     "a public header must not include <re2/re2.h>"),
    ("a system header in a public header", "include/sluice/base/time.h", "<time.h>",
     "a public header must not include <time.h>"),
    ("no room at all", "src/net/listener.cc", '"handle.h"', "names no room of the project"),
    ("RE2 outside rules", "src/syslog/parser.cc", "<re2/re2.h>", "belongs to rules, not to 'syslog'"),
    ("libuv outside net and app", "src/store/journal.cc", "<uv.h>", "belongs to app, net, not to 'store'"),
    ("SQLite outside store", "src/net/listener.cc", "<sqlite3.h>", "belongs to store, not to 'net'"),
    ("JSON on a low floor", "src/rules/rule_set.cc", "<nlohmann/json.hpp>", "not to 'rules'"),
    ("a command line outside app", "src/config/load.cc", "<CLI/CLI.hpp>", "belongs to app, not to 'config'"),
    ("a log on a low floor", "src/pipeline/ingest.cc", "<spdlog/spdlog.h>", "not to 'pipeline'"),
    ("time zones outside config", "src/net/listener.cc", "<absl/time/time.h>", "belongs to config, not to 'net'"),
    ("a socket on a low floor", "src/graphite/encode.cc", "<sys/socket.h>", "not to 'graphite'"),
    ("a file on a low floor", "src/aggregate/aggregator.cc", "<fstream>", "not to 'aggregate'"),
    ("a thread on a low floor", "src/base/check.cc", "<thread>", "not to 'base'"),
    ("a clock of the C library on a low floor", "src/values/summary.cc", "<ctime>", "not to 'values'"),
]


class CheckLayers(unittest.TestCase):
    def check(self, files: dict[str, str]) -> subprocess.CompletedProcess:
        """Runs check-layers over a tree of these files."""
        with tempfile.TemporaryDirectory() as tree:
            for path, text in files.items():
                file = pathlib.Path(tree, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            return subprocess.run([sys.executable, CHECK_LAYERS, tree], capture_output=True, text=True, check=False)

    def test_good_includes_pass(self):
        for shown, file, include in ALLOWED:
            with self.subTest(shown):
                result = self.check({file: f"#include {include}\n"})
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_each_kind_of_violation_is_refused_with_its_place(self):
        for shown, file, include, words in REFUSED:
            with self.subTest(shown):
                result = self.check({file: f"#pragma once\n  #  include {include}\n"})
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"check-layers: {file}:2: ", result.stderr)
                self.assertIn(words, result.stderr)

    def test_a_room_without_a_floor_is_refused(self):
        result = self.check({"src/attic/old.cc": "\n"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("room 'attic' stands on no floor", result.stderr)

    def test_all_violations_are_told_at_once(self):
        result = self.check({"src/base/a.cc": '#include "net/x.h"\n#include "app/y.h"\n', "src/net/b.cc": "#include <sqlite3.h>\n"})
        self.assertEqual(len(result.stderr.splitlines()), 3)

    def test_a_tree_without_sources_is_an_error_not_a_success(self):
        self.assertEqual(self.check({}).returncode, 2)

    def test_the_project_itself_is_clean(self):
        source = CHECK_LAYERS.parent.parent
        result = subprocess.run([sys.executable, CHECK_LAYERS, source], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
