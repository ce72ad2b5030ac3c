/* fuzz_name.c - peace/name.h on any bytes that are a name. Forms are bounded UTF-8, folding a fold
 * changes nothing, and suggestions are valid names.
 */
#include "fuzz.h"

#include "peace/name.h"

static void name_check_forms(const char *name, const struct name_forms *forms)
{
    struct name_forms again;
    CK(forms->fold[0] != '\0' && strlen(forms->fold) < NAME_FORM_MAX);
    CK(forms->look[0] != '\0' && strlen(forms->look) < NAME_FORM_MAX);
    CK(str_utf8_valid(forms->fold, strlen(forms->fold), NULL) &&
       str_utf8_valid(forms->look, strlen(forms->look), NULL));
    CK(name_forms_of(name, &again, NULL) == 0 && strcmp(again.fold, forms->fold) == 0 &&
       strcmp(again.look, forms->look) == 0 && again.is_odd == forms->is_odd);
    if (strlen(forms->fold) <= CHAT_NAME_BYTES_MAX) {
        CK(name_forms_of(forms->fold, &again, NULL) == 0 && strcmp(again.fold, forms->fold) == 0);
    }
    (void)name_is_common(forms->fold);
}

static void name_check_suggestions(const char *name, const struct name_forms *taken)
{
    size_t alike = 0;
    for (unsigned n = 0; n < 3; n++) {
        char offered[CHAT_NAME_BYTES_MAX + 1];
        struct chat_draft d;
        struct name_forms forms;
        chat_draft_init(&d);
        name_suggest(name, n, offered);
        CK(chat_set_name(&d, offered, strlen(offered), NULL) == 0 && strcmp(d.name, offered) == 0);
        if (name_forms_of(offered, &forms, NULL) == 0) {
            alike += strcmp(forms.look, taken->look) == 0;
        }
        chat_draft_fini(&d);
    }
    CK(alike <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = fuzz_copy(data, size);
    struct chat_draft d;
    struct name_forms forms;
    struct err e = ERR_INIT;
    chat_draft_init(&d);
    bool is_name = chat_set_name(&d, bytes, size, NULL) == 0;
    /* any text, too: the function is called for names, but must not rely on it */
    int result = name_forms_of(is_name ? d.name : bytes, &forms, &e);
    CK((result == 0) == (e.code == ERR_NONE));
    if (result != 0) {
        fuzz_check_error(&e);
    } else if (is_name) {
        name_check_forms(d.name, &forms);
        name_check_suggestions(d.name, &forms);
    }
    chat_draft_fini(&d);
    free(bytes);
    return 0;
}
