/* A history in memory for tests: ports/history.h to the letter, with one
 * store and any number of clients. A call waits until the test finishes it
 * through the client's queue (fake_calls.h). */
#ifndef MOIM_TESTS_FAKE_HISTORY_H
#define MOIM_TESTS_FAKE_HISTORY_H

#include <stddef.h>

#include "chat-core/ports/history.h"
#include "proto/base/macros.h"
#include "tests/fakes/fake_calls.h"

struct fake_history;

struct fake_history *fake_history_new(void) MUST_CHECK;
/* Frees the store and every client; callbacks that wait never come. */
void fake_history_free(struct fake_history **f);
/* A new client. It lives until fake_history_free. */
struct history *fake_history_join(struct fake_history *f) MUST_CHECK;
/* The calls of a client that wait. */
struct fake_calls *fake_history_calls(struct history *end);

/* What is stored at a seq. */
struct fake_stored {
    struct user_id from;
    char *name;
    uint64_t body_hash;
    struct member_version mver; /* it was checked with */
    uint64_t ts_ms;
    struct slice event; /* empty: purged */
    size_t earlier_count;
    struct slice earlier[HISTORY_EARLIER_MAX];
};

/* 0: nothing is stored. */
uint64_t fake_history_head(const struct fake_history *f, struct conv_id conv);
struct member_version fake_history_mver(const struct fake_history *f,
                                        struct conv_id conv);
/* seq is 1 to the head. Borrowed until the next append. */
const struct fake_stored *fake_history_at(const struct fake_history *f,
                                          struct conv_id conv, uint64_t seq);
/* Appends at once, as append does; answers the seq, 0 when refused. */
uint64_t fake_history_put(struct fake_history *f,
                          const struct history_append *in);
/* Forgets the events before `oldest`. */
void fake_history_purge(struct fake_history *f, struct conv_id conv,
                        uint64_t oldest);
/* The conversation's server does not answer readers, or does again. */
void fake_history_away(struct fake_history *f, struct conv_id conv, bool away);
/* Loses what stands after `head`, as a restored copy does. */
void fake_history_cut(struct fake_history *f, struct conv_id conv,
                      uint64_t head);

#endif
