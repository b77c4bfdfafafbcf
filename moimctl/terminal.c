#include "moimctl/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include "moimctl/clean.h"
#include "moimctl/line_edit.h"
#include "proto/base/buf.h"
#include "proto/base/mem.h"

#define CLEAR_LINE "\r\033[K"

enum {
    READ_BYTES = 4096,
    COLUMNS_DEFAULT = 80,
};

struct terminal {
    struct loop *loop;
    const struct terminal_events *events;
    void *owner;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tty_t tty;
        uv_pipe_t pipe;
    } in;
    struct loop_task read_file; /* a file is not waited for, but read */
    bool is_file;
    bool interactive;
    bool wanted;
    bool ended;
    struct line_edit edit;
    struct buf partial; /* the beginning of a line that is not typed */
    struct buf prompt;
    char bytes[READ_BYTES];
};

/* ---- the screen ---- */

static size_t columns(void) {
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return COLUMNS_DEFAULT;
    }
    return size.ws_col;
}

/* The end of what does not fit is what is being typed. */
static void draw(struct terminal *t) {
    size_t room = columns() - 1;
    struct buf out;
    struct buf text;
    struct slice prompt = clean_tail(buf_slice(&t->prompt), room / 2);

    buf_init(&out);
    buf_init(&text);
    buf_add_str(&out, CLEAR_LINE);
    buf_add(&out, prompt);
    clean_line(&text, buf_slice(&t->edit.text));
    buf_add(&out, clean_tail(buf_slice(&text), room - clean_width(prompt)));
    (void)fwrite(out.p, 1, out.n, stdout);
    (void)fflush(stdout);
    buf_fini(&text);
    buf_fini(&out);
}

void terminal_print(struct terminal *t, struct slice line) {
    if (t->interactive) {
        (void)fputs(CLEAR_LINE, stdout);
    }
    (void)fwrite(line.p, 1, line.n, stdout);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    if (t->interactive) {
        draw(t);
    }
}

void terminal_prompt(struct terminal *t, struct slice prompt) {
    if (t->interactive && !slice_eq(prompt, buf_slice(&t->prompt))) {
        buf_clear(&t->prompt);
        buf_add(&t->prompt, prompt);
        draw(t);
    }
}

/* ---- what is typed ---- */

static void end(struct terminal *t) {
    if (!t->ended) {
        t->ended = t->interactive ? false : true; /* ^C may come twice */
        t->events->on_end(t->owner);
    }
}

static void enter(struct terminal *t) {
    struct buf line = t->edit.text;

    buf_init(&t->edit.text);
    draw(t);
    t->events->on_line(t->owner, buf_slice(&line));
    buf_fini(&line);
}

static void on_key(struct terminal *t, uint8_t byte) {
    switch (line_edit_feed(&t->edit, byte)) {
    case KEY_NOTHING:
    case KEY_REDRAW:
    case KEY_CHANGED:
        break;
    case KEY_ENTER:
        enter(t);
        break;
    case KEY_END:
    case KEY_BREAK:
        end(t);
        break;
    }
}

static void on_keys(struct terminal *t, struct slice bytes) {
    for (size_t i = 0; i < bytes.n; i++) {
        on_key(t, bytes.p[i]);
    }
    draw(t);
    if (t->edit.text.n > 0 && t->edit.text.p[0] != '/') {
        t->events->on_typing(t->owner);
    }
}

/* ---- what is read ---- */

static void take_line(struct terminal *t) {
    struct buf line = t->partial;

    buf_init(&t->partial);
    t->events->on_line(t->owner, buf_slice(&line));
    buf_fini(&line);
}

static void on_bytes(struct terminal *t, struct slice bytes) {
    while (bytes.n > 0) {
        size_t n = slice_find(bytes, '\n');
        bool whole = n < bytes.n;

        buf_add(&t->partial, slice_take(bytes, n));
        bytes = slice_drop(bytes, whole ? n + 1 : n);
        if (whole || t->partial.n >= TERMINAL_LINE_MAX) {
            take_line(t);
        }
    }
}

static void on_eof(struct terminal *t) {
    t->wanted = false;
    if (t->partial.n > 0) {
        take_line(t);
    }
    end(t);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    struct terminal *t = handle->data;

    (void)suggested;
    *out = uv_buf_init(t->bytes, sizeof(t->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
    struct terminal *t = stream->data;

    loop_wake(t->loop);
    if (n < 0) {
        (void)uv_read_stop(stream);
        on_eof(t);
    } else if (t->interactive) {
        on_keys(t, slice_of(buf->base, (size_t)n));
    } else {
        on_bytes(t, slice_of(buf->base, (size_t)n));
    }
}

static void on_read_file(struct loop_task *task) {
    struct terminal *t = CONTAINER_OF(task, struct terminal, read_file);
    ssize_t n = t->wanted ? read(STDIN_FILENO, t->bytes, sizeof(t->bytes)) : 1;

    if (!t->wanted) {
        return;
    }
    if (n <= 0) {
        on_eof(t);
        return;
    }
    on_bytes(t, slice_of(t->bytes, (size_t)n));
    loop_defer(t->loop, task);
}

void terminal_want(struct terminal *t, bool lines) {
    if (lines == t->wanted || (lines && t->ended)) {
        return;
    }
    t->wanted = lines;
    if (t->is_file && lines) {
        loop_defer(t->loop, &t->read_file);
    } else if (!t->is_file && lines) {
        (void)uv_read_start(&t->in.stream, on_alloc, on_read);
    } else if (!t->is_file) {
        (void)uv_read_stop(&t->in.stream);
    }
}

/* ---- its life ---- */

static void give_back(void) {
    (void)uv_tty_reset_mode();
}

/* A terminal is opened anew by libuv, so that its modes of reading are not
 * those of the shell's. */
static int open_tty(struct terminal *t) {
    int err = uv_tty_init(&t->loop->uv, &t->in.tty, STDIN_FILENO, 0);

    if (err == 0 && t->interactive) {
        (void)atexit(give_back);
        err = uv_tty_set_mode(&t->in.tty, UV_TTY_MODE_RAW);
    }
    return err;
}

static int open_input(struct terminal *t) {
    uv_handle_type type = uv_guess_handle(STDIN_FILENO);
    int err;

    if (type == UV_TTY) {
        return open_tty(t);
    }
    if (type == UV_NAMED_PIPE || type == UV_TCP) {
        err = uv_pipe_init(&t->loop->uv, &t->in.pipe, 0);
        return err == 0 ? uv_pipe_open(&t->in.pipe, STDIN_FILENO) : err;
    }
    t->is_file = true;
    return type == UV_UNKNOWN_HANDLE ? UV_EBADF : 0;
}

enum rc terminal_open(struct terminal **out, struct loop *l, bool interactive,
                      const struct terminal_events *events, void *owner) {
    struct terminal *t = mem_new(sizeof(*t));
    int err;

    t->loop = l;
    t->events = events;
    t->owner = owner;
    t->interactive =
        interactive && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    line_edit_init(&t->edit);
    buf_init(&t->partial);
    buf_init(&t->prompt);
    loop_task_init(&t->read_file, on_read_file);
    err = open_input(t);
    if (err != 0) {
        fprintf(stderr, "moimctl: cannot read the standard input: %s\n",
                uv_strerror(err));
        mem_free(t);
        return RC_BACKEND;
    }
    t->in.handle.data = t;
    terminal_want(t, true);
    *out = t;
    return RC_OK;
}

static void terminal_free(struct terminal *t) {
    line_edit_fini(&t->edit);
    buf_fini(&t->partial);
    buf_fini(&t->prompt);
    mem_free(t);
}

static void on_closed(uv_handle_t *handle) {
    terminal_free(handle->data);
}

void terminal_close(struct terminal *t) {
    if (t->interactive) {
        (void)fputs(CLEAR_LINE, stdout);
        (void)fflush(stdout);
        give_back();
    }
    loop_undefer(&t->read_file);
    if (t->is_file) {
        terminal_free(t);
    } else {
        uv_close(&t->in.handle, on_closed);
    }
}

bool terminal_interactive(const struct terminal *t) {
    return t->interactive;
}
