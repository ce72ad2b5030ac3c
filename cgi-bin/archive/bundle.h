/* bundle.h - the main functions of the programs, under the names that the Makefile gives them for
 * bundle.c.
 *
 * They return the exit status of the process. main calls one of them, once, before there are
 * threads.
 */
#ifndef BUNDLE_H
#define BUNDLE_H

int send_main(void);
int poll_main(void);
int pollchat_main(int argc, char **argv);

#endif
