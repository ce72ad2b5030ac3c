/* get_doctor.h - GET and POST /doctor: what works on this host, for doctor.html.
 *
 * GET: findings (checks.h) and what the page needs for its own tests. Works also where nothing else does: with a wrong setting, without a
 * folder for the data. POST: how many bytes of a body got here, up to DOCTOR_BODY_MAX; or with exposed=WORD in the query: the
 * data folder can be read over the web (exposure.h). Stores nothing.
 * Who may read it: the setting `doctor`. Who asks from the machine itself sees it all, and as it is at this moment. Strangers see nothing of what the
 * owner wrote, and what was found up to 5 s ago, so that they can't keep the disk busy. POST is for everyone: who knows the word has
 * it from the folder.
 * Threads: any.
 */
#ifndef GET_DOCTOR_H
#define GET_DOCTOR_H

struct web_exchange;

enum { DOCTOR_BODY_MAX = 2 * 1024 * 1024 };

void get_doctor(struct web_exchange *x, void *program); /* a handler of route.h */

#endif
