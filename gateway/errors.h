/* Everything that can go wrong with a request, as the client is told: the
 * word, the HTTP status, and a sentence that says what to do. One list for
 * all transports; docs/protocol.md repeats it and a test compares. */
#ifndef MOIM_GATEWAY_ERRORS_H
#define MOIM_GATEWAY_ERRORS_H

#include <stdbool.h>

#include "proto/base/rc.h"
#include "proto/wire/client_msg.h"

/* X(name, word, status, sentence) */
#define ERROR_MAP(X)                                                           \
    X(BAD_JSON, "bad_json", 400,                                               \
      "the text is not JSON as RFC 8259 says, or is over a limit")             \
    X(BAD_ENVELOPE, "bad_envelope", 400,                                       \
      "a command is an object with the strings \"type\" and \"id\"")           \
    X(UNKNOWN_TYPE, "unknown_type", 400,                                       \
      "there is no command of this type; see docs/protocol.md")                \
    X(BAD_VALUE, "bad_value", 400,                                             \
      "the named field is missing or has a value it may not have")             \
    X(TOO_LARGE, "too_large", 413, "the named field is too long")              \
    X(TOO_MANY, "too_many", 400, "the named list has too many entries")        \
    X(DUPLICATE_ID, "duplicate_request_id", 400,                               \
      "a request of this id has not been answered yet; use a new id")          \
    X(UNAUTHORIZED, "unauthorized", 401,                                       \
      "log in and send the token as \"Authorization: Bearer\", in the first "  \
      "message, or as the subprotocol moim.token.<token>")                     \
    X(WRONG_LOGIN, "wrong_login", 401,                                         \
      "name and password do not belong "                                       \
      "together")                                                              \
    X(TOKEN_IN_URL, "token_in_url", 400,                                       \
      "a token does not belong into a URL, where logs keep it; send it as "    \
      "\"Authorization: Bearer\" or in the first message")                     \
    X(FORBIDDEN, "forbidden", 403,                                             \
      "your role, a block, the other's settings, or being muted does not "     \
      "allow this")                                                            \
    X(SCOPE, "missing_scope", 403,                                             \
      "this key has no scope for this; see moimctl key list")                  \
    X(ACT_AS, "act_as", 403,                                                   \
      "a key does this as a user, \"Moim-As: <id>\", and writes as a bot "     \
      "only")                                                                  \
    X(ORIGIN, "origin_not_allowed", 403,                                       \
      "this Origin is not in the setting gateway.origins")                     \
    X(NOT_FOUND, "not_found", 404,                                             \
      "there is no such thing, or it is not yours to see")                     \
    X(METHOD, "method_not_allowed", 405, "this route has other methods")       \
    X(NOT_ACCEPTABLE, "not_acceptable", 406,                                   \
      "send \"Accept: text/event-stream\"")                                    \
    X(CONFLICT, "conflict", 409, "this cannot be done to such a conversation") \
    X(IDEMPOTENCY, "idempotency_conflict", 409,                                \
      "this \"msg\" was used for something else; give each its own")           \
    X(TOO_LATE, "too_late", 409,                                               \
      "this message is too old to be edited; delete it, or send another")      \
    X(TAKEN, "taken", 409, "somebody has this name already; choose another")   \
    X(WEAK_PASSWORD, "weak_password", 400,                                     \
      "the password is too short, too easily guessed, or your name")           \
    X(MEDIA_TYPE, "unsupported_media_type", 415,                               \
      "send \"Content-Type: application/json\"")                               \
    X(HOST, "misdirected", 421,                                                \
      "this Host is not in the setting "                                       \
      "gateway.hosts")                                                         \
    X(SOCKET_ONLY, "socket_only", 400,                                         \
      "this command needs an open session; use the WebSocket, or \"session\"") \
    X(RATE_LIMITED, "rate_limited", 429,                                       \
      "too often; wait retry_after_ms and try again")                          \
    X(INTERNAL, "internal", 500, "a mistake of ours; it has been logged")      \
    X(UNAVAILABLE, "unavailable", 503,                                         \
      "a store cannot answer now; repeat the same request after "              \
      "retry_after_ms: it will not be done twice")                             \
    X(STORE_LOST, "store_lost", 503,                                           \
      "the history is not the one that was known, and waits for its "          \
      "operator; keep what you have, and repeat the request later")            \
    X(BUSY, "busy", 503,                                                       \
      "too many requests of this kind at once; wait retry_after_ms")

enum error_code {
#define ERROR_ENUM(name, word, status, sentence) ERROR_##name,
    ERROR_MAP(ERROR_ENUM)
#undef ERROR_ENUM
    ERROR_NONE, /* all is well */
};

struct error_info {
    const char *word;
    unsigned status;
    const char *sentence;
};

const struct error_info *error_info(enum error_code code);
/* What a failed envelope or field is called. `e` is not CLIENT_OK. */
enum error_code error_of_client(enum client_error e);
/* What a result of the core is called, where nothing special is meant. */
enum error_code error_of_rc(enum rc rc);
/* The same request is to be repeated a little later. */
bool error_repeats(enum error_code code);
/* All of them in order, for the list in the docs; NULL at the end. */
const struct error_info *error_at(unsigned i);

#endif
