#include "storage/hook_outbox.h"

#include "chat-core/ports/directory.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/webpush.h"
#include "storage/pg_pool.h"

static const struct log_ctx log_ctx = {"hooks", 0};

enum {
    TYPE_MAX_BYTES = 64,
};

enum {
    READ,
    DROP,
    MEMBERS,
    WAKES,
    GONE,
};

/* The wish is written once a day. */
static const struct pg_stmt stmts[] = {
    [READ] = {"hook_read",
              "WITH wish AS (INSERT INTO hook_wish AS w (until) "
              "VALUES (now() + interval '30 days') "
              "ON CONFLICT (only_one) DO UPDATE SET until = EXCLUDED.until "
              "WHERE w.until < now() + interval '29 days') "
              "SELECT e.id, e.lane, e.type, e.user_id, e.other, "
              "(extract(epoch FROM e.at) * 1000)::bigint "
              "FROM hook_events e ORDER BY e.id LIMIT $1::bigint",
              1},
    [DROP] = {"hook_drop",
              "DELETE FROM hook_events WHERE id = ANY ($1::bigint[])", 1},
    [MEMBERS] = {"hook_members",
                 "SELECT m.user_id, "
                 "readable_from(m.role, m.from_seq, m.bound), "
                 "CASE WHEN m.gaps = '{}' THEN 0 "
                 "ELSE (extract(epoch FROM m.joined_at) * 1000)::bigint END, "
                 "m.muted_until, "
                 "CASE m.notify WHEN 4 THEN coalesce(s.notify, 1) "
                 "ELSE m.notify END "
                 "FROM members m JOIN conversations c ON c.id = m.conv_id "
                 "LEFT JOIN user_settings s ON s.user_id = m.user_id "
                 "WHERE m.conv_id = $1::bigint AND m.role > 0 "
                 "AND c.member_count <= $2::bigint LIMIT $2::bigint",
                 2},
    [WAKES] = {"hook_wakes",
               "SELECT s.device_id, s.endpoint, s.p256dh, s.auth, u.name, "
               "c.title FROM push_subscriptions s "
               "JOIN devices d ON d.id = s.device_id "
               "JOIN members m ON m.user_id = s.user_id "
               "JOIN conversations c ON c.id = m.conv_id "
               "JOIN users u ON u.id = $3::bigint "
               "WHERE s.user_id = $1::bigint AND m.conv_id = $2::bigint "
               "AND m.role > 0 AND m.muted_until <= "
               "(extract(epoch FROM now()) * 1000)::bigint "
               "AND d.revoked_at IS NULL "
               "AND coalesce(d.used_at, d.created_at) > now() - s.life "
               "ORDER BY s.set_at LIMIT $4::bigint",
               4},
    [GONE] = {"hook_gone",
              "DELETE FROM push_subscriptions "
              "WHERE device_id = $1::bigint AND endpoint = $2",
              2},
};

struct hook_outbox {
    struct pg_pool *pool;
};

struct outbox_call {
    struct pg_request req;
    union {
        hook_changes_fn changes;
        hook_dropped_fn dropped;
        hook_members_fn members;
        hook_wakes_fn wakes;
    } done;
    void *ctx;
};

static struct outbox_call *call_new(int stmt, pg_answer_fn on_answer,
                                    void *ctx) {
    struct outbox_call *c = mem_new(sizeof(*c));

    pg_request_init(&c->req, &stmts[stmt], on_answer);
    c->ctx = ctx;
    return c;
}

static struct outbox_call call_end(struct pg_request *req) {
    struct outbox_call *c = CONTAINER_OF(req, struct outbox_call, req);
    struct outbox_call copy = *c;

    mem_free(c);
    return copy;
}

/* False: nonsense, logged. */
static bool row_done(const struct pg_row *r, const char *stmt) {
    if (!pg_row_done(r)) {
        log_error(&log_ctx, "pg_bad_row", "stmt=%s row=%d", stmt, r->row);
        return false;
    }
    return true;
}

static bool change_read(const struct pg_result *res, size_t row,
                        struct hook_change *out) {
    struct pg_row r;

    pg_row_init(&r, res, row);
    out->id = pg_row_num(&r, INT64_MAX);
    out->lane.v = pg_row_num(&r, INT64_MAX);
    out->type = pg_row_text(&r, TYPE_MAX_BYTES);
    out->user.v = pg_row_num(&r, INT64_MAX);
    out->other = pg_row_num(&r, INT64_MAX);
    out->at_ms = pg_row_num(&r, INT64_MAX);
    return row_done(&r, "hook_read");
}

static void on_changes(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct outbox_call c = call_end(req);
    struct hook_change changes[HOOK_CHANGES_MAX];
    size_t rows = rc == RC_OK ? pg_rows(res) : 0;

    if (rows > HOOK_CHANGES_MAX) {
        rc = RC_BACKEND;
    }
    for (size_t i = 0; rc == RC_OK && i < rows; i++) {
        rc = change_read(res, i, &changes[i]) ? RC_OK : RC_BACKEND;
    }
    c.done.changes(c.ctx, rc, changes, rc == RC_OK ? rows : 0);
}

void hook_outbox_read(struct hook_outbox *o, hook_changes_fn done, void *ctx) {
    struct outbox_call *c = call_new(READ, on_changes, ctx);

    c->done.changes = done;
    pg_args_num(&c->req.args, HOOK_CHANGES_MAX);
    pg_pool_ask(o->pool, &c->req);
}

static void on_dropped(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct outbox_call c = call_end(req);

    (void)res;
    c.done.dropped(c.ctx, rc);
}

void hook_outbox_drop(struct hook_outbox *o, const uint64_t *ids, size_t count,
                      hook_dropped_fn done, void *ctx) {
    struct outbox_call *c = call_new(DROP, on_dropped, ctx);

    c->done.dropped = done;
    pg_args_nums(&c->req.args, ids, count);
    pg_pool_ask(o->pool, &c->req);
}

static bool member_read(const struct pg_result *res, size_t row,
                        struct hook_member *out) {
    struct pg_row r;

    pg_row_init(&r, res, row);
    out->user.v = pg_row_num(&r, INT64_MAX);
    out->from.v = pg_row_num(&r, INT64_MAX);
    out->joined_ms = pg_row_num(&r, INT64_MAX);
    out->muted_ms = pg_row_num(&r, INT64_MAX);
    out->notify = (enum notify)pg_row_num(&r, NOTIFY_NONE);
    return row_done(&r, "hook_members");
}

static void on_members(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct outbox_call c = call_end(req);
    size_t rows = rc == RC_OK ? pg_rows(res) : 0;
    struct hook_member *members = mem_new_array(rows + 1, sizeof(*members));

    for (size_t i = 0; rc == RC_OK && i < rows; i++) {
        rc = member_read(res, i, &members[i]) ? RC_OK : RC_BACKEND;
    }
    c.done.members(c.ctx, rc, members, rc == RC_OK ? rows : 0);
    mem_free(members);
}

void hook_outbox_members(struct hook_outbox *o, struct conv_id conv,
                         hook_members_fn done, void *ctx) {
    struct outbox_call *c = call_new(MEMBERS, on_members, ctx);

    c->done.members = done;
    pg_args_id(&c->req.args, conv.v);
    pg_args_num(&c->req.args, HOOK_MEMBERS_MAX);
    pg_pool_ask(o->pool, &c->req);
}

static bool wake_read(const struct pg_result *res, size_t row,
                      struct hook_wake *out) {
    struct pg_row r;

    pg_row_init(&r, res, row);
    out->device.v = pg_row_num(&r, INT64_MAX);
    out->endpoint = pg_row_text(&r, WEBPUSH_ENDPOINT_MAX);
    out->p256dh = pg_row_text(&r, WEBPUSH_P256DH_LEN);
    out->auth = pg_row_text(&r, WEBPUSH_AUTH_LEN);
    out->name = pg_row_text(&r, NAME_MAX_BYTES);
    out->title = pg_row_text(&r, TITLE_MAX_BYTES);
    return row_done(&r, "hook_wakes");
}

static void on_wakes(struct pg_request *req, enum rc rc,
                     const struct pg_result *res) {
    struct outbox_call c = call_end(req);
    struct hook_wake wakes[DEVICE_PUSH_MAX];
    size_t rows = rc == RC_OK ? pg_rows(res) : 0;

    if (rows > DEVICE_PUSH_MAX) {
        rc = RC_BACKEND;
    }
    for (size_t i = 0; rc == RC_OK && i < rows; i++) {
        rc = wake_read(res, i, &wakes[i]) ? RC_OK : RC_BACKEND;
    }
    c.done.wakes(c.ctx, rc, wakes, rc == RC_OK ? rows : 0);
}

void hook_outbox_wakes(struct hook_outbox *o, struct user_id user,
                       struct conv_id conv, struct user_id from,
                       hook_wakes_fn done, void *ctx) {
    struct outbox_call *c = call_new(WAKES, on_wakes, ctx);

    c->done.wakes = done;
    pg_args_id(&c->req.args, user.v);
    pg_args_id(&c->req.args, conv.v);
    pg_args_id(&c->req.args, from.v);
    pg_args_num(&c->req.args, DEVICE_PUSH_MAX);
    pg_pool_ask(o->pool, &c->req);
}

void hook_outbox_gone(struct hook_outbox *o, struct device_id device,
                      struct slice endpoint, hook_dropped_fn done, void *ctx) {
    struct outbox_call *c = call_new(GONE, on_dropped, ctx);

    c->done.dropped = done;
    pg_args_id(&c->req.args, device.v);
    pg_args_text(&c->req.args, endpoint, WEBPUSH_ENDPOINT_MAX);
    pg_pool_ask(o->pool, &c->req);
}

enum rc hook_outbox_open(struct hook_outbox **out, struct loop *l,
                         const struct hook_outbox_config *config) {
    const struct pg_pool_config pool = {.conninfo = config->conninfo,
                                        .program = "moim-hooks",
                                        .links = 1,
                                        .deadline_ms = config->deadline_ms,
                                        .stmts = stmts,
                                        .stmt_count = COUNT_OF(stmts)};
    struct hook_outbox *o = mem_new(sizeof(*o));
    enum rc rc = pg_pool_open(&o->pool, l, &pool);

    if (rc != RC_OK) {
        mem_free(o);
        return rc;
    }
    *out = o;
    return RC_OK;
}

void hook_outbox_close(struct hook_outbox **o) {
    if (*o != NULL) {
        pg_pool_close(&(*o)->pool);
        mem_free(*o);
        *o = NULL;
    }
}

bool hook_outbox_ready(const struct hook_outbox *o) {
    return pg_pool_ready(o->pool);
}
