#!/usr/bin/env python3
"""Every panel of the shipped dashboards, and every alert, shows something: lines go through rsyslogd, sluice and carbon, with
carbon's storage snippets, and Debian's graphite-web imports the dashboards and renders them.

usage: dashboards_test.py SLUICE_BINARY [UNITTEST_ARGUMENTS...]
"""
import json
import pathlib
import re
import struct
import subprocess
import sys
import time
import unittest
import urllib.parse

from graphite_web import GraphiteWeb
from peers import CarbonCache, Rsyslogd, give
from sluice_harness import SOURCE_DIR, Sluice, free_port, scratch, wait_until

SLUICE = sys.argv.pop(1)
PACKAGING = SOURCE_DIR / "packaging"
NAMES = ["fleet", "cluster", "host", "puppetserver", "relay"]
WORDS = {"cluster": "web", "host": "web01_example_com", "relay": "relay1"}
PACKS = ["puppet-agent", "puppetserver", "puppetserver-access", "cpu"]
STEP_SECONDS = 10
ROUNDS = 3


def pack(name):
    text = (SOURCE_DIR / f"rules/{name}.json").read_text()
    return json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))


def program_of(defined, rule, example):
    """The APP-NAME of an example."""
    apps = rule.get("app", "")
    first = apps if isinstance(apps, str) else apps[0]
    if first.startswith("@"):
        first = defined[first[1:]][0]
    return example.get("app") or first.removesuffix("*") or "app"


def examples_of(name):
    """(APP-NAME, lines) of every example of a pack that gives something: all metrics of the pack come about."""
    rules = pack(name)
    for rule in rules["rules"]:
        for example in rule["examples"]:
            if example.get("gives"):
                yield program_of(rules.get("define", {}), rule, example), example.get("lines") or [example["line"]]


def messages(moment):
    """What hosts log around a moment: all that the packs know, from two hosts of a cluster."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    lines = []
    for name in PACKS:
        for number, (app, texts) in enumerate(examples_of(name)):
            for host in ("web01", "web02"):
                # user.notice, as examples are tried, too: some outcomes are no notices of Puppet's.
                lines += [f"<13>{stamp} {host}.example.com {app}[{number + 1000}]: {text}" for text in texts if "\n" not in text]
    return lines


def collectd_lines(moment):
    return [f"collectd.web01.example.com.{path} {value} {moment}"
            for path, value in (("load.load.shortterm", 0.5), ("memory.percent-used", 40), ("cpu.percent-active", 12.5),
                                ("cpu.percent-idle", 87.5))]


class Dashboards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(scratch()))
        carbon = PACKAGING / "carbon"
        schemas = (carbon / "storage-schemas.conf").read_text().replace("60s:7d", f"{STEP_SECONDS}s:7d")
        port = free_port()
        cls.carbon = cls.enterClassContext(CarbonCache(cls.folder / "carbon", port, schemas,
                                                       (carbon / "storage-aggregation.conf").read_text()))
        syslog, graphite = free_port(), free_port()
        (cls.folder / "clusters.json").write_text(json.dumps({"hosts": {"web*.example.com": "web", "web99.example.com": "web"}}))
        cls.relay = cls.enterClassContext(Sluice(SLUICE, {
            "instance": WORDS["relay"], "window": f"{STEP_SECONDS}s", "grace": "0s", "http": "off",
            "listen": [{"syslog": f"tcp://127.0.0.1:{syslog}"}, {"graphite": f"tcp://127.0.0.1:{graphite}"}],
            "pack_dirs": [str(SOURCE_DIR / "rules")], "packs": [*PACKS, "collectd"], "trusted_peers": ["127.0.0.0/8"],
            "clusters": {"file": "clusters.json"}, "presence": {"puppet": f"{STEP_SECONDS}s"}, "state_dir": str(cls.folder / "state"),
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{port}", "new_series_per_minute": 0}],
        }, cls.folder))
        cls.relay.wait_listening(tcp=[syslog, graphite])
        snippet = (PACKAGING / "rsyslog/60-sluice.conf").read_text()
        snippet = snippet.replace("sluice.example.com", "127.0.0.1").replace("5514", str(syslog))
        # The snippet lets Puppet's programs through; CPU comes from other ones.
        snippet = snippet.replace('startswith "puppet"', 'startswith ""')
        cls.rsyslog = cls.enterClassContext(Rsyslogd(cls.folder / "rsyslog", snippet))
        now = int(time.time()) // STEP_SECONDS * STEP_SECONDS
        for moment in [now - STEP_SECONDS * (ROUNDS - i) for i in range(ROUNDS)]:
            give(cls.rsyslog.port, messages(moment))
            give(graphite, collectd_lines(moment))
        cls.web = cls.enterClassContext(GraphiteWeb(cls.folder / "web", cls.carbon.storage))
        # The relay's own series come once a window; rates need two of them, and what waits for a last one.
        # Who is missing the relay can say when it has watched for twice the time between signs of life.
        missing = "sluice.clusters.web.presence.puppet.missing"
        wait_until(lambda: cls.web.values(missing).get(missing, [0])[-1] == 3, "three hosts are missing", 120)
        relay_series = f"sluice.relays.{WORDS['relay']}.hosts"
        wait_until(lambda: len(cls.web.values(relay_series).get(relay_series, [])) >= 3, "the relay has told of itself", 120)

    def assert_png(self, data):
        self.assertTrue(data.startswith(b"\x89PNG\r\n\x1a\n"), data[:40])
        width, height = struct.unpack(">II", data[16:24])
        self.assertGreater(width * height, 0)

    def assert_shows(self, title, targets):
        for target in targets:
            self.assertTrue(self.web.values(target), f"{title}: nothing is shown by {target}")
        self.assert_png(self.web.get("/render", target=targets, format="png", title=title, **{"from": "-1hours"}))

    def test_the_files_are_what_the_description_gives(self):
        done = subprocess.run([SOURCE_DIR / "scripts/generate-dashboards", self.folder / "made"], check=False, timeout=60)
        self.assertEqual(done.returncode, 0)
        for kind in ("grafana", "graphite"):
            made = {file.name: file.read_text() for file in (self.folder / "made" / kind).glob("*.json")}
            shipped = {file.name: file.read_text() for file in (PACKAGING / kind).glob("*.json")}
            self.assertEqual(made, shipped, "run scripts/generate-dashboards")

    def test_every_panel_of_grafana_shows_something(self):
        for name in NAMES:
            dashboard = json.loads((PACKAGING / f"grafana/{name}.json").read_text())
            values = {"prefix": "sluice"} | WORDS
            known = {variable["name"] for variable in dashboard["templating"]["list"]}
            for panel in dashboard["panels"]:
                with self.subTest(name, panel=panel["title"]):
                    self.assertEqual(panel["datasource"], {"type": "graphite", "uid": "${datasource}"})
                    targets = [target["target"] for target in panel["targets"]]
                    for variable in re.findall(r"\$(\w+)", " ".join(targets)):
                        self.assertIn(variable, known)
                    aliases = set(re.findall(r"alias\(.*, '([^']+)'\)$", "\n".join(targets), re.MULTILINE))
                    colored = {override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]}
                    self.assertEqual(colored, aliases, "each line with a name has a colour")
                    self.assert_shows(panel["title"], [re.sub(r"\$(\w+)", lambda word: values[word[1]], target)
                                                       for target in targets])

    def test_grafanas_variables_are_a_chain(self):
        dashboard = json.loads((PACKAGING / "grafana/host.json").read_text())
        variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
        self.assertEqual(list(variables), ["datasource", "prefix", "cluster", "host"])
        values = {"prefix": "sluice"}
        for name in ("cluster", "host"):
            query = re.sub(r"\$(\w+)", lambda word: values[word[1]], variables[name]["query"])
            found = {node["text"] for node in json.loads(self.web.get("/metrics/find", query=query))}
            self.assertIn(WORDS[name], found)
            values[name] = WORDS[name]

    def test_a_state_has_one_colour_everywhere_and_all_states_are_shown(self):
        states, colors = set(), {}
        for name in NAMES:
            for panel in json.loads((PACKAGING / f"grafana/{name}.json").read_text())["panels"]:
                for override in panel["fieldConfig"]["overrides"]:
                    [color] = [one["value"]["fixedColor"] for one in override["properties"] if one["id"] == "color"]
                    colors.setdefault(override["matcher"]["options"], set()).add(color)
        for leaf in json.loads(self.web.get("/metrics/find", query="sluice.all.puppet.nodes.*")):
            states.add(leaf["text"])
        self.assertIn("failed", states)
        for state in states:
            self.assertEqual(len(colors.get(state, ())), 1, state)
        self.assertEqual(len({next(iter(colors[state])) for state in states}), len(states), "two states have one colour")

    def test_what_is_counted_is_added_up_and_not_averaged(self):
        """A graph has fewer points than windows as soon as it spans some hours."""
        for name in NAMES:
            for panel in json.loads((PACKAGING / f"grafana/{name}.json").read_text())["panels"]:
                for target in (one["target"] for one in panel["targets"]):
                    with self.subTest(name, target=target):
                        self.assertEqual(bool(re.search(r"\.count\b|nonNegativeDerivative", target)), "'sum'" in target)
                        if re.search(r"\.max\b|\.missing|\.over_limit|\.down\b|uncounted_loss|\.waiting", target):
                            self.assertIn("'max'", target)

    def test_every_alert_looks_at_something(self):
        [group] = json.loads((PACKAGING / "grafana/alerts.json").read_text())["groups"]
        self.assertEqual(len(group["rules"]), 5)
        for rule in group["rules"]:
            with self.subTest(rule["title"]):
                self.assert_shows(rule["title"], [rule["data"][0]["model"]["target"]])
                self.assertEqual([step["refId"] for step in rule["data"]], ["A", "B", rule["condition"]])

    def test_nothing_is_lost_on_the_way(self):
        self.assertEqual(self.web.values("sluice.relays.relay1.uncounted_loss")["sluice.relays.relay1.uncounted_loss"][-1], 0)

    def test_graphite_web_imports_the_dashboards_and_renders_them(self):
        done = subprocess.run([PACKAGING / "graphite/import", self.web.url, WORDS["cluster"], WORDS["relay"]],
                              env={"PATH": "/usr/bin:/bin", "CLUSTERS": WORDS["cluster"]}, capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        loads = ["load/sluice-fleet", "load/sluice-puppetserver", "load/sluice-relay",
                 "load_template/sluice-cluster/web", f"load_template/sluice-host-web/{WORDS['host']}"]
        for load in loads:
            with self.subTest(load):
                state = json.loads(self.web.get(f"/dashboard/{load}"))["state"]
                graphs = state["graphs"]
                self.assertGreaterEqual(len(graphs), 8)
                for _, options, url in graphs:
                    self.assert_shows(options["title"], options["target"])
                    self.assert_png(self.web.get("/render", **urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)))

    def test_an_import_that_is_refused_says_so(self):
        done = subprocess.run([PACKAGING / "graphite/import", self.web.url + "/no/such/place"], capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertNotEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()
