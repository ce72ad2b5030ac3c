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

struct conf;
struct findings;

enum checks_carrier { CHECKS_SHELL, CHECKS_CGI, CHECKS_FASTCGI };

struct checks_given {
    const struct conf *conf;  /* NULL: the chat has stopped for its settings, and */
    const char *conf_problem; /* this says why */
    bool stranger;            /* the texts hold nothing of what the owner wrote */
    const char *program_folder;
    const char *served; /* DOCUMENT_ROOT of the request, or NULL */
    enum checks_carrier carrier;
};

void checks_run(const struct checks_given *given, struct findings *out);

#endif
