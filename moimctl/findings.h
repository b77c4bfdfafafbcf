/* What a look at something has found, line by line: ok, warn or fail, and for
 * what is not ok the remedy. For people as lines, for programs as JSON. */
#ifndef MOIM_MOIMCTL_FINDINGS_H
#define MOIM_MOIMCTL_FINDINGS_H

#include <stdbool.h>

#include "moimctl/args.h"
#include "proto/base/buf.h"
#include "proto/wire/json_write.h"

enum finding {
    FINDING_OK,
    FINDING_WARN, /* works, and could work better */
    FINDING_FAIL,
};

struct findings {
    bool as_json;
    struct buf json;
    struct json_out out;
    unsigned counts[FINDING_FAIL + 1];
};

void findings_begin(struct findings *f, bool as_json);
/* One line about `check`, a fixed word. `remedy`: what to do when it is not
 * ok. The rest says what was seen; other people's text in it is cleaned. */
void findings_add(struct findings *f, enum finding how, const char *check,
                  const char *remedy, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The last line, or all of the JSON, to stdout. CTL_FAILED: something failed.
 */
enum ctl_exit findings_end(struct findings *f);

#endif
