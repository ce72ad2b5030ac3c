/* exposure.h - can the web read the data folder?
 *
 * If the data folder lies in the folder that is served, a .htaccess keeps it from the web, but not
 * every server reads that file. A program can't find out alone; a browser can. The browser requests
 * a file of the folder that holds a secret word. A client that sends the word back has read the
 * file over the web: then the folder is marked, and the programs refuse to go on until the owner
 * has closed the folder and deleted the mark. So a stranger can't stop a chat whose folder is
 * closed, and only the owner can declare an open folder closed. Files: web-test.txt (mode 0600, as
 * the database's) and READABLE-BY-THE-WEB.txt (the mark, with words for the owner).
 * Threads and processes: any.
 */
#ifndef EXPOSURE_H
#define EXPOSURE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Writes the address of the test file, which is made if it is missing. If the data folder lies in
 * the folder that holds the programs' folder, the address is relative to the page's folder. If it
 * lies elsewhere in what is served (served: the request's DOCUMENT_ROOT, or NULL), the address
 * starts with a slash. Returns false, and out is "", if it lies in neither. Returns true with out
 * "" if the file can't be made. */
bool exposure_address(const char *data, const char *program_folder, const char *served, char *out, size_t size);

/* A client has sent this word. 0: it is the secret one, and the folder is marked now. -1: ERR_INPUT
 * for another word, or why the folder can't be marked. */
int exposure_told(const char *data, const char *word, struct err *e);

bool exposure_is_marked(const char *data);

#endif
