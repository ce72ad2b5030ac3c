/* incidents.h - what happened to the data and its owner should know: a few lines in the data folder, read by the doctor.
 *
 * One line each in chat.incidents: time (ms since 1970), a word, and a file name or "-". Written by whichever program noticed; never read by
 * anything but the checks, so a lost line loses a remark and nothing else. The owner may delete the file.
 * Threads and processes: any.
 */
#ifndef INCIDENTS_H
#define INCIDENTS_H

#include <stddef.h>
#include <stdint.h>

enum incident {
    INCIDENT_PUT_BACK, /* the log was taken away under running programs, and put back: nothing is lost */
    INCIDENT_REBUILT,  /* the database or its log was cut, and the database written anew from memory: nothing is lost */
    INCIDENT_ASIDE,    /* what a program had is kept in a file of its own, as there was another log meanwhile */
    INCIDENT_LOST,     /* the log was taken away while no program had it: the last messages are gone */
    INCIDENT__MAX
};

/* Adds a line; file: a name in the data folder, or NULL. What can't be written is left out: there may be no room. */
void incidents_note(const char *folder, enum incident what, const char *file);

struct incidents {
    int64_t last_ms[INCIDENT__MAX]; /* wall clock; 0: never */
    char file[64];                  /* of the last INCIDENT_ASIDE */
};

void incidents_read(const char *folder, struct incidents *out);

#endif
