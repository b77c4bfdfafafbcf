/* How often one may ask, by address, user and device, over every way in: 429
 * with Retry-After, or an error with retry_after_ms. */
#include "gateway/limits.h"

#include "gateway/each.h"
#include "gateway/route.h"

#include "tests/unit/gateway_fixture.h"

#define PING "{\"type\":\"ping\",\"id\":\"q\"}"
#define SEND "{\"type\":\"send\",\"id\":\"q\"}" /* bad, and counted */

static const struct limit_case {
    const char *name;
    const char *flags[3];
    const char *body;
    uint64_t user;       /* who asks; 0: nobody */
    uint64_t other;      /* whose device is not concerned, or is */
    unsigned taken;      /* before the answer is no */
    bool other_is_taken; /* and that is still a yes */
    bool socket;         /* over a WebSocket */
} limit_cases[] = {
    {"of an address",
     {"--limits.address_burst=3", "--limits.address_per_s=1"},
     PING,
     0,
     ANN,
     3,
     false,
     false},
    {"of a device",
     {"--limits.commands_burst=3", "--limits.commands_per_s=1"},
     PING,
     ANN,
     BEN,
     3,
     true,
     false},
    {"of a device that sends",
     {"--limits.sends_burst=2", "--limits.sends_per_s=1"},
     SEND,
     ANN,
     BEN,
     2,
     true,
     false},
    {"of a user",
     {"--limits.user_burst=3", "--limits.user_per_s=1"},
     PING,
     ANN,
     BEN,
     3,
     true,
     false},
    {"of a user's session",
     {"--limits.user_burst=3", "--limits.user_per_s=1"},
     PING,
     ANN,
     ANN,
     3,
     false,
     true},
};

static void ask(struct stage *g, struct peer *p, uint64_t user,
                const char *body) {
    peer_forget(p);
    peer_asks(g, p, user, "POST /v1/cmd", "", body);
    assert_true(peer_hears(g, p, "\"type\":\""));
}

static void ask_on(struct stage *g, struct peer *p,
                   const struct limit_case *c) {
    if (c->socket) {
        peer_forget(p);
        peer_text(p, c->body);
        assert_true(peer_hears(g, p, "\"type\":\""));
    } else {
        ask(g, p, c->user, c->body);
    }
}

static bool was_limited(const struct peer *p) {
    return drive_has(&p->in, "\"rate_limited\"");
}

static void run(const struct limit_case *c) {
    struct stage g;
    struct peer p;
    struct peer other;

    stage_open(&g, c->flags);
    if (c->socket) {
        peer_ready(&g, &p, c->user);
    } else {
        peer_open(&g, &p, false);
    }
    for (unsigned i = 0; i < c->taken; i++) {
        ask_on(&g, &p, c);
        assert_row(c->name, !was_limited(&p));
    }
    ask_on(&g, &p, c);
    assert_row(c->name, was_limited(&p));
    assert_row(c->name, drive_has(&p.in, "\"retry_after_ms\":1000"));
    assert_row(c->name, drive_has(&p.in, "HTTP/1.1 429") == !c->socket);
    assert_row(c->name, drive_has(&p.in, "Retry-After: 1\r\n") == !c->socket);
    peer_open(&g, &other, false);
    ask(&g, &other, c->other, PING);
    assert_row(c->name, was_limited(&other) == !c->other_is_taken);
    stage_pass(&g, 1000);
    ask_on(&g, &p, c);
    assert_row(c->name, !was_limited(&p));
    peer_close(&other);
    peer_close(&p);
    stage_close(&g);
}

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limit_cases); i++) {
        run(&limit_cases[i]);
    }
}

/* No way in is left out: every route of the table, and what is none. */
static void test_every_route(void **state) {
    static const char *const others[] = {
        "POST /v1/cmd", "GET /v1/events", "GET /v1/poll",
        "GET /v1/way",  "GET /v1/ws",     "GET /v1/nothing",
    };
    struct stage g;
    struct peer p;
    const struct route *route;
    unsigned asked = 0;

    (void)state;
    stage_open(&g, (const char *[]){"--limits.address_burst=1",
                                    "--limits.address_per_s=1", NULL});
    peer_open(&g, &p, false);
    ask(&g, &p, 0, PING);
    assert_false(was_limited(&p));
    for (unsigned i = 0; (route = route_at(i)) != NULL; i++) {
        char line[128];

        snprintf(line, sizeof(line), "%s %s", http_method_str(route->method),
                 route->path);
        peer_forget(&p);
        peer_asks(&g, &p, ANN, line, "", "");
        assert_row(line, peer_hears(&g, &p, "\"rate_limited\""));
        assert_row(line, drive_has(&p.in, "HTTP/1.1 429"));
        assert_row(line, drive_has(&p.in, "Retry-After: 1\r\n"));
        asked++;
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        peer_forget(&p);
        peer_asks(&g, &p, ANN, others[i], "", "");
        assert_row(others[i], peer_hears(&g, &p, "\"rate_limited\""));
        assert_row(others[i], drive_has(&p.in, "Retry-After: 1\r\n"));
    }
    assert_true(asked > 50);
    peer_close(&p);
    stage_close(&g);
}

/* A key is not counted as the user it acts as, but as itself. */
static void test_key(void **state) {
    struct stage g;
    struct peer p;
    struct api_key_text key;
    char header[128];

    (void)state;
    stage_open(&g,
               (const char *[]){"--limits.key_burst=2", "--limits.key_per_s=1",
                                "--limits.user_burst=1", NULL});
    key = fake_directory_key(g.directory, "history:read", 0);
    stage_pass(&g, 2000);
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", key.s);
    peer_open(&g, &p, false);
    for (unsigned i = 0; i < 3; i++) {
        peer_forget(&p);
        peer_asks(&g, &p, 0, "POST /v1/cmd", header, PING);
        assert_true(peer_hears(&g, &p, "\"type\":\""));
        assert_int_equal(was_limited(&p), i == 2);
    }
    assert_true(drive_has(&p.in, "HTTP/1.1 429"));
    assert_true(drive_has(&p.in, "Retry-After: 1\r\n"));
    assert_true(drive_has(&p.in, "\"retry_after_ms\":1000"));
    peer_close(&p);
    stage_close(&g);
}

/* As a user, with a key. */
static void import(struct stage *g, struct peer *p,
                   const struct api_key_text *key) {
    char headers[160];

    snprintf(headers, sizeof(headers),
             "Moim-As: %s\r\nAuthorization: Bearer %s\r\n", id_text(ANN).s,
             key->s);
    peer_asks(g, p, 0, "POST /v1/import/friends", headers,
              "{\"users\":[\"0000000000002\"]}");
}

/* Until so many calls wait in the directory, which sleeps. */
static void wait_for_calls(struct stage *g, size_t count) {
    const struct fake_calls *calls =
        fake_directory_calls(g->server.core.directory);

    for (unsigned i = 0; i < 100000 && calls->count < count; i++) {
        uv_run(&g->loop.uv, UV_RUN_NOWAIT);
    }
    assert_int_equal(calls->count, count);
}

/* Of requests about many users some run at a time; the others may come again,
 * and none is lost. */
static void test_many_users(void **state) {
    struct stage g;
    struct peer peers[EACH_RUNNING_MAX + 1];
    struct api_key_text key;
    unsigned busy = 0;

    (void)state;
    stage_open(&g, NULL);
    key = fake_directory_key(g.directory, "friends:write", 0);
    stage_pass(&g, 2000);
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        peer_open(&g, &peers[i], false);
        import(&g, &peers[i], &key);
    }
    wait_for_calls(&g, COUNT_OF(peers)); /* as whom is asked first */
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        assert_true(peer_hears(&g, &peers[i], "\"type\":\""));
        if (drive_has(&peers[i].in, "HTTP/1.1 503")) {
            assert_true(drive_has(&peers[i].in, "\"retry_after_ms\":1000"));
            peer_forget(&peers[i]);
            import(&g, &peers[i], &key);
            busy++;
        }
        assert_true(peer_hears(&g, &peers[i], "\"done\":1"));
        peer_close(&peers[i]);
    }
    assert_int_equal(busy, 1);
    stage_close(&g);
}

/* Which types count as sending. */
static void test_says(void **state) {
    (void)state;
    assert_true(limits_says(SLICE_LIT("send")));
    assert_true(limits_says(SLICE_LIT("message.edit")));
    assert_false(limits_says(SLICE_LIT("sender")));
    assert_false(limits_says(SLICE_LIT("history")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_every_route),
        cmocka_unit_test(test_key),   cmocka_unit_test(test_many_users),
        cmocka_unit_test(test_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
