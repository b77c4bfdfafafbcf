/* A gateway to run commands at, without a network: the real server, sessions
 * and command table on fake stores, and clients that say JSON and remember
 * what they were told.
 *
 *     commands_open(&w);
 *     c = client_login(&w, 1);
 *     commands_ask(c, "'type':'me'");
 *     assert_true(client_answered(c, "{'type':'me','user':*}"));
 *
 * Commands and patterns are written with ' for " so that they can be read. */
#ifndef MOIM_TESTS_COMMANDS_H
#define MOIM_TESTS_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/server.h"
#include "gateway/session.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_calls.h"
#include "tests/fakes/fake_directory.h"
#include "tests/fakes/fake_history.h"
#include "tests/fakes/fake_presence.h"

enum {
    COMMANDS_CLIENTS_MAX = 16,
};

struct commands;

struct client {
    struct session session; /* first: a transport's record */
    struct commands *world;
    char *answer;        /* to the last command, without its "id"; or "" */
    struct buf heard;    /* all other texts, a line each */
    size_t queued;       /* bytes its transport says are waiting */
    unsigned close_code; /* 0: open */
    bool gone;           /* the session has ended; only the record is left */
    const char *bearer;  /* over HTTP, instead of a token; NULL: its token */
    const char *acts_as; /* then, "Moim-As"; NULL: none */
};

struct commands {
    struct loop loop;
    struct conf *conf;
    struct settings settings; /* defaults; a test may change them */
    struct server server;
    struct fake_bus *bus;
    struct fake_history *history;
    struct fake_directory *directory;
    struct fake_calls *history_calls;
    struct fake_calls *directory_calls;
    struct fake_presence presence;
    const char *refused; /* see commands_refuse */
    enum rc refused_rc;
    struct client *clients[COMMANDS_CLIENTS_MAX];
    size_t client_count;
};

/* Users 1 to 9 exist, "user1" to "user9", all without a password; `w` may be
 * static or zeroed. */
void commands_open(struct commands *w);
/* Lets everything end, closes every session, frees. */
void commands_close(struct commands *w);
/* Bus and stores work until nobody asks for anything more. */
void commands_settle(struct commands *w);
/* Moves the clock, fires what is due, and settles. */
void commands_pass(struct commands *w, uint64_t ms);

/* From now on every call of one operation of a store ("append", "conv_load",
 * ...) is not done and answered with `rc`. Or of a whole store, which says so
 * when it is asked whether it is ready: "directory", "history", "bus".
 * NULL: all is well again. */
void commands_refuse(struct commands *w, const char *operation, enum rc rc);

/* A new session, not logged in, from an address; client_new: 192.0.2.1. */
struct client *client_from(struct commands *w, const char *peer);
struct client *client_new(struct commands *w);
/* A live session of user `user`, on a new device of his; `ready` has been
 * heard and forgotten. The device's id is 100 for the first client, 101 for
 * the next, and so on. */
struct client *client_login(struct commands *w, uint64_t user);
/* Says the text as it stands. */
void client_say(struct client *c, const char *text);
/* Waits until everything that it said has been answered. */
void client_wait(struct client *c);
/* Says {"id":"q",<fields>} and waits for the answer. */
void client_ask(struct client *c, const char *fields, ...) PRINTF_LIKE(2, 3);
/* A string of the last answer, copied; fails the test when it is not there. */
struct field {
    char s[64];
};
struct field client_field(const struct client *c, const char *name);
/* Forgets what it heard. */
void client_forget(struct client *c);
/* Of commands_close: the session is gone. */
void client_free(struct client *c);

/* Is `text` like the pattern, as below? */
bool commands_like(struct slice text, const char *pattern);
/* Is the last answer like the pattern? There ' stands for ", * for any bytes,
 * and all else for itself. */
bool client_answered(const struct client *c, const char *pattern, ...)
    PRINTF_LIKE(2, 3);
/* Is one of the lines that were heard like the pattern? */
bool client_heard(const struct client *c, const char *pattern, ...)
    PRINTF_LIKE(2, 3);

/* One HTTP request to the same gateway, over its socket, with a token of the
 * client's user, if any: `line` is "POST /v1/cmd", `body` has ' for ". Answers
 * the status; c->answer is the body. */
unsigned client_http(struct client *c, const char *line, const char *body);
/* A token of the client's user and device. */
void client_token(const struct client *c, struct buf *out);

/* ---- tables ---- */

/* One command and its answer, in a world of its own. */
struct command_row {
    const char *name;
    const char *fields;  /* of the command, which user 1 says */
    const char *want;    /* like the answer; an error is "code", "code field" or
                          * "code +retry_ms" */
    const char *refused; /* an operation that is refused, or NULL */
    enum rc rc;          /* of it */
};

/* What the rows of a table find, with user 1 logged in as `c`; may be NULL. */
typedef void (*command_setup_fn)(struct commands *w, struct client *c);

/* Fails the test, naming the row, when an answer is not like what is wanted
 * or the session was closed. */
void commands_check(const struct command_row *rows, size_t count,
                    command_setup_fn setup);

#endif
