#include "gateway/passwords.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/accounts.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"

enum {
    STEPS_OFF_MAX = 2, /* of a run: where it begins another one */
};

struct password_list {
    uint64_t *hashes; /* in order */
    size_t count;
    size_t room;
};

static const struct log_ctx log_ctx = {"accounts", 0};

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static uint64_t hash_of(struct slice password) {
    struct buf folded;
    uint64_t hash;

    buf_init(&folded);
    for (size_t i = 0; i < password.n; i++) {
        buf_add_byte(&folded, lower(password.p[i]));
    }
    hash = hash_fnv1a(buf_slice(&folded));
    buf_fini(&folded);
    return hash;
}

/* The list. */

static int in_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void add(struct password_list *list, uint64_t hash) {
    if (list->count == list->room) {
        list->room = list->room == 0 ? 1024 : 2 * list->room;
        list->hashes =
            mem_resize(list->hashes, list->room * sizeof(*list->hashes));
    }
    list->hashes[list->count++] = hash;
}

static void read_lines(struct password_list *list, FILE *f, uint64_t least) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while ((n = getline(&line, &room, f)) > 0) {
        struct slice s = slice_of(line, (size_t)n);

        while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r')) {
            s.n--;
        }
        if (s.n <= PASSWORD_BYTES_MAX && utf8_count(s) >= least) {
            add(list, hash_of(s));
        }
    }
    free(line);
}

enum rc password_list_open(struct password_list **out,
                           const struct settings *settings) {
    const char *path = settings->password_list;
    struct password_list *list;
    FILE *f;

    if (path[0] == '\0') {
        return RC_OK;
    }
    f = fopen(path, "re");
    list = mem_new(sizeof(*list));
    if (f != NULL) {
        read_lines(list, f, settings->password_min);
    }
    if (f == NULL || ferror(f)) {
        log_error(&log_ctx, "bad_password_list", "path=\"%s\" why=\"%s\"", path,
                  strerror(errno));
        password_list_close(&list);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    if (list == NULL) {
        return RC_BAD_INPUT;
    }
    if (list->count > 0) {
        qsort(list->hashes, list->count, sizeof(*list->hashes), in_order);
    }
    log_info(&log_ctx, "password_list", "path=\"%s\" long_enough=%zu", path,
             list->count);
    *out = list;
    return RC_OK;
}

void password_list_close(struct password_list **list) {
    if (*list != NULL) {
        mem_free((*list)->hashes);
        mem_free(*list);
        *list = NULL;
    }
}

static bool listed(const struct password_list *list, struct slice password) {
    uint64_t hash;

    if (list == NULL || list->count == 0) {
        return false;
    }
    hash = hash_of(password);
    return bsearch(&hash, list->hashes, list->count, sizeof(hash), in_order) !=
           NULL;
}

/* What everybody thinks of. */

/* "abcabcabca", "passwordpassword": half of it, or less, says it all. */
static bool repeats(struct slice s) {
    for (size_t period = 1; period <= s.n / 2; period++) {
        if (memcmp(s.p, s.p + period, s.n - period) == 0) {
            return true;
        }
    }
    return false;
}

/* Do the two stand side by side in the row, either way? */
static bool side_by_side_in(const char *row, char a, char b) {
    for (const char *at = strchr(row, a); at != NULL; at = strchr(at + 1, a)) {
        if (at[1] == b || (at > row && at[-1] == b)) {
            return true;
        }
    }
    return false;
}

static bool side_by_side(char a, char b) {
    static const char *const rows[] = {
        "abcdefghijklmnopqrstuvwxyz",
        "01234567890",
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
    };
    bool found = false;

    for (size_t i = 0; a != '\0' && i < COUNT_OF(rows); i++) {
        found = found || side_by_side_in(rows[i], a, b);
    }
    return found;
}

/* "qwertyuiopasdfgh", "123456789012345". */
static bool is_run(struct slice s) {
    size_t off = 0;

    for (size_t i = 1; i < s.n && off <= STEPS_OFF_MAX; i++) {
        off += !side_by_side((char)lower(s.p[i - 1]), (char)lower(s.p[i]));
    }
    return off <= STEPS_OFF_MAX;
}

bool password_weak(const struct settings *settings,
                   const struct password_list *list, struct slice password,
                   struct slice name) {
    return utf8_count(password) < settings->password_min ||
           slice_eq_nocase(password, name) || repeats(password) ||
           is_run(password) || listed(list, password);
}
