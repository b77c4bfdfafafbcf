/* Runs a fuzz target over saved inputs, without libFuzzer and with any
 * compiler: the arguments are files, or directories of files. Names each
 * input before it is run, so that the last line of a crash tells which. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "proto/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    INPUT_MAX = 16 * 1024 * 1024,
    NAME_MAX_BYTES = 1024,
};

/* The input lies in a block of exactly its size: the sanitizer sees a read of
 * one byte too many. */
static bool run_open(FILE *f, size_t size) {
    uint8_t *data = mem_new(size);
    bool whole = fread(data, 1, size, f) == size;

    if (whole) {
        (void)LLVMFuzzerTestOneInput(data, size);
    }
    mem_free(data);
    return whole;
}

static bool run_file(const char *path, size_t size) {
    FILE *f = fopen(path, "rb");
    bool ok;

    printf("%s\n", path);
    (void)fflush(stdout);
    if (f == NULL) {
        return false;
    }
    ok = size <= INPUT_MAX && run_open(f, size);
    (void)fclose(f);
    return ok;
}

/* The regular files of a directory; not those below it. */
static bool run_dir(const char *path) {
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool ok = dir != NULL;

    while (ok && (entry = readdir(dir)) != NULL) {
        char name[NAME_MAX_BYTES];
        struct stat st;
        int n = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);

        ok = n > 0 && (size_t)n < sizeof(name) && stat(name, &st) == 0;
        if (ok && S_ISREG(st.st_mode)) {
            ok = run_file(name, (size_t)st.st_size);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return ok;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        struct stat st;
        bool ok = stat(argv[i], &st) == 0;

        if (ok) {
            ok = S_ISDIR(st.st_mode) ? run_dir(argv[i])
                                     : run_file(argv[i], (size_t)st.st_size);
        }
        if (!ok) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
