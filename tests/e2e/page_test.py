#!/usr/bin/env python3
"""The page of `scripts/run --demo`, in Debian's Chromium.

usage: page_test.py SLUICE_BINARY

tests/page/page.mjs says what is tried. Screenshots are left in build/page.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import sluice_harness as harness
from http_rig import Rig

PAGE_TESTS = harness.SOURCE_DIR / "tests" / "page"
SCREENSHOTS = harness.SOURCE_DIR / "build" / "page"
START_SECONDS_MAX = 60
BROWSER_SECONDS_MAX = 900  # Under a minute on an idle machine: waits for windows, and for the page to ask again.


def install_tools():
    """The browser's remote control and axe, in the versions that package-lock.json names."""
    if not (PAGE_TESTS / "node_modules" / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=PAGE_TESTS, check=True, timeout=240)


class Demo:
    """scripts/run --demo on free ports; what it prints is read on, so that it never waits for us."""

    def __init__(self, binary):
        self.port, self.lines = harness.free_port(), []
        self.process = subprocess.Popen(
            [harness.SOURCE_DIR / "scripts" / "run", "--port", str(self.port), "--demo"], text=True,
            env={**os.environ, "SLUICE_BINARY": binary}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def url(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in list(self.lines):
                if found := re.search(r"page.* (http://[\d.:]+/)", line):
                    return found.group(1)
            time.sleep(0.1)
        sys.exit("the demo does not say where its page is:\n" + "".join(self.lines))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def start_guarded(rig):
    """A relay that wants a token; gives its page and the token."""
    file = rig.folder / "token"
    file.write_text("0123456789abcdef0123456789abcdef\n")
    file.chmod(0o600)
    rig.start(http={"listen": f"127.0.0.1:{rig.http}", "token_file": str(file)})
    return f"http://127.0.0.1:{rig.http}/", file.read_text().strip()


def main():
    install_tools()
    demo = Demo(sys.argv[1])
    with harness.scratch() as folder:
        rig = Rig(sys.argv[1], folder)
        try:
            done = subprocess.run(["node", PAGE_TESTS / "page.mjs", demo.url(), str(demo.port), SCREENSHOTS, *start_guarded(rig)],
                                  timeout=BROWSER_SECONDS_MAX)
        finally:
            rig.end()
            demo.stop()
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
