# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect log: what it says of recorded boots is what their TPM said."""
import json

import pytest
from conftest import BOOTS, SOURCE, attestctl, inspect

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


@pytest.mark.parametrize("byte", [0x00, 0xFF], ids=["00", "ff"])
def test_a_region_that_nothing_was_logged_into_is_no_log(tmp_path, byte):
    (tmp_path / "log").write_bytes(bytes([byte]) * 65536)
    outcome = inspect("log", tmp_path / "log")
    assert outcome.code == 1 and outcome.reasons == ["log.malformed"]
    assert outcome.document["reasons"][0]["found"] == "filler without a record"


def test_reads_standard_input():
    log = (BOOTS / "secure/boot-log").read_bytes()
    assert inspect("log", "-", stdin=log).document["event_count"] == 49


def test_text_begins_with_what_is_known():
    outcome = attestctl("inspect", "log", BOOTS / "secure/boot-log")
    assert outcome.code == 0
    assert b"crypto-agile boot log, 49 events" in outcome.out
    assert b"Secure Boot        on" in outcome.out


def fields_of(events, **wanted):
    """Fields of the first event that has these members and values."""
    for event in events:
        got = {name: field["value"] for name, field in event["fields"].items()}
        if all(event.get(k, got.get(k)) == v for k, v in wanted.items()):
            return event["fields"]
    raise AssertionError(f"no event has {wanted}")


def test_secure_boots_variables_are_decoded():
    events = inspect("log", BOOTS / "secure/boot-log").document["events"]
    db = fields_of(events, variable="db", type="EV_EFI_VARIABLE_DRIVER_CONFIG")
    assert db["certificate"]["bound"] and len(db["certificate"]["value"]) == 2
    assert any("Microsoft Corporation UEFI CA 2011" in c for c in db["certificate"]["value"])
    dbx = fields_of(events, variable="dbx")
    assert all(h.startswith("sha256:") for h in dbx["hash"]["value"])
    used = fields_of(events, variable="db", type="EV_EFI_VARIABLE_AUTHORITY")
    assert used["certificate"]["value"][0] in db["certificate"]["value"]
    assert fields_of(events, variable="SbatLevel")["text"]["value"].startswith("sbat,1,")
    assert fields_of(events, variable="SecureBoot")["enabled"] == {"value": True, "bound": True}


def test_images_partitions_and_boot_options_are_decoded():
    events = inspect("log", BOOTS / "secure/boot-log").document["events"]
    image = fields_of(events, type="EV_EFI_BOOT_SERVICES_APPLICATION")
    assert image["path"]["value"].endswith("\\EFI\\BOOT\\BOOTX64.EFI")
    assert image["path"]["bound"] is False
    assert "HD(1,GPT,6b1f0a52-" in image["path"]["value"]
    assert len(fields_of(events, type="EV_EFI_GPT_EVENT")["partition"]["value"]) == 1
    assert fields_of(events, variable="Boot0001")["path"]["bound"] is True
    assert fields_of(events, variable="BootOrder")["order"]["value"][0] == "Boot0001"
    assert fields_of(events, signature="Spec ID Event03")["version"]["value"] == "2.0 errata 0"


def test_the_kernels_stub_and_sections_are_told():
    events = inspect("log", BOOTS / "uki/boot-log").document["events"]
    assert fields_of(events, section=".initrd")["section"]["bound"] is False
    assert fields_of(events, tag="0x8f3b22ec")["description"]["value"] == "Linux initrd"
    events = inspect("log", BOOTS / "uboot-efi/boot-log").document["events"]
    assert fields_of(events, type="EV_EFI_HANDOFF_TABLES2")["description"]["value"] == "SmbiosTable"


@pytest.mark.parametrize("name", ["boot-log", "boot-log-stale", "boot-log-error"])
def test_a_log_of_uboot_without_efi_ends_with_its_separators(name):
    folder = SOURCE / "tests/vectors/logs/uboot-fit"
    tpm = json.loads((folder / "pcrs.json").read_text())[name]
    outcome = inspect("log", folder / name)
    document = outcome.document
    assert outcome.reasons == (["log.error-separator"] * 8 if name.endswith("error") else [])
    assert document["profile"] == "uboot-fit"
    assert document["event_count"] == (11 if name.endswith("error") else 14)
    for bank, pcrs in document["pcrs"].items():
        assert pcrs == {i: v for i, v in tpm[bank].items() if i in pcrs}
    quirks = [f["what"] for f in document["facts"] if f["code"] == "log.quirk"]
    assert quirks == (["region-tail"] if name.endswith("stale") else [])
    if not name.endswith("error"):
        line = fields_of(document["events"], type="EV_PLATFORM_CONFIG_FLAGS")["command_line"]
        assert line == {"value": "console=ttyS0 root=/dev/mmcblk0p2", "bound": True}


def test_bytes_after_another_firmwares_log_are_refused(tmp_path):
    log = (BOOTS / "uboot-efi/boot-log").read_bytes()
    (tmp_path / "log").write_bytes(log + b"junk")
    assert inspect("log", tmp_path / "log").reasons == ["log.malformed"]


def told(document, code):
    return {(f["what"], f["found"]) for f in document["facts"] if f["code"] == code}


def test_secure_boot_is_told_as_facts():
    document = inspect("log", BOOTS / "secure/boot-log").document
    assert ("dbx", "1 SHA-256") in told(document, "secure-boot.keys")
    assert told(document, "secure-boot.sbat") == {(None, "sbat,1,2025021800")}
    assert told(document, "secure-boot.authority") >= {("db", "Microsoft Corporation UEFI CA 2011"),
                                                       ("MokListRT", "Debian Secure Boot CA")}
    assert told(document, "secure-boot.microsoft") == {(None, "KEK 2011, db 2011, used 2011")}
    mok = [f for f in document["facts"] if f["code"] == "secure-boot.mok" and f["pcr"] == 14]
    assert {f["what"] for f in mok} >= {"MokList", "MokListX"}
    assert not any(f["bound"] for f in mok)
    assert all(f["bound"] and f["pcr"] == 7 for f in document["facts"]
               if f["code"].startswith("secure-boot") and f not in mok)
    document = inspect("log", BOOTS / "plain/boot-log").document
    assert not told(document, "secure-boot.keys")
