"""A relay with its HTTP side, for tests of the API: start it, send it lines, ask it."""
import http.client
import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request

from sluice_harness import SOURCE_DIR, Sluice, free_port, play_tcp, stamp, wait_until


class Rig:
    """One folder, whose relay may be started again and again."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.port, self.http = free_port(), free_port()
        self.relay = None

    def start(self, **keys):
        self.relay = Sluice(self.binary, {
            "instance": "relay1", "listen": [{"syslog": f"tcp://127.0.0.1:{self.port}"}],
            "pack_dirs": [str(SOURCE_DIR / "rules")], "packs": ["puppet-agent"],
            "state_dir": str(self.folder / "state"), "destinations": [], "window": "1s", "grace": "100ms",
            "tz": "UTC", "http": f"127.0.0.1:{self.http}", **keys}, self.folder)
        self.relay.wait_listening(tcp=[self.port, self.http])
        if keys.get("history", True):  # A thread of its own opens it.
            wait_until(lambda: self.ask("/api/v1/metrics?path=*")[0] != 503, "the history is open")
        return self

    def end(self):
        """Whatever a failed test has left."""
        if self.relay and self.relay.process.poll() is None:
            self.relay.kill()

    def send(self, *hosts, text="Applied catalog in 2.50 seconds", when=None, pri=29):
        play_tcp(self.port, "".join(f"<{pri}>{when or stamp()} {host} puppet-agent[7]: {text}\n"
                                    for host in hosts).encode())

    def ask(self, path, body=None, method=None, headers=None):
        """Status, content type and text of an answer, whatever the status."""
        data = body.encode() if isinstance(body, str) else body
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=data, method=method,
                                         headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers.get("Content-Type"), answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers.get("Content-Type"), error.read().decode()

    def json(self, path, **more):
        """What a path gives; its refusal is a failure."""
        status, kind, text = self.ask(path, **more)
        if status != 200 or kind != "application/json":
            raise AssertionError(f"{path}: {status} {kind} {text}")
        return json.loads(text)

    def points(self, path, since="-10m"):
        """{time: value} of the one series of this name."""
        answer = self.json(f"/api/v1/series?path={urllib.parse.quote(path)}&from={since}")
        series = answer["series"][0]["points"] if answer["series"] else []
        return {time: value for time, value in series if value is not None}

    def raw(self, octets):
        """The status that octets get which no client library would send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        connection.connect()
        connection.sock.sendall(octets)
        answer = http.client.HTTPResponse(connection.sock)
        answer.begin()
        answer.read()
        connection.close()
        return answer.status

    def wait_for_points(self, path, count=1):
        return wait_until(lambda: len(found := self.points(path)) >= count and found, f"{count} points of {path}")
