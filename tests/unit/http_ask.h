/* One HTTP request to a server of the same loop, over its Unix socket. */
#ifndef MOIM_TESTS_HTTP_ASK_H
#define MOIM_TESTS_HTTP_ASK_H

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/drive.h"

/* Does what the loop's turn does not, as answering for a fake store. */
typedef void (*http_ask_turn_fn)(void *ctx);

static inline int http_ask_connect(const char *address) {
    struct address a;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(address_parse(address, &a), RC_OK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a.sa, a.len), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Sends `request`, which asks for "Connection: close", and reads to the end.
 * Answers the status; the whole response, with a NUL behind it, is `out`.
 * `turn` may be NULL. */
static inline unsigned http_ask(struct loop *l, const char *address,
                                struct slice request, struct buf *out,
                                http_ask_turn_fn turn, void *ctx) {
    int fd = http_ask_connect(address);
    unsigned status = 0;
    struct clock clock;
    uint64_t end_ms;

    clock_update(&clock);
    end_ms = clock.mono_ms + DRIVE_LIMIT_MS;
    assert_int_equal(write(fd, request.p, request.n), request.n);
    while (!drive_read(fd, out)) {
        uv_run(&l->uv, UV_RUN_NOWAIT);
        clock_update(&clock);
        assert_true(clock.mono_ms < end_ms);
        if (turn != NULL) {
            turn(ctx);
        }
    }
    close(fd);
    buf_add_byte(out, '\0');
    assert_int_equal(sscanf((const char *)out->p, "HTTP/1.1 %u ", &status), 1);
    return status;
}

#endif
