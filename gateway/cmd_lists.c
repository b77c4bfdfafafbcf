/* The command that brings a device up to date with what its user has in
 * lists. */
#include "chat-core/lists.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

enum {
    ENTRIES_MAX = 100, /* in one answer */
};

struct listing {
    struct request *request;
    uint64_t since;
    size_t limit;
};

/* An answer that is full ends at its last entry; and a device that knows more
 * than there is has it from another database. */
static void put_place(struct json_out *o, const struct listing *l,
                      uint64_t version, const struct list_entry *entries,
                      size_t count) {
    bool more = count == l->limit && entries[count - 1].version < version;

    json_field_u64(o, "version", more ? entries[count - 1].version : version);
    json_field_bool(o, "more", more);
    if (l->since > version) {
        json_field_bool(o, "reset", true);
    }
}

static void on_entries(void *ctx, enum rc rc, uint64_t version,
                       const struct list_entry *entries, size_t count) {
    struct listing *l = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(l->request, rc);
        mem_free(l);
        return;
    }
    o = request_begin(l->request, &b, "lists");
    put_place(&o, l, version, entries, count);
    json_field_arr(&o, "entries");
    for (size_t i = 0; i < count; i++) {
        json_begin_obj(&o);
        list_entry_put(&o, &entries[i]);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    request_end(l->request, &b);
    mem_free(l);
}

void cmd_lists(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    uint64_t since = client_field_u64_opt(f, "since", 0, JSON_INT_MAX, 0);
    uint64_t limit =
        client_field_u64_opt(f, "limit", 1, JSON_INT_MAX, ENTRIES_MAX);
    struct listing *l;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    l = mem_new(sizeof(*l));
    *l = (struct listing){r, since,
                          limit < ENTRIES_MAX ? (size_t)limit : ENTRIES_MAX};
    d->ops->entries_after(d, r->user, since, l->limit, on_entries, l);
}
