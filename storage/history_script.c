#include "storage/history_script.h"

#include <assert.h>

#include "storage/history_identity.h"

/* C11 promises 4095 characters of one string (5.2.4.1); our compilers take
 * more, and a script is one. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

static const char *const texts[HISTORY_SCRIPTS] = {
    [HISTORY_SCRIPT_APPEND] =
#include "storage/history_known.lua.h"

#include "storage/history_append.lua.h"
        ,
    [HISTORY_SCRIPT_MARK] =
#include "storage/history_known.lua.h"

#include "storage/history_mark.lua.h"
        ,
    [HISTORY_SCRIPT_MARKS] =
#include "storage/history_known.lua.h"

#include "storage/history_marks.lua.h"
        ,
    [HISTORY_SCRIPT_HIDE] =
#include "storage/history_known.lua.h"

#include "storage/history_hide.lua.h"
        ,
    [HISTORY_SCRIPT_UNREAD] =
#include "storage/history_known.lua.h"

#include "storage/history_unread.lua.h"
        ,
    [HISTORY_SCRIPT_TRIM] =
#include "storage/history_known.lua.h"

#include "storage/history_trim.lua.h"
        ,
    [HISTORY_SCRIPT_ERASE] =
#include "storage/history_known.lua.h"

#include "storage/history_erase.lua.h"
        ,
};

const char *history_script_text(size_t script) {
    assert(script < HISTORY_SCRIPTS);
    return texts[script];
}

struct slice history_store_word(bool again) {
    return again ? SLICE_LIT("EVAL") : SLICE_LIT("EVALSHA");
}

struct slice history_store_script(const struct history_redis *h, int script,
                                  bool again) {
    return slice_str(again ? texts[script] : h->scripts[script].sha);
}

bool history_store_gone(struct history_redis *h, bool again, enum rc rc,
                        const struct resp *replies) {
    if (rc != RC_OK || again || resp_rc(replies) != RC_NOT_FOUND) {
        return false;
    }
    h->stats.reloads++;
    return true;
}

void history_script_put(struct buf *out, const struct history_call *c,
                        int script, const struct slice *args, size_t count) {
    assert(count <= HISTORY_SCRIPT_ARGS_MAX);
    resp_command_begin(out, 3 + count + HISTORY_IDENTITY_ARGS);
    resp_command_arg(out, history_store_word(c->again));
    resp_command_arg(out, history_store_script(c->h, script, c->again));
    resp_command_arg(out, SLICE_LIT("1"));
    for (size_t i = 0; i < count; i++) {
        resp_command_arg(out, args[i]);
    }
    history_identity_put_args(c->h, args[0], out);
}

void history_call_init(struct history_call *c, struct history *base,
                       void (*send)(struct redis_call *route)) {
    c->h = history_store_of(base);
    c->route.nodes = c->h->nodes;
    c->route.send = send;
}

void history_script_call(struct history_call *c, int script, resp_done_fn done,
                         const struct slice *args, size_t count) {
    struct resp_conn *conn = redis_nodes_conn(c->h->nodes, args[0]);
    struct buf *out = resp_conn_begin(conn, &c->route.call, done, 1);

    if (out != NULL) {
        history_script_put(out, c, script, args, count);
    }
}

bool history_call_again(struct history_call *c, enum rc rc,
                        const struct resp *replies) {
    if (!history_store_gone(c->h, c->again, rc, replies)) {
        return redis_call_again(&c->route, rc, replies, 1);
    }
    c->again = true;
    c->route.send(&c->route);
    return true;
}
