#include "proto/base/list.h"

#include <assert.h>
#include <stddef.h>

void list_init(struct list *l) {
    l->next = l;
    l->prev = l;
}

bool list_empty(const struct list *l) {
    return l->next == l;
}

bool list_linked(const struct list *node) {
    return node->next != node;
}

static void link_between(struct list *node, struct list *prev,
                         struct list *next) {
    assert(!list_linked(node));
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

void list_push_back(struct list *l, struct list *node) {
    link_between(node, l->prev, l);
}

void list_push_front(struct list *l, struct list *node) {
    link_between(node, l, l->next);
}

void list_remove(struct list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

struct list *list_pop_front(struct list *l) {
    struct list *first = l->next;

    if (first == l) {
        return NULL;
    }
    list_remove(first);
    return first;
}

void list_append(struct list *to, struct list *from) {
    if (list_empty(from)) {
        return;
    }
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}
