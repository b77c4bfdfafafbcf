"""A certificate authority of a test's own, made with the openssl program."""

import shutil
import ssl
import subprocess


class Authority:
    """In the folder `home`, which it makes; `ca` is its certificate."""

    def __init__(self, home, name="Moim test CA"):
        home.mkdir(mode=0o755)
        self.home = home
        self.ca = home / "ca.pem"
        self._openssl(
            "req", "-x509", *KEY, "-keyout", home / "ca.key", "-out", self.ca,
            "-days", "2", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE")

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.home, check=True,
                       capture_output=True)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", days=2,
              owner=None):
        """Makes NAME.pem and NAME.key, over what is there; answers the paths.
        Negative `days`: it has expired. `owner`: who else may read the key."""
        cert, key = self.home / f"{name}.pem", self.home / f"{name}.key"
        request = self.home / f"{name}.csr"
        self._openssl("req", *KEY, "-keyout", key, "-out", request, "-subj",
                      f"/CN={name}", "-addext", f"subjectAltName={names}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                      self.home / "ca.key", "-CAcreateserial", "-out", cert,
                      "-days", days, "-copy_extensions", "copy")
        key.chmod(0o600)
        if owner:
            shutil.chown(key, owner, owner)
        return cert, key

    def context(self, newest=ssl.TLSVersion.TLSv1_3):
        """For a client that trusts this authority alone."""
        context = ssl.create_default_context(cafile=self.ca)
        context.maximum_version = newest
        return context


KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
