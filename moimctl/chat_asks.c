#include "moimctl/chat_asks.h"

uint64_t chat_asks_add(struct chat_asks *a, enum chat_ask_kind kind,
                       struct conv_id conv) {
    if (a->count == CHAT_ASKS_MAX) {
        return 0;
    }
    a->last++;
    a->all[a->count++] = (struct chat_ask){a->last, kind, conv};
    return a->last;
}

bool chat_asks_take(struct chat_asks *a, struct slice id,
                    struct chat_ask *out) {
    uint64_t number;

    if (!slice_to_u64(id, &number)) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (a->all[i].number == number) {
            *out = a->all[i];
            a->all[i] = a->all[--a->count];
            return true;
        }
    }
    return false;
}

bool chat_asks_any(const struct chat_asks *a, enum chat_ask_kind kind) {
    for (size_t i = 0; i < a->count; i++) {
        if (a->all[i].kind == kind) {
            return true;
        }
    }
    return false;
}
