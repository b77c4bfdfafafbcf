/* The commands about the database's schema. */
#include <stdio.h>
#include <unistd.h>

#include "moimctl/beside.h"
#include "moimctl/commands.h"
#include "proto/base/macros.h"
#include "storage/migrate.h"

/* Where the migrations lie: as installed, or as in a checkout. */
static const char *const places[] = {
    "../share/moim/migrations", "../../deploy/migrations", "deploy/migrations"};

static const char *find_dir(const struct args *a, struct buf *out) {
    if (a->dir != NULL) {
        return a->dir;
    }
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        buf_clear(out);
        beside_path(places[i], out);
        if (access((const char *)out->p, R_OK) == 0) {
            return (const char *)out->p;
        }
    }
    fprintf(stderr, "moimctl: give the folder of the migrations: --dir DIR\n");
    return NULL;
}

static enum ctl_exit end_of(enum rc rc) {
    switch (rc) {
    case RC_OK:
        return CTL_OK;
    case RC_BACKEND:
        return CTL_UNAVAILABLE;
    case RC_STALE:
        fprintf(stderr, "moimctl: next: moimctl db migrate\n");
        return CTL_FAILED;
    case RC_BAD_INPUT:
    case RC_CONFLICT:
    case RC_MOVED:
    case RC_AGAIN:
    case RC_LIMIT:
    case RC_NOT_FOUND:
    case RC_DENIED:
    case RC_TIMEOUT:
    case RC_CLOSED:
    case RC_LOST:
        break;
    }
    return CTL_FAILED;
}

static enum ctl_exit with_dir(const struct args *a,
                              enum rc (*run)(const char *conninfo,
                                             const char *dir, FILE *out)) {
    struct buf found;
    const char *dir;
    enum ctl_exit end = CTL_USAGE;

    buf_init(&found);
    dir = find_dir(a, &found);
    if (dir != NULL) {
        end = end_of(run(a->conninfo, dir, stdout));
    }
    buf_fini(&found);
    return end;
}

enum ctl_exit cmd_db_migrate(const struct args *a) {
    return with_dir(a, migrate_run);
}

enum ctl_exit cmd_db_status(const struct args *a) {
    return with_dir(a, migrate_status);
}
