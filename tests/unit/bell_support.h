/* bell_support.h - a folder for each test, with a bell in it. */
#ifndef BELL_SUPPORT_H
#define BELL_SUPPORT_H

#include "support.h"

#include "base/err.h"
#include "shared/bell.h"
#include "shared/room_heads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EPOCH "EPOCHEPOCHEPOCHEPOCHEP"

static char folder[64];
static char path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-bell-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/chat.bell", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct bell *open_bell(const char *epoch)
{
    struct err e = ERR_INIT;
    struct bell *b = bell_open(path, epoch, &e);
    if (b == NULL) {
        fail_msg("%s", e.text);
    }
    return b;
}

static inline bool knows(struct bell *b, const char *room, uint64_t head)
{
    uint64_t found = 0;
    uint64_t oldest = 0;
    return room_heads_look(b, room, &found, &oldest) && found == head && oldest == 1;
}

static inline void learn(struct bell *b, const char *room, uint64_t head)
{
    room_heads_learned(b, room_heads_moment(b), room, head, 1);
}

static inline void commit(struct bell *b, const char *room, uint64_t head)
{
    int token = room_heads_begin_commit(b);
    room_heads_raise(b, room, head);
    room_heads_end_commit(b, token);
}

#endif
