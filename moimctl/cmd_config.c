/* The commands about configuration files, answered by the programs whose
 * files they are; and those that only the demo's own script can do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moimctl/beside.h"
#include "moimctl/commands.h"
#include "proto/base/mem.h"

enum {
    WORDS_MAX = 4, /* of a program's command line, without its NULL */
};

/* Becomes the program of `words` beside us; returns only when it cannot. */
static enum ctl_exit become(const char *const *words) {
    char *argv[WORDS_MAX + 1] = {NULL};
    struct buf path;

    for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++) {
        argv[i] = mem_dup(words[i], strlen(words[i]));
    }
    buf_init(&path);
    beside_path(words[0], &path);
    (void)execv((const char *)path.p, argv);
    fprintf(stderr, "moimctl: cannot run %s: %s\n", (const char *)path.p,
            strerror(errno));
    buf_fini(&path);
    for (size_t i = 0; i < WORDS_MAX; i++) {
        mem_free(argv[i]);
    }
    return CTL_FAILED;
}

enum ctl_exit cmd_check_config(const struct args *a) {
    bool gateway = a->gateway != NULL;
    const char *words[WORDS_MAX + 1] = {
        gateway ? "moim-gateway" : "moim-presence", "--config",
        gateway ? a->gateway : a->presence, "--check", NULL};

    if (gateway == (a->presence != NULL)) {
        fprintf(stderr,
                "moimctl: give one of --gateway FILE and --presence FILE\n");
        return CTL_USAGE;
    }
    return become(words);
}

static enum ctl_exit ask_program(const struct args *a, const char *option) {
    bool gateway = strcmp(a->words[0], "gateway") == 0;
    const char *words[WORDS_MAX + 1] = {
        gateway ? "moim-gateway" : "moim-presence", option, NULL};

    if (!gateway && strcmp(a->words[0], "presence") != 0) {
        fprintf(stderr, "moimctl: there are \"gateway\" and \"presence\"\n");
        return CTL_USAGE;
    }
    return become(words);
}

enum ctl_exit cmd_config_doc(const struct args *a) {
    return ask_program(a, "--help");
}

enum ctl_exit cmd_config_example(const struct args *a) {
    return ask_program(a, "--example");
}

/* The demo's processes belong to ./run, so they are its to end. */
static enum ctl_exit send_to_run(const struct args *a, const char *verb) {
    if (getenv("MOIMCTL_DEMO_DIR") == NULL) {
        fprintf(stderr,
                "moimctl: %s is for the processes of ./run demo; "
                "elsewhere ask your service manager\n",
                verb);
        return CTL_FAILED;
    }
    fprintf(stderr, "moimctl: the processes belong to the demo: ./run ctl %s",
            verb);
    for (size_t i = 0; i < a->word_count; i++) {
        fprintf(stderr, " %s", a->words[i]);
    }
    fprintf(stderr, "\n");
    return CTL_FAILED;
}

enum ctl_exit cmd_kill(const struct args *a) {
    return send_to_run(a, "kill");
}

enum ctl_exit cmd_drain(const struct args *a) {
    return send_to_run(a, "drain");
}
