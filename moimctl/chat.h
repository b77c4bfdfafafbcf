/* A chat client without its socket and its terminal: it is told what the
 * server said, what was typed and what time it is, and says what to send and
 * what to print. So all of it runs in a test.
 *
 *   DOWN --chat_opened--> JOINING --"ready"--> SETTLING --lists--> READY
 *     ^                                                              |
 *     +------------------------- chat_lost --------------------------+   */
#ifndef MOIM_MOIMCTL_CHAT_H
#define MOIM_MOIMCTL_CHAT_H

#include "moimctl/args.h"
#include "moimctl/chat_asks.h"
#include "moimctl/chat_model.h"
#include "moimctl/chat_show.h"
#include "moimctl/frame.h"
#include "proto/base/buf.h"
#include "proto/base/clock.h"

enum {
    CHAT_PAGE = 20,        /* messages shown when one is opened */
    CHAT_GAP_MAX = 200,    /* more missing: only the newest are fetched */
    CHAT_SYNC_MAX = 100,   /* conversations in one question */
    CHAT_LINES_MAX = 1000, /* typed lines and messages that wait */
    CHAT_WATCH_MAX = 200,  /* friends whose presence is watched */
    CHAT_TYPING_EVERY_MS = 3000,
    CHAT_TYPING_SHOWN_MS = 6000,
    CHAT_RETRY_MS = 1000,     /* when the server names no time */
    CHAT_PATIENCE_MS = 30000, /* for what waits when the input has ended */
};

/* What the chat wants done. All borrowed until they return. */
struct chat_out {
    void (*frame)(void *owner, struct slice text);
    void (*line)(void *owner, struct slice text); /* without a newline */
    /* chat_prompt may answer something else now. */
    void (*prompt)(void *owner);
    /* The end; called once, perhaps from inside any function below. */
    void (*quit)(void *owner, enum ctl_exit how);
};

enum chat_state {
    CHAT_DOWN,
    CHAT_JOINING,
    CHAT_SETTLING, /* in, but what was missed is not all here */
    CHAT_READY,
};

struct chat {
    const struct chat_out *out;
    void *owner;
    const struct clock *clock;
    struct rand *rand;
    struct chat_style style;
    struct chat_model model;
    struct chat_asks asks;
    struct frame frame;
    struct list lines; /* typed, not looked at yet */
    size_t line_count;
    enum chat_state state;
    bool listed;                /* the conversations have been listed once */
    bool friends_told;          /* on this connection */
    bool relist;                /* the list is out of date */
    char *wanted;               /* a name that is being looked for, or NULL */
    struct conv_id wanted_conv; /* what was found of it, or 0 */
    bool page_again;            /* the open one's page did not come */
    bool no_older;         /* the open one's first message has been shown */
    size_t syncing;        /* questions of a sync that are not answered */
    uint64_t read_told;    /* of the open one: what the server was told */
    struct user_id typist; /* in the open one */
    uint64_t typist_until_ms;
    uint64_t typing_next_ms;
    uint64_t resend_ms;  /* 0, or not before then */
    uint64_t retry_ms;   /* the same for everything else */
    uint64_t give_up_ms; /* 0, or when to end whatever waits */
    uint64_t bye_ms;     /* when the server said to come back; 0: it did not */
    bool ending;         /* end when nothing waits */
    bool ended;
};

/* `with`: whom to open first, copied; or NULL. `clock` and `rand` are
 * borrowed until chat_fini. */
void chat_init(struct chat *c, const struct chat_out *out, void *owner,
               const char *with, const struct clock *clock, struct rand *rand);
void chat_fini(struct chat *c);

/* The socket: it is open, it said something, it is gone. `me`, the user who
 * logged in. `why` is told to the person. */
void chat_opened(struct chat *c, struct user_id me, struct slice name);
void chat_heard(struct chat *c, struct slice frame);
void chat_lost(struct chat *c, const char *why);
/* The terminal: a line was typed, something is being typed, the end. */
void chat_line(struct chat *c, struct slice line);
void chat_typing(struct chat *c);
void chat_end(struct chat *c);
/* False: enough waits; do not read more. */
bool chat_wants_lines(const struct chat *c);

/* When chat_tick is due, monotonic; UINT64_MAX: not at all. */
uint64_t chat_due_ms(const struct chat *c);
void chat_tick(struct chat *c);

/* Adds what stands in front of what is being typed. */
void chat_prompt(struct chat *c, struct buf *out);

#endif
