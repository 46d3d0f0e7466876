#!/usr/bin/env python3
"""The HTTP API: its documents and what is served say the same, bad input, hostile names, and load that ingest
does not notice.

usage: api_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

import jsonschema

from http_rig import Rig
from sluice_harness import SOURCE_DIR, free_port, play_tcp, scratch, stamp, wait_until

SLUICE = sys.argv.pop(1)
OPENAPI = json.loads((SOURCE_DIR / "docs" / "openapi.json").read_text())
RESPONSES = OPENAPI["components"]["responses"]
# Lists, and the member that has their rows.
LISTS = {"/api/v1/clusters": "clusters", "/api/v1/hosts": "hosts", "/api/v1/series": "series", "/api/v1/metrics": "nodes",
         "/api/v1/senders": "senders", "/api/v1/unmatched": "shapes", "/api/v1/rules": "rules",
         "/api/v1/failures": "failures", "/api/v1/events": "events"}
# What stands for {name} in a path, and what a path must be asked with.
NAMES = {"/api/v1/clusters/{name}": "web", "/api/v1/hosts/{name}": "web01.example.com"}
QUERIES = {"/api/v1/series": "?path=sluice.all.*.*.*", "/api/v1/metrics": "?path=sluice.*"}


class Api(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(scratch())
        self.rig = Rig(SLUICE, folder)
        self.addCleanup(self.rig.end)
        (self.rig.folder / "map.json").write_text(json.dumps({"hosts": {
            "web01.example.com": {"cluster": "web", "environment": "prod"}, "web02": "web", "db01": "db"}}))
        self.clusters = {"file": str(self.rig.folder / "map.json")}
        self.nowhere = [{"name": "nowhere", "carbon": f"tcp://127.0.0.1:{free_port()}"}]

    def check(self, name, value):
        schema = {"$ref": f"#/components/schemas/{name}", "components": OPENAPI["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    def refused(self, status, path, **more):
        got, kind, text = self.rig.ask(path, **more)
        self.assertEqual((got, kind), (status, "application/problem+json"), f"{path}: {text[:300]}")
        problem = json.loads(text)
        self.check("Problem", problem)
        self.assertEqual(problem["status"], status)
        return problem["detail"]

    def started_fleet(self, **keys):
        self.rig.start(clusters=self.clusters, **keys)
        self.rig.send("web01.example.com", "db01", "stray")
        self.rig.send("db01", text="Could not retrieve catalog; skipping run", pri=27)
        self.rig.wait_for_points("sluice.clusters.db.puppet.runs.completed.count")
        return wait_until(lambda: (one := self.rig.json("/api/v1/fleet"))["window"] and one["hosts"] == 4 and one,
                          "four hosts are known")

    # Documents.

    def test_every_documented_path_answers_as_documented(self):
        self.started_fleet()
        for path, methods in OPENAPI["paths"].items():
            if "get" not in methods:
                continue
            asked = path.replace("{name}", NAMES.get(path, "")) + QUERIES.get(path, "")
            with self.subTest(asked):
                status, kind, text = self.rig.ask(asked)
                self.assertEqual(status, 200, text)
                documented, = methods["get"]["responses"]["200"]["content"].items()
                self.assertEqual(kind.split(";")[0], documented[0])
                if "$ref" in documented[1]["schema"]:
                    self.check(documented[1]["schema"]["$ref"].rsplit("/", 1)[1], json.loads(text))
                if path != "/":
                    self.refused(400, asked + ("&" if "?" in asked else "?") + "nonsense=1")
        explained = self.rig.json("/api/v1/explain", body="<29>Nov 22 07:40:01 web01 puppet-agent[7]: Hello\n",
                                  headers={"Content-Type": "text/plain"})
        self.check("Explained", explained)
        forgotten = self.rig.json("/api/v1/forget?host=db01", method="POST", headers={"X-Sluice-Order": "forget"})
        self.check("Forgotten", forgotten)

    def test_every_path_that_is_served_is_documented_and_the_other_way_round(self):
        self.rig.start()
        known = self.refused(404, "/nothing").removeprefix("known are ").split("; not ")[0].split(", ")
        served = {path.replace("NAME", "{name}") for path in known}
        documented = {("" if method == "get" else method.upper() + " ") + path
                      for path, methods in OPENAPI["paths"].items() for method in methods}
        page = {"/" + str(file.relative_to(SOURCE_DIR / "src/http/page")) for file in
                (SOURCE_DIR / "src/http/page").rglob("*") if file.is_file()}
        page |= {"/dygraph.js", "/dygraph.css"}  # Debian's, put among them by the build.
        self.assertEqual(served, documented)
        self.assertFalse(served & (page - {"/"}))
        self.assertTrue(self.refused(404, "/healtz").endswith('not /healtz; did you mean "/healthz"?'))
        text = (SOURCE_DIR / "docs" / "api.md").read_text()
        rows = {row.replace("NAME", "{name}").replace("GET ", "") for row in re.findall(
            r"^\| ((?:POST )?`/[^`]*`)", text.split("## Paths")[1].split("\n## ")[0], re.MULTILINE)}
        self.assertEqual({row.replace("`", "") for row in rows}, documented)

    def test_every_member_is_in_the_words_too(self):
        words = "".join((SOURCE_DIR / "docs" / name).read_text() for name in ("api.md", "explain.md"))

        def members_of(schema):
            for name, member in schema.get("properties", {}).items():
                yield name
                yield from members_of(member)
            for part in (schema.get("items"), schema.get("additionalProperties")):
                if isinstance(part, dict):
                    yield from members_of(part)

        for name, schema in OPENAPI["components"]["schemas"].items():
            for member in members_of(schema):
                self.assertRegex(words, rf'[`".]{re.escape(member)}[`".]', name)

    def test_all_lists_are_asked_and_answer_alike(self):
        self.started_fleet()
        paths = {path for path, methods in OPENAPI["paths"].items()
                 if "limit" in [one["name"] for one in methods.get("get", {}).get("parameters", [])]}
        self.assertEqual(paths, set(LISTS))
        for path, rows in LISTS.items():
            with self.subTest(path):
                parameters = {one["name"]: one["schema"] for one in OPENAPI["paths"][path]["get"]["parameters"]}
                limit_max = parameters["limit"]["maximum"]
                self.assertEqual((parameters["limit"]["default"], limit_max, parameters["offset"]["default"]),
                                 (100, 10_000 if path.endswith("senders") else 1000, 0))
                query = QUERIES.get(path, "?") + "&limit="
                whole = self.rig.json(f"{path}{query}{limit_max}")
                self.assertEqual((len(whole[rows]), whole["truncated"]), (min(whole["total"], limit_max), False))
                first, second = (self.rig.json(f"{path}{query}1&offset={offset}") for offset in (0, 1))
                self.assertEqual(first["truncated"], whole["total"] > 1)
                self.assertEqual([len(one[rows]) for one in (first, second)],
                                 [min(whole["total"] - offset, 1) if whole["total"] > offset else 0 for offset in (0, 1)])
                self.assertEqual(self.rig.json(f"{path}{query}1&offset=1000000")[rows], [])
                self.refused(400, f"{path}{query}{limit_max + 1}")
                self.refused(400, f"{path}{query}0")

    def test_every_error_that_a_path_answers_is_documented(self):
        token = self.rig.folder / "token"
        token.write_text("0123456789abcdef0123456789abcdef\n")
        token.chmod(0o600)
        self.rig.start(http={"listen": f"127.0.0.1:{self.rig.http}", "token_file": str(token)}, history=False)
        let_in = {"Authorization": "Bearer " + token.read_text().strip()}
        wait_until(lambda: self.rig.ask("/api/v1/hosts", headers=let_in)[0] == 200, "there is a view of the hosts")
        late = []  # Requests that never end: they are answered together.
        for path, methods in OPENAPI["paths"].items():
            for method, described in methods.items():
                documented = set(described["responses"]) - {"200"}
                found = self.errors_of(path, method.upper(), let_in)
                with self.subTest(path=path, method=method):
                    # That too many wait cannot be made here (http_front_test.cc does); what can has been.
                    self.assertEqual(found | {"408"}, documented if "503" in found else documented - {"503"})
                    self.assertEqual("503" in documented, path != "/healthz")
                late.append(self.open_request(f"{method.upper()} {path} HTTP/1.1\r\nHost: localhost\r\n"))
        for client in late:
            self.assert_problem(client, 408)

    def errors_of(self, path, method, headers):
        """The statuses of what is asked wrongly in every way that there is; each is a problem and documented."""
        asked = path.replace("{name}", "none")
        body = {"body": "x" if method == "POST" else None, "method": method}
        text = {**headers, "Content-Type": "text/plain"}
        found = set()
        for more, status in (
                ({"headers": {"Content-Type": "text/plain"}}, 401),
                ({"headers": {**text, "Host": "evil.example.com"}}, 403),
                ({"headers": {**text, "X-Sluice-Order": "forget"}, "query": "?host=none" if "forget" in path else ""}, 404),
                ({"headers": text, "method": "DELETE"}, 405), ({"headers": text, "body": "x" * 70_000}, 413),
                ({"headers": text, "query": "?" + "a" * 5000}, 414),
                ({"headers": {**headers, "Content-Type": "text/html"}}, 415),
                ({"headers": {**text, "X-Long": "a" * 20_000}}, 431),
                ({"headers": text, "query": "?path=sluice.*"}, 503)):
            got, kind, answer = self.rig.ask(asked + more.pop("query", ""), **{**body, **more})
            if got != status:
                continue  # Another kind of path.
            self.assertEqual((kind, json.loads(answer)["status"]), ("application/problem+json", status))
            self.check("Problem", json.loads(answer))
            found.add(str(status))
        for field, status in (("Content-Length: x", 400), ("Transfer-Encoding: chunked", 411)):
            client = self.open_request(f"{method} {asked} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n")
            self.assert_problem(client, status)
        return found | {"400", "411"}

    def open_request(self, text):
        client = socket.create_connection(("127.0.0.1", self.rig.http), 60)
        self.addCleanup(client.close)
        client.sendall(text.encode())
        return client

    def assert_problem(self, client, status):
        answer = http.client.HTTPResponse(client)
        answer.begin()
        problem = json.loads(answer.read())
        self.check("Problem", problem)
        self.assertEqual((answer.status, answer.getheader("Content-Type"), problem["status"]),
                         (status, "application/problem+json", status))

    def test_every_documented_error_is_a_problem(self):
        for path, methods in OPENAPI["paths"].items():
            for described in methods.values():
                for status, response in described["responses"].items():
                    if status != "200":
                        name = response["$ref"].removeprefix("#/components/responses/")
                        schema = RESPONSES[name]["content"]["application/problem+json"]["schema"]
                        self.assertEqual(schema, {"$ref": "#/components/schemas/Problem"}, f"{path} {status}")

    def test_filters_take_names_that_the_relay_knows_and_say_which(self):
        self.started_fleet()
        for path, known in (("hosts?state=failing", '"failed"'), ("hosts?state=Failed", '"failed"'),
                            ("hosts?missing=pupet", '"puppet"'), ("hosts?sort=best", '"name" or "worst"'),
                            ("clusters?sort=best", '"worst" or "name"'), ("senders?sort=best", '"malformed"'),
                            ("rules?pack=puppet", '"puppet-agent"'), ("events?kind=failure", '"deploy" or "event"'),
                            ("failures?kind=event", '"failure"')):
            with self.subTest(path):
                name, value = path.split("?")[1].split("=")
                detail = self.refused(400, "/api/v1/" + path)
                self.assertTrue(detail.startswith(f"{name}: expected "), detail)
                self.assertIn(known, detail)
                self.assertTrue(detail.endswith(f'got "{value}"'), detail)
                # Nothing chosen is no filter.
                if name != "sort":
                    self.rig.json(f"/api/v1/{path.split('=')[0]}=")
        for path in ("hosts?cluster=none", "hosts?q=none", "events?host=none", "events?cluster=none",
                     "failures?cluster=none", "unmatched?program=none"):
            self.assertEqual(self.rig.json("/api/v1/" + path)["total"], 0, path)

    def test_case_of_names_counts_for_nothing(self):
        self.started_fleet()
        play_tcp(self.rig.port, f"<13>{stamp()} web02 CRON[7]: Hello\n".encode())
        wait_until(lambda: self.rig.json("/api/v1/unmatched")["total"] == 1, "the line is told of")
        for path, count in (("hosts?q=WEB", 2), ("hosts?q=web", 2), ("hosts?cluster=WEB", 2), ("unmatched?program=cron", 1),
                            ("metrics?path=sluice.*&q=CLUS", 1), ("metrics?path=sluice.*&q=clus", 1)):
            self.assertEqual(self.rig.json("/api/v1/" + path)["total"], count, path)
        self.assertEqual(self.rig.json("/api/v1/hosts/WEB01.example.com")["host"], "web01.example.com")

    def test_every_documented_parameter_is_taken(self):
        self.rig.start()
        values = {"limit": "5", "offset": "1", "metric": "cpu.*.*", "cluster": "web", "state": "failed",
                  "missing": "puppet", "q": "w", "path": "sluice.*", "from": "-1h", "until": "now", "pack": "puppet-agent",
                  "kind": "deploy", "program": "sshd", "host": "web01"}
        for path, methods in OPENAPI["paths"].items():
            for one in methods.get("get", {}).get("parameters", []):
                if one["in"] != "query" or "{" in path:
                    continue
                options = one["schema"].get("enum") or [values[one["name"]]]
                for value in options:
                    with self.subTest(path=path, name=one["name"], value=value):
                        more = "" if one["name"] == "path" else QUERIES.get(path, "").replace("?", "&")
                        status, _, text = self.rig.ask(f"{path}?{one['name']}={value}{more}")
                        self.assertEqual(status, 200, text)

    def test_promtool_accepts_the_metrics(self):
        self.started_fleet(destinations=self.nowhere)
        folder = os.path.join(os.environ.get("SLUICE_TEST_CACHE", SOURCE_DIR / "build" / "cache"), "promtool")
        unpacked = subprocess.run([SOURCE_DIR / "scripts" / "unpack-promtool", folder], capture_output=True, text=True,
                                  timeout=300, check=False)
        self.assertEqual(unpacked.returncode, 0, unpacked.stderr)
        done = subprocess.run([unpacked.stdout.strip(), "check", "metrics"], input=self.rig.ask("/metrics")[2],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_destination_is_documented_too(self):
        self.started_fleet(destinations=self.nowhere)
        ledger = wait_until(lambda: (one := self.rig.json("/api/v1/ledger"))["destinations"][0]["down"] and one,
                            "the destination is down")
        self.check("Ledger", ledger)
        self.assertEqual(ledger["destinations"][0]["name"], "nowhere")
        status, _, text = self.rig.ask("/healthz")
        self.check("Health", json.loads(text))
        # A probe that ends what does not answer 200 must not end a relay because its carbon is away.
        self.assertEqual((status, json.loads(text)["status"]), (200, "degraded"))

    # What it says.

    def test_fleet_clusters_and_hosts(self):
        fleet = self.started_fleet()
        self.assertEqual((fleet["hosts"], fleet["clusters"]), (4, 3))
        self.assertEqual([one["name"] for one in fleet["presences"]], ["puppet"])
        clusters = self.rig.json("/api/v1/clusters?metric=puppet.runs.*.count")
        counts = [one for part in [fleet, *clusters["clusters"]] for one in part["nodes"].values() if one is not None]
        self.assertEqual({type(one) for one in counts}, {int})  # 4 and not 4.0, for typed clients.
        self.assertEqual((clusters["total"], {one["cluster"]: one["hosts"] for one in clusters["clusters"]}),
                         (3, {"web": 2, "db": 1, "other": 1}))
        self.assertEqual([one["cluster"] for one in self.rig.json("/api/v1/clusters?sort=name")["clusters"]],
                         ["db", "other", "web"])
        self.assertEqual(self.rig.json("/api/v1/clusters/db")["hosts"], 1)
        self.refused(404, "/api/v1/clusters/none")
        hosts = self.rig.json("/api/v1/hosts?cluster=web")
        self.assertEqual([one["host"] for one in hosts["hosts"]], ["web01.example.com", "web02"])
        self.assertEqual(hosts["hosts"][0]["groups"], {"environment": "prod"})
        self.assertIsNone(hosts["hosts"][1]["last_seen"])
        self.assertEqual(hosts["hosts"][1]["states"]["puppet.nodes"], {"state": "never", "since": None})
        self.assertEqual([one["host"] for one in self.rig.json("/api/v1/hosts?state=never")["hosts"]], ["web02"])
        self.assertEqual(self.rig.json("/api/v1/hosts?q=w")["total"], 2)
        self.assertEqual([one["host"] for one in self.rig.json("/api/v1/hosts?limit=1&offset=2")["hosts"]],
                         ["web01.example.com"])
        self.assertEqual(self.rig.json("/api/v1/hosts?q=WEB02")["total"], 1)
        one = self.rig.json("/api/v1/hosts/web01.example.com")
        self.assertEqual(one["path"], "sluice.hosts.web.web01_example_com")
        self.assertIn("sluice.hosts.web.web01_example_com.puppet.runs.completed.count", one["series"])
        self.assertEqual(one["held"]["puppet.runs.completed.count"]["value"], 1)
        self.refused(404, "/api/v1/hosts/none")

    def test_the_worst_come_first(self):
        self.started_fleet()
        # db01 has failed, web02 was never heard; of clusters that are as bad as each other, the name decides.
        wait_until(lambda: [one["host"] for one in self.rig.json("/api/v1/hosts?sort=worst")["hosts"]] ==
                   ["db01", "web02", "stray", "web01.example.com"], "the hosts are in order")
        self.assertEqual([one["host"] for one in self.rig.json("/api/v1/hosts?sort=worst&limit=2&offset=1")["hosts"]],
                         ["web02", "stray"])
        self.rig.send("stray", text="Could not retrieve catalog; skipping run", pri=27)
        wait_until(lambda: [one["host"] for one in self.rig.json("/api/v1/hosts?sort=worst&limit=2")["hosts"]] ==
                   ["stray", "db01"], "the latest failure comes first")
        wait_until(lambda: [one["cluster"] for one in self.rig.json("/api/v1/clusters")["clusters"]] ==
                   ["db", "other", "web"], "clusters are in order")

    def test_explain_says_what_the_command_says(self):
        self.rig.start()
        line = f"<29>{stamp()} web01 puppet-agent[7]: Applied catalog in 2.50 seconds\n"
        told = self.rig.json("/api/v1/explain", body=line, headers={"Content-Type": "text/plain"})["messages"]
        printed = subprocess.run([SLUICE, "explain", "--json", "--config", self.rig.relay.config_file], input=line,
                                 capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertEqual(told, [json.loads(printed)])
        many = self.rig.json("/api/v1/explain?framing=lf", body=line * 50, headers={"Content-Type": "text/plain"})
        self.assertEqual((len(many["messages"]), many["truncated"]), (20, True))
        many = self.rig.json("/api/v1/explain?framing=lf", body=line * 20, headers={"Content-Type": "text/plain"})
        self.assertEqual((len(many["messages"]), many["truncated"]), (20, False))
        self.assertEqual(self.rig.json("/api/v1/ledger")["messages"]["received"], 0)

    # Bad input.

    def test_bad_input_is_refused_with_a_reason(self):
        self.rig.start()
        text = {"Content-Type": "text/plain"}
        for status, path, more in (
                (404, "/nothing", {}), (404, "/api/v1/hosts/", {}), (404, "/api/v1/../../etc/passwd", {}),
                (405, "/healthz", {"method": "DELETE"}), (405, "/api/v1/hosts", {"body": "x"}),
                (405, "/api/v1/explain", {}), (405, "/", {"method": "PUT", "body": "x"}),
                (400, "/api/v1/hosts?limit=0", {}), (400, "/api/v1/hosts?limit=1001", {}),
                (400, "/api/v1/hosts?limit=1&limit=2", {}), (400, "/api/v1/hosts?clustr=a", {}),
                (400, "/api/v1/hosts?offset=-1", {}), (400, "/api/v1/hosts?%ff%00=%zz", {}),
                (400, "/api/v1/series", {}), (400, "/api/v1/series?path=a&from=yesterday", {}),
                (400, "/api/v1/series?path=" + "{a,b}" * 20, {}), (400, "/api/v1/clusters?sort=best", {}),
                (400, "/api/v1/clusters?metric=a..b", {}),
                (413, "/api/v1/explain", {"body": "x" * 70_000, "headers": text}),
                (415, "/api/v1/explain", {"body": "x", "headers": {"Content-Type": "text/html"}}),
                (400, "/api/v1/explain?framing=morse", {"body": "x", "headers": text}),
                (400, "/api/v1/explain?tz=Mars/Base", {"body": "x", "headers": text}),
                (403, "/healthz", {"headers": {"Host": "evil.example.com"}}),
                (403, "/", {"headers": {"Host": "evil.example.com"}}),
                (414, "/" + "a" * 5000, {}), (431, "/healthz", {"headers": {"X-Long": "a" * 20_000}})):
            with self.subTest(path=path[:80], **more):
                self.refused(status, path, **more)
        self.assertIn('did you mean "cluster"', self.refused(400, "/api/v1/hosts?clustr=a"))
        for status, octets in (
                (400, b"\0\0\0\0\r\n\r\n"), (400, b"GET\r\n\r\n"), (400, b"GET / HTTP/9.9\r\n\r\n"),
                (400, b"POST /api/v1/explain HTTP/1.1\r\nContent-Length: x\r\n\r\n"),
                (411, b"POST /api/v1/explain HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")):
            with self.subTest(octets):
                self.assertEqual(self.rig.raw(octets), status)

    def test_a_thousand_years_are_no_more_than_what_is_kept(self):
        self.rig.start(window="60s")
        for begin in ("0", "-1000000w", "1026-01-01T00:00:00Z"):
            status, _, text = self.rig.ask(f"/api/v1/series?path=sluice.relays.*.*&from={begin}&until=253402300799")
            if begin.startswith("1026"):
                self.assertEqual(status, 400, text)  # Before 1970 there was no time.
                continue
            self.assertEqual(status, 200, text)
            for series in json.loads(text)["series"]:
                self.assertEqual(len(series["points"]), 24 * 60)

    def test_hostile_names_are_data(self):
        self.rig.start()
        hosts = ["<script>alert(1)</script>", "\"onload=x", "a&b", "c'd", "{{7*7}}", "e\\f", "%3cb%3e"]
        # RFC 5424 lets nearly everything be a name.
        lines = [f"<29>1 {stamp()} {host} puppet-agent 7 - - Applied catalog in 2.50 seconds\n".encode()
                 for host in [*hosts, "BAD"]]
        play_tcp(self.rig.port, b"".join(lines).replace(b"BAD", b"bad\xff\xfehost"))
        listed = wait_until(lambda: (one := self.rig.json("/api/v1/hosts"))["total"] >= len(hosts) and one,
                            "the hosts are listed")
        names = {one["host"] for one in listed["hosts"]}
        self.check("Hosts", listed)
        self.assertLessEqual(set(hosts), names)
        for path in ("/api/v1/hosts", "/api/v1/senders", "/api/v1/attention"):
            self.assertEqual(self.rig.ask(path)[1], "application/json")

    def test_with_a_token(self):
        token = self.rig.folder / "token"
        token.write_text("0123456789abcdef0123456789abcdef\n")
        token.chmod(0o644)
        self.rig.start(http={"listen": f"127.0.0.1:{self.rig.http}", "token_file": str(token),
                             "hosts": ["sluice.example.com"]})
        self.refused(401, "/api/v1/ledger")
        self.assertEqual(self.rig.ask("/healthz", headers={"Host": "SLUICE.example.com"})[0], 200)
        self.assertEqual(self.rig.ask("/api/v1/ledger", headers={"Authorization": "Bearer " + token.read_text().strip()})[0],
                         200)
        self.assertIn("others than its owner may read or write this token", self.rig.relay.log())

    # Load.

    def test_clients_that_ask_fast_or_never_read_cost_no_message(self):
        self.rig.start(shutdown_timeout="10m")
        silent = []
        for _ in range(100):
            one = socket.create_connection(("127.0.0.1", self.rig.http))
            self.addCleanup(one.close)
            one.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
            silent.append(one)
        answered = []
        self.rig.json("/api/v1/hosts")  # While there is no view of the fleet yet, three may wait for one.

        def ask_fast():
            with socket.create_connection(("127.0.0.1", self.rig.http), 60) as client:
                reader = client.makefile("rb")
                for _ in range(10):
                    client.sendall(b"GET /api/v1/hosts HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
                    for _ in range(100):
                        answered.append(int(reader.readline().split()[1]))
                        length = 0
                        while (line := reader.readline().strip().lower()):
                            if line.startswith(b"content-length:"):
                                length = int(line.split(b":")[1])
                        reader.read(length)

        clients = [threading.Thread(target=ask_fast) for _ in range(10)]
        for client in clients:
            client.start()
        sent = 0
        while any(client.is_alive() for client in clients) or sent < 5000:
            self.rig.send(*[f"web{number % 50}" for number in range(500)])
            sent += 500
        for client in clients:
            client.join()
        self.assertEqual(len(answered), 10_000)
        self.assertEqual(set(answered), {200})
        ledger = wait_until(lambda: (one := self.rig.json("/api/v1/ledger"))["messages"]["received"] == sent and
                            one["samples"]["pending"] == 0 and one, "every line is counted")
        self.assertEqual(ledger["messages"]["matched"], sent)
        self.assertEqual(ledger["uncounted_loss"], {"messages": 0, "samples": 0, "datapoints": 0, "not_taken": 0})
        begin = time.monotonic()
        self.rig.relay.stop()
        self.assertLess(time.monotonic() - begin, 50)


if __name__ == "__main__":
    unittest.main()
