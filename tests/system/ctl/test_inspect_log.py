# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect log: what it says of recorded boots is what their TPM said."""
import json

import pytest
from conftest import BOOTS, attestctl, inspect

LOGS = sorted(p.parent.name for p in BOOTS.glob("*/boot-log"))


def test_there_are_recorded_boots():
    assert len(LOGS) >= 5


@pytest.mark.parametrize("boot", LOGS)
def test_gives_the_pcrs_that_the_tpm_had(boot):
    outcome = inspect("log", BOOTS / boot / "boot-log")
    tpm = json.loads((BOOTS / boot / "pcrs.json").read_text())
    assert outcome.code == 0
    assert set(outcome.document["pcrs"]) == {"sha1", "sha256", "sha384"}
    for bank, pcrs in outcome.document["pcrs"].items():
        assert {str(i) for i in range(8)} <= set(pcrs)
        for index, value in pcrs.items():
            assert value == tpm[bank][index], f"{bank} PCR {index}"


@pytest.mark.parametrize("boot, profile, secure", [
    ("secure", "pc", True), ("plain", "pc", False), ("uboot-efi", "uboot-efi", False)])
def test_tells_platform_and_secure_boot(boot, profile, secure):
    document = inspect("log", BOOTS / boot / "boot-log").document
    assert document["format"] == "crypto-agile"
    assert document["banks"] == ["sha1", "sha256", "sha384"]
    assert document["profile"] == profile
    assert document["secure_boot"] is secure
    assert document["startup_locality"] == 0


def test_counts_every_record():
    document = inspect("log", BOOTS / "secure/boot-log").document
    assert document["event_count"] == len(document["events"]) == 49
    assert [e["number"] for e in document["events"]] == list(range(49))
    assert document["events"][0]["type"] == "EV_NO_ACTION"
    assert document["events"][0]["digests"] == {}


def test_each_field_says_whether_it_is_bound():
    events = inspect("log", BOOTS / "secure/boot-log").document["events"]
    order = next(e for e in events
                 if e["fields"].get("variable", {}).get("value") == "BootOrder")
    assert order["quirks"] == ["variable-value"]
    assert order["fields"]["variable"]["bound"] is False
    assert order["fields"]["value"]["bound"] is True
    secure = next(e for e in events
                  if e["fields"].get("variable", {}).get("value") == "SecureBoot")
    assert secure["bound"] and secure["fields"]["variable"]["bound"]


def test_names_the_event_that_is_wrong(tmp_path):
    log = bytearray((BOOTS / "plain/boot-log").read_bytes())
    at = log.index("SecureBoot".encode("utf-16le")) + 20
    log[at] ^= 1  # the variable's value, which the digest covers
    (tmp_path / "log").write_bytes(log)
    outcome = inspect("log", tmp_path / "log")
    assert outcome.code == 1 and outcome.reasons == ["log.digest"]
    number = outcome.document["reasons"][0]["event"]
    assert outcome.document["events"][number]["reasons"] == ["log.digest"]
    assert outcome.document["events"][number]["bound"] is False
    text = attestctl("inspect", "log", tmp_path / "log")
    assert text.code == 1 and b"log.digest" in text.out.splitlines()[1]


def test_refuses_a_log_that_is_cut(tmp_path):
    log = (BOOTS / "plain/boot-log").read_bytes()
    (tmp_path / "log").write_bytes(log[:-1])
    outcome = inspect("log", tmp_path / "log")
    assert outcome.code == 1 and outcome.reasons == ["log.malformed"]
    assert outcome.document["event_count"] is None and outcome.document["pcrs"] == {}


def test_refuses_a_log_above_the_limit(tmp_path):
    (tmp_path / "log").write_bytes(bytes(4 * 1024 * 1024 + 1))
    assert inspect("log", tmp_path / "log").reasons == ["log.limit"]


def test_reads_standard_input():
    log = (BOOTS / "secure/boot-log").read_bytes()
    assert inspect("log", "-", stdin=log).document["event_count"] == 49


def test_text_begins_with_what_is_known():
    outcome = attestctl("inspect", "log", BOOTS / "secure/boot-log")
    assert outcome.code == 0
    assert b"crypto-agile boot log, 49 events" in outcome.out
    assert b"Secure Boot        on" in outcome.out
