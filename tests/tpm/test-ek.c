/* SPDX-License-Identifier: Apache-2.0 */
/* Endorsement keys, their certificates and credential activation against a software TPM. */
#include "agent/device.h"
#include "agent/ek_list.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/reader.h"
#include "base/text.h"
#include "tests/lib/test.h"
#include "tests/tpm/swtpm.h"

#include <stdio.h>
#include <string.h>

#define MAGIC_SIZE 8u /* be32 0xBADCC0DE, be32 version: what tpm2_makecredential puts first */

static struct swtpm machine;

static int
setup(void **state)
{
    (void)state;
    swtpm_open(&machine, "sha256");
    return 0;
}

static int
setup_bare(void **state)
{
    (void)state;
    swtpm_open_bare(&machine);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    swtpm_close(&machine);
    return 0;
}

static void
open_device(struct device *d)
{
    struct settings settings = {.tcti = machine.tcti};
    struct diag diag = {0};
    enum status s = device_open(&settings, d, &diag);
    if (s != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, s);
}

static void
load_eks(struct device *d, const char *algorithm, struct ek_list *eks)
{
    struct diag diag = {0};
    enum status s = ek_list_load(d->tpm, algorithm, eks, &diag);
    if (s != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, s);
}

/* load_key() compares the certificate's key with the EK's: a difference would be said. */
static void
prefers_p384_and_its_certificate_is_for_the_key(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    open_device(&d);
    load_eks(&d, NULL, &eks);
    assert_int_equal(2, eks.n_items);
    assert_string_equal("p384-h3", tpm_ek_template(eks.items[0].which)->name);
    assert_string_equal("rsa2048-l1", tpm_ek_template(eks.items[1].which)->name);
    for (size_t i = 0; i < eks.n_items; i++) {
        assert_false(eks.items[i].certificate_differs);
        assert_true(eks.items[i].certificate.size > 300);
        assert_true(eks.items[i].spki.size > 90);
    }
}

static void
puts_the_wanted_algorithm_first(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    open_device(&d);
    load_eks(&d, "rsa2048", &eks);
    assert_int_equal(2, eks.n_items);
    assert_string_equal("rsa2048-l1", tpm_ek_template(eks.items[0].which)->name);
    ek_list_free(&eks);
    load_eks(&d, "p256", &eks); /* has no certificate here */
    assert_int_equal(3, eks.n_items);
    assert_string_equal("p256-l2", tpm_ek_template(eks.items[0].which)->name);
    assert_int_equal(0, eks.items[0].certificate.size);
}

static void
write_nv(uint32_t index, struct bytes content)
{
    char path[64];
    char number[16];
    char size[16];
    (void)snprintf(path, sizeof path, "%s/nv", machine.dir);
    (void)snprintf(number, sizeof number, "0x%x", index);
    (void)snprintf(size, sizeof size, "%zu", content.size);
    assert_status(STATUS_OK, file_save(path, content, 0600, NULL));
    const char *define[] = {"tpm2_nvdefine",        number, "-C", "o", "-s", size, "-a",
                            "ownerread|ownerwrite", NULL};
    const char *write[] = {"tpm2_nvwrite", number, "-C", "o", "-i", path, NULL};
    swtpm_run(&machine, define);
    swtpm_run(&machine, write);
}

static void
define_nv(const char *index, const char *attributes)
{
    const char *define[] = {"tpm2_nvdefine", index, "-C", "o", "-s", "64", "-a", attributes, NULL};
    swtpm_run(&machine, define);
}

/* Anybody with the owner's authorisation can put such an index there; some makers leave one. */
static void
lives_with_nv_that_cannot_be_read(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    define_nv("0x1C0000A", "ownerread|ownerwrite"); /* never written */
    define_nv("0x1C00012", "authread|ownerwrite");  /* a wrong password would count */
    define_nv("0x1C00100", "ownerread|ownerwrite");
    define_nv("0x1C00101", "authread|ownerwrite");
    open_device(&d);
    load_eks(&d, NULL, &eks);
    assert_int_equal(4, eks.n_items);
    assert_string_equal("p384-h3", tpm_ek_template(eks.items[0].which)->name);
    assert_true(eks.items[0].certificate.size > 300);
    assert_false(eks.items[0].certificate_unreadable);
    assert_true(eks.items[1].certificate_unreadable);
    assert_true(eks.items[2].certificate_unreadable);
    assert_int_equal(0, eks.items[1].certificate.size);
    assert_int_equal(0, eks.n_chain);
}

/* Threats 17: TCG_PCCLIENT_STORED_FULL_CERT before the DER. */
static void
takes_a_certificate_behind_a_header(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(buffer_free) struct buffer stored = {0};
    open_device(&d);
    assert_status(STATUS_OK, tpm_nv_get(d.tpm, 0x01C00002u, 16384, &der, NULL));
    device_close(&d);
    buffer_append_be16(&stored, 0x1001);
    buffer_append(&stored, bytes_of("\0", 1));
    buffer_append_be16(&stored, (uint16_t)(der.size + 2));
    buffer_append_be16(&stored, 0x1002);
    buffer_append(&stored, buffer_bytes(&der));
    const char *undefine[] = {"tpm2_nvundefine", "0x1C00002", "-C", "p", NULL};
    swtpm_run(&machine, undefine);
    write_nv(0x01C00002u, buffer_bytes(&stored));
    open_device(&d);
    load_eks(&d, "rsa2048", &eks);
    assert_false(eks.items[0].certificate_differs);
    assert_true(bytes_equal(buffer_bytes(&der), buffer_bytes(&eks.items[0].certificate)));
}

/* The RSA EK's certificate where the P-256 EK's belongs. */
static void
does_not_send_a_certificate_for_another_key(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    CLEANUP(buffer_free) struct buffer der = {0};
    open_device(&d);
    assert_status(STATUS_OK, tpm_nv_get(d.tpm, 0x01C00002u, 16384, &der, NULL));
    device_close(&d);
    write_nv(0x01C0000Au, buffer_bytes(&der));
    open_device(&d);
    load_eks(&d, NULL, &eks);
    assert_int_equal(3, eks.n_items);
    assert_string_equal("p384-h3", tpm_ek_template(eks.items[0].which)->name);
    assert_string_equal("p256-l2", tpm_ek_template(eks.items[1].which)->name);
    assert_true(eks.items[1].certificate_differs);
    assert_int_equal(0, eks.items[1].certificate.size);
}

static void
splits_the_chain_and_leaves_the_filler(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    CLEANUP(buffer_free) struct buffer der = {0};
    open_device(&d);
    assert_status(STATUS_OK, tpm_nv_get(d.tpm, 0x01C00016u, 16384, &der, NULL));
    device_close(&d);
    size_t one = der.size;
    CLEANUP(buffer_free) struct buffer half = {0};
    buffer_append(&half, bytes_slice(buffer_bytes(&der), 0, 100));
    write_nv(0x01C00100u, buffer_bytes(&half));
    CLEANUP(buffer_free) struct buffer rest = {0};
    buffer_append(&rest, bytes_slice(buffer_bytes(&der), 100, one - 100));
    buffer_append(&rest, buffer_bytes(&der));
    buffer_append(&rest, bytes_of("\xff\xff\xff\xff", 4));
    write_nv(0x01C00101u, buffer_bytes(&rest));
    open_device(&d);
    load_eks(&d, NULL, &eks);
    assert_int_equal(2, eks.n_chain);
    assert_true(bytes_equal(buffer_bytes(&der), buffer_bytes(&eks.chain[0])));
    assert_true(bytes_equal(buffer_bytes(&der), buffer_bytes(&eks.chain[1])));
}

static void
names_the_device_alike_after_a_power_cut(void **state)
{
    (void)state;
    char before[DEVICE_ID_SIZE];
    char after[DEVICE_ID_SIZE];
    CLEANUP(device_close) struct device d = {0};
    open_device(&d);
    assert_status(STATUS_OK, device_id(&d, NULL, before, NULL));
    device_close(&d);
    swtpm_power_cut(&machine);
    swtpm_power_on(&machine);
    open_device(&d);
    assert_status(STATUS_OK, device_id(&d, NULL, after, NULL));
    assert_string_equal(before, after);
}

static void
makes_a_key_without_any_certificate(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    open_device(&d);
    load_eks(&d, NULL, &eks);
    assert_int_equal(1, eks.n_items);
    assert_string_equal("p384-h3", tpm_ek_template(eks.items[0].which)->name);
    assert_int_equal(0, eks.items[0].certificate.size);
    assert_int_equal(0, eks.n_chain);
}

/* A credential by tpm2_makecredential, which needs no TPM for it. */
static void
make_credential(const struct ek_list_item *ek, struct bytes ak_name, struct buffer *blob,
                struct buffer *seed)
{
    char name[160];
    char key[64];
    char secret[64];
    char out[64];
    (void)text_hex(ak_name, name, sizeof name);
    (void)snprintf(key, sizeof key, "%s/ek", machine.dir);
    (void)snprintf(secret, sizeof secret, "%s/secret", machine.dir);
    (void)snprintf(out, sizeof out, "%s/credential", machine.dir);
    CLEANUP(buffer_free) struct buffer public = {0};
    buffer_append_tpm2b(&public, buffer_bytes(&ek->public_area));
    assert_status(STATUS_OK, file_save(key, buffer_bytes(&public), 0600, NULL));
    struct bytes text = bytes_of_text("0123456789abcdef0123456789abcdef");
    assert_status(STATUS_OK, file_save(secret, text, 0600, NULL));
    const char *argv[] = {
        "tpm2_makecredential", "-T", "none", "-u", key, "-s", secret, "-n", name, "-o", out, NULL};
    swtpm_run(&machine, argv);
    CLEANUP(buffer_free) struct buffer made = {0};
    assert_status(STATUS_OK, file_load(out, 4096, &made, NULL));
    struct reader r = reader_of(buffer_bytes(&made));
    (void)reader_bytes(&r, MAGIC_SIZE);
    buffer_append_tpm2b(blob, reader_tpm2b(&r, 4096));
    buffer_append_tpm2b(seed, reader_tpm2b(&r, 4096));
    assert_status(STATUS_OK, reader_end(&r, "credential", NULL));
}

static enum status
activate(struct device *d, const struct ek_list_item *ek, struct bytes for_name,
         struct buffer *secret)
{
    CLEANUP(buffer_free) struct buffer blob = {0};
    CLEANUP(buffer_free) struct buffer seed = {0};
    CLEANUP(tpm_key_close) struct tpm_key loaded = {0};
    make_credential(ek, for_name, &blob, &seed);
    assert_status(STATUS_OK, tpm_ek_create(d->tpm, ek->which, &loaded, NULL));
    struct tpm_credential made = {.blob = buffer_bytes(&blob), .seed = buffer_bytes(&seed)};
    struct diag diag = {0};
    enum status s = tpm_activate(&loaded, ek->which, &d->ak, &made, secret, &diag);
    if (s != STATUS_OK)
        print_message("%s\n", diag.text);
    return s;
}

/* Low and high range, RSA and ECC; four times each, since a leak would fill the TPM's slots. */
static void
activates_for_every_kind_of_ek(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"p384", "p256", "rsa2048"};
    for (size_t i = 0; i < 3 * 4; i++) {
        CLEANUP(device_close) struct device d = {0};
        CLEANUP(ek_list_free) struct ek_list eks = {0};
        CLEANUP(buffer_free) struct buffer secret = {0};
        open_device(&d);
        load_eks(&d, algorithms[i % 3], &eks);
        struct bytes name = buffer_bytes(&d.ak_name);
        assert_status(STATUS_OK, activate(&d, &eks.items[0], name, &secret));
        assert_true(
            bytes_equal(bytes_of_text("0123456789abcdef0123456789abcdef"), buffer_bytes(&secret)));
    }
}

static void
refuses_a_credential_for_another_key(void **state)
{
    (void)state;
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    CLEANUP(buffer_free) struct buffer secret = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    open_device(&d);
    load_eks(&d, NULL, &eks);
    buffer_append(&other, buffer_bytes(&d.ak_name));
    other.data[5] ^= 1;
    assert_status(STATUS_DENIED, activate(&d, &eks.items[0], buffer_bytes(&other), &secret));
    assert_int_equal(0, secret.size);
}

static void
stays_unlocked_when_power_is_cut_after_activations(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        CLEANUP(device_close) struct device d = {0};
        CLEANUP(ek_list_free) struct ek_list eks = {0};
        CLEANUP(buffer_free) struct buffer secret = {0};
        open_device(&d);
        load_eks(&d, NULL, &eks);
        assert_status(STATUS_OK, activate(&d, &eks.items[0], buffer_bytes(&d.ak_name), &secret));
        swtpm_power_cut(&machine);
        swtpm_power_on(&machine);
    }
    CLEANUP(device_close) struct device d = {0};
    struct tpm_info info;
    open_device(&d);
    assert_status(STATUS_OK, tpm_info_get(d.tpm, &info, NULL));
    assert_int_equal(0, info.lockout_counter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prefers_p384_and_its_certificate_is_for_the_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(puts_the_wanted_algorithm_first, setup, teardown),
        cmocka_unit_test_setup_teardown(does_not_send_a_certificate_for_another_key, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(lives_with_nv_that_cannot_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(takes_a_certificate_behind_a_header, setup, teardown),
        cmocka_unit_test_setup_teardown(splits_the_chain_and_leaves_the_filler, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_device_alike_after_a_power_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(makes_a_key_without_any_certificate, setup_bare, teardown),
        cmocka_unit_test_setup_teardown(activates_for_every_kind_of_ek, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_a_credential_for_another_key, setup, teardown),
        cmocka_unit_test_setup_teardown(stays_unlocked_when_power_is_cut_after_activations, setup,
                                        teardown),
    };
    if (!swtpm_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
