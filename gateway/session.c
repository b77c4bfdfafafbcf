/* A session's life: who it becomes, its deadlines, its end. What it says is
 * read in session_in.c. */
#include "gateway/session.h"

#include <assert.h>

#include "chat-core/deliver.h"
#include "gateway/request.h"
#include "gateway/server.h"
#include "gateway/transport.h"
#include "gateway/transport_http.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/plant.h"
#include "proto/wire/ws.h"

enum {
    EPHEMERAL_QUEUE_BYTES = 8192, /* more waiting: typing may be dropped */
};

static const unsigned moves[] = {
    [SESSION_AUTH] = BIT(SESSION_JOIN) | BIT(SESSION_GONE),
    [SESSION_JOIN] = BIT(SESSION_LIVE) | BIT(SESSION_GONE),
    [SESSION_LIVE] = BIT(SESSION_GONE),
    [SESSION_GONE] = 0,
};

/* The only place that writes s->state. */
static void session_move(struct session *s, enum session_state to) {
    assert((moves[s->state] & BIT(to)) != 0);
    if (s->state == SESSION_AUTH) {
        strangers_leave(&s->server->strangers, s->address);
    }
    s->state = (uint8_t)to;
}

static struct log_ctx who(const struct session *s) {
    return (struct log_ctx){"session", s->user.v};
}

bool session_open_still(const struct session *s) {
    return s->state != SESSION_GONE;
}

/* ---- what it is told ---- */

size_t session_left(const struct session *s) {
    size_t limit = (size_t)s->server->settings->queue_bytes;
    size_t queued = s->transport->queued(s);

    return queued < limit ? limit - queued : 0;
}

/* Is there room for it? What one long turn has queued may be with the kernel in
 * no time: only a client that does not take it is slow. */
static bool takes(struct session *s, const struct blob *text) {
    if (s->transport->queued(s) == 0 || text->len <= session_left(s)) {
        return true;
    }
    s->transport->push(s);
    return s->transport->queued(s) == 0 || text->len <= session_left(s);
}

bool session_keeps_up(const struct session *s, size_t len) {
    size_t queued = s->transport->queued(s);

    return queued == 0 ||
           (queued <= EPHEMERAL_QUEUE_BYTES && len <= session_left(s));
}

void session_send(struct session *s, struct blob *text, bool ephemeral) {
    struct server *server = s->server;

    if (s->state == SESSION_GONE || s->state == SESSION_AUTH) {
        return;
    }
    if (ephemeral && !session_keeps_up(s, text->len)) {
        server->stats.dropped++;
        return;
    }
    if (!takes(s, text)) {
        if (planted(PLANT_DROP_FOR_THE_SLOW)) {
            return;
        }
        server->stats.slow_closes++;
        session_close(s, CLOSE_SLOW, "slow consumer: reconnect and sync");
        return;
    }
    server->stats.texts_out++;
    s->transport->send(s, text);
}

void session_send_text(struct session *s, struct slice text) {
    struct blob *b = blob_new(text);

    if (s->state == SESSION_AUTH) {
        s->transport->send(s, b); /* an answer to `ping` */
    } else {
        session_send(s, b, false);
    }
    blob_unref(&b);
}

/* ---- its end ---- */

static void forget_requests(struct session *s) {
    for (struct request *r = s->requests; r != NULL; r = r->next) {
        r->session = NULL;
    }
    s->requests = NULL;
}

/* His sessions here, as the presence service is told. */
static unsigned summary_of(struct local_user *u) {
    unsigned count = 0;
    bool away = true;

    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        away = away && CONTAINER_OF(seat, struct session, seat)->away;
        count += count < PRESENCE_SESSIONS_MAX;
    }
    return count == 0 || !away ? count : count | PRESENCE_ALL_AWAY;
}

static void report_presence(struct server *server, struct user_id user) {
    struct local_user *u = audience_user(&server->core, user);

    server->presence->ops->report(server->presence, user,
                                  u == NULL ? 0 : summary_of(u));
}

void session_away(struct session *s, bool away) {
    if (s->away != away) {
        s->away = away;
        report_presence(s->server, s->user);
    }
}

/* Leaves everything but the audience, which may be telling it just now. */
static void retire(struct session *s) {
    struct server *server = s->server;

    if (s->state == SESSION_GONE) {
        return;
    }
    session_move(s, SESSION_GONE);
    wheel_cancel(&s->timer);
    forget_requests(s);
    watch_forget(&server->watch, s);
    counts_forget(server, s);
    list_remove(&s->node);
}

void session_close(struct session *s, uint16_t code, const char *reason) {
    struct log_ctx ctx = who(s);

    if (s->state == SESSION_GONE) {
        return;
    }
    ends_add(&s->server->stats.ends, code);
    log_debug(&ctx, "session_close", "code=%u reason=\"%s\"", code, reason);
    retire(s);
    s->transport->close(s, code, reason);
}

void session_send_away(struct session *s, uint64_t retry_ms) {
    struct buf b;

    buf_init(&b);
    buf_addf(&b, "{\"type\":\"bye\",\"retry_after_ms\":%llu}",
             (unsigned long long)retry_ms);
    session_send_text(s, buf_slice(&b));
    buf_fini(&b);
    session_close(s, WS_CODE_RESTART, "restarting: come back later");
}

/* Of who was logged out nothing is kept. */
static void leave_audience(struct session *s) {
    struct server *server = s->server;
    struct local_user *u;

    audience_leave(&s->seat);
    u = audience_user(&server->core, s->user);
    if (u != NULL && revoked_device(&server->revoked, s->device)) {
        audience_forget(u);
    }
    report_presence(server, s->user);
}

void session_fini(struct session *s) {
    struct server *server = s->server;

    if (s->state != SESSION_GONE) {
        ends_add(&server->stats.ends, ENDS_LEFT);
    }
    retire(s);
    if (audience_seated(&s->seat)) {
        leave_audience(s);
    }
    server_session_gone(server);
}

static void on_timer(struct wheel_timer *t) {
    struct session *s = CONTAINER_OF(t, struct session, timer);

    if (s->state == SESSION_AUTH) {
        session_close(s, CLOSE_AUTH_TIMEOUT, "no token came in time");
    } else if (s->server->loop->clock.wall_ms >= s->expires_ms) {
        session_close(s, CLOSE_TOKEN_EXPIRED, "the token has expired");
    } else {
        s->transport->on_time(s);
    }
}

/* ---- its beginning ---- */

static void send_ready(struct session *s) {
    struct json_out o;
    struct buf b;

    buf_init(&b);
    o = json_out(&b);
    json_begin_obj(&o);
    json_field_str(&o, "type", SLICE_LIT("ready"));
    json_field_id(&o, "user", s->user.v);
    json_field_id(&o, "device", s->device.v);
    json_field_str(&o, "gateway", slice_str(s->server->settings->name));
    json_field_u64(&o, "now", s->server->loop->clock.wall_ms);
    json_field_u64(&o, "expires", s->expires_ms);
    json_field_u64(&o, "ping_ms", s->server->settings->ping_ms);
    if (s->transport->put_ready != NULL) {
        s->transport->put_ready(s, &o);
    }
    json_end_obj(&o);
    session_send_text(s, buf_slice(&b));
    buf_fini(&b);
}

static void on_joined(void *ctx, enum rc rc) {
    struct session *s = ctx;

    if (s->state != SESSION_JOIN) {
        return;
    }
    if (rc != RC_OK) {
        session_close(s, WS_CODE_TRY_LATER, "a store is away: come back");
        return;
    }
    session_move(s, SESSION_LIVE);
    send_ready(s);
}

/* May the user have one more? Those that are saying goodbye do not count: who
 * was asked to come back has to be let in. */
static bool has_room(struct server *server, struct user_id user) {
    struct local_user *u = audience_user(&server->core, user);
    uint64_t open = 0;

    if (u == NULL) {
        return true;
    }
    for (struct seat *seat = u->seats; seat != NULL; seat = seat->next) {
        open += session_open_still(CONTAINER_OF(seat, struct session, seat));
    }
    return open < server->settings->sessions_per_user;
}

void session_become(struct session *s, const struct token_claims *claims) {
    struct server *server = s->server;

    if (!has_room(server, claims->user)) {
        transport_http_make_room(audience_user(&server->core, claims->user));
    }
    if (!has_room(server, claims->user)) {
        session_close(s, CLOSE_TOO_MANY, "too many sessions of this user");
        return;
    }
    s->user = claims->user;
    s->device = claims->device;
    s->expires_ms = claims->expires_ms;
    session_move(s, SESSION_JOIN);
    s->transport->on_time(s);
    audience_join(&server->core, &s->seat, s->user, on_joined, s);
    report_presence(server, s->user);
}

void session_authenticate(struct session *s, struct slice token) {
    struct server *server = s->server;
    struct token_claims claims;
    enum rc rc = revoked_verify(&server->revoked, token, &claims);

    if (rc == RC_OK) {
        session_become(s, &claims);
        return;
    }
    if (rc == RC_AGAIN) {
        session_close(s, WS_CODE_TRY_LATER, "a store is away: come back");
        return;
    }
    server->stats.auth_failures++;
    session_close(s,
                  rc == RC_TIMEOUT ? CLOSE_TOKEN_EXPIRED : CLOSE_UNAUTHORIZED,
                  "the token is not valid: log in");
}

void session_init(struct session *s, struct server *server,
                  const struct transport_ops *transport, const char *peer) {
    s->server = server;
    s->transport = transport;
    s->address = strangers_key(peer);
    list_init(&s->node);
    wheel_timer_init(&s->timer, on_timer);
    list_push_back(&server->sessions, &s->node);
    server->session_count++;
    server->stats.connects++;
    strangers_enter(&server->strangers, s->address);
    loop_timer(server->loop, &s->timer, server->settings->auth_ms);
}

/* ---- from one process to the next ---- */

enum rc session_hand_over(struct session *s, struct handover_way *way) {
    struct handover_session who = {.user = s->user,
                                   .device = s->device,
                                   .expires_ms = s->expires_ms,
                                   .live = s->state == SESSION_LIVE,
                                   .away = s->away};
    struct buf ids;
    enum rc rc = RC_DENIED;

    if (s->state == SESSION_JOIN || s->state == SESSION_LIVE) {
        buf_init(&ids);
        who.watches.count = watch_put(s, &ids);
        who.watches.ids = buf_slice(&ids);
        rc = s->transport->hand_over(s, &who, way);
        buf_fini(&ids);
    }
    return rc;
}

void session_forget(struct session *s) {
    retire(s);
    s->transport->forget(s);
}

static void on_adopted(void *ctx, enum rc rc) {
    struct session *s = ctx;

    if (s->state == SESSION_JOIN && rc == RC_OK) {
        session_move(s, SESSION_LIVE);
    } else {
        on_joined(ctx, rc);
    }
}

/* Nobody here has listened for the user until now, or what he was told then
 * has reached nobody. */
static void on_adopted_late(void *ctx, enum rc rc) {
    struct session *s = ctx;
    struct blob *text;

    on_adopted(ctx, rc);
    if (s->state == SESSION_LIVE) {
        text = deliver_resync_text();
        session_send(s, text, false);
        blob_unref(&text);
    }
}

void session_adopt(struct session *s, const struct handover_session *who) {
    struct server *server = s->server;
    struct local_user *u = audience_user(&server->core, who->user);
    bool heard = u != NULL && u->ready && u->seats != NULL;
    audience_fn done = heard ? on_adopted : on_adopted_late;

    s->user = who->user;
    s->device = who->device;
    s->expires_ms = who->expires_ms;
    s->away = who->away;
    session_move(s, SESSION_JOIN);
    s->transport->on_time(s);
    audience_join(&server->core, &s->seat, s->user,
                  who->live ? done : on_joined, s);
    report_presence(server, s->user);
    for (size_t i = 0; i < who->watches.count; i++) {
        watch_add(&server->watch, s,
                  (struct user_id){handover_id_at(who->watches, i)});
    }
    if (revoked_device(&server->revoked, s->device)) {
        session_close(s, CLOSE_REVOKED, "this device was logged out");
    }
}
