/* What can be done to a message that was said: edit it, delete it for all,
 * react to it. Each is an event of the log, appended as every other one (say.h)
 * and dropping repeats by the same names; in the same step it changes the
 * message itself, so that pages show it as it is. Of two at once one looks
 * again. An event that an edit has overtaken is purged, and so is what it
 * said. */
#ifndef MOIM_CORE_AMEND_H
#define MOIM_CORE_AMEND_H

#include "chat-core/body.h"
#include "chat-core/policy.h"
#include "chat-core/say.h"

struct amend {
    struct conv_id conv;
    struct user_id user;
    struct slice name;  /* client message id of the change; copied */
    struct msg_seq seq; /* of the message */
    enum deed deed;     /* DEED_EDIT, DEED_DELETE or DEED_REACT */
    struct body body;   /* of an edit, without reply_to, which stays; copied */
    struct slice emoji; /* of a reaction; empty: none any more; copied */
};

/* As say answers, and:
 * RC_NOT_FOUND  also: there is no such message for this user, or not any more
 * RC_DENIED     also: it is another's
 * RC_LIMIT      core.edit_ms after the message, or too many have reacted */
void amend(struct core *c, const struct amend *in, said_fn done, void *ctx);

#endif
