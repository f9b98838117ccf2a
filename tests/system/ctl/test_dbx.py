# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-dbx: the entries of a revocation list in each form that people have it in."""
import hashlib
import json
import struct
import uuid

import pytest
from conftest import attestctl, check_schema

SHA256 = uuid.UUID("c1c41626-504c-4092-aca9-41f936934328").bytes_le
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le
UNKNOWN = uuid.UUID("11111111-2222-3333-4444-555555555555").bytes_le
OWNER = uuid.UUID("77fa9abd-0359-4d32-bd60-28f4e78f784b").bytes_le
VERSIONS = uuid.UUID("9d132b6c-59d5-4388-ab1c-185cfcb2eb92").bytes_le
NEW = ["--id", "dbx-2026-11", "--version", "1"]


def siglist(kind, *items, owner=OWNER, header=b""):
    size = 16 + len(items[0])
    return kind + struct.pack("<III", 28 + len(header) + size * len(items), len(header), size) \
        + header + b"".join(owner + i for i in items)


CERTIFICATE = b"\x30\x03any"
LISTS = siglist(SHA256, b"b" * 32, b"a" * 32) + siglist(X509, CERTIFICATE)
EXPECTED = sorted([f"sha256:{(b'a' * 32).hex()}", f"sha256:{(b'b' * 32).hex()}",
                   f"sha256:{hashlib.sha256(CERTIFICATE).hexdigest()}"])
UPDATE = b"\xea\x07" + bytes(14) + struct.pack("<IHH", 24 + 6, 0x0200, 0x0EF1) + bytes(16) + b"PKCS#7"


def made(tmp_path, content, *arguments):
    (tmp_path / "dbx").write_bytes(content)
    outcome = attestctl("reference", "from-dbx", tmp_path / "dbx", *NEW, *arguments, "--json")
    assert outcome.code == 0, outcome.err
    check_schema("reference-from", outcome.document)
    return outcome.document


@pytest.mark.parametrize("before", [b"", b"\x27\0\0\0", UPDATE], ids=["lists", "variable", "update"])
def test_each_form_gives_its_entries_once(before, tmp_path):
    report = made(tmp_path, before + LISTS + siglist(SHA256, b"a" * 32))
    assert report["set"]["dbx"] == EXPECTED
    assert report["dbx"] == 4 and report["notes"] == []
    (tmp_path / "set").write_text(json.dumps(report["set"]))
    assert attestctl("reference", "check", tmp_path / "set").code == 0


def test_what_is_no_hash_is_left_out_and_said(tmp_path):
    report = made(tmp_path, LISTS + siglist(SHA256, b"\x01" + b"v" * 31, owner=VERSIONS)
                  + siglist(UNKNOWN, b"what"))
    assert report["set"]["dbx"] == EXPECTED
    assert len(report["notes"]) == 2 and "versions of Windows" in report["notes"][0]


def test_a_second_list_adds_to_the_first(tmp_path):
    made(tmp_path, LISTS, "--output", tmp_path / "set")
    (tmp_path / "more").write_bytes(siglist(SHA256, b"c" * 32))
    outcome = attestctl("reference", "from-dbx", tmp_path / "more", "--append", tmp_path / "set",
                        "--version", "2", "--output", tmp_path / "set")
    assert outcome.code == 0, outcome.err
    document = json.loads((tmp_path / "set").read_text())
    assert document["dbx"] == sorted(EXPECTED + [f"sha256:{(b'c' * 32).hex()}"])


# threats 25: a header is no signature, and sizes must agree.
@pytest.mark.parametrize("content", [
    b"", b"\x27\0\0\0", LISTS[:-1], LISTS + b"\0", UPDATE, UPDATE[:20], b"text" * 20,
    UPDATE[:16] + struct.pack("<IHH", 0xFFFFFFFF, 0x0200, 0x0EF1) + LISTS,
    SHA256 + struct.pack("<III", 28 + 48, 1, 48) + bytes(48)],
    ids=["empty", "bare-variable", "cut", "longer", "update-alone", "update-cut", "text", "size-max", "header"])
def test_what_is_no_list_is_refused(content, tmp_path):
    (tmp_path / "dbx").write_bytes(content)
    outcome = attestctl("reference", "from-dbx", tmp_path / "dbx", *NEW)
    assert outcome.code == 2 and b"neither signature lists" in outcome.err


def test_a_lists_header_is_no_entry(tmp_path):
    report = made(tmp_path, siglist(SHA256, b"a" * 32, header=b"h" * 48))
    assert report["set"]["dbx"] == [f"sha256:{(b'a' * 32).hex()}"]
