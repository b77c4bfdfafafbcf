/* Who comes back to a gateway soon: he is ready though no store answers, and
 * nobody takes him for present meanwhile. */
#include "gateway/session.h"

#include "chat-core/linger.h"
#include "tests/unit/gateway_fixture.h"

static struct stage g;
static struct peer ann;

static void logged_out(void) {
    revoked_heard(&g.server.revoked,
                  &(struct bus_revoke){{ANN}, {DEVICE_OF + ANN}});
    stage_settle(&g);
}

static void another_device_is_logged_out(void) {
    revoked_heard(&g.server.revoked, &(struct bus_revoke){{ANN}, {DEVICE_OF}});
    stage_settle(&g);
}

static void drained(void) {
    server_drain(&g.server);
}

static void hangs_up(void) {
    peer_hang_up(&ann);
    stage_settle(&g);
}

static void time_passes(void) {
    stage_pass(&g, (uint64_t)(LINGER_S + 1) * 1000);
}

static bool lingers(void) {
    const struct local_user *u =
        audience_user(&g.server.core, (struct user_id){ANN});

    return u != NULL && u->seats == NULL;
}

/* As the presence services are told. */
static unsigned last_report(void) {
    unsigned sessions = 0;
    unsigned reports = 0;
    struct bus_msg msg;

    stage_pass(&g, 100);
    for (size_t i = 0; i < fake_bus_sent_count(g.bus); i++) {
        if (bus_msg_decode(fake_bus_sent(g.bus, i)->msg, &msg) == RC_OK &&
            msg.kind == BUS_PRESENCE_REPORT && msg.u.report.count > 0) {
            sessions = presence_item_at(msg.u.report.items, 0).sessions;
            reports++;
        }
    }
    assert_true(reports > 0);
    return sessions;
}

static const struct row {
    const char *name;
    void (*first)(void);
    void (*then)(void);
    bool kept;
} rows[] = {
    {"he hangs up", hangs_up, NULL, true},
    {"another device goes", another_device_is_logged_out, hangs_up, true},
    {"logged out", logged_out, hangs_up, false},
    {"logged out after", hangs_up, logged_out, false},
    {"another after", hangs_up, another_device_is_logged_out, false},
    {"a drain", drained, hangs_up, false},
    {"a drain after", hangs_up, drained, false},
    {"too late", hangs_up, time_passes, false},
};

static void check(const struct row *row) {
    stage_open(&g, NULL);
    peer_ready(&g, &ann, ANN);
    assert_row(row->name, last_report() == 1);
    row->first();
    if (row->then != NULL) {
        row->then();
    }
    assert_row(row->name, lingers() == row->kept);
    assert_row(row->name, audience_count(&g.server.core) == 0);
    assert_row(row->name, last_report() == 0);
    peer_close(&ann);
    stage_close(&g);
}

static void test_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check(&rows[i]);
    }
}

/* The second time no store has to answer. */
static void test_nobody_is_asked(void **state) {
    (void)state;
    stage_open(&g, NULL);
    g.stores_sleep = true;
    peer_ws(&g, &ann, ANN);
    assert_false(peer_heard(&g, &ann, "\"type\":\"ready\""));
    g.stores_sleep = false;
    assert_true(peer_heard(&g, &ann, "\"type\":\"ready\""));
    peer_close(&ann);
    stage_settle(&g);
    g.stores_sleep = true;
    peer_ready(&g, &ann, ANN);
    g.stores_sleep = false;
    assert_int_equal(audience_count(&g.server.core), 1);
    peer_close(&ann);
    stage_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_nobody_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
