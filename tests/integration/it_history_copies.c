/* Appends that are acked only when a replica has them, on a real Redis with a
 * replica that stands still, and a primary that dies. */
#include "tests/integration/store_env.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum {
    DEADLINE_MS = 1000, /* so replicas have 250 ms */
};

struct pair {
    struct fixture f; /* its Redis is the primary */
    struct it_redis replica;
};

/* One that is free now. */
static uint16_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static struct redis_config at(const struct it_redis *redis) {
    return (struct redis_config){.address = redis->address,
                                 .deadline_ms = DEADLINE_MS};
}

/* Until the primary hears its replica. */
static void await_replica(struct pair *p) {
    struct resp_conn *c = it_connect(&p->f.loop, at(&p->f.redis));

    for (unsigned tries = 0; it_say(&p->f.loop, c, "WAIT 1 200").number != 1;) {
        assert_true(tries++ < 100);
    }
    resp_conn_close(&c);
}

static int set_up_pair(void **state) {
    struct pair *p = mem_new(sizeof(*p));

    assert_int_equal(loop_init(&p->f.loop), RC_OK);
    p->f.redis.port = free_port();
    it_redis_open(&p->f.redis);
    p->replica.follows = p->f.redis.port;
    it_redis_open(&p->replica);
    await_replica(p);
    p->f.h = open_history(&p->f, at(&p->f.redis));
    history_redis_want_copies(p->f.h, 1);
    p->f.conv = new_conv(&p->f);
    await_ready(&p->f);
    *state = p;
    return 0;
}

static int tear_down_pair(void **state) {
    struct pair *p = *state;

    it_redis_close(&p->replica);
    return tear_down(state);
}

/* A busy machine's replica may be late once or twice. */
static void say_until_ok(struct pair *p, const char *name) {
    unsigned tries = 0;

    while (say(&p->f, name) != RC_OK) {
        assert_true(tries++ < 100);
    }
}

static struct paged page_of(struct pair *p) {
    struct paged page = {.answered = false};

    p->f.h->ops->range(p->f.h, p->f.conv, (struct msg_seq){1}, 10, on_paged,
                       &page);
    assert_true(
        it_until(&p->f.loop, it_is_set, &page.answered, IT_PATIENCE_MS));
    return page;
}

/* As say_until_ok: "m1", "m2" and so on. */
static void read_until_ok(struct pair *p, size_t count) {
    struct paged page = page_of(p);

    for (unsigned tries = 0; page.rc != RC_OK; tries++) {
        assert_true(tries < 100);
        page = page_of(p);
    }
    assert_int_equal(page.count, count);
    assert_true(page.named);
}

/* What is not on the replica is not acked, neither at once nor when it is
 * said again; it is when the replica has it. Nor is it shown: a failover would
 * take it back. */
static void test_a_replica_stands_still(void **state) {
    struct pair *p = *state;
    struct history_append other = message(&p->f, "m1");
    const struct history_redis_stats *stats = history_redis_stats(p->f.h);
    uint64_t before;

    say_until_ok(p, "m1");
    before = stats->unconfirmed;
    kill(p->replica.pid, SIGSTOP);
    assert_int_equal(say(&p->f, "m2"), RC_TIMEOUT);
    assert_int_equal(say(&p->f, "m2"), RC_TIMEOUT);
    assert_int_equal(stats->unconfirmed - before, 2);
    other.body_hash++;
    assert_int_equal(append(&p->f, other).rc, RC_CONFLICT);
    assert_int_equal(page_of(p).rc, RC_TIMEOUT);
    assert_int_equal(read_heads(&p->f, &p->f.conv, 1).rc, RC_TIMEOUT);
    assert_true(stats->unsure >= 2);
    kill(p->replica.pid, SIGCONT);
    say_until_ok(p, "m2");
    read_until_ok(p, 2);
}

static void test_a_primary_dies(void **state) {
    struct pair *p = *state;
    struct resp_conn *c;
    struct paged all;

    for (unsigned i = 1; i <= 50; i++) {
        char name[32];

        snprintf(name, sizeof(name), "m%u", i);
        say_until_ok(p, name);
    }
    it_redis_kill(&p->f.redis);
    history_redis_close(&p->f.h);
    c = it_connect(&p->f.loop, at(&p->replica));
    it_say(&p->f.loop, c, "REPLICAOF NO ONE");
    resp_conn_close(&c);
    p->f.h = open_history(&p->f, at(&p->replica));
    await_ready(&p->f);
    all = range(&p->f, 1, 100);
    assert_int_equal(all.count, 50);
    assert_true(all.named);
    assert_int_equal(say(&p->f, "m51"), RC_OK); /* none is wanted any more */
}

static void test_no_replica(void **state) {
    struct pair *p = *state;

    it_redis_kill(&p->replica);
    assert_int_equal(say(&p->f, "m1"), RC_TIMEOUT);
    assert_int_equal(page_of(p).rc, RC_TIMEOUT);
    it_redis_start(&p->replica);
    await_replica(p);
    say_until_ok(p, "m1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_replica_stands_still,
                                        set_up_pair, tear_down_pair),
        cmocka_unit_test_setup_teardown(test_a_primary_dies, set_up_pair,
                                        tear_down_pair),
        cmocka_unit_test_setup_teardown(test_no_replica, set_up_pair,
                                        tear_down_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
