/* A bus in memory for tests: one broker, any number of participants, each
 * with its own `struct bus`. Nothing happens until the test says so: what was
 * published, subscribed and confirmed waits for fake_bus_turn. The broker can
 * lose, repeat and refuse, by the numbers of a seed or by order.
 *
 *     struct fake_bus *f = fake_bus_new(seed);
 *     struct bus *a = fake_bus_join(f);
 *     a->events = &events, a->owner = me;
 *     a->ops->subscribe(a, topic, on_subscribed, me);
 *     fake_bus_settle(f);
 *
 * As Redis does, it delivers a message to its publisher too when that one
 * subscribes to the topic; and it keeps the order of all publishes. */
#ifndef MOIM_TESTS_FAKE_BUS_H
#define MOIM_TESTS_FAKE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"
#include "proto/base/slice.h"
#include "proto/wire/topic.h"

struct fake_bus;

struct fake_bus *fake_bus_new(uint64_t seed) MUST_CHECK;
/* Frees the broker and every participant; callbacks that wait never come. */
void fake_bus_free(struct fake_bus **f);

/* A new participant, connected. It lives until fake_bus_free; the caller sets
 * `events` and `owner` before the first turn. */
struct bus *fake_bus_join(struct fake_bus *f) MUST_CHECK;
/* As kill -9 does: from now on it hears nothing, not even a callback. What it
 * published before is still delivered. */
void fake_bus_kill(struct bus *end);

/* Delivers and confirms what was asked before this call; what the callbacks
 * ask for waits for the next turn. Answers how much was done; 0: idle. */
size_t fake_bus_turn(struct fake_bus *f);
/* Turns until idle; fails the test when there is no end to it. */
void fake_bus_settle(struct fake_bus *f);

/* Of 100 deliveries to a participant, how many of messages that are not
 * durable are lost, and how many of all come twice in a row. */
void fake_bus_lose(struct fake_bus *f, unsigned percent);
void fake_bus_repeat(struct fake_bus *f, unsigned percent);
/* The next `count` publishes of this participant confirm with `rc` and reach
 * nobody. */
void fake_bus_fail(struct bus *end, enum rc rc, size_t count);
/* The connection is gone: publishing answers RC_AGAIN, nothing is heard.
 * Durable messages wait for the repair, the others are lost. */
void fake_bus_cut(struct bus *end);
/* It is back: the durable messages that waited come with the next turn; or,
 * when the log was `trimmed` meanwhile, they are lost and on_gap tells each
 * partition of topics that missed any. */
void fake_bus_heal(struct bus *end, bool trimmed);
/* on_gap for `partition` at the next turn, out of the blue. */
void fake_bus_gap(struct bus *end, unsigned partition);

/* True when the participant's subscription of `topic` is in force. */
bool fake_bus_subscribed(const struct bus *end, struct topic topic);

/* What was published and accepted so far, oldest first, one for each topic. */
struct fake_bus_sent {
    const struct bus *from;
    struct topic topic;
    struct slice msg; /* borrowed until fake_bus_forget or fake_bus_free */
    bool durable;
};

/* Recording is off at first; a long simulation leaves it off. */
void fake_bus_record(struct fake_bus *f, bool on);
size_t fake_bus_sent_count(const struct fake_bus *f);
/* The i-th; i is below the count. */
const struct fake_bus_sent *fake_bus_sent(const struct fake_bus *f, size_t i);
/* The last one sent to `topic`, or NULL. */
const struct fake_bus_sent *fake_bus_last(const struct fake_bus *f,
                                          struct topic topic);
void fake_bus_forget(struct fake_bus *f);

#endif
