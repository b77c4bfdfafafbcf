/* What a message costs, in instructions: each cost_* function does one step
 * of its way with a fixed input, a hundred times. tests/cost/run.sh counts
 * them under callgrind and compares with limits.txt. */
#include <assert.h>
#include <string.h>

#include "chat-core/deliver.h"
#include "chat-core/event.h"
#include "chat-core/say.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/wire/bus_msg.h"
#include "proto/wire/client_msg.h"
#include "proto/wire/resp.h"
#include "proto/wire/topic.h"
#include "proto/wire/ws.h"
#include "proto/wire/ws_msg.h"
#include "tests/fakes/world.h"

enum {
    REPEATS = 100,
    PAGE = 50,
};

#define COST __attribute__((noinline)) static void
#define ID_A "0d5vk8f2c0001"
#define ID_B "0d5vk8f2c0002"
#define TEXT                                                                   \
    "A message as people write them: some words, a little punctuation, and "   \
    "nothing that has to be escaped. It has 128 bytes, to the dot..."
#define SEND                                                                   \
    "{\"type\":\"send\",\"id\":\"12345\",\"conv\":\"" ID_A                     \
    "\",\"msg\":\"0123456789abcdef-12345\",\"text\":\"" TEXT "\"}"
#define STORED                                                                 \
    "\"ts\":1793880000000,\"from\":\"" ID_B                                    \
    "\",\"kind\":\"message\",\"msg\":\"0123456789abcdef-12345\",\"body\":"     \
    "{\"text\":\"" TEXT "\"}}"

struct bench {
    struct json_doc doc;
    struct ws_msg ws;
    struct resp_reader replies;
    struct world world;
    struct ear ear;
    struct buf stored;
    struct buf event;
    struct buf msg;
    struct buf pushes;
    struct buf page;
};

/* ---- the stores' ends, which remember one call and answer it ---- */

struct end {
    struct history history;
    struct bus bus;
    history_appended_fn appended;
    bus_done_fn published;
    void *ctx;
    uint64_t seq;
};

static struct end end;

/* The ports have so many parameters.
 * NOLINTBEGIN(readability-function-size) */
static void end_append(struct history *h, const struct history_append *in,
                       history_appended_fn done, void *ctx) {
    (void)h;
    (void)in;
    end.appended = done;
    end.ctx = ctx;
}

static void end_publish(struct bus *bus, const struct topic *topics,
                        size_t count, struct slice msg, bool durable,
                        bus_done_fn done, void *ctx) {
    (void)bus;
    (void)topics;
    (void)count;
    (void)msg;
    (void)durable;
    end.published = done;
    end.ctx = ctx;
}
/* NOLINTEND(readability-function-size) */

static const struct history_ops end_history = {.append = end_append};
static const struct bus_ops end_bus = {.publish = end_publish};

/* ---- the steps ---- */

/* A masked frame comes in and is unmasked. */
COST cost_frame(struct bench *b) {
    static const uint8_t mask[WS_MASK_LEN] = {1, 2, 3, 4};
    const struct ws_limits limits = WS_LIMITS_DEFAULT;
    uint8_t bytes[512];
    struct ws_input in = {.now_ms = 1};
    struct ws_unit unit;
    enum ws_event got;
    size_t n = ws_head_write(bytes, WS_OP_TEXT, true, sizeof(SEND) - 1, mask);

    memcpy(bytes + n, SEND, sizeof(SEND) - 1);
    ws_mask(bytes + n, sizeof(SEND) - 1, mask, 0);
    in.p = bytes;
    in.n = n + sizeof(SEND) - 1;
    got = ws_msg_next(&b->ws, &limits, &in, &unit);
    assert(got == WS_TEXT && unit.body.n == sizeof(SEND) - 1);
    got = ws_msg_next(&b->ws, &limits, &in, &unit);
    assert(got == WS_NONE);
    (void)got;
}

/* Its JSON is read and its fields are taken. */
COST cost_command(struct bench *b) {
    struct client_msg msg;
    struct client_fields f;
    enum client_error e = client_msg_read(&b->doc, SLICE_LIT(SEND), &msg);

    assert(e == CLIENT_OK);
    (void)e;
    client_fields_init(&f, &msg);
    assert(client_field_id(&f, "conv") != 0);
    assert(client_field_msg_id(&f, "msg").n > 0);
    assert(client_field_body(&f, "text").n == sizeof(TEXT) - 1);
}

static void store(struct bench *b) {
    buf_clear(&b->stored);
    event_store(&b->stored,
                &(struct event){.ts_ms = 1793880000000,
                                .from = {7},
                                .kind = "message",
                                .name = SLICE_LIT("0123456789-1"),
                                .body = SLICE_LIT("{\"text\":\"" TEXT "\"}")});
}

/* The event as it is stored, and as it is told. */
COST cost_event(struct bench *b) {
    store(b);
    buf_clear(&b->event);
    event_text(&b->event, (struct conv_id){100}, (struct msg_seq){345},
               buf_slice(&b->stored));
}

/* The same for the bus, and back. */
COST cost_bus(struct bench *b) {
    struct bus_msg msg = {.kind = BUS_EVENT,
                          .u.event = {.conv = {100},
                                      .seq = {345},
                                      .mver = {1},
                                      .from = {7},
                                      .client = buf_slice(&b->event)}};
    struct topic topic = {TOPIC_USER, 7};
    enum rc rc;
    bool ok;

    buf_clear(&b->msg);
    bus_msg_encode(&b->msg, &msg);
    rc = bus_msg_decode(buf_slice(&b->msg), &msg);
    ok = topic_parse(slice_str(topic_text(topic).s), &topic);
    assert(rc == RC_OK && ok);
    (void)rc;
    (void)ok;
}

/* To Redis: the arguments of an append, and a publish. */
COST cost_redis_out(struct bench *b) {
    const struct slice args[] = {
        SLICE_LIT("{c" ID_A "}meta"),
        SLICE_LIT("0123456789a1793880000000\0001\0000\000" ID_B
                  ":0123456789-1"),
        SLICE_LIT(STORED)};

    buf_clear(&b->pushes);
    resp_command(&b->pushes, args, COUNT_OF(args));
    resp_command(&b->pushes,
                 (struct slice[]){SLICE_LIT("SPUBLISH"),
                                  SLICE_LIT("{p7}user:" ID_B),
                                  buf_slice(&b->msg)},
                 3);
}

/* From Redis: a message of a topic. */
COST cost_redis_in(struct bench *b) {
    struct resp reply;
    enum parse got;

    resp_reader_feed(&b->replies, buf_slice(&b->pushes));
    got = resp_reader_next(&b->replies, &reply);
    assert(got == PARSE_OK && resp_has(&reply, 3));
    got = resp_reader_next(&b->replies, &reply);
    assert(got == PARSE_OK && resp_has(&reply, 3));
    resp_reader_release(&b->replies);
    (void)got;
}

static void on_said(void *ctx, enum rc rc, const struct said *said) {
    (void)ctx;
    assert(rc == RC_OK && said->seq.v == end.seq);
    (void)rc;
    (void)said;
}

/* The whole of chat-core's part, the stores answering at once. */
COST cost_say(struct bench *b) {
    struct history_appended stored = {.seq = {++end.seq}, .ts_ms = 1};

    say(&b->world.gates[0].core,
        &(struct say){.conv = {100},
                      .from = {1},
                      .kind = "message",
                      .name = SLICE_LIT("0123456789abcdef-12345"),
                      .body = SLICE_LIT("{\"text\":\"" TEXT "\"}")},
        on_said, NULL);
    end.appended(end.ctx, RC_OK, &stored);
    end.published(end.ctx, RC_OK);
}

/* A message of a topic goes to the session that is here. */
COST cost_deliver(struct bench *b) {
    deliver_bus_events.on_message(&b->world.gates[0].core,
                                  (struct topic){TOPIC_USER, 1},
                                  buf_slice(&b->msg));
}

/* ---- */

static void bench_open(struct bench *b) {
    struct core *core = &b->world.gates[0].core;

    json_doc_init(&b->doc);
    ws_msg_init(&b->ws, WS_FROM_CLIENT);
    resp_reader_init(&b->replies);
    world_open(&b->world);
    fake_directory_users(b->world.directory, 1, 2);
    fake_directory_group(b->world.directory, (struct conv_id){100}, 1, 2);
    ear_join(&b->world, &b->ear, 0, 1);
    world_settle(&b->world);
    end.history.ops = &end_history;
    end.bus.ops = &end_bus;
    core->history = &end.history;
}

static void bench_page(struct bench *b) {
    struct slice events[PAGE];

    store(b);
    for (size_t i = 0; i < PAGE; i++) {
        events[i] = buf_slice(&b->stored);
    }
    resp_command(&b->page, events, PAGE);
}

/* The conversation's members are asked for once. */
static void bench_warm(struct bench *b) {
    struct core *core = &b->world.gates[0].core;

    say(core,
        &(struct say){.conv = {100},
                      .from = {1},
                      .kind = "message",
                      .name = SLICE_LIT("first"),
                      .body = SLICE_LIT("{}")},
        on_said, NULL);
    world_settle(&b->world);
    core->bus = &end.bus;
    end.seq = 1;
    end.appended(end.ctx, RC_OK,
                 &(struct history_appended){.seq = {1}, .ts_ms = 1});
    end.published(end.ctx, RC_OK);
}

/* A page of 50 from Redis, as a client gets it. */
COST cost_page(struct bench *b) {
    struct slice events[PAGE];
    struct resp reply;
    enum parse got;

    buf_clear(&b->event);
    resp_reader_feed(&b->replies, buf_slice(&b->page));
    got = resp_reader_next(&b->replies, &reply);
    assert(got == PARSE_OK && resp_has(&reply, PAGE));
    for (size_t i = 0; i < PAGE; i++) {
        events[i] = reply.items[i].str;
    }
    event_texts(&b->event, (struct conv_id){100}, (struct msg_seq){345}, events,
                PAGE);
    resp_reader_release(&b->replies);
    (void)got;
}

static void (*const steps[])(struct bench *b) = {
    cost_frame,    cost_command, cost_event,   cost_bus,  cost_redis_out,
    cost_redis_in, cost_say,     cost_deliver, cost_page,
};

int main(void) {
    static struct bench b;

    bench_open(&b);
    bench_warm(&b);
    bench_page(&b);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        for (int n = 0; n < REPEATS; n++) {
            steps[i](&b);
        }
    }
    return 0; /* the kernel frees; what is measured is over */
}
