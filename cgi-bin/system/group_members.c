/* group_members.c - see group_members.h. */
#include "system/group_members.h"

#include "base/ck.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 4 }; /* name, password, number, and the group's number or members */

/* Cuts a line of either file in place; false when it has too few fields. */
static bool cut(char *line, char *fields[FIELDS])
{
    line[strcspn(line, "\n")] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        char *end = line != NULL ? strchr(line, ':') : NULL;
        fields[i] = line;
        if (line == NULL) {
            return false;
        }
        if (end != NULL) {
            *end = '\0';
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return true;
}

static bool number_of(const char *text, uint32_t *out)
{
    uint64_t number = 0;
    if (str_u64(text, 0, UINT32_MAX, &number) != 0) {
        return false;
    }
    *out = (uint32_t)number;
    return true;
}

/* Calls see() for each line of a file. */
static void read_lines(const char *path, void (*see)(void *context, char *fields[FIELDS]), void *context)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    char *fields[FIELDS];
    while (file != NULL && getline(&line, &size, file) > 0) {
        if (cut(line, fields)) {
            see(context, fields);
        }
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
}

struct search {
    gid_t group;
    char *name; /* of the group; NULL: unknown */
    /* ",ann,ben,": listed members that are not found yet; NULL: the group is not found yet */
    char *listed;
    struct group_members *out;
};

static void add(struct group_members *m, uid_t user)
{
    if (group_members_has(m, user)) {
        return;
    }
    if (m->count == GROUP_MEMBERS_MAX) {
        m->more = true;
        return;
    }
    m->users[m->count++] = user;
}

static void see_group(void *context, char *fields[FIELDS])
{
    struct search *s = context;
    uint32_t number = 0;
    if (s->name != NULL || !number_of(fields[2], &number) || number != s->group) {
        return;
    }
    size_t size = strlen(fields[3]) + 3;
    s->name = ck_strdup(fields[0]);
    s->listed = ck_calloc(1, size);
    snprintf(s->listed, size, ",%s,", fields[3]);
}

/* Removes the user from the list; false if it wasn't listed. */
static bool was_listed(struct search *s, const char *name)
{
    size_t length = strlen(name);
    for (char *at = s->listed; at != NULL && *at != '\0'; at = strchr(at + 1, ',')) {
        if (length > 0 && strncmp(at + 1, name, length) == 0 && at[1 + length] == ',') {
            memset(at + 1, ' ', length);
            return true;
        }
    }
    return false;
}

static void see_user(void *context, char *fields[FIELDS])
{
    struct search *s = context;
    uint32_t user = 0;
    uint32_t own = 0;
    if (!number_of(fields[2], &user) || !number_of(fields[3], &own)) {
        return;
    }
    /* also for a user whose primary group it is: the list must become empty */
    bool is_listed = was_listed(s, fields[0]);
    if (own == s->group || is_listed) {
        add(s->out, user);
    }
    if (s->name != NULL && strcmp(fields[0], s->name) == 0) {
        s->out->has_namesake = true;
        s->out->namesake = user;
    }
}

void group_members_read(const char *passwd, const char *groups, gid_t group, struct group_members *out)
{
    struct search s = {.group = group, .out = out};
    memset(out, 0, sizeof *out);
    read_lines(groups, see_group, &s);
    read_lines(passwd, see_user, &s);
    if (s.listed != NULL && strspn(s.listed, ", ") != strlen(s.listed)) {
        out->more = true; /* a member that isn't in /etc/passwd */
    }
    free(s.name);
    free(s.listed);
}

void group_members_of(gid_t group, struct group_members *out)
{
    group_members_read("/etc/passwd", "/etc/group", group, out);
}

bool group_members_has(const struct group_members *m, uid_t user)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->users[i] == user) {
            return true;
        }
    }
    return false;
}
