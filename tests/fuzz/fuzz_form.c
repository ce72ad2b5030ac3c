/* fuzz_form.c - form.h on any bytes. An accepted form, encoded again, is accepted as the same form.
 */
#include "fuzz.h"

static void form_check_fields(const struct form *f, size_t size)
{
    size_t total = 0;
    CK(f->count <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < f->count; i++) {
        const struct form_field *field = &f->fields[i];
        struct err e = ERR_INIT;
        const struct form_field *once = NULL;
        int result = form_once(f, field->name, &once, &e);
        total += strlen(field->name) + field->length;
        CK(field->value[field->length] == '\0');
        CK(!field->bare || field->length == 0);
        CK((result == 0 && once == field && e.code == ERR_NONE) || (result == -1 && e.code == ERR_INPUT));
    }
    CK(total <= size);
}

static void form_check_round_trip(const struct form *f)
{
    struct buf text;
    struct form again;
    buf_init(&text, BUF_UNLIMITED);
    form_init(&again);
    for (size_t i = 0; i < f->count; i++) {
        buf_adds(&text, i > 0 ? "&" : "");
        fuzz_encode(&text, f->fields[i].name, strlen(f->fields[i].name));
        buf_adds(&text, f->fields[i].bare && f->fields[i].name[0] != '\0' ? "" : "=");
        fuzz_encode(&text, f->fields[i].value, f->fields[i].length);
    }
    CK(form_parse(&again, buf_text(&text), text.length, NULL) == 0);
    CK(again.count == f->count);
    for (size_t i = 0; i < f->count; i++) {
        CK(strcmp(again.fields[i].name, f->fields[i].name) == 0);
        CK(again.fields[i].length == f->fields[i].length && again.fields[i].bare == f->fields[i].bare);
        CK(memcmp(again.fields[i].value, f->fields[i].value, f->fields[i].length) == 0);
    }
    form_fini(&again);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct form f;
    struct err e = ERR_INIT;
    form_init(&f);
    int result = form_parse(&f, bytes, size, &e);
    CK((result == 0) == (e.code == ERR_NONE));
    form_check_fields(&f, size);
    if (result == 0) {
        form_check_round_trip(&f);
    } else {
        fuzz_check_error(&e);
    }
    form_fini(&f);
    free(bytes);
    return 0;
}
