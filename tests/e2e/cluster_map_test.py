#!/usr/bin/env python3
"""Changes the cluster map file of a running relay.

usage: cluster_map_test.py SLUICE_BINARY

The relay reads the file again by itself, keeps the old map when the new one cannot be used, and places hosts
by the new one from the next window on.
"""

import datetime
import json
import pathlib
import re
import signal
import sys

import sluice_harness as harness

PACK = {"pack": "ping", "rules": [{"name": "ping", "match": "^ping$", "emit": {"metric": "pings", "type": "counter"},
                                   "examples": [{"line": "ping", "gives": {"pings": 1}}, {"line": "pong", "gives": {}}]}]}


def configuration(folder, port, sink):
    (folder / "ping.json").write_text(json.dumps(PACK))
    return {
        "listen": [{"syslog": f"tcp://{harness.HOST}:{port}"}],
        "packs": [], "rules": ["ping.json"], "clusters": {"file": "map.json"},
        "destinations": [{"name": "sink", "carbon": f"tcp://{harness.HOST}:{sink.port}", "new_series_per_minute": 0}],
        "window": "1s", "grace": "0s", "state_dir": "state", "http": "off",
    }


def replace(folder, hosts):
    replace_text(folder, json.dumps({"hosts": hosts}))


def replace_text(folder, text):
    """The way of editors and configuration management: a new file takes the name of the old."""
    (folder / "map.json.new").write_text(text)
    (folder / "map.json.new").rename(folder / "map.json")


def ping(port):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    harness.play_tcp(port, f"<13>1 {now} web01 app - - - ping\n".encode())


def wait_logged(relay, words):
    harness.wait_until(lambda: words in relay.log(), f"the log says {words!r}")


def wait_placed(sink, port, cluster):
    """Pings until the host is published in the cluster."""
    def is_placed():
        ping(port)
        return sink.total(re.escape(f"sluice.hosts.{cluster}.web01.pings.count")) > 0
    harness.wait_until(is_placed, f"web01 is in cluster {cluster}")


def follow_changes(relay, folder, sink, port):
    wait_placed(sink, port, "web")
    replace(folder, {"web01": "front", "db01": "db", "db02": "db"})
    wait_logged(relay, f"cluster map {folder}/map.json: taken, 3 hosts; 1 moved (web01 from web to front)")
    wait_placed(sink, port, "front")

    replace_text(folder, '{"hosts": {"web01": "we')
    wait_logged(relay, f"cluster map refused, the old one stays: {folder}/map.json:1:")
    replace(folder, {"web01": "lonely"})
    wait_logged(relay, "map.json: 1 hosts, more than a fifth fewer than in use (3 hosts)")
    before = sink.total(r"sluice\.hosts\.front\.web01\.pings\.count")
    def is_still_there():
        ping(port)
        return sink.total(r"sluice\.hosts\.front\.web01\.pings\.count") > before
    harness.wait_until(is_still_there, "web01 stays in cluster front")

    relay.process.send_signal(signal.SIGHUP)
    wait_logged(relay, "cluster map: taken, 1 hosts; 2 removed (db01, db02); 1 moved (web01 from front to lonely)")
    wait_placed(sink, port, "lonely")
    relay.stop()
    counters = relay.counters()
    return [f"{name}: expected {expected}, found {counters[name]}"
            for name, expected in (("cluster_map_reloads_total", 2), ("cluster_map_refusals_total", 2))
            if counters[name] != expected]


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip().splitlines()[2], file=sys.stderr)
        return 2
    report = harness.Report()
    with harness.scratch() as scratch, harness.RecordingSink() as sink:
        folder = pathlib.Path(scratch)
        port = harness.free_port()
        replace(folder, {"web01": "web", "db01": "db", "db02": "db"})
        with harness.Sluice(sys.argv[1], configuration(folder, port, sink), folder) as relay:
            relay.wait_listening(tcp=[port])
            try:
                problems = follow_changes(relay, folder, sink, port)
            except harness.Failure as failure:
                problems = [f"{failure}\n{relay.log()}"]
        report.group("a running relay follows its cluster map file", problems)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
