#include "wsecho/settings.h"

#include <stddef.h>

#include "proto/base/macros.h"

#define AT(field) offsetof(struct echo_settings, field)

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

static const struct conf_key keys[] = {
    {"echo", "listen", CONF_TEXT, AT(listen), "127.0.0.1:9001", 1, 255,
     "address: host:port or unix:/path", NULL},
    {"echo", "tls_cert", CONF_TEXT, AT(tls_cert), "", 0, 4096,
     "file of a PEM certificate: the address speaks TLS (wss); empty: plain",
     NULL},
    {"echo", "tls_key", CONF_TEXT, AT(tls_key), "", 0, 4096,
     "file of its PEM private key", NULL},
    {"echo", "connections", CONF_COUNT, AT(connections), "1024", 1, 65536,
     "open at once", NULL},
    {"echo", "message", CONF_BYTES, AT(message_bytes), "64KiB", 1,
     UINT64_C(67108864), "largest message, inflated too (1009)", NULL},
    {"echo", "fragments", CONF_COUNT, AT(fragments), "64", 1, 100000000,
     "frames that one message may come in (1008)", NULL},
    {"echo", "open", CONF_MSEC, AT(open_ms), "30s", 10, 3600000,
     "time from the first byte of a message to its last (1008)", NULL},
    {"echo", "deflate", CONF_BOOL, AT(deflate), "no", 0, 0,
     "agree to permessage-deflate", NULL},
    {"echo", "deflate_least", CONF_BYTES, AT(least_bytes), "0", 0,
     UINT64_C(67108864), "messages shorter than this are not compressed", NULL},
    {"echo", "ratio", CONF_COUNT, AT(ratio), "100", 1, 1000000,
     "times its size that a message may be inflated to (1009)", NULL},

    {"log", "level", CONF_CHOICE, AT(log_level), "info", 0, 0,
     "error, warn, info or debug", levels},
};

const struct conf_table echo_settings_table = {keys, COUNT_OF(keys)};
