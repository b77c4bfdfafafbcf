/* How a chat looks as lines of text. Everything that people chose (names,
 * titles, messages) is cleaned before it is printed. */
#ifndef MOIM_MOIMCTL_CHAT_SHOW_H
#define MOIM_MOIMCTL_CHAT_SHOW_H

#include "moimctl/chat_model.h"
#include "proto/base/buf.h"

struct chat_style {
    bool pretty; /* for a person: times of day instead of seqs */
    bool colour;
};

/* "12 alice: hi", or for a person "14:03 alice: hi"; with the title in
 * brackets in front when the conversation is not the open one. */
void chat_show_message(struct buf *out, struct chat_model *m,
                       const struct chat_conv *conv, const struct chat_msg *msg,
                       const struct chat_style *style);
/* A line of the list of conversations: "* 1 bob (online) 3 unread". */
void chat_show_conv(struct buf *out, const struct chat_model *m,
                    const struct chat_conv *conv, size_t number);
/* "bob: offline, last seen 5 min ago". */
void chat_show_user(struct buf *out, const struct chat_user *user,
                    uint64_t now_ms);
const char *chat_presence_str(enum chat_presence presence);
/* Adds a line of our own: "* " and the text, dimmed when in colour. */
void chat_show_note(struct buf *out, struct slice text,
                    const struct chat_style *style);

#endif
