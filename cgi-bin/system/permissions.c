/* permissions.c - see permissions.h. */
#include "system/permissions.h"

#include "base/err.h"
#include "system/group_members.h"
#include "system/program_path.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Files that a program opens if they exist. (A backup is checked when it is restored.) */
static const char *const names[] = {"chat.db",   "chat.db-wal", "chat.db-shm", "chat.db-journal", "chat.db-lock",
                                    "chat.bell", "chat.tally",  "chat.limits", "chat.key",        "chat.upgrade"};

/* The users of a site. */
enum { SITE_USERS = 6 };

struct permissions {
    uid_t users[SITE_USERS];
    size_t count;
    bool has_guest; /* one of them is there because a group or a list names it */
};

/* ---- the users of the site ---- */

static bool has(const struct permissions *g, uid_t user)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->users[i] == user) {
            return true;
        }
    }
    return false;
}

static void add(struct permissions *g, uid_t user)
{
    if (!has(g, user) && g->count < SITE_USERS) {
        g->users[g->count++] = user;
    }
}

static void begin(struct permissions *g)
{
    char folder[PATH_MAX];
    struct stat programs;
    *g = (struct permissions){.count = 0};
    add(g, 0);
    add(g, geteuid());
    if (program_path_folder(folder, sizeof folder, NULL) == 0 && stat(folder, &programs) == 0) {
        add(g, programs.st_uid);
    }
}

/* True for a user of the site, and for the one guest whom the folder's owner lets write (alice for
 * www-data, or the other way round). The first other user becomes the guest. */
static bool is_guest(struct permissions *g, uid_t user)
{
    if (has(g, user)) {
        return true;
    }
    if (g->has_guest) {
        return false;
    }
    g->has_guest = true;
    add(g, user);
    return true;
}

/* Is it the own group of a user of the site or of the guest, without further members? */
static bool is_groups(struct permissions *g, gid_t group)
{
    struct group_members m;
    group_members_of(group, &m);
    /* most systems give user and group the same number */
    bool is_own = has(g, group) || (m.has_namesake && has(g, m.namesake));
    for (size_t i = 0; i < m.count; i++) {
        bool is_namesake = m.has_namesake && m.users[i] == m.namesake;
        if (!has(g, m.users[i]) && !(is_namesake && is_guest(g, m.namesake))) {
            return false;
        }
        is_own = is_own || is_namesake;
    }
    return is_own && !m.more;
}

/* ---- access control lists ---- */

enum { ACL_VERSION = 2, ACL_USER = 0x02, ACL_GROUP_OBJ = 0x04, ACL_GROUP = 0x08, ACL_MASK = 0x10, ACL_WRITE = 2 };

struct acl_entry {
    uint16_t tag;
    uint16_t rights;
    uint32_t id;
};

struct acl {
    uint32_t version;
    struct acl_entry entries[64];
};

/* True: every user and group that the list lets write is of the site, or is the guest. *group: the
 * folder's own group may write. */
static bool are_named(struct permissions *g, const struct acl *list, size_t count, bool *group)
{
    uint16_t mask = ACL_WRITE;
    bool result = true;
    for (size_t i = 0; i < count; i++) {
        mask = le16toh(list->entries[i].tag) == ACL_MASK ? le16toh(list->entries[i].rights) : mask;
    }
    for (size_t i = 0; i < count; i++) {
        uint16_t tag = le16toh(list->entries[i].tag);
        uint32_t id = le32toh(list->entries[i].id);
        bool may = (le16toh(list->entries[i].rights) & mask & ACL_WRITE) != 0;
        *group = *group || (tag == ACL_GROUP_OBJ && may);
        if (tag == ACL_USER && may) {
            result = result && is_guest(g, id);
        } else if (tag == ACL_GROUP && may) {
            result = result && is_groups(g, id);
        }
    }
    return result;
}

/* If there is an access control list, the group's permission bits are the list's mask and say
 * little. A file system without lists fails the call. */
static bool is_groups_by_list(struct permissions *g, int fd, const struct stat *st)
{
    struct acl list;
    ssize_t size = fgetxattr(fd, "system.posix_acl_access", &list, sizeof list);
    bool group = true;
    bool named = size >= 0 || errno != ERANGE; /* a list that doesn't fit is refused */
    if (size >= (ssize_t)sizeof list.version && le32toh(list.version) == ACL_VERSION) {
        group = false;
        named = are_named(g, &list, ((size_t)size - sizeof list.version) / sizeof list.entries[0], &group);
    }
    return named && (!group || is_groups(g, st->st_gid));
}

/* ---- looking ---- */

static int refuse(const struct stat *st, const char *why, struct err *e)
{
    return err_set(
        e, ERR_EXPOSED,
        "%s (permissions %03o). A user who can write there can take over the chat with all its messages, so it has "
        "stopped. Give the data folder to the user that runs the programs, with the permissions 700, and its "
        "files 600; look whether anything in it is not yours. On a disk without permissions, set 'data' to a "
        "folder elsewhere. Then the chat goes on by itself.",
        why, (unsigned)(st->st_mode & 07777));
}

static int look(struct permissions *g, int fd, const struct stat *st, const char *what, struct err *e)
{
    char why[160];
    if (!has(g, st->st_uid)) {
        snprintf(why, sizeof why, "Another user of this machine has %s", what);
    } else if ((st->st_mode & S_IWOTH) != 0) {
        snprintf(why, sizeof why, "All users of this machine may write to %s", what);
    } else if ((st->st_mode & S_IWGRP) != 0 && !is_groups_by_list(g, fd, st)) {
        snprintf(why, sizeof why,
                 "Other users of this machine may write to %s, by their group or by an access control list", what);
    } else {
        return 0;
    }
    return refuse(st, why, e);
}

/* For a command that root runs, the folder's owner tells whose site it is. */
static int look_at_folder(struct permissions *g, int fd, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return 0;
    }
    if (geteuid() == 0) {
        add(g, st.st_uid);
    }
    return look(g, fd, &st, "the data folder", e);
}

static int look_at_file(struct permissions *g, int folder, const char *name, struct err *e)
{
    struct stat st;
    char what[64];
    int fd = openat(folder, name,
                    /* closing any other kind of descriptor would drop this process's locks on the
                     * database */
                    O_PATH | O_CLOEXEC);
    int result = 0;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        snprintf(what, sizeof what, "the file %.40s", name);
        result = look(g, fd, &st, what, e);
    }
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* An access control list can only be read from a descriptor that is open for reading; some folders
 * can only be entered. */
static int open_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    return fd;
}

int permissions_folder(const char *folder, struct err *e)
{
    struct permissions g;
    int fd = open_folder(folder);
    if (fd < 0) {
        return 0;
    }
    begin(&g);
    int result = look_at_folder(&g, fd, e);
    for (size_t i = 0; result == 0 && i < sizeof names / sizeof names[0]; i++) {
        result = look_at_file(&g, fd, names[i], e);
    }
    close(fd);
    return result;
}

int permissions_file(int fd, const char *path, struct err *e)
{
    struct permissions g;
    struct stat st;
    char folder[PATH_MAX];
    char what[64];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) + 1 : 1, slash != NULL ? path : ".");
    begin(&g);
    if (stat(folder, &st) == 0) {
        add(&g, st.st_uid); /* permissions_folder has checked that this user is of the site */
    }
    snprintf(what, sizeof what, "the file %.40s", slash != NULL ? slash + 1 : path);
    return fstat(fd, &st) == 0 ? look(&g, fd, &st, what, e) : 0;
}
