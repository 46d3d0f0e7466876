#!/usr/bin/env python3
"""Prints a TCP port of loopback that nobody has, below those that the kernel gives to whoever connects."""
import random
import socket

PORTS = 15_000, 32_000


def free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # Somebody has it.
            return port


if __name__ == "__main__":
    print(free_port())
