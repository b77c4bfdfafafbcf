#include "gateway/hasher.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "proto/base/list.h"
#include "proto/base/log.h"
#include "proto/base/mem.h"

enum {
    THREADS_MAX = 2,
    /* OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
    MEMORY_BYTES = 19456 * 1024,
    PASSES = 2,
};

struct job {
    struct list node;
    hasher_fn done;
    void *ctx;
    char *password;
    size_t password_len;
    bool check;
    enum rc rc;
    char hash[crypto_pwhash_STRBYTES];
};

struct hasher {
    struct loop *loop;
    uv_async_t async;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_t threads[THREADS_MAX];
    unsigned thread_count;
    bool stopping;
    uint64_t taken; /* the loop's alone */
    size_t waiting_max;
    size_t waiting_count;
    struct list waiting;  /* under lock */
    struct list finished; /* under lock */
    char nobody[crypto_pwhash_STRBYTES];
};

static const struct log_ctx ctx_hasher = {"hasher", 0};

static void job_free(struct job *j) {
    sodium_memzero(j->password, j->password_len);
    mem_free(j->password);
    mem_free(j);
}

static void job_run(struct job *j) {
    int failed;

    if (j->check) {
        failed =
            crypto_pwhash_str_verify(j->hash, j->password, j->password_len);
        j->rc = failed == 0 && j->rc == RC_OK ? RC_OK : RC_DENIED;
        return;
    }
    failed =
        crypto_pwhash_str_alg(j->hash, j->password, j->password_len, PASSES,
                              MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    j->rc = failed == 0 ? RC_OK : RC_BACKEND;
}

static void *thread_main(void *arg) {
    struct hasher *h = arg;

    pthread_mutex_lock(&h->lock);
    while (!h->stopping) {
        struct list *node = list_pop_front(&h->waiting);

        if (node == NULL) {
            pthread_cond_wait(&h->work, &h->lock);
            continue;
        }
        h->waiting_count--;
        pthread_mutex_unlock(&h->lock);
        job_run(CONTAINER_OF(node, struct job, node));
        pthread_mutex_lock(&h->lock);
        list_push_back(&h->finished, node);
        uv_async_send(&h->async);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void drop_all(struct list *jobs) {
    struct list *node;

    while ((node = list_pop_front(jobs)) != NULL) {
        job_free(CONTAINER_OF(node, struct job, node));
    }
}

static void on_async(uv_async_t *async) {
    struct hasher *h = CONTAINER_OF(async, struct hasher, async);
    struct list finished;
    struct list *node;

    loop_wake(h->loop);
    list_init(&finished);
    pthread_mutex_lock(&h->lock);
    list_append(&finished, &h->finished);
    pthread_mutex_unlock(&h->lock);
    while ((node = list_pop_front(&finished)) != NULL) {
        struct job *j = CONTAINER_OF(node, struct job, node);
        struct slice hash =
            slice_str(j->check || j->rc != RC_OK ? "" : j->hash);

        j->done(j->ctx, j->rc, hash);
        job_free(j);
    }
}

static void on_async_closed(uv_handle_t *handle) {
    struct hasher *h = handle->data;

    drop_all(&h->waiting);
    drop_all(&h->finished);
    pthread_cond_destroy(&h->work);
    pthread_mutex_destroy(&h->lock);
    mem_free(h);
}

enum rc hasher_open(struct hasher **out, struct loop *l, unsigned threads,
                    size_t queue) {
    struct hasher *h;

    assert(threads >= 1 && threads <= THREADS_MAX);
    if (sodium_init() < 0) {
        log_error(&ctx_hasher, "no_libsodium",
                  "remedy=\"reinstall libsodium\"");
        return RC_BACKEND;
    }
    h = mem_new(sizeof(*h));
    h->loop = l;
    h->waiting_max = queue;
    list_init(&h->waiting);
    list_init(&h->finished);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->work, NULL);
    uv_async_init(&l->uv, &h->async, on_async);
    uv_unref((uv_handle_t *)&h->async);
    h->async.data = h;
    if (crypto_pwhash_str_alg(h->nobody, "", 0, PASSES, MEMORY_BYTES,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        log_error(&ctx_hasher, "no_memory", "bytes=%d", MEMORY_BYTES);
        hasher_close(&h);
        return RC_BACKEND;
    }
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&h->threads[i], NULL, thread_main, h) != 0) {
            log_error(&ctx_hasher, "no_thread", "wanted=%u", threads);
            hasher_close(&h);
            return RC_BACKEND;
        }
        h->thread_count++;
    }
    *out = h;
    return RC_OK;
}

void hasher_close(struct hasher **hasher) {
    struct hasher *h = *hasher;

    *hasher = NULL;
    if (h == NULL) {
        return;
    }
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_broadcast(&h->work);
    pthread_mutex_unlock(&h->lock);
    for (unsigned i = 0; i < h->thread_count; i++) {
        pthread_join(h->threads[i], NULL);
    }
    uv_close((uv_handle_t *)&h->async, on_async_closed);
}

static enum rc enqueue(struct hasher *h, struct slice password,
                       struct job *blank) {
    enum rc rc = RC_LIMIT;
    struct job *j = mem_new(sizeof(*j));

    *j = *blank;
    list_init(&j->node);
    j->password = mem_dup(password.p, password.n);
    j->password_len = password.n;
    pthread_mutex_lock(&h->lock);
    if (h->waiting_count < h->waiting_max) {
        list_push_back(&h->waiting, &j->node);
        h->waiting_count++;
        pthread_cond_signal(&h->work);
        rc = RC_OK;
    }
    pthread_mutex_unlock(&h->lock);
    if (rc == RC_OK) {
        h->taken++;
    } else {
        job_free(j);
    }
    return rc;
}

enum rc hasher_make(struct hasher *h, struct slice password, hasher_fn done,
                    void *ctx) {
    struct job blank = {.done = done, .ctx = ctx};

    return enqueue(h, password, &blank);
}

enum rc hasher_check(struct hasher *h, struct slice password, struct slice hash,
                     hasher_fn done, void *ctx) {
    struct job blank = {.done = done, .ctx = ctx, .check = true};

    if (hash.n == 0 || hash.n >= sizeof(blank.hash)) {
        blank.rc = RC_DENIED;
        hash = slice_str(h->nobody);
    }
    memcpy(blank.hash, hash.p, hash.n);
    return enqueue(h, password, &blank);
}

uint64_t hasher_taken(const struct hasher *h) {
    return h->taken;
}
