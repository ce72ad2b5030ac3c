/* members.h - who is in a group, by /etc/passwd and /etc/group.
 *
 * These files are read by themselves: a program without libraries can't load the C library's modules for other sources. So users of a directory
 * service aren't seen; a group that is in neither file is one that nothing is known of.
 * Threads: any.
 */
#ifndef MEMBERS_H
#define MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MEMBERS_MAX = 8 };

struct members {
    uid_t users[MEMBERS_MAX]; /* whose own group it is, and who is listed in it */
    size_t count;
    bool more;         /* than fit, or of unknown number */
    bool has_namesake; /* one user has the group's name: */
    uid_t namesake;
};

/* Can't fail: what can't be read has nobody. */
void members_of(gid_t group, struct members *out);
void members_read(const char *passwd, const char *groups, gid_t group, struct members *out); /* from other files */

bool members_has(const struct members *m, uid_t user);

#endif
