#!/usr/bin/env python3
"""Every block of README, docs, man page and packaging that somebody may copy is taken by the program it is for: bash, sluice, rsyslogd,
nginx, crontab, puppet, a reader of YAML.

usage: documented_snippets_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import collections
import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml
from peers import program
from sluice_harness import SOURCE_DIR, scratch

SLUICE = str(pathlib.Path(sys.argv.pop(1)).resolve())
PAGES = sorted([*SOURCE_DIR.glob("*.md"), *SOURCE_DIR.glob("docs/**/*.md"), *SOURCE_DIR.glob("packaging/**/*.md")])
BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks without a language, by page: what a program prints, and drawings. Those that are configuration are tried elsewhere:
# README's snippet of rsyslog by real_ends_test.py, receiving.md's by sender_snippets_test.py.
PLAIN = {"README.md": 1, "docs/architecture.md": 1, "docs/config.md": 1, "docs/cpu.md": 1, "docs/explain.md": 1, "docs/receiving.md": 13,
         "docs/rules.md": 2, "docs/runbook.md": 1, "packaging/puppet/README.md": 1}
SECONDS_MAX = 120


def blocks(language):
    """(place, text) of every block of a language."""
    for page in PAGES:
        text = page.read_text()
        for found in BLOCK.finditer(text):
            if found[1] == language:
                yield f"{page.relative_to(SOURCE_DIR)}:{text.count(chr(10), 0, found.start()) + 1}", found[2]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=SECONDS_MAX, check=False, **options)


class Snippets(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text)
        return file

    def found(self, language, least):
        found = list(blocks(language))
        self.assertGreaterEqual(len(found), least, language)
        return found

    def test_every_block_says_what_it_is(self):
        tried = {"sh", "jsonc", "json", "rsyslog", "nginx", "cron", "puppet", "yaml"}
        plain = collections.Counter()
        for page in PAGES:
            for language, _ in BLOCK.findall(page.read_text()):
                if not language:
                    plain[str(page.relative_to(SOURCE_DIR))] += 1
                else:
                    self.assertIn(language, tried, page)
        self.assertEqual(dict(plain), PLAIN, "a block without a language is tried by nobody; give it one, or say here who tries it")

    def test_commands_are_ones_of_a_shell(self):
        for place, text in self.found("sh", 20):
            with self.subTest(place):
                done = run("bash", "-n", self.write("commands", text))
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_the_manuals_commands_are_ones_of_a_shell_and_of_sluice(self):
        page = (SOURCE_DIR / "packaging/man/sluice.1").read_text()
        found = re.findall(r"^\.EX\n(.*?)^\.EE$", page, re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(found), 3)
        for text in found:
            text = text.replace("\\-", "-")
            done = run("bash", "-n", self.write("commands", text))
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_options_of_sluice_in_commands_are_there(self):
        known = {command: run(SLUICE, command, "--help").stdout for command in ("run", "check", "explain", "status", "forget")}
        pages = [(place, text) for place, text in blocks("sh")] + [("sluice.1", (SOURCE_DIR / "packaging/man/sluice.1").read_text().replace("\\-", "-"))]
        count = 0
        for place, text in pages:
            for command, words in re.findall(r"\bsluice (run|check|explain|status|forget)\b([^\n|&;`]*)", text):
                for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", words):
                    count += 1
                    self.assertIn(option, known[command], f"{place}: sluice {command}")
        self.assertGreater(count, 3)

    def check(self, config):
        return run(SLUICE, "check", "--config", self.write("sluice.json", config), cwd=self.folder)

    def readings(self, text):
        """What a block may be: a configuration, keys of one, a cluster map, listeners, a pack, keys of one, rules, keys of one."""
        packs = f'"pack_dirs": ["{SOURCE_DIR / "rules"}"]'
        one = text.strip()
        rule = '{"name": "shown", "match": "x", "emit": [{"metric": "a.b", "type": "counter"}], "examples": []}'
        pack = '{"pack_dirs": [], "packs": [], "rules": ["pack.json"]}'
        yield None, text
        yield None, re.sub(r"\{", "{" + packs + ",", one, count=1)
        yield None, "{" + one + "}"
        yield None, '{"packs": [], "listen": [' + re.sub(r"\}[^\S\n]*(//[^\n]*)?\n\{", r"},\1\n{", one) + "\n]}"
        yield one, '{"packs": [], "clusters": {"file": "pack.json"}}'
        yield one, pack
        yield '{"pack": "shown", "rules": [' + rule + "]," + one + "}", pack
        yield '{"pack": "shown", "rules": [' + one + "]}", pack
        yield '{"pack": "shown", "rules": [' + rule[:-1] + "," + one + "}]}", pack

    def test_json_with_comments_is_taken_by_sluice(self):
        for place, text in self.found("jsonc", 12):
            with self.subTest(place):
                said = []
                for pack, config in self.readings(text):
                    if pack is not None:
                        self.write("pack.json", pack)
                    done = self.check(config)
                    if done.returncode == 0:
                        break
                    said.append(done.stderr)
                else:
                    self.fail(f"sluice check takes it as nothing:\n{text}\n{''.join(said)}")

    def test_answers_of_the_api_are_json(self):
        for place, text in self.found("json", 4):
            with self.subTest(place):
                json.loads(text.replace("...", ""))

    def test_rsyslogd_takes_its_snippets(self):
        for place, text in self.found("rsyslog", 3):
            with self.subTest(place):
                loads = "" if "imfile" not in text or "module(" in text else 'module(load="imfile")\n'
                done = run(program("rsyslogd"), "-N1", "-f", self.write("rsyslog.conf", f'global(workDirectory="{self.folder}")\n' + loads + text + '\n*.* action(type="omfile" file="/dev/null")\n'))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotRegex(done.stderr, r"(?i)error|warning")

    def test_nginx_takes_its_snippets(self):
        key, cert = self.folder / "sluice.key", self.folder / "sluice.pem"
        made = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sluice", "-keyout", key, "-out", cert)
        self.assertEqual(made.returncode, 0, made.stderr)
        users = self.write("sluice.users", "somebody:{PLAIN}secret\n")
        for place, text in self.found("nginx", 2):
            with self.subTest(place):
                text = text.replace("/etc/ssl/certs/sluice.pem", str(cert)).replace("/etc/ssl/private/sluice.key", str(key))
                text = text.replace("/etc/nginx/sluice.users", str(users))
                config = self.write("nginx.conf", f"pid {self.folder}/pid; error_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n")
                done = run(program("nginx"), "-t", "-c", config, "-p", self.folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("[warn]", done.stderr)

    def test_cron_takes_its_lines(self):
        for place, text in self.found("cron", 2):
            with self.subTest(place):
                for line in text.splitlines():
                    self.assertRegex(line, r"^(\S+ ){5}root \S", "the user's name of /etc/crontab and /etc/cron.d")
                done = run("crontab", "-n", self.write("crontab", re.sub(r"^((?:\S+ ){5})root ", r"\1", text, flags=re.MULTILINE)))
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotRegex(done.stderr, r"(?i)error|bad ")

    def test_puppet_takes_its_classes(self):
        for place, text in self.found("puppet", 3):
            with self.subTest(place):
                done = run(program("puppet"), "parser", "validate", self.write("snippet.pp", text), env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder)})
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_yaml_is_what_the_report_processor_reads(self):
        for place, text in self.found("yaml", 1):
            with self.subTest(place):
                self.assertEqual(set(yaml.safe_load(text)), {"url", "max_bytes", "timeout"})


if __name__ == "__main__":
    unittest.main()
