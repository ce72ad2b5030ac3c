/* incidents.h - what happened to the data and the owner should know: a few lines in the data
 * folder, for the doctor to show.
 *
 * Each incident is a line in chat.incidents: time (ms since 1970), a word, and a file name or "-".
 * The program that notices it writes the line. Only the checks read the file, so a lost line loses
 * a remark and nothing else. The owner may delete it.
 * Threads and processes: any.
 */
#ifndef INCIDENTS_H
#define INCIDENTS_H

#include <stddef.h>
#include <stdint.h>

enum incident {
    INCIDENT_PUT_BACK, /* the log was taken away under running programs, and put back: nothing is lost */
    INCIDENT_REBUILT,  /* the database or its log was cut; it was written again from memory, complete */
    INCIDENT_ASIDE,    /* what a program had is kept in a file of its own, as there was another log meanwhile */
    INCIDENT_LOST,     /* the log was taken away while no program had it open: the last messages are gone */
    INCIDENT_ALONE, /* a database without log and lock file: a copy, or files were removed and something may be lost */
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
