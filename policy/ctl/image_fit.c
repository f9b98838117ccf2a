/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-fit, from-bootargs: what U-Boot's measured boot measures. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/image.h"
#include "image/fit.h"

#define PLATFORM "uboot-fit"

enum status
image_tell_fit(struct image_work *w, const struct fit_found *found)
{
    enum status s = STATUS_OK;
    if (found->device_tree)
        s = set_tell(w->set, "U-Boot changes the device tree before it measures it (PCR 0 or 1, if "
                             "at all): take it from a device");
    if (s == STATUS_OK && found->loadables)
        s = set_tell(w->set, "the configuration loads more than kernel, ramdisk and device tree: "
                             "U-Boot does not measure it");
    return s;
}

int
image_from_fit(struct context *c)
{
    CLEANUP(buffer_free) struct buffer file = {0};
    struct image_work w;
    struct fit_found found;
    const char *arguments = command_option(c, "bootargs");
    const char *path = c->arguments[0];
    enum status s = image_begin(c, PLATFORM, &w);
    if (s != STATUS_OK)
        return image_end(&w, s, NULL);
    s = image_load(&w, path, &file);
    if (s == STATUS_OK)
        s = fit_measure(w.h, buffer_bytes(&file), command_option(c, "configuration"), &w.list,
                        &found, &w.diag);
    if (s == STATUS_OK)
        s = image_tell_fit(&w, &found);
    if (s == STATUS_OK && arguments) {
        path = NULL;
        s = fit_measure_arguments(w.h, arguments, &w.list);
        if (s == STATUS_OK)
            s = set_add_line(w.set, bytes_of_text(arguments), &w.diag);
    }
    return image_end(&w, s, path);
}

int
image_from_bootargs(struct context *c)
{
    struct image_work w;
    const char *arguments = c->arguments[0];
    enum status s = image_begin(c, PLATFORM, &w);
    if (s == STATUS_OK)
        s = fit_measure_arguments(w.h, arguments, &w.list);
    if (s == STATUS_OK)
        s = set_add_line(w.set, bytes_of_text(arguments), &w.diag);
    return image_end(&w, s, NULL);
}
