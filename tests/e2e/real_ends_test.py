#!/usr/bin/env python3
"""Debian's rsyslogd in front, Debian's carbon-cache behind: what goes in as Puppet's log lines can be
read back with whisper-fetch as the numbers that were expected, whichever way rsyslog forwards.

One rsyslogd forwards every message in four ways at once, each to a relay of its own; the relays share
one carbon and differ by prefix, so that the same lines must give the same numbers four times.
"""
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from peers import CarbonCache, Rsyslogd, program
from sluice_harness import Failure, Sluice, free_port, wait_until

SLUICE = sys.argv.pop(1)
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SHIPPED_ACTION = SOURCE / "packaging/rsyslog/60-sluice.conf"
SCHEMAS = SOURCE / "packaging/carbon/storage-schemas.conf"
AGGREGATION = SOURCE / "packaging/carbon/storage-aggregation.conf"

WINDOW = 10  # Seconds, and the step of carbon's first archive.
DELIVERY_SECONDS_MAX = 180  # Of the whole fleet on a slow machine; usually the window and a little.
TIMING = "puppet.time.catalog_application"
RUNS = "puppet.runs.completed"

# Host -> seconds of its runs.
APPLIED = {
    "web01.example.com": [2.5, 7.5],
    "web02.example.com": [11.0],
    "db01.example.com": [40.25],
    "db02.example.com": [0.75, 1.25, 4.0],
}
CLUSTERS = {"web": ["web01.example.com", "web02.example.com"], "db": ["db01.example.com", "db02.example.com"]}


def omfwd(port: int, protocol: str, *parameters: str) -> str:
    return " ".join([f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="{protocol}"', *parameters]) + ")"


def shipped_action(port: int) -> str:
    """The snippet of packaging/rsyslog, pointed to a relay of the test."""
    text = SHIPPED_ACTION.read_text()
    for shipped, ours in (('"sluice.example.com"', '"127.0.0.1"'), ('port="5514"', f'port="{port}"')):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, ours)
    return text


# Each way of forwarding is its own relay and prefix.
WAYS = {
    "udp": lambda port: omfwd(port, "udp"),
    "lf": lambda port: omfwd(port, "tcp"),
    "octet": lambda port: omfwd(port, "tcp", 'TCP_Framing="octet-counted"',
                                'template="RSYSLOG_SyslogProtocol23Format"'),
    "shipped": shipped_action,
}


def puppet_lines(moment: int) -> list[bytes]:
    """What the hosts of APPLIED log within the window that starts at `moment`, and what else comes by."""
    lines = []
    for host, runs in APPLIED.items():
        for pid, seconds in enumerate(runs, 1000):
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment + len(lines) % WINDOW))
            lines.append(f"<29>{at} {host} puppet-agent[{pid}]: Applied catalog in {seconds:.2f} seconds")
            lines.append(f"<86>{at} {host} useradd[{pid}]: Applied catalog in 9999.99 seconds")
    return [line.encode() for line in lines]


def expected_leaves() -> dict[str, float]:
    """Path behind the prefix -> value, computed from APPLIED by the definitions of the leaves."""
    leaves = {}
    for cluster, hosts in CLUSTERS.items():
        for host in hosts:
            scope = f"hosts.{cluster}.{host.replace('.', '_')}"
            runs = APPLIED[host]
            leaves[f"{scope}.{TIMING}.mean"] = sum(runs) / len(runs)
            leaves[f"{scope}.{TIMING}.max"] = max(runs)
            leaves[f"{scope}.{TIMING}.count"] = len(runs)
            leaves[f"{scope}.{RUNS}.count"] = len(runs)
        leaves |= fleet_leaves(f"clusters.{cluster}", hosts)
    return leaves | fleet_leaves("all", list(APPLIED))


def fleet_leaves(scope: str, hosts: list[str]) -> dict[str, float]:
    runs = sorted(seconds for host in hosts for seconds in APPLIED[host])
    nearest_rank = lambda percent: runs[max(0, -(-percent * len(runs) // 100) - 1)]
    return {
        f"{scope}.{TIMING}.count": len(runs),
        f"{scope}.{TIMING}.mean": sum(runs) / len(runs),
        f"{scope}.{TIMING}.min": runs[0],
        f"{scope}.{TIMING}.max": runs[-1],
        f"{scope}.{TIMING}.p50": nearest_rank(50),
        f"{scope}.{TIMING}.p95": nearest_rank(95),
        f"{scope}.{RUNS}.count": len(runs),
        f"{scope}.{RUNS}.hosts": len(hosts),
    }


def close(found: float | None, expected: float) -> bool:
    """Equal but for doubles being printed and read again, far below what one sample makes."""
    return found is not None and abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


class RealEnds(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def start_carbon(self) -> CarbonCache:
        # The shipped snippets, made to fit the test's prefixes and its short window.
        prefixes = "^(" + "|".join(WAYS) + r")\."
        schemas = SCHEMAS.read_text().replace(r"^sluice\.", prefixes).replace("60s:7d", f"{WINDOW}s:1d")
        aggregation = AGGREGATION.read_text().replace(r"^sluice\.", prefixes)
        return self.enterContext(CarbonCache(self.scratch / "carbon", free_port(), schemas, aggregation))

    def start_relay(self, way: str, carbon_port: int) -> int:
        """Gives the port of a relay whose prefix is the way."""
        port = free_port()
        folder = self.scratch / way
        folder.mkdir()
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"udp://127.0.0.1:{port}"}, {"syslog": f"tcp://127.0.0.1:{port}"}],
            "pack_dirs": [str(SOURCE / "rules")],
            "state_dir": str(folder / "state"), "http": "off", "tz": "UTC",
            "prefix": way,
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"], "default": "other"},
            "window": f"{WINDOW}s", "grace": "1s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{carbon_port}",
                              "new_series_per_minute": 0}],
        }, folder))
        relay.wait_listening(tcp=[port], udp=[port])
        return port

    def test_numbers_arrive_in_whisper_each_way(self):
        carbon = self.start_carbon()
        rules = "\n".join(action(self.start_relay(way, carbon.port)) for way, action in WAYS.items())
        rsyslogd = self.enterContext(Rsyslogd(self.scratch / "rsyslog", rules))

        # Stamps must be near now for the way that carries no year or zone; the window may already be
        # over when they arrive, which the relay then corrects.
        window = int(time.time()) // WINDOW * WINDOW
        with socket.create_connection(("127.0.0.1", rsyslogd.port)) as front:
            front.sendall(b"".join(line + b"\n" for line in puppet_lines(window)))

        expected = {f"{way}.{path}": value for way in WAYS for path, value in expected_leaves().items()}
        differing = dict(expected)

        def all_arrived() -> bool:
            for path, value in list(differing.items()):
                if close(carbon.value_at(path, window), value):
                    del differing[path]
            return not differing

        try:
            wait_until(all_arrived, "the expected values in whisper", DELIVERY_SECONDS_MAX)
        except Failure:
            found = {path: (carbon.value_at(path, window), value) for path, value in differing.items()}
            self.fail(f"{len(found)} of {len(expected)} series differ (found, expected): {found}")
        self.check_roll_ups(carbon)

    def check_roll_ups(self, carbon: CarbonCache) -> None:
        """The shipped aggregation sections reach the leaves they are meant for."""
        for leaf, method in (("count", "sum"), ("mean", "average"), ("min", "min"), ("max", "max"), ("p95", "max")):
            info = carbon.info(f"lf.all.{TIMING}.{leaf}")
            self.assertEqual((info["aggregationMethod"], float(info["xFilesFactor"])), (method, 0.0), leaf)

    def test_the_shipped_rsyslog_snippet_is_valid(self):
        result = subprocess.run([program("rsyslogd"), "-N1", "-f", str(SHIPPED_ACTION)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("error", result.stderr)

    def test_the_shipped_carbon_schemas_are_valid(self):
        result = subprocess.run([program("validate-storage-schemas"), str(SCHEMAS)],
                                capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("'sluice'", result.stdout)

    def test_the_readme_shows_the_shipped_rsyslog_snippet(self):
        lines = SHIPPED_ACTION.read_text().splitlines(keepends=True)
        shipped = "".join(line for line in lines if not line.startswith("#"))
        self.assertIn(shipped, (SOURCE / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
