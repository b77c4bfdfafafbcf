#include "bench/plot.h"

#include <math.h>
#include <string.h>

enum { /* of the picture, in pixels */
    WIDTH = 760,
    LEFT = 240, /* where bars begin */
    BAR_MOST = 360,
    ROW = 20,
    BAR = 14,
    MARGIN = 16,
};

static const char head[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
    "font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n"
    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
    "<text x=\"%d\" y=\"%d\" font-size=\"16\" font-weight=\"bold\">%s</text>\n";

/* The same group, or both none. */
static bool same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool drawn(const struct figure *f) {
    return f->group != NULL && !isnan(f->value);
}

/* The longest bar of the group of figure `i`. */
static double most_of(const struct report *r, size_t i) {
    double most = 0;

    for (size_t k = 0; k < r->count; k++) {
        const struct figure *f = &r->figures[k];

        if (drawn(f) && same(f->group, r->figures[i].group)) {
            most = fmax(most, f->value);
            most = isnan(f->limit) ? most : fmax(most, f->limit);
        }
    }
    return most;
}

/* NAN, as of a group without bars, and what is below 0 have no length. */
static double length_of(double value, double most) {
    return most > 0 && value > 0 ? value / most * BAR_MOST : 0;
}

static void put_bar(const struct figure *f, double most, int y,
                    struct buf *out) {
    double length = length_of(f->value, most);

    buf_addf(out,
             "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
             "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
             "fill=\"%s\"/>\n",
             LEFT - 8, y + BAR - 2, f->key, LEFT, y, length, BAR,
             f->value > f->limit ? "#c0504d" : "#4f81bd");
    if (!isnan(f->limit)) {
        double at = LEFT + length_of(f->limit, most);

        buf_addf(out,
                 "<path d=\"M%.1f %d v%d\" stroke=\"#222\" "
                 "stroke-width=\"2\"/>\n",
                 at, y - 2, BAR + 4);
        length = fmax(length, at - LEFT);
    }
    buf_addf(out, "<text x=\"%.1f\" y=\"%d\">%.4g</text>\n", LEFT + length + 6,
             y + BAR - 2, f->value);
}

static void put_title(const char *group, int y, struct buf *out) {
    buf_addf(out, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n",
             MARGIN, y + BAR - 2, group);
}

/* Answers how far down it came. */
static int put_all(const struct report *r, struct buf *out) {
    const char *group = NULL;
    int y = MARGIN + 2 * ROW;

    for (size_t i = 0; i < r->count; i++) {
        const struct figure *f = &r->figures[i];

        if (!drawn(f)) {
            continue;
        }
        if (!same(group, f->group)) {
            group = f->group;
            put_title(group, y, out);
            y += ROW;
        }
        put_bar(f, most_of(r, i), y, out);
        y += ROW;
    }
    return y;
}

void plot_svg(const struct report *r, struct buf *out) {
    struct buf bars;
    int height;

    buf_init(&bars);
    height = put_all(r, &bars) + MARGIN;
    buf_addf(out, head, WIDTH, height, MARGIN, MARGIN + 14, r->scenario);
    buf_add(out, buf_slice(&bars));
    buf_add_str(out, "</svg>\n");
    buf_fini(&bars);
}
