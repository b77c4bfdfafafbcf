/* The command that fills an empty Moim with three friends and their words, so
 * that a newcomer sees something. What is there already stays as it is. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "moimctl/asked.h"
#include "moimctl/commands.h"
#include "moimctl/secret.h"
#include "proto/base/mem.h"

#define GROUP "Moim"

enum {
    ALICE,
    BOB,
    CAROL,
    PEOPLE,
};

static const char *const names[PEOPLE] = {"alice", "bob", "carol"};

/* The places where words are said. */
enum {
    IN_GROUP,
    ALICE_BOB,
    ALICE_CAROL,
    PLACES,
};

static const struct {
    int place;
    int who;
    const char *text;
} lines[] = {
    {IN_GROUP, ALICE, "Welcome to Moim! 모임에 오신 것을 환영합니다."},
    {IN_GROUP, BOB, "Hi all. Does this reach everybody?"},
    {IN_GROUP, CAROL, "It does. 안녕하세요!"},
    {IN_GROUP, ALICE, "Three gateways, one group. Guess which one I am on."},
    {IN_GROUP, BOB, "No idea, and that is the point."},
    {IN_GROUP, CAROL, "오늘 저녁에 다 같이 만날까요?"},
    {IN_GROUP, BOB, "좋아요. 일곱 시 어때요?"},
    {IN_GROUP, ALICE, "Seven is fine. 강남역 2번 출구에서 봐요."},
    {IN_GROUP, CAROL, "I will bring the rice cakes."},
    {IN_GROUP, BOB, "Then nothing can go wrong."},
    {ALICE_BOB, ALICE, "Bob, are you there?"},
    {ALICE_BOB, BOB, "Always."},
    {ALICE_BOB, ALICE, "Try this: kill my gateway while we talk."},
    {ALICE_BOB, BOB, "./run ctl kill gateway 2"},
    {ALICE_BOB, ALICE, "Still here. Nothing lost, nothing twice."},
    {ALICE_BOB, BOB, "I am impressed."},
    {ALICE_CAROL, CAROL, "언니, 밥 먹었어요?"},
    {ALICE_CAROL, ALICE, "아직이요. 같이 먹을래요?"},
    {ALICE_CAROL, CAROL, "네, 지금 나갈게요!"},
    {ALICE_CAROL, ALICE, "See you in ten minutes."},
};

struct seed {
    const char *dir;
    struct remote people[PEOPLE];
    int opened; /* how many of them */
    struct conv_id places[PLACES];
};

/* The password of the i-th person: as kept, or new and kept. */
static enum rc password_of(const struct seed *s, int i, struct buf *out) {
    struct buf path;
    enum rc rc;

    buf_init(&path);
    buf_addf(&path, "%s/%s.password", s->dir, names[i]);
    buf_add_byte(&path, '\0');
    if (access((const char *)path.p, F_OK) == 0) {
        rc = secret_read_file((const char *)path.p, out);
    } else {
        secret_make_password(out);
        rc = secret_write_file((const char *)path.p, buf_slice(out));
    }
    buf_fini(&path);
    return rc;
}

static enum ctl_exit enter(struct remote *r, const char *name,
                           struct slice password) {
    enum ctl_exit end = remote_signup(r, name, password);

    if (end == CTL_FAILED && remote_refused(r, "taken")) {
        end = remote_login(r, name, password);
    }
    return end;
}

static enum ctl_exit enter_all(struct seed *s, const struct args *a) {
    enum ctl_exit end = CTL_OK;

    for (int i = 0; i < PEOPLE && end == CTL_OK; i++) {
        struct buf password;

        buf_init(&password);
        end = password_of(s, i, &password) == RC_OK ? CTL_OK : CTL_FAILED;
        if (end == CTL_OK) {
            end = remote_open(&s->people[i], a->url, a->ca);
            s->opened += end == CTL_OK ? 1 : 0;
        }
        if (end == CTL_OK) {
            end = enter(&s->people[i], names[i], buf_slice(&password));
        }
        if (end == CTL_OK) {
            printf("user   %s\n", names[i]);
        }
        buf_fini(&password);
    }
    return end;
}

/* Asking each other makes friends; asking again changes nothing. */
static enum ctl_exit befriend_all(struct seed *s) {
    for (int n = 0; n < PEOPLE * PEOPLE; n++) {
        struct remote *who = &s->people[n / PEOPLE];
        struct user_id whom = s->people[n % PEOPLE].user;
        enum ctl_exit end =
            whom.v == who->user.v ? CTL_OK : asked_befriend(who, whom);

        if (end != CTL_OK) {
            remote_complain(who, "friends");
            return end;
        }
    }
    printf("friends of each other\n");
    return CTL_OK;
}

/* Alice's group of that title, or 0. */
static struct conv_id group_there(struct remote *alice) {
    struct conv_id conv = {0};

    if (remote_post(alice, "/v1/cmd",
                    SLICE_LIT("{\"type\":\"conversations\",\"id\":\"1\"}")) !=
        CTL_OK) {
        return conv;
    }
    for (size_t i = 0; i < alice->frame.item_count && conv.v == 0; i++) {
        if (frame_item(&alice->frame, i) == RC_OK &&
            slice_is(frame_str(&alice->frame, 0, "kind"), "group") &&
            slice_is(frame_str(&alice->frame, 0, "title"), GROUP)) {
            conv.v = frame_id(&alice->frame, 0, "conv");
        }
    }
    return conv;
}

static enum ctl_exit open_places(struct seed *s) {
    struct remote *alice = &s->people[ALICE];
    const struct user_id others[] = {s->people[BOB].user,
                                     s->people[CAROL].user};
    enum ctl_exit end = CTL_OK;

    s->places[IN_GROUP] = group_there(alice);
    if (s->places[IN_GROUP].v == 0) {
        end = asked_group(alice, GROUP, others, 2, &s->places[IN_GROUP]);
    }
    if (end == CTL_OK) {
        end = asked_direct(alice, others[0], &s->places[ALICE_BOB]);
    }
    if (end == CTL_OK) {
        end = asked_direct(alice, others[1], &s->places[ALICE_CAROL]);
    }
    if (end != CTL_OK) {
        remote_complain(alice, "conversations");
    }
    return end;
}

/* Messages among the newest of the conversation. */
static size_t count_messages(struct remote *r, struct conv_id conv) {
    struct buf text;
    size_t count = 0;
    enum ctl_exit end;

    buf_init(&text);
    buf_addf(&text,
             "{\"type\":\"history\",\"id\":\"1\",\"conv\":\"%s\","
             "\"limit\":20}",
             id_text(conv.v).s);
    end = remote_post(r, "/v1/cmd", buf_slice(&text));
    buf_fini(&text);
    for (size_t i = 0; end == CTL_OK && i < r->frame.item_count; i++) {
        if (frame_item(&r->frame, i) == RC_OK &&
            slice_is(frame_str(&r->frame, 0, "kind"), "message")) {
            count++;
        }
    }
    return count;
}

/* True when as many messages are there as we would say, or more. */
static bool talked(struct seed *s, int place) {
    size_t ours = 0;

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        ours += lines[i].place == place ? 1 : 0;
    }
    return count_messages(&s->people[ALICE], s->places[place]) >= ours;
}

/* Named after what they are, so that a seed that was cut short and begins
 * again the same day says nothing twice. */
static enum ctl_exit say_line(struct seed *s, size_t i) {
    struct remote *who = &s->people[lines[i].who];
    char msg[32];
    enum ctl_exit end;

    (void)snprintf(msg, sizeof(msg), "moimctl-seed-line-%02zu", i);
    end = asked_say(who, s->places[lines[i].place], msg, lines[i].text);
    if (end != CTL_OK) {
        remote_complain(who, "messages");
    }
    return end;
}

static enum ctl_exit talk(struct seed *s) {
    bool silent[PLACES];
    unsigned said = 0;

    for (int i = 0; i < PLACES; i++) {
        silent[i] = talked(s, i);
    }
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        enum ctl_exit end = CTL_OK;

        if (!silent[lines[i].place]) {
            end = say_line(s, i);
            said++;
        }
        if (end != CTL_OK) {
            return end;
        }
    }
    printf("%u messages\n", said);
    return CTL_OK;
}

enum ctl_exit cmd_seed(const struct args *a) {
    struct seed *s = mem_new(sizeof(*s));
    enum ctl_exit end;

    s->dir = a->dir;
    end = enter_all(s, a);
    if (end == CTL_OK) {
        end = befriend_all(s);
    }
    if (end == CTL_OK) {
        end = open_places(s);
    }
    if (end == CTL_OK) {
        end = talk(s);
    }
    while (s->opened > 0) {
        remote_close(&s->people[--s->opened]);
    }
    mem_free(s);
    return end;
}
