#include "moimctl/chat.h"

#include <stdarg.h>
#include <stdio.h>

#include "moimctl/chat_inner.h"
#include "moimctl/chat_input.h"
#include "moimctl/clean.h"
#include "proto/base/mem.h"

/* A typed line that waits for its turn. */
struct typed {
    struct list node;
    char *text;
    size_t n;
};

/* ---- what is printed ---- */

void chat_note_slice(struct chat *c, struct slice text) {
    struct buf line;

    buf_init(&line);
    chat_show_note(&line, text, &c->style);
    c->out->line(c->owner, buf_slice(&line));
    buf_fini(&line);
}

void chat_note(struct chat *c, const char *fmt, ...) {
    char text[256];
    va_list list;
    struct buf clean;

    va_start(list, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, list);
    va_end(list);
    buf_init(&clean);
    clean_line(&clean, slice_str(text));
    chat_note_slice(c, buf_slice(&clean));
    buf_fini(&clean);
}

static void on_show(void *owner, struct chat_conv *conv,
                    const struct chat_msg *msg) {
    struct chat *c = owner;
    struct buf line;

    if (conv == c->model.open && msg->from.v == c->typist.v) {
        c->typist_until_ms = 0;
    }
    if (conv->oldest == 0) {
        conv->oldest = msg->seq;
    }
    buf_init(&line);
    chat_show_message(&line, &c->model, conv, msg, &c->style);
    c->out->line(c->owner, buf_slice(&line));
    buf_fini(&line);
}

static void prompt_state(struct chat *c, struct buf *out) {
    const struct chat_conv *conv = c->model.open;
    const struct chat_user *peer = map_get(&c->model.users, conv->peer.v);

    clean_line(out, slice_str(conv->title));
    if (c->typist_until_ms != 0) {
        buf_add_str(out, " (");
        clean_line(
            out, slice_str(
                     chat_user_put(&c->model, c->typist, slice_str(""))->name));
        buf_add_str(out, " is typing)");
    } else if (conv->direct && peer != NULL && peer->presence == CHAT_ONLINE) {
        buf_add_str(out, " (online)");
    }
}

void chat_prompt(struct chat *c, struct buf *out) {
    if (c->state < CHAT_SETTLING) {
        buf_add_str(out, "(connecting) ");
    }
    if (c->model.open != NULL) {
        prompt_state(c, out);
    }
    if (c->model.pending_count > 0 && c->state < CHAT_READY) {
        buf_addf(out, " (%zu unsent)", c->model.pending_count);
    }
    buf_add_str(out, "> ");
}

/* ---- its life ---- */

void chat_init(struct chat *c, const struct chat_out *out, void *owner,
               const char *with, const struct clock *clock, struct rand *rand) {
    *c =
        (struct chat){.out = out, .owner = owner, .clock = clock, .rand = rand};
    chat_model_init(&c->model, on_show, c);
    frame_init(&c->frame);
    list_init(&c->lines);
    if (with != NULL) {
        c->wanted = mem_dup(with, slice_str(with).n);
    }
}

static struct typed *next_line(struct chat *c) {
    struct list *node = list_pop_front(&c->lines);

    if (node == NULL) {
        return NULL;
    }
    c->line_count--;
    return CONTAINER_OF(node, struct typed, node);
}

static void typed_free(struct typed *t) {
    mem_free(t->text);
    mem_free(t);
}

void chat_fini(struct chat *c) {
    struct typed *t;

    while ((t = next_line(c)) != NULL) {
        typed_free(t);
    }
    mem_free(c->wanted);
    chat_model_fini(&c->model);
    frame_fini(&c->frame);
}

void chat_quit(struct chat *c, enum ctl_exit how) {
    if (!c->ended) {
        c->ended = true;
        c->out->quit(c->owner, how);
    }
}

void chat_found(struct chat *c) {
    mem_free(c->wanted);
    c->wanted = NULL;
    c->wanted_conv.v = 0;
}

/* True when typed lines have to wait for an answer. */
static bool busy(const struct chat *c) {
    return !c->listed || c->wanted != NULL || c->page_again ||
           (c->model.open != NULL && c->model.open->frozen);
}

bool chat_wants_lines(const struct chat *c) {
    return c->line_count + c->model.pending_count < CHAT_LINES_MAX;
}

/* ---- what is due ---- */

static uint64_t now_ms(const struct chat *c) {
    return c->clock->mono_ms;
}

/* Far behind, the newest messages are worth more than all of them. */
static void fill_gap(struct chat *c, struct chat_conv *conv) {
    uint64_t missing = conv->head - conv->have;

    if (missing > CHAT_GAP_MAX && conv->held_count == 0) {
        chat_note(c, "%s: %llu older messages are not shown; see /history",
                  conv->title, (unsigned long long)(missing - CHAT_PAGE));
        conv->oldest = 0;
        chat_skip_to(&c->model, conv, conv->head - CHAT_PAGE);
    }
    ask_gap(c, conv);
}

static void fill_gaps(struct chat *c) {
    struct list *convs = &c->model.convs;

    for (struct list *n = convs->next; n != convs; n = n->next) {
        struct chat_conv *conv = CONTAINER_OF(n, struct chat_conv, node);

        if (chat_missing(conv) && !conv->asked) {
            fill_gap(c, conv);
        }
    }
}

/* A name that was asked for: it is in the list by now, or somebody's. */
static void look_for(struct chat *c) {
    struct chat_conv *conv = chat_conv_called(&c->model, slice_str(c->wanted));

    if (conv != NULL) {
        typed_set_open(c, conv);
    } else if (c->wanted_conv.v == 0 && !chat_asks_any(&c->asks, ASK_FIND) &&
               !chat_asks_any(&c->asks, ASK_DIRECT)) {
        ask_user(c, c->wanted);
    }
}

/* What may be asked again after a refusal, but not too soon. */
static void ask_what_lacks(struct chat *c) {
    if (c->syncing > 0 || now_ms(c) < c->retry_ms) {
        return;
    }
    if (c->relist) {
        ask_lists(c);
    }
    if (c->state == CHAT_READY) {
        fill_gaps(c);
    }
    if (c->state == CHAT_READY && c->wanted != NULL) {
        look_for(c);
    }
    if (c->page_again && c->model.open != NULL) {
        ask_page(c, c->model.open, 0);
    }
}

static void run_lines(struct chat *c) {
    while (!busy(c) && !c->ended) {
        struct typed *t = next_line(c);

        if (t == NULL) {
            return;
        }
        typed_run(c, slice_of(t->text, t->n));
        typed_free(t);
    }
}

/* What was accepted is also to be seen before the end. */
static bool nothing_waits(const struct chat *c) {
    const struct chat_conv *open = c->model.open;

    return c->line_count == 0 && c->model.pending_count == 0 && !busy(c) &&
           (open == NULL || !chat_missing(open));
}

void chat_go_on(struct chat *c) {
    const struct chat_conv *conv;

    ask_what_lacks(c);
    run_lines(c);
    ask_what_lacks(c); /* what the lines brought up */
    if (now_ms(c) >= c->resend_ms && c->syncing == 0) {
        c->resend_ms = 0;
        ask_send(c);
    }
    conv = c->model.open;
    if (conv != NULL && conv->have > c->read_told &&
        !chat_asks_any(&c->asks, ASK_READ)) {
        ask_read(c);
    }
    if (c->ending && nothing_waits(c)) {
        chat_quit(c, CTL_OK);
    }
    c->out->prompt(c->owner);
}

static void sooner(uint64_t *due, uint64_t when) {
    if (when != 0 && when < *due) {
        *due = when;
    }
}

uint64_t chat_due_ms(const struct chat *c) {
    uint64_t due = UINT64_MAX;

    sooner(&due, c->typist_until_ms);
    sooner(&due, c->resend_ms);
    sooner(&due, c->retry_ms);
    sooner(&due, c->give_up_ms);
    return due;
}

void chat_tick(struct chat *c) {
    uint64_t now = now_ms(c);

    if (c->typist_until_ms <= now) {
        c->typist_until_ms = 0;
    }
    if (c->retry_ms <= now) {
        c->retry_ms = 0;
    }
    if (c->give_up_ms != 0 && c->give_up_ms <= now) {
        chat_note(c, "%zu messages were not accepted",
                  c->model.pending_count + c->line_count);
        chat_quit(c, CTL_UNAVAILABLE);
        return;
    }
    chat_go_on(c);
}

/* ---- the socket and the terminal ---- */

void chat_opened(struct chat *c, struct user_id me, struct slice name) {
    c->state = CHAT_JOINING;
    c->bye_ms = 0;
    c->model.me = me;
    (void)chat_user_put(&c->model, me, name);
}

void chat_lost(struct chat *c, const char *why) {
    if (c->state >= CHAT_SETTLING && !c->ended) {
        chat_note(c, "connection lost: %s; trying again", why);
    }
    c->state = CHAT_DOWN;
    c->asks.count = 0;
    c->syncing = 0;
    c->friends_told = false;
    c->typist_until_ms = 0;
    c->read_told = 0;
    if (c->model.open != NULL && c->model.open->frozen) {
        c->page_again = true;
    }
    chat_lost_touch(&c->model);
    chat_go_on(c);
}

void chat_line(struct chat *c, struct slice line) {
    struct typed *t;

    if (c->style.pretty && chat_input_read(line).kind == INPUT_QUIT) {
        chat_end(c); /* whatever waits before it */
        return;
    }
    t = mem_new(sizeof(*t));
    t->text = mem_dup(line.p, line.n);
    t->n = line.n;
    list_init(&t->node);
    list_push_back(&c->lines, &t->node);
    c->line_count++;
    chat_go_on(c);
}

void chat_typing(struct chat *c) {
    if (c->model.open != NULL && now_ms(c) >= c->typing_next_ms) {
        c->typing_next_ms = now_ms(c) + CHAT_TYPING_EVERY_MS;
        ask_typing(c);
    }
}

void chat_end(struct chat *c) {
    size_t waiting = c->model.pending_count + c->line_count;

    if (c->ending || (c->style.pretty && waiting == 0)) {
        chat_quit(c, c->model.pending_count == 0 ? CTL_OK : CTL_UNAVAILABLE);
        return;
    }
    c->ending = true;
    if (c->style.pretty && c->model.pending_count > 0) {
        chat_note(c,
                  "%zu messages are not accepted yet; /quit again leaves "
                  "them",
                  c->model.pending_count);
    }
    c->give_up_ms = now_ms(c) + CHAT_PATIENCE_MS;
    chat_go_on(c);
}
