#!/usr/bin/env python3
"""What a running relay tells over HTTP of those who send to it.

usage: senders_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import datetime
import json
import sys
import unittest
import urllib.error
import urllib.request

from sluice_harness import DEADLINE_SECONDS, Sluice, free_port, play_tcp, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)


class Senders(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(scratch())
        self.port, self.http = free_port(), free_port()
        self.relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}], "packs": [], "destinations": [],
            "state_dir": f"{folder}/state", "http": f"127.0.0.1:{self.http}"}, folder))
        self.relay.wait_listening(tcp=[self.port, self.http])

    def senders(self, query=""):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/api/v1/senders{query}", timeout=DEADLINE_SECONDS) as answer:
            return json.load(answer)

    def test_each_sender_is_counted(self):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        good = [f"<13>{stamp()} {host} app[1]: text" for host in ("web01", "web02", "web01")]
        bad = f"<13>1 {stamp()} web02 app - - [broken text"
        play_tcp(self.port, "".join(line + "\n" for line in [*good, bad]).encode())
        self.senders_when(lambda found: sum(row["messages"] for row in found["senders"]) >= 4)
        found = self.senders("?sort=malformed")
        self.assertEqual(found["known"], 2)
        self.assertEqual([row["host"] for row in found["senders"]], ["web02", "web01"])
        web02, web01 = found["senders"]
        self.assertEqual((web01["messages"], web01["malformed"]), (2, 0))
        self.assertEqual((web02["messages"], web02["malformed"]), (2, 1))
        self.assertEqual(web01["octets"], len(good[0]) + len(good[2]))
        self.assertEqual(web02["octets"], len(good[1]) + len(bad))
        for row in (web01, web02):
            self.assertGreaterEqual(datetime.datetime.fromisoformat(row["last_received"]), before)
        self.assertEqual((found["other"]["messages"], found["other"]["last_received"]), (0, None))

    def senders_when(self, is_right):
        wait_until(lambda: is_right(self.senders()), "the senders' counts are right")

    def test_a_wrong_query_is_a_problem(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.senders("?limit=all")
        with refused.exception as answer:
            self.assertEqual(answer.code, 400)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
            self.assertIn("limit", json.load(answer)["detail"])


if __name__ == "__main__":
    unittest.main()
