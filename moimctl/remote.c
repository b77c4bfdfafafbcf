#include "moimctl/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "moimctl/clean.h"
#include "moimctl/secret.h"
#include "proto/base/mem.h"
#include "proto/net/http_client.h"
#include "proto/wire/json_write.h"

enum {
    TOKEN_CHARS_MAX = 1024,
    RETRY_FLOOR_MS = 50,
};

enum ctl_exit remote_open(struct remote *r, const char *url, const char *ca) {
    *r = (struct remote){0};
    if (target_find(url, &r->target) != RC_OK) {
        return CTL_USAGE;
    }
    if (ca == NULL) {
        ca = getenv("MOIMCTL_CA");
    }
    if (r->target.tls && tls_client_open(&r->tls, ca) != RC_OK) {
        return CTL_USAGE;
    }
    if (loop_init(&r->loop) != RC_OK) {
        tls_client_close(&r->tls);
        return CTL_UNAVAILABLE;
    }
    buf_init(&r->token);
    buf_init(&r->body);
    frame_init(&r->frame);
    return CTL_OK;
}

void remote_close(struct remote *r) {
    if (r->token.n > 0) {
        explicit_bzero(r->token.p, r->token.n);
    }
    buf_fini(&r->token);
    buf_fini(&r->body);
    frame_fini(&r->frame);
    mem_free(r->name);
    loop_fini(&r->loop);
    tls_client_close(&r->tls);
}

static void on_answer(void *ctx, enum rc rc, const struct http_answer *answer,
                      struct slice body) {
    struct remote *r = ctx;

    if (rc == RC_OK) {
        r->status = answer->status;
        buf_add(&r->body, body);
    }
    loop_stop(&r->loop);
}

static enum ctl_exit ask(struct remote *r, struct http_client_request *q) {
    struct http_client *client;

    r->status = 0;
    buf_clear(&r->body);
    q->address = r->target.address;
    q->host = r->target.host;
    q->tls = r->tls;
    q->tls_name = r->target.name;
    clock_update(&r->loop.clock); /* no loop has run since the last time */
    if (http_client_request(&client, &r->loop, q, on_answer, r) != RC_OK) {
        return CTL_UNAVAILABLE;
    }
    loop_run(&r->loop);
    return r->status == 0 ? CTL_UNAVAILABLE : CTL_OK;
}

enum ctl_exit remote_get(struct remote *r, const char *path,
                         uint64_t timeout_ms) {
    struct http_client_request q = {
        .method = "GET", .path = path, .headers = "", .timeout_ms = timeout_ms};

    return ask(r, &q);
}

static enum ctl_exit post_once(struct remote *r, const char *path,
                               struct slice json) {
    struct http_client_request q = {.method = "POST",
                                    .path = path,
                                    .body = json,
                                    .timeout_ms = REMOTE_TIMEOUT_MS};
    struct buf headers;
    enum ctl_exit end;

    buf_init(&headers);
    buf_add_str(&headers, "Content-Type: application/json\r\n");
    if (r->token.n > 0) {
        buf_add_str(&headers, "Authorization: Bearer ");
        buf_add(&headers, buf_slice(&r->token));
        buf_add_str(&headers, "\r\n");
    }
    buf_add_byte(&headers, '\0');
    q.headers = (const char *)headers.p;
    end = ask(r, &q);
    buf_fini(&headers);
    if (end == CTL_OK && frame_read(&r->frame, buf_slice(&r->body)) != RC_OK) {
        r->status = 0; /* whoever answered was not a gateway */
        return CTL_UNAVAILABLE;
    }
    return end;
}

/* How long we were told to wait; 0: the answer is final. */
static uint64_t told_to_wait(const struct remote *r) {
    uint64_t ms = 0;

    if (r->status == 429 || r->status == 503) {
        ms = frame_u64(&r->frame, 0, "retry_after_ms");
        ms = ms < RETRY_FLOOR_MS ? RETRY_FLOOR_MS : ms;
    }
    return ms;
}

static void wait_ms(uint64_t ms) {
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};

    (void)nanosleep(&t, NULL);
}

enum ctl_exit remote_post(struct remote *r, const char *path,
                          struct slice json) {
    enum ctl_exit end = post_once(r, path, json);
    uint64_t spent = 0;
    uint64_t ms = 0;

    while (end == CTL_OK && (ms = told_to_wait(r)) > 0) {
        if (spent + ms > REMOTE_PATIENCE_MS) {
            return CTL_UNAVAILABLE;
        }
        wait_ms(ms);
        spent += ms;
        end = post_once(r, path, json);
    }
    if (end == CTL_OK && (r->status < 200 || r->status > 299)) {
        return CTL_FAILED;
    }
    return end;
}

bool remote_refused(const struct remote *r, const char *code) {
    return r->status != 0 && slice_is(frame_str(&r->frame, 0, "code"), code);
}

void remote_complain(const struct remote *r, const char *what) {
    struct slice field;
    struct buf text;

    if (r->status == 0 && r->tls != NULL && tls_client_why(r->tls)[0] != '\0') {
        fprintf(stderr,
                "moimctl: %s: no TLS with %s: %s (--ca FILE names who "
                "may certify it)\n",
                what, r->target.host, tls_client_why(r->tls));
        return;
    }
    if (r->status == 0) {
        fprintf(stderr, "moimctl: %s: no answer from %s\n", what,
                r->target.host);
        return;
    }
    buf_init(&text);
    field = frame_str(&r->frame, 0, "field");
    clean_line(&text, frame_str(&r->frame, 0, "message"));
    if (field.n > 0) {
        buf_add_str(&text, ": ");
        clean_line(&text, field);
    }
    fprintf(stderr, "moimctl: %s: %.*s (%u)\n", what, (int)text.n,
            (const char *)text.p, r->status);
    buf_fini(&text);
}

/* A token goes into a header line: nothing else may come along with it. */
static bool token_ok(struct slice token) {
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] <= ' ' || token.p[i] > '~') {
            return false;
        }
    }
    return token.n > 0 && token.n <= TOKEN_CHARS_MAX;
}

static enum ctl_exit enter(struct remote *r, const char *path, const char *name,
                           struct slice password) {
    struct json_out o;
    struct buf json;
    struct slice token;
    struct slice told;
    enum ctl_exit end;

    buf_init(&json);
    o = json_out(&json);
    json_begin_obj(&o);
    json_field_str(&o, "name", slice_str(name));
    json_field_str(&o, "password", password);
    json_field_str(&o, "device", SLICE_LIT("moimctl"));
    json_end_obj(&o);
    buf_clear(&r->token);
    end = remote_post(r, path, buf_slice(&json));
    explicit_bzero(json.p, json.n);
    buf_fini(&json);
    if (end != CTL_OK) {
        return end;
    }
    token = frame_str(&r->frame, 0, "token");
    told = frame_str(&r->frame, 0, "name");
    if (!token_ok(token)) {
        return CTL_FAILED;
    }
    buf_add(&r->token, token);
    mem_free(r->name);
    r->name = mem_dup(told.p, told.n);
    r->user.v = frame_id(&r->frame, 0, "user");
    return CTL_OK;
}

enum ctl_exit remote_login(struct remote *r, const char *name,
                           struct slice password) {
    enum ctl_exit end = enter(r, "/v1/login", name, password);

    if (end != CTL_OK) {
        remote_complain(r, "login");
    }
    return end;
}

enum ctl_exit remote_signup(struct remote *r, const char *name,
                            struct slice password) {
    enum ctl_exit end = enter(r, "/v1/signup", name, password);

    if (end != CTL_OK && !remote_refused(r, "taken")) {
        remote_complain(r, "sign-up");
    }
    return end;
}

enum ctl_exit remote_enter(struct remote *r, const struct args *a,
                           struct buf *password) {
    struct buf secret;
    enum ctl_exit end;

    buf_init(&secret);
    end = secret_password(a->as, a->password_file, &secret) == RC_OK
              ? remote_open(r, a->url, a->ca)
              : CTL_USAGE;
    if (end == CTL_OK) {
        end = remote_login(r, a->as, buf_slice(&secret));
        if (end != CTL_OK) {
            remote_close(r);
        }
    }
    if (password != NULL) {
        *password = secret;
    } else {
        buf_fini(&secret);
    }
    return end;
}
