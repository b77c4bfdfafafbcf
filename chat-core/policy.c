#include "chat-core/policy.h"

/* A block ends what one says to the other, not what one takes back. */
static const struct rule {
    bool open;       /* not while one of the two blocks the other */
    bool own;        /* only to one's own message, */
    enum role above; /* or with this role in a group */
} rules[] = {
    [DEED_SAY] = {.open = true},
    [DEED_TYPE] = {.open = true},
    [DEED_MARK] = {.open = false},
    [DEED_REACT] = {.open = true},
    [DEED_EDIT] = {.open = true, .own = true},
    [DEED_DELETE] = {.own = true, .above = ROLE_ADMIN},
};

static bool is_above(const struct rule *rule, const struct place *place) {
    return rule->above != ROLE_NONE && place->kind == CONV_GROUP &&
           place->me.role >= rule->above;
}

enum rc policy_may(enum deed deed, const struct place *place,
                   struct user_id author) {
    const struct rule *rule = &rules[deed];

    if (place->me.role == ROLE_NONE) {
        return RC_NOT_FOUND;
    }
    if (rule->open && place->closed) {
        return RC_DENIED;
    }
    if (rule->own && author.v != place->me.user.v && !is_above(rule, place)) {
        return RC_DENIED;
    }
    return RC_OK;
}
