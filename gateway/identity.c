#include "gateway/identity.h"

#include <sodium.h>
#include <stdio.h>

#include "proto/base/log.h"
#include "proto/net/loop.h"

enum {
    FILE_MAX_BYTES = 256 * 1024,
    LOOK_MS = 2000, /* between two looks at the file */
};

static const struct log_ctx ctx_identity = {"identity", 0};

/* ---- the file ---- */

/* Adds what is in the file. RC_BAD_INPUT: unreadable or too long. */
static enum rc read_text(const char *path, struct buf *out, struct stat *stat) {
    FILE *f = fopen(path, "re");
    size_t n;
    enum rc rc = RC_BAD_INPUT;

    if (f == NULL) {
        return RC_BAD_INPUT;
    }
    if (fstat(fileno(f), stat) == 0 && S_ISREG(stat->st_mode)) {
        n = fread(buf_room(out, FILE_MAX_BYTES + 1), 1, FILE_MAX_BYTES + 1, f);
        out->n += n;
        rc = n > FILE_MAX_BYTES || ferror(f) != 0 ? RC_BAD_INPUT : RC_OK;
    }
    (void)fclose(f);
    return rc;
}

/* The keys are replaced whole, or not at all. */
static enum rc read_keys(struct identity_provider *p) {
    struct jwk_set fresh;
    struct stat stat = {.st_size = 0};
    struct buf text;
    enum rc rc;

    buf_init(&text);
    jwk_set_init(&fresh, p->keys.alg);
    rc = read_text(p->path, &text, &stat);
    if (rc == RC_OK) {
        p->stat = stat; /* a wrong file is not read every time */
        rc = jwk_set_read(&fresh, buf_slice(&text), &p->doc);
    }
    if (rc == RC_OK) {
        jwk_set_fini(&p->keys);
        p->keys = fresh;
        log_info(&ctx_identity, "identity_keys", "count=%zu alg=%s",
                 p->keys.count, jwk_alg_str(p->keys.alg));
    } else {
        jwk_set_fini(&fresh);
        log_error(&ctx_identity, "bad_identity_keys",
                  "path=\"%s\" alg=%s why=\"%s\" remedy=\"a JWK set or a PEM "
                  "public key for auth.identity_alg\"",
                  p->path, jwk_alg_str(p->keys.alg), rc_str(rc));
    }
    if (text.n > 0) {
        sodium_memzero(text.p, text.n);
    }
    buf_fini(&text);
    return rc;
}

void identity_reload(struct identity_provider *p) {
    if (p->loop != NULL && read_keys(p) != RC_OK) {
        log_warn(&ctx_identity, "identity_keys_kept", "count=%zu",
                 p->keys.count);
    }
}

static bool has_changed(const struct identity_provider *p) {
    struct stat now;

    return stat(p->path, &now) == 0 &&
           (now.st_ino != p->stat.st_ino || now.st_size != p->stat.st_size ||
            now.st_mtim.tv_sec != p->stat.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != p->stat.st_mtim.tv_nsec);
}

static void on_look(struct wheel_timer *t) {
    struct identity_provider *p =
        CONTAINER_OF(t, struct identity_provider, timer);

    if (has_changed(p)) {
        identity_reload(p);
    }
    loop_timer(p->loop, &p->timer, LOOK_MS);
}

/* ---- opening ---- */

static enum rc bad_settings(const char *why) {
    log_error(&ctx_identity, "identity_settings", "why=\"%s\"", why);
    return RC_BAD_INPUT;
}

enum rc identity_open(struct identity_provider *p, struct loop *loop,
                      const struct settings *settings) {
    if (settings->identity_keys[0] == '\0') {
        return settings->passwords
                   ? RC_OK
                   : bad_settings("auth.passwords is no: then "
                                  "auth.identity_keys is needed");
    }
    if (settings->identity_issuer[0] == '\0' ||
        settings->identity_audience[0] == '\0') {
        return bad_settings("auth.identity_keys needs auth.identity_issuer "
                            "and auth.identity_audience");
    }
    p->path = settings->identity_keys;
    p->rule =
        (struct jwt_rule){settings->identity_issuer,
                          settings->identity_audience, settings->identity_name};
    json_doc_init(&p->doc);
    jwk_set_init(&p->keys, (enum jwk_alg)settings->identity_alg);
    wheel_timer_init(&p->timer, on_look);
    if (read_keys(p) != RC_OK) {
        json_doc_fini(&p->doc);
        return RC_BAD_INPUT;
    }
    p->loop = loop;
    loop_timer(loop, &p->timer, LOOK_MS);
    return RC_OK;
}

void identity_close(struct identity_provider *p) {
    if (p->loop != NULL) {
        wheel_cancel(&p->timer);
        jwk_set_fini(&p->keys);
        json_doc_fini(&p->doc);
        p->loop = NULL;
    }
}

enum rc identity_verify(struct identity_provider *p, struct slice token,
                        struct jwt_claims *out) {
    return p->loop == NULL ? RC_NOT_FOUND
                           : jwt_verify(&p->keys, &p->rule, token,
                                        p->loop->clock.wall_ms, &p->doc, out);
}
