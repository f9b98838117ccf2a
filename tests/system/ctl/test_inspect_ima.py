# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect ima: what it says of recorded lists is what their TPM said."""
import hashlib
import json
import struct

import pytest
from conftest import BOOTS, attestctl, inspect

ANCHORED = ["plain", "secure", "secure-update", "uki"]


@pytest.mark.parametrize("boot", ANCHORED)
@pytest.mark.parametrize("form", ["ima", "ima.ascii"])
def test_gives_pcr_10_that_the_tpm_had(boot, form):
    outcome = inspect("ima", BOOTS / boot / form)
    tpm = json.loads((BOOTS / boot / "pcrs.json").read_text())
    assert outcome.code == 0
    assert outcome.document["format"] == ("ascii" if form == "ima.ascii" else "binary-le")
    pcrs = outcome.document["pcrs"]
    assert pcrs["sha1"]["10"] == tpm["sha1"]["10"]
    assert pcrs["sha256"]["10"] == tpm["sha256"]["10"]
    assert pcrs["sha384_padded_sha1"]["10"] == tpm["sha384"]["10"]
    assert pcrs["sha384"]["10"] != tpm["sha384"]["10"]


def test_lists_entries_only_when_asked():
    assert "entries" not in inspect("ima", BOOTS / "uki/ima").document
    document = inspect("ima", BOOTS / "uki/ima", "--entries").document
    assert len(document["entries"]) == document["entry_count"]
    first = document["entries"][0]
    assert first["path"] == "boot_aggregate" and first["bound"] and first["template"] == "ima-sig"
    assert document["boot_aggregate"] == f"{first['file_alg']}:{first['file_digest']}"


def test_names_an_entry_whose_digest_is_not_that_of_its_data(tmp_path):
    data = bytearray((BOOTS / "plain/ima").read_bytes())
    data[data.index(b"/init")] = ord("?")
    (tmp_path / "ima").write_bytes(data)
    outcome = inspect("ima", tmp_path / "ima")
    assert outcome.code == 1 and outcome.reasons == ["ima.digest"]
    assert outcome.document["reasons"][0]["event"] == 1


def test_names_a_violation(tmp_path):
    lines = (BOOTS / "plain/ima.ascii").read_text().splitlines(keepends=True)
    pcr, _, template, _, path = lines[3].split(" ", 4)
    lines[3] = " ".join([pcr, "0" * 40, template, "sha256:" + "0" * 64, path])
    (tmp_path / "ima").write_text("".join(lines))
    outcome = inspect("ima", tmp_path / "ima")
    assert outcome.document["violations"] == 1
    assert outcome.reasons == ["ima.violation"] and outcome.code == 1


def test_refuses_a_list_that_is_cut(tmp_path):
    data = (BOOTS / "plain/ima").read_bytes()
    (tmp_path / "ima").write_bytes(data[:-1])
    outcome = inspect("ima", tmp_path / "ima")
    assert outcome.code == 1 and outcome.reasons == ["ima.malformed"]
    assert outcome.document["pcrs"] == {} and outcome.document["entry_count"] > 10


def test_an_empty_list_is_a_list():
    outcome = inspect("ima", "-")
    assert outcome.code == 0 and outcome.document["entry_count"] == 0


def test_refuses_a_list_above_the_limit(tmp_path):
    (tmp_path / "ima").write_bytes(bytes(16 * 1024 * 1024 + 1))
    assert inspect("ima", tmp_path / "ima").reasons == ["log.limit"]


def test_a_path_cannot_forge_a_line():
    entry = b"10 %s ima-ng sha256:%s /a\x1b[31m\x07\n" % (b"0" * 40, b"1" * 64)
    outcome = attestctl("inspect", "ima", "-", "--entries", stdin=entry)
    assert b"\x1b" not in outcome.out and b"\x07" not in outcome.out


def ascii_line(template, fields, shown):
    """A line as the kernel shows an entry with these fields."""
    data = b"".join(struct.pack("<I", len(f)) + f for f in fields)
    return f"10 {hashlib.sha1(data).hexdigest()} {template} {' '.join(shown)}\n"


DIGEST = hashlib.sha256(b"file").digest()
D_NG = b"sha256:\0" + DIGEST
SHOWN = "sha256:" + DIGEST.hex()


@pytest.mark.parametrize("template, fields, shown", [
    ("ima-modsig", [D_NG, b"/m.ko\0", b"\3\2", D_NG, b"\x30\x82"],
     [SHOWN, "/m.ko", "0302", SHOWN, "3082"]),
    ("ima-modsig", [D_NG, b"/m.ko\0", b"\3\2", b"", b""], [SHOWN, "/m.ko", "0302", "", ""]),
    ("evm-sig", [D_NG, b"/x\0", b"\5\2", b"", b"", b"", bytes(4), b"\1\0\0\0", b"\xed\x81"],
     [SHOWN, "/x", "0502", "", "", "", "0", "1", "33261"]),
    ("evm-sig", [D_NG, b"/x\0", b"\5\2", b"security.ima\0", b"\4\0\0\0", b"abcd", bytes(4),
                 bytes(4), b"\xed\x81"],
     [SHOWN, "/x", "0502", "security.ima", "04000000", "61626364", "0", "0", "33261"]),
    ("d-ng|n-ng|d-modsig", [D_NG, b"/x\0", D_NG], [SHOWN, "/x", SHOWN]),
], ids=["modsig", "no-modsig", "evm-bare", "evm", "custom"])
def test_an_ascii_list_has_every_template(tmp_path, template, fields, shown):
    (tmp_path / "ima").write_text(ascii_line(template, fields, shown))
    outcome = inspect("ima", tmp_path / "ima", "--entries")
    assert outcome.code == 0 and outcome.document["format"] == "ascii"
    assert outcome.document["entries"][0]["bound"]
    assert outcome.document["entries"][0]["file_digest"] == DIGEST.hex()


@pytest.mark.parametrize("content", [bytes.fromhex("000000000800000000000000000100000004"),
                                     b'[{"recnum":0}]', bytes.fromhex("81a400000000")],
                         ids=["tlv", "json", "cbor"])
@pytest.mark.parametrize("kind", ["ima", "log"])
def test_another_encoding_is_unsupported_by_name(tmp_path, kind, content):
    (tmp_path / "list").write_bytes(content)
    outcome = inspect(kind, tmp_path / "list")
    assert outcome.code == 1 and outcome.reasons == ["log.unsupported"]
    assert "CEL in" in outcome.document["reasons"][0]["found"]
