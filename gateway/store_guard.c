#include "gateway/store_guard.h"

#include <string.h>

#include "chat-core/deliver.h"
#include "gateway/server.h"
#include "proto/base/log.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"

enum {
    LOOK_MS = 1000,
    SOON_MS = 50,  /* at the start, while something cannot be reached */
    ASK_EVERY = 5, /* of so many ticks one asks the directory first */
};

static const struct log_ctx ctx_guard = {"store_guard", 0};
static const char *const not_known =
    "the directory or the history has not told which store it is yet";
static const char *const lost =
    "store_lost: the history is not in the store that was known, but in an "
    "empty or another one; bring the right one back, or see moimctl store list";

static struct store_id fresh_id(void) {
    uint8_t secret[STORE_ID_LEN / 2];
    struct store_id id;

    rand_secret(secret, sizeof(secret));
    for (size_t i = 0; i < STORE_ID_LEN; i++) {
        id.s[i] = "0123456789abcdef"[secret[i / 2] >> (4 - 4 * (i % 2)) & 15];
    }
    id.s[STORE_ID_LEN] = '\0';
    return id;
}

/* ---- what comes out ---- */

static void again(struct store_guard *g) {
    if (!g->stopped) {
        loop_timer(g->server->loop, &g->timer,
                   g->server->store_lost == not_known ? SOON_MS : LOOK_MS);
    }
}

static void settle(struct store_guard *g) {
    if (g->stopped) {
        return;
    }
    if (g->server->store_lost == lost) {
        log_warn(&ctx_guard, "store_back", "id=%s", g->known.s);
        deliver_resync_all(&g->server->core);
    } else if (g->server->store_lost == not_known) {
        log_info(&ctx_guard, "store_known", "id=%s", g->known.s);
    }
    g->server->store_lost = NULL;
    g->found = (struct store_found){.slot = 0};
    again(g);
}

static void lose(struct store_guard *g) {
    if (g->stopped) {
        return;
    }
    if (g->server->store_lost != lost) {
        log_error(&ctx_guard, "store_lost", "known=%s found=%s slot=%u",
                  g->known.s, g->found.id.s, g->found.slot);
    }
    g->server->store_lost = lost;
    again(g);
}

/* ---- the steps; each asks one question, and the answer is the next ---- */

static void on_row(void *ctx, enum rc rc, const struct store_row *row);

static void ask_directory(struct store_guard *g,
                          const struct store_found *found) {
    struct directory *d = g->server->core.directory;

    d->ops->store(d, found, slice_str(g->server->settings->name), on_row, g);
}

/* An id stands where something was missing. */
static void on_found(void *ctx, enum rc rc, const struct store_found *found) {
    struct store_guard *g = ctx;

    if (rc != RC_OK) {
        again(g);
        return;
    }
    g->found = *found;
    ask_directory(g, &g->found);
}

static void find(struct store_guard *g, unsigned slot) {
    struct store_id fresh = fresh_id();

    g->store->ops->name(g->store, slot, &fresh, on_found, g);
}

static void on_looked(void *ctx, enum rc rc) {
    struct store_guard *g = ctx;

    if (rc == RC_OK) {
        settle(g);
    } else if (rc == RC_LOST) {
        find(g, g->store->ops->where(g->store));
    } else {
        again(g);
    }
}

static void look(struct store_guard *g) {
    g->store->ops->look(g->store, on_looked, g);
}

static void expect_known(struct store_guard *g) {
    g->expected = g->known;
    g->store->ops->expect(g->store, &g->expected);
}

static void on_whole(void *ctx, enum rc rc) {
    struct store_guard *g = ctx;

    if (rc == RC_OK) {
        expect_known(g);
        look(g);
    } else {
        again(g);
    }
}

static void on_marked(void *ctx, enum rc rc) {
    struct store_guard *g = ctx;
    struct directory *d = g->server->core.directory;

    if (rc == RC_OK) {
        d->ops->store_whole(d, slice_str(g->known.s), on_whole, g);
    } else {
        again(g);
    }
}

/* Only the store in which that id was found is to bear it everywhere: ours may
 * be another one. */
static void on_witness(void *ctx, enum rc rc, const struct store_found *found) {
    struct store_guard *g = ctx;

    if (rc != RC_OK) {
        again(g);
    } else if (strcmp(found->id.s, g->known.s) == 0) {
        g->store->ops->mark(g->store, &g->known, on_marked, g);
    } else {
        g->found = *found;
        expect_known(g); /* so that nobody writes into ours */
        lose(g);
    }
}

static void take_row(struct store_guard *g, const struct store_row *row) {
    struct store_id fresh = fresh_id();

    memcpy(g->known.s, row->id.p, STORE_ID_LEN);
    if (!row->whole) {
        g->store->ops->name(g->store, row->slot, &fresh, on_witness, g);
    } else if (strcmp(g->known.s, g->expected.s) != 0) {
        expect_known(g);
        look(g);
    } else if (g->found.id.s[0] != '\0') {
        lose(g);
    } else {
        look(g);
    }
}

static void on_row(void *ctx, enum rc rc, const struct store_row *row) {
    struct store_guard *g = ctx;

    if (rc == RC_OK && row->id.n == STORE_ID_LEN) {
        take_row(g, row);
    } else if (rc == RC_NOT_FOUND) {
        find(g, 0); /* the first of all */
    } else if (g->found.id.s[0] != '\0' && g->expected.s[0] != '\0') {
        lose(g); /* nobody says that it is another one now */
    } else {
        again(g);
    }
}

static void on_timer(struct wheel_timer *t) {
    struct store_guard *g = CONTAINER_OF(t, struct store_guard, timer);

    if (g->expected.s[0] != '\0' && ++g->ticks % ASK_EVERY != 0) {
        look(g);
    } else {
        ask_directory(g, NULL);
    }
}

void store_guard_start(struct store_guard *g, struct server *server,
                       struct store *store) {
    *g = (struct store_guard){.server = server, .store = store};
    server->store_lost = not_known;
    wheel_timer_init(&g->timer, on_timer);
    loop_timer(server->loop, &g->timer, 1);
}

void store_guard_stop(struct store_guard *g) {
    g->stopped = true;
    wheel_cancel(&g->timer);
}
