/* start.c - the starter: in an archive for shared hosting, poll.cgi, send.cgi and pollchat are this
 * small program, which starts the real one.
 *
 * The real program is one file, programs/pollchat-VERSION-BUILD. The name it is started with
 * decides whether it is poll, send or pollchat. It has another name in each release, and the
 * starter is so small that an upload replaces it in one piece. So an upload over a chat that is in
 * use
 *   - meets no "Text file busy": the file of a running program is never overwritten, because the
 *     starter runs for only a millisecond
 *   - starts no incomplete program: an incomplete file (image.h) is skipped, and the previous
 *     program is started
 *   - can be undone: programs/use names the program to start, and each archive has its own
 * FTP loses the execute bit. The starter sets it for the real program; for the starter itself, only
 * the owner can.
 *
 * Not for make install, where files are replaced by rename. It needs no library except libc: it is
 * linked with a smaller one than the other programs.
 * Status: 1 if there is no program to start. The reason goes to stderr, and to a web server as an
 * answer.
 */
#include "system/image.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 100,
    LOOKS = 100, /* a running upload has ten seconds to complete a program */
};

struct found {
    char name[IMAGE_NAME_SIZE]; /* "" : none */
    bool part;                  /* a file is incomplete */
    bool foreign;               /* a file is for another architecture */
};

static bool path_of(char *out, size_t size, const char *folder, const char *name)
{
    return snprintf(out, size, "%s/%s", folder, name) < (int)size;
}

/* The folder of this program's file. */
static bool own_folder(char *out, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length > 0) {
        out[length] = '\0';
        char *slash = strrchr(out, '/');
        if (slash != NULL) {
            *slash = '\0';
            return true;
        }
    }
    /* Without /proc, as in a chroot: the path that was passed to execve. Else the working
     * directory: web servers start a program in its own folder. */
    char path[PATH_MAX];
    // NOLINTNEXTLINE(performance-no-int-to-ptr): so it is handed over
    const char *started = (const char *)getauxval(AT_EXECFN);
    char *slash = started != NULL && realpath(started, path) != NULL ? strrchr(path, '/') : NULL;
    if (slash != NULL && (size_t)(slash - path) < size) {
        *slash = '\0';
        memcpy(out, path, strlen(path) + 1);
        return true;
    }
    return getcwd(out, size) != NULL;
}

/* The folder of the programs: beside this one; if this one is in cgi/, beside cgi-bin. */
static bool find_programs(const char *own, char *out, size_t size)
{
    static const char *const places[] = {"programs", "../cgi-bin/programs"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct stat found;
        if (path_of(out, size, own, places[i]) && stat(out, &found) == 0 && S_ISDIR(found.st_mode)) {
            return true;
        }
    }
    return false;
}

/* Whether the file is a complete program for this machine that can be started. */
static bool is_good(const char *folder, const char *name, struct found *f)
{
    char path[PATH_MAX];
    if (!image_is_name(name) || !path_of(path, sizeof path, folder, name)) {
        return false;
    }
    enum image_state state = image_look(path);
    f->part = f->part || state == IMAGE_PART;
    f->foreign = f->foreign || state == IMAGE_FOREIGN;
    return state == IMAGE_WHOLE && image_can_start(path);
}

static void take_used(const char *folder, struct found *f)
{
    char path[PATH_MAX];
    char name[IMAGE_NAME_SIZE] = "";
    FILE *file = path_of(path, sizeof path, folder, "use") ? fopen(path, "re") : NULL;
    if (file == NULL) {
        return;
    }
    if (fgets(name, sizeof name, file) != NULL) {
        name[strcspn(name, "\r\n")] = '\0'; /* FTP in text mode adds the \r */
        if (is_good(folder, name, f)) {
            memcpy(f->name, name, sizeof name);
        }
    }
    fclose(file);
}

/* The program that was written last. */
static void take_newest(const char *folder, struct found *f)
{
    DIR *list = opendir(folder);
    const struct dirent *entry = NULL;
    struct timespec newest = {0};
    while (list != NULL && (entry = readdir(list)) != NULL) {
        char path[PATH_MAX];
        struct stat found;
        if (!is_good(folder, entry->d_name, f) || !path_of(path, sizeof path, folder, entry->d_name) ||
            stat(path, &found) != 0) {
            continue;
        }
        bool is_newer = found.st_mtim.tv_sec > newest.tv_sec ||
                        (found.st_mtim.tv_sec == newest.tv_sec && found.st_mtim.tv_nsec > newest.tv_nsec);
        if (f->name[0] == '\0' || is_newer) {
            newest = found.st_mtim;
            memcpy(f->name, entry->d_name, strlen(entry->d_name) + 1); /* image_is_name has checked its length */
        }
    }
    if (list != NULL) {
        closedir(list);
    }
}

static struct found find(const char *folder)
{
    struct found f = {.name = ""};
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (int look = 0; look < LOOKS; look++) {
        f = (struct found){.name = ""};
        take_used(folder, &f);
        if (f.name[0] == '\0') {
            take_newest(folder, &f);
        }
        if (f.name[0] != '\0' || !f.part) {
            break;
        }
        nanosleep(&pause, NULL);
    }
    return f;
}

static int refuse(const char *why)
{
    fprintf(stderr, "pollchat: %s\n", why);
    if (getenv("GATEWAY_INTERFACE") != NULL) {
        printf(
            "Status: 500 Internal Server Error\r\nContent-Type: application/problem+json\r\nCache-Control: no-store\r\n\r\n"
            "{\"type\":\"urn:pollchat:problem:misconfigured\",\"title\":\"Internal Server Error\",\"status\":500,\"detail\":\"%s\"}\n",
            why);
    }
    return 1;
}

int main(int argc, char **argv)
{
    char own[PATH_MAX];
    char folder[PATH_MAX];
    char path[PATH_MAX];
    (void)argc;
    if (!own_folder(own, sizeof own) || !find_programs(own, folder, sizeof folder)) {
        return refuse(
            "The folder cgi-bin/programs is missing beside this program. Upload it again, with all that is in it.");
    }
    const struct found f = find(folder);
    if (f.name[0] == '\0') {
        return refuse(
            f.part      ? "The file in cgi-bin/programs is not whole. Upload it again."
            : f.foreign ? "The file in cgi-bin/programs is for another kind of machine. Take the archive for this one."
                        : "There is no program in cgi-bin/programs that can be started. Upload that folder again, in "
                          "binary mode, and give its file pollchat-... the permissions 755.");
    }
    if (path_of(path, sizeof path, folder, f.name)) {
        execv(path, argv); /* argv[0] decides which of the three it is */
    }
    return refuse(
        errno == EACCES
            ? "The program in cgi-bin/programs may not be started here: give it the permissions 755. If it has "
              "them, this host lets no programs run in this folder (noexec)."
            : "The program in cgi-bin/programs can't be started on this machine.");
}
