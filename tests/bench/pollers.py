#!/usr/bin/env python3
"""Clients that look at a relay's page: each opens it, then asks again and again for all that its first view asks for, over
one connection, until SIGTERM. Prints one JSON object: answers by status, and how long they took.

usage: pollers.py HOST:PORT CLIENTS SECONDS_BETWEEN_ROUNDS
"""
import collections
import http.client
import json
import signal
import sys
import threading
import time

PAGE = ["/", "/page.js", "/page.css", "/dygraph.js"]
# What src/http/page/fleet.js and bar.js ask for.
ROUND = [
    "/healthz", "/api/v1/ledger", "/api/v1/fleet", "/api/v1/clusters?limit=10", "/api/v1/hosts?sort=worst&limit=6",
    "/api/v1/events?kind=deploy&limit=5", "/api/v1/events?kind=event&limit=12",
    "/api/v1/series?path=sluice.all.puppet.nodes.*&from=-3h&limit=200",
    "/api/v1/series?path=sluice.all.presence.*.missing&from=-3h&limit=200",
    "/api/v1/series?path=sluice.clusters.*.puppet.nodes.%7Bfailed,no_catalog%7D&from=-3h&limit=1000",
    "/api/v1/series?path=sluice.clusters.*.puppet.time.catalog_application.mean&from=-3h&limit=1000",
    "/api/v1/series?path=sluice.clusters.*.cpu.busy.mean&from=-3h&limit=1000", "/metrics",
]


class Client(threading.Thread):
    def __init__(self, address, between, is_over):
        super().__init__(daemon=True)
        self.address, self.between, self.is_over = address, between, is_over
        self.connection = None
        self.statuses, self.seconds = collections.Counter(), []

    def run(self):
        paths = PAGE + ROUND
        while not self.is_over.is_set():
            begin = time.monotonic()
            for path in paths:
                if self.is_over.is_set():
                    return
                self.ask(path)
            paths = ROUND
            self.is_over.wait(max(0, begin + self.between - time.monotonic()))

    def ask(self, path):
        begin = time.monotonic()
        try:
            self.connection = self.connection or http.client.HTTPConnection(self.address, timeout=60)
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            answer.read()
            status = answer.status
            if answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
            self.close()
        self.statuses[str(status)] += 1
        self.seconds.append(time.monotonic() - begin)

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


def main():
    address, count, between = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    clients = [Client(address, between, is_over) for _ in range(count)]
    for client in clients:
        client.start()
    while not is_over.wait(0.2):  # A wait without end would not hear the signal.
        pass
    for client in clients:
        client.join(70)
    seconds = sorted(one for client in clients for one in client.seconds) or [0]
    print(json.dumps({
        "statuses": dict(sum((client.statuses for client in clients), collections.Counter())),
        "median_ms": 1000 * seconds[len(seconds) // 2], "p99_ms": 1000 * seconds[len(seconds) * 99 // 100],
        "slowest_ms": 1000 * seconds[-1]}))


if __name__ == "__main__":
    main()
