/* What the person types: messages and commands. */
#include "moimctl/chat_inner.h"
#include "moimctl/chat_input.h"
#include "moimctl/clean.h"
#include "proto/base/mem.h"
#include "proto/base/utf8.h"
#include "proto/wire/client_msg.h"

void typed_set_open(struct chat *c, struct chat_conv *conv) {
    struct chat_user *peer = NULL;

    chat_found(c);
    c->model.open = conv;
    c->typist_until_ms = 0;
    c->read_told = 0;
    c->no_older = false;
    conv->oldest = 0;
    conv->unread = 0;
    if (conv->direct && conv->peer.v != 0) {
        peer = chat_user_put(&c->model, conv->peer, slice_str(""));
        ask_watch(c, peer);
    }
    if (peer != NULL && peer->presence != CHAT_UNKNOWN) {
        chat_note(c, "open: %s, %s", conv->title,
                  chat_presence_str(peer->presence));
    } else {
        chat_note(c, "open: %s", conv->title);
    }
    ask_page(c, conv, 0);
}

void typed_open(struct chat *c, struct slice name) {
    struct chat_conv *conv = chat_conv_called(&c->model, name);

    if (conv != NULL) {
        typed_set_open(c, conv);
    } else {
        chat_found(c);
        c->wanted = mem_dup(name.p, name.n);
    }
}

void typed_list(struct chat *c) {
    size_t number = 0;

    for (struct list *n = c->model.convs.next; n != &c->model.convs;
         n = n->next) {
        struct buf line;

        buf_init(&line);
        chat_show_conv(&line, &c->model,
                       CONTAINER_OF(n, struct chat_conv, node), ++number);
        chat_note_slice(c, buf_slice(&line));
        buf_fini(&line);
    }
    if (number == 0) {
        chat_note(c, "no conversations yet; /open NAME begins one");
    } else if (c->model.open == NULL) {
        chat_note(c, "/open and a number or a name opens one");
    }
}

static void list_people(struct chat *c) {
    struct list *users = &c->model.user_list;
    size_t count = 0;

    for (struct list *n = users->next; n != users; n = n->next) {
        const struct chat_user *u = CONTAINER_OF(n, struct chat_user, node);
        struct buf line;

        if (!u->watched) {
            continue;
        }
        buf_init(&line);
        chat_show_user(&line, u, c->clock->wall_ms);
        chat_note_slice(c, buf_slice(&line));
        buf_fini(&line);
        count++;
    }
    if (count == 0) {
        chat_note(c, "nobody to tell of; moimctl friend add makes friends");
    }
}

static void help(struct chat *c) {
    const char *line;

    for (size_t i = 0; (line = chat_input_help(i)) != NULL; i++) {
        chat_note(c, "%s", line);
    }
    chat_note(c, "//...          a message that begins with /");
}

static void older(struct chat *c) {
    struct chat_conv *conv = c->model.open;

    if (conv == NULL) {
        chat_note(c, "nothing is open");
    } else if (c->no_older || conv->oldest == 1) {
        chat_note(c, "this is where it begins");
    } else {
        ask_page(c, conv, conv->oldest);
    }
}

static void say(struct chat *c, struct slice text) {
    uint64_t number;
    bool choice = slice_to_u64(text, &number) && c->model.open == NULL;

    if (choice) {
        typed_open(c, text);
    } else if (c->model.open == NULL) {
        chat_note(c, "nothing is open; /list shows what could be");
    } else if (!utf8_valid(text)) {
        chat_note(c, "not sent: this is not UTF-8");
    } else if (client_body_check(text) == CLIENT_TOO_LARGE) {
        chat_note(c, "not sent: longer than %d bytes", CLIENT_BODY_MAX);
    } else if (client_body_check(text) != CLIENT_OK) {
        chat_note(c,
                  "not sent: longer than %d characters, or with control "
                  "characters",
                  CLIENT_BODY_CHARS_MAX);
    } else {
        c->typing_next_ms = 0;
        chat_say(&c->model, c->model.open->id, text, c->rand);
    }
}

void typed_run(struct chat *c, struct slice line) {
    struct chat_input in = chat_input_read(line);

    switch (in.kind) {
    case INPUT_NOTHING:
        break;
    case INPUT_TEXT:
        say(c, in.rest);
        break;
    case INPUT_HELP:
        help(c);
        break;
    case INPUT_LIST:
        typed_list(c);
        break;
    case INPUT_OPEN:
        typed_open(c, in.rest);
        break;
    case INPUT_HISTORY:
        older(c);
        break;
    case INPUT_WHO:
        list_people(c);
        break;
    case INPUT_QUIT:
        chat_end(c);
        break;
    case INPUT_UNKNOWN:
        chat_note(c, "no command %.*s; /help lists them", (int)in.rest.n,
                  (const char *)in.rest.p);
        break;
    case INPUT_NEEDS_NAME:
        chat_note(c, "/open needs a number, a group or a user");
        break;
    }
}
