/* fuzz_json.c - json.h on any bytes, as input and output. Accepted strings, written and read again,
 * are the same. Output is valid JSON even for bytes that are not text. */
#include "fuzz.h"

#include <jansson.h>

static const char *const json_known[] = {"text", "room", "name", "id", "reply_to", "type", "target", NULL};

static struct chat_message random_message(char *name, char *text, size_t text_length)
{
    static char id[] = "id";
    return (struct chat_message){
        .seq = 1, .type = CHAT_MESSAGE, .name = name, .id = id, .text = text, .text_length = text_length};
}

static void json_check_string(const struct form_field *field)
{
    static char name[] = "ann";
    char *value = ck_memdup0(field->value, field->length);
    struct chat_message m = random_message(name, value, field->length);
    struct buf text;
    struct form again;
    CK(field->value[field->length] == '\0' && strlen(field->value) == field->length);
    CK(str_utf8_valid(field->value, field->length, NULL));
    buf_init(&text, BUF_UNLIMITED);
    form_init(&again);
    json_sent(&text, "E", "lobby", &m);
    CK(json_read(ck_memdup0(text.bytes, text.length), text.length, json_known, &again, NULL) == 0);
    const struct form_field *found = form_single(&again, "text");
    CK(found != NULL && found->length == field->length && memcmp(found->value, field->value, field->length) == 0);
    form_fini(&again);
    buf_fini(&text);
    free(value);
}

/* What jansson says of the same bytes: true if it accepts them, with each known member a string. */
static bool json_is_accepted(const char *bytes, size_t size, size_t flags, enum json_error_code *why)
{
    json_error_t e;
    json_t *root = json_loadb(bytes, size, flags, &e);
    *why = root != NULL ? json_error_unknown : json_error_code(&e);
    bool good = json_is_object(root) && json_object_size(root) <= FORM_FIELDS_MAX;
    for (size_t i = 0; good && json_known[i] != NULL; i++) {
        const json_t *member = json_object_get(root, json_known[i]);
        good = member == NULL || json_is_string(member);
    }
    json_decref(root);
    return good;
}

/* Both read the same strings. */
static void json_compare_strings(const char *bytes, size_t size, const struct form *f)
{
    json_t *root = json_loadb(bytes, size, 0, NULL);
    for (size_t i = 0; json_known[i] != NULL; i++) {
        const json_t *member = json_object_get(root, json_known[i]);
        const struct form_field *found = form_single(f, json_known[i]);
        CK((member != NULL) == (found != NULL));
        CK(found == NULL || (found->length == json_string_length(member) &&
                             memcmp(found->value, json_string_value(member), found->length) == 0));
    }
    json_decref(root);
}

/* json_read and jansson accept the same, but jansson also refuses numbers that it can't hold, and
 * duplicate members at any depth, in members that json_read ignores. jansson takes a NUL behind a
 * number. */
static void json_compare(const char *bytes, size_t size, int result, const struct form *f)
{
    enum json_error_code why = json_error_unknown;
    if (memchr(bytes, '\0', size) == NULL && json_is_accepted(bytes, size, JSON_REJECT_DUPLICATES, &why)) {
        CK(result == 0);
        json_compare_strings(bytes, size, f);
    } else if (result == 0) {
        (void)json_is_accepted(bytes, size, 0, &why);
        CK(why == json_error_unknown || why == json_error_numeric_overflow);
    }
}

/* Writes the whole input as name and text of two messages, and as the targets of one, in each form
 * of answer. A NUL, which stored texts never contain, becomes an escape that json_read refuses. */
static void json_check_answer(char *bytes, size_t size, bool several)
{
    struct chat_message messages[] = {random_message(bytes, bytes, size), random_message(bytes, bytes, size)};
    messages[1].type = CHAT_DELETE;
    messages[1].target = 1;
    messages[1].targets = bytes;
    const struct answer_room room = {
        .name = "lobby", .messages = messages, .count = 2, .next = 2, .head = 2, .oldest = 1, .gap = true};
    const struct answer a = {.epoch = "E", .rooms = &room, .count = 1, .several = several, .poll_after = 2};
    static const char *const known[] = {"epoch", NULL};
    struct buf text;
    struct form members;
    buf_init(&text, BUF_UNLIMITED);
    form_init(&members);
    json_answer(&text, &a);
    CK(memchr(bytes, '\0', size) != NULL ||
       (json_read(ck_memdup0(text.bytes, text.length), text.length, known, &members, NULL) == 0 && members.count == 1));
    buf_fini(&text);
    json_answer_lines(&text, &a);
    size_t lines = 0;
    for (const char *at = text.bytes; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    CK(lines == 3 && text.bytes[text.length - 1] == '\n');
    form_fini(&members);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct form f;
    struct err e = ERR_INIT;
    form_init(&f);
    int result = json_read(ck_memdup0(bytes, size), size, json_known, &f, &e);
    CK((result == 0) == (e.code == ERR_NONE));
    json_compare(bytes, size, result, &f);
    CK(f.count < sizeof json_known / sizeof json_known[0]);
    for (size_t i = 0; i < f.count; i++) {
        json_check_string(&f.fields[i]);
    }
    if (result != 0) {
        fuzz_check_error(&e);
    }
    json_check_answer(bytes, size, size % 2 == 0);
    form_fini(&f);
    free(bytes);
    return 0;
}
