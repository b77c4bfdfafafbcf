#include "gateway/metrics.h"

#include "gateway/hasher.h"
#include "gateway/server.h"
#include "gateway/session.h"
#include "gateway/transport.h"
#include "proto/base/log.h"
#include "proto/wire/prom.h"

static const char prefix[] = "moim_gateway";

/* Counted when somebody asks: on the way of each text it would cost more. */
static uint64_t queued_bytes(const struct server *s) {
    uint64_t sum = 0;

    for (struct list *n = s->sessions.next; n != &s->sessions; n = n->next) {
        const struct session *one = CONTAINER_OF(n, struct session, node);

        sum += one->transport->queued(one);
    }
    return sum;
}

static void put_counts(struct buf *b, const struct server *s) {
    const struct server_stats *st = &s->stats;
    const struct core_stats *core = &s->core.stats;
    const struct prom_metric metrics[] = {
        {"connections", "gauge", "Open sessions.", s->session_count},
        {"users", "gauge", "Users with an open session here.",
         audience_count(&s->core)},
        {"lingering_users", "gauge",
         "Users whose last session has just ended, kept for its return.",
         s->core.linger.count},
        {"wide_conversations", "gauge",
         "Wide conversations with a member here.", s->core.wides.count},
        {"connects_total", "counter", "Sessions opened.", st->connects},
        {"refused_total", "counter", "Connections and upgrades not let in.",
         st->refused},
        {"requests_total", "counter", "HTTP requests.", st->requests},
        {"commands_total", "counter", "Commands run.", st->commands},
        {"messages_in_total", "counter", "Messages acked.", core->said},
        {"repeats_total", "counter", "Acks that repeated an earlier one.",
         core->repeats},
        {"messages_out_total", "counter", "Texts queued to sessions.",
         st->texts_out},
        {"ephemeral_dropped_total", "counter",
         "Typing not queued to slow sessions.", st->dropped},
        {"slow_closes_total", "counter",
         "Sessions closed at their queue limit.", st->slow_closes},
        {"auth_failures_total", "counter", "Tokens and passwords refused.",
         st->auth_failures},
        {"password_hashes_total", "counter", "Passwords hashed or checked.",
         s->hasher == NULL ? 0 : hasher_taken(s->hasher)},
        {"revoked_devices", "gauge",
         "Logged-out devices whose tokens have not all expired.",
         s->revoked.devices.count},
        {"membership_reloads_total", "counter",
         "Memberships read again because they were stale.", core->reloads},
        {"held_events_total", "counter", "Events that waited for a membership.",
         core->held},
        {"bus_gaps_total", "counter",
         "Partitions whose messages could not be repaired.", core->gaps},
        {"bus_errors_total", "counter",
         "Bus messages that were not understood.", core->bus_errors},
        {"store_lost", "gauge",
         "1 while the history is not in the store that is known.",
         s->store_lost != NULL},
        {"waiting_connections", "gauge",
         "Connections that came, or go, and were not looked at yet.",
         interest_waiting(s->loop)},
        {"send_queue_bytes", "gauge",
         "Bytes queued to sessions that the kernel has not taken.",
         queued_bytes(s)},
        {"log_dropped_total", "counter", "Log lines lost.", log_dropped()},
    };

    prom_metrics(b, prefix, metrics, COUNT_OF(metrics));
}

static void put_presence(struct buf *b, const struct server *s) {
    const uint64_t *told = s->stats.presence;
    const struct prom_metric metrics[] = {
        {"presence_watched_users", "gauge",
         "Users whose presence somebody here watches.", s->watch.users.count},
        {"presence_counted_conversations", "gauge",
         "Conversations whose members are counted for somebody here.",
         s->counts.convs.count},
        {"presence_each_total", "counter",
         "Presence texts to sessions that watch few.", told[PRESENCE_EACH]},
        {"presence_batch_total", "counter",
         "Presence texts to sessions that watch many, one in a window.",
         told[PRESENCE_BATCH]},
        {"presence_count_total", "counter",
         "Texts about how many of a conversation are there.",
         told[PRESENCE_COUNT]},
        {"presence_ask_total", "counter",
         "Watches of conversations that are too large for it.",
         told[PRESENCE_ASK]},
    };

    prom_metrics(b, prefix, metrics, COUNT_OF(metrics));
}

/* Without TLS they are there too, and zero. */
static void put_tls(struct buf *b, const struct tls_server *tls) {
    static const struct tls_counts none;
    const struct tls_counts *n = tls == NULL ? &none : tls_server_counts(tls);
    const struct prom_metric metrics[] = {
        {"tls_handshakes_full_total", "counter",
         "TLS handshakes with new keys.", n->full},
        {"tls_handshakes_resumed_total", "counter",
         "TLS handshakes with a ticket.", n->resumed},
        {"tls_failures_total", "counter",
         "TLS connections that broke its rules, or did not trust us.",
         n->failed},
        {"tls_certificate_expires_seconds", "gauge",
         "When the certificate in use ends, in Unix time.",
         tls == NULL ? 0 : (uint64_t)tls_server_expires_s(tls)},
    };

    prom_metrics(b, prefix, metrics, COUNT_OF(metrics));
}

static void put_times(struct buf *b, const struct server *s) {
    const struct prom_histogram times[] = {
        {"loop_lag_seconds", "How long the turns of the loop took.",
         &s->loop->turns},
        {"ack_seconds", "From a message's command to its ack.",
         &s->core.stats.acks},
        {"delivery_seconds",
         "From a message's time to its delivery to sessions here.",
         &s->core.stats.deliveries},
    };

    for (size_t i = 0; i < COUNT_OF(times); i++) {
        prom_histogram(b, prefix, &times[i]);
    }
}

void metrics_answer(struct server *s, struct http_exchange *x) {
    struct buf b;

    buf_init(&b);
    prom_build(&b);
    put_counts(&b, s);
    ends_put(&s->stats.ends, prefix, &b);
    put_presence(&b, s);
    put_tls(&b, s->tls);
    put_times(&b, s);
    if (s->put_store_metrics != NULL) {
        s->put_store_metrics(s->stores, &b);
    }
    http_answer(x, 200, slice_of(NULL, 0), SLICE_LIT(PROM_TYPE), buf_slice(&b));
    buf_fini(&b);
}
