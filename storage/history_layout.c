#include "storage/history_layout.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/buf.h"

struct history_number history_number(uint64_t v) {
    struct history_number n = {{0}};

    (void)decimal_put((uint8_t *)n.s, v);
    return n;
}

struct history_id history_id(struct user_id user) {
    struct history_id id;

    for (size_t i = 0; i < sizeof(id.p); i++) {
        id.p[i] = (uint8_t)(user.v >> (8 * (sizeof(id.p) - 1 - i)));
    }
    return id;
}

struct history_key history_key(struct conv_id conv, const char *what) {
    struct history_key k;

    size_t n = strlen(what);

    assert(3 + ID_TEXT_LEN + n < sizeof(k.s));
    memcpy(k.s, "{c", 2);
    id_put(k.s + 2, conv.v);
    k.s[2 + ID_TEXT_LEN] = '}';
    memcpy(k.s + 3 + ID_TEXT_LEN, what, n + 1);
    return k;
}

struct history_key history_log_key(struct conv_id conv, uint64_t bucket) {
    struct history_key k;

    snprintf(k.s, sizeof(k.s), "{c%s}log:%" PRIu64, id_text(conv.v).s, bucket);
    return k;
}

struct history_key history_hidden_key(struct conv_id conv,
                                      struct user_id user) {
    struct history_key k;

    snprintf(k.s, sizeof(k.s), "{c%s}hid:%s", id_text(conv.v).s,
             id_text(user.v).s);
    return k;
}

struct history_key history_edits_key(struct conv_id conv, struct msg_seq seq) {
    struct history_key k;

    snprintf(k.s, sizeof(k.s), "{c%s}edits:%" PRIu64, id_text(conv.v).s, seq.v);
    return k;
}

struct history_key history_store_key(uint32_t number) {
    struct history_number digits = history_number(number);
    struct history_key k = {"{h"};
    size_t n = strlen(digits.s);

    memcpy(k.s + 2, digits.s, n);
    memcpy(k.s + 2 + n, "}store", sizeof("}store"));
    return k;
}

size_t history_spans(uint64_t first, size_t count,
                     struct history_span out[HISTORY_SPANS_MAX]) {
    size_t n = 0;

    assert(first > 0 && count <= HISTORY_BUCKET);
    while (count > 0) {
        struct history_span *s = &out[n];
        size_t room;

        s->bucket = first / HISTORY_BUCKET;
        s->first = first;
        s->index = (size_t)(first % HISTORY_BUCKET);
        room = HISTORY_BUCKET - s->index;
        s->count = count < room ? count : room;
        s->index -= s->bucket == 0; /* event 1 is its first */
        first += s->count;
        count -= s->count;
        n++;
    }
    return n;
}
