/* Questions about many conversations, asked together: one call for each
 * server that has some of them, and one more round for those that were
 * elsewhere. Private to the Redis history. */
#ifndef MOIM_STORAGE_HISTORY_MANY_H
#define MOIM_STORAGE_HISTORY_MANY_H

#include <stddef.h>
#include <stdint.h>

#include "storage/history_script.h"

struct history_many;

struct history_many_ops {
    uint32_t each; /* replies to one question */
    struct conv_id (*conv)(const struct history_many *m, size_t i);
    /* Appends the commands of question `i`; perhaps again later. */
    void (*put)(struct history_many *m, struct buf *out, size_t i);
    /* Reads their replies. Not RC_OK: that is everybody's answer. */
    enum rc (*take)(struct history_many *m, size_t i,
                    const struct resp *replies);
    /* Question `i` could not be asked while others could. NULL: then that is
     * everybody's answer too. */
    void (*miss)(struct history_many *m, size_t i);
    /* The end: RC_OK, or why not all could be had. Frees. */
    void (*end)(struct history_many *m, enum rc rc);
};

/* Embedded first in the caller's record. */
struct history_many {
    struct history_call base; /* its call waits for the next round */
    const struct history_many_ops *ops;
    size_t count;
    bool *open;   /* of each question: it has no answer yet */
    size_t parts; /* on their way */
    bool gone;    /* a script was not there */
    bool moved;   /* a conversation was elsewhere */
    enum rc rc;
    enum rc why; /* the last part that failed did */
};

/* Asks `count` questions, at most HISTORY_HEADS_MAX, also none. */
void history_many_start(struct history_many *m, struct history *base,
                        const struct history_many_ops *ops, size_t count);

#endif
