/* SPDX-License-Identifier: Apache-2.0 */
/* from: the bytes of SbatLevel; to: a date, a component's generation; never: guesses at a line that
 * is none. */
#include "evidence/sbat.h"

#include "base/text.h"

#include <string.h>

#define NUMBER_SIZE 21u
#define LEVEL_NAME  "sbat"

/* Take what stands before the mark, and the mark, off rest; all of it when there is no mark. */
static struct bytes
take_until(struct bytes *rest, char mark)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    struct bytes taken = bytes_slice(*rest, 0, size);
    size_t used = end ? size + 1 : size;
    *rest = bytes_slice(*rest, used, rest->size - used);
    return taken;
}

static bool
read_number(struct bytes digits, uint64_t *out)
{
    char text[NUMBER_SIZE];
    if (digits.size >= sizeof text)
        return false;
    memcpy(text, digits.data, digits.size);
    text[digits.size] = '\0';
    return text_parse_u64(text, UINT64_MAX, out) == STATUS_OK;
}

/* "name,generation" and whatever follows another comma. */
static bool
read_line(struct bytes line, struct bytes *name, uint64_t *generation, struct bytes *more)
{
    *name = take_until(&line, ',');
    struct bytes number = take_until(&line, ',');
    *more = line;
    return name->size > 0 && read_number(number, generation);
}

bool
sbat_level(struct bytes text, uint64_t *level)
{
    struct bytes name, more;
    uint64_t generation = 0;
    *level = 0;
    return read_line(take_until(&text, '\n'), &name, &generation, &more) &&
           bytes_equal(name, bytes_of_text(LEVEL_NAME)) && read_number(more, level);
}

bool
sbat_generation(struct bytes text, const char *component, uint64_t *generation)
{
    uint64_t found = 0;
    *generation = 0;
    while (text.size > 0) {
        struct bytes name, more;
        uint64_t value = 0;
        struct bytes line = take_until(&text, '\n');
        if (line.size == 1 && line.data[0] == '\0' && text.size == 0)
            break; /* the variable may end in a NUL */
        if (!read_line(line, &name, &value, &more))
            return false;
        if (bytes_equal(name, bytes_of_text(component)))
            found = value;
    }
    *generation = found;
    return true;
}
