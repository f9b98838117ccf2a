/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI device paths as one line of text, for people: no digest ever covers one alone. Nodes that are
 * not known are shown by number. No recursion. Pure. [UEFI 2.10 10.3, 10.6]
 */
#pragma once

#include "base/bytes.h"

#define DEVICE_PATH_NODES 64u /* more are cut, with "..." */

/* Append "PciRoot(0x0)/Pci(0x1,0x0)/HD(1,GPT,...)/\EFI\BOOT\BOOTX64.EFI", control characters
 * escaped. What is malformed ends the text with "?". An empty path appends nothing. STATUS_NOMEM.
 */
MUST_CHECK enum status device_path_append(struct bytes path, struct buffer *out);
