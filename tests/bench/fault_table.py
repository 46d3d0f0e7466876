#!/usr/bin/env python3
"""What a carbon that dies costs: for each fault and each sender, the datapoints published, stored and lost.

usage: fault_table.py SLUICE_BINARY

The senders are sluice, carbon-c-relay and collectd's write_graphite, each in front of a Debian carbon-cache of
its own, each given a new datapoint of every series every 2 s for as long as the fault lasts and a little more. The
faults are the same for all and come at the same points of a datapoint's way. Prints the table of docs/delivery.md.
"""
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


class SluiceSender:
    name = "sluice"

    def __init__(self, case, folder, carbon):
        self.relay = Relay(case, sys.argv[1], folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{carbon.port}"}])

    def feed(self, moment):
        with socket.create_connection((HOST, self.relay.port)) as connection:
            for number, host in enumerate(HOSTS):
                connection.sendall(line_of(host, number, moment))

    def published(self):
        return set(self.relay.published())

    def settle(self):
        self.relay.wait_delivered("graphite")


class Fed:
    """A sender that is told whole datapoints and remembers them."""

    def __init__(self):
        self.fed = set()

    def published(self):
        return self.fed

    def settle(self):
        time.sleep(3 * WINDOW)  # It tells nobody when it has sent all.


class CarbonCRelay(Fed):
    name = "carbon-c-relay"

    def __init__(self, case, folder, carbon):
        super().__init__()
        self.port = free_port()
        config = folder / "relay.conf"
        config.write_text(f"cluster carbon forward {HOST}:{carbon.port} ;\nmatch * send to carbon stop ;\n")
        self.peer = case.enterContext(Peer([program("carbon-c-relay"), "-f", str(config), "-i", HOST, "-p", str(self.port)],
                                           folder / "relay.log"))
        self.peer.wait_until_ready(lambda: accepts_tcp(self.port), "carbon-c-relay listens")

    def feed(self, moment):
        with socket.create_connection((HOST, self.port)) as connection:
            for number in range(SERIES):
                connection.sendall(f"fed.series{number} {number + 1} {moment}\n".encode())
                self.fed.add((f"fed.series{number}", moment))


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
        self.peer.wait_until_ready(self.socket.exists, "collectd listens")

    def feed(self, moment):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            for number in range(SERIES):
                connection.sendall(f"PUTVAL fed/series-{number}/gauge interval={WINDOW} {moment}:{number + 1}\n".encode())
                connection.recv(4096)
                self.fed.add((f"fed.series-{number}.gauge", moment))
            # It collects 1,428 octets before it writes; a flush gives it a fair chance.
            connection.sendall(b"FLUSH\n")
            connection.recv(4096)


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


FAULTS = {
    "none": no_fault,
    "`kill -9`, restarted at once": killed_between,
    "hung for 6 s, then `kill -9` and restarted": killed_with_unread_octets,
    "SIGTERM, away for 10 s": stopped_for_a_while,
    "`kill -9`, away for 10 s": killed_for_a_while,
}


def run(case, fault, make_sender):
    folder = pathlib.Path(case.enterContext(tempfile.TemporaryDirectory()))
    carbon = Carbon(case, folder)
    sender = make_sender(case, folder, carbon)

    def go_on(windows):
        for _ in range(windows):
            moment = int(time.time()) // WINDOW * WINDOW
            sender.feed(moment)
            wait_until(lambda: time.time() >= moment + WINDOW, "the next window begins")

    fault(carbon, go_on)
    sender.settle()
    time.sleep(2 * WINDOW)  # carbon's writer.
    published, stored = sender.published(), carbon.stored()
    kept = sum(key in stored for key in published)
    return len(published), kept


class Table(unittest.TestCase):
    def runTest(self):
        print("| carbon-cache | sender | published | stored | lost |\n|---|---|---|---|---|", flush=True)
        for name, fault in FAULTS.items():
            for sender in (SluiceSender, CarbonCRelay, Collectd):
                with self.subTest(name, sender=sender.name):
                    published, kept = run(self, fault, sender)
                    print(f"| {name} | {sender.name} | {published} | {kept} | {published - kept} |", flush=True)
                    self.assertGreater(published, 0)


if __name__ == "__main__":
    unittest.TextTestRunner(verbosity=0).run(Table())
