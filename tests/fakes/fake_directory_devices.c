/* Devices, and the password that logs them out, as the database does them. */
#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static void device_create_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    dir_device_make(c->store, c->me, c->device, c->texts[0]);
    base->rc = RC_OK;
}

static void end_device_create(struct directory *d, struct user_id user,
                              struct device_id id, struct slice label,
                              device_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "device_create", device_create_execute, fake_dir_answer_device, ctx);

    c->texts[0] = fake_dir_keep_text(label);
    c->me = user;
    c->device = id;
    c->done.device = done;
}

static void add_device(struct fake_dir_call *c,
                       const struct dir_device *device) {
    c->devices = mem_resize(c->devices, (c->found + 1) * sizeof(*c->devices));
    c->devices[c->found] = device->row;
    c->devices[c->found++].label = slice_str(device->label);
}

static bool alive(const struct dir_device *device, struct user_id user) {
    return device->row.user.v == user.v && device->row.revoked_us == 0;
}

static void devices_of_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->store->device_count; i++) {
        const struct dir_device *device = &c->store->devices[i];

        if (alive(device, c->me) && device->row.used_ms >= c->since) {
            add_device(c, device);
        }
    }
    base->rc = RC_OK;
}

static void end_devices_of(struct directory *d, struct user_id user,
                           uint64_t since_ms, devices_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "devices_of", devices_of_execute, fake_dir_answer_devices, ctx);

    c->me = user;
    c->since = since_ms;
    c->done.devices = done;
}

/* The device of the call when it is the user's and not revoked, or NULL. */
static struct dir_device *device_of(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->store->device_count; i++) {
        struct dir_device *device = &c->store->devices[i];

        if (alive(device, c->me) && device->row.id.v == c->device.v) {
            return device;
        }
    }
    return NULL;
}

static void device_rename_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_device *device = device_of(c);

    base->rc = device == NULL ? RC_NOT_FOUND : RC_OK;
    if (device != NULL) {
        mem_free(device->label);
        device->label = mem_dup(c->texts[0].p, c->texts[0].n);
    }
}

static void end_device_rename(struct directory *d, struct user_id user,
                              struct device_id device, struct slice label,
                              directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "device_rename", device_rename_execute, fake_dir_answer_done, ctx);

    c->me = user;
    c->device = device;
    c->texts[0] = fake_dir_keep_text(label);
    c->done.done = done;
}

static void device_use_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_device *device = device_of(c);

    if (device != NULL && device->external) {
        device = NULL;
    }
    base->rc = device == NULL ? RC_NOT_FOUND : RC_OK;
    if (device != NULL) {
        device->row.used_ms = dir_now_ms(c->store);
    }
}

static void end_device_use(struct directory *d, struct user_id user,
                           struct device_id device, directory_done_fn done,
                           void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "device_use", device_use_execute, fake_dir_answer_done, ctx);

    c->me = user;
    c->device = device;
    c->done.done = done;
}

/* ---- identities ---- */

static struct dir_identity *find_identity(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->store->identity_count; i++) {
        struct dir_identity *one = &c->store->identities[i];

        if (slice_is(c->texts[0], one->issuer) &&
            slice_is(c->texts[1], one->subject)) {
            return one;
        }
    }
    return NULL;
}

static struct dir_identity *make_identity(struct fake_dir_call *c) {
    struct dir_store *s = c->store;
    struct dir_identity *out;

    if (dir_user_make(s, c->me, c->texts[2], c->texts[3], SLICE_LIT("")) ==
        NULL) {
        (void)dir_user_make(s, c->me, c->texts[4], c->texts[4], SLICE_LIT(""));
    }
    s->identities =
        mem_resize(s->identities, (s->identity_count + 1) * sizeof(*out));
    out = &s->identities[s->identity_count++];
    *out = (struct dir_identity){mem_dup(c->texts[0].p, c->texts[0].n),
                                 mem_dup(c->texts[1].p, c->texts[1].n), c->me};
    return out;
}

static struct dir_device *any_device(const struct fake_dir_call *c) {
    for (size_t i = 0; i < c->store->device_count; i++) {
        if (c->store->devices[i].row.id.v == c->device.v) {
            return &c->store->devices[i];
        }
    }
    return NULL;
}

static void identity_login_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_identity *who = find_identity(c);
    struct dir_device *device = any_device(c);

    if (device != NULL &&
        (who == NULL || !device->external || !alive(device, who->user))) {
        base->rc = RC_DENIED;
        return;
    }
    who = who == NULL ? make_identity(c) : who;
    if (device == NULL) {
        dir_device_make(c->store, who->user, c->device, c->texts[5]);
        device = any_device(c);
        device->external = true;
    }
    device->row.used_ms = dir_now_ms(c->store);
    c->user.id = who->user;
    c->user.name = slice_str(dir_user(c->store, who->user)->name);
    base->rc = RC_OK;
}

static void end_identity_login(struct directory *d, const struct identity *who,
                               user_fn done, void *ctx) {
    const struct slice texts[] = {who->issuer,   who->subject, who->name,
                                  who->name_key, who->spare,   who->label};
    struct fake_dir_call *c = fake_dir_call_new(
        d, "identity_login", identity_login_execute, fake_dir_answer_user, ctx);

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        c->texts[i] = fake_dir_keep_text(texts[i]);
    }
    c->me = who->fresh;
    c->device = who->device;
    c->done.user = done;
}

/* Time counts the revocations, from then on. */
enum {
    REVOKED_US = 1000000000,
};

static void revoke(struct fake_dir_call *c, enum revoke_which which) {
    for (size_t i = 0; i < c->store->device_count; i++) {
        struct dir_device *device = &c->store->devices[i];
        bool same = device->row.id.v == c->device.v;

        if (device->row.user.v != c->me.v || same != (which == REVOKE_THIS) ||
            (!same && device->row.revoked_us != 0)) {
            continue;
        }
        if (device->row.revoked_us == 0) {
            device->row.revoked_us = REVOKED_US + ++c->store->revocations;
        }
        add_device(c, device);
    }
}

static void devices_revoke_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    revoke(c, c->which);
    base->rc = c->which == REVOKE_THIS && c->found == 0 ? RC_NOT_FOUND : RC_OK;
}

static void end_devices_revoke(struct directory *d, struct user_id user,
                               struct device_id device, enum revoke_which which,
                               devices_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "devices_revoke", devices_revoke_execute,
                          fake_dir_answer_devices, ctx);

    c->me = user;
    c->device = device;
    c->which = which;
    c->done.devices = done;
}

static void password_set_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = dir_user(c->store, c->me);

    if (u == NULL || !slice_is(c->texts[0], u->password_hash)) {
        base->rc = RC_CONFLICT;
        return;
    }
    mem_free(u->password_hash);
    u->password_hash = mem_dup(c->texts[1].p, c->texts[1].n);
    revoke(c, REVOKE_OTHERS);
    base->rc = RC_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the port has 7 parameters. */
static void end_password_set(struct directory *d, struct user_id user,
                             struct device_id keep, struct slice old,
                             struct slice fresh, devices_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "password_set", password_set_execute, fake_dir_answer_devices, ctx);

    c->me = user;
    c->device = keep;
    c->texts[0] = fake_dir_keep_text(old);
    c->texts[1] = fake_dir_keep_text(fresh);
    c->done.devices = done;
}

/* The earliest of those revoked after `us`, or NULL. Each has a time of its
 * own here. */
static const struct dir_device *next_revoked(const struct dir_store *s,
                                             uint64_t us) {
    const struct dir_device *found = NULL;

    for (size_t i = 0; i < s->device_count; i++) {
        const struct dir_device *device = &s->devices[i];

        if (device->row.revoked_us > us &&
            (found == NULL || device->row.revoked_us < found->row.revoked_us)) {
            found = device;
        }
    }
    return found;
}

static void revoked_after_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_device *device = next_revoked(c->store, c->since);

    while (device != NULL && c->found < DIRECTORY_BATCH_MAX) {
        add_device(c, device);
        device = next_revoked(c->store, device->row.revoked_us);
    }
    base->rc = RC_OK;
}

static void end_revoked_after(struct directory *d, uint64_t us,
                              struct device_id device, devices_fn done,
                              void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "revoked_after", revoked_after_execute,
                          fake_dir_answer_devices, ctx);

    (void)device;
    c->since = us;
    c->done.devices = done;
}

/* ---- waking ---- */

static void push_forget(struct dir_device *device) {
    mem_free(device->push);
    device->push = NULL;
}

static void push_set_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_device *mine = device_of(c);

    base->rc = mine == NULL ? RC_NOT_FOUND : RC_OK;
    for (size_t i = 0; mine != NULL && i < c->store->device_count; i++) {
        struct dir_device *one = &c->store->devices[i];

        if (one == mine ||
            (one->push != NULL && slice_is(c->texts[0], one->push))) {
            push_forget(one);
        }
    }
    if (mine != NULL) {
        mine->push = mem_dup(c->texts[0].p, c->texts[0].n);
    }
}

static void end_push_set(struct directory *d, const struct device_push *push,
                         directory_done_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "push_set", push_set_execute,
                                                fake_dir_answer_done, ctx);

    c->me = push->user;
    c->device = push->device;
    c->texts[0] = fake_dir_keep_text(push->endpoint);
    c->done.done = done;
}

static void push_drop_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_device *mine = device_of(c);

    if (mine != NULL) {
        push_forget(mine);
    }
    base->rc = RC_OK;
}

static void end_push_drop(struct directory *d, struct user_id user,
                          struct device_id device, directory_done_fn done,
                          void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "push_drop", push_drop_execute, fake_dir_answer_done, ctx);

    c->me = user;
    c->device = device;
    c->done.done = done;
}

void fake_dir_devices_ops(struct directory_ops *ops) {
    ops->device_create = end_device_create;
    ops->devices_of = end_devices_of;
    ops->device_rename = end_device_rename;
    ops->device_use = end_device_use;
    ops->identity_login = end_identity_login;
    ops->devices_revoke = end_devices_revoke;
    ops->password_set = end_password_set;
    ops->revoked_after = end_revoked_after;
    ops->push_set = end_push_set;
    ops->push_drop = end_push_drop;
}
