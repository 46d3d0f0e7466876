#!/usr/bin/env python3
"""Captured octets of real senders are read as the messages that their programs logged: none lost, split or merged.

usage: wire_captures_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]

The captures are no part of this repository. They are looked for in ../shared/wire beside the source tree, or
where SLUICE_WIRE_CAPTURES says; without them the test ends with code 77. What must be read follows from
what was logged (INPUT.txt and the captures' notes) and from wire_senders.py, a model of the senders, whose
frames must be the captured octets. What only the sender knew (its clock, a pid of its own) is taken from
the octets.
"""
import base64
import dataclasses
import datetime
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest
import urllib.request

from sluice_harness import DEADLINE_SECONDS, SOURCE_DIR, Sluice, free_port, play_tcp, play_udp, scratch, wait_until
from wire_senders import ZONE, Rsyslog, Sent, SyslogNg, local_time, logged

SLUICE = sys.argv.pop(1)
FOLDER = pathlib.Path(os.environ.get("SLUICE_WIRE_CAPTURES", SOURCE_DIR.parent / "shared/wire"))
SKIPPED = 77
NOW = "2026-11-22T07:50:00Z"  # A little after the captures were made.

NOT_COVERED = {
    "rsyslog-relp-default.client.bin": "RELP is no input yet",
    "rsyslog-relp-default.server.bin": "RELP is no input yet; and these are answers",
    "rsyslog-relp-protocol23-window2.client.bin": "RELP is no input yet",
    "rsyslog-relp-protocol23-window2.server.bin": "RELP is no input yet; and these are answers",
    "rsyslog-tcp-zip-single.bin": "compression is not read yet",
    "rsyslog-tcp-zip-stream.bin": "compression is not read yet",
}

# What was logged


def logged_messages():
    """The messages of INPUT.txt, in its notation: LF as `\\n` and a line break, other octets as `\\xHH`."""
    blocks = re.split(r"^--- message \d+, (\d+) bytes\n", (FOLDER / "INPUT.txt").read_text(), flags=re.MULTILINE)[1:]
    messages = []
    for length, block in zip(map(int, blocks[::2]), blocks[1::2]):
        raw = octets_of(block)  # With the empty lines behind it, which its length leaves out.
        if "more bytes" in block:  # The long one is a row of numbers.
            raw = raw.split(b" 0000000 ")[0] + b" " + numbers(1150)
        raw = raw[:length]
        assert len(raw) == length, f"INPUT.txt: a message of {length} octets read as {raw}"
        messages.append(logged(raw))
    return messages


def octets_of(notation):
    parts = re.findall(r"\\n\n|\\x[0-9a-f]{2}|\\\\|[^\\]", notation)
    special = {"\\n\n": b"\n", "\\\\": b"\\"}
    return b"".join(special.get(part) or (bytes.fromhex(part[2:]) if part.startswith("\\x") else part.encode())
                    for part in parts)


def numbers(count):
    return b"".join(b"%07d " % number for number in range(count))


PUPPET_BUSY = b"<30>Nov 22 07:41:00 puppet-agent[1234]: Run of Puppet configuration client already in progress"
PUPPET_OTHER = b"<30>Nov 22 07:41:01 puppet-agent[1234]: other"
TICK = b"<30>Nov 22 07:41:02 cron[9]: tick"
TOCK = b"<30>Nov 22 07:41:03 cron[9]: tock"
UNESCAPED = [b"<13>Nov 22 07:42:00 big[1]: " + numbers(5000),
             b"<27>Nov 22 07:42:01 puppet-agent[1234]: line one\nline two\n\tline three tabbed",
             b"<13>Nov 22 07:42:02 last[1]: end"]


def rsyslog_notice(raw, count):
    """What stands for `count` further messages equal to this one."""
    header, text = raw.split(b": ", 1)
    return header + b": message repeated %d times: [ " % count + text + b"]"


# What was sent: each function gives the frames of a capture, in order. `clock()` is the sender's next own stamp.


def from_rsyslog(template, **options):
    return lambda clock, _: [Rsyslog(template, **options).send(message, clock) for message in logged_messages()]


def unescaped(clock, _):
    sender = Rsyslog("forward", is_escaping=False, octets_max=65536)
    return [sender.send(logged(raw), clock) for raw in UNESCAPED]


def torn(clock, capture):
    """LF framing tears a message with LF in it before anybody receives it: two lines without any header."""
    first, message, last = unescaped(clock, capture)
    line, *others = message.frame.split(b"\n")
    rest = [Sent(other, None, None, None, None, None, other) for other in others]
    return [first, dataclasses.replace(message, frame=line, message=message.message.split(b"\n")[0]), *rest, last]


def repeated(template):
    raws = [PUPPET_BUSY, rsyslog_notice(PUPPET_BUSY, 4), PUPPET_OTHER, TICK, rsyslog_notice(TICK, 2), TOCK]
    return lambda clock, _: [Rsyslog(template).send(logged(raw), clock) for raw in raws]


def from_syslog_ng(driver):
    def send(clock, _):
        sender = SyslogNg(driver)
        return [sender.send(message, clock) for message in [*logged_messages(), *map(logged, [TICK] * 4 + [TOCK])]]
    return send


def suppressed(clock, capture):
    sender = SyslogNg("network")
    own_pid = re.search(rb"cron\[(\d+)\]: Last", capture)[1].decode()
    sent = [sender.send(message, clock) for message in [*logged_messages(), logged(TICK)]]
    return [*sent, sender.notice(logged(TICK), 3, clock, own_pid), sender.send(logged(TOCK), clock)]


QUALITY = '[timeQuality tzKnown="1" isSynced="0"]'
APPLIED = b"Applied catalog in 12.34 seconds"


def from_logger(header, *texts, pri=29, host="web01", app_name="puppet-agent", procid="1234", has_time=True):
    """`header` has a place for the stamp; logger writes its own."""
    def send(clock, _):
        sent = []
        for text in texts:
            time = clock() if has_time else None
            stamp = "" if time is None else f"{time:%b %d %H:%M:%S}" if "{bsd}" in header else time.isoformat()
            frame = header.replace("{bsd}", stamp).replace("{iso}", stamp).encode() + text
            sent.append(Sent(frame, pri, time, host, app_name, procid, text))
        return sent
    return send


def logger_parts(octet, count, size):
    """logger cuts what it reads into messages of at most `size` octets of text."""
    return [octet * min(size, count - start) for start in range(0, count, size)]


# Capture: framing, and the function that gives its messages.
CAPTURES = {
    "rsyslog-udp-default.dgrams.bin": ("dgrams", from_rsyslog("traditional")),
    "rsyslog-udp-forwardformat.dgrams.bin": ("dgrams", from_rsyslog("forward")),
    "rsyslog-udp-protocol23.dgrams.bin": ("dgrams", from_rsyslog("protocol23")),
    "rsyslog-udp-noescape-64k.dgrams.bin": ("dgrams", unescaped),
    "rsyslog-udp-repeated.dgrams.bin": ("dgrams", repeated("traditional")),
    "rsyslog-tcp-traditional-default.bin": ("lf", from_rsyslog("traditional")),
    "rsyslog-tcp-traditional-tradformat.bin": ("lf", from_rsyslog("traditional")),
    "rsyslog-tcp-traditional-forwardformat.bin": ("lf", from_rsyslog("forward")),
    "rsyslog-tcp-traditional-protocol23.bin": ("lf", from_rsyslog("protocol23")),
    "rsyslog-tls-default.bin": ("lf", from_rsyslog("forward")),  # What TLS carried, decrypted.
    "rsyslog-tcp-lf-noescape-64k.bin": ("lf", torn),
    "rsyslog-tcp-nul-delimiter.bin": ("nul", from_rsyslog("forward")),
    "rsyslog-tcp-octet-default.bin": ("octet", from_rsyslog("traditional")),
    "rsyslog-tcp-octet-protocol23.bin": ("octet", from_rsyslog("protocol23")),
    "rsyslog-tcp-octet-noescape-64k.bin": ("octet", unescaped),
    "rsyslog-tcp-repeated-p23.bin": ("octet", repeated("protocol23")),
    "syslogng-network-udp.dgrams.bin": ("dgrams", from_syslog_ng("network")),
    "syslogng-network-udp-suppress.dgrams.bin": ("dgrams", suppressed),
    "syslogng-syslog-udp.dgrams.bin": ("dgrams", from_syslog_ng("syslog")),
    "syslogng-syslog-tcp.bin": ("octet", from_syslog_ng("syslog")),
    "syslogng-syslog-tcp-bsdtemplate.bin": ("octet", from_syslog_ng("syslog_bsd")),
    "logger-udp-default.dgrams.bin":
        ("dgrams", from_logger(f"<29>1 {{iso}} web01 puppet-agent 1234 - {QUALITY} ", APPLIED)),
    "logger-udp-rfc5424.dgrams.bin":
        ("dgrams", from_logger(f"<29>1 {{iso}} web01 puppet-agent 1234 CATALOG {QUALITY}"
                               '[zoo@123 tiger="hungry" zebra="running"] ', APPLIED)),
    "logger-udp-rfc3164.dgrams.bin": ("dgrams", from_logger("<29>{bsd} web01 puppet-agent[1234]: ", APPLIED)),
    "logger-udp-rfc5424-notq.dgrams.bin":
        ("dgrams", from_logger("<13>1 {iso} web01 app - - - ", b"no time quality", pri=13, app_name="app",
                               procid=None)),
    "logger-udp-rfc5424-notime-nohost.dgrams.bin":
        ("dgrams", from_logger("<13>1 - - app - - - ", b"no time no host", pri=13, host=None, app_name="app",
                               procid=None, has_time=False)),
    "logger-udp-size-default.dgrams.bin":
        ("dgrams", from_logger(f"<13>1 {{iso}} web01 app - - {QUALITY} ", *logger_parts(b"z", 2500, 1024), pri=13,
                               app_name="app", procid=None)),
    "logger-udp-size-9000.dgrams.bin":
        ("dgrams", from_logger(f"<13>1 {{iso}} web01 app - - {QUALITY} ", *logger_parts(b"y", 12000, 9000), pri=13,
                               app_name="app", procid=None)),
    "logger-unix-default.dgrams.bin":
        ("dgrams", from_logger("<13>{bsd} puppet-agent[1234]: ", APPLIED, pri=13, host=None)),
}


def clock_of(capture):
    """The stamps that the sender made itself: those of the hour in which the captures were made, none of which was
    logged. A frame of syslog-ng may name its stamp twice."""
    texts = re.findall(rb"\b(?:<\d+>1 )?(2026-11-22T08:[\d:.]+\+01:00|Nov 22 08:[\d:]+)", capture)
    if b"[meta sequenceId" in capture:
        texts = [text for text in texts if text.startswith(b"2026")]
    times = iter([local_time(text.decode()) if text.startswith(b"Nov") else
                  datetime.datetime.fromisoformat(text.decode()).astimezone(ZONE) for text in texts])
    return lambda: next(times)


def sent_in(name):
    capture = (FOLDER / name).read_bytes()
    return CAPTURES[name][1](clock_of(capture), capture)


def encoded(framing, frames):
    """The octets of frames in their container."""
    ends = {"lf": b"\n", "nul": b"\0"}
    if framing == "dgrams":
        return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    if framing == "octet":
        return b"".join(b"%d " % len(frame) + frame for frame in frames)
    # omfwd adds no second LF to a template that ends with one.
    return b"".join(frame.removesuffix(b"\n") + ends[framing] for frame in frames)


# What sluice reads


def explained(framing, *arguments, stdin):
    """The objects of `sluice explain --json`."""
    command = [SLUICE, "explain", "--json", "--framing", framing, "--now", NOW, "--tz", ZONE.key, *arguments, "-"]
    result = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def fields_of(explanation):
    """What a Sent tells, of an object of explain."""
    message = explanation["message"] or ""
    octets = base64.b64decode(explanation["message_b64"]) if "message_b64" in explanation else message.encode()
    facility, severity, time = (explanation[key] for key in ("facility", "severity", "timestamp"))
    return {"pri": None if facility is None else facility * 8 + severity,
            "time": time and datetime.datetime.fromisoformat(time),
            **{key: explanation[key] for key in ("hostname", "app_name", "procid", "truncated", "incomplete")},
            "message": octets}


def expected_fields(sent):
    fields = {field.name: getattr(sent, field.name) for field in dataclasses.fields(sent)}
    del fields["frame"]
    fields["time"] = sent.time and sent.time.astimezone(datetime.timezone.utc)
    return {**fields, "truncated": False, "incomplete": False}


def shown(fields):
    """Short: unittest's own difference of two long messages takes minutes."""
    return str(fields | {"message": fields["message"][:80]})


# Each event of the captures with repetitions as a counter of its own.
EVENTS_PACK = {"pack": "events", "rules": [
    {"name": name, "match": f"^{text}$", "emit": [{"metric": f"events.{name}", "type": "counter"}],
     "examples": [{"line": text, "gives": {f"events.{name}": 1}}, {"line": text + "s", "gives": {}}]}
    for name, text in {"busy": "Run of Puppet configuration client already in progress", "other": "other",
                       "tick": "tick", "tock": "tock"}.items()]}


class WireCaptures(unittest.TestCase):
    def test_every_capture_is_covered_or_says_why_not(self):
        self.assertEqual(sorted([*CAPTURES, *NOT_COVERED]), sorted(file.name for file in FOLDER.glob("*.bin")))

    def test_the_model_of_the_senders_gives_the_captured_octets(self):
        for name, (framing, _) in CAPTURES.items():
            with self.subTest(name):
                modelled = encoded(framing, [sent.frame for sent in sent_in(name)])
                captured = (FOLDER / name).read_bytes()
                same = len(os.path.commonprefix([modelled, captured]))
                self.assertTrue(modelled == captured, f"from octet {same} on: {captured[same:][:80]} "
                                                      f"instead of {modelled[same:][:80]}")

    def test_every_message_is_read_as_it_was_sent(self):
        for name, (framing, _) in CAPTURES.items():
            for way in {framing, "dgrams" if framing == "dgrams" else "auto"}:
                with self.subTest(name, framing=way):
                    found = [fields_of(one) for one in explained(way, stdin=(FOLDER / name).read_bytes())]
                    expected = [expected_fields(sent) for sent in sent_in(name)]
                    for number, (one, other) in enumerate(zip(found, expected), 1):
                        wrong = {key for key in other if one[key] != other[key]}
                        self.assertFalse(wrong, f"message {number}: {shown(one)} instead of {shown(other)}")
                    self.assertEqual(len(found), len(expected), "messages")

    def test_notices_count_as_the_messages_they_stand_for(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        (folder / "events.json").write_text(json.dumps(EVENTS_PACK))
        config = folder / "sluice.json"
        config.write_text(json.dumps({"packs": [], "rules": [str(folder / "events.json")]}))
        of_syslog_ng = {"tick": 4, "tock": 1}
        of_rsyslog = {"busy": 5, "other": 1, "tick": 3, "tock": 1}
        for name in CAPTURES:
            if "repeated" not in name and not name.startswith("syslogng-network"):
                continue
            with self.subTest(name):
                counts = {}
                for one in explained(CAPTURES[name][0], "--config", str(config), stdin=(FOLDER / name).read_bytes()):
                    for sample in (sample for match in one["matches"] for sample in match["samples"]):
                        event = sample["metric"].removeprefix("events.")
                        counts[event] = counts.get(event, 0) + sample["weight"]
                self.assertEqual(counts, of_rsyslog if name.startswith("rsyslog") else of_syslog_ng)


class Listeners(unittest.TestCase):
    """The same octets through the sockets of a running relay."""

    def setUp(self):
        folder = pathlib.Path(self.enterContext(scratch()))
        self.port, self.multiline, self.http = free_port(), free_port(), free_port()
        self.socket = str(folder / "log")
        self.relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"udp://127.0.0.1:{self.port}"}, {"syslog": f"tcp://127.0.0.1:{self.port}"},
                       {"syslog": f"tcp://127.0.0.1:{self.multiline}", "multiline": True},
                       {"syslog": f"unixgram://{self.socket}"}],
            "packs": [], "destinations": [], "state_dir": str(folder / "state"),
            "http": f"127.0.0.1:{self.http}", "tz": ZONE.key, "expand_repeats": False}, folder))
        self.relay.wait_listening(tcp=[self.port, self.multiline, self.http], udp=[self.port])

    def received(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/api/v1/ledger", timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)["messages"]["received"]

    def check(self, sent):
        """All of `sent`, and nothing else, has been received, and each whole."""
        wait_until(lambda: self.received() >= len(sent), f"{len(sent)} messages are received")
        self.relay.stop()
        counters = self.relay.counters()
        self.assertEqual(counters["syslog_messages_received_total"], len(sent))
        self.assertEqual(counters["syslog_messages_truncated_total"], 0)
        self.assertEqual(counters["syslog_messages_malformed_total"], sum(one.pri is None for one in sent))

    def test_datagrams(self):
        sent = [one for name, (framing, _) in CAPTURES.items() if framing == "dgrams" for one in sent_in(name)]
        play_udp(self.port, [one.frame for one in sent])
        self.check(sent)

    def test_local_datagrams(self):
        names = ["logger-unix-default.dgrams.bin", "rsyslog-udp-noescape-64k.dgrams.bin"]
        sent = [one for name in names for one in sent_in(name)]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self.socket)
            for one in sent:
                sender.sendall(one.frame)
        self.check(sent)

    def test_streams(self):
        names = [name for name, (framing, _) in CAPTURES.items() if framing != "dgrams"]
        for name in names:
            play_tcp(self.port, (FOLDER / name).read_bytes())
        self.check([one for name in names for one in sent_in(name)])

    def test_multiline_keeps_what_lines_would_tear(self):
        play_tcp(self.multiline, (FOLDER / "rsyslog-tcp-lf-noescape-64k.bin").read_bytes())
        self.check(sent_in("rsyslog-udp-noescape-64k.dgrams.bin"))


if __name__ == "__main__":
    if not (FOLDER / "INPUT.txt").is_file():
        print(f"no captures at {FOLDER}, not run (SLUICE_WIRE_CAPTURES names their folder)")
        sys.exit(SKIPPED)
    unittest.main()
