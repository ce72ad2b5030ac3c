/* send_program.h - what the handlers of send share.
 *
 * Threads: any; nothing in it changes after the start.
 */
#ifndef SEND_PROGRAM_H
#define SEND_PROGRAM_H

struct commit;
struct reserve;
struct site;

struct send_program {
    struct site *site;
    struct commit *commit;
    struct reserve *reserve;
};

#endif
