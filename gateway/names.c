#include "gateway/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "chat-core/ports/directory.h"
#include "proto/base/macros.h"

enum {
    CHARS_MAX = 32,
};

static const char *const reserved[] = {"admin", "administrator", "system",
                                       "moim",  "root",          "support"};

/* Letters, marks and digits; nothing invisible, no signs, no spaces. */
static bool is_word_char(ucs4_t c) {
    return uc_is_general_category_withtable(
        c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_Nd);
}

static bool is_joiner(ucs4_t c) {
    return c == '.' || c == '_' || c == '-';
}

/* Joiners stand between other characters, one at a time; a name that goes on
 * may end in one. */
static bool shape_ok(struct slice name, bool whole) {
    bool joiner_before = true;
    size_t chars = 0;

    while (name.n > 0) {
        ucs4_t c;
        int used = u8_mbtoucr(&c, name.p, name.n);

        if (used <= 0 || (!is_word_char(c) && !is_joiner(c)) ||
            (is_joiner(c) && joiner_before)) {
            return false;
        }
        joiner_before = is_joiner(c);
        name = slice_drop(name, (size_t)used);
        chars++;
    }
    return chars >= 1 && chars <= CHARS_MAX && !(whole && joiner_before);
}

/* Which of the rows `together` have the script, as bits. */
static unsigned rows_with(const char *script) {
    static const char *const together[][4] = {
        {"Latin", "Han", "Hiragana", "Katakana"},
        {"Latin", "Han", "Bopomofo", ""},
        {"Latin", "Han", "Hangul", ""},
    };
    unsigned rows = 0;

    for (unsigned i = 0; i < COUNT_OF(together); i++) {
        for (size_t k = 0; k < COUNT_OF(together[i]); k++) {
            rows |= strcmp(script, together[i][k]) == 0 ? BIT(i) : 0;
        }
    }
    return rows;
}

/* One script, or some that are written together. What is of all scripts, as
 * digits are, is with each. */
static bool scripts_ok(struct slice name) {
    const uc_script_t *first = NULL;
    unsigned rows = ~0U;
    bool alone = true;
    ucs4_t c;

    for (; name.n > 0;
         name = slice_drop(name, (size_t)u8_mbtoucr(&c, name.p, name.n))) {
        const uc_script_t *script;

        (void)u8_mbtoucr(&c, name.p, name.n); /* shape_ok has read it */
        script = uc_script(c);
        if (script == NULL || strcmp(script->name, "Common") == 0 ||
            strcmp(script->name, "Inherited") == 0) {
            continue;
        }
        first = first == NULL ? script : first;
        alone = alone && script == first;
        rows &= rows_with(script->name);
    }
    return alone || rows != 0;
}

static bool is_reserved(struct slice key) {
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        if (slice_is(key, reserved[i])) {
            return true;
        }
    }
    return false;
}

static enum rc fold(struct slice name, bool whole, struct buf *key) {
    enum rc rc = RC_BAD_INPUT;
    size_t n = 0;
    uint8_t *folded;

    if (name.n < 1 || name.n > NAME_MAX_BYTES || !shape_ok(name, whole) ||
        !scripts_ok(name)) {
        return RC_BAD_INPUT;
    }
    folded = u8_casefold(name.p, name.n, NULL, UNINORM_NFKC, NULL, &n);
    if (folded != NULL && n > 0 &&
        !(whole && is_reserved(slice_of(folded, n)))) {
        buf_add(key, slice_of(folded, n));
        rc = RC_OK;
    }
    free(folded);
    return rc;
}

enum rc name_key(struct slice name, struct buf *key) {
    return fold(name, true, key);
}

enum rc name_prefix_key(struct slice prefix, struct buf *key) {
    return fold(prefix, false, key);
}
