#include "gateway/ends.h"

#include "gateway/session.h"
#include "proto/base/macros.h"
#include "proto/wire/prom.h"
#include "proto/wire/ws.h"

static const struct end {
    uint16_t code;
    const char *label;
} all[ENDS_COUNT] = {
    {ENDS_LEFT, "left"},           {WS_CODE_NORMAL, "1000"},
    {WS_CODE_GOING_AWAY, "1001"},  {WS_CODE_PROTOCOL, "1002"},
    {WS_CODE_UNSUPPORTED, "1003"}, {WS_CODE_BAD_TEXT, "1007"},
    {WS_CODE_POLICY, "1008"},      {WS_CODE_TOO_BIG, "1009"},
    {WS_CODE_INTERNAL, "1011"},    {WS_CODE_RESTART, "1012"},
    {WS_CODE_TRY_LATER, "1013"},   {CLOSE_SLOW, "4000"},
    {CLOSE_TOKEN_EXPIRED, "4002"}, {CLOSE_RATE_LIMITED, "4003"},
    {CLOSE_NO_PONG, "4004"},       {CLOSE_BAD_REQUEST, "4500"},
    {CLOSE_UNAUTHORIZED, "4501"},  {CLOSE_AUTH_TIMEOUT, "4502"},
    {CLOSE_REVOKED, "4503"},       {CLOSE_TOO_MANY, "4505"},
    {UINT16_MAX, "other"},
};

void ends_add(struct ends *e, uint16_t code) {
    size_t i = 0;

    while (i < ENDS_COUNT - 1 && all[i].code != code) {
        i++;
    }
    e->counts[i]++;
}

void ends_put(const struct ends *e, const char *prefix, struct buf *out) {
    struct prom_part parts[ENDS_COUNT];

    for (size_t i = 0; i < ENDS_COUNT; i++) {
        parts[i] = (struct prom_part){all[i].label, e->counts[i]};
    }
    prom_parts(out, prefix,
               &(struct prom_metric){"disconnects_total", "counter",
                                     "Sessions that ended, by close code.", 0},
               "code", parts, ENDS_COUNT);
}
