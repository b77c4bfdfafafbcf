/* An intrusive doubly linked ring: the node lives in the object, the list
 * owns nothing. An empty list, and a node in no list, points at itself. */
#ifndef MOIM_BASE_LIST_H
#define MOIM_BASE_LIST_H

#include <stdbool.h>

struct list {
    struct list *next;
    struct list *prev;
};

void list_init(struct list *l);
bool list_empty(const struct list *l);
/* True while `node` is in some list. */
bool list_linked(const struct list *node);
void list_push_back(struct list *l, struct list *node);
void list_push_front(struct list *l, struct list *node);
/* Takes `node` out of its list; harmless when it is in none. */
void list_remove(struct list *node);
/* Takes out and answers the first node, or NULL. */
struct list *list_pop_front(struct list *l);
/* Moves every node of `from` to the end of `to`. */
void list_append(struct list *to, struct list *from);

#endif
