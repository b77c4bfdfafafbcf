#include "bench/deflate.h"

#include <stdio.h>
#include <time.h>

#include "proto/base/buf.h"
#include "proto/base/macros.h"
#include "proto/base/rand.h"
#include "proto/wire/ws_deflate.h"

enum {
    MESSAGES = 64,           /* different ones of a size */
    PACKED_BYTES = 32 << 20, /* in all, of a size: long enough for the clock */
};

/* Said in no order, a text has about the entropy of a chat: words repeat,
 * sentences do not. */
static const char *const words[] = {
    "the",    "meeting",   "is",     "at",     "four",   "today",     "and",
    "I",      "have",      "not",    "read",   "what",   "you",       "wrote",
    "about",  "migration", "yet",    "could",  "we",     "move",      "it",
    "to",     "tomorrow",  "lunch",  "sounds", "good",   "train",     "late",
    "오늘",   "회의는",    "네",     "시에",   "시작",   "합니다",    "아직",
    "자료를", "못",        "봤어요", "내일",   "점심",   "어때요",    "기차가",
    "늦어서", "조금",      "늦을",   "것",     "같아요", "감사합니다"};

/* An event as a client gets it, of `bytes` or a word more. */
static void write_message(struct buf *out, struct rand *r, size_t bytes) {
    buf_addf(
        out,
        "{\"type\":\"event\",\"conv\":\"0%012llx\",\"seq\":%u,"
        "\"ts\":%llu,\"from\":\"0%012llx\",\"kind\":\"message\","
        "\"msg\":\"%016llx\",\"body\":{\"text\":\"",
        (unsigned long long)rand_u64(r) >> 16, (unsigned)rand_below(r, 100000),
        1763720000000 + (unsigned long long)rand_below(r, 1000000000),
        (unsigned long long)rand_u64(r) >> 16, (unsigned long long)rand_u64(r));
    while (out->n + 3 < bytes) {
        buf_add_str(out, words[rand_below(r, COUNT_OF(words))]);
        buf_add_byte(out, ' ');
    }
    buf_add_str(out, "\"}}");
}

static double cpu_us(void) {
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(struct ws_deflate *d, const struct buf *messages,
                    size_t bytes) {
    size_t rounds = PACKED_BYTES / MESSAGES / bytes;
    size_t sent = 0;
    double began_us = cpu_us();
    double each_us;

    for (size_t i = 0; i < rounds * MESSAGES; i++) {
        struct slice whole = buf_slice(&messages[i % MESSAGES]);
        struct slice packed;

        sent += ws_deflate_pack(d, whole, &packed) ? packed.n : whole.n;
    }
    each_us = (cpu_us() - began_us) / (double)(rounds * MESSAGES);
    printf("%8zu %12.1f %12zu\n", bytes, each_us, sent / rounds / MESSAGES);
}

void deflate_figures(void) {
    static const size_t sizes[] = {1024, 2048, 4096, 8192, 16384};
    struct ws_deflate *d = ws_deflate_new(0);
    struct rand r;

    rand_seed(&r, 1);
    printf("   bytes  CPU us each   bytes sent\n");
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct buf messages[MESSAGES];

        for (size_t k = 0; k < MESSAGES; k++) {
            buf_init(&messages[k]);
            write_message(&messages[k], &r, sizes[i]);
        }
        measure(d, messages, sizes[i]);
        for (size_t k = 0; k < MESSAGES; k++) {
            buf_fini(&messages[k]);
        }
    }
    ws_deflate_free(&d);
}
