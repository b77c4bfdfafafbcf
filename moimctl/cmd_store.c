/* The commands about the store that holds the history. They read and write the
 * database; a store itself is not touched from here. */
#include <stdio.h>
#include <string.h>

#include "moimctl/commands.h"
#include "storage/store_admin.h"

static enum ctl_exit end_of(enum rc rc) {
    if (rc == RC_OK) {
        return CTL_OK;
    }
    return rc == RC_BACKEND ? CTL_UNAVAILABLE : CTL_FAILED;
}

enum ctl_exit cmd_store_list(const struct args *a) {
    return end_of(store_list(a->conninfo, stdout));
}

enum ctl_exit cmd_store_accept(const struct args *a) {
    const char *id = a->words[0];
    enum ctl_exit end;

    if (strlen(id) != STORE_ID_LEN ||
        strspn(id, "0123456789abcdef") != STORE_ID_LEN) {
        fprintf(stderr,
                "moimctl: \"%s\" is no id of a store (%d hexadecimal digits); "
                "see moimctl store list\n",
                id, STORE_ID_LEN);
        return CTL_USAGE;
    }
    end = end_of(store_accept(a->conninfo, id));
    if (end == CTL_OK) {
        printf("%s: accepted\n", id);
        fprintf(stderr,
                "moimctl: gateways whose history is in it go on within "
                "seconds and tell their\nclients to sync; what only another "
                "store holds is not shown any more\n");
    }
    return end;
}
