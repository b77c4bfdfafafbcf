/* The one result type: what a function that can fail answers. A new code is
 * added only when some caller does something different because of it. */
#ifndef MOIM_BASE_RC_H
#define MOIM_BASE_RC_H

#define RC_MAP(X)                                                              \
    X(OK, "success")                                                           \
    X(AGAIN, "not now, try again later")                                       \
    X(LIMIT, "a configured limit was reached")                                 \
    X(BAD_INPUT, "malformed or forbidden input")                               \
    X(NOT_FOUND, "no such object")                                             \
    X(DENIED, "not permitted")                                                 \
    X(CONFLICT, "already exists, or used with another value")                  \
    X(STALE, "based on an older version; reload and try again")                \
    X(MOVED, "changed by somebody else meanwhile; look again")                 \
    X(TIMEOUT, "deadline passed")                                              \
    X(CLOSED, "closed by us or by the peer")                                   \
    X(LOST, "the history's store is not the one that was known")               \
    X(BACKEND, "database, cache or bus failed")

enum rc {
#define RC_ENUM(name, text) RC_##name,
    RC_MAP(RC_ENUM)
#undef RC_ENUM
};

/* The English text of `rc`, for logs. Static. */
const char *rc_str(enum rc rc);

#endif
