# SPDX-License-Identifier: Apache-2.0
"""Every log and list of the corpus gives what was computed for it elsewhere, and any file at all ends
in one of the three exit codes. Which bad-evidence reasons a valid file has is held too: a new one is a
false alarm until somebody has looked."""
import json

import pytest
from conftest import CORPUS, attestctl, corpus, expected_values, inspect, verify

BOOTS = ["A", "B", "C", "D1", "E2", "K"]


# Where well-known readers disagree: what ours does, and why. attestctl(1) says the same.
CONTESTED = {
    # No Spec ID event: a SHA-1 log, for inspection; nothing is trusted of it.
    "google+go-attestation/short_no_action_eventlog": (0, []),
    # The layout of another version than 2.0 is not known.
    "google+go-attestation/specid_invalid_version.bin": (1, ["log.malformed"]),
    # A repeated separator is judged by the order of PCRs; a CCEL has registers.
    "google+go-eventlog/cos-113-intel-tdx-dupe-separator-unpadded.bin": (0, []),
    "google+go-eventlog/cos-113-intel-tdx-dupe-separator.bin": (0, []),
    # The records are sound, one's variable is not what was hashed: read, with the reason at it.
    "intel-secl+intel-secl/uefi_event_log_invalid.bin": (1, ["log.digest"]),
    # A list ends with its last entry; nothing is guessed about what follows.
    "tpm2-software+tpm2-tss/sml-ima-ng-sha1-invalidated.bin": (1, ["ima.malformed"]),
    "tpm2-software+tpm2-tss/sml-ima-ng-sha1.bin": (1, ["ima.malformed"]),
    "tpm2-software+tpm2-tss/sml-ima-sha1.bin": (1, ["ima.malformed"]),
}


def padded(bank):
    return bank.endswith("_padded_sha1")


@pytest.mark.parametrize("expected", expected_values())
def test_gives_the_expected_values(expected):
    is_ima = expected["kind"].startswith("ima")
    outcome = inspect("ima" if is_ima else "log", corpus() / expected["file"])
    if expected["contested"]:
        assert (outcome.code, outcome.reasons) == CONTESTED[expected["file"]]
        return
    if not expected["valid"]:
        assert outcome.code == 1 and outcome.reasons
        return
    document = outcome.document
    violations = is_ima and document["violations"] > 0
    for bank, pcrs in expected["pcrs"].items():
        # The padded values leave violations out; a TPM says otherwise (E2/after-violation).
        if not (violations and padded(bank)):
            assert document["pcrs"][bank] == pcrs, bank
    if is_ima:
        assert document["entry_count"] == expected["entries"]
        return
    assert set(document["pcrs"]) == set(expected["pcrs"])
    assert document["event_count"] == expected["events"]
    assert document["startup_locality"] == expected["startup_locality"]
    assert document["secure_boot"] is expected["secure_boot"]


def test_every_log_and_list_has_its_expected_values():
    known = {json.loads(p.read_text())["file"] for p in (corpus() / "expected").glob("*.json")}
    rows = [line.split("\t")[:2] for line in (CORPUS / "MANIFEST.tsv").read_text().splitlines()[1:]]
    wanted = {path for path, kind in rows if kind in ("uefi-log", "ccel", "ima-binary", "ima-ascii")}
    assert wanted == known and len(wanted) > 80


@pytest.mark.parametrize("boot", BOOTS)
def test_measured_boots_give_what_their_tpm_had(boot):
    folder = corpus() / "measured-boots" / boot
    tpm = json.loads((folder / "pcrs.json").read_text())
    log = inspect("log", folder / "binary_bios_measurements")
    assert log.code == 0
    for bank, pcrs in log.document["pcrs"].items():
        for index, value in pcrs.items():
            if (boot, index) != ("E2", "11"):  # the boot phases are in no log
                assert value == tpm[bank][index], f"{bank} PCR {index}"
    for name in ("ima_binary_runtime_measurements", "ima_ascii_runtime_measurements"):
        ima = inspect("ima", folder / name)
        assert ima.code == 0
        assert ima.document["pcrs"]["sha1"]["10"] == tpm["sha1"]["10"]
        assert ima.document["pcrs"]["sha256"]["10"] == tpm["sha256"]["10"]
        assert ima.document["pcrs"]["sha384_padded_sha1"]["10"] == tpm["sha384"]["10"]


def test_violations_give_what_the_tpm_had():
    folder = corpus() / "measured-boots/E2/after-violation"
    outcome = inspect("ima", folder / "ima_binary_runtime_measurements")
    assert outcome.document["violations"] > 0 and "ima.violation" in outcome.reasons
    said = (folder / "pcrread.yaml").read_text().lower()
    for bank in ("sha1", "sha256", "sha384_padded_sha1"):
        assert outcome.document["pcrs"][bank]["10"] in said, bank


def quote_arguments(folder, kind, bank):
    quote = folder / "quote"
    return ["--attest", quote / f"quote-{kind}-{bank}.msg",
            "--signature", quote / f"quote-{kind}-{bank}.sig",
            "--qualifying-data", (quote / "nonce.hex").read_text().strip(),
            "--select", f"{bank}:0-15"]


@pytest.mark.parametrize("boot", BOOTS)
@pytest.mark.parametrize("kind", ["rsa", "ecc"])
@pytest.mark.parametrize("bank", ["sha1", "sha256", "sha384"])
def test_verifies_the_measured_boots_quotes(boot, kind, bank):
    folder = corpus() / "measured-boots" / boot
    quote = folder / "quote"
    known = quote_arguments(folder, kind, bank)
    logs = ["--log", folder / "binary_bios_measurements",
            "--ima", quote / f"ima-after-quote-{kind}-{bank}.bin"]
    for key in (f"ak-{kind}.pub", f"ak-{kind}.pem"):
        assert verify("--key", quote / key, *known).code == 0
    key = ["--key", quote / f"ak-{kind}.pub"]
    values = ["--pcrs", quote / f"quote-{kind}-{bank}.pcrs"]
    assert verify(*key, *known, *values).code == 0
    for given in (values, []):  # without them the logs give the values
        outcome = verify(*key, *known, *given, *logs)
        # boot_aggregate is of the sha256 bank: a quote of another cannot show that it is this boot's.
        assert outcome.reasons == ([] if bank == "sha256" else ["ima.boot-aggregate"])
        assert set(outcome.document["replay"]["pcrs"].values()) == {"proven", "reset"}
        assert outcome.document["pcrs_from_logs"] is (not given)
        assert outcome.document["replay"]["events"] > 20
        assert outcome.document["replay"]["ima_entries"] > 10


@pytest.mark.parametrize("boot", BOOTS)
def test_refuses_a_changed_byte_of_the_measured_boots(boot, tmp_path):
    folder = corpus() / "measured-boots" / boot
    for kind, bank in (("rsa", "sha256"), ("ecc", "sha384")):
        known = quote_arguments(folder, kind, bank)
        key = ["--key", folder / "quote" / f"ak-{kind}.pub"]
        for place in (1, 3):
            whole = known[place].read_bytes()
            for at in range(0, len(whole), 31):
                (tmp_path / "f").write_bytes(whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1:])
                outcome = verify(*key, *known[:place], tmp_path / "f", *known[place + 1:])
                assert outcome.code == 1 and not outcome.document["verified"], (place, at)


def test_another_boots_log_is_refused():
    folder = corpus() / "measured-boots/A"
    known = quote_arguments(folder, "ecc", "sha256")
    key = ["--key", folder / "quote/ak-ecc.pub"]
    logs = ["--log", corpus() / "measured-boots/C/binary_bios_measurements",
            "--ima", folder / "quote/ima-after-quote-ecc-sha256.bin"]
    values = ["--pcrs", folder / "quote/quote-ecc-sha256.pcrs"]
    outcome = verify(*key, *known, *values, *logs)
    assert outcome.code == 1 and "log.pcr-mismatch" in outcome.reasons
    wrong = {r["pcr"] for r in outcome.document["reasons"] if r["code"] == "log.pcr-mismatch"}
    assert wrong == {4, 9, 11}
    outcome = verify(*key, *known, *logs)
    assert outcome.reasons == ["log.pcr-mismatch"] and outcome.document["verified"]


def certificates():
    for line in (CORPUS / "MANIFEST.tsv").read_text().splitlines() if CORPUS.exists() else []:
        path, kind = line.split("\t")[:2]
        if kind in ("ek-cert", "ek-ca", "platform-cert"):
            yield pytest.param(path, kind, id=path)


@pytest.mark.parametrize("path, kind", certificates())
def test_every_certificate_is_read_or_refused_with_its_reason(path, kind):
    outcome = inspect("certificate", corpus() / path)
    certificate = outcome.document["certificate"]
    assert certificate is not None
    if kind == "ek-ca":
        assert outcome.code == 0 and certificate["kind"] in ("ca", "other")
    if kind == "platform-cert" and "IntelSigningKey" not in path:
        assert certificate["kind"] == "platform" and certificate["key"] is None
    if certificate["kind"] == "ek":
        assert set(outcome.reasons) <= {"ek.usage", "ek.weak"}
        assert outcome.code == 0 or {"missing-eku", "ecc-encipherment"} & set(certificate["oddities"])


@pytest.mark.parametrize("boot", BOOTS)
@pytest.mark.parametrize("name", ["ek-rsa.crt.der", "ek-ecc-p384.crt.der"])
def test_the_measured_boots_certificates_lead_to_their_root(boot, name):
    folder = corpus() / "measured-boots" / boot
    outcome = inspect("certificate", folder / "quote" / name, "--roots", folder / "pki")
    assert outcome.code == 0
    assert outcome.document["chain"]["standing"] == "software"
    assert outcome.document["chain"]["tpm_kind"] == "software"


def test_any_file_ends_in_one_of_the_three():
    for path in sorted(p for p in corpus().rglob("*") if p.is_file()):
        for what in ("log", "ima", "quote", "certificate"):
            assert attestctl("inspect", what, path).code in (0, 1), path


def test_the_change_of_microsofts_certificates_is_told_of_a_real_machine():
    document = inspect("log", corpus() / "keylime+keylime/binary_bios_measurements-secureboot").document
    facts = {(f["code"], f["what"]): f["found"] for f in document["facts"]}
    assert facts["secure-boot.microsoft", None] == "KEK 2011 2023, db 2011 2023, used 2011"
    assert facts["secure-boot.keys", "dbx"] == "371 SHA-256"
    assert facts["secure-boot.sbat", None] == "sbat,1,2023012900"
