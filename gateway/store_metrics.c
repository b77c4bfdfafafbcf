#include "gateway/store_metrics.h"

#include "proto/base/macros.h"
#include "proto/wire/prom.h"
#include "storage/bus_redis.h"
#include "storage/directory_pg.h"
#include "storage/directory_sql.h"
#include "storage/history_redis.h"

static const char prefix[] = "moim_gateway";

static void put_counts(struct buf *b, const struct stores *s) {
    const struct bus_redis_stats *bus = bus_redis_stats(s->bus);
    const struct history_redis_stats *history = history_redis_stats(s->history);
    const struct resp_conn_stats *conn = history_redis_conn_stats(s->history);
    struct pg_pool_stats pg = directory_pg_stats(s->directory);
    const struct prom_metric metrics[] = {
        {"history_losses_total", "counter",
         "Connections to the history that broke.", conn->losses},
        {"history_refused_total", "counter",
         "Calls to the history that were never sent.", conn->refused},
        {"history_unconfirmed_total", "counter",
         "Appends on too few replicas to be acked.", history->unconfirmed},
        {"history_unsure_total", "counter",
         "Reads of what too few replicas have.", history->unsure},
        {"history_lost_total", "counter",
         "Calls to the history that met another store.", history->lost},
        {"redis_reconnects_total", "counter",
         "Subscribers that came back after a loss.", bus->reconnects},
        {"redis_delivered_total", "counter",
         "Bus messages handed on as they came.", bus->delivered},
        {"redis_missed_total", "counter",
         "Bus messages that a live subscriber did not bring.", bus->missed},
        {"redis_repairs_total", "counter",
         "Losses of the bus repaired from a log.", bus->repairs},
        {"redis_gaps_total", "counter",
         "Partitions of the bus whose log was trimmed too far.", bus->gaps},
        {"redis_replayed_total", "counter",
         "Bus messages delivered from a log.", bus->replayed},
        {"redis_topics", "gauge", "Topics subscribed.", bus->topics},
        {"publish_failures_total", "counter",
         "Publish calls that did not succeed.", bus->failed},
        {"pg_links", "gauge", "Connections to PostgreSQL that are up.",
         pg.links_up},
        {"pg_waiting", "gauge", "Requests that wait for such a connection.",
         pg.waiting},
        {"pg_refused_total", "counter", "Requests that were never sent.",
         pg.refused},
        {"pg_timeouts_total", "counter", "Requests not answered in time.",
         pg.timeouts},
        {"pg_failures_total", "counter",
         "Connections that broke or could not be made.", pg.failures},
    };

    prom_metrics(b, prefix, metrics, COUNT_OF(metrics));
}

static void put_times(struct buf *b, const struct stores *s) {
    const struct prom_histogram times[] = {
        {"history_write_seconds", "An append to the history.",
         &history_redis_stats(s->history)->writes},
        {"redis_seconds", "Any call to the history's Redis.",
         &history_redis_conn_stats(s->history)->replies},
    };

    for (size_t i = 0; i < COUNT_OF(times); i++) {
        prom_histogram(b, prefix, &times[i]);
    }
}

/* One series a statement: the table is the bound. */
static void put_statements(struct buf *b, const struct stores *s) {
    static const char name[] = "pg_query_seconds";
    const struct histogram *seconds = directory_pg_seconds(s->directory);

    prom_family(b, prefix, name, "A statement, from asking to its answer.");
    for (size_t i = 0; i < SQL_COUNT; i++) {
        prom_series(b, prefix, name, "stmt",
                    &(struct prom_series){directory_sql[i].name, &seconds[i]});
    }
}

void store_metrics_put(const void *stores, struct buf *out) {
    put_counts(out, stores);
    put_times(out, stores);
    put_statements(out, stores);
}
