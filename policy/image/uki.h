/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unified kernel image measures when firmware or a boot loader starts it, by the rules of
 * the systemd-stub that it is made with: itself and its kernel in PCR 4, options and initrd by the
 * kernel's EFI stub in PCR 9, its sections in PCR 11, options that it was given in PCR 12. Boot
 * phases come later, from user space. Hostile input as pe.h. Pure. [systemd-stub(7) "TPM PCR
 * Notes"; UAPI.5]
 */
#pragma once

#include "image/measurement.h"
#include "image/pe.h"

struct uki_options {
    unsigned stub_version; /* 252 and later; 0: what the image says of its stub */
    const char *given;     /* options from the loader that count instead of .cmdline; NULL: none */
    uint32_t n_given;      /* how often they are in PCR 12: 1, or 2 behind systemd-boot; 0: 1 */
};

/* What follows from no file: told to the person, since those events stay unexplained. */
struct uki_notes {
    unsigned stub_version;
    const char
        *initrd_has; /* the section that the stub adds to the initrd: no PCR 9 initrd; NULL */
    bool no_initrd;  /* there is no .initrd section */
};

/* Append what the image in file measures. given is UTF-8. STATUS_MALFORMED; STATUS_UNSUPPORTED: no
 * stub of systemd and no stub_version, or sections that are chosen by the hardware or at boot
 * (.profile, .dtbauto, .efifw); STATUS_LIMIT; STATUS_NOMEM; STATUS_CRYPTO. */
MUST_CHECK enum status uki_measure(struct hasher *h, struct bytes file,
                                   const struct uki_options *options, struct measurements *out,
                                   struct uki_notes *notes, struct diag *diag);
