/* Which tokens are believed: before and after it is known who was logged out,
 * however that becomes known, and for how long. */
#include "tests/unit/assert_row.h"

#include "gateway/revoked.h"
#include "proto/base/macros.h"
#include "tests/fakes/world.h"

enum {
    ANN = 1,
    TOKEN_MS = 600000,
    LONG_MS = 1200000, /* under an earlier setting */
    READ_MS = 3000,
};

static struct world w;
static struct token_keys keys;
static struct revoked r;

static struct core *core(void) {
    return &w.gates[0].core;
}

static struct directory *directory(void) {
    return w.gates[1].core.directory; /* another gateway's */
}

static int setup(void **state) {
    (void)state;
    world_open(&w);
    fake_directory_users(w.directory, 1, 9);
    token_keys_init(&keys);
    return token_keys_add(&keys, SLICE_LIT("k"),
                          SLICE_LIT("0123456789abcdef0123456789abcdef")) ==
                   RC_OK
               ? 0
               : -1;
}

static int teardown(void **state) {
    (void)state;
    revoked_fini(&r);
    token_keys_fini(&keys);
    world_close(&w);
    return 0;
}

static void begin(void) {
    revoked_init(&r, core(), &keys, TOKEN_MS);
    world_pass(&w, 1);
}

static void on_device(void *ctx, enum rc rc, struct device_id device) {
    (void)device;
    *(enum rc *)ctx = rc;
}

static void on_devices(void *ctx, enum rc rc, const struct device_row *devices,
                       size_t count) {
    (void)devices;
    (void)count;
    *(enum rc *)ctx = rc;
}

static void make_device(uint64_t id) {
    enum rc rc = RC_TIMEOUT;

    directory()->ops->device_create(directory(), (struct user_id){ANN},
                                    (struct device_id){id}, SLICE_LIT("x"),
                                    on_device, &rc);
    world_settle(&w);
    assert_int_equal(rc, RC_OK);
}

/* By another gateway, and the bus is silent about it. */
static void revoke_quietly(uint64_t id) {
    enum rc rc = RC_TIMEOUT;

    make_device(id);
    directory()->ops->devices_revoke(directory(), (struct user_id){ANN},
                                     (struct device_id){id}, REVOKE_THIS,
                                     on_devices, &rc);
    world_settle(&w);
    assert_int_equal(rc, RC_OK);
}

/* What becomes of a token of the device, issued `age_ms` ago for `for_ms`. */
static enum rc verify_aged(uint64_t device, uint64_t age_ms, uint64_t for_ms) {
    uint64_t issued = w.clock.wall_ms - age_ms;
    struct token_claims claims = {{ANN}, {device}, issued, issued + for_ms};
    struct token_claims read = {0};
    struct buf b;
    enum rc rc;

    buf_init(&b);
    token_sign(&keys, &claims, &b);
    rc = revoked_verify(&r, buf_slice(&b), &read);
    buf_fini(&b);
    assert_true((rc == RC_OK) == (read.device.v == device));
    return rc;
}

static enum rc verify(uint64_t device) {
    return verify_aged(device, 0, TOKEN_MS);
}

static void test_nobody_before_it_is_read(void **state) {
    (void)state;
    revoke_quietly(5);
    w.gates[0].directory->refuse = RC_AGAIN;
    begin();
    assert_int_equal(verify(5), RC_AGAIN);
    assert_int_equal(verify(6), RC_AGAIN);
    assert_int_equal(
        revoked_verify(&r, SLICE_LIT("v1.k.x.y"), &(struct token_claims){0}),
        RC_DENIED);
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, 1000);
    assert_int_equal(verify(5), RC_DENIED);
    assert_int_equal(verify(6), RC_OK);
}

static void test_many_are_read_page_by_page(void **state) {
    enum {
        MANY = DIRECTORY_BATCH_MAX * 2,
    };

    (void)state;
    for (uint64_t id = 1; id <= MANY; id++) {
        revoke_quietly(id);
    }
    begin();
    assert_int_equal(r.devices.count, MANY);
    assert_int_equal(verify(1), RC_DENIED);
    assert_int_equal(verify(MANY), RC_DENIED);
    assert_int_equal(verify(MANY + 1), RC_OK);
}

static void test_the_directory_tells(void **state) {
    struct ear ann = {0};

    (void)state;
    begin();
    ear_join(&w, &ann, 0, ANN);
    revoke_quietly(5);
    assert_int_equal(verify(5), RC_OK); /* nobody has told us */
    world_pass(&w, READ_MS);
    assert_int_equal(verify(5), RC_DENIED);
    assert_int_equal(ann.revokes, 1);
    world_pass(&w, READ_MS);
    world_pass(&w, READ_MS);
    assert_int_equal(ann.revokes, 1); /* once */
    /* It is away: what is known stays known, and it is caught up with. */
    w.gates[0].directory->refuse = RC_AGAIN;
    world_pass(&w, READ_MS);
    revoke_quietly(6);
    world_pass(&w, READ_MS);
    assert_int_equal(verify(5), RC_DENIED);
    assert_int_equal(verify(6), RC_OK);
    w.gates[0].directory->refuse = RC_OK;
    world_pass(&w, 1000);
    assert_int_equal(verify(6), RC_DENIED);
    assert_int_equal(ann.revokes, 2);
    ear_leave(&ann);
}

static void test_the_bus_tells(void **state) {
    const struct topic all = {TOPIC_GATEWAYS, 1};
    const struct device_row mine = {.id = {7}, .user = {ANN}};
    const struct fake_bus_sent *sent;
    struct bus_msg msg;
    struct ear ann = {0};

    (void)state;
    begin();
    ear_join(&w, &ann, 0, ANN);
    revoked_publish(&r, &mine, 1);
    world_settle(&w);
    assert_int_equal(verify(7), RC_DENIED);
    assert_int_equal(ann.revokes, 1);
    sent = fake_bus_last(w.bus, all);
    assert_non_null(sent);
    assert_true(sent->durable);
    assert_int_equal(bus_msg_decode(sent->msg, &msg), RC_OK);
    assert_int_equal(msg.kind, BUS_REVOKE);
    assert_int_equal(msg.u.revoke.device.v, 7);
    revoked_heard(&r, &msg.u.revoke); /* our own comes back */
    assert_int_equal(ann.revokes, 1);
    revoked_heard(&r, &(struct bus_revoke){{ANN}, {8}});
    assert_int_equal(verify(8), RC_DENIED);
    assert_int_equal(ann.revokes, 2);
    revoked_heard(&r, &(struct bus_revoke){{ANN}, {0}}); /* nothing of ours */
    assert_int_equal(ann.revokes, 2);
    ear_leave(&ann);
}

/* What is forgotten after a token's lifetime could not be used any more, also
 * when it was issued under a longer one. */
static void test_forgotten_in_time(void **state) {
    (void)state;
    begin();
    revoked_heard(&r, &(struct bus_revoke){{ANN}, {5}});
    for (uint64_t ms = 0; ms < TOKEN_MS; ms += READ_MS) {
        world_pass(&w, READ_MS);
        assert_int_equal(verify_aged(5, ms, LONG_MS), RC_DENIED);
    }
    world_pass(&w, TOKEN_LEEWAY_MS);
    world_pass(&w, READ_MS);
    assert_int_equal(r.devices.count, 0);
    assert_int_equal(verify_aged(5, TOKEN_MS + TOKEN_LEEWAY_MS, LONG_MS),
                     RC_TIMEOUT);
    assert_int_equal(verify_aged(6, TOKEN_MS - 1, LONG_MS), RC_OK);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_before_it_is_read),
        TEST(test_many_are_read_page_by_page),
        TEST(test_the_directory_tells),
        TEST(test_the_bus_tells),
        TEST(test_forgotten_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
