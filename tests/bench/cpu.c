/* cpu.c - the CPU time that the programs of one server have used.
 *
 *   cpu PID NAME
 *   cpu PID NAME pids    prints the numbers of these processes instead
 *
 * Prints in microseconds the CPU time, of all threads, of those descendants of the process PID that
 * are named NAME. It reads each process's CPU clock, which counts nanoseconds and keeps the time of
 * threads that have ended; utime and stime in /proc are the same clock, cut to hundredths of a
 * second.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 65536, NAME = 64 };

static struct process {
    int pid;
    int parent;
    char name[NAME];
} processes[MOST];
static int count;

static void read_process(const char *pid)
{
    struct process *p = &processes[count];
    char path[300];
    char line[512] = "";
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return; /* it has ended */
    }
    const char *name = fgets(line, sizeof line, file) != NULL ? strchr(line, '(') : NULL;
    char *end = strrchr(line, ')');
    fclose(file);
    if (name == NULL || end == NULL || sscanf(end + 1, " %*c %d", &p->parent) != 1) {
        return;
    }
    *end = '\0';
    snprintf(p->name, sizeof p->name, "%.*s", NAME - 1, name + 1);
    p->pid = (int)strtol(pid, NULL, 10);
    count++;
}

static const struct process *find(int pid)
{
    for (int i = 0; i < count; i++) {
        if (processes[i].pid == pid) {
            return &processes[i];
        }
    }
    return NULL;
}

static int is_below(const struct process *p, int ancestor)
{
    while (p != NULL && p->pid != ancestor) {
        p = find(p->parent);
    }
    return p != NULL;
}

static long long used_us(int pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) {
        return 0;
    }
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    DIR *folder = opendir("/proc");
    if ((argc != 3 && argc != 4) || folder == NULL) {
        fputs("usage: cpu PID NAME [pids]\n", stderr);
        return 1;
    }
    for (const struct dirent *e; (e = readdir(folder)) != NULL && count < MOST;) {
        if (isdigit((unsigned char)e->d_name[0])) {
            read_process(e->d_name);
        }
    }
    closedir(folder);
    long long sum = 0;
    for (int i = 0; i < count; i++) {
        if (strcmp(processes[i].name, argv[2]) == 0 && is_below(&processes[i], (int)strtol(argv[1], NULL, 10))) {
            sum += used_us(processes[i].pid);
            if (argc == 4) {
                printf("%d\n", processes[i].pid);
            }
        }
    }
    if (argc == 3) {
        printf("%lld\n", sum);
    }
    return 0;
}
