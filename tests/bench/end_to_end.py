#!/usr/bin/env python3
"""Whole programs side by side: sluice, the yardsticks of this machine, and the peers that are installed.

scripts/bench builds what is needed and calls this. Every figure is the CPU time (user and system) of the whole
receiving process; figures of one run are taken by turns and compared with each other only.

A measured relay has the five rules of rules.json, one ingest worker, a window of 60 s, journal, spool and ledger,
and delivers to a local carbon that takes everything. Its hosts are known: some lines came before. The lines that
count are of the minute that is over, so that all of it is published, spooled and delivered while it is measured.
"""
import argparse
import contextlib
import mmap
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

BENCH = pathlib.Path(__file__).resolve().parent
SOURCE = BENCH.parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))

from sluice_harness import HOST, Failure, Sluice, datagram_drops, free_port, scratch, wait_until  # noqa: E402
import polled  # noqa: E402
import sluice_harness  # noqa: E402

SETTLE_SECONDS = 5  # Grace, the tick after it, and what corrections follow.
DEADLINE_SECONDS = 300


class Drain:
    """A carbon that takes everything and keeps nothing."""

    def __enter__(self):
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    @staticmethod
    def _read(connection):
        with contextlib.suppress(OSError), connection:
            while connection.recv(1 << 18):
                pass


def thread_seconds(pid):
    """{thread id: seconds of CPU}, to the nanosecond."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            seconds[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return seconds


class Cpu:
    """The CPU time that a process spends between two moments."""

    def __init__(self, pid):
        self.pid = pid
        self.begin = thread_seconds(pid)

    def by_thread(self):
        return {thread: used - self.begin.get(thread, 0) for thread, used in thread_seconds(self.pid).items()}

    def total(self):
        return sum(self.by_thread().values())


def send_stream(port, file):
    """Sends a file over one connection and returns when the receiver, having read all, closes too."""
    with open(file, "rb") as octets, socket.create_connection((HOST, port), DEADLINE_SECONDS) as connection:
        with mmap.mmap(octets.fileno(), 0, access=mmap.ACCESS_READ) as data:
            view = memoryview(data)
            for at in range(0, len(data), 1 << 20):
                connection.sendall(view[at:at + (1 << 20)])
            view.release()
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


class Bench:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.load = options.tools / "bench_load"
        self.notes = []  # What a table has no column for.
        self.yardstick = options.tools / "yardstick"

    def make(self, line_format="3164", framing="lf", lines=None, start=None, seconds=60):
        file = self.folder / "load"
        start = start or int(time.time()) // 60 * 60 - 60
        subprocess.run([self.load, "make", file, str(lines or self.options.lines), str(self.options.hosts),
                        str(self.options.clusters), line_format, framing, str(start), str(seconds)], check=True)
        return file

    def make_graphite(self):
        file = self.folder / "graphite"
        subprocess.run([self.load, "graphite", file, str(self.options.graphite_hosts), "32",
                        str(int(time.time()) // 60 * 60 - 1)], check=True)
        return file

    # Each returns lines per CPU second.

    def tcp_yardstick(self):
        return self._run_yardstick("tcp", lambda port: send_stream(port, self.make()))

    def udp_yardstick(self):
        return self._run_yardstick("udp", self.blast)

    def _run_yardstick(self, mode, send):
        port = free_port()
        process = subprocess.Popen([self.yardstick, mode, str(port)], stdout=subprocess.PIPE, text=True)
        try:
            if mode == "tcp":  # It accepts one connection, so that nobody may knock before.
                wait_until(lambda: _listens(port), "the yardstick listens")
            else:
                wait_until(lambda: sluice_harness._has_udp(port), "the yardstick listens")
            send(port)
            lines, seconds, _ = process.communicate(timeout=DEADLINE_SECONDS)[0].split()
        finally:
            process.kill()
            process.wait()
        return int(lines) / float(seconds)

    def blast(self, port):
        subprocess.run([self.load, "blast", self.make(), str(port), str(self.options.udp_rate)], check=True,
                       stdout=subprocess.DEVNULL)
        wait_until(lambda: not any(sluice_harness._udp_backlogs(port)), "the datagrams are read")

    @contextlib.contextmanager
    def relay(self, listen, **changes):
        with scratch() as folder, Drain() as carbon:
            config = {
                "listen": listen, "packs": [], "pack_dirs": [str(SOURCE / "rules")],
                "rules": [str(BENCH / "rules.json")],
                "clusters": {"patterns": ["^(?P<cluster>[a-z]+\\d)-"]},
                "destinations": [{"name": "local", "carbon": f"tcp://{HOST}:{carbon.port}",
                                  "new_series_per_minute": 0}],
                "state_dir": f"{folder}/state", "http": f"{HOST}:{free_port()}", "workers": 1} | changes
            with Sluice(self.options.sluice, config, folder) as relay:
                relay.http = config["http"]
                relay.wait_listening(tcp=[int(relay.http.rpartition(":")[2])])
                yield relay

    def counter(self, relay, name):
        with urllib.request.urlopen(f"http://{relay.http}/metrics", timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"sluice_{name} "):
                    return float(line.split()[1])
        raise Failure(f"/metrics has no {name}")

    def sluice_tcp(self, line_format="3164", framing="lf", **changes):
        port = free_port()
        with self.relay([{"syslog": f"tcp://{HOST}:{port}"}], **changes) as relay:
            relay.wait_listening(tcp=[port])
            self.warm_up(lambda file: send_stream(port, file), line_format, framing)
            file = self.make(line_format, framing)
            return self.measured(relay, self.options.lines, lambda: send_stream(port, file))

    def warm_up(self, send, line_format="3164", framing="lf"):
        """Each host has spoken, and its clock is believed."""
        send(self.make(line_format, framing, lines=10 * self.options.hosts, start=int(time.time()), seconds=1))
        time.sleep(2)

    def measured(self, relay, lines, send, counter="syslog_messages_received_total"):
        known = self.counter(relay, counter)
        cpu = Cpu(relay.process.pid)
        send()
        self.receiving = cpu.by_thread()
        time.sleep(SETTLE_SECONDS)
        seconds = cpu.total()
        received = self.counter(relay, counter) - known
        if received != lines:
            raise Failure(f"sluice counted {received:.0f} of {lines} lines")
        return lines / seconds

    def sluice_all_packs(self):
        packs = sorted(file.stem for file in (SOURCE / "rules").glob("*.json"))
        return self.sluice_tcp(packs=packs, rules=[])

    def sluice_udp(self):
        port = free_port()
        with self.relay([{"syslog": f"udp://{HOST}:{port}", "receive_buffer": "32MiB"}]) as relay:
            relay.wait_listening(udp=[port])
            self.warm_up(lambda file: send_stream_as_datagrams(self, port, file))
            before = datagram_drops(port)
            rate = self.measured_udp(relay, port)
            self.udp_drops = datagram_drops(port) - before
            return rate

    def measured_udp(self, relay, port):
        known = self.counter(relay, "syslog_messages_received_total")
        cpu = Cpu(relay.process.pid)
        self.blast(port)
        time.sleep(SETTLE_SECONDS)
        seconds = cpu.total()
        return (self.counter(relay, "syslog_messages_received_total") - known) / seconds

    def two_workers(self):
        """Lines by the CPU seconds of the busier of two ingest threads, sent over eight connections."""
        port = free_port()
        with self.relay([{"syslog": f"tcp://{HOST}:{port}"}], workers=2) as relay:
            relay.wait_listening(tcp=[port])
            self.warm_up(lambda file: send_stream(port, file))
            parts = split(self.make(), 8, self.folder)
            self.measured(relay, self.options.lines, lambda: send_at_once(port, parts))
            return self.options.lines / max(self.receiving.values())

    def one_worker(self):
        """The same by one ingest thread."""
        port = free_port()
        with self.relay([{"syslog": f"tcp://{HOST}:{port}"}]) as relay:
            relay.wait_listening(tcp=[port])
            self.warm_up(lambda file: send_stream(port, file))
            parts = split(self.make(), 8, self.folder)
            self.measured(relay, self.options.lines, lambda: send_at_once(port, parts))
            return self.options.lines / max(self.receiving.values())

    def sluice_paced(self):
        return polled.Polled(self).lines_per_cpu_second(clients=0)

    def sluice_polled(self):
        return polled.Polled(self).lines_per_cpu_second(clients=polled.CLIENTS)

    def sluice_graphite(self):
        port = free_port()
        with self.relay([{"graphite": f"tcp://{HOST}:{port}"}], packs=["collectd"], rules=[]) as relay:
            relay.wait_listening(tcp=[port])
            send_stream(port, self.make_graphite())
            time.sleep(2)
            return self.measured(relay, self.options.graphite_hosts * 256,
                                 lambda: send_stream(port, self.make_graphite()), "graphite_lines_received_total")

    # The peers. Each is told the same facts in its own words, as far as it can say them.

    def rsyslog(self):
        port = free_port()
        config = self._peer_file("rsyslog.conf", port=port)
        self._peer_file("rsyslog.rulebase")
        command = ["rsyslogd", "-n", "-f", config, "-i", self.folder / "rsyslog.pid"]
        return self._peer_stream(command, port, self.make, self.options.peer_lines)

    def carbon_c_relay(self):
        port = free_port()
        config = self._peer_file("carbon-c-relay.conf", port=port)
        return self._peer_stream(["carbon-c-relay", "-f", config], port, lambda **_: self.make_graphite(),
                                 self.options.graphite_hosts * 256)

    def syslog_ng(self):
        root = self._syslog_ng_root()
        port = free_port()
        config = self._peer_file("syslog-ng.conf", port=port)
        modules = next((root / "usr/lib/syslog-ng").glob("3.*"))
        command = ["env", f"LD_LIBRARY_PATH={root}/usr/lib/syslog-ng", root / "usr/sbin/syslog-ng", "-F", "--no-caps",
                   "-f", config, f"--module-path={modules}", "-R", self.folder / "sng.persist", "-p",
                   self.folder / "sng.pid", "-c", self.folder / "sng.ctl"]
        return self._peer_stream(command, port, self.make, self.options.peer_lines)

    @staticmethod
    def _syslog_ng_root():
        return SOURCE / "build/cache/syslog-ng"

    def mtail(self):
        """From a file, as it is meant to be used; read once from its start to its end."""
        file = self.make(lines=self.options.peer_lines)
        program = self._peer_file("bench.mtail")
        cpu_file = subprocess.run(
            ["bash", "-c", "TIMEFORMAT='%U %S'; time mtail --one_shot --progs \"$0\" --logs \"$1\" >/dev/null 2>&1",
             program, file], capture_output=True, text=True, check=False)
        user, system = map(float, cpu_file.stderr.split()[-2:])
        return self.options.peer_lines / (user + system)

    def missing(self, name):
        """Why a peer cannot run here; empty if it can."""
        if name == "syslog_ng":
            return "" if self._syslog_ng_root().is_dir() else "not unpacked (scripts/unpack-syslog-ng)"
        program = {"rsyslog": "rsyslogd", "carbon_c_relay": "carbon-c-relay", "mtail": "mtail"}[name]
        if not shutil.which(program):
            return "not installed"
        if name == "rsyslog" and not list(pathlib.Path("/usr/lib").glob("*/rsyslog/mmnormalize.so")):
            return "its mmnormalize is not installed (rsyslog-mmnormalize)"
        return ""

    def _peer_file(self, name, **words):
        text = (BENCH / "peers" / name).read_text().replace("@FOLDER@", str(self.folder))
        for word, value in words.items():
            text = text.replace(f"@{word.upper()}@", str(value))
        (self.folder / name).write_text(text)
        return self.folder / name

    def _peer_stream(self, command, port, make, lines):
        with open(self.folder / "peer.log", "ab") as log:
            process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log)
        try:
            wait_until(lambda: sluice_harness.accepts_tcp(port), f"{command[0]} listens")
            file = make(lines=lines)
            cpu = Cpu(process.pid)
            send_stream(port, file)
            return lines / settled(cpu)
        finally:
            process.terminate()
            process.wait(30)


def settled(cpu):
    """The CPU time when the process has done what it read: it grows no more, or hardly."""
    used = cpu.total()
    for _ in range(60):
        time.sleep(1)
        more = cpu.total()
        if more - used < 0.02:
            return used
        used = more
    return used


def send_stream_as_datagrams(bench, port, file):
    subprocess.run([bench.load, "blast", file, str(port), "20000"], check=True, stdout=subprocess.DEVNULL)


def split(file, count, folder):
    """The lines of a file dealt to `count` files."""
    names = [folder / f"part{i}" for i in range(count)]
    data = file.read_bytes()
    at = 0
    for i, name in enumerate(names):
        end = len(data) if i == count - 1 else data.index(b"\n", len(data) * (i + 1) // count) + 1
        name.write_bytes(data[at:end])
        at = end
    return names


def send_at_once(port, files):
    """Each file over a connection of its own. The kernel deals connections to workers by their ports."""
    senders = [threading.Thread(target=send_stream, args=(port, file)) for file in files]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def _listens(port):
    with open("/proc/net/tcp") as rows:
        return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in list(rows)[1:])


# What is measured, in the order of the table: name, what it is, what it is compared with, and what is wanted.
CASES = [
    ("tcp_yardstick", "yardstick: bare C++ loop, TCP, RFC 3164", "", ""),
    ("sluice_lf", "sluice, TCP, LF, RFC 3164", "tcp_yardstick", "0.6"),
    ("sluice_octet", "sluice, TCP, octet-counted, RFC 3164", "tcp_yardstick", "0.6"),
    ("sluice_lf_5424", "sluice, TCP, LF, RFC 5424", "tcp_yardstick", "0.6"),
    ("sluice_octet_5424", "sluice, TCP, octet-counted, RFC 5424", "tcp_yardstick", "0.6"),
    ("sluice_all_packs", "sluice, TCP, LF, RFC 3164, all shipped packs", "sluice_lf", "0.5"),
    ("udp_yardstick", "yardstick: recvmmsg() loop that counts", "", ""),
    ("sluice_udp", "sluice, UDP, RFC 3164", "udp_yardstick", "0.6"),
    ("one_worker", "sluice, the ingest thread of one worker", "", ""),
    ("two_workers", "sluice, the busier of two ingest threads", "one_worker", "1.7"),
    ("sluice_paced", "sluice, TCP, LF, at a steady pace (--pace)", "", ""),
    ("sluice_polled", "the same, page and API polled by 50 clients", "sluice_paced", ""),
    ("carbon_c_relay", "carbon-c-relay, aggregate, Graphite lines", "", ""),
    ("sluice_graphite", "sluice, Graphite lines, pack collectd", "carbon_c_relay", "3"),
    ("rsyslog", "rsyslog, imptcp + mmnormalize + omfile (no averages)", "", ""),
    ("syslog_ng", "syslog-ng, regexp-parser + grouping-by", "", ""),
    ("mtail", "mtail, from a file (sums only)", "", ""),
]
PEERS = {"carbon_c_relay", "rsyslog", "syslog_ng", "mtail"}


def measure(bench, name):
    variants = {"sluice_lf": {}, "sluice_octet": {"framing": "octet"}, "sluice_lf_5424": {"line_format": "5424"},
                "sluice_octet_5424": {"framing": "octet", "line_format": "5424"}}
    if name in variants:
        return bench.sluice_tcp(**variants[name])
    return getattr(bench, name)()


def ratio(figures, name, base):
    """The median of the ratios of each round: what slows the machine for a while slows both."""
    if not base or not figures.get(base) or not figures.get(name):
        return None
    return statistics.median(one / other for one, other in zip(figures[name], figures[base]))


def table(figures, absent, rounds):
    lines = ["| | million lines per CPU second | ratio | of | aim |", "| --- | --- | --- | --- | --- |"]
    titles = {name: title for name, title, _, _ in CASES}
    for name, title, base, aim in CASES:
        if name in absent:
            lines.append(f"| {title} | {absent[name]} | | | |")
        if not figures.get(name):
            continue
        found = ratio(figures, name, base)
        cells = [f"{found:.2f}", titles[base].split(",")[0].split(":")[0], aim] if found else ["", "", ""]
        lines.append(f"| {title} | {statistics.median(figures[name]) / 1e6:.2f} | {' | '.join(cells)} |")
    for peer, aim in (("rsyslog", 5), ("syslog_ng", 15), ("mtail", 25)):
        if found := ratio(figures, "sluice_lf", peer):
            lines.append(f"| sluice, TCP, LF, RFC 3164 | | {found:.1f} | {peer.replace('_', '-')} | {aim} |")
    lines.append("")
    lines.append(f"Medians of {rounds} rounds, all of a round by turns.")
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True, help="folder of bench_load and yardstick")
    parser.add_argument("--quick", action="store_true", help="few lines, one round: tries the bench, claims nothing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--peer-lines", type=int, default=200_000, help="lines for the peers, which are slow")
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--clusters", type=int, default=20)
    parser.add_argument("--graphite-hosts", type=int, default=3000)
    parser.add_argument("--udp-rate", type=int, default=300_000, help="datagrams a second")
    parser.add_argument("--pace", type=int, default=100_000, help="lines a second, where they come at a steady pace")
    parser.add_argument("--only", default="", help="names of cases, joined by commas")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.lines, options.peer_lines, options.graphite_hosts = 1, 20_000, 5_000, 50
        options.hosts = 200
    return options


def main():
    options = arguments()
    wanted = set(filter(None, options.only.split(","))) or {name for name, *_ in CASES}
    unknown = wanted - {name for name, *_ in CASES}
    if unknown:
        print(f"no such case: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    figures = {}
    with scratch() as folder:
        bench = Bench(options, pathlib.Path(folder))
        absent = {name: why for name in wanted & PEERS if (why := bench.missing(name))}
        for number in range(options.rounds):
            for name, title, _, _ in CASES:
                if name in wanted and name not in absent:
                    figures.setdefault(name, []).append(measure(bench, name))
                    print(f"round {number + 1}: {title}: {figures[name][-1] / 1e6:.3f}", file=sys.stderr, flush=True)
    print(table(figures, absent, options.rounds))
    if bench.notes:
        print("\n" + "\n".join(f"- {note}" for note in bench.notes))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        sys.exit(1)
