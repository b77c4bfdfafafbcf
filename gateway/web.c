#include "gateway/web.h"

#include <assert.h>
#include <stdio.h>

#include "proto/base/macros.h"
#include "proto/wire/gzip.h"
#include "proto/wire/http_reply.h"

/* What the page may load and whom it may talk to: nothing from elsewhere, no
 * script and no style that is not a file of ours. */
#define POLICY                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; "                \
    "img-src 'self' data:; connect-src 'self' ws: wss:; "                      \
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; "               \
    "frame-ancestors 'none'"

/* The build puts what carries a hash in its name into this folder. */
#define HASHED "/assets/"

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
};

static bool ends(struct slice path, const char *suffix) {
    struct slice end = slice_str(suffix);

    return path.n >= end.n && slice_eq(slice_drop(path, path.n - end.n), end);
}

static const char *type_of(struct slice path) {
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (ends(path, types[i].suffix)) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static const struct web_file *find(const struct web *w, struct slice path) {
    if (slice_is(path, "/")) {
        path = SLICE_LIT("/index.html");
    }
    for (size_t i = 0; i < w->count; i++) {
        if (slice_is(path, w->files[i].path)) {
            return &w->files[i];
        }
    }
    return NULL;
}

/* RFC 9110, 13.1.2, by weak comparison: W/ does not matter. */
static bool has_already(const struct http_head *head, const char *etag) {
    struct slice rest = http_header_get(head, "If-None-Match");
    struct slice one;

    while (http_list_next(&rest, &one)) {
        if (slice_starts(one, "W/")) {
            one = slice_drop(one, 2);
        }
        if (slice_is(one, etag) || slice_is(one, "*")) {
            return true;
        }
    }
    return false;
}

static void put_common(struct buf *out, const struct web_file *file,
                       const char *etag) {
    bool hashed = slice_starts(slice_str(file->path), HASHED);

    http_reply_header(out, "Cache-Control",
                      hashed ? SLICE_LIT("public, max-age=31536000, immutable")
                             : SLICE_LIT("no-cache"));
    http_reply_header(out, "ETag", slice_str(etag));
    http_reply_header(out, "Vary", SLICE_LIT("Accept-Encoding"));
    http_reply_header(out, "Content-Security-Policy", SLICE_LIT(POLICY));
}

static void refuse_method(struct buf *out) {
    http_reply_begin(out, 405, HTTP_REPLY_PAGE, true);
    http_reply_header(out, "Allow", SLICE_LIT("GET, HEAD"));
    http_reply_end_head(out, "text/plain; charset=utf-8", 0);
}

static struct blob *unpack(const struct web_file *file) {
    struct blob *plain = blob_new_empty(file->len);
    enum rc rc = gzip_unpack(blob_slice(file->body), plain->bytes, plain->len);

    assert(rc == RC_OK); /* it was when it was read */
    (void)rc;
    return plain;
}

bool web_answer(const struct web *w, const struct http_head *head,
                struct buf *out, struct blob **body) {
    const struct web_file *file = find(w, head->path);
    char etag[WEB_HASH_MAX + 5];
    bool packed;

    *body = NULL;
    if (file == NULL) {
        return false;
    }
    if (head->method != HTTP_GET && head->method != HTTP_HEAD) {
        refuse_method(out);
        return true;
    }
    packed =
        file->packed && http_header_has_token(head, "Accept-Encoding", "gzip");
    /* Each form of a file has an ETag of its own. */
    snprintf(etag, sizeof(etag), "\"%s%s\"", file->hash, packed ? "-gz" : "");
    if (has_already(head, etag)) {
        http_reply_begin(out, 304, HTTP_REPLY_PAGE, true);
        put_common(out, file, etag);
        http_reply_end_empty(out);
        return true;
    }
    *body = packed || !file->packed ? blob_ref(file->body) : unpack(file);
    http_reply_begin(out, 200, HTTP_REPLY_PAGE, true);
    put_common(out, file, etag);
    if (packed) {
        http_reply_header(out, "Content-Encoding", SLICE_LIT("gzip"));
    }
    http_reply_end_head(out, type_of(slice_str(file->path)), (*body)->len);
    return true;
}

bool web_request(const struct web *w, struct http_exchange *x,
                 const struct http_head *head) {
    struct blob *body;
    struct buf out;
    bool found;

    buf_init(&out);
    found = web_answer(w, head, &out, &body);
    if (found) {
        http_answer_raw(x, buf_slice(&out), body);
    }
    blob_unref(&body);
    buf_fini(&out);
    return found;
}
