-- Who wrote a message, whose a name is, who may do what, and what moderators did.
--
-- A person has keys; only their hashes are here, made with a key that isn't in the database
-- (chat.key). Times are ms since 1970 UTC. AUTOINCREMENT: the number of a row that is gone is never
-- another one's, since messages, and pages of moderators that were loaded before, still name it.

ALTER TABLE meta ADD COLUMN rules INTEGER NOT NULL DEFAULT 1 CHECK (rules >= 1);           -- raised by each change of what decides who may do what
ALTER TABLE meta ADD COLUMN upkept_ms INTEGER NOT NULL DEFAULT 0;                           -- when old names, bans and the like were last looked for
ALTER TABLE meta ADD COLUMN scrub INTEGER NOT NULL DEFAULT 0 CHECK (scrub IN (0, 1));       -- 1: the log may still hold a text that was erased

-- What a moderator set for a room; NULL: as the site's setting says.
ALTER TABLE room ADD COLUMN kind       INTEGER CHECK (kind BETWEEN 1 AND 4);                -- open, read-only, members, locked
ALTER TABLE room ADD COLUMN kind_until INTEGER;                                             -- when the kind ends; NULL: it stays
ALTER TABLE room ADD COLUMN slow_s     INTEGER CHECK (slow_s BETWEEN 0 AND 86400);          -- a person writes once in so many seconds
ALTER TABLE room ADD COLUMN hours      TEXT;                                                -- opening hours, such as 'mon-fri 08:00-18:00 +60'
ALTER TABLE room ADD COLUMN newcomers  INTEGER CHECK (newcomers BETWEEN 1 AND 3);           -- free, slow, held
ALTER TABLE room ADD COLUMN newcomers_until INTEGER;                                        -- when that ends; NULL: it stays
ALTER TABLE room ADD COLUMN keep_days  INTEGER CHECK (keep_days >= 0);
ALTER TABLE room ADD COLUMN keep_count INTEGER CHECK (keep_count >= 0);
ALTER TABLE room ADD COLUMN bare       INTEGER NOT NULL DEFAULT 0;                          -- messages up to this seq have no network any more
CREATE INDEX room_with_rules ON room (name)
    WHERE kind IS NOT NULL OR slow_s IS NOT NULL OR hours IS NOT NULL OR newcomers IS NOT NULL;

ALTER TABLE message ADD COLUMN target    INTEGER CHECK (target BETWEEN 1 AND (message_id & 68719476735) - 1);  -- of an edit or delete: the seq that it changes
ALTER TABLE message ADD COLUMN edited    INTEGER;                                           -- seq of the last edit of this message
ALTER TABLE message ADD COLUMN state     INTEGER CHECK (state BETWEEN 1 AND 3);             -- NULL shown; 1 erased, 2 hidden, 3 seen by its author alone
ALTER TABLE message ADD COLUMN person_id INTEGER;                                           -- who wrote it; NULL: a guest
ALTER TABLE message ADD COLUMN sender    INTEGER;                                           -- mark << 16 | role << 8 | flags (enum chat_flag)
ALTER TABLE message ADD COLUMN network   BLOB CHECK (length(network) = 17);                 -- struct chat_sender; erased after address_days

-- The same id from the same sender is stored once. The sender is the person, else the name.
DROP INDEX message_by_id;
CREATE UNIQUE INDEX message_by_id ON message (room_id, ifnull(person_id, name), id) WHERE id_sent = 1;

CREATE TABLE person (
    person_id  INTEGER PRIMARY KEY AUTOINCREMENT,                        -- never leaves the database but to moderators
    role       INTEGER NOT NULL DEFAULT 2 CHECK (role BETWEEN 0 AND 4),  -- enum chat_role, in all rooms
    made       INTEGER NOT NULL DEFAULT 0 CHECK (made IN (0, 1)),        -- 1: a moderator or token made this person a member
    signed     INTEGER NOT NULL DEFAULT 0 CHECK (signed IN (0, 1)),      -- by a token of the host's site
    mark       INTEGER NOT NULL CHECK (mark BETWEEN 0 AND 65535),        -- first 16 bits of the first key's hash
    trusted    INTEGER NOT NULL DEFAULT 0 CHECK (trusted IN (0, 1)),     -- 1: no longer a newcomer, whatever the time
    first_ms   INTEGER NOT NULL,
    seen_ms    INTEGER NOT NULL,                                         -- last message; at most an hour late
    title      TEXT,                                                     -- name in the last message, for lists
    moved_key  BLOB    CHECK (length(moved_key) = 16),                   -- its last key, which another person has now
    erasing    INTEGER                                                   -- all of this person is being erased: messages up to this message_id are
) STRICT;
CREATE INDEX person_erasing ON person (person_id) WHERE erasing IS NOT NULL;
CREATE INDEX person_moved ON person (moved_key) WHERE moved_key IS NOT NULL;
CREATE INDEX person_by_seen ON person (seen_ms);
CREATE INDEX person_by_mark ON person (mark);
CREATE INDEX person_with_role ON person (person_id) WHERE role <> 2 OR made = 1;

CREATE TABLE key (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 16),
    person_id  INTEGER NOT NULL REFERENCES person (person_id),
    added_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX key_by_person ON key (person_id);

CREATE TABLE room_role (
    person_id  INTEGER NOT NULL REFERENCES person (person_id),
    room_id    INTEGER NOT NULL REFERENCES room (room_id),
    role       INTEGER NOT NULL CHECK (role BETWEEN 0 AND 4),
    PRIMARY KEY (person_id, room_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE name (
    fold       TEXT    PRIMARY KEY CHECK (fold <> ''),                   -- case and forms folded (peace/name.h)
    look       TEXT    NOT NULL,                                         -- what it looks like
    name       TEXT    NOT NULL CHECK (name <> ''),                      -- as the person writes it
    person_id  INTEGER NOT NULL REFERENCES person (person_id),
    claimed_ms INTEGER NOT NULL,
    used_ms    INTEGER NOT NULL,                                         -- last message under it; at most ten minutes late
    used_room  INTEGER,                                                  -- in this room
    shared     INTEGER NOT NULL DEFAULT 0 CHECK (shared IN (0, 1))       -- 1: other names have had the same look
) STRICT, WITHOUT ROWID;
CREATE INDEX name_by_look ON name (look);
CREATE INDEX name_by_person ON name (person_id);

-- The keys of the hashes of networks. A new one is made every few days; old ones are destroyed.
CREATE TABLE network_secret (
    secret_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    secret     BLOB    NOT NULL CHECK (length(secret) = 32),
    made_ms    INTEGER NOT NULL
) STRICT;

CREATE TABLE ban (
    ban_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),            -- ban, mute, shadow (seen by its author alone)
    room_id    INTEGER REFERENCES room (room_id),                        -- NULL: all rooms
    person_id  INTEGER REFERENCES person (person_id),                    -- one of these four is set
    fold       TEXT,
    network    BLOB    CHECK (length(network) = 17),                     -- the /24 or /64
    wide       BLOB    CHECK (length(wide) = 17),                        -- the /48
    title      TEXT    NOT NULL,                                         -- whom, in words for moderators
    reason     TEXT    NOT NULL,
    by_person  INTEGER,
    made_ms    INTEGER NOT NULL,
    until_ms   INTEGER                                                   -- NULL: without end
) STRICT;
CREATE INDEX ban_by_end ON ban (until_ms);
CREATE INDEX ban_by_person ON ban (person_id) WHERE person_id IS NOT NULL;

CREATE TABLE report (
    report_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL,
    reporter   BLOB    NOT NULL,                                         -- hash of the key, or of the network; one report each
    reason     TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    settled_ms INTEGER,                                                  -- NULL: open
    UNIQUE (message_id, reporter)
) STRICT;
CREATE INDEX report_open ON report (report_id) WHERE settled_ms IS NULL;

-- Messages that wait for a moderator. They have no seq yet.
CREATE TABLE held (
    held_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    room_id    INTEGER REFERENCES room (room_id),                        -- NULL: a room that isn't there yet
    room       TEXT    NOT NULL,
    made_ms    INTEGER NOT NULL,
    reply_to   INTEGER,
    name       TEXT    NOT NULL CHECK (name <> ''),
    id         TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    person_id  INTEGER REFERENCES person (person_id),
    sender     INTEGER,
    network    BLOB    CHECK (length(network) = 17),
    why        TEXT    NOT NULL                                          -- newcomer, link, word
) STRICT;
CREATE UNIQUE INDEX held_by_id ON held (room, ifnull(person_id, name), id);

CREATE TABLE word (
    word_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    pattern    TEXT    NOT NULL UNIQUE CHECK (pattern <> ''),
    whole      INTEGER NOT NULL CHECK (whole IN (0, 1)),
    act        INTEGER NOT NULL CHECK (act BETWEEN 1 AND 3)              -- reject, hold, mask
) STRICT;

-- Codes that move a person to another device, and links that make moderators or members.
CREATE TABLE invite (
    invite_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 16),        -- of the code
    person_id  INTEGER REFERENCES person (person_id),                    -- set: the code moves this person
    role       INTEGER CHECK (role BETWEEN 1 AND 4),                     -- else: it gives this role
    room_id    INTEGER REFERENCES room (room_id),                        -- there; NULL: in all rooms
    by_person  INTEGER,
    made_ms    INTEGER NOT NULL,
    until_ms   INTEGER NOT NULL,
    uses       INTEGER NOT NULL CHECK (uses >= 0)                        -- left
) STRICT;

CREATE TABLE audit (
    audit_id   INTEGER PRIMARY KEY,
    time_ms    INTEGER NOT NULL,
    person_id  INTEGER,                                                  -- who did it; NULL: the command line, or the program
    who        TEXT    NOT NULL,
    act        TEXT    NOT NULL,
    room       TEXT,
    seq        INTEGER,
    subject    TEXT,                                                     -- whom or what
    reason     TEXT,
    detail     TEXT
) STRICT;

-- What the owner's page changed; a file or the environment wins.
CREATE TABLE setting (
    key        TEXT    PRIMARY KEY,
    value      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
