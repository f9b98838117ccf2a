/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/boot_facts.h"
#include "evidence/shim_facts.h"
#include "tests/lib/test.h"

#include <string.h>

#define LIST_OF_ZEROS                                                                              \
    "2616c4c14c509240aca941f936934328"                                                             \
    "4c0000000000000030000000"                                                                     \
    "50ab5d6046e00043abb63dd810dd8b23"                                                             \
    "0000000000000000000000000000000000000000000000000000000000000000"

static struct hasher *hasher;

/* An event of PCR 14 by its name, with the SHA-256 and SHA-1 of a value. */
static struct replay_event
mok_event(const char *name, const char *value_hex)
{
    CLEANUP(buffer_free) struct buffer value = {0};
    struct replay_event e = {.log = REASON_LOG_BOOT, .number = 7, .pcr = 14, .type = EVENT_IPL};
    e.meaning = (struct event_meaning){.kind = EVENT_KIND_STRING, .text = bytes_of_text(name)};
    assert_status(STATUS_OK, text_parse_hex(value_hex, &value));
    assert_status(STATUS_OK,
                  digest_compute(hasher, ALG_SHA256, buffer_bytes(&value), &e.digest[0]));
    assert_status(STATUS_OK, digest_compute(hasher, ALG_SHA1, buffer_bytes(&value), &e.digest[1]));
    return e;
}

/* The only fact on this event; found is how it begins, NULL: there is none. */
static void
assert_mok(const struct replay_event *e, uint32_t pcr, const char *found)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, shim_facts_tell(hasher, e, 1, pcr, &reasons));
    assert_int_equal(found ? 1 : 0, reasons.n_items);
    if (!found)
        return;
    assert_int_equal(REASON_SECURE_BOOT_MOK, reasons.items[0].code);
    assert_false(reasons.items[0].bound);
    assert_int_equal(7, reasons.items[0].event);
    assert_true(bytes_equal(e->meaning.text, bytes_of_text(reasons.items[0].what)));
    assert_string_equal(found, reasons.items[0].found);
}

static void
a_switch_is_known_by_its_digest(void **state)
{
    (void)state;
    struct replay_event e = mok_event("MokSBState", "01");
    assert_mok(&e, 14, "1, by its digest");
    e = mok_event("MokListTrusted", "00");
    assert_mok(&e, 14, "0, by its digest");
}

static void
a_list_without_keys_is_known_by_its_digest(void **state)
{
    (void)state;
    struct replay_event e = mok_event("MokListX", LIST_OF_ZEROS);
    assert_mok(&e, 14, "one hash of zeros, so none, by its digest");
    e = mok_event("MokList", "");
    assert_mok(&e, 14, "nothing, by its digest");
}

/* Of the better bank. */
static void
of_other_content_there_is_the_digest_only(void **state)
{
    (void)state;
    struct replay_event e = mok_event("MokList", "616263");
    assert_mok(&e, 14,
               "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, the "
               "content is not in the log");
    e.digest[0] = (struct digest){0};
    assert_mok(&e, 14,
               "sha1:a9993e364706816aba3e25717850c26c9cd0d89d, the content is not in the log");
    e.digest[1] = (struct digest){0};
    assert_mok(&e, 14, NULL);
    e = mok_event("MokList", "01");
    assert_mok(&e, 14,
               "sha256:4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a, the "
               "content is not in the log");
}

static void
tells_of_shims_place_and_names_only(void **state)
{
    (void)state;
    struct replay_event e = mok_event("MokSBState", "01");
    assert_mok(&e, 7, NULL);
    e.pcr = SHIM_FACTS_CCEL;
    assert_mok(&e, SHIM_FACTS_CCEL, "1, by its digest");
    e = mok_event("MokSBState", "01");
    e.type = EVENT_TAG;
    assert_mok(&e, 14, NULL);
    e = mok_event("MokSBState", "01");
    e.log = REASON_LOG_USERSPACE;
    assert_mok(&e, 14, NULL);
    e = mok_event("MokSBState", "01");
    e.meaning.bound = true; /* then the text is what was hashed */
    assert_mok(&e, 14, NULL);
    e = mok_event("MokSBState", "01");
    e.meaning.kind = EVENT_KIND_FILE; /* or its text is not what it says of itself */
    assert_mok(&e, 14, NULL);
    e = mok_event("MokSBState", "01");
    e.meaning.utf16 = true;
    assert_mok(&e, 14, NULL);
    e = mok_event("MokSomething", "01");
    assert_mok(&e, 14, NULL);
}

/* The only fact on a variable that shim measured as an authority. */
static void
assert_authority(const char *name, const char *value_hex, enum reason_code code, const char *found)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    assert_status(STATUS_OK, text_parse_hex(value_hex, &value));
    struct replay_event e = {
        .log = REASON_LOG_BOOT, .pcr = BOOT_FACTS_PCR, .type = EVENT_EFI_VARIABLE_AUTHORITY};
    e.meaning = (struct event_meaning){
        .kind = EVENT_KIND_VARIABLE, .bound = true, .variable.value = buffer_bytes(&value)};
    (void)text_copy(e.meaning.variable.name, sizeof e.meaning.variable.name, name);
    boot_facts_tell(&e, 1, BOOT_FACTS_PCR, &reasons);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(code, reasons.items[0].code);
    assert_true(reasons.items[0].bound);
    assert_string_equal(name, reasons.items[0].what);
    assert_string_equal(found, reasons.items[0].found);
}

static void
a_switch_or_a_list_of_shims_is_no_key_that_ran(void **state)
{
    (void)state;
    assert_authority("MokListTrusted", "01", REASON_SECURE_BOOT_MOK, "01");
    assert_authority("MokSBState", "00", REASON_SECURE_BOOT_MOK, "00");
    assert_authority("MokListX", LIST_OF_ZEROS, REASON_SECURE_BOOT_KEYS, "1 SHA-256");
    assert_authority("Shim", "0102", REASON_SECURE_BOOT_AUTHORITY, "2 bytes");
}

static int
set_up(void **state)
{
    (void)state;
    return hasher_new(&hasher) != STATUS_OK;
}

static int
tear_down(void **state)
{
    (void)state;
    hasher_free(hasher);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_is_known_by_its_digest),
        cmocka_unit_test(a_list_without_keys_is_known_by_its_digest),
        cmocka_unit_test(of_other_content_there_is_the_digest_only),
        cmocka_unit_test(tells_of_shims_place_and_names_only),
        cmocka_unit_test(a_switch_or_a_list_of_shims_is_no_key_that_ran),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
