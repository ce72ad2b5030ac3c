-- Messages get an INTEGER PRIMARY KEY made of room and seq, and ids that the server made no index.
--
-- In 001 message is WITHOUT ROWID. Such a b-tree keeps rows in its inner pages too: a group of 18
-- sends wrote 7.9 pages, 3.0 with this file; and each search read whole texts of more than 1,002
-- bytes on its way, so that one message of 1 MiB beside others was read in 1.0 ms instead of 24 us.
--
-- message_id is room_id << 36 | seq, so the messages of a room are neighbours in the file. 36 bits
-- number 68,719,476,735 messages of a room, in a file of more than 4 TB; the 27 bits above them
-- number 134,217,727 rooms; the sign stays 0. store/sqlite/rows.c refuses what is beyond.

ALTER TABLE message RENAME TO message_of_001;

CREATE TABLE message (
    message_id INTEGER PRIMARY KEY CHECK (message_id > 0),               -- room_id << 36 | seq
    time_ms    INTEGER NOT NULL,                                         -- the server's clock at the write, ms since 1970 UTC
    type       INTEGER NOT NULL CHECK (type BETWEEN 1 AND 4),            -- enum chat_type: message, edit, delete, notice
    reply_to   INTEGER CHECK (reply_to BETWEEN 1 AND seq - 1),           -- seq of an earlier message of the room, or NULL
    name       TEXT    NOT NULL CHECK (name <> ''),                      -- the sender
    id         TEXT    NOT NULL CHECK (length(id) <= 64 AND id <> '' AND id NOT GLOB '*[^A-Za-z0-9._-]*'),
    id_sent    INTEGER NOT NULL CHECK (id_sent IN (0, 1)),               -- 1: the client sent the id; 0: it was made for this row, and ends in '.' and seq
    text       TEXT    NOT NULL,                                         -- byte for byte as sent
    room_id    INTEGER NOT NULL AS (message_id >> 36) REFERENCES room (room_id),
    seq        INTEGER NOT NULL AS (message_id & 68719476735)            -- 1, 2, 3, ... in its room, in commit order
               CHECK (seq >= 1)
) STRICT;

-- In 001 no row says who made its id, so all of them stay in the index.
INSERT INTO message (message_id, time_ms, type, reply_to, name, id, id_sent, text)
SELECT room_id << 36 | seq, time_ms, type, reply_to, name, id, 1, text FROM message_of_001 ORDER BY room_id, seq;

-- DROP alone would copy the whole table into a temporary file before, to be able to undo itself.
DELETE FROM message_of_001;
DROP TABLE message_of_001;

-- A send that is repeated is stored once. After the DROP, so that it takes the pages that are free.
CREATE UNIQUE INDEX message_by_id ON message (room_id, name, id) WHERE id_sent = 1;
