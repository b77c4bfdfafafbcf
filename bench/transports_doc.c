#include "bench/transports_doc.h"

#include <math.h>
#include <stddef.h>

#include "proto/base/macros.h"

enum {
    PANEL_W = 360,
    PANEL_H = 220,
    PLOT_X = 50,
    PLOT_Y = 34,
    PLOT_W = 290,
    PLOT_H = 140,
    BAR_W = 18,
};

const double transports_rates[TRANSPORTS_RATES] = {0.1, 1, 10};
const char *const transports_names[TRANSPORTS_WAYS] = {
    [TRANSPORT_SOCKET] = "WebSocket",
    [TRANSPORT_EVENTS] = "SSE",
    [TRANSPORT_LONG] = "long poll",
    [TRANSPORT_POLL] = "plain poll",
};

void transports_table(const struct transports_result *r, struct buf *out) {
    buf_add_str(out, "| Messages a second | Transport | Bytes | Requests | CPU "
                     "µs | p50 ms | p99 ms |\n"
                     "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t rate = 0; rate < TRANSPORTS_RATES; rate++) {
        for (size_t way = 0; way < TRANSPORTS_WAYS; way++) {
            const struct transports_cell *c = &r->cells[way][rate];

            buf_addf(out, "| %g | %s | %.0f | %.2f | %.0f | %.1f | %.1f |\n",
                     transports_rates[rate], transports_names[way], c->bytes,
                     c->requests, c->cpu_us, c->p50_ms, c->p99_ms);
        }
    }
}

/* ---- the picture: a panel for each figure, bars on a logarithmic scale ----
 */

static const struct panel {
    const char *title;
    size_t offset; /* of the figure in a cell */
    double low;    /* where the scale begins: what is less has no bar */
    double high;
} panels[] = {
    {"bytes on the wire per message", offsetof(struct transports_cell, bytes),
     100, 10000},
    {"requests per message", offsetof(struct transports_cell, requests), 0.01,
     100},
    {"gateway CPU, µs per message", offsetof(struct transports_cell, cpu_us), 1,
     10000},
    {"median latency, ms", offsetof(struct transports_cell, p50_ms), 0.1,
     10000},
};

static const char *const colours[TRANSPORTS_WAYS] = {"#2a6f97", "#61a5c2",
                                                     "#e09f3e", "#9e2a2b"};

static double value_of(const struct transports_cell *c, const struct panel *p) {
    return *(const double *)(const void *)((const char *)c + p->offset);
}

/* Pixels above the panel's ground. */
static double height_of(const struct panel *p, double value) {
    double share =
        value <= p->low ? 0 : log10(value / p->low) / log10(p->high / p->low);

    return PLOT_H * (share > 1 ? 1 : share);
}

static void put_text(struct buf *out, double x, double y, const char *anchor,
                     const char *text) {
    buf_addf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n",
             x, y, anchor, text);
}

static void put_scale(struct buf *out, const struct panel *p, double x,
                      double ground) {
    int decades = (int)lround(log10(p->high / p->low));
    char label[32];

    for (int i = 0; i <= decades; i++) {
        double v = p->low * pow(10, i);
        double y = ground - height_of(p, v);

        buf_addf(out,
                 "<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" "
                 "stroke=\"#ddd\"/>\n",
                 x, x + PLOT_W, y, y);
        (void)snprintf(label, sizeof(label), "%g", v);
        put_text(out, x - 5, y + 4, "end", label);
    }
}

static void put_panel(struct buf *out, const struct transports_result *r,
                      const struct panel *p, double left, double top) {
    double x = left + PLOT_X;
    double ground = top + PLOT_Y + PLOT_H;
    char label[32];

    put_text(out, x, top + 20, "start", p->title);
    put_scale(out, p, x, ground);
    for (size_t rate = 0; rate < TRANSPORTS_RATES; rate++) {
        double group = x + 12 + (double)rate * PLOT_W / TRANSPORTS_RATES;

        (void)snprintf(label, sizeof(label), "%g/s", transports_rates[rate]);
        put_text(out, group + BAR_W * 2, ground + 16, "middle", label);
        for (size_t way = 0; way < TRANSPORTS_WAYS; way++) {
            double h = height_of(p, value_of(&r->cells[way][rate], p));

            buf_addf(out,
                     "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" "
                     "height=\"%.1f\" fill=\"%s\"/>\n",
                     group + (double)way * BAR_W, ground - h, BAR_W - 2, h,
                     colours[way]);
        }
    }
}

void transports_picture(const struct transports_result *r, struct buf *out) {
    int width = 2 * PANEL_W;
    int height = 2 * PANEL_H + 30;

    buf_addf(out,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
             "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
             "font-size=\"12\">\n"
             "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
             width, height, width, height, width, height);
    for (size_t i = 0; i < COUNT_OF(panels); i++) {
        put_panel(out, r, &panels[i], (double)(i % 2) * PANEL_W,
                  i < 2 ? 0 : PANEL_H);
    }
    for (size_t way = 0; way < TRANSPORTS_WAYS; way++) {
        double x = PLOT_X + (double)way * 150;

        buf_addf(out,
                 "<rect x=\"%.0f\" y=\"%d\" width=\"12\" height=\"12\" "
                 "fill=\"%s\"/>\n",
                 x, 2 * PANEL_H + 6, colours[way]);
        put_text(out, x + 18, 2 * PANEL_H + 17, "start", transports_names[way]);
    }
    buf_add_str(out, "</svg>\n");
}
