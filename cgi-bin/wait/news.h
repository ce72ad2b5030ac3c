/* news.h - what a program tells the clients that wait: functions which the program gives to the
 * waiting room.
 *
 * So the waiting room knows no store and no format.
 * Threads: the functions are called from one thread only, which is the park's.
 */
#ifndef NEWS_H
#define NEWS_H

#include <stdbool.h>

struct buf;
struct query;
struct reply;

enum news_found {
    NEWS_END = -1, /* the stream can't go on (another database): what was added is its last output */
    NEWS_NONE = 0,
    NEWS_SOME = 1,
    NEWS_MORE = 2, /* something was added, and more is there already */
};

struct news {
    /* Polls. Fills *r (initialised, status 200) with the answer to q as things are now. Returns 1
     * when there is an answer in *r, 0 when there is no news. final: the wait is over, so there
     * must be an answer; without news it is the one of a wait that brought nothing. */
    int (*render)(void *context, const struct query *q, bool final, struct reply *r);
    /* Streams. Adds to *out what is newer than q, and moves q behind it. */
    enum news_found (*events)(void *context, struct query *q, struct buf *out);
    /* Streams. Adds a sign that the connection lives; may add nothing. */
    void (*heartbeat)(void *context, const struct query *q, struct buf *out);
    void *context;
};

#endif
