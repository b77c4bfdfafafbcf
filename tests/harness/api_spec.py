"""docs/openapi.json and docs/asyncapi.json, written from the gateway's own
tables: commands and who may run them (gateway/command.c), routes
(gateway/route.c), errors (gateway/errors.h), scopes (proto/wire/api_key.h), and
the names of fields, answers and pushes (docs/protocol.md, whose tables a test
compares with the sources). Here is only what type each field has.

    python3 tests/harness/api_spec.py       writes both again
"""

import functools
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
JSON = "application/json"


@functools.cache
def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


# ---- the gateway's tables ----

@functools.cache
def commands():
    """{type: (flags, scope)}"""
    words = dict(re.findall(r'X\((\w+), "([a-z:]+)",',
                            source("proto/wire/api_key.h")))
    return {name: (set(flags.split(" | ")) - {"0"},
                   words.get(scope.removeprefix("SCOPE_"),
                             None if scope == "0" else "any"))
            for name, flags, scope in re.findall(
                r'\{"([a-z._]+)", ([\w |]+),\s+(\w+),\s+cmd_\w+\}',
                source("gateway/command.c"))}


def routes():
    """(method, path, query, has a body, command) of each."""
    return [(method.lower(), path, query.split(), body == "true", command)
            for method, body, path, query, command in re.findall(
                r'\{HTTP_(\w+), (\w+),\s*"([^"]*)",\s*"([^"]*)",\s*'
                r'"([a-z._]+)"', source("gateway/route.c"))]


def errors():
    """{word: status}"""
    return {word: int(status) for word, status in re.findall(
        r'X\(\w+, "(\w+)", (\d+),', source("gateway/errors.h"))}


def rows(heading):
    """The cells of the tables below `## heading` of the protocol."""
    text = source("docs/protocol.md").split(f"\n## {heading}\n")[1]
    return [[cell.strip() for cell in line.split("|")[1:-1]]
            for line in text.split("\n## ")[0].splitlines()
            if line.startswith("| `")]


def either(one, other):
    """Fields that all are there or not: one of two forms."""
    return {name: one.get(name, False) and other.get(name, False)
            for name in {**one, **other}}


def named(cell):
    """{name: required} of a cell of names in backticks; *italic* ones, and
    what only sometimes is there, may be missing."""
    cell = cell.partition(", each ")[0]
    one, two, other = cell.partition("; or ")
    if two:
        return either(named(one), named(other))
    maybe = " ".join(re.findall(r"\*([^*]+)\*", cell))
    maybe += cell.partition("over HTTP")[2]
    items = cell.split(", ")
    for i, item in enumerate(items):
        if item.startswith("or "):
            maybe += " ".join(items[i - 1:])
        elif " or " in item:
            maybe += item
    optional = set(re.findall(r"`(\w+)`", maybe))
    return {name: name not in optional
            for name in re.findall(r"`(\w+)`", cell)}


@functools.cache
def described():
    """{command: (fields, answer's type, its fields)}"""
    known, found = {}, {}
    for command, _, fields, answer in (r for r in rows("Commands")
                                       if len(r) == 4):
        head, _, rest = answer.partition(":")
        type_ = re.match(r"`(\w+)`", head)[1]
        if rest or type_ not in known:
            known[type_] = named(rest)
        given = known[type_] if rest or type_ != "ok" else {}
        found[command.strip("`")] = named(fields), type_, given
    return found


def pushes():
    """{type: fields} of what a session is told without having asked."""
    found = {}
    for name, fields, _ in rows("What the server pushes"):
        name, elsewhere = name.strip("`"), fields.startswith("see [")
        given = {} if elsewhere else named(fields.partition(": array")[0])
        found[name] = either(found[name], given) if name in found else given
    return found


# ---- types ----

def text(most, least=1, **more):
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def number(least=0, most=None):
    found = {"type": "integer", "minimum": least}
    return found if most is None else {**found, "maximum": most}


def word(*words):
    return {"type": "string", "enum": list(words)}


def array(items, most=None, least=0):
    found = {"type": "array", "items": items, "minItems": least}
    return found if most is None else {**found, "maxItems": most}


def thing(required, **optional):
    return {"type": "object", "properties": {**required, **optional},
            "required": sorted(required)}


ID = {"$ref": "#/components/schemas/id"}
SEQ = number()
EVENT = {"$ref": "#/components/schemas/event"}
ROLE = word("owner", "admin", "member", "none")
USERS = array(ID, 500, 1)
PERSON = thing({"user": ID, "name": text(64)}, avatar=text(512),
               bot={"type": "boolean"})
PRESENCE = thing({"user": ID,
                  "state": word("online", "away", "offline", "unknown")},
                 since=number())
NOTIFY = word("all", "mentions", "none", "default")
OPEN = {"type": "object"}
NAME = text(64, 16, pattern="^[0-9A-Za-z_-]+$")

# By the field's name, or "command.field" where a name means several things.
FIELDS = {
    "name": text(64), "prefix": text(64), "password": text(1024),
    "old": text(1024), "new": text(1024), "label": text(64),
    "identity": text(8192), "conv": ID, "user": ID, "device": ID,
    "token": text(8192), "signup.device": text(64, 0),
    "login.device": text(64, 0), "login.token.device": text(64, 0),
    "msg": NAME, "once": NAME, "text": text(16384),
    "reply_to": number(1), "mentions": array(ID, 20), "emoji": text(40),
    "seq": SEQ, "before": SEQ, "after": SEQ, "limit": number(1),
    "convs": array(thing({"conv": ID, "seq": SEQ}, ts=number()), 100, 1),
    "title": text(128), "place": text(64), "account.erase.after": ID,
    "role": word("owner", "admin", "member"), "until": number(1),
    "keep_ms": number(), "group.members.after": ID, "expires": number(),
    "uses_max": number(1, 100000), "invite": ID, "code": text(32),
    "avatar": text(512, 0), "remark": text(64, 0),
    "reach": word("anybody", "friends", "nobody"),
    "seen": word("anybody", "friends", "nobody"), "notify": NOTIFY,
    "muted_until": number(), "since": number(),
    "pinned": {"type": "boolean"}, "members": array(ID, 999),
    "users": USERS, "broadcast.users": array(ID, 1000, 1),
    "friends.import.users": array(ID, 1000, 1), "subject": text(255, 0),
    "bot": {"type": "boolean"}, "state": word("active", "away"),
    "endpoint": text(1024, 10, pattern="^https://"), "p256dh": text(87, 87),
    "auth": text(22, 22),
}

# The same of answers and pushes, by their type.
ANSWERS = {
    "user": ID, "device": ID, "conv": ID, "invite": ID, "name": text(64),
    "token": text(8192), "expires": number(), "reach": text(16),
    "seen": text(16), "notify": text(16), "version": number(),
    "more": {"type": "boolean"}, "reset": {"type": "boolean"},
    "entries": array(thing({"list": text(16), "version": number()})),
    "devices": array(thing({"device": ID, "label": text(256, 0),
                            "created": number(), "used": number(),
                            "current": {"type": "boolean"}})),
    "revoked": number(), "records": array(thing({"record": text(32)})),
    "next": text(64), "msg": text(64), "seq": SEQ, "ts": number(),
    "count": number(), "seqs": array(SEQ), "from": SEQ, "head": SEQ,
    "versions": array(thing({"ts": number(), "body": OPEN})),
    "gap": thing({"from": SEQ, "to": SEQ, "reason": text(16)}),
    "events": array(EVENT),
    "convs": array(thing({"conv": ID, "head": SEQ, "hidden": number(),
                          "state": word("complete", "more", "resync",
                                        "not_found", "unavailable")})),
    "read": SEQ, "delivered": SEQ,
    "receipts.users": array(thing({"user": ID, "read": SEQ,
                                   "delivered": SEQ})),
    "conversations": array(thing({"conv": ID, "kind": word("direct", "group"),
                                  "role": ROLE, "head": SEQ, "read": SEQ,
                                  "unread": number()}, peer=ID,
                                 title=text(128, 0))),
    "total": number(), "members": array(thing(
        {"user": ID, "name": text(64), "role": ROLE, "joined": number()})),
    "code": text(64), "uses_max": number(),
    "invites": array(thing({"invite": ID, "by": ID, "created": number(),
                            "expires": number(), "uses_max": number(),
                            "uses": number()})),
    "users": array(PERSON), "presence.users": array(PRESENCE),
    "friends": array(thing({"user": ID, "name": text(64), "state": word(
        "none", "asked", "asks_me", "friend")}, remark=text(64, 0))),
    "state": word("none", "asked", "asks_me", "friend"),
    "done": number(), "refused": array(ID), "failed": array(ID),
    "step": word("each", "batch", "count", "ask"), "window_ms": number(),
    "lease_ms": number(), "online": number(), "presence.members": number(),
    "made": {"type": "boolean"}, "gateway": text(31), "now": number(),
    "ping_ms": number(), "session": text(32, 32),
    "resumed": {"type": "boolean"}, "retry_after_ms": number(),
    "key": text(87, 87), "closed.code": number(1000, 4999), "reason": text(256, 0),
}


def typed(table, owner, fields):
    return {name: table.get(f"{owner}.{name}", table.get(name))
            for name in fields}


def message(type_, table, owner, fields, with_id):
    """The schema of {"type":…, its fields}."""
    properties = {"type": {"const": type_},
                  **({"id": text(64)} if with_id else {}),
                  **typed(table, owner, fields)}
    assert None not in properties.values(), (owner, properties)
    return {"type": "object", "properties": properties,
            "required": ["type", *(["id"] if with_id else []),
                         *(name for name in fields if fields[name])]}


def schemas():
    """Every schema, for both documents."""
    found = {
        "id": {"type": "string", "pattern": "^[0-9a-hjkmnp-tv-z]{13}$"},
        "error": thing({"type": {"const": "error"},
                        "code": word(*errors()), "message": text(512)},
                       id=text(64), field=text(64), retry_after_ms=number()),
        "event": thing({"type": {"const": "event"}, "conv": ID,
                        "seq": number(1), "kind": text(32)},
                       ts=number(), msg=text(64, 0), body=OPEN, **{
                           "from": ID}),
    }
    for command, (fields, answer, given) in described().items():
        found[f"command.{command}"] = message(command, FIELDS, command, fields,
                                              True)
        found[f"answer.{command}"] = message(answer, ANSWERS, answer, given,
                                             False)
    for push, fields in pushes().items():
        if push != "event":
            found[f"push.{push}"] = message(push, ANSWERS, push, fields, False)
    return found


# ---- OpenAPI ----

def parameter(name, place, schema, required, **more):
    return {"name": name, "in": place, "required": required, "schema": schema,
            **more}


ACTS_AS = parameter("Moim-As", "header", ID, False,
                    description="whom a key acts as")
ONCE = parameter("Idempotency-Key", "header", NAME, False,
                 description="the field `once`: the same again does it once")


def security(command):
    flags, scope = commands()[command]
    if "COMMAND_ANYBODY" in flags:
        return [{}]
    token = [] if "COMMAND_KEY" in flags else [{"token": []}]
    return token + ([{"key": [scope]}] if scope else [])


def parameters(command, path, query):
    flags, scope = commands()[command]
    in_path = [parameter(name, "path", typed(FIELDS, command, [name])[name],
                         True) for name in re.findall(r":(\w+)", path)]
    in_query = []
    for spec in query:
        name = spec.rstrip("$*")
        more = {"explode": False} if spec.endswith("*") else {}
        in_query.append(parameter(
            name, "query", typed(FIELDS, command, [name])[name],
            described()[command][0][name], **more))
    return (in_path + in_query + ([ACTS_AS] if scope else [])
            + ([ONCE] if "COMMAND_ONCE" in flags else []))


def body(command, path, query):
    outside = {*re.findall(r":(\w+)", path), *(q.rstrip("$*") for q in query)}
    fields = {name: required
              for name, required in described()[command][0].items()
              if name not in outside}
    return {"type": "object", "properties": typed(FIELDS, command, fields),
            "required": [name for name in fields if fields[name]]}


def responses(schema):
    wrong = {"$ref": "#/components/responses/error"}
    return {"200": {"description": "done", "content": {
        JSON: {"schema": schema}}}, "4XX": wrong, "5XX": wrong}


def operation(command, path, query, has_body):
    found = {"operationId": command, "tags": [path.split("/")[2]],
             "security": security(command),
             "parameters": parameters(command, path, query),
             "responses": responses(
                 {"$ref": f"#/components/schemas/answer.{command}"})}
    if has_body:
        found["requestBody"] = {"required": True, "content": {
            JSON: {"schema": body(command, path, query)}}}
    return found


def any_command():
    every = described()
    schema = {"anyOf": [{"$ref": f"#/components/schemas/answer.{command}"}
                        for command in every]}
    return {"operationId": "cmd", "tags": ["cmd"],
            "security": [{}, {"token": []}, {"key": []}],
            "parameters": [ACTS_AS, parameter("session", "query",
                                              text(32, 32), False)],
            "requestBody": {"required": True, "content": {JSON: {"schema": {
                "anyOf": [{"$ref": f"#/components/schemas/command.{command}"}
                          for command in every]}}}},
            "responses": responses(schema)}


def version():
    return re.search(r"^VERSION := (\S+)$", source("Makefile"), re.M)[1]


def info(what):
    return {"title": "Moim", "version": version(), "description":
            f"{what} Written by tests/harness/api_spec.py from the gateway's "
            "own tables; docs/protocol.md says what it all means."}


def openapi():
    paths = {}
    for method, path, query, has_body, command in routes():
        template = re.sub(r":(\w+)", r"{\1}", path)
        paths.setdefault(template, {})[method] = operation(
            command, path, query, has_body)
    paths["/v1/cmd"] = {"post": any_command()}
    return {
        "openapi": "3.1.0",
        "info": info("The REST routes, and any command over HTTP."),
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas().items()
                        if not name.startswith("push.")},
            "responses": {"error": {
                "description": "what went wrong, and what to do",
                "headers": {"Retry-After": {"schema": number(), "description":
                                            "seconds; of 429 and 503"}},
                "content": {JSON: {"schema": {
                    "$ref": "#/components/schemas/error"}}}}},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer",
                          "description": "of a user's device"},
                "key": {"type": "http", "scheme": "bearer", "description":
                        "of a server: moim_…; see docs/server-api.md"}},
        },
    }


# ---- AsyncAPI ----

def asyncapi():
    """The WebSocket: what a client sends, what it is answered and told."""
    messages = {}
    for name, schema in schemas().items():
        if "." in name or name in ("event", "error"):
            known = schema
            if name.startswith("answer."):
                known = {**schema, "properties": {**schema["properties"],
                                                  "id": text(64)}}
            messages[name] = {"name": name, "payload": known}
    sent = [name for name in messages if name.startswith("command.")]
    told = [name for name in messages if name not in sent]

    def refs(names):
        return [{"$ref": f"#/channels/socket/messages/{n}"} for n in names]

    return {
        "asyncapi": "3.0.0",
        "info": info("The WebSocket: one JSON object in each message."),
        "defaultContentType": JSON,
        "channels": {"socket": {"address": "/v1/ws", "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name in messages}}},
        "operations": {
            "say": {"action": "receive", "summary": "a client's commands",
                    "channel": {"$ref": "#/channels/socket"},
                    "messages": refs(sent)},
            "tell": {"action": "send", "summary": "answers and pushes",
                     "channel": {"$ref": "#/channels/socket"},
                     "messages": refs(told)}},
        "components": {"messages": messages, "schemas": {
            name: schemas()[name] for name in ("id", "event")}},
    }


def written(node, depth=3):
    """JSON with a line for each path, schema and message."""
    if depth == 0 or not isinstance(node, dict) or not node:
        return json.dumps(node, ensure_ascii=False)
    pad = " " * (4 - depth)
    inner = ",\n".join(f"{pad}{json.dumps(key)}: {written(value, depth - 1)}"
                       for key, value in node.items())
    return "{\n" + inner + "\n" + pad[1:] + "}"


DOCUMENTS = {"docs/openapi.json": openapi, "docs/asyncapi.json": asyncapi}

if __name__ == "__main__":
    for place, make in DOCUMENTS.items():
        (ROOT / place).write_text(written(make()) + "\n",
                                  encoding="utf-8")
