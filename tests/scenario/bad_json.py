"""B091 to B102, but for B101: texts that are no commands. The same row is sent
as a message and as the body of POST /v1/cmd, by somebody who is logged in."""

from typing import NamedTuple

from harness.c_rows import rows

STATUS = {"ok": 200, "too_large": 413}
ID = b'"id":"q"'


class Row(NamedTuple):
    """`want` is the error's word, or "ok". What is no JSON or no envelope
    ends a session with 4500; `http` when the word is another there."""

    id: str
    name: str
    text: bytes
    want: str
    http: str = ""


def all_of(id_, want, name, texts):
    return [Row(id_, f"{name} {text[:40]!r}", text, want) for text in texts]


def command(type_, fields):
    return b'{"type":"%s",%s,%s}' % (type_, ID, fields)


def suite():
    """The unit test's texts, in the manner of JSONTestSuite. None of them is
    a command."""
    kinds = {"GOOD": ("B092", "bad_envelope"), "BAD": ("B091", "bad_json"),
             "OVER": ("B093", "bad_json"), "NUL_IN": ("B096", "bad_envelope")}
    for kind, (name, text) in rows("tests/unit/json_rows.h", *kinds):
        id_, want = kinds[kind]
        yield Row(id_, name.decode(), text, want if text else "bad_envelope")


CONV = b'"conv":"0000000000000"'
SEND = b'"msg":"0123456789abcdef"'

SYNTAX = [
    *suite(),
    Row("B091", "cut command", b'{"type":"ping","id":"q"', "bad_json"),
    Row("B093", "lone surrogate in a command",
        command(b"ping", b'"x":"\\ud800"'), "bad_json"),
    Row("B093", "500 deep", b"[" * 500 + b"]" * 500, "bad_json"),
    Row("B094", "17 deep",
        command(b"ping", b'"x":' + b"[" * 16 + b"]" * 16), "bad_json"),
    Row("B094", "16 deep",
        command(b"ping", b'"x":' + b"[" * 15 + b"]" * 15), "ok"),
    Row("B094", "60000 deep", b"[" * 60000, "bad_json"),
    Row("B094", "257 keys",
        b"{%s}" % b",".join(b'"k%d":0' % i for i in range(257)), "bad_json"),
    Row("B094", "long key",
        command(b"ping", b'"%s":0' % (b"k" * 65)), "bad_json"),
    Row("B094", "3000 values",
        command(b"ping", b'"x":[%s0]' % (b"0," * 3000)), "bad_json"),
    *all_of("B095", "bad_json", "same key", [
        b'{"type":"ping","id":"q","id":"q"}',
        b'{"type":"ping","id":"q","id":"r"}',
        b'{"type":"ping","id":"q","\\u0069d":"r"}',
        command(b"ping", b'"x":{"a":1,"a":1}')]),
    *all_of("B097", "bad_json", "garbage behind", [
        command(b"ping", b'"x":0') + b"x", command(b"ping", b'"x":0') + b"{}",
        command(b"ping", b'"x":0') + b",", b'\xef\xbb\xbf{"type":"ping"}']),
]

VALUES = [
    *all_of("B096", "bad_value", "NUL", [
        command(b"ping", b'"x":"\\u0000"'),
        command(b"send", CONV + b"," + SEND + b',"text":"a\\u0000b"'),
        command(b"user.find", b'"name":"a\\u0000"')]),
    *all_of("B096", "bad_value", "control character", [
        command(b"send", CONV + b"," + SEND + b',"text":"a\\u00%02xb"' % c)
        for c in [1, 7, 8, 11, 12, 13, 27, 31]]),
    *all_of("B098", "bad_value", "number for an id", [
        command(b"history", b'"conv":%s' % n) for n in [
            b"1e3", b"1.0", b"-1", b"-0", b"9007199254740992",
            b"9223372036854775808", b"0", b"null", b"true"]]),
    *all_of("B098", "bad_value", "seq", [
        command(b"read", CONV + b',"seq":%s' % n) for n in [
            b"1e3", b"1.0", b"-1", b"-0", b"9007199254740992",
            b"9223372036854775808", b'"5"', b"null", b"[5]"]]),
    # 20 digits are more than any reader keeps: no JSON to us.
    Row("B098", "2^64", command(b"history", b'"conv":18446744073709551616'),
        "bad_json"),
    Row("B099", "unknown field", command(b"ping", b'"color":"red"'), "ok"),
    *all_of("B099", "unknown_type", "type", [
        b'{"type":"fly","id":"q"}', b'{"type":"PING","id":"q"}',
        b'{"type":"ping ","id":"q"}']),
    *all_of("B099", "bad_envelope", "envelope", [
        b'{"id":"q"}', b'{"type":"ping"}', b'{"type":"ping","id":5}',
        b'{"type":"ping","id":""}', b'{"type":"","id":"q"}',
        b'{"type":5,"id":"q"}', b'{"type":"ping","id":"%s"}' % (b"q" * 65),
        b'{"type":"ping","id":"\\n"}', b'{"type":"ping","id":null}',
        b'{"Type":"ping","Id":"q"}']),
    Row("B099", "id of 64 bytes",
        b'{"type":"ping","id":"%s"}' % (b"q" * 64), "ok"),
    *all_of("B100", "ok", "prototype", [
        command(b"ping", b'"__proto__":{"type":"me"}'),
        command(b"ping", b'"constructor":{"prototype":{}}'),
        command(b"ping", b'"$where":"1"')]),
    *all_of("B100", "bad_value", "object for a string", [
        command(b"user.find", b'"name":{"$ne":null}'),
        command(b"user.find", b'"name":["a"]'),
        command(b"history", b'"conv":{"$gt":""}'),
        command(b"send", CONV + b"," + SEND + b',"text":{"a":"b"}'),
        command(b"sync", b'"convs":{"length":1}'),
        command(b"login", b'"name":{"$ne":1},"password":{"$ne":1}')]),
    *all_of("B100", "bad_envelope", "object for a string", [
        b'{"type":{"$ne":1},"id":"q"}', b'{"type":"ping","id":{"$ne":1}}']),
    *all_of("B102", "bad_envelope", "no object", [
        b"", b"null", b"[]", b'"x"', b"0", b"false"]),
]

ROWS = [*SYNTAX, *VALUES]

# An id that is in use. B101 is about the head, see bad_http.py.
OWN_TESTS = ["B099"]
