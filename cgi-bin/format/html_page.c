/* html_page.c - see html_page.h. */
#include "format/html_page.h"

#include "base/buf.h"
#include "base/clock.h"
#include "format/html.h"

#include <string.h>

const char html_page_policy[] =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-src 'self'; base-uri 'none'; "
    "frame-ancestors 'self'";

const struct html_page_paths html_page_paths_short = {.site = "", .poll = "", .send = ""};
const struct html_page_paths html_page_paths_under_poll = {.site = "../../", .poll = "", .send = "../send.cgi/"};
const struct html_page_paths html_page_paths_under_send = {.site = "../../", .poll = "../poll.cgi/", .send = ""};

static void add_text(struct buf *out, const char *text)
{
    html_text(out, text, strlen(text));
}

void html_page_address(struct buf *out, const char *room, const char *name)
{
    buf_adds(out, "?room=");
    html_query_value(out, room);
    if (name[0] != '\0') {
        buf_adds(out, "&name=");
        html_query_value(out, name);
    }
}

/* The same within an attribute. */
static void add_address(struct buf *out, const char *room, const char *name)
{
    struct buf address;
    buf_init(&address, BUF_UNLIMITED);
    html_page_address(&address, room, name);
    html_text(out, address.bytes, address.length);
    buf_fini(&address);
}

static void add_refresh(struct buf *out, const char *room, const char *name, const struct html_page_refresh *refresh)
{
    buf_addf(out, "<meta http-equiv=\"refresh\" content=\"%u; url=plain", refresh->seconds);
    add_address(out, room, name);
    /* A browser doesn't reload when only the fragment of the address differs. So the address
     * alternates between turn 1 and 2. */
    buf_addf(out, "&amp;part=log&amp;turn=%d#end\">\n", refresh->turn == 1 ? 2 : 1);
}

/* refresh: NULL, or when the messages of the room are reloaded. */
static void begin(struct buf *out, const struct html_page_paths *paths, const char *room, const char *kind,
                  const char *name, const struct html_page_refresh *refresh)
{
    buf_addf(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<link rel=\"icon\" href=\"%sicon.svg\" type=\"image/svg+xml\"><link rel=\"stylesheet\" href=\"%splain.css\">\n",
        paths->site, paths->site);
    if (refresh != NULL) {
        add_refresh(out, room, name, refresh);
    }
    buf_adds(out, "<title>#");
    add_text(out, room);
    buf_addf(out, "</title>\n</head>\n<body class=\"%s\">\n<main>\n", kind);
}

static void end(struct buf *out)
{
    buf_adds(out, "</main>\n</body>\n</html>\n");
}

/* ---- messages ---- */

/* "2026-11-25 03:48 UTC", because the server doesn't know the readers' time zones. */
static void add_time(struct buf *out, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_text(ms, text);
    buf_addf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text, text, text + 11);
}

static bool is_within_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The offset behind the last c in text[from..end), or 0 if there is none. */
static size_t behind_last(const char *text, size_t from, size_t end, char c)
{
    const char *found = memrchr(text + from, c, end - from);
    return found != NULL ? (size_t)(found - text) + 1 : 0;
}

/* The offset behind the last line break that a piece may have, or `end`. */
static size_t end_of_lines(const char *text, size_t from, size_t end)
{
    const char *at = text + from;
    for (unsigned lines = 0; lines < HTML_PAGE_PIECE_LINES; lines++) {
        at = memchr(at, '\n', (size_t)(text + end - at));
        if (at == NULL) {
            return end;
        }
        at++;
    }
    return (size_t)(at - text);
}

size_t html_page_piece_end(const char *text, size_t length, size_t from, size_t most)
{
    if (length - from <= most) {
        return end_of_lines(text, from, length);
    }
    size_t end = from + most;
    size_t line = behind_last(text, from + most / 2, end, '\n');
    size_t word = behind_last(text, end - most / 4, end, ' ');
    if (line != 0 || word != 0) {
        return end_of_lines(text, from, line != 0 ? line : word);
    }
    while (end > from + 1 && is_within_character(text[end])) {
        end--;
    }
    return end_of_lines(text, from, end);
}

/* The link to the rest of a text, if there is one. */
static void add_rest(struct buf *out, const struct answer_room *room, const struct chat_message *m, size_t from,
                     const char *name)
{
    if (from < m->text_length) {
        buf_adds(out, "<p class=\"more\"><a href=\"plain");
        add_address(out, room->name, name);
        buf_addf(out, "&amp;part=text&amp;seq=%llu&amp;from=%zu\">Show more</a> (%zu of %zu bytes are not shown)</p>",
                 (unsigned long long)m->seq, from, m->text_length - from, m->text_length);
    }
}

/* What an edit or a delete did. The page shows its target as it is now, where that is shown. */
static void add_change(struct buf *out, const struct chat_message *m)
{
    if (m->target == m->seq) {
        buf_adds(out, "<em>(deleted)</em>");
    } else if (m->targets != NULL) {
        buf_addf(out, "<em>deleted the messages %s</em>", m->targets);
    } else {
        buf_addf(out, "<em>%s message <a href=\"#m%llu\">%llu</a></em>", m->type == CHAT_EDIT ? "edited" : "deleted",
                 (unsigned long long)m->target, (unsigned long long)m->target);
    }
}

/* Writes a piece of the text, from `from` on. */
static void add_body(struct buf *out, const struct answer_room *room, const struct chat_message *m, size_t from,
                     size_t most, const char *name)
{
    buf_adds(out, "<p dir=\"auto\">");
    if (m->type == CHAT_MESSAGE || m->type == CHAT_NOTICE) {
        size_t end = html_page_piece_end(m->text, m->text_length, from, most);
        html_lines(out, m->text + from, end - from);
        buf_adds(out, "</p>");
        add_rest(out, room, m, end, name);
    } else {
        add_change(out, m);
        buf_adds(out, "</p>");
    }
}

/* What tells the author from others of the same or a similar name. */
static void add_marks(struct buf *out, const struct chat_message *m)
{
    if ((m->flags & CHAT_HAS_MARK) != 0 && (m->flags & (CHAT_ALIKE | CHAT_FRESH)) != 0) {
        buf_addf(out, "\xC2\xB7%04x ", (unsigned)m->mark); /* a middle dot */
    }
    if ((m->flags & CHAT_ALIKE) != 0) {
        buf_adds(out, "<em>(not the first with such a name)</em> ");
    }
    if (m->role >= CHAT_MODERATOR) {
        buf_addf(out, "<em>(%s)</em> ", chat_role_word(m->role));
    }
}

/* Writes the name of the author and the time. */
static void add_author(struct buf *out, const struct chat_message *m)
{
    buf_adds(out, "<b dir=\"auto\">");
    add_text(out, m->name);
    buf_adds(out, "</b> <small>");
    add_marks(out, m);
    add_time(out, m->time_ms);
    if (m->edited != 0 && m->type == CHAT_MESSAGE) {
        buf_adds(out, " (edited)");
    }
}

static void add_message(struct buf *out, const struct answer_room *room, const struct chat_message *m, const char *name)
{
    buf_addf(out, "<li id=\"m%llu\">", (unsigned long long)m->seq);
    add_author(out, m);
    if (m->reply_to != 0) {
        buf_addf(out, " to <a href=\"#m%llu\">%llu</a>", (unsigned long long)m->reply_to,
                 (unsigned long long)m->reply_to);
    }
    if (m->type == CHAT_MESSAGE || m->type == CHAT_NOTICE) {
        buf_adds(out, " <a class=\"reply\" target=\"_top\" href=\"plain");
        add_address(out, room->name, name);
        buf_addf(out, "&amp;reply_to=%llu\">reply or change</a>", (unsigned long long)m->seq);
    }
    buf_adds(out, "</small>");
    add_body(out, room, m, 0, HTML_PAGE_PIECE, name);
    buf_adds(out, "</li>\n");
}

static void add_older(struct buf *out, const struct answer_room *room, const char *name)
{
    if (room->count > 0 && room->messages[0].seq > room->oldest) {
        buf_adds(out, "<p class=\"older\"><a href=\"plain");
        add_address(out, room->name, name);
        buf_addf(out, "&amp;part=log&amp;before=%llu\">Older messages</a></p>\n",
                 (unsigned long long)room->messages[0].seq);
    }
}

/* A message that isn't shown. */
static bool is_gone(const struct chat_message *m)
{
    return m->type == CHAT_DELETE && m->target == m->seq;
}

/* The messages from the i-th on that aren't shown, in one line: after a flood there may be
 * hundreds. Returns the last one of them. */
static size_t add_gone(struct buf *out, const struct answer_room *room, size_t i)
{
    size_t last = i;
    while (last + 1 < room->count && is_gone(&room->messages[last + 1])) {
        last++;
    }
    buf_addf(out, "<li id=\"m%llu\"><em>(", (unsigned long long)room->messages[i].seq);
    if (last > i) {
        buf_addf(out, "%zu messages were deleted)</em></li>\n", last - i + 1);
    } else {
        buf_adds(out, "a message was deleted)</em></li>\n");
    }
    return last;
}

static void add_messages(struct buf *out, const struct answer_room *room, const char *name)
{
    add_older(out, room, name);
    if (room->count == 0) {
        buf_adds(out, "<p>There are no messages here yet.</p>\n");
        return;
    }
    buf_adds(out, "<ol class=\"messages\">\n");
    for (size_t i = 0; i < room->count; i++) {
        if (i > 0 && room->messages[i].seq != room->messages[i - 1].seq + 1) {
            buf_adds(out, "<li><em>Some messages here are no longer kept.</em></li>\n");
        }
        if (is_gone(&room->messages[i])) {
            i = add_gone(out, room, i);
        } else {
            add_message(out, room, &room->messages[i], name);
        }
    }
    buf_adds(out, "</ol>\n");
}

/* ---- the form ---- */

static void add_hidden(struct buf *out, const char *name, const char *value)
{
    if (value[0] != '\0') {
        buf_addf(out, "<input type=\"hidden\" name=\"%s\" value=\"", name);
        add_text(out, value);
        buf_adds(out, "\">");
    }
}

static void add_form(struct buf *out, const struct html_page_form *f)
{
    buf_addf(out, "<form method=\"post\" action=\"%ssend?format=html\" accept-charset=\"utf-8\">\n", f->paths->send);
    add_hidden(out, "room", f->room);
    add_hidden(out, "id", f->id);
    add_hidden(out, "reply_to", f->reply_to);
    buf_adds(out, "<p><label for=\"name\">Name</label> <input id=\"name\" name=\"name\" maxlength=\"64\" dir=\"auto\" "
                  "autocomplete=\"username\" value=\"");
    add_text(out, f->name);
    buf_adds(
        out,
        "\"> <label for=\"secret\">Secret</label> <input id=\"secret\" name=\"secret\" type=\"password\" size=\"12\" "
        "maxlength=\"128\" autocomplete=\"current-password\" value=\"");
    add_text(out, f->secret != NULL ? f->secret : "");
    buf_adds(out, "\"> <small>With a secret of your own, at least 6 characters, the name is yours.</small></p>\n"
                  "<p><label for=\"text\">");
    buf_adds(out, f->reply_to[0] != '\0' ? "Reply to message " : "Message");
    add_text(out, f->reply_to);
    buf_adds(out, "</label><br>"
                  /* a browser drops the first line break */
                  "<textarea id=\"text\" name=\"text\" rows=\"3\" cols=\"60\" dir=\"auto\">\n");
    html_text(out, f->text, f->text_length);
    buf_adds(out, "</textarea></p>\n<p><input type=\"submit\" value=\"Send\"></p>\n</form>\n");
}

/* The page for a reply offers too to change the message, which works for its author (by the secret)
 * and for moderators. */
static void add_change_form(struct buf *out, const struct html_page_form *f)
{
    buf_addf(out, "<form method=\"post\" action=\"%ssend?format=html\" accept-charset=\"utf-8\">\n<h2>Change message ",
             f->paths->send);
    add_text(out, f->reply_to);
    buf_adds(out, "</h2>\n<p>");
    add_hidden(out, "room", f->room);
    add_hidden(out, "target", f->reply_to);
    buf_adds(out, "<label>Name <input name=\"name\" maxlength=\"64\" dir=\"auto\" autocomplete=\"username\" value=\"");
    add_text(out, f->name);
    buf_adds(
        out,
        "\"></label> <label>Secret <input name=\"secret\" type=\"password\" size=\"12\" maxlength=\"128\" "
        "autocomplete=\"current-password\"></label></p>\n"
        "<p><label>New text<br><textarea name=\"text\" rows=\"3\" cols=\"60\" dir=\"auto\">\n</textarea></label></p>\n"
        "<p><button name=\"type\" value=\"edit\">Edit</button> "
        "<button name=\"type\" value=\"delete\">Delete</button></p>\n</form>\n");
}

/* ---- pages ---- */

void html_page_log(struct buf *out, const struct html_page_paths *paths, const struct answer *a, const char *name,
                   const struct html_page_refresh *refresh)
{
    const struct answer_room *room = &a->rooms[0];
    begin(out, paths, room->name, "log", name, refresh);
    add_messages(out, room, name);
    buf_adds(out, "<p id=\"end\"><a target=\"_top\" href=\"plain");
    add_address(out, room->name, name);
    buf_adds(out, refresh != NULL ? "\">Write</a></p>\n" : "\">Newest messages</a></p>\n");
    end(out);
}

void html_page_text(struct buf *out, const struct html_page_paths *paths, const struct answer *a,
                    const struct chat_message *m, size_t from, const char *name)
{
    const struct answer_room *room = &a->rooms[0];
    while (from < m->text_length && is_within_character(m->text[from])) {
        from++;
    }
    begin(out, paths, room->name, "log", name, NULL);
    add_author(out, m);
    buf_adds(out, "</small>");
    add_body(out, room, m, from, HTML_PAGE_PIECE_LONG, name);
    buf_adds(out, "\n<p id=\"end\"><a href=\"plain");
    add_address(out, room->name, name);
    buf_addf(out, "&amp;part=log&amp;before=%llu#m%llu\">Back to the messages</a></p>\n",
             (unsigned long long)m->seq + 1, (unsigned long long)m->seq);
    end(out);
}

void html_page_room(struct buf *out, const struct html_page_form *f, const struct answer *a)
{
    begin(out, f->paths, f->room, "room", f->name, NULL);
    buf_adds(out, "<h1>#");
    add_text(out, f->room);
    buf_adds(out, "</h1>\n<iframe class=\"log\" title=\"Messages\" width=\"100%\" height=\"400\" src=\"plain");
    add_address(out, f->room, f->name);
    buf_adds(out, "&amp;part=log#end\"></iframe>\n<noframes>\n");
    add_messages(out, &a->rooms[0], f->name);
    buf_adds(out, "</noframes>\n");
    add_form(out, f);
    if (f->reply_to[0] != '\0') {
        add_change_form(out, f);
    }
    buf_adds(out, "<p class=\"foot\"><small>New messages appear by themselves, without JavaScript. <a href=\"plain");
    add_address(out, f->room, f->name);
    buf_adds(out, "\">Reload</a></small></p>\n");
    end(out);
}

void html_page_refused(struct buf *out, const struct html_page_form *f, int status, const char *title,
                       const char *detail)
{
    begin(out, f->paths, f->room, "refused", f->name, NULL);
    buf_addf(out, "<h1>%d %s</h1>\n<p role=\"alert\">It was not sent. ", status, title);
    add_text(out, detail);
    buf_adds(out, "</p>\n");
    add_form(out, f);
    buf_addf(out, "<p><a href=\"%splain", f->paths->poll);
    add_address(out, f->room, f->name);
    buf_adds(out, "\">Back to the room</a></p>\n");
    end(out);
}

void html_page_held(struct buf *out, const struct html_page_paths *paths, const struct chat_draft *d)
{
    begin(out, paths, d->room, "refused", d->name, NULL);
    buf_addf(out,
             "<h1>It waits</h1>\n<p role=\"status\">Your message waits for a moderator, and appears when it is "
             "approved. You need not send it again.</p>\n<p><a href=\"%splain",
             paths->poll);
    add_address(out, d->room, d->name);
    buf_adds(out, "\">Back to the room</a></p>\n");
    end(out);
}
