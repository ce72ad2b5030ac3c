/* exposure.c - see exposure.h. */
#include "system/exposure.h"

#include "base/err.h"
#include "base/random.h"
#include "system/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char test_name[] = "web-test.txt";
static const char mark_name[] = "READABLE-BY-THE-WEB.txt";
static const char before_word[] = "pollchat ";

static const char mark_text[] =
    "The web server hands out the files of this folder, so everybody could download the database of the chat.\n"
    "The chat has stopped until that is corrected. Either move this folder out of the one that is served, and write its new place\n"
    "into cgi-bin/my-chat.conf (data = ...), or have the web server deny access to it. Then delete this file, and open doctor.html.\n";

static bool path_of(char *out, size_t size, const char *folder, const char *name)
{
    return snprintf(out, size, "%s/%s", folder, name) < (int)size;
}

/* Makes a file. must: all of the text must be in it, else there is no file. Another process may
 * have made the file meanwhile. */
static bool make_file(const char *path, const char *text, bool must)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return errno == EEXIST;
    }
    ssize_t length = (ssize_t)strlen(text);
    bool written = write(fd, text, (size_t)length) == length;
    close(fd);
    file_make_private(path);
    if (!written && must) {
        unlink(path);
    }
    return written || !must;
}

static bool read_word(const char *path, char word[RANDOM_ID_SIZE])
{
    char text[64];
    /* a pipe at this path must not block the program */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    text[length > 0 ? length : 0] = '\0';
    if (strncmp(text, before_word, strlen(before_word)) != 0 ||
        strcspn(text + strlen(before_word), "\n") != RANDOM_ID_SIZE - 1) {
        return false;
    }
    memcpy(word, text + strlen(before_word), RANDOM_ID_SIZE - 1);
    word[RANDOM_ID_SIZE - 1] = '\0';
    return true;
}

static bool make_test(const char *path)
{
    char word[RANDOM_ID_SIZE];
    char text[64];
    if (read_word(path, word)) {
        return true;
    }
    unlink(path); /* perhaps the disk was full when it was made */
    random_id(word);
    snprintf(text, sizeof text, "%s%s\n", before_word, word);
    return make_file(path, text, true) && read_word(path, word);
}

/* Returns the part of `real`, a path without links, behind a folder, with a slash at its beginning;
 * NULL if it isn't in the folder. */
static const char *rest_in(const char *folder, const char *real)
{
    char top[PATH_MAX];
    if (folder == NULL || realpath(folder, top) == NULL) {
        return NULL;
    }
    size_t length = strcmp(top, "/") == 0 ? 0 : strlen(top);
    return strncmp(real, top, length) == 0 && real[length] == '/' ? real + length : NULL;
}

bool exposure_address(const char *data, const char *program_folder, const char *served, char *out, size_t size)
{
    char path[PATH_MAX];
    char real_data[PATH_MAX];
    out[0] = '\0';
    if (!path_of(path, sizeof path, program_folder, "..") || realpath(data, real_data) == NULL) {
        return false;
    }
    const char *address = rest_in(path, real_data);
    if (address != NULL) {
        address++;
    } else if ((address = rest_in(served, real_data)) == NULL) {
        return false;
    }
    if (!path_of(path, sizeof path, real_data, test_name) || !make_test(path) ||
        snprintf(out, size, "%s/%s", address, test_name) >= (int)size) {
        out[0] = '\0';
    }
    return true;
}

int exposure_told(const char *data, const char *word, struct err *e)
{
    char path[PATH_MAX];
    char known[RANDOM_ID_SIZE];
    if (!path_of(path, sizeof path, data, test_name) || !read_word(path, known) || strcmp(known, word) != 0) {
        return err_field(e, ERR_INPUT, "exposed", "exposed must be the word in web-test.txt of the data folder.");
    }
    if (!path_of(path, sizeof path, data, mark_name) ||
        /* an empty mark stops the chat as well, if the disk is full */
        !make_file(path, mark_text, false)) {
        return err_set(e, ERR_SYSTEM, "READABLE-BY-THE-WEB.txt can't be written into the data folder: %s.",
                       strerror(errno));
    }
    return 0;
}

bool exposure_is_marked(const char *data)
{
    char path[PATH_MAX];
    return path_of(path, sizeof path, data, mark_name) && access(path, F_OK) == 0;
}
