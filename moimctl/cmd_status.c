/* The command that asks everything whether it is up and ready. */
#include <stdio.h>

#include "moimctl/clean.h"
#include "moimctl/commands.h"
#include "moimctl/endpoints.h"
#include "moimctl/remote.h"

enum {
    TIMEOUT_MS = 2000,
};

/* What is wrong, from the checks of a /readyz answer; else the first word of
 * its status. */
static void explain(struct remote *r, struct buf *out) {
    if (frame_read(&r->frame, buf_slice(&r->body)) != RC_OK) {
        return;
    }
    for (size_t i = 0; i < r->frame.item_count; i++) {
        if (frame_item(&r->frame, i) != RC_OK ||
            frame_bool(&r->frame, 0, "ok")) {
            continue;
        }
        buf_add_str(out, out->n == 0 ? "" : "; ");
        clean_line(out, frame_str(&r->frame, 0, "name"));
        buf_add_str(out, ": ");
        clean_line(out, frame_str(&r->frame, 0, "detail"));
    }
}

static bool ask(const struct endpoint *e, const char *ca, const char **health,
                const char **ready, struct buf *detail) {
    struct remote r;
    bool ok = false;

    *health = "down";
    *ready = "-";
    if (remote_open(&r, e->url, ca) != CTL_OK) {
        return false;
    }
    if (remote_get(&r, "/healthz", TIMEOUT_MS) == CTL_OK) {
        *health = r.status == 200 ? "up" : "ill";
        ok = remote_get(&r, "/readyz", TIMEOUT_MS) == CTL_OK && r.status == 200;
        *ready = ok ? "ready" : "not ready";
        explain(&r, detail);
    }
    remote_close(&r);
    return ok;
}

enum ctl_exit cmd_status(const struct args *a) {
    static struct endpoints all;
    bool good = true;

    if (!endpoints_find(&all, a, ENDPOINTS_HEALTH)) {
        return CTL_USAGE;
    }
    printf("%-12s %-5s %-10s %s\n", "process", "life", "ready", "address");
    for (size_t i = 0; i < all.count; i++) {
        const char *health;
        const char *ready;
        struct buf detail;

        buf_init(&detail);
        good = ask(&all.all[i], a->ca, &health, &ready, &detail) && good;
        printf("%-12s %-5s %-10s %s", all.all[i].name, health, ready,
               all.all[i].url);
        if (detail.n > 0) {
            printf("  %.*s", (int)detail.n, (const char *)detail.p);
        }
        printf("\n");
        buf_fini(&detail);
    }
    return good ? CTL_OK : CTL_UNAVAILABLE;
}
