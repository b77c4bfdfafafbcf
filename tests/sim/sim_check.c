/* What has to hold. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

#include "chat-core/event.h"
#include "chat-core/interval.h"
#include "proto/base/hash.h"
#include "proto/wire/bus_msg.h"

static const struct fake_stored *stored(const struct sim *s, size_t conv,
                                        uint64_t seq) {
    return fake_history_at(s->history, sim_conv(conv), seq);
}

/* It was said while he was out. */
static bool in_gap(const struct sim *s, size_t conv, struct user_id user,
                   uint64_t seq) {
    struct member_row row =
        fake_directory_row(s->directory, sim_conv(conv), user);

    for (size_t i = 0; i < row.gap_count; i++) {
        if (seq >= row.gaps[i].first.v && seq <= row.gaps[i].last.v) {
            return true;
        }
    }
    return false;
}

static void put_text(struct buf *out, size_t conv, uint64_t seq,
                     struct slice event) {
    buf_clear(out);
    event_text(out, sim_conv(conv), (struct msg_seq){seq}, event);
}

/* I3: what is shown is what is stored there, byte for byte; so nothing is
 * shown before it is stored. Or nothing, of what was said while he was out. */
bool sim_check_text(struct sim *s, const struct sim_client *c, size_t conv,
                    uint64_t seq, struct slice text) {
    bool veiled;
    struct buf want;

    if (seq > fake_history_head(s->history, sim_conv(conv))) {
        sim_fail(s, "I3 shown but not stored", conv, seq, c->user.v);
        return true;
    }
    buf_init(&want);
    put_text(&want, conv, seq, (struct slice){NULL, 0});
    veiled = in_gap(s, conv, c->user, seq) && slice_eq(buf_slice(&want), text);
    put_text(&want, conv, seq, stored(s, conv, seq)->event);
    if (!veiled && !slice_eq(buf_slice(&want), text)) {
        sim_fail(s, "I3 not what is stored", conv, seq, c->user.v);
    }
    s->digest += hash_fnv1a(text) * (c->index + 1);
    buf_fini(&want);
    return veiled;
}

/* The event is about this user's own coming or going. */
static bool is_his_own(const struct fake_stored *e, struct user_id user) {
    return e->name[0] == '.' && strlen(e->name) > 3 &&
           strncmp(e->name + 3, id_text(user.v).s, ID_TEXT_LEN) == 0;
}

static bool was_member(const struct sim *s, size_t conv, struct user_id user,
                       struct member_version version) {
    return fake_directory_was_member(s->directory, sim_conv(conv), user,
                                     version);
}

/* His own event of that change stands at `seq` or before. */
static bool change_stands(const struct sim *s, size_t conv, struct user_id user,
                          struct member_version version, uint64_t seq) {
    char name[HISTORY_NAME_MAX];

    snprintf(name, sizeof(name), ".%d.%s.%llu", (int)MEMBER_ADDED,
             id_text(user.v).s, (unsigned long long)version.v);
    for (uint64_t i = 1; i <= seq; i++) {
        if (strcmp(stored(s, conv, i)->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A member as of that version, and what made him one stands before the event.
 */
static bool was_in(const struct sim *s, size_t conv, struct user_id user,
                   const struct fake_stored *e, uint64_t seq) {
    struct member_version came =
        fake_directory_came(s->directory, sim_conv(conv), user, e->mver);

    return came.v == 1 ||
           (came.v != 0 && change_stands(s, conv, user, came, seq));
}

/* In the interval that the directory says now. */
static bool in_interval(const struct sim *s, size_t conv, struct user_id user,
                        uint64_t seq) {
    struct member_row row =
        fake_directory_row(s->directory, sim_conv(conv), user);

    return interval_holds(&row, (struct msg_seq){seq});
}

/* He was a member at some time after it was said, and it does not stand before
 * his interval. What was sent to him then may come when he is out again. */
static bool was_reader(const struct sim *s, size_t conv, struct user_id user,
                       uint64_t seq) {
    struct conv_id id = sim_conv(conv);
    uint64_t from = fake_directory_from(s->directory, id, user);
    uint64_t last = fake_directory_version(s->directory, id).v;
    bool ever = false;

    for (uint64_t v = stored(s, conv, seq)->mver.v; v <= last && !ever; v++) {
        ever = was_member(s, conv, user, (struct member_version){v});
    }
    return ever && from != 0 && seq >= from && !in_gap(s, conv, user, seq);
}

/* I6 for what came by itself. */
void sim_check_shown(struct sim *s, const struct sim_client *c, size_t conv,
                     uint64_t seq) {
    const struct fake_stored *e;

    if (s->failed) {
        return;
    }
    e = stored(s, conv, seq);
    if (!was_in(s, conv, c->user, e, seq) && !is_his_own(e, c->user) &&
        !in_interval(s, conv, c->user, seq) &&
        !was_reader(s, conv, c->user, seq)) {
        sim_fail(s, "I6 shown to a stranger", conv, seq, c->user.v);
    }
}

/* I6 for pages, which are exact. */
void sim_check_page(struct sim *s, const struct sim_client *c, size_t conv,
                    uint64_t seq) {
    if (!s->failed && !in_interval(s, conv, c->user, seq) &&
        !was_reader(s, conv, c->user, seq)) {
        sim_fail(s, "I6 on a stranger's page", conv, seq, c->user.v);
    }
}

/* ---- in the end ---- */

/* How often the message stands in the history; its last seq. */
static size_t find(const struct sim *s, const struct sim_message *m,
                   uint64_t *seq) {
    uint64_t head = fake_history_head(s->history, sim_conv(m->conv));
    size_t count = 0;

    for (uint64_t i = 1; i <= head; i++) {
        const struct fake_stored *e = stored(s, m->conv, i);

        if (e->from.v == m->client->user.v && strcmp(e->name, m->name) == 0) {
            *seq = i;
            count++;
        }
    }
    return count;
}

/* I2 for one event of a client: its body is what was said. */
static void check_said(struct sim *s, const struct sim_message *m,
                       uint64_t seq) {
    struct buf text;

    buf_init(&text);
    put_text(&text, m->conv, seq, stored(s, m->conv, seq)->event);
    if (slice_after(buf_slice(&text), m->body).p == NULL) {
        sim_fail(s, "I2 not what was said", m->conv, seq, m->client->user.v);
    }
    buf_fini(&text);
}

static void check_message(struct sim *s, const struct sim_message *m,
                          size_t *found) {
    uint64_t seq = 0;
    size_t count = find(s, m, &seq);

    *found += count;
    if (count > 1 || (m->acked && count == 0)) {
        sim_fail(s, count == 0 ? "I1 acked and lost" : "I1 stored twice",
                 m->conv, m->seq, m->client->user.v);
    } else if (m->acked && seq != m->seq) {
        sim_fail(s, "I1 acked at another seq", m->conv, m->seq,
                 m->client->user.v);
    } else if (count == 1) {
        check_said(s, m, seq);
    }
}

/* I1, and I2: there is nothing that nobody said. */
void sim_check_history(struct sim *s) {
    size_t found = 0;
    size_t events = 0;

    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        for (size_t k = 0; k < s->clients[i].message_count; k++) {
            check_message(s, &s->clients[i].messages[k], &found);
        }
    }
    for (size_t conv = 0; conv < SIM_CONVS; conv++) {
        uint64_t head = fake_history_head(s->history, sim_conv(conv));

        for (uint64_t seq = 1; seq <= head; seq++) {
            events += stored(s, conv, seq)->name[0] != '.';
        }
        s->digest = s->digest * 31 + head;
    }
    if (events != found) {
        sim_fail(s, "I2 said by nobody", 0, events, found);
    }
}

/* The seq of his last joining, 1 for a founder; 0: no member. */
static uint64_t joined_at(const struct sim *s, size_t conv,
                          struct user_id user) {
    struct member_row row =
        fake_directory_row(s->directory, sim_conv(conv), user);
    uint64_t head = fake_history_head(s->history, sim_conv(conv));

    if (row.role == ROLE_NONE || row.from.v == 0) {
        return 0;
    }
    for (uint64_t seq = head; seq >= 1; seq--) {
        const struct fake_stored *e = stored(s, conv, seq);

        if (is_his_own(e, user) && e->name[1] == '1') {
            return seq;
        }
    }
    return row.from.v;
}

/* I5, before anybody asks: a session that stands holds every acked message
 * since its user joined. */
static void check_heard(struct sim *s, const struct sim_message *m) {
    for (size_t i = 0; m->acked && i < SIM_CLIENTS; i++) {
        const struct sim_client *c = &s->clients[i];
        uint64_t from = joined_at(s, m->conv, c->user);

        if (from != 0 && m->seq >= from && !c->known[m->conv].got[m->seq]) {
            sim_fail(s, "I5 missed and not noticed", m->conv, m->seq,
                     c->user.v);
        }
    }
}

void sim_check_in_step(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        const struct sim_client *sender = &s->clients[i];

        for (size_t k = 0; k < sender->message_count; k++) {
            check_heard(s, &sender->messages[k]);
        }
    }
}

/* I5: who has synced holds all he may read. That he holds no more was checked
 * when it was shown. */
static void check_holds_all(struct sim *s, const struct sim_client *c,
                            size_t conv) {
    uint64_t head = fake_history_head(s->history, sim_conv(conv));

    if (!c->known[conv].final) {
        sim_fail(s, "I5 sync has no end", conv, 0, c->user.v);
    }
    for (uint64_t seq = 1; seq <= head; seq++) {
        if (in_interval(s, conv, c->user, seq) && !c->known[conv].got[seq]) {
            sim_fail(s, "I5 synced but not all", conv, seq, c->user.v);
        }
    }
}

void sim_check_synced(struct sim *s) {
    for (size_t i = 0; i < SIM_CLIENTS; i++) {
        for (size_t conv = 0; conv < SIM_CONVS; conv++) {
            check_holds_all(s, &s->clients[i], conv);
        }
    }
}
