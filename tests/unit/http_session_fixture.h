/* One session over HTTP and two clients that may go on with it. */
#ifndef MOIM_TESTS_HTTP_SESSION_FIXTURE_H
#define MOIM_TESTS_HTTP_SESSION_FIXTURE_H

#include "tests/unit/gateway_fixture.h"

static struct stage g;
static struct peer p;     /* polls, streams */
static struct peer other; /* does so at the same time */

static inline int setup(void **state) {
    const char *const flags[] = {"--limits.sessions_per_user=2",
                                 "--limits.sends_per_s=1000",
                                 "--limits.queue=64KiB", NULL};

    (void)state;
    stage_open(&g, flags);
    peer_open(&g, &p, false);
    peer_open(&g, &other, false);
    return 0;
}

static inline int teardown(void **state) {
    (void)state;
    peer_close(&p);
    peer_close(&other);
    stage_close(&g);
    return 0;
}

struct name {
    char s[33];
};

/* A connection that has said nothing for long is not there any more. */
static inline void reopen(struct peer *who) {
    peer_close(who);
    peer_open(&g, who, false);
}

/* A new session: its name, after its first poll, which brought `ready`. */
static inline struct name first_poll(struct peer *who) {
    struct name name = {0};

    peer_gets(&g, who, ANN, "/v1/poll?timeout=0");
    assert_true(peer_hears(&g, who, "\"texts\":["));
    assert_true(peer_heard(&g, who, "\"type\":\"ready\""));
    assert_true(drive_has(&who->in, "\"ack\":1,"));
    peer_find(who, "\"session\":\"", name.s, sizeof(name.s));
    assert_int_equal(strlen(name.s), 32);
    peer_forget(who);
    return name;
}

static inline void take_poll(struct peer *who, struct name name, unsigned ack,
                             unsigned timeout_s) {
    char target[128];

    snprintf(target, sizeof(target), "/v1/poll?session=%s&ack=%u&timeout=%u",
             name.s, ack, timeout_s);
    peer_gets(&g, who, ANN, target);
}

/* What a poll that does not wait is answered, in `who->in`. */
static inline void poll_now(struct peer *who, struct name name, unsigned ack) {
    peer_forget(who);
    take_poll(who, name, ack, 0);
    assert_true(peer_hears(&g, who, "]}"));
}

static inline void stream(struct peer *who, struct name name,
                          const char *last_id) {
    char request[128];
    char headers[128];

    snprintf(request, sizeof(request), "GET /v1/events?session=%s", name.s);
    snprintf(headers, sizeof(headers), "Accept: text/event-stream\r\n%s%s%s",
             last_id[0] == '\0' ? "" : "Last-Event-ID: ", last_id,
             last_id[0] == '\0' ? "" : "\r\n");
    peer_asks(&g, who, ANN, name.s[0] == '\0' ? "GET /v1/events" : request,
              headers, "");
}

static inline void push(const char *text) {
    stage_push(&g, ANN, text, false);
    stage_settle(&g);
}

static inline size_t sessions(void) {
    return g.server.session_count;
}

#endif
