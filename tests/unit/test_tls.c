/* TLS without sockets: however the bytes are cut, who is believed, sessions
 * that go on, and files that are read again. */
#include "tests/unit/tls_files.h"

#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/net/tls.h"

#define ALERT "\x15"
#define PLAIN_ANSWER "HTTP/1.1 400 Bad Request\r\n\r\n"

enum {
    ROOM = 256 * 1024,
    BIG = 200000,
};

static struct tls_files files;
static uint8_t plain[ROOM];

/* Both ends, and what each has heard. */
struct pair {
    struct tls_server *server;
    struct tls_client *client;
    struct tls *a; /* the server's end */
    struct tls *c;
    struct outq to_a; /* plain, still to be sealed */
    struct outq to_c;
    struct buf at_a;
    struct buf at_c;
};

static struct tls_server *serve(const char *cert, const char *key,
                                const char *tickets) {
    struct tls_server_config config = {cert, key, tickets, PLAIN_ANSWER};
    struct tls_server *s = NULL;

    assert_int_equal(tls_server_open(&s, &config), RC_OK);
    return s;
}

static void setup(struct pair *p, const char *name) {
    memset(p, 0, sizeof(*p));
    p->server = serve(files.cert, files.key, "");
    assert_int_equal(tls_client_open(&p->client, files.cert), RC_OK);
    p->a = tls_accept(p->server);
    p->c = tls_connect(p->client, name);
}

/* Another connection between the two. */
static void again(struct pair *p, const char *name) {
    tls_free(&p->a);
    tls_free(&p->c);
    p->a = tls_accept(p->server);
    p->c = tls_connect(p->client, name);
    buf_fini(&p->at_a);
    buf_fini(&p->at_c);
}

static void teardown(struct pair *p) {
    tls_free(&p->a);
    tls_free(&p->c);
    outq_fini(&p->to_a);
    outq_fini(&p->to_c);
    buf_fini(&p->at_a);
    buf_fini(&p->at_c);
    tls_server_close(&p->server);
    tls_client_close(&p->client);
}

static void take(struct tls *t, struct slice in, struct buf *heard) {
    size_t n;

    assert_true(in.n + TLS_RECORD_MAX <= ROOM);
    if (tls_take(t, in, plain, &n) != TLS_HANDSHAKE) {
        buf_add(heard, slice_of(plain, n));
    }
}

/* Carries what `from` has for the wire to `to`, in pieces of `cut` bytes.
 * Answers whether there was anything. */
static bool carry(struct tls *from, struct tls *to, struct buf *heard,
                  size_t cut) {
    struct outq *sealed = tls_sealed(from);
    bool any = sealed->bytes > 0;
    uint8_t piece[4096];

    while (sealed->bytes > 0) {
        size_t n =
            outq_copy(sealed, piece, cut < sizeof(piece) ? cut : sizeof(piece));

        outq_take(sealed, n);
        take(to, slice_of(piece, n), heard);
    }
    return any;
}

/* Until neither has anything to say. */
static void pump(struct pair *p, size_t cut) {
    bool any = true;

    while (any) {
        tls_seal(p->c, &p->to_a);
        tls_seal(p->a, &p->to_c);
        any = carry(p->c, p->a, &p->at_a, cut);
        any = carry(p->a, p->c, &p->at_c, cut) || any;
    }
}

static void queue(struct outq *q, const char *text) {
    outq_push(q, slice_str(text), NULL);
}

static bool both(const struct pair *p, enum tls_state state) {
    return tls_state(p->a) == state && tls_state(p->c) == state;
}

static void test_reads_back(void **state) {
    static const size_t sizes[] = {1, 2, 16383, 16384, 16385, 70000, BIG};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct blob *body = blob_new_empty(sizes[i]);
        struct pair p;

        for (size_t k = 0; k < sizes[i]; k++) {
            body->bytes[k] = (uint8_t)(k * 7 + i);
        }
        setup(&p, "localhost");
        queue(&p.to_a, "hello");
        outq_push(&p.to_c, SLICE_LIT("head"), blob_ref(body));
        pump(&p, 1400);
        assert_true(both(&p, TLS_OPEN));
        assert_true(slice_is(buf_slice(&p.at_a), "hello"));
        assert_int_equal(p.at_c.n, 4 + sizes[i]);
        assert_memory_equal(p.at_c.p, "head", 4);
        assert_memory_equal(p.at_c.p + 4, body->bytes, sizes[i]);
        blob_unref(&body);
        teardown(&p);
    }
}

/* However the network cuts the first words, a prefix only asks for more. */
static void test_hello_every_cut(void **state) {
    size_t len = 2;
    struct pair p;

    (void)state;
    setup(&p, "localhost");
    tls_client_set_resume(p.client, false); /* a ticket makes it longer */
    for (size_t cut = 1; cut < len; cut++) {
        uint8_t hello[2048];

        again(&p, "localhost");
        tls_seal(p.c, &p.to_a);
        len = outq_copy(tls_sealed(p.c), hello, sizeof(hello));
        outq_take(tls_sealed(p.c), len);
        take(p.a, slice_of(hello, cut), &p.at_a);
        assert_int_equal(tls_state(p.a), TLS_HANDSHAKE);
        assert_int_equal(tls_sealed(p.a)->bytes, 0);
        take(p.a, slice_of(hello + cut, len - cut), &p.at_a);
        pump(&p, 4096);
        assert_true(both(&p, TLS_OPEN));
    }
    assert_true(len > 100);
    teardown(&p);
}

/* All of it in small pieces: handshake, ticket, records, goodbye. */
static void test_every_piece(void **state) {
    static const size_t cuts[] = {1, 2, 3, 5, 7, 16, 100, 1000};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cuts); i++) {
        struct pair p;

        setup(&p, "localhost");
        queue(&p.to_a, "ping");
        queue(&p.to_c, "pong");
        pump(&p, cuts[i]);
        tls_goodbye(p.c);
        pump(&p, cuts[i]);
        assert_int_equal(tls_state(p.a), TLS_ENDED);
        queue(&p.to_c, "last"); /* he ended his side only */
        pump(&p, cuts[i]);
        tls_goodbye(p.a);
        pump(&p, cuts[i]);
        assert_true(both(&p, TLS_ENDED));
        assert_true(slice_is(buf_slice(&p.at_a), "ping"));
        assert_true(slice_is(buf_slice(&p.at_c), "ponglast"));
        teardown(&p);
    }
}

/* Who comes and says nothing costs nothing, and is answered when he speaks. */
static void test_silence(void **state) {
    struct pair p;

    (void)state;
    setup(&p, "localhost");
    queue(&p.to_c, "welcome");
    for (int i = 0; i < 2; i++) {
        tls_seal(p.a, &p.to_c);
        tls_goodbye(p.a);
        assert_int_equal(tls_sealed(p.a)->bytes, 0);
        assert_int_equal(tls_state(p.a), TLS_HANDSHAKE);
    }
    pump(&p, 4096);
    assert_true(both(&p, TLS_OPEN));
    assert_true(slice_is(buf_slice(&p.at_c), "welcome"));
    tls_free(&p.a);
    p.a = tls_accept(p.server); /* it goes without a word */
    teardown(&p);
}

static void test_not_tls(void **state) {
    static const struct {
        const char *name;
        struct slice bytes;
        const char *answer; /* how it begins; "": silence */
    } rows[] = {
        {"http", {(const uint8_t *)"GET / HTTP/1.1\r\n", 16}, PLAIN_ANSWER},
        {"post", {(const uint8_t *)"POST /v1/login", 14}, PLAIN_ANSWER},
        {"text", {(const uint8_t *)"hello, who is there?", 20}, ""},
        {"zeros", {(const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0", 11}, ""},
        {"a long record",
         {(const uint8_t *)"\x16\x03\x01\xff\xff\x01\xff\xff\xff\x03\x03", 11},
         ALERT},
        {"data before hello",
         {(const uint8_t *)"\x17\x03\x03\x00\x05hello", 10},
         ALERT},
        {"ssl 3",
         {(const uint8_t *)"\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00"
                           "01234567890123456789012345678901\x00\x00\x02\x00"
                           "\x2f\x01\x00\x00",
          52},
         ALERT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair p;
        uint8_t answer[256];
        size_t n;

        setup(&p, "localhost");
        take(p.a, rows[i].bytes, &p.at_a);
        assert_row(rows[i].name, tls_state(p.a) == TLS_FAILED);
        assert_row(rows[i].name, tls_why(p.a) == RC_BAD_INPUT);
        assert_row(rows[i].name, tls_server_counts(p.server)->failed == 1);
        n = outq_copy(tls_sealed(p.a), answer, sizeof(answer));
        assert_row(rows[i].name, (n == 0) == (rows[i].answer[0] == '\0'));
        assert_row(rows[i].name,
                   slice_starts(slice_of(answer, n), rows[i].answer));
        take(p.a, SLICE_LIT("more of it"), &p.at_a);
        assert_row(rows[i].name, p.at_a.n == 0);
        teardown(&p);
    }
}

/* One byte changed on the way is found, and nothing is heard of it. */
static void test_forged(void **state) {
    struct pair p;
    uint8_t record[256];
    size_t n;

    (void)state;
    setup(&p, "localhost");
    pump(&p, 4096);
    queue(&p.to_a, "attack");
    tls_seal(p.c, &p.to_a);
    n = outq_copy(tls_sealed(p.c), record, sizeof(record));
    record[n - 1] ^= 1;
    take(p.a, slice_of(record, n), &p.at_a);
    assert_int_equal(tls_state(p.a), TLS_FAILED);
    assert_int_equal(p.at_a.n, 0);
    teardown(&p);
}

static void test_who_is_believed(void **state) {
    const struct {
        const char *name;
        const char *asked;
        const char *ca;
        bool ok;
    } rows[] = {
        {"its name", "localhost", files.cert, true},
        {"its address", "127.0.0.1", files.cert, true},
        {"another name", "moim.example", files.cert, false},
        {"another address", "127.0.0.2", files.cert, false},
        {"a part of its name", "host", files.cert, false},
        {"another CA", "localhost", files.other_cert, false},
        {"the system's CAs", "localhost", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair p = {0};

        p.server = serve(files.cert, files.key, "");
        assert_int_equal(tls_client_open(&p.client, rows[i].ca), RC_OK);
        p.a = tls_accept(p.server);
        p.c = tls_connect(p.client, rows[i].asked);
        queue(&p.to_a, "secret");
        pump(&p, 4096);
        assert_row(rows[i].name, both(&p, TLS_OPEN) == rows[i].ok);
        if (!rows[i].ok) {
            assert_row(rows[i].name, tls_state(p.c) == TLS_FAILED);
            assert_row(rows[i].name, tls_why(p.c) == RC_DENIED);
            assert_row(rows[i].name, tls_client_why(p.client)[0] != '\0');
            assert_row(rows[i].name, p.at_a.n == 0);
        }
        teardown(&p);
    }
}

/* A ticket of one server is good at another that has its key, also when that
 * key is not the first any more, and never for another name. */
static void test_resumption(void **state) {
    static const struct {
        const char *name;
        const char *first;
        const char *second;
        const char *asked;
        bool resumed;
    } rows[] = {
        {"the same key", TLS_KEY_A, TLS_KEY_A, "localhost", true},
        {"an older key", TLS_KEY_A, TLS_KEY_B TLS_KEY_A, "localhost", true},
        {"another key", TLS_KEY_A, TLS_KEY_B, "localhost", false},
        {"another name", TLS_KEY_A, TLS_KEY_A, "127.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pair p = {0};

        tls_files_write(files.tickets, rows[i].first);
        p.server = serve(files.cert, files.key, files.tickets);
        assert_int_equal(tls_client_open(&p.client, files.cert), RC_OK);
        p.a = tls_accept(p.server);
        p.c = tls_connect(p.client, "localhost");
        pump(&p, 4096);
        assert_row(rows[i].name, tls_server_counts(p.server)->full == 1);
        tls_free(&p.a);
        tls_server_close(&p.server);
        tls_files_write(files.tickets, rows[i].second);
        p.server = serve(files.cert, files.key, files.tickets);
        again(&p, rows[i].asked);
        queue(&p.to_a, "again");
        pump(&p, 4096);
        assert_row(rows[i].name, both(&p, TLS_OPEN));
        assert_row(rows[i].name, slice_is(buf_slice(&p.at_a), "again"));
        assert_row(rows[i].name, tls_server_counts(p.server)->resumed ==
                                     (rows[i].resumed ? 1 : 0));
        teardown(&p);
    }
}

static void change_key(struct tls_server *s, unsigned time) {
    if (time == 0) {
        assert_int_equal(tls_server_reload(s), RC_OK);
    } else {
        tls_server_new_ticket_key(s);
    }
}

/* Without a file the key of the process changes now and then, and the one
 * before it is still good; the one before that is not. */
static void test_own_tickets(void **state) {
    static const uint64_t resumed[] = {1, 1, 0};

    (void)state;
    for (unsigned reloads = 0; reloads < COUNT_OF(resumed); reloads++) {
        struct pair p;

        setup(&p, "localhost");
        pump(&p, 4096);
        for (unsigned i = 0; i < reloads; i++) {
            change_key(p.server, i);
        }
        again(&p, "localhost");
        pump(&p, 4096);
        assert_int_equal(tls_server_counts(p.server)->resumed,
                         resumed[reloads]);
        again(&p, "localhost"); /* each handshake brings a new ticket */
        pump(&p, 4096);
        assert_int_equal(tls_server_counts(p.server)->resumed,
                         resumed[reloads] + 1);
        tls_client_set_resume(p.client, false);
        again(&p, "localhost");
        pump(&p, 4096);
        assert_int_equal(tls_server_counts(p.server)->resumed,
                         resumed[reloads] + 1);
        teardown(&p);
    }
}

static void copy_file(const char *from, const char *to) {
    char text[4096] = "";
    FILE *f = fopen(from, "r");

    assert_non_null(f);
    assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
    fclose(f);
    tls_files_write(to, text);
}

/* New files are for new connections; broken ones for nobody. */
static void test_reload(void **state) {
    char cert[TLS_PATH_MAX];
    char key[TLS_PATH_MAX];
    struct pair p = {0};

    (void)state;
    snprintf(cert, sizeof(cert), "%s/now.pem", files.dir);
    snprintf(key, sizeof(key), "%s/now.key", files.dir);
    copy_file(files.cert, cert);
    copy_file(files.key, key);
    p.server = serve(cert, key, "");
    assert_int_equal(tls_client_open(&p.client, files.cert), RC_OK);
    p.a = tls_accept(p.server);
    p.c = tls_connect(p.client, "localhost");
    pump(&p, 4096);

    tls_files_write(cert, "-----BEGIN CERTIFICATE-----\nbroken\n");
    assert_int_equal(tls_server_reload(p.server), RC_BAD_INPUT);
    copy_file(files.other_cert, cert); /* and not yet its key */
    assert_int_equal(tls_server_reload(p.server), RC_BAD_INPUT);
    queue(&p.to_a, "still here");
    pump(&p, 4096);
    assert_true(slice_is(buf_slice(&p.at_a), "still here"));
    tls_client_set_resume(p.client, false);
    again(&p, "localhost");
    pump(&p, 4096);
    assert_true(both(&p, TLS_OPEN));

    copy_file(files.other_key, key);
    assert_int_equal(tls_server_reload(p.server), RC_OK);
    queue(&p.to_c, "old session");
    pump(&p, 4096);
    assert_true(slice_is(buf_slice(&p.at_c), "old session"));
    again(&p, "localhost");
    pump(&p, 4096);
    assert_int_equal(tls_state(p.c), TLS_FAILED); /* it is the other's now */
    unlink(cert);
    unlink(key);
    teardown(&p);
}

static int make_files(void **state) {
    (void)state;
    log_setup(LOG_ERROR, LOG_LOGFMT, "test");
    tls_files_make(&files);
    return 0;
}

static int remove_files(void **state) {
    (void)state;
    tls_files_remove(&files);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_back),
        cmocka_unit_test(test_hello_every_cut),
        cmocka_unit_test(test_every_piece),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_not_tls),
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_who_is_believed),
        cmocka_unit_test(test_resumption),
        cmocka_unit_test(test_own_tickets),
        cmocka_unit_test(test_reload),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
