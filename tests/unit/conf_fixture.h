/* A table of settings, loaded from a file in a directory of the test's own. */
#ifndef MOIM_TESTS_CONF_FIXTURE_H
#define MOIM_TESTS_CONF_FIXTURE_H

#include "tests/unit/assert_row.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/conf.h"
#include "proto/base/macros.h"

struct settings {
    uint64_t port;
    uint64_t idle_ms;
    uint64_t queue_bytes;
    bool tls;
    enum level {
        LEVEL_ERROR,
        LEVEL_WARN,
        LEVEL_INFO,
    } level;
    char *name;
    char *secret;
};

static const char *const levels[] = {"error", "warn", "info", NULL};

#define AT(field) offsetof(struct settings, field)

static const struct conf_key keys[] = {
    {"gateway", "port", CONF_COUNT, AT(port), "8080", 1, 65535, "TCP port",
     NULL},
    {"gateway", "idle", CONF_MSEC, AT(idle_ms), "75s", 1000, 3600000,
     "silence allowed", NULL},
    {"gateway", "queue_size", CONF_BYTES, AT(queue_bytes), "1MiB", 4096,
     64 << 20, "unsent bytes of one session, after which it is closed", NULL},
    {"gateway", "tls", CONF_BOOL, AT(tls), "no", 0, 0, "speak TLS", NULL},
    {"log", "level", CONF_CHOICE, AT(level), "info", 0, 0, "what is logged",
     levels},
    {"log", "name", CONF_TEXT, AT(name), "moim", 1, 8, "who speaks", NULL},
    {"auth", "secret", CONF_SECRET, AT(secret), NULL, 4, 0, "signs tokens",
     NULL},
};

static const struct conf_table table = {keys, COUNT_OF(keys)};

/* A directory for the files of one test. */
static char dir[64];

/* Writes a file in `dir`; answers its path, valid until the next call. */
static inline const char *put_file(const char *name, const char *text,
                                   size_t n) {
    static char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
    return path;
}

/* Cuts the path of `dir` out of a text, wherever it stands. */
static inline void cut_dir(char *text) {
    size_t n = strlen(dir) + 1;

    for (char *at = strstr(text, dir); at != NULL; at = strstr(at, dir)) {
        memmove(at, at + n, strlen(at + n) + 1);
    }
}

struct run {
    struct conf *conf;
    struct settings s;
    char *errors;
    size_t errors_len;
};

/* Loads from those three; the path of `dir` is cut out of the errors. */
static inline enum rc load(struct run *r, const char *file,
                           const char *const *env, const char *const *args) {
    struct conf_sources from = {.env = env, .args = args};
    char path[128];
    FILE *errors;
    enum rc rc;

    memset(r, 0, sizeof(*r));
    if (file != NULL) {
        snprintf(path, sizeof(path), "%s",
                 put_file("moim.conf", file, strlen(file)));
        from.file = path;
    }
    errors = open_memstream(&r->errors, &r->errors_len);
    rc = conf_load(&r->conf, &table, &r->s, &from, errors);
    fclose(errors);
    cut_dir(r->errors);
    return rc;
}

static inline void unload(struct run *r) {
    conf_free(&r->conf);
    assert_null(r->s.name);
    assert_null(r->s.secret);
    free(r->errors);
}

#define SECRET "[auth]\nsecret = hunter22\n"

static inline int conf_setup(void **state) {
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/test_conf.%ld", (long)getpid());
    return mkdir(dir, 0700);
}

static inline int conf_teardown(void **state) {
    static const char *const names[] = {"moim.conf", "secret", "name"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

#endif
