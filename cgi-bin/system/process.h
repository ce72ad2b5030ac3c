/* process.h - how many processes the host lets a site have, and what follows from it.
 *
 * Known is what the system tells a process: RLIMIT_NPROC (Apache's RLimitNPROC, for example) and pids.max of the control group it is
 * in and of those around that (containers, systemd). Both count threads as well. What a host enforces by other means can't be seen
 * from inside: CloudLinux's entry processes, FcgidMaxProcesses. So what is assumed is careful in any case.
 * Each program sees its own limits; a shell on the same host may have others than what the web server starts.
 * Threads: any.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>

struct conf;

/* The smallest limit that is found, looked for once in the life of a process; 0: none. */
uint64_t process_limit_find(void);

/* Notes the soft limit of open files and the name of the parent process. Call it before the program
 * raises that limit, and before there are threads; process_open_files and process_is_started_by answer
 * from the note. */
void process_note_start(void);

/* The soft limit of open files that the process was started with; without process_note_start, the one
 * that holds now. */
uint64_t process_open_files(void);

/* The age of this process, its start included, in microseconds, good to 10 ms. 0: unknown. */
uint64_t process_age_us(void);

enum { PROCESS_SEEN_MOST = 65535, PROCESS_NAME_SIZE = 16 /* of a process's name, as the kernel cuts it */ };

struct process_info {
    long parent;
    unsigned threads; /* at most PROCESS_SEEN_MOST */
    char name[PROCESS_NAME_SIZE];
};

/* Fills *out with what /proc says of a process. False: it can't be seen. */
bool process_look(long pid, struct process_info *out);

/* Adds up count(context, process) of all children of a process that can be seen, up to
 * PROCESS_SEEN_MOST. */
unsigned process_count_children(long parent, unsigned (*count)(const void *context, const struct process_info *p),
                                const void *context);

/* How many processes have the same parent and the same name as this one, itself included: a server
 * may run a program several times, or for several sites. Looked up once in five seconds. At least
 * 1. */
unsigned process_siblings(void);

/* The parent process had this name when process_note_start was called. False also where the name can't
 * be seen (a /proc that shows own processes only). */
bool process_is_started_by(const char *name);

/* How many polls may be held at the cost of a process each: the setting max_held, or where that is auto 6, and a third of a small limit. */
unsigned process_limit_polls(const struct conf *c);

/* The same for a limit that is known: what auto is. Can't fail. */
unsigned process_limit_polls_of(uint64_t processes);

/* The smallest pids.max of a control group and of those around it. root: where control groups are mounted; groups: text of
 * /proc/self/cgroup. 0: none. */
uint64_t process_limit_of_groups(const char *root, const char *groups);

#endif
