/* Parameters in, rows out, and the meaning of errors. */
#include "storage/pg_query.h"

#include <assert.h>
#include <libpq-fe.h>
#include <string.h>

void pg_args_init(struct pg_args *a) {
    *a = (struct pg_args){0};
    buf_init(&a->text);
}

void pg_args_fini(struct pg_args *a) {
    buf_fini(&a->text);
}

/* Begins the next value; the caller writes it and ends it with a NUL. */
static void next_value(struct pg_args *a) {
    assert(a->count < PG_ARGS_MAX);
    a->at[a->count] = a->text.n;
    a->count++;
}

void pg_args_num(struct pg_args *a, uint64_t v) {
    next_value(a);
    a->bad = a->bad || v > INT64_MAX;
    buf_add_u64(&a->text, v);
    buf_add_byte(&a->text, '\0');
}

void pg_args_id(struct pg_args *a, uint64_t id) {
    a->bad = a->bad || id == 0;
    pg_args_num(a, id);
}

/* A NUL would end the value early, so it is refused and not sent. */
void pg_args_text(struct pg_args *a, struct slice text, size_t max) {
    next_value(a);
    if (text.n > max || slice_find(text, '\0') != text.n) {
        a->bad = true;
    } else {
        buf_add(&a->text, text);
    }
    buf_add_byte(&a->text, '\0');
}

/* One element of an array literal, '{1,2,3}'. */
static void add_element(struct pg_args *a, size_t i, uint64_t v) {
    a->bad = a->bad || v > INT64_MAX;
    buf_add_byte(&a->text, i == 0 ? '{' : ',');
    buf_add_u64(&a->text, v);
}

static void end_array(struct pg_args *a, size_t count) {
    buf_add_str(&a->text, count == 0 ? "{}" : "}");
    buf_add_byte(&a->text, '\0');
}

void pg_args_users(struct pg_args *a, const struct user_id *ids, size_t count) {
    next_value(a);
    for (size_t i = 0; i < count; i++) {
        a->bad = a->bad || ids[i].v == 0;
        add_element(a, i, ids[i].v);
    }
    end_array(a, count);
}

void pg_args_nums(struct pg_args *a, const uint64_t *v, size_t count) {
    next_value(a);
    for (size_t i = 0; i < count; i++) {
        add_element(a, i, v[i]);
    }
    end_array(a, count);
}

void pg_args_values(const struct pg_args *a, const char *out[PG_ARGS_MAX]) {
    for (int i = 0; i < a->count; i++) {
        out[i] = (const char *)a->text.p + a->at[i];
    }
}

size_t pg_rows(const struct pg_result *res) {
    int n = PQntuples(res);

    return n > 0 ? (size_t)n : 0;
}

void pg_row_init(struct pg_row *r, const struct pg_result *res, size_t row) {
    assert(row < pg_rows(res));
    *r = (struct pg_row){.res = res, .row = (int)row};
}

/* Takes the next field, or fails and answers an empty slice. */
static struct slice take(struct pg_row *r) {
    struct slice empty = {0};
    int len;

    if (r->bad || r->col >= PQnfields(r->res) ||
        PQgetisnull(r->res, r->row, r->col) != 0) {
        r->bad = true;
        return empty;
    }
    len = PQgetlength(r->res, r->row, r->col);
    r->col++;
    return slice_of(PQgetvalue(r->res, r->row, r->col - 1), (size_t)len);
}

uint64_t pg_row_num(struct pg_row *r, uint64_t max) {
    struct slice text = take(r);
    uint64_t v = 0;

    if (r->bad || !slice_to_u64(text, &v) || v > max) {
        r->bad = true;
        return 0;
    }
    return v;
}

bool pg_row_bool(struct pg_row *r) {
    struct slice text = take(r);

    if (!slice_is(text, "t") && !slice_is(text, "f")) {
        r->bad = true;
    }
    return !r->bad && slice_is(text, "t");
}

struct slice pg_row_text(struct pg_row *r, size_t max) {
    struct slice text = take(r);

    if (text.n > max) {
        r->bad = true;
        return (struct slice){0};
    }
    return text;
}

bool pg_row_null(struct pg_row *r) {
    if (r->bad || r->col >= PQnfields(r->res) ||
        PQgetisnull(r->res, r->row, r->col) == 0) {
        return false;
    }
    r->col++;
    return true;
}

bool pg_row_done(const struct pg_row *r) {
    return !r->bad && r->col == PQnfields(r->res);
}

struct pg_verdict pg_verdict(const char *sqlstate) {
    /* The first row whose code begins the SQLSTATE decides; the last one
     * begins all of them. */
    static const struct {
        const char *code;
        struct pg_verdict verdict;
    } known[] = {
        {"23505", {RC_CONFLICT, PG_KEEP, true}},  /* unique key */
        {"23503", {RC_NOT_FOUND, PG_KEEP, true}}, /* foreign key */
        {"23", {RC_BAD_INPUT, PG_KEEP, false}},   /* other constraints */
        {"22", {RC_BAD_INPUT, PG_KEEP, false}},   /* data, encoding */
        {"40", {RC_AGAIN, PG_RETRY, false}},      /* deadlock, serialization */
        {"57014", {RC_TIMEOUT, PG_KEEP, false}},  /* statement_timeout */
        {"55P03", {RC_TIMEOUT, PG_KEEP, false}},  /* lock_timeout */
        {"53", {RC_AGAIN, PG_KEEP, false}},       /* disk or memory full */
        {"25006", {RC_AGAIN, PG_DROP, false}},    /* a standby after failover */
        {"26000", {RC_AGAIN, PG_DROP, false}},    /* statement not prepared */
        {"0A000", {RC_AGAIN, PG_DROP, false}},    /* prepared, then migrated */
        {"57P", {RC_BACKEND, PG_DROP, false}},    /* shutting down */
        {"08", {RC_BACKEND, PG_DROP, false}},     /* connection */
        {"", {RC_BACKEND, PG_KEEP, false}},
    };
    size_t i = 0;

    if (sqlstate == NULL) {
        return (struct pg_verdict){RC_BACKEND, PG_DROP, false};
    }
    while (strncmp(sqlstate, known[i].code, strlen(known[i].code)) != 0) {
        i++;
    }
    return known[i].verdict;
}
