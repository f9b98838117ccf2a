/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot phases that systemd extends into PCR 11 after the boot log has ended: told apart from
 * what the log holds. [systemd-pcrphase.service(8); appraisal 3]
 */
#pragma once

#include "appraise/subject.h"

/* When the log's value of PCR 11 and a beginning of the phases give the value in pcrs, put the
 * log's value in its place, so that what is compared is the boot. Else pcrs stays as it is.
 * STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status phases_strip(struct hasher *h, struct bytes boot_log,
                                    struct subject_pcrs *pcrs);
/* pcr extended by the phases from number first up to but not with number end. */
MUST_CHECK enum status phases_extend(struct hasher *h, size_t first, size_t end,
                                     struct digest *pcr);
