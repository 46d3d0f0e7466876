#!/usr/bin/env python3
"""What a relay bears for a minute and longer: no datagram lost, memory that stays flat, datapoints in time, and a large
fleet's memory.

scripts/bench --endurance builds what is needed and calls this. Unlike the ratios of end_to_end.py these are pass or
fail, on whatever machine it is; what was found is printed beside what is wanted.
"""
import argparse
import pathlib
import socket
import subprocess
import sys
import threading
import time

import end_to_end
from end_to_end import Bench
from sluice_harness import HOST, datagram_drops, free_port, scratch

WINDOW = 10  # Seconds, where several windows are watched.
GRACE = 2


def resident(pid):
    """Octets of memory of a process, now and at most so far."""
    fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))


class Arrivals:
    """A carbon that remembers when each datapoint came first, in seconds after the end of its window."""

    def __enter__(self):
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.first = {}
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        try:
            while True:
                threading.Thread(target=self._read, args=self._listener.accept()[:1], daemon=True).start()
        except OSError:
            pass

    def _read(self, connection):
        rest = b""
        with connection:
            while chunk := connection.recv(1 << 20):
                came = time.time()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    path, _, at = line.split()
                    self.first.setdefault((path, int(at)), came)

    def delays(self, since):
        """Of the windows that ended after `since`, sorted; the relay's own series are left out."""
        return sorted(came - at - WINDOW for (path, at), came in self.first.items()
                      if at + WINDOW > since and not path.startswith(b"sluice.relays."))


class Endurance:
    def __init__(self, options, folder):
        self.options = options
        self.bench = Bench(options, folder)
        self.rows = []

    def row(self, what, found, wanted, is_met):
        self.rows.append((what, found, wanted, is_met))
        print(f"{what}: {found} (wanted: {wanted}){'' if is_met else ' NOT MET'}", file=sys.stderr, flush=True)

    def stream(self, port, rate, hosts):
        """Lines sent and the seconds that it took."""
        words = [self.bench.load, "stream", port, rate, self.options.seconds, hosts, self.options.clusters]
        told = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True)
        lines, seconds = told.stdout.split()
        return int(lines), float(seconds)

    def datagrams(self):
        """The receive buffer is the one that packaging/systemd/sluice.socket sets."""
        port, rate = free_port(), self.options.udp_rate
        with self.bench.relay([{"syslog": f"udp://{HOST}:{port}", "receive_buffer": "64MiB"}]) as relay:
            relay.wait_listening(udp=[port])
            before, known = datagram_drops(port), self.bench.counter(relay, "syslog_messages_received_total")
            # One sender alone may not reach the rate.
            words = [self.bench.load, "blast", self.bench.make(lines=rate // 2), str(port), str(rate // 2),
                     str(self.options.seconds)]
            senders = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
            told = [sender.communicate()[0].split() for sender in senders]
            sent, took = sum(int(one[0]) for one in told), max(float(one[3]) for one in told)
            time.sleep(3)
            received = self.bench.counter(relay, "syslog_messages_received_total") - known
            dropped = datagram_drops(port) - before
        self.row(f"{rate:,} datagrams a second for {self.options.seconds} s",
                 f"{sent:,.0f} sent in {took:.1f} s ({sent / took:,.0f} a second), {received:,.0f} received, {dropped} "
                 "dropped by the kernel", "all received, at that rate", received == sent and sent / took > rate * 0.97)

    def flat_memory(self):
        port = free_port()
        with self.bench.relay([{"syslog": f"tcp://{HOST}:{port}"}]) as relay:
            relay.wait_listening(tcp=[port])
            sampled = []
            sender = threading.Thread(target=lambda: sampled.append(self.stream(port, 1_000_000, self.options.hosts)))
            sender.start()
            sizes = []
            while sender.is_alive():
                time.sleep(1)
                sizes.append(resident(relay.process.pid)[0])
            lines, took = sampled[0]
            time.sleep(3)
            received = self.bench.counter(relay, "syslog_messages_received_total")
        # The first windows bring the series; from the second third on nothing new comes.
        third = max(1, len(sizes) // 3)
        settled, last = max(sizes[third:2 * third]), max(sizes[2 * third:])
        self.row(f"a million lines a second offered for {self.options.seconds} s",
                 f"{lines:,} lines taken in {took:.1f} s, {received:,.0f} counted; resident {settled / 2**20:.0f} MiB in "
                 f"the second third, {last / 2**20:.0f} MiB in the last", "all counted; flat (5 %)",
                 received == lines and last <= settled * 1.05)

    def delays(self):
        port = free_port()
        with Arrivals() as carbon, self.bench.relay(
                [{"syslog": f"tcp://{HOST}:{port}"}], window=f"{WINDOW}s", grace=f"{GRACE}s", destinations=[
                    {"name": "local", "carbon": f"tcp://{HOST}:{carbon.port}", "new_series_per_minute": 0}]) as relay:
            relay.wait_listening(tcp=[port])
            begin = time.time()
            lines, took = self.stream(port, 200_000, self.options.hosts)
            time.sleep(WINDOW + GRACE + 3)
            delays = carbon.delays(begin)
        if not delays:
            raise end_to_end.Failure("no window was whole; --seconds is too short")
        share = delays[int(len(delays) * 0.99)]
        self.row(f"200,000 lines a second for {self.options.seconds} s, window {WINDOW} s, grace {GRACE} s",
                 f"{lines:,} lines in {took:.1f} s; {len(delays):,} datapoints at carbon {delays[len(delays) // 2]:.2f} s "
                 f"(median), {share:.2f} s (99 of 100), {delays[-1]:.2f} s (last) after the end of their window",
                 f"99 of 100 below {GRACE + 1} s", share < GRACE + 1)

    def fleet(self):
        """An hour of a fleet, each of whose hosts gives ten series in every minute. Its lines come as quickly as they
        are taken, minute after minute of an hour that is over, as after an outage: then the relay holds all that it
        would hold of them live."""
        port, hosts, series = free_port(), self.options.fleet, 10
        rules = self.bench.folder / "ten.json"
        rules.write_text(TEN_SERIES)
        with self.bench.relay([{"syslog": f"tcp://{HOST}:{port}"}], rules=[str(rules)], horizon="1h") as relay:
            relay.wait_listening(tcp=[port])
            minutes = [int(time.time()) // 60 * 60 - 60 * back for back in range(self.options.fleet_minutes, 0, -1)]
            for minute in minutes:
                with socket.create_connection((HOST, port), 300) as connection:
                    stamp = time.strftime("%Y-%m-%dT%H:%M:30Z", time.gmtime(minute))
                    for first in range(0, hosts, 1000):
                        connection.sendall("".join(
                            f"<29>1 {stamp} web{host % 20}-{host:05}.example.com ten - - - s{number} value={host % 7}.5\n"
                            for host in range(first, min(hosts, first + 1000)) for number in range(series)).encode())
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass
            time.sleep(self.options.seconds)  # Corrections have a budget a second.
            now, most = resident(relay.process.pid)
            held = self.bench.counter(relay, "store_bytes")
            received = self.bench.counter(relay, "syslog_messages_received_total")
        self.row(f"{hosts:,} hosts with {series} series each, {len(minutes)} minutes of them",
                 f"{received:,.0f} lines; resident {now / 1e6:.0f} MB, at most {most / 1e6:.0f} MB while they came; of "
                 f"them windows {held / 1e6:.0f} MB", "below 400 MB", now < 400e6)

    def table(self):
        lines = ["| what | found | wanted | |", "| --- | --- | --- | --- |"]
        return "\n".join([*lines, *(f"| {what} | {found} | {wanted} | {'met' if met else 'not met'} |"
                                    for what, found, wanted, met in self.rows)])


TEN_SERIES = """{"pack": "ten", "rules": [{"name": "ten", "app": ["ten"], "match": "^s(?P<number>[0-9]) value=(?P<value>[0-9.]+)$",
  "emit": [{"metric": "ten.s{number}", "type": "gauge", "value": "value"}],
  "examples": [{"line": "s1 value=2.5", "gives": {"ten.s1": 2.5}}]}]}"""
CASES = ["datagrams", "flat_memory", "delays", "fleet"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--udp-rate", type=int, default=200_000)
    parser.add_argument("--fleet", type=int, default=20_000, help="hosts of the large fleet")
    parser.add_argument("--fleet-minutes", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="some seconds, a small fleet: tries the bench, claims nothing")
    parser.add_argument("--only", default=",".join(CASES), help="names of cases, joined by commas")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.udp_rate, options.fleet, options.fleet_minutes = 3, 20_000, 200, 3
    with scratch() as folder:
        endurance = Endurance(options, pathlib.Path(folder))
        for name in options.only.split(","):
            getattr(endurance, name)()
    print(endurance.table())
    return 0 if options.quick or all(met for *_, met in endurance.rows) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except end_to_end.Failure as failure:
        print(f"endurance: {failure}", file=sys.stderr)
        sys.exit(1)
