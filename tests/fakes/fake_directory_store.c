/* The tables of the directory in memory. */
#include "tests/fakes/fake_directory_store.h"

#include <string.h>

#include "proto/base/mem.h"

void dir_store_init(struct dir_store *s) {
    *s = (struct dir_store){.order = NULL};
    map_init(&s->users);
    map_init(&s->convs);
}

void dir_store_fini(struct dir_store *s) {
    struct dir_user *u;
    struct dir_conv *c;
    size_t at = 0;

    while ((u = map_next(&s->users, &at)) != NULL) {
        mem_free(u->name);
        mem_free(u->key);
        mem_free(u->password_hash);
        mem_free(u->avatar);
        mem_free(u);
    }
    at = 0;
    while ((c = map_next(&s->convs, &at)) != NULL) {
        mem_free(c->title);
        mem_free(c->members);
        mem_free(c->steps);
        mem_free(c->unlogged);
        mem_free(c);
    }
    map_fini(&s->users);
    map_fini(&s->convs);
    mem_free(s->order);
    for (size_t i = 0; i < s->device_count; i++) {
        mem_free(s->devices[i].label);
        mem_free(s->devices[i].push);
    }
    for (size_t i = 0; i < s->invite_count; i++) {
        mem_free(s->invites[i].hash);
    }
    mem_free(s->invites);
    for (size_t i = 0; i < s->identity_count; i++) {
        mem_free(s->identities[i].issuer);
        mem_free(s->identities[i].subject);
    }
    mem_free(s->identities);
    mem_free(s->keys);
    for (size_t i = 0; i < s->once_count; i++) {
        mem_free(s->once[i].name);
    }
    mem_free(s->once);
    mem_free(s->friends);
    mem_free(s->blocks);
    mem_free(s->notes);
    mem_free(s->devices);
}

/* ---- users ---- */

struct dir_user *dir_user(const struct dir_store *s, struct user_id id) {
    return map_get(&s->users, id.v);
}

struct dir_user *dir_user_by_key(const struct dir_store *s, struct slice key) {
    struct dir_user *u;
    size_t at = 0;

    while ((u = map_next(&s->users, &at)) != NULL) {
        if (slice_is(key, u->key)) {
            return u;
        }
    }
    return NULL;
}

struct dir_user *dir_user_make(struct dir_store *s, struct user_id id,
                               struct slice name, struct slice key,
                               struct slice password_hash) {
    struct dir_user *u = dir_user_by_key(s, key);

    if (u != NULL) {
        return u->id.v == id.v ? u : NULL;
    }
    u = mem_new(sizeof(*u));
    u->id = id;
    u->name = mem_dup(name.p, name.n);
    u->key = mem_dup(key.p, key.n);
    u->password_hash = mem_dup(password_hash.p, password_hash.n);
    u->avatar = mem_dup("", 0);
    u->settings =
        (struct user_settings){CIRCLE_ANYBODY, CIRCLE_ANYBODY, NOTIFY_ALL};
    map_put(&s->users, id.v, u);
    return u;
}

/* ---- conversations ---- */

struct dir_conv *dir_conv(const struct dir_store *s, struct conv_id id) {
    return map_get(&s->convs, id.v);
}

struct dir_conv *dir_direct(const struct dir_store *s, struct user_id a,
                            struct user_id b) {
    for (size_t i = 0; i < s->conv_count; i++) {
        struct dir_conv *c = s->order[i];

        if (c->kind == CONV_DIRECT && dir_member(c, a) != NULL &&
            dir_member(c, b) != NULL) {
            return c;
        }
    }
    return NULL;
}

struct dir_conv *dir_conv_make(struct dir_store *s, struct conv_id id,
                               enum conv_kind kind, struct slice title) {
    struct dir_conv *c = mem_new(sizeof(*c));

    c->id = id;
    c->kind = kind;
    c->version.v = 1;
    c->title = mem_dup(title.p, title.n);
    map_put(&s->convs, id.v, c);
    s->order =
        mem_resize(s->order, (s->conv_count + 1) * sizeof(struct dir_conv *));
    s->order[s->conv_count++] = c;
    return c;
}

struct dir_member *dir_member(const struct dir_conv *c, struct user_id user) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->members[i].user.v == user.v) {
            return &c->members[i];
        }
    }
    return NULL;
}

static struct dir_member *add_row(struct dir_store *s, struct dir_conv *c,
                                  struct user_id user) {
    struct dir_member *m = dir_member(c, user);

    if (m == NULL) {
        c->members =
            mem_resize(c->members, (c->count + 1) * sizeof(*c->members));
        m = &c->members[c->count++];
        *m = (struct dir_member){.user = user,
                                 .settings.notify = NOTIFY_DEFAULT};
    }
    m->joined = ++s->joins;
    c->member_count++;
    c->wide = c->wide || c->member_count > NARROW_MAX_MEMBERS;
    return m;
}

static void add_step(struct dir_conv *c, struct user_id user, bool joined) {
    c->steps = mem_resize(c->steps, (c->step_count + 1) * sizeof(*c->steps));
    c->steps[c->step_count++] = (struct dir_step){c->version, user, joined};
}

void dir_found(struct dir_store *s, struct dir_conv *c, struct user_id user,
               enum role role) {
    struct dir_member *m = add_row(s, c, user);

    m->role = role;
    m->from = 1;
    m->bound = true;
    add_step(c, user, true);
}

void dir_join(struct dir_store *s, struct dir_conv *c, struct user_id user) {
    struct dir_member *m = add_row(s, c, user);

    if (m->role == ROLE_NONE && m->from > 0 && m->away == 0) {
        m->away = m->bound ? m->until + 1 : m->from;
    }
    m->role = ROLE_MEMBER;
    m->until = 0;
    m->bound = false;
    m->by.v = 0;
    c->version.v++;
    m->version = c->version;
    add_step(c, user, true);
}

/* The highest role, and of those the oldest membership, becomes owner. */
static void hand_over(struct dir_conv *c) {
    struct dir_member *heir = NULL;

    for (size_t i = 0; i < c->count; i++) {
        struct dir_member *m = &c->members[i];

        if (m->role != ROLE_NONE &&
            (heir == NULL || m->role > heir->role ||
             (m->role == heir->role && m->joined < heir->joined))) {
            heir = m;
        }
    }
    if (heir != NULL) {
        heir->role = ROLE_OWNER;
    }
}

void dir_leave(struct dir_conv *c, struct dir_member *m) {
    bool owner = m->role == ROLE_OWNER;

    m->role = ROLE_NONE;
    m->until = 0;
    m->bound = false;
    m->by.v = 0;
    c->member_count--;
    c->version.v++;
    m->version = c->version;
    add_step(c, m->user, false);
    if (owner) {
        hand_over(c);
    }
}

/* The oldest absence goes when there are too many. */
static void end_absence(struct dir_member *m, uint64_t seq) {
    if (m->away == 0 || seq < m->away) {
        return;
    }
    if (seq > m->away && m->gap_count == MEMBER_GAPS_MAX) {
        m->from = m->gaps[0].last.v + 1;
        m->gap_count--;
        memmove(m->gaps, m->gaps + 1, m->gap_count * sizeof(m->gaps[0]));
    }
    if (seq > m->away) {
        m->gaps[m->gap_count++] = (struct member_gap){{m->away}, {seq - 1}};
    }
    m->away = 0;
}

void dir_bound(struct dir_member *m, uint64_t seq, bool joined) {
    bool member = m->role != ROLE_NONE;

    if (joined) {
        end_absence(m, seq);
    }

    if (joined && m->from == 0) {
        m->from = seq;
    }
    if (!joined && !member && m->until < seq) {
        m->until = seq;
    }
    m->bound = m->bound || joined == member;
}

struct member_row dir_row(const struct dir_conv *c, struct user_id user) {
    const struct dir_member *m = dir_member(c, user);
    struct member_row row = {.user = user};

    if (m != NULL) {
        row.role = m->role;
        row.from.v = m->role == ROLE_NONE && !m->bound ? 0 : m->from;
        row.until.v = m->until;
        memcpy(row.gaps, m->gaps, sizeof(row.gaps));
        row.gap_count = m->gap_count;
        row.away.v = m->away;
        row.silenced_ms = m->silenced_ms;
    }
    return row;
}

struct dir_unlogged *dir_unlogged(const struct dir_conv *c,
                                  enum group_what what, struct user_id user) {
    for (size_t i = 0; i < c->unlogged_count; i++) {
        if (c->unlogged[i].what == what && c->unlogged[i].user.v == user.v) {
            return &c->unlogged[i];
        }
    }
    return NULL;
}

void dir_unlogged_put(struct dir_conv *c, const struct dir_unlogged *change) {
    struct dir_unlogged *u = dir_unlogged(c, change->what, change->user);

    if (u == NULL) {
        c->unlogged = mem_resize(c->unlogged, (c->unlogged_count + 1) *
                                                  sizeof(*c->unlogged));
        u = &c->unlogged[c->unlogged_count++];
    }
    *u = *change;
}

/* ---- friends ---- */

struct dir_friends *dir_friends(const struct dir_store *s, struct user_id a,
                                struct user_id b) {
    for (size_t i = 0; i < s->friend_count; i++) {
        struct dir_friends *f = &s->friends[i];

        if ((f->low.v == a.v && f->high.v == b.v) ||
            (f->low.v == b.v && f->high.v == a.v)) {
            return f;
        }
    }
    return NULL;
}

struct dir_friends *dir_friends_make(struct dir_store *s, struct user_id a,
                                     struct user_id b) {
    s->friends =
        mem_resize(s->friends, (s->friend_count + 1) * sizeof(*s->friends));
    s->friends[s->friend_count] = (struct dir_friends){
        .low = a.v < b.v ? a : b, .high = a.v < b.v ? b : a, .asked_by = a};
    return &s->friends[s->friend_count++];
}

void dir_friends_drop(struct dir_store *s, struct dir_friends *f) {
    *f = s->friends[--s->friend_count];
}

/* ---- blocks ---- */

struct dir_block *dir_block(const struct dir_store *s, struct user_id user,
                            struct user_id other) {
    for (size_t i = 0; i < s->block_count; i++) {
        if (s->blocks[i].user.v == user.v && s->blocks[i].other.v == other.v) {
            return &s->blocks[i];
        }
    }
    return NULL;
}

struct dir_block *dir_block_make(struct dir_store *s, struct user_id user,
                                 struct user_id other) {
    s->blocks =
        mem_resize(s->blocks, (s->block_count + 1) * sizeof(*s->blocks));
    s->blocks[s->block_count] = (struct dir_block){user, other, {0}};
    return &s->blocks[s->block_count++];
}

bool dir_blocked(const struct dir_store *s, struct user_id a,
                 struct user_id b) {
    return dir_block(s, a, b) != NULL || dir_block(s, b, a) != NULL;
}

bool dir_closed(const struct dir_store *s, const struct dir_conv *c) {
    return c->kind == CONV_DIRECT &&
           dir_blocked(s, c->members[0].user, c->members[1].user);
}

/* ---- devices ---- */

uint64_t dir_now_ms(const struct dir_store *s) {
    return s->clock == NULL ? 0 : s->clock->wall_ms;
}

void dir_device_make(struct dir_store *s, struct user_id user,
                     struct device_id id, struct slice label) {
    uint64_t now = dir_now_ms(s);

    s->devices =
        mem_resize(s->devices, (s->device_count + 1) * sizeof(*s->devices));
    s->devices[s->device_count++] = (struct dir_device){
        .row = {.id = id, .user = user, .created_ms = now, .used_ms = now},
        .label = mem_dup(label.p, label.n)};
}
