"""A private PostgreSQL with the settings we recommend, on a Unix socket."""

import shutil
import signal
import subprocess

from .paths import BIN, DEPLOY, POSTGRES_BIN, ROOT, as_service, service_dir
from .process import Process, environment


class Postgres(Process):
    """The data directory is `home`/data, a copy of `template` if one is
    given and otherwise a new one with an empty database "moim"."""

    def __init__(self, home, log, template=None):
        self.home = service_dir(home)
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
             "-c", f"unix_socket_directories={home}"],
            log, stop_signal=signal.SIGINT, service=True)

    def conninfo(self, database="moim"):
        return f"host={self.home} dbname={database} user=moim"

    def ready(self):
        asked = subprocess.run([POSTGRES_BIN / "pg_isready", "-q", "-h",
                                self.home], cwd="/", check=False)
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
