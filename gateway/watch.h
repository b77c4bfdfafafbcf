/* Who on this gateway watches whose presence. One subscription to seen:<id>
 * for a user, however many sessions watch him.
 *
 * A session is told of changes together: those of one turn of the loop while
 * it watches at most presence.each users, and those of presence.window when it
 * watches more. What was true in between is not told. */
#ifndef MOIM_GATEWAY_WATCH_H
#define MOIM_GATEWAY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "chat-core/ports/bus.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"
#include "proto/base/list.h"
#include "proto/base/map.h"
#include "proto/base/wheel.h"
#include "proto/wire/bus_msg.h"

struct server;
struct session;
struct settings;

/* The ladder: how changes are told, by how many there are to tell of. */
enum presence_step {
    PRESENCE_EACH,  /* at once */
    PRESENCE_BATCH, /* those of a window together */
    PRESENCE_COUNT, /* how many are there; see counts.h */
    PRESENCE_ASK,   /* not at all: who wants to know asks */
    PRESENCE_STEPS,
};

/* Of a session that watches `users`, or of a conversation that has so many. */
enum presence_step presence_step(const struct settings *s, uint64_t users);
const char *presence_step_word(enum presence_step step);

struct watch {
    struct bus *bus;
    struct map users;    /* user id -> struct watched */
    struct list sure;    /* all of them, but for ... */
    struct list doubted; /* those who will be asked for */
    struct wheel_timer asking;
};

void watch_init(struct watch *w, struct bus *bus);
void watch_fini(struct watch *w); /* nobody watches any more */
/* Adds one user; twice is once. */
void watch_add(struct watch *w, struct session *s, struct user_id user);
void watch_remove(struct watch *w, struct session *s, struct user_id user);
bool watch_has(const struct session *s, struct user_id user);
/* The user is not to be seen by this session any more: it is told that his
 * state is unknown, if it watched him. */
void watch_hide(struct watch *w, struct session *s, struct user_id user);
/* Appends the ids of those it watches (handover_id_put), at most
 * HANDOVER_IDS_MAX; answers how many. */
uint16_t watch_put(const struct session *s, struct buf *out);
/* Who watches the user, at most `cap` of them; and: this one may not. */
size_t watch_watchers(const struct watch *w, struct user_id user,
                      struct user_id *out, size_t cap);
void watch_hide_from(struct watch *w, struct user_id user,
                     struct user_id watcher);
/* The session ends. */
void watch_forget(struct watch *w, struct session *s);
/* A transition that the bus told: everybody who watches will hear of it, or
 * of what follows it. The same once more is no news. */
void watch_seen(struct watch *w, const struct presence_known *known);

/* What the presence service answered to one who asked and watches. */
void watch_answered(struct watch *w, const struct presence_known *known);
/* Changes may have gone unheard: the presence service is asked for everybody
 * who is watched, in a moment and not all at once, and until it knows. */
void watch_doubt(struct watch *w);
void watch_ask(struct watch *w); /* the same, now */

/* Adds one {"user":…,"state":…,"since":…} to `b`. */
void presence_put(struct buf *b, const struct presence_known *known);

/* watch_look.c: whoever watches the user, on whichever gateway, perhaps may not
 * any more: his settings or what he is to somebody have changed. */
void watch_look(struct server *server, struct user_id user);
/* The bus says so. Those who may not are told that nothing is known. */
void watch_looked(struct server *server, struct user_id user);

#endif
