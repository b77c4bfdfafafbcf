#include "tests/fault/proxy/door.h"

#include <string.h>

#include "proto/base/mem.h"
#include "proto/net/listener.h"
#include "tests/fault/proxy/link.h"
#include "tests/fault/proxy/plan.h"

enum {
    BACKLOG = 512,
    STREAMS_MAX = 100000,
};

struct door {
    struct link_home home;
    char *text; /* what the names below point into */
    const char *name;
    const char *listen;
    struct listener *listener; /* NULL while it refuses */
    struct plan plan;
    size_t open; /* links */
    bool closing;
};

static void free_closed(struct door *d) {
    if (d->closing && d->open == 0) {
        mem_free(d->text);
        mem_free(d);
    }
}

static void on_link_gone(struct link_home *home) {
    struct door *d = CONTAINER_OF(home, struct door, home);

    d->open--;
    listener_gone(d->listener);
    free_closed(d);
}

static void on_stream(void *owner, struct stream *s, bool over_limit) {
    struct door *d = owner;

    if (d->plan.door != PLAN_OPEN || over_limit) {
        d->plan.counts.closed_at_once++;
        listener_gone(d->listener);
        stream_close(s, RC_CLOSED);
        return;
    }
    d->open++;
    link_open(&d->home, s);
}

static enum rc start_listening(struct door *d) {
    return listener_open(&d->listener, d->home.loop,
                         &(struct listener_config){
                             .address = d->listen,
                             .backlog = BACKLOG,
                             .max_streams = STREAMS_MAX,
                             .queue_limit = LINK_QUEUE_BYTES,
                         },
                         on_stream, d);
}

/* Cuts the door's text at its marks. */
static bool cut_text(struct door *d) {
    char *equals = strchr(d->text, '=');
    char *arrow = strchr(d->text, '>');
    char *comma = strchr(d->text, ',');

    if (equals == NULL || arrow == NULL || arrow < equals) {
        return false;
    }
    if (comma != NULL && strcmp(comma, ",resp") != 0) {
        return false;
    }
    d->home.resp = comma != NULL;
    if (comma != NULL) {
        *comma = '\0';
    }
    *equals = '\0';
    *arrow = '\0';
    d->name = d->text;
    d->listen = equals + 1;
    d->home.target = arrow + 1;
    return true;
}

enum rc door_open(struct door **out, struct loop *l, const char *text) {
    struct door *d = mem_new(sizeof(*d));
    enum rc rc = RC_BAD_INPUT;

    d->home.loop = l;
    d->home.plan = &d->plan;
    d->home.on_gone = on_link_gone;
    d->text = mem_dup(text, strlen(text));
    list_init(&d->home.links);
    if (!cut_text(d)) {
        goto out;
    }
    rc = start_listening(d);
    if (rc == RC_OK) {
        *out = d;
        d = NULL; /* now the caller's */
    }

out:
    door_close(&d);
    return rc;
}

static struct link *link_at(struct list *node) {
    return CONTAINER_OF(node, struct link, node);
}

/* Streams close later, from the loop: the list stays as it is meanwhile. */
static uint64_t reset_links(struct door *d, uint64_t permille) {
    uint64_t before = d->plan.counts.reset;

    for (struct list *n = d->home.links.next; n != &d->home.links;
         n = n->next) {
        if (plan_chance(&d->home.loop->rand, permille)) {
            link_reset(link_at(n));
        }
    }
    return d->plan.counts.reset - before;
}

void door_close(struct door **door) {
    struct door *d = *door;

    if (d == NULL) {
        return;
    }
    *door = NULL;
    d->closing = true;
    listener_close(&d->listener);
    reset_links(d, PLAN_PERMILLE);
    free_closed(d);
}

struct slice door_name(const struct door *d) {
    return slice_str(d->name);
}

/* What is not a matter of the plan, but of what is open now. True: done. */
static bool run_on_links(struct door *d, const struct slice *words,
                         size_t count, struct buf *out) {
    uint64_t permille = PLAN_PERMILLE;

    if (count == 1 && slice_is(words[0], "stats")) {
        buf_addf(out, "ok open=%zu", d->open);
        plan_counts_text(&d->plan.counts, out);
        return true;
    }
    if (count >= 1 && slice_is(words[0], "reset")) {
        if (count == 2 && !plan_number(words[1], &permille)) {
            return false;
        }
        buf_addf(out, "ok %llu", (unsigned long long)reset_links(d, permille));
        return true;
    }
    if (count == 2 && slice_is(words[0], "half_close")) {
        for (struct list *n = d->home.links.next; n != &d->home.links;
             n = n->next) {
            link_half_close(link_at(n),
                            slice_is(words[1], "up") ? PLAN_UP : PLAN_DOWN);
        }
        buf_add_str(out, "ok");
        return true;
    }
    return false;
}

/* What a changed plan means to the listener and to the links. */
static enum rc follow_plan(struct door *d) {
    if (d->plan.door == PLAN_REFUSE) {
        listener_close(&d->listener);
        reset_links(d, PLAN_PERMILLE);
        return RC_OK;
    }
    return d->listener == NULL ? start_listening(d) : RC_OK;
}

void door_command(struct door *d, struct slice line, struct buf *out) {
    struct slice words[PLAN_WORDS_MAX];
    size_t count = plan_words(line, words);
    enum rc rc;

    if (run_on_links(d, words, count, out)) {
        return;
    }
    rc = plan_apply(&d->plan, words, count);
    if (rc == RC_OK) {
        rc = follow_plan(d);
    }
    if (rc == RC_OK && slice_is(words[0], "clear")) {
        for (struct list *n = d->home.links.next; n != &d->home.links;
             n = n->next) {
            link_healed(link_at(n));
        }
    }
    buf_add_str(out, rc == RC_OK ? "ok" : "error ");
    if (rc != RC_OK) {
        buf_add_str(out, rc_str(rc));
    }
}
