# SPDX-License-Identifier: Apache-2.0
"""attestctl policy init: every event of a boot has a class and a rule, and what is written is well-formed."""
import json

import pytest
from conftest import BOOTS, attestctl, check_schema

NAMED = ["--id", "gateway", "--version", "2"]


def init(boot, target, *more):
    folder = BOOTS / boot
    return attestctl("policy", "init", "--from-log", folder / "boot-log", "--pcrs", folder / "pcrs.json",
                     *NAMED, "--output", target, *more)


def report(boot, target, *more):
    outcome = init(boot, target, "--json", *more)
    assert outcome.code == 0, outcome.err
    check_schema("policy-init", outcome.document)
    return outcome.document


def measured(boot):
    """How many events the set of the whole log has, by PCR: counted by another command."""
    log = json.loads(attestctl("inspect", "log", BOOTS / boot / "boot-log", "--json").out)
    counts = {}
    for event in log["events"]:
        if event["type"] not in ("EV_NO_ACTION", "EV_SEPARATOR", "EV_EFI_ACTION"):
            counts[event["pcr"]] = counts.get(event["pcr"], 0) + 1
    return counts


@pytest.mark.parametrize("boot", ["secure", "plain", "uki", "uboot-efi"])
def test_every_event_is_sorted_once(boot, tmp_path):
    document = report(boot, tmp_path)
    counts = {}
    for event in document["events"]:
        counts[event["pcr"]] = counts.get(event["pcr"], 0) + event["count"]
    assert counts == measured(boot)
    assert sum(document["counts"].values()) == sum(counts.values())
    assert document["platform"] == ("uboot-efi" if boot == "uboot-efi" else "pc")
    for kind in ("policy", "reference"):
        checked = attestctl(kind, "check", tmp_path / f"{kind}.json")
        assert checked.code == 0 and b"gateway version 2 is well-formed" in checked.out


def classes(document):
    return {(e["pcr"], e["role"]): e["class"] for e in document["events"]}


def test_events_are_sorted_by_whose_they_are(tmp_path):
    sorted_ = classes(report("secure", tmp_path))
    assert sorted_[4, "shim"] == sorted_[4, "kernel"] == sorted_[8, "grub-command"] == "build"
    assert sorted_[9, "initrd"] == sorted_[5, "partition-table"] == sorted_[1, "variable:BootOrder"] == "device"
    assert sorted_[7, "secure-boot:db"] == sorted_[0, "firmware-version"] == "firmware"
    document = json.loads((tmp_path / "reference.json").read_text())
    assert {c["pcr"] for c in document["components"]} == {0, 4, 7, 8, 9, 14}
    assert {c["pcr"] for c in document["components"] if c.get("bundle") == "os"} == {4, 9}


def test_the_initrd_of_a_uki_is_the_builds(tmp_path):
    sorted_ = classes(report("uki", tmp_path))
    assert sorted_[9, "initrd"] == sorted_[11, "section:.initrd"] == "build"


def test_the_policy_asks_for_what_the_boot_shows(tmp_path):
    def policy(boot, *more):
        notes = report(boot, tmp_path, *more)["notes"]
        return json.loads((tmp_path / "policy.json").read_text()), notes
    asked, notes = policy("secure", "--ima", BOOTS / "secure/ima", "--label", "site=tokyo")
    assert asked["secure_boot"] == {"state": "on"} and asked["select"] == {"labels": {"site": "tokyo"}}
    assert asked["ima"] == {"references": ["gateway"]} and asked["command_line"] == {"references": True}
    assert len(notes) == 1 and "no device is named" in notes[0]
    asked, notes = policy("plain")
    assert "secure_boot" not in asked and "ima" not in asked and len(notes) == 3


def test_words_are_for_people(tmp_path):
    outcome = init("secure", tmp_path)
    assert outcome.code == 0 and b"build     PCR  4  shim" in outcome.out
    assert b"compared with the device's last good boot" in outcome.out and b"platform pc" in outcome.out


def test_values_of_another_machine_are_bad_evidence(tmp_path):
    outcome = init("plain", tmp_path, "--pcrs", BOOTS / "plain/pcrs.json")
    assert outcome.code == 2
    outcome = attestctl("policy", "init", "--from-log", BOOTS / "plain/boot-log", "--pcrs",
                        BOOTS / "secure/pcrs.json", *NAMED, "--output", tmp_path)
    assert outcome.code == 1 and b"log.pcr-mismatch" in outcome.out
    assert not list(tmp_path.iterdir())


def test_pcrs_without_a_value_are_said_to_be_left_out(tmp_path):
    values = json.loads((BOOTS / "secure/pcrs.json").read_text())
    del values["sha256"]["14"]
    (tmp_path / "pcrs").write_text(json.dumps(values))
    outcome = attestctl("policy", "init", "--from-log", BOOTS / "secure/boot-log", "--pcrs", tmp_path / "pcrs",
                        *NAMED, "--output", tmp_path, "--json")
    assert outcome.code == 0 and any("left out" in n for n in outcome.document["notes"])
    assert 14 not in {e["pcr"] for e in outcome.document["events"]}


@pytest.mark.parametrize("arguments", [
    [], ["--from-log", "x", "--from-device", "y"], ["--from-log", "/nonexistent"],
    ["--from-log", str(BOOTS / "plain/boot-log"), "--platform", "mainframe"],
    ["--from-log", str(BOOTS / "plain/boot-log"), "--label", "none"],
    ["--from-log", str(BOOTS / "plain/boot-log"), "--output", "/nonexistent"]],
    ids=["none", "both", "absent", "platform", "label", "output"])
def test_usage_is_2(arguments, tmp_path):
    more = [] if "--output" in arguments else ["--output", tmp_path]
    assert attestctl("policy", "init", *NAMED, *more, *arguments).code == 2
    assert not list(tmp_path.iterdir())
