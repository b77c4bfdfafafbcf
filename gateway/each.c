#include "gateway/each.h"

#include "gateway/server.h"

enum {
    AT_ONCE_MAX = 8, /* leaves the stores to the others, too */
    RETRY_AFTER_MS = 1000,
};

bool each_read(struct each *e, struct request *r, struct client_fields *f) {
    uint64_t ids[EACH_USERS_MAX];

    e->request = r;
    e->count = client_field_ids(f, "users", ids, EACH_USERS_MAX);
    if (f->error == CLIENT_OK && e->count == 0) {
        client_fields_fail(f, "users", CLIENT_BAD_VALUE);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return false;
    }
    if (r->server->each_running >= EACH_RUNNING_MAX) {
        request_fail_later(r, ERROR_BUSY, RETRY_AFTER_MS);
        return false;
    }
    r->server->each_running++;
    for (size_t i = 0; i < e->count; i++) {
        e->users[i].v = ids[i];
    }
    return true;
}

/* Is it for the stores' sake that it was not done? */
static bool may_repeat(enum rc rc) {
    return rc != RC_OK && error_repeats(error_of_rc(rc));
}

static void put_users(struct json_out *o, const struct each *e,
                      const char *name, bool failed) {
    json_field_arr(o, name);
    for (size_t i = 0; i < e->count; i++) {
        if (e->rcs[i] != RC_OK && may_repeat(e->rcs[i]) == failed) {
            json_item_id(o, e->users[i].v);
        }
    }
    json_end_arr(o);
}

static void answer(struct each *e) {
    struct json_out o;
    struct buf b;
    size_t done = 0;

    for (size_t i = 0; i < e->count; i++) {
        done += e->rcs[i] == RC_OK;
    }
    o = request_begin(e->request, &b, "outcome");
    json_field_u64(&o, "done", done);
    put_users(&o, e, "refused", false);
    put_users(&o, e, "failed", true);
    e->request->server->each_running--;
    request_end(e->request, &b);
    e->free(e);
}

/* Those that are done at once come back here while it begins: the loop goes on
 * with them, and not deeper. */
void each_run(struct each *e) {
    if (e->beginning) {
        return;
    }
    e->beginning = true;
    while (e->next < e->count && e->at_once < AT_ONCE_MAX) {
        e->at_once++;
        e->begin(e, e->next++);
    }
    e->beginning = false;
    if (e->at_once == 0) {
        answer(e);
    }
}

void each_done(struct each *e, size_t i, enum rc rc) {
    e->rcs[i] = rc;
    e->at_once--;
    each_run(e);
}
