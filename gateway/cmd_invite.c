/* The commands about invites, which let everybody into a group who has their
 * code. A code is 160 random bits as 32 characters; only its hash is kept, so
 * nobody can read it out of the database, and it is told once. */
#include <sodium.h>
#include <stdio.h>

#include "chat-core/members.h"
#include "chat-core/policy.h"
#include "gateway/command.h"
#include "gateway/server.h"
#include "proto/base/mem.h"

enum {
    CODE_BYTES = 20,
    CODE_LEN = 32, /* characters: 5 bits each */
};

#define DAY_MS UINT64_C(86400000)
#define LIFE_MS (7 * DAY_MS)       /* of a code when nothing else is said */
#define LIFE_MAX_MS (365 * DAY_MS) /* and at most */

/* An invite on its way, and its code until it has been told. */
struct inviting {
    struct request *request;
    struct invite_new invite;
    char code[CODE_LEN + 1];
};

/* In the alphabet of ids, which is safe in URLs and reads well. */
static void code_make(char out[CODE_LEN + 1]) {
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    uint8_t bytes[CODE_BYTES];
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    rand_secret(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 5; have -= 5) {
            out[n++] = alphabet[bits >> (have - 5) & 31];
        }
    }
    out[n] = '\0';
    sodium_memzero(bytes, sizeof(bytes));
}

static void code_hash(struct slice code, char out[INVITE_HASH_LEN + 1]) {
    uint8_t hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, code.p, code.n);
    (void)sodium_bin2hex(out, INVITE_HASH_LEN + 1, hash, sizeof(hash));
}

/* ---- making ---- */

static void on_made(void *ctx, enum rc rc) {
    struct inviting *v = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(v->request, rc);
    } else {
        o = request_begin(v->request, &b, "invite");
        json_field_id(&o, "conv", v->invite.conv.v);
        json_field_id(&o, "invite", v->invite.id.v);
        json_field_str(&o, "code", slice_str(v->code));
        json_field_u64(&o, "expires", v->invite.expires_ms);
        json_field_u64(&o, "uses_max", v->invite.uses_max);
        request_end(v->request, &b);
    }
    sodium_memzero(v->code, sizeof(v->code));
    mem_free(v);
}

void cmd_group_invite(struct request *r, struct client_fields *f) {
    struct core *c = &r->server->core;
    struct directory *d = c->directory;
    uint64_t now = c->clock->wall_ms;
    struct conv_id conv = {client_field_id(f, "conv")};
    uint64_t expires = client_field_u64_opt(f, "expires", now + 1,
                                            now + LIFE_MAX_MS, now + LIFE_MS);
    uint64_t uses = client_field_u64_opt(f, "uses_max", 1, GROUP_MAX_MEMBERS,
                                         GROUP_MAX_MEMBERS);
    char hash[INVITE_HASH_LEN + 1];
    struct inviting *v;

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    v = mem_new(sizeof(*v));
    v->request = r;
    code_make(v->code);
    code_hash(slice_str(v->code), hash);
    v->invite =
        (struct invite_new){.conv = conv,
                            .actor = r->user,
                            .id = {id_make(now, (uint32_t)rand_u64(c->rand))},
                            .hash = slice_str(hash),
                            .expires_ms = expires,
                            .uses_max = (uint32_t)uses,
                            .least = policy_invites()};
    d->ops->invite_make(d, &v->invite, on_made, v);
}

/* ---- listing, taking back ---- */

static void on_invites(void *ctx, enum rc rc, const struct invite *invites,
                       size_t count) {
    struct request *r = ctx;
    struct json_out o;
    struct buf b;

    if (rc != RC_OK) {
        request_fail_rc(r, rc);
        return;
    }
    o = request_begin(r, &b, "invites");
    json_field_arr(&o, "invites");
    for (size_t i = 0; i < count; i++) {
        json_begin_obj(&o);
        json_field_id(&o, "invite", invites[i].id.v);
        json_field_id(&o, "by", invites[i].made_by.v);
        json_field_u64(&o, "created", invites[i].created_ms);
        json_field_u64(&o, "expires", invites[i].expires_ms);
        json_field_u64(&o, "uses_max", invites[i].uses_max);
        json_field_u64(&o, "uses", invites[i].uses);
        json_end_obj(&o);
    }
    json_end_arr(&o);
    request_end(r, &b);
}

void cmd_group_invites(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct conv_id conv = {client_field_id(f, "conv")};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    d->ops->invites_of(d, conv, r->user, policy_invites(), on_invites, r);
}

static void on_revoked(void *ctx, enum rc rc) {
    struct request *r = ctx;

    if (rc == RC_OK) {
        request_ok(r);
    } else {
        request_fail_rc(r, rc);
    }
}

void cmd_group_uninvite(struct request *r, struct client_fields *f) {
    struct directory *d = r->server->core.directory;
    struct conv_id conv = {client_field_id(f, "conv")};
    struct invite_id invite = {client_field_id(f, "invite")};

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    d->ops->invite_revoke(d, conv, r->user, policy_invites(), invite,
                          on_revoked, r);
}

/* ---- joining ---- */

void cmd_group_join(struct request *r, struct client_fields *f) {
    struct slice code = client_field_text(f, "code", CODE_LEN);
    char hash[INVITE_HASH_LEN + 1];

    if (f->error != CLIENT_OK) {
        request_fail_field(r, f);
        return;
    }
    code_hash(code, hash);
    member_join(&r->server->core, slice_str(hash), r->user, request_end_changed,
                r);
}
