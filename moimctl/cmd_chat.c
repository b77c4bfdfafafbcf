/* The chat in the terminal: joins the chat's logic (chat.h) to a WebSocket
 * and to the terminal, and comes back when the connection is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moimctl/chat.h"
#include "moimctl/commands.h"
#include "moimctl/link.h"
#include "moimctl/remote.h"
#include "moimctl/socket.h"
#include "moimctl/terminal.h"
#include "proto/base/mem.h"
#include "proto/wire/ws.h"
#include "storage/backoff.h"

enum {
    KEEPER_MS = 3600000,
    BYE_MOST_MS = 60000, /* the longest pause that a server may ask for */
};

struct talk {
    struct remote remote;
    struct buf password;
    struct chat chat;
    struct terminal *terminal;
    struct ws_client *ws; /* NULL: there is no connection */
    struct wheel_timer reconnect;
    struct wheel_timer due; /* what the chat waits for */
    struct backoff backoff;
    uint64_t opened_ms;
    uv_timer_t keeper; /* there is something to wait for while reconnecting */
    bool login;        /* the token is of no use any more */
    bool done;
    enum ctl_exit how;
};

/* ---- the chat's wishes ---- */

static void on_frame(void *owner, struct slice text) {
    struct talk *t = owner;

    if (t->ws != NULL && ws_client_send(t->ws, text) == RC_LIMIT) {
        ws_client_close(t->ws, WS_CODE_GOING_AWAY);
    }
}

static void on_line(void *owner, struct slice text) {
    struct talk *t = owner;

    terminal_print(t->terminal, text);
}

/* Also the moment to look at the chat's clock: it comes after everything. */
static void on_prompt(void *owner) {
    struct talk *t = owner;
    uint64_t due = chat_due_ms(&t->chat);
    struct buf prompt;

    if (terminal_interactive(t->terminal)) {
        buf_init(&prompt);
        chat_prompt(&t->chat, &prompt);
        terminal_prompt(t->terminal, buf_slice(&prompt));
        buf_fini(&prompt);
    }
    terminal_want(t->terminal, chat_wants_lines(&t->chat));
    if (due == UINT64_MAX) {
        wheel_cancel(&t->due);
    } else {
        wheel_set(&t->remote.loop.wheel, &t->due, due);
    }
}

static void finish(struct talk *t, enum ctl_exit how) {
    t->done = true;
    t->how = how;
    wheel_cancel(&t->reconnect);
    if (t->ws != NULL) {
        ws_client_close(t->ws, WS_CODE_NORMAL);
    } else {
        loop_stop(&t->remote.loop);
    }
}

static void on_quit(void *owner, enum ctl_exit how) {
    finish(owner, how);
}

static const struct chat_out chat_out = {
    .frame = on_frame,
    .line = on_line,
    .prompt = on_prompt,
    .quit = on_quit,
};

/* ---- the connection ---- */

static void on_open(void *owner) {
    struct talk *t = owner;

    t->opened_ms = t->remote.loop.clock.mono_ms;
    chat_opened(&t->chat, t->remote.user, slice_str(t->remote.name));
}

static void on_text(void *owner, struct slice text) {
    struct talk *t = owner;

    chat_heard(&t->chat, text);
}

static void come_back(struct talk *t) {
    struct loop *l = &t->remote.loop;
    uint64_t told_ms =
        t->chat.bye_ms < BYE_MOST_MS ? t->chat.bye_ms : BYE_MOST_MS;

    if (t->opened_ms != 0 &&
        l->clock.mono_ms - t->opened_ms >= BACKOFF_STABLE_MS) {
        backoff_reset(&t->backoff);
    }
    t->opened_ms = 0;
    t->chat.bye_ms = 0;
    loop_timer(l, &t->reconnect,
               told_ms > 0 ? told_ms : backoff_next(&t->backoff, &l->rand));
}

static void judge(struct talk *t, enum link_verdict verdict, const char *why) {
    if (verdict == LINK_GIVE_UP) {
        fprintf(stderr, "moimctl: %s: %s\n", t->remote.target.host, why);
        finish(t, CTL_FAILED);
        return;
    }
    chat_lost(&t->chat, why);
    if (!t->done) {
        t->login = verdict == LINK_LOGIN;
        come_back(t);
    }
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct talk *t = owner;
    struct buf why;

    t->ws = NULL;
    if (t->done) {
        loop_stop(&t->remote.loop);
        return;
    }
    buf_init(&why);
    link_describe(&why, status, code, reason);
    buf_add_byte(&why, '\0');
    judge(t, link_judge(status, code), (const char *)why.p);
    buf_fini(&why);
}

static const struct ws_client_events ws_events = {
    .on_open = on_open,
    .on_text = on_text,
    .on_closed = on_closed,
};

static void on_reconnect(struct wheel_timer *timer) {
    struct talk *t = CONTAINER_OF(timer, struct talk, reconnect);

    if (t->login) {
        loop_stop(&t->remote.loop); /* a login runs the loop itself */
    } else if (socket_open(&t->ws, &t->remote, &ws_events, t) != RC_OK) {
        finish(t, CTL_UNAVAILABLE);
    }
}

/* Between two runs of the loop. */
static void login_again(struct talk *t) {
    enum ctl_exit end =
        remote_login(&t->remote, t->remote.name, buf_slice(&t->password));

    if (end == CTL_FAILED) {
        t->done = true;
        t->how = CTL_FAILED;
        return;
    }
    t->login = end != CTL_OK;
    come_back(t);
}

/* ---- the person ---- */

static void on_typed(void *owner, struct slice line) {
    struct talk *t = owner;

    chat_line(&t->chat, line);
}

static void on_typing(void *owner) {
    struct talk *t = owner;

    chat_typing(&t->chat);
}

static void on_end(void *owner) {
    struct talk *t = owner;

    chat_end(&t->chat);
}

static const struct terminal_events terminal_events = {
    .on_line = on_typed,
    .on_typing = on_typing,
    .on_end = on_end,
};

static void on_signal(void *owner, int signum) {
    (void)signum;
    finish(owner, CTL_OK);
}

static void on_due(struct wheel_timer *timer) {
    struct talk *t = CONTAINER_OF(timer, struct talk, due);

    chat_tick(&t->chat);
}

/* ---- all together ---- */

static void on_keeper(uv_timer_t *timer) {
    (void)timer;
}

static enum ctl_exit talk_open(struct talk *t, const char *with) {
    struct loop *l = &t->remote.loop;
    const char *no_colour = getenv("NO_COLOR");

    wheel_timer_init(&t->reconnect, on_reconnect);
    wheel_timer_init(&t->due, on_due);
    backoff_reset(&t->backoff);
    if (terminal_open(&t->terminal, l, true, &terminal_events, t) != RC_OK) {
        return CTL_FAILED;
    }
    (void)uv_timer_init(&l->uv, &t->keeper);
    (void)uv_timer_start(&t->keeper, on_keeper, KEEPER_MS, KEEPER_MS);
    loop_on_signal(l, on_signal, t);
    chat_init(&t->chat, &chat_out, t, with, &l->clock, &l->rand);
    t->chat.style.pretty = terminal_interactive(t->terminal);
    t->chat.style.colour =
        t->chat.style.pretty && (no_colour == NULL || no_colour[0] == '\0');
    if (socket_open(&t->ws, &t->remote, &ws_events, t) != RC_OK) {
        t->done = true;
        t->how = CTL_UNAVAILABLE;
    }
    return CTL_OK;
}

static void talk_close(struct talk *t) {
    wheel_cancel(&t->reconnect);
    wheel_cancel(&t->due);
    chat_fini(&t->chat);
    terminal_close(t->terminal);
    uv_close((uv_handle_t *)&t->keeper, NULL);
}

/* Logged in: talks until the end. */
static enum ctl_exit talk_run(struct talk *t, const char *with) {
    enum ctl_exit end = talk_open(t, with);

    if (end != CTL_OK) {
        return end;
    }
    while (!t->done) {
        loop_run(&t->remote.loop);
        if (t->login && !t->done) {
            login_again(t);
        }
    }
    talk_close(t);
    return t->how;
}

enum ctl_exit cmd_chat(const struct args *a) {
    struct talk *t = mem_new(sizeof(*t));
    enum ctl_exit end = remote_enter(&t->remote, a, &t->password);

    if (end == CTL_OK) {
        end = talk_run(t, a->word_count > 0 ? a->words[0] : NULL);
        remote_close(&t->remote);
    }
    if (t->password.n > 0) {
        explicit_bzero(t->password.p, t->password.n);
    }
    buf_fini(&t->password);
    mem_free(t);
    return end;
}
