#!/usr/bin/env python3
"""The demo of scripts/run: a relay with short windows, recorded Puppet runs of several hosts played
into it as if they happened now, what collectd told of a host, and a table of what the relay publishes.

Everything runs on loopback and ends together: on Ctrl-C, on SIGTERM, or when the relay ends.
"""
import argparse
import contextlib
import datetime
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

import demo_collectd
import demo_view
from free_port import free_port

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
SOURCE = SCRIPTS.parent
RECORDINGS = [SOURCE / "tests/data/captures" / name / "tcp-lf-rfc3339.raw" for name in ("fleet", "apply")]
# A pass over the longer recording then takes 35 s, with runs of three to six hosts in each window.
PACE = ["--speed", "6", "--pause-max", "0.3"]
# Seven hosts are recorded. Each is played under three names, one after the other, so that clusters have several hosts.
HOSTS = [("web01.prod", "web{}.prod"), ("web01.stage", "web{}.stage"), ("db01.prod", "db{}.prod"), ("app01.dev", "app{}.dev"),
         ("lb01.prod", "lb{}.prod"), ("mail01.prod", "mail{}.prod"), ("build7", "build{}")]
NUMBERS = [("01", "7"), ("02", "8"), ("03", "9")]  # Of most, and of the build hosts.
APART_SECONDS = 11
START_SECONDS_MAX = 30
# Published lines come in bursts, one a window; a burst is over when nothing came for so long.
BURST_GAP_SECONDS = 0.5


def configuration(options: argparse.Namespace) -> dict:
    return {
        # So many connections fit into the open files that any system lets a process have.
        "listen": [{"syslog": f"udp://127.0.0.1:{options.port}"},
                   {"syslog": f"tcp://127.0.0.1:{options.port}", "connections": 500},
                   {"graphite": f"tcp://127.0.0.1:{options.graphite}", "connections": 100}],
        "packs": ["puppet-agent", "puppetserver", "puppetserver-access", "collectd", "deploy"],
        # A pass over the recordings, in which every host runs, takes 35 s.
        "presence": {"puppet": "1m"},
        "pack_dirs": [str(SOURCE / "rules")],
        "clusters": {"file": str(SCRIPTS / "lib/demo-clusters.json"), "default": "other"},
        "window": f"{demo_view.WINDOW_SECONDS}s",
        "grace": "1s",
        "destinations": [],
        "state_dir": str(options.state / "state"),
        "http": {"listen": f"127.0.0.1:{options.http}",
                 "links": [{"name": "as JSON", "url": f"http://127.0.0.1:{options.http}/api/v1/hosts/{{host}}"}]},
    }


def host_names() -> list[list[tuple[str, str]]]:
    """For each number, what the recorded hosts are called under it."""
    return [[(old, new.format(build if old.startswith("build") else number)) for old, new in HOSTS]
            for number, build in NUMBERS]


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Demo:
    """The relay, the players, and the loop that shows what the relay prints."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.players: list[subprocess.Popen] = []
        self.collectd: demo_collectd.Player | None = None
        self.is_stopping = False
        self.begin = time.monotonic()
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
        for turn, names in enumerate(host_names()):
            renames = [word for old, new in names if old != new for word in ("--rename", f"{old}={new}")]
            for recording in RECORDINGS:
                if self.is_stopping:
                    return
                self.players.append(subprocess.Popen(
                    [sys.executable, str(SCRIPTS / "play"), "--to", f"127.0.0.1:{self.options.port}", "--loop", *PACE,
                     "--delay", str(turn * APART_SECONDS), *renames, str(recording)], process_group=0))
        hosts = [new if new.startswith("build") else f"{new}.example.com" for names in host_names() for _, new in names]
        self.collectd = demo_collectd.Player(self.options.graphite, hosts)
        self.collectd.start()

    def tell_deployment(self) -> None:
        """The one thing that is deployed here: this demo."""
        stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
        version = subprocess.run([self.options.sluice, "--version"], capture_output=True, text=True, check=False).stdout.split()
        line = (f"<14>{stamp} puppet deploy: app=sluice-demo version={version[1] if len(version) > 1 else 'unknown'} status=ok "
                f"seconds={time.monotonic() - self.begin:.1f}\n")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.options.port)) as relay:
            relay.sendall(line.encode())

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
        for process in (*self.players, *filter(None, [self.collectd]), self.relay):
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
    options.graphite = free_port()
    missing = [str(file) for file in (*RECORDINGS, demo_collectd.RECORDING) if not file.exists()]
    if missing:
        print(f"demo: the recordings are not in this source tree: {', '.join(missing)}", file=sys.stderr)
        return 1
    demo = Demo(options)
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, demo.stop)
    if demo.wait_for_relay():
        print(demo_view.introduction(options.port, options.http, demo.config, [*RECORDINGS, demo_collectd.RECORDING]), flush=True)
        demo.start_players()
        demo.tell_deployment()
        demo.show()
    else:
        demo.stop()
    return demo.wait()


if __name__ == "__main__":
    sys.exit(main())
