/* SPDX-License-Identifier: Apache-2.0 */
/* from: the words of a test; to: true or false; never: guesses at an operator. [GRUB manual "test"]
 */
#include "base/text.h"
#include "image/grub_work.h"

struct test {
    struct grub_run *r;
    const char *const *words;
    size_t n, at;
};

static enum status
test_file(struct test *t, char operation, const char *path, bool *value)
{
    struct bytes content = {0};
    bool exists = false;
    bool is_folder = false;
    enum status s = grub_exists(t->r, path, &exists, &is_folder);
    *value = exists && (operation == 'e' || (operation == 'd') == is_folder);
    if (s != STATUS_OK || operation != 's' || !*value)
        return s;
    /* To learn its size GRUB opens the file, and so measures it. */
    s = grub_open(t->r, path, "grub-file", &content);
    *value = content.size > 0;
    return s;
}

static enum status
test_one(struct test *t, bool *value)
{
    const char *word = t->words[t->at++];
    const char *next = t->at < t->n ? t->words[t->at] : NULL;
    if (next && (text_equal(next, "=") || text_equal(next, "==") || text_equal(next, "!="))) {
        if (t->at + 1 == t->n)
            return grub_refuse(t->r, STATUS_MALFORMED, "a test without its second side", "");
        bool equal = text_equal(word, t->words[t->at + 1]);
        *value = equal != text_equal(next, "!=");
        t->at += 2;
        return STATUS_OK;
    }
    if (word[0] != '-' || word[1] == '\0' || word[2] != '\0' || !next) {
        if (next && next[0] == '-' && !text_equal(next, "-a") && !text_equal(next, "-o"))
            return grub_refuse(t->r, STATUS_UNSUPPORTED, "a test that is not known", next);
        *value = word[0] != '\0';
        return STATUS_OK;
    }
    t->at++;
    switch (word[1]) {
    case 'z':
    case 'n':
        *value = (next[0] == '\0') == (word[1] == 'z');
        return STATUS_OK;
    case 'd':
    case 'e':
    case 'f':
    case 's':
        return test_file(t, word[1], next, value);
    default:
        return grub_refuse(t->r, STATUS_UNSUPPORTED, "a test that is not known", word);
    }
}

static enum status
test_term(struct test *t, bool *value)
{
    bool invert = false;
    for (; t->at < t->n && text_equal(t->words[t->at], "!"); t->at++)
        invert = !invert;
    if (t->at == t->n)
        return grub_refuse(t->r, STATUS_MALFORMED, "a test that ends too early", "");
    if (text_equal(t->words[t->at], "("))
        return grub_refuse(t->r, STATUS_UNSUPPORTED, "a test with brackets", "");
    enum status s = test_one(t, value);
    *value = *value != invert;
    return s;
}

/* Every side is evaluated, as GRUB does: each may measure. */
enum status
grub_test(struct grub_run *r, const char *const *words, size_t n, bool *value)
{
    struct test t = {.r = r, .words = words, .n = n};
    bool all = true;
    *value = false;
    while (t.at < t.n) {
        bool one = false;
        enum status s = test_term(&t, &one);
        if (s != STATUS_OK)
            return s;
        all = all && one;
        bool more = t.at < t.n;
        bool either = more && text_equal(words[t.at], "-o");
        if (more && !either && !text_equal(words[t.at], "-a"))
            return grub_refuse(r, STATUS_UNSUPPORTED, "a test that is not known", words[t.at]);
        t.at++;
        if (either || !more) {
            *value = *value || all;
            all = true;
        }
    }
    return STATUS_OK;
}
