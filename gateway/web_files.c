/* Reads the folder of the page: names and sizes are checked, the bytes kept. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/web.h"
#include "proto/base/hash.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/wire/gzip.h"

enum {
    FOLDERS_MAX = 32,
};

/* A folder being read. Folders found on the way wait in a list: a deep tree
 * costs a longer list, not a deeper stack. */
struct reading {
    struct web *web;
    const char *root;
    size_t bytes;
    size_t folder_count;
    char folders[FOLDERS_MAX][WEB_PATH_MAX]; /* "" is the root itself */
};

static const struct log_ctx ctx_web = {"web", 0};

static enum rc bad(const struct reading *r, const char *path, const char *why) {
    log_error(&ctx_web, "bad_web_root", "path=\"%s%s\" why=\"%s\"", r->root,
              path, why);
    return RC_BAD_INPUT;
}

static bool name_ok(const char *name) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789._-";

    return name[0] != '.' && name[strspn(name, letters)] == '\0';
}

static enum rc read_all(int fd, struct blob *b) {
    size_t n = 0;

    while (n < b->len) {
        ssize_t got = read(fd, b->bytes + n, b->len - n);

        if (got <= 0) {
            return RC_BACKEND;
        }
        n += (size_t)got;
    }
    return RC_OK;
}

static enum rc add_file(struct reading *r, const char *path, int fd,
                        size_t size) {
    struct web_file *file = &r->web->files[r->web->count];

    if (r->web->count == WEB_FILES_MAX) {
        return bad(r, path, "too many files");
    }
    if (size > WEB_FILE_BYTES_MAX || r->bytes + size > WEB_TOTAL_BYTES_MAX) {
        return bad(r, path, "too large, or too much in all");
    }
    r->bytes += size;
    memcpy(file->path, path, strlen(path) + 1);
    file->body = blob_new_empty(size);
    file->len = (uint32_t)size;
    r->web->count++;
    if (read_all(fd, file->body) != RC_OK) {
        return bad(r, path, "cannot be read");
    }
    snprintf(file->hash, sizeof(file->hash), "%016llx",
             (unsigned long long)hash_fnv1a(blob_slice(file->body)));
    return RC_OK;
}

/* One name of a folder: a file to keep, or a folder for later. */
static enum rc add_path(struct reading *r, int folder_fd, const char *path,
                        const char *name) {
    struct stat st;
    enum rc rc;
    int fd =
        openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0) {
        rc = bad(r, path, "cannot be opened, or is a link");
    } else if (S_ISREG(st.st_mode)) {
        rc = add_file(r, path, fd, (size_t)st.st_size);
    } else if (!S_ISDIR(st.st_mode)) {
        rc = bad(r, path, "neither a file nor a folder");
    } else if (r->folder_count == FOLDERS_MAX) {
        rc = bad(r, path, "too many folders");
    } else {
        memcpy(r->folders[r->folder_count++], path, strlen(path) + 1);
        rc = RC_OK;
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static enum rc read_folder(struct reading *r, const char *folder) {
    char path[4096];
    const struct dirent *entry;
    enum rc rc = RC_OK;
    DIR *dir;

    if ((size_t)snprintf(path, sizeof(path), "%s%s", r->root, folder) >=
        sizeof(path)) {
        return bad(r, folder, "the path is too long");
    }
    dir = opendir(path);
    if (dir == NULL) {
        return bad(r, folder, "cannot be opened");
    }
    while (rc == RC_OK && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            continue;
        }
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >=
                WEB_PATH_MAX ||
            !name_ok(name)) {
            rc = bad(r, path, "a name that cannot be served");
        } else {
            rc = add_path(r, dirfd(dir), path, name);
        }
    }
    closedir(dir);
    return rc;
}

static struct web_file *file_at(const struct web *w, const char *path) {
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->files[i].path, path) == 0) {
            return &w->files[i];
        }
    }
    return NULL;
}

/* Of "/a.js.gz" the file "/a.js"; NULL: it is not packed, or nothing is there
 * that it could be of. */
static struct web_file *packed_of(const struct web *w,
                                  const struct web_file *packed) {
    char plain[WEB_PATH_MAX];
    size_t n = strlen(packed->path);

    if (n < 3 || strcmp(packed->path + n - 3, ".gz") != 0) {
        return NULL;
    }
    memcpy(plain, packed->path, n - 3);
    plain[n - 3] = '\0';
    return file_at(w, plain);
}

static bool holds(const struct web_file *packed, const struct web_file *file) {
    uint8_t *plain = mem_new(file->len);
    bool same =
        gzip_unpack(blob_slice(packed->body), plain, file->len) == RC_OK &&
        slice_eq(slice_of(plain, file->len), blob_slice(file->body));

    mem_free(plain);
    return same;
}

/* Of a file that is there packed too only that is kept. */
static enum rc keep_packed(struct reading *r) {
    struct web *w = r->web;

    for (size_t i = 0; i < w->count; i++) {
        struct web_file *packed = &w->files[i];
        struct web_file *file = packed_of(w, packed);

        if (file != NULL && !holds(packed, file)) {
            return bad(r, packed->path, "is not its neighbour, packed by gzip");
        }
        if (file != NULL) {
            blob_unref(&file->body);
            file->body = blob_ref(packed->body);
            file->packed = true;
        }
    }
    return RC_OK;
}

/* A packed file has no path of its own, not even one of nothing. */
static void forget_packed(struct web *w) {
    size_t kept = 0;

    for (size_t i = 0; i < w->count; i++) {
        size_t n = strlen(w->files[i].path);

        if (n > 3 && strcmp(w->files[i].path + n - 3, ".gz") == 0) {
            blob_unref(&w->files[i].body);
        } else {
            w->files[kept++] = w->files[i];
        }
    }
    w->count = kept;
    w->files = mem_resize(w->files, kept * sizeof(*w->files));
}

enum rc web_open(struct web *w, const char *root) {
    struct reading *r = mem_new(sizeof(*r));
    enum rc rc = RC_OK;

    w->files = mem_new_array(WEB_FILES_MAX, sizeof(*w->files));
    w->count = 0;
    r->web = w;
    r->root = root;
    r->folder_count = 1;
    for (size_t i = 0; rc == RC_OK && i < r->folder_count; i++) {
        rc = read_folder(r, r->folders[i]);
    }
    if (rc == RC_OK && file_at(w, "/index.html") == NULL) {
        rc = bad(r, "/index.html", "is missing: not the built page");
    }
    if (rc == RC_OK) {
        rc = keep_packed(r);
    }
    if (rc == RC_OK) {
        forget_packed(w);
        log_info(&ctx_web, "page_read", "root=\"%s\" files=%zu bytes=%zu", root,
                 w->count, r->bytes);
    } else {
        web_close(w);
    }
    mem_free(r);
    return rc;
}

void web_close(struct web *w) {
    for (size_t i = 0; i < w->count; i++) {
        blob_unref(&w->files[i].body);
    }
    mem_free(w->files);
    w->files = NULL;
    w->count = 0;
}
