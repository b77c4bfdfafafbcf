"""A private Redis with the settings we recommend, on a Unix socket."""

import subprocess

from .paths import DEPLOY, service_dir
from .process import Process


class Redis(Process):
    """Its data survive `stop` and `start`, and kill9 too: AOF `always`."""

    def __init__(self, home, log):
        self.home = service_dir(home)
        self.socket = home / "redis.sock"
        conf = home / "redis.conf"
        conf.write_text(
            (DEPLOY / "redis/redis.conf").read_text()
            + f"port 0\ndir {home}\nunixsocket {self.socket}\n"
            + "unixsocketperm 700\n")
        super().__init__("redis", ["redis-server", conf], log, service=True)

    @property
    def address(self):
        """As Moim's configuration wants it."""
        return f"unix:{self.socket}"

    def ready(self):
        return self.cli("ping") == "PONG"

    def stop(self):
        self.terminate()

    def cli(self, *words):
        """redis-cli's answer to one command, without the final newline."""
        run = subprocess.run(["redis-cli", "-s", self.socket, *words],
                             capture_output=True, text=True, check=False)
        return run.stdout.strip()
