#include "bench/people.h"

#include <string.h>

#include "proto/base/clock.h"

enum {
    DAY_MS = 24 * 3600 * 1000,
    HEX_DIGITS = 2 * TOKEN_SECRET_MAX,
};

#define FIRST_USER (UINT64_C(1) << 40)
#define FIRST_CONV (UINT64_C(1) << 41)
#define FIRST_GROUP (UINT64_C(1) << 42)

struct user_id people_user(uint64_t number) {
    return (struct user_id){FIRST_USER + number};
}

struct conv_id people_conv(uint64_t number) {
    return (struct conv_id){FIRST_CONV + number / 2};
}

struct conv_id people_group(uint64_t index) {
    return (struct conv_id){FIRST_GROUP + index};
}

static void pairs_sql(unsigned long long n, FILE *to) {
    unsigned long long user = FIRST_USER;
    unsigned long long conv = FIRST_CONV;

    fprintf(to,
            "INSERT INTO conversations (id, kind, member_count,\n"
            "    created_by, direct_low, direct_high)\n"
            "SELECT %llu + k, 1, 2, %llu + 2 * k, %llu + 2 * k,\n"
            "       %llu + 2 * k + 1 FROM generate_series(0, %llu) k\n"
            "ON CONFLICT DO NOTHING;\n",
            conv, user, user, user, n / 2 - 1);
    fprintf(to,
            "INSERT INTO members (conv_id, user_id, role, from_seq,\n"
            "    bound)\n"
            "SELECT %llu + i / 2, %llu + i, 1, 1, true\n"
            "  FROM generate_series(0, %llu) i\n"
            "ON CONFLICT DO NOTHING;\n",
            conv, user, n / 2 * 2 - 1);
}

/* The first of each is its owner; over 16 it is wide. */
static void groups_sql(unsigned long long n, unsigned long long of, FILE *to) {
    unsigned long long user = FIRST_USER;
    unsigned long long conv = FIRST_GROUP;

    fprintf(to,
            "INSERT INTO conversations (id, kind, title, member_count, wide,\n"
            "    created_by)\n"
            "SELECT %llu + g, 2, 'group' || g, size, size > 16,\n"
            "       %llu + g * %llu\n"
            "  FROM generate_series(0, %llu) g,\n"
            "       LATERAL (SELECT least(%llu, %llu - g * %llu) size) s\n"
            "ON CONFLICT DO NOTHING;\n",
            conv, user, of, (n - 1) / of, of, n, of);
    fprintf(to,
            "INSERT INTO members (conv_id, user_id, role, from_seq,\n"
            "    bound)\n"
            "SELECT %llu + i / %llu, %llu + i,\n"
            "       CASE WHEN i %% %llu = 0 THEN 3 ELSE 1 END, 1, true\n"
            "  FROM generate_series(0, %llu) i\n"
            "ON CONFLICT DO NOTHING;\n",
            conv, of, user, of, n - 1);
}

void people_sql(uint64_t count, bool pairs, uint64_t group_of, FILE *to) {
    fprintf(to, "SET statement_timeout = 0;\n"); /* a million takes a while */
    fprintf(to,
            "INSERT INTO users (id, name, name_key)\n"
            "SELECT %llu + i, 'bench' || i, 'bench' || i\n"
            "  FROM generate_series(0, %llu) i\n"
            "ON CONFLICT DO NOTHING;\n",
            (unsigned long long)FIRST_USER, (unsigned long long)count - 1);
    if (pairs && count > 1) {
        pairs_sql(count, to);
    }
    if (group_of > 0) {
        groups_sql(count, group_of, to);
    }
    fprintf(to, "ANALYZE;\n");
}

void people_header(const struct token_keys *keys, uint64_t number,
                   struct buf *out) {
    struct token_claims claims = {.user = people_user(number)};
    struct clock now;

    clock_update(&now);
    claims.device.v = FIRST_USER + number;
    claims.issued_ms = now.wall_ms;
    claims.expires_ms = now.wall_ms + DAY_MS;
    buf_add_str(out, "Authorization: Bearer ");
    token_sign(keys, &claims, out);
    buf_add_str(out, "\r\n");
}

/* Answers the number of bytes, 0 when `hex` is not hexadecimal. */
static size_t from_hex(const char *hex, uint8_t out[TOKEN_SECRET_MAX]) {
    size_t n = strspn(hex, "0123456789abcdef");

    if (hex[n] != '\0' || n % 2 != 0 || n > HEX_DIGITS) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned digit =
            (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
        unsigned before = i % 2 == 0 ? 0 : out[i / 2];

        out[i / 2] = (uint8_t)(before << 4 | digit);
    }
    return n / 2;
}

enum rc people_keys(const char *path, struct token_keys *out) {
    FILE *f = fopen(path, "r");
    char hex[HEX_DIGITS + 1];
    uint8_t secret[TOKEN_SECRET_MAX];
    char id[TOKEN_KEY_ID_MAX + 1];
    enum rc rc = RC_BAD_INPUT;

    token_keys_init(out);
    if (f != NULL && fscanf(f, "%16s %256s", id, hex) == 2) {
        rc = token_keys_add(out, slice_str(id),
                            slice_of(secret, from_hex(hex, secret)));
    }
    if (f != NULL) {
        fclose(f);
    }
    if (rc != RC_OK) {
        fprintf(stderr, "moim-bench: %s: want a line \"id hexkey\"\n", path);
    }
    return rc;
}
