# SPDX-License-Identifier: Apache-2.0
"""attestctl verify quote with logs: what a quote over a recorded boot's PCRs proves of its logs, with
the values given or found. The quotes are signed here, by a key of the test."""
import hashlib
import json

import pytest
from conftest import BOOTS, verify
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ALGORITHMS = {"sha1": 0x04, "sha256": 0x0B, "sha384": 0x0C}
KEY = ec.generate_private_key(ec.SECP256R1())
NONCE = bytes(range(20))


def sized(data):
    return len(data).to_bytes(2, "big") + data


def make_quote(folder, boot, banks=("sha256",), pcrs=range(16), changes=None):
    """Files of a quote over the recorded values; the arguments that name them."""
    said = json.loads((BOOTS / boot / "pcrs.json").read_text())
    mask = sum(1 << i for i in pcrs).to_bytes(3, "little")
    selection = len(banks).to_bytes(4, "big") + b"".join(
        ALGORITHMS[b].to_bytes(2, "big") + b"\x03" + mask for b in banks)
    values = b"".join(bytes.fromhex((changes or {}).get((b, i)) or said[b][str(i)])
                      for b in banks for i in pcrs)
    attest = (b"\xffTCG\x80\x18" + sized(b"") + sized(NONCE) + (1000).to_bytes(8, "big")
              + (3).to_bytes(4, "big") + (1).to_bytes(4, "big") + b"\x01" + bytes(8) + selection
              + sized(hashlib.sha256(values).digest()))
    r, s = utils.decode_dss_signature(KEY.sign(attest, ec.ECDSA(hashes.SHA256())))
    (folder / "attest").write_bytes(attest)
    (folder / "signature").write_bytes(b"\x00\x18\x00\x0b" + sized(r.to_bytes(32, "big"))
                                       + sized(s.to_bytes(32, "big")))
    (folder / "key").write_bytes(KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    (folder / "pcrs").write_bytes(values)
    listed = ",".join(map(str, pcrs))
    return ["--attest", folder / "attest", "--signature", folder / "signature", "--key",
            folder / "key", "--qualifying-data", NONCE.hex(), "--select",
            "+".join(f"{b}:{listed}" for b in banks)]


def logs_of(boot):
    return ["--log", BOOTS / boot / "boot-log", "--ima", BOOTS / boot / "ima"]


@pytest.mark.parametrize("boot", ["plain", "secure", "uki"])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("banks", [("sha256",), ("sha1", "sha256", "sha384")])
def test_proves_a_recorded_boot(tmp_path, boot, given, banks):
    quote = make_quote(tmp_path, boot, banks)
    values = ["--pcrs", tmp_path / "pcrs"] if given else []
    outcome = verify(*quote, *values, *logs_of(boot))
    assert outcome.reasons == [] and outcome.document["verified"]
    assert set(outcome.document["replay"]["pcrs"].values()) == {"proven", "reset"}
    assert outcome.document["pcrs_from_logs"] is not given
    said = json.loads((BOOTS / boot / "pcrs.json").read_text())
    for bank in banks:
        for index, value in outcome.document["pcrs"][bank].items():
            assert value == said[bank][index]


def test_a_list_may_be_longer_than_the_quote(tmp_path):
    quote = make_quote(tmp_path, "plain")
    more = (BOOTS / "plain/ima").read_bytes() + (BOOTS / "secure/ima").read_bytes()
    (tmp_path / "ima").write_bytes(more)
    for values in (["--pcrs", tmp_path / "pcrs"], []):
        outcome = verify(*quote, *values, "--log", BOOTS / "plain/boot-log", "--ima",
                         tmp_path / "ima")
        assert outcome.reasons == []
        assert outcome.document["replay"]["ima_unattested"] > 10


@pytest.mark.parametrize("boot", ["plain", "secure"])
@pytest.mark.parametrize("given", [True, False])
def test_an_ascii_list_proves_as_much_as_a_binary_one(tmp_path, boot, given):
    quote = make_quote(tmp_path, boot, ("sha256", "sha384"))
    quote += ["--pcrs", tmp_path / "pcrs"] if given else []
    log = ["--log", BOOTS / boot / "boot-log", "--ima"]
    outcome = verify(*quote, *log, BOOTS / boot / "ima.ascii")
    assert outcome.reasons == []
    assert outcome.document == verify(*quote, *log, BOOTS / boot / "ima").document


def test_an_ascii_list_is_named_where_it_breaks_off(tmp_path):
    quote = make_quote(tmp_path, "plain")
    text = (BOOTS / "plain/ima.ascii").read_bytes()
    (tmp_path / "ima").write_bytes(text + b"10 no line\n")
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", "--log", BOOTS / "plain/boot-log",
                     "--ima", tmp_path / "ima")
    assert outcome.reasons == ["ima.malformed"]
    assert outcome.document["reasons"][0]["event"] == text.count(b"\n")
    assert outcome.document["replay"]["pcrs"]["10"] == "proven"


def test_an_ascii_list_of_too_many_entries_is_one(tmp_path):
    quote = make_quote(tmp_path, "plain")
    (tmp_path / "ima").write_bytes(b"10 " + b"12" * 20 + b" n-ng /a\n")
    short = verify(*quote, "--pcrs", tmp_path / "pcrs", "--ima", tmp_path / "ima")
    assert "log.limit" not in short.reasons
    (tmp_path / "ima").write_bytes((tmp_path / "ima").read_bytes() * 200001)
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", "--ima", tmp_path / "ima")
    assert "log.limit" in outcome.reasons and outcome.document["verified"]


@pytest.mark.parametrize("phases", [["enter-initrd"], ["enter-initrd", "leave-initrd", "sysinit"],
                                    ["sysinit", "ready"]])
def test_finds_the_boot_phases_that_no_log_has(tmp_path, phases):
    value = bytes.fromhex(json.loads((BOOTS / "uki/pcrs.json").read_text())["sha256"]["11"])
    for phase in phases:
        value = hashlib.sha256(value + hashlib.sha256(phase.encode()).digest()).digest()
    quote = make_quote(tmp_path, "uki", changes={("sha256", 11): value.hex()})
    outcome = verify(*quote, *logs_of("uki"))
    assert outcome.reasons == [] and outcome.document["pcrs"]["sha256"]["11"] == value.hex()
    assert [f["found"] for f in outcome.document["facts"] if f["code"] == "boot.phase"] == [phases[-1]]


def test_names_the_pcr_that_the_log_does_not_give(tmp_path):
    quote = make_quote(tmp_path, "secure")
    log = ["--log", BOOTS / "secure-other-kernel/boot-log", "--ima", BOOTS / "secure/ima"]
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", *log)
    assert outcome.document["verified"]
    wrong = {r["pcr"] for r in outcome.document["reasons"] if r["code"] == "log.pcr-mismatch"}
    assert 4 in wrong and 0 not in wrong
    assert outcome.document["replay"]["pcrs"]["4"] == "mismatch"


def test_says_so_when_no_values_fit(tmp_path):
    quote = make_quote(tmp_path, "secure")
    outcome = verify(*quote, "--log", BOOTS / "plain/boot-log")
    assert outcome.reasons == ["log.pcr-mismatch"] and outcome.document["pcrs"] == {"sha256": {}}


def test_a_log_that_is_missing_is_a_reason(tmp_path):
    quote = make_quote(tmp_path, "plain")
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", "--ima", BOOTS / "plain/ima")
    assert "log.missing" in outcome.reasons


def test_only_the_firmware_needs_no_ima(tmp_path):
    quote = make_quote(tmp_path, "plain", pcrs=range(8))
    outcome = verify(*quote, "--log", BOOTS / "plain/boot-log")
    assert outcome.reasons == [] and outcome.document["replay"]["ima_entries"] == 0


def userspace_log(path, phases):
    """systemd's log of these phases."""
    records = [{"pcr": 11, "content_type": "systemd",
                "digests": [{"hashAlg": "sha256", "digest": hashlib.sha256(p.encode()).hexdigest()}],
                "content": {"string": p, "eventType": "phase"}} for p in phases]
    path.write_bytes(b"".join(b"\x1e" + json.dumps(r).encode() + b"\n" for r in records))
    return ["--userspace", path]


PHASES = ["enter-initrd", "leave-initrd", "sysinit", "ready"]


@pytest.mark.parametrize("logged, reasons, what", [
    (PHASES, [], None), (PHASES[:2] + PHASES[3:], ["log.record-missing"], "sysinit"),
    (PHASES[:1] + PHASES[3:], ["log.pcr-mismatch"], "")], ids=["whole", "one-less", "two-less"])
def test_the_userspace_log_is_replayed_after_the_boot_log(tmp_path, logged, reasons, what):
    value = bytes.fromhex(json.loads((BOOTS / "uki/pcrs.json").read_text())["sha256"]["11"])
    for phase in PHASES:
        value = hashlib.sha256(value + hashlib.sha256(phase.encode()).digest()).digest()
    quote = make_quote(tmp_path, "uki", changes={("sha256", 11): value.hex()})
    log = userspace_log(tmp_path / "tpm2-measure.log", logged)
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", *logs_of("uki"), *log)
    assert outcome.reasons == reasons
    assert [r["what"] or "" for r in outcome.document["reasons"]] == [what] * len(reasons)
    log[1].chmod(0o1644)
    outcome = verify(*quote, "--pcrs", tmp_path / "pcrs", *logs_of("uki"), *log)
    assert sorted(outcome.reasons) == sorted([*reasons, "log.incomplete"])
