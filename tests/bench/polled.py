"""A relay that takes in lines at a steady pace, with and without clients that look at its page meanwhile."""
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from sluice_harness import HOST, Failure, free_port

CHUNKS_PER_SECOND = 100
CLIENTS = 50
# The page asks every ten seconds; these ask ten times as often.
BETWEEN_SECONDS = 1


def send_paced(port, file, per_second):
    """The lines of a file over one connection at a steady pace; returns the seconds that it took."""
    lines = file.read_bytes().splitlines(keepends=True)
    chunk = max(1, per_second // CHUNKS_PER_SECOND)
    begin = time.monotonic()
    with socket.create_connection((HOST, port), 300) as connection:
        for sent in range(0, len(lines), chunk):
            time.sleep(max(0, begin + sent / per_second - time.monotonic()))
            connection.sendall(b"".join(lines[sent:sent + chunk]))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    return time.monotonic() - begin


class Polled:
    """Measures with `bench`, an end_to_end.Bench."""

    def __init__(self, bench):
        self.bench = bench

    def lines_per_cpu_second(self, clients):
        port = free_port()
        bench = self.bench
        with bench.relay([{"syslog": f"tcp://{HOST}:{port}"}]) as relay:
            relay.wait_listening(tcp=[port])
            bench.warm_up(lambda file: send_paced(port, file, 10 * bench.options.pace))
            file = bench.make(lines=bench.options.lines)
            pollers = self.start_pollers(relay, clients)
            try:
                time.sleep(2)  # The page itself, which a client fetches once, is not part of it.
                took = []
                rate = bench.measured(relay, bench.options.lines,
                                      lambda: took.append(send_paced(port, file, bench.options.pace)))
            finally:
                told = self.stop_pollers(pollers)
            self.check(relay)
            bench.notes.append(self.note(rate, took[0], told))
            return rate

    @staticmethod
    def start_pollers(relay, clients):
        if not clients:
            return None
        script = pathlib.Path(__file__).resolve().parent / "pollers.py"
        return subprocess.Popen([sys.executable, script, relay.http, str(clients), str(BETWEEN_SECONDS)],
                                stdout=subprocess.PIPE, text=True)

    @staticmethod
    def stop_pollers(pollers):
        if pollers is None:
            return None
        pollers.send_signal(signal.SIGTERM)
        return json.loads(pollers.communicate(timeout=120)[0])

    @staticmethod
    def check(relay):
        with urllib.request.urlopen(f"http://{relay.http}/api/v1/ledger", timeout=30) as answer:
            ledger = json.load(answer)
        if any(ledger["uncounted_loss"].values()):
            raise Failure(f"uncounted loss: {ledger['uncounted_loss']}")

    def note(self, rate, took, told):
        ingest = max(self.bench.receiving.values()) / self.bench.options.lines * 1e6
        words = (f"{self.bench.options.lines:,} lines in {took:.1f} s, every one counted: {1e6 / rate:.2f} us of CPU a line, "
                 f"{ingest:.2f} us of them in the ingest thread")
        if told is None:
            return f"Nobody asks: {words}."
        statuses = ", ".join(f"{count:,} of status {status}" for status, count in sorted(told["statuses"].items()))
        return (f"{CLIENTS} clients ask: {words}; answers: {statuses}, in {told['median_ms']:.0f} ms (median), "
                f"{told['p99_ms']:.0f} ms (99 of 100), {told['slowest_ms']:.0f} ms (slowest).")
