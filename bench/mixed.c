/* mixed: what people do all day, in the shares of ask_day: messages to one and
 * to a group, read marks, typing, pages, lists, and who is there. */
#include <stdio.h>

#include "bench/proc.h"
#include "bench/report.h"
#include "bench/talk.h"
#include "proto/base/mem.h"

enum {
    MEMBERS_MOST = 200,
};

enum bench_exit mixed_run(const struct options *o) {
    struct options day = *o;
    struct talk_part part;
    struct talk *talk;
    struct report r;
    bool ok;

    if (o->members > MEMBERS_MOST || o->sessions % 2 != 0) {
        fprintf(stderr,
                "moim-bench: mixed needs an even number of sessions, in "
                "groups of at most %d\n",
                MEMBERS_MOST);
        return BENCH_USAGE;
    }
    report_init(&r, "mixed");
    report_add(&r, NULL, "load_before", proc_load(), "");
    report_add(&r, NULL, "sessions", (double)o->sessions, "");
    report_add(&r, NULL, "members", (double)o->members, "of each group");
    report_add(&r, NULL, "rate", (double)o->rate, "commands a second");
    day.mix = &ask_day;
    talk = mem_new(sizeof(*talk));
    ok = talk_whole(talk, &day, &part);
    if (ok) {
        talk_add_counts(&r, &talk->total);
        report_add(&r, NULL, "answered", (double)talk->total.answered,
                   "that are no messages");
        report_add(&r, NULL, "seconds", part.used.at_s, "s");
        report_add(&r, NULL, "per_s", part.per_s, "deliveries and answers");
        report_latency(&r, "latency_ms", &talk->latency);
        report_latency(&r, "answer_ms", &talk->answers);
        scenario_add_cpu(&r, &part.used, part.messages);
    }
    mem_free(talk);
    return scenario_publish(&r, o, ok);
}
