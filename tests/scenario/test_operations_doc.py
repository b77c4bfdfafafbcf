"""docs/operations.md names every metric, setting and log line there is."""

import re

from harness.paths import ROOT

DOC = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def sources(*folders):
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders
                     for path in sorted((ROOT / folder).glob("*.c")))


def table(head):
    """The words in the first column of the table that begins with `head`."""
    lines = DOC.split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return [word for line in lines
            for word in re.findall(r"`([^`]+)`", line.split("|")[1])]


def metrics(folder):
    found = re.findall(r'"(\w+_seconds)"[,;]|\{"(\w+)", "(?:gauge|counter)"',
                       sources(folder))
    return sorted(name or other for name, other in found)


def test_gateway_metrics():
    assert sorted(table("`moim_gateway_…`")) == metrics("gateway")


def test_presence_metrics():
    assert sorted(table("`moim_presence_…`")) == metrics("presence")


def test_hooks_metrics():
    assert sorted(table("`moim_hooks_…`")) == metrics("hooks")


def settings(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    return [f"{section}.{name}" for section, name in
            re.findall(r'\{"(\w+)", "(\w+)", CONF_', text)]


def test_settings():
    tables = DOC.split("## Settings")[1].split("\n## ")[0]
    gateway, presence = tables.split("Settings of a presence service")
    presence, hooks = presence.split("Settings of a webhooks' worker")
    for text, path in ((gateway, "gateway/settings.c"),
                       (presence, "presence/settings.c"),
                       (hooks, "hooks/settings.c")):
        named = [word for line in text.splitlines() if line.startswith("| `")
                 for word in re.findall(r"`(\w+\.\w+)`", line.split("|")[1])]
        assert sorted(named) == sorted(settings(path))


def test_log_lines():
    code = sources("gateway", "presence", "hooks", "storage", "chat-core", "proto/base",
                   "proto/wire", "proto/net")
    found = re.findall(
        r'\blog_(?:info|warn|error)\(\s*[^,"]+,\s*"(\w+)"', code)
    assert set(table("`msg`")) == set(found)
