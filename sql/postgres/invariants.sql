-- Queries that must return no row. `pollchat check` and the tests run each of them. A row is shown
-- after the comment line directly above its query, so that line says what is wrong. What the schema
-- itself refuses (types, NULL, CHECK, keys) isn't looked for again.

-- meta doesn't have exactly one row
SELECT count(*) AS rows FROM meta HAVING count(*) <> 1;

-- the epoch isn't 22 of A-Za-z0-9_-
SELECT epoch FROM meta WHERE epoch !~ '^[A-Za-z0-9_-]{22}$';

-- a room has a number that its messages can't have
SELECT room_id, name FROM room WHERE room_id NOT BETWEEN 1 AND 134217727;

-- a room's head isn't the greatest seq of its messages
SELECT name, head, greatest & 68719476735 AS greatest FROM
    (SELECT name, head, (SELECT max(message_id) FROM message
        WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735) AS greatest FROM room) AS r
WHERE head <> greatest & 68719476735;

-- a room's oldest isn't the smallest seq of its messages
SELECT name, oldest, smallest & 68719476735 AS smallest FROM
    (SELECT name, oldest, (SELECT min(message_id) FROM message
        WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735) AS smallest FROM room) AS r
WHERE oldest <> smallest & 68719476735;

-- a room has no message where oldest and head say that there are some
SELECT name, oldest, head FROM room
WHERE oldest <= head AND NOT EXISTS (SELECT 1 FROM message
    WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735);

-- seqs are missing after this one
SELECT message_id >> 36 AS room_id, message_id & 68719476735 AS seq, next & 68719476735 AS next FROM
    (SELECT message_id, lead(message_id) OVER (ORDER BY message_id) AS next FROM message) AS m
WHERE next <> message_id + 1 AND next >> 36 = message_id >> 36;

-- an id was stored twice
SELECT room_id, name, id, count(*) AS messages FROM message
GROUP BY room_id, ifnull(person_id, name), name, id HAVING count(*) > 1;

-- an id that was made here doesn't end in the message's seq, so it isn't found
SELECT room_id, seq, id FROM message
WHERE id_sent = 0 AND substr(id, 23) <> '.' || seq;

-- a message belongs to no room
SELECT room_id, count(*) AS messages FROM message
WHERE room_id NOT IN (SELECT room_id FROM room) GROUP BY room_id;

-- a message has an invalid name or id
SELECT room_id, seq FROM message
WHERE length(name) NOT BETWEEN 1 AND 64 OR id !~ '^[A-Za-z0-9._-]{1,64}$';

-- a room's mark for forgotten networks is invalid
SELECT name, bare, head FROM room WHERE bare < 0 OR bare > head;

-- a message that isn't a change has a target
SELECT room_id, seq, type, target FROM message
WHERE target IS NOT NULL AND type NOT IN (2, 3);

-- a change has a text of its own
SELECT room_id, seq, type FROM message
WHERE target IS NOT NULL AND ((type = 2 AND text <> '') OR (type = 3 AND text ~ '[^0-9 -]'));

-- an erased message still has its text
SELECT room_id, seq FROM message WHERE state = 1 AND text <> '';

-- a message has an invalid last edit or sender
SELECT room_id, seq, edited, sender FROM message
WHERE edited <= seq OR sender < 0 OR sender >> 8 & 255 > 4;

-- a ban is of nobody, or of several
SELECT ban_id, kind FROM ban WHERE num_nonnulls(person_id, fold, network, wide) <> 1;

-- a message that waits for a moderator has an invalid name or id
SELECT held_id, room FROM held
WHERE length(name) NOT BETWEEN 1 AND 64 OR id !~ '^[A-Za-z0-9._-]{1,64}$';
