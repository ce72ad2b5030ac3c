/* test_image.c - image.h and replacement.h: complete and incomplete programs, and when one replaces
 * a running one. */
#include "support.h"

#include "system/image.h"
#include "system/replacement.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char root[100];
static char self[PATH_MAX];
static char path[PATH_MAX];

static const char *in_root(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/pollchat-image-XXXXXX");
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) {
        return -1;
    }
    self[length] = '\0';
    return mkdtemp(root) == NULL ? -1 : 0;
}

static void run(const char *format, const char *a, const char *b)
{
    char command[3 * PATH_MAX];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(command, sizeof command, format, a, b);
#pragma GCC diagnostic pop
    assert_int_equal(system(command), 0);
}

static int tear_down(void **state)
{
    (void)state;
    run("rm -rf '%s'%s", root, "");
    return 0;
}

static void a_program_is_complete_only_with_its_last_byte(void **state)
{
    struct stat st;
    (void)state;
    run("cp '%s' '%s'", self, in_root("program"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(image_look(path), IMAGE_WHOLE);
    /* As transferred by FTP in text mode. */
    run("sed 's/$/\\r/' '%s' >'%s'", self, in_root("text"));
    assert_int_equal(image_look(path), IMAGE_OTHER);
    in_root("program");
    const off_t sizes[] = {st.st_size - 1, st.st_size / 2, 64, 63, 20, 4, 1, 0};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(image_look(path), IMAGE_PART);
    }
}

static void files_that_are_not_programs_for_this_machine_are_recognised(void **state)
{
    (void)state;
    assert_int_equal(image_look(in_root("nothing")), IMAGE_ABSENT);
    assert_int_equal(image_look(root), IMAGE_ABSENT);
    run("printf '#!/bin/sh\\n# %%070d\\n' 1 >'%s'%s", in_root("script"), "");
    assert_int_equal(image_look(path), IMAGE_OTHER);
    run("printf '#!/bin/sh\\n' >'%s'%s", in_root("script"), "");
    assert_int_equal(image_look(path), IMAGE_OTHER);
    run("cp '%s' '%s'", self, in_root("foreign"));
    run("printf '\\363\\000' | dd of='%s' bs=1 seek=18 conv=notrunc 2>/dev/null%s", path, "");
    assert_int_equal(image_look(path), IMAGE_FOREIGN);
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    /* It does not wait for a writer of the FIFO. */
    assert_int_equal(image_look(path), IMAGE_ABSENT);
}

/* Runs in a copy of this test, which is another process in its own folder. After each line of input
 * it prints 1 or 0: "?" asks for a new program, "s" for new settings. */
static int be_watched(void)
{
    char line[16];
    struct replacement *s = replacement_new();
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%d\n", line[0] == 's' ? replacement_has_other_settings(s) : replacement_is_there(s));
        fflush(stdout);
    }
    replacement_free(s);
    return 0;
}

struct watched {
    FILE *to;
    FILE *from;
    pid_t pid;
};

static struct watched start_watched(const char *program)
{
    int in[2];
    int out[2];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        execl(program, program, "watched", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    return (struct watched){.to = fdopen(in[1], "w"), .from = fdopen(out[0], "r"), .pid = pid};
}

static bool question(struct watched *w, const char *question)
{
    char line[16] = "";
    fputs(question, w->to);
    fflush(w->to);
    assert_non_null(fgets(line, sizeof line, w->from));
    return line[0] == '1';
}

static bool sees_replacement(struct watched *w)
{
    return question(w, "?\n");
}

static void end_watched(struct watched *w)
{
    fclose(w->to);
    fclose(w->from);
    assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
}

static void a_file_renamed_to_the_programs_name_replaces_it_once_it_is_complete(void **state)
{
    char program[PATH_MAX];
    (void)state;
    run("cp '%s' '%s'", self, in_root("program"));
    snprintf(program, sizeof program, "%s", path);
    struct watched w = start_watched(program);
    assert_false(sees_replacement(&w));
    assert_int_equal(unlink(program), 0);
    assert_false(sees_replacement(&w)); /* only deleted: there is no replacement */
    run("head -c 5000 '%s' >'%s'", self, program);
    assert_int_equal(chmod(program, 0755), 0);
    assert_false(sees_replacement(&w)); /* an unfinished upload */
    run("cat '%s' >'%s'", self, program);
    assert_int_equal(chmod(program, 0644), 0);
    assert_false(sees_replacement(&w) && geteuid() != 0); /* without an execute bit */
    assert_int_equal(chmod(program, 0755), 0);
    assert_true(sees_replacement(&w));
    end_watched(&w);
}

static void the_program_named_in_use_replaces_it_once_it_is_complete(void **state)
{
    char program[PATH_MAX];
    (void)state;
    run("cp '%s' '%s'", self, in_root("pollchat-1"));
    snprintf(program, sizeof program, "%s", path);
    run("echo pollchat-1 >'%s'%s", in_root("use"), "");
    struct watched w = start_watched(program);
    assert_false(sees_replacement(&w));
    run("echo pollchat-2 >'%s'%s", in_root("use"), "");
    assert_false(sees_replacement(&w)); /* the program is not there yet */
    run("head -c 5000 '%s' >'%s'", self, in_root("pollchat-2"));
    assert_int_equal(chmod(path, 0755), 0);
    assert_false(sees_replacement(&w));
    run("cat '%s' >'%s'", self, path);
    assert_true(sees_replacement(&w));
    /* The owner returns to the older program; FTP has written the line end. */
    run("printf 'pollchat-1\\r\\n' >'%s'%s", in_root("use"), "");
    assert_false(sees_replacement(&w));
    run("echo ../pollchat-2 >'%s'%s", in_root("use"), "");
    assert_false(sees_replacement(&w));
    run(": >'%s'%s", in_root("use"), ""); /* the file is being written */
    assert_false(sees_replacement(&w));
    /* start.c would skip this file and start the running program again. */
    run("echo chat >'%s'%s", in_root("use"), "");
    run("cp '%s' '%s'", self, in_root("chat"));
    assert_false(sees_replacement(&w));
    /* The running program, by another name. */
    run("ln -s pollchat-1 '%s'%s", in_root("pollchat-now"), "");
    run("echo pollchat-now >'%s'%s", in_root("use"), "");
    assert_false(sees_replacement(&w));
    run("ln -sf pollchat-2 '%s'%s", in_root("pollchat-now"), "");
    assert_true(sees_replacement(&w));
    end_watched(&w);
}

static void created_changed_and_removed_settings_are_noticed(void **state)
{
    char program[PATH_MAX];
    (void)state;
    /* As in the archive: the settings are in the parent folder. */
    run("mkdir '%s'%s", in_root("programs"), "");
    run("cp '%s' '%s'", self, in_root("programs/pollchat-1"));
    snprintf(program, sizeof program, "%s", path);
    run("echo threads = 2 >'%s'%s", in_root("chat.conf"), "");
    struct watched w = start_watched(program);
    assert_false(question(&w, "s\n"));
    run("touch '%s'%s", in_root("other.conf"), "");
    assert_false(question(&w, "s\n"));
    run(": >'%s'%s", in_root("my-chat.conf"), "");
    assert_true(question(&w, "s\n"));
    assert_false(sees_replacement(&w));
    run("rm '%s'%s", path, "");
    assert_false(question(&w, "s\n")); /* unchanged again */
    run("echo threads = 30 >'%s'%s", in_root("chat.conf"), "");
    assert_true(question(&w, "s\n"));
    run("rm '%s'%s", path, "");
    assert_true(question(&w, "s\n"));
    end_watched(&w);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "watched") == 0) {
        return be_watched();
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_program_is_complete_only_with_its_last_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_that_are_not_programs_for_this_machine_are_recognised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_renamed_to_the_programs_name_replaces_it_once_it_is_complete, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_program_named_in_use_replaces_it_once_it_is_complete, set_up, tear_down),
        cmocka_unit_test_setup_teardown(created_changed_and_removed_settings_are_noticed, set_up, tear_down),
    };
    return RUN(tests);
}
