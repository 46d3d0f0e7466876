"""Debian's rsyslogd, syslog-ng and carbon-cache as peers of a test: own configuration, own scratch folder,
loopback only, in the foreground, ended by process id."""
import os
import pathlib
import re
import shutil
import socket
import subprocess

from sluice_harness import DEADLINE_SECONDS, SOURCE_DIR, accepts_tcp, free_port, wait_until

# Debian keeps daemons where an ordinary user's PATH does not look.
DAEMON_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def program(name: str) -> str:
    found = shutil.which(name, path=DAEMON_PATH)
    if not found:
        raise FileNotFoundError(f"{name} is not installed (scripts/packages-test.txt names its package)")
    return found


def give(port, lines):
    """Hands lines to a daemon's TCP input."""
    with socket.create_connection(("127.0.0.1", port)) as front:
        front.sendall("".join(line + "\n" for line in lines).encode())


class Peer:
    """A foreground process with a log file; ends when the `with` block does."""

    def __init__(self, command: list[str], log: pathlib.Path):
        self.log = log
        environment = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8")
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=subprocess.STDOUT, env=environment)

    def wait_until_ready(self, is_ready, what: str) -> None:
        def ready_or_ended():
            if self.process.poll() is not None:
                raise RuntimeError(f"{what}: ended with {self.process.returncode}:\n{self.log.read_text()}")
            return is_ready()
        try:
            wait_until(ready_or_ended, what)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Rsyslogd(Peer):
    """rsyslogd with an imtcp input on a port of its own choice (`port`), and `rules` behind it. In the `scratch` of
    one that was stopped it finds the queues that this one left."""

    def __init__(self, scratch: pathlib.Path, rules: str):
        scratch.mkdir(exist_ok=True)
        port_file = scratch / "port"
        port_file.unlink(missing_ok=True)
        config = scratch / "rsyslog.conf"
        config.write_text(f"""\
global(workDirectory="{scratch}" net.enableDNS="off" preserveFQDN="on")
module(load="imtcp")
input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{port_file}")
{rules}
""")
        super().__init__([program("rsyslogd"), "-n", "-f", str(config), "-i", str(scratch / "pid")],
                         scratch / "log")
        # The file is there a moment before the port can be connected to.
        self.wait_until_ready(lambda: port_file.exists() and (port := port_file.read_text().strip())
                              and accepts_tcp(int(port)), "rsyslogd to listen")
        self.port = int(port_file.read_text())


def syslog_ng_command(*arguments: str) -> list[str]:
    """Debian's syslog-ng, unpacked beside the system."""
    unpacked = pathlib.Path(subprocess.run([SOURCE_DIR / "scripts/unpack-syslog-ng"], check=True, text=True,
                                           stdout=subprocess.PIPE).stdout.strip())
    modules = next((unpacked / "usr/lib/syslog-ng").glob("3.*"))
    return ["env", f"LD_LIBRARY_PATH={unpacked}/usr/lib/syslog-ng", str(unpacked / "usr/sbin/syslog-ng"),
            f"--module-path={modules}", *arguments]


def syslog_ng_configuration(port: int, rules: str) -> str:
    """A configuration with a TCP source, called as Debian's is, and `rules` behind it."""
    return f"""\
@version: 3.38
options {{ keep-hostname(yes); use-dns(no); stats-freq(0); }};
source s_src {{ network(ip("127.0.0.1") port({port}) transport("tcp")); }};
{rules}
"""


class Syslogng(Peer):
    """syslog-ng with a TCP source `s_src` on `port`, and `rules` behind it."""

    def __init__(self, scratch: pathlib.Path, rules: str):
        scratch.mkdir()
        self.port = free_port()
        config = scratch / "syslog-ng.conf"
        config.write_text(syslog_ng_configuration(self.port, rules))
        super().__init__(syslog_ng_command("--foreground", "--stderr", "--no-caps", f"--cfgfile={config}",
                                           f"--persist-file={scratch}/persist", f"--pidfile={scratch}/pid",
                                           f"--control={scratch}/control"), scratch / "log")
        self.wait_until_ready(lambda: accepts_tcp(self.port), "syslog-ng to listen")


class CarbonCache(Peer):
    """carbon-cache with the storage schemas and aggregations given."""

    def __init__(self, scratch: pathlib.Path, port: int, schemas: str, aggregation: str,
                 storage: pathlib.Path | None = None, creates_per_minute: str | int = "inf",
                 updates_per_second: str | int = "inf"):
        """`storage`: where the whisper files are, when they outlive this process."""
        scratch.mkdir()
        self.scratch, self.port = scratch, port
        self.storage = storage or scratch / "whisper"
        (scratch / "storage-schemas.conf").write_text(schemas)
        (scratch / "storage-aggregation.conf").write_text(aggregation)
        config = scratch / "carbon.conf"
        config.write_text(f"""\
[cache]
STORAGE_DIR = {scratch}
LOCAL_DATA_DIR = {self.storage}
CONF_DIR = {scratch}
LOG_DIR = {scratch}
PID_DIR = {scratch}
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = 0
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = 0
MAX_CREATES_PER_MINUTE = {creates_per_minute}
MAX_UPDATES_PER_SECOND = {updates_per_second}
CARBON_METRIC_INTERVAL = 0
ENABLE_TAGS = False
WHISPER_AUTOFLUSH = True
ENABLE_LOGROTATION = False
""")
        super().__init__([program("carbon-cache"), f"--config={config}", "--debug", "start"], scratch / "log")
        self.wait_until_ready(lambda: re.search(rf"starting on {port}\b", self.log.read_text()),
                              "carbon-cache to listen")

    def file_of(self, path: str) -> pathlib.Path:
        """The whisper file of a series."""
        return self.storage / (path.replace(".", "/") + ".wsp")

    def value_at(self, path: str, moment: int) -> float | None:
        """What whisper-fetch reads back from the slot of `moment`; None while there is nothing."""
        file = self.file_of(path)
        if not file.exists():
            return None
        result = subprocess.run([program("whisper-fetch"), f"--from={moment - 1}", f"--until={moment}", str(file)],
                                capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True)
        for line in result.stdout.splitlines():
            time_text, value = line.split()
            if int(time_text) == moment and value != "None":
                return float(value)
        return None

    def info(self, path: str) -> dict[str, str]:
        """The head of what whisper-info says about a series' file."""
        result = subprocess.run([program("whisper-info"), str(self.file_of(path))],
                                capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True)
        return dict(re.findall(r"^(\w+): (.+)$", result.stdout, re.MULTILINE))
