#!/usr/bin/env python3
"""What real senders send arrives as the datapoints it stands for: rsyslogd, util-linux logger, syslog-ng
and Python's SysLogHandler, over UDP and TCP, in the formats and framings they know.

usage: real_senders_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]

Each way of sending has a name, which its messages carry ("way=NAME value=1.5"): the rule below makes it
a metric, so that a relay tells from which way each number came.
"""
import json
import logging
import logging.handlers
import math
import pathlib
import socket
import subprocess
import sys
import unittest

from peers import Rsyslogd, Syslogng, give, program
from sluice_harness import RecordingSink, Sluice, free_port, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)
LOGGER_SECONDS_MAX = 60
END = 999.0  # A value greater than those before it; ends a run of equal messages.

# Of senders that write no host name into the message.
PEER = "127.0.0.1"

# APP-NAME must be right and the text must end where the sender ended it, or nothing is counted.
PACK = {
    "pack": "probe",
    "rules": [
        {
            "name": "value",
            "app": "probe",
            "match": r"^(?:x+ )?way=(?P<way>[a-z0-9_]+) value=(?P<value>[0-9.]+)$",
            "emit": {"metric": "probe.{way}", "type": "distribution", "value": "value",
                     "stats": {"hosts": ["count", "mean", "min", "max"]}},
            "examples": [{"line": "way=a value=1.5", "gives": {"probe.a": 1.5}},
                         {"line": "way=a value=1.5 ", "gives": {}}],
        },
        {
            "name": "priority",
            "app": "probe",
            "facility": "local3",
            "severity": "err",
            "match": "^way=",
            "emit": {"metric": "local3_err", "type": "counter"},
            "examples": [],
        },
    ],
}


def text(way, value):
    return f"way={way} value={value}"


def values_of(way_number):
    """A handful of values that no other way has; sums of such fractions are exact."""
    return [way_number + 0.5, way_number + 100.25, way_number + 0.125, way_number + 7.0]


class Statistics:
    """What the leaves of one series add up to, over all its windows."""

    def __init__(self, counts, means, minima, maxima):
        self.count = sum(counts.values())
        self.sum = sum(mean * counts.get(at, math.nan) for at, mean in means.items())
        self.min = min(minima.values(), default=math.nan)
        self.max = max(maxima.values(), default=math.nan)

    def __str__(self):
        return f"{self.count:g} values from {self.min:g} to {self.max:g}, sum {self.sum:g}"

    def agrees_with(self, values):
        return ((self.count, self.min, self.max) == (len(values), min(values), max(values))
                and math.isclose(self.sum, sum(values), rel_tol=1e-12))


class Receiver:
    """A relay that listens on UDP and TCP at `port` and on unix sockets, and the sink behind it."""

    def __init__(self, test):
        folder = pathlib.Path(test.enterContext(scratch()))
        (folder / "probe.json").write_text(json.dumps(PACK))
        self.folder = folder
        self.sink = test.enterContext(RecordingSink())
        self.port = free_port()
        self.datagrams, self.stream = folder / "datagrams", folder / "stream"
        # Short windows show what has arrived while the relay runs; late samples correct them.
        self.relay = test.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"udp://127.0.0.1:{self.port}"}, {"syslog": f"tcp://127.0.0.1:{self.port}"},
                       {"syslog": f"unixgram://{self.datagrams}"}, {"syslog": f"unix://{self.stream}"}],
            "packs": [], "rules": [str(folder / "probe.json")],
            "state_dir": str(folder / "state"), "http": "off", "window": "1s", "grace": "0s",
            "destinations": [{"name": "sink", "carbon": f"tcp://127.0.0.1:{self.sink.port}",
                              "new_series_per_minute": 0}],
        }, folder))
        self.relay.wait_listening(tcp=[self.port], udp=[self.port])

    def wait_for(self, count):
        """Returns when that many values have been published, from whatever way."""
        wait_until(lambda: self.sink.total(r"sluice\.all\.probe\..*\.count") >= count,
                   f"{count} messages reach the relay and are published")

    def found(self):
        """Stops the relay; {(host, way): Statistics} of everything it counted."""
        self.relay.stop()
        leaves = {}
        for path, points in self.sink.series(r"sluice\.hosts\.other\..*\.probe\..*").items():
            host, way, leaf = path.split(".")[3], path.split(".")[5], path.split(".")[6]
            leaves.setdefault((host, way), {})[leaf] = points
        return {key: Statistics(of["count"], of["mean"], of["min"], of["max"]) for key, of in leaves.items()}


def syslog_ng_rules(destinations):
    """Log statements that send each way's messages by its driver; `destinations` maps ways to drivers."""
    # By default syslog-ng names what it persists after the address, which all ways share.
    return "\n".join(f'log {{ source(s_src); filter {{ message("way={way} ") }}; '
                     f'destination {{ {driver.removesuffix(")")} persist-name("{way}")); }}; }};'
                     for way, driver in destinations.items())


def logger_host(options):
    """The host that logger names, by its options: in BSD messages without the domain."""
    name = socket.gethostname().lower()
    return name.split(".")[0] if "--rfc3164" in options else name


def bsd_line(host, message):
    return f"<29>{stamp()} {host} probe[4711]: {message}"


class RealSenders(unittest.TestCase):
    def check(self, found, expected):
        """`expected` is {(host, way): values}; nothing else may have been counted."""
        for (host, way), values in expected.items():
            with self.subTest(way=way):
                statistics = found.pop((host.replace(".", "_"), way), None)
                self.assertIsNotNone(statistics, f"nothing of {way} as {host}; left over: {sorted(found)}")
                self.assertTrue(statistics.agrees_with(values), f"found {statistics}, expected {values}")
        self.assertEqual(sorted(found), [], "series that nobody sent")

    # rsyslogd

    RSYSLOG_TEMPLATES = {"traditional": "RSYSLOG_TraditionalForwardFormat", "forward": "RSYSLOG_ForwardFormat",
                         "protocol23": "RSYSLOG_SyslogProtocol23Format"}
    RSYSLOG_TRANSPORTS = {"udp": 'protocol="udp"', "lf": 'protocol="tcp" TCP_Framing="traditional"',
                          "octet": 'protocol="tcp" TCP_Framing="octet-counted"',
                          "nul": 'protocol="tcp" TCP_FrameDelimiter="0"'}

    def test_rsyslogd(self):
        receiver = Receiver(self)
        expected, rules = {}, []
        for name, template in self.RSYSLOG_TEMPLATES.items():
            for transport, parameters in self.RSYSLOG_TRANSPORTS.items():
                way = f"{name}_{transport}"
                rules.append(f'if $msg contains "way={way} " then action(type="omfwd" target="127.0.0.1" '
                             f'port="{receiver.port}" template="{template}" {parameters})')
                expected[f"{way}.example.com", way] = values_of(len(expected))
        daemon = self.enterContext(Rsyslogd(receiver.folder / "rsyslog", "\n".join(rules)))
        give(daemon.port, [bsd_line(host, text(way, value))
                           for (host, way), values in expected.items() for value in values])
        receiver.wait_for(sum(map(len, expected.values())))
        self.check(receiver.found(), expected)

    def test_rsyslogd_that_folds_repetitions(self):
        for name, template in self.RSYSLOG_TEMPLATES.items():
            with self.subTest(template=template):
                self.check_repetitions(name, template)

    def check_repetitions(self, way, template):
        receiver = Receiver(self)
        daemon = self.enterContext(Rsyslogd(receiver.folder / "rsyslog", f"""\
$RepeatedMsgReduction on
action(type="omfwd" target="127.0.0.1" port="{receiver.port}" protocol="tcp" template="{template}")"""))
        runs = [2.5] * 7 + [4.0] + [1.25] * 3 + [END]
        give(daemon.port, [bsd_line("db01", text(way, value)) for value in runs])
        receiver.wait_for(len(runs))
        self.check(receiver.found(), {("db01", way): runs})
        notices = receiver.relay.counters()["syslog_messages_repeated_total"]
        self.assertEqual(notices, 6 + 2, "rsyslogd was to send repeat notices")

    # util-linux logger

    # Way -> options, and whether the message names this host.
    LOGGER_WAYS = {
        "default": ([], True),
        "udp_3164": (["--udp", "--rfc3164"], True),
        "udp_5424": (["--udp", "--rfc5424"], True),
        "udp_5424_notime": (["--udp", "--rfc5424=notime"], True),
        "udp_5424_nohost": (["--udp", "--rfc5424=nohost"], False),
        "udp_5424_notq": (["--udp", "--rfc5424=notq"], True),
        "udp_5424_bare": (["--udp", "--rfc5424=notime,notq,nohost"], False),
        "udp_local3": (["--udp", "-p", "local3.err"], True),
        "udp_3164_local3": (["--udp", "--rfc3164", "-p", "local3.err"], True),
        "udp_pid": (["--udp", "-i"], True),
        "udp_3164_pid": (["--udp", "--rfc3164", "-i"], True),
        "udp_id": (["--udp", "--id=4711"], True),
        "udp_sd": (["--udp", "--msgid", "ID47", "--sd-id", "zoo@1", "--sd-param", r'tiger="hun\]gry"'], True),
        "tcp": (["--tcp"], True),
        "tcp_3164": (["--tcp", "--rfc3164"], True),
        "tcp_5424_bare": (["--tcp", "--rfc5424=notime,notq,nohost"], False),
        "tcp_3164_id": (["--tcp", "--rfc3164", "--id=4711"], True),
        "octet_5424": (["--tcp", "--octet-count"], True),
        "octet_5424_bare": (["--tcp", "--octet-count", "--rfc5424=notime,notq,nohost"], False),
        "octet_3164": (["--tcp", "--octet-count", "--rfc3164"], True),
        "octet_3164_local3": (["--tcp", "--octet-count", "--rfc3164", "-p", "local3.err"], True),
    }

    def log(self, receiver, options, lines):
        command = [program("logger"), "-n", "127.0.0.1", "-P", str(receiver.port), "-t", "probe", *options]
        result = subprocess.run(command, input="".join(line + "\n" for line in lines), text=True,
                                capture_output=True, timeout=LOGGER_SECONDS_MAX, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_logger(self):
        receiver = Receiver(self)
        expected = {}
        for way, (options, names_host) in self.LOGGER_WAYS.items():
            values = values_of(len(expected))
            self.log(receiver, options, [text(way, value) for value in values[1:]])
            self.log(receiver, [*options, text(way, values[0])], [])
            expected[logger_host(options) if names_host else PEER, way] = values
        self.check(receiver.found(), expected)
        with self.subTest("PRI"):
            of_local3 = sum(len(values) for (_, way), values in expected.items() if way.endswith("local3"))
            self.assertEqual(receiver.sink.total(r"sluice\.all\.local3_err\.count"), of_local3)

    # Way -> options, and whether the message names this host.
    LOGGER_LOCAL_WAYS = {
        "local": ([], False),
        "local_pid": (["-i"], False),
        "local_3164": (["--rfc3164"], True),
        "local_5424": (["--rfc5424"], True),
        "local_5424_bare": (["--rfc5424=notime,notq,nohost"], False),
    }

    def test_logger_by_unix_sockets(self):
        """What names no host is of this machine. Of a stream logger ends each message by closing it."""
        receiver = Receiver(self)
        here = socket.gethostname().lower().split(".")[0]
        expected = {}
        for kind, path in {"datagrams": receiver.datagrams, "stream": receiver.stream}.items():
            for name, (options, names_host) in self.LOGGER_LOCAL_WAYS.items():
                way, values = f"{kind}_{name}", values_of(len(expected))
                for value in values:
                    command = [program("logger"), "--socket", str(path), "-t", "probe", *options, text(way, value)]
                    result = subprocess.run(command, capture_output=True, timeout=LOGGER_SECONDS_MAX, check=False)
                    self.assertEqual((result.returncode, result.stderr), (0, b""))
                expected[logger_host(options) if names_host else here, way] = values
        self.check(receiver.found(), expected)

    def test_logger_with_long_messages(self):
        receiver = Receiver(self)
        expected = {}
        for options in (["--udp"], ["--tcp"], ["--tcp", "--octet-count"], ["--udp", "--rfc3164"]):
            way = "_".join(option.strip("-").replace("-", "_") for option in options)
            for size in ("4096", "60KiB"):
                octets = 4000 if size == "4096" else 60_000
                message = text(way, octets)
                self.log(receiver, [*options, "--size", size], ["x" * (octets - len(message) - 1) + " " + message])
            expected[logger_host(options), way] = [4000, 60_000]
        self.check(receiver.found(), expected)

    # syslog-ng

    def test_syslog_ng(self):
        receiver = Receiver(self)
        drivers = {f"{driver}_{transport}": f'{driver}("127.0.0.1" port({receiver.port}) transport("{transport}"))'
                   for driver in ("network", "syslog") for transport in ("udp", "tcp")}
        daemon = self.enterContext(Syslogng(receiver.folder / "syslog-ng", syslog_ng_rules(drivers)))
        expected = {(f"{way}.example.com", way): values_of(number) for number, way in enumerate(drivers)}
        give(daemon.port, [bsd_line(host, text(way, value))
                           for (host, way), values in expected.items() for value in values])
        receiver.wait_for(sum(map(len, expected.values())))
        self.check(receiver.found(), expected)

    def folded_by_syslog_ng(self, ways, runs):
        """What a relay finds after syslog-ng with suppress() has forwarded `runs` as each of `ways`."""
        receiver = Receiver(self)
        drivers = {way: f'{driver}("127.0.0.1" port({receiver.port}) transport("tcp") suppress(2))'
                   for way, driver in zip(ways, ("network", "syslog"))}
        daemon = self.enterContext(Syslogng(receiver.folder / "syslog-ng", syslog_ng_rules(drivers)))
        for way in ways:
            give(daemon.port, [bsd_line("db01", text(way, value)) for value in [*runs, END]])
        def is_published(way):
            points = receiver.sink.series(rf"sluice\.all\.probe\.{way}\.max").values()
            return any(END in values.values() for values in points)
        wait_until(lambda: all(map(is_published, ways)), "the last message of each way is published")
        return receiver

    def test_syslog_ng_that_folds_repetitions(self):
        runs = [2.5] * 5
        receiver = self.folded_by_syslog_ng(["n", "s"], runs)
        self.check(receiver.found(), {("db01", way): [*runs, END] for way in ("n", "s")})
        self.assertEqual(receiver.relay.counters()["syslog_messages_repeated_total"], 4 * 2,
                         "syslog-ng was to send repeat notices")

    def test_syslog_ng_that_cuts_repetitions(self):
        """Its notices quote the first 20 octets only: here `way=abcdefgh value=1`, which is no message that
        anybody sent. How many there were may be lost; a number that was never logged must not appear."""
        found = self.folded_by_syslog_ng(["abcdefgh"], [12.75] * 5).found()
        self.assertEqual(found["db01", "abcdefgh"].min, 12.75)

    # Python

    def log_in_python(self, receiver, kind, append_nul, messages, ending=""):
        handler = logging.handlers.SysLogHandler(("127.0.0.1", receiver.port), socktype=kind)
        handler.ident = "probe: "
        handler.append_nul = append_nul
        handler.setFormatter(logging.Formatter("%(message)s" + ending))
        for message in messages:
            handler.handle(logging.makeLogRecord({"msg": message, "levelname": "INFO"}))
        handler.close()

    def test_python(self):
        receiver = Receiver(self)
        expected = {}

        def send(way, *arguments, **keywords):
            values = expected.setdefault((PEER, way), values_of(len(expected)))
            self.log_in_python(receiver, *arguments, [text(way, value) for value in values], **keywords)

        send("udp_nul", socket.SOCK_DGRAM, True)
        send("udp", socket.SOCK_DGRAM, False)
        send("tcp_nul", socket.SOCK_STREAM, True)
        send("tcp_lf", socket.SOCK_STREAM, False, ending="\n")
        # Without any trailer a message ends where its connection does.
        values = expected[PEER, "tcp_single"] = values_of(len(expected))
        for value in values:
            self.log_in_python(receiver, socket.SOCK_STREAM, False, [text("tcp_single", value)])
        self.check(receiver.found(), expected)

    def test_python_that_keeps_its_connection(self):
        """The last message of a connection that stays open has its trailer, and is counted at once."""
        receiver = Receiver(self)
        handler = logging.handlers.SysLogHandler(("127.0.0.1", receiver.port), socktype=socket.SOCK_STREAM)
        self.addCleanup(handler.close)
        handler.ident = "probe: "
        handler.handle(logging.makeLogRecord({"msg": text("open", 2.5), "levelname": "INFO"}))
        receiver.wait_for(1)
        self.check(receiver.found(), {(PEER, "open"): [2.5]})


if __name__ == "__main__":
    unittest.main()
