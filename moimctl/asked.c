#include "moimctl/asked.h"

#include "proto/wire/json_write.h"

/* A command being written: begin, add fields, post. */
struct asking {
    struct buf text;
    struct json_out out;
};

static void begin(struct asking *q, const char *type) {
    buf_init(&q->text);
    q->out = json_out(&q->text);
    json_begin_obj(&q->out);
    json_field_str(&q->out, "type", slice_str(type));
    json_field_str(&q->out, "id", SLICE_LIT("1"));
}

static enum ctl_exit post(struct remote *r, struct asking *q) {
    enum ctl_exit end;

    json_end_obj(&q->out);
    end = remote_post(r, "/v1/cmd", buf_slice(&q->text));
    buf_fini(&q->text);
    return end;
}

static enum ctl_exit post_for_id(struct remote *r, struct asking *q,
                                 const char *field, uint64_t *out) {
    enum ctl_exit end = post(r, q);

    if (end == CTL_OK) {
        *out = frame_id(&r->frame, 0, field);
    }
    return end == CTL_OK && *out == 0 ? CTL_FAILED : end;
}

enum ctl_exit asked_find(struct remote *r, const char *name,
                         struct user_id *out) {
    struct asking q;

    begin(&q, "user.find");
    json_field_str(&q.out, "name", slice_str(name));
    return post_for_id(r, &q, "user", &out->v);
}

enum ctl_exit asked_befriend(struct remote *r, struct user_id user) {
    struct asking q;

    begin(&q, "friend.ask");
    json_field_id(&q.out, "user", user.v);
    return post(r, &q);
}

enum ctl_exit asked_direct(struct remote *r, struct user_id user,
                           struct conv_id *out) {
    struct asking q;

    begin(&q, "direct.open");
    json_field_id(&q.out, "user", user.v);
    return post_for_id(r, &q, "conv", &out->v);
}

enum ctl_exit asked_group(struct remote *r, const char *title,
                          const struct user_id *members, size_t count,
                          struct conv_id *out) {
    struct asking q;

    begin(&q, "group.create");
    json_field_str(&q.out, "title", slice_str(title));
    json_field_arr(&q.out, "members");
    for (size_t i = 0; i < count; i++) {
        json_item_id(&q.out, members[i].v);
    }
    json_end_arr(&q.out);
    return post_for_id(r, &q, "conv", &out->v);
}

enum ctl_exit asked_say(struct remote *r, struct conv_id conv, const char *msg,
                        const char *text) {
    struct asking q;

    begin(&q, "send");
    json_field_id(&q.out, "conv", conv.v);
    json_field_str(&q.out, "msg", slice_str(msg));
    json_field_str(&q.out, "text", slice_str(text));
    return post(r, &q);
}
