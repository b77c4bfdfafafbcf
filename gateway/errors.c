#include "gateway/errors.h"

#include "proto/base/macros.h"

static const struct error_info infos[] = {
#define ERROR_ROW(name, word, status, sentence) {word, status, sentence},
    ERROR_MAP(ERROR_ROW)
#undef ERROR_ROW
};

const struct error_info *error_info(enum error_code code) {
    return &infos[code];
}

const struct error_info *error_at(unsigned i) {
    return i < COUNT_OF(infos) ? &infos[i] : NULL;
}

bool error_repeats(enum error_code code) {
    return code == ERROR_UNAVAILABLE || code == ERROR_STORE_LOST;
}

enum error_code error_of_client(enum client_error e) {
    switch (e) {
    case CLIENT_BAD_JSON:
        return ERROR_BAD_JSON;
    case CLIENT_BAD_ENVELOPE:
        return ERROR_BAD_ENVELOPE;
    case CLIENT_UNKNOWN_TYPE:
        return ERROR_UNKNOWN_TYPE;
    case CLIENT_BAD_VALUE:
        return ERROR_BAD_VALUE;
    case CLIENT_TOO_LARGE:
        return ERROR_TOO_LARGE;
    case CLIENT_TOO_MANY:
        return ERROR_TOO_MANY;
    case CLIENT_OK:
        break;
    }
    return ERROR_INTERNAL;
}

enum error_code error_of_rc(enum rc rc) {
    switch (rc) {
    case RC_AGAIN:
    case RC_TIMEOUT:
    case RC_BACKEND:
    case RC_CLOSED:
        return ERROR_UNAVAILABLE;
    case RC_LOST:
        return ERROR_STORE_LOST;
    case RC_LIMIT:
        return ERROR_TOO_MANY;
    case RC_BAD_INPUT:
        return ERROR_BAD_VALUE;
    case RC_NOT_FOUND:
        return ERROR_NOT_FOUND;
    case RC_DENIED:
        return ERROR_FORBIDDEN;
    case RC_CONFLICT:
        return ERROR_CONFLICT;
    case RC_STALE:
    case RC_MOVED:
    case RC_OK:
        break;
    }
    return ERROR_INTERNAL;
}
