/* loop.c - see loop.h. */
#include "system/loop.h"

#include "base/ck.h"
#include "base/err.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

struct loop {
    int epoll;
    int wake;
};

struct loop *loop_new(struct err *e)
{
    struct loop *l = ck_calloc(1, sizeof *l);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll < 0 || l->wake < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &event) != 0) {
        err_set(e, ERR_SYSTEM, "The event loop can't be made: %s.", strerror(errno));
        loop_free(l);
        return NULL;
    }
    return l;
}

void loop_free(struct loop *l)
{
    if (l != NULL) {
        if (l->epoll >= 0) {
            close(l->epoll);
        }
        if (l->wake >= 0) {
            close(l->wake);
        }
        free(l);
    }
}

static const uint32_t hangup = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

int loop_add(struct loop *l, int fd, void *tag, struct err *e)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = tag};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        return err_set(e, ERR_SYSTEM, "The event loop is full: %s.", strerror(errno));
    }
    return 0;
}

void loop_want_write(struct loop *l, int fd, void *tag, bool want)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | (want ? EPOLLOUT : 0U), .data.ptr = tag};
    CK(epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &event) == 0);
}

void loop_remove(struct loop *l, int fd)
{
    struct epoll_event none = {0};
    /* an error means that it was never added */
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, &none);
}

void loop_wake(struct loop *l)
{
    uint64_t one = 1;
    ssize_t ignored = write(l->wake, &one, sizeof one); /* full: the loop wakes anyway */
    (void)ignored;
}

static struct loop_event translate(struct loop *l, const struct epoll_event *event)
{
    struct loop_event out = {.tag = event->data.ptr};
    if (event->data.ptr == NULL) {
        uint64_t count = 0;
        ssize_t ignored = read(l->wake, &count, sizeof count);
        (void)ignored;
        out.what = LOOP_WOKEN;
        return out;
    }
    out.what = ((event->events & hangup) != 0 ? LOOP_INPUT : 0U) |
               ((event->events & EPOLLOUT) != 0 ? LOOP_WRITABLE : 0U);
    return out;
}

size_t loop_wait(struct loop *l, int timeout_ms, struct loop_event *events, size_t max)
{
    struct epoll_event raw[EVENTS_MAX];
    int count = epoll_wait(l->epoll, raw, max < EVENTS_MAX ? (int)max : EVENTS_MAX, timeout_ms);
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        events[used++] = translate(l, &raw[i]);
    }
    return used; /* an interruption looks like the end of the time; the caller checks its clock */
}
