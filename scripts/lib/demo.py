#!/usr/bin/env python3
"""The demo of scripts/run: a relay with short windows, recorded Puppet runs of several hosts played
into it as if they happened now, and a table of what the relay publishes.

Everything runs on loopback and ends together: on Ctrl-C, on SIGTERM, or when the relay ends.
"""
import argparse
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time

import demo_view

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
SOURCE = SCRIPTS.parent
RECORDINGS = [SOURCE / "tests/data/captures" / name / "tcp-lf-rfc3339.raw" for name in ("fleet", "apply")]
# A pass over the longer recording then takes 35 s, with runs of three to six hosts in each window.
PACE = ["--speed", "6", "--pause-max", "0.3"]
START_SECONDS_MAX = 30
# Published lines come in bursts, one a window; a burst is over when nothing came for so long.
BURST_GAP_SECONDS = 0.5


def configuration(options: argparse.Namespace) -> dict:
    return {
        "listen": [{"syslog": f"{transport}://127.0.0.1:{options.port}"} for transport in ("udp", "tcp")],
        "pack_dirs": [str(SOURCE / "rules")],
        "clusters": {"file": str(SCRIPTS / "lib/demo-clusters.json"), "default": "other"},
        "window": f"{demo_view.WINDOW_SECONDS}s",
        "grace": "1s",
        "destinations": [],
        "state_dir": str(options.state / "state"),
        "http": f"127.0.0.1:{options.http}",
    }


def free_port() -> int:
    """A port that was free a moment ago: beside another relay the default one is taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Demo:
    """The relay, the players, and the loop that shows what the relay prints."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.players: list[subprocess.Popen] = []
        self.is_stopping = False
        config = options.state / "sluice.json"
        # What an earlier demo published belongs to its own time.
        shutil.rmtree(options.state / "state", ignore_errors=True)
        options.state.mkdir(parents=True, exist_ok=True)
        config.write_text(json.dumps(configuration(options), indent=2) + "\n")
        # In a process group of their own, so that Ctrl-C reaches this process alone, which ends the
        # others in order.
        self.relay = subprocess.Popen(
            [options.sluice, "run", "--config", str(config), "--print", *options.arguments],
            stdout=subprocess.PIPE, process_group=0)
        self.config = config

    def wait_for_relay(self) -> bool:
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.relay.poll() is None and time.monotonic() < deadline:
            if accepts_connections(self.options.port):
                # The port may be somebody else's, in which case the relay is about to say so and end.
                time.sleep(0.3)
                return self.relay.poll() is None
            time.sleep(0.05)
        return False

    def start_players(self) -> None:
        for recording in RECORDINGS:
            if self.is_stopping:
                return
            self.players.append(subprocess.Popen(
                [sys.executable, str(SCRIPTS / "play"), "--to", f"127.0.0.1:{self.options.port}", "--loop", *PACE,
                 str(recording)], process_group=0))

    def show(self) -> None:
        """Shows tables until the relay closes its output."""
        view = demo_view.View()
        descriptor = self.relay.stdout.fileno()
        os.set_blocking(descriptor, False)
        selector = selectors.DefaultSelector()
        selector.register(descriptor, selectors.EVENT_READ)
        rest = b""
        while True:
            if not selector.select(BURST_GAP_SECONDS):
                view.show_changes()
                continue
            chunk = os.read(descriptor, 65536)
            if not chunk:
                view.show_changes()
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                view.take(line.decode())

    def stop(self, *_) -> None:
        """Tells the players, then the relay, which publishes what it holds and closes its output. A signal
        handler: it must not wait, and a second signal has nothing to add."""
        if self.is_stopping:
            return
        self.is_stopping = True
        for process in (*self.players, self.relay):
            process.terminate()

    def wait(self) -> int:
        """Waits until everything has ended; gives the relay's exit code."""
        for player in self.players:
            player.terminate()  # Also when the relay ended by itself.
            player.wait()
        return self.relay.wait()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo.py", description=__doc__)
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--http", type=int, help="port of the status server; default: a free one")
    parser.add_argument("--state", type=pathlib.Path, required=True)
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    options.http = options.http or free_port()
    missing = [str(file) for file in RECORDINGS if not file.exists()]
    if missing:
        print(f"demo: the recordings are not in this source tree: {', '.join(missing)}", file=sys.stderr)
        return 1
    demo = Demo(options)
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, demo.stop)
    if demo.wait_for_relay():
        print(demo_view.introduction(options.port, options.http, demo.config, RECORDINGS), flush=True)
        demo.start_players()
        demo.show()
    else:
        demo.stop()
    return demo.wait()


if __name__ == "__main__":
    sys.exit(main())
