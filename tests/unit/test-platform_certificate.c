/* SPDX-License-Identifier: Apache-2.0 */
/* An attribute certificate made here, byte by byte; then one thing is changed. */
#include "base/cleanup.h"
#include "evidence/ek_certificate.h"
#include "evidence/platform_certificate.h"
#include "tests/lib/test.h"

#include <string.h>

#define SEQUENCE 0x30
#define SET      0x31
#define UTF8     0x0C

/* What one test makes another way. */
struct form {
    bool bare_name;    /* the subjectAltName is a Name instead of GeneralNames */
    bool old_oids;     /* of the first profile */
    bool v1_issuer;    /* GeneralNames instead of v2Form */
    bool entity;       /* the holder is named, not its certificate */
    bool unique_id;    /* issuerUniqueID is there */
    bool no_extension; /* nothing behind the attributes */
    bool version_3;    /* of AttributeCertificateInfo */
    uint8_t name_tag;  /* of the first RDN, SET unless given */
    const char *after; /* not_after */
};

static struct buffer
wrap(uint8_t tag, struct buffer content)
{
    struct buffer out = {0};
    buffer_append_u8(&out, tag);
    if (content.size >= 256) {
        buffer_append_u8(&out, 0x82);
        buffer_append_u8(&out, (uint8_t)(content.size >> 8));
    } else if (content.size >= 128) {
        buffer_append_u8(&out, 0x81);
    }
    buffer_append_u8(&out, (uint8_t)content.size);
    buffer_append(&out, buffer_bytes(&content));
    buffer_free(&content);
    return out;
}

static void
add(struct buffer *out, struct buffer part)
{
    buffer_append(out, buffer_bytes(&part));
    buffer_free(&part);
}

static struct buffer
bytes_in(const void *data, size_t size)
{
    struct buffer out = {0};
    buffer_append(&out, bytes_of(data, size));
    return out;
}

static struct buffer
text_in(uint8_t tag, const char *text)
{
    return wrap(tag, bytes_in(text, strlen(text)));
}

static struct buffer
rdn(uint8_t tag, const void *oid, size_t oid_size, const char *text)
{
    struct buffer attribute = {0};
    add(&attribute, wrap(0x06, bytes_in(oid, oid_size)));
    add(&attribute, text_in(UTF8, text));
    return wrap(tag, wrap(SEQUENCE, attribute));
}

static struct buffer
general_name(const char *common_name)
{
    return wrap(0xA4, wrap(SEQUENCE, rdn(SET, "\x55\x04\x03", 3, common_name)));
}

static struct buffer
machine(const struct form *f)
{
    static const char old_oids[3][5] = {"\x67\x81\x05\x02\x04", "\x67\x81\x05\x02\x05",
                                        "\x67\x81\x05\x02\x06"};
    static const char new_oids[4][6] = {"\x67\x81\x05\x05\x01\x01", "\x67\x81\x05\x05\x01\x04",
                                        "\x67\x81\x05\x05\x01\x05", "\x67\x81\x05\x05\x01\x06"};
    static const char *const texts[] = {"Maker", "Gateway 7", "rev-2", "SN\x1b[1m"};
    struct buffer rdns = {0};
    for (size_t i = 0; i < (f->old_oids ? 3 : 4); i++)
        add(&rdns, rdn(i == 0 && f->name_tag ? f->name_tag : SET,
                       f->old_oids ? old_oids[i] : new_oids[i], f->old_oids ? 5 : 6, texts[i]));
    if (f->bare_name)
        return wrap(SEQUENCE, rdns);
    return wrap(SEQUENCE, wrap(0xA4, wrap(SEQUENCE, rdns)));
}

static struct buffer
holder(const struct form *f)
{
    struct buffer id = {0};
    if (f->entity)
        return wrap(SEQUENCE, wrap(0xA1, general_name("whoever")));
    add(&id, wrap(SEQUENCE, general_name("EK CA")));
    add(&id, wrap(0x02, bytes_in("\x12\x34", 2)));
    return wrap(SEQUENCE, wrap(0xA0, id));
}

static struct buffer
extensions(const struct form *f)
{
    struct buffer other = {0}, san = {0}, all = {0};
    add(&other, wrap(0x06, bytes_in("\x55\x1d\x20", 3)));
    add(&other, wrap(0x01, bytes_in("\xff", 1)));
    add(&other, wrap(0x04, bytes_in("any", 3)));
    add(&san, wrap(0x06, bytes_in("\x55\x1d\x11", 3)));
    add(&san, wrap(0x04, machine(f)));
    add(&all, wrap(SEQUENCE, other));
    add(&all, wrap(SEQUENCE, san));
    return wrap(SEQUENCE, all);
}

static struct buffer
certificate(const struct form *f)
{
    struct buffer info = {0}, validity = {0}, whole = {0};
    add(&info, wrap(0x02, bytes_in(f->version_3 ? "\x02" : "\x01", 1)));
    add(&info, holder(f));
    add(&info,
        wrap(f->v1_issuer ? SEQUENCE : 0xA0,
             f->v1_issuer ? general_name("Maker CA") : wrap(SEQUENCE, general_name("Maker CA"))));
    add(&info, wrap(SEQUENCE, (struct buffer){0}));
    add(&info, wrap(0x02, bytes_in("\x07\x7f", 2)));
    add(&validity, text_in(0x18, "20250101000000Z"));
    add(&validity, text_in(0x18, f->after ? f->after : "20350101000000Z"));
    add(&info, wrap(SEQUENCE, validity));
    add(&info, wrap(SEQUENCE, (struct buffer){0}));
    if (f->unique_id)
        add(&info, wrap(0x03, bytes_in("\x00\x01", 2)));
    if (!f->no_extension)
        add(&info, extensions(f));
    add(&whole, wrap(SEQUENCE, info));
    add(&whole, wrap(SEQUENCE, (struct buffer){0}));
    add(&whole, wrap(0x03, bytes_in("\x00sig", 4)));
    return wrap(SEQUENCE, whole);
}

static struct ek_certificate *
read_form(const struct form *f)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer der = certificate(f);
    struct ek_certificate *c = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, ek_certificate_parse(h, buffer_bytes(&der), &c, &reasons));
    assert_int_equal(c ? 0 : 1, reasons.n_items);
    if (!c)
        assert_int_equal(REASON_EK_MALFORMED, reasons.items[0].code);
    return c;
}

static void
names_machine_and_ek_certificate(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {0}, {.bare_name = true}, {.v1_issuer = true}, {.unique_id = true}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_form(&forms[i]);
        assert_non_null(c);
        assert_int_equal(EK_CERTIFICATE_PLATFORM, c->kind);
        assert_string_equal("Maker", c->platform->manufacturer);
        assert_string_equal("Gateway 7", c->platform->model);
        assert_string_equal("rev-2", c->platform->version);
        assert_string_equal("SN\\x1b[1m", c->platform->serial);
        assert_string_equal("/CN=EK CA", c->platform->holder_issuer);
        assert_string_equal("1234", c->platform->holder_serial);
        assert_string_equal("/CN=Maker CA", c->issuer);
        assert_string_equal("077f", c->serial);
        assert_int_equal(INT64_C(1735689600), c->not_before_s);
        assert_int_equal(INT64_C(2051222400), c->not_after_s);
    }
}

static void
reads_the_first_profile(void **state)
{
    (void)state;
    static const struct form form = {.old_oids = true};
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_form(&form);
    assert_string_equal("Maker", c->platform->manufacturer);
    assert_string_equal("rev-2", c->platform->version);
    assert_string_equal("", c->platform->serial);
}

static void
says_nothing_that_is_not_there(void **state)
{
    (void)state;
    static const struct form form = {.entity = true, .no_extension = true};
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_form(&form);
    assert_non_null(c);
    assert_string_equal("", c->platform->manufacturer);
    assert_string_equal("", c->platform->holder_issuer);
    assert_string_equal("", c->platform->holder_serial);
}

static void
refuses_a_name_or_a_date_that_is_none(void **state)
{
    (void)state;
    static const struct form forms[] = {{.name_tag = SEQUENCE, .bare_name = true},
                                        {.name_tag = 0x02},
                                        {.after = "20350101000000"},
                                        {.after = "20351301000000Z"},
                                        {.after = "today"}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_form(&forms[i]);
        assert_null(c);
    }
}

/* It is told from X.509 by its first members, so every cut of it is still refused as malformed. */
static void
refuses_every_prefix(void **state)
{
    (void)state;
    static const struct form form = {0};
    CLEANUP(buffer_free) struct buffer der = certificate(&form);
    struct platform_certificate p;
    assert_true(platform_certificate_parse(buffer_bytes(&der), &p));
    for (size_t i = 0; i < der.size; i++)
        assert_false(platform_certificate_parse(bytes_of(der.data, i), &p));
}

static void
refuses_another_version(void **state)
{
    (void)state;
    static const struct form form = {.version_3 = true};
    CLEANUP(buffer_free) struct buffer der = certificate(&form);
    struct platform_certificate p;
    assert_false(platform_certificate_parse(buffer_bytes(&der), &p));
}

/* threats 17: it is no EK's, whatever else it says. */
static void
never_stands_for_an_ek(void **state)
{
    (void)state;
    static const struct form form = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = read_form(&form);
    assert_false(ek_certificate_check(c, UINT32_MAX, &reasons));
    assert_int_equal(REASON_EK_USAGE, reasons.items[0].code);
    assert_string_equal("platform", reasons.items[0].found);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_machine_and_ek_certificate),
        cmocka_unit_test(reads_the_first_profile),
        cmocka_unit_test(says_nothing_that_is_not_there),
        cmocka_unit_test(refuses_a_name_or_a_date_that_is_none),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(refuses_another_version),
        cmocka_unit_test(never_stands_for_an_ek),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
