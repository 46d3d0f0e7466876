#!/usr/bin/env python3
"""The units of packaging/systemd: systemd takes them without a word, rates the sandbox, makes the user and the
folders; and the relay takes sockets that systemd has opened.

usage: systemd_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import unittest

from peers import give, program
from sluice_harness import SOURCE_DIR, Failure, RecordingSink, Sluice, free_port, scratch, stamp, wait_until

SLUICE = str(pathlib.Path(sys.argv.pop(1)).resolve())
UNITS = SOURCE_DIR / "packaging/systemd"
EXPOSURE_MAX = 1.5

# Opens sockets, hands them to the relay as systemd does, and becomes it.
SYSTEMD = """#!{python}
import os, socket, sys
number = 3
for kind, address, count in {sockets!r}:
    for _ in range(count):
        one = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET, kind)
        if count > 1:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(address)
        if kind == socket.SOCK_STREAM:
            one.listen()
        os.dup2(one.fileno(), number)
        if one.fileno() == number:
            os.set_inheritable(number, True)
            one.detach()
        number += 1
os.environ |= {{"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(number - 3)}}
os.execv({sluice!r}, [{sluice!r}, *sys.argv[1:]])
"""
SOCKET_ACTIVATE = """#!/bin/sh
exec {activate} {options} {sluice} "$@"
"""


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)


def wait_log(relay, text):
    def is_told():
        if relay.process.poll() is not None:
            raise Failure(f"sluice ended with {relay.process.returncode}:\n{relay.log()}")
        return text in relay.log()
    wait_until(is_told, f"the log says: {text}")


def line(seconds):
    return f"<29>{stamp()} web01.example.com puppet-agent[7]: Applied catalog in {seconds:.2f} seconds"


class Units(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))

    def test_systemd_takes_them_without_a_word(self):
        for unit in [UNITS / "sluice.service", *UNITS.glob("*.socket")]:
            text = unit.read_text().replace("/usr/bin/sluice", SLUICE)
            (self.folder / unit.name).write_text(text)
        units = [self.folder / name for name in ("sluice.service", "sluice.socket", "sluice-tcp.socket")]
        result = run("systemd-analyze", "verify", "--man=no", *units)
        # It also tells of other units of this machine.
        said = [word for word in (result.stderr + result.stdout).splitlines() if "sluice" in word]
        self.assertEqual(said, [])

    def test_the_sandbox_is_tight(self):
        result = run("systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / "sluice.service")
        rating = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
        self.assertIsNotNone(rating, result.stdout + result.stderr)
        self.assertLessEqual(float(rating[1]), EXPOSURE_MAX, result.stdout)

    def test_a_reload_checks_first(self):
        reload = re.findall(r"^ExecReload=(.*)$", (UNITS / "sluice.service").read_text(), re.MULTILINE)
        self.assertEqual(reload, ["/usr/bin/sluice check --config /etc/sluice/sluice.json", "/bin/kill -HUP $MAINPID"])

    def test_user_and_folders_are_made(self):
        (self.folder / "etc").mkdir()
        made = run("systemd-sysusers", f"--root={self.folder}", UNITS / "sluice.sysusers")
        self.assertEqual(made.returncode, 0, made.stderr)
        users = (self.folder / "etc/passwd").read_text()
        self.assertRegex(users, r"(?m)^sluice:x:\d+:\d+:[^:]*:/var/lib/sluice:/usr/sbin/nologin$")
        made = run("systemd-tmpfiles", "--create", f"--root={self.folder}", UNITS / "sluice.tmpfiles")
        self.assertEqual(made.returncode, 0, made.stderr)
        owner = int(re.search(r"(?m)^sluice:x:(\d+)", users)[1])
        for path, mode in (("run/sluice", 0o755), ("var/lib/sluice", 0o750)):
            state = (self.folder / path).stat()
            self.assertEqual((state.st_uid, stat.S_IMODE(state.st_mode)), (owner, mode), path)


def calls_of(names):
    """The system calls of systemd's sets of them (systemd.exec(5))."""
    told = run("systemd-analyze", "syscall-filter").stdout
    sets = {}
    plain = "\n" + re.sub(r"\x1b\[[0-9;]*m", "", told)
    for text in plain.split("\n@")[1:]:
        name, *rest = text.splitlines()
        sets["@" + name.strip("@ ")] = [word.strip() for word in rest if word.strip() and not word.strip().startswith("#")]

    def resolved(name):
        return set().union(*(resolved(one) for one in sets[name])) if name.startswith("@") else {name}
    return set().union(*map(resolved, names))


class Activation(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        self.folder.chmod(0o777)  # For relays that run as another user.
        self.sink = self.enterContext(RecordingSink())

    def test_the_relay_makes_no_system_call_that_the_unit_forbids(self):
        allowed, forbidden = re.findall(r"^SystemCallFilter=~?(.*)$", (UNITS / "sluice.service").read_text(), re.MULTILINE)
        permitted = calls_of(allowed.split()) - calls_of(forbidden.split())
        self.assertIn("epoll_wait", permitted)
        self.assertNotIn("setuid", permitted)
        trace, tcp, path = self.folder / "trace", free_port(), self.folder / "stream"
        # As an ordinary user: SQLite asks root's rights of nobody else.
        user = "setpriv --reuid nobody --regid nogroup --clear-groups" if os.geteuid() == 0 else ""
        relay = self.start(f'#!/bin/sh\nexec {user} strace -f -qq -o {trace} {SLUICE} "$@"\n',
                           [{"syslog": f"tcp://127.0.0.1:{tcp}"}, {"syslog": f"udp://127.0.0.1:{tcp}"},
                            {"syslog": f"unix://{path}"}])
        relay.wait_listening(tcp=[tcp])
        give(tcp, [line(1)])
        self.wait_runs(1)
        relay_id = int(re.match(r"\d+", trace.read_text())[0])
        os.kill(relay_id, signal.SIGHUP)
        wait_log(relay, "reloaded")
        os.kill(relay_id, signal.SIGTERM)
        relay.wait_stopped()
        calls = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
        self.assertGreater(len(calls), 20)
        self.assertEqual(sorted(calls - permitted), [])

    def start(self, text, listen, workers=1):
        """A relay behind a program of its own, whose text that is."""
        front = self.folder / "front"
        front.write_text(text)
        front.chmod(0o755)
        return self.enterContext(Sluice(front, {
            "listen": listen, "pack_dirs": [str(SOURCE_DIR / "rules")], "http": "off", "workers": workers,
            "state_dir": str(self.folder / "state"), "window": "1s", "grace": "100ms",
            "destinations": [{"name": "sink", "carbon": f"tcp://127.0.0.1:{self.sink.port}",
                              "new_series_per_minute": 0}]}, self.folder))

    def systemd(self, *sockets):
        return SYSTEMD.format(python=sys.executable, sluice=SLUICE,
                              sockets=[(int(kind), address, count) for kind, address, count in sockets])

    def wait_runs(self, count):
        wait_until(lambda: self.sink.total(r"sluice\.all\.puppet\.runs\.completed\.count") >= count,
                   f"{count} runs are published")

    def test_listeners_take_the_sockets_of_their_addresses(self):
        udp, tcp, path = free_port(), free_port(), str(self.folder / "stream")
        relay = self.start(
            self.systemd((socket.SOCK_DGRAM, ("127.0.0.1", udp), 1), (socket.SOCK_STREAM, ("127.0.0.1", tcp), 1),
                         (socket.SOCK_STREAM, path, 1)),
            [{"syslog": f"tcp://127.0.0.1:{tcp}"}, {"syslog": f"udp://127.0.0.1:{udp}"}, {"syslog": f"unix://{path}"}])
        wait_log(relay, "started")
        give(tcp, [line(1)])
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(line(2).encode(), ("127.0.0.1", udp))
        with socket.socket(socket.AF_UNIX) as sender:
            sender.connect(path)
            sender.sendall(line(3).encode() + b"\n")
        self.wait_runs(3)
        relay.stop()
        self.assertEqual(len(re.findall(r"\[listening\] .*the socket is systemd's", relay.log())), 3)
        self.assertTrue(pathlib.Path(path).exists(), "the socket file is systemd's to remove")

    def test_what_no_listener_names_is_told(self):
        known, other = free_port(), free_port()
        relay = self.start(self.systemd((socket.SOCK_DGRAM, ("127.0.0.1", other), 1)),
                           [{"syslog": f"tcp://127.0.0.1:{known}"}])
        relay.wait_listening(tcp=[known])
        wait_log(relay, f"systemd listens on udp://127.0.0.1:{other} for sluice, but no \"listen\"")

    def test_several_sockets_of_one_address_are_spread_over_the_workers(self):
        tcp = free_port()
        relay = self.start(self.systemd((socket.SOCK_STREAM, ("127.0.0.1", tcp), 3)),
                           [{"syslog": f"tcp://127.0.0.1:{tcp}"}], workers=3)
        wait_log(relay, "started")
        for number in range(30):  # The kernel spreads connections over all three.
            give(tcp, [line(number)])
        self.wait_runs(30)
        relay.stop()

    def test_systemds_own_tool_starts_it_at_the_first_message(self):
        for kind, options in ((socket.SOCK_STREAM, ""), (socket.SOCK_DGRAM, "--datagram")):
            with self.subTest(kind=kind):
                self.setUp()
                port = free_port()
                scheme = "udp" if options else "tcp"
                relay = self.start(SOCKET_ACTIVATE.format(activate=program("systemd-socket-activate"), sluice=SLUICE,
                                                          options=f"{options} --listen=127.0.0.1:{port}"),
                                   [{"syslog": f"{scheme}://127.0.0.1:{port}"}])
                wait_log(relay, "Listening on")
                with socket.socket(type=kind) as sender:
                    sender.connect(("127.0.0.1", port))
                    sender.sendall(line(1).encode() + b"\n")
                self.wait_runs(1)
                relay.stop()


if __name__ == "__main__":
    unittest.main()
