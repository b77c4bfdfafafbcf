#include "chat-core/interval.h"

bool interval_holds(const struct member_row *row, struct msg_seq seq) {
    if (row->from.v == 0 || seq.v < row->from.v ||
        (row->until.v != 0 && seq.v > row->until.v) ||
        (row->away.v != 0 && seq.v >= row->away.v)) {
        return false;
    }
    for (size_t i = 0; i < row->gap_count; i++) {
        if (seq.v >= row->gaps[i].first.v && seq.v <= row->gaps[i].last.v) {
            return false;
        }
    }
    return true;
}

struct msg_seq interval_since(const struct member_row *row) {
    if (row->away.v != 0 && row->role != ROLE_NONE) {
        return (struct msg_seq){0};
    }
    if (row->gap_count == 0) {
        return row->from;
    }
    return (struct msg_seq){row->gaps[row->gap_count - 1].last.v + 1};
}
