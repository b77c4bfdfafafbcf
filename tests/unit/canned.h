/* A server in a process of its own for code that blocks: it says what it was
 * told to, connection after connection, and hands on what it heard. */
#ifndef MOIM_TESTS_CANNED_H
#define MOIM_TESTS_CANNED_H

#include "tests/unit/assert_row.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/drive.h"

enum {
    CANNED_PATIENCE_S = 20,
    CANNED_HEARD_MAX = 16384,
};

struct canned {
    char address[128];
    char heard[CANNED_HEARD_MAX]; /* after canned_close: all of it */
    int pipe;
    pid_t pid;
};

/* One connection: hears until a byte `last` ends what has come. */
static inline void canned_serve(int listening, int to, const char *answer,
                                char last) {
    int fd = accept(listening, NULL, NULL);
    char text[4096];
    ssize_t n;

    do {
        n = read(fd, text, sizeof(text));
        if (n > 0 && write(to, text, (size_t)n) != n) {
            _exit(1);
        }
    } while (n > 0 && text[n - 1] != last);
    if (write(fd, answer, strlen(answer)) < 0) {
        _exit(1);
    }
    close(fd);
}

/* `answers` ends with NULL; each is said to one connection, and then it is
 * closed. */
static inline void canned_open(struct canned *c, const char *const *answers,
                               char last) {
    int listening;
    int fds[2];

    memset(c, 0, sizeof(*c));
    snprintf(c->address, sizeof(c->address), "unix:/tmp/moim-canned.%ld",
             (long)getpid());
    listening = drive_listen(c->address);
    assert_true(listening >= 0);
    assert_int_equal(pipe(fds), 0);
    c->pid = fork();
    assert_true(c->pid >= 0);
    if (c->pid == 0) {
        alarm(CANNED_PATIENCE_S);
        close(fds[0]);
        for (; *answers != NULL; answers++) {
            canned_serve(listening, fds[1], *answers, last);
        }
        _exit(0);
    }
    close(listening);
    close(fds[1]);
    c->pipe = fds[0];
}

/* Waits until everything has been said. */
static inline void canned_close(struct canned *c) {
    size_t n = 0;
    ssize_t got;
    int status = 1;

    while ((got = read(c->pipe, c->heard + n, CANNED_HEARD_MAX - 1 - n)) > 0) {
        n += (size_t)got;
    }
    c->heard[n] = '\0';
    close(c->pipe);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    (void)unlink(c->address + strlen("unix:"));
    assert_int_equal(status, 0);
}

#endif
