/* A scripted server and an empty screen around a chat client, for its tests:
 * a test answers what the chat asked and looks at what it printed. */
#ifndef MOIM_TESTS_CHAT_WORLD_H
#define MOIM_TESTS_CHAT_WORLD_H

#include "tests/unit/assert_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "moimctl/chat.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

#define ALICE "0000000000001"
#define BOB "0000000000002"
#define CAROL "0000000000003"
#define DIRECT "0000000000101"
#define GROUP "0000000000102"
#define FRESH "0000000000103"

enum {
    FRAMES_MAX = 200,
};

/* The chat, what it sent and printed, and the clock. */
struct world {
    struct chat chat;
    struct clock clock;
    struct rand rand;
    struct frame frame;     /* for looking into what was sent */
    char *sent[FRAMES_MAX]; /* not answered yet */
    size_t sent_count;
    struct buf printed; /* lines, each with its newline */
    bool quit;
    enum ctl_exit how;
};

static inline void on_frame(void *owner, struct slice text) {
    struct world *w = owner;

    assert_true(w->sent_count < FRAMES_MAX);
    w->sent[w->sent_count++] = mem_dup(text.p, text.n);
}

static inline void on_line(void *owner, struct slice text) {
    struct world *w = owner;

    buf_add(&w->printed, text);
    buf_add_byte(&w->printed, '\n');
}

static inline void on_prompt(void *owner) {
    (void)owner;
}

static inline void on_quit(void *owner, enum ctl_exit how) {
    struct world *w = owner;

    assert_false(w->quit);
    w->quit = true;
    w->how = how;
}

static const struct chat_out chat_out = {on_frame, on_line, on_prompt, on_quit};

static inline struct world *world_new(const char *with) {
    struct world *w = mem_new(sizeof(*w));

    w->clock.mono_ms = 1000;
    rand_seed(&w->rand, 1);
    frame_init(&w->frame);
    buf_init(&w->printed);
    chat_init(&w->chat, &chat_out, w, with, &w->clock, &w->rand);
    return w;
}

static inline void forget_sent(struct world *w) {
    while (w->sent_count > 0) {
        mem_free(w->sent[--w->sent_count]);
    }
}

static inline void world_free(struct world *w) {
    forget_sent(w);
    chat_fini(&w->chat);
    frame_fini(&w->frame);
    buf_fini(&w->printed);
    mem_free(w);
}

/* The first unanswered frame of that type is read into w->frame; its place,
 * or -1. */
static inline int find_sent(struct world *w, const char *type) {
    for (size_t i = 0; i < w->sent_count; i++) {
        assert_int_equal(frame_read(&w->frame, slice_str(w->sent[i])), RC_OK);
        if (frame_is(&w->frame, type)) {
            return (int)i;
        }
    }
    return -1;
}

/* True when such a frame waits for its answer. */
static inline bool asked(struct world *w, const char *type) {
    return find_sent(w, type) >= 0;
}

static inline void hear(struct world *w, const char *text) {
    chat_heard(&w->chat, slice_str(text));
}

/* Answers the first frame of the type `to`: `fmt` is what stands behind the
 * id, as ",\"n\":1". */
static inline void answer(struct world *w, const char *to, const char *type,
                          const char *fmt, ...) PRINTF_LIKE(4, 5);

static inline void answer(struct world *w, const char *to, const char *type,
                          const char *fmt, ...) {
    int at = find_sent(w, to);
    char rest[4096];
    struct buf text;
    struct slice id;
    va_list list;

    assert_row(to, at >= 0);
    va_start(list, fmt);
    (void)vsnprintf(rest, sizeof(rest), fmt, list);
    va_end(list);
    id = frame_str(&w->frame, 0, "id");
    buf_init(&text);
    buf_addf(&text, "{\"type\":\"%s\",\"id\":\"%.*s\"%s}", type, (int)id.n,
             (const char *)id.p, rest);
    mem_free(w->sent[at]);
    w->sent_count--;
    memmove(&w->sent[at], &w->sent[at + 1],
            (w->sent_count - (size_t)at) * sizeof(w->sent[0]));
    chat_heard(&w->chat, buf_slice(&text));
    buf_fini(&text);
}

static inline bool printed(const struct world *w, const char *want) {
    return slice_is(buf_slice(&w->printed), want);
}

static inline void connect(struct world *w) {
    chat_opened(&w->chat, (struct user_id){1}, SLICE_LIT("alice"));
    hear(w, "{\"type\":\"ready\",\"user\":\"" ALICE "\",\"gateway\":\"g1\"}");
}

#define CONV(id, kind, peer, title, head, unread)                              \
    "{\"conv\":\"" id "\",\"kind\":\"" kind "\"" peer ",\"title\":\"" title    \
    "\",\"head\":" head ",\"unread\":" unread "}"
#define CONVS                                                                  \
    ",\"conversations\":[" CONV(                                               \
        DIRECT, "direct", ",\"peer\":\"" BOB "\"", "bob", "3",                 \
        "1") "," CONV(GROUP, "group", "", "Moim", "0", "0") "]"

static inline void list(struct world *w) {
    answer(w, "friends", "friends",
           ",\"friends\":[{\"user\":\"" BOB "\",\"name\":\"bob\","
           "\"state\":\"friend\"}]");
    answer(w, "conversations", "conversations", CONVS);
}

#define EVENT(conv, seq, from, text)                                           \
    "{\"type\":\"event\",\"conv\":\"" conv "\",\"seq\":" seq                   \
    ",\"ts\":1,\"from\":\"" from                                               \
    "\",\"kind\":\"message\",\"body\":{\"text\":\"" text "\"}}"

/* Connected, the conversation with bob is open, its page is printed. */
static inline struct world *world_open(void) {
    struct world *w = world_new("bob");

    connect(w);
    list(w);
    answer(
        w, "history", "history",
        ",\"conv\":\"" DIRECT "\",\"from\":1,\"head\":3,\"events\":[" EVENT(
            DIRECT, "1", BOB,
            "one") "," EVENT(DIRECT, "2", ALICE,
                             "two") "," EVENT(DIRECT, "3", BOB, "three") "]");
    answer(w, "read", "read", ",\"seq\":3");
    answer(w, "presence.watch", "presence",
           ",\"users\":[{\"user\":\"" BOB "\",\"state\":\"online\"}]");
    return w;
}

static inline const char *first_name(const struct world *w) {
    return CONTAINER_OF(w->chat.model.pending.next, struct chat_pending, node)
        ->name;
}

#endif
