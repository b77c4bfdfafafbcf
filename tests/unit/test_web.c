/* The page from memory: what a folder may hold, and how each file answers. */
#include "gateway/web.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/assert_row.h"

#include "proto/base/macros.h"

/* ---- a folder on the disk ---- */

struct folder {
    char root[64];
};

static void path_in(const struct folder *f, const char *name, char *out,
                    size_t room) {
    assert_true((size_t)snprintf(out, room, "%s/%s", f->root, name) < room);
}

static void put_bytes(const struct folder *f, const char *name,
                      struct slice bytes) {
    char path[256];
    FILE *file;

    path_in(f, name, path, sizeof(path));
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fwrite(bytes.p, 1, bytes.n, file) == bytes.n);
    assert_int_equal(fclose(file), 0);
}

static void put_file(const struct folder *f, const char *name,
                     const char *text) {
    put_bytes(f, name, slice_str(text));
}

static void put_folder(const struct folder *f, const char *name) {
    char path[256];

    path_in(f, name, path, sizeof(path));
    assert_int_equal(mkdir(path, 0700), 0);
}

static void folder_open(struct folder *f) {
    snprintf(f->root, sizeof(f->root), "/tmp/moim-web-%d", (int)getpid());
    assert_int_equal(mkdir(f->root, 0700), 0);
}

static void folder_close(struct folder *f) {
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", f->root);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) ours */
}

#define SCRIPT "let one_more = 12;"
/* The same, as gzip -9n packs it. */
#define SCRIPT_PACKED                                                          \
    "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcbI-Q\xc8\xcfK\x8d\xcf\xcd/JU\xb0U"       \
    "04\xb2\x06\0\x89\x0b\xde\xfa\x12\0\0\0"

/* What a build looks like. */
static void put_page(struct folder *f) {
    folder_open(f);
    put_file(f, "index.html", "<p>page");
    put_file(f, "icon.svg", "<svg/>");
    put_folder(f, "assets");
    put_file(f, "assets/index-1a2b.js", SCRIPT);
    put_bytes(f, "assets/index-1a2b.js.gz", SLICE_LIT(SCRIPT_PACKED));
}

/* ---- answers ---- */

static const struct answer_case {
    const char *name;
    const char *request; /* without its last empty line */
    const char *want;    /* each line is in the answer; "" : not ours */
    const char * not ;   /* is not in the answer */
    const char *body;    /* how it begins; NULL: none */
} answer_cases[] = {
    {"root", "GET / HTTP/1.1\r\nHost: h\r\n",
     "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\n"
     "Cache-Control: no-cache\nContent-Length: 7\nVary: Accept-Encoding\n"
     "X-Content-Type-Options: nosniff\nReferrer-Policy: no-referrer\n"
     "Content-Security-Policy: default-src 'none'; script-src 'self';",
     "Content-Encoding", "<p>page"},
    {"by name", "GET /index.html HTTP/1.1\r\nHost: h\r\n",
     "HTTP/1.1 200 OK\nCache-Control: no-cache", "immutable", "<p>page"},
    {"a query does not matter", "GET /?x=1 HTTP/1.1\r\nHost: h\r\n",
     "HTTP/1.1 200 OK", "immutable", "<p>page"},
    {"type", "GET /icon.svg HTTP/1.1\r\nHost: h\r\n",
     "Content-Type: image/svg+xml\nCache-Control: no-cache", "gzip", "<svg/>"},
    {"hashed, packed",
     "GET /assets/index-1a2b.js HTTP/1.1\r\nHost: h\r\n"
     "Accept-Encoding: br, gzip\r\n",
     "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 38\n"
     "Content-Type: text/javascript; charset=utf-8\n"
     "Cache-Control: public, max-age=31536000, immutable",
     "no-cache", "\x1f\x8b\x08"},
    {"hashed, plain", "GET /assets/index-1a2b.js HTTP/1.1\r\nHost: h\r\n",
     "HTTP/1.1 200 OK\nContent-Length: 18\nimmutable", "Content-Encoding",
     SCRIPT},
    {"head", "HEAD / HTTP/1.1\r\nHost: h\r\n",
     "HTTP/1.1 200 OK\nContent-Length: 7", "immutable", "<p>page"},
    {"method", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n",
     "HTTP/1.1 405 Method Not Allowed\nAllow: GET, HEAD\nContent-Length: 0",
     "ETag", NULL},
    {"any etag", "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n",
     "HTTP/1.1 304 Not Modified\nETag: \"\nCache-Control: no-cache",
     "Content-Length", NULL},
    {"another etag", "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"abc\"\r\n",
     "HTTP/1.1 200 OK", "304", "<p>page"},
    {"no such file", "GET /nothing HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"the packed form has no path",
     "GET /assets/index-1a2b.js.gz HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"a folder", "GET /assets HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"a folder's slash", "GET /assets/ HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"dots", "GET /assets/../index.html HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"encoded", "GET /%69ndex.html HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
    {"the API", "GET /v1/me HTTP/1.1\r\nHost: h\r\n", "", "", NULL},
};

static bool answer(const struct web *w, const char *request, struct buf *out,
                   struct blob **body) {
    struct http_error why;
    struct http_head head;
    struct buf in;
    bool found;

    buf_init(&in);
    buf_add_str(&in, request);
    buf_add_str(&in, "\r\n");
    assert_int_equal(http_head_parse(buf_slice(&in), &head, &why), PARSE_OK);
    buf_clear(out);
    found = web_answer(w, &head, out, body);
    buf_add_byte(out, '\0');
    buf_fini(&in);
    return found;
}

/* Every line of `want` is somewhere in `text`. */
static bool has_lines(const char *text, const char *want) {
    char line[256];

    while (*want != '\0') {
        size_t n = strcspn(want, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)n, want);
        if (strstr(text, line) == NULL) {
            return false;
        }
        want += want[n] == '\n' ? n + 1 : n;
    }
    return true;
}

static void test_answers(void **state) {
    struct folder f;
    struct web w;
    struct buf out;

    (void)state;
    put_page(&f);
    buf_init(&out);
    assert_int_equal(web_open(&w, f.root), RC_OK);
    assert_int_equal(w.count, 3);
    for (size_t i = 0; i < COUNT_OF(answer_cases); i++) {
        const struct answer_case *c = &answer_cases[i];
        struct blob *body;
        bool found = answer(&w, c->request, &out, &body);
        const char *text = (const char *)out.p;

        assert_row(c->name, found == (c->want[0] != '\0'));
        assert_row(c->name, !found || has_lines(text, c->want));
        assert_row(c->name, !found || strstr(text, c->not ) == NULL);
        assert_row(c->name, (body != NULL) == (c->body != NULL));
        assert_row(c->name,
                   body == NULL || slice_starts(blob_slice(body), c->body));
        blob_unref(&body);
    }
    web_close(&w);
    buf_fini(&out);
    folder_close(&f);
}

/* What was answered may be asked for again by its ETag, in either form. */
static void test_etag(void **state) {
    static const char *const asks[] = {
        "GET /assets/index-1a2b.js HTTP/1.1\r\nHost: h\r\n",
        "GET /assets/index-1a2b.js HTTP/1.1\r\nHost: h\r\n"
        "Accept-Encoding: gzip\r\n",
    };
    char etags[COUNT_OF(asks)][64];
    struct folder f;
    struct blob *body;
    struct web w;
    struct buf out;

    (void)state;
    put_page(&f);
    buf_init(&out);
    assert_int_equal(web_open(&w, f.root), RC_OK);
    for (size_t i = 0; i < COUNT_OF(asks); i++) {
        char again[256];
        const char *at;

        assert_true(answer(&w, asks[i], &out, &body));
        blob_unref(&body);
        at = strstr((const char *)out.p, "ETag: ");
        assert_non_null(at);
        snprintf(etags[i], sizeof(etags[i]), "%.*s", (int)strcspn(at + 6, "\r"),
                 at + 6);
        snprintf(again, sizeof(again), "%sIf-None-Match: \"x\", W/%s\r\n",
                 asks[i], etags[i]);
        assert_true(answer(&w, again, &out, &body));
        assert_row(asks[i], strstr((const char *)out.p, " 304 ") != NULL);
        assert_row(asks[i], body == NULL);
    }
    assert_string_not_equal(etags[0], etags[1]);
    web_close(&w);
    buf_fini(&out);
    folder_close(&f);
}

/* ---- folders that are refused ---- */

static void no_index(const struct folder *f) {
    put_file(f, "page.html", "x");
}

static void bad_name(const struct folder *f) {
    put_file(f, "index.html", "x");
    put_file(f, "a b.js", "x");
}

static void hidden(const struct folder *f) {
    put_file(f, "index.html", "x");
    put_file(f, ".git", "x");
}

static void a_link(const struct folder *f) {
    char path[256];

    put_file(f, "index.html", "x");
    path_in(f, "passwd", path, sizeof(path));
    assert_int_equal(symlink("/etc/passwd", path), 0);
}

static void a_pipe(const struct folder *f) {
    char path[256];

    put_file(f, "index.html", "x");
    path_in(f, "pipe", path, sizeof(path));
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void too_large(const struct folder *f) {
    char path[256];

    put_file(f, "index.html", "x");
    put_file(f, "big.js", "x");
    path_in(f, "big.js", path, sizeof(path));
    assert_int_equal(truncate(path, WEB_FILE_BYTES_MAX + 1), 0);
}

static void too_much(const struct folder *f) {
    char name[16];
    char path[256];

    put_file(f, "index.html", "x");
    for (int i = 0; i < WEB_TOTAL_BYTES_MAX / WEB_FILE_BYTES_MAX; i++) {
        snprintf(name, sizeof(name), "%d.js", i);
        put_file(f, name, "");
        path_in(f, name, path, sizeof(path));
        assert_int_equal(truncate(path, WEB_FILE_BYTES_MAX), 0);
    }
}

static void too_many(const struct folder *f) {
    char name[16];

    for (int i = 0; i < WEB_FILES_MAX + 1; i++) {
        snprintf(name, sizeof(name), "%d.js", i);
        put_file(f, name, "x");
    }
}

static void of_another(const struct folder *f) {
    put_file(f, "index.html", "x");
    put_file(f, "a.js", "let one_more = 13;");
    put_bytes(f, "a.js.gz", SLICE_LIT(SCRIPT_PACKED));
}

static void not_packed(const struct folder *f) {
    put_file(f, "index.html", "x");
    put_file(f, "index.html.gz", "x");
}

static void test_refused(void **state) {
    static const struct {
        const char *name;
        void (*put)(const struct folder *f);
    } rows[] = {
        {"no index", no_index},     {"a space", bad_name},
        {"hidden", hidden},         {"a link", a_link},
        {"a pipe", a_pipe},         {"too large", too_large},
        {"too much", too_much},     {"too many", too_many},
        {"of another", of_another}, {"not packed", not_packed},
    };
    struct web w;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct folder f;

        folder_open(&f);
        rows[i].put(&f);
        assert_row(rows[i].name, web_open(&w, f.root) == RC_BAD_INPUT);
        assert_row(rows[i].name, w.count == 0);
        folder_close(&f);
    }
    assert_int_equal(web_open(&w, "/nowhere/at/all"), RC_BAD_INPUT);
    web_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_etag),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
