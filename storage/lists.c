/* What users have in lists: entries as they are now, by their versions. */
#include <stdint.h>

#include "proto/base/mem.h"
#include "storage/directory_call.h"

/* The columns of ENTRY_COLUMNS. */
static void read_entry(struct pg_row *r, struct list_entry *out) {
    out->ref.owner.v = pg_row_num(r, INT64_MAX);
    out->ref.list = (enum list_kind)pg_row_num(r, LIST_PROFILE);
    out->ref.item = pg_row_num(r, INT64_MAX);
    out->version = pg_row_num(r, INT64_MAX);
    out->present = pg_row_bool(r);
    out->user.v = pg_row_num(r, INT64_MAX);
    out->name = pg_row_text(r, NAME_MAX_BYTES);
    out->avatar = pg_row_text(r, AVATAR_MAX_BYTES);
    out->state = (unsigned)pg_row_num(r, FRIEND_BOTH);
    out->remark = pg_row_text(r, REMARK_MAX_BYTES);
    out->conv_kind = (unsigned)pg_row_num(r, CONV_GROUP);
    out->title = pg_row_text(r, TITLE_MAX_BYTES);
    out->role = (unsigned)pg_row_num(r, ROLE_OWNER);
    out->conv.muted_until_ms = pg_row_num(r, INT64_MAX);
    out->conv.pinned = pg_row_bool(r);
    out->conv.notify = (enum notify)pg_row_num(r, NOTIFY_DEFAULT);
    out->settings.notify = out->conv.notify;
    out->settings.reach = (enum circle)pg_row_num(r, CIRCLE_NOBODY);
    out->settings.seen = (enum circle)pg_row_num(r, CIRCLE_NOBODY);
}

static void on_entries(struct pg_request *req, enum rc rc,
                       const struct pg_result *res) {
    struct dir_call c = dir_call_end(req);
    size_t rows = rc == RC_OK ? pg_rows(res) : 0;
    struct list_entry *entries = mem_new_array(rows, sizeof(*entries));
    uint64_t version = 0;
    size_t count = 0;

    for (size_t i = 0; rc == RC_OK && i < rows; i++) {
        struct pg_row r;

        pg_row_init(&r, res, i);
        version = pg_row_num(&r, INT64_MAX);
        if (!r.bad && rows == 1 && pg_row_null(&r)) {
            break; /* the version alone */
        }
        read_entry(&r, &entries[count++]);
        rc = dir_row_end(&r, &c);
    }
    c.done.entries(c.ctx, rc, version, entries, rc == RC_OK ? count : 0);
    mem_free(entries);
}

static struct dir_call *new_call(struct directory *d, enum directory_sql stmt,
                                 entries_fn done, void *ctx) {
    return dir_call_new(d, stmt, on_entries, (union dir_done){.entries = done},
                        ctx);
}

static void entries_after(struct directory *d, struct user_id user,
                          uint64_t since, size_t limit, entries_fn done,
                          void *ctx) {
    struct dir_call *c = new_call(d, SQL_ENTRIES_AFTER, done, ctx);

    pg_args_id(&c->req.args, user.v);
    pg_args_num(&c->req.args, since);
    pg_args_num(&c->req.args, limit);
    dir_call_send(c);
}

static void entries_of(struct directory *d, const struct list_ref *refs,
                       size_t count, entries_fn done, void *ctx) {
    struct dir_call *c = new_call(d, SQL_ENTRIES_OF, done, ctx);
    uint64_t *column = mem_new_array(count, sizeof(*column));

    for (size_t i = 0; i < count; i++) {
        column[i] = refs[i].owner.v;
    }
    pg_args_nums(&c->req.args, column, count);
    for (size_t i = 0; i < count; i++) {
        column[i] = refs[i].list;
    }
    pg_args_nums(&c->req.args, column, count);
    for (size_t i = 0; i < count; i++) {
        column[i] = refs[i].item;
    }
    pg_args_nums(&c->req.args, column, count);
    mem_free(column);
    dir_call_send(c);
}

static void entries_showing(struct directory *d, struct user_id user,
                            entries_fn done, void *ctx) {
    struct dir_call *c = new_call(d, SQL_ENTRIES_SHOWING, done, ctx);

    pg_args_id(&c->req.args, user.v);
    dir_call_send(c);
}

void lists_add_ops(struct directory_ops *ops) {
    ops->entries_after = entries_after;
    ops->entries_of = entries_of;
    ops->entries_showing = entries_showing;
}
