/* The commands about accounts and friends. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "moimctl/asked.h"
#include "moimctl/commands.h"
#include "moimctl/secret.h"
#include "proto/base/utf8.h"
#include "storage/reset.h"

enum {
    RESET_OPS = 2,
    RESET_BYTES = 19456 * 1024,
    RESET_CHARS_MIN = 8, /* what no gateway allows less than */
};

enum ctl_exit cmd_user_add(const struct args *a) {
    struct remote r;
    struct buf password;
    enum ctl_exit end = CTL_USAGE;

    buf_init(&password);
    if (secret_password(a->name, a->password_file, &password) == RC_OK) {
        end = remote_open(&r, a->url, a->ca);
    }
    if (end == CTL_OK) {
        end = remote_signup(&r, a->name, buf_slice(&password));
        if (end == CTL_OK) {
            printf("%s %s\n", id_text(r.user.v).s, r.name);
        } else if (remote_refused(&r, "taken")) {
            remote_complain(&r, a->name);
        }
        remote_close(&r);
    }
    if (password.n > 0) {
        explicit_bzero(password.p, password.n);
    }
    buf_fini(&password);
    return end;
}

/* As the gateways hash: argon2id with what OWASP asks for at least. */
static bool hash_password(struct slice password,
                          char hash[crypto_pwhash_STRBYTES]) {
    return sodium_init() >= 0 &&
           crypto_pwhash_str_alg(hash, (const char *)password.p, password.n,
                                 RESET_OPS, RESET_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

enum ctl_exit cmd_user_reset(const struct args *a) {
    char hash[crypto_pwhash_STRBYTES];
    struct buf password;
    unsigned revoked = 0;
    enum rc rc = RC_BAD_INPUT;

    buf_init(&password);
    if (secret_password(a->name, a->password_file, &password) != RC_OK) {
        buf_fini(&password);
        return CTL_USAGE;
    }
    if (utf8_valid(buf_slice(&password)) &&
        utf8_count(buf_slice(&password)) >= RESET_CHARS_MIN &&
        hash_password(buf_slice(&password), hash)) {
        rc = reset_password(a->conninfo, a->name, hash, &revoked, stderr);
    } else {
        fprintf(stderr, "moimctl: a password has %d characters or more\n",
                RESET_CHARS_MIN);
    }
    explicit_bzero(password.p, password.n);
    buf_fini(&password);
    if (rc != RC_OK) {
        return rc == RC_BACKEND ? CTL_UNAVAILABLE : CTL_FAILED;
    }
    printf("%s: the password is set, %u devices are logged out\n", a->name,
           revoked);
    return CTL_OK;
}

static enum ctl_exit befriend(struct remote *r, const char *name) {
    struct user_id user;
    enum ctl_exit end = asked_find(r, name, &user);

    if (end == CTL_OK) {
        end = asked_befriend(r, user);
    }
    if (end != CTL_OK) {
        remote_complain(r, name);
        return end;
    }
    printf("%s: %s\n", name,
           slice_is(frame_str(&r->frame, 0, "state"), "friend")
               ? "you are friends"
               : "asked; waiting for the same from the other side");
    return CTL_OK;
}

enum ctl_exit cmd_friend_add(const struct args *a) {
    struct remote r;
    enum ctl_exit end = remote_enter(&r, a, NULL);

    if (end != CTL_OK) {
        return end;
    }
    for (size_t i = 0; i < a->word_count; i++) {
        enum ctl_exit one = befriend(&r, a->words[i]);

        end = one == CTL_OK ? end : one;
    }
    remote_close(&r);
    return end;
}
