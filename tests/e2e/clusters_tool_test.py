#!/usr/bin/env python3
"""Tries sluice-clusters with what PuppetDB and node classifiers give, and the map with sluice.

usage: clusters_tool_test.py SLUICE_BINARY
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from sluice_harness import SOURCE_DIR

SLUICE = sys.argv.pop(1)
TOOL = SOURCE_DIR / "packaging" / "bin" / "sluice-clusters"

INVENTORY = [
    {"certname": "web01.example.com", "timestamp": "2026-11-22T07:40:01.354Z", "environment": "production",
     "facts": {"role": "shop front", "os": {"family": "Debian", "selinux": {"enabled": False}}, "a.b": "dotted"},
     "trusted": {"certname": "web01.example.com", "extensions": {"pp_role": "web"}}},
    {"certname": "DB01.example.com", "environment": "testing",
     "facts": {"role": "db", "os": {"family": "RedHat", "selinux": {"enabled": True}}},
     "trusted": {"certname": "db01.example.com", "extensions": {}}},
    {"certname": "new01.example.com", "environment": "production", "facts": {}, "trusted": {}},
]
FACTS = [
    {"certname": "web02.example.com", "environment": "production", "name": "role", "value": "web"},
    {"certname": "web01.example.com", "environment": "production", "name": "role", "value": "web"},
    {"certname": "web01.example.com", "environment": "production", "name": "processorcount", "value": 8},
    {"certname": "db01.example.com", "environment": "production", "name": "os", "value": {"family": "Debian"}},
]
ENC_WEB = """\
---
classes:
  profile::base:
  role::web::frontend:
    port: 80
parameters:
  datacenter: fra1
  cluster: shop
environment: production
"""
# What `puppet node find` prints since 3.0.
FOUND_NODE = """\
--- !ruby/object:Puppet::Node
name: app01.example.com
classes:
- role::app
parameters:
  datacenter: ber2
facts: !ruby/object:Puppet::Node::Facts
  name: app01.example.com
  values:
    role: app
environment: production
"""


class Clusters(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def run_tool(self, *arguments, text=""):
        return subprocess.run([TOOL, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60,
                              check=False)

    def map_of(self, *arguments, text=""):
        done = self.run_tool(*arguments, text=text)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_sluice_reads(done.stdout)
        return json.loads(done.stdout)["hosts"]

    def assert_sluice_reads(self, text):
        """A map is only good when sluice takes it."""
        (self.scratch / "map.json").write_text(text)
        config = self.scratch / "sluice.json"
        config.write_text(json.dumps({"clusters": {"file": str(self.scratch / "map.json")}, "packs": [],
                                      "state_dir": str(self.scratch / "state")}))
        done = subprocess.run([SLUICE, "check", "--config", str(config)], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_inventory(self):
        self.assertEqual(
            self.map_of("--cluster", "trusted.extensions.pp_role,facts.role", "--group", "environment",
                        "--group", "family=facts.os.family", text=json.dumps(INVENTORY)),
            {"db01.example.com": {"cluster": "db", "environment": "testing", "family": "RedHat"},
             "web01.example.com": {"cluster": "web", "environment": "production", "family": "Debian"}})

    def test_values_are_nodes_of_paths(self):
        self.assertEqual(self.map_of("--cluster", "role", "--group", "selinux=facts.os.selinux.enabled",
                                     text=json.dumps(INVENTORY)),
                         {"db01.example.com": {"cluster": "db", "selinux": "true"},
                          "web01.example.com": {"cluster": "shop_front", "selinux": "false"}})

    def test_a_fact_whose_name_has_a_dot(self):
        self.assertEqual(self.map_of("--cluster", "facts.a.b", text=json.dumps(INVENTORY)), {"web01.example.com": "dotted"})

    def test_nodes_without_a_cluster_are_counted(self):
        done = self.run_tool("--cluster", "role", text=json.dumps(INVENTORY))
        self.assertEqual(done.stderr, "sluice-clusters: 1 of 3 nodes have no role and are left out\n")

    def test_facts(self):
        self.assertEqual(self.map_of("--cluster", "role", "--group", "cores=processorcount", text=json.dumps(FACTS)),
                         {"web01.example.com": {"cluster": "web", "cores": "8"}, "web02.example.com": "web"})
        self.assertEqual(self.map_of("--cluster", "os.family", text=json.dumps(FACTS)), {"db01.example.com": "Debian"})

    def test_a_folder_of_classifier_output(self):
        nodes = self.scratch / "nodes"
        nodes.mkdir()
        (nodes / "web01.example.com.yaml").write_text(ENC_WEB)
        (nodes / "app.yaml").write_text(FOUND_NODE)
        (nodes / "README").write_text("no node")
        self.assertEqual(self.map_of("--cluster", "class", "--group", "dc=parameters.datacenter", nodes),
                         {"app01.example.com": {"cluster": "app", "dc": "ber2"},
                          "web01.example.com": {"cluster": "web_frontend", "dc": "fra1"}})
        self.assertEqual(self.map_of("--cluster", "class", "--class", r"^role::(\w+)", nodes),
                         {"app01.example.com": "app", "web01.example.com": "web"})
        self.assertEqual(self.map_of("--cluster", "facts.role,parameters.cluster", nodes),
                         {"app01.example.com": "app", "web01.example.com": "shop"})

    def test_classifier_output_from_standard_input(self):
        text = "name: a.example.com\nparameters: {role: x}\n---\nname: b.example.com\nparameters: {role: y}\n"
        self.assertEqual(self.map_of("--cluster", "role", text=text), {"a.example.com": "x", "b.example.com": "y"})
        text = "a.example.com:\n  classes: [role::x]\nb.example.com:\n  classes: [role::y]\n"
        self.assertEqual(self.map_of("--cluster", "class", text=text), {"a.example.com": "x", "b.example.com": "y"})

    def test_several_inputs_are_one_map(self):
        (self.scratch / "a.json").write_text(json.dumps(INVENTORY))
        (self.scratch / "b.json").write_text(json.dumps(FACTS))
        found = self.map_of("--cluster", "facts.role", self.scratch / "b.json", self.scratch / "a.json")
        self.assertEqual(list(found), ["db01.example.com", "web01.example.com", "web02.example.com"])

    def test_equal_input_gives_equal_octets_and_no_new_file(self):
        output = self.scratch / "clusters.json"
        self.assertEqual(self.run_tool("--cluster", "role", "-o", output, text=json.dumps(FACTS)).returncode, 0)
        before, text = output.stat(), output.read_text()
        self.assertEqual(before.st_mode & 0o777, 0o644)
        self.run_tool("--cluster", "role", "-o", output, text=json.dumps(FACTS[::-1]))
        self.assertEqual((output.stat().st_ino, output.stat().st_mtime_ns), (before.st_ino, before.st_mtime_ns))
        self.run_tool("--cluster", "role", "-o", output, text=json.dumps(FACTS[:1]))
        self.assertNotEqual(output.stat().st_ino, before.st_ino)
        self.assertNotEqual(output.read_text(), text)
        self.assertEqual([file.name for file in self.scratch.glob(".clusters*")], [])

    def test_a_mode_is_kept(self):
        output = self.scratch / "clusters.json"
        output.write_text("{}")
        output.chmod(0o600)
        self.run_tool("--cluster", "role", "-o", output, text=json.dumps(FACTS))
        self.assertEqual(output.stat().st_mode & 0o777, 0o600)

    def test_what_gives_no_map_leaves_the_old_one(self):
        output = self.scratch / "clusters.json"
        output.write_text("old")
        for text, said in [
                ("[]", "none of 0 nodes has role; nothing is written"),
                (json.dumps(INVENTORY[2:]), "none of 1 nodes has role; nothing is written"),
                ("", "none of 0 nodes has role; nothing is written"),
                ("[{", "standard input: no JSON: "),
                ("a: [", "standard input: no YAML: "),
                ("just words", "standard input: neither PuppetDB's inventory or facts nor "),
                ('[{"name": "role"}]', 'standard input: entry 0: expected an object with "certname"'),
                ('{"error": "not found"}', "standard input: neither PuppetDB's inventory or facts nor "),
                ("parameters: {role: x}\n", 'standard input: a node without "name"')]:
            with self.subTest(text):
                done = self.run_tool("--cluster", "role", "-o", output, text=text)
                self.assertEqual((done.returncode, output.read_text()), (1, "old"))
                self.assertTrue(done.stderr.startswith("sluice-clusters: " + said), done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)

    def test_files_that_cannot_be_read_or_written(self):
        self.assertEqual(self.run_tool("--cluster", "role", self.scratch / "none").stderr,
                         f"sluice-clusters: {self.scratch}/none: No such file or directory\n")
        done = self.run_tool("--cluster", "role", "-o", self.scratch / "no" / "map", text=json.dumps(FACTS))
        self.assertEqual((done.returncode, done.stderr),
                         (1, f"sluice-clusters: {self.scratch}/no/map: No such file or directory\n"))

    def test_wrong_usage(self):
        for arguments in [[], ["--cluster", ""], ["--cluster", "a", "--group", "cluster=b"], ["--cluster", "a", "--class", "("]]:
            with self.subTest(arguments):
                self.assertEqual(self.run_tool(*arguments, text="[]").returncode, 2)

    def test_help_names_every_option(self):
        said = self.run_tool("--help").stdout
        for option in ("--cluster", "--group", "--class", "--output", "exit status", "examples"):
            self.assertIn(option, said)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    unittest.main()
