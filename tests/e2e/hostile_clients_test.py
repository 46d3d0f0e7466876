#!/usr/bin/env python3
"""Hostile and broken clients beside honest ones, on one relay at the same time: it lives, its memory stays
below a bound, and of what the honest clients send nothing is lost.

usage: hostile_clients_test.py SLUICE_BINARY

The hostile ones: 2,000 connections that hold unfinished messages and send an octet now and then, lines
that never end, impossible octet counts, random octets, TLS and HTTP, connections that are reset or half
closed, and a million invented host names.
"""
import contextlib
import http.client
import json
import pathlib
import random
import resource
import socket
import ssl
import struct
import sys
import threading
import time
import traceback

from sluice_harness import (DEADLINE_SECONDS, HOST, Failure, RecordingSink, Report, Sluice, free_port,
                            play_udp, scratch, stamp, wait_until)

SLOW_CONNECTIONS = 2_000
SLOW_START_OCTETS = 60_000  # Just below max_message: each is a message that the relay must hold.
ENDLESS_OCTETS = 20 << 20
HOSTS_BY_TCP = 700_000
HOSTS_BY_UDP = 300_000
HOSTS_PER_BLOCK = 10_000
DESCRIPTORS = SLOW_CONNECTIONS + 1_000
SEED = 20121122

# What the bounds of the relay come to: the window store (store_bytes_max, 256 MiB), 2,000 connections that
# each hold a message of at most 64 KiB in a buffer that may have grown to twice that (256 MiB), host names,
# datapoints on their way to the destination, the history's names and last points of 500,000 series (measured
# with and without a history: 240 MiB); and some air.
MEMORY_MAX = 1_280 << 20

PACK = {
    "pack": "crowd",
    "rules": [
        {"name": "number", "app": "honest", "match": r"^number (?P<number>\d+)$",
         "emit": {"metric": "numbers", "type": "distribution", "value": "number"},
         "examples": [{"line": "number 12", "gives": {"numbers": 12}}, {"line": "number 12x", "gives": {}}]},
        {"name": "cry", "app": "crowd", "match": "^cry$", "emit": {"metric": "cries", "type": "counter"},
         "examples": [{"line": "cry", "gives": {"cries": 1}}, {"line": "cry not", "gives": {}}]},
    ],
}


def number_of(host, number):
    return f"<29>{stamp()} {host} honest: number {number}".encode()


def cry_of(host):
    return f"<29>{stamp()} {host} crowd: cry".encode()


def connect(port):
    connection = socket.create_connection((HOST, port), DEADLINE_SECONDS)
    connection.settimeout(DEADLINE_SECONDS)
    return connection


def send_all_or_be_closed(port, data):
    """The relay may read all of it or close the connection: then the rest is refused."""
    with connect(port) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(data)


def expect_closed(connection, why):
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        raise Failure(f"the relay keeps a connection open: {why}") from None


# Hostile clients. Each is a function of the port; it returns when it is done.

def endless_line(port):
    chunk = b"<29>" + b"x" * (1 << 20)
    with connect(port) as connection:
        for _ in range(ENDLESS_OCTETS >> 20):
            connection.sendall(chunk)


def endless_nul(port):
    send_all_or_be_closed(port, bytes(ENDLESS_OCTETS))


def impossible_counts(port):
    for count in (b"1000000000000000000", b"99999999999999999999", b"18446744073709551616", b"16777217"):
        with connect(port) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(count + b" <29>" + b"x" * 1000)
            expect_closed(connection, f"octet count {count}")
    # No count at all, so lines.
    for digits in (b"9" * 5000, b"0" * 30):
        send_all_or_be_closed(port, digits + b" <29>" + b"x" * 1000)


def great_counts(port):
    """The greatest count that is taken, of a message that is mostly skipped."""
    with connect(port) as connection:
        connection.sendall(b"16777216 <29>" + b"x" * (16777216 - 4))


def random_octets(port):
    source = random.Random(SEED)
    for _ in range(50):
        send_all_or_be_closed(port, source.randbytes(200_000))
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for _ in range(2_000):
            sender.sendto(source.randbytes(source.randrange(1_400)), (HOST, port))


def tls_hello(port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for _ in range(20):
        with connect(port) as connection:
            try:
                context.wrap_socket(connection, server_hostname="sluice.example.com")
            except (ssl.SSLError, ConnectionError):
                continue
            raise Failure("somebody spoke TLS with us")


def http_get(port):
    for _ in range(20):
        client = http.client.HTTPConnection(HOST, port, timeout=DEADLINE_SECONDS)
        try:
            client.request("GET", "/")
            client.getresponse()
        except (http.client.HTTPException, ConnectionError):
            continue
        finally:
            client.close()
        raise Failure("somebody spoke HTTP with us")


def half_open_and_reset(port):
    for number in range(300):
        with connect(port) as connection:
            if number % 3 == 0:
                connection.shutdown(socket.SHUT_WR)
                expect_closed(connection, "half closed by its peer")
                continue
            if number % 3 == 1:
                connection.sendall(cry_of("reset")[:-1])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # Close resets.


def invented_hosts(first, count):
    """Blocks of lines, each line with a host that nobody has seen before."""
    for start in range(first, first + count, HOSTS_PER_BLOCK):
        head, tail = f"<29>{stamp()} h", " crowd: cry"
        yield [f"{head}{number:07d}{tail}" for number in range(start, min(start + HOSTS_PER_BLOCK, first + count))]


def million_hosts_by_tcp(port):
    with connect(port) as connection:
        for lines in invented_hosts(0, HOSTS_BY_TCP):
            connection.sendall(("\n".join(lines) + "\n").encode())


def million_hosts_by_udp(port):
    for lines in invented_hosts(HOSTS_BY_TCP, HOSTS_BY_UDP):
        play_udp(port, (line.encode() for line in lines), burst=200)


HOSTILE = [endless_line, endless_nul, impossible_counts, great_counts, random_octets, tls_hello, http_get,
           half_open_and_reset, million_hosts_by_tcp, million_hosts_by_udp]


class Client(threading.Thread):
    """Runs `action`; what it raises is kept for the report."""

    def __init__(self, name, action):
        super().__init__(name=name, daemon=True)
        self.action = action
        self.problem = ""
        self.start()

    def run(self):
        try:
            self.action()
        except Exception:  # Whatever it is, it belongs into the report.
            self.problem = f"{self.name}: {traceback.format_exc()}"


class SlowConnections:
    """Connections that all hold an unfinished message and send one octet of it now and then."""

    def __init__(self, port):
        self.connections = []
        self.is_over = threading.Event()
        start = cry_of("slow") + b"x" * SLOW_START_OCTETS
        for _ in range(SLOW_CONNECTIONS):
            connection = connect(port)
            connection.sendall(start[:SLOW_START_OCTETS])
            self.connections.append(connection)

    def trickle(self):
        while not self.is_over.wait(0.2):
            for connection in self.connections:
                connection.sendall(b"x")

    def close(self):
        for connection in self.connections:
            connection.close()


class HonestClient:
    """Sends messages with the numbers 1, 2, 3, ... as values until it is told to stop."""

    def __init__(self, host, send):
        self.host = host
        self.send = send  # Of a list of messages.
        self.count = 0
        self.is_over = threading.Event()

    def work(self):
        while not self.is_over.wait(0.02):
            numbers = range(self.count + 1, self.count + 51)
            self.send([number_of(self.host, number) for number in numbers])
            self.count += len(numbers)

    def problems(self, sink):
        """What is not as sent. Any number missing or twice would show in the sum or in the count."""
        def points(leaf):
            return sink.series(rf"sluice\.hosts\.other\.{self.host}\.numbers\.{leaf}").popitem()[1]
        count = sum(points("count").values())
        total = sum(mean * points("count")[at] for at, mean in points("mean").items())
        expected = self.count * (self.count + 1) / 2
        if (count, round(total)) == (self.count, expected):
            return []
        return [f"{self.host}: sent {self.count} numbers with sum {expected:.0f}, counted {count:.0f} with {total:.0f}"]


class MemoryWatch(threading.Thread):
    """Follows the peak of the relay's memory until it ends."""

    def __init__(self, relay):
        super().__init__(daemon=True)
        self.relay = relay
        self.peak = 0
        self.start()

    def run(self):
        while self.relay.process.poll() is None:
            self.peak = max(self.peak, self.relay.memory_peak())
            time.sleep(0.05)


def allow_descriptors():
    """For this process and the relay, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        raise Failure(f"this test needs {DESCRIPTORS} file descriptors, and the hard limit is {hard}; "
                      f"raise it (ulimit -Hn, LimitNOFILE=, or --ulimit nofile of a container)")
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))


def make_relay(binary, folder, sink, ports, **keys):
    folder = pathlib.Path(folder)
    (folder / "crowd.json").write_text(json.dumps(PACK))
    return Sluice(binary, {
        "listen": [{"syslog": f"{kind}://{HOST}:{port}"} for kind, port in
                   (("tcp", ports[0]), ("udp", ports[0]), ("udp", ports[1]))],
        "packs": [], "rules": [str(folder / "crowd.json")], "state_dir": str(folder / "state"), "http": "off",
        "shutdown_timeout": "60s",
        # Several windows end while the attack goes on.
        "window": "10s", "grace": "2s", **keys,
        "destinations": [{"name": "sink", "carbon": f"tcp://{HOST}:{sink.port}", "new_series_per_minute": 0}],
    }, folder)


def honest_clients(stack, ports):
    """One a transport. Datagrams go to a port of their own: in a queue that others fill, the kernel would
    drop them."""
    lines, frames = (stack.enter_context(connect(ports[0])) for _ in range(2))
    return [
        HonestClient("honest-lines", lambda messages: lines.sendall(b"\n".join(messages) + b"\n")),
        HonestClient("honest-frames",
                     lambda messages: frames.sendall(b"".join(b"%d %s" % (len(one), one) for one in messages))),
        HonestClient("honest-datagrams", lambda messages: play_udp(ports[1], messages, burst=10)),
    ]


def attack(stack, relay, port):
    """Runs all hostile clients; returns what went wrong with them. The slow ones stay."""
    slow = SlowConnections(port)
    stack.callback(slow.close)
    trickle = Client("slow connections", slow.trickle)
    clients = [Client(action.__name__, lambda action=action: action(port)) for action in HOSTILE]
    for client in clients:
        client.join()
    slow.is_over.set()
    trickle.join()
    if relay.process.poll() is not None:
        raise Failure(f"the relay died with {relay.process.returncode}\n{relay.log()}")
    return [client.problem for client in [trickle, *clients] if client.problem]


def run(binary, report):
    ports = [free_port(), free_port()]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(scratch())
        sink = stack.enter_context(RecordingSink(keep=r"sluice\.hosts\.other\.honest-"))
        relay = stack.enter_context(make_relay(binary, folder, sink, ports))
        relay.wait_listening(tcp=ports[:1], udp=ports)
        memory = MemoryWatch(relay)

        honest = honest_clients(stack, ports)
        working = [Client(client.host, client.work) for client in honest]
        wait_until(lambda: all(client.count for client in honest), "the honest clients send")
        report.group("hostile clients are served or turned away", attack(stack, relay, ports[0]))
        for client in honest:
            client.is_over.set()
        for thread in working:
            thread.join()
        report.group("honest clients can send", [thread.problem for thread in working if thread.problem])
        relay.stop()
        memory.join()

        report.group(f"{sum(client.count for client in honest)} honest messages counted",
                     [problem for client in honest for problem in client.problems(sink)])
        check_counters(report, relay.counters())
        print(f"       most memory: {memory.peak >> 20} MiB, bound {MEMORY_MAX >> 20} MiB")
        report.group("memory is bounded", [] if 0 < memory.peak < MEMORY_MAX else [f"{memory.peak >> 20} MiB"])


def check_counters(report, counters):
    """The hostile clients did what they say, and the relay says so."""
    at_least = {
        "tcp_connections_accepted_total": SLOW_CONNECTIONS,
        "tcp_streams_broken_total": 20 + 20 + 4,
        "tcp_octets_dropped_total": ENDLESS_OCTETS + (15 << 20),
        "syslog_messages_truncated_total": 2,
        "syslog_messages_malformed_total": 1,
        "syslog_messages_matched_total": HOSTS_BY_TCP + HOSTS_BY_UDP - counters["udp_kernel_drops_total"],
        "samples_dropped_host_limit_total": 1,
    }
    report.group("counters show it", [f"{name} is {counters[name]}, expected at least {value}"
                                      for name, value in at_least.items() if counters[name] < value])


def run_full_store(binary, report):
    """Far more series in one window than store_bytes_max, and the next window begins before the grace of
    the first is over: the horizon may shrink to nothing and new series be refused, but what was merged is
    published and what was refused is counted."""
    window, host_count = 5, 60_000
    port = free_port()
    with scratch() as folder, RecordingSink(keep=r"sluice\.all\.") as sink, \
            make_relay(binary, folder, sink, [port, free_port()], window=f"{window}s", grace="5s",
                       store_bytes_max="1MiB") as relay:
        relay.wait_listening(tcp=[port])
        wait_until(lambda: time.time() % window < window / 2, "a window that has just begun")
        first = time.time() // window
        with connect(port) as connection:
            connection.sendall(b"".join(cry_of(f"host{number}") + b"\n" for number in range(host_count)))
            wait_until(lambda: time.time() // window > first, "the next window begins")
            connection.sendall(cry_of("late") + b"\n")
            time.sleep(2.5)  # Ticks of the relay, well before the grace of the first window ends.
        relay.stop()
        counted = sink.total(r"sluice\.all\.cries\.count")
        counters = relay.counters()
        merged, refused = counters["samples_merged_total"], counters["samples_dropped_store_full_total"]
        report.group("a full store drops no window that was not published",
                     [] if counted == merged else [f"{merged} samples merged, but {counted:g} published"])
        report.group("what a full store refuses is counted",
                     [] if merged + refused == host_count + 1 and refused > 0 else
                     [f"sent {host_count + 1} messages, {merged} samples merged, {refused} refused"])


def main():
    report = Report()
    try:
        allow_descriptors()
        run_full_store(sys.argv[1], report)
        run(sys.argv[1], report)
    except Failure as failure:
        report.group("hostile clients", [str(failure)])
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
