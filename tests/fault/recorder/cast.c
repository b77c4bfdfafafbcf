#include "tests/fault/recorder/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/mem.h"
#include "proto/base/slice.h"

/* The next word of the line, or an empty slice. */
static struct slice word(struct slice *rest) {
    size_t end = slice_find(*rest, ' ');
    struct slice w = slice_take(*rest, end);

    *rest = slice_drop(*rest, end < rest->n ? end + 1 : end);
    return w;
}

static bool read_person(struct cast *c, struct slice rest) {
    struct cast_person p = {.token = NULL};
    struct slice token;

    if (!id_parse(word(&rest), &p.user.v)) {
        return false;
    }
    token = word(&rest);
    p.token = mem_dup(token.p, token.n);
    c->persons =
        mem_resize(c->persons, (c->person_count + 1) * sizeof(*c->persons));
    c->persons[c->person_count++] = p;
    return token.n > 0;
}

static bool read_conv(struct cast *c, struct slice rest) {
    struct cast_conv v = {.count = 0};
    bool good = id_parse(word(&rest), &v.id.v);

    while (good && rest.n > 0) {
        uint64_t number = UINT64_MAX;

        good = slice_to_u64(word(&rest), &number) && number < c->person_count;
        v.members = mem_resize(v.members, (v.count + 1) * sizeof(*v.members));
        v.members[v.count++] = (uint32_t)number;
    }
    c->convs = mem_resize(c->convs, (c->conv_count + 1) * sizeof(*c->convs));
    c->convs[c->conv_count++] = v;
    return good && v.count > 0;
}

static bool read_line(struct cast *c, struct slice line) {
    struct slice what = word(&line);

    if (slice_is(what, "person")) {
        return read_person(c, line);
    }
    return slice_is(what, "conv") && read_conv(c, line);
}

enum rc cast_read(struct cast *c, const char *path) {
    FILE *file = fopen(path, "r");
    enum rc rc = file == NULL ? RC_BAD_INPUT : RC_OK;
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    *c = (struct cast){.persons = NULL};
    while (rc == RC_OK && (n = getline(&line, &cap, file)) > 0) {
        n -= line[n - 1] == '\n';
        rc = read_line(c, slice_of(line, (size_t)n)) ? RC_OK : RC_BAD_INPUT;
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
    if (rc != RC_OK) {
        fprintf(stderr, "moim-recorder: %s: not a cast\n", path);
    }
    return rc;
}

void cast_fini(struct cast *c) {
    for (size_t i = 0; i < c->person_count; i++) {
        mem_free(c->persons[i].token);
    }
    for (size_t i = 0; i < c->conv_count; i++) {
        mem_free(c->convs[i].members);
    }
    mem_free(c->persons);
    mem_free(c->convs);
}
