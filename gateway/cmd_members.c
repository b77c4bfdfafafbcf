/* The command that lists who is in a conversation, page by page. */
#include "chat-core/group.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

enum {
    PAGE_DEFAULT = 100,
    PAGE_MAX = 500,
};

struct listing {
    struct request *request;
    size_t limit;
};

static void put_member(struct json_out *o, const struct group_member *m,
                       uint64_t now_ms) {
    json_begin_obj(o);
    json_field_id(o, "user", m->user.v);
    json_field_str(o, "name", m->name);
    json_field_str(o, "role", slice_str(role_word(m->role)));
    json_field_u64(o, "joined", m->joined_ms);
    if (m->silenced_ms > now_ms) {
        json_field_u64(o, "muted", m->silenced_ms);
    }
    json_end_obj(o);
}

static void on_members(void *ctx, enum rc rc, uint32_t total,
                       const struct group_member *members, size_t count) {
    struct listing *l = ctx;
    struct request *r = l->request;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        o = request_begin(r, &b, "members");
        json_field_u64(&o, "total", total);
        json_field_arr(&o, "members");
        for (size_t i = 0; i < count; i++) {
            put_member(&o, &members[i], r->server->core.clock->wall_ms);
        }
        json_end_arr(&o);
        if (count == l->limit) {
            json_field_id(&o, "next", members[count - 1].user.v);
        }
        request_end(r, &b);
    }
    mem_free(l);
}

void cmd_group_members(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct conv_id conv = {client_field_id(f, "conv")};
    struct user_id after = {client_field_id_opt(f, "after")};
    uint64_t limit =
        client_field_u64_opt(f, "limit", 1, JSON_INT_MAX, PAGE_DEFAULT);
    struct listing *l;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    l = mem_new(sizeof(*l));
    l->request = r;
    l->limit = limit < PAGE_MAX ? (size_t)limit : PAGE_MAX;
    d->ops->group_members(d, conv, r->user, after, l->limit, on_members, l);
}
