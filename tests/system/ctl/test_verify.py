# SPDX-License-Identifier: Apache-2.0
"""attestctl verify quote: accepts what a TPM signed, refuses all else, and says why."""
import pytest
from conftest import QUOTES, attestctl, verify
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

NAMES = sorted(p.name for p in QUOTES.iterdir() if p.is_dir())


def arguments(folder, **changes):
    given = {"attest": folder / "attest", "signature": folder / "signature",
             "key": folder / "public",
             "qualifying-data": (folder / "qualifying-data").read_text().strip(),
             "select": (folder / "select").read_text().strip(), **changes}
    return [part for name, value in given.items() if value is not None
            for part in (f"--{name}", value)]


def spki_of(public):
    """PEM of a TPM2B_PUBLIC of one of the vectors, by their fixed layout."""
    area = public[2:]
    size = int.from_bytes(area[8:10], "big")
    rest = area[10 + size + 2:]  # without authPolicy and symmetric (null)
    rest = rest[4:]  # scheme and its hash
    if area[:2] == b"\x00\x01":
        bits, exponent = int.from_bytes(rest[:2], "big"), int.from_bytes(rest[2:6], "big")
        modulus = rest[8:8 + bits // 8]
        key = rsa.RSAPublicNumbers(exponent or 65537, int.from_bytes(modulus, "big")).public_key()
    else:
        curve = {3: ec.SECP256R1(), 4: ec.SECP384R1()}[int.from_bytes(rest[:2], "big")]
        n = int.from_bytes(rest[4:6], "big")
        x, y = rest[6:6 + n], rest[8 + n:8 + 2 * n]
        key = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"),
                                            curve).public_key()
    return key.public_bytes(serialization.Encoding.PEM,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("name", NAMES)
def test_accepts_every_vector(name):
    folder = QUOTES / name
    outcome = verify(*arguments(folder, pcrs=folder / "pcrs"))
    assert outcome.code == 0 and outcome.document["verified"]
    assert outcome.document["key_attributes_known"] is True
    flat = "".join(outcome.document["pcrs"][bank][index] for bank in outcome.document["pcrs"]
                   for index in sorted(outcome.document["pcrs"][bank], key=int))
    assert bytes.fromhex(flat) == (folder / "pcrs").read_bytes()
    text = attestctl("verify", "quote", *arguments(folder, pcrs=folder / "pcrs"))
    assert text.code == 0 and b"NOT VERIFIED" not in text.out


@pytest.mark.parametrize("name", NAMES)
def test_accepts_every_form_of_the_key(name, tmp_path):
    folder = QUOTES / name
    public = (folder / "public").read_bytes()
    (tmp_path / "tpmt").write_bytes(public[2:])
    (tmp_path / "pem").write_bytes(spki_of(public))
    assert verify(*arguments(folder, key=tmp_path / "tpmt")).code == 0
    outcome = verify(*arguments(folder, key=tmp_path / "pem"))
    assert outcome.code == 0 and outcome.document["key_attributes_known"] is False


def test_without_values_gives_none():
    outcome = verify(*arguments(QUOTES / "rsassa"))
    assert outcome.code == 0 and set(outcome.document["pcrs"]["sha256"]) == set()


@pytest.mark.parametrize("name", ["ecdsa-p256", "rsassa"])
@pytest.mark.parametrize("part", ["attest", "signature", "pcrs"])
def test_refuses_a_byte_that_is_changed(name, part, tmp_path):
    folder = QUOTES / name
    whole = (folder / part).read_bytes()
    step = 2 if part == "attest" else 9
    for at in range(0, len(whole), step):
        (tmp_path / part).write_bytes(whole[:at] + bytes([whole[at] ^ 0x01]) + whole[at + 1:])
        changes = {"pcrs": folder / "pcrs", part: tmp_path / part}
        outcome = verify(*arguments(folder, **changes))
        assert outcome.code == 1 and not outcome.document["verified"], at
        assert len(outcome.reasons) == 1 and outcome.reasons[0].startswith("quote."), at


@pytest.mark.parametrize("part", ["attest", "signature", "pcrs"])
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b""])
def test_refuses_another_length(part, change, tmp_path):
    folder = QUOTES / "ecdsa-p256"
    (tmp_path / part).write_bytes(change((folder / part).read_bytes()))
    outcome = verify(*arguments(folder, **{"pcrs": folder / "pcrs", part: tmp_path / part}))
    assert outcome.code == 1 and not outcome.document["verified"]


@pytest.mark.parametrize("changes, reason", [
    ({"qualifying-data": "00"}, "quote.extra-data"),
    ({"qualifying-data": ""}, "quote.extra-data"),
    ({"select": "sha256:0"}, "quote.selection"),
    ({"select": "sha1:0-15"}, "quote.selection"),
    ({"key": QUOTES / "ecdsa-p384/public"}, "quote.algorithm"),
    ({"key": QUOTES / "rsassa/signature"}, "ak.malformed"),
    ({"signature": QUOTES / "rsassa/signature"}, "quote.algorithm"),
    ({"pcrs": QUOTES / "ecdsa-p256-sha384-bank/pcrs"}, "quote.composite"),
    ({"pcrs": "/dev/null"}, "quote.composite")])
def test_says_what_is_wrong(changes, reason):
    outcome = verify(*arguments(QUOTES / "ecdsa-p256", **changes))
    assert outcome.reasons == [reason]


def test_refuses_another_key(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    (tmp_path / "pem").write_bytes(key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    outcome = verify(*arguments(QUOTES / "ecdsa-p256", key=tmp_path / "pem"))
    assert outcome.reasons == ["quote.signature"]


def test_refuses_a_pem_that_is_cut(tmp_path):
    pem = spki_of((QUOTES / "rsassa/public").read_bytes())
    (tmp_path / "pem").write_bytes(pem[:60])
    assert verify(*arguments(QUOTES / "rsassa", key=tmp_path / "pem")).reasons == ["ak.malformed"]


def serialized(select, values):
    """tpm2-tools' PCR file: little-endian C structures."""
    sizes = {"sha1": (0x04, 20), "sha256": (0x0B, 32), "sha384": (0x0C, 48)}
    banks, digests = [], []
    for part in select.split("+"):
        bank, pcrs = part.split(":")
        indices = []
        for item in pcrs.split(","):
            first, _, last = item.partition("-")
            indices += range(int(first), int(last or first) + 1)
        alg, size = sizes[bank]
        mask = sum(1 << i for i in indices)
        banks.append(alg.to_bytes(2, "little") + b"\x03" + mask.to_bytes(4, "little") + b"\0")
        for _ in indices:
            digests.append(values[:size])
            values = values[size:]
    out = len(banks).to_bytes(4, "little") + b"".join(banks).ljust(128, b"\0")
    lists = [digests[i:i + 8] for i in range(0, len(digests), 8)]
    out += len(lists).to_bytes(4, "little")
    for one in lists:
        places = b"".join(len(d).to_bytes(2, "little") + d.ljust(64, b"\0") for d in one)
        out += len(one).to_bytes(4, "little") + places.ljust(8 * 66, b"\0")
    return out


@pytest.mark.parametrize("name", ["rsassa", "rsassa-three-banks", "ecdsa-p256-one-pcr"])
def test_reads_the_serialized_values_of_tpm2_tools(name, tmp_path):
    folder = QUOTES / name
    select = (folder / "select").read_text().strip()
    form = serialized(select, (folder / "pcrs").read_bytes())
    (tmp_path / "pcrs").write_bytes(form)
    assert verify(*arguments(folder, pcrs=tmp_path / "pcrs")).code == 0
    (tmp_path / "pcrs").write_bytes(form[:200] + bytes([form[200] ^ 1]) + form[201:])
    assert verify(*arguments(folder, pcrs=tmp_path / "pcrs")).code in (0, 1)
    (tmp_path / "pcrs").write_bytes(form[:7] + bytes([form[7] ^ 0x40]) + form[8:])
    other = attestctl("verify", "quote", *arguments(folder, pcrs=tmp_path / "pcrs"))
    assert other.code == 2 and b"another selection" in other.err


@pytest.mark.parametrize("changes", [
    {"attest": None}, {"signature": None}, {"key": None}, {"qualifying-data": None},
    {"select": None}, {"qualifying-data": "0"}, {"qualifying-data": "xy"},
    {"qualifying-data": "00" * 300}, {"select": "sha256"}, {"select": "md5:0"},
    {"select": "sha256:24"}, {"select": ""}, {"attest": "/nonexistent"}, {"key": "/"},
    {"log": "/nonexistent"}])
def test_usage_is_2(changes):
    outcome = attestctl("verify", "quote", *arguments(QUOTES / "rsassa", **changes))
    assert outcome.code == 2 and outcome.out == b""
