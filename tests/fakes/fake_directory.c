/* The port over the tables: its clients, their calls, and what tests look at
 * and change at once. */
#include "tests/fakes/fake_directory.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

struct end {
    struct directory directory; /* first */
    struct directory_ops ops;
    struct list node;
    struct fake_directory *owner;
    struct fake_calls calls;
};

struct fake_directory {
    struct dir_store store;
    struct list ends;
};

/* ---- the store, at once ---- */

struct fake_directory *fake_directory_new(void) {
    struct fake_directory *f = mem_new(sizeof(*f));

    dir_store_init(&f->store);
    list_init(&f->ends);
    return f;
}

void fake_directory_free(struct fake_directory **f) {
    struct list *node;

    if (*f == NULL) {
        return;
    }
    while ((node = list_pop_front(&(*f)->ends)) != NULL) {
        struct end *e = CONTAINER_OF(node, struct end, node);

        fake_calls_fini(&e->calls);
        mem_free(e);
    }
    dir_store_fini(&(*f)->store);
    mem_free(*f);
    *f = NULL;
}

void fake_directory_users(struct fake_directory *f, uint64_t first,
                          size_t count) {
    for (uint64_t v = first; v < first + count; v++) {
        char name[32];
        struct slice text;

        snprintf(name, sizeof(name), "user%llu", (unsigned long long)v);
        text = slice_str(name);
        (void)dir_user_make(&f->store, (struct user_id){v}, text, text,
                            SLICE_LIT("hash"));
    }
}

void fake_directory_seen(struct fake_directory *f, struct user_id user,
                         uint64_t last_seen_ms) {
    dir_user(&f->store, user)->last_seen_ms = last_seen_ms;
}

void fake_directory_bot(struct fake_directory *f, struct user_id user) {
    dir_user(&f->store, user)->bot = true;
}

const char *fake_directory_push(const struct fake_directory *f,
                                struct device_id device) {
    for (size_t i = 0; i < f->store.device_count; i++) {
        if (f->store.devices[i].row.id.v == device.v) {
            return f->store.devices[i].push;
        }
    }
    return NULL;
}

struct api_key_text fake_directory_key(struct fake_directory *f,
                                       const char *scopes,
                                       uint64_t expires_ms) {
    return dir_key_make(&f->store, scopes, expires_ms);
}

void fake_directory_key_revoke(struct fake_directory *f,
                               const struct api_key_text *key) {
    dir_key(&f->store, key)->revoked = true;
}

uint64_t fake_directory_key_used(const struct fake_directory *f,
                                 const struct api_key_text *key) {
    return dir_key(&f->store, key)->used;
}

struct store_found fake_directory_known(const struct fake_directory *f,
                                        bool *whole) {
    *whole = f->store.whole;
    return f->store.known;
}

struct store_found fake_directory_found(const struct fake_directory *f) {
    return f->store.found;
}

void fake_directory_accept(struct fake_directory *f, struct store_found store) {
    f->store.known = store;
    f->store.whole = false;
}

void fake_directory_group(struct fake_directory *f, struct conv_id conv,
                          uint64_t first, size_t count) {
    struct dir_conv *c =
        dir_conv_make(&f->store, conv, CONV_GROUP, SLICE_LIT("group"));

    c->made_by.v = first;
    for (uint64_t v = first; v < first + count; v++) {
        dir_found(&f->store, c, (struct user_id){v},
                  v == first ? ROLE_OWNER : ROLE_MEMBER);
    }
}

struct member_version fake_directory_add(struct fake_directory *f,
                                         struct conv_id conv,
                                         struct user_id user) {
    struct dir_conv *c = dir_conv(&f->store, conv);

    dir_join(&f->store, c, user);
    return c->version;
}

struct member_version fake_directory_remove(struct fake_directory *f,
                                            struct conv_id conv,
                                            struct user_id user) {
    struct dir_conv *c = dir_conv(&f->store, conv);

    dir_leave(c, dir_member(c, user));
    return c->version;
}

void fake_directory_bound(struct fake_directory *f, struct conv_id conv,
                          struct user_id user, uint64_t seq, bool joined) {
    dir_bound(dir_member(dir_conv(&f->store, conv), user), seq, joined);
}

struct member_version fake_directory_version(const struct fake_directory *f,
                                             struct conv_id conv) {
    const struct dir_conv *c = dir_conv(&f->store, conv);

    return c == NULL ? (struct member_version){0} : c->version;
}

bool fake_directory_wide(const struct fake_directory *f, struct conv_id conv) {
    return dir_conv(&f->store, conv)->wide;
}

struct member_row fake_directory_row(const struct fake_directory *f,
                                     struct conv_id conv, struct user_id user) {
    return dir_row(dir_conv(&f->store, conv), user);
}

uint64_t fake_directory_from(const struct fake_directory *f,
                             struct conv_id conv, struct user_id user) {
    const struct dir_member *m = dir_member(dir_conv(&f->store, conv), user);

    return m == NULL ? 0 : m->from;
}

struct member_version fake_directory_came(const struct fake_directory *f,
                                          struct conv_id conv,
                                          struct user_id user,
                                          struct member_version version) {
    const struct member_version never = {0};
    const struct dir_conv *c = dir_conv(&f->store, conv);
    struct member_version came = never;

    for (size_t i = 0; i < c->step_count; i++) {
        const struct dir_step *step = &c->steps[i];

        if (step->version.v <= version.v && step->user.v == user.v) {
            came = step->joined ? step->version : never;
        }
    }
    return came;
}

bool fake_directory_was_member(const struct fake_directory *f,
                               struct conv_id conv, struct user_id user,
                               struct member_version version) {
    return fake_directory_came(f, conv, user, version).v != 0;
}

/* ---- calls ---- */

struct slice fake_dir_keep_text(struct slice s) {
    return slice_of(mem_dup(s.p, s.n), s.n);
}

static void call_free(struct fake_dir_call *c) {
    for (size_t i = 0; i < COUNT_OF(c->texts); i++) {
        /* mem_dup made it; the slice only lends it as const. */
        mem_free((void *)(uintptr_t)c->texts[i].p);
    }
    mem_free(c->ids);
    mem_free(c->times_ms);
    mem_free(c->users);
    mem_free(c->members);
    mem_free(c->convs);
    mem_free(c->friends);
    mem_free(c->refs);
    mem_free(c->entries);
    mem_free(c->devices);
    mem_free(c->group_members);
    mem_free(c->invites);
    mem_free(c->keys);
    mem_free(c);
}

struct fake_dir_call *fake_dir_call_of(struct fake_call *base) {
    return CONTAINER_OF(base, struct fake_dir_call, base);
}

struct fake_dir_call *fake_dir_call_new(struct directory *d, const char *name,
                                        fake_execute_fn execute,
                                        fake_answer_fn answer, void *ctx) {
    struct end *e = CONTAINER_OF(d, struct end, directory);
    struct fake_dir_call *c = mem_new(sizeof(*c));

    c->base.name = name;
    c->base.execute = execute;
    c->base.answer = answer;
    c->store = &e->owner->store;
    c->ctx = ctx;
    fake_calls_push(&e->calls, &c->base);
    return c;
}

void fake_dir_keep_ids(struct fake_dir_call *c, const struct user_id *ids,
                       size_t count) {
    assert(count <= DIRECTORY_BATCH_MAX);
    c->count = count;
    c->ids = mem_new_array(count, sizeof(*ids));
    if (count > 0) {
        memcpy(c->ids, ids, count * sizeof(*ids));
    }
}

void fake_dir_answer_user(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.user(c->ctx, rc, ok ? &c->user : NULL);
    }
    call_free(c);
}

void fake_dir_answer_users(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.users(c->ctx, rc, ok ? c->users : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_user_made(struct fake_call *base, enum rc rc,
                               bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.user_made(c->ctx, rc, rc == RC_OK ? &c->user : NULL, c->made);
    }
    call_free(c);
}

void fake_dir_answer_once(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.once(c->ctx, rc, c->once.fresh);
    }
    call_free(c);
}

void fake_dir_answer_api_keys(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.api_keys(c->ctx, rc, ok ? c->keys : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_store(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.store(c->ctx, rc, rc == RC_OK ? &c->store_row : NULL);
    }
    call_free(c);
}

void fake_dir_answer_device(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.device(c->ctx, rc, c->device);
    }
    call_free(c);
}

void fake_dir_answer_devices(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.devices(c->ctx, rc, ok ? c->devices : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_block(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.block(c->ctx, rc, c->conv, c->version);
    }
    call_free(c);
}

void fake_dir_answer_conv(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.conv(c->ctx, rc, ok ? &c->row : NULL);
    }
    call_free(c);
}

void fake_dir_answer_members(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.members(c->ctx, rc, c->version, ok ? c->members : NULL,
                        ok ? c->count : 0);
    }
    call_free(c);
}

void fake_dir_answer_convs(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.convs(c->ctx, rc, ok ? c->convs : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_changed(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.changed(c->ctx, rc, ok ? &c->changed : NULL);
    }
    call_free(c);
}

void fake_dir_answer_group_members(struct fake_call *base, enum rc rc,
                                   bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.group_members(c->ctx, rc, c->total,
                              ok ? c->group_members : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_invites(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.invites(c->ctx, rc, ok ? c->invites : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_erased(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.erased(c->ctx, rc, rc == RC_OK ? &c->erased : NULL);
    }
    call_free(c);
}

void fake_dir_answer_friends(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.friends(c->ctx, rc, ok ? c->friends : NULL, ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_friend(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.friend(c->ctx, rc, c->state);
    }
    call_free(c);
}

void fake_dir_answer_entries(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    bool ok = rc == RC_OK;

    if (!silent) {
        c->done.entries(c->ctx, rc, c->version.v, ok ? c->entries : NULL,
                        ok ? c->found : 0);
    }
    call_free(c);
}

void fake_dir_answer_done(struct fake_call *base, enum rc rc, bool silent) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    if (!silent) {
        c->done.done(c->ctx, rc);
    }
    call_free(c);
}

/* ---- clients ---- */

static bool end_ready(struct directory *d) {
    return fake_directory_calls(d)->refuse == RC_OK;
}

void fake_directory_clock(struct fake_directory *f, const struct clock *clock) {
    f->store.clock = clock;
}

struct directory *fake_directory_join(struct fake_directory *f) {
    struct end *e = mem_new(sizeof(*e));

    fake_dir_people_ops(&e->ops);
    fake_dir_keys_ops(&e->ops);
    fake_dir_stores_ops(&e->ops);
    fake_dir_devices_ops(&e->ops);
    fake_dir_blocks_ops(&e->ops);
    fake_dir_lists_ops(&e->ops);
    fake_dir_settings_ops(&e->ops);
    fake_dir_convs_ops(&e->ops);
    fake_dir_members_ops(&e->ops);
    fake_dir_groups_ops(&e->ops);
    fake_dir_invites_ops(&e->ops);
    fake_dir_erase_ops(&e->ops);
    e->ops.ready = end_ready;
    e->directory.ops = &e->ops;
    e->owner = f;
    fake_calls_init(&e->calls);
    list_init(&e->node);
    list_push_back(&f->ends, &e->node);
    return &e->directory;
}

struct fake_calls *fake_directory_calls(struct directory *end) {
    return &CONTAINER_OF(end, struct end, directory)->calls;
}
