# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-pcrlock and from-keylime: what is taken over counts, the rest is told."""
import json

import pytest
from conftest import attestctl, check_schema

NEW = ["--id", "made", "--version", "1"]


def digest(letter, size=64):
    return letter * size


def made(command, *arguments):
    outcome = attestctl("reference", command, *arguments, *NEW, "--json")
    assert outcome.code == 0, outcome.err
    check_schema("reference-from", outcome.document)
    return outcome.document


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
    return path


def record(pcr, sha256=None, **more):
    digests = [{"hashAlg": "sha1", "digest": digest("0", 40)}]
    if sha256:
        digests.append({"hashAlg": "sha256", "digest": sha256})
    return {"pcr": pcr, "digests": digests, **more}


def parts(report):
    return [(c["role"], c["pcr"], [v["sha256"] for v in c["values"]])
            for c in report["set"]["components"]]


def test_components_of_pcrlock_keep_their_order_and_name(tmp_path):
    first = write(tmp_path / "240-secureboot-policy.pcrlock",
                  {"records": [record(7, digest("a")), record(7, digest("b"))]})
    second = write(tmp_path / "630-boot-loader-code.pcrlock", {"records": [record(4, digest("c"))]})
    assert parts(made("from-pcrlock", first, second)) == [
        ("secureboot-policy", 7, [digest("a")]), ("secureboot-policy", 7, [digest("b")]),
        ("boot-loader-code", 4, [digest("c")])]


def test_variants_of_one_component_are_alternatives(tmp_path):
    folder = tmp_path / "650-uki.pcrlock.d"
    files = [write(folder / f"{n}.pcrlock", {"records": [record(4, digest(a)), record(11, digest(b))]})
             for n, (a, b) in enumerate([("1", "2"), ("3", "4"), ("5", "6")])]
    other = write(folder / "9.pcrlock", {"records": [record(11, digest("7"))]})
    report = made("from-pcrlock", *files, other)
    assert parts(report) == [("uki", 4, [digest("1"), digest("3"), digest("5")]),
                             ("uki", 11, [digest("2"), digest("4"), digest("6")])]
    assert any("9.pcrlock" in note and "variant" in note for note in report["notes"])


def test_what_pcrlock_says_beyond_is_told(tmp_path):
    value = record(4, digest("a"), colour="red")
    value["digests"].append({"hashAlg": "crc32", "digest": "00"})
    path = write(tmp_path / "a.pcrlock", {"records": [value, record(5)]})
    notes = made("from-pcrlock", path)["notes"]
    assert [n for n in notes if "colour" in n] and [n for n in notes if "not known" in n]
    assert [n for n in notes if "PCR 5" in n and "no SHA-256" in n]


@pytest.mark.parametrize("text, told", [
    pytest.param("{", "line", id="no-json"),
    pytest.param('{"records": 1}', "records", id="no-records"),
    pytest.param('{"pcrBank": "sha256", "pcrValues": []}', "components are wanted", id="policy"),
    pytest.param('{"records": [{"pcr": 24, "digests": []}]}', "no such PCR", id="pcr"),
    pytest.param('{"records": [{"pcr": 1}]}', "digests", id="no-digests"),
    pytest.param('{"records": [{"pcr": 1, "digests": [{"hashAlg": "sha256", "digest": "00"}]}]}',
                 "size", id="short"),
    pytest.param('{"records": [{"pcr": 1, "pcr": 2, "digests": []}]}', "duplicate", id="twice"),
])
def test_a_pcrlock_file_that_is_wrong_is_refused_by_name(tmp_path, text, told):
    path = tmp_path / "x.pcrlock"
    path.write_text(text)
    outcome = attestctl("reference", "from-pcrlock", path, *NEW)
    assert outcome.code == 2
    assert "x.pcrlock" in outcome.err.decode() and told in outcome.err.decode()
    assert not outcome.out


POLICY = {
    "meta": {"version": 1}, "release": 0,
    "digests": {"boot_aggregate": [digest("0")], "/usr/bin/a": [digest("1"), digest("2", 40)]},
    "excludes": ["/tmp/.*"], "keyrings": {".ima": [digest("3")]},
    "ima": {"ignored_keyrings": [], "log_hash_alg": "sha1", "dm_policy": None},
    "ima-buf": {}, "verification-keys": "",
}


def test_a_runtime_policy_gives_its_digests_and_tells_the_rest(tmp_path):
    report = made("from-keylime", write(tmp_path / "policy.json", POLICY))
    assert report["set"]["files"] == [f"sha1:{digest('2', 40)}", f"sha256:{digest('1')}"]
    notes = "\n".join(report["notes"])
    assert "excludes: /tmp/.*" in notes and "keyrings" in notes and "boot_aggregate" in notes
    assert "ima-buf" not in notes and "dm_policy" not in notes, "nothing is in them"


STATE = {
    "has_secureboot": True,
    "scrtm_and_bios": [{"scrtm": {"sha256": "0x" + digest("1")},
                        "platform_firmware": [{"sha256": "0x" + digest("2")}]}],
    "pk": [{"SignatureOwner": "x"}], "db": [],
    "kernels": [
        {"shim_authcode_sha256": "0x" + digest("3"), "grub_authcode_sha256": "0x" + digest("4"),
         "kernel_authcode_sha256": "0x" + digest("5"), "initrd_plain_sha256": "0x" + digest("6"),
         "kernel_cmdline": "root=.* quiet"},
        {"kernel_authcode_sha256": "0x" + digest("7"), "initrd_plain_sha256": "0x" + digest("8")}],
}


def test_a_reference_state_gives_its_boot_and_tells_the_rest(tmp_path):
    report = made("from-keylime", write(tmp_path / "state.json", STATE), "--boot")
    assert parts(report) == [
        ("firmware-version", 0, [digest("1")]), ("firmware", 0, [digest("2")]),
        ("shim", 4, [digest("3")]), ("grub", 4, [digest("4")]),
        ("kernel", 4, [digest("5"), digest("7")]), ("initrd", 9, [digest("6"), digest("8")])]
    notes = "\n".join(report["notes"])
    assert "root=.* quiet" in notes and "has_secureboot: true" in notes and "pk: 1" in notes


@pytest.mark.parametrize("value, boot, told", [
    pytest.param([], False, "no object", id="array"),
    pytest.param({}, False, "digests", id="no-digests"),
    pytest.param({"digests": {"/a": "x"}}, False, "/a", id="no-list"),
    pytest.param({"digests": {"/a": ["0011"]}}, False, "/a", id="short"),
    pytest.param({}, True, "kernels", id="no-kernels"),
    pytest.param({"kernels": [{"shim_authcode_sha256": "0xzz"}]}, True, "shim", id="not-hex"),
])
def test_a_document_of_keylime_that_is_wrong_is_refused_by_name(tmp_path, value, boot, told):
    path = write(tmp_path / "k.json", value)
    outcome = attestctl("reference", "from-keylime", path, *NEW, *(["--boot"] if boot else []))
    assert outcome.code == 2
    assert "k.json" in outcome.err.decode() and told in outcome.err.decode()


def test_what_a_file_says_reaches_no_terminal_as_it_is(tmp_path):
    hostile = "\x1b]0;owned\x07\u009b31m"
    policy = POLICY | {"excludes": [hostile]}
    outcome = attestctl("reference", "from-keylime", write(tmp_path / "policy.json", policy), *NEW)
    assert outcome.code == 0 and rb"excludes: \x1b]0;owned\x07\xc2\x9b31m" in outcome.err
    for value in ({"digests": {hostile: ["zz"]}}, {"digests": {hostile: 1}}):
        outcome = attestctl("reference", "from-keylime", write(tmp_path / "wrong.json", value), *NEW)
        assert outcome.code == 2 and rb"\x1b]0;owned" in outcome.err and b"\x1b" not in outcome.err
    record = {"pcr": 4, hostile: 1, "digests": [{"hashAlg": "sha256", "digest": digest("1")}]}
    path = write(tmp_path / "630-a.pcrlock", {"records": [record]})
    outcome = attestctl("reference", "from-pcrlock", path, *NEW)
    assert outcome.code == 0 and rb"\x1b]0;owned" in outcome.err and b"\x1b" not in outcome.err


def test_an_allowlist_of_lines_is_told_where_it_goes(tmp_path):
    path = tmp_path / "allowlist.txt"
    path.write_text(digest("1") + "  /usr/bin/a\n" + digest("2", 40) + "  /usr/bin/b\n")
    outcome = attestctl("reference", "from-keylime", path, *NEW)
    assert outcome.code == 2 and b"from-sums" in outcome.err
    assert made("from-sums", path)["files"] == 2


def test_what_stands_beside_the_records_of_a_component_is_told(tmp_path):
    record = {"pcr": 4, "digests": [{"hashAlg": "sha256", "digest": digest("1")}]}
    path = write(tmp_path / "630-a.pcrlock", {"records": [record], "condition": 1})
    assert "not taken over: 630-a.pcrlock: member condition" in made("from-pcrlock", path)["notes"]
