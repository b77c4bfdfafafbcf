#include "proto/base/list.h"

void list_push_front(struct list *l, struct list *node) {
    list_push_back(l->next, node); /* in front of what is the first now */
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
