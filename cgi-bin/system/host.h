/* host.h - how many processes the host lets a site have, and what follows from it.
 *
 * Known is what the system tells a process: RLIMIT_NPROC (Apache's RLimitNPROC, for example) and pids.max of the control group it is
 * in and of those around that (containers, systemd). Both count threads as well. What a host enforces by other means can't be seen
 * from inside: CloudLinux's entry processes, FcgidMaxProcesses. So what is assumed is careful in any case.
 * Each program sees its own limits; a shell on the same host may have others than what the web server starts.
 * Threads: any.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

struct conf;

/* The smallest limit that is found, looked for once in the life of a process; 0: none. */
uint64_t host_processes(void);

/* Notes the soft limit of open files and the name of the parent process. Call it before the program
 * raises that limit, and before there are threads; host_open_files and host_is_started_by answer
 * from the note. */
void host_note_start(void);

/* The soft limit of open files that the process was started with; without host_note_start, the one
 * that holds now. */
uint64_t host_open_files(void);

/* The age of this process, its start included, in microseconds, good to 10 ms. 0: unknown. */
uint64_t host_age_us(void);

enum { HOST_SEEN_MOST = 65535, HOST_NAME_SIZE = 16 /* of a process's name, as the kernel cuts it */ };

struct host_process {
    long parent;
    unsigned threads; /* at most HOST_SEEN_MOST */
    char name[HOST_NAME_SIZE];
};

/* Fills *out with what /proc says of a process. False: it can't be seen. */
bool host_look(long pid, struct host_process *out);

/* Adds up count(context, process) of all children of a process that can be seen, up to
 * HOST_SEEN_MOST. */
unsigned host_count_children(long parent, unsigned (*count)(const void *context, const struct host_process *p),
                             const void *context);

/* How many processes have the same parent and the same name as this one, itself included: a server
 * may run a program several times, or for several sites. Looked up once in five seconds. At least
 * 1. */
unsigned host_siblings(void);

/* The parent process had this name when host_note_start was called. False also where the name can't
 * be seen (a /proc that shows own processes only). */
bool host_is_started_by(const char *name);

/* How many polls may be held at the cost of a process each: the setting max_held, or where that is auto 6, and a third of a small limit. */
unsigned host_max_held(const struct conf *c);

/* The same for a limit that is known: what auto is. Can't fail. */
unsigned host_held_of(uint64_t processes);

/* The smallest pids.max of a control group and of those around it. root: where control groups are mounted; groups: text of
 * /proc/self/cgroup. 0: none. */
uint64_t host_of_groups(const char *root, const char *groups);

#endif
