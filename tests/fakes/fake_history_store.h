/* What the fake history keeps, and what its operations do to it; private to
 * the fake. */
#ifndef MOIM_TESTS_FAKE_HISTORY_STORE_H
#define MOIM_TESTS_FAKE_HISTORY_STORE_H

#include "proto/base/list.h"
#include "proto/base/map.h"
#include "tests/fakes/fake_history.h"

struct fake_reader {
    struct history_mark mark;
    size_t hidden_count;
    struct msg_seq hidden[HISTORY_HIDDEN_MAX];
};

struct fake_log {
    struct fake_stored *events; /* event s is events[s - 1] */
    uint64_t head;
    uint64_t oldest;
    uint64_t oldest_ms; /* nothing older is there; 0: not known */
    struct member_version mver;
    struct map readers; /* user id -> struct fake_reader */
    bool hides;
    bool away; /* its server does not answer what reads it */
};

struct fake_history {
    struct map logs; /* conversation id -> struct fake_log */
    struct list ends;
};

/* Copies that the store owns, and the end of one. */
struct slice fake_slice_dup(struct slice s);
void fake_slice_free(struct slice s);

struct fake_log *fake_log_of(struct fake_history *f, struct conv_id conv);
void fake_log_free(struct fake_log *l);
enum rc fake_log_append(struct fake_history *f, const struct history_append *in,
                        struct history_appended *out);
struct fake_reader *fake_log_reader(struct fake_log *l, struct user_id user);
struct history_head fake_log_head(const struct fake_history *f,
                                  struct conv_id conv, struct user_id user);

#endif
