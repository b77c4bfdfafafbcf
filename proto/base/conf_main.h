/* The command line that our processes share: where the settings come from,
 * and what can be asked about them without starting.
 *
 *     PROGRAM --config FILE [--check] [--section.name=value ...]
 *     PROGRAM --help | --version | --example                               */
#ifndef MOIM_BASE_CONF_MAIN_H
#define MOIM_BASE_CONF_MAIN_H

#include "proto/base/conf.h"
#include "proto/base/macros.h"

/* sysexits.h, as far as we use it. */
enum {
    EXIT_USAGE = 2,
    EXIT_UNAVAILABLE = 69, /* an address, a thread, a descriptor */
    EXIT_CONFIG = 78,
    CONF_MAIN_GO_ON = -1,
};

struct conf_program {
    const char *name;    /* "moim-gateway" */
    const char *version; /* "0.1.0, libuv 1.44.2" */
    const struct conf_table *table;
};

/* Loads `settings` from the file, the environment and the flags.
 * CONF_MAIN_GO_ON: they are loaded, and *out is for conf_free; else the exit
 * status: everything has been said. */
int conf_main(struct conf **out, const struct conf_program *program,
              void *settings, int argc, char **argv) MUST_CHECK;

#endif
