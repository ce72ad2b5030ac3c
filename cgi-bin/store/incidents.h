/* incidents.h - damage to the data that the owner should know of: lines in a file of the data
 * folder, which the doctor shows.
 *
 * Each incident is a line in chat.incidents: time (ms since 1970), a word, and a file name or "-".
 * The program that notices the incident writes the line. Only the checks read the file, so a lost
 * line loses a remark and nothing else. The owner may delete the file.
 * To add an incident: a value below, its word in incidents.c, and its text in site/checks.c.
 * Threads and processes: any.
 */
#ifndef INCIDENTS_H
#define INCIDENTS_H

#include <stddef.h>
#include <stdint.h>

enum incident {
    /* The log was removed while programs had it open, and was put back: nothing is lost. */
    INCIDENT_PUT_BACK,
    /* The database or its log was cut, and was written again from memory: nothing is lost. */
    INCIDENT_REBUILT,
    /* Another log was there: what a program had is kept in a file of its own. */
    INCIDENT_ASIDE,
    /* The log was removed while no program had it open: the last messages are lost. */
    INCIDENT_LOST,
    /* A database without log and lock file: a copy, or messages may have been lost with them. */
    INCIDENT_ALONE,
    INCIDENT__MAX
};

/* Adds a line; file: a name in the data folder, or NULL. A failure is logged only: the disk may be
 * full. */
void incidents_note(const char *folder, enum incident what, const char *file);

struct incidents {
    int64_t last_ms[INCIDENT__MAX]; /* wall clock; 0: never */
    char file[64];                  /* of the last INCIDENT_ASIDE */
};

/* Fills *out from the file; without one, or one that can't be read, with zeros. */
void incidents_read(const char *folder, struct incidents *out);

#endif
