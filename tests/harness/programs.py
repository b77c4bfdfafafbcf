"""Moim's own two programs and the balancers in front of them."""

import re
import signal

from .http_json import is_ready
from .paths import BIN, DEPLOY, service_dir
from .ports import free_port
from .process import Process
from .waiting import PATIENCE, wait_until


class Gateway(Process):
    """Gateway `number` (from 1). Keeps its ports when started again. One with
    a certificate listens for TLS too."""

    # pylint: disable-next=too-many-arguments
    def __init__(self, number, home, log, sections, address=None):
        self.address = address or f"127.0.0.1:{free_port()}"
        self.internal = f"127.0.0.1:{free_port()}"
        name = f"gateway{number}"
        conf = home / f"{name}.conf"
        sections = merged(sections, {"gateway": {
            "name": f"g{number}", "listen": self.address,
            "internal": self.internal, "handover": home / f"{name}.sock"}})
        if "tls_cert" in sections["gateway"]:
            self.tls_address = f"127.0.0.1:{free_port()}"
            sections["gateway"]["tls_listen"] = self.tls_address
        conf.write_text(ini(sections))
        super().__init__(name, [BIN / "moim-gateway", "--config", conf], log)

    @property
    def url(self):
        return "http://" + self.address

    @property
    def tls_url(self):
        return "https://" + self.tls_address

    def ready(self):
        return is_ready(self.url)

    def succeed(self, seconds=PATIENCE):
        """Starts its successor beside it, and answers what waits until that
        has taken over and the old one has ended: for another thread too, while
        only this one may start what is not to outlive us. That answers the
        pause in milliseconds."""
        old, before = self.child, self.log_text().count("msg=taken_over")
        self.child = None
        self.launch()

        def wait():
            wait_until(lambda: self.log_text().count("msg=taken_over") > before,
                       f"{self.name} taken over", seconds)
            status = old.wait(seconds)
            if status != 0:
                self.unexpected.append(f"the replaced one ended with {status}")
            return int(re.findall(r"pause_ms=(\d+)", self.log_text())[-1])
        return wait


class Presence(Process):
    """Presence service `number` (from 1)."""

    def __init__(self, number, home, log, sections):
        self.internal = f"127.0.0.1:{free_port()}"
        name = f"presence{number}"
        conf = home / f"{name}.conf"
        sections = merged(sections, {"presence": {
            "name": f"p{number}", "internal": self.internal}})
        conf.write_text(ini(sections))
        super().__init__(name, [BIN / "moim-presence", "--config", conf], log)

    def ready(self):
        return is_ready("http://" + self.internal)


class Hooks(Process):
    """A webhooks' worker that posts to `url`."""

    def __init__(self, home, log, sections):
        self.internal = f"127.0.0.1:{free_port()}"
        conf = home / f"{log.stem}.conf"
        conf.write_text(ini(merged(sections, {
            "hooks": {"internal": self.internal},
            "log": {"level": "debug"}})))
        super().__init__("hooks", [BIN / "moim-hooks", "--config", conf], log)

    def ready(self):
        return is_ready("http://" + self.internal)


class Haproxy(Process):
    """The balancer, configured as deploy/haproxy says; with another `balance`
    than that, it has no cookie either. `edit` changes the text."""

    # Ended by a signal, it reports that in its status.
    good_ends = frozenset({0, 143, -signal.SIGTERM})

    def __init__(self, home, log, gateways, balance="leastconn", edit=None):
        self.address = f"127.0.0.1:{free_port()}"
        servers = "\n".join(f"    server g{n} {gateway.address} check cookie g{n}"
                            for n, gateway in enumerate(gateways, 1))
        text = (DEPLOY / "haproxy/haproxy.cfg.in").read_text()
        text = text.replace("bind @LISTEN@", "bind " + self.address)
        text = text.replace("\n@SERVERS@\n", "\n" + servers + "\n")
        if balance != "leastconn":
            text = re.sub(r"\n +cookie GWID .*", "", text)
            text = re.sub(r" cookie g\d+", "", text)
            text = text.replace("balance leastconn", "balance " + balance)
        conf = service_dir(home) / "haproxy.cfg"
        conf.write_text(edit(text) if edit else text)
        # SIGUSR1 waits for every session; SIGTERM ends it at once. -W: a
        # master that starts workers, so that it can be reloaded.
        super().__init__("haproxy", ["haproxy", "-W", "-db", "-f", conf], log,
                         service=True)

    @property
    def url(self):
        return "http://" + self.address

    def ready(self):
        return is_ready(self.url)

    def reload(self):
        """New connections come to a new process, old ones stay."""
        self.child.send_signal(signal.SIGUSR2)


class Nginx(Process):
    """The other balancer, configured as deploy/nginx says. `spread` stands
    for how it spreads its clients ("" is round robin); without the cookie's
    line the cookie is not set either. `edit` changes the text."""

    COOKIE = "hash $uid_got$uid_set consistent;"

    def __init__(self, home, log, gateways, spread=COOKIE, edit=None):
        self.address = f"127.0.0.1:{free_port()}"
        servers = "\n".join(f"        server {gateway.address} max_fails=0;"
                            for gateway in gateways)
        text = (DEPLOY / "nginx/nginx.conf.in").read_text()
        text = text.replace("listen @LISTEN@", "listen " + self.address)
        text = text.replace("\n@SERVERS@\n", "\n" + servers + "\n")
        text = text.replace("/var/log/nginx/error.log", "stderr")
        text = text.replace("/var/log/nginx", str(home))
        text = text.replace("http {", "http {\n" + "".join(
            f"{name}_temp_path {home}/temp;\n" for name in (
                "client_body", "proxy", "fastcgi", "uwsgi", "scgi")))
        # Not one for each core of whoever runs the tests.
        text = text.replace("worker_processes auto", "worker_processes 2")
        if spread != self.COOKIE:
            text = text.replace("userid on;", "")
            text = text.replace(self.COOKIE, spread)
        conf = service_dir(home) / "nginx.conf"
        conf.write_text(edit(text) if edit else text)
        super().__init__(
            "nginx", ["nginx", "-e", "stderr", "-c", conf, "-g",
                      f"daemon off; pid {home}/nginx.pid;"], log, service=True)

    @property
    def url(self):
        return "http://" + self.address

    def ready(self):
        return is_ready(self.url)

    def reload(self):
        """New connections come to new workers, old ones stay."""
        self.child.send_signal(signal.SIGHUP)


def merged(sections, more):
    """Both tables; `more` gives way to what `sections` says."""
    return {name: {**more.get(name, {}), **sections.get(name, {})}
            for name in {**sections, **more}}


def ini(sections):
    """The text of a configuration file."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
        for name, keys in sections.items())
