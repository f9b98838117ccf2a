/* SPDX-License-Identifier: Apache-2.0 */
/* from: one event after the other of a PCR; to: log.order, log.duplicate and log.command-line where
 * its place is not one that firmware and boot loaders give it; never: compares places in different
 * PCRs. [PFP 1.06 3.3.4; threats 24, 31] */
#include "evidence/order_pcr.h"

#include "base/text.h"

#include <string.h>

#define PCR_BOOT     4u
#define PCR_EXIT     5u
#define PCR_POLICY   7u
#define PCR_COMMANDS 8u
#define PCR_FILES    9u
#define EFI_TYPES    0x80000000u
#define SPDM_POLICY  0x800000E3u
#define SPDM_OWNER   0x800000E4u

static const char calling[] = "Calling EFI Application from Boot Option";
static const char returning[] = "Returning from EFI Application from Boot Option";
static const char exit_invocation[] = "Exit Boot Services Invocation";
static const char exit_success[] = "Exit Boot Services Returned with Success";

/* The order in which the Secure Boot variables are measured. [PFP 1.06 3.3.4.8] */
static const char *const policy_names[] = {"SecureBoot", "PK", "KEK", "db", "dbx", "dbt", "dbr"};
#define N_POLICY (sizeof policy_names / sizeof policy_names[0])

/* GRUB's commands that start a Linux kernel and so measure its command line. */
static const char *const linux_commands[] = {"linux ", "linuxefi ", "linux16 "};

static bool
is_after_separator(const struct order *o, const struct replay_event *e)
{
    return o->n_separators[e->pcr] > 0;
}

static bool
is_same_variable(const struct replay_event *a, const struct replay_event *b)
{
    const struct event_variable *x = &a->meaning.variable;
    const struct event_variable *y = &b->meaning.variable;
    return bytes_equal(bytes_of(x->guid, sizeof x->guid), bytes_of(y->guid, sizeof y->guid)) &&
           text_equal(x->claimed_name, y->claimed_name);
}

/* Each variable is measured once. */
static void
check_duplicate(struct order *o, size_t i)
{
    const struct replay_event *e = &o->view->events[i];
    for (size_t k = 0; k < i; k++) {
        const struct replay_event *other = &o->view->events[k];
        if (other->pcr != e->pcr || other->type != e->type ||
            other->meaning.kind != EVENT_KIND_VARIABLE || !is_same_variable(e, other))
            continue;
        struct reason *r = order_blame(o, REASON_LOG_DUPLICATE, e, "measured before");
        reason_set_what(r, e->meaning.variable.claimed_name);
        return;
    }
}

/* Secure Boot's variables, in order. Others may stand between them. */
static void
check_policy_rank(struct order *o, const struct replay_event *e)
{
    const char *name = e->meaning.variable.claimed_name;
    unsigned rank = 0;
    while (rank < N_POLICY && !text_equal(name, policy_names[rank]))
        rank++;
    if (rank == N_POLICY)
        return;
    if (rank < o->policy_rank)
        (void)order_blame(o, REASON_LOG_ORDER, e, "a Secure Boot variable out of order");
    o->policy_rank = rank;
}

/* What has no place in PCR 7 would be taken for policy by whoever seals to it. */
static bool
is_policy_type(const struct replay_event *e)
{
    switch (e->type) {
    case EVENT_EFI_VARIABLE_DRIVER_CONFIG:
    case EVENT_EFI_VARIABLE_AUTHORITY:
    case EVENT_SEPARATOR:
    case EVENT_ACTION:
    case EVENT_EFI_ACTION:
    case SPDM_POLICY:
    case SPDM_OWNER:
        return true;
    default:
        return order_is_separator(e); /* blamed for its type already */
    }
}

/* PCR 7: configuration, separator, authorities. */
static void
step_policy(struct order *o, size_t i)
{
    const struct replay_event *e = &o->view->events[i];
    if (!is_policy_type(e))
        (void)order_blame(o, REASON_LOG_ORDER, e, "a type that has no place in PCR 7");
    if (e->type == EVENT_EFI_VARIABLE_DRIVER_CONFIG) {
        if (is_after_separator(o, e))
            (void)order_blame(o, REASON_LOG_ORDER, e, "a variable after the separator");
        check_duplicate(o, i);
        check_policy_rank(o, e);
    } else if (e->type == EVENT_EFI_VARIABLE_AUTHORITY) {
        if (!is_after_separator(o, e) && !o->has_drivers)
            (void)order_blame(o, REASON_LOG_ORDER, e, "an authority before the separator");
    }
}

/* PCR 4: what runs before the boot attempt comes from the firmware itself; between the attempt and
 * the separator nothing does. U-Boot measures the boot application before it calls it. */
static void
step_boot(struct order *o, const struct replay_event *e)
{
    const char *action = e->meaning.action ? e->meaning.action : "";
    if (e->meaning.kind == EVENT_KIND_IMAGE) {
        if (o->called && !is_after_separator(o, e))
            (void)order_blame(o, REASON_LOG_ORDER, e,
                              "an image between the boot attempt and the separator");
        o->n_images++;
    } else if (text_equal(action, calling)) {
        if (o->profile == ORDER_UBOOT_EFI && o->n_images == 0)
            (void)order_blame(o, REASON_LOG_ORDER, e, "a boot attempt before its image");
        o->called = true;
    } else if (text_equal(action, returning)) {
        if (!o->called)
            (void)order_blame(o, REASON_LOG_ORDER, e, "a return without its boot attempt");
        o->called = false;
    }
}

/* PCR 5: an invocation, then its success. Firmware logs a failure without an invocation (a memory
 * map that has changed meanwhile), so nothing follows from that. */
static void
step_exit(struct order *o, const struct replay_event *e)
{
    const char *action = e->meaning.action;
    if (!action)
        return;
    bool invocation = text_equal(action, exit_invocation);
    bool success = text_equal(action, exit_success);
    if ((invocation || success) && !is_after_separator(o, e))
        (void)order_blame(o, REASON_LOG_ORDER, e, "boot services left before the separator");
    else if (success && !o->exit_pending)
        (void)order_blame(o, REASON_LOG_ORDER, e, "a return without its invocation");
    if (invocation || success)
        o->exit_pending = invocation;
}

/* The firmware's own code is complete at the separator. os-separator is user space's. */
static void
step_firmware(struct order *o, const struct replay_event *e)
{
    if (is_after_separator(o, e) && !order_is_separator(e) && !e->meaning.action)
        (void)order_blame(o, REASON_LOG_ORDER, e, "firmware code after the separator");
}

/* GRUB quotes words in one record and not in the other. */
static bool
is_quoting(uint8_t c)
{
    return c == '"' || c == '\'' || c == '\\';
}

static bool
is_same_command_line(struct bytes a, struct bytes b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        while (i < a.size && is_quoting(a.data[i]))
            i++;
        while (k < b.size && is_quoting(b.data[k]))
            k++;
        if (i == a.size || k == b.size)
            return i == a.size && k == b.size;
        if (a.data[i++] != b.data[k++])
            return false;
    }
}

/* "linux /vmlinuz root=...": what follows the command; empty when it is none of these. */
static struct bytes
linux_arguments(const struct replay_event *e)
{
    struct bytes text = e->meaning.text;
    for (size_t i = 0; i < sizeof linux_commands / sizeof linux_commands[0]; i++) {
        size_t n = strlen(linux_commands[i]);
        if (bytes_equal(bytes_slice(text, 0, n), bytes_of(linux_commands[i], n)))
            return bytes_slice(text, n, text.size - n);
    }
    return (struct bytes){0};
}

/* The prefixes, and so which record is which, are in no digest: only as a pair, the command before
 * the command line, do the two say what the kernel was given. */
static void
step_commands(struct order *o, size_t i)
{
    const struct replay_event *e = &o->view->events[i];
    bool is_line = e->meaning.kind == EVENT_KIND_COMMAND_LINE && !e->meaning.utf16;
    bool is_command = e->meaning.kind == EVENT_KIND_COMMAND;
    struct bytes text = is_line ? e->meaning.text : linux_arguments(e);
    if (!e->meaning.bound || (!is_line && !(is_command && text.size > 0)))
        return;
    size_t k = is_line ? 0 : i + 1;
    size_t end = is_line ? i : o->view->n_events;
    for (; k < end; k++) {
        const struct replay_event *other = &o->view->events[k];
        enum event_kind wanted = is_line ? EVENT_KIND_COMMAND : EVENT_KIND_COMMAND_LINE;
        if (other->pcr != e->pcr || other->meaning.kind != wanted || !other->meaning.bound)
            continue;
        struct bytes counterpart = is_line ? linux_arguments(other) : other->meaning.text;
        if (is_same_command_line(text, counterpart))
            return;
    }
    struct reason *r = order_blame(o, REASON_LOG_COMMAND_LINE, e, "");
    reason_set_what(r, is_line ? "kernel_cmdline" : "linux");
    reason_set_found_escaped(r, text);
}

/* U-Boot without EFI: contents, then the separator that closes the PCR. */
static void
step_uboot_fit(struct order *o, const struct replay_event *e)
{
    const char *why = NULL;
    if (order_is_separator(e))
        return;
    if (e->type >= EFI_TYPES)
        why = "an event of EFI where there is none";
    else if (is_after_separator(o, e))
        why = "an event after the PCR was closed";
    else if (e->pcr > 1 && e->pcr < ORDER_FIRMWARE_PCRS)
        why = "an event in a PCR that U-Boot only closes";
    else if ((e->pcr == PCR_COMMANDS || e->pcr == PCR_FILES) && e->type != EVENT_COMPACT_HASH)
        why = "a type that U-Boot does not give a kernel or an initrd";
    if (why && e->type != EVENT_SEPARATOR) /* that was blamed already */
        (void)order_blame(o, REASON_LOG_ORDER, e, why);
}

void
order_pcr_step(struct order *o, size_t i)
{
    const struct replay_event *e = &o->view->events[i];
    if (o->profile == ORDER_UBOOT_FIT) {
        step_uboot_fit(o, e);
        return;
    }
    switch (e->pcr) {
    case 0:
    case 2:
    case 3:
        step_firmware(o, e);
        break;
    case PCR_BOOT:
        step_boot(o, e);
        break;
    case PCR_EXIT:
        step_exit(o, e);
        break;
    case PCR_POLICY:
        step_policy(o, i);
        break;
    case PCR_COMMANDS:
        step_commands(o, i);
        break;
    default:
        break;
    }
}
