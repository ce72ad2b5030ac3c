/* store_note.h - a note in the data folder that the messages of this chat are in PostgreSQL.
 *
 * The setting `store` may be missing in one place only: in the environment of one of the web
 * server's programs, in a shell, on account of a settings file that can't be read. A program
 * without it would begin a second chat, in SQLite. The note, the file chat.store, tells it not to.
 * An owner who wants that chat deletes the file. A move of the messages back into SQLite leaves the
 * file with another text, which allows SQLite: a program that still has the old setting would make
 * a file that is missing again.
 * Threads and processes: any.
 */
#ifndef STORE_NOTE_H
#define STORE_NOTE_H

struct err;
struct store_options;

/* May a store with these options be opened? -1 (ERR_CONFIG): they say SQLite, and the data folder
 * has the note. */
int store_note_check(const struct store_options *options, struct err *e);

/* For a store that was opened: writes the note if it is PostgreSQL and there is none. A failure is
 * logged. */
void store_note_write(const struct store_options *options);

/* After a move: the chat is in this store now. SQLite: the note allows it. PostgreSQL: the note
 * goes, and the next program that opens the store writes it. -1 with the error set. */
int store_note_turn(const struct store_options *options, struct err *e);

#endif
