/* What a typed line means: a message, or a command that begins with '/'. */
#ifndef MOIM_MOIMCTL_CHAT_INPUT_H
#define MOIM_MOIMCTL_CHAT_INPUT_H

#include "proto/base/slice.h"

enum chat_input_kind {
    INPUT_NOTHING, /* an empty line */
    INPUT_TEXT,
    INPUT_HELP,
    INPUT_LIST,
    INPUT_OPEN,
    INPUT_HISTORY,
    INPUT_WHO,
    INPUT_QUIT,
    INPUT_UNKNOWN,    /* `rest` is the command */
    INPUT_NEEDS_NAME, /* /open alone */
};

struct chat_input {
    enum chat_input_kind kind;
    struct slice rest; /* the text, or what stands behind the command */
};

/* A message that begins with '/' is written with two. `line` is borrowed. */
struct chat_input chat_input_read(struct slice line);
/* The i-th line of the help; NULL at the end. */
const char *chat_input_help(size_t i);

#endif
