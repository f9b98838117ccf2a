# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect quote: every field of a real quote, and what is none."""
import pytest
from conftest import QUOTES, attestctl, inspect

NAMES = sorted(p.name for p in QUOTES.iterdir() if p.is_dir())


@pytest.mark.parametrize("name", NAMES)
def test_reads_every_vector(name):
    folder = QUOTES / name
    outcome = inspect("quote", folder / "attest")
    quote = outcome.document["quote"]
    assert outcome.code == 0 and outcome.document["format"] == "TPMS_ATTEST"
    assert quote["extra_data"] == (folder / "qualifying-data").read_text().strip().lower()
    assert bytes.fromhex(quote["qualified_signer"]) == (folder / "qualified-name").read_bytes()
    assert attestctl("inspect", "quote", folder / "attest").code == 0


def test_reads_one_with_its_size_before_it(tmp_path):
    attest = (QUOTES / "rsassa/attest").read_bytes()
    (tmp_path / "a").write_bytes(len(attest).to_bytes(2, "big") + attest)
    assert inspect("quote", tmp_path / "a").document["format"] == "TPM2B_ATTEST"


@pytest.mark.parametrize("change, reason", [
    (lambda a: b"\xff\xff" + a[2:], "quote.magic"),
    (lambda a: a[:4] + b"\x80\x17" + a[6:], "quote.type"),
    (lambda a: a[:-1], "quote.malformed"),
    (lambda a: a + b"\0", "quote.malformed"),
    (lambda a: b"", "quote.malformed"),
    (lambda a: a + bytes(5000), "quote.malformed")])
def test_refuses_what_is_no_quote(tmp_path, change, reason):
    (tmp_path / "a").write_bytes(change((QUOTES / "rsassa/attest").read_bytes()))
    outcome = inspect("quote", tmp_path / "a")
    assert outcome.code == 1 and outcome.reasons == [reason]
    assert outcome.document["quote"] is None


def test_a_quote_over_no_pcr_is_told_as_that(tmp_path):
    """Threat 4: such a quote is signed as well as any other."""
    attest = (QUOTES / "rsassa/attest").read_bytes()
    head, digest = attest[:-44], attest[-34:]  # between them, a selection of one bank
    (tmp_path / "a").write_bytes(head + bytes(4) + digest)
    outcome = inspect("quote", tmp_path / "a")
    assert outcome.code == 1 and outcome.reasons == ["quote.selection"]
    assert outcome.document["quote"]["selection"] == ""
