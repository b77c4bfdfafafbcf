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

/* All but the id. */
static char *put_start(char *p, struct topic t) {
    unsigned partition = topic_partition(t);

    static_assert(TOPIC_PARTITIONS <= 100, "two digits");
    p = put(p, "{p");
    if (partition >= 10) {
        *p++ = (char)('0' + partition / 10);
    }
    *p++ = (char)('0' + partition % 10);
    *p++ = '}';
    p = put(p, kind_names[t.kind]);
    *p++ = ':';
    return p;
}

struct topic_text topic_text(struct topic t) {
    struct topic_text out = {{0}};

    id_put(put_start(out.s, t), t.id);
    return out;
}

/* There is one way to say a topic: what stands before the id is said again. */
bool topic_parse(struct slice channel, struct topic *out) {
    char start[TOPIC_TEXT_MAX];
    struct topic t;
    size_t n;

    if (channel.n < ID_TEXT_LEN ||
        !id_parse(slice_drop(channel, channel.n - ID_TEXT_LEN), &t.id)) {
        return false;
    }
    for (size_t kind = 0; kind < COUNT_OF(kind_names); kind++) {
        t.kind = (enum topic_kind)kind;
        n = (size_t)(put_start(start, t) - start);
        if (n + ID_TEXT_LEN == channel.n && memcmp(channel.p, start, n) == 0) {
            *out = t;
            return true;
        }
    }
    return false;
}
