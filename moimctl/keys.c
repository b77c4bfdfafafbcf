#include "moimctl/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/wire/token_file.h"

enum {
    KEY_FILE_MAX = 4096,
};

enum ctl_exit keys_read(const char *path, struct token_keys *out) {
    char text[KEY_FILE_MAX];
    unsigned line = 0;
    size_t n;
    enum rc rc;
    FILE *f = fopen(path, "re");

    if (f == NULL) {
        fprintf(stderr, "moimctl: cannot read %s: %s\n", path, strerror(errno));
        return CTL_FAILED;
    }
    n = fread(text, 1, sizeof(text), f);
    (void)fclose(f);
    rc = token_file_parse(slice_of(text, n), out, &line);
    explicit_bzero(text, sizeof(text));
    if (rc != RC_OK) {
        fprintf(stderr,
                "moimctl: %s:%u: want lines \"id hexkey\" as moimctl "
                "gen-secret prints them\n",
                path, line);
        return CTL_BAD_CONFIG;
    }
    return CTL_OK;
}
