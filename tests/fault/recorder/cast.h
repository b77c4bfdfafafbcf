/* Who plays and where they talk, as a file says:
 *
 *   person <user id> <token>
 *   conv <conversation id> <number of a person> ...
 *
 * Persons and conversations are numbered from 0 in the order of the lines.
 * The first of a conversation reads its final history. */
#ifndef MOIM_FAULT_CAST_H
#define MOIM_FAULT_CAST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/ids.h"
#include "proto/base/macros.h"
#include "proto/base/rc.h"

struct cast_person {
    struct user_id user;
    char *token;
};

struct cast_conv {
    struct conv_id id;
    uint32_t *members;
    size_t count;
};

struct cast {
    struct cast_person *persons;
    size_t person_count;
    struct cast_conv *convs;
    size_t conv_count;
};

/* RC_BAD_INPUT: no such file, or not such lines; complains on stderr. */
enum rc cast_read(struct cast *c, const char *path) MUST_CHECK;
void cast_fini(struct cast *c);

#endif
