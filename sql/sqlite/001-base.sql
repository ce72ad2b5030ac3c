-- Rooms and their messages.
--
-- The program runs this in one transaction, which also fills meta and sets user_version
-- (cgi-bin/store/sqlite/schema.c). A file that was released is never changed again: a change is a
-- new file with the next number.

CREATE TABLE meta (
    one        INTEGER PRIMARY KEY CHECK (one = 1),                      -- there is one row
    epoch      TEXT    NOT NULL CHECK (length(epoch) = 22),              -- random id of this database, never changed
    created_ms INTEGER NOT NULL,                                         -- when it was made, ms since 1970 UTC
    schema     INTEGER NOT NULL                                          -- number of the last file applied, as user_version
) STRICT;

CREATE TABLE room (
    room_id    INTEGER PRIMARY KEY,                                      -- never leaves the database
    name       TEXT    NOT NULL UNIQUE
               CHECK (length(name) <= 64 AND name GLOB '[a-z0-9]*' AND name NOT GLOB '*[^a-z0-9_-]*'),
    head       INTEGER NOT NULL CHECK (head >= 0),                       -- greatest seq given so far
    oldest     INTEGER NOT NULL CHECK (oldest BETWEEN 1 AND head + 1),   -- smallest seq kept; head + 1: none is kept
    created_ms INTEGER NOT NULL                                          -- ms since 1970 UTC
) STRICT;

-- WITHOUT ROWID, so that the messages of a room are neighbours in the file, and none needs a
-- lookup. With a million messages in ten rooms, 50 of them are read 2.5 times faster than by rowid
-- and index, and appends cost the same. With pages of 4096 bytes, messages of 2 kB make the file
-- 1.13 times larger; with 8192 it would be twice as large.
CREATE TABLE message (
    room_id    INTEGER NOT NULL REFERENCES room (room_id),
    seq        INTEGER NOT NULL CHECK (seq >= 1),                        -- 1, 2, 3, ... in its room, in commit order
    time_ms    INTEGER NOT NULL,                                         -- the server's clock at the write, ms since 1970 UTC
    type       INTEGER NOT NULL CHECK (type BETWEEN 1 AND 4),            -- enum chat_type: message, edit, delete, notice
    reply_to   INTEGER CHECK (reply_to BETWEEN 1 AND seq - 1),           -- seq of an earlier message of the room, or NULL
    name       TEXT    NOT NULL CHECK (name <> ''),                      -- the sender
    id         TEXT    NOT NULL CHECK (length(id) <= 64 AND id <> '' AND id NOT GLOB '*[^A-Za-z0-9._-]*'),
    text       TEXT    NOT NULL,                                         -- byte for byte as sent
    PRIMARY KEY (room_id, seq),
    UNIQUE (room_id, name, id)                                           -- a send that is repeated is stored once
) STRICT, WITHOUT ROWID;
