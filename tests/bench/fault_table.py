#!/usr/bin/env python3
"""What a carbon that dies costs: for each fault and each sender, the datapoints published, stored and lost.

usage: fault_table.py SLUICE_BINARY

The senders are sluice, carbon-c-relay, collectd's write_graphite, and sluice behind whom a carbon-c-relay stands. Each
has a Debian carbon-cache of its own, and is given a new datapoint of every series every 2 s for as long as the fault
lasts and a little more. The faults come at the same seconds for all; sluice sends a window half a second after its
end, the others at once. A datapoint counts as stored when whisper holds the value published last. Prints the tables of
docs/delivery.md; takes about 4 minutes.
"""
import concurrent.futures
import pathlib
import signal
import socket
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from fault_rig import HOSTS, WINDOW, Carbon, Relay, line_of  # noqa: E402
from peers import Peer, program  # noqa: E402
from sluice_harness import HOST, accepts_tcp, free_port, wait_until  # noqa: E402

SERIES = 40  # Of the senders that are given datapoints.
SETTLE = 20  # Seconds, for whoever tries again and for carbon's writer.
SLOW_WRITER = 4  # Files a second.


class SluiceSender:
    name = "sluice"

    def __init__(self, case, folder, carbon):
        self.start(case, folder, carbon.port)

    def start(self, case, folder, port):
        self.relay = Relay(case, sys.argv[1], folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{port}"}])

    def feed(self, moment):
        with socket.create_connection((HOST, self.relay.port)) as connection:
            for number, host in enumerate(HOSTS):
                connection.sendall(line_of(host, number, moment))

    def published(self):
        return self.relay.published()

    def settle(self):
        self.relay.wait_delivered("graphite")


class Fed:
    """A sender that is told whole datapoints and remembers them."""

    def __init__(self):
        self.fed = {}

    def published(self):
        return self.fed

    def settle(self):
        pass  # It tells nobody when it has sent all.


class CarbonCRelay(Fed):
    name = "carbon-c-relay"

    def __init__(self, case, folder, carbon):
        super().__init__()
        self.port = free_port()
        config = folder / "relay.conf"
        config.write_text(f"""\
listen type linemode {HOST}:{self.port} proto tcp ;
cluster carbon forward {HOST}:{carbon.port} ;
match * send to carbon stop ;
""")
        self.peer = case.enterContext(Peer([program("carbon-c-relay"), "-s", "-f", str(config)], folder / "relay.log"))
        self.peer.wait_until_ready(lambda: accepts_tcp(self.port), "carbon-c-relay listens")

    def feed(self, moment):
        with socket.create_connection((HOST, self.port)) as connection:
            for number in range(SERIES):
                connection.sendall(f"fed.series{number} {number + 1} {moment}\n".encode())
                self.fed[f"fed.series{number}", moment] = number + 1


class Collectd(Fed):
    name = "collectd write_graphite"

    def __init__(self, case, folder, carbon):
        super().__init__()
        self.socket = folder / "collectd.sock"
        config = folder / "collectd.conf"
        config.write_text(f"""\
Hostname "fed"
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval {WINDOW}
LoadPlugin logfile
<Plugin logfile>
  File "{folder}/collectd-messages.log"
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{self.socket}"
</Plugin>
LoadPlugin write_graphite
<Plugin write_graphite>
  <Node "carbon">
    Host "{HOST}"
    Port "{carbon.port}"
    Protocol "tcp"
    ReconnectInterval 0
  </Node>
</Plugin>
""")
        self.peer = case.enterContext(Peer([program("collectd"), "-f", "-C", str(config)], folder / "collectd.log"))
        self.peer.wait_until_ready(self.listens, "collectd listens")

    def listens(self):
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.socket)) == 0  # The file is there a moment before it listens.

    def feed(self, moment):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            for number in range(SERIES):
                connection.sendall(f"PUTVAL fed/series-{number}/gauge interval={WINDOW} {moment}:{number + 1}\n".encode())
                connection.recv(4096)
                self.fed[f"fed.series-{number}.gauge", moment] = number + 1
            # It collects 1,428 octets before it writes; a flush gives it a fair chance.
            connection.sendall(b"FLUSH\n")
            connection.recv(4096)


class SluiceBehindRelay(SluiceSender):
    """sluice sends to carbon-c-relay, and that to carbon."""
    name = "sluice, carbon-c-relay behind it"

    def __init__(self, case, folder, carbon):
        self.between = CarbonCRelay(case, folder, carbon)
        self.start(case, folder, self.between.port)


# Each takes the carbon and a function that feeds the sender and waits for the next window.

def killed_between(carbon, go_on):
    go_on(2)
    carbon.kill()
    carbon.start()
    go_on(2)


def killed_with_unread_octets(carbon, go_on):
    go_on(2)
    carbon.signal(signal.SIGSTOP)
    go_on(3)
    carbon.kill()
    carbon.start()
    go_on(3)


def stopped_for_a_while(carbon, go_on):
    go_on(2)
    carbon.stop()
    go_on(5)
    carbon.start()
    go_on(3)


def killed_for_a_while(carbon, go_on):
    go_on(2)
    carbon.kill()
    go_on(5)
    carbon.start()
    go_on(3)


def no_fault(carbon, go_on):
    go_on(4)


def killed_behind(carbon, go_on):
    """Its writer is slow, as a busy disk makes it: it dies with several windows that are not written yet."""
    go_on(8)
    carbon.kill()
    carbon.updates_per_second = "inf"
    carbon.start()
    go_on(3)


FAULTS = {
    "none": no_fault,
    "`kill -9`, restarted at once": killed_between,
    "`kill -9` with a slow writer behind by windows, restarted at once": killed_behind,
    "hung for 6 s, then `kill -9` and restarted": killed_with_unread_octets,
    "SIGTERM, away for 10 s": stopped_for_a_while,
    "`kill -9`, away for 10 s": killed_for_a_while,
}
SENDERS = [SluiceSender, CarbonCRelay, Collectd, SluiceBehindRelay]


def run(case, fault, make_sender):
    folder = pathlib.Path(case.enterContext(tempfile.TemporaryDirectory()))
    carbon = Carbon(case, folder, start=False)
    if fault is killed_behind:
        carbon.updates_per_second = SLOW_WRITER
    carbon.start()
    sender = make_sender(case, folder, carbon)

    def go_on(windows):
        for _ in range(windows):
            moment = int(time.time()) // WINDOW * WINDOW
            sender.feed(moment)
            wait_until(lambda: time.time() >= moment + WINDOW, "the next window begins")

    fault(carbon, go_on)
    sender.settle()
    published = sender.published()
    time.sleep(SETTLE)
    stored = carbon.stored()
    kept = sum(stored.get(key) == value for key, value in published.items())
    return len(published), kept


class Table(unittest.TestCase):
    def runTest(self):
        print("| carbon-cache | sender | published | stored | lost |\n|---|---|---|---|---|", flush=True)
        for name, fault in FAULTS.items():
            # Side by side; a fault lasts for seconds in which everybody waits.
            with concurrent.futures.ThreadPoolExecutor(len(SENDERS)) as pool:
                results = [(sender.name, pool.submit(run, self, fault, sender)) for sender in SENDERS]
            for sender, result in results:
                published, kept = result.result()
                print(f"| {name} | {sender} | {published} | {kept} | {published - kept} |", flush=True)
                self.assertGreater(published, 0)
            self.doCleanups()


if __name__ == "__main__":
    unittest.TextTestRunner(verbosity=0).run(Table())
