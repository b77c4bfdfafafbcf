/* What moimctl doctor looks at; each part adds its findings. */
#ifndef MOIM_MOIMCTL_DOCTOR_H
#define MOIM_MOIMCTL_DOCTOR_H

#include "moimctl/args.h"
#include "moimctl/findings.h"
#include "moimctl/remote.h"

enum {
    DOCTOR_PATIENCE_MS = 5000, /* for one answer */
};

/* A way in, looked at from outside. */
struct doctor {
    struct findings *findings;
    struct remote *remote; /* logged in, or not */
    uint64_t idle_ms;      /* how long to listen for an idle timeout */
};

/* doctor_way.c: is anybody there, and does the way in pass what it must:
 * upgrades, long heads, the client's address. False: nobody is there. */
bool doctor_reach(struct doctor *d) MUST_CHECK;
void doctor_way(struct doctor *d);
/* doctor_wait.c: are events passed on, and silent connections left alone?
 * Needs a login. Takes idle_ms. */
void doctor_wait(struct doctor *d);

/* doctor_host.c: this machine's limits. */
void doctor_host(struct findings *f);
/* doctor_stores.c: the stores named on the command line. */
void doctor_stores(struct findings *f, const struct args *a);

/* Adds a head line with the token of whoever is logged in to `out`. */
void doctor_bearer(const struct doctor *d, struct buf *out);

#endif
