#!/usr/bin/env python3
"""Loads all shipped packs together: their examples, their metrics, and what they make of real logs.

usage: packs_test.py SLUICE_BINARY

The captures are not part of this repository. They are read from $SLUICE_CAPTURES or from ../shared/captures beside
the source tree; without them the groups that need them are not run, and the test says so.
"""

import collections
import json
import math
import os
import pathlib
import re
import subprocess
import sys

import sluice_harness as harness

RULES = harness.SOURCE_DIR / "rules"
MESSAGES = harness.SOURCE_DIR / "tests" / "data" / "puppet-messages.txt"
UNREAD = harness.SOURCE_DIR / "tests" / "data" / "lines-without-a-number.txt"
GENERATOR = harness.SOURCE_DIR / "scripts" / "generate-metrics-doc"
CAPTURES = pathlib.Path(os.environ.get("SLUICE_CAPTURES", harness.SOURCE_DIR.parent / "shared" / "captures"))
FOLDERS = ("apply", "fleet", "variants", "proxy", "shifted", "misc")
PROGRAMS = {"puppet-agent", "puppet-user", "puppetserver", "nginx", "nginx_timed", "mco", "mcollectived", "unison",
            "incrond"}
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

# Pairs of packs that write metrics of one name, and why no event counts twice.
SHARED_NAMES = {
    ("puppet-agent", "puppet-report-log"): "the same runs, told by the host or by the server: never both for one host",
    ("puppet-agent", "puppetserver"): "catalogs: `puppet apply` compiles its own, a server those of agents",
    ("puppet-agent", "puppet-report"): "a run as its lines tell it, or its report: one of the two for a host",
    ("puppet-report", "puppet-report-log"): "a run as its report tells it, or its repeated lines: one of the two for a host",
    ("puppet-report", "puppet-summary"): "the figures of a report, sent or printed: one of the two for a host",
    ("collectd", "cpu"): "the CPU of a host is read from one of the two",
}

# What agents say and their server's repetitions do not: (host, metric) -> agents' count minus the repeated one.
NOT_REPEATED = {
    ("app01.dev.example.com", "puppet.runs.skipped"): (2, "a run that does not begin sends no report"),
    ("mail01.prod.example.com", "puppet.runs.skipped"): (1, "a run that does not begin sends no report"),
    ("db01.prod.example.com", "puppet.runs.failed"): (1, "server away: no report arrives"),
    ("mail01.prod.example.com", "puppet.runs.completed"): (2, "cached catalog while the server was away"),
    ("web01.prod.example.com", "puppet.runs.completed"): (1, "cached catalog while the server was away"),
    # build7 runs `puppet apply`, which reports to nobody.
    ("build7", "puppet.events.success"): (43, "puppet apply"),
    ("build7", "puppet.refresh.triggered"): (1, "puppet apply"),
    ("build7", "puppet.runs.completed"): (2, "puppet apply"),
}
# Summaries that `logger` sent over a TCP connection of its own: run -> stream, framing.
DIRECT_SUMMARIES = {
    "v06-logger-octet-tcp": ("variants/tcp-octet-rfc5424.conn2.raw", "octet"),
    "v07-logger-lf-tcp": ("variants/tcp-lf-rfc3339.conn2.raw", "lf"),
}


def pack_names():
    return sorted(path.stem for path in RULES.glob("*.json"))


def write_config(folder, packs):
    path = pathlib.Path(folder) / "sluice.json"
    path.write_text(json.dumps({"packs": packs, "pack_dirs": [str(RULES)], "destinations": [],
                                "state_dir": str(path.parent / "state")}))
    return path


def load_pack(path):
    """A pack without its comments, which stand on lines of their own."""
    lines = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("//")]
    return json.loads("\n".join(lines))


def explain(binary, config, file, framing="lf"):
    """What the relay would make of each message, in order."""
    command = [binary, "explain", "--json", "--framing", framing, "--now", "2026-11-23T00:00:00Z",
               "--config", str(config), str(file)]
    done = subprocess.run(command, capture_output=True, timeout=240)
    if done.returncode != 0:
        raise harness.Failure(f"explain {file}: {done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def explain_log(binary, config, file):
    """Of messages.log every line is one message."""
    told = explain(binary, config, file)
    lines = file.read_bytes().count(b"\n")
    if len(told) != lines:
        raise harness.Failure(f"explain {file}: {lines} lines, but told of {len(told)}")
    return told


def samples_of(record, pack=None):
    return [sample for match in record["matches"] for sample in match["samples"]
            if pack is None or match["rule"].startswith(pack + "/")]


def check_examples(binary, config):
    done = subprocess.run([binary, "check", "--strict", "--config", str(config)], capture_output=True, text=True,
                          timeout=120)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def check_document():
    done = subprocess.run([sys.executable, str(GENERATOR), "--check"], capture_output=True, text=True, timeout=60)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def metrics_of(pack):
    return {emit["metric"] for rule in pack["rules"]
            for emit in (lambda e: e if isinstance(e, list) else [e])(rule.get("emit", []))}


def check_names():
    """No two packs write one name, except for a reason that is written down and still holds."""
    metrics = {path.stem: metrics_of(load_pack(path)) for path in sorted(RULES.glob("*.json"))}
    shared = collections.defaultdict(set)
    for first in metrics:
        for second in metrics:
            if first < second and metrics[first] & metrics[second]:
                shared[first, second] = metrics[first] & metrics[second]
    problems = [f"{first} and {second} both write {', '.join(sorted(names))}"
                for (first, second), names in shared.items() if (first, second) not in SHARED_NAMES]
    return problems + [f"{first} and {second} share no name any more" for first, second in SHARED_NAMES
                       if {first, second} <= metrics.keys() and (first, second) not in shared]


def read_unread():
    entries = []
    for number, line in enumerate(UNREAD.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        kind, pattern, reason = line.split("\t")
        if kind not in ("none", "elsewhere", "detail", "foreign") or not reason:
            raise harness.Failure(f"{UNREAD}:{number}: expected a kind, a pattern and a reason")
        entries.append((number, re.compile(pattern)))
    return entries


def read_messages():
    """Of each line of the list: its number, program, severity, text, the rules that must match, the reason."""
    entries = []
    for number, line in enumerate(MESSAGES.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        sender, text, rules, *reason = line.split("\t")
        program, severity = sender.split(".")
        if (rules == "-") != bool(reason):
            raise harness.Failure(f"{MESSAGES}:{number}: expected rules, or - and a reason")
        entries.append((number, program, SEVERITIES.index(severity), text, set(rules.split(",")) - {"-"}))
    return entries


def check_messages(binary, folder):
    """Every message of the list, alone, is read by exactly the rules that it names."""
    config = write_config(folder, ["puppet-agent", "puppetserver", "puppetdb"])
    entries, file = read_messages(), pathlib.Path(folder) / "messages.log"
    # A process of its own each, so that none is in the context of another.
    file.write_text("".join(f"<{24 + severity}>1 2026-11-22T12:00:00Z web01 {program} {number} - - {text}\n"
                            for number, program, severity, text, _ in entries))
    problems = []
    for (number, _, _, text, rules), record in zip(entries, explain_log(binary, config, file)):
        found = {match["rule"] for match in record["matches"]}
        if found != rules:
            problems.append(f"{MESSAGES.name}:{number}: {text[:80]}: expected {sorted(rules)}, found {sorted(found)}")
    return problems


def subject(record):
    severity = SEVERITIES[record["severity"]] if record["severity"] is not None else "notice"
    return f"{record['app_name']}.{severity}: {record['message'] or ''}"


def check_coverage(told):
    """Every line of a program that a pack is for is read, or listed with a reason."""
    entries, used, problems = read_unread(), set(), []
    for folder, records in told.items():
        for number, record in enumerate(records, 1):
            if record["app_name"] not in PROGRAMS or record["matches"]:
                continue
            needed = next((entry for entry, pattern in entries if pattern.search(subject(record))), None)
            if needed is None:
                problems.append(f"{folder}/messages.log:{number}: neither read nor listed: {subject(record)[:160]}")
            used.add(needed)
    return problems + [f"{UNREAD.name}:{entry}: no line needs it" for entry, _ in entries if entry not in used]


def check_once(told):
    """No message gives two samples of one metric: no two packs, and no two rules, count one event under one name."""
    problems = []
    for folder, records in told.items():
        for number, record in enumerate(records, 1):
            counts = collections.Counter((sample["host"], sample["metric"]) for sample in samples_of(record))
            problems += [f"{folder}/messages.log:{number}: {host} {metric} {count} times"
                         for (host, metric), count in counts.items() if count > 1]
    return problems


def summaries(records):
    """Samples of puppet-summary, one dictionary a summary: it ends where its last section does."""
    found, current = [], {}
    for record in records:
        for sample in samples_of(record, "puppet-summary"):
            current[sample["metric"].removeprefix("puppet.summary.")] = sample["value"]
        if record["app_name"] == "puppet-summary" and (record["message"] or "").strip() == "Version:":
            found.append(current)
            current = {}
    return found


def summary_runs():
    """Runs with a summary: those in messages.log folder by folder in its order, the others by their names."""
    runs = collections.defaultdict(list)
    for run in json.loads((CAPTURES / "ground-truth.json").read_text()):
        if run["run"] in DIRECT_SUMMARIES:
            runs[run["run"]].append(run)
        elif "puppet-summary" in run.get("tags", {}):
            runs[run["batch"]].append(run)
    return runs


def check_figures(run, found):
    problems = []
    for section in ("resources", "events", "changes", "time"):
        for key, expected in run[section].items():
            if (section, key) == ("time", "last_run"):
                continue  # A date.
            # The text has two decimals.
            tolerance = 0.00501 if section == "time" else 0
            value = found.get(f"{section}.{key}")
            if value is None or not math.isclose(value, expected, rel_tol=0, abs_tol=tolerance):
                problems.append(f"{run['run']}: {section}.{key}: expected {expected}, found {value}")
    surplus = {key for key in found if key.split(".")[0] == "time"} - {f"time.{key}" for key in run["time"]}
    return problems + [f"{run['run']}: no {key} in the summary" for key in sorted(surplus)]


def check_summaries(told, runs_by_place):
    """`told` has the messages of each place that a summary is in: a folder's messages.log, or a stream."""
    problems = [f"{run}: no such run" for run in DIRECT_SUMMARIES.keys() - runs_by_place.keys()]
    for place, runs in runs_by_place.items():
        found = summaries(told[place])
        if len(found) != len(runs):
            problems.append(f"{place}: expected {len(runs)} summaries, found {len(found)}")
            continue
        for run, figures in zip(runs, found):
            problems += check_figures(run, figures)
    return problems


def counts_of(records, pack):
    counts = collections.Counter()
    for record in records:
        for sample in samples_of(record, pack):
            if sample["type"] == "counter":
                counts[sample["host"], sample["metric"]] += sample["value"] * sample["weight"]
    return counts


def check_repetitions(records):
    """What a server repeats of its agents adds up to what they say themselves, in all that puppet-report-log counts."""
    comparable = metrics_of(load_pack(RULES / "puppet-report-log.json"))
    own, repeated = counts_of(records, "puppet-agent"), counts_of(records, "puppet-report-log")
    problems = []
    for key in sorted(own.keys() | repeated.keys()):
        missing, _ = NOT_REPEATED.get(key, (0, ""))
        if key[1] in comparable and own[key] - repeated[key] != missing:
            problems.append(f"{key[0]} {key[1]}: agents {own[key]:g}, repeated {repeated[key]:g}, "
                            f"expected {missing} less")
    return problems


def check_cached_catalogs(records):
    """Runs with a cached catalog, by host, as the reports of the fleet have them."""
    reported = collections.Counter(run["host"] for run in json.loads((CAPTURES / "ground-truth.json").read_text())
                                   if run["batch"] == "fleet" and run["used_cached_catalog"])
    counts = counts_of(records, "puppet-agent")
    found = {host: count for (host, metric), count in counts.items() if metric == "puppet.runs.with_cached_catalog"}
    return [] if found == reported else [f"expected {dict(reported)}, found {found}"]


def check_captures(binary, config, report):
    told = {folder: explain_log(binary, config, CAPTURES / folder / "messages.log") for folder in FOLDERS}
    direct = {run: explain(binary, config, CAPTURES / file, framing)
              for run, (file, framing) in DIRECT_SUMMARIES.items()}
    runs = summary_runs()
    report.group("every line read or listed", check_coverage(told))
    report.group("one sample a message and metric", check_once(told))
    report.group(f"{sum(map(len, runs.values()))} summaries as reported", check_summaries(told | direct, runs))
    report.group("repetitions of a server as said by its agents", check_repetitions(told["fleet"]))
    report.group("runs with a cached catalog as reported", check_cached_catalogs(told["fleet"]))


def main():
    if len(sys.argv) != 2:
        print(__doc__.strip().splitlines()[2], file=sys.stderr)
        return 2
    report = harness.Report()
    report.group("one name, one pack", check_names())
    report.group("docs/metrics.md is up to date", check_document())
    with harness.scratch() as folder:
        config = write_config(folder, pack_names())
        with harness.scratch() as messages_folder:
            report.group(f"{len(read_messages())} messages of Puppet", check_messages(sys.argv[1], messages_folder))
        report.group(f"{len(pack_names())} packs together: examples", check_examples(sys.argv[1], config))
        if CAPTURES.is_dir():
            try:
                check_captures(sys.argv[1], config, report)
            except harness.Failure as failure:
                report.group("captures", [str(failure)])
        else:
            print(f"captures: none at {CAPTURES}, not run (SLUICE_CAPTURES names them)")
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
