/* get_doctor.h - GET and POST /doctor: what works on this host, for doctor.html.
 *
 * GET returns the findings (checks.h) and what the page needs for its own tests. It works even if
 * nothing else does: with a wrong setting, without a data folder.
 * POST returns how many bytes of the body arrived, up to DOCTOR_BODY_MAX. With exposed=WORD in the
 * query it reports that the data folder can be read over the web (exposure.h). It stores no
 * message.
 * The setting `doctor` says which clients may GET. A client on this machine sees everything, in its
 * present state. Strangers see no text that the owner wrote, and findings that are up to 5 s old,
 * so that they can't keep the disk busy. Everyone may POST: a client can know the word only from
 * the folder.
 * Threads: any.
 */
#ifndef GET_DOCTOR_H
#define GET_DOCTOR_H

struct request;

enum { DOCTOR_BODY_MAX = 2 * 1024 * 1024 };

void get_doctor(struct request *request, void *program); /* a handler of route.h */

#endif
