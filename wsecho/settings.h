/* What can be set of the echo server; one table, see settings.c. */
#ifndef MOIM_WSECHO_SETTINGS_H
#define MOIM_WSECHO_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/conf.h"

struct echo_settings {
    char *listen;
    char *tls_cert;
    char *tls_key;
    uint64_t connections;
    uint64_t message_bytes;
    uint64_t fragments;
    uint64_t open_ms;
    bool deflate;
    uint64_t least_bytes; /* worth compressing */
    uint64_t ratio;
    unsigned log_level;
};

extern const struct conf_table echo_settings_table;

#endif
