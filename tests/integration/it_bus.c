/* The bus port on a real Redis: topics come and go, and messages reach who
 * wants them. */
#include "tests/integration/bus_env.h"

static void test_topics(void **state) {
    struct fixture *f = *state;

    assert_int_equal(publish(f, user_topic(1), "nobody", true), RC_OK);
    subscribe(f, user_topic(1));
    subscribe(f, (struct topic){TOPIC_CONV, 1});
    assert_int_equal(publish(f, user_topic(1), "durable", true), RC_OK);
    assert_heard(f, "durable");
    assert_int_equal(publish(f, user_topic(1), "fleeting", false), RC_OK);
    assert_heard(f, "fleeting");
    assert_int_equal(publish(f, user_topic(2), "not ours", true), RC_OK);
    assert_silence(f);
    f->to->ops->unsubscribe(f->to, user_topic(1));
    it_run_for(&f->loop, 50);
    assert_int_equal(publish(f, user_topic(1), "too late", true), RC_OK);
    assert_silence(f);
    assert_int_equal(publish(f, (struct topic){TOPIC_CONV, 1}, "still", true),
                     RC_OK);
    assert_heard(f, "still");
    assert_int_equal(bus_redis_stats(f->to)->topics, 1);
    assert_int_equal(bus_redis_stats(f->from)->published, 6);
}

/* One publish to many topics; and one to none, which is done at once. */
static void test_many_topics(void **state) {
    struct fixture *f = *state;
    struct done *all = mem_new_array(TOPICS, sizeof(*all));
    struct topic *topics = mem_new_array(TOPICS, sizeof(*topics));
    struct done sent = {.answered = false};

    for (uint64_t i = 0; i < TOPICS; i++) {
        topics[i] = user_topic(i + 1);
        f->to->ops->subscribe(f->to, topics[i], on_done, &all[i]);
    }
    /* Confirmations come partition by partition. */
    for (size_t i = 0; i < TOPICS; i++) {
        assert_true(
            it_until(&f->loop, it_is_set, &all[i].answered, IT_PATIENCE_MS));
        assert_int_equal(all[i].rc, RC_OK);
    }
    f->from->ops->publish(f->from, topics, TOPICS, SLICE_LIT("to all"), true,
                          on_done, &sent);
    assert_true(it_until(&f->loop, it_is_set, &sent.answered, IT_PATIENCE_MS));
    assert_int_equal(sent.rc, RC_OK);
    it_run_for(&f->loop, 50);
    assert_int_equal(f->heard.messages, TOPICS);
    sent.answered = false;
    f->from->ops->publish(f->from, NULL, 0, SLICE_LIT("to none"), true, on_done,
                          &sent);
    assert_true(it_until(&f->loop, it_is_set, &sent.answered, IT_PATIENCE_MS));
    assert_int_equal(sent.rc, RC_OK);
    for (size_t i = 0; i < TOPICS; i++) {
        assert_int_equal(all[i].answers, 1);
        f->to->ops->unsubscribe(f->to, topics[i]);
    }
    it_run_for(&f->loop, 50);
    assert_int_equal(bus_redis_stats(f->to)->topics, 0);
    mem_free(topics);
    mem_free(all);
}

/* Users who come and go within one turn, or before Redis has answered. */
static void test_flapping(void **state) {
    struct fixture *f = *state;
    const struct bus_ops *ops = f->to->ops;
    struct done d[4] = {{0}};

    ops->subscribe(f->to, user_topic(1), on_done, &d[0]);
    ops->unsubscribe(f->to, user_topic(1)); /* never asked for */
    ops->subscribe(f->to, user_topic(1), on_done, &d[1]);
    it_run_for(&f->loop, 0); /* asked, not answered */
    ops->unsubscribe(f->to, user_topic(1));
    ops->subscribe(f->to, user_topic(1), on_done, &d[2]);
    assert_true(it_until(&f->loop, it_is_set, &d[2].answered, IT_PATIENCE_MS));
    assert_int_equal(d[0].rc, RC_CLOSED);
    assert_int_equal(d[2].rc, RC_OK);
    assert_int_equal(publish(f, user_topic(1), "hello", true), RC_OK);
    assert_heard(f, "hello");
    ops->unsubscribe(f->to, user_topic(1));
    ops->subscribe(f->to, user_topic(1), on_done, &d[3]);
    assert_true(it_until(&f->loop, it_is_set, &d[3].answered, IT_PATIENCE_MS));
    assert_int_equal(publish(f, user_topic(1), "again", true), RC_OK);
    assert_heard(f, "again");
    for (size_t i = 0; i < COUNT_OF(d); i++) {
        assert_int_equal(d[i].answers, 1);
    }
}

static void test_not_connected(void **state) {
    struct fixture *f = *state;
    struct done d[2] = {{0}};
    struct topic topic = user_topic(1);

    it_redis_kill(&f->redis);
    it_run_for(&f->loop, 20);
    assert_false(f->from->ops->ready(f->from));
    assert_int_equal(publish(f, topic, "nobody", true), RC_AGAIN);
    /* Subscribing is remembered. */
    f->to->ops->subscribe(f->to, topic, on_done, &d[0]);
    it_run_for(&f->loop, 20);
    assert_false(d[0].answered);
    it_redis_start(&f->redis);
    assert_true(it_until(&f->loop, it_is_set, &d[0].answered, IT_PATIENCE_MS));
    assert_int_equal(d[0].rc, RC_OK);
    assert_true(it_until(&f->loop, is_ready, f->from, IT_PATIENCE_MS));
    assert_int_equal(publish(f, topic, "hello", true), RC_OK);
    assert_heard(f, "hello");

    f->from->ops->publish(f->from, &topic, 1, SLICE_LIT("bye"), true, on_done,
                          &d[1]);
    bus_redis_close(&f->from);
    assert_true(d[1].answered && d[1].rc == RC_CLOSED);
    d[1].answered = false;
    f->to->ops->subscribe(f->to, user_topic(2), on_done, &d[1]);
    bus_redis_close(&f->to);
    assert_true(d[1].answered && d[1].rc == RC_CLOSED);
    assert_int_equal(d[0].answers, 1);
    assert_int_equal(d[1].answers, 2);
}

/* The shared server is one of ours, too. */
static void test_shared(void **state) {
    struct fixture *f = *state;
    struct redis_config config = it_shared_redis();
    struct bus *bus = NULL;

    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_OK);
    bus->events = &events;
    bus->owner = &f->heard;
    assert_true(it_until(&f->loop, is_ready, bus, IT_PATIENCE_MS));
    bus_redis_close(&f->to);
    f->to = bus;
    subscribe(f, (struct topic){TOPIC_GATEWAY,
                                1 + rand_below(&f->loop.rand, UINT32_MAX)});
    config.address = "nowhere at all";
    bus = NULL;
    assert_int_equal(bus_redis_open(&bus, &f->loop, &config), RC_BAD_INPUT);
    assert_null(bus);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_shared),   TEST(test_topics),        TEST(test_many_topics),
        TEST(test_flapping), TEST(test_not_connected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
