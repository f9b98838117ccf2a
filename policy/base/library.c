/* SPDX-License-Identifier: Apache-2.0 */
/* from: a library's name; to: its functions; never: looks for it under a path of the caller's. */
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

enum status
library_load(const char *name, const char *package, const struct library_symbol *symbols,
             size_t n_symbols, void *table, struct diag *diag)
{
    /* Never unloaded: some libraries leave threads' destructors behind. */
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return diag_set(diag, STATUS_NOT_FOUND, name, 0, "cannot be loaded: install %s (%.100s)",
                        package, dlerror());
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n_symbols; i++) {
        void *symbol = dlsym(library, symbols[i].name);
        if (symbol)
            memcpy((char *)table + symbols[i].at, &symbol, sizeof symbol);
        else
            s = diag_set(diag, STATUS_NOT_FOUND, name, 0, "has no %s: install a newer %s",
                         symbols[i].name, package);
    }
    (void)dlclose(library);
    return s;
}
