"""A private PostgreSQL with the settings we recommend, on a Unix socket, or
beside it on a TLS port."""

import shutil
import signal
import subprocess

from .paths import (BIN, DEPLOY, POSTGRES_BIN, ROOT, SERVICE_USER, as_service,
                    service_dir)
from .ports import free_port
from .process import Process, environment


class Postgres(Process):
    """The data directory is `home`/data, a copy of `template` if one is
    given and otherwise a new one with an empty database "moim". `tls`: the
    Authority that certifies it as "localhost"."""

    def __init__(self, home, log, template=None, tls=None):
        self.home = service_dir(home)
        self.port = free_port() if tls else 5432
        self.tls = tls
        data = home / "data"
        if template:
            run(as_service(["cp", "-a", template, data]))
        else:
            run(as_service([POSTGRES_BIN / "initdb", "-D", data, "-U", "moim",
                            "--auth=trust", "--encoding=UTF8",
                            "--locale=C.UTF-8", "--no-sync"]))
        shutil.copy(DEPLOY / "postgresql/postgresql.conf",
                    data / "postgresql.conf")
        # A test survives the death of processes, not of the machine. SIGINT
        # is "fast" shutdown: SIGTERM would wait for the clients to leave.
        super().__init__(
            "postgres",
            [POSTGRES_BIN / "postgres", "-D", data, "-c", "fsync=off",
             "-c", f"unix_socket_directories={home}", *self.tls_words()],
            log, stop_signal=signal.SIGINT, service=True)

    def tls_words(self):
        if not self.tls:
            return []
        cert, key = self.tls.issue("postgres", owner=SERVICE_USER)
        return ["-c", f"port={self.port}", "-c", "listen_addresses=127.0.0.1",
                "-c", "ssl=on", "-c", f"ssl_cert_file={cert}",
                "-c", f"ssl_key_file={key}"]

    def conninfo(self, database="moim"):
        return (f"host={self.home} port={self.port} dbname={database}"
                " user=moim")

    def tls_conninfo(self, host="localhost", ca=None):
        """Checked to the end: the certificate's chain, and its name."""
        return (f"host={host} hostaddr=127.0.0.1 port={self.port} dbname=moim"
                f" user=moim sslmode=verify-full"
                f" sslrootcert={ca or self.tls.ca}")

    def ready(self):
        asked = subprocess.run([POSTGRES_BIN / "pg_isready", "-q", "-h",
                                self.home, "-p", str(self.port)], cwd="/",
                               check=False)
        return asked.returncode == 0

    def stop(self):
        self.terminate()

    def sql(self, statement, database="moim"):
        """The rows as text, columns divided by "|"."""
        return run([POSTGRES_BIN / "psql", "-X", "-A", "-t", "-q", "-v",
                    "ON_ERROR_STOP=1", "-d", self.conninfo(database), "-c",
                    statement]).strip()

    def migrate(self):
        run([BIN / "moimctl", "db", "migrate", "--conninfo", self.conninfo(),
             "--dir", ROOT / "deploy/migrations"])


def make_template(home, log, migrate=True):
    """A data directory to copy: initialised, migrated, shut down. Made once
    per run, since initdb takes most of a second."""
    server = Postgres(home, log)
    try:
        server.start()
        server.sql("CREATE DATABASE moim", database="postgres")
        if migrate:
            server.migrate()
    finally:
        server.terminate()
    return home / "data"


def run(command):
    done = subprocess.run([str(word) for word in command], cwd="/", text=True,
                          capture_output=True, check=False, env=environment())
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
