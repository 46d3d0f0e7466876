"""What senders make of a message that a program logs: a model of rsyslog, syslog-ng and logger, to the octet.

A test compares the frames of the model with captured octets, which proves the model, and its fields with
what sluice reads. Nothing in here comes from sluice.
"""
import dataclasses
import datetime
import re
import zoneinfo

HOST = "web01.example.com"
ZONE = zoneinfo.ZoneInfo("Europe/Berlin")  # Of the machine that the senders ran on.
YEAR = 2026
RSYSLOG_OCTETS_MAX = 8096  # maxMessageSize 8k: of the whole message that it sends.
TAG_OCTETS_MAX = 32  # Of rsyslog's BSD templates.


@dataclasses.dataclass
class Logged:
    """A message as a program hands it to /dev/log; what it does not name is None."""
    pri: int | None
    time: datetime.datetime | None
    header: bytes  # The tag as written, with the blank behind it.
    app_name: str | None
    procid: str | None
    text: bytes


@dataclasses.dataclass
class Sent:
    """A frame without what its transport adds, and what a receiver must read in it."""
    frame: bytes
    pri: int | None
    time: datetime.datetime | None
    hostname: str | None
    app_name: str | None
    procid: str | None
    message: bytes


def bsd_stamp(time):
    return f"{time:%b} {time.day:2} {time:%H:%M:%S}"


def local_time(text):
    return datetime.datetime.strptime(f"{YEAR} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=ZONE)


LOCAL_FORM = re.compile(rb"(?:<(\d+)>)?(?:(\w{3} [ \d]\d \d\d:\d\d:\d\d) )?"
                        rb"(([^ :\[]+)(?:\[(\d+)\])?: ?)?(.*)", re.DOTALL)


def logged(raw):
    """Reads the local form `<PRI>Mmm dd hh:mm:ss tag[pid]: text`, each part optional."""
    pri, time, header, name, pid, text = LOCAL_FORM.fullmatch(raw).groups()
    return Logged(int(pri) if pri else None, local_time(time.decode()) if time else None, header or b"",
                  name.decode() if name else None, pid.decode() if pid else None, text)


# rsyslog


@dataclasses.dataclass
class Rsyslog:
    """imuxsock and omfwd with one of its templates."""
    template: str  # traditional, forward or protocol23.
    is_escaping: bool = True
    octets_max: int = RSYSLOG_OCTETS_MAX

    def send(self, message, clock):
        read = self.read(message, clock)
        return self.protocol23(read) if self.template == "protocol23" else self.bsd(read)

    def read(self, message, clock):
        """What imuxsock understands: `header` is the tag, and `text` begins with the blank behind it."""
        text = message.text.removesuffix(b"\n")
        if self.is_escaping:
            text = re.sub(rb"[\x00-\x1f\x7f]", lambda match: b"#%03o" % match[0][0], text)
        read = dataclasses.replace(message, time=message.time or clock(), header=message.header.rstrip(b" "),
                                   text=b" " * message.header.endswith(b" ") + text)
        if read.pri is None:
            # It takes the first two octets for the brackets of a PRI without digits; then a blank follows.
            return dataclasses.replace(read, pri=0, text=text[2:])
        if not read.header:
            word = text.split(b" ")[0]
            return dataclasses.replace(read, header=word, app_name=word.decode(), text=text[len(word):])
        return read

    def bsd(self, read):
        stamp = bsd_stamp(read.time) if self.template == "traditional" else read.time.isoformat()
        tag = read.header[:TAG_OCTETS_MAX]
        header = f"<{read.pri}>{stamp} {HOST} ".encode() + tag + b" "
        frame = (header + read.text.removeprefix(b" "))[:self.octets_max]
        app_name, procid = read.app_name, read.procid
        if tag != read.header:  # Cut: the name goes on to the end, and nobody knows the pid.
            app_name, procid = tag.decode(), None
        return Sent(frame, read.pri, read.time, HOST, app_name, procid, frame[len(header):])

    def protocol23(self, read):
        app_name = read.app_name and read.app_name.split("/")[0]
        header = (f"<{read.pri}>1 {read.time.isoformat()} {HOST} {app_name or '-'} {read.procid or '-'} - - ").encode()
        frame = (header + read.text + b"\n")[:self.octets_max]
        return Sent(frame, read.pri, read.time, HOST, app_name, read.procid, frame[len(header):].removesuffix(b"\n"))


# syslog-ng


@dataclasses.dataclass
class SyslogNg:
    """unix-dgram() and network() or syslog(), which may have network()'s form as its template."""
    driver: str  # network, syslog or syslog_bsd.
    number: int = 0

    def send(self, message, clock):
        read = dataclasses.replace(message, pri=13 if message.pri is None else message.pri,
                                   time=message.time or clock(), text=message.text.removesuffix(b"\n"))
        if not read.header:
            word = read.text.split(b" ")[0]
            read = dataclasses.replace(read, header=word + b" ", app_name=word.decode(), text=read.text[len(word) + 1:])
        bsd = f"<{read.pri}>{bsd_stamp(read.time)} {HOST} ".encode() + read.header + read.text + b"\n"
        if self.driver == "network":
            return self.sent(read, bsd, read.text)
        self.number += 1
        header = (f"<{read.pri}>1 {read.time.isoformat()} {HOST} {read.app_name} {read.procid or '-'} - "
                  f'[meta sequenceId="{self.number}"] ').encode()
        if self.driver == "syslog_bsd":
            return self.sent(read, header + bsd, bsd.removesuffix(b"\n"))
        return self.sent(read, header + read.text + b"\n", read.text)

    def sent(self, read, frame, message):
        # A receiver cannot tell a CR that the program wrote from the CR LF that some senders end with.
        return Sent(frame, read.pri, read.time, HOST, read.app_name, read.procid, message.removesuffix(b"\r"))

    def notice(self, message, count, clock, procid):
        """What suppress() writes in place of `count` further messages; it signs with its own pid."""
        text = f"Last message '{message.text.decode()}' repeated {count} times, suppressed by syslog-ng on web01"
        header = f"{message.app_name}[{procid}]: ".encode()
        notice = dataclasses.replace(message, time=clock(), header=header, procid=procid, text=text.encode())
        return self.send(notice, clock)
