/* The commands about tokens: make a key, sign with one, check with one. They
 * ask nobody: whoever holds the key file is believed by every gateway. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "moimctl/commands.h"
#include "moimctl/keys.h"
#include "moimctl/secret.h"
#include "moimctl/span.h"
#include "proto/base/clock.h"
#include "proto/base/rand.h"
#include "proto/wire/token.h"

enum {
    SECRET_BYTES = 32,
};

static void today(char *out, size_t n) {
    time_t now = time(NULL);
    struct tm tm;

    if (gmtime_r(&now, &tm) == NULL || strftime(out, n, "%Y%m%d", &tm) == 0) {
        out[0] = '\0';
    }
}

/* The id says when the key was made, for whoever rotates keys. */
enum ctl_exit cmd_gen_secret(const struct args *a) {
    uint8_t secret[SECRET_BYTES];
    uint8_t mark[2];
    char day[9];

    (void)a;
    rand_secret(secret, sizeof(secret));
    rand_secret(mark, sizeof(mark));
    today(day, sizeof(day));
    printf("k%s-%02x%02x ", day, mark[0], mark[1]);
    for (size_t i = 0; i < sizeof(secret); i++) {
        printf("%02x", secret[i]);
    }
    printf("\n");
    explicit_bzero(secret, sizeof(secret));
    return CTL_OK;
}

static bool read_id(const char *option, const char *text, uint64_t *out) {
    if (id_parse(slice_str(text), out)) {
        return true;
    }
    fprintf(stderr, "moimctl: --%s: \"%s\" is no id (13 characters)\n", option,
            text);
    return false;
}

static bool read_claims(const struct args *a, struct token_claims *out) {
    struct clock now;
    uint64_t ttl_ms = 0;

    if (!read_id("user", a->user, &out->user.v) ||
        !read_id("device", a->device, &out->device.v)) {
        return false;
    }
    if (!span_parse(slice_str(a->ttl == NULL ? "1h" : a->ttl), &ttl_ms) ||
        ttl_ms == 0) {
        fprintf(stderr,
                "moimctl: --ttl: \"%s\" is no time like 90s, 15m, 1h "
                "or 30d\n",
                a->ttl);
        return false;
    }
    clock_update(&now);
    out->issued_ms = now.wall_ms;
    out->expires_ms = now.wall_ms + ttl_ms;
    return true;
}

enum ctl_exit cmd_token_make(const struct args *a) {
    struct token_keys keys;
    struct token_claims claims;
    struct buf token;
    enum ctl_exit end;

    if (!read_claims(a, &claims)) {
        return CTL_USAGE;
    }
    token_keys_init(&keys);
    end = keys_read(a->key_file, &keys);
    if (end == CTL_OK) {
        buf_init(&token);
        token_sign(&keys, &claims, &token);
        printf("%.*s\n", (int)token.n, (const char *)token.p);
        buf_fini(&token);
    }
    token_keys_fini(&keys);
    return end;
}

/* From the file, or one line of standard input. */
static enum ctl_exit read_token(const char *path, struct buf *out) {
    char line[TOKEN_TEXT_MAX + 2] = "";
    FILE *f = path == NULL ? stdin : fopen(path, "re");
    bool got;

    if (f == NULL) {
        fprintf(stderr, "moimctl: cannot read %s: %s\n", path, strerror(errno));
        return CTL_FAILED;
    }
    got = fgets(line, sizeof(line), f) != NULL;
    if (f != stdin) {
        (void)fclose(f);
    }
    if (!got) {
        fprintf(stderr, "moimctl: there is no token to read\n");
        return CTL_FAILED;
    }
    line[strcspn(line, "\r\n")] = '\0';
    buf_add_str(out, line);
    return CTL_OK;
}

static void print_time(const char *what, uint64_t ms) {
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];

    if (gmtime_r(&seconds, &tm) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0) {
        printf("%-8s %s\n", what, text);
    }
}

static enum ctl_exit print_claims(enum rc rc,
                                  const struct token_claims *claims) {
    if (rc == RC_TIMEOUT) {
        fprintf(stderr,
                "moimctl: signed with one of these keys, but expired\n");
        return CTL_FAILED;
    }
    if (rc != RC_OK) {
        fprintf(stderr, "moimctl: not a token signed with one of these keys\n");
        return CTL_FAILED;
    }
    printf("user     %s\ndevice   %s\n", id_text(claims->user.v).s,
           id_text(claims->device.v).s);
    print_time("issued", claims->issued_ms);
    print_time("expires", claims->expires_ms);
    return CTL_OK;
}

enum ctl_exit cmd_token_check(const struct args *a) {
    struct token_keys keys;
    struct token_claims claims;
    struct clock now;
    struct buf token;
    enum ctl_exit end;

    token_keys_init(&keys);
    buf_init(&token);
    end = keys_read(a->key_file, &keys);
    if (end == CTL_OK) {
        end = read_token(a->token, &token);
    }
    if (end == CTL_OK) {
        clock_update(&now);
        end = print_claims(
            token_verify(&keys, buf_slice(&token), now.wall_ms, &claims),
            &claims);
    }
    buf_fini(&token);
    token_keys_fini(&keys);
    return end;
}
