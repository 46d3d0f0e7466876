"""What collectd would send of the hosts of the demo: a recording of one host (tests/data/collectd), played for each of
them, each beginning with another of its reports."""
import contextlib
import pathlib
import socket
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDING = SOURCE / "tests/data/collectd/default.raw"
RECORDED_HOST = "mon01_prod_example_com"
EVERY_SECONDS = 4


def reports(text: str) -> list[list[tuple[str, str]]]:
    """The (path, value) pairs of each report, the path without its host; the first rates, which are nan, left out."""
    by_stamp: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        path, value, stamp = line.split()
        if value != "nan":
            by_stamp.setdefault(stamp, []).append((path.removeprefix(RECORDED_HOST), value))
    # The first report has no rates yet.
    return [by_stamp[stamp] for stamp in sorted(by_stamp)][2:]


class Player(threading.Thread):
    """Sends a report of every host every few seconds until it is told to stop, or the relay is gone."""

    def __init__(self, port: int, hosts: list[str]):
        super().__init__(daemon=True)
        self.port, self.hosts, self.is_over = port, hosts, threading.Event()
        self.reports = reports(RECORDING.read_text())

    def run(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as relay:
            turn = 0
            while not self.is_over.is_set():
                now = int(time.time())
                relay.sendall("".join(self.report(host, turn + place, now) for place, host in enumerate(self.hosts)).encode())
                turn += 1
                self.is_over.wait(EVERY_SECONDS)

    def report(self, host: str, turn: int, now: int) -> str:
        return "".join(f"{host}{path} {value} {now}\n" for path, value in self.reports[turn % len(self.reports)])

    def terminate(self) -> None:
        self.is_over.set()
