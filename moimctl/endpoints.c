#include "moimctl/endpoints.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "moimctl/target.h"
#include "proto/base/buf.h"

enum {
    LIST_BYTES_MAX = 16384,
};

static const struct pattern {
    enum endpoints_kind kind;
    const char *before; /* the number */
    const char *after;
} patterns[] = {
    {ENDPOINTS_HEALTH, "GATEWAY", ""},
    {ENDPOINTS_HEALTH, "PRESENCE", "_INTERNAL"},
    {ENDPOINTS_HEALTH, "HAPROXY", ""},
    {ENDPOINTS_GATEWAY_METRICS, "GATEWAY", "_INTERNAL"},
};

/* The length of what names the process ("GATEWAY12"), or 0. */
static size_t match(const struct pattern *p, struct slice key) {
    size_t n = strlen(p->before);

    if (!slice_starts(key, p->before)) {
        return 0;
    }
    while (n < key.n && isdigit(key.p[n])) {
        n++;
    }
    return slice_is(slice_drop(key, n), p->after) ? n : 0;
}

static void add(struct endpoints *e, struct slice name, struct slice address) {
    struct endpoint *one = &e->all[e->count];

    if (e->count == ENDPOINTS_MAX || address.n > ENDPOINT_URL_MAX) {
        return;
    }
    *one = (struct endpoint){0};
    name = slice_take(name,
                      name.n < ENDPOINT_NAME_MAX ? name.n : ENDPOINT_NAME_MAX);
    memcpy(one->name, name.p, name.n);
    memcpy(one->url, address.p, address.n);
    e->count++;
}

/* The process's name in small letters. */
static void add_lower(struct endpoints *e, struct slice name,
                      struct slice address) {
    char lower[ENDPOINT_NAME_MAX];

    if (name.n <= sizeof(lower)) {
        for (size_t i = 0; i < name.n; i++) {
            lower[i] = (char)tolower(name.p[i]);
        }
        add(e, slice_of(lower, name.n), address);
    }
}

static void take_line(struct endpoints *e, struct slice line,
                      enum endpoints_kind kind) {
    size_t equals = slice_find(line, '=');
    struct slice key = slice_take(line, equals);

    for (size_t i = 0; i < COUNT_OF(patterns) && equals < line.n; i++) {
        size_t n = patterns[i].kind == kind ? match(&patterns[i], key) : 0;

        if (n > 0) {
            add_lower(e, slice_take(key, n), slice_drop(line, equals + 1));
        }
    }
}

void endpoints_parse(struct endpoints *e, struct slice text,
                     enum endpoints_kind kind) {
    while (text.n > 0) {
        size_t end = slice_find(text, '\n');

        take_line(e, slice_take(text, end), kind);
        text = slice_drop(text, end < text.n ? end + 1 : end);
    }
}

static void read_demo(struct endpoints *e, enum endpoints_kind kind) {
    const char *dir = getenv("MOIMCTL_DEMO_DIR");
    char text[LIST_BYTES_MAX];
    struct buf path;
    FILE *f;

    if (dir == NULL || dir[0] == '\0') {
        return;
    }
    buf_init(&path);
    buf_addf(&path, "%s/ports.env", dir);
    buf_add_byte(&path, '\0');
    f = fopen((const char *)path.p, "re");
    buf_fini(&path);
    if (f != NULL) {
        endpoints_parse(e, slice_of(text, fread(text, 1, sizeof(text), f)),
                        kind);
        (void)fclose(f);
    }
}

bool endpoints_find(struct endpoints *e, const struct args *a,
                    enum endpoints_kind kind) {
    const char *url = getenv("MOIMCTL_URL");

    e->count = 0;
    if (a->url != NULL) {
        add(e, slice_str(a->url), slice_str(a->url));
    }
    for (size_t i = 0; i < a->word_count; i++) {
        add(e, slice_str(a->words[i]), slice_str(a->words[i]));
    }
    if (e->count == 0) {
        read_demo(e, kind);
    }
    if (e->count == 0 && kind == ENDPOINTS_HEALTH) {
        url = url == NULL || url[0] == '\0' ? TARGET_DEFAULT_URL : url;
        add(e, slice_str(url), slice_str(url));
    }
    if (e->count == 0) {
        fprintf(stderr, "moimctl: give the internal addresses of the gateways, "
                        "as 127.0.0.1:9080\n");
    }
    return e->count > 0;
}
