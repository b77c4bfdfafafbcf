/* The page that people chat on: a folder read into memory at the start and
 * served from there. Nothing is looked up on the disk for a request. What the
 * folder has packed too is kept packed: hardly anybody wants it otherwise. */
#ifndef MOIM_GATEWAY_WEB_H
#define MOIM_GATEWAY_WEB_H

#include <stdbool.h>

#include "proto/base/blob.h"
#include "proto/base/buf.h"
#include "proto/base/rc.h"
#include "proto/net/http_conn.h"
#include "proto/wire/http.h"

enum {
    WEB_FILES_MAX = 256,
    WEB_FILE_BYTES_MAX = 1024 * 1024,
    WEB_TOTAL_BYTES_MAX = 8 * 1024 * 1024,
    WEB_PATH_MAX = 128, /* bytes, from the folder on, with its NUL */
    WEB_HASH_MAX = 17,  /* 16 digits and a NUL */
};

struct web_file {
    char path[WEB_PATH_MAX]; /* "/assets/index-3f2a.js" */
    char hash[WEB_HASH_MAX]; /* of the bytes, for the ETag */
    struct blob *body;
    bool packed;  /* `body` is the file's neighbour of that name and ".gz",
                     which has no path of its own */
    uint32_t len; /* of the file itself */
};

struct web {
    struct web_file *files; /* "/index.html" is there */
    size_t count;
};

/* Reads the folder `root`, which may have folders. RC_BAD_INPUT, logged with
 * the reason: it cannot be read, has no index.html, is over a limit, or holds
 * something but files named with [A-Za-z0-9._-], no dot first, or a ".gz" that
 * is not its neighbour packed. Then `w` is empty, which is fine everywhere. */
enum rc web_open(struct web *w, const char *root) MUST_CHECK;
void web_close(struct web *w);

/* Writes the answer's head when the path is one of the page's; else false.
 * One reference of `*body` is the caller's; NULL when there is none. */
bool web_answer(const struct web *w, const struct http_head *head,
                struct buf *out, struct blob **body);
/* Answers and is true, or does nothing and is false. */
bool web_request(const struct web *w, struct http_exchange *x,
                 const struct http_head *head);

#endif
