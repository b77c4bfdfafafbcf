"""B064 to B090: frames on an open session, and the code it is closed with."""

from typing import NamedTuple

from harness.c_rows import rows
from harness.raw_ws import (
    BINARY, CLOSE, CONT, PING, PONG, TEXT, close, frame, masked, MASK, text)

ALIVE = 0


class Row(NamedTuple):
    """`code` is the close code, or ALIVE: the session goes on."""

    id: str
    name: str
    data: bytes
    code: int


def all_of(id_, code, name, inputs):
    return [Row(id_, f"{name} {data[:24].hex(' ')}", data, code)
            for data in inputs]


PING_CMD = b'{"type":"ping","id":"x"}'
K64 = 65536


def noted(odd):
    """A good command with odd bytes in a field that nobody reads."""
    return text(b'{"type":"ping","id":"odd","note":"' + odd + b'"}')


def split_at(payload, at):
    return frame(TEXT, payload[:at], fin=False) + frame(CONT, payload[at:])


def announced(payload, room):
    """A text frame that has `room` bytes still to come."""
    head = frame(TEXT, b"", length=len(payload) + room)
    return head + masked(payload, MASK)


def utf8_rows():
    """Each of the unit test's texts: at the end of a message, in the middle
    of one that goes on, cut into two fragments, and, when it is wrong, in a
    frame whose rest never comes."""
    for _, (name, raw, verdict) in rows("tests/unit/utf8_rows.h", "UTF8_ROW"):
        name = name.decode()
        id_ = name.split(" ")[0] if name[0] == "B" else "B076"
        if verdict == "UTF8_GOOD":
            if b"\0" not in raw and b"\x7f" != raw:
                yield Row("B077", f"valid {name}", noted(raw), ALIVE)
            continue
        yield Row(id_, f"whole, {name}", text(b'"' + raw), 1007)
        for cut in range(1, len(raw)):
            yield Row(id_, f"two fragments, {name}", split_at(raw, cut), 1007)
        if verdict != "UTF8_CUT":
            until_bad = raw[:int(verdict) + 1]
            yield Row(id_, f"at once, {name}", announced(until_bad, 9), 1007)
            yield Row(id_, f"at once in a fragment, {name}",
                      frame(TEXT, until_bad, fin=False), 1007)


HEADS = [
    Row("B064", "not masked", frame(TEXT, PING_CMD, key=None), 1002),
    Row("B064", "empty, not masked", frame(PING, key=None), 1002),
    *all_of("B065", 1002, "reserved bits", [
        frame(op, b"x", rsv=rsv) for rsv in range(1, 8)
        for op in (TEXT, BINARY, PING)]),
    Row("B065", "reserved bit on a continuation",
        frame(TEXT, b"a", fin=False) + frame(CONT, b"b", rsv=4), 1002),
    *all_of("B066", 1002, "opcode", [
        frame(op, body) for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
        for body in (b"", b"x")]),
    *all_of("B067", 1002, "fragmented control", [
        frame(op, b"", fin=False) for op in (PING, PONG, CLOSE)]),
    *all_of("B068", 1002, "long control", [
        *[frame(op, b"x" * 126) for op in (PING, PONG, CLOSE)],
        frame(PING, b"x", form=8), frame(PING, b"x" * 100, form=2)]),
    *all_of("B069", 1002, "nothing to continue", [
        frame(CONT, b"x"), frame(CONT, b"x", fin=False),
        text(PING_CMD) + frame(CONT, b"x")]),
    *all_of("B070", 1002, "new message inside", [
        frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"),
        frame(TEXT, b"x", fin=False) + frame(BINARY, b"y", fin=False)]),
    *all_of("B071", 1002, "64-bit length", [
        frame(TEXT, form=8, length=n) for n in (
            1 << 63, (1 << 64) - 1, (1 << 64) - 4)]),
    *all_of("B072", 1009, "64-bit length", [
        frame(TEXT, form=8, length=n) for n in (
            1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1)]),
    *all_of("B073", 1002, "long form of a short length", [
        frame(TEXT, b"x" * 125, form=2), frame(TEXT, b"", form=2),
        frame(TEXT, form=8, length=65535), frame(TEXT, form=8, length=0)]),
]

MESSAGES = [
    Row("B074", "one too long", frame(TEXT, length=K64 + 1), 1009),
    Row("B074", "fragments too long",
        frame(TEXT, b"x" * 400, fin=False) + frame(CONT, length=65137), 1009),
    Row("B074", "64 KiB, which is no JSON", text(b"x" * K64), 4500),
    Row("B074", "64 KiB of a command",
        text(PING_CMD[:-1] + b" " * (K64 - len(PING_CMD)) + b"}"), ALIVE),
    Row("B075", "65 fragments", frame(TEXT, b"x", fin=False)
        + frame(CONT, b"x", fin=False) * 63 + frame(CONT, b"x"), 1008),
    Row("B075", "64 empty fragments", frame(TEXT, fin=False)
        + frame(CONT, fin=False) * 63, 1008),
    Row("B075", "64 fragments", frame(TEXT, PING_CMD[:1], fin=False)
        + frame(CONT, fin=False) * 62 + frame(CONT, PING_CMD[1:]), ALIVE),
    *utf8_rows(),
    Row("B077", "a NUL in JSON", noted(b"\0"), 4500),
    Row("B077", "a byte order mark before JSON",
        text(b"\xef\xbb\xbf" + PING_CMD), 4500),
    *all_of("B079", 1003, "binary", [
        frame(BINARY, PING_CMD), frame(BINARY),
        frame(BINARY, b"\xff", fin=False) + frame(CONT)]),
]

CONTROL = [
    Row("B080", "close of one byte", frame(CLOSE, b"\x03"), 1002),
    Row("B080", "close with a bad text", close(1000, b"\xff"), 1007),
    Row("B080", "close with a long text", close(1000, b"x" * 124), 1002),
    Row("B080", "close without a code", frame(CLOSE), 1000),
    Row("B080", "close with the longest text", close(1000, b"x" * 123), 1000),
    *all_of("B081", 1002, "close code", [close(c) for c in (
        0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)]),
    *[Row("B082", f"close {code}", close(code, b"bye"), code) for code in (
        *range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999)],
    Row("B083", "after the close",
        close(1000) + text(PING_CMD) + frame(PING) + close(1001), 1000),
    Row("B083", "garbage after the close", close(1000) + b"\xff" * 99, 1000),
    Row("B085", "many pings", frame(PING, b"x") * 40, 1008),
    Row("B085", "many pongs", frame(PONG, b"x") * 100, 1008),
    Row("B085", "pings between fragments",
        frame(TEXT, b"x", fin=False) + frame(PING) * 40, 1008),
    Row("B086", "some pings", frame(PING, b"x") * 20, ALIVE),
    Row("B086", "some pongs", frame(PONG, b"x") * 50, ALIVE),
    Row("B087", "empty text", frame(TEXT), 4500),
    Row("B087", "empty text in fragments",
        frame(TEXT, fin=False) + frame(CONT), 4500),
    Row("B090", "mask of zeros", frame(TEXT, PING_CMD, key=bytes(4)), ALIVE),
]

ROWS = [*HEADS, *MESSAGES, *CONTROL]

HOW_OFTEN = {"B085", "B086"}

# B075 also waits, B084 waits, B086 looks at each pong, B088 leaves in the
# middle; B089 with permessage-deflate on is test_deflate.py.
OWN_TESTS = ["B075", "B084", "B086", "B088", "B089"]
