/* The command that speaks the WebSocket protocol by hand: frames out as they
 * come, lines in as frames. */
#include <stdio.h>
#include <unistd.h>

#include "moimctl/clean.h"
#include "moimctl/commands.h"
#include "moimctl/link.h"
#include "moimctl/socket.h"
#include "moimctl/terminal.h"
#include "proto/base/mem.h"
#include "proto/wire/ws.h"

enum {
    LAST_ANSWERS_MS = 1000, /* after the end of the input */
};

struct raw {
    struct remote remote;
    struct ws_client *ws;
    struct terminal *terminal;
    struct wheel_timer last;
    enum ctl_exit how;
};

/* Lines are read from now on: before, there was nowhere to send them. */
static void on_open(void *owner) {
    struct raw *r = owner;

    terminal_want(r->terminal, true);
}

/* Untouched, but for a terminal, which would obey what is in it. */
static void on_text(void *owner, struct slice text) {
    struct raw *r = owner;
    struct buf clean;

    if (isatty(STDOUT_FILENO) != 1) {
        terminal_print(r->terminal, text);
        return;
    }
    buf_init(&clean);
    clean_line(&clean, text);
    terminal_print(r->terminal, buf_slice(&clean));
    buf_fini(&clean);
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct raw *r = owner;
    struct buf why;

    r->ws = NULL;
    if (status != 0 || code != WS_CODE_NORMAL) {
        buf_init(&why);
        link_describe(&why, status, code, reason);
        fprintf(stderr, "moimctl: %.*s\n", (int)why.n, (const char *)why.p);
        buf_fini(&why);
        r->how = CTL_FAILED;
    }
    loop_stop(&r->remote.loop);
}

static const struct ws_client_events ws_events = {
    .on_open = on_open,
    .on_text = on_text,
    .on_closed = on_closed,
};

static void on_line(void *owner, struct slice line) {
    struct raw *r = owner;

    if (r->ws != NULL && ws_client_send(r->ws, line) != RC_OK) {
        fprintf(stderr, "moimctl: not sent, too much is waiting\n");
    }
}

static void on_typing(void *owner) {
    (void)owner;
}

static void on_end(void *owner) {
    struct raw *r = owner;

    loop_timer(&r->remote.loop, &r->last, LAST_ANSWERS_MS);
}

static const struct terminal_events terminal_events = {
    .on_line = on_line,
    .on_typing = on_typing,
    .on_end = on_end,
};

static void on_last(struct wheel_timer *timer) {
    struct raw *r = CONTAINER_OF(timer, struct raw, last);

    if (r->ws != NULL) {
        ws_client_close(r->ws, WS_CODE_NORMAL);
    }
}

static void on_signal(void *owner, int signum) {
    struct raw *r = owner;

    (void)signum;
    on_last(&r->last);
}

enum ctl_exit cmd_ws(const struct args *a) {
    struct raw *r = mem_new(sizeof(*r));
    enum ctl_exit end = remote_enter(&r->remote, a, NULL);

    if (end != CTL_OK) {
        mem_free(r);
        return end;
    }
    wheel_timer_init(&r->last, on_last);
    if (terminal_open(&r->terminal, &r->remote.loop, false, &terminal_events,
                      r) == RC_OK) {
        terminal_want(r->terminal, false);
        loop_on_signal(&r->remote.loop, on_signal, r);
        if (socket_open(&r->ws, &r->remote, &ws_events, r) == RC_OK) {
            loop_run(&r->remote.loop);
        }
        wheel_cancel(&r->last);
        terminal_close(r->terminal);
    }
    end = r->how;
    remote_close(&r->remote);
    mem_free(r);
    return end;
}
