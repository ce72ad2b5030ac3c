/* address.h - the address of a database as libpq's parameters, with what this program adds. */
#ifndef POSTGRES_ADDRESS_H
#define POSTGRES_ADDRESS_H

struct err;

enum { POSTGRES_ADDRESS_MOST = 80 }; /* parameters that libpq knows, and some */

/* For PQconnectdbParams. */
struct postgres_address {
    const char *keywords[POSTGRES_ADDRESS_MOST + 1]; /* the last one is NULL */
    const char *values[POSTGRES_ADDRESS_MOST + 1];   /* borrowed */
    void *options;                                   /* libpq's, which has the values of the address */
    char program[64];
    char *rotated[3]; /* values of the hosts' parameters after postgres_address_rotate; owned */
};

enum postgres_wanted { POSTGRES_WRITABLE, POSTGRES_PRIMARY, POSTGRES_STANDBY };

/* Takes the address apart, and adds limits of time, keepalives and the like, unless the address or
 * libpq's environment sets them. password: NULL, or it wins over the address's; borrowed. -1 with
 * the error set: ERR_CONFIG. End it with postgres_address_fini in any case. */
int postgres_address_take(struct postgres_address *a, const char *address, const char *password,
                          enum postgres_wanted wanted, struct err *e);
/* Lets the list of servers begin `by` servers later; the first ones come last. */
void postgres_address_rotate(struct postgres_address *a, unsigned by);
void postgres_address_fini(struct postgres_address *a);

#endif
