#include "hooks/families.h"

enum {
    MESSAGE = BIT(0),
    MEMBER = BIT(1),
    PRESENCE = BIT(2),
    FRIEND = BIT(3),
    DEVICE = BIT(4),
    NOTIFICATION = BIT(5),
};

static const struct {
    const char *name;
    unsigned family;
} families[] = {
    {"message", MESSAGE}, {"member", MEMBER}, {"presence", PRESENCE},
    {"friend", FRIEND},   {"device", DEVICE}, {"notification", NOTIFICATION},
};

/* What a type is called before its first dot. */
static const struct {
    const char *name;
    unsigned family;
} heads[] = {
    {"message", MESSAGE},   {"member", MEMBER},
    {"group", MEMBER},      {"direct", MEMBER},
    {"presence", PRESENCE}, {"friend", FRIEND},
    {"device", DEVICE},     {"notification", NOTIFICATION},
};

static unsigned family_named(struct slice word) {
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        if (slice_is(word, families[i].name)) {
            return families[i].family;
        }
    }
    return 0;
}

enum rc families_read(const char *list, unsigned *out, struct slice *word) {
    struct slice rest = slice_str(list);
    unsigned all = 0;

    *word = rest;
    while (rest.n > 0) {
        size_t n = slice_find(rest, ' ');
        struct slice next = slice_take(rest, n);

        rest = slice_drop(rest, n < rest.n ? n + 1 : n);
        if (next.n > 0 && family_named(next) == 0) {
            *word = next;
            return RC_BAD_INPUT;
        }
        all |= family_named(next);
    }
    *out = all;
    return all != 0 ? RC_OK : RC_BAD_INPUT;
}

unsigned families_of(struct slice type) {
    struct slice head = slice_take(type, slice_find(type, '.'));

    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        if (slice_is(head, heads[i].name)) {
            return heads[i].family;
        }
    }
    return 0;
}

bool families_in_directory(unsigned asked) {
    return (asked & (FRIEND | DEVICE | NOTIFICATION)) != 0;
}

bool families_notify(unsigned asked) {
    return (asked & NOTIFICATION) != 0;
}
