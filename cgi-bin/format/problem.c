/* problem.c - see problem.h. */
#include "format/problem.h"

#include "base/buf.h"
#include "format/json.h"

#include <stddef.h>
#include <stdio.h>

static const struct problem problems[ERR__MAX] = {
    [ERR_INPUT] = {400, 0, false, "bad-input", "Bad Request"},
    [ERR_AUTH] = {403, 0, false, "forbidden-origin", "Forbidden"},
    [ERR_FORBIDDEN] = {403, 0, false, "forbidden", "Forbidden"},
    [ERR_TOKEN] = {401, 0, false, "bad-token", "Unauthorized"},
    [ERR_SIGN_IN] = {401, 0, false, "sign-in-needed", "Unauthorized"},
    [ERR_WEAK] = {403, 0, false, "not-allowed", "Forbidden"},
    [ERR_BANNED] = {403, 0, false, "banned", "Forbidden"},
    [ERR_MUTED] = {403, 0, false, "muted", "Forbidden"},
    [ERR_CLOSED] = {403, 0, false, "room-closed", "Forbidden"},
    [ERR_PROOF] = {403, 0, false, "proof-needed", "Forbidden"},
    [ERR_WORDS] = {403, 0, false, "words", "Forbidden"},
    [ERR_LATE] = {403, 0, false, "too-late", "Forbidden"},
    [ERR_ABSENT] = {404, 0, false, "not-found", "Not Found"},
    [ERR_METHOD] = {405, 0, false, "method-not-allowed", "Method Not Allowed"},
    [ERR_SLOW] = {408, 0, false, "too-slow", "Request Timeout"},
    [ERR_EPOCH] = {409, 0, false, "epoch-changed", "Conflict"},
    [ERR_CONFLICT] = {409, 0, false, "id-reused", "Conflict"},
    [ERR_NAME] = {409, 0, false, "name-taken", "Conflict"},
    [ERR_ALIKE] = {409, 0, false, "name-alike", "Conflict"},
    [ERR_TOO_LARGE] = {413, 0, false, "too-large", "Content Too Large"},
    [ERR_TYPE] = {415, 0, false, "unsupported-type", "Unsupported Media Type"},
    [ERR_RATE] = {429, 5, false, "too-fast", "Too Many Requests"},
    [ERR_SLOW_MODE] = {429, 5, false, "slow-mode", "Too Many Requests"},
    [ERR_BUSY] = {503, 1, false, "store-busy", "Service Unavailable"},
    [ERR_UNSURE] = {503, 1, true, "unsure", "Service Unavailable"},
    [ERR_CROWDED] = {503, 2, false, "crowded", "Service Unavailable"},
    [ERR_FULL] = {503, 30, true, "store-full", "Service Unavailable"},
    [ERR_READONLY] = {503, 30, true, "store-read-only", "Service Unavailable"},
    [ERR_CORRUPT] = {500, 0, true, "store-corrupt", "Internal Server Error"},
    [ERR_NEWER] = {503, 5, true, "store-newer", "Service Unavailable"},
    [ERR_CONFIG] = {500, 0, true, "misconfigured", "Internal Server Error"},
    [ERR_EXPOSED] = {503, 60, false, "exposed", "Service Unavailable"},
    [ERR_STOPPING] = {503, 1, false, "stopping", "Service Unavailable"},
    [ERR_STREAM] = {503, 60, false, "no-stream", "Service Unavailable"},
    [ERR_SYSTEM] = {500, 0, true, "internal", "Internal Server Error"},
};

const struct problem *problem_of(enum err_code code)
{
    return code > ERR_NONE && code < ERR__MAX && problems[code].status != 0 ? &problems[code] : &problems[ERR_SYSTEM];
}

const char *problem_title(int status)
{
    for (size_t i = 0; i < ERR__MAX; i++) {
        if (problems[i].status == status) {
            return problems[i].title;
        }
    }
    return problems[ERR_SYSTEM].title;
}

const char *problem_detail(const struct err *e)
{
    switch (e->code) {
    case ERR_CONFIG:
        return "A setting of this site is wrong. The server's error log says which; so does the command: pollchat settings";
    case ERR_EXPOSED:
        return "This chat has stopped, for safety. Its owner finds the reason in doctor.html.";
    case ERR_SYSTEM:
        return "Something failed on the server; its error log says what.";
    default:
        return e->text;
    }
}

void problem_body(struct buf *out, const struct err *e, bool as_text, const char *epoch)
{
    const struct problem *p = problem_of(e->code);
    const char *detail = problem_detail(e);
    char type[64];
    if (as_text) {
        buf_addf(out, "%d %s: %s\n", p->status, p->title, detail);
        return;
    }
    snprintf(type, sizeof type, "urn:pollchat:problem:%s", p->slug);
    json_problem(out, &(struct json_problem){.type = type,
                                             .title = p->title,
                                             .status = p->status,
                                             .detail = detail,
                                             .field = e->field,
                                             .epoch = epoch,
                                             .more = e->more});
}
