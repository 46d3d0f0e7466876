#!/usr/bin/env python3
"""SIGTERM while messages come in and while destinations are away: the relay ends in time, everything it
read is published, and what its sockets held when the signal came is read.

usage: drain_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import array
import contextlib
import fcntl
import pathlib
import signal
import socket
import sys
import termios
import threading
import time
import unittest

from sluice_harness import (HOST, SOURCE_DIR, RecordingSink, Sluice, datagram_drops, free_port, scratch, stamp,
                            wait_until)

SLUICE = sys.argv.pop(1)

# For slow machines.
MARGIN_SECONDS = 45
COMPLETED = r"sluice\.all\.puppet\.runs\.completed\.count"
# The kernel keeps that much of a stream for a reader that does not read, whatever the defaults.
KERNEL_OCTETS = 32 * 1024


def line(host, number):
    return f"<29>{stamp()} {host} puppet-agent[{number}]: Applied catalog in 1.50 seconds".encode()


def counted(message):
    return b"%d %s" % (len(message), message)


class Relay:
    """A relay with one port for UDP and TCP, whose destinations are `ports` of this machine."""

    def __init__(self, test, ports, shutdown_timeout):
        folder = pathlib.Path(test.enterContext(scratch()))
        self.port = free_port()
        self.test, self.folder, self.config = test, folder, {
            "listen": [{"syslog": f"udp://{HOST}:{self.port}"}, {"syslog": f"tcp://{HOST}:{self.port}"}],
            "pack_dirs": [str(SOURCE_DIR / "rules")], "state_dir": str(folder / "state"), "http": "off",
            "shutdown_timeout": shutdown_timeout,
            "destinations": [{"name": name, "carbon": f"tcp://{HOST}:{port}", "new_series_per_minute": 0}
                             for name, port in ports.items()],
        }
        self.start()

    def start(self):
        """Also again, with what it left in its state_dir."""
        self.process = self.test.enterContext(Sluice(SLUICE, self.config, self.folder))
        self.process.wait_listening(tcp=[self.port], udp=[self.port])

    def wait_until_started(self):
        wait_until(lambda: " started: " in self.process.log(), "the relay says that it has started")
        return self

    def connect(self, kind=socket.SOCK_STREAM):
        connection = socket.socket(type=kind)
        connection.connect((HOST, self.port))
        return connection

    def signal(self, number):
        self.process.process.send_signal(number)

    def stop(self):
        """Seconds it took from SIGTERM to exit code 0."""
        start = time.monotonic()
        self.process.stop()
        return time.monotonic() - start


def wait_until_received(connections):
    """Returns when the other side's kernel has all that was sent: nothing is left that was not
    acknowledged."""
    unacknowledged = array.array("i", [0])
    for connection in connections:
        def is_received(fd=connection.fileno()):
            fcntl.ioctl(fd, termios.TIOCOUTQ, unacknowledged)
            return unacknowledged[0] == 0
        wait_until(is_received, "the kernel takes what was sent")


class Flood:
    """Threads that send until their sockets break or the context ends."""

    def __init__(self, relay):
        self.relay = relay
        self.is_over = threading.Event()
        block = [line(f"host{number}", number) for number in range(200)]
        streams = [b"".join(message + b"\n" for message in block), b"".join(map(counted, block))]
        self.threads = [threading.Thread(target=self.send_stream, args=(data,), daemon=True) for data in streams]
        self.threads += [threading.Thread(target=self.send_datagrams, args=(block,), daemon=True)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def send_stream(self, data):
        with self.relay.connect() as connection, contextlib.suppress(OSError):
            while not self.is_over.is_set():
                connection.sendall(data)

    def send_datagrams(self, messages):
        with self.relay.connect(socket.SOCK_DGRAM) as sender:
            while not self.is_over.is_set():
                for message in messages:
                    with contextlib.suppress(ConnectionRefusedError):  # The relay has gone.
                        sender.send(message)


class Drain(unittest.TestCase):
    def check_account(self, relay, sink):
        """Everything that was received matched, and was published as one run each; returns how much."""
        counters = relay.process.counters()
        received = counters["syslog_messages_received_total"]
        self.assertEqual(counters["syslog_messages_matched_total"], received)
        self.assertEqual(sink.total(COMPLETED), received, relay.process.log())
        return received

    def test_senders_that_never_stop(self):
        with RecordingSink() as sink:
            relay = Relay(self, {"sink": sink.port}, "10s").wait_until_started()
            with Flood(relay):
                time.sleep(1)
                seconds = relay.stop()
            self.assertLess(seconds, 10 + MARGIN_SECONDS)
            # Both streams and the datagrams got through, or this says little.
            self.assertGreater(self.check_account(relay, sink), 1000)

    def test_what_the_sockets_hold_is_read(self):
        """The relay stands still while its sockets fill, so that all is there when it is told to stop."""
        with RecordingSink() as sink, contextlib.ExitStack() as stack:
            relay = Relay(self, {"sink": sink.port}, "30s").wait_until_started()
            connections = [stack.enter_context(relay.connect()) for _ in range(80)]
            # Accepted, not only completed by the kernel.
            connections[0].sendall(line("first", 1) + b"\n")
            wait_until(lambda: len(relay.process.descriptors()) > len(connections), "the relay accepts")
            relay.signal(signal.SIGSTOP)
            # These wait in the backlog. Nothing but the drain will ever accept them.
            connections += [stack.enter_context(relay.connect()) for _ in range(20)]
            expected = 1 + self.fill(connections)
            wait_until_received(connections)
            expected += self.fill_datagrams(relay)
            relay.signal(signal.SIGTERM)
            relay.signal(signal.SIGCONT)
            relay.process.wait_stopped()
            self.assertEqual(self.check_account(relay, sink), expected)

    def fill(self, connections):
        """Sends 20,000 lines; by turns as lines, as counted frames, and with the end of the stream."""
        per_connection = 20_000 // len(connections)
        for index, connection in enumerate(connections):
            messages = [line(f"host{index}", number) for number in range(per_connection)]
            if index % 3 == 0:
                data = b"".join(map(counted, messages))
            else:
                data = b"\n".join(messages) + (b"\n" if index % 3 == 1 else b"")
            self.assertLess(len(data), KERNEL_OCTETS)
            connection.sendall(data)
            if index % 3 == 2:
                connection.shutdown(socket.SHUT_WR)
        return per_connection * len(connections)

    def fill_datagrams(self, relay):
        """Sends more datagrams than the kernel keeps; how many it kept."""
        with relay.connect(socket.SOCK_DGRAM) as sender:
            for number in range(20_000):
                sender.send(line("datagrams", number))
        kept = 20_000 - datagram_drops(relay.port)
        self.assertGreater(kept, 0)
        return kept

    def test_a_burst_right_before_the_signal(self):
        with RecordingSink() as sink:
            relay = Relay(self, {"sink": sink.port}, "30s").wait_until_started()
            with relay.connect() as connection:
                connection.sendall(line("first", 1) + b"\n")
                connection.sendall(b"".join(line("burst", number) + b"\n" for number in range(20_000)))
                relay.stop()
            self.assertEqual(self.check_account(relay, sink), 20_001)

    def test_unfinished_messages_are_not_counted(self):
        """Half a message may hold half a number."""
        with RecordingSink() as sink, contextlib.ExitStack() as stack:
            relay = Relay(self, {"sink": sink.port}, "30s").wait_until_started()
            for ending in (line("cut", 2), counted(line("cut", 2))[:-1]):
                connection = stack.enter_context(relay.connect())
                connection.sendall((line("whole", 1) + b"\n" if ending.startswith(b"<") else counted(line("whole", 1)))
                                   + ending)
                wait_until_received([connection])
            relay.stop()
            self.assertEqual(self.check_account(relay, sink), 2)

    def test_a_signal_as_soon_as_it_listens(self):
        """What its sockets have taken by then must not be lost with it."""
        for _ in range(10):
            with RecordingSink() as sink:
                relay = Relay(self, {"sink": sink.port}, "30s")
                with relay.connect() as connection:
                    connection.sendall(line("early", 1) + b"\n")
                    wait_until_received([connection])
                    relay.stop()
                self.assertEqual(self.check_account(relay, sink), 1)

    def check_kept(self, relay, seconds, destination):
        self.assertGreaterEqual(seconds, 3, "it must try until its time is over")
        self.assertLess(seconds, 3 + MARGIN_SECONDS)
        self.check_says_kept(relay, destination)

    def check_says_kept(self, relay, destination):
        self.assertRegex(relay.process.log(), rf"[1-9]\d* datapoints wait for destination {destination} in its spool")

    def test_a_destination_that_is_down(self):
        with RecordingSink() as sink:
            down = free_port()
            relay = Relay(self, {"sink": sink.port, "down": down}, "3s").wait_until_started()
            with relay.connect() as connection:
                connection.sendall(line("web01", 1) + b"\n")
                seconds = relay.stop()
            self.check_kept(relay, seconds, "down")
            self.assertNotIn("wait for destination sink", relay.process.log())
            self.assertEqual(self.check_account(relay, sink), 1, "the other destination gets everything")
        with RecordingSink(down) as back:
            relay.start()
            wait_until(lambda: back.total(COMPLETED) == 1, "what waited arrives after the next start")
            relay.stop()

    def test_a_destination_that_never_answers(self):
        with RecordingSink() as sink, socket.create_server((HOST, 0)) as silent:
            relay = Relay(self, {"sink": sink.port, "silent": silent.getsockname()[1]}, "3s").wait_until_started()
            with relay.connect() as connection:
                connection.sendall(line("web01", 1) + b"\n")
                seconds = relay.stop()
            self.check_kept(relay, seconds, "silent")
            self.assertEqual(self.check_account(relay, sink), 1, "the other destination gets everything")

    def test_a_second_signal_ends_the_wait(self):
        relay = Relay(self, {"down": free_port()}, "1h").wait_until_started()
        with relay.connect() as connection:
            connection.sendall(line("web01", 1) + b"\n")
            relay.signal(signal.SIGTERM)
            wait_until(lambda: "down does not take datapoints" in relay.process.log(), "delivery is tried")
            self.assertLess(relay.stop(), MARGIN_SECONDS)
        self.check_says_kept(relay, "down")


if __name__ == "__main__":
    unittest.main()
