/* test_permissions.c - permissions.h and group_members.h: data that other users may write to is
 * refused with a reason; sharing among a site's own users is allowed. */
#include "support.h"

#include "base/err.h"
#include "system/group_members.h"
#include "system/permissions.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum {
    NOBODY = 65534,
    DAEMON = 34,
    USERS = 100
}; /* ids of Debian: 34 is backup, which has a group of its own like www-data */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void make_file(const char *name, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/pollchat-guard-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* Checks that the folder is refused with this text; NULL: that it is accepted. */
static void assert_folder(const char *says, int line)
{
    struct err e = ERR_INIT;
    int result = permissions_folder(folder, &e);
    if ((result == 0) != (says == NULL) || (says != NULL && strstr(e.text, says) == NULL)) {
        print_error("line %d: %d, '%s'\n", line, result, e.text);
        _fail(__FILE__, line);
    }
    assert_int_equal(e.code, result == 0 ? ERR_NONE : ERR_EXPOSED);
    assert_null(strstr(e.text, folder)); /* no path of the host */
}
#define fine() assert_folder(NULL, __LINE__)
#define wrong(says) assert_folder(says, __LINE__)

static void a_folder_that_all_users_may_write_to_is_refused(void **state)
{
    static const mode_t good[] = {0700, 0750, 0755, 0711, 01755, 0500};
    static const mode_t bad[] = {0777, 0707, 0702, 01777, 03777, 0733};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(chmod(folder, good[i]), 0);
        fine();
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(chmod(folder, bad[i]), 0);
        wrong("All users of this machine may write to the data folder");
        wrong("700");
    }
    assert_int_equal(chmod(folder, 0700), 0);
    fine();
}

static void each_file_that_all_users_may_write_to_is_refused(void **state)
{
    static const char *const names[] = {"chat.db",  "chat.db-wal", "chat.db-shm", "chat.db-journal", "chat.bell",
                                        "chat.key", "chat.tally",  "chat.limits", "chat.db-lock"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        make_file(names[i], 0644);
        fine();
        make_file(names[i], 0666);
        wrong(names[i]);
        make_file(names[i], 0600);
    }
    make_file("notes.txt", 0666); /* not a file of the chat */
    fine();
}

static void a_link_is_judged_by_its_target(void **state)
{
    (void)state;
    make_file("elsewhere", 0666);
    assert_int_equal(symlink("elsewhere", in_folder("chat.db")), 0);
    wrong("chat.db");
    make_file("elsewhere", 0600);
    fine();
    assert_int_equal(unlink(in_folder("elsewhere")), 0);
    fine(); /* opening it will report that */
}

static void missing_files_are_not_refused(void **state)
{
    (void)state;
    assert_int_equal(permissions_folder("/nowhere/at/all", NULL), 0);
    assert_int_equal(permissions_folder(in_folder("none"), NULL), 0);
}

/* ---- other users; needs root ---- */

static int as_user(uid_t user, gid_t group, int (*run)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0
                  ? 98
                  : run());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int look(void)
{
    struct err e = ERR_INIT;
    int result = permissions_folder(folder, &e);
    return result == 0 ? 0 : strstr(e.text, "Another user") != NULL ? 2 : strstr(e.text, "their group") != NULL ? 3 : 1;
}

static void give(const char *name, uid_t user, gid_t group, mode_t mode)
{
    const char *path = name != NULL ? in_folder(name) : folder;
    if (name != NULL) {
        make_file(name, 0600);
    }
    assert_true(chown(path, user, group) == 0 && chmod(path, mode) == 0);
}

static bool can_be_others(void)
{
    struct group_members own;
    struct group_members users;
    group_members_of(DAEMON, &own);
    group_members_of(USERS, &users);
    return geteuid() == 0 && own.has_namesake && own.namesake == DAEMON && own.count == 1 && !users.has_namesake;
}

static void a_folder_or_file_of_another_user_is_refused(void **state)
{
    (void)state;
    if (!can_be_others()) {
        skip();
    }
    give(NULL, 1234, 1234, 0755);
    assert_int_equal(as_user(NOBODY, NOBODY, look), 2);
    fine();                 /* root may run commands for each owner */
    give(NULL, 0, 0, 0755); /* folders of root and of the programs' owner are accepted */
    assert_int_equal(as_user(NOBODY, NOBODY, look), 0);
    give(NULL, NOBODY, NOBODY, 0700);
    assert_int_equal(as_user(NOBODY, NOBODY, look), 0);
    give("chat.db", 1234, 1234, 0644);
    assert_int_equal(as_user(NOBODY, NOBODY, look), 2);
    wrong("Another user of this machine has the file chat.db");
    give("chat.db", 0, 0, 0644); /* created by the command line as root */
    assert_int_equal(as_user(NOBODY, NOBODY, look), 0);
    fine();
}

static void a_users_own_group_may_write_but_not_a_group_of_several_users(void **state)
{
    (void)state;
    if (!can_be_others()) {
        skip();
    }
    give(NULL, DAEMON, DAEMON, 0770);
    give("chat.db", DAEMON, DAEMON, 0660);
    assert_int_equal(as_user(DAEMON, DAEMON, look), 0);
    fine();
    give(NULL, DAEMON, USERS, 0750);
    assert_int_equal(as_user(DAEMON, DAEMON, look), 0);
    give(NULL, DAEMON, USERS, 0770);
    assert_int_equal(as_user(DAEMON, DAEMON, look), 3);
    give(NULL, DAEMON, DAEMON, 0700);
    give("chat.db", DAEMON, USERS, 0660);
    assert_int_equal(as_user(DAEMON, DAEMON, look), 3);
}

/* One user has the site, the programs run as another (such as www-data), and both have created
 * files. */
static void an_owner_may_share_with_the_programs_user_by_its_group(void **state)
{
    (void)state;
    if (!can_be_others()) {
        skip();
    }
    give(NULL, 1234, DAEMON, 02770);
    give("chat.db", DAEMON, DAEMON, 0660);
    give("chat.key", 1234, DAEMON, 0660);
    assert_int_equal(as_user(1234, 1234, look), 0);
    fine();
    give("chat.bell", 1235, DAEMON, 0660); /* a third user */
    assert_int_equal(as_user(1234, 1234, look), 2);
}

/* ---- access control lists ---- */

struct entry {
    uint16_t tag;
    uint16_t rights;
    uint32_t id;
};

static bool set_list(uint32_t user, uint16_t rights, uint16_t mask)
{
    const struct {
        uint32_t version;
        struct entry entries[5];
    } list = {2,
              {{0x01, 7, UINT32_MAX},
               {0x02, rights, user},
               {0x04, 0, UINT32_MAX},
               {0x10, mask, UINT32_MAX},
               {0x20, 0, UINT32_MAX}}};
    return setxattr(folder, "system.posix_acl_access", &list, sizeof list, 0) == 0;
}

static void the_entries_of_an_access_control_list_count_and_not_its_mask(void **state)
{
    struct stat st;
    (void)state;
    if (!can_be_others()) {
        skip();
    }
    give(NULL, 1234, USERS, 0700);
    if (!set_list(DAEMON, 7, 7)) {
        skip(); /* this file system has no access control lists */
    }
    assert_true(stat(folder, &st) == 0 && (st.st_mode & 020) != 0);
    fine(); /* the group has no rights; one listed user may share the folder */
    give("chat.db", 1235, 1235, 0600);
    wrong("chat.db");
    give("chat.db", DAEMON, DAEMON, 0600);
    fine();
}

static void a_very_long_access_control_list_is_refused(void **state)
{
    struct {
        uint32_t version;
        struct entry entries[104];
    } list = {.version = 2};
    (void)state;
    if (!can_be_others()) {
        skip();
    }
    give(NULL, 0, 0, 0700);
    list.entries[0] = (struct entry){0x01, 7, UINT32_MAX};
    for (uint32_t i = 0; i < 100; i++) {
        list.entries[1 + i] = (struct entry){0x02, 7, 2000 + i};
    }
    list.entries[101] = (struct entry){0x04, 0, UINT32_MAX};
    list.entries[102] = (struct entry){0x10, 7, UINT32_MAX};
    list.entries[103] = (struct entry){0x20, 0, UINT32_MAX};
    if (setxattr(folder, "system.posix_acl_access", &list, sizeof list, 0) != 0) {
        skip(); /* this file system has no access control lists, or only short ones */
    }
    wrong("data folder");
}

/* ---- members of a group ---- */

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static struct group_members in_group(gid_t group)
{
    struct group_members m;
    char passwd[160];
    snprintf(passwd, sizeof passwd, "%s", in_folder("passwd"));
    group_members_read(passwd, in_folder("group"), group, &m);
    return m;
}

static void members_are_read_from_passwd_and_group(void **state)
{
    (void)state;
    write_text("passwd",
               "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/:\nben:x:1001:100::/:\ncat:x:1002:100:,,:/:\n"
               "\nbroken\n+::::::\nx:y:z:0\n-1:x:-1:-1::\ndan:x:1003:1003");
    write_text(
        "group",
        "root:x:0:\nann:x:1000:\nusers:x:100:dan,ann\nstaff:x:50:ann,zoe\nwww:x:33:\nben:x:1001:cat\ndan:x:1003:dan\nempty:x:7");
    struct group_members m = in_group(1000);
    assert_true(m.count == 1 && group_members_has(&m, 1000) && m.has_namesake && m.namesake == 1000 && !m.more);
    m = in_group(100);
    assert_true(m.count == 4 && group_members_has(&m, 1001) && group_members_has(&m, 1002) &&
                group_members_has(&m, 1003) && !m.has_namesake);
    m = in_group(50); /* zoe is not in passwd */
    assert_true(m.count == 1 && m.more);
    m = in_group(33);
    assert_true(m.count == 0 && !m.more && !m.has_namesake);
    m = in_group(1001); /* a group named ben, with the member cat but without ben */
    assert_true(m.count == 1 && group_members_has(&m, 1002) && m.has_namesake && m.namesake == 1001);
    m = in_group(1003); /* dan is listed in a group that is already the own group of dan */
    assert_true(m.count == 1 && group_members_has(&m, 1003) && !m.more);
    m = in_group(4711);
    assert_true(m.count == 0 && !m.more);
    assert_int_equal(unlink(in_folder("passwd")), 0);
    m = in_group(100);
    assert_true(m.count == 0 && m.more);
    assert_int_equal(unlink(in_folder("group")), 0);
    m = in_group(100);
    assert_true(m.count == 0 && !m.more);
}

static void a_very_large_group_is_marked_as_incomplete(void **state)
{
    char text[8192] = "";
    (void)state;
    for (int i = 0; i < 100; i++) {
        char line[64];
        snprintf(line, sizeof line, "u%d:x:%d:100::/:\n", i, 2000 + i);
        strcat(text, line);
    }
    write_text("passwd", text);
    write_text("group", "users:x:100:u1,u1,u99\n");
    struct group_members m = in_group(100);
    assert_true(m.count == GROUP_MEMBERS_MAX && m.more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_folder_that_all_users_may_write_to_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_file_that_all_users_may_write_to_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_is_judged_by_its_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_files_are_not_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_or_file_of_another_user_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_users_own_group_may_write_but_not_a_group_of_several_users, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_owner_may_share_with_the_programs_user_by_its_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_entries_of_an_access_control_list_count_and_not_its_mask, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_very_long_access_control_list_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_read_from_passwd_and_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_very_large_group_is_marked_as_incomplete, set_up, tear_down),
    };
    return RUN(tests);
}
