/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of reason codes. A new code is a new row and a new row in tests/mutation; a code never
 * changes its meaning and is never used again for another.
 */
#pragma once

/* clang-format off */
#define REASON_LIST_ATTEMPTS(X) \
    X(REASON_CHALLENGE_MISSING, "challenge.missing", REASON_KIND_ATTEMPT, "no Attestation-Challenge header was sent") \
    X(REASON_CHALLENGE_MALFORMED, "challenge.malformed", REASON_KIND_ATTEMPT, "the challenge is not one that a verifier makes") \
    X(REASON_CHALLENGE_FOREIGN, "challenge.foreign", REASON_KIND_ATTEMPT, "the challenge is not ours or not for this device") \
    X(REASON_CHALLENGE_EXPIRED, "challenge.expired", REASON_KIND_ATTEMPT, "the challenge is older than its life") \
    X(REASON_CHALLENGE_SPENT, "challenge.spent", REASON_KIND_ATTEMPT, "the challenge, or a later one, was already used by this device") \
    X(REASON_CHALLENGE_SUPERSEDED, "challenge.superseded", REASON_KIND_ATTEMPT, "policy asks for another selection of PCRs since the challenge was issued") \
    X(REASON_DEVICE_UNKNOWN, "device.unknown", REASON_KIND_ATTEMPT, "no device with this id has enrolled") \
    X(REASON_DEVICE_NOT_ENROLLED, "device.not-enrolled", REASON_KIND_ATTEMPT, "the device is known, but not enrolled") \
    X(REASON_EVIDENCE_MEDIA_TYPE, "evidence.media-type", REASON_KIND_ATTEMPT, "the body is of a media type that is not accepted") \
    X(REASON_EVIDENCE_MALFORMED, "evidence.malformed", REASON_KIND_ATTEMPT, "the body is not a well-formed evidence collection") \
    X(REASON_EVIDENCE_LIMIT, "evidence.limit", REASON_KIND_ATTEMPT, "the body or one of its members is larger than permitted") \
    X(REASON_EVIDENCE_MEMBER_MISSING, "evidence.member-missing", REASON_KIND_ATTEMPT, "a member that every evidence must have is missing") \
    X(REASON_EVIDENCE_MEMBER_UNKNOWN, "evidence.member-unknown", REASON_KIND_ATTEMPT, "the evidence has a member that is not known") \
    X(REASON_EVIDENCE_MANIFEST, "evidence.manifest", REASON_KIND_ATTEMPT, "a member is not the one that the quoted manifest names") \
    X(REASON_EVIDENCE_EXPORTER, "evidence.exporter", REASON_KIND_ATTEMPT, "the challenge asks for a channel binding that this connection does not have") \
    X(REASON_LOG_WANTED, "log.wanted", REASON_KIND_ATTEMPT, "a log was sent by reference that is not held here; send it whole") \
    X(REASON_QUOTE_MALFORMED, "quote.malformed", REASON_KIND_ATTEMPT, "the quote or its signature is not a well-formed TPM structure") \
    X(REASON_QUOTE_MAGIC, "quote.magic", REASON_KIND_ATTEMPT, "the structure was not made by a TPM (magic)") \
    X(REASON_QUOTE_TYPE, "quote.type", REASON_KIND_ATTEMPT, "the structure is an attestation of another type than a quote") \
    X(REASON_QUOTE_ALGORITHM, "quote.algorithm", REASON_KIND_ATTEMPT, "the signature's scheme or hash is not the attestation key's") \
    X(REASON_QUOTE_UNSUPPORTED, "quote.unsupported", REASON_KIND_ATTEMPT, "the signature's algorithm is not supported") \
    X(REASON_QUOTE_SIGNATURE, "quote.signature", REASON_KIND_ATTEMPT, "the signature is not by this device's attestation key") \
    X(REASON_QUOTE_SIGNER, "quote.signer", REASON_KIND_ATTEMPT, "the qualified signer is not this attestation key in the endorsement hierarchy") \
    X(REASON_QUOTE_SELECTION, "quote.selection", REASON_KIND_ATTEMPT, "the quoted PCRs are not those that the challenge asks for") \
    X(REASON_QUOTE_EXTRA_DATA, "quote.extra-data", REASON_KIND_ATTEMPT, "the quote answers another challenge, device, origin, channel or manifest") \
    X(REASON_QUOTE_COMPOSITE, "quote.composite", REASON_KIND_ATTEMPT, "the PCR values sent do not give the quoted composite digest") \
    X(REASON_ANNOUNCE_MALFORMED, "announce.malformed", REASON_KIND_ATTEMPT, "the announcement is not well-formed, or of another device") \
    X(REASON_ANNOUNCE_NOT_TRUSTED, "announce.not-trusted", REASON_KIND_ATTEMPT, "only a device whose present boot is trusted may announce its next one") \
    X(REASON_ANNOUNCE_ROLE, "announce.role", REASON_KIND_ATTEMPT, "no policy lets this component be announced") \
    X(REASON_ANNOUNCE_TWICE, "announce.twice", REASON_KIND_ATTEMPT, "an announcement for that boot is held already") \
    X(REASON_ANNOUNCE_LATE, "announce.late", REASON_KIND_ATTEMPT, "the boot that was announced has begun, or the announcement is too old")

#define REASON_LIST_ENROLL(X) \
    X(REASON_EK_MALFORMED, "ek.malformed", REASON_KIND_ATTEMPT, "the endorsement key or a certificate is not well-formed") \
    X(REASON_EK_TEMPLATE, "ek.template", REASON_KIND_ATTEMPT, "the endorsement key's public area is none of the standard templates") \
    X(REASON_EK_UNSUPPORTED, "ek.unsupported", REASON_KIND_ATTEMPT, "the endorsement key's algorithm is not supported") \
    X(REASON_EK_CERTIFICATE_KEY, "ek.certificate-key", REASON_KIND_ATTEMPT, "the certificate is for another key than the endorsement key") \
    X(REASON_EK_CHAIN, "ek.chain", REASON_KIND_ATTEMPT, "the certificate does not lead to a configured root") \
    X(REASON_EK_DATES, "ek.dates", REASON_KIND_ATTEMPT, "a certificate of the chain is not valid at this time") \
    X(REASON_EK_USAGE, "ek.usage", REASON_KIND_ATTEMPT, "the certificate is not for an endorsement key (EKU or key usage)") \
    X(REASON_EK_REVOKED, "ek.revoked", REASON_KIND_ATTEMPT, "a certificate of the chain is revoked") \
    X(REASON_EK_WEAK, "ek.weak", REASON_KIND_ATTEMPT, "the endorsement key is weak (ROCA, size)") \
    X(REASON_EK_ADVISORY, "ek.advisory", REASON_KIND_ATTEMPT, "an advisory names this TPM's manufacturer and firmware") \
    X(REASON_EK_SOFTWARE, "ek.software", REASON_KIND_ATTEMPT, "the TPM is software and policy does not name it") \
    X(REASON_EK_SAME_TPM, "ek.same-tpm", REASON_KIND_ATTEMPT, "this TPM is already enrolled as another device") \
    X(REASON_AK_MALFORMED, "ak.malformed", REASON_KIND_ATTEMPT, "the attestation key's public area is not well-formed") \
    X(REASON_AK_UNSUPPORTED, "ak.unsupported", REASON_KIND_ATTEMPT, "the attestation key's algorithm is not supported") \
    X(REASON_AK_ATTRIBUTES, "ak.attributes", REASON_KIND_ATTEMPT, "the attestation key is not a restricted signing key fixed to its TPM") \
    X(REASON_AK_SCHEME, "ak.scheme", REASON_KIND_ATTEMPT, "the attestation key has no fixed scheme, or one with SHA-1") \
    X(REASON_AK_WEAK, "ak.weak", REASON_KIND_ATTEMPT, "the attestation key is too short or weak") \
    X(REASON_ENROLL_MALFORMED, "enroll.malformed", REASON_KIND_ATTEMPT, "the enrolment request is not well-formed") \
    X(REASON_ENROLL_EXPIRED, "enroll.expired", REASON_KIND_ATTEMPT, "the enrolment was not completed in time") \
    X(REASON_ENROLL_FOREIGN, "enroll.foreign", REASON_KIND_ATTEMPT, "the enrolment id was not made by this verifier") \
    X(REASON_ENROLL_PROOF, "enroll.proof", REASON_KIND_ATTEMPT, "the activation proof is wrong: the keys are not in one TPM") \
    X(REASON_ENROLL_TOKEN, "enroll.token", REASON_KIND_ATTEMPT, "the join token is unknown, used up or expired") \
    X(REASON_ENROLL_NOT_MEMBER, "enroll.not-member", REASON_KIND_ATTEMPT, "nothing shows that the device belongs to this fleet") \
    X(REASON_ENROLL_REVOKED, "enroll.revoked", REASON_KIND_ATTEMPT, "the device was revoked or decommissioned") \
    X(REASON_ENROLL_FULL, "enroll.full", REASON_KIND_ATTEMPT, "too many devices await approval")

#define REASON_LIST_LOGS(X) \
    X(REASON_LOG_MISSING, "log.missing", REASON_KIND_REASON, "the boot log is missing although PCRs with boot events are quoted") \
    X(REASON_LOG_MALFORMED, "log.malformed", REASON_KIND_REASON, "the log is not well-formed") \
    X(REASON_LOG_LIMIT, "log.limit", REASON_KIND_REASON, "the log is larger than permitted") \
    X(REASON_LOG_UNSUPPORTED, "log.unsupported", REASON_KIND_REASON, "the log's format carries no trust (SHA-1 only), or is not read") \
    X(REASON_LOG_BANK_MISSING, "log.bank-missing", REASON_KIND_REASON, "a quoted bank is not in the log") \
    X(REASON_LOG_ALGORITHM, "log.algorithm", REASON_KIND_REASON, "the log's algorithm table contradicts itself") \
    X(REASON_LOG_PCR_MISMATCH, "log.pcr-mismatch", REASON_KIND_REASON, "the log does not reproduce the quoted PCR") \
    X(REASON_LOG_PCR_UNEXPLAINED, "log.pcr-unexplained", REASON_KIND_REASON, "the PCR was extended but no log explains it") \
    X(REASON_LOG_PCR_RANGE, "log.pcr-range", REASON_KIND_REASON, "an event names a PCR that does not exist") \
    X(REASON_LOG_REPEATED, "log.repeated", REASON_KIND_REASON, "the log replayed twice gives the quoted PCR: the TPM was not reset on a warm reboot") \
    X(REASON_LOG_ORDER, "log.order", REASON_KIND_REASON, "an event stands where the platform's order does not permit it") \
    X(REASON_LOG_LOCALITY, "log.locality", REASON_KIND_REASON, "StartupLocality is repeated, misplaced or out of range") \
    X(REASON_LOG_DIGEST, "log.digest", REASON_KIND_REASON, "a digest does not cover the event's data although its type demands it") \
    X(REASON_LOG_SEPARATOR, "log.separator", REASON_KIND_REASON, "a separator is missing, repeated or unknown") \
    X(REASON_LOG_ERROR_SEPARATOR, "log.error-separator", REASON_KIND_REASON, "the firmware reported an error while it measured") \
    X(REASON_LOG_BANK_UNCAPPED, "log.bank-uncapped", REASON_KIND_REASON, "a quoted bank has no separators in PCR 0 to 7, so anybody could have extended it") \
    X(REASON_LOG_DUPLICATE, "log.duplicate", REASON_KIND_REASON, "a variable was measured twice") \
    X(REASON_LOG_COMMAND_LINE, "log.command-line", REASON_KIND_REASON, "the boot loader's two records of a command line do not agree") \
    X(REASON_LOG_PCR_RESET, "log.pcr-reset", REASON_KIND_REASON, "a PCR that a rule covers is at its reset value") \
    X(REASON_SECURE_BOOT_KEYS, "secure-boot.keys", REASON_KIND_FACT, "what a Secure Boot variable holds") \
    X(REASON_SECURE_BOOT_AUTHORITY, "secure-boot.authority", REASON_KIND_FACT, "a key that let an image run; which image is not in the log") \
    X(REASON_SECURE_BOOT_SBAT, "secure-boot.sbat", REASON_KIND_FACT, "the SBAT level below which boot loaders do not run") \
    X(REASON_SECURE_BOOT_MOK, "secure-boot.mok", REASON_KIND_FACT, "what shim measured of a variable of the machine owner's keys") \
    X(REASON_SECURE_BOOT_MICROSOFT, "secure-boot.microsoft", REASON_KIND_FACT, "which of Microsoft's certificates, by the year of their name, are in KEK and db and were used") \
    X(REASON_LOG_UNMEASURED, "log.unmeasured", REASON_KIND_FACT, "no firmware measured this boot: the quoted of PCR 0 to 7 are at reset, so the quote shows which TPM it is, not what was booted") \
    X(REASON_LOG_QUIRK, "log.quirk", REASON_KIND_FACT, "a named quirk of the producer was needed to bind the event's data") \
    X(REASON_LOG_QUIRK_DENIED, "log.quirk-denied", REASON_KIND_REASON, "the log counts by a named quirk only, which policy denies") \
    X(REASON_LOG_UNATTESTED, "log.unattested", REASON_KIND_FACT, "records follow that the quote does not cover yet") \
    X(REASON_LOG_INCOMPLETE, "log.incomplete", REASON_KIND_REASON, "the userspace log says of itself that records are missing") \
    X(REASON_LOG_RECORD_MISSING, "log.record-missing", REASON_KIND_REASON, "a record between others is missing") \
    X(REASON_LOG_MEASURED_TWICE, "log.overlap", REASON_KIND_FACT, "final events overlap the log and were taken once") \
    X(REASON_BOOT_PHASE, "boot.phase", REASON_KIND_FACT, "the boot phase that PCR 11 has reached by the phase model") \
    X(REASON_IMA_MALFORMED, "ima.malformed", REASON_KIND_REASON, "the IMA list is not well-formed") \
    X(REASON_IMA_DIGEST, "ima.digest", REASON_KIND_REASON, "an IMA entry's digest is not that of its data") \
    X(REASON_IMA_TEMPLATE, "ima.template", REASON_KIND_REASON, "an IMA entry has a template that is not known") \
    X(REASON_IMA_PCR, "ima.pcr", REASON_KIND_REASON, "an IMA entry extends another PCR than 10") \
    X(REASON_IMA_MISMATCH, "ima.pcr-mismatch", REASON_KIND_REASON, "no prefix of the IMA list reproduces the quoted PCR") \
    X(REASON_IMA_MISSING, "ima.missing", REASON_KIND_REASON, "PCR 10 was extended but no IMA list was sent") \
    X(REASON_IMA_NOT_ANCHORED, "ima.not-anchored", REASON_KIND_REASON, "the IMA list is not empty but PCR 10 is at its reset value") \
    X(REASON_IMA_AGGREGATE, "ima.boot-aggregate", REASON_KIND_REASON, "boot_aggregate is of another boot than the quoted one") \
    X(REASON_IMA_VIOLATION, "ima.violation", REASON_KIND_REASON, "a file was open for writing while it was measured") \
    X(REASON_IMA_WEAK, "ima.weak-bank", REASON_KIND_FACT, "the kernel extended SHA-1 digests padded with zeros into this bank") \
    X(REASON_IMA_KEXEC, "ima.kexec", REASON_KIND_FACT, "the list was carried over a kexec")

#define REASON_LIST_APPRAISAL(X) \
    X(REASON_POLICY_NONE, "policy.none", REASON_KIND_REASON, "no policy selects this device") \
    X(REASON_POLICY_BANK, "policy.bank", REASON_KIND_REASON, "a PCR that a rule needs is not in the quote") \
    X(REASON_POLICY_INTERNAL, "policy.internal", REASON_KIND_REASON, "the verifier could not finish the appraisal") \
    X(REASON_POLICY_REFERENCE, "policy.reference-missing", REASON_KIND_REASON, "the policy names a reference set that is not active") \
    X(REASON_EVIDENCE_AGE, "evidence.age", REASON_KIND_REASON, "the evidence is older than policy permits") \
    X(REASON_EVIDENCE_FRESHNESS, "evidence.freshness", REASON_KIND_REASON, "this kind of freshness cannot make a device trusted") \
    X(REASON_DEVICE_NOT_GENUINE, "device.not-genuine", REASON_KIND_REASON, "the TPM was not shown to be genuine as policy demands") \
    X(REASON_DEVICE_NOT_MEMBER, "device.not-member", REASON_KIND_REASON, "the device's membership is not of a kind that policy accepts") \
    X(REASON_DEVICE_STATE, "device.state", REASON_KIND_REASON, "the device is quarantined, revoked or decommissioned") \
    X(REASON_DEVICE_ADVISORY, "device.advisory", REASON_KIND_REASON, "an advisory names this TPM's manufacturer and the firmware that it quotes") \
    X(REASON_DEVICE_TPM, "device.tpm", REASON_KIND_FACT, "what the TPM is: discrete, firmware, virtual or software; by its certificate where that was verified, else by its own word") \
    X(REASON_DEVICE_TPM_KIND, "device.tpm-kind", REASON_KIND_REASON, "the TPM is of a kind that policy does not accept") \
    X(REASON_DEVICE_TPM_ALLOWED, "device.tpm-not-allowed", REASON_KIND_REASON, "the TPM's manufacturer and model are none that policy allows") \
    X(REASON_DEVICE_TPM_FORBIDDEN, "device.tpm-forbidden", REASON_KIND_REASON, "the TPM's manufacturer and model are forbidden by policy") \
    X(REASON_DEVICE_TPM_UNKNOWN, "device.tpm-unknown", REASON_KIND_REASON, "policy rules on the TPM's kind or model, but no verified certificate says which it is") \
    X(REASON_DEVICE_FIRST_USE, "device.first-use", REASON_KIND_FACT, "the device was admitted at first use, with nothing to show membership") \
    X(REASON_EXPORTER_OFF, "exporter.off", REASON_KIND_FACT, "the quote is not bound to the TLS channel") \
    X(REASON_BOOT_UNKNOWN_IMAGE, "boot.unknown-image", REASON_KIND_REASON, "an event's digest is none of the component's values") \
    X(REASON_BOOT_MISSING, "boot.missing", REASON_KIND_REASON, "an expected component was not measured") \
    X(REASON_BOOT_SURPLUS, "boot.surplus", REASON_KIND_REASON, "an event that no component explains") \
    X(REASON_BOOT_ORDER, "boot.order", REASON_KIND_REASON, "a known component stands at the wrong place") \
    X(REASON_BOOT_PLATFORM, "boot.platform", REASON_KIND_REASON, "the boot is of another platform than the reference set is for") \
    X(REASON_BOOT_MIXED_GENERATION, "boot.mixed-generation", REASON_KIND_REASON, "components of one bundle come from different generations") \
    X(REASON_BOOT_REVOKED, "boot.revoked", REASON_KIND_REASON, "a component's value is revoked") \
    X(REASON_BOOT_RETIRED, "boot.retired", REASON_KIND_REASON, "a component's value is retired") \
    X(REASON_BOOT_CANDIDATE, "boot.candidate", REASON_KIND_REASON, "a component's value is of a generation that is not open to this device") \
    X(REASON_BOOT_APPROVAL_OVER, "boot.approval-over", REASON_KIND_REASON, "a component's value was approved for this device, but not longer than until now") \
    X(REASON_BOOT_ANNOUNCED_OTHER, "boot.announced-other", REASON_KIND_REASON, "a component's value was announced for another boot than this one") \
    X(REASON_BOOT_ANNOUNCED_LATE, "boot.announced-late", REASON_KIND_REASON, "a component's value was announced too long before this boot was seen") \
    X(REASON_BOOT_ANNOUNCED_ROLE, "boot.announced-role", REASON_KIND_REASON, "a component's value was announced, but policy does not let this role be announced") \
    X(REASON_BOOT_CHANGED, "boot.changed", REASON_KIND_REASON, "a compared PCR differs from this device's last good boot") \
    X(REASON_BOOT_INITRD_UNMEASURED, "boot.initrd-unmeasured", REASON_KIND_REASON, "the kernel was told to load an initrd that nothing measured") \
    X(REASON_SECURE_BOOT_OFF, "secure-boot.off", REASON_KIND_REASON, "Secure Boot is off") \
    X(REASON_SECURE_BOOT_ON, "secure-boot.on", REASON_KIND_REASON, "Secure Boot is on although policy wants it off") \
    X(REASON_SECURE_BOOT_UNKNOWN, "secure-boot.unknown", REASON_KIND_REASON, "no bound event says whether Secure Boot is on") \
    X(REASON_SECURE_BOOT_CONTENT, "secure-boot.content", REASON_KIND_REASON, "a Secure Boot variable that policy judges was not measured once, bound and well-formed") \
    X(REASON_SECURE_BOOT_PK, "secure-boot.pk", REASON_KIND_REASON, "the platform key is none of those that policy names") \
    X(REASON_SECURE_BOOT_REQUIRED, "secure-boot.required", REASON_KIND_REASON, "a Secure Boot variable lacks what policy requires") \
    X(REASON_SECURE_BOOT_ALLOWED, "secure-boot.not-allowed", REASON_KIND_REASON, "a Secure Boot variable holds what policy does not allow") \
    X(REASON_SECURE_BOOT_FORBIDDEN, "secure-boot.forbidden", REASON_KIND_REASON, "a Secure Boot variable holds what policy forbids") \
    X(REASON_SECURE_BOOT_DBX, "secure-boot.dbx", REASON_KIND_REASON, "dbx lacks entries of a list that policy names") \
    X(REASON_SECURE_BOOT_SBAT_LEVEL, "secure-boot.sbat-level", REASON_KIND_REASON, "the SBAT level is lower than policy wants, or none was measured") \
    X(REASON_COMMAND_LINE, "command-line.unknown", REASON_KIND_REASON, "the kernel command line fits no template") \
    X(REASON_COMMAND_LINE_UNBOUND, "command-line.unbound", REASON_KIND_REASON, "no event binds a kernel command line") \
    X(REASON_COMMAND_LINE_REQUIRED, "command-line.required", REASON_KIND_REASON, "an argument that policy requires is not on the kernel command line") \
    X(REASON_COMMAND_LINE_FORBIDDEN, "command-line.forbidden", REASON_KIND_REASON, "an argument that policy forbids is on the kernel command line") \
    X(REASON_VERITY_UNKNOWN, "verity.unknown", REASON_KIND_REASON, "the dm-verity root hash on the kernel command line is none that policy names") \
    X(REASON_VERITY_UNBOUND, "verity.unbound", REASON_KIND_REASON, "no bound kernel command line has a dm-verity root hash") \
    X(REASON_PHASE, "phase.unaccepted", REASON_KIND_REASON, "PCR 11 has not reached a boot phase that policy accepts") \
    X(REASON_PCR_VALUE, "pcr.value", REASON_KIND_REASON, "the quoted PCR has none of the values that policy names") \
    X(REASON_IMA_UNKNOWN_FILE, "ima.unknown-file", REASON_KIND_REASON, "a measured file's digest is not allowed") \
    X(REASON_IMA_FORBIDDEN, "ima.forbidden-file", REASON_KIND_REASON, "a measured file's digest is forbidden") \
    X(REASON_IMA_RETIRED, "ima.retired-file", REASON_KIND_REASON, "a measured file's digest is allowed by a retired generation only") \
    X(REASON_IMA_REVOKED, "ima.revoked-file", REASON_KIND_REASON, "a measured file's digest is allowed by a revoked generation only") \
    X(REASON_IMA_POLICY, "ima.policy", REASON_KIND_REASON, "none of the IMA policies that policy names was measured") \
    X(REASON_IMA_ARGUMENT, "ima.argument", REASON_KIND_REASON, "an argument that IMA needs is not on the bound kernel command line") \
    X(REASON_IMA_EXCLUDED, "ima.excluded", REASON_KIND_FACT, "files that policy excludes by their directory, and that nothing else allows") \
    X(REASON_IMA_EMPTY, "ima.empty", REASON_KIND_REASON, "policy wants IMA, but nothing was measured") \
    X(REASON_BOOT_UNMEASURED, "boot.unmeasured", REASON_KIND_REASON, "a rule is on what was booted, and no firmware measured that: only the identity of the TPM is shown") \
    X(REASON_BOOT_GENERATION, "boot.generation", REASON_KIND_FACT, "the generation that this boot's bundle comes from") \
    X(REASON_BOOT_ANNOUNCED, "boot.announced", REASON_KIND_FACT, "the device announced this value for this boot") \
    X(REASON_BOOT_WENT_BACK, "boot.went-back", REASON_KIND_FACT, "the boot is of an older generation than the one before it") \
    X(REASON_BOOT_NOT_TAKEN, "boot.not-taken", REASON_KIND_FACT, "a newer generation was open to the device when it booted")

#define REASON_LIST_LEDGER(X) \
    X(REASON_LEDGER_CLOCK_BACK, "ledger.clock-back", REASON_KIND_REASON, "the TPM's clock went back inside one boot") \
    X(REASON_LEDGER_RESET_BACK, "ledger.reset-back", REASON_KIND_REASON, "the TPM's reset counter went back") \
    X(REASON_LEDGER_RESTART_BACK, "ledger.restart-back", REASON_KIND_REASON, "the TPM's restart counter went back inside one reset") \
    X(REASON_LEDGER_FIRMWARE_BACK, "ledger.firmware-back", REASON_KIND_REASON, "the TPM's firmware version went back") \
    X(REASON_LEDGER_CLEARED, "ledger.cleared", REASON_KIND_REASON, "all TPM counters started again under the same attestation key") \
    X(REASON_LEDGER_BOOT, "ledger.boot", REASON_KIND_FACT, "a new boot since the last round") \
    X(REASON_LEDGER_RESUME, "ledger.resume", REASON_KIND_FACT, "the machine resumed from suspend in the same boot") \
    X(REASON_LEDGER_BOOTS_UNSEEN, "ledger.boots-unseen", REASON_KIND_FACT, "boots since the last round that were not seen here")

#define REASON_LIST(X) \
    REASON_LIST_ATTEMPTS(X) \
    REASON_LIST_ENROLL(X) \
    REASON_LIST_LOGS(X) \
    REASON_LIST_APPRAISAL(X) \
    REASON_LIST_LEDGER(X)
/* clang-format on */
