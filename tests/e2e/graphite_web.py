"""Debian's graphite-web under gunicorn as a peer of a test: own settings, own scratch folder, loopback only."""
import json
import os
import pathlib
import subprocess
import urllib.parse
import urllib.request

from peers import Peer
from sluice_harness import DEADLINE_SECONDS, accepts_tcp, free_port

# Debian's Python, whatever other ones this machine has: its packages are there.
PYTHON = "/usr/bin/python3"
SETTINGS = """\
from graphite.settings import *
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
STORAGE_DIR = LOG_DIR = CONF_DIR = {folder!r}
INDEX_FILE = {folder!r} + "/index"
WHISPER_DIR = {whisper!r}
STANDARD_DIRS = [WHISPER_DIR]
CARBONLINK_HOSTS = []
FIND_CACHE_DURATION = DEFAULT_CACHE_DURATION = 0
TIME_ZONE = "UTC"
LOG_FILE_INFO = LOG_FILE_EXCEPTION = LOG_FILE_CACHE = LOG_FILE_RENDERING = "-"
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db"}}}}
"""


class GraphiteWeb(Peer):
    """graphite-web over the whisper files of a carbon; `url` is where it answers."""

    def __init__(self, scratch: pathlib.Path, whisper: pathlib.Path):
        scratch.mkdir()
        (scratch / "settings_of_test.py").write_text(SETTINGS.format(folder=str(scratch), whisper=str(whisper)))
        environment = {"PYTHONPATH": str(scratch), "DJANGO_SETTINGS_MODULE": "settings_of_test", "HOME": str(scratch)}
        made = subprocess.run([PYTHON, "-m", "django", "migrate", "--run-syncdb"], env=os.environ | environment,
                              capture_output=True, text=True, timeout=120, check=False)
        if made.returncode != 0:
            raise RuntimeError(f"graphite-web's database: {made.stdout}{made.stderr}")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items()), PYTHON,
                          "/usr/bin/gunicorn", f"--bind=127.0.0.1:{port}", "--workers=2", "--timeout=120", "graphite.wsgi"],
                         scratch / "log")
        self.wait_until_ready(lambda: accepts_tcp(port), "graphite-web to listen")

    def get(self, path: str, **query) -> bytes:
        url = f"{self.url}{path}?{urllib.parse.urlencode(query, doseq=True)}"
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS * 2) as answer:
            return answer.read()

    def values(self, target: str) -> dict[str, list[float]]:
        """The points of each series that a target gives; those without any are left out."""
        series = json.loads(self.get("/render", target=target, format="json", **{"from": "-1hours"}))
        points = {one["target"]: [value for value, _ in one["datapoints"] if value is not None] for one in series}
        return {name: values for name, values in points.items() if values}
