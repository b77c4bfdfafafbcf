"""docs/openapi.json and docs/asyncapi.json: what the gateway's tables say now,
well formed as OpenAPI 3.1 and AsyncAPI 3.0 ask for. That answers are as they
say is checked where every command is run: test_authorization.py."""

import copy
import json
import re

import pytest
from harness import api_spec
from harness.api_spec import ROOT
from harness.json_schema import mistakes, references, resolve

METHODS = {"get", "post", "delete"}


@pytest.mark.parametrize("place", api_spec.DOCUMENTS)
def test_it_is_written_anew(place):
    """Else: python3 tests/harness/api_spec.py"""
    text = (ROOT / place).read_text(encoding="utf-8")
    assert text == api_spec.written(api_spec.DOCUMENTS[place]()) + "\n"
    assert json.loads(text) == api_spec.DOCUMENTS[place]()


# ---- the rules of the formats ----

# Every keyword that a schema of ours may have, with what it must be.
KEYWORDS = {
    "$ref": str, "type": str, "const": str, "pattern": str, "properties": dict,
    "items": dict, "required": list, "enum": list, "anyOf": list,
    "minLength": int, "maxLength": int, "minimum": int, "maximum": int,
    "minItems": int, "maxItems": int,
}


def schema_faults(schema, at):
    """What is wrong with a schema: its keywords, and what is inside."""
    found = [f"{at}: {key}" for key, value in schema.items()
             if not isinstance(value, KEYWORDS.get(key, ()))]
    properties = schema.get("properties", {})
    found += [f"{at}: {name} is required, and nothing"
              for name in schema.get("required", ()) if name not in properties]
    inside = [(f"{at}.{name}", one) for name, one in properties.items()]
    inside += [(f"{at}[]", schema["items"])] if "items" in schema else []
    inside += [(at, one) for one in schema.get("anyOf", ())]
    return found + [wrong for name, one in inside
                    for wrong in schema_faults(one, name)]


def lost_references(document):
    found = []
    for ref in set(references(document)):
        try:
            resolve(document, ref)
        except (KeyError, TypeError):
            found.append(f"{ref} is nowhere")
    return found


def parameter_faults(path, operation, at):
    listed = operation["parameters"]
    names = [(one["in"], one["name"]) for one in listed]
    in_path = {name for place, name in names if place == "path"}
    return [wrong for wrong in (
        len(set(names)) != len(names) and f"{at}: a parameter twice",
        in_path != set(re.findall(r"\{(\w+)\}", path)) and f"{at}: the path",
        not all(one["required"] for one in listed if one["in"] == "path")
        and f"{at}: a part of the path may be missing") if wrong] + [
            wrong for one in listed
            for wrong in schema_faults(one["schema"], at + one["name"])]


def operation_faults(path, method, operation, schemes):
    at = f"{method} {path} "
    found = [] if method in METHODS else [at + "is no method"]
    found += parameter_faults(path, operation, at)
    body = operation.get("requestBody")
    if body:
        found += [at + "has a body"] if method == "get" else []
        found += schema_faults(body["content"]["application/json"]["schema"],
                               at)
    found += [at + status for status in operation["responses"]
              if not re.fullmatch(r"[1-5](\d\d|XX)|default", status)]
    found += [] if "200" in operation["responses"] else [at + "never works"]
    found += [f"{at}{name} is no scheme" for one in operation["security"]
              for name in one if name not in schemes]
    return found


def openapi_faults(document):
    found = lost_references(document)
    found += [] if re.fullmatch(r"3\.1\.\d+", document["openapi"]) else ["3.1"]
    found += [f"info: {key}" for key in ("title", "version")
              if not document["info"].get(key)]
    parts = document["components"]
    ids = []
    for path, item in document["paths"].items():
        found += [] if path.startswith("/") else [path]
        for method, operation in item.items():
            ids.append(operation["operationId"])
            found += operation_faults(path, method, operation,
                                      parts["securitySchemes"])
    found += ["operationId twice"] if len(set(ids)) != len(ids) else []
    found += [f"components: {name}" for kind in parts.values() for name in kind
              if not re.fullmatch(r"[A-Za-z0-9._-]+", name)]
    return found + [wrong for name, schema in parts["schemas"].items()
                    for wrong in schema_faults(schema, name)]


def asyncapi_faults(document):
    found = lost_references(document)
    found += [] if document["asyncapi"] == "3.0.0" else ["version"]
    for name, channel in document["channels"].items():
        found += [] if channel["address"].startswith("/") else [name]
    for name, operation in document["operations"].items():
        found += [] if operation["action"] in ("send", "receive") else [name]
        inside = operation["channel"]["$ref"] + "/messages/"
        found += [f"{name}: {one}" for one in operation["messages"]
                  if not one["$ref"].startswith(inside)]
    return found + [wrong for name, one in
                    document["components"]["messages"].items()
                    for wrong in schema_faults(one["payload"], name)]


def test_openapi_is_well_formed():
    assert openapi_faults(api_spec.openapi()) == []


def test_asyncapi_is_well_formed():
    assert asyncapi_faults(api_spec.asyncapi()) == []


@pytest.mark.parametrize("place, value", (
    (("openapi",), "3.0.3"),
    (("info", "title"), ""),
    (("components", "schemas", "a b"), {"type": "object"}),
    (("components", "schemas", "id"), {"typ": "string"}),
    (("components", "schemas", "id"), {"type": "object", "required": ["x"]}),
    (("components", "schemas", "id"), {"$ref": "#/components/schemas/none"}),
    (("paths", "/v1/me", "get", "operationId"), "friends"),
    (("paths", "/v1/me", "get", "responses"), {"4XX": {}}),
    (("paths", "/v1/me", "get", "security"), [{"cookie": []}]),
    (("paths", "/v1/me", "get", "requestBody"),
     {"content": {"application/json": {"schema": {}}}}),
    (("paths", "/v1/me", "look"), api_spec.any_command()),
    (("paths", "/v1/friends/{user}", "delete", "parameters"), []),
))
def test_a_fault_is_found(place, value):
    document = copy.deepcopy(api_spec.openapi())
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    assert openapi_faults(document)


# ---- against the sources ----

def test_every_route_and_command_is_there():
    document = api_spec.openapi()
    operations = {(method, path): one["operationId"]
                  for path, item in document["paths"].items()
                  for method, one in item.items()}
    for method, path, _, _, command in api_spec.routes():
        template = re.sub(r":(\w+)", r"{\1}", path)
        assert operations.pop((method, template)) == command
    assert list(operations.values()) == ["cmd"]
    messages = api_spec.asyncapi()["components"]["messages"]
    assert {name[8:] for name in messages
            if name.startswith("command.")} == set(api_spec.commands())


def test_fields_are_those_that_the_gateway_reads():
    code = "".join(path.read_text(encoding="utf-8")
                   for path in sorted((ROOT / "gateway").glob("*.c")))
    read = set(re.findall(r'\(\s*f, "(\w+)"', code))
    read -= {"settings"}  # what a change without any is said to lack
    told = {name for fields, _, _ in api_spec.described().values()
            for name in fields}
    assert told == read


@pytest.mark.parametrize("value, fits", (
    ({"type": "ping", "id": "1"}, True),
    ({"type": "ping"}, False),
    ({"type": "pong", "id": "1"}, False),
    ({"type": "ping", "id": ""}, False),
    ([], False),
))
def test_the_validator(value, fits):
    document = api_spec.openapi()
    schema = document["components"]["schemas"]["command.ping"]
    assert (mistakes(schema, value, document) == []) == fits
