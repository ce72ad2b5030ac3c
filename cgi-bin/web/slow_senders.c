/* slow_senders.c - see slow_senders.h. */
#include "web/private/slow_senders.h"

#include "base/clock.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>

enum { MOST = 256 };

struct awaited {
    int64_t began;  /* monotonic ms */
    int connection; /* plus one; 0: free */
    bool is_cut;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct awaited all[MOST];

int slow_senders_begin(int connection, int64_t began)
{
    int token = 0;
    pthread_mutex_lock(&lock);
    while (token < MOST && all[token].connection != 0) {
        token++;
    }
    if (token < MOST) {
        all[token] = (struct awaited){.connection = connection + 1, .began = began};
    }
    pthread_mutex_unlock(&lock);
    return token < MOST ? token : -1;
}

void slow_senders_end(int token)
{
    if (token >= 0) {
        pthread_mutex_lock(&lock);
        all[token].connection = 0;
        pthread_mutex_unlock(&lock);
    }
}

static bool is_awaited_since(const struct awaited *a, int64_t latest)
{
    return a->connection != 0 && !a->is_cut && a->began <= latest;
}

unsigned slow_senders_count(int age_ms)
{
    unsigned count = 0;
    int64_t latest = clock_mono_ms() - age_ms;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST; i++) {
        count += is_awaited_since(&all[i], latest) ? 1 : 0;
    }
    pthread_mutex_unlock(&lock);
    return count;
}

void slow_senders_cut_oldest(int age_ms)
{
    struct awaited *oldest = NULL;
    int64_t latest = clock_mono_ms() - age_ms;
    pthread_mutex_lock(&lock); /* meanwhile slow_senders_end waits, so the descriptor is still this one */
    for (int i = 0; i < MOST; i++) {
        if (is_awaited_since(&all[i], latest) && (oldest == NULL || all[i].began < oldest->began)) {
            oldest = &all[i];
        }
    }
    if (oldest != NULL) {
        oldest->is_cut = true;
        shutdown(oldest->connection - 1, SHUT_RDWR);
    }
    pthread_mutex_unlock(&lock);
}
