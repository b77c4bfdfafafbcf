#include "tests/fault/recorder/record.h"

#include "proto/base/hash.h"

uint64_t record_mark(struct slice from, struct slice name, struct slice text) {
    return hash_fnv1a(from) * 3 + hash_fnv1a(name) * 5 + hash_fnv1a(text);
}

enum rc record_open(struct record *r, const char *path) {
    *r = (struct record){.file = fopen(path, "wb")};
    if (r->file == NULL) {
        perror(path);
        return RC_BACKEND;
    }
    return RC_OK;
}

void record_add(struct record *r, const struct record_line *line) {
    r->count[line->kind]++;
    (void)fwrite(line, sizeof(*line), 1, r->file); /* record_close tells */
}

enum rc record_close(struct record *r) {
    bool bad = ferror(r->file) != 0;

    return fclose(r->file) == 0 && !bad ? RC_OK : RC_BACKEND;
}
