#include "chat-core/policy.h"

/* A block ends what one says to the other, and being muted what one says to
 * all; not what one takes back. */
static const struct rule {
    bool open;       /* not while one of the two blocks the other, or muted */
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
    if (rule->open && (place->closed || place->muted)) {
        return RC_DENIED;
    }
    if (rule->own && author.v != place->me.user.v && !is_above(rule, place)) {
        return RC_DENIED;
    }
    return RC_OK;
}

/* Adding and removing: see group_add and group_remove of the database. */
static const struct group_rule group_rules[] = {
    [GROUP_TITLE] = {.least = ROLE_ADMIN},
    [GROUP_ROLE] = {.least = ROLE_OWNER},
    [GROUP_MUTE] = {.least = ROLE_ADMIN, .below = true},
    [GROUP_KEEP] = {.least = ROLE_OWNER},
};

struct group_rule policy_group(enum group_what what) {
    return group_rules[what];
}

enum role policy_invites(void) {
    return ROLE_ADMIN;
}
