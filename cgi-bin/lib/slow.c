/* slow.c - see slow.h. */
#include "slow.h"

#include "clock.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

enum { MOST = 256 };

struct read_in_work {
    int connection; /* plus one; 0: free */
    int64_t began;  /* monotonic ms */
    int64_t limit;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct read_in_work all[MOST];

int slow_begin(int connection, int limit_ms)
{
    int64_t now = clock_mono_ms();
    int token = 0;
    pthread_mutex_lock(&lock);
    while (token < MOST && all[token].connection != 0) {
        token++;
    }
    if (token < MOST) {
        all[token] = (struct read_in_work){.connection = connection + 1, .began = now, .limit = now + limit_ms};
    }
    pthread_mutex_unlock(&lock);
    return token < MOST ? token : -1;
}

void slow_end(int token)
{
    if (token >= 0) {
        pthread_mutex_lock(&lock);
        all[token].connection = 0;
        pthread_mutex_unlock(&lock);
    }
}

unsigned slow_watch(void)
{
    unsigned slow = 0;
    int64_t now = clock_mono_ms();
    pthread_mutex_lock(&lock); /* which keeps the descriptors from being closed and used for something else */
    for (int i = 0; i < MOST; i++) {
        if (all[i].connection == 0) {
            continue;
        }
        if (now >= all[i].limit) {
            shutdown(all[i].connection - 1, SHUT_RDWR);
        } else if (now - all[i].began >= SLOW_MOMENT_MS) {
            slow++;
        }
    }
    pthread_mutex_unlock(&lock);
    return slow;
}
