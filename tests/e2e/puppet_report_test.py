#!/usr/bin/env python3
"""The report processor in a real `puppet apply` sends a report to a running sluice, and every figure of Puppet's own
last_run_summary.yaml arrives; what the message looks like; the module's manifests.

usage: puppet_report_test.py SLUICE_BINARY
"""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import unittest

from peers import program
from sluice_harness import SOURCE_DIR, RecordingSink, Sluice, free_port, wait_until

SLUICE = sys.argv.pop(1)
MODULE = SOURCE_DIR / "packaging" / "puppet"
HOST = "web01.prod.example.com"
NODE = "sluice.hosts.web.web01_prod_example_com"
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8")

# A change, a failure, a resource skipped because of it, a refresh, and text that would pass for Puppet's own.
MANIFEST = """\
file {{ '{scratch}/motd': ensure => file, content => "hello\\n" }}
notify {{ 'Applied catalog in 9999.99 seconds': }}
exec {{ 'fails': command => '/bin/false' }}
file {{ '{scratch}/dependant': ensure => file, require => Exec['fails'] }}
exec {{ 'refreshed': command => '/bin/true', refreshonly => true, subscribe => File['{scratch}/motd'] }}
"""
# Figures that the summary has and a message cannot tell as a number of the run.
NOT_SENT = {("time", "last_run")}


def read_summary(path):
    """Section -> key -> number of a last_run_summary.yaml, which is never deeper than that."""
    sections, section = {}, {}
    for line in path.read_text().splitlines():
        if head := re.match(r"^(\w+):$", line):
            section = sections.setdefault(head[1], {})
        elif entry := re.match(r"^  (\w+): (-?\d+(?:\.\d+)?(?:e-?\d+)?)$", line):
            section[entry[1]] = float(entry[2])
    return sections


class PuppetRun(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)
        modules = self.scratch / "modules"
        modules.mkdir()
        (modules / "sluice").symlink_to(MODULE)
        self.folders = [f"--{name}dir={self.scratch}/puppet/{name}" for name in ("conf", "code", "var", "run", "public")]

    def settings(self, text):
        conf = self.scratch / "puppet" / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        (conf / "sluice_report.yaml").write_text(text)

    def apply(self, manifest, *options):
        file = self.scratch / "site.pp"
        file.write_text(manifest)
        done = subprocess.run(
            [program("puppet"), "apply", "--reports=sluice", "--certname", HOST, "--modulepath",
             self.scratch / "modules", *self.folders, *options, file],
            capture_output=True, text=True, timeout=180, check=False, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def summary(self):
        return read_summary(self.scratch / "puppet/public/last_run_summary.yaml")

    def relay(self, listen, sink):
        return self.enterContext(Sluice(SLUICE, {
            "listen": listen, "packs": ["puppet-report"], "pack_dirs": [str(SOURCE_DIR / "rules")],
            "state_dir": str(self.scratch / "state"), "http": "off",
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"], "default": "other"},
            "window": "10s", "grace": "1s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{sink.port}",
                              "new_series_per_minute": 0}],
        }, self.scratch))


class Figures(PuppetRun):
    def values(self, sink, metric, leaf):
        """The datapoints of one series, in order."""
        found = sink.series(re.escape(f"{NODE}.{metric}.{leaf}"))
        return [value for points in found.values() for _, value in sorted(points.items())]

    def check_figures(self, sink, summary):
        compared = 0
        for section in ("resources", "events", "changes", "time"):
            for key, expected in summary[section].items():
                if (section, key) in NOT_SENT:
                    continue
                with self.subTest(f"{section}.{key}"):
                    [found] = self.values(sink, f"puppet.summary.{section}.{key}", "mean")
                    # Times are sent with six decimals.
                    self.assertAlmostEqual(found, expected, delta=6e-7)
                    compared += 1
        return compared

    def run_and_compare(self, url, listen, wait):
        sink = self.enterContext(RecordingSink())
        relay = self.relay(listen, sink)
        wait(relay)
        self.settings(f"url: {url}\n")
        self.apply(MANIFEST.format(scratch=self.scratch))
        summary = self.summary()
        self.assertEqual((summary["resources"]["failed"], summary["resources"]["restarted"]), (1, 1))
        wait_until(lambda: self.values(sink, "puppet.runs.completed", "count"), "the run's figures")
        self.assertGreater(self.check_figures(sink, summary), 20)
        for metric, expected in {
                "puppet.runs.completed": 1, "puppet.runs.with_changes": 1, "puppet.runs.with_failures": 1,
                "puppet.runs.with_cached_catalog": 0,
                "puppet.events.success": summary["events"]["success"],
                "puppet.events.failure": summary["events"]["failure"],
                "puppet.resources.failed": summary["resources"]["failed"],
                "puppet.resources.skipped": summary["resources"]["skipped"],
                "puppet.refresh.triggered": summary["resources"]["restarted"]}.items():
            self.assertEqual(self.values(sink, metric, "count"), [expected], metric)
        [applied] = self.values(sink, "puppet.time.catalog_application", "mean")
        self.assertAlmostEqual(applied, summary["time"]["catalog_application"], delta=6e-7)
        # Said once a window from then on.
        wait_until(lambda: sink.series(r"sluice\.clusters\.web\.puppet\.nodes\.failed"), "the node's state")
        self.assertEqual(set(*[points.values() for points in
                               sink.series(r"sluice\.clusters\.web\.puppet\.nodes\.failed").values()]), {1.0})

    def test_every_figure_arrives_by_udp(self):
        port = free_port()
        self.run_and_compare(f"udp://127.0.0.1:{port}", [{"syslog": f"udp://127.0.0.1:{port}"}],
                             lambda relay: relay.wait_listening(udp=[port]))

    def test_every_figure_arrives_by_tcp(self):
        port = free_port()
        self.run_and_compare(f"tcp://127.0.0.1:{port}", [{"syslog": f"tcp://127.0.0.1:{port}"}],
                             lambda relay: relay.wait_listening(tcp=[port]))

    def test_every_figure_arrives_by_a_unix_socket(self):
        path = self.scratch / "in"
        self.run_and_compare(f"unix://{path}", [{"syslog": f"unixgram://{path}"}],
                             lambda _: wait_until(path.exists, "the socket"))


class Delivery(PuppetRun):
    def test_a_relay_that_is_away_is_said_and_fails_no_run(self):
        self.settings(f"url: tcp://127.0.0.1:{free_port()}\n")
        said = self.apply("notify { 'x': }")
        self.assertRegex(said, rf"Could not send the report of {re.escape(HOST)} to sluice: .*refused")
        self.assertIn("Applied catalog in", said)

    def test_wrong_settings_are_said(self):
        for text, said in [("url: http://x\n", "url: expected udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH"),
                           ("uri: udp://x:1\n", "unknown key uri; known are url, max_bytes, timeout"),
                           ("max_bytes: 12\n", "max_bytes: expected 2048 to 65000, got 12")]:
            with self.subTest(text):
                self.settings(text)
                self.assertIn(said, self.apply("notify { 'x': }"))

    def test_a_noop_run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(60)
            self.settings(f"url: udp://127.0.0.1:{receiver.getsockname()[1]}\n")
            self.apply(f"file {{ '{self.scratch}/x': ensure => file }}", "--noop")
            message = receiver.recv(65536).decode()
        self.assertRegex(message, r'^<30>1 \S+ web01\.prod\.example\.com puppet-report - run \[run@34380 outcome="noop" ')
        self.assertIn('noop="1"', message)
        self.assertRegex(message, r"\] completed run, noop$")


# A report as Puppet hands it over, and what must hold of its message.
RUBY = r"""
require 'puppet'
require '%s/lib/puppet/reports/sluice'
Metric = Struct.new(:values)
Log = Struct.new(:level, :message)
Report = Struct.new(:host, :status, :environment, :metrics, :logs, :resource_statuses, keyword_init: true)
def check(what, holds) = holds || abort("#{what} does not hold")
def report(times, **more)
  Report.new(host: 'web 01]', status: 'failed', environment: "a\"b\\c]d\ne", logs: [], resource_statuses: {},
             metrics: {'time' => Metric.new(times), 'resources' => Metric.new([['total', 'Total', 3]])}, **more)
end
text = SluiceReport.message(report([['total', '', 1.5], ["odd name]=\"", '', 0.25]]))
check 'escapes', text.include?('environment="a\"b\\\\c\]d e"')
check 'names', text.include?('odd_name___="0.25"')
check 'host', text.include?(' web_01] puppet-report ')
check 'zeros', text.include?('skipped="0"')
check 'completed', text.include?('] completed run, failed')
times = (0...2000).map { |i| ["type_#{i}", '', i / 100.0] } + [['total', '', 9.5]]
text = SluiceReport.message(report(times), max_bytes: 4096)
check 'bound', text.bytesize <= 4096 && text.bytesize > 3500
kept = text.scan(/ type_\d+="/).size
check 'said', text.include?(%%( omitted_times="#{2000 - kept}"))
check 'shortest go first', text.include?(' type_1999="19.99"') && !text.include?(' type_1="')
check 'phases stay', text.include?(' total="9.5"')
lost = report([], logs: [Log.new(:err, 'Could not retrieve catalog; skipping run')], metrics: {})
check 'no catalog', SluiceReport.message(lost).include?('outcome="no_catalog"')
check 'no run', SluiceReport.message(lost).include?('] failed run, no_catalog')
told = report([], logs: [Log.new(:notice, 'Could not retrieve catalog; skipping run')])
check 'forged', SluiceReport.message(told).include?('outcome="failed"')
"""


class Message(unittest.TestCase):
    def test_escapes_bounds_and_outcomes(self):
        done = subprocess.run(["ruby", "-e", RUBY % MODULE], capture_output=True, text=True, timeout=120, check=False,
                              env=ENVIRONMENT)
        self.assertEqual(done.returncode, 0, done.stderr)


class Module(unittest.TestCase):
    def test_manifests_and_templates_are_valid(self):
        for command in (["parser", "validate"], ["epp", "validate"]):
            files = sorted(MODULE.glob("manifests/*.pp" if command[0] == "parser" else "templates/*.epp"))
            self.assertTrue(files)
            done = subprocess.run([program("puppet"), *command, *files], capture_output=True, text=True, timeout=120,
                                  check=False, env=ENVIRONMENT)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


    def test_the_forwarding_of_the_class_is_that_of_the_snippet(self):
        """The snippet is what other tests stop a relay for."""
        values = """{wanted => '$programname startswith "puppet"', target => 'sluice.example.com', port => 5514, max_disk_space => '1g'}"""
        done = subprocess.run([program("puppet"), "epp", "render", "--values", values, MODULE / "templates/60-sluice.conf.epp"],
                              capture_output=True, text=True, timeout=120, check=False, env=ENVIRONMENT)
        self.assertEqual(done.returncode, 0, done.stderr)
        snippet = (MODULE.parent / "rsyslog/60-sluice.conf").read_text()

        def rules(text):
            return [line for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual(rules(done.stdout), rules(snippet))


class Classes(PuppetRun):
    def test_the_classes_make_a_catalog(self):
        said = self.apply(f"""
class {{ 'sluice::relay': config => {{'listen' => [{{'syslog' => 'tcp://127.0.0.1:5514'}}]}} }}
class {{ 'sluice::forward': target => 'sluice.example.com', programs => ['puppet', 'unison'] }}
class {{ 'sluice::report': confdir => '{self.scratch}', reports => 'store,sluice' }}
""", "--noop")
        for resource in ("Sluice::Relay/File[/etc/sluice/sluice.json]", "Sluice::Forward/File[/etc/rsyslog.d/60-sluice.conf]",
                         f"Sluice::Report/File[{self.scratch}/sluice_report.yaml]", "Sluice::Report/Exec[sluice reports]"):
            self.assertIn(resource, said)


if __name__ == "__main__":
    unittest.main()
