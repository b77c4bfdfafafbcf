/* What the end of a connection means for the next one. */
#ifndef MOIM_MOIMCTL_LINK_H
#define MOIM_MOIMCTL_LINK_H

#include <stdint.h>

#include "proto/base/buf.h"
#include "proto/base/slice.h"

enum link_verdict {
    LINK_RETRY,   /* come back, a little later */
    LINK_LOGIN,   /* come back with a new token */
    LINK_GIVE_UP, /* it would end the same way again */
};

/* `status`: of a handshake that was refused, else 0; `code`: of the close. */
enum link_verdict link_judge(unsigned status, uint16_t code);
/* Adds what happened, for people, as one clean line. */
void link_describe(struct buf *out, unsigned status, uint16_t code,
                   struct slice reason);

#endif
