/* Whom to ask: the addresses of gateways and presence services, from the
 * command line or from the demo's list. */
#ifndef MOIM_MOIMCTL_ENDPOINTS_H
#define MOIM_MOIMCTL_ENDPOINTS_H

#include "moimctl/args.h"
#include "proto/base/slice.h"

enum {
    ENDPOINTS_MAX = 64,
    ENDPOINT_NAME_MAX = 31,
    ENDPOINT_URL_MAX = 255,
};

struct endpoint {
    char name[ENDPOINT_NAME_MAX + 1]; /* "gateway1"; or its address */
    char url[ENDPOINT_URL_MAX + 1];
};

struct endpoints {
    struct endpoint all[ENDPOINTS_MAX];
    size_t count;
};

enum endpoints_kind {
    ENDPOINTS_HEALTH, /* what answers /readyz */
    ENDPOINTS_GATEWAY_METRICS,
};

/* Adds those of the demo's list ("KEY=address" lines, deploy/demo) that fit:
 * for health GATEWAYn, PRESENCEn_INTERNAL and HAPROXY, for metrics
 * GATEWAYn_INTERNAL. What does not fit in is left out. */
void endpoints_parse(struct endpoints *e, struct slice text,
                     enum endpoints_kind kind);
/* From the words of the command line, else from the list in the folder
 * $MOIMCTL_DEMO_DIR; for health else $MOIMCTL_URL. False: nowhere to look;
 * complains on stderr. */
bool endpoints_find(struct endpoints *e, const struct args *a,
                    enum endpoints_kind kind);

#endif
