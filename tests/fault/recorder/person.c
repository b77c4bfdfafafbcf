/* A person's session: coming, hearing, going. */
#include "tests/fault/recorder/person.h"

#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "tests/fault/recorder/person_parts.h"

enum {
    CONNECT_MS = 4000,
    BACKOFF_LEAST_MS = 50,
    BACKOFF_SPAN_MS = 350,
    TALKERS_MOST = 4, /* in one conversation; the others listen */
    LOOK_MS = 500,    /* between two looks whether something hangs */
};

static uint64_t now_ms(const struct person *p) {
    return p->show->loop.clock.mono_ms;
}

uint32_t person_ms(const struct person *p) {
    return (uint32_t)(now_ms(p) - p->show->start_ms);
}

void person_note(struct person *p, enum record_kind kind, uint32_t conv,
                 uint64_t seq, uint64_t mark) {
    record_add(&p->show->record, &(struct record_line){
                                     .kind = (uint8_t)kind,
                                     .person = p->number,
                                     .conv = conv,
                                     .seq = (uint32_t)seq,
                                     .ms = person_ms(p),
                                     .mark = mark,
                                 });
}

void person_drop(struct person *p) {
    if (p->client != NULL) {
        ws_client_close(p->client, 1000);
    }
}

void person_say(struct person *p, const struct buf *text) {
    if (p->client == NULL || !p->ready) {
        return;
    }
    if (ws_client_send(p->client, buf_slice(text)) == RC_LIMIT) {
        person_drop(p);
    }
}

struct lane *person_lane(struct person *p, struct slice conv) {
    uint64_t id;

    if (!id_parse(conv, &id)) {
        return NULL;
    }
    for (size_t i = 0; i < p->lane_count; i++) {
        if (p->show->cast.convs[p->lanes[i].conv].id.v == id) {
            return &p->lanes[i];
        }
    }
    return NULL;
}

/* ---- what comes ---- */

static uint64_t number_of(const struct json_doc *d, const char *name) {
    size_t at = json_member(d, 0, name);
    uint64_t v = 0;

    return at != 0 && json_u64(d, at, &v) ? v : 0;
}

/* "s": a sync, "h": a page of history, a number: the send of that lane. */
static void take_answer(struct person *p, const struct json_doc *d,
                        struct slice type) {
    struct slice id = json_text(d, json_member(d, 0, "id"));
    uint64_t lane;

    if (slice_is(type, "synced")) {
        read_synced(p, d);
    } else if (slice_is(type, "history")) {
        read_page(p, d);
    } else if (slice_is(id, "s")) {
        p->syncing = false; /* asked again by the look */
    } else if (slice_is(id, "h")) {
        p->reading = false;
    } else if (slice_to_u64(id, &lane) && lane < p->lane_count) {
        if (!slice_is(type, "ack") &&
            json_member(d, 0, "retry_after_ms") == 0) {
            fprintf(stderr, "moim-recorder: refused: %.*s\n", (int)d->text.n,
                    (const char *)d->text.p);
        }
        lane_answered(&p->lanes[lane], slice_is(type, "ack"),
                      number_of(d, "seq"), number_of(d, "retry_after_ms"));
    }
}

static void on_text(void *owner, struct slice text) {
    struct person *p = owner;
    struct json_doc *d = &p->show->doc;
    struct slice type;

    if (json_read(d, text) != RC_OK) {
        fprintf(stderr, "moim-recorder: not JSON: %.*s\n", (int)text.n,
                (const char *)text.p);
        return;
    }
    type = json_text(d, json_member(d, 0, "type"));
    if (slice_is(type, "event")) {
        lane_see(p, d, 0, false);
        return;
    }
    if (slice_is(type, "ready")) {
        p->ready = true;
        for (size_t i = 0; i < p->lane_count; i++) {
            p->lanes[i].behind = true;
        }
        read_sync(p);
    } else if (slice_is(type, "resync")) {
        person_note(p, RECORD_TOLD, 0, 0, 0);
        person_sync_all(p);
    } else if (json_member(d, 0, "id") != 0) {
        take_answer(p, d, type);
    }
}

/* ---- coming and going ---- */

static void connect_later(struct person *p) {
    loop_timer(&p->show->loop, &p->timer,
               BACKOFF_LEAST_MS +
                   rand_below(&p->show->loop.rand, BACKOFF_SPAN_MS));
}

static void on_open(void *owner) {
    (void)owner; /* `ready` counts */
}

static void on_closed(void *owner, unsigned status, uint16_t code,
                      struct slice reason) {
    struct person *p = owner;

    (void)reason;
    person_note(p, RECORD_CLOSED, 0, 0, status != 0 ? status : code);
    p->client = NULL;
    p->ready = false;
    p->live = false;
    p->syncing = false;
    p->reading = false;
    for (size_t i = 0; i < p->lane_count; i++) {
        lane_lost(&p->lanes[i]);
    }
    if (p->show != NULL && p->lane_count > 0) {
        connect_later(p);
    }
}

static const struct ws_client_events client_events = {
    .on_open = on_open,
    .on_text = on_text,
    .on_closed = on_closed,
};

static void come(struct person *p) {
    struct buf header;

    buf_init(&header);
    buf_addf(&header, "Authorization: Bearer %s\r\n",
             p->show->cast.persons[p->number].token);
    buf_add_byte(&header, '\0');
    if (ws_client_open(&p->client, &p->show->loop,
                       &(struct ws_client_config){
                           .address = p->show->address,
                           .host = "moim",
                           .path = "/v1/ws",
                           .protocols = "moim.v1.lines, moim.v1",
                           .headers = (const char *)header.p,
                           .timeout_ms = CONNECT_MS,
                       },
                       &client_events, p) != RC_OK) {
        connect_later(p);
    }
    buf_fini(&header);
}

static bool late(const struct person *p, uint64_t asked_ms) {
    return now_ms(p) - asked_ms > ANSWER_MS;
}

static bool hangs(const struct person *p) {
    bool hung = (p->syncing || p->reading) && late(p, p->asked_ms);

    for (size_t i = 0; i < p->lane_count && p->ready; i++) {
        hung = hung || (p->lanes[i].asked && late(p, p->lanes[i].asked_ms));
    }
    return hung;
}

static void on_timer(struct wheel_timer *t) {
    struct person *p = CONTAINER_OF(t, struct person, timer);

    if (p->client == NULL) {
        come(p);
    } else if (hangs(p)) {
        person_note(p, RECORD_HUNG, 0, 0, 0);
        person_drop(p);
    } else {
        read_sync(p);
    }
    if (!wheel_is_set(t)) {
        loop_timer(&p->show->loop, t, LOOK_MS);
    }
}

/* The person's place among the members; their number when it has none. */
static size_t place_in(const struct cast_conv *conv, size_t number) {
    size_t k = 0;

    while (k < conv->count && conv->members[k] != number) {
        k++;
    }
    return k;
}

static void make_lanes(struct person *p, const struct cast *c) {
    p->lanes = mem_new_array(c->conv_count, sizeof(*p->lanes));
    for (uint32_t i = 0; i < c->conv_count; i++) {
        size_t place = place_in(&c->convs[i], p->number);

        if (place < c->convs[i].count) {
            p->lanes[p->lane_count++] = (struct lane){
                .person = p, .conv = i, .talks = place < TALKERS_MOST};
        }
    }
}

void person_start(struct person *p, struct show *show, size_t number) {
    *p = (struct person){.show = show, .number = (uint16_t)number};
    wheel_timer_init(&p->timer, on_timer);
    make_lanes(p, &show->cast);
    for (size_t i = 0; i < p->lane_count; i++) {
        lane_start(&p->lanes[i]);
    }
    come(p);
    loop_timer(&show->loop, &p->timer, LOOK_MS);
}

void person_sync_all(struct person *p) {
    for (size_t i = 0; i < p->lane_count; i++) {
        p->lanes[i].behind = true;
    }
    read_sync(p);
}

bool person_busy(const struct person *p) {
    bool busy = p->lane_count > 0 && (!p->live || p->syncing || p->reading);

    for (size_t i = 0; i < p->lane_count; i++) {
        busy = busy || p->lanes[i].open || p->lanes[i].behind;
    }
    return busy;
}

void person_stop(struct person *p) {
    wheel_cancel(&p->timer);
    for (size_t i = 0; i < p->lane_count; i++) {
        wheel_cancel(&p->lanes[i].timer);
        mem_free(p->lanes[i].marks);
        mem_free(p->lanes[i].times);
    }
    p->lane_count = 0;
    person_drop(p);
}

void person_fini(struct person *p) {
    mem_free(p->lanes);
}
