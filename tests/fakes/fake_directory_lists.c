/* Lists and their versions, as the database does them. */
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

/* ---- the store ---- */

static struct dir_note *find_note(const struct dir_store *s,
                                  struct list_ref ref) {
    for (size_t i = 0; i < s->note_count; i++) {
        const struct list_ref *r = &s->notes[i].ref;

        if (r->owner.v == ref.owner.v && r->list == ref.list &&
            r->item == ref.item) {
            return &s->notes[i];
        }
    }
    return NULL;
}

void dir_note(struct dir_store *s, struct user_id owner, enum list_kind list,
              uint64_t item) {
    struct list_ref ref = {owner, list, item};
    struct dir_note *note = find_note(s, ref);

    if (note == NULL) {
        s->notes =
            mem_resize(s->notes, (s->note_count + 1) * sizeof(*s->notes));
        note = &s->notes[s->note_count++];
        note->ref = ref;
    }
    note->version = ++dir_user(s, owner)->lists;
}

void dir_note_friends(struct dir_store *s, struct user_id a, struct user_id b) {
    dir_note(s, a, LIST_FRIENDS, b.v);
    dir_note(s, b, LIST_FRIENDS, a.v);
}

static bool let_in(const struct dir_store *s, enum circle circle,
                   struct user_id me, struct user_id other) {
    const struct dir_friends *f = dir_friends(s, me, other);

    if (me.v == other.v) {
        return true;
    }
    if (dir_blocked(s, me, other) || circle == CIRCLE_NOBODY) {
        return false;
    }
    return circle == CIRCLE_ANYBODY || (f != NULL && f->asked_by.v == 0);
}

bool dir_may_reach(const struct dir_store *s, struct user_id me,
                   struct user_id other) {
    return let_in(s, dir_user(s, other)->settings.reach, me, other);
}

bool dir_may_see(const struct dir_store *s, struct user_id me,
                 struct user_id other) {
    return let_in(s, dir_user(s, other)->settings.seen, me, other);
}

/* ---- entries ---- */

static void put_user(struct list_entry *e, const struct dir_user *u) {
    e->user = u->id;
    e->name = slice_str(u->name);
    e->avatar = slice_str(u->avatar);
}

static void put_friend(const struct dir_store *s, struct list_entry *e) {
    struct user_id other = {e->ref.item};
    const struct dir_friends *f = dir_friends(s, e->ref.owner, other);

    put_user(e, dir_user(s, other));
    e->present = f != NULL;
    if (f != NULL) {
        e->remark = slice_str(f->remarks[f->high.v == e->ref.owner.v]);
        e->state = FRIEND_BOTH;
        if (f->asked_by.v != 0) {
            e->state = f->asked_by.v == other.v ? FRIEND_ASKS_ME : FRIEND_ASKED;
        }
    }
}

static void put_conv(const struct dir_store *s, struct list_entry *e) {
    const struct dir_conv *c = dir_conv(s, (struct conv_id){e->ref.item});
    const struct dir_member *m = dir_member(c, e->ref.owner);

    e->present = m->role != ROLE_NONE;
    e->conv_kind = c->kind;
    e->title = slice_str(c->title);
    e->role = m->role;
    e->conv = m->settings;
    if (c->kind == CONV_DIRECT) {
        put_user(
            e, dir_user(
                   s, c->members[c->members[0].user.v == e->ref.owner.v].user));
    }
}

static struct list_entry entry_of(const struct dir_store *s,
                                  const struct dir_note *note) {
    struct list_entry e = {
        .ref = note->ref, .version = note->version, .present = true};

    switch (note->ref.list) {
    case LIST_FRIENDS:
        put_friend(s, &e);
        break;
    case LIST_BLOCKS:
        put_user(&e, dir_user(s, (struct user_id){e.ref.item}));
        e.present = dir_block(s, e.ref.owner, e.user) != NULL;
        break;
    case LIST_CONVS:
        put_conv(s, &e);
        break;
    case LIST_SETTINGS:
        e.settings = dir_user(s, e.ref.owner)->settings;
        break;
    case LIST_PROFILE:
        put_user(&e, dir_user(s, e.ref.owner));
        break;
    }
    return e;
}

static void add_entry(struct fake_dir_call *c, const struct dir_note *note) {
    c->entries = mem_resize(c->entries, (c->found + 1) * sizeof(*c->entries));
    c->entries[c->found++] = entry_of(c->store, note);
}

static int compare(const void *a, const void *b) {
    const struct list_entry *left = a;
    const struct list_entry *right = b;

    return left->version < right->version ? -1 : 1;
}

static void entries_after_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    const struct dir_store *s = c->store;
    uint64_t since;

    c->version.v = dir_user(s, c->me)->lists;
    since = c->since > c->version.v ? 0 : c->since;
    for (size_t i = 0; i < s->note_count; i++) {
        if (s->notes[i].ref.owner.v == c->me.v && s->notes[i].version > since) {
            add_entry(c, &s->notes[i]);
            c->found -= c->since == 0 && !c->entries[c->found - 1].present;
        }
    }
    if (c->found > 0) {
        qsort(c->entries, c->found, sizeof(*c->entries), compare);
    }
    c->found = c->found < c->count ? c->found : c->count;
    base->rc = RC_OK;
}

static void end_entries_after(struct directory *d, struct user_id user,
                              uint64_t since, size_t limit, entries_fn done,
                              void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "entries_after", entries_after_execute,
                          fake_dir_answer_entries, ctx);

    c->me = user;
    c->since = since;
    c->count = limit;
    c->done.entries = done;
}

static struct user_id owner_of(const struct dir_conv *c) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->members[i].role == ROLE_OWNER) {
            return c->members[i].user;
        }
    }
    return (struct user_id){0};
}

static void entries_of_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->count; i++) {
        struct list_ref ref = c->refs[i];
        const struct dir_note *note;

        if (ref.owner.v == 0) {
            ref.owner =
                owner_of(dir_conv(c->store, (struct conv_id){ref.item}));
        }
        note = find_note(c->store, ref);
        if (note != NULL) {
            add_entry(c, note);
        }
    }
    base->rc = RC_OK;
}

static void end_entries_of(struct directory *d, const struct list_ref *refs,
                           size_t count, entries_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(
        d, "entries_of", entries_of_execute, fake_dir_answer_entries, ctx);

    c->refs = mem_new_array(count, sizeof(*refs));
    memcpy(c->refs, refs, count * sizeof(*refs));
    c->count = count;
    c->done.entries = done;
}

static bool shows(const struct dir_store *s, const struct dir_note *note,
                  struct user_id user) {
    struct list_entry e = entry_of(s, note);

    return e.present && e.user.v == user.v && e.ref.list != LIST_BLOCKS;
}

static void entries_showing_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);

    for (size_t i = 0; i < c->store->note_count; i++) {
        if (shows(c->store, &c->store->notes[i], c->me)) {
            add_entry(c, &c->store->notes[i]);
        }
    }
    base->rc = RC_OK;
}

static void end_entries_showing(struct directory *d, struct user_id user,
                                entries_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "entries_showing", entries_showing_execute,
                          fake_dir_answer_entries, ctx);

    c->me = user;
    c->done.entries = done;
}

void fake_dir_lists_ops(struct directory_ops *ops) {
    ops->entries_after = end_entries_after;
    ops->entries_of = end_entries_of;
    ops->entries_showing = end_entries_showing;
}
