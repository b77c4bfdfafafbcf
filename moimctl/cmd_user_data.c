/* The commands with which an operator gives a user all that is kept about him,
 * and erases him: as that user, with a token signed here by the gateways' own
 * key. */
#include <stdio.h>
#include <string.h>

#include "moimctl/asked.h"
#include "moimctl/commands.h"
#include "moimctl/keys.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/wire/json_write.h"

enum {
    TOKEN_MS = 15 * 60 * 1000,
    PLACE_MAX = 64, /* of the protocol's "next", as text */
};

/* Becomes the user, in the way only an operator can: see docs/protocol.md. */
static void become(struct remote *r, const struct token_keys *keys,
                   struct user_id user) {
    struct token_claims claims = {.user = user, .device = {user.v}};
    struct clock now;

    clock_update(&now);
    claims.issued_ms = now.wall_ms;
    claims.expires_ms = now.wall_ms + TOKEN_MS;
    buf_clear(&r->token);
    token_sign(keys, &claims, &r->token);
    r->user = user;
}

/* Finds who is meant. Only users may ask that; 1 is nobody's id. */
static enum ctl_exit enter(struct remote *r, const struct args *a) {
    struct token_keys keys;
    struct user_id user = {0};
    enum ctl_exit end;

    token_keys_init(&keys);
    end = keys_read(a->key_file, &keys);
    if (end == CTL_OK) {
        end = remote_open(r, a->url, a->ca);
    }
    if (end != CTL_OK) {
        token_keys_fini(&keys);
        return end;
    }
    become(r, &keys, (struct user_id){1});
    end = asked_find(r, a->words[0], &user);
    if (end == CTL_OK) {
        become(r, &keys, user);
    } else {
        remote_complain(r, a->words[0]);
        remote_close(r);
    }
    token_keys_fini(&keys);
    return end;
}

/* Asks `type`, from `from` on if that is not empty. */
static enum ctl_exit ask(struct remote *r, const char *type, const char *field,
                         const char *from) {
    struct buf text;
    struct json_out o;
    enum ctl_exit end;

    buf_init(&text);
    o = json_out(&text);
    json_begin_obj(&o);
    json_field_str(&o, "type", slice_str(type));
    json_field_str(&o, "id", SLICE_LIT("1"));
    if (from[0] != '\0') {
        json_field_str(&o, field, slice_str(from));
    }
    json_end_obj(&o);
    end = remote_post(r, "/v1/cmd", buf_slice(&text));
    buf_fini(&text);
    if (end != CTL_OK) {
        remote_complain(r, type);
    }
    return end;
}

/* Where the next page begins; empty: there is none. */
static void take_next(const struct remote *r, char next[PLACE_MAX]) {
    struct slice text = frame_str(&r->frame, 0, "next");

    memset(next, 0, PLACE_MAX);
    if (text.n < PLACE_MAX && text.n > 0) {
        memcpy(next, text.p, text.n);
    }
}

enum ctl_exit cmd_user_export(const struct args *a) {
    char next[PLACE_MAX] = "";
    struct remote r;
    enum ctl_exit end = enter(&r, a);

    if (end != CTL_OK) {
        return end;
    }
    do {
        end = ask(&r, "account.export", "place", next);
        for (size_t i = 0; end == CTL_OK && i < r.frame.item_count; i++) {
            printf("%.*s\n", (int)r.frame.items[i].n,
                   (const char *)r.frame.items[i].p);
        }
        take_next(&r, next);
    } while (end == CTL_OK && next[0] != '\0');
    remote_close(&r);
    return end;
}

static const char *const counted[] = {
    "groups", "conversations", "messages", "friends", "blocks", "invites",
};

enum ctl_exit cmd_user_erase(const struct args *a) {
    uint64_t sums[COUNT_OF(counted)] = {0};
    uint64_t devices = 0;
    char next[PLACE_MAX] = "";
    struct remote r;
    enum ctl_exit end = enter(&r, a);

    if (end != CTL_OK) {
        return end;
    }
    do {
        end = ask(&r, "account.erase", "after", next);
        for (size_t i = 0; end == CTL_OK && i < COUNT_OF(counted); i++) {
            sums[i] += frame_u64(&r.frame, 0, counted[i]);
        }
        devices = frame_u64(&r.frame, 0, "devices"); /* all, each time */
        take_next(&r, next);
    } while (end == CTL_OK && next[0] != '\0');
    if (end == CTL_OK) {
        printf("user %s\ndevices %llu\n", id_text(r.user.v).s,
               (unsigned long long)devices);
        for (size_t i = 0; i < COUNT_OF(counted); i++) {
            printf("%s %llu\n", counted[i], (unsigned long long)sums[i]);
        }
    } else {
        fprintf(stderr, "moimctl: not all of it; the same again does the "
                        "rest\n");
    }
    remote_close(&r);
    return end;
}
