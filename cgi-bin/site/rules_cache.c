/* rules_cache.c - see rules_cache.h. */
#include "site/rules_cache.h"

#include "base/ck.h"
#include "base/clock.h"
#include "base/err.h"
#include "peace/token.h"
#include "site/rules.h"
#include "system/conf.h"

#include <pthread.h>
#include <stdlib.h>

enum { RECENT_MS = 1000, BELIEVED_MS = 100 };

struct rules_cache {
    pthread_mutex_t loading; /* rules_cache_lock */
    pthread_mutex_t lock;    /* of all that follows; held for moments */
    const struct rules *current;
    int64_t put_at;             /* monotonic ms */
    const struct bell *in_step; /* rules_cache_believe */
    int64_t in_step_at;         /* monotonic ms */
    bool has_tokens;
    struct token_settings tokens;
    struct err tokens_error;
};

struct rules_cache *rules_cache_new(void)
{
    struct rules_cache *cache = ck_calloc(1, sizeof *cache);
    pthread_mutex_init(&cache->loading, NULL);
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

void rules_cache_free(struct rules_cache *cache)
{
    rules_release(cache->current);
    pthread_mutex_destroy(&cache->lock);
    pthread_mutex_destroy(&cache->loading);
    free(cache);
}

const struct rules *rules_cache_take(struct rules_cache *cache, uint64_t number, uint64_t changes)
{
    pthread_mutex_lock(&cache->lock);
    const struct rules *r = cache->current;
    bool is_it = r != NULL && rules_number(r) == number && rules_changes(r) == changes;
    cache->put_at = is_it ? clock_mono_ms() : cache->put_at;
    r = is_it ? rules_use(r) : NULL;
    pthread_mutex_unlock(&cache->lock);
    return r;
}

const struct rules *rules_cache_take_recent(struct rules_cache *cache, uint64_t changes)
{
    pthread_mutex_lock(&cache->lock);
    const struct rules *r = cache->current;
    bool is_recent = r != NULL && rules_changes(r) == changes && clock_mono_ms() - cache->put_at < RECENT_MS;
    r = is_recent ? rules_use(r) : NULL;
    pthread_mutex_unlock(&cache->lock);
    return r;
}

void rules_cache_believe(struct rules_cache *cache, const struct bell *bell)
{
    pthread_mutex_lock(&cache->lock);
    cache->in_step = bell;
    cache->in_step_at = clock_mono_ms();
    pthread_mutex_unlock(&cache->lock);
}

const struct bell *rules_cache_believed(struct rules_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    const struct bell *bell = clock_mono_ms() - cache->in_step_at < BELIEVED_MS ? cache->in_step : NULL;
    pthread_mutex_unlock(&cache->lock);
    return bell;
}

void rules_cache_expire(struct rules_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    cache->put_at = clock_mono_ms() - RECENT_MS;
    pthread_mutex_unlock(&cache->lock);
}

void rules_cache_put(struct rules_cache *cache, const struct rules *r)
{
    pthread_mutex_lock(&cache->lock);
    const struct rules *old = cache->current;
    cache->current = r;
    cache->put_at = clock_mono_ms();
    pthread_mutex_unlock(&cache->lock);
    rules_release(old);
}

void rules_cache_lock(struct rules_cache *cache)
{
    pthread_mutex_lock(&cache->loading);
}

void rules_cache_unlock(struct rules_cache *cache)
{
    pthread_mutex_unlock(&cache->loading);
}

const struct token_settings *rules_cache_tokens(struct rules_cache *cache, const struct conf *conf, struct err *e)
{
    pthread_mutex_lock(&cache->lock);
    if (!cache->has_tokens) {
        cache->has_tokens = true;
        (void)token_settings_read(&cache->tokens, (enum token_alg)conf->token_alg, conf->token_key,
                                  conf->token_key_next, conf->token_aud, &cache->tokens_error);
    }
    pthread_mutex_unlock(&cache->lock);
    if (cache->tokens_error.code != ERR_NONE) {
        err_move(e, &cache->tokens_error);
        return NULL;
    }
    return &cache->tokens;
}
