/* A whole gateway inside the test: the real server on a real loop, its two
 * listeners on Unix sockets, stores and bus in memory, and a clock that stands
 * still until it is moved. Clients are plain sockets.
 *
 *     stage_open(&g, (const char *[]){"--limits.pending=2", NULL});
 *     peer_ws(&g, &p, ANN);
 *     assert_true(peer_hears(&g, &p, "\"type\":\"ready\""));
 *     peer_close(&p);
 *     stage_close(&g);                                                      */
#ifndef MOIM_TESTS_GATEWAY_FIXTURE_H
#define MOIM_TESTS_GATEWAY_FIXTURE_H

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/client_address.h"
#include "gateway/ops.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/wire/ws_msg.h"
#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_calls.h"
#include "tests/fakes/fake_directory.h"
#include "tests/fakes/fake_history.h"
#include "tests/unit/drive.h"

enum {
    ANN = 1,
    BEN = 2,
    STAGE_USERS = 9,
    STAGE_FLAGS_MAX = 12,
    STAGE_START_MS = 1000000,
    STAGE_QUIET_TURNS = 8, /* what is on its way has come by then */
    DEVICE_OF = 100,       /* the first device of user u is 100 + u */
};

#define STAGE_PATH_MAX 64
#define WS_MASK "\x12\x34\xab\xcd"

struct stage {
    struct loop loop;
    struct conf *conf;
    struct settings settings;
    struct server server;
    struct fake_bus *bus;
    struct bus *elsewhere; /* another gateway's end of the bus */
    struct fake_history *history;
    struct fake_directory *directory;
    bool stores_sleep; /* whatever bus and stores are asked waits */
    bool stopped;      /* a timer has stopped the loop */
    char dir[STAGE_PATH_MAX / 2];
};

/* ---- time ---- */

static struct clock stage_now;

static inline void stage_read_clock(struct clock *c) {
    *c = stage_now;
}

/* ---- opening ---- */

static inline void stage_path(const struct stage *g, bool internal, char *out) {
    snprintf(out, STAGE_PATH_MAX, "%s/%s", g->dir, internal ? "i" : "p");
}

static inline void stage_elsewhere_hears(void *owner, struct topic topic,
                                         struct slice text) {
    (void)owner;
    (void)topic;
    (void)text;
}

static inline void stage_elsewhere_misses(void *owner, unsigned partition) {
    (void)owner;
    (void)partition;
}

static inline enum rc stage_load(struct stage *g, const char *const *flags) {
    static const char *const env[] = {"MOIM_AUTH__TOKEN_KEY=unused", NULL};
    const char *args[STAGE_FLAGS_MAX + 3];
    char listen[STAGE_PATH_MAX + 32];
    char internal[STAGE_PATH_MAX + 32];
    struct conf_sources from = {NULL, env, args};
    size_t n = 0;

    snprintf(listen, sizeof(listen), "--gateway.listen=unix:%s/p", g->dir);
    snprintf(internal, sizeof(internal), "--gateway.internal=unix:%s/i",
             g->dir);
    args[n++] = listen;
    args[n++] = internal;
    for (size_t i = 0; flags != NULL && flags[i] != NULL; i++) {
        assert_true(i < STAGE_FLAGS_MAX);
        args[n++] = flags[i];
    }
    args[n] = NULL;
    return conf_load(&g->conf, &settings_table, &g->settings, &from, stderr);
}

static inline void stage_stores(struct stage *g) {
    static const struct bus_events elsewhere = {
        .on_message = stage_elsewhere_hears,
        .on_gap = stage_elsewhere_misses,
    };

    g->bus = fake_bus_new(1);
    g->history = fake_history_new();
    g->directory = fake_directory_new();
    fake_directory_users(g->directory, 1, STAGE_USERS);
    fake_bus_record(g->bus, true);
    g->server.core.bus = fake_bus_join(g->bus);
    g->server.core.history = fake_history_join(g->history);
    g->server.core.directory = fake_directory_join(g->directory);
    g->elsewhere = fake_bus_join(g->bus);
    g->elsewhere->events = &elsewhere;
}

static inline void stage_turn(struct stage *g) {
    uv_run(&g->loop.uv, UV_RUN_NOWAIT);
    if (!g->stores_sleep) {
        fake_bus_turn(g->bus);
        fake_calls_turn(fake_history_calls(g->server.core.history));
        fake_calls_turn(fake_directory_calls(g->server.core.directory));
    }
}

/* Everything that is on its way comes to its end. */
static inline void stage_settle(struct stage *g) {
    for (unsigned i = 0; i < STAGE_QUIET_TURNS; i++) {
        stage_turn(g);
    }
}

/* Moves the clock, fires what is due, and settles. */
static inline void stage_pass(struct stage *g, uint64_t ms) {
    stage_now.mono_ms += ms;
    stage_now.wall_ms += ms;
    stage_now.mono_us += ms * 1000;
    g->loop.clock = stage_now;
    wheel_advance(&g->loop.wheel, stage_now.mono_ms);
    g->stopped = g->stopped || g->loop.uv.stop_flag != 0;
    stage_settle(g);
}

/* The gateway as it is just after its start: who was logged out is not known
 * yet, so no token is believed. */
static inline void stage_open_bare(struct stage *g, const char *const *flags) {
    static unsigned opened; /* what a failed test left does not matter */
    const struct slice secret = SLICE_LIT("0123456789abcdef0123456789abcdef");

    memset(g, 0, sizeof(*g));
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    stage_now =
        (struct clock){.mono_ms = STAGE_START_MS, .wall_ms = STAGE_START_MS};
    snprintf(g->dir, sizeof(g->dir), "/tmp/moim-gateway-%d.%u", (int)getpid(),
             opened++);
    assert_int_equal(mkdir(g->dir, 0700), 0);
    assert_int_equal(stage_load(g, flags), RC_OK);
    assert_int_equal(loop_init(&g->loop), RC_OK);
    g->loop.read_clock = stage_read_clock;
    g->loop.clock = stage_now;
    wheel_init(&g->loop.wheel, stage_now.mono_ms);
    stage_stores(g);
    token_keys_init(&g->server.keys);
    assert_int_equal(token_keys_add(&g->server.keys, SLICE_LIT("k"), secret),
                     RC_OK);
    g->server.loop = &g->loop;
    g->server.settings = &g->settings;
    g->server.id.v = 77;
    assert_int_equal(client_address_open(&g->server), RC_OK);
    assert_int_equal(ops_open(&g->server.ops, &g->server), RC_OK);
    server_open(&g->server);
    assert_int_equal(server_listen(&g->server, NULL), RC_OK);
}

static inline void stage_open(struct stage *g, const char *const *flags) {
    stage_open_bare(g, flags);
    stage_pass(g, WHEEL_TICK_MS);
    assert_true(g->server.revoked.loaded);
}

/* ---- closing ---- */

static inline bool stage_all_gone(const struct stage *g) {
    return g->server.session_count == 0 && list_empty(&g->server.conns);
}

/* As main.c does. Clients may still be there: what they do not take in time
 * is cut by the linger. */
static inline void stage_close(struct stage *g) {
    g->stores_sleep = false;
    stage_settle(g);
    server_close(&g->server);
    for (unsigned i = 0; i < 10 && !stage_all_gone(g); i++) {
        stage_pass(g, 5000);
    }
    assert_true(stage_all_gone(g));
    stage_settle(g);
    server_fini(&g->server);
    fake_bus_free(&g->bus);
    fake_history_free(&g->history);
    fake_directory_free(&g->directory);
    token_keys_fini(&g->server.keys);
    loop_fini(&g->loop);
    conf_free(&g->conf);
    assert_int_equal(rmdir(g->dir), 0);
}

/* ---- tokens ---- */

static inline void stage_token(struct stage *g, uint64_t user,
                               struct buf *out) {
    struct token_claims claims = {{user},
                                  {DEVICE_OF + user},
                                  stage_now.wall_ms,
                                  stage_now.wall_ms + g->settings.token_ms};

    token_sign(&g->server.keys, &claims, out);
}

/* ---- clients ---- */

struct peer {
    struct buf in; /* what it has read and not forgotten */
    int fd;
    bool ended;
};

static inline void peer_open(struct stage *g, struct peer *p, bool internal) {
    char path[STAGE_PATH_MAX];
    char text[STAGE_PATH_MAX + 8];
    struct address a;

    stage_path(g, internal, path);
    snprintf(text, sizeof(text), "unix:%s", path);
    assert_int_equal(address_parse(text, &a), RC_OK);
    memset(p, 0, sizeof(*p));
    buf_init(&p->in);
    p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(p->fd, (const struct sockaddr *)&a.sa, a.len), 0);
}

/* It is gone without a word. */
static inline void peer_hang_up(struct peer *p) {
    close(p->fd);
    p->fd = -1;
}

static inline void peer_close(struct peer *p) {
    if (p->fd >= 0) {
        peer_hang_up(p);
    }
    buf_fini(&p->in);
}

static inline void peer_say_bytes(struct peer *p, struct slice bytes) {
    assert_int_equal(write(p->fd, bytes.p, bytes.n), bytes.n);
}

static inline void peer_say(struct peer *p, const char *text) {
    peer_say_bytes(p, slice_str(text));
}

static inline void peer_read(struct peer *p) {
    p->ended = (p->fd >= 0 && drive_read(p->fd, &p->in)) || p->ended;
}

static inline void peer_forget(struct peer *p) {
    buf_clear(&p->in);
}

/* Turns until it has heard `want`, where "" is heard at once; false: it never
 * does. */
static inline bool peer_hears(struct stage *g, struct peer *p,
                              const char *want) {
    for (unsigned i = 0; i < 400; i++) {
        peer_read(p);
        if (want[0] == '\0' || drive_has(&p->in, want)) {
            return true;
        }
        stage_turn(g);
    }
    return false;
}

/* The gateway has ended the connection. */
static inline bool peer_is_left(struct stage *g, struct peer *p) {
    for (unsigned i = 0; i < 400 && !p->ended; i++) {
        stage_turn(g);
        peer_read(p);
    }
    return p->ended;
}

/* Everything has come to its end: has it heard `text` by now? */
static inline bool peer_heard(struct stage *g, struct peer *p,
                              const char *text) {
    stage_settle(g);
    peer_read(p);
    return text[0] == '\0' || drive_has(&p->in, text);
}

static inline unsigned peer_count(const struct peer *p, const char *word) {
    unsigned count = 0;

    for (size_t i = 0; i < p->in.n; i++) {
        count += slice_starts(slice_drop(buf_slice(&p->in), i), word);
    }
    return count;
}

/* ---- over HTTP ---- */

/* "GET /v1/me", more header lines ended by CRLF, a JSON body or ""; as `user`,
 * or as nobody for 0. */
static inline void peer_asks(struct stage *g, struct peer *p, uint64_t user,
                             const char *request, const char *headers,
                             const char *body) {
    struct buf b;

    buf_init(&b);
    buf_addf(&b, "%s HTTP/1.1\r\nHost: h\r\n%s", request, headers);
    if (user != 0) {
        buf_add_str(&b, "Authorization: Bearer ");
        stage_token(g, user, &b);
        buf_add_str(&b, "\r\n");
    }
    if (body[0] != '\0') {
        buf_addf(&b,
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                 strlen(body));
    }
    buf_addf(&b, "\r\n%s", body);
    peer_say_bytes(p, buf_slice(&b));
    buf_fini(&b);
}

static inline void peer_gets(struct stage *g, struct peer *p, uint64_t user,
                             const char *target) {
    char request[256];

    snprintf(request, sizeof(request), "GET %s", target);
    peer_asks(g, p, user, request, "", "");
}

/* The digits behind `key` in what it has heard; "" when it is not there. */
static inline void peer_find(const struct peer *p, const char *key, char *out,
                             size_t n) {
    size_t at = 0;

    while (at < p->in.n &&
           !slice_starts(slice_drop(buf_slice(&p->in), at), key)) {
        at++;
    }
    at += strlen(key);
    for (n--; n > 0 && at < p->in.n && p->in.p[at] != '"'; n--) {
        *out++ = (char)p->in.p[at++];
    }
    *out = '\0';
}

/* ---- over a WebSocket ---- */

/* The request alone; as nobody for 0. */
static inline void peer_knocks(struct stage *g, struct peer *p, uint64_t user,
                               const char *headers) {
    char more[512];

    snprintf(more, sizeof(more),
             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s",
             headers);
    peer_asks(g, p, user, "GET /v1/ws", more, "");
}

/* Connects, is let in and forgets the 101. It may not be ready yet. */
static inline void peer_ws(struct stage *g, struct peer *p, uint64_t user) {
    peer_open(g, p, false);
    peer_knocks(g, p, user, "");
    assert_true(peer_hears(g, p, "\r\n\r\n"));
    assert_true(drive_has(&p->in, "HTTP/1.1 101 "));
}

static inline void peer_ready(struct stage *g, struct peer *p, uint64_t user) {
    peer_ws(g, p, user);
    assert_true(peer_hears(g, p, "\"type\":\"ready\""));
    peer_forget(p);
}

/* One frame, by its first byte. */
static inline void peer_frame(struct peer *p, unsigned first,
                              struct slice body) {
    uint8_t head[WS_HEAD_MAX];
    struct buf b;
    size_t n =
        ws_head_write(head, WS_OP_TEXT, true, body.n, (const uint8_t *)WS_MASK);

    head[0] = (uint8_t)first;
    buf_init(&b);
    buf_add(&b, slice_of(head, n));
    buf_add(&b, body);
    ws_mask(b.p + n, body.n, (const uint8_t *)WS_MASK, 0);
    peer_say_bytes(p, buf_slice(&b));
    buf_fini(&b);
}

static inline void peer_text(struct peer *p, const char *text) {
    peer_frame(p, 0x81, slice_str(text));
}

/* The code of the close frame among the frames heard since the last
 * peer_forget: 0 when there is none. They begin with a frame. */
static inline uint16_t peer_code(const struct peer *p) {
    struct ws_limits limits = {1 << 24, 64, 30000};
    struct slice all = buf_slice(&p->in);
    uint16_t code = 0;
    struct ws_input in;
    struct ws_unit u;
    struct ws_msg m;
    struct buf copy;

    buf_init(&copy);
    if (slice_starts(all, "HTTP/1.1 101 ")) {
        while (!slice_starts(all, "\r\n\r\n")) {
            all = slice_drop(all, 1);
        }
        all = slice_drop(all, 4);
    }
    buf_add(&copy, all);
    in = (struct ws_input){copy.p, copy.n, 0};
    ws_msg_init(&m, 0);
    while (ws_msg_next(&m, &limits, &in, &u) != WS_NONE) {
        assert_int_not_equal(u.event, WS_FAIL);
        code = u.event == WS_CLOSE ? u.code : code;
    }
    ws_msg_fini(&m);
    buf_fini(&copy);
    return code;
}

/* The gateway says goodbye with a code. */
static inline uint16_t peer_closed_with(struct stage *g, struct peer *p) {
    assert_true(peer_is_left(g, p));
    return peer_code(p);
}

/* ---- what the bus brings ---- */

static inline void stage_publish(struct stage *g, struct topic topic,
                                 const struct bus_msg *msg) {
    struct buf b;

    buf_init(&b);
    bus_msg_encode(&b, msg);
    g->elsewhere->ops->publish(g->elsewhere, &topic, 1, buf_slice(&b), true,
                               NULL, NULL);
    buf_fini(&b);
}

/* A text for all sessions of `user`: an event, or something ephemeral. */
static inline void stage_push(struct stage *g, uint64_t user, const char *text,
                              bool ephemeral) {
    struct bus_msg msg = {
        .kind = BUS_EVENT,
        .u.event = {.conv = {50}, .seq = {1}, .mver = {1}, .from = {BEN}}};

    if (ephemeral) {
        msg = (struct bus_msg){.kind = BUS_EPHEMERAL,
                               .u.ephemeral = {.conv = {50}, .from = {BEN}}};
        msg.u.ephemeral.client = slice_str(text);
    } else {
        msg.u.event.client = slice_str(text);
    }
    stage_publish(g, (struct topic){TOPIC_USER, user}, &msg);
}

#endif
