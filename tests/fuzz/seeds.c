/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libFuzzer where there is none: gives a target each file of the folders named, in
 * exact-size heap memory so that valgrind sees a read past the end. No file at all is a failure. */
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (16u * 1024u * 1024u)

static bool
replay_file(const char *directory, const char *name)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    struct diag diag = {0};
    buffer_append_format(&path, "%s/%s", directory, name);
    if (file_load(buffer_text(&path), FILE_MAX, &content, &diag) != STATUS_OK) {
        printf("%s\n", diag.text);
        return false;
    }
    printf("%s (%zu bytes)\n", name, content.size);
    (void)fflush(stdout);
    uint8_t *exact = malloc(content.size > 0 ? content.size : 1);
    if (!exact)
        return false;
    memcpy(exact, content.data, content.size);
    bool good = LLVMFuzzerTestOneInput(exact, content.size) == 0;
    free(exact);
    return good;
}

/* The number of files replayed; -1 when one cannot be read. */
static int
replay_directory(const char *directory)
{
    DIR *d = opendir(directory);
    int n = d ? 0 : -1;
    for (const struct dirent *e = d ? readdir(d) : NULL; e && n >= 0; e = readdir(d)) {
        if (e->d_name[0] != '.')
            n = replay_file(directory, e->d_name) ? n + 1 : -1;
    }
    if (d)
        (void)closedir(d);
    return n;
}

int
main(int argc, char **argv)
{
    int bad = argc < 2;
    for (int i = 1; i < argc; i++) {
        int n = replay_directory(argv[i]);
        printf("%s: %d files\n", argv[i], n);
        bad += n <= 0;
    }
    return bad > 0;
}
