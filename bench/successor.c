#include "bench/successor.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/scenario.h"
#include "proto/base/buf.h"
#include "proto/base/slice.h"

enum {
    WORDS_MAX = 256, /* of a command line, or of an environment */
    CHUNK = 4096,
    GOODBYE_S = 10,
};

static const double look_s = 0.01;

static bool read_file(const char *path, struct buf *out) {
    FILE *f = fopen(path, "rb");
    size_t n;

    if (f == NULL) {
        return false;
    }
    do {
        n = fread(buf_room(out, CHUNK), 1, CHUNK, f);
        out->n += n;
    } while (n > 0);
    fclose(f);
    return out->n > 0;
}

/* The texts in `bytes`, each ended by a NUL, and then `last`, unless it is the
 * last of them already; how many there were. */
static size_t words_of(struct buf *bytes, const char *last,
                       const char *words[WORDS_MAX + 2]) {
    size_t count = 0;

    buf_add_byte(bytes, '\0');
    for (size_t at = 0; at + 1 < bytes->n && count < WORDS_MAX; count++) {
        words[count] = (const char *)bytes->p + at;
        at += strlen(words[count]) + 1;
    }
    if (last != NULL && count > 0 && strcmp(words[count - 1], last) == 0) {
        last = NULL;
    }
    words[count] = last;
    words[count + 1] = NULL;
    return count;
}

/* Becomes it; it logs to `log` what it may not have logged before. */
static void become(struct buf *command, struct buf *environment, FILE *log,
                   pid_t parent) {
    const char *argv[WORDS_MAX + 2];
    const char *env[WORDS_MAX + 2];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(fileno(log), STDERR_FILENO) >= 0 &&
        words_of(command, "--log.level=info", argv) > 0) {
        (void)words_of(environment, NULL, env);
        execve(argv[0], (char *const *)(uintptr_t)argv,
               (char *const *)(uintptr_t)env);
    }
    _exit(127);
}

enum rc successor_start(struct successor *out, pid_t pid) {
    pid_t parent = getpid();
    char path[64];
    struct buf command;
    struct buf environment;
    enum rc rc = RC_OK;

    *out = (struct successor){.log = tmpfile()};
    buf_init(&command);
    buf_init(&environment);
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    if (!read_file(path, &command)) {
        rc = RC_NOT_FOUND;
    }
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    (void)read_file(path, &environment); /* it may be empty */
    if (rc == RC_OK && out->log != NULL) {
        out->pid = fork();
    }
    if (rc == RC_OK && (out->log == NULL || out->pid < 0)) {
        rc = RC_BACKEND;
    }
    if (rc == RC_OK && out->pid == 0) {
        become(&command, &environment, out->log, parent);
    }
    if (rc != RC_OK) {
        fprintf(stderr, "moim-bench: no successor of %d: %s\n", (int)pid,
                rc_str(rc));
    }
    buf_fini(&command);
    buf_fini(&environment);
    return rc;
}

/* The number behind `name` in the line of the log that tells of a takeover.
 * False: there is no such line yet. */
static bool told(struct slice log, const char *name, uint64_t *out) {
    struct slice line = slice_after(log, "msg=taken_over ");
    struct slice rest = slice_after(
        slice_take(line, line.n == 0 ? 0 : slice_find(line, '\n')), name);
    size_t digits = 0;

    while (digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9') {
        digits++;
    }
    return slice_to_u64(slice_take(rest, digits), out);
}

static void read_log(const struct successor *s, struct buf *out) {
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(s->log));
    (void)read_file(path, out);
}

enum rc successor_wait(struct successor *s, double patience_s,
                       struct takeover *out) {
    double until = scenario_now_s() + patience_s;
    enum rc rc = RC_AGAIN;
    struct buf log;

    buf_init(&log);
    while (rc == RC_AGAIN) {
        bool ended = waitpid(s->pid, NULL, WNOHANG) == s->pid;

        buf_clear(&log);
        read_log(s, &log);
        if (told(buf_slice(&log), "sessions=", &out->sessions) &&
            told(buf_slice(&log), "pause_ms=", &out->pause_ms)) {
            rc = RC_OK;
        } else if (ended) {
            fprintf(stderr, "%.*s", (int)log.n, (const char *)log.p);
            s->pid = 0;
            rc = RC_CLOSED;
        } else if (scenario_now_s() > until) {
            rc = RC_TIMEOUT;
        } else {
            scenario_pause_s(look_s);
        }
    }
    buf_fini(&log);
    return rc;
}

void successor_end(struct successor *s) {
    double until = scenario_now_s() + GOODBYE_S;
    int number = SIGTERM;

    while (s->pid > 0 && waitpid(s->pid, NULL, WNOHANG) == 0) {
        (void)kill(s->pid, number); /* asked twice it does not wait */
        scenario_pause_s(10 * look_s);
        number = scenario_now_s() > until ? SIGKILL : SIGTERM;
    }
    s->pid = 0;
    if (s->log != NULL) {
        fclose(s->log);
        s->log = NULL;
    }
}
