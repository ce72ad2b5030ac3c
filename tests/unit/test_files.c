/* test_files.c - folders, files, file systems and locks: permissions, names, and what root does in
 * folders of other users. */
#include "support.h"

#include "base/err.h"
#include "base/log.h"
#include "system/file.h"
#include "system/file_lock.h"
#include "system/file_name.h"
#include "system/file_system.h"
#include "system/folder.h"
#include "system/program_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[100];
static char path[300];

static const char *in_root(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pollchat-disk-XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "chmod -R u+rwx '%s' && rm -rf '%s'", root, root);
    return system(command);
}

static unsigned mode_of(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 ? st.st_mode & 07777U : 0;
}

static void the_program_folder_is_the_folder_of_the_executable(void **state)
{
    char out[PATH_MAX];
    char self[PATH_MAX];
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(program_path_folder(out, sizeof out, &e), 0);
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    assert_string_equal(out, self);
    assert_int_equal(program_path_folder(out, strlen(self) + 1, &e), 0);
    assert_int_equal(program_path_folder(out, strlen(self), &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_string_equal(out, "");
}

static void network_file_systems_are_recognised(void **state)
{
    static const unsigned long network[] = {0x6969,     0x517b,     0xff534d42, 0xfe534d42, 0x01021997, 0x65735546,
                                            0x5346414f, 0x6b414653, 0x00c36400, 0x0bd00bd0, 0x01161970, 0x7461636f};
    static const unsigned long local[] = {
        0xef53 /* ext4 */,          0x58465342 /* XFS */, 0x9123683e /* btrfs */, 0x01021994 /* tmpfs */,
        0x794c7630 /* overlayfs */, 0x2fc12fc1 /* ZFS */, 0xf2f52010 /* F2FS */,  0};
    (void)state;
    for (size_t i = 0; i < COUNT(network); i++) {
        assert_true(file_system_kind_is_network(network[i]));
    }
    for (size_t i = 0; i < COUNT(local); i++) {
        assert_false(file_system_kind_is_network(local[i]));
    }
    assert_false(file_system_is_network("/proc"));
    assert_false(file_system_is_network("/nowhere/at/all"));
}

static void a_new_folder_is_private_and_closed_to_the_web_with_any_umask(void **state)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    struct err e = ERR_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(masks); i++) {
        char name[16];
        snprintf(name, sizeof name, "data%d", (int)i);
        mode_t was = umask(masks[i]);
        int result = folder_make(in_root(name), &e);
        umask(was);
        assert_int_equal(result, 0);
        assert_int_equal(mode_of(path), 0700);
        strcat(path, "/.htaccess");
        assert_int_equal(mode_of(path), 0644);
        char *deny = support_read_file(path, NULL);
        assert_contains(deny, "<IfModule mod_authz_core.c>\n    Require all denied\n</IfModule>\n");
        assert_contains(deny, "<IfModule !mod_authz_core.c>\n    Order deny,allow\n    Deny from all\n</IfModule>\n");
        free(deny);
    }
}

static void an_existing_folder_keeps_its_permissions(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_root("data"), 0750), 0);
    assert_int_equal(chmod(path, 0750), 0);
    assert_int_equal(folder_make(path, NULL), 0);
    assert_int_equal(mode_of(path), 0750);
    /* The folder was empty, perhaps because its creation was interrupted. */
    assert_true(file_exists(in_root("data/.htaccess")));
}

static void a_folder_with_other_files_is_not_changed(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_root("www"), 0755), 0);
    assert_int_equal(mkdir(in_root("www/page"), 0755), 0);
    assert_int_equal(folder_make(in_root("www"), NULL), 0);
    assert_false(file_exists(in_root("www/.htaccess")));
}

/* As under lighttpd, where the sockets of the programs are in the data folder. */
static void a_folder_with_only_a_socket_is_closed_to_the_web_like_an_empty_one(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_root("data"), 0700), 0);
    assert_int_equal(mknod(in_root("data/poll.sock-0"), S_IFSOCK | 0600, 0), 0);
    assert_int_equal(folder_make(in_root("data"), NULL), 0);
    assert_true(file_exists(in_root("data/.htaccess")));
}

static void an_htaccess_file_of_the_owner_is_not_changed(void **state)
{
    (void)state;
    assert_int_equal(folder_make(in_root("data"), NULL), 0);
    FILE *own = fopen(in_root("data/.htaccess"), "w");
    assert_non_null(own);
    fputs("own", own);
    fclose(own);
    assert_int_equal(folder_make(in_root("data"), NULL), 0);
    char *text = support_read_file(in_root("data/.htaccess"), NULL);
    assert_string_equal(text, "own");
    free(text);
}

static void unusable_folders_are_reported(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(folder_make(in_root("no/data"), &e), -1);
    assert_int_equal(e.code, ERR_CONFIG);
    err_clear(&e);
    int fd = open(in_root("file"), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(folder_make(in_root("file"), &e), -1);
    assert_int_equal(e.code, ERR_CONFIG);
    err_clear(&e);
    assert_int_equal(folder_make(in_root("file/data"), &e), -1);
    assert_int_equal(e.code, ERR_CONFIG);
}

static void slashes_at_the_end_are_accepted(void **state)
{
    (void)state;
    assert_int_equal(folder_make(in_root("data//"), NULL), 0);
    assert_int_equal(mode_of(in_root("data")), 0700);
}

static int as_nobody(int (*run)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)) {
            _exit(98);
        }
        _exit(run());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int make_denied(void)
{
    struct err e = ERR_INIT;
    return folder_make(in_root("data"), &e) == -1 ? (int)e.code : 0;
}

static int look_for_rights(void)
{
    int found = file_system_is_writable(in_root("open")) ? 1 : 0;
    found |= file_system_is_writable(in_root("closed")) ? 2 : 0;
    found |= file_system_is_writable(in_root("open/file")) ? 4 : 0;
    found |= file_system_is_writable(in_root("closed/file")) ? 8 : 0;
    found |= file_system_is_writable(in_root("missing")) ? 16 : 0;
    return found;
}

static int lock_denied(void)
{
    struct err e = ERR_INIT;
    return file_lock_open(in_root("lock"), &e) == -1 ? (int)e.code : 0;
}

static void a_folder_without_write_permission_is_read_only(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_root("open"), 0700), 0);
    assert_int_equal(mkdir(in_root("closed"), 0700), 0);
    close(open(in_root("open/file"), O_WRONLY | O_CREAT, 0600));
    close(open(in_root("closed/file"), O_WRONLY | O_CREAT, 0400));
    assert_true(chmod(in_root("open"), 0777) == 0 && chmod(in_root("open/file"), 0666) == 0);
    assert_true(chmod(in_root("closed"), 0555) == 0 && chmod(in_root("closed/file"), 0444) == 0);
    assert_int_equal(chmod(root, 0555), 0);
    assert_int_equal(as_nobody(make_denied), ERR_READONLY);
    assert_int_equal(as_nobody(lock_denied), ERR_READONLY);
    assert_int_equal(as_nobody(look_for_rights), 1 | 4);
    assert_int_equal(chmod(root, 0755), 0);
}

static void a_lock_excludes_other_descriptors(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    mode_t was = umask(0);
    int one = file_lock_open(in_root("lock"), &e);
    umask(was);
    int two = file_lock_open(in_root("lock"), &e);
    assert_true(one >= 0 && two >= 0);
    assert_int_equal(mode_of(path), 0600);
    assert_true((fcntl(one, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(file_lock_try(one), FILE_LOCK_GOT);
    assert_int_equal(file_lock_try(one), FILE_LOCK_GOT); /* it has this lock already */
    assert_int_equal(file_lock_try(two), FILE_LOCK_BUSY);
    assert_int_equal(file_lock_probe(two), FILE_LOCK_BUSY);
    file_lock_release(one);
    assert_int_equal(file_lock_probe(two), FILE_LOCK_GOT);
    assert_int_equal(file_lock_try(one), FILE_LOCK_GOT); /* a mere check takes no lock */
    file_lock_release(one);
    assert_int_equal(file_lock_try(two), FILE_LOCK_GOT);
    close(two); /* closing releases it, as the end of a process does */
    assert_int_equal(file_lock_try(one), FILE_LOCK_GOT);
    close(one);
    assert_int_equal(file_lock_try(-1), FILE_LOCK_UNSUPPORTED);
    assert_int_equal(file_lock_probe(-1), FILE_LOCK_UNSUPPORTED);
}

static void free_space_is_returned_where_it_is_known(void **state)
{
    uint64_t room = 0;
    (void)state;
    assert_true(file_system_free(in_root("."), &room) && room > 0);
    assert_false(file_system_free(in_root("none"), &room));
    assert_false(file_system_free("/proc", &room)); /* this file system reports no blocks */
}

static void a_file_name_is_synced_to_the_disk(void **state)
{
    (void)state;
    assert_int_equal(file_name_sync(in_root("file")), 0); /* only its folder has to exist */
    assert_int_equal(file_name_sync(in_root("none/file")), -1);
}

static void a_symbolic_link_is_refused_as_a_lock(void **state)
{
    struct err e = ERR_INIT;
    (void)state;
    assert_int_equal(symlink("/etc/passwd", in_root("lock")), 0);
    assert_int_equal(file_lock_open(path, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
}

static void files_that_root_creates_belong_to_the_owner_of_the_folder(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(mkdir(in_root("data"), 0700), 0);
    uid_t owner = geteuid() == 0 ? 65534 : geteuid();
    assert_true(geteuid() != 0 || chown(path, owner, owner) == 0);
    assert_int_equal(folder_make(path, NULL), 0);
    int fd = file_lock_open(in_root("data/lock"), NULL);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_uid, owner);
    close(fd);
    assert_int_equal(stat(in_root("data/.htaccess"), &st), 0);
    assert_int_equal(st.st_uid, owner);
}

/* ---- links created by another user ---- */

/* The next folder that is created is replaced by a link to this; NULL: it is not. */
static const char *swapped_for;

/* The program calls this function instead of the C library's, because it is found first. */
int mkdir(const char *folder, mode_t mode)
{
    int result = mkdirat(AT_FDCWD, folder, mode);
    if (result == 0 && swapped_for != NULL) {
        assert_int_equal(rmdir(folder), 0);
        assert_int_equal(symlink(swapped_for, folder), 0);
        swapped_for = NULL;
    }
    return result;
}

static void a_folder_that_is_replaced_by_a_link_during_its_creation_changes_no_other_folder(void **state)
{
    static const char *const names[] = {"data", "data//"};
    struct stat st;
    (void)state;
    assert_int_equal(mkdir(in_root("etc"), 0755), 0);
    assert_int_equal(chmod(path, 0755), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct err e = ERR_INIT;
        swapped_for = "etc";
        assert_int_equal(folder_make(in_root(names[i]), &e), -1);
        assert_int_equal(mode_of(in_root("etc")), 0755);
        assert_int_equal(stat(in_root("etc/.htaccess"), &st), -1);
        assert_int_equal(unlink(in_root("data")), 0);
    }
}

static void the_target_of_a_link_keeps_its_permissions_and_owner(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(mkdir(in_root("data"), 0700), 0);
    assert_true(geteuid() != 0 || chown(path, 65534, 65534) == 0);
    close(open(in_root("passwd"), O_WRONLY | O_CREAT, 0644));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(symlink("../passwd", in_root("data/soft")), 0);
    file_make_private(in_root("data/soft"));
    char target[320];
    snprintf(target, sizeof target, "%s", in_root("passwd"));
    assert_int_equal(link(target, in_root("data/hard")), 0);
    file_make_private(in_root("data/hard"));
    assert_int_equal(stat(in_root("passwd"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(st.st_uid, geteuid());
}

static void no_file_elsewhere_or_of_another_user_is_overwritten(void **state)
{
    char target[320];
    struct err e = ERR_INIT;
    struct stat st;
    (void)state;
    assert_int_equal(mkdir(in_root("data"), 0700), 0);
    FILE *file = fopen(in_root("passwd"), "w");
    assert_true(fputs("root", file) >= 0 && fclose(file) == 0);
    snprintf(target, sizeof target, "%s", path);
    assert_int_equal(link(target, in_root("data/chat.trial")), 0);
    assert_int_equal(file_system_try_write(in_root("data"), 0, &e), -1);
    assert_int_equal(e.code, ERR_READONLY);
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(unlink(in_root("data/chat.trial")), 0);
    assert_int_equal(file_system_try_write(in_root("data"), 0, NULL), 0);
    int fd = open(in_root("data/chat.trial"), O_RDONLY);
    assert_true(file_is_own(fd, path));
    if (geteuid() == 0) {
        assert_int_equal(fchown(fd, 65534, 65534), 0);
        assert_false(file_is_own(fd, path));
        assert_int_equal(chown(in_root("data"), 65534, 65534), 0); /* the owner of the folder */
        assert_true(file_is_own(fd, in_root("data/chat.trial")));
    }
    close(fd);
}

static void ignore_line(void *context, const char *line)
{
    (void)context;
    (void)line;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_program_folder_is_the_folder_of_the_executable),
        TEST(a_folder_that_is_replaced_by_a_link_during_its_creation_changes_no_other_folder),
        TEST(the_target_of_a_link_keeps_its_permissions_and_owner),
        TEST(no_file_elsewhere_or_of_another_user_is_overwritten),
        TEST(network_file_systems_are_recognised),
        TEST(a_new_folder_is_private_and_closed_to_the_web_with_any_umask),
        TEST(an_existing_folder_keeps_its_permissions),
        TEST(a_folder_with_other_files_is_not_changed),
        TEST(a_folder_with_only_a_socket_is_closed_to_the_web_like_an_empty_one),
        TEST(an_htaccess_file_of_the_owner_is_not_changed),
        TEST(unusable_folders_are_reported),
        TEST(slashes_at_the_end_are_accepted),
        TEST(a_folder_without_write_permission_is_read_only),
        TEST(a_lock_excludes_other_descriptors),
        TEST(free_space_is_returned_where_it_is_known),
        TEST(a_file_name_is_synced_to_the_disk),
        TEST(a_symbolic_link_is_refused_as_a_lock),
        TEST(files_that_root_creates_belong_to_the_owner_of_the_folder),
    };
    log_attach(ignore_line, NULL);
    return RUN(tests);
}
