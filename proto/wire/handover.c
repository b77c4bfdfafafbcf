#include "proto/wire/handover.h"

#include <assert.h>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

enum {
    ID_BYTES = 8,
    NAME_MAX = 255,
};

static bool get_bool(struct reader *r) {
    uint8_t v = reader_u8(r);

    reader_want(r, v <= 1);
    return v == 1;
}

void handover_id_put(struct buf *out, uint64_t id) {
    writer_u64(out, id);
}

uint64_t handover_id_at(struct handover_ids ids, size_t i) {
    struct reader r;

    assert(i < ids.count);
    reader_init(&r, slice_drop(ids.ids, i * ID_BYTES));
    return reader_u64(&r);
}

static void ids_put(struct buf *out, const struct handover_ids *ids) {
    assert(ids->count <= HANDOVER_IDS_MAX);
    assert(ids->ids.n == (size_t)ids->count * ID_BYTES);
    writer_u16(out, ids->count);
    buf_add(out, ids->ids);
}

static void ids_get(struct reader *r, struct handover_ids *ids) {
    ids->count = reader_u16(r);
    reader_want(r, ids->count <= HANDOVER_IDS_MAX);
    ids->ids = reader_take(r, (size_t)ids->count * ID_BYTES);
}

static void session_put(struct buf *out, const struct handover_session *s) {
    writer_u64(out, s->user.v);
    writer_u64(out, s->device.v);
    writer_u64(out, s->expires_ms);
    writer_str(out, s->peer);
    writer_u8(out, s->live);
    writer_u8(out, s->away);
    ids_put(out, &s->watches);
}

static void session_get(struct reader *r, struct handover_session *s) {
    s->user.v = reader_u64(r);
    reader_want(r, s->user.v != 0);
    s->device.v = reader_u64(r);
    s->expires_ms = reader_u64(r);
    s->peer = reader_str(r);
    reader_want(r, s->peer.n <= NAME_MAX);
    s->live = get_bool(r);
    s->away = get_bool(r);
    ids_get(r, &s->watches);
}

static void hello_put(struct buf *out, const struct handover_msg *m) {
    writer_u16(out, m->u.hello.version);
    writer_str(out, m->u.hello.name);
}

static void hello_get(struct reader *r, struct handover_msg *m) {
    m->u.hello.version = reader_u16(r);
    m->u.hello.name = reader_str(r);
    reader_want(r, m->u.hello.name.n <= NAME_MAX);
}

static void users_put(struct buf *out, const struct handover_msg *m) {
    ids_put(out, &m->u.users.ids);
    writer_u8(out, m->u.users.last);
}

static void users_get(struct reader *r, struct handover_msg *m) {
    ids_get(r, &m->u.users.ids);
    m->u.users.last = get_bool(r);
}

static void nothing_put(struct buf *out, const struct handover_msg *m) {
    (void)out;
    (void)m;
}

static void nothing_get(struct reader *r, struct handover_msg *m) {
    (void)r;
    (void)m;
}

static void listeners_put(struct buf *out, const struct handover_msg *m) {
    writer_u64(out, m->u.frozen_us);
}

static void listeners_get(struct reader *r, struct handover_msg *m) {
    m->u.frozen_us = reader_u64(r);
}

void handover_socket_put(struct buf *out, const struct handover_socket *s) {
    session_put(out, &s->session);
    writer_u64(out, s->quiet_ms);
    writer_u8(out, s->pinged);
    writer_u8(out, s->deflate);
    writer_u8(out, s->lines);
    writer_str(out, s->input);
    writer_u32(out, s->queued);
}

static void read_socket(struct reader *r, struct handover_socket *s) {
    session_get(r, &s->session);
    s->quiet_ms = reader_u64(r);
    s->pinged = get_bool(r);
    s->deflate = get_bool(r);
    s->lines = get_bool(r);
    s->input = reader_str(r);
    s->queued = reader_u32(r);
}

enum rc handover_socket_next(struct slice *all, struct handover_socket *out) {
    struct reader r;

    *out = (struct handover_socket){0};
    reader_init(&r, *all);
    read_socket(&r, out);
    reader_want(&r, out->queued == 0);
    *all = reader_take(&r, r.rest.n);
    return reader_done(&r) ? RC_OK : RC_BAD_INPUT;
}

static void socket_put(struct buf *out, const struct handover_msg *m) {
    handover_socket_put(out, &m->u.socket);
}

static void socket_get(struct reader *r, struct handover_msg *m) {
    read_socket(r, &m->u.socket);
}

static void sockets_put(struct buf *out, const struct handover_msg *m) {
    assert(m->u.sockets.count <= HANDOVER_SOCKETS_MAX);
    writer_u16(out, m->u.sockets.count);
    writer_str(out, m->u.sockets.all);
}

static void sockets_get(struct reader *r, struct handover_msg *m) {
    m->u.sockets.count = reader_u16(r);
    reader_want(r, m->u.sockets.count <= HANDOVER_SOCKETS_MAX);
    m->u.sockets.all = reader_str(r);
}

static void held_put(struct buf *out, const struct handover_msg *m) {
    const struct handover_held *h = &m->u.held;

    session_put(out, &h->session);
    writer_u64(out, h->name[0]);
    writer_u64(out, h->name[1]);
    writer_u64(out, h->acked);
    writer_u32(out, h->texts);
    writer_u8(out, h->stream);
    writer_u8(out, h->chunked);
    writer_u32(out, h->queued);
}

static void held_get(struct reader *r, struct handover_msg *m) {
    struct handover_held *h = &m->u.held;

    session_get(r, &h->session);
    h->name[0] = reader_u64(r);
    h->name[1] = reader_u64(r);
    h->acked = reader_u64(r);
    h->texts = reader_u32(r);
    h->stream = get_bool(r);
    h->chunked = get_bool(r);
    h->queued = reader_u32(r);
}

static void bytes_put(struct buf *out, const struct handover_msg *m) {
    assert(m->u.bytes.n <= HANDOVER_BYTES_MAX);
    writer_str(out, m->u.bytes);
}

static void bytes_get(struct reader *r, struct handover_msg *m) {
    m->u.bytes = reader_str(r);
    reader_want(r, m->u.bytes.n <= HANDOVER_BYTES_MAX);
}

static void end_put(struct buf *out, const struct handover_msg *m) {
    writer_u32(out, m->u.sessions);
}

static void end_get(struct reader *r, struct handover_msg *m) {
    m->u.sessions = reader_u32(r);
}

static const struct {
    void (*put)(struct buf *out, const struct handover_msg *m);
    void (*get)(struct reader *r, struct handover_msg *m);
} kinds[] = {
    [HANDOVER_HELLO] = {hello_put, hello_get},
    [HANDOVER_USERS] = {users_put, users_get},
    [HANDOVER_READY] = {nothing_put, nothing_get},
    [HANDOVER_LISTENERS] = {listeners_put, listeners_get},
    [HANDOVER_SOCKET] = {socket_put, socket_get},
    [HANDOVER_HELD] = {held_put, held_get},
    [HANDOVER_BYTES] = {bytes_put, bytes_get},
    [HANDOVER_END] = {end_put, end_get},
    [HANDOVER_TAKEN] = {nothing_put, nothing_get},
    [HANDOVER_SOCKETS] = {sockets_put, sockets_get},
};

void handover_encode(struct buf *out, const struct handover_msg *m) {
    writer_u8(out, (uint8_t)m->kind);
    kinds[m->kind].put(out, m);
}

enum rc handover_decode(struct slice in, struct handover_msg *out) {
    struct reader r;
    uint8_t kind;

    *out = (struct handover_msg){0};
    reader_init(&r, in);
    kind = reader_u8(&r);
    if (kind < HANDOVER_HELLO || kind > HANDOVER_SOCKETS) {
        return RC_BAD_INPUT;
    }
    out->kind = (enum handover_kind)kind;
    kinds[kind].get(&r, out);
    return reader_done(&r) ? RC_OK : RC_BAD_INPUT;
}
