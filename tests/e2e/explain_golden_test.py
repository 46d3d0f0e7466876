#!/usr/bin/env python3
"""What `sluice explain` says of a hundred lines of real programs, for people to read.

tests/data/explain/NAME.log holds the lines, NAME.txt what is said of them. Run with --update after a change that
means to change it, and read the difference before it is committed.
"""

import difflib
import pathlib
import subprocess
import sys

import sluice_harness as harness

FOLDER = harness.SOURCE_DIR / "tests" / "data" / "explain"
NOW = "2026-11-22T12:00:00Z"


def explained(binary, lines):
    done = subprocess.run([binary, "explain", "--config", FOLDER / "sluice.json", "--now", NOW, "--tz", "UTC", lines],
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"explain {lines.name}: {done.stderr}")
    return done.stdout


def main():
    binary = pathlib.Path(sys.argv[1])
    inputs = sorted(FOLDER.glob("*.log"))
    count = sum(len(lines.read_bytes().splitlines()) for lines in inputs)
    if count < 100:
        sys.exit(f"only {count} lines in {FOLDER}")
    differences = 0
    for lines in inputs:
        golden, found = lines.with_suffix(".txt"), explained(binary, lines)
        if "--update" in sys.argv:
            golden.write_text(found)
            continue
        wanted = golden.read_text() if golden.exists() else ""
        if wanted != found:
            differences += 1
            sys.stdout.writelines(difflib.unified_diff(wanted.splitlines(True), found.splitlines(True),
                                                       str(golden.name), "found"))
    if differences:
        sys.exit("explain says something else; if that is meant, run this test with --update and read the difference")
    print(f"explain of {count} lines is as in {FOLDER.name}/*.txt")


if __name__ == "__main__":
    main()
