/* The directory on a real PostgreSQL as plain calls: each asks, turns the loop
 * until the answer is there, and keeps a copy of it. */
#ifndef MOIM_TESTS_DIR_ENV_H
#define MOIM_TESTS_DIR_ENV_H

#include <string.h>

#include "storage/directory_pg.h"
#include "storage/migrate.h"
#include "tests/integration/pg_env.h"

enum {
    GOT_ROWS_MAX = 32,
};

/* The last answer, whichever callback brought it. */
struct got {
    bool done;
    enum rc rc;
    size_t count;
    struct user_row users[GOT_ROWS_MAX];
    char text[GOT_ROWS_MAX][TITLE_MAX_BYTES + 1]; /* names or titles */
    char more[GOT_ROWS_MAX][64];                  /* avatars, remarks, titles */
    char hash[64];
    struct device_id device;
    struct device_row devices[GOT_ROWS_MAX];
    struct conv_id closed;
    struct conv_row conv;
    struct member_version version;
    struct member_row members[GOT_ROWS_MAX];
    struct conv_of_user convs[GOT_ROWS_MAX];
    struct member_changed changed;
    struct group_member group_members[GOT_ROWS_MAX];
    struct invite invites[GOT_ROWS_MAX];
    struct friend_row friends[GOT_ROWS_MAX];
    struct list_entry entries[GOT_ROWS_MAX];
    uint64_t lists; /* their version */
    enum friend_state state;
    uint32_t total;
    unsigned store_slot;
    bool store_whole;
};

static inline void got_text(struct got *g, size_t i, struct slice text) {
    if (i < GOT_ROWS_MAX && text.n <= TITLE_MAX_BYTES) {
        memcpy(g->text[i], text.p, text.n);
        g->text[i][text.n] = '\0';
    }
}

static inline void got_more(struct got *g, size_t i, struct slice text) {
    if (i < GOT_ROWS_MAX && text.n > 0 && text.n < sizeof(g->more[i])) {
        memcpy(g->more[i], text.p, text.n);
        g->more[i][text.n] = '\0';
    }
}

static inline void got_rc(struct got *g, enum rc rc) {
    g->done = true;
    g->rc = rc;
}

static inline void on_got_user(void *ctx, enum rc rc,
                               const struct user_row *user) {
    struct got *g = ctx;

    got_rc(g, rc);
    if (rc == RC_OK) {
        g->users[0] = *user;
        got_text(g, 0, user->name);
        got_more(g, 0, user->avatar);
        if (user->password_hash.n > 0) {
            memcpy(g->hash, user->password_hash.p, user->password_hash.n);
        }
        g->hash[user->password_hash.n] = '\0';
    }
}

static inline void on_got_users(void *ctx, enum rc rc,
                                const struct user_row *users, size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->users[i] = users[i];
        got_text(g, i, users[i].name);
    }
}

static inline void on_got_device(void *ctx, enum rc rc,
                                 struct device_id device) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->device = device;
}

static inline void on_got_conv(void *ctx, enum rc rc,
                               const struct conv_row *conv) {
    struct got *g = ctx;

    got_rc(g, rc);
    if (rc == RC_OK) {
        g->conv = *conv;
        g->count = conv->listed;
        memcpy(g->members, conv->members,
               conv->listed * sizeof(conv->members[0]));
        got_text(g, 0, conv->title);
    }
}

static inline void on_got_members(void *ctx, enum rc rc,
                                  struct member_version version,
                                  const struct member_row *members,
                                  size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->version = version;
    g->count = count;
    memcpy(g->members, members, count * sizeof(members[0]));
}

static inline void on_got_convs(void *ctx, enum rc rc,
                                const struct conv_of_user *convs,
                                size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->convs[i] = convs[i];
        got_text(g, i,
                 convs[i].kind == CONV_GROUP ? convs[i].title
                                             : convs[i].peer_name);
    }
}

static inline void on_got_changed(void *ctx, enum rc rc,
                                  const struct member_changed *out) {
    struct got *g = ctx;

    got_rc(g, rc);
    if (rc == RC_OK) {
        g->changed = *out;
    }
}

static inline void on_got_group_members(void *ctx, enum rc rc, uint32_t total,
                                        const struct group_member *members,
                                        size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->total = total;
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->group_members[i] = members[i];
        got_text(g, i, members[i].name);
    }
}

static inline void on_got_invites(void *ctx, enum rc rc,
                                  const struct invite *invites, size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->invites[i] = invites[i];
    }
}

static inline void on_got_friends(void *ctx, enum rc rc,
                                  const struct friend_row *friends,
                                  size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->friends[i] = friends[i];
        got_text(g, i, friends[i].name);
        got_more(g, i, friends[i].remark);
    }
}

static inline void on_got_friend(void *ctx, enum rc rc,
                                 enum friend_state state) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->state = state;
}

static inline void on_got_entries(void *ctx, enum rc rc, uint64_t version,
                                  const struct list_entry *entries,
                                  size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->lists = version;
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->entries[i] = entries[i];
        got_text(g, i, entries[i].name);
        got_more(g, i, entries[i].avatar);
        got_more(g, i, entries[i].remark);
        got_more(g, i, entries[i].title);
    }
}

static inline void on_got_devices(void *ctx, enum rc rc,
                                  const struct device_row *devices,
                                  size_t count) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->count = count;
    for (size_t i = 0; i < count && i < GOT_ROWS_MAX; i++) {
        g->devices[i] = devices[i];
        got_text(g, i, devices[i].label);
    }
}

static inline void on_got_block(void *ctx, enum rc rc, struct conv_id conv,
                                struct member_version version) {
    struct got *g = ctx;

    got_rc(g, rc);
    g->closed = conv;
    g->version = version;
}

static inline void on_got_store(void *ctx, enum rc rc,
                                const struct store_row *row) {
    struct got *g = ctx;

    got_rc(g, rc);
    if (rc == RC_OK) {
        got_text(g, 0, row->id);
        g->store_slot = row->slot;
        g->store_whole = row->whole;
    }
}

static inline void on_got_done(void *ctx, enum rc rc) {
    got_rc(ctx, rc);
}

static struct pg_env env;
static struct directory *dir; /* two, as two gateways would have */
static struct directory *other;

static inline struct directory *dir_open(void) {
    struct directory_pg_config config = {
        .conninfo = env.conninfo, .program = "it_directory", .links = 2};
    struct directory *d = NULL;

    if (directory_pg_open(&d, &env.loop, &config) != RC_OK) {
        abort();
    }
    while (directory_pg_stats(d).links_up < 2) {
        pg_env_turn(&env);
    }
    return d;
}

/* A migrated schema with users 1 to 99, named u1 to u99. */
static inline void dir_env_open(void) {
    FILE *null = fopen("/dev/null", "w");

    pg_env_open(&env, "moim_it_directory");
    if (null == NULL ||
        migrate_run(env.conninfo, "deploy/migrations", null) != RC_OK) {
        fprintf(stderr, "deploy/migrations cannot be applied\n");
        exit(1);
    }
    fclose(null);
    pg_env_sql(&env, "INSERT INTO users (id, name, name_key) "
                     "SELECT i, 'u' || i, 'u' || i FROM generate_series(1, 99) "
                     "AS i");
    dir = dir_open();
    other = dir_open();
}

static inline void dir_env_close(void) {
    directory_pg_close(&dir);
    directory_pg_close(&other);
    pg_env_close(&env);
}

static inline struct user_id user(uint64_t v) {
    return (struct user_id){v};
}

static inline struct conv_id conv(uint64_t v) {
    return (struct conv_id){v};
}

/* Turns the loop until `g` is answered; its code. */
static inline enum rc got_wait(struct got *g) {
    pg_env_wait(&env, &g->done);
    return g->rc;
}

/* `call` without its callback and context, answered into a fresh `g`. */
#define GOT(g, kind, op, ...)                                                  \
    (*(g) = (struct got){0},                                                   \
     dir->ops->op(dir, __VA_ARGS__, on_got_##kind, (g)), got_wait(g))

#endif
