/* The command that looks for what usually goes wrong around Moim: the way in,
 * seen from outside, or the host with its stores. */
#include <stdio.h>

#include "moimctl/commands.h"
#include "moimctl/doctor.h"
#include "moimctl/secret.h"
#include "moimctl/span.h"

enum {
    IDLE_DEFAULT_MS = 30000, /* beyond the gateways' 25 s between pings */
    IDLE_MOST_MS = 3600000,
};

/* Everything that needs no account goes on without one. */
static void enter(struct doctor *d, const struct args *a) {
    struct buf password;
    bool in = false;

    if (a->as == NULL) {
        findings_add(d->findings, FINDING_WARN, "login",
                     "--as NAME: then events, idle timeouts and addresses are "
                     "looked at too",
                     "not logged in");
        return;
    }
    buf_init(&password);
    if (secret_password(a->as, a->password_file, &password) == RC_OK) {
        in = remote_login(d->remote, a->as, buf_slice(&password)) == CTL_OK;
    }
    buf_fini(&password);
    findings_add(d->findings, in ? FINDING_OK : FINDING_FAIL, "login",
                 "moimctl user add makes an account", "%s as %s",
                 in ? "logged in" : "could not log in", a->as);
}

static enum ctl_exit outside(const struct args *a, uint64_t idle_ms) {
    struct remote remote;
    struct findings findings;
    struct doctor d = {&findings, &remote, idle_ms};
    enum ctl_exit end;
    bool reached;

    end = remote_open(&remote, a->word_count > 0 ? a->words[0] : NULL, a->ca);
    if (end != CTL_OK) {
        return end;
    }
    findings_begin(&findings, a->json != NULL);
    reached = doctor_reach(&d);
    if (reached) {
        enter(&d, a);
        doctor_way(&d);
        if (remote.token.n > 0) {
            doctor_wait(&d);
        }
    }
    end = findings_end(&findings);
    remote_close(&remote);
    return reached ? end : CTL_UNAVAILABLE;
}

static enum ctl_exit host(const struct args *a) {
    struct findings findings;

    findings_begin(&findings, a->json != NULL);
    doctor_host(&findings);
    doctor_stores(&findings, a);
    return findings_end(&findings);
}

enum ctl_exit cmd_doctor(const struct args *a) {
    uint64_t idle_ms = IDLE_DEFAULT_MS;

    if (a->idle != NULL &&
        (!span_parse(slice_str(a->idle), &idle_ms) || idle_ms > IDLE_MOST_MS)) {
        fprintf(stderr, "moimctl: --idle wants a time up to 1h, as 30s\n");
        return CTL_USAGE;
    }
    if (a->host != NULL && a->word_count > 0) {
        fprintf(stderr, "moimctl: either --host or a URL\n");
        return CTL_USAGE;
    }
    return a->host != NULL ? host(a) : outside(a, idle_ms);
}
