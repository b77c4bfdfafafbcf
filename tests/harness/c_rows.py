"""Reads the tables of the unit tests, so that a case is written once."""

import re

from .paths import ROOT

TOKEN = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\])*"|[A-Za-z_]\w*|\d+|\S', re.S)
ESCAPE = re.compile(rb'\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|(.))', re.S)
SHORT = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v",
         b"b": b"\b", b"a": b"\a"}


def literal(token):
    """The bytes of a C string literal."""

    def one(found):
        if found[1]:
            return bytes([int(found[1], 16)])
        if found[2]:
            return bytes([int(found[2], 8)])
        return SHORT.get(found[3], found[3])

    return ESCAPE.sub(one, token[1:-1].encode())


def rows(path, *macros):
    """(macro, arguments) of each row `MACRO(...)` in the file: strings as
    bytes, other arguments as they are written."""
    source = (ROOT / path).read_text()
    names = {name: literal(value) for name, value in
             re.findall(r'^#define (\w+) (".*")$', source, re.M)}
    source = re.sub(r"^#(?:.*\\\n)*.*$", "", source, flags=re.M)
    tokens = [t for t in TOKEN.findall(source) if not t.startswith("/*")]
    at = 0
    while at < len(tokens):
        if tokens[at] in macros and tokens[at + 1] == "(":
            macro = tokens[at]
            arguments, at = arguments_at(tokens, at + 2, names)
            yield macro, arguments
        at += 1


def arguments_at(tokens, at, names):
    """The arguments from `at` up to the closing parenthesis, and its place."""
    arguments = [None]
    while tokens[at] != ")":
        token = tokens[at]
        if token == ",":
            arguments.append(None)
        elif token.startswith('"') or token in names:
            piece = names.get(token) or literal(token)
            arguments[-1] = (arguments[-1] or b"") + piece
        else:
            arguments[-1] = (arguments[-1] or "") + token
        at += 1
    return arguments, at
