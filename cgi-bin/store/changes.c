/* changes.c - the list of what a transaction changed (store.h). */
#include "base/ck.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void store_changes_raise(struct store_changes *c, const char *room, uint64_t head)
{
    size_t i = 0;
    while (i < c->count && strcmp(c->rooms[i].room, room) != 0) {
        i++;
    }
    if (i == c->count) {
        c->rooms = ck_realloc(c->rooms, (c->count + 1) * sizeof *c->rooms);
        snprintf(c->rooms[c->count++].room, sizeof c->rooms[0].room, "%s", room);
        c->rooms[i].head = 0;
    }
    c->rooms[i].head = head > c->rooms[i].head ? head : c->rooms[i].head;
}

void store_changes_fini(struct store_changes *c)
{
    free(c->rooms);
    memset(c, 0, sizeof *c);
}
