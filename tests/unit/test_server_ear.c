/* What the bus tells a gateway, and whom of its parts it is for
 * (gateway/server_ear.c). */
#include "gateway/server.h"

#include "tests/unit/gateway_fixture.h"

enum {
    TURN_MS = 2 * WHEEL_TICK_MS,
};

static struct stage g;
static struct peer ann;
static struct peer ben;

static int setup(void **state) {
    (void)state;
    stage_open(&g, NULL);
    peer_ready(&g, &ann, ANN);
    peer_ready(&g, &ben, BEN);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    peer_close(&ann);
    peer_close(&ben);
    stage_close(&g);
    return 0;
}

static void hear(struct topic topic, const struct bus_msg *msg) {
    struct buf b;

    buf_init(&b);
    bus_msg_encode(&b, msg);
    server_bus_events.on_message(&g.server, topic, buf_slice(&b));
    buf_fini(&b);
    stage_pass(&g, TURN_MS); /* presence is gathered for a turn */
    stage_settle(&g);
    peer_read(&ann);
    peer_read(&ben);
}

static void test_by_topic(void **state) {
    static const struct bus_msg event = {
        .kind = BUS_EVENT,
        .u.event = {.conv = {50},
                    .seq = {1},
                    .mver = {1},
                    .from = {BEN},
                    .client = {(const uint8_t *)"{\"e\":1}", 7}}};
    static const struct bus_msg seen = {.kind = BUS_PRESENCE_SEEN,
                                        .u.seen = {{BEN}, PRESENCE_ONLINE, 5}};
    static const struct bus_msg claim = {.kind = BUS_PRESENCE_CLAIM,
                                         .u.claim = {1, true}};
    static const struct {
        const char *name;
        struct topic topic;
        const struct bus_msg *msg;
        const char *ann_hears; /* NULL: nothing */
        unsigned errors;
    } rows[] = {
        {"of a user", {TOPIC_USER, ANN}, &event, "{\"e\":1}", 0},
        {"of a user who is not here", {TOPIC_USER, 9}, &event, NULL, 0},
        {"of somebody seen", {TOPIC_SEEN, BEN}, &seen, "\"presence\"", 0},
        {"seen on a user's topic", {TOPIC_USER, ANN}, &seen, NULL, 1},
        {"an event on a seen topic", {TOPIC_SEEN, BEN}, &event, NULL, 1},
        {"of presence, which is not for us",
         {TOPIC_PRESENCE, 1},
         &claim,
         NULL,
         0},
    };
    struct session *s =
        CONTAINER_OF(g.server.sessions.next, struct session, node);

    (void)state;
    watch_add(&g.server.watch, s, (struct user_id){BEN});
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t errors = g.server.core.stats.bus_errors;

        peer_forget(&ann);
        hear(rows[i].topic, rows[i].msg);
        assert_row(rows[i].name, (ann.in.n > 0) == (rows[i].ann_hears != NULL));
        assert_row(rows[i].name, rows[i].ann_hears == NULL ||
                                     drive_has(&ann.in, rows[i].ann_hears));
        assert_row(rows[i].name,
                   g.server.core.stats.bus_errors - errors == rows[i].errors);
    }
    assert_int_equal(ben.in.n, 0);
}

static void test_nonsense(void **state) {
    static const struct {
        const char *name;
        enum topic_kind kind;
        unsigned errors;
    } rows[] = {
        {"user", TOPIC_USER, 1},         {"conv", TOPIC_CONV, 1},
        {"seen", TOPIC_SEEN, 1},         {"gateway", TOPIC_GATEWAY, 1},
        {"gateways", TOPIC_GATEWAYS, 1}, {"presence", TOPIC_PRESENCE, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t errors = g.server.core.stats.bus_errors;

        server_bus_events.on_message(&g.server, (struct topic){rows[i].kind, 1},
                                     SLICE_LIT("nonsense"));
        assert_row(rows[i].name,
                   g.server.core.stats.bus_errors - errors == rows[i].errors);
    }
}

/* One device, all of a user's, or another's: who is closed? */
static void test_revoked(void **state) {
    static const struct {
        const char *name;
        struct bus_revoke revoke;
        uint16_t code; /* of Ann's session */
    } rows[] = {
        {"another user's", {{9}, {DEVICE_OF + 9}}, 0},
        {"another device's", {{ANN}, {7}}, 0},
        {"mine", {{ANN}, {DEVICE_OF + ANN}}, CLOSE_REVOKED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hear((struct topic){TOPIC_GATEWAYS, 1},
             &(struct bus_msg){.kind = BUS_REVOKE, .u.revoke = rows[i].revoke});
        assert_row(rows[i].name, peer_code(&ann) == rows[i].code);
        assert_row(rows[i].name, peer_code(&ben) == 0);
    }
}

/* Somebody who is blocked is not watched any more, and looks unknown. */
static void test_blocked(void **state) {
    struct session *s =
        CONTAINER_OF(g.server.sessions.next, struct session, node);

    (void)state;
    watch_add(&g.server.watch, s, (struct user_id){BEN});
    hear((struct topic){TOPIC_USER, ANN},
         &(struct bus_msg){.kind = BUS_BLOCK, .u.block = {{BEN}, {ANN}}});
    assert_true(drive_has(&ann.in, "\"state\":\"unknown\""));
    assert_int_equal(s->watch_count, 0);
}

static void test_gap(void **state) {
    unsigned ours = topic_partition((struct topic){TOPIC_USER, ANN});
    unsigned theirs = topic_partition((struct topic){TOPIC_USER, BEN});

    (void)state;
    assert_int_not_equal(ours, theirs);
    server_bus_events.on_gap(&g.server, ours);
    assert_true(peer_heard(&g, &ann, "{\"type\":\"resync\"}"));
    assert_false(peer_heard(&g, &ben, "resync"));
    assert_int_equal(g.server.core.stats.gaps, 1);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_by_topic), TEST(test_nonsense), TEST(test_revoked),
        TEST(test_blocked),  TEST(test_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
