#!/usr/bin/env python3
"""The man pages and the completion tell of every command, option and configuration key, and their readers, man and
bash, take them without a word.

usage: manual_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

from sluice_harness import SOURCE_DIR, scratch

SLUICE = sys.argv.pop(1)
COMMANDS = ["run", "check", "explain", "status", "forget"]
PAGES = {"sluice.json.5": ("configuration of sluice", "config.md"), "sluice-rules.5": ("rules of sluice", "rules.md"),
         "sluice-runbook.7": ("what sluice drops and logs, and what to do", "runbook.md"),
         "sluice-clusters.1": ("cluster maps of sluice from Puppet", "clusters.md")}
COMPLETION = SOURCE_DIR / "packaging/bash-completion/sluice"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False, **options)


def options_of(*command):
    """The long options that --help lists."""
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z][a-z-]+)", run(SLUICE, *command, "--help").stdout, re.MULTILINE))


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.pages = {"sluice.1": SOURCE_DIR / "packaging/man/sluice.1"}
        for page, (purpose, source) in PAGES.items():
            name, section = page.rsplit(".", 1)
            made = run(SOURCE_DIR / "scripts/generate-man", name, section, purpose, SOURCE_DIR / "docs" / source)
            self.assertEqual((made.returncode, made.stderr), (0, ""))
            self.pages[page] = self.folder / page
            self.pages[page].write_text(made.stdout)

    def text_of(self, page):
        """A page as man shows it, without line breaks."""
        shown = run("man", "-l", "-E", "UTF-8", self.pages[page],
                    env=dict(os.environ, MANWIDTH="500", LC_ALL="C.UTF-8", MAN_KEEP_FORMATTING="", PAGER="cat"))
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return re.sub(r"\s+", " ", shown.stdout)

    def test_man_has_no_warning(self):
        for page, file in self.pages.items():
            with self.subTest(page):
                shown = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file,
                            env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80", MANROFFSEQ=""))
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))

    def test_every_command_and_option_is_told_of(self):
        text = self.text_of("sluice.1")
        self.assertGreaterEqual(options_of(), {"--help", "--version"})
        for command in COMMANDS:
            self.assertIn(f"sluice {command} [", text)
            for option in options_of(command) | options_of():
                self.assertRegex(text, re.escape(option) + r"(?![\w-])", command)

    def test_every_configuration_key_is_told_of(self):
        text = self.text_of("sluice.json.5")
        keys = re.findall(r"^\| `([^`]+)` \|", (SOURCE_DIR / "docs/config.md").read_text(), re.MULTILINE)
        self.assertGreater(len(keys), 40)
        shipped = re.findall(r'"(\w+)":', (SOURCE_DIR / "packaging/sluice.json").read_text())
        for key in [*keys, *shipped]:
            self.assertIn(key, text)

    def test_every_word_of_the_rules_is_told_of(self):
        text = self.text_of("sluice-rules.5")
        for key in re.findall(r"^\| `([^`]+)` \|", (SOURCE_DIR / "docs/rules.md").read_text(), re.MULTILINE):
            self.assertIn(key, text)

    def test_every_id_of_the_log_is_told_of(self):
        text = self.text_of("sluice-runbook.7")
        ids = re.findall(r'LogLevel::k\w+, "([a-z-]+)"', (SOURCE_DIR / "src/app/log.h").read_text())
        self.assertGreater(len(ids), 40)
        for name in ids:
            self.assertIn(f"[{name}]", text)

    def test_the_package_has_every_page(self):
        cmake = (SOURCE_DIR / "cmake/packaging.cmake").read_text()
        for page in self.pages:
            self.assertIn(f"${{man_dir}}/{page}.gz", cmake)

    def test_what_it_cannot_read_is_no_page(self):
        page = self.folder / "page.md"
        page.write_text("# Page\n\n> a quotation\n")
        made = run(SOURCE_DIR / "scripts/generate-man", "page", "5", "a page", page)
        self.assertEqual(made.returncode, 1)
        self.assertIn("> a quotation", made.stderr)


class Completion(unittest.TestCase):
    def complete(self, *words, cwd=None):
        """What bash offers for the last of the words."""
        script = 'source "$1"; shift; COMP_WORDS=(sluice "$@"); COMP_CWORD=$#; _sluice; printf "%s\\n" "${COMPREPLY[@]}"'
        done = run("bash", "--norc", "-euc", script, "bash", COMPLETION, *words, cwd=cwd)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return set(done.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete(""), {*COMMANDS, "--help", "--version"})
        self.assertEqual(self.complete("ch"), {"check"})

    def test_options_are_those_of_the_help(self):
        for command in COMMANDS:
            with self.subTest(command):
                self.assertEqual(self.complete(command, "--"), options_of(command))

    def test_values(self):
        self.assertEqual(self.complete("explain", "--input", ""), {"syslog", "graphite"})
        self.assertEqual(self.complete("explain", "--framing", "d"), {"datagram", "dgrams"})

    def test_files(self):
        with scratch() as folder:
            pathlib.Path(folder, "sluice.json").touch()
            for words in (["run", "--config", "slu"], ["check", "-c", ""], ["explain", "s"]):
                self.assertEqual(self.complete(*words, cwd=folder), {"sluice.json"}, words)


if __name__ == "__main__":
    unittest.main()
