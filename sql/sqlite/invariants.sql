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

-- the number of the rules, or the note that erased texts must be scrubbed, is invalid
SELECT rules, scrub FROM meta WHERE rules < 1 OR scrub NOT IN (0, 1);

-- a room has an invalid mode
SELECT name, kind, slow_s, newcomers, keep_days, keep_count FROM room
WHERE kind NOT BETWEEN 1 AND 4 OR slow_s NOT BETWEEN 0 AND 86400 OR newcomers NOT BETWEEN 1 AND 3
   OR keep_days < 0 OR keep_count < 0 OR bare < 0 OR bare > head;

-- a change has no message before it as its target, or a message has a target
SELECT room_id, seq, type, target FROM message
WHERE target IS NOT NULL AND (type NOT IN (2, 3) OR target < 1 OR target >= seq);

-- a change has a text of its own
SELECT room_id, seq, type FROM message
WHERE target IS NOT NULL AND ((type = 2 AND text <> '') OR (type = 3 AND text GLOB '*[^0-9 -]*'));

-- an erased message still has its text
SELECT room_id, seq FROM message WHERE state = 1 AND text <> '';

-- a message has an invalid state, last edit, sender or network
SELECT room_id, seq, state, edited, sender FROM message
WHERE state NOT BETWEEN 1 AND 3 OR edited <= seq OR sender < 0 OR sender >> 8 & 255 > 4 OR length(network) <> 17;

-- a person has an invalid role or mark
SELECT person_id, role, mark FROM person
WHERE role NOT BETWEEN 0 AND 4 OR mark NOT BETWEEN 0 AND 65535 OR made NOT IN (0, 1) OR signed NOT IN (0, 1)
   OR trusted NOT IN (0, 1);

-- a key's hash is invalid
SELECT person_id, length(hash) AS bytes FROM key WHERE length(hash) <> 16;

-- a name is empty
SELECT person_id, fold FROM name WHERE fold = '' OR name = '';

-- a secret of networks is invalid
SELECT secret_id FROM network_secret WHERE length(secret) <> 32;

-- a ban is of nobody, or of several
SELECT ban_id, kind FROM ban
WHERE (person_id IS NOT NULL) + (fold IS NOT NULL) + (network IS NOT NULL) + (wide IS NOT NULL) <> 1
   OR kind NOT BETWEEN 1 AND 3;

-- a message that waits for a moderator has an invalid name or id
SELECT held_id, room FROM held
WHERE length(name) NOT BETWEEN 1 AND 64 OR length(CAST(id AS BLOB)) NOT BETWEEN 1 AND 64
   OR id GLOB '*[^A-Za-z0-9._-]*';
