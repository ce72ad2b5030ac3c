/* conf_table.c - see private/conf_table.h. */
#include "system/private/conf_table.h"

#include "system/conf.h"

#include <assert.h>

static const char *const journal_words[] = {"auto", "wal", "rollback", NULL};
static const char *const guests_words[] = {"yes", "named", "no", NULL};
static const char *const newcomers_words[] = {"free", "slow", "held", NULL};
static const char *const room_kind_words[] = {"open", "read-only", "members", "locked", NULL};
static const char *const new_rooms_words[] = {"everyone", "moderators", NULL};
static const char *const token_alg_words[] = {"none", "hs256", "eddsa", NULL};
static const char *const off_on_words[] = {"off", "on", NULL};
static const char *const no_yes_words[] = {"no", "yes", NULL};
static const char *const status_words[] = {"loopback", "everyone", "nobody", NULL};

struct conf_source conf_sources[CONF_SETTINGS];

#define AT(member) offsetof(struct conf, member)
const struct conf_setting conf_settings[] = {
    {"data", CONF_FOLDER, AT(data), 0, 0, CONF_USUAL_DATA, NULL,
     "Folder of the database (chat.db). A relative path starts at the folder of the programs. The web "
     "server must not serve the folder. The default lies outside of www/, is made with mode 0700, and gets "
     "a .htaccess that denies everything, in case it ends up in a served folder after all. No other user "
     "of the machine may write to it (mode 700); otherwise the chat stops and says so. With PostgreSQL, what "
     "belongs to this host alone is in it, and no messages."},
    {"store", CONF_STORE, AT(store), 0, 0, "sqlite", NULL,
     "Where rooms and messages are: sqlite (the file chat.db in the data folder), or a PostgreSQL database, "
     "so that several hosts can serve one chat. For example:\n"
     "postgresql://pollchat@db.example/chat\n"
     "postgresql://pollchat@db1.example,db2.example:5433/chat?sslmode=verify-full\n"
     "The form and the parameters are libpq's; of several hosts the one that can be written is used. A "
     "password is best kept out of this line: in store_password_file, or where libpq looks for it (~/.pgpass, "
     "PGPASSFILE, PGPASSWORD). If it is in the line, write special characters as %40 for @ and the like. It "
     "is never shown. All programs, on all hosts, must name the same database. It takes the package "
     "pollchat-postgres, or programs that were built with libpq-dev."},
    {"store_replica", CONF_REPLICA, AT(store_replica), 0, 0, "", NULL,
     "A streaming replica of the PostgreSQL database, from which pages of messages are read, so that the primary "
     "has less to do. For example:\n"
     "postgresql://pollchat@db2.example,db3.example/chat\n"
     "Of several hosts the first one is used that is a replica. The primary is asked for the numbers of the rooms "
     "each time, and a replica that is behind them, or that can't be reached, isn't used: so no reader sees an "
     "older state. The form is that of store, and store_password_file counts for it too. Empty: all is read from "
     "the primary."},
    {"store_password_file", CONF_FOLDER, AT(store_password_file), 0, 0, "", NULL,
     "File whose first line is the password for the PostgreSQL database. Only the user of the programs "
     "should be able to read it (mode 600). It is read again for each new connection, so the password can be "
     "changed while the chat runs. It wins over a password in store. A relative path starts at the folder of "
     "the programs. Empty: none."},
    {"store_connections", CONF_NUMBER, AT(store_connections), 3, 100, "4", NULL,
     "Connections to the PostgreSQL database of each program that stays. One of them is for notices between the "
     "hosts. A host has two such programs, send and poll, so it has twice as many connections; where the web "
     "server starts several processes of a program, so many times more. A request that finds none free waits, "
     "for busy_timeout at most."},
    {"heads", CONF_FOLDER, AT(heads), 0, 0, "", NULL,
     "Folder of the head files. The web server must serve it as heads/ beside the page. Each room has a "
     "tiny file in it with the number of its last message. Where polls can't wait, as under plain CGI, "
     "pages watch that file instead of starting a program every few seconds. A relative path starts at the "
     "folder of the programs: ../www/heads. The folder is made if it is missing, and must not be the data "
     "folder. Empty: no such files. With PostgreSQL there are none either, since other hosts write messages too."},
    {"max_text", CONF_NUMBER, AT(max_text), 1, 16777216, "262144", NULL,
     "Greatest length of a message's text, in bytes."},
    {"max_answer", CONF_NUMBER, AT(max_answer), 65536, 67108864, "1048576", NULL,
     "About how many bytes of messages, written as JSON, one answer of poll may carry. A client gets the "
     "rest with its next call. Where each request costs a process (plain CGI, mod_fcgid) it is at most "
     "half a megabyte. A single message is never cut."},
    {"allow_origin", CONF_ORIGINS, AT(allow_origin), 0, 0, "", NULL,
     "Other sites whose pages may read, send, and show the chat in a frame, separated by spaces. For "
     "example:\n"
     "https://example.org https://www.example.org\n"
     "* allows every site; empty allows this site alone."},
    {"trusted_proxies", CONF_RANGES, AT(trusted_proxies), 0, 0, "", NULL,
     "Addresses of reverse proxies in front of the web server, separated by spaces. For example:\n"
     "127.0.0.1 10.0.0.0/8 2001:db8::/32\n"
     "The line may be repeated for more. If a request comes from one of these addresses, the client's "
     "address is taken from X-Forwarded-For (or Forwarded), and host and scheme from X-Forwarded-Host and "
     "-Proto. From other addresses these headers are ignored. Each of these proxies must set "
     "X-Forwarded-For or add to it."},
    {"max_wait", CONF_NUMBER, AT(max_wait), 0, 60, "25", NULL,
     "Longest time in seconds that a poll waits for news. Proxies and NAT routers cut silent connections "
     "after 30 to 60 seconds, mod_fcgid after 40. With 0 no poll waits, and clients ask on a timer."},
    {"max_waiting", CONF_NUMBER_OR_AUTO, AT(max_waiting), 0, 100000, "auto", NULL,
     "How many polls may wait at once where one process answers many requests (lighttpd, nginx). Further "
     "polls are answered at once, with wait 0. Each waiting poll takes a connection of the web server away "
     "from other pages and sites. So behind lighttpd auto is a quarter of the open files with which "
     "lighttpd started the program, at most 1024: lighttpd admits a third of them as connections, at most "
     "1365 unless server.max-fds says otherwise. Behind nginx, Caddy and other servers auto is 250. For "
     "more, raise the server's limit first: server.max-fds to four times max_waiting, or nginx's "
     "worker_connections to three times. GET /status shows the number in use and why."},
    {"max_waiting_apache", CONF_NUMBER_OR_AUTO, AT(max_waiting_apache), 0, 100000, "auto", NULL,
     "The same behind Apache's mod_proxy_fcgi, where each waiting poll keeps a worker of the server busy. "
     "auto is a third of the workers that Apache has now, at most 250. It is also a third of the workers "
     "of each Apache process, because a visitor's connection stays with one process. Where the programs "
     "can't see Apache's processes, auto is 4. A number is for all processes together: keep it below "
     "ThreadsPerChild (25 by default)."},
    {"max_held", CONF_NUMBER_OR_AUTO, AT(max_held), 0, 256, "auto", NULL,
     "How many polls of the whole site may wait at once where each keeps a process busy: plain CGI and "
     "Apache's mod_fcgid. Shared hosts often allow an account some 20 processes in all, some hosts only 5. "
     "With auto one or two polls wait at first, and more only if more processes have run at once: one "
     "process stays free to answer and one to send. It is never more than 6, nor more than a third of the host's limit "
     "if the programs can see one. GET /status shows what they found."},
    {"max_waiting_per_client", CONF_NUMBER_OR_AUTO, AT(max_waiting_per_client), 1, 100000, "auto", NULL,
     "How many polls of one address may wait at once. auto is a quarter of all, at least 1 and at most "
     "100. 127.0.0.1 and ::1 are not counted, because a proxy on this machine stands for all its clients. "
     "With trusted_proxies each client has its own address."},
    {"max_stream", CONF_NUMBER, AT(max_stream), 0, 86400, "300", NULL,
     "Longest time in seconds that a stream (GET /stream) lasts. Then it ends and the client opens another "
     "one, before a proxy cuts it. A stream counts as a waiting poll in max_waiting and "
     "max_waiting_apache. With 0 there are no streams, and clients poll."},
    {"poll_after", CONF_NUMBER, AT(poll_after), 1, 60, "2", NULL,
     "Seconds after which a client should ask again if its poll can't wait."},
    {"poll_rate", CONF_NUMBER, AT(poll_rate), 1, 100000, "50", NULL,
     "How many polls a second all clients on the timer should make together, where each poll costs a "
     "process. Where one process answers many requests, the number is one for every 15 of max_waiting, at "
     "least 10 and at most four times poll_rate. If more clients ask, or if polls take so long that "
     "several run at a time, clients are told to ask less often: poll_after rises, up to 60. An address "
     "counts once, however often it asks."},
    {"busy_timeout", CONF_NUMBER, AT(busy_timeout), 0, 30000, "5000", NULL,
     "Milliseconds that a request waits while other processes use the database. After that it is answered "
     "with 503."},
    {"journal", CONF_WORD, AT(journal), 0, 0, "auto", journal_words,
     "How a new database of SQLite keeps its journal: wal, rollback, or auto (wal on a local disk, rollback on a "
     "network file system). An existing database keeps the journal that it has."},
    {"status", CONF_WORD, AT(status), 0, 0, "loopback", status_words,
     "Who may read GET /status, which shows counts and no messages: loopback (clients on this machine that "
     "come through no proxy), everyone, or nobody."},
    {"doctor", CONF_WORD, AT(doctor), 0, 0, "loopback", status_words,
     "Who may open doctor.html and read GET /doctor, which show what works on this host and what doesn't. "
     "The same words as for status."},
    {"threads", CONF_NUMBER, AT(threads), 1, 128, "16", NULL,
     "How many requests of a FastCGI process may wait for the disk at once. Plain CGI and mod_fcgid give it one "
     "at a time."},
    {"guests", CONF_WORD, AT(guests), 0, 0, "yes", guests_words,
     "Who may write without a key. Browsers make a key by themselves, so this is about scripts and the page "
     "without JavaScript. yes: everyone; named: who gives a name of their own; no: only who has a key or a "
     "token. This and the settings down to audit_days can also be changed in owner.html, where neither this "
     "file nor the environment sets them."},
    {"name_keep_days", CONF_NUMBER, AT(name_keep_days), 1, 3650, "30", NULL,
     "Days without a message after which a name is free for others again."},
    {"newcomers", CONF_WORD, AT(newcomers), 0, 0, "free", newcomers_words,
     "What new visitors may do in their first minutes. free: the same as all; slow: a message every half "
     "minute and no links; held: a moderator approves their messages."},
    {"newcomer_minutes", CONF_NUMBER, AT(newcomer_minutes), 1, 10080, "10", NULL,
     "How many minutes a visitor counts as new after the first message."},
    {"proof", CONF_NUMBER, AT(proof), 0, 24, "0", NULL,
     "Work that a new visitor's browser must do before its first messages, in bits: each one doubles it. "
     "A phone takes about a second for 16. 0: none."},
    {"edit_minutes", CONF_NUMBER, AT(edit_minutes), 0, 525600, "15", NULL,
     "How many minutes visitors may change or delete their messages. Moderators always may."},
    {"report_hides", CONF_NUMBER, AT(report_hides), 0, 1000, "3", NULL,
     "How many different visitors must report a message until it is hidden. A moderator can show it again. "
     "0: reports hide nothing."},
    {"room_kind", CONF_WORD, AT(room_kind), 0, 0, "open", room_kind_words,
     "What a room is, unless a moderator made it otherwise. open: everyone reads and writes; read-only: "
     "moderators write; members: only members read and write; locked: only moderators do."},
    {"new_rooms", CONF_WORD, AT(new_rooms), 0, 0, "everyone", new_rooms_words,
     "Who makes a new room by writing to it. With moderators, strangers can't tell a room that doesn't exist "
     "from one that is for members."},
    {"keep_days", CONF_NUMBER, AT(keep_days), 0, 36500, "0", NULL,
     "Days after which messages are removed for good. 0: they stay. Rooms can have a value of their own."},
    {"keep_count", CONF_NUMBER, AT(keep_count), 0, 1000000000, "0", NULL,
     "How many messages a room keeps; older ones are removed for good. 0: all. Rooms can have a value of "
     "their own."},
    {"address_days", CONF_NUMBER, AT(address_days), 1, 365, "7", NULL,
     "Days that hashes of visitors' networks are kept, for bans. The key of the hashes is destroyed then too."},
    {"audit_days", CONF_NUMBER, AT(audit_days), 1, 36500, "365", NULL,
     "Days that the log of what moderators did is kept."},
    {"token_alg", CONF_WORD, AT(token_alg), 0, 0, "none", token_alg_words,
     "How the site around the chat signs tokens (JWT) for its own visitors: hs256 with a shared secret, "
     "eddsa with a key pair. none: no token is accepted. See EMBED.md."},
    {"token_key", CONF_SECRET, AT(token_key), 0, 0, "", NULL,
     "The secret for hs256 (at least 32 characters), or the public key for eddsa (32 bytes as base64url). "
     "An id before it, as in march:SECRET, is compared with the token's kid."},
    {"token_key_next", CONF_SECRET, AT(token_key_next), 0, 0, "", NULL,
     "A second one, which is valid too, so that the first can be changed without a break."},
    {"token_aud", CONF_TEXT, AT(token_aud), 0, 0, "", NULL,
     "What the aud of a token must be or contain. Needed with token_alg."},
    {"limits", CONF_WORD, AT(limits), 0, 0, "on", off_on_words,
     "Limits on how fast clients may write and ask. Clients on this machine that come through no proxy have "
     "none, unless limit_local says so."},
    {"limit_local", CONF_WORD, AT(limit_local), 0, 0, "no", no_yes_words, "Limits also for clients on this machine."},
    {"limit_sends", CONF_NUMBER, AT(limit_sends), 1, 1000000, "30", NULL,
     "Messages a minute of one visitor, or of one network for visitors without a key. A third of them may come "
     "at once."},
    {"limit_network", CONF_NUMBER, AT(limit_network), 1, 1000000, "240", NULL,
     "Messages a minute of all visitors of one network (IPv4 /24, IPv6 /64); an IPv6 /48 may send four times as "
     "much. All may come at once. Of new visitors a third of the messages may come at once, and then a twelfth "
     "in a minute."},
    {"limit_room", CONF_NUMBER, AT(limit_room), 1, 10000000, "1200", NULL, "Messages a minute in one room."},
    {"limit_bytes", CONF_NUMBER, AT(limit_bytes), 65536, 17179869184, "4194304", NULL,
     "Bytes of texts a minute of one visitor. A network may send four times as much, a room sixteen times."},
    {"limit_polls", CONF_NUMBER_OR_AUTO, AT(limit_polls), 1, 1000000, "auto", NULL,
     "Polls a second of one network; one visitor may make a twentieth of them. auto is 2000, or three times "
     "poll_rate where each poll costs a process."},
    {"max_store", CONF_NUMBER_OR_AUTO, AT(max_store), 1048576, 1152921504606846976, "auto", NULL,
     "Bytes that the database may take. Then messages are refused, and reading and deleting go on. auto: four "
     "fifths of what the database and the free space of the disk are together; with PostgreSQL no bound, since its "
     "disk can't be seen from here."},
};

static_assert(sizeof conf_settings / sizeof conf_settings[0] == CONF_SETTINGS, "no row is empty");
