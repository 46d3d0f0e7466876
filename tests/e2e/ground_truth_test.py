#!/usr/bin/env python3
"""Plays captured runs of a real fleet and compares what reaches carbon with what Puppet reported.

usage: ground_truth_test.py SLUICE_BINARY [FOLDER...]

Every folder of tests/data/captures goes over each of its three wires (RFC 3164 datagrams, LF-framed TCP,
octet-counted TCP) into a fresh relay with the shipped packs; expected.json holds the figures of Puppet's
own reports, per host.
"""

import collections
import json
import math
import re
import sys

import sluice_harness as harness

CAPTURES = harness.SOURCE_DIR / "tests" / "data" / "captures"
TOLERANCE = 0.01

# Figure of expected.json -> path below the host whose values add up to it.
COUNTERS = {
    "runs_completed": "puppet.runs.completed.count",
    "resources_failed": "puppet.resources.failed.count",
    "resources_skipped": "puppet.resources.skipped.count",
    "events_corrective": "puppet.events.corrective.count",
    "events_success": "puppet.events.success.count",
    "runs_failed": "puppet.runs.failed.count",
    "runs_skipped": "puppet.runs.skipped.count",
    "compiled": "puppet.node.compile_time.count",
}
# Figure -> timing whose mean times count, summed over the windows, must give it.
TIMINGS = {
    "applied_seconds": "puppet.time.catalog_application",
    "compiled_seconds": "puppet.node.compile_time",
}

Difference = collections.namedtuple("Difference", "folder run host figure lines_minus_report why")

# Runs whose lines tell another number than their report. Everything else must agree.
DIFFERENCES = [
    Difference("apply", "s14-db-tags", "db01.prod.example.com", "resources_skipped", -22,
               "skipped by --tags: counted in the report, never logged"),
    Difference("apply", "s22-app-sched", "app01.dev.example.com", "resources_skipped", -1,
               "skipped by its schedule: counted in the report, never logged"),
    Difference("fleet", "f34-lb01-tags", "lb01.prod.example.com", "resources_skipped", -82,
               "skipped by --tags: counted in the report, never logged"),
    Difference("apply", "s24-app-err-cycle", "app01.dev.example.com", "resources_failed", -3,
               "a dependency cycle: all its members failed, one error line without a resource"),
    Difference("apply", "s36-app-killed", "app01.dev.example.com", "resources_failed", +1,
               "killed by SIGTERM: the change under way failed in the log, the report ends before it"),
    Difference("apply", "s29-stage-noenv", "web01.stage.example.com", "runs_failed", -1,
               "the environment does not exist: said on standard output alone"),
    Difference("apply", "s37-app-int", "app01.dev.example.com", "runs_failed", -1,
               "SIGINT before anything was logged"),
    Difference("fleet", "f10-web01-first", "web01.prod.example.com", "runs_failed", -1,
               "no valid certificate: the agent ends before a run begins"),
    Difference("variants", "v03-logger-burst", "app01.dev.example.com", "runs_completed", +5,
               "rsyslog folded six equal lines into one and `message repeated 5 times`; the report has one"),
    Difference("variants", "v03-logger-burst", "app01.dev.example.com", "applied_seconds", +2.5,
               "the same five lines of 0.50 seconds"),
    Difference("fleet", "f54-mail01-missing-env", "mail01.prod.example.com", "compiled", +1,
               "the environment was switched, so its catalog was compiled twice; the report has the last"),
    Difference("fleet", "f54-mail01-missing-env", "mail01.prod.example.com", "compiled_seconds", +0.2,
               "the first of the two"),
]


def configuration(port, sink, folder):
    """Any date of the captures is near enough, and nothing waits for the clock."""
    return {
        "listen": [{"syslog": f"udp://{harness.HOST}:{port}"}, {"syslog": f"tcp://{harness.HOST}:{port}"}],
        "packs": ["puppet-agent", "puppetserver"],
        "pack_dirs": [str(harness.SOURCE_DIR / "rules")],
        # The server may speak of nodes that have not been heard themselves.
        "trusted_peers": [harness.HOST],
        "destinations": [{"name": "sink", "carbon": f"tcp://{harness.HOST}:{sink.port}",
                          "new_series_per_minute": 0}],
        "horizon": "3650d", "catch_up": "3650d", "grace": "1s",
        "state_dir": str(folder), "http": f"{harness.HOST}:0",
    }


def play(folder, stream, port):
    for name in stream["connections"]:
        file = CAPTURES / folder / name
        if stream["transport"] == "udp":
            harness.play_udp(port, harness.datagrams(file, file.with_suffix(".idx")))
        else:
            harness.play_tcp(port, file.read_bytes())


def run_relay(binary, folder, stream):
    """The sink after a relay has read the stream, was told to stop and has delivered."""
    with harness.scratch() as state, harness.RecordingSink() as sink:
        port = harness.free_port()
        with harness.Sluice(binary, configuration(port, sink, state), state) as relay:
            relay.wait_listening(tcp=[port], udp=[port])
            play(folder, stream, port)
            relay.stop()
        return sink


def lines_minus_report(folder, host, figure):
    return sum(d.lines_minus_report for d in DIFFERENCES if (d.folder, d.host, d.figure) == (folder, host, figure))


def host_pattern(host, metric):
    return r"sluice\.hosts\.[^.]+\." + re.escape(host.replace(".", "_")) + r"\." + metric.replace(".", r"\.")


def found_figures(sink, host):
    found = {figure: sink.total(host_pattern(host, path)) for figure, path in COUNTERS.items()}
    for figure, metric in TIMINGS.items():
        found[figure] = sink.weighted_total(host_pattern(host, metric + ".mean"),
                                            host_pattern(host, metric + ".count"))
    return found


def check_hosts(sink, folder, hosts):
    problems = []
    for host, reported in hosts.items():
        for figure, found in found_figures(sink, host).items():
            expected = reported[figure] + lines_minus_report(folder, host, figure)
            if not math.isclose(found, expected, abs_tol=TOLERANCE):
                problems.append(f"{host}: {figure}: expected {expected:g}, found {found:g}")
    return problems


def hosts_with(sink, metric):
    """Hosts (dots as underscores) that have a series of this metric."""
    return {path.split(".")[3] for path in sink.series(r"sluice\.hosts\.[^.]+\.[^.]+\." + metric)}


def check_server(sink, hosts, server):
    """A server repeats its agents' lines; whoever counted them would give it runs and events."""
    known = {host.replace(".", "_") for host in hosts}
    strangers = hosts_with(sink, r"puppet\.(?:runs?|events|resources|refresh|time)\..*") - known
    problems = [f"{host} has series of runs, but ran no Puppet" for host in sorted(strangers)]
    if server:
        host = server["host"]
        failures = sink.total(host_pattern(host, "puppet.compile.failures.count"))
        if failures != server["compile_failures"]:
            problems.append(f"{host}: compile failures: expected {server['compile_failures']}, found {failures:g}")
        if not sink.series(host_pattern(host, "puppet.compile.time.mean")):
            problems.append(f"{host} compiled catalogs, but has no puppet.compile.time")
    return problems


def check_rollup(sink):
    """The fleet's counts are the sums of its hosts'."""
    problems = []
    for path in COUNTERS.values():
        of_hosts = sink.total(r"sluice\.hosts\.[^.]+\.[^.]+\." + re.escape(path))
        of_all = sink.total(re.escape("sluice.all." + path))
        if of_all != of_hosts:
            problems.append(f"sluice.all.{path}: expected {of_hosts:g}, the sum of the hosts, found {of_all:g}")
    return problems


def check_stream(binary, report, folder, expected, name):
    stream = expected["streams"][name]
    try:
        sink = run_relay(binary, folder, stream)
    except harness.Failure as failure:
        report.group(f"{folder}/{name}", [str(failure)])
        return
    hosts = expected["hosts"]
    report.group(f"{folder}/{name}: {len(hosts)} hosts as reported", check_hosts(sink, folder, hosts))
    report.group(f"{folder}/{name}: repetitions not counted", check_server(sink, hosts, expected["server"]))
    report.group(f"{folder}/{name}: fleet is the sum of its hosts", check_rollup(sink))
    report.group(f"{folder}/{name}: every line a datapoint", [f"bad line {line!r}" for line in sink.bad_lines])


def check_differences(folders):
    """Each difference names a host that exists, so that none outlives its reason."""
    return [f"{d.run}: no figure {d.figure} of {d.host} in {d.folder}" for d in DIFFERENCES
            if d.figure not in folders.get(d.folder, {}).get("hosts", {}).get(d.host, {})]


def main():
    if len(sys.argv) < 2:
        print(__doc__.strip().splitlines()[2], file=sys.stderr)
        return 2
    folders = json.loads((CAPTURES / "expected.json").read_text())["folders"]
    report = harness.Report()
    report.group("differences between lines and reports are of known runs", check_differences(folders))
    for folder in sys.argv[2:] or folders:
        for name in folders[folder]["streams"]:
            check_stream(sys.argv[1], report, folder, folders[folder], name)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
