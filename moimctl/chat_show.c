#include "moimctl/chat_show.h"

#include <time.h>

#include "moimctl/clean.h"
#include "moimctl/span.h"

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* What happened, by the kind of the event; the one it is about stands behind,
 * where there is one. */
static const struct {
    const char *kind;
    const char *text;
} changes[] = {
    {"group.created", "made this group"},    {"member.added", "added"},
    {"member.removed", "removed"},           {"member.left", "left"},
    {"gone", "said something that is gone"},
};

static void add_coloured(struct buf *out, const struct chat_style *style,
                         const char *colour, struct slice text) {
    buf_add_str(out, style->colour ? colour : "");
    clean_line(out, text);
    buf_add_str(out, style->colour ? PLAIN : "");
}

static void add_time(struct buf *out, uint64_t ts_ms,
                     const struct chat_style *style) {
    time_t seconds = (time_t)(ts_ms / 1000);
    struct tm tm;
    char text[8];
    size_t n = 0;

    if (localtime_r(&seconds, &tm) != NULL) {
        n = strftime(text, sizeof(text), "%H:%M", &tm);
    }
    add_coloured(out, style, DIM, slice_of(text, n));
}

static void add_change(struct buf *out, struct chat_model *m,
                       const struct chat_msg *msg) {
    const char *text = NULL;

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        if (slice_is(msg->kind, changes[i].kind)) {
            text = changes[i].text;
        }
    }
    if (text == NULL) {
        clean_line(out, msg->kind); /* newer than this program */
    } else {
        buf_add_str(out, text);
    }
    if (msg->subject.v != 0 && msg->subject.v != msg->from.v) {
        buf_add_byte(out, ' ');
        clean_line(
            out,
            slice_str(chat_user_put(m, msg->subject, slice_str(""))->name));
    }
}

void chat_show_message(struct buf *out, struct chat_model *m,
                       const struct chat_conv *conv, const struct chat_msg *msg,
                       const struct chat_style *style) {
    bool said = slice_is(msg->kind, "message");
    const char *name = msg->from.v == 0
                           ? "somebody"
                           : chat_user_put(m, msg->from, slice_str(""))->name;

    if (conv != m->open) {
        buf_add_byte(out, '[');
        clean_line(out, slice_str(conv->title));
        buf_add_str(out, "] ");
    }
    if (style->pretty) {
        add_time(out, msg->ts_ms, style);
    } else {
        buf_add_u64(out, msg->seq);
    }
    buf_add_str(out, said ? " " : " * ");
    add_coloured(out, style, BOLD, slice_str(name));
    if (said) {
        buf_add_str(out, ": ");
        clean_line(out, msg->text);
    } else {
        buf_add_byte(out, ' ');
        add_change(out, m, msg);
    }
}

const char *chat_presence_str(enum chat_presence presence) {
    static const char *const words[] = {
        [CHAT_UNKNOWN] = "unknown",
        [CHAT_OFFLINE] = "offline",
        [CHAT_ONLINE] = "online",
    };

    return words[presence];
}

void chat_show_conv(struct buf *out, const struct chat_model *m,
                    const struct chat_conv *conv, size_t number) {
    const struct chat_user *peer = map_get(&m->users, conv->peer.v);

    buf_addf(out, "%zu ", number);
    clean_line(out, slice_str(conv->title));
    if (conv->left) {
        buf_add_str(out, " (you left)");
    } else if (!conv->direct) {
        buf_add_str(out, " (group)");
    } else if (peer != NULL && peer->presence != CHAT_UNKNOWN) {
        buf_addf(out, " (%s)", chat_presence_str(peer->presence));
    }
    if (conv->unread > 0) {
        buf_addf(out, " %llu unread", (unsigned long long)conv->unread);
    }
    if (conv == m->open) {
        buf_add_str(out, " (open)");
    }
}

void chat_show_user(struct buf *out, const struct chat_user *user,
                    uint64_t now_ms) {
    clean_line(out, slice_str(user->name));
    buf_addf(out, ": %s", chat_presence_str(user->presence));
    if (user->presence == CHAT_OFFLINE && user->since_ms != 0 &&
        user->since_ms <= now_ms) {
        buf_add_str(out, ", last seen ");
        span_print(out, now_ms - user->since_ms);
        buf_add_str(out, " ago");
    }
}

void chat_show_note(struct buf *out, struct slice text,
                    const struct chat_style *style) {
    buf_add_str(out, style->colour ? DIM "* " : "* ");
    buf_add(out, text);
    buf_add_str(out, style->colour ? PLAIN : "");
}
