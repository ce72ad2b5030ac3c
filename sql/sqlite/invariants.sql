-- Queries that must return no row. `pollchat check` and the tests run each of them. A row is shown
-- after the comment line directly above its query, so that line says what is wrong.

-- meta doesn't have exactly one row
SELECT count(*) AS rows FROM meta HAVING count(*) <> 1;

-- the file's application_id or user_version isn't that of its pollchat database
SELECT application_id, user_version, schema
FROM pragma_application_id, pragma_user_version, meta
WHERE application_id <> 1885562996 OR user_version <> schema;

-- the epoch isn't 22 of A-Za-z0-9_-
SELECT epoch FROM meta WHERE typeof(epoch) <> 'text' OR length(epoch) <> 22 OR epoch GLOB '*[^A-Za-z0-9_-]*';

-- a room has an invalid name
SELECT room_id, name FROM room
WHERE typeof(name) <> 'text' OR length(CAST(name AS BLOB)) NOT BETWEEN 1 AND 64
   OR name NOT GLOB '[a-z0-9]*' OR name GLOB '*[^a-z0-9_-]*';

-- a room has a number that its messages can't have
SELECT room_id, name FROM room WHERE room_id NOT BETWEEN 1 AND 134217727;

-- two rooms have one name
SELECT name, count(*) AS rooms FROM room NOT INDEXED GROUP BY name HAVING count(*) > 1;

-- a room's head or oldest isn't a valid number
SELECT name, head, oldest FROM room
WHERE typeof(head) <> 'integer' OR typeof(oldest) <> 'integer' OR head < 0 OR oldest < 1 OR oldest > head + 1;

-- a room's head isn't the greatest seq of its messages
SELECT name, head, greatest & 68719476735 AS greatest FROM
    (SELECT name, head, (SELECT max(message_id) FROM message
        WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735) AS greatest FROM room)
WHERE head <> greatest & 68719476735;

-- a room's oldest isn't the smallest seq of its messages
SELECT name, oldest, smallest & 68719476735 AS smallest FROM
    (SELECT name, oldest, (SELECT min(message_id) FROM message
        WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735) AS smallest FROM room)
WHERE oldest <> smallest & 68719476735;

-- a room has no message where oldest and head say that there are some
SELECT name, oldest, head FROM room
WHERE oldest <= head AND NOT EXISTS (SELECT 1 FROM message
    WHERE message_id BETWEEN room.room_id << 36 AND (room.room_id << 36) + 68719476735);

-- seqs are missing after this one, or it is there twice
SELECT message_id >> 36 AS room_id, message_id & 68719476735 AS seq, next & 68719476735 AS next FROM
    (SELECT message_id, lead(message_id) OVER (ORDER BY message_id) AS next FROM message)
WHERE next <> message_id + 1 AND next >> 36 = message_id >> 36;

-- an id was stored twice
SELECT room_id, name, id, count(*) AS messages FROM message NOT INDEXED
GROUP BY room_id, ifnull(person_id, name), id HAVING count(*) > 1;

-- an id that was made here doesn't end in the message's seq, so it isn't found
SELECT room_id, seq, id FROM message
WHERE id_sent = 0 AND substr(id, 23) <> '.' || seq;

-- a message belongs to no room
SELECT room_id, count(*) AS messages FROM message
WHERE room_id NOT IN (SELECT room_id FROM room) GROUP BY room_id;

-- a message replies to one that wasn't there yet
SELECT room_id, seq, reply_to FROM message
WHERE reply_to IS NOT NULL AND (typeof(reply_to) <> 'integer' OR reply_to < 1 OR reply_to >= seq);

-- a message has a field of a wrong kind
SELECT room_id, seq, type FROM message
WHERE typeof(message_id) <> 'integer' OR seq < 1 OR typeof(time_ms) <> 'integer' OR id_sent NOT IN (0, 1)
   OR typeof(type) <> 'integer' OR type NOT BETWEEN 1 AND 4
   OR typeof(name) <> 'text' OR typeof(id) <> 'text' OR typeof(text) <> 'text';

-- a message has an invalid name, id or text
SELECT room_id, seq FROM message
WHERE length(name) NOT BETWEEN 1 AND 64 OR instr(CAST(name AS BLOB), x'00') > 0
   OR length(CAST(id AS BLOB)) NOT BETWEEN 1 AND 64 OR id GLOB '*[^A-Za-z0-9._-]*'
   OR instr(CAST(text AS BLOB), x'00') > 0;
