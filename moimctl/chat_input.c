#include "moimctl/chat_input.h"

#include "proto/base/macros.h"

static const struct {
    const char *name;
    enum chat_input_kind kind;
    const char *help;
} commands[] = {
    {"help", INPUT_HELP, "/help          this list"},
    {"list", INPUT_LIST, "/list          your conversations"},
    {"open", INPUT_OPEN,
     "/open NAME     open one: its number, a group or any user"},
    {"history", INPUT_HISTORY, "/history       older messages"},
    {"who", INPUT_WHO, "/who           who is online"},
    {"quit", INPUT_QUIT, "/quit          leave when everything was accepted"},
};

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trim(struct slice text) {
    while (text.n > 0 && is_space(text.p[0])) {
        text = slice_drop(text, 1);
    }
    while (text.n > 0 && is_space(text.p[text.n - 1])) {
        text.n--;
    }
    return text;
}

struct chat_input chat_input_read(struct slice line) {
    struct slice text = trim(line);
    struct slice word;
    struct slice rest;

    if (text.n == 0) {
        return (struct chat_input){INPUT_NOTHING, text};
    }
    if (slice_starts(text, "//")) {
        return (struct chat_input){INPUT_TEXT, slice_drop(text, 1)};
    }
    if (text.p[0] != '/') {
        return (struct chat_input){INPUT_TEXT, text};
    }
    word = slice_take(text, slice_find(text, ' '));
    rest = trim(slice_drop(text, word.n));
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (!slice_is(slice_drop(word, 1), commands[i].name)) {
            continue;
        }
        if (commands[i].kind == INPUT_OPEN && rest.n == 0) {
            return (struct chat_input){INPUT_NEEDS_NAME, rest};
        }
        return (struct chat_input){commands[i].kind, rest};
    }
    return (struct chat_input){INPUT_UNKNOWN, word};
}

const char *chat_input_help(size_t i) {
    return i < COUNT_OF(commands) ? commands[i].help : NULL;
}
