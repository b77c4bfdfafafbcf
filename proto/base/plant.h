/* Bugs on purpose, to see that the fault suite notices them: a build with
 * EXTRA=-DPLANT=PLANT_... has one, every other build has none and no trace of
 * it. tests/fault/plants.sh builds each and expects the suite to fail. */
#ifndef MOIM_BASE_PLANT_H
#define MOIM_BASE_PLANT_H

#include <stdbool.h>

enum plant {
    PLANT_NONE,
    PLANT_ACK_BEFORE_PUBLISH,     /* the ack does not wait for the bus */
    PLANT_APPEND_NOT_ASKED,       /* a failed append is taken for a success */
    PLANT_CURSOR_SEQ_ONLY,        /* a cursor's seq is believed alone */
    PLANT_DEDUPE_PER_GATEWAY,     /* a repeat elsewhere is not recognised */
    PLANT_MEMBER_VERSION_IGNORED, /* wide events are not held back */
    PLANT_PAGE_OFF_BY_ONE,        /* a page leaves out its first event */
};

#ifndef PLANT
#define PLANT PLANT_NONE
#endif

/* A constant: what it guards is not even compiled in. */
static inline bool planted(enum plant p) {
    return PLANT == p;
}

#endif
