/* unsent.c - see unsent.h. */
#include "web/unsent.h"

#include "base/clock.h"
#include "web/fcgi_request.h"
#include "web/shared_bytes.h"

static void note_progress(struct unsent *u, const struct fcgi_request *r)
{
    u->moved_at = clock_mono_ms();
    u->unread = fcgi_request_unread(r);
}

enum unsent_left unsent_start(struct unsent *u, const struct fcgi_request *r, struct shared_bytes *b)
{
    long taken = fcgi_output_write(&b->output, r, 0);
    *u = (struct unsent){.moved_at = clock_mono_ms()};
    if (taken < 0) {
        return UNSENT_GONE;
    }
    if ((size_t)taken == b->size) {
        return UNSENT_NOTHING;
    }
    unsent_keep(u, r, b, (size_t)taken);
    return UNSENT_SOME;
}

void unsent_keep(struct unsent *u, const struct fcgi_request *r, struct shared_bytes *b, size_t written)
{
    *u = (struct unsent){.bytes = shared_bytes_keep(b), .written = written};
    note_progress(u, r);
}

enum unsent_left unsent_write(struct unsent *u, const struct fcgi_request *r)
{
    if (u->bytes == NULL) {
        return UNSENT_NOTHING;
    }
    long taken = fcgi_output_write(&u->bytes->output, r, u->written);
    if (taken < 0) {
        return UNSENT_GONE;
    }
    if (taken > 0) {
        u->written += (size_t)taken;
        note_progress(u, r);
    }
    if (u->written < u->bytes->size) {
        return UNSENT_SOME;
    }
    unsent_drop(u);
    return UNSENT_NOTHING;
}

int64_t unsent_still_ms(struct unsent *u, const struct fcgi_request *r, int64_t now)
{
    int unread = fcgi_request_unread(r);
    if (unread < u->unread) {
        u->moved_at = now;
        u->unread = unread;
    }
    return now - u->moved_at;
}

void unsent_drop(struct unsent *u)
{
    shared_bytes_release(u->bytes);
    u->bytes = NULL;
}
