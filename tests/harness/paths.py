"""Where things are, and the unprivileged user that data services run as."""

import os
import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = pathlib.Path(os.environ.get("MOIM_BIN", ROOT / "build/asan")).resolve()
POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")

# PostgreSQL refuses to run as root. Debian's package brings this user.
SERVICE_USER = "postgres" if os.getuid() == 0 else None
# What setpriv needs to become that user.
AS_SERVICE = ["--reuid", SERVICE_USER, "--regid", SERVICE_USER,
              "--clear-groups"] if SERVICE_USER else []


def service_dir(path):
    """Makes a directory that belongs to the data services alone."""
    path.mkdir(mode=0o700)
    if SERVICE_USER:
        shutil.chown(path, SERVICE_USER, SERVICE_USER)
    return path


def service_file(path, text):
    """Writes a file that belongs to the data services."""
    path.write_text(text)
    if SERVICE_USER:
        shutil.chown(path, SERVICE_USER, SERVICE_USER)


def as_service(command):
    """The command line that runs `command` as the unprivileged user."""
    return ["setpriv", *AS_SERVICE, "--", *command] if AS_SERVICE else command
