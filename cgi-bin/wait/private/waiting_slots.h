/* waiting_slots.h - the slots of struct waiting, for the files of this room. */
#ifndef WAITING_SLOTS_H
#define WAITING_SLOTS_H

struct wait_slots;
struct waiting;

struct wait_slots *waiting_slots(struct waiting *w); /* borrowed; lives as long as w */

#endif
