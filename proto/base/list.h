/* An intrusive doubly linked ring: the node lives in the object, the list
 * owns nothing. An empty list, and a node in no list, points at itself. */
#ifndef MOIM_BASE_LIST_H
#define MOIM_BASE_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* Here, because a turn of the loop is made of them. */
static inline void list_init(struct list *l) {
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *l) {
    return l->next == l;
}

/* True while `node` is in some list. */
static inline bool list_linked(const struct list *node) {
    return node->next != node;
}

static inline void list_push_back(struct list *l, struct list *node) {
    assert(!list_linked(node));
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

/* Takes `node` out of its list; harmless when it is in none. */
static inline void list_remove(struct list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* Takes out and answers the first node, or NULL. */
static inline struct list *list_pop_front(struct list *l) {
    struct list *first = l->next;

    if (first == l) {
        return NULL;
    }
    list_remove(first);
    return first;
}

void list_push_front(struct list *l, struct list *node);
/* Moves every node of `from` to the end of `to`. */
void list_append(struct list *to, struct list *from);

#endif
