# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect ima: what it says of recorded lists is what their TPM said."""
import json

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
