/* store_address.h - the address of a PostgreSQL database, as the setting `store` has it: whether
 * its form is right, and how it looks without its password.
 *
 * The form is libpq's: postgresql://[USER[:PASSWORD]@][HOST[:PORT],...][/DATABASE][?KEY=VALUE&...]
 * It is checked more strictly than libpq does: an address that libpq would take apart in another
 * way than its author meant, such as one with an '@' in the password, could put a part of the
 * password into the host's name, which logs show. To let a further parameter be shown with its
 * value: a word in shown_keys in store_address.c.
 * Pure. Threads: any.
 */
#ifndef STORE_ADDRESS_H
#define STORE_ADDRESS_H

#include <stddef.h>

/* NULL: the form is right. Otherwise what is wrong, as the end of the sentence "store ...", in
 * words that contain nothing of the address. */
const char *store_address_fault(const char *address);

/* Writes the address with "(not shown)" in place of its password, and of the value of each
 * parameter that isn't known to be harmless. Cut to size. An address in a wrong form, or none
 * ("sqlite", ""): as it is if it has no "://", else "(not shown)". */
void store_address_shown(const char *address, char *out, size_t size);

#endif
