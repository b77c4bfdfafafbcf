/* The calls of the fake history that wait; private to the fake. */
#ifndef MOIM_TESTS_FAKE_HISTORY_CALL_H
#define MOIM_TESTS_FAKE_HISTORY_CALL_H

#include "tests/fakes/fake_history.h"

/* One call; which of the fields are used is the operation's business. */
struct fake_history_call {
    struct fake_call base; /* first */
    struct fake_history *store;
    struct history_append in; /* its slices are ours */
    struct history_change change;
    struct history_appended out;
    struct conv_id conv;
    struct user_id user;
    struct msg_seq first;
    size_t count;
    struct conv_id *convs;
    struct history_head *heads;
    struct history_page page;
    struct slice *events;
    enum history_cursor cursor;
    struct history_mark mark;
    bool moved;
    uint64_t before_ms;
    struct history_span_ask *spans;
    union {
        history_appended_fn appended;
        history_page_fn page;
        history_heads_fn heads;
        history_mark_fn mark;
        history_marks_fn marks;
        history_counts_fn counts;
        history_unread_fn unread;
        history_hide_fn hide;
        history_hidden_fn hidden;
        history_earlier_fn earlier;
        history_trimmed_fn trimmed;
        history_erased_fn erased;
    } done;
    void *ctx;
};

struct fake_history_call *fake_history_call(struct history *h, const char *name,
                                            fake_execute_fn execute,
                                            fake_answer_fn answer, void *ctx);
void fake_history_call_free(struct fake_history_call *c);
struct fake_history_call *fake_history_call_of(struct fake_call *base);
/* For what only looks when it answers. */
void fake_history_nothing(struct fake_call *base);

/* fake_history_readers.c */
void fake_history_mark(struct history *h, const struct history_move *move,
                       history_mark_fn done, void *ctx);
void fake_history_marks(struct history *h, struct conv_id conv,
                        history_marks_fn done, void *ctx);
void fake_history_counts(struct history *h, struct conv_id conv,
                         struct msg_seq seq, history_counts_fn done, void *ctx);
void fake_history_unread(struct history *h, struct user_id user,
                         const struct history_span_ask *spans, size_t count,
                         history_unread_fn done, void *ctx);
void fake_history_hide(struct history *h, struct conv_id conv,
                       struct user_id user, struct msg_seq seq,
                       history_hide_fn done, void *ctx);
void fake_history_hidden(struct history *h, struct conv_id conv,
                         struct user_id user, history_hidden_fn done,
                         void *ctx);

#endif
