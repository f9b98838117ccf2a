/* SPDX-License-Identifier: Apache-2.0 */
/* A script ends by itself, in measurements of PCR 8 and 9 with a kernel among them or in one
 * refusal that says why. max_len: 4096 */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/grub.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static struct hasher *hasher;

/* Every script is the input; half of the other names are there. */
static enum status
find(void *context, const char *device, const char *path, struct grub_file *out)
{
    const struct bytes *script = context;
    assert(device && path[0] == '/');
    bool is_script = strstr(path, ".cfg") || strstr(path, "grubenv");
    out->content = is_script ? *script : bytes_of("x", 1);
    return is_script || strlen(path) % 2 == 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!hasher && hasher_new(&hasher) != STATUS_OK)
        return 0;
    CLEANUP(measurements_free) struct measurements list = {0};
    struct bytes script = bytes_of(data, size);
    const struct grub_pair volume = {"0000-0000", "hd0,gpt2"};
    const struct grub_options options = {.device = "hd0,gpt1",
                                         .prefix = "/EFI/debian",
                                         .begin = size % 2 ? script : (struct bytes){0},
                                         .volumes = &volume,
                                         .n_volumes = 1,
                                         .find = find,
                                         .context = &script};
    struct grub_found found = {0};
    struct diag diag = {0};
    enum status s = grub_measure(hasher, &options, &list, &found, &diag);
    assert(s == STATUS_OK || diag.text[0] != '\0');
    bool kernel = false;
    for (size_t i = 0; i < list.n; i++) {
        assert(list.items[i].pcr == 8 || list.items[i].pcr == 9);
        kernel = kernel || text_equal(list.items[i].role, "kernel");
    }
    assert(s != STATUS_OK || kernel);
    buffer_free(&found.command_line);
    return 0;
}
