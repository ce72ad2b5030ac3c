/* get_doctor.h - GET and POST /doctor: what works on this host, for doctor.html.
 *
 * GET: findings (checks.h) and what the page needs for its own tests. Works also where nothing else
 * does: with a wrong setting, without a folder for the data. POST: how many bytes of a body got
 * here, up to DOCTOR_BODY_MAX; or with exposed=WORD in the query: the data folder can be read over
 * the web (exposure.h). Stores nothing.
 * The setting `doctor` says which clients may read it. A client on this machine sees everything, as
 * it is at this moment. Strangers see nothing that the owner wrote, and findings of up to 5 s ago,
 * so that they can't keep the disk busy. POST is for everyone: a client that knows the word has it
 * from the folder.
 * Threads: any.
 */
#ifndef GET_DOCTOR_H
#define GET_DOCTOR_H

struct request;

enum { DOCTOR_BODY_MAX = 2 * 1024 * 1024 };

void get_doctor(struct request *x, void *program); /* a handler of route.h */

#endif
