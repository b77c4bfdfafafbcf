/* Our connection against a real Redis: pipelining, deadlines, restarts, and
 * every call answered exactly once. And the start-up probe. */
#include "tests/integration/redis_child.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "proto/base/mem.h"
#include "storage/redis_probe.h"

enum {
    MANY = 1000,
};

struct fixture {
    struct loop loop;
    struct it_redis redis;
};

/* One of many calls, and how it went. */
struct shot {
    struct resp_call call;
    struct volley *volley;
    unsigned answers;
    enum rc rc;
    int64_t number;
};

struct volley {
    struct shot shots[MANY];
    size_t answered;
    size_t by_rc[RC_BACKEND + 1];
    bool all;
};

static int set_up(void **state) {
    struct fixture *f = mem_new(sizeof(*f));

    assert_int_equal(loop_init(&f->loop), RC_OK);
    it_redis_open(&f->redis);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;

    loop_fini(&f->loop);
    it_redis_close(&f->redis);
    mem_free(f);
    return 0;
}

static struct resp_conn *connect_to(struct fixture *f, uint64_t deadline_ms) {
    return it_connect(&f->loop, (struct redis_config){
                                    .address = f->redis.address,
                                    .deadline_ms = deadline_ms,
                                });
}

static void on_shot(struct resp_call *call, enum rc rc,
                    const struct resp *replies) {
    struct shot *s = CONTAINER_OF(call, struct shot, call);
    struct volley *v = s->volley;

    s->answers++;
    s->rc = rc;
    s->number = rc == RC_OK ? replies->number : 0;
    v->by_rc[rc]++;
    v->answered++;
    v->all = v->answered == MANY;
}

static void fire(struct resp_conn *c, struct volley *v, size_t i) {
    static const struct slice incr[] = {{(const uint8_t *)"INCR", 4},
                                        {(const uint8_t *)"shots", 5}};

    v->shots[i].volley = v;
    resp_conn_send(c, &v->shots[i].call, on_shot, incr, COUNT_OF(incr));
}

static void assert_once(const struct volley *v) {
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(v->shots[i].answers, 1);
    }
}

static void test_pipeline(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 0);
    struct volley *v = mem_new(sizeof(*v));

    for (size_t i = 0; i < MANY; i++) {
        fire(c, v, i);
    }
    assert_int_equal(v->answered, 0); /* never before the call returns */
    assert_true(it_until(&f->loop, it_is_set, &v->all, IT_PATIENCE_MS));
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(v->shots[i].rc, RC_OK);
        assert_int_equal(v->shots[i].number, i + 1);
    }
    mem_free(v);
    resp_conn_close(&c);
}

static void on_two(struct resp_call *call, enum rc rc,
                   const struct resp *replies) {
    struct it_said *s = CONTAINER_OF(call, struct it_said, call);

    assert_int_equal(rc, RC_OK);
    assert_true(resp_is(&replies[0], "first"));
    assert_int_equal(resp_rc(&replies[1]), RC_BACKEND);
    assert_true(resp_is(&replies[2], "third"));
    s->answered = true;
}

/* Several commands, one answer; an error among them disturbs no other. */
static void test_several_replies(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 0);
    struct it_said s = {.answered = false};
    struct buf *out = resp_conn_begin(c, &s.call, on_two, 3);

    assert_non_null(out);
    resp_command(out, (struct slice[]){SLICE_LIT("ECHO"), SLICE_LIT("first")},
                 2);
    resp_command(out, &SLICE_LIT("NONSENSE"), 1);
    resp_command(out, (struct slice[]){SLICE_LIT("ECHO"), SLICE_LIT("third")},
                 2);
    assert_true(it_until(&f->loop, it_is_set, &s.answered, IT_PATIENCE_MS));
    resp_conn_close(&c);
}

/* A server that is there but does not answer is not there. */
static void test_deadline(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 200);
    struct resp_conn *admin = connect_to(f, 0);
    struct volley *v = mem_new(sizeof(*v));

    it_say(&f->loop, admin, "CLIENT PAUSE 700 ALL");
    for (size_t i = 0; i < MANY; i++) {
        fire(c, v, i);
    }
    assert_true(it_until(&f->loop, it_is_set, &v->all, IT_PATIENCE_MS));
    assert_int_equal(v->by_rc[RC_TIMEOUT], MANY);
    assert_once(v);
    assert_int_equal(resp_conn_stats(c)->timeouts, 1);
    assert_false(resp_conn_ready(c));
    assert_true(it_until(&f->loop, it_conn_ready, c, IT_PATIENCE_MS));
    resp_conn_close(&admin);
    resp_conn_close(&c);
    mem_free(v);
}

/* Silence is not health: an idle connection is asked. */
static void test_idle_ping(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 200);

    kill(f->redis.pid, SIGSTOP);
    it_run_for(&f->loop, RESP_CONN_IDLE_MS + 700);
    assert_false(resp_conn_ready(c));
    assert_int_equal(resp_conn_stats(c)->timeouts, 1);
    kill(f->redis.pid, SIGCONT);
    assert_true(it_until(&f->loop, it_conn_ready, c, IT_PATIENCE_MS));
    resp_conn_close(&c);
}

struct stream_of_calls {
    struct resp_conn *c;
    struct volley *v;
    size_t next;
};

/* A few calls at every tick, until all are fired and answered. */
static bool keep_firing(void *ctx) {
    struct stream_of_calls *s = ctx;

    for (int i = 0; i < 5 && s->next < MANY; i++) {
        fire(s->c, s->v, s->next++);
    }
    return s->v->all;
}

static void test_restart(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 500);
    struct volley *v = mem_new(sizeof(*v));
    struct stream_of_calls s = {.c = c, .v = v};
    struct it_said count;

    it_until(&f->loop, keep_firing, &s, 50);
    it_redis_kill(&f->redis);
    it_until(&f->loop, keep_firing, &s, 50);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, keep_firing, &s, IT_PATIENCE_MS));
    assert_once(v);
    assert_true(v->by_rc[RC_OK] > 0);
    assert_true(v->by_rc[RC_AGAIN] > 0);
    assert_int_equal(
        v->by_rc[RC_OK] + v->by_rc[RC_AGAIN] + v->by_rc[RC_BACKEND], MANY);
    assert_true(it_until(&f->loop, it_conn_ready, c, IT_PATIENCE_MS));
    /* What was acknowledged is there; what was refused is not. */
    count = it_say(&f->loop, c, "INCRBY shots 0");
    assert_true((size_t)count.number >= v->by_rc[RC_OK]);
    assert_true((size_t)count.number <= MANY - v->by_rc[RC_AGAIN]);
    assert_int_equal(resp_conn_stats(c)->losses, 1);
    resp_conn_close(&c);
    mem_free(v);
}

static void test_close_answers(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = connect_to(f, 0);
    struct volley *v = mem_new(sizeof(*v));

    for (size_t i = 0; i < MANY; i++) {
        if (i == MANY / 2) {
            it_run_for(&f->loop, 0); /* the first half leaves */
        }
        fire(c, v, i);
    }
    resp_conn_close(&c);
    assert_null(c);
    assert_true(v->all);
    assert_once(v);
    assert_int_equal(v->by_rc[RC_OK] + v->by_rc[RC_CLOSED], MANY);
    assert_true(v->by_rc[RC_CLOSED] >= MANY / 2);
    it_run_for(&f->loop, 20);
    assert_once(v);
    mem_free(v);
}

/* Nobody is at home at first: calls are refused, one by one, at once. */
static void test_nobody_home(void **state) {
    struct fixture *f = *state;
    struct resp_conn_config config = {.redis = {.address = f->redis.address},
                                      .events = &it_no_events,
                                      .name = "test"};
    struct volley *v = mem_new(sizeof(*v));
    struct resp_conn *c = NULL;

    it_redis_kill(&f->redis);
    assert_int_equal(resp_conn_open(&c, &f->loop, &config), RC_OK);
    for (size_t i = 0; i < MANY; i++) {
        fire(c, v, i);
    }
    assert_true(it_until(&f->loop, it_is_set, &v->all, 100));
    assert_int_equal(v->by_rc[RC_AGAIN], MANY);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, it_conn_ready, c, IT_PATIENCE_MS));
    resp_conn_close(&c);
    config.redis.address = "nowhere at all";
    assert_int_equal(resp_conn_open(&c, &f->loop, &config), RC_BAD_INPUT);
    mem_free(v);
}

static void test_password(void **state) {
    struct fixture *f = *state;
    struct resp_conn *admin = connect_to(f, 0);
    struct resp_conn_config config = {
        .redis = {.address = f->redis.address, .password = "wrong"},
        .events = &it_no_events,
        .name = "test"};
    struct resp_conn *c = NULL;

    it_say(&f->loop, admin, "CONFIG SET requirepass right");
    assert_int_equal(resp_conn_open(&c, &f->loop, &config), RC_OK);
    assert_false(it_until(&f->loop, it_conn_ready, c, 300));
    resp_conn_close(&c);
    config.redis.password = "right";
    assert_int_equal(resp_conn_open(&c, &f->loop, &config), RC_OK);
    assert_true(it_until(&f->loop, it_conn_ready, c, IT_PATIENCE_MS));
    resp_conn_close(&c);
    resp_conn_close(&admin);
}

/* A server that talks nonsense: it accepts, hears the hello out, and says
 * `line` once and for all. */
static pid_t nonsense_server(const char *path, struct slice line) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    pid_t pid;

    assert_true(strlen(path) < sizeof(name.sun_path));
    memcpy(name.sun_path, path, strlen(path) + 1);
    unlink(path);
    assert_int_equal(
        bind(listener, (const struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 8), 0);
    pid = fork();
    assert_true(pid >= 0);
    while (pid == 0) {
        char heard[512];
        int client = accept(listener, NULL, NULL);

        if (client < 0 || read(client, heard, sizeof(heard)) <= 0 ||
            write(client, line.p, line.n) != (ssize_t)line.n) {
            _exit(1);
        }
    }
    close(listener);
    return pid;
}

static bool has_met_nonsense(void *conn) {
    return resp_conn_stats(conn)->bad >= 2; /* and come back for more */
}

static void test_nonsense(void **state) {
    static const struct {
        const char *name;
        const char *line;
    } rows[] = {
        {"a billion elements", "*1000000000\r\n"},
        {"a string of everything", "$9223372036854775807\r\n"},
        {"a negative length", "$-2\r\n"},
        {"deep nesting", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"
                         "*1\r\n*1\r\n"},
        {"RESP3", ">1\r\n+x\r\n"},
        {"not Redis", "HTTP/1.1 400 Bad Request\r\n\r\n"},
        {"one reply too many", "+PONG\r\n+OK\r\n"},
    };
    struct fixture *f = *state;
    char path[96];
    char address[112];

    snprintf(path, sizeof(path), "%s/nonsense", f->redis.dir);
    snprintf(address, sizeof(address), "unix:%s", path);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct resp_conn_config config = {.redis = {.address = address},
                                          .events = &it_no_events,
                                          .name = "test"};
        struct resp_conn *c = NULL;
        pid_t pid = nonsense_server(path, slice_str(rows[i].line));

        assert_int_equal(resp_conn_open(&c, &f->loop, &config), RC_OK);
        assert_row(rows[i].name,
                   it_until(&f->loop, has_met_nonsense, c, IT_PATIENCE_MS));
        resp_conn_close(&c);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
}

/* The probe. */

struct probed {
    bool answered;
    enum rc rc;
    struct redis_probe out;
};

static void on_probed(void *ctx, enum rc rc, const struct redis_probe *out) {
    struct probed *p = ctx;

    p->answered = true;
    p->rc = rc;
    if (rc == RC_OK) {
        p->out = *out;
    }
}

static struct probed probe(struct fixture *f) {
    struct redis_config config = {.address = f->redis.address};
    struct probed p = {.answered = false};

    assert_int_equal(redis_probe(&f->loop, &config, on_probed, &p), RC_OK);
    assert_true(it_until(&f->loop, it_is_set, &p.answered, IT_PATIENCE_MS));
    return p;
}

static void test_probe(void **state) {
    struct fixture *f = *state;
    struct redis_config config = {.address = f->redis.address};
    struct resp_conn *admin;
    struct probed p = probe(f);

    assert_int_equal(p.rc, RC_OK);
    assert_int_equal(p.out.major, 7);
    assert_true(p.out.config_readable);
    assert_int_equal(p.out.weak_count, 0);

    admin = connect_to(f, 0);
    it_say(&f->loop, admin, "CONFIG SET appendfsync everysec");
    it_say(&f->loop, admin, "CONFIG SET maxmemory-policy allkeys-lru");
    p = probe(f);
    assert_int_equal(p.out.weak_count, 2);
    it_say(&f->loop, admin, "ACL SETUSER default -config");
    p = probe(f);
    assert_false(p.out.config_readable);
    assert_int_equal(p.out.weak_count, 1);
    resp_conn_close(&admin);

    it_redis_kill(&f->redis);
    p.answered = false;
    assert_int_equal(redis_probe(&f->loop, &config, on_probed, &p), RC_OK);
    loop_run(&f->loop); /* nothing else keeps it running */
    assert_true(p.answered);
    assert_int_equal(p.rc, RC_TIMEOUT);
    config.address = "nowhere at all";
    assert_int_equal(redis_probe(&f->loop, &config, on_probed, &p),
                     RC_BAD_INPUT);
    it_redis_start(&f->redis);
}

/* The shared server is one of ours, too. */
static void test_shared(void **state) {
    struct fixture *f = *state;
    struct resp_conn *c = it_connect(&f->loop, it_shared_redis());

    assert_string_equal(it_say(&f->loop, c, "PING").text, "PONG");
    resp_conn_close(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_shared),          TEST(test_pipeline),
        TEST(test_several_replies), TEST(test_deadline),
        TEST(test_idle_ping),       TEST(test_restart),
        TEST(test_close_answers),   TEST(test_nobody_home),
        TEST(test_password),        TEST(test_nonsense),
        TEST(test_probe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
