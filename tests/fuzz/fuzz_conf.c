/* Any bytes as a settings file, as a variable, or as a flag: either the
 * settings are in range and printed they load again, or there is a report of
 * whole lines without control characters. */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/conf.h"
#include "proto/base/macros.h"
#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
    uint64_t count;
    uint64_t time_ms;
    uint64_t size_bytes;
    bool yes;
    unsigned choice;
    char *text;
    char *secret;
};

#define AT(field) offsetof(struct settings, field)

static const char *const words[] = {"a", "b", "c", NULL};

static const struct conf_key keys[] = {
    {"one", "count", CONF_COUNT, AT(count), "5", 1, 65535, "how many", NULL},
    {"one", "time", CONF_MSEC, AT(time_ms), "1s", 0, 86400000, "how long",
     NULL},
    {"one", "size", CONF_BYTES, AT(size_bytes), "4KiB", 1, UINT64_C(1) << 40,
     "how much", NULL},
    {"two", "yes", CONF_BOOL, AT(yes), "no", 0, 0, "whether", NULL},
    {"two", "choice", CONF_CHOICE, AT(choice), "a", 0, 0, "which", words},
    {"two", "text", CONF_TEXT, AT(text), "", 0, 9, "what", NULL},
    {"two", "secret", CONF_SECRET, AT(secret), NULL, 0, 0, "hush", NULL},
};

static const struct conf_table table = {keys, COUNT_OF(keys)};

/* A file without a name, in place of what it held before. */
static const char *put_file(const void *bytes, size_t n) {
    static FILE *file;
    static char path[64];

    if (file == NULL) {
        file = tmpfile();
        assert(file != NULL);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
    }
    assert(ftruncate(fileno(file), 0) == 0);
    assert(pwrite(fileno(file), bytes, n, 0) == (ssize_t)n);
    return path;
}

struct run {
    struct conf *conf;
    struct settings s;
    char *report;
    size_t report_len;
};

static enum rc load(struct run *r, const struct conf_sources *from) {
    FILE *errors = open_memstream(&r->report, &r->report_len);
    enum rc rc;

    assert(errors != NULL);
    r->conf = NULL;
    rc = conf_load(&r->conf, &table, &r->s, from, errors);
    (void)fclose(errors);
    return rc;
}

static void unload(struct run *r) {
    conf_free(&r->conf);
    free(r->report);
}

static void check_range(const struct settings *s) {
    assert(s->count >= 1 && s->count <= 65535);
    assert(s->time_ms <= 86400000);
    assert(s->size_bytes >= 1 && s->size_bytes <= UINT64_C(1) << 40);
    assert(s->choice < COUNT_OF(words) - 1);
    assert(strlen(s->text) <= 9);
}

static void check_report(const struct run *r) {
    assert(r->report_len > 0 && r->report[r->report_len - 1] == '\n');
    for (size_t i = 0; i < r->report_len; i++) {
        uint8_t c = (uint8_t)r->report[i];

        assert(c == '\n' || (c >= 0x20 && c != 0x7f));
    }
}

static void check_again(const struct run *r) {
    struct conf_sources from = {.file = NULL};
    struct run again;
    char *text = NULL;
    size_t n = 0;
    enum rc rc;
    FILE *to = open_memstream(&text, &n);

    assert(to != NULL);
    conf_print_values(r->conf, to);
    (void)fclose(to);
    from.file = put_file(text, n);
    rc = load(&again, &from);
    assert(rc == RC_OK);
    assert(again.s.count == r->s.count && again.s.time_ms == r->s.time_ms);
    assert(again.s.size_bytes == r->s.size_bytes);
    assert(again.s.yes == r->s.yes && again.s.choice == r->s.choice);
    unload(&again);
    free(text);
}

/* The first byte says what the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *list[2] = {NULL, NULL};
    struct conf_sources from = {.file = NULL};
    struct run r;
    char *text;

    if (size == 0) {
        return 0;
    }
    text = mem_dup(data + 1, size - 1);
    list[0] = text;
    if (data[0] == 'v') {
        from.env = list;
    } else if (data[0] == 'f') {
        from.args = list;
    } else {
        from.file = put_file(data + 1, size - 1);
    }
    if (load(&r, &from) == RC_OK) {
        check_range(&r.s);
        check_again(&r);
    } else {
        check_report(&r);
    }
    unload(&r);
    mem_free(text);
    return 0;
}
