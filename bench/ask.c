#include "bench/ask.h"

#include <assert.h>
#include <string.h>

#include "bench/people.h"
#include "proto/base/macros.h"
#include "proto/wire/json_write.h"

enum {
    DIGITS = 12, /* of a message's number in its text */
    STRIDE = 37, /* shares no factor with 100, so it visits all of them */
    PAGE = 50,
};

const struct ask_mix ask_sends = {.share = {[ASK_SEND] = 100}};
const struct ask_mix ask_crowd = {
    .share = {[ASK_SEND] = 99, [ASK_SEND_GROUP] = 1}};
const struct ask_mix ask_pages = {.share = {[ASK_PAGE] = 100}};
/* Most is read and typed; of five messages one goes to a group. */
const struct ask_mix ask_day = {.share = {[ASK_SEND] = 32,
                                          [ASK_SEND_GROUP] = 8,
                                          [ASK_PAGE] = 8,
                                          [ASK_READ] = 25,
                                          [ASK_TYPING] = 20,
                                          [ASK_LIST] = 2,
                                          [ASK_PRESENCE] = 5}};

enum ask ask_kind(const struct ask_mix *mix, uint64_t n) {
    unsigned place = (unsigned)(n * STRIDE % 100);

    for (size_t i = 0; i < ASK_COUNT; i++) {
        if (place < mix->share[i]) {
            return (enum ask)i;
        }
        place -= mix->share[i];
    }
    assert(0); /* the shares are 100 in all */
    return ASK_SEND;
}

bool ask_is_send(enum ask kind) {
    return kind == ASK_SEND || kind == ASK_SEND_GROUP;
}

static void put_name(uint64_t run, struct buf *out) {
    for (int shift = 60; shift >= 0; shift -= 4) {
        buf_add_byte(out, (uint8_t) "0123456789abcdef"[run >> shift & 15]);
    }
    buf_add_byte(out, '-');
}

static void put_conv(const struct ask_command *c, struct buf *out) {
    buf_add_str(out, ",\"conv\":");
    json_put_id(out, c->kind == ASK_SEND_GROUP
                         ? people_group(c->sender / c->members).v
                         : people_conv(c->sender).v);
}

/* The client shares the processor with what it measures: no printf. */
static void put_text(const struct ask_command *c, struct buf *out) {
    size_t n = c->text_bytes - 1 - DIGITS;
    uint8_t *room;

    assert(c->text_bytes > 1 + DIGITS);
    buf_add_str(out, ",\"msg\":\"");
    put_name(c->run, out);
    buf_add_u64(out, c->n);
    buf_add_str(out, "\",\"text\":\"m");
    room = buf_room(out, DIGITS + n);
    for (uint64_t i = DIGITS, rest = c->n; i > 0; i--, rest /= 10) {
        room[i - 1] = (uint8_t)('0' + rest % 10);
    }
    memset(room + DIGITS, '.', n);
    out->n += DIGITS + n;
    buf_add_byte(out, '"');
}

static void put_peer(const struct ask_command *c, struct buf *out) {
    buf_add_str(out, ",\"users\":[");
    json_put_id(out, people_user(c->sender ^ 1).v);
    buf_add_byte(out, ']');
}

static void put_limit(const struct ask_command *c, struct buf *out) {
    put_conv(c, out);
    buf_add_str(out, ",\"limit\":");
    buf_add_u64(out, PAGE);
}

static void put_seq(const struct ask_command *c, struct buf *out) {
    put_conv(c, out);
    buf_add_str(out, ",\"seq\":1");
}

static void put_message(const struct ask_command *c, struct buf *out) {
    put_conv(c, out);
    put_text(c, out);
}

static void put_nothing(const struct ask_command *c, struct buf *out) {
    (void)c;
    (void)out;
}

void ask_write(const struct ask_command *c, struct buf *out) {
    static const struct {
        const char *type;
        void (*put_fields)(const struct ask_command *c, struct buf *out);
    } kinds[] = {
        [ASK_SEND] = {"send", put_message},
        [ASK_SEND_GROUP] = {"send", put_message},
        [ASK_PAGE] = {"history", put_limit},
        [ASK_READ] = {"read", put_seq},
        [ASK_TYPING] = {"typing", put_conv},
        [ASK_LIST] = {"conversations", put_nothing},
        [ASK_PRESENCE] = {"presence.query", put_peer},
    };

    buf_add_str(out, "{\"type\":\"");
    buf_add_str(out, kinds[c->kind].type);
    buf_add_str(out, "\",\"id\":\"");
    buf_add_u64(out, c->n);
    buf_add_byte(out, '"');
    kinds[c->kind].put_fields(c, out);
    buf_add_byte(out, '}');
}
