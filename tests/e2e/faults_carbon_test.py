#!/usr/bin/env python3
"""Debian's carbon-cache is killed, stopped, hung and started late while a steady stream comes in. Afterwards
every published datapoint is in whisper with its last published value, every message that was sent is in the
numbers, and no stored counter was ever smaller than before.

usage: faults_carbon_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import pathlib
import re
import signal
import socket
import sys
import threading
import time
import unittest

from fault_rig import COUNTER, Carbon, Relay, Stream, Watcher, total, wait_stored
from sluice_harness import HOST, scratch, wait_until

SLUICE = sys.argv.pop(1)
FLEET = f"sluice.all.{COUNTER}"


class CarbonFaults(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def start(self, carbon_runs=True, replay_window="120s", **config):
        self.carbon = Carbon(self, self.folder, start=carbon_runs)
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}", "replay_window": replay_window}], **config)
        self.watcher = Watcher(self, self.carbon)
        self.stream = Stream(self, self.relay)

    def wait_acknowledged(self, more=1):
        before = self.relay.destination()["acknowledged"]
        wait_until(lambda: self.relay.destination()["acknowledged"] >= before + more, "datapoints are acknowledged")

    def wait_waiting(self):
        wait_until(lambda: self.relay.destination()["waiting"] > 0, "datapoints wait")

    def check_all_arrived(self):
        self.stream.stop()
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.watcher.look()
        self.assertEqual(self.watcher.shrunk, [])
        self.assertGreater(self.watcher.looks, 3)
        self.assertEqual(total(self.carbon.stored(), FLEET), self.stream.sent)
        ledger = self.relay.ledger()
        self.assertEqual(ledger["messages"]["received"], self.stream.sent)
        self.assertEqual(set(ledger["uncounted_loss"].values()), {0}, ledger["uncounted_loss"])

    def test_killed_between_batches(self):
        # What carbon had acknowledged and not yet written is lost with it and must be sent again.
        self.start()
        for _ in range(3):
            self.wait_acknowledged()
            self.carbon.kill()
            self.carbon.start()
        self.wait_acknowledged()
        self.check_all_arrived()
        self.assertGreater(self.relay.destination()["replayed"], 0)

    def test_killed_in_mid_batch(self):
        # A carbon that is stopped accepts connections and octets, and reads none.
        self.start()
        self.wait_acknowledged()
        self.carbon.signal(signal.SIGSTOP)
        wait_until(lambda: self.relay.destination()["in_flight"] > 0, "a batch is on its way")
        self.carbon.kill()
        self.carbon.start()
        self.check_all_arrived()
        self.assertGreater(self.relay.destination()["batches"]["failed"], 0)

    def test_stopped_by_sigterm(self):
        self.start()
        self.wait_acknowledged()
        self.carbon.stop()
        self.wait_waiting()
        self.carbon.start()
        self.check_all_arrived()

    def test_away_for_several_windows(self):
        self.start()
        self.wait_acknowledged()
        self.carbon.kill()
        waiting = self.relay.destination()["published"]
        published = lambda: self.relay.destination()["published"]
        wait_until(lambda: published() > waiting + 300, "several windows are published")
        self.carbon.start()
        self.check_all_arrived()

    def test_started_only_after_the_relay(self):
        self.start(carbon_runs=False)
        self.wait_waiting()
        self.carbon.start()
        self.check_all_arrived()

    def test_hung_for_longer_than_the_ack_timeout(self):
        self.start()
        self.wait_acknowledged()
        began = time.monotonic()
        self.carbon.signal(signal.SIGSTOP)
        failed = self.relay.destination()["batches"]["failed"]
        wait_until(lambda: self.relay.destination()["batches"]["failed"] > failed, "a batch times out")
        self.carbon.signal(signal.SIGCONT)
        self.check_all_arrived()
        # From the beginning of the attempt that failed, which took the ack_timeout of 3 s.
        told = re.findall(r"destination graphite .* takes datapoints again after (\d+) s", self.relay.process.log(1000))
        self.assertEqual(len(told), 1, self.relay.process.log())
        self.assertTrue(3 <= int(told[0]) <= time.monotonic() - began, told)


class Paced:
    """A receiver with a small buffer that reads slowly, and closes when its queue is empty although its peer
    has more to send; `whole` connections are read to their end."""

    def __init__(self, test):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind((HOST, 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        self.whole, self.cut, self.lines = False, 0, []
        test.addCleanup(self.listener.close)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection):
        data = b""
        with connection:
            while chunk := connection.recv(65536):
                data += chunk
                if not self.whole and len(data) > 4096:
                    self.cut += 1
                    return
            self.lines += data.decode().splitlines()


class OtherDestinations(unittest.TestCase):
    """Whatever one destination does, the others are not delayed and the ledger stays whole."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.carbon = Carbon(self, self.folder)

    def run_beside(self, port):
        self.relay = Relay(self, SLUICE, self.folder / "relay", [
            {"name": "graphite", "carbon": f"tcp://{HOST}:{self.carbon.port}"},
            {"name": "odd", "carbon": f"tcp://{HOST}:{port}"}])
        self.stream = Stream(self, self.relay)

    def check_graphite_is_not_delayed(self):
        self.stream.stop()
        self.relay.wait_delivered("graphite")
        wait_stored(self.carbon, self.relay.published)
        self.assertEqual(total(self.carbon.stored(), FLEET), self.stream.sent)
        self.assertEqual(set(self.relay.ledger()["uncounted_loss"].values()), {0})

    def wait_failures(self, count):
        wait_until(lambda: self.relay.destination("odd")["batches"]["failed"] >= count, "the odd destination fails")

    def test_black_hole(self):
        # A listener whose backlog is full: the kernel drops further SYNs, so a connect never ends.
        listener = self.enterContext(socket.socket())
        listener.bind((HOST, 0))
        listener.listen(0)
        held = [socket.socket() for _ in range(4)]
        for one in held:
            self.addCleanup(one.close)
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        self.run_beside(listener.getsockname()[1])
        self.wait_failures(1)
        self.check_graphite_is_not_delayed()
        odd = self.relay.destination("odd")
        # Between two failures all of it is in the batch that is being tried.
        self.assertGreater(odd["waiting"] + odd["in_flight"], 0)
        self.assertEqual(odd["acknowledged"], 0)

    def test_accepts_and_never_reads(self):
        listener = self.enterContext(socket.create_server((HOST, 0)))
        self.run_beside(listener.getsockname()[1])
        self.wait_failures(1)
        self.check_graphite_is_not_delayed()
        self.assertEqual(self.relay.destination("odd")["acknowledged"], 0)

    def test_closes_with_an_empty_buffer_while_octets_are_unsent(self):
        # Its EOF is a clean one; only our own send queue tells that it read a part.
        odd = Paced(self)
        self.run_beside(odd.port)
        wait_until(lambda: odd.cut >= 2, "it closes in the middle")
        odd.whole = True
        self.check_graphite_is_not_delayed()
        self.relay.wait_delivered("odd")
        stored = {tuple(line.rsplit(" ", 1)[0].split(" ")[:1] + line.split(" ")[2:]): float(line.split(" ")[1])
                  for line in odd.lines}
        published = {(path, str(at)): value for (path, at), value in self.relay.published().items()}
        wrong = [key for key, value in published.items() if stored.get(key) != value]
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
