"""Does a value fit a JSON schema? As much of JSON Schema 2020-12 as our own
documents use; anything else in a schema is an error, not ignored."""

import re

TYPES = {"string": str, "object": dict, "array": list, "boolean": bool,
         "integer": int}
SILENT = {"description", "title", "examples"}


def is_type(value, name):
    if isinstance(value, bool) and name != "boolean":
        return False
    return isinstance(value, TYPES[name])


def resolve(root, ref):
    """What "#/a/b" is in the document."""
    assert ref.startswith("#/"), ref
    found = root
    for step in ref[2:].split("/"):
        found = found[step]
    return found


# Each answers what is wrong, or nothing. `at` is where.
def _ref(want, value, root, at):
    return mistakes(resolve(root, want), value, root, at)


def _properties(want, value, root, at):
    return [wrong for name, schema in want.items()
            if isinstance(value, dict) and name in value
            for wrong in mistakes(schema, value[name], root, f"{at}.{name}")]


def _required(want, value, _, at):
    return [f"{at}: no {name}" for name in want
            if isinstance(value, dict) and name not in value]


def _items(want, value, root, at):
    return [wrong for i, one in enumerate(value)
            for wrong in mistakes(want, one, root, f"{at}[{i}]")
            ] if isinstance(value, list) else []


def _any_of(want, value, root, at):
    found = [mistakes(schema, value, root, at) for schema in want]
    return [] if [] in found else [f"{at}: none of {len(want)} fits"]


def _simple(fits):
    def check(want, value, _, at):
        return [] if fits(want, value) else [f"{at}: {value!r}, not {want!r}"]
    return check


CHECKS = {
    "$ref": _ref,
    "properties": _properties,
    "required": _required,
    "items": _items,
    "anyOf": _any_of,
    "type": _simple(lambda want, value: is_type(value, want)),
    "const": _simple(lambda want, value: value == want),
    "enum": _simple(lambda want, value: value in want),
    "pattern": _simple(lambda want, value: re.search(want, value)),
    "minLength": _simple(lambda want, value: len(value) >= want),
    "maxLength": _simple(lambda want, value: len(value) <= want),
    "minItems": _simple(lambda want, value: len(value) >= want),
    "maxItems": _simple(lambda want, value: len(value) <= want),
    "minimum": _simple(lambda want, value: value >= want),
    "maximum": _simple(lambda want, value: value <= want),
}


def mistakes(schema, value, root, at="$"):
    """What is wrong with the value, as lines; `root` is the document that
    references lead into."""
    if "type" in schema and not is_type(value, schema["type"]):
        return CHECKS["type"](schema["type"], value, root, at)
    return [wrong for key, want in schema.items() if key not in SILENT
            for wrong in CHECKS[key](want, value, root, at)]


def references(node):
    """Every "$ref" in a document."""
    if isinstance(node, dict):
        return [ref for key, value in node.items()
                for ref in ([value] if key == "$ref" else references(value))]
    if isinstance(node, list):
        return [ref for value in node for ref in references(value)]
    return []
