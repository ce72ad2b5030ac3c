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

-- two rooms have one name
SELECT name, count(*) AS rooms FROM room NOT INDEXED GROUP BY name HAVING count(*) > 1;

-- a room's head or oldest isn't a valid number
SELECT name, head, oldest FROM room
WHERE typeof(head) <> 'integer' OR typeof(oldest) <> 'integer' OR head < 0 OR oldest < 1 OR oldest > head + 1;

-- a room's head isn't the greatest seq of its messages
SELECT room.name, head, max(seq) AS greatest FROM room JOIN message USING (room_id)
GROUP BY room_id HAVING head <> max(seq);

-- a room's oldest isn't the smallest seq of its messages
SELECT room.name, oldest, min(seq) AS smallest FROM room JOIN message USING (room_id)
GROUP BY room_id HAVING oldest <> min(seq);

-- a room has no message where oldest and head say that there are some
SELECT name, oldest, head FROM room
WHERE oldest <= head AND NOT EXISTS (SELECT 1 FROM message WHERE message.room_id = room.room_id);

-- seqs are missing after this one, or it is there twice
SELECT room_id, seq, next FROM
    (SELECT room_id, seq, lead(seq) OVER (PARTITION BY room_id ORDER BY seq) AS next FROM message)
WHERE next <> seq + 1;

-- an id was stored twice
SELECT room_id, name, id, count(*) AS messages FROM message NOT INDEXED
GROUP BY room_id, name, id HAVING count(*) > 1;

-- a message belongs to no room
SELECT room_id, count(*) AS messages FROM message
WHERE room_id NOT IN (SELECT room_id FROM room) GROUP BY room_id;

-- a message replies to one that wasn't there yet
SELECT room_id, seq, reply_to FROM message
WHERE reply_to IS NOT NULL AND (typeof(reply_to) <> 'integer' OR reply_to < 1 OR reply_to >= seq);

-- a message has a field of a wrong kind
SELECT room_id, seq, type FROM message
WHERE typeof(room_id) <> 'integer' OR typeof(seq) <> 'integer' OR seq < 1 OR typeof(time_ms) <> 'integer'
   OR typeof(type) <> 'integer' OR type NOT BETWEEN 1 AND 4
   OR typeof(name) <> 'text' OR typeof(id) <> 'text' OR typeof(text) <> 'text';

-- a message has an invalid name, id or text
SELECT room_id, seq FROM message
WHERE length(name) NOT BETWEEN 1 AND 64 OR instr(CAST(name AS BLOB), x'00') > 0
   OR length(CAST(id AS BLOB)) NOT BETWEEN 1 AND 64 OR id GLOB '*[^A-Za-z0-9._-]*'
   OR instr(CAST(text AS BLOB), x'00') > 0;
