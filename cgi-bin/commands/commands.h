/* commands.h - reads the arguments of pollchat, finds the command, and runs it.
 *
 * command.h says how to add a command. Threads: one.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

/* Returns the exit status (command.h). Borrows argv. */
int commands_run(int argc, char **argv);

#endif
