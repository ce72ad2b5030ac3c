/* test_fuzz_corpus.c - runs the fuzz targets (tests/fuzz) on their seeds and on inputs that the
 * fuzzer has found.
 *
 * Without arguments: all files of tests/fuzz/corpus/<target>. With TARGET FILE...: those files, to
 * examine a failure.
 */
#include "support.h"

/* NOLINTBEGIN(bugprone-suspicious-include): each target defines the function of the fuzzer */
#define LLVMFuzzerTestOneInput fuzz_draft
#include "../fuzz/fuzz_draft.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_fcgi_reader
#include "../fuzz/fuzz_fcgi_reader.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_form
#include "../fuzz/fuzz_form.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_json
#include "../fuzz/fuzz_json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_name
#include "../fuzz/fuzz_name.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_query
#include "../fuzz/fuzz_query.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_token
#include "../fuzz/fuzz_token.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_words
#include "../fuzz/fuzz_words.c"
#undef LLVMFuzzerTestOneInput
/* NOLINTEND(bugprone-suspicious-include) */

typedef int target(const uint8_t *data, size_t size);

static const struct {
    const char *name;
    target *run;
} targets[] = {{"draft", fuzz_draft}, {"fcgi_reader", fuzz_fcgi_reader},
               {"form", fuzz_form},   {"json", fuzz_json},
               {"name", fuzz_name},   {"query", fuzz_query},
               {"token", fuzz_token}, {"words", fuzz_words}};

static void replay(target *run, const char *path)
{
    size_t size = 0;
    char *bytes = support_read_file(path, &size);
    run((const uint8_t *)bytes, size);
    free(bytes);
}

static void each_file_of_the_corpus_keeps_the_promises(void **state)
{
    size_t index = *(const size_t *)*state;
    char folder[100];
    struct dirent **names = NULL;
    size_t count = 0;
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", targets[index].name);
    int found = scandir(folder, &names, NULL, alphasort);
    if (found < 0) {
        fail_msg("%s can't be read; run the tests in the repository's root", folder);
    }
    for (int i = 0; i < found; i++) {
        if (names[i]->d_name[0] != '.') {
            char path[400];
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
            fprintf(stderr, "%s\n", path); /* so the last line before an abort names the file */
            replay(targets[index].run, path);
            count++;
        }
        free(names[i]);
    }
    free(names);
    assert_true(count >= 10);
}

/* Variants of the corpus, the same in each run: single bytes changed, files truncated or
 * doubled. */
static void variants_of_the_corpus_keep_the_promises(void **state)
{
    size_t index = *(const size_t *)*state;
    char folder[100];
    uint64_t seed = 8 + index;
    struct dirent **names = NULL;
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", targets[index].name);
    int found = scandir(folder, &names, NULL, alphasort);
    assert_true(found >= 0);
    for (int i = 0; i < found; i++) {
        char path[400];
        size_t size = 0;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        char *bytes = names[i]->d_name[0] != '.' ? support_read_file(path, &size) : NULL;
        for (int round = 0; bytes != NULL && size > 0 && round < 50; round++) {
            size_t at = support_random(&seed) % size;
            char kept = bytes[at];
            bytes[at] = (char)support_random(&seed);
            targets[index].run((const uint8_t *)bytes, round % 5 == 0 ? at : size);
            bytes[at] = kept;
        }
        free(bytes);
        free(names[i]);
    }
    free(names);
}

static int replay_files(int count, char **arguments)
{
    for (size_t t = 0; t < COUNT(targets); t++) {
        if (strcmp(targets[t].name, arguments[1]) == 0) {
            for (int i = 2; i < count; i++) {
                replay(targets[t].run, arguments[i]);
            }
            return 0;
        }
    }
    fprintf(stderr, "usage: %s [draft|fcgi_reader|form|json|name|query|token|words FILE...]\n", arguments[0]);
    return 2;
}

int main(int count, char **arguments)
{
    static size_t indices[COUNT(targets)];
    struct CMUnitTest tests[2 * COUNT(targets)];
    if (count > 1) {
        return replay_files(count, arguments);
    }
    for (size_t i = 0; i < COUNT(targets); i++) {
        indices[i] = i;
        tests[2 * i] = (struct CMUnitTest){.name = targets[i].name,
                                           .test_func = each_file_of_the_corpus_keeps_the_promises,
                                           .initial_state = &indices[i]};
        tests[2 * i + 1] = (struct CMUnitTest){.name = targets[i].name,
                                               .test_func = variants_of_the_corpus_keep_the_promises,
                                               .initial_state = &indices[i]};
    }
    return RUN(tests);
}
