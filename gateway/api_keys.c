#include "gateway/api_keys.h"

#include "proto/base/log.h"
#include "proto/base/mem.h"

enum {
    READ_MS = 1000,      /* from one reading to the next */
    READ_AGAIN_MS = 500, /* after one that failed */
    BELIEVED_MS = 5000,
};

struct api_key {
    struct api_key_id id;
    struct api_key_hash hash;
    unsigned scopes;
    uint64_t expires_ms; /* Unix time; 0: never */
    struct rate rate;
    bool used; /* since the last reading */
    bool seen; /* in the one that is being taken */
};

static const struct log_ctx ctx_keys = {"api_keys", 0};

/* ---- reading ---- */

static void read_in(struct api_keys *k, uint64_t ms) {
    wheel_set(k->core->wheel, &k->timer, k->core->clock->mono_ms + ms);
}

static void take(struct api_keys *k, const struct api_key_row *row) {
    struct api_key *key = map_get(&k->keys, row->id.v);
    struct slice unknown;

    if (row->hash.n != API_KEY_HASH_LEN) {
        return; /* not one of ours */
    }
    if (key == NULL) {
        key = mem_new(sizeof(*key));
        key->id = row->id;
        (void)map_put(&k->keys, key->id.v, key);
    }
    for (size_t i = 0; i < API_KEY_HASH_LEN; i++) {
        key->hash.s[i] = (char)row->hash.p[i];
    }
    /* A scope that a newer moimctl knows is none here. */
    (void)!scopes_read(row->scopes, &key->scopes, &unknown);
    key->expires_ms = row->expires_ms;
    key->seen = true;
}

/* Forgets those that were not in the reading. */
static void sweep(struct api_keys *k) {
    struct api_key *gone[API_KEYS_MAX];
    struct api_key *key;
    size_t count = 0;
    size_t at = 0;

    while ((key = map_next(&k->keys, &at)) != NULL) {
        if (!key->seen && count < COUNT_OF(gone)) {
            gone[count++] = key;
        }
        key->seen = false;
    }
    for (size_t i = 0; i < count; i++) {
        (void)map_remove(&k->keys, gone[i]->id.v);
        mem_free(gone[i]);
    }
}

static void on_keys(void *ctx, enum rc rc, const struct api_key_row *keys,
                    size_t count) {
    struct api_keys *k = ctx;

    if (rc != RC_OK) {
        read_in(k, READ_AGAIN_MS);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take(k, &keys[i]);
    }
    sweep(k);
    if (!k->loaded) {
        log_info(&ctx_keys, "keys_loaded", "count=%zu", k->keys.count);
    }
    k->loaded = true;
    k->read_ms = k->asked_ms;
    read_in(k, READ_MS);
}

/* What was used is told once; a reading that fails loses it, which makes the
 * time in the list of keys a little older than it is. */
static void on_timer(struct wheel_timer *t) {
    struct api_keys *k = CONTAINER_OF(t, struct api_keys, timer);
    struct directory *d = k->core->directory;
    struct api_key_id used[API_KEYS_MAX];
    struct api_key *key;
    size_t count = 0;
    size_t at = 0;

    while ((key = map_next(&k->keys, &at)) != NULL) {
        if (key->used && count < COUNT_OF(used)) {
            used[count++] = key->id;
        }
        key->used = false;
    }
    k->asked_ms = k->core->clock->mono_ms;
    d->ops->api_keys(d, used, count, on_keys, k);
}

void api_keys_init(struct api_keys *k, struct core *core,
                   struct rate_rule rule) {
    *k = (struct api_keys){.core = core, .rule = rule};
    map_init(&k->keys);
    wheel_timer_init(&k->timer, on_timer);
    read_in(k, 0);
}

void api_keys_fini(struct api_keys *k) {
    wheel_cancel(&k->timer);
    sweep(k); /* none of them is seen now */
    map_fini(&k->keys);
}

/* ---- using ---- */

static bool is_good(const struct api_keys *k, const struct api_key *key,
                    struct slice secret) {
    struct api_key_hash hash = api_key_hash(secret);

    return api_key_hash_is(&key->hash, slice_str(hash.s)) &&
           (key->expires_ms == 0 || key->expires_ms > k->core->clock->wall_ms);
}

enum rc api_keys_use(struct api_keys *k, struct slice text,
                     struct api_key_use *out) {
    uint64_t now_ms = k->core->clock->mono_ms;
    struct slice secret;
    struct api_key_id id;
    struct api_key *key;

    if (api_key_read(text, &id, &secret) != RC_OK) {
        return RC_DENIED;
    }
    if (!k->loaded || k->read_ms + BELIEVED_MS <= now_ms) {
        return RC_AGAIN;
    }
    key = map_get(&k->keys, id.v);
    if (key == NULL || !is_good(k, key, secret)) {
        return RC_DENIED;
    }
    key->used = true;
    *out = (struct api_key_use){.id = id, .scopes = key->scopes};
    if (!rate_take(&key->rate, k->rule, now_ms)) {
        out->wait_ms = rate_wait_ms(&key->rate, k->rule);
    }
    return RC_OK;
}
