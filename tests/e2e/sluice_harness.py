"""What end-to-end tests share: a running relay, a carbon that records, free ports, deadlines.

Python 3.11, standard library only. Everything listens on loopback, every wait has a deadline, and a
test ends only processes that it started.

    with scratch() as folder, RecordingSink() as sink:
        port = free_port()
        with Sluice(binary, {"listen": [...], ...}, folder) as relay:
            relay.wait_listening(tcp=[port], udp=[port])
            play_tcp(port, data)
            relay.stop()                      # SIGTERM, exit code 0 expected
        sink.total(r"sluice\\.all\\.puppet\\.runs\\.completed\\.count")
"""

import collections
import contextlib
import json
import pathlib
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

HOST = "127.0.0.1"
# Long enough for a loaded machine with sanitizers; reached only by a test that fails.
DEADLINE_SECONDS = 60
PORTS = 15_000, 32_000
SOURCE_DIR = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """The test cannot go on; the text is for people."""


def scratch():
    """A context manager: a folder of its own, removed at the end."""
    return tempfile.TemporaryDirectory(prefix="sluice-e2e-")


_reservations = []


def free_port():
    """A port that is free for TCP and UDP, and that no other test is given before this process ends: a socket
    with an abstract name says that it is taken. It is below those that the kernel gives to whoever connects."""
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0sluice-test-port-{port}")
            with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
                tcp.bind((HOST, port))
                udp.bind((HOST, port))
        except OSError:
            reservation.close()  # Somebody else's; try another.
            continue
        _reservations.append(reservation)
        return port


def stamp():
    """Now, as RFC 3339 in UTC. (gmtime() alone asks a coarser clock, which may tell the second before.)"""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time()))


def wait_until(is_done, what, seconds=DEADLINE_SECONDS):
    """Polls `is_done()` until it is true and returns its value; Failure names `what` at the deadline."""
    end = time.monotonic() + seconds
    while not (value := is_done()):
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s in vain: {what}")
        time.sleep(0.002)
    return value


class RecordingSink:
    """A carbon that keeps what it reads: each connection is read to its end, then closed.

    `values[path][timestamp]` is the value that came last, as whisper would keep it. A line counts when
    the connection that brought it has ended. `bad_lines` holds what is no datapoint. With `keep`, only
    lines that begin with this pattern are looked at, for tests that make millions of others.
    """

    def __init__(self, port=0, keep=""):
        self._is_kept = re.compile(keep.encode()).match
        self.values = {}
        self.bad_lines = []
        self.connection_count = 0
        self._lock = threading.Lock()
        self._is_closed = False
        self._listener = socket.create_server((HOST, port))
        self.port = self._listener.getsockname()[1]
        self._open = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops listening and ends what is open, as carbon does when it stops."""
        with self._lock:
            self._is_closed = True
            open_now = list(self._open)
        for connection in [self._listener, *open_now]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE_SECONDS)

    def series(self, pattern):
        """{path: {timestamp: value}} of the paths that `pattern` matches as a whole."""
        wanted = re.compile(pattern)
        with self._lock:
            return {path: dict(points) for path, points in self.values.items() if wanted.fullmatch(path)}

    def total(self, pattern):
        """The sum of all values of all series that match."""
        return sum(sum(points.values()) for points in self.series(pattern).values())

    def weighted_total(self, means, counts):
        """The sum over all windows of mean times count: `means` and `counts` are whole paths or patterns
        that match one series each."""
        count_points = _only(self.series(counts))
        return sum(mean * count_points.get(at, 0) for at, mean in _only(self.series(means)).items())

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_closed:
                    connection.close()
                    return
                self._open.add(connection)
                self.connection_count += 1
            thread = threading.Thread(target=self._read, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _read(self, connection):
        data = bytearray()
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                data += chunk
        lines = [line.decode("ascii", "replace") for line in data.splitlines() if self._is_kept(line)]
        with self._lock:
            self._keep(lines)
            self._open.discard(connection)
        connection.close()

    def _keep(self, lines):
        for line in lines:
            try:
                path, value, timestamp = line.split(" ")
                self.values.setdefault(path, {})[int(timestamp)] = float(value)
            except ValueError:
                self.bad_lines.append(line)


def _only(series):
    """The points of the one series; none when there is no series."""
    if len(series) > 1:
        raise Failure(f"expected one series, found {sorted(series)}")
    return next(iter(series.values()), {})


class Sluice:
    """A running `sluice run`, ended by its process id at the latest when the context is left.

    `config` becomes FOLDER/sluice.json, the log FOLDER/sluice.log. Options of the command line go
    into `arguments`.
    """

    def __init__(self, binary, config, folder, arguments=()):
        folder = pathlib.Path(folder)
        self.config_file = folder / "sluice.json"
        self.config_file.write_text(json.dumps(config, indent=1))
        self.log_file = folder / "sluice.log"
        command = [str(binary), "run", "--config", str(self.config_file), *arguments]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()

    def log(self, line_count=40):
        """The end of its log."""
        lines = self.log_file.read_text(errors="replace").splitlines()
        return "\n".join(lines[-line_count:])

    def wait_listening(self, tcp=(), udp=()):
        """Returns when all these ports of loopback are bound by this relay."""
        def is_listening():
            if self.process.poll() is not None:
                raise Failure(f"sluice ended with {self.process.returncode} at its start:\n{self.log()}")
            return all(map(accepts_tcp, tcp)) and all(map(_has_udp, udp))
        try:
            wait_until(is_listening, f"sluice listens on tcp {list(tcp)}, udp {list(udp)}")
        except Failure as failure:
            raise Failure(f"{failure}\n{self.log()}") from None

    def stop(self, expected_code=0):
        """SIGTERM, then waits: sockets are read empty, windows published and delivered."""
        self.process.send_signal(signal.SIGTERM)
        self.wait_stopped(expected_code)

    def wait_stopped(self, expected_code=0):
        """Waits for the end that a signal sent before has asked for."""
        try:
            code = self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"sluice ignores SIGTERM\n{self.log()}") from None
        if code != expected_code:
            raise Failure(f"sluice ended with {code}, expected {expected_code}\n{self.log()}")

    def descriptors(self):
        """What its open file descriptors are, as links of /proc."""
        links = []
        for link in pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # Closed meanwhile.
                links.append(str(link.readlink()))
        return links

    def memory_peak(self):
        """The most resident memory it ever had, in octets; 0 when it has ended."""
        with contextlib.suppress(OSError), open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def counters(self):
        """{name: value} of the counters that the relay told when it stopped; those at 0 are 0."""
        summaries = re.findall(r"stopped:(.*)", self.log_file.read_text(errors="replace"))
        if not summaries:
            raise Failure(f"the log has no summary of counters:\n{self.log()}")
        counters = collections.Counter()
        counters.update({name: int(value) for name, value in re.findall(r" (\w+)=(\d+)", summaries[-1])})
        return counters

    def kill(self):
        """SIGKILL: nothing is committed, published or delivered any more."""
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)


def accepts_tcp(port):
    """Whether somebody listens on this port; the connection ends at once."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True


def _udp_sockets(port):
    """This port's rows of the kernel's tables: a probe datagram would be a message, and binding would be in
    the relay's way."""
    sockets = []
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            rows = [line.split() for line in list(lines)[1:]]
            sockets += [row for row in rows if row[1].endswith(f":{port:04X}")]
    return sockets


def _udp_backlogs(port):
    """Bytes that wait in the receive queues of this port's sockets."""
    return [int(row[4].split(":")[1], 16) for row in _udp_sockets(port)]


def datagram_drops(port):
    """How many datagrams to this port the kernel has dropped because its receive queue was full."""
    return sum(int(row[12]) for row in _udp_sockets(port))


def _has_udp(port):
    return bool(_udp_backlogs(port))


def datagrams(raw_file, index_file):
    """Cuts a capture of datagrams; each line of the index begins with byte offset and length."""
    data = pathlib.Path(raw_file).read_bytes()
    for line in pathlib.Path(index_file).read_text().splitlines():
        offset, length = map(int, line.split()[:2])
        yield data[offset:offset + length]


def play_udp(port, messages, burst=20):
    """Sends datagrams in bursts, the next one when the relay has taken the last, so that none is lost
    however slow the machine is."""
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.connect((HOST, port))
        for number, message in enumerate(messages, 1):
            sender.send(message)
            if number % burst == 0:
                wait_until(lambda: not any(_udp_backlogs(port)), f"the relay reads its datagrams on port {port}")


def play_tcp(port, data):
    """Sends a stream, closes its direction and waits until the relay, having read all, closes too."""
    with socket.create_connection((HOST, port), DEADLINE_SECONDS) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except TimeoutError:
            raise Failure("the relay does not close a connection that its sender has closed") from None
        except OSError as error:
            raise Failure(f"the relay broke the connection: {error}") from None


class Report:
    """What a test found: one line per group of checks, its failures below it."""

    def __init__(self):
        self.failure_count = 0

    def group(self, name, problems):
        """Prints the group; `problems` is a list of texts, empty when all is well."""
        print(f"{'FAILED' if problems else 'ok':6} {name}", flush=True)
        for problem in problems:
            print(f"       {problem}", flush=True)
        self.failure_count += len(problems)

    def exit_code(self):
        return 1 if self.failure_count else 0
