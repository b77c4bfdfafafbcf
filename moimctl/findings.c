#include "moimctl/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "moimctl/clean.h"

enum {
    LINE_MAX_BYTES = 512,
};

static const char *const words[] = {
    [FINDING_OK] = "ok",
    [FINDING_WARN] = "warn",
    [FINDING_FAIL] = "fail",
};

void findings_begin(struct findings *f, bool as_json) {
    *f = (struct findings){.as_json = as_json};
    buf_init(&f->json);
    f->out = json_out(&f->json);
    json_begin_obj(&f->out);
    json_field_arr(&f->out, "checks");
}

static void print(enum finding how, const char *check, struct slice text,
                  const char *remedy) {
    printf("%-5s %-14s %.*s\n", words[how], check, (int)text.n,
           (const char *)text.p);
    if (how != FINDING_OK) {
        printf("%20s -> %s\n", "", remedy);
    }
    (void)fflush(stdout); /* the next look may take a while */
}

static void put(struct findings *f, enum finding how, const char *check,
                struct slice text, const char *remedy) {
    struct json_out o;
    struct buf one;

    buf_init(&one);
    o = json_out(&one);
    json_begin_obj(&o);
    json_field_str(&o, "check", slice_str(check));
    json_field_str(&o, "status", slice_str(words[how]));
    json_field_str(&o, "text", text);
    if (how != FINDING_OK) {
        json_field_str(&o, "remedy", slice_str(remedy));
    }
    json_end_obj(&o);
    json_item_raw(&f->out, buf_slice(&one));
    buf_fini(&one);
}

void findings_add(struct findings *f, enum finding how, const char *check,
                  const char *remedy, const char *fmt, ...) {
    char line[LINE_MAX_BYTES];
    struct buf text;
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    buf_init(&text);
    clean_line(&text, slice_str(line));
    f->counts[how]++;
    if (f->as_json) {
        put(f, how, check, buf_slice(&text), remedy);
    } else {
        print(how, check, buf_slice(&text), remedy);
    }
    buf_fini(&text);
}

enum ctl_exit findings_end(struct findings *f) {
    bool good = f->counts[FINDING_FAIL] == 0;

    json_end_arr(&f->out);
    json_field_bool(&f->out, "ok", good);
    json_end_obj(&f->out);
    if (f->as_json) {
        printf("%.*s\n", (int)f->json.n, (const char *)f->json.p);
    } else {
        printf("\n%u ok, %u to think about, %u wrong\n", f->counts[FINDING_OK],
               f->counts[FINDING_WARN], f->counts[FINDING_FAIL]);
    }
    buf_fini(&f->json);
    return good ? CTL_OK : CTL_FAILED;
}
