#include "moimctl/link.h"

#include <stddef.h>

#include "moimctl/clean.h"
#include "proto/base/macros.h"

/* Codes from 4000 to 4499 say "come back", those from 4500 on "do not". */
enum {
    FIRST_FINAL = 4500,
    LAST_FINAL = 4999,
};

static const struct {
    const char *text;
    enum link_verdict verdict;
    uint16_t code;
} codes[] = {
    {"goodbye", LINK_RETRY, 1000},
    {"the server goes away", LINK_RETRY, 1001},
    {"the protocol was broken", LINK_RETRY, 1002},
    {"closed without a word", LINK_RETRY, 1005},
    {"no connection", LINK_RETRY, 1006},
    {"against the server's policy", LINK_RETRY, 1008},
    {"a message was too big", LINK_RETRY, 1009},
    {"a mistake in the server", LINK_RETRY, 1011},
    {"the server restarts", LINK_RETRY, 1012},
    {"the server is not ready", LINK_RETRY, 1013},
    {"we were too slow", LINK_RETRY, 4000},
    {"the token has expired", LINK_LOGIN, 4002},
    {"too many messages", LINK_RETRY, 4003},
    {"we did not answer a ping", LINK_RETRY, 4004},
    {"the token is not valid", LINK_LOGIN, 4501},
};

static enum link_verdict judge_status(unsigned status) {
    if (status == 401) {
        return LINK_LOGIN;
    }
    if (status >= 400 && status <= 499 && status != 408 && status != 429) {
        return LINK_GIVE_UP;
    }
    return LINK_RETRY;
}

enum link_verdict link_judge(unsigned status, uint16_t code) {
    if (status != 0) {
        return judge_status(status);
    }
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i].code == code) {
            return codes[i].verdict;
        }
    }
    return code >= FIRST_FINAL && code <= LAST_FINAL ? LINK_GIVE_UP
                                                     : LINK_RETRY;
}

static const char *code_str(uint16_t code) {
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i].code == code) {
            return codes[i].text;
        }
    }
    return "";
}

void link_describe(struct buf *out, unsigned status, uint16_t code,
                   struct slice reason) {
    if (status != 0) {
        buf_addf(out, "refused with status %u", status);
        return;
    }
    clean_line(out, reason.n > 0 ? reason : slice_str(code_str(code)));
    buf_addf(out, out->n == 0 ? "code %u" : " (%u)", code);
}
