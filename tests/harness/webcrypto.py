"""What a browser does with a push, from the texts of the standards and with
nothing but Python's own library, so that it is no copy of what is tested:
P-256 and ECDSA (FIPS 186-5), HKDF (RFC 5869), AES-128-GCM (FIPS 197, SP
800-38D). Slow, and not for secrets."""

import base64
import hashlib
import hmac

# ---- P-256 ----

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(one, other):
    """The sum of two points; None is the one at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = ((3 * x1 * x1 - 3) * pow(2 * y1, -1, P) if one == other
             else (y2 - y1) * pow(x2 - x1, -1, P)) % P
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(scalar, point):
    out = None
    while scalar:
        if scalar & 1:
            out = add(out, point)
        point = add(point, point)
        scalar >>= 1
    return out


def number(octets):
    return int.from_bytes(octets, "big")


def point_bytes(point):
    return b"\x04" + b"".join(v.to_bytes(32, "big") for v in point)


def point_of(octets):
    assert len(octets) == 65 and octets[0] == 4
    x, y = number(octets[1:33]), number(octets[33:])
    assert (y * y - x * x * x + 3 * x - B) % P == 0
    return x, y


def verified(public, text, signature):
    """Is it ES256 (RFC 7518) of the text?"""
    assert len(signature) == 64
    r, s = number(signature[:32]), number(signature[32:])
    if not (0 < r < N and 0 < s < N):
        return False
    inverse = pow(s, -1, N)
    found = add(multiply(number(hashlib.sha256(text).digest()) * inverse % N,
                         G),
                multiply(r * inverse % N, public))
    return found is not None and found[0] % N == r


# ---- AES-128-GCM ----

def doubled(a):
    return (a << 1 ^ (0x11B if a & 0x80 else 0)) & 0xFF


def times(a, b):
    """The product in AES's field."""
    out = 0
    while b:
        if b & 1:
            out ^= a
        a, b = doubled(a), b >> 1
    return out


def sbox(a):
    inverse = next((b for b in range(256) if times(a, b) == 1), 0)
    out = 0x63
    for turn in range(5):
        out ^= (inverse << turn | inverse >> (8 - turn)) & 0xFF
    return out


SBOX = [sbox(a) for a in range(256)]


def round_keys(key):
    words = [list(key[i:i + 4]) for i in range(0, 16, 4)]
    constant = 1
    for i in range(4, 44):
        word = list(words[-1])
        if i % 4 == 0:
            word = [SBOX[v] for v in word[1:] + word[:1]]
            word[0] ^= constant
            constant = doubled(constant)
        words.append([a ^ b for a, b in zip(word, words[i - 4])])
    return [sum(words[i:i + 4], []) for i in range(0, 44, 4)]


def mixed(column):
    a, b, c, d = column
    whole = a ^ b ^ c ^ d
    return [a ^ whole ^ doubled(a ^ b), b ^ whole ^ doubled(b ^ c),
            c ^ whole ^ doubled(c ^ d), d ^ whole ^ doubled(d ^ a)]


def block(keys, octets):
    state = [a ^ b for a, b in zip(octets, keys[0])]
    for turn in range(1, 11):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if turn < 10:
            state = sum((mixed(state[i:i + 4]) for i in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, keys[turn])]
    return bytes(state)


def hashed(h, octets):
    """GHASH of whole blocks."""
    out = 0
    for i in range(0, len(octets), 16):
        a, b, out = out ^ number(octets[i:i + 16]), h, 0
        for bit in range(127, -1, -1):
            if a >> bit & 1:
                out ^= b
            b = b >> 1 ^ (0xE1 << 120 if b & 1 else 0)
    return out


def gcm_opened(key, nonce, sealed):
    """The text; fails when somebody has touched it."""
    keys, text, tag = round_keys(key), sealed[:-16], sealed[-16:]
    streams = [block(keys, nonce + i.to_bytes(4, "big"))
               for i in range(1, len(text) // 16 + 3)]
    padded = text + bytes(-len(text) % 16) + (8 * len(text)).to_bytes(16, "big")
    h = number(block(keys, bytes(16)))
    assert hashed(h, padded) ^ number(streams[0]) == number(tag)
    return bytes(a ^ b for a, b in zip(text, b"".join(streams[1:])))


# ---- Web Push ----

def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derived(salt, secret, info, length):
    prk = hmac.digest(salt, secret, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def opened(private, auth, body):
    """The text of a push (RFC 8291, RFC 8188) for the browser's number and
    its 16 bytes."""
    salt, size, length = body[:16], number(body[16:20]), body[20]
    assert size >= len(body) - 86 and length == 65
    theirs, sealed = body[21:86], body[86:]
    mine = point_bytes(multiply(private, G))
    shared = multiply(private, point_of(theirs))[0].to_bytes(32, "big")
    key = derived(auth, shared, b"WebPush: info\0" + mine + theirs, 32)
    text = gcm_opened(
        derived(salt, key, b"Content-Encoding: aes128gcm\0", 16),
        derived(salt, key, b"Content-Encoding: nonce\0", 12), sealed)
    text = text.rstrip(b"\0")
    assert text[-1] == 2  # of the last record
    return text[:-1]
