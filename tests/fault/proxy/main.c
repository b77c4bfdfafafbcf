/* moim-faultproxy: stands between processes and does to their bytes what a
 * bad network, or a bad server, would do. Tests tell it what, over a socket;
 * see README.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/net/loop.h"
#include "tests/fault/proxy/control.h"
#include "tests/fault/proxy/door.h"

enum {
    DOORS_MAX = 64,
    EXIT_USAGE = 2,
};

struct proxy {
    struct loop loop;
    struct control *control;
    struct door *doors[DOORS_MAX];
    size_t count;
};

static const struct log_ctx log_proxy = {"faultproxy", 0};

static int usage(void) {
    fprintf(stderr, "usage: moim-faultproxy --control unix:PATH [--seed N] "
                    "NAME=LISTEN>TARGET[,resp]...\n");
    return EXIT_USAGE;
}

/* "NAME COMMAND ..." */
static void on_line(void *owner, struct slice line, struct buf *out) {
    struct proxy *p = owner;
    size_t n = slice_find(line, ' ');

    for (size_t i = 0; i < p->count; i++) {
        if (slice_eq(door_name(p->doors[i]), slice_take(line, n))) {
            door_command(p->doors[i], slice_drop(line, n), out);
            return;
        }
    }
    buf_add_str(out, "error no such door");
}

static void close_all(struct proxy *p) {
    control_close(&p->control);
    while (p->count > 0) {
        door_close(&p->doors[--p->count]);
    }
}

static void on_signal(void *owner, int signum) {
    struct proxy *p = owner;

    if (signum != SIGHUP) {
        close_all(p);
        loop_stop(&p->loop);
    }
}

/* What the command line says, but for the doors. */
struct options {
    const char *control;
    uint64_t seed;
    int doors; /* index of the first */
};

static bool options_parse(int argc, char **argv, struct options *out) {
    int i = 1;

    *out = (struct options){.seed = 1};
    while (i + 1 < argc && argv[i][0] == '-') {
        struct slice value = slice_str(argv[i + 1]);

        if (strcmp(argv[i], "--control") == 0) {
            out->control = argv[i + 1];
        } else if (strcmp(argv[i], "--seed") != 0 ||
                   !slice_to_u64(value, &out->seed)) {
            return false;
        }
        i += 2;
    }
    out->doors = i;
    return out->control != NULL && i < argc && argc - i <= DOORS_MAX;
}

static enum rc open_all(struct proxy *p, const struct options *o, int argc,
                        char **argv) {
    enum rc rc = control_open(&p->control, &p->loop, o->control, on_line, p);

    for (int i = o->doors; i < argc && rc == RC_OK; i++) {
        rc = door_open(&p->doors[p->count], &p->loop, argv[i]);
        p->count += rc == RC_OK;
        if (rc == RC_BAD_INPUT) {
            log_error(&log_proxy, "bad_door", "door=\"%s\"", argv[i]);
        }
    }
    return rc;
}

int main(int argc, char **argv) {
    struct proxy p = {.count = 0};
    struct options options;
    enum rc rc;

    log_setup(LOG_INFO, LOG_LOGFMT, "faultproxy");
    if (!options_parse(argc, argv, &options)) {
        return usage();
    }
    if (loop_init(&p.loop) != RC_OK) {
        return EXIT_FAILURE;
    }
    rand_seed(&p.loop.rand, options.seed);
    loop_on_signal(&p.loop, on_signal, &p);
    rc = open_all(&p, &options, argc, argv);
    if (rc == RC_OK) {
        log_info(&log_proxy, "ready", "doors=%zu", p.count);
        loop_run(&p.loop);
    }
    close_all(&p);
    loop_fini(&p.loop);
    return rc == RC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
