#include "proto/wire/topic.h"

#include <assert.h>
#include <string.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"

static const char *const kind_names[] = {
    [TOPIC_USER] = "user",         [TOPIC_CONV] = "conv",
    [TOPIC_SEEN] = "seen",         [TOPIC_GATEWAY] = "gw",
    [TOPIC_GATEWAYS] = "gateways", [TOPIC_PRESENCE] = "presence",
};

bool topic_eq(struct topic a, struct topic b) {
    return a.kind == b.kind && a.id == b.id;
}

/* Ids are below 2^63 and made from time, so the top bits of the product are
 * the ones that differ; the kind keeps topics of one id apart. */
uint64_t topic_key(struct topic t) {
    return t.id * 8 + (uint64_t)t.kind;
}

unsigned topic_partition(struct topic t) {
    uint64_t mixed = topic_key(t) * UINT64_C(0x9e3779b97f4a7c15);

    return (unsigned)(mixed >> 32) % TOPIC_PARTITIONS;
}

/* Copies `text` with its NUL; answers where the NUL is. */
static char *put(char *to, const char *text) {
    size_t n = strlen(text);

    memcpy(to, text, n + 1);
    return to + n;
}

struct topic_text topic_text(struct topic t) {
    struct topic_text out = {{0}};

    unsigned partition = topic_partition(t);
    struct id_text id = id_text(t.id);
    char *p = out.s;

    static_assert(TOPIC_PARTITIONS <= 100, "two digits");
    p = put(p, "{p");
    if (partition >= 10) {
        *p++ = (char)('0' + partition / 10);
    }
    *p++ = (char)('0' + partition % 10);
    *p++ = '}';
    p = put(p, kind_names[t.kind]);
    *p++ = ':';
    (void)put(p, id.s);
    return out;
}

bool topic_parse(struct slice channel, struct topic *out) {
    size_t brace = slice_find(channel, '}');
    size_t colon = slice_find(channel, ':');
    struct topic t;

    if (brace == channel.n || colon == channel.n || colon < brace) {
        return false;
    }
    if (!id_parse(slice_drop(channel, colon + 1), &t.id)) {
        return false;
    }
    for (size_t kind = 0; kind < COUNT_OF(kind_names); kind++) {
        struct slice name = {channel.p + brace + 1, colon - brace - 1};

        t.kind = (enum topic_kind)kind;
        if (slice_is(name, kind_names[kind]) &&
            slice_is(channel, topic_text(t).s)) {
            *out = t;
            return true;
        }
    }
    return false;
}
