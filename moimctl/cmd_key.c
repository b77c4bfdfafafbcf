/* The commands about keys of the team's own servers. They write into the
 * database; a key itself is printed once and kept nowhere. */
#include <stdio.h>
#include <string.h>

#include "moimctl/commands.h"
#include "moimctl/span.h"
#include "proto/base/clock.h"
#include "proto/base/mem.h"
#include "proto/base/rand.h"
#include "proto/base/utf8.h"
#include "proto/wire/api_key.h"
#include "storage/key_admin.h"

enum {
    KEY_NAME_MAX = 64, /* bytes */
};

static enum ctl_exit end_of(enum rc rc) {
    if (rc == RC_OK) {
        return CTL_OK;
    }
    return rc == RC_BACKEND ? CTL_UNAVAILABLE : CTL_FAILED;
}

/* A new id and secret; the text is for the one who asked. */
static struct api_key_text make(struct key_new *out) {
    uint8_t secret[API_KEY_SECRET_BYTES];
    struct api_key_text text;
    struct clock now;
    uint32_t chance;

    clock_update(&now);
    rand_secret(secret, sizeof(secret));
    rand_secret(&chance, sizeof(chance));
    out->id.v = id_make(now.wall_ms, chance);
    text = api_key_write(out->id, secret);
    out->hash = api_key_hash(api_key_secret(&text));
    explicit_bzero(secret, sizeof(secret));
    return text;
}

/* How long; 0 when nothing was said. False: no time; it has been said. */
static bool read_span(const char *option, const char *text, uint64_t *out_ms) {
    *out_ms = 0;
    if (text == NULL || span_parse(slice_str(text), out_ms)) {
        return true;
    }
    fprintf(stderr, "moimctl: --%s: \"%s\" is no time like 1h or 90d\n", option,
            text);
    return false;
}

static bool read_id(const char *text, struct api_key_id *out) {
    if (id_parse(slice_str(text), &out->v)) {
        return true;
    }
    fprintf(stderr,
            "moimctl: \"%s\" is no id of a key (13 characters); see "
            "moimctl key list\n",
            text);
    return false;
}

static bool name_ok(const char *name) {
    struct slice text = slice_str(name);

    if (text.n > 0 && text.n <= KEY_NAME_MAX && utf8_valid(text)) {
        return true;
    }
    fprintf(stderr, "moimctl: --name: 1 to %d bytes\n", KEY_NAME_MAX);
    return false;
}

static bool scopes_ok(const char *words) {
    struct slice bad = {NULL, 0};
    unsigned scopes = 0;

    if (strlen(words) <= SCOPES_TEXT_MAX &&
        scopes_read(slice_str(words), &scopes, &bad) == RC_OK && scopes != 0) {
        return true;
    }
    fprintf(stderr, "moimctl: --scopes: \"%.*s\" is none; there are:\n",
            (int)bad.n, (const char *)bad.p);
    for (unsigned i = 0; scope_word(i) != NULL; i++) {
        fprintf(stderr, "  %-15s %s\n", scope_word(i), scope_meaning(i));
    }
    return false;
}

/* Tells the key, or nothing when it was not written. */
static enum ctl_exit tell(enum rc rc, struct api_key_text *text) {
    if (rc == RC_OK) {
        printf("%s\n", text->s);
        fprintf(stderr, "moimctl: keep it; it cannot be shown again\n");
    }
    explicit_bzero(text, sizeof(*text));
    return end_of(rc);
}

enum ctl_exit cmd_key_create(const struct args *a) {
    struct key_new key = {.name = a->name, .scopes = a->scopes};
    struct api_key_text text;

    if (!name_ok(a->name) || !scopes_ok(a->scopes) ||
        !read_span("ttl", a->ttl, &key.life_ms)) {
        return CTL_USAGE;
    }
    text = make(&key);
    return tell(key_create(a->conninfo, &key, stderr), &text);
}

enum ctl_exit cmd_key_list(const struct args *a) {
    return end_of(key_list(a->conninfo, stdout));
}

enum ctl_exit cmd_key_rotate(const struct args *a) {
    struct key_new key = {.name = NULL};
    struct api_key_id old = {0};
    struct api_key_text text;
    uint64_t grace_ms;

    if (!read_id(a->words[0], &old) ||
        !read_span("ttl", a->ttl, &key.life_ms) ||
        !read_span("grace", a->grace == NULL ? "1d" : a->grace, &grace_ms)) {
        return CTL_USAGE;
    }
    text = make(&key);
    return tell(key_rotate(a->conninfo, old, &key, grace_ms, stderr), &text);
}

enum ctl_exit cmd_key_revoke(const struct args *a) {
    struct api_key_id id = {0};
    enum ctl_exit end;

    if (!read_id(a->words[0], &id)) {
        return CTL_USAGE;
    }
    end = end_of(key_revoke(a->conninfo, id, stderr));
    if (end == CTL_OK) {
        printf("%s: revoked\n", a->words[0]);
    }
    return end;
}
