# SPDX-License-Identifier: Apache-2.0
"""Every log and list of the corpus gives what was computed for it elsewhere, and any file at all ends
in one of the three exit codes. Which bad-evidence reasons a valid file has is held too: a new one is a
false alarm until somebody has looked."""
import json

import pytest
from conftest import attestctl, corpus, expected_values, inspect

BOOTS = ["A", "B", "C", "D1", "E2", "K"]


def padded(bank):
    return bank.endswith("_padded_sha1")


@pytest.mark.parametrize("expected", expected_values())
def test_gives_the_expected_values(expected):
    is_ima = expected["kind"].startswith("ima")
    outcome = inspect("ima" if is_ima else "log", corpus() / expected["file"])
    if expected["contested"]:
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


def test_any_file_ends_in_one_of_the_three():
    for path in sorted(p for p in corpus().rglob("*") if p.is_file()):
        for what in ("log", "ima"):
            assert attestctl("inspect", what, path).code in (0, 1), path
