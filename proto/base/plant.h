/* Bugs on purpose, to see that the fault suite notices them: a build with
 * EXTRA=-DPLANT=PLANT_... has one, every other build has none and no trace of
 * it. tests/fault/plants.sh builds each and expects the suite to fail. */
#ifndef MOIM_BASE_PLANT_H
#define MOIM_BASE_PLANT_H

#include <stdbool.h>

enum plant {
    PLANT_NONE,
    PLANT_ACK_BEFORE_PUBLISH,      /* the ack does not wait for the bus */
    PLANT_ACK_WITHOUT_COPIES,      /* nor for the replicas */
    PLANT_APPEND_NOT_ASKED,        /* a failed append is taken for a success */
    PLANT_CHANGE_NOT_BOUND,        /* a change is answered half done */
    PLANT_CURSOR_SEQ_ONLY,         /* a cursor's seq is believed alone */
    PLANT_DEAD_PEER_FORGOTTEN,     /* what it had not told is not looked for */
    PLANT_DEDUPE_PER_GATEWAY,      /* a repeat elsewhere is not recognised */
    PLANT_DROP_FOR_THE_SLOW,       /* a full queue drops and does not close */
    PLANT_EAGER_RECONNECT,         /* waits do not grow */
    PLANT_HELD_OVERTAKEN,          /* a known event passes one that waits */
    PLANT_LEASES_FOR_EVER,         /* a dead gateway's users stay online */
    PLANT_LINGER_THROUGH_GAP,      /* who lingers is not doubted */
    PLANT_LISTEN_AFTER_READING,    /* what is said in between is not heard */
    PLANT_LOSS_LOOKS_SHORT,        /* a lost tally is of the last seconds */
    PLANT_MEMBERS_NEVER_FORGOTTEN, /* cached members outlive their version */
    PLANT_MEMBER_VERSION_IGNORED,  /* wide events are not held back */
    PLANT_NOT_RESUBSCRIBED,        /* topics are forgotten by a reconnect */
    PLANT_NO_CATCH_UP,             /* who joins gets only what comes next */
    PLANT_NO_HEAD_CHECK,           /* nobody compares what came */
    PLANT_NO_READ_BARRIER,         /* what replicas lack is shown */
    PLANT_NO_REPAIR,               /* the replay log is not read */
    PLANT_OLD_NEWS_BELIEVED,       /* a removal undoes a later joining */
    PLANT_PAGE_OFF_BY_ONE,         /* a page leaves out its first event */
    PLANT_PAGE_OLD_MEMBERS,        /* an ex-member reads on */
    PLANT_PART_IS_COMPLETE,        /* a full page is called all there is */
    PLANT_REPEAT_NOT_PUBLISHED,    /* stored, acked, and never heard */
    PLANT_REPEAT_OLD_MEMBERS,      /* a repeat goes to who was removed */
    PLANT_SHOWN_BEFORE_JOINING,    /* a member sees what is not for him */
    PLANT_STEP_SKIPPED,            /* a version is applied out of turn */
    PLANT_STORE_NOT_ASKED,    /* an empty store is taken for the right one */
    PLANT_TOLD_WHILE_JOINING, /* who joins sees what stands before it */
    PLANT_TOKENS_FOR_EVER,    /* a token does not expire */
    PLANT_TRIM_UNNOTICED,     /* a log with a hole is taken for whole */
    PLANT_VERSION_NOT_SENT,   /* the append cannot see an old version */
};

#ifndef PLANT
#define PLANT PLANT_NONE
#endif

/* A constant: what it guards is not even compiled in. */
static inline bool planted(enum plant p) {
    return PLANT == p;
}

#endif
