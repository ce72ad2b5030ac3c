/* group_members.h - the members of a group, from /etc/passwd and /etc/group.
 *
 * The files are read directly, because a statically linked program can't load the C library's
 * modules for other sources. So users of a directory service (LDAP) aren't found, and a group that
 * only such a service knows has no members here.
 * Threads: any.
 */
#ifndef GROUP_MEMBERS_H
#define GROUP_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { GROUP_MEMBERS_MAX = 8 };

struct group_members {
    uid_t users[GROUP_MEMBERS_MAX]; /* users whose primary group it is, and users listed in it */
    size_t count;
    bool more;         /* there are further members, or members with an unknown number */
    bool has_namesake; /* a user has the group's name: */
    uid_t namesake;
};

/* Fills *out. Can't fail: a file that can't be read counts as empty. */
void group_members_of(gid_t group, struct group_members *out);
void group_members_read(const char *passwd, const char *groups, gid_t group,
                        struct group_members *out); /* the same from other files */

bool group_members_has(const struct group_members *m, uid_t user); /* user is among m->users */

#endif
