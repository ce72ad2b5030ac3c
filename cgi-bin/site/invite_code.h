/* invite_code.h - by what the store knows the code of an invite, or of a move to another device.
 *
 * Pure. Threads: any.
 */
#ifndef INVITE_CODE_H
#define INVITE_CODE_H

struct rules;

enum { INVITE_CODE_HASH = 16, INVITE_CODE_CHARACTERS = 24 /* 120 bits */ };

/* A keyed hash of the code as it is compared: capitals, hyphens and spaces don't count. */
void invite_code_hash(const struct rules *r, const char *code, unsigned char out[INVITE_CODE_HASH]);

#endif
