#!/usr/bin/env python3
"""A real `puppet apply --logdest syslog` behind a real rsyslogd arrives as datapoints; what they must
say is taken from Puppet's own last_run_summary.yaml."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from peers import Rsyslogd, program
from sluice_harness import SOURCE_DIR, Failure, RecordingSink, Sluice, free_port, wait_until

SLUICE = sys.argv.pop(1)
DEV_LOG = pathlib.Path(__file__).resolve().with_name("dev_log.sh")
HOST = "web01.prod.example.com"
NODE = "sluice.hosts.web.web01_prod_example_com"

# One change, one failure, one resource that is skipped because of it, and text that speaks of
# numbers which are not Puppet's.
MANIFEST = """\
file {{ '{scratch}/motd': ensure => file, content => "hello\\n" }}
notify {{ 'imitation': message => 'took 12 seconds, 3 failures' }}
exec {{ 'fails': command => '/bin/false' }}
file {{ '{scratch}/dependant': ensure => file, require => Exec['fails'] }}
"""


# Everything that says what Puppet says, where the log tells who speaks; the last only because of evaltrace.
FORGERIES = """\
exec {{ 'echo "Applied catalog in 6666.66 seconds"': path => '/bin:/usr/bin', logoutput => true }}
notify {{ 'with its path': message => 'Applied catalog in 7777.77 seconds', withpath => true }}
notify {{ 'as an error': message => 'Applied catalog in 8888.88 seconds', loglevel => err }}
notify {{ 'Could not retrieve catalog; skipping run': }}
notify {{ 'Failed to apply catalog: x': }}
notice('Applied catalog in 5555.55 seconds')
notify {{ 'Applied catalog in 9999.99 seconds': }}
"""


def read_summary(text: str) -> dict[str, dict[str, float]]:
    """Section -> key -> number of a last_run_summary.yaml, which is never deeper than that."""
    sections, section = {}, {}
    for line in text.splitlines():
        if head := re.match(r"^(\w+):$", line):
            section = sections.setdefault(head[1], {})
        elif entry := re.match(r"^  (\w+): (-?\d+(?:\.\d+)?(?:e-?\d+)?)$", line):
            section[entry[1]] = float(entry[2])
    return sections


class PuppetApply(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def start_rsyslogd(self, socket: pathlib.Path, port: int) -> Rsyslogd:
        return self.enterContext(Rsyslogd(self.scratch / "rsyslog", f"""
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="{socket}" hostName="{HOST}")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" template="RSYSLOG_ForwardFormat")
"""))

    def apply(self, socket: pathlib.Path, text: str = MANIFEST, *options: str) -> dict[str, dict[str, float]]:
        """Applies the manifest with this socket as /dev/log; gives Puppet's own summary of the run."""
        manifest = self.scratch / "site.pp"
        manifest.write_text(text.format(scratch=self.scratch))
        folders = [f"--{name}dir={self.scratch}/puppet/{name}" for name in ("conf", "code", "var", "run", "public")]
        result = subprocess.run(
            [DEV_LOG, socket, program("puppet"), "apply", "--logdest", "syslog", "--certname", HOST, *folders, *options, manifest],
            capture_output=True, text=True, timeout=180, check=False, env=dict(os.environ, LC_ALL="C.UTF-8"))
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return read_summary((self.scratch / "puppet/public/last_run_summary.yaml").read_text())

    def start_relay(self, port: int, sink: RecordingSink) -> None:
        relay = self.enterContext(Sluice(SLUICE, {
            "listen": [{"syslog": f"tcp://127.0.0.1:{port}"}],
            "pack_dirs": [str(SOURCE_DIR / "rules")],
            "state_dir": str(self.scratch / "state"), "http": "off",
            "clusters": {"patterns": ["^(?P<cluster>[a-z]+)\\d"], "default": "other"},
            "window": "10s", "grace": "1s",
            "destinations": [{"name": "graphite", "carbon": f"tcp://127.0.0.1:{sink.port}",
                              "new_series_per_minute": 0}],
        }, self.scratch))
        relay.wait_listening(tcp=[port])

    def test_a_run_with_a_failure_arrives_as_puppet_counted_it(self):
        sink = self.enterContext(RecordingSink())
        port = free_port()
        self.start_relay(port, sink)
        dev_log = self.scratch / "log"
        self.start_rsyslogd(dev_log, port)
        summary = self.apply(dev_log)
        self.assertEqual((summary["resources"]["failed"], summary["resources"]["skipped"]), (1, 1))

        expected = {
            "puppet.runs.completed.count": 1,
            "puppet.resources.failed.count": summary["resources"]["failed"],
            "puppet.resources.skipped.count": summary["resources"]["skipped"],
            "puppet.events.success.count": summary["events"]["success"],
            "puppet.events.failure.count": summary["events"]["failure"],
        }

        # A run may lie across the end of a window; its counts are then in two datapoints.
        def found() -> dict[str, float]:
            return {leaf: sink.total(re.escape(f"{NODE}.{leaf}")) for leaf in expected}

        try:
            wait_until(lambda: found() == expected, "the run's numbers")
        except Failure:
            self.assertEqual(found(), expected)

        [means] = sink.series(re.escape(f"{NODE}.puppet.time.catalog_application.mean")).values()
        [applied] = means.values()
        # The line gives hundredths of a second.
        self.assertAlmostEqual(applied, summary["time"]["catalog_application"], delta=0.0051)

    def test_what_a_manifest_says_is_not_taken_for_puppets_own(self):
        sink = self.enterContext(RecordingSink())
        port = free_port()
        self.start_relay(port, sink)
        dev_log = self.scratch / "log"
        self.start_rsyslogd(dev_log, port)
        summary = self.apply(dev_log, FORGERIES, "--evaltrace", "--log_level", "info")
        completed = re.escape(f"{NODE}.puppet.runs.completed.count")
        wait_until(lambda: sink.series(completed), "the end of the run")
        self.assertEqual(sink.total(completed), 1)
        self.assertEqual(sink.series(re.escape(f"{NODE}.puppet.runs.failed.count")), {})
        [means] = sink.series(re.escape(f"{NODE}.puppet.time.catalog_application.mean")).values()
        [applied] = means.values()
        self.assertAlmostEqual(applied, summary["time"]["catalog_application"], delta=0.0051)


if __name__ == "__main__":
    unittest.main()
