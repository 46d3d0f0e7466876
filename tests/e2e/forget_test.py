#!/usr/bin/env python3
"""Who needs attention, and hosts that are forgotten: by whom, what it does, and that it outlives the relay.

usage: forget_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import pathlib
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from sluice_harness import SOURCE_DIR, Sluice, free_port, play_tcp, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)


class Forget(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(scratch()))
        (self.folder / "map.json").write_text(json.dumps({"hosts": {"web01": "web"}}))
        self.port, self.http = free_port(), free_port()
        self.relay = None
        self.addCleanup(self.kill)
        self.start()

    def start(self):
        self.relay = Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}], "pack_dirs": [str(SOURCE_DIR / "rules")],
            "packs": ["puppet-agent"], "state_dir": str(self.folder / "state"), "destinations": [],
            "clusters": {"file": str(self.folder / "map.json")}, "http": f"127.0.0.1:{self.http}"}, self.folder)
        self.relay.wait_listening(tcp=[self.port, self.http])

    def kill(self):
        if self.relay.process.poll() is None:
            self.relay.kill()

    def send(self, *hosts):
        play_tcp(self.port, "".join(f"<29>{stamp()} {host} puppet-agent[7]: Applied catalog in 1.50 seconds\n"
                                    for host in hosts).encode())

    def ask(self, path, **more):
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", **more),
                                    timeout=60) as answer:
            return json.load(answer)

    def known(self):
        return self.ask("/api/v1/ledger")["hosts"]["known"]

    def command(self, *arguments):
        return subprocess.run([SLUICE, *arguments, "--url", f"http://127.0.0.1:{self.http}"], capture_output=True,
                              text=True, timeout=60, check=False)

    def refusal(self, path, **more):
        with self.assertRaises(urllib.error.HTTPError) as raised:
            self.ask(path, method="POST", data=b"", **more)
        with raised.exception as answer:
            return answer.code

    def test_a_forgotten_host_stays_forgotten_over_a_restart(self):
        self.send("web01", "db01", "db02")
        wait_until(lambda: self.known() == 3, "three hosts are known")
        done = self.command("forget", "db01")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        self.assertIn("db01 is forgotten", done.stdout)
        wait_until(lambda: self.known() == 2, "two are left")
        again = self.command("forget", "db77")
        self.assertEqual(again.returncode, 1)
        self.assertIn("db77: the relay knows no such host", again.stderr)
        wait_until(lambda: "web01" in [one["host"] for one in self.ask("/api/v1/senders")["senders"]], "it is a sender")
        self.assertIn('wbe01: the relay knows no such host; did you mean "web01"?', self.command("forget", "wbe01").stderr)
        self.kill()
        self.start()
        self.assertEqual(self.known(), 2)
        self.send("db01")
        wait_until(lambda: self.known() == 3, "it comes back with its next message")
        # As it calls itself, perhaps; hosts are known in lower case.
        self.assertEqual(self.command("forget", "DB01").returncode, 0)
        wait_until(lambda: self.known() == 2, "it is gone again")

    def test_no_web_page_can_make_it_forget(self):
        self.send("web01")
        wait_until(lambda: self.known() == 1, "a host is known")
        self.assertEqual(self.refusal("/api/v1/forget?host=web01"), 403)
        self.assertEqual(self.refusal("/api/v1/forget", headers={"X-Sluice-Order": "forget"}), 400)
        self.assertEqual(self.refusal("/api/v1/ledger", headers={"X-Sluice-Order": "forget"}), 405)
        self.assertEqual(self.known(), 1)

    def test_hosts_in_no_cluster_are_named(self):
        self.send("web01", "db02", "db01")
        wait_until(lambda: self.ask("/api/v1/attention")["unmapped"] == ["db01", "db02"], "they are listed")
        self.assertIn("in no cluster\n  db01, db02\n", self.command("status").stdout)

    def test_rules_and_hosts_that_are_too_late_are_named(self):
        play_tcp(self.port, b"<29>2020-01-01T00:00:00Z web01 puppet-agent[7]: Applied catalog in 1.50 seconds\n")
        too_late = wait_until(lambda: (one := self.ask("/api/v1/attention")["too_late"])["hosts"] and one,
                              "they are listed")
        self.assertEqual([one["name"] for one in too_late["hosts"]], ["web01"])
        self.assertEqual([one["name"] for one in too_late["rules"]], ["puppet-agent/applied"])


if __name__ == "__main__":
    unittest.main()
