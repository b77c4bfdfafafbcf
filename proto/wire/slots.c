#include "proto/wire/slots.h"

#include <stdio.h>
#include <string.h>

enum {
    HOST_MAX = 45, /* characters of an IP address */
    PORT_MAX = 65535,
};

/* CRC16 of XMODEM, four bits at a time: the first 16 of the usual 256. */
static uint16_t crc16(struct slice data) {
    static const uint16_t table[16] = {
        0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
        0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef,
    };
    unsigned crc = 0;

    for (size_t i = 0; i < data.n; i++) {
        crc = (crc << 4 ^ table[(crc >> 12 ^ data.p[i] >> 4) & 15]) & 0xffff;
        crc = (crc << 4 ^ table[(crc >> 12 ^ data.p[i]) & 15]) & 0xffff;
    }
    return (uint16_t)crc;
}

unsigned slot_of(struct slice key) {
    size_t open = slice_find(key, '{');

    if (open < key.n) {
        struct slice tag = slice_drop(key, open + 1);
        size_t close = slice_find(tag, '}');

        if (close > 0 && close < tag.n) {
            key = slice_take(tag, close);
        }
    }
    return crc16(key) % SLOTS;
}

/* An IP address: what else would we do with it? */
static bool host_ok(struct slice host) {
    static const struct slice allowed = {
        (const uint8_t *)"0123456789abcdefABCDEF.:", 24};

    for (size_t i = 0; i < host.n; i++) {
        if (slice_find(allowed, host.p[i]) == allowed.n) {
            return false;
        }
    }
    return host.n > 0 && host.n <= HOST_MAX;
}

static bool address_make(struct slice host, uint64_t port,
                         char out[SLOT_ADDRESS_MAX]) {
    bool v6 = slice_find(host, ':') < host.n;

    if (!host_ok(host) || port == 0 || port > PORT_MAX) {
        return false;
    }
    snprintf(out, SLOT_ADDRESS_MAX, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)host.n,
             (const char *)host.p, (unsigned)port);
    return true;
}

/* The address in {host, port, ...}. A host that is not told is the one that
 * was asked. */
static bool node_read(const struct resp *r, const char *asked,
                      char out[SLOT_ADDRESS_MAX]) {
    struct slice host = slice_str(asked);
    uint64_t port;

    if (r->type != RESP_ARRAY || r->count < 2 ||
        !resp_u64(&r->items[1], &port)) {
        return false;
    }
    if (r->items[0].type == RESP_STRING && r->items[0].str.n > 0) {
        host = r->items[0].str;
    } else if (r->items[0].type != RESP_STRING &&
               r->items[0].type != RESP_NIL) {
        return false;
    }
    return address_make(host, port, out);
}

/* The index of a node, which is new or not; SLOT_NODES_MAX: no room. */
static size_t node_index(struct slot_map *m, const char *address) {
    size_t i = 0;

    while (i < m->count && strcmp(m->nodes[i].address, address) != 0) {
        i++;
    }
    if (i == m->count && i < SLOT_NODES_MAX) {
        snprintf(m->nodes[i].address, SLOT_ADDRESS_MAX, "%s", address);
        m->nodes[i].replicas = 0;
        m->count++;
    }
    return i;
}

/* {first, last, primary, replica, ...} */
static enum rc range_read(const struct resp *r, const char *host,
                          struct slot_map *m) {
    char address[SLOT_ADDRESS_MAX];
    uint64_t first;
    uint64_t last;
    size_t node;

    if (r->type != RESP_ARRAY || r->count < 3 ||
        !resp_u64(&r->items[0], &first) || !resp_u64(&r->items[1], &last) ||
        first > last || last >= SLOTS ||
        !node_read(&r->items[2], host, address)) {
        return RC_BAD_INPUT;
    }
    node = node_index(m, address);
    if (node == SLOT_NODES_MAX) {
        return RC_LIMIT;
    }
    m->nodes[node].replicas = (unsigned)(r->count - 3);
    for (size_t slot = first; slot <= last; slot++) {
        if (m->owner[slot] != SLOT_NOBODY) {
            return RC_BAD_INPUT;
        }
        m->owner[slot] = (uint8_t)node;
    }
    return RC_OK;
}

enum rc slot_map_read(const struct resp *r, const char *host,
                      struct slot_map *out) {
    enum rc rc = RC_OK;

    out->count = 0;
    memset(out->owner, SLOT_NOBODY, sizeof(out->owner));
    if (r->type != RESP_ARRAY) {
        return RC_BAD_INPUT;
    }
    for (size_t i = 0; i < r->count && rc == RC_OK; i++) {
        rc = range_read(&r->items[i], host, out);
    }
    return rc == RC_OK && out->count == 0 ? RC_BAD_INPUT : rc;
}

/* "3999 127.0.0.1:6381": what can be read of it. */
static void moved_read(struct slice text, struct slot_moved *out) {
    size_t space = slice_find(text, ' ');
    struct slice address;
    uint64_t slot = 0;
    uint64_t port;
    size_t colon;

    out->slot = SLOTS;
    out->address[0] = '\0';
    if (space == text.n || !slice_to_u64(slice_take(text, space), &slot) ||
        slot >= SLOTS) {
        return;
    }
    out->slot = (unsigned)slot;
    address = slice_drop(text, space + 1);
    colon = address.n;
    while (colon > 0 && address.p[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0 || !slice_to_u64(slice_drop(address, colon), &port) ||
        !address_make(slice_take(address, colon - 1), port, out->address)) {
        out->address[0] = '\0';
    }
}

enum slot_answer slot_answer(const struct resp *r, struct slot_moved *out) {
    /* The last: a script, half of whose keys have left already. */
    static const char *const later[] = {
        "ASK ",
        "TRYAGAIN ",
        "CLUSTERDOWN ",
        "ERR Script attempted to access a non local key",
    };

    if (r->type != RESP_ERROR) {
        return SLOT_ANSWER_PLAIN;
    }
    if (slice_starts(r->str, "MOVED ")) {
        moved_read(slice_drop(r->str, sizeof("MOVED ") - 1), out);
        return SLOT_ANSWER_MOVED;
    }
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        if (slice_starts(r->str, later[i])) {
            return SLOT_ANSWER_LATER;
        }
    }
    return SLOT_ANSWER_PLAIN;
}
