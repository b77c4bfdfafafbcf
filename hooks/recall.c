#include "hooks/recall.h"

#include <stdio.h>

struct notice_name notice_name(const struct notice_of *of) {
    struct notice_name out;

    snprintf(out.s, sizeof(out.s), "%s-%llu-%s", id_text(of->conv.v).s,
             (unsigned long long)of->last.v, id_text(of->user.v).s);
    return out;
}

bool notice_name_parse(struct slice name, struct notice_of *out) {
    const size_t least = 2 * ID_TEXT_LEN + 3;
    struct notice_of of;
    struct slice seq;

    if (name.n < least || name.p[ID_TEXT_LEN] != '-' ||
        name.p[name.n - ID_TEXT_LEN - 1] != '-') {
        return false;
    }
    seq = slice_take(slice_drop(name, ID_TEXT_LEN + 1), name.n - least + 1);
    if (!id_parse(slice_take(name, ID_TEXT_LEN), &of.conv.v) ||
        !slice_to_u64(seq, &of.last.v) ||
        !id_parse(slice_drop(name, name.n - ID_TEXT_LEN), &of.user.v)) {
        return false;
    }
    *out = of;
    return true;
}

bool notice_is_old(const struct notice_of *of, const struct history_mark *marks,
                   size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (marks[i].user.v == of->user.v) {
            return marks[i].read.v >= of->last.v ||
                   marks[i].delivered.v >= of->last.v;
        }
    }
    return false;
}
