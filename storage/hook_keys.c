#include "storage/hook_keys.h"

#include <assert.h>
#include <stdio.h>

unsigned hook_part(uint64_t id) {
    uint64_t mixed = id * UINT64_C(0x9e3779b97f4a7c15);

    return (unsigned)(mixed >> 32) % HOOK_PARTS;
}

struct hook_key hook_key(unsigned part, const char *what) {
    struct hook_key out;

    assert(part < HOOK_PARTS);
    snprintf(out.s, sizeof(out.s), "{hooks%u}%s", part, what);
    return out;
}

struct hook_key hook_conv_key(const char *what, struct conv_id conv) {
    char name[32];

    snprintf(name, sizeof(name), "%s:%s", what, id_text(conv.v).s);
    return hook_key(hook_part(conv.v), name);
}
