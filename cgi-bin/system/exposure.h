/* exposure.h - has somebody read a file of the data folder over the web?
 *
 * A data folder inside of the one that is served is kept from the web by a .htaccess, which not every server reads. No program can find
 * that out alone, but a browser can: it asks for a file of the folder that has a secret word in it. Who brings that word has
 * read it there: then the folder is marked, and the programs refuse to go on until its owner has mended that and taken
 * the mark away. So nobody can stop a chat whose folder is closed, and nobody but the owner can say that an open one is closed.
 * Files: web-test.txt (mode 0600, as the database's) and READABLE-BY-THE-WEB.txt (the mark, with words for its owner).
 * Threads and processes: any.
 */
#ifndef EXPOSURE_H
#define EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Does the data folder lie in what the web server serves? Then the address of the test file, which is made if it is missing: relative to the
 * page's folder, which is the one that holds the programs' folder, or, when the data folder lies elsewhere in what is served (served: the
 * request's DOCUMENT_ROOT, or NULL), from its top on. out is "" when it lies in neither (false), or the file can't be made (true). */
bool exposure_address(const char *data, const char *program_folder, const char *served, char *out, size_t size);

/* Somebody brings this word. 0: it is the one, and the folder is marked now; -1: ERR_INPUT, or why it can't be marked. */
int exposure_told(const char *data, const char *word, struct err *e);

bool exposure_is_marked(const char *data);

#endif
