/* make_error.c - see make_error.h. */
#include "system/private/make_error.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

/* errno of a failed call that makes something. */
int make_error(const char *what, const char *path, struct err *e)
{
    int why = errno;
    log_line("%s %s: %s", what, path, strerror(why));
    errno = why;
    switch (err_of_errno(why)) {
    case ERR_READONLY:
        return err_set(e, ERR_READONLY,
                       "The data folder can't be made or written by this program. Give it to the user that runs the "
                       "programs, with mode 700.");
    case ERR_FULL:
        return err_set(e, ERR_FULL, "The disk or the quota is full: nothing can be made in the data folder.");
    case ERR_ABSENT:
        return err_set(e, ERR_CONFIG,
                       "The folder that the setting 'data' names can't be made: %s. Its parent folder must exist.",
                       path);
    default:
        return err_set(e, ERR_SYSTEM, "The data folder can't be made: %s", strerror(why));
    }
}
