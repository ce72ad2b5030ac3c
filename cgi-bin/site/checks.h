/* checks.h - looks at the host: what works, what doesn't, and what its owner can do about it.
 *
 * The same for doctor.html and for `pollchat doctor`. Only what can be seen from inside; what needs a browser (does an answer
 * stay open for so long, is the data folder served) is the page's.
 * Texts are for whoever opens the page: no path of the host, no name of a user.
 * Threads: any. It opens the database by itself, and makes one where there is none yet.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>

struct allowance;
struct conf;
struct findings;

enum { CHECKS_KEPT_S = 5 }; /* seconds for which strangers get the same findings */

enum checks_carrier { CHECKS_SHELL, CHECKS_CGI, CHECKS_FASTCGI };

struct checks_given {
    const struct conf *conf;  /* all settings; `data` may be missing, and then */
    const char *conf_problem; /* this says why, and the chat has stopped. NULL: it is there */
    /* The findings are for strangers: they hold nothing of what the owner wrote, and the disk is
     * written to at most once in CHECKS_KEPT_S. */
    bool stranger;
    const char *program_folder;
    const char *served;              /* DOCUMENT_ROOT of the request, or NULL */
    const struct allowance *allowed; /* how many requests may wait; NULL: unknown */
    enum checks_carrier carrier;
};

void checks_run(const struct checks_given *given, struct findings *out);

#endif
