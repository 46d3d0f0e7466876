#!/usr/bin/env python3
"""What the program promises on its command line: exit codes, one-line errors, explain and check."""
import contextlib
import json
import os
import pathlib
import pty
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = SOURCE / "rules"
PACKS = sorted(file.stem for file in RULES.glob("*.json"))

APPLIED = b"<29>2026-11-22T07:50:09.934922+00:00 db01.example.com puppet-agent[9222]: Applied catalog in 12.34 seconds"
APPLIED_5424 = b"<29>1 2026-11-22T07:50:09.934922+00:00 web01.example.com puppet-agent 77 - -  Applied catalog in 1.50 seconds"
OTHER = b"<13>Nov 22 07:50:10 db01 cron[1]: nothing to see"

FIELDS = {"valid", "error", "facility", "severity", "timestamp", "hostname", "app_name", "procid", "msgid",
          "structured_data", "message", "truncated", "matches"}


def sluice(*arguments, stdin: bytes = b"", cwd=None) -> subprocess.CompletedProcess:
    # A wrong answer of `run` would be a relay that runs on, hence the limit.
    return subprocess.run([SLUICE, *map(str, arguments)], input=stdin, capture_output=True, timeout=600,
                          check=False, cwd=cwd, env=dict(os.environ, TZ="UTC"))


class CommandLine(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def config(self, **keys) -> pathlib.Path:
        return self.config_text(json.dumps({"pack_dirs": [str(RULES)], "state_dir": str(self.scratch / "state"), **keys}))

    def config_text(self, text: str) -> pathlib.Path:
        file = self.scratch / "sluice.json"
        file.write_text(text)
        return file

    def assert_one_line(self, result, *words):
        """The program said one line on stderr with all these words in it, and nothing on stdout."""
        said = result.stderr.decode()
        self.assertEqual(result.stdout, b"")
        self.assertEqual(said.count("\n"), 1, said)
        self.assertTrue(said.startswith("sluice: "), said)
        for word in words:
            self.assertIn(word, said)

    def explained(self, *arguments, stdin: bytes = b"") -> list[dict]:
        result = sluice("explain", "--json", *arguments, stdin=stdin)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return [json.loads(line) for line in result.stdout.splitlines()]

    # Usage.

    def test_help_names_every_command(self):
        result = sluice("--help")
        self.assertEqual(result.returncode, 0)
        for command in (b"run", b"check", b"explain"):
            self.assertIn(command, result.stdout)

    def test_each_command_has_its_help(self):
        for command in ("run", "check", "explain"):
            with self.subTest(command):
                result = sluice(command, "--help")
                self.assertEqual(result.returncode, 0)
                self.assertIn(b"--config", result.stdout)

    def test_version(self):
        result = sluice("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout.decode(), r"\b\d+\.\d+\.\d+\b")

    def test_version_tells_the_libraries(self):
        told = sluice("--version").stdout.decode()
        for library in ("libuv", "RE2", "SQLite", "fmt", "spdlog", "nlohmann-json", "CLI11", "Abseil", "cpp-httplib", "systemd"):
            self.assertRegex(told, rf"\b{library} \d")
            self.assertNotRegex(told, rf"\b{library} 0\.0\.0")

    def test_each_command_has_examples_that_it_takes(self):
        for command in ("run", "check", "explain", "status", "forget"):
            with self.subTest(command):
                text = sluice(command, "--help").stdout.decode()
                self.assertIn("Examples:", text)
                examples = re.findall(rf"(?:^  |\| )(sluice {command}\b.*?)(?:   .*| &&.*| \|.*)?$", text, re.MULTILINE)
                self.assertTrue(examples, text)
                for example in examples:  # With --help after it, a command only looks at its options.
                    taken = sluice(*example.split()[1:], "--help")
                    self.assertEqual((taken.returncode, taken.stderr), (0, b""), example)

    def test_progress_is_shown_to_who_waits_and_is_gone_at_the_end(self):
        terminal, theirs = pty.openpty()
        with subprocess.Popen([SLUICE, "explain"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=theirs) as process:
            os.close(theirs)
            os.set_blocking(terminal, False)
            seen, deadline = b"", time.monotonic() + 60
            while b" messages" not in seen and time.monotonic() < deadline:
                process.stdin.write(APPLIED + b"\n")
                process.stdin.flush()
                with contextlib.suppress(BlockingIOError):
                    seen += os.read(terminal, 4096)
            process.stdin.close()
            self.assertEqual(process.wait(60), 0)
        os.set_blocking(terminal, True)
        with contextlib.suppress(OSError):  # A terminal that nobody else has open ends with an error.
            while chunk := os.read(terminal, 4096):
                seen += chunk
        os.close(terminal)
        self.assertRegex(seen, rb"\d+ messages")
        self.assertTrue(seen.endswith(b"\r\x1b[K"), seen[-40:])

    def test_nobody_at_a_terminal_sees_no_progress(self):
        result = sluice("explain", stdin=(APPLIED + b"\n") * 20000)
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_a_terminal_as_input_is_told_how_to_end(self):
        terminal, theirs = pty.openpty()
        with subprocess.Popen([SLUICE, "explain"], stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            os.close(theirs)
            self.assertIn(b"Ctrl-D", process.stderr.readline())
            os.write(terminal, b"\x04")
            self.assertEqual(process.wait(60), 0)
        os.close(terminal)

    def test_wrong_usage_exits_2(self):
        for arguments in ([], ["fly"], ["run", "--fly"], ["explain", "--framing", "pigeon", "-"], ["check", "one", "two"]):
            with self.subTest(arguments=arguments):
                result = sluice(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, rb"\Asluice: [^\n]+(--help|expected one of)[^\n]+\n\Z")

    def test_wrong_usage_says_what_was_meant(self):
        for arguments, said in ((["chekc"], b'"chekc" is no command; did you mean "check"?'), (["fly"], b'"fly" is no command; there are "run"'),
                                ([], b"expected a command; there are"), (["--confgi", "x"], b'expected a command before "--confgi"'),
                                (["check", "--confg", "x"], b'unexpected: --confg x; did you mean "--config"?'),
                                (["forget"], b"HOST is required; sluice forget --help"),
                                (["explain", "--input", "smoke"], b"--input")):
            with self.subTest(arguments=arguments):
                self.assertIn(said, sluice(*arguments).stderr)

    # Configuration.

    def test_a_wrong_configuration_is_one_line_with_file_place_expected_and_found_and_exits_2(self):
        for text, words in [
            ('{"windwo": "60s"}', ["/windwo", '"window"']),
            ('{"window": 60}', ["/window", "60", "expected"]),
            ('{"window": "60 parsecs"}', ["/window", "60 parsecs", "expected"]),
            ('{"destinations": [{"name": "g", "carbon": "tcp://localhost:0"}]}', ["/destinations/0/carbon", "expected"]),
            ('{"destinations": [{"name": "g", "carbon": "http://localhost:80"}]}', ["/destinations/0/carbon", "expected"]),
            ('{"listen": [{"syslog": "udp://127.0.0.1:5514"}, {"syslog": "tcp://0.0.0.0:5514"}]}', ["/listen/1", "allow"]),
            ('{"packs": ["no-such-pack"]}', ["no-such-pack"]),
            ('{"prefix": "sluice",\n "workers": }', ["2"]),
        ]:
            for command in ("check", "run"):
                with self.subTest(command=command, text=text):
                    file = self.config_text(text)
                    result = sluice(command, "--config", file)
                    self.assertEqual(result.returncode, 2)
                    self.assert_one_line(result, str(file), *words)

    def test_a_configuration_that_is_not_there_is_one_line_and_exits_2(self):
        for command in ("check", "run", "explain"):
            with self.subTest(command):
                result = sluice(command, "--config", self.scratch / "missing.json")
                self.assertEqual(result.returncode, 2)
                self.assert_one_line(result, str(self.scratch / "missing.json"))

    def test_a_pack_that_fails_its_own_example_is_refused(self):
        pack = self.scratch / "mine.json"
        pack.write_text(json.dumps({"pack": "mine", "rules": [{
            "name": "answer", "match": "^answer (?P<n>\\d+)$",
            "emit": [{"metric": "mine.answer", "type": "gauge", "value": "n"}],
            "examples": [{"line": "answer 42", "gives": {"mine.answer": 41}}]}]}))
        config = self.config(rules=[str(pack)])
        for command in ("check", "run"):
            with self.subTest(command):
                result = sluice(command, "--config", config)
                self.assertEqual(result.returncode, 2)
                self.assertIn("mine", result.stderr.decode() + result.stdout.decode())
                self.assertIn("42", result.stderr.decode() + result.stdout.decode())

    def test_check_passes_the_shipped_packs(self):
        self.assertIn("puppet-agent", PACKS)
        result = sluice("check", "--config", self.config(packs=PACKS))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_check_warns_of_a_token_that_would_leave_the_page_off(self):
        (self.scratch / "short").write_text("abc\n")
        for name in ("missing", "short"):
            config = self.config(http={"listen": "127.0.0.1:9514", "token_file": f"{self.scratch}/{name}"})
            with self.subTest(name):
                result = sluice("check", "--config", config)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(b"there is no page and no API", result.stderr)
                self.assertNotEqual(sluice("check", "--strict", "--config", config).returncode, 0)

    def test_check_without_configuration_takes_the_packs_of_the_source_tree(self):
        result = sluice("check", cwd=self.scratch)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_check_passes_the_configuration_of_the_readme(self):
        [example] = re.findall(r"^```jsonc\n(.*?)^```$", (SOURCE / "README.md").read_text(), re.MULTILINE | re.DOTALL)
        result = sluice("check", "--config", self.config_text(example))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    # Failures while running.

    def test_a_busy_port_is_one_line_and_exits_1(self):
        for transport, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
            with self.subTest(transport), socket.socket(socket.AF_INET, kind) as taken:
                taken.bind(("127.0.0.1", 0))
                if transport == "tcp":
                    taken.listen()
                endpoint = f"{transport}://127.0.0.1:{taken.getsockname()[1]}"
                result = sluice("run", "--config", self.config(listen=[{"syslog": endpoint}], destinations=[]))
                self.assertEqual(result.returncode, 1)
                self.assert_one_line(result, endpoint, "in use")

    def test_an_input_that_cannot_be_read_is_one_line_and_exits_1(self):
        result = sluice("explain", self.scratch / "missing.log")
        self.assertEqual(result.returncode, 1)
        self.assert_one_line(result, str(self.scratch / "missing.log"), "No such file")

    # explain.

    def test_explain_tells_a_datagram(self):
        [message] = self.explained("--framing", "datagram", stdin=APPLIED)
        self.assertLessEqual(FIELDS, set(message))
        self.assertEqual(message["valid"], True)
        self.assertIsNone(message["error"])
        self.assertEqual((message["facility"], message["severity"]), (3, 5))
        self.assertEqual(message["hostname"], "db01.example.com")
        self.assertEqual((message["app_name"], message["procid"]), ("puppet-agent", "9222"))
        self.assertEqual(message["message"], "Applied catalog in 12.34 seconds")
        self.assertIsNone(message["msgid"])
        applied = next(match for match in message["matches"] if match["rule"].startswith("puppet-agent/"))
        timing = next(sample for sample in applied["samples"] if sample["metric"] == "puppet.time.catalog_application")
        self.assertEqual((timing["type"], timing["value"], timing["host"]), ("timing", 12.34, "db01.example.com"))
        self.assertTrue(timing["time"].startswith("2026-11-22T07:50:09.934922"), timing["time"])
        self.assertIn("sluice.hosts.other.db01_example_com.puppet.time.catalog_application.mean", timing["paths"])
        self.assertIn("sluice.clusters.other.puppet.time.catalog_application.p95", timing["paths"])
        self.assertIn("sluice.all.puppet.time.catalog_application.count", timing["paths"])

    def test_a_datagram_is_one_message_whatever_is_in_it(self):
        [message] = self.explained("--framing", "datagram", stdin=APPLIED + b"\nsecond line")
        self.assertEqual(message["message"], "Applied catalog in 12.34 seconds\nsecond line")

    def test_explain_reads_octet_counted_frames_from_stdin(self):
        stream = b"".join(b"%d %s" % (len(frame), frame) for frame in (APPLIED_5424 + b"\n", OTHER, APPLIED))
        for arguments in (["-"], ["--framing", "octet", "-"], []):
            with self.subTest(arguments=arguments):
                messages = self.explained(*arguments, stdin=stream)
                self.assertEqual([message["hostname"] for message in messages],
                                 ["web01.example.com", "db01", "db01.example.com"])
                self.assertEqual([len(message["matches"]) > 0 for message in messages], [True, False, True])

    def test_explain_reads_a_file_of_lines(self):
        file = self.scratch / "messages"
        file.write_bytes(APPLIED + b"\n" + OTHER + b"\n")
        messages = self.explained(file)
        self.assertEqual([message["app_name"] for message in messages], ["puppet-agent", "cron"])

    def test_explain_takes_clusters_and_prefix_from_a_configuration(self):
        config = self.config(prefix="px", clusters={"patterns": ["^(?P<cluster>[a-z]+)\\d"], "default": "none"})
        [message] = self.explained("--config", config, "--framing", "datagram", stdin=APPLIED)
        sample = message["matches"][0]["samples"][0]
        self.assertEqual(sample["cluster"], "db")
        self.assertTrue(any(path.startswith("px.clusters.db.") for path in sample["paths"]), sample["paths"])

    def test_explain_for_people_names_rule_and_number(self):
        result = sluice("explain", stdin=APPLIED + b"\n")
        self.assertEqual(result.returncode, 0)
        for word in (b"puppet-agent/", b"12.34", b"puppet.time.catalog_application"):
            self.assertIn(word, result.stdout)

    def test_text_that_is_not_utf8_is_also_given_in_base64(self):
        [message] = self.explained("--framing", "datagram", stdin=OTHER + b" \xff")
        self.assertIn("\ufffd", message["message"])
        self.assertIn("message_b64", message)

    # States and the cluster map.

    def test_a_state_is_explained_by_its_name(self):
        [message] = self.explained("--config", self.config(), stdin=APPLIED + b"\n")
        [state] = [sample for match in message["matches"] for sample in match["samples"]
                   if sample["metric"] == "puppet.nodes"]
        self.assertEqual((state["type"], state["value"]), ("state", "unchanged"))
        self.assertEqual(state["paths"], ["sluice.clusters.other.puppet.nodes.unchanged", "sluice.all.puppet.nodes.unchanged"])
        plain = sluice("explain", "--config", self.config(), stdin=APPLIED + b"\n").stdout.decode()
        self.assertIn("puppet.nodes = unchanged (state) of db01.example.com", plain)

    def test_explain_follows_the_groups_of_the_map(self):
        (self.scratch / "map.json").write_text(json.dumps({
            "hosts": {"db01.example.com": {"cluster": "db", "site": "north"}}}))
        config = self.config(clusters={"file": "map.json"}, paths={"groups": "groups.{group}-{value}"})
        [message] = self.explained("--config", config, stdin=APPLIED + b"\n")
        paths = {path for match in message["matches"] for sample in match["samples"] for path in sample["paths"]}
        self.assertLessEqual({"groups.site-north.puppet.nodes.unchanged", "groups.site-north.puppet.runs.completed.count",
                              "sluice.clusters.db.puppet.runs.completed.hosts"}, paths)

    def test_check_counts_the_cluster_map(self):
        (self.scratch / "map.json").write_text(json.dumps({
            "hosts": {"web01": "web", "web02": {"cluster": "web", "site": "a", "role": "front"}, "db*": "db"},
            "aliases": {"old": "web01"}}))
        result = sluice("check", "--config", self.config(clusters={"file": "map.json"}))
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertIn("; map: 2 hosts, 1 patterns, 2 clusters, 2 groups (role, site), 1 aliases\nat most ",
                      result.stdout.decode())
        self.assertRegex(result.stdout.decode(), r"series: 2 hosts of \d+ and 5 clusters, groups and fleet of \d+")


if __name__ == "__main__":
    unittest.main()
