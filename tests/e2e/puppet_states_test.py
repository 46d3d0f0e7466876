#!/usr/bin/env python3
"""Compares the state of every node after every captured run with what Puppet reported.

usage: puppet_states_test.py SLUICE_BINARY

`sluice explain` reads each stream of tests/data/captures; the values of puppet.nodes, per host and in order,
must be the outcomes of that host's runs in expected.json. Then a relay reads one stream of each folder, with every
host in a cluster of its own, and the cluster's last state must be that of the host's last run.
"""

import collections
import json
import pathlib
import re
import struct
import subprocess
import sys

import ground_truth_test as ground_truth
import sluice_harness as harness

CAPTURES = harness.SOURCE_DIR / "tests" / "data" / "captures"
METRIC = "puppet.nodes"

Difference = collections.namedtuple("Difference", "folder run host states why")

# Runs whose lines tell other states than their outcome. Everything else must agree.
DIFFERENCES = [
    Difference("apply", "s29-stage-noenv", "web01.stage.example.com", [],
               "the environment does not exist: said on standard output alone"),
    Difference("apply", "s37-app-int", "app01.dev.example.com", [],
               "SIGINT before anything was logged"),
    Difference("fleet", "f10-web01-first", "web01.prod.example.com", [],
               "no valid certificate: the agent ends before a run begins"),
    Difference("variants", "v03-logger-burst", "app01.dev.example.com", ["unchanged", "unchanged"],
               "no run: logger wrote Puppet's last line under its name, once and as `message repeated 5 times`"),
]


def octets_of(folder, stream):
    """What `explain` reads of a stream, and its framing."""
    if stream["transport"] == "udp":
        parts = []
        for name in stream["connections"]:
            file = CAPTURES / folder / name
            for datagram in harness.datagrams(file, file.with_suffix(".idx")):
                parts.append(struct.pack(">I", len(datagram)) + datagram)
        return b"".join(parts), "dgrams"
    return b"".join((CAPTURES / folder / name).read_bytes() for name in stream["connections"]), "auto"


def states_of(binary, configuration, folder, stream):
    """The states that the lines tell, in order, by host."""
    octets, framing = octets_of(folder, stream)
    done = subprocess.run([binary, "explain", "--json", "--config", str(configuration), "--framing", framing, "-"],
                          input=octets, capture_output=True, check=False)
    if done.returncode != 0:
        raise harness.Failure(f"explain ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    states = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        for match in json.loads(line)["matches"]:
            for sample in match["samples"]:
                if sample["metric"] == METRIC:
                    states[sample["host"]].append(sample["value"])
    return states


def expected_states(folder, host, runs):
    differing = {d.run: d.states for d in DIFFERENCES if (d.folder, d.host) == (folder, host)}
    states = []
    for run, outcome in runs:
        states += differing.get(run, [outcome] if outcome else [])
    return states


def check_stream(binary, configuration, folder, stream, hosts):
    found = states_of(binary, configuration, folder, stream)
    problems = []
    for host, figures in hosts.items():
        expected, states = expected_states(folder, host, figures["runs"]), found.pop(host, [])
        if states != expected:
            problems.append(f"{host}: expected {expected}, found {states}")
    return problems + [f"{host} ran no Puppet, but has states {states}" for host, states in found.items()]


def last_state(sink, host):
    """The states that the host's own cluster was in last; there must be one."""
    cluster = re.escape("sluice.clusters." + host.replace(".", "_") + "." + METRIC + ".")
    counted = collections.defaultdict(set)
    for path, points in sink.series(cluster + "(?!stale$|never$).*").items():
        for time, hosts in points.items():
            if hosts:
                counted[time].add((path.rsplit(".", 1)[1], hosts))
    return counted[max(counted)] if counted else set()


def check_relay(binary, folder, expected):
    """What carbon gets of the first stream over TCP."""
    stream = next(stream for stream in expected["streams"].values() if stream["transport"] == "tcp")
    with harness.scratch() as state, harness.RecordingSink() as sink:
        port = harness.free_port()
        configuration = ground_truth.configuration(port, sink, state)
        configuration["clusters"] = {"patterns": ["^(?P<cluster>.+)$"]}
        with harness.Sluice(binary, configuration, state) as relay:
            relay.wait_listening(tcp=[port], udp=[port])
            ground_truth.play(folder, stream, port)
            relay.stop()
        problems = []
        for host, figures in expected["hosts"].items():
            last = expected_states(folder, host, figures["runs"])[-1:]
            found = last_state(sink, host)
            if found != {(state, 1) for state in last}:
                problems.append(f"{host}: expected to end in {last}, found {sorted(found)}")
        return problems


def check_differences(folders):
    """Each difference names a run that exists and is another state, so that none outlives its reason."""
    problems = []
    for d in DIFFERENCES:
        runs = dict(folders.get(d.folder, {}).get("hosts", {}).get(d.host, {}).get("runs", []))
        if d.run not in runs:
            problems.append(f"{d.run}: no run of {d.host} in {d.folder}")
        elif d.states == [runs[d.run]]:
            problems.append(f"{d.run}: no difference any more")
    return problems


def check_all_states_seen(folders):
    """The captures hold a run of every outcome, so that no state goes untested."""
    pack = (harness.SOURCE_DIR / "rules" / "puppet-agent.json").read_text()
    values = re.search(r'"puppet\.nodes": \{"type": "state", "values": (\[.*?\])', pack)
    seen = {outcome for folder in folders.values() for host in folder["hosts"].values()
            for _, outcome in host["runs"]}
    return [f"no captured run is {value}" for value in json.loads(values.group(1)) if value not in seen]


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip().splitlines()[2], file=sys.stderr)
        return 2
    folders = json.loads((CAPTURES / "expected.json").read_text())["folders"]
    report = harness.Report()
    report.group("differences between lines and outcomes are of known runs", check_differences(folders))
    report.group("every state has a captured run", check_all_states_seen(folders))
    with harness.scratch() as state:
        configuration = pathlib.Path(state) / "sluice.json"
        configuration.write_text(json.dumps({"pack_dirs": [str(harness.SOURCE_DIR / "rules")]}))
        for folder, expected in folders.items():
            for name, stream in expected["streams"].items():
                report.group(f"{folder}/{name}: {len(expected['hosts'])} hosts in the states of their runs",
                             check_stream(sys.argv[1], configuration, folder, stream, expected["hosts"]))
    for folder, expected in folders.items():
        report.group(f"{folder}: the last states of {len(expected['hosts'])} hosts reach carbon",
                     check_relay(sys.argv[1], folder, expected))
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
