# SPDX-License-Identifier: Apache-2.0
"""attestctl reference diff: what was added, removed and changed by role, and nothing where nothing was."""
import copy
import json

import pytest
from conftest import attestctl, check_schema


def value(digit, **more):
    return {"sha256": digit * 64, **more}


BASE = {
    "type": "reference", "id": "gateway", "version": 1, "generation": "g1",
    "components": [
        {"role": "shim", "pcr": 4, "values": [value("1")]},
        {"role": "grub", "pcr": 4, "values": [value("2")]},
        {"role": "kernel", "pcr": 4, "count": [2, 2], "values": [value("3", name="vmlinuz-1")]},
        {"role": "grub-command", "pcr": 8, "values": [value("4")]},
        {"role": "grub-command", "pcr": 8, "values": [value("5")]},
        {"role": "initrd", "pcr": 9, "values": [value("6")]},
    ],
    "command_lines": ["a quiet"],
    "files": ["sha256:" + "7" * 64, "sha256:" + "8" * 64],
}


@pytest.fixture
def diff(tmp_path):
    def run(change, *options):
        other = copy.deepcopy(BASE)
        change(other)
        (tmp_path / "a").write_text(json.dumps(BASE))
        (tmp_path / "b").write_text(json.dumps(other))
        outcome = attestctl("reference", "diff", tmp_path / "a", tmp_path / "b", *options)
        if "--json" in options:
            check_schema("reference-diff", outcome.document)
            assert outcome.document["same"] == (outcome.code == 0)
        return outcome
    return run


def test_equal_sets_are_the_same(diff):
    assert diff(lambda d: None).code == 0
    report = diff(lambda d: None, "--json").document
    assert report["components"] == report["members"] == report["order"] == []


def test_names_of_a_set_are_told_and_change_no_boot(diff):
    def change(d):
        d["version"], d["generation"] = 2, "g2"
    outcome = diff(change)
    assert outcome.code == 0 and b"version: 1 -> 2" in outcome.out and b'"g1" -> "g2"' in outcome.out


def test_a_new_kernel_is_one_change_by_its_role(diff):
    def change(d):
        d["components"][2]["values"] = [value("9", name="vmlinuz-2")]
    report = diff(change, "--json").document
    assert report["components"] == [{"kind": "changed", "pcr": 4, "role": "kernel",
                                     "from": {"values": [value("3", name="vmlinuz-1")]},
                                     "to": {"values": [value("9", name="vmlinuz-2")]}}]
    words = diff(change)
    assert words.code == 1
    assert b"changed  PCR 4 kernel: 3333333333333333 (vmlinuz-1) -> 9999999999999999 (vmlinuz-2)" in words.out


def test_a_further_value_and_a_count_are_told_alone(diff):
    def change(d):
        d["components"][0]["values"].append(value("a"))
        d["components"][2]["count"] = [1, 2]
    changes = diff(change, "--json").document["components"]
    assert changes == [
        {"kind": "changed", "pcr": 4, "role": "shim", "from": {"values": []}, "to": {"values": [value("a")]}},
        {"kind": "changed", "pcr": 4, "role": "kernel", "from": {"count": [2, 2]}, "to": {"count": [1, 2]}}]


def test_added_and_removed_among_many_of_one_role(diff):
    def change(d):
        del d["components"][5]
        d["components"].insert(3, {"role": "grub-command", "pcr": 8, "values": [value("b")]})
    changes = diff(change, "--json").document["components"]
    assert [(c["kind"], c["pcr"], c["role"]) for c in changes] == [
        ("removed", 9, "initrd"), ("added", 8, "grub-command")]
    assert changes[1]["to"]["values"] == [value("b")]


def test_another_order_is_told(diff):
    def change(d):
        d["components"][0], d["components"][1] = d["components"][1], d["components"][0]
    report = diff(change, "--json").document
    assert report["order"] == [4] and report["components"] == []
    assert b"PCR 4: what both have stands in another order" in diff(change).out


def test_lines_and_files_are_told(diff):
    def change(d):
        d["command_lines"] = ["a quiet", "b"]
        d["files"] = ["sha256:" + "8" * 64, "sha256:" + "9" * 64]
    report = diff(change, "--json").document
    assert report["command_lines"] == {"added": ["b"], "removed": []}
    assert report["files"] == {"added": ["sha256:" + "9" * 64], "removed": ["sha256:" + "7" * 64]}
    assert b"files: 1 added, 1 removed" in diff(change).out


def test_what_is_no_reference_set_is_usage(tmp_path):
    (tmp_path / "a").write_text(json.dumps(BASE))
    (tmp_path / "b").write_text(json.dumps(BASE | {"extra": 1}))
    for pair in (("a", "b"), ("b", "a"), ("a", "none")):
        assert attestctl("reference", "diff", *(tmp_path / p for p in pair)).code == 2


def test_a_document_that_is_wrong_is_told_by_its_line(tmp_path):
    (tmp_path / "a").write_text(json.dumps(BASE))
    (tmp_path / "b").write_text("{" + chr(10) + json.dumps(BASE | {"extra": 1})[1:])
    wrong = attestctl("reference", "diff", tmp_path / "a", tmp_path / "b").err.decode()
    assert wrong.startswith(f"attestctl: {tmp_path}/b:2: document: ") and wrong.count("attestctl") == 1
    gone = attestctl("reference", "diff", tmp_path / "a", tmp_path / "none").err.decode()
    assert gone.count("attestctl") == 1 and "none: cannot open" in gone
