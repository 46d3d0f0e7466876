#!/usr/bin/env python3
"""Debian's collectd in front, Debian's carbon-cache behind: the CPU of a cluster is the mean of its hosts.

Two collectds with two host names read this machine: one with the shipped configuration, one with single CPUs and
collectd's own defaults for paths. What carbon then has of the cluster must be the mean of what it has of the hosts.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from peers import CarbonCache, Peer, program
from sluice_harness import DEADLINE_SECONDS, Failure, Sluice, free_port, wait_until

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SHIPPED = SOURCE / "packaging/collectd/sluice.conf"
SCHEMAS = SOURCE / "packaging/carbon/storage-schemas.conf"
AGGREGATION = SOURCE / "packaging/carbon/storage-aggregation.conf"

WINDOW = 5  # Seconds, and the step of carbon's first archive.
WINDOW_COUNT = 3  # How many windows are looked at.
HOSTS = ["node01_example_com", "node02_example_com"]

SINGLE_CPUS = """\
LoadPlugin cpu
LoadPlugin load
LoadPlugin write_graphite
<Plugin "cpu">
  ReportByCpu true
  ValuesPercentage true
</Plugin>
<Plugin "write_graphite">
  <Node "sluice">
    Host "127.0.0.1"
    Port "{port}"
  </Node>
</Plugin>
"""


class Collectd(Peer):
    """collectd in the foreground as `hostname`, with a value each second."""

    def __init__(self, scratch: pathlib.Path, hostname: str, plugins: str):
        scratch.mkdir()
        config = scratch / "collectd.conf"
        config.write_text(f"""\
Hostname "{hostname}"
FQDNLookup false
Interval 1
BaseDir "{scratch}"
PIDFile "{scratch}/pid"
{plugins}
""")
        super().__init__([program("collectd"), "-f", "-C", str(config)], scratch / "log")


def points_of(carbon: CarbonCache, path: str, since: int) -> dict[int, float]:
    """{time: value} as whisper has them, with all their digits."""
    file = carbon.file_of(path)
    if not file.exists():
        return {}
    result = subprocess.run([program("whisper-fetch"), "--json", f"--from={since - 1}", str(file)],
                            capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True)
    found = json.loads(result.stdout)
    times = range(found["start"], found["end"], found["step"])
    return {at: value for at, value in zip(times, found["values"]) if value is not None}


class CollectdTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def start_carbon(self) -> CarbonCache:
        schemas = SCHEMAS.read_text().replace("60s:7d", f"{WINDOW}s:1d")
        return self.enterContext(
            CarbonCache(self.scratch / "carbon", free_port(), schemas, AGGREGATION.read_text()))

    def start_relay(self, carbon_port: int) -> tuple[Sluice, int]:
        port = free_port()
        folder = self.scratch / "sluice"
        folder.mkdir()
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"graphite": f"tcp://127.0.0.1:{port}"}, {"graphite": f"udp://127.0.0.1:{port}"}],
            "packs": ["collectd"], "pack_dirs": [str(SOURCE / "rules")],
            "state_dir": str(folder / "state"), "http": "off",
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"]},
            "window": f"{WINDOW}s", "grace": "1s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{carbon_port}",
                              "new_series_per_minute": 0}],
        }, folder))
        relay.wait_listening(tcp=[port], udp=[port])
        return relay, port

    def start_collectds(self, port: int) -> None:
        shipped = SHIPPED.read_text().replace('"sluice.example.com"', '"127.0.0.1"').replace('"2033"', f'"{port}"')
        self.enterContext(Collectd(self.scratch / "one", "node01.example.com", shipped))
        self.enterContext(Collectd(self.scratch / "two", "node02.example.com", SINGLE_CPUS.format(port=port)))

    def test_the_cpu_of_a_cluster_is_the_mean_of_its_hosts(self):
        carbon = self.start_carbon()
        relay, port = self.start_relay(carbon.port)
        since = int(time.time()) // WINDOW * WINDOW
        self.start_collectds(port)

        def read(metric: str) -> list[tuple[int, list[float], float]]:
            """Time, values of the hosts, value of the cluster; of windows in which there are all."""
            paths = [f"sluice.hosts.node.{host}.{metric}" for host in HOSTS] + [f"sluice.clusters.node.{metric}"]
            *hosts, cluster = [points_of(carbon, path, since) for path in paths]
            times = sorted(set(cluster).intersection(*hosts))
            return [(at, [points[at] for points in hosts], cluster[at]) for at in times]

        def agree() -> bool:
            # A window may be corrected once more while it is read: then all are read again.
            rows = read("cpu.busy.mean")[:WINDOW_COUNT]
            others = {at for at, _, _ in read("cpu.idle.mean")}
            return len(rows) == WINDOW_COUNT and others.issuperset(at for at, _, _ in rows) and all(
                abs(cluster - sum(hosts) / len(hosts)) <= 1e-9 for _, hosts, cluster in rows)

        try:
            wait_until(agree, "windows in which the cluster is the mean of its hosts")
        except Failure as failure:
            logs = "".join((self.scratch / name / "log").read_text() for name in ("one", "two"))
            self.fail(f"{failure}\n{read('cpu.busy.mean')}\n{relay.log()}\n{logs}")

        idle = {at: hosts for at, hosts, _ in read("cpu.idle.mean")}
        for at, busy, _ in read("cpu.busy.mean")[:WINDOW_COUNT]:
            for one_busy, one_idle in zip(busy, idle[at]):
                self.assertTrue(0 <= one_busy <= 100, (at, one_busy))
                self.assertAlmostEqual(one_busy + one_idle, 100, delta=1e-9)
        for metric in ("cpu.user", "cpu.system", "cpu.iowait", "load.1m"):
            wait_until(lambda metric=metric: read(f"{metric}.mean"), metric)
        # Only the first sends memory, as the shipped configuration does.
        memory = f"sluice.hosts.node.{HOSTS[0]}.memory.used_percent.mean"
        used = wait_until(lambda: points_of(carbon, memory, since), memory)
        self.assertTrue(all(0 < value < 100 for value in used.values()), used)

        relay.stop()
        counters = relay.counters()
        self.assertGreater(counters["graphite_lines_received_total"], 0)
        self.assertEqual(counters["graphite_lines_malformed_total"], 0)
        self.assertEqual(counters["syslog_messages_received_total"], 0)
        self.assertEqual(counters["samples_total"], counters["samples_merged_total"])

    def test_the_shipped_snippet_is_valid(self):
        result = subprocess.run([program("collectd"), "-t", "-C", str(SHIPPED)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("error", (result.stdout + result.stderr).lower())


if __name__ == "__main__":
    unittest.main()
