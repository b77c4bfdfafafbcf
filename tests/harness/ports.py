"""Free TCP ports on loopback."""

import os
import random
import socket

# Below the ports that the kernel gives to outgoing connections: a gateway
# that is killed must find its port free when it is started again.
FIRST, LAST = 20000, 32000
# Each worker of pytest has its own: they do not see each other's choices.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = 4

handed_out = set()


def free_port():
    """A port nobody listens on; never the same one twice."""
    while True:
        port = random.randrange(FIRST + WORKER % WORKERS, LAST, WORKERS)
        if port in handed_out:
            continue
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        handed_out.add(port)
        return port
