#include "storage/redis_url.h"

#include <string.h>

#include "proto/base/slice.h"

static const struct scheme {
    const char *prefix;
    bool tls;
} schemes[] = {
    {"redis://", false},
    {"rediss://", true},
    {"", false},
};

enum rc redis_url_parse(const char *text, struct redis_url *out) {
    const struct scheme *s = schemes;
    struct address a;

    while (!slice_starts(slice_str(text), s->prefix)) {
        s++; /* the last one always fits */
    }
    out->address = text + strlen(s->prefix);
    out->tls = s->tls;
    if (address_parse(out->address, &a) != RC_OK ||
        (s->tls && address_path(&a) != NULL)) {
        return RC_BAD_INPUT;
    }
    address_host(&a, out->host, sizeof(out->host));
    return RC_OK;
}
