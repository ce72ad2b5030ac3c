/* client.h - shared by the load programs crowd.c, pace.c and bodies.c: connections, answers, times.
 *
 * All of them run on one thread. What goes wrong ends the program with status 1 and a message.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void client_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

int64_t client_now_ns(void);

/* Raises the limit of open files to the greatest that is allowed. */
void client_raise_limit(void);

/* A connection to the port on this machine. It comes from one of eight source addresses, chosen by
 * number: one address has some 28,000 ports, and those of an earlier run may still be closing. */
int client_connect(int port, size_t number);

void client_write(int fd, const char *bytes, size_t length);

/* Is the whole answer there? The input ends with a NUL. Ends the program if the status isn't 2xx.
 */
bool client_is_complete(const char *input, size_t length);
void client_check_status(const char *input);

void client_sort(int64_t *times, size_t count);

/* The time that the given part (0 to 1) of the sorted times doesn't exceed. */
int64_t client_share(const int64_t *sorted, size_t count, double part);

/* Writes a file of 101 lines, each with a percentile and its time, in the unit of the times. */
void client_write_percentiles(const char *path, const int64_t *sorted, size_t count);

#endif
