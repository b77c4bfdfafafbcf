/* Keys of servers, and the users they make, as the database does it. */
#include <stdio.h>
#include <string.h>

#include "proto/base/mem.h"
#include "tests/fakes/fake_directory_call.h"

static struct dir_key *find(const struct dir_store *s, struct api_key_id id) {
    for (size_t i = 0; i < s->key_count; i++) {
        if (s->keys[i].id.v == id.v) {
            return &s->keys[i];
        }
    }
    return NULL;
}

struct dir_key *dir_key(const struct dir_store *s,
                        const struct api_key_text *text) {
    struct slice secret = {NULL, 0};
    struct api_key_id id = {0};

    return api_key_read(slice_str(text->s), &id, &secret) == RC_OK ? find(s, id)
                                                                   : NULL;
}

struct api_key_text dir_key_make(struct dir_store *s, const char *scopes,
                                 uint64_t expires_ms) {
    uint8_t secret[API_KEY_SECRET_BYTES];
    struct dir_key *key;
    struct api_key_text text;

    s->keys = mem_resize(s->keys, (s->key_count + 1) * sizeof(*s->keys));
    key = &s->keys[s->key_count++];
    *key =
        (struct dir_key){.id = {500 + s->key_count}, .expires_ms = expires_ms};
    (void)snprintf(key->scopes, sizeof(key->scopes), "%s", scopes);
    memset(secret, (int)s->key_count, sizeof(secret));
    text = api_key_write(key->id, secret);
    key->hash = api_key_hash(api_key_secret(&text));
    return text;
}

static void api_keys_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_store *s = c->store;

    c->keys = mem_new_array(s->key_count, sizeof(*c->keys));
    for (size_t i = 0; i < c->count; i++) {
        struct dir_key *key = find(s, (struct api_key_id){c->ids[i].v});

        if (key != NULL) {
            key->used++;
        }
    }
    for (size_t i = 0; i < s->key_count; i++) {
        const struct dir_key *key = &s->keys[i];

        if (!key->revoked &&
            (key->expires_ms == 0 || key->expires_ms > dir_now_ms(s))) {
            c->keys[c->found++] =
                (struct api_key_row){.id = key->id,
                                     .hash = slice_str(key->hash.s),
                                     .scopes = slice_str(key->scopes),
                                     .expires_ms = key->expires_ms};
        }
    }
    base->rc = RC_OK;
}

static void end_api_keys(struct directory *d, const struct api_key_id *used,
                         size_t count, api_keys_fn done, void *ctx) {
    struct fake_dir_call *c = fake_dir_call_new(d, "api_keys", api_keys_execute,
                                                fake_dir_answer_api_keys, ctx);

    c->ids = mem_new_array(count, sizeof(*c->ids));
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        c->ids[i].v = used[i].v;
    }
    c->done.api_keys = done;
}

/* texts: name, key, hash, issuer, subject. */
static struct dir_user *of_subject(const struct fake_dir_call *c) {
    const struct dir_store *s = c->store;

    for (size_t i = 0; c->texts[4].n > 0 && i < s->identity_count; i++) {
        if (slice_is(c->texts[3], s->identities[i].issuer) &&
            slice_is(c->texts[4], s->identities[i].subject)) {
            return dir_user(s, s->identities[i].user);
        }
    }
    return NULL;
}

static struct dir_user *add(struct fake_dir_call *c) {
    struct dir_store *s = c->store;
    struct dir_user *u =
        dir_user_make(s, c->me, c->texts[0], c->texts[1], c->texts[2]);

    if (u != NULL && c->texts[4].n > 0) {
        s->identities = mem_resize(s->identities, (s->identity_count + 1) *
                                                      sizeof(*s->identities));
        s->identities[s->identity_count++] = (struct dir_identity){
            .issuer = mem_dup(c->texts[3].p, c->texts[3].n),
            .subject = mem_dup(c->texts[4].p, c->texts[4].n),
            .user = c->me};
    }
    if (u != NULL) {
        u->bot = c->bot;
        c->made = true;
    }
    return u;
}

static void user_make_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_user *u = of_subject(c);

    if (u == NULL && c->texts[4].n == 0) {
        u = dir_user_by_key(c->store, c->texts[1]);
    }
    if (u == NULL) {
        u = add(c);
    }
    base->rc = u == NULL || u->bot != c->bot ? RC_CONFLICT : RC_OK;
    if (base->rc == RC_OK) {
        c->user.id = u->id;
        c->user.name = slice_str(u->name);
    }
}

static void end_user_make(struct directory *d, const struct user_new *user,
                          user_made_fn done, void *ctx) {
    struct slice texts[] = {user->name, user->name_key, user->password_hash,
                            user->issuer, user->subject};
    struct fake_dir_call *c = fake_dir_call_new(
        d, "user_make", user_make_execute, fake_dir_answer_user_made, ctx);

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        c->texts[i] = fake_dir_keep_text(texts[i]);
    }
    c->me = user->fresh;
    c->bot = user->bot;
    c->done.user_made = done;
}

static struct dir_once *once_find(const struct fake_dir_call *c) {
    struct dir_store *s = c->store;

    for (size_t i = 0; i < s->once_count; i++) {
        if (s->once[i].owner == c->once.owner &&
            slice_is(c->texts[0], s->once[i].name)) {
            return &s->once[i];
        }
    }
    return NULL;
}

static void once_execute(struct fake_call *base) {
    struct fake_dir_call *c = fake_dir_call_of(base);
    struct dir_store *s = c->store;
    struct dir_once *o = once_find(c);

    if (o == NULL) {
        s->once = mem_resize(s->once, (s->once_count + 1) * sizeof(*s->once));
        o = &s->once[s->once_count++];
        *o = (struct dir_once){c->once.owner,
                               mem_dup(c->texts[0].p, c->texts[0].n),
                               c->once.hash, c->once.fresh};
    }
    base->rc = o->hash == c->once.hash ? RC_OK : RC_CONFLICT;
    c->once.fresh = o->id;
}

static void end_once(struct directory *d, const struct once_ask *ask,
                     once_fn done, void *ctx) {
    struct fake_dir_call *c =
        fake_dir_call_new(d, "once", once_execute, fake_dir_answer_once, ctx);

    c->once = *ask;
    c->texts[0] = fake_dir_keep_text(ask->name);
    c->done.once = done;
}

void fake_dir_keys_ops(struct directory_ops *ops) {
    ops->once = end_once;
    ops->api_keys = end_api_keys;
    ops->user_make = end_user_make;
}
