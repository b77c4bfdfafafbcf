/* The command with which the team's server makes a user. Asked again it answers
 * the one who is there, and changes nothing. */

#include "gateway/accounts.h"
#include "gateway/command.h"
#include "gateway/names.h"
#include "gateway/passwords.h"
#include "gateway/server.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"

enum {
    SUBJECT_MAX_BYTES = 255,
};

/* A user on his way: the password is hashed, then he is written. */
struct creating {
    struct request *request;
    char *name;
    char *key; /* the name's unique form */
    char *subject;
    bool bot;
};

static void creating_free(struct creating *c) {
    mem_free(c->name);
    mem_free(c->key);
    mem_free(c->subject);
    mem_free(c);
}

static void on_made(void *ctx, enum rc rc, const struct user_row *user,
                    bool made) {
    struct creating *c = ctx;
    struct request *r = c->request;
    struct json_out o;
    struct buf b;

    if (rc == RC_CONFLICT) {
        request_fail(r, ERROR_TAKEN);
    } else if (rc != RC_OK) {
        request_fail_rc(r, rc);
    } else {
        o = request_begin(r, &b, "user");
        json_field_id(&o, "user", user->id.v);
        json_field_str(&o, "name", user->name);
        json_field_bool(&o, "made", made);
        request_end(r, &b);
    }
    creating_free(c);
}

static void make(struct creating *c, struct slice hash) {
    struct server *server = c->request->server;
    struct directory *d = server->core.directory;
    struct user_new user = {
        .fresh = {id_make(server->loop->clock.wall_ms,
                          (uint32_t)rand_u64(&server->loop->rand))},
        .name = slice_str(c->name),
        .name_key = slice_str(c->key),
        .password_hash = hash,
        .bot = c->bot,
        .issuer = slice_str(server->settings->identity_issuer),
        .subject = slice_str(c->subject)};

    d->ops->user_make(d, &user, on_made, c);
}

static void on_hash(void *ctx, enum rc rc, struct slice hash) {
    struct creating *c = ctx;

    if (rc != RC_OK) {
        request_fail(c->request, ERROR_INTERNAL);
        creating_free(c);
    } else {
        make(c, hash);
    }
}

/* A bot has neither password nor subject: nobody logs in as one. */
static void check_bot(struct client_fields *f, struct slice password,
                      struct slice subject) {
    if (f->error == CLIENT_OK && password.p != NULL) {
        client_fields_fail(f, "password", CLIENT_BAD_VALUE);
    } else if (f->error == CLIENT_OK && subject.n > 0) {
        client_fields_fail(f, "subject", CLIENT_BAD_VALUE);
    }
}

static void check(struct client_fields *f, struct slice name,
                  struct slice password, struct buf *key) {
    if (f->error == CLIENT_OK && name_key(name, key) != RC_OK) {
        client_fields_fail(f, "name", CLIENT_BAD_VALUE);
    }
    if (f->error == CLIENT_OK && utf8_count(password) > PASSWORD_CHARS_MAX) {
        client_fields_fail(f, "password", CLIENT_TOO_LARGE);
    }
}

static void begin(struct request *r, struct creating *c,
                  struct slice password) {
    c->request = r;
    if (password.p == NULL) {
        make(c, slice_of(NULL, 0));
    } else if (hasher_make(r->server->hasher, password, on_hash, c) != RC_OK) {
        request_fail_later(r, ERROR_BUSY, HASH_RETRY_MS);
        creating_free(c);
    }
}

void cmd_user_create(struct request *r, struct client_fields *f) {
    struct slice name = client_field_text(f, "name", NAME_MAX_BYTES);
    struct slice password =
        client_field_text_opt(f, "password", PASSWORD_BYTES_MAX);
    struct slice subject =
        client_field_text_opt(f, "subject", SUBJECT_MAX_BYTES);
    bool bot = client_field_bool_opt(f, "bot", false);
    struct creating *c;
    struct buf key;

    buf_init(&key);
    check(f, name, password, &key);
    if (bot) {
        check_bot(f, password, subject);
    }
    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
    } else if (password.p != NULL &&
               password_weak(r->server->settings, r->server->password_list,
                             password, name)) {
        request_fail(r, ERROR_WEAK_PASSWORD);
    } else {
        c = mem_new(sizeof(*c));
        c->name = mem_dup(name.p, name.n);
        c->key = mem_dup(key.p, key.n);
        c->subject = mem_dup(subject.p, subject.n);
        c->bot = bot;
        begin(r, c, password);
    }
    buf_fini(&key);
}
