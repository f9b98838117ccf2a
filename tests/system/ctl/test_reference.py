# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-log, and the checks of documents that need no verifier."""
import hashlib
import json

import pytest
from conftest import BOOTS, SOURCE, attestctl

NAMED = ["--id", "boot", "--version", "7", "--generation", "g1"]


def from_log(boot, *more):
    return attestctl("reference", "from-log", BOOTS / boot / "boot-log", "--ima",
                     BOOTS / boot / "ima", *NAMED, *more)


@pytest.mark.parametrize("boot", ["plain", "secure", "uki"])
def test_writes_a_set_that_is_well_formed(boot, tmp_path):
    outcome = from_log(boot, "--pcrs", BOOTS / boot / "pcrs.json", "--output", tmp_path / "set")
    assert outcome.code == 0 and outcome.err == b""
    document = json.loads((tmp_path / "set").read_text())
    assert (document["id"], document["version"]) == ("boot", 7)
    assert {c["pcr"] for c in document["components"]} >= {0, 2, 4, 7} - {2}
    checked = attestctl("reference", "check", tmp_path / "set")
    assert checked.code == 0 and b"boot version 7 is well-formed" in checked.out


def test_prints_to_standard_output_and_says_when_no_tpm_was_asked():
    outcome = from_log("plain")
    assert outcome.code == 0 and json.loads(outcome.out)["type"] == "reference"
    assert b"nothing was compared with a TPM" in outcome.err


def test_a_tpm_with_other_values_is_bad_evidence(tmp_path):
    outcome = from_log("plain", "--pcrs", BOOTS / "secure/pcrs.json", "--output", tmp_path / "set")
    assert outcome.code == 1 and b"log.pcr-mismatch" in outcome.out
    assert not (tmp_path / "set").exists()


def test_boot_phases_that_no_log_has_are_no_mismatch(tmp_path):
    pcrs = json.loads((BOOTS / "uki/pcrs.json").read_text())
    value = bytes.fromhex(pcrs["sha256"]["11"])
    for phase in ("enter-initrd", "leave-initrd"):
        value = hashlib.sha256(value + hashlib.sha256(phase.encode()).digest()).digest()
    pcrs["sha256"]["11"] = value.hex()
    (tmp_path / "pcrs").write_text(json.dumps(pcrs))
    assert from_log("uki", "--pcrs", tmp_path / "pcrs").code == 0
    pcrs["sha256"]["11"] = hashlib.sha256(value).hexdigest()
    (tmp_path / "pcrs").write_text(json.dumps(pcrs))
    assert from_log("uki", "--pcrs", tmp_path / "pcrs").code == 1


@pytest.mark.parametrize("arguments", [
    ["--id", "x"], ["--version", "1"], ["--id", "x", "--version", "0"],
    ["--id", "X!", "--version", "1"], ["--id", "x", "--version", "1", "--pcrs", "/dev/null"],
    ["--id", "x", "--version", "1", "--output", "/nonexistent/set"],
    ["--id", "x", "--version", "1", "--json"]])
def test_usage_is_2(arguments):
    outcome = attestctl("reference", "from-log", BOOTS / "plain/boot-log", *arguments)
    assert outcome.code == 2


def test_a_log_that_is_none_is_bad_evidence(tmp_path):
    (tmp_path / "log").write_bytes(b"\x00" * 10)
    outcome = attestctl("reference", "from-log", tmp_path / "log", *NAMED)
    assert outcome.code == 1 and b"log.malformed" in outcome.out


def test_check_gives_file_line_and_key(tmp_path):
    (tmp_path / "policy").write_text('{"type": "policy", "id": "p",\n "version": 1,\n "surprise": 1}')
    outcome = attestctl("policy", "check", tmp_path / "policy")
    assert outcome.code == 1 and b"surprise" in outcome.err and outcome.out == b""


def test_check_wants_the_type_that_the_command_names(tmp_path):
    good = next(p for p in sorted((SOURCE / "tests/vectors/documents").rglob("*.json"))
                if p.name != "cases.json" and attestctl("policy", "check", p).code == 0)
    assert attestctl("reference", "check", good).code == 1
