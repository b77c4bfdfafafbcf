/* moim-ws-echo: sends back what it gets, for conformance suites. The codec
 * and the net layer are the gateway's; there is nothing else here. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/conf_main.h"
#include "proto/base/log.h"
#include "proto/net/listener.h"
#include "proto/net/tls.h"
#include "wsecho/echo.h"
#include "wsecho/settings.h"

enum {
    HANDSHAKE_MS = 10000,
    PATIENCE_MS = 2000, /* for clients when we are asked to end */
    BACKLOG = 1024,
    QUEUE_ROOM = 2 << 20,
    BLOCKS_FREE = 256, /* see ws_inflate_limits */
};

struct program {
    struct loop loop;
    struct conf *conf;
    struct echo_settings settings;
    struct echo_server server;
    struct listener *listener;
    struct tls_server *tls; /* NULL: plain */
    bool closing;
};

static const struct log_ctx ctx_echo = {"echo", 0};

static void on_gone(struct echo_server *s) {
    struct program *p = CONTAINER_OF(s, struct program, server);

    listener_gone(p->listener);
    if (p->closing && list_empty(&s->echoes)) {
        loop_stop(&p->loop);
    }
}

static void on_stream(void *owner, struct stream *stream, bool over_limit) {
    struct program *p = owner;

    if (over_limit) {
        stream_close(stream, RC_LIMIT);
        listener_gone(p->listener);
        return;
    }
    if (p->tls != NULL) {
        stream_secure(stream, tls_accept(p->tls), HANDSHAKE_MS);
    }
    echo_open(&p->server, stream);
}

static void on_signal(void *owner, int signum) {
    struct program *p = owner;

    log_info(&ctx_echo, "signal", "number=%d", signum);
    loop_stop(&p->loop);
}

/* Room for what one read of compressed messages can become. */
static size_t queue_limit(const struct echo_settings *s) {
    return QUEUE_ROOM + (size_t)s->message_bytes +
           (s->deflate ? LOOP_READ_BYTES * (size_t)s->ratio : 0);
}

static enum rc open_tls(struct program *p) {
    struct tls_server_config config = {p->settings.tls_cert,
                                       p->settings.tls_key, "", ""};

    return config.cert[0] == '\0' ? RC_OK : tls_server_open(&p->tls, &config);
}

static enum rc program_open(struct program *p) {
    const struct echo_settings *s = &p->settings;
    struct listener_config config = {
        .address = s->listen,
        .backlog = BACKLOG,
        .max_streams = (size_t)s->connections,
        .queue_limit = queue_limit(s),
    };
    struct echo_server *server = &p->server;
    enum rc rc;

    server->loop = &p->loop;
    server->limits = (struct ws_limits){(size_t)s->message_bytes,
                                        (unsigned)s->fragments, s->open_ms};
    server->inflate =
        (struct ws_inflate_limits){(size_t)s->message_bytes, (unsigned)s->ratio,
                                   BLOCKS_FREE + 2 * (unsigned)s->fragments};
    server->deflate =
        s->deflate ? ws_deflate_new((size_t)s->least_bytes) : NULL;
    server->on_gone = on_gone;
    list_init(&server->echoes);
    rc = open_tls(p);
    if (rc == RC_OK) {
        rc = listener_open(&p->listener, &p->loop, &config, on_stream, p);
    }
    if (rc == RC_OK) {
        loop_on_signal(&p->loop, on_signal, p);
        log_info(&ctx_echo, "listening", "address=%s port=%u deflate=%d",
                 s->listen, listener_port(p->listener), s->deflate);
    }
    return rc;
}

static void on_patience(struct wheel_timer *t) {
    (void)t;
    _Exit(0);
}

static void program_close(struct program *p) {
    struct wheel_timer patience;

    wheel_timer_init(&patience, on_patience);
    loop_timer(&p->loop, &patience, PATIENCE_MS);
    p->closing = true;
    listener_close(&p->listener);
    echo_close_all(&p->server);
    if (!list_empty(&p->server.echoes)) {
        loop_run(&p->loop);
    }
    wheel_cancel(&patience);
    ws_deflate_free(&p->server.deflate);
    loop_fini(&p->loop);
    tls_server_close(&p->tls);
    conf_free(&p->conf);
}

int main(int argc, char **argv) {
    static struct program p;
    char version[64];
    struct conf_program about = {"moim-ws-echo", version, &echo_settings_table};
    int status;

    snprintf(version, sizeof(version), "%s, libuv %s", MOIM_VERSION,
             uv_version_string());
    status = conf_main(&p.conf, &about, &p.settings, argc, argv);
    if (status != CONF_MAIN_GO_ON) {
        return status;
    }
    log_setup((enum log_level)p.settings.log_level, LOG_LOGFMT, "ws-echo");
    if (loop_init(&p.loop) != RC_OK || program_open(&p) != RC_OK) {
        return EXIT_UNAVAILABLE;
    }
    loop_run(&p.loop);
    program_close(&p);
    return 0;
}
