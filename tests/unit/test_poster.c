/* The poster: what a push service gets, what is made of its answers, and where
 * it does not go. */
#include "hooks/poster.h"

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/mem.h"
#include "proto/net/listener.h"
#include "proto/net/stream.h"
#include "proto/net/tls.h"
#include "proto/net/tls_server.h"
#include "tests/unit/drive.h"
#include "tests/unit/tls_files.h"

/* RFC 8291, appendix A. */
#define P256DH                                                                 \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZ" \
    "GH6SRpkNtoIAiw4"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"

enum {
    SEEN_MAX = 8,
    BODY_LEN = WEBPUSH_HEAD + 5 + 1 + 16, /* "hello" */
};

struct world {
    struct loop loop;
    struct tls_files files;
    struct tls_server *tls;
    struct listener *listener;
    struct poster *poster;
    struct vapid_key key;
    struct cidr_list allow;
    unsigned status; /* the service's answer; 0: it never answers */
    const char *header;
    struct stream *stream; /* of who asks; NULL: nobody does */
    struct buf in;         /* what he has said */
    size_t requests;
    char head[2048]; /* of the last one */
    size_t answers;
    enum poster_end ends[SEEN_MAX];
    uint64_t wait_ms;
};

static struct world w;

/* Our own server takes no encoded bodies, so this one is a plain one. */
static void answer_it(void) {
    struct buf out;

    buf_init(&out);
    buf_addf(&out,
             "HTTP/1.1 %u x\r\nConnection: close\r\n%s"
             "Content-Length: 0\r\n\r\n",
             w.status, w.header);
    assert_int_equal(stream_send_copy(w.stream, buf_slice(&out)), RC_OK);
    buf_fini(&out);
    stream_finish(w.stream, RC_OK, 30000);
}

static void on_bytes(void *owner, uint8_t *bytes, size_t n) {
    struct slice body;

    (void)owner;
    buf_add(&w.in, slice_of(bytes, n));
    body = slice_after(buf_slice(&w.in), "\r\n\r\n");
    if (body.p == NULL || body.n < BODY_LEN) {
        return;
    }
    assert_int_equal(body.n, BODY_LEN);
    w.requests++;
    snprintf(w.head, sizeof(w.head), "%.*s", (int)(w.in.n - body.n),
             (const char *)w.in.p);
    if (w.status != 0) {
        answer_it();
    }
}

static void on_closed(void *owner, enum rc why) {
    (void)why;
    w.stream = w.stream == owner ? NULL : w.stream;
    listener_gone(w.listener);
}

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    static const struct stream_events heard = {on_bytes, NULL, on_closed};

    (void)owner;
    assert_false(over_limit);
    stream_secure(s, tls_accept(w.tls), 30000);
    w.stream = s;
    buf_clear(&w.in);
    stream_attach(s, &heard, s);
}

static void open_poster(const char *allow) {
    const struct poster_config config = {.tls_ca = w.files.cert,
                                         .key = &w.key,
                                         .contact = "mailto:a@b.example",
                                         .allow = &w.allow,
                                         .timeout_ms = 30000};
    struct slice bad;

    cidr_list_fini(&w.allow);
    assert_int_equal(cidr_list_parse(&w.allow, allow, &bad), RC_OK);
    assert_int_equal(poster_open(&w.poster, &w.loop, &config), RC_OK);
}

static int setup(void **state) {
    struct listener_config config = {.address = "127.0.0.1:0",
                                     .backlog = 16,
                                     .max_streams = 16,
                                     .queue_limit = 262144};
    struct tls_server_config tls = {.ticket_keys = "", .plain_answer = ""};

    (void)state;
    w = (struct world){.status = 201, .header = ""};
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    assert_int_equal(vapid_key_read(SLICE_LIT(PRIVATE), &w.key), RC_OK);
    assert_int_equal(loop_init(&w.loop), RC_OK);
    tls_files_make(&w.files);
    tls.cert = w.files.cert;
    tls.key = w.files.key;
    assert_int_equal(tls_server_open(&w.tls, &tls), RC_OK);
    assert_int_equal(
        listener_open(&w.listener, &w.loop, &config, on_stream, NULL), RC_OK);
    open_poster("127.0.0.0/8");
    return 0;
}

static int teardown(void **state) {
    (void)state;
    listener_close(&w.listener);
    poster_stop(w.poster);
    loop_run(&w.loop);
    poster_free(&w.poster);
    assert_null(w.stream);
    buf_fini(&w.in);
    tls_server_close(&w.tls);
    tls_files_remove(&w.files);
    cidr_list_fini(&w.allow);
    loop_fini(&w.loop);
    return 0;
}

static void on_end(void *ctx, enum poster_end end, uint64_t wait_ms) {
    (void)ctx;
    w.ends[w.answers % SEEN_MAX] = end;
    w.wait_ms = wait_ms;
    w.answers++;
}

static void push_to(const char *endpoint) {
    const struct webpush_text text = {slice_str(endpoint), SLICE_LIT(P256DH),
                                      SLICE_LIT(AUTH)};
    struct webpush_sub sub;

    assert_int_equal(webpush_read(&text, &sub), WEBPUSH_RIGHT);
    poster_push(w.poster,
                &(struct poster_push){.to = &sub,
                                      .text = SLICE_LIT("hello"),
                                      .topic = "t0p-1c_",
                                      .ttl_s = 86400},
                on_end, NULL);
}

static void push_here(const char *host) {
    char endpoint[64];

    snprintf(endpoint, sizeof(endpoint), "https://%s:%u/push/x", host,
             listener_port(w.listener));
    push_to(endpoint);
}

static bool answered(void *ctx) {
    return w.answers >= *(size_t *)ctx;
}

static enum poster_end answer(void) {
    size_t want = w.answers + 1;

    assert_true(drive_until(&w.loop, answered, &want));
    return w.ends[(want - 1) % SEEN_MAX];
}

static void test_request(void **state) {
    static const char *const lines[] = {
        "POST /push/x HTTP/1.1\r\n",
        "\r\nTTL: 86400\r\n",
        "\r\nUrgency: normal\r\n",
        "\r\nTopic: t0p-1c_\r\n",
        "\r\nContent-Encoding: aes128gcm\r\n",
        "\r\nAuthorization: vapid t=",
    };

    (void)state;
    push_here("127.0.0.1");
    assert_int_equal(answer(), POSTER_SENT);
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_row(lines[i], strstr(w.head, lines[i]) != NULL);
    }
    assert_non_null(strstr(w.head, w.key.public));
    assert_int_equal(poster_counts(w.poster)->sent, 1);
    assert_int_equal(poster_counts(w.poster)->in_flight, 0);
}

static void test_answers(void **state) {
    static const struct {
        unsigned status;
        enum poster_end want;
    } rows[] = {
        {200, POSTER_SENT},    {201, POSTER_SENT},    {202, POSTER_SENT},
        {307, POSTER_REFUSED}, {400, POSTER_REFUSED}, {403, POSTER_REFUSED},
        {404, POSTER_GONE},    {410, POSTER_GONE},    {413, POSTER_REFUSED},
        {429, POSTER_AGAIN},   {500, POSTER_AGAIN},   {503, POSTER_AGAIN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[16];

        snprintf(name, sizeof(name), "%u", rows[i].status);
        w.status = rows[i].status;
        push_here("127.0.0.1");
        assert_row(name, answer() == rows[i].want);
        assert_row(name, w.wait_ms == 0);
    }
    assert_int_equal(w.requests, COUNT_OF(rows));
    assert_int_equal(poster_counts(w.poster)->gone, 2);
    assert_int_equal(poster_counts(w.poster)->refused, 4);
    assert_int_equal(poster_counts(w.poster)->failed, 3);
}

/* A service that asks for patience is not asked again, by nobody, before; and
 * others are. */
static void test_patience(void **state) {
    static const struct {
        const char *header;
        uint64_t want_ms;
    } rows[] = {
        {"Retry-After: 120\r\n", 120000},
        {"Retry-After: 0\r\n", 0},
        {"Retry-After: 99999999\r\n", POSTER_HOLD_MAX_MS},
        {"Retry-After: Fri, 31 Dec 2027 23:59:59 GMT\r\n", POSTER_HOLD_DATE_MS},
    };

    (void)state;
    w.status = 429;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        w.header = rows[i].header;
        push_here("127.0.0.1");
        assert_row(rows[i].header, answer() == POSTER_AGAIN);
        assert_row(rows[i].header, w.wait_ms == rows[i].want_ms);
        assert_row(rows[i].header, w.requests == i + 1);
        push_here("127.0.0.1");
        assert_row(rows[i].header, answer() == POSTER_AGAIN);
        assert_row(rows[i].header,
                   w.requests == i + 1 + (rows[i].want_ms == 0 ? 1 : 0));
        w.requests = i + 1;
        poster_free(&w.poster);
        open_poster("127.0.0.0/8");
    }
}

/* Only where everybody may, whatever its name says. */
static void test_private(void **state) {
    static const char *const rows[] = {
        "https://127.0.0.1:1/", "https://10.0.0.1/",
        "https://[::1]/",       "https://[fe80::1]/",
        "https://169.254.1.1/", "https://localhost/",
        "https://0.0.0.0/",     "https://[::ffff:127.0.0.1]/",
    };

    (void)state;
    poster_free(&w.poster);
    open_poster("192.0.2.0/24");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        push_to(rows[i]);
        assert_row(rows[i], answer() == POSTER_REFUSED);
    }
    push_here("127.0.0.1");
    assert_int_equal(answer(), POSTER_REFUSED);
    assert_int_equal(w.requests, 0);
}

static bool is_open(void *ctx) {
    (void)ctx;
    return w.requests > 0;
}

/* In all stages: posted, waiting for the resolver, not begun. */
static void test_stop(void **state) {
    (void)state;
    w.status = 0;
    push_here("127.0.0.1");
    assert_true(drive_until(&w.loop, is_open, NULL));
    for (size_t i = 0; i < POSTER_LOOKUPS_MAX + 2; i++) {
        push_here("localhost");
    }
    drive_turns(&w.loop, 1);
    push_here("127.0.0.1");
    poster_stop(w.poster);
    assert_true(w.answers >= POSTER_LOOKUPS_MAX + 4);
    assert_int_equal(poster_counts(w.poster)->in_flight, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patience, setup, teardown),
        cmocka_unit_test_setup_teardown(test_private, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
