#include "moimctl/frame.h"

#include "proto/base/mem.h"

/* Where the scan is. Depth counts open brackets: 1 is inside the object, 2
 * inside one of its members. */
struct scan {
    struct slice text;
    size_t at;
    size_t depth;
    bool in_array; /* the member at depth 2 is an array: its text is cut out */
    size_t item;   /* where the element began */
};

void frame_init(struct frame *f) {
    *f = (struct frame){0};
    json_doc_init(&f->doc);
    buf_init(&f->outline);
}

void frame_fini(struct frame *f) {
    json_doc_fini(&f->doc);
    buf_fini(&f->outline);
    mem_free(f->items);
    f->items = NULL;
}

/* The end of the string that begins at `at`. */
static size_t skip_string(struct slice text, size_t at) {
    for (at++; at < text.n && text.p[at] != '"'; at++) {
        if (text.p[at] == '\\') {
            at++;
        }
    }
    return at < text.n ? at : text.n - 1;
}

static void add_item(struct frame *f, struct scan *s) {
    struct slice item = slice_of(s->text.p + s->item, s->at - s->item);

    while (item.n > 0 && item.p[0] <= ' ') {
        item = slice_drop(item, 1);
    }
    if (item.n == 0) {
        return;
    }
    if (f->item_count == f->item_cap) {
        f->item_cap = f->item_cap == 0 ? 32 : 2 * f->item_cap;
        f->items = mem_resize(f->items, f->item_cap * sizeof(*f->items));
    }
    f->items[f->item_count++] = item;
}

static void open_bracket(struct scan *s, uint8_t c) {
    s->depth++;
    if (s->depth == 2) {
        s->in_array = c == '[';
        s->item = s->at + 1;
    }
}

static void close_bracket(struct frame *f, struct scan *s) {
    if (s->depth == 2 && s->in_array) {
        add_item(f, s);
        s->in_array = false;
    }
    s->depth--;
}

/* One character, or one whole string. Whatever is no JSON shows itself when
 * the parts are read: the scan only has to stay inside the text. */
static void step(struct frame *f, struct scan *s) {
    uint8_t c = s->text.p[s->at];
    bool inside = s->in_array;
    size_t end = s->at;

    if (c == '"') {
        end = skip_string(s->text, s->at);
    } else if (c == '{' || c == '[') {
        open_bracket(s, c);
    } else if ((c == '}' || c == ']') && s->depth > 0) {
        close_bracket(f, s);
    } else if (c == ',' && s->depth == 2 && s->in_array) {
        add_item(f, s);
        s->item = s->at + 1;
    }
    if (!inside || !s->in_array) {
        buf_add(&f->outline, slice_of(s->text.p + s->at, end - s->at + 1));
    }
    s->at = end + 1;
}

static enum rc read_object(struct frame *f, struct slice text) {
    enum rc rc = json_read(&f->doc, text);

    if (rc != RC_OK && rc != RC_DENIED) {
        return RC_BAD_INPUT;
    }
    return json_kind(&f->doc, 0) == JSON_KIND_OBJECT ? RC_OK : RC_BAD_INPUT;
}

enum rc frame_read(struct frame *f, struct slice text) {
    struct scan s = {.text = text};

    f->item_count = 0;
    buf_clear(&f->outline);
    while (s.at < text.n) {
        step(f, &s);
    }
    return read_object(f, buf_slice(&f->outline));
}

enum rc frame_item(struct frame *f, size_t i) {
    return read_object(f, f->items[i]);
}

struct slice frame_str(const struct frame *f, size_t object, const char *name) {
    size_t i = json_member(&f->doc, object, name);

    if (i == 0 || json_kind(&f->doc, i) != JSON_KIND_STRING) {
        return slice_of(NULL, 0);
    }
    return json_text(&f->doc, i);
}

uint64_t frame_u64(const struct frame *f, size_t object, const char *name) {
    size_t i = json_member(&f->doc, object, name);
    uint64_t v = 0;

    if (i != 0) {
        (void)json_u64(&f->doc, i, &v);
    }
    return v;
}

uint64_t frame_id(const struct frame *f, size_t object, const char *name) {
    uint64_t v = 0;

    (void)id_parse(frame_str(f, object, name), &v);
    return v;
}

bool frame_bool(const struct frame *f, size_t object, const char *name) {
    size_t i = json_member(&f->doc, object, name);
    bool v = false;

    if (i != 0) {
        (void)json_bool(&f->doc, i, &v);
    }
    return v;
}

bool frame_is(const struct frame *f, const char *type) {
    return slice_is(frame_str(f, 0, "type"), type);
}
