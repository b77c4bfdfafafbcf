"""A private Redis with the settings we recommend, on a Unix socket, or beside
it on a TLS port."""

import subprocess

from .paths import DEPLOY, SERVICE_USER, service_dir
from .ports import free_port
from .process import Process


class Redis(Process):
    """Its data survive `stop` and `start`, and kill9 too: AOF `always`. `tls`:
    the Authority that certifies it."""

    def __init__(self, home, log, tls=None):
        self.home = service_dir(home)
        self.port = free_port() if tls else 0
        self.socket = home / "redis.sock"
        conf = home / "redis.conf"
        conf.write_text(
            (DEPLOY / "redis/redis.conf").read_text()
            + f"port 0\ndir {home}\nunixsocket {self.socket}\n"
            + "unixsocketperm 700\n" + (self.tls_conf(tls) if tls else ""))
        super().__init__("redis", ["redis-server", conf], log, service=True)

    @property
    def address(self):
        """As Moim's configuration wants it."""
        return (f"rediss://127.0.0.1:{self.port}" if self.port
                else f"unix:{self.socket}")

    def tls_conf(self, authority):
        cert, key = authority.issue("redis", owner=SERVICE_USER)
        return (f"tls-port {self.port}\ntls-cert-file {cert}\n"
                f"tls-key-file {key}\ntls-ca-cert-file {authority.ca}\n"
                "tls-auth-clients no\n")

    def ready(self):
        return self.cli("ping") == "PONG"

    def stop(self):
        self.terminate()

    def cli(self, *words):
        """redis-cli's answer to one command, without the final newline; bytes
        that are no text as \\xff."""
        run = subprocess.run(["redis-cli", "-s", self.socket, *words],
                             capture_output=True, text=True, check=False,
                             errors="backslashreplace")
        return run.stdout.strip()
