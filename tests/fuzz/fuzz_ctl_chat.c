/* A chat client on a server that says anything: each line of the input is a
 * frame, one that begins with '>' is typed, '!' loses the connection and '.'
 * lets time pass. Whatever comes, no line that is printed can speak to the
 * terminal. */
#include <assert.h>

#include "moimctl/chat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_frame(void *owner, struct slice text) {
    (void)owner;
    assert(text.n > 0 && text.p[0] == '{');
}

static void on_line(void *owner, struct slice text) {
    (void)owner;
    for (size_t i = 0; i < text.n; i++) {
        assert(text.p[i] >= ' ' && text.p[i] != 0x7f);
        assert(text.p[i] != 0xc2 || i + 1 == text.n ||
               text.p[i + 1] >= 0xa0); /* C1 */
    }
}

static void on_prompt(void *owner) {
    (void)owner;
}

static void on_quit(void *owner, enum ctl_exit how) {
    (void)how;
    *(bool *)owner = true;
}

static void open_chat(struct chat *c) {
    chat_opened(c, (struct user_id){1}, SLICE_LIT("me"));
    chat_heard(c, SLICE_LIT("{\"type\":\"ready\",\"gateway\":\"g1\"}"));
}

static void step(struct chat *c, struct clock *clock, struct slice line) {
    switch (line.n == 0 ? '\0' : line.p[0]) {
    case '>':
        chat_line(c, slice_drop(line, 1));
        break;
    case '!':
        chat_lost(c, "fuzz");
        open_chat(c);
        break;
    case '.':
        clock->mono_ms += 100 * line.n;
        chat_tick(c);
        break;
    default:
        chat_heard(c, line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct chat_out out = {on_frame, on_line, on_prompt, on_quit};
    static struct chat chat;
    struct slice rest = slice_of(data, size);
    struct clock clock = {.mono_ms = 1000, .wall_ms = 1000};
    struct rand rand;
    bool quit = false;

    rand_seed(&rand, 1);
    chat_init(&chat, &out, &quit, "bob", &clock, &rand);
    open_chat(&chat);
    while (rest.n > 0 && !quit) {
        size_t end = slice_find(rest, '\n');

        step(&chat, &clock, slice_take(rest, end));
        rest = slice_drop(rest, end < rest.n ? end + 1 : end);
    }
    chat_fini(&chat);
    return 0;
}
