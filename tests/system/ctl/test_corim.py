# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-corim: values of PCRs become a policy, digests components, the rest notes."""
import hashlib
import json

import cbor2
import pytest
from conftest import SOURCE, attestctl, check_schema
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

VECTORS = SOURCE / "tests/vectors/corim"
NEW = ["--id", "made", "--version", "3"]


def sha(text, name="sha256"):
    return hashlib.new(name, text.encode()).hexdigest()


def run(path, *arguments):
    return attestctl("reference", "from-corim", path, *NEW, *arguments, "--json")


def made(path, *arguments):
    outcome = run(path, *arguments)
    assert outcome.code == 0, outcome.err
    check_schema("reference-from", outcome.document)
    return outcome.document


def vector(name):
    return VECTORS / f"{name}.corim"


def policy(path, tmp_path, *arguments):
    target = tmp_path / "policy.json"
    report = made(path, "--policy", target, *arguments)
    assert json.loads(target.read_text()) == report["policy"]
    assert attestctl("policy", "check", target).code == 0
    return report


def test_integrity_registers_become_a_policys_values(tmp_path):
    report = policy(vector("registers"), tmp_path)
    assert report["policy"] == {
        "type": "policy", "id": "made", "version": 3, "perspective": "owner",
        "select": {"labels": {"vendor": "Example Works", "model": "GW-1"}},
        "quote": {"sha256": [0, 4, 7], "sha384": [0, 4, 7]},
        "pcrs": {"values": {a: {str(n): [sha(f"pcr {n}", a)] for n in (0, 4, 7)}
                            for a in ("sha256", "sha384")}}}
    assert "set" not in report and report["components"] == []


def test_keyed_measurements_carry_pcrs_and_alternatives(tmp_path):
    values = policy(vector("keyed"), tmp_path)["policy"]["pcrs"]["values"]
    assert values["sha256"] == {"0": [sha("pcr 0")], "7": [sha("pcr 7"), sha("pcr 7, newer")]}
    assert values["sha384"] == {n: [sha(f"pcr {n}", "sha384")] for n in ("0", "7")}


def test_other_digests_become_components_of_the_pcr_that_is_named(tmp_path):
    report = made(vector("keyed"), "--pcr", "9")
    assert [(c["role"], c["pcr"], c["values"]) for c in report["set"]["components"]] == [
        ("kernel", 9, [{"sha256": sha("kernel"), "sha384": sha("kernel", "sha384"), "name": "kernel"}]),
        ("initrd", 9, [{"sha256": sha(f"initrd {n}"), "name": "initrd"} for n in "ab"])]
    assert any("3 values of PCRs: --policy" in n for n in report["notes"])
    both = policy(vector("keyed"), tmp_path, "--pcr", "9", "--output", tmp_path / "set.json")
    assert not any("--policy" in n or "--pcr" in n for n in both["notes"])
    assert attestctl("reference", "check", tmp_path / "set.json").code == 0


def test_labels_and_perspective_can_be_given(tmp_path):
    made_policy = policy(vector("registers"), tmp_path, "--label", "site=tokyo", "--perspective",
                         "manufacturer")["policy"]
    assert made_policy["select"] == {"labels": {"site": "tokyo"}}
    assert made_policy["perspective"] == "manufacturer"


def test_environments_are_never_mixed(tmp_path):
    target = tmp_path / "p"
    outcome = run(vector("environments"), "--policy", target)
    assert outcome.code == 2 and b"--environment" in outcome.err and not target.exists()
    assert b"environment 2: vendor Example Works, model GW-2: 1 values of PCRs" in outcome.err
    report = policy(vector("environments"), tmp_path, "--environment", "2")
    assert report["policy"]["select"] == {"labels": {"vendor": "Example Works", "model": "GW-2"}}
    assert report["policy"]["pcrs"]["values"]["sha256"] == {"7": [sha("pcr 7 of the other")]}
    assert any("environment 1 (vendor Example Works, model GW-1): 1 values" in n for n in report["notes"])
    for number in ("0", "3", "x"):
        assert run(vector("environments"), "--policy", target, "--environment", number).code == 2


def test_everything_else_is_told_with_its_place(tmp_path):
    notes = policy(vector("more"), tmp_path)["notes"]
    place = "not taken over: tags[0].reference-triples[0].measurements"
    assert [n for n in notes if n.startswith("not taken over: ")] == [
        "not taken over: id = corim-1", "not taken over: tags[0]: language = en",
        "not taken over: tags[0]: tag-identity", "not taken over: environment 1: class-id",
        "not taken over: environment 1: instance", f"{place}[0]: authorized-by",
        f"{place}[0]: version", f"{place}[0]: svn = 3",
        f"{place}[0]: a digest of algorithm 10, which is not taken", f"{place}[0]: unknown key -1 = x",
        f"{place}[1]: register 16 is no PCR that a rule can name",
        f"{place}[1]: register \"firmware\" is no PCR", "not taken over: tags[0]: attest-key-triples",
        "not taken over: tags[0]: unknown key 99 = 1", "not taken over: tags[0]: unknown key \"own\"",
        "not taken over: tags[1]: a CoSWID (tag 505)",
        "not taken over: profile = https://example.org/profile", "not taken over: rim-validity",
        "not taken over: unknown key 77"]


def test_nothing_to_take_is_a_refusal_that_says_why(tmp_path):
    outcome = run(vector("registers"))
    assert outcome.code == 2 and b"nothing was taken over" in outcome.err
    assert b"3 values of PCRs: --policy" in outcome.err and b"tags[0]: tag-identity" in outcome.err
    outcome = run(write(tmp_path, cbor2.CBORTag(501, {0: "i", 1: []})))
    assert outcome.code == 2 and b"no digest that could be taken" in outcome.err


# ---- signatures ----

def sign(key, alg, payload, header=None, unprotected=None):
    protected = cbor2.dumps({1: alg} if header is None else header)
    size = (key.key_size + 7) // 8
    digest = {256: hashes.SHA256(), 384: hashes.SHA384()}[key.key_size]
    r, s = utils.decode_dss_signature(
        key.sign(cbor2.dumps(["Signature1", protected, b"", payload]), ec.ECDSA(digest)))
    return cbor2.CBORTag(18, [protected, unprotected or {}, payload,
                              r.to_bytes(size, "big") + s.to_bytes(size, "big")])


def write(tmp_path, value, name="made.corim"):
    path = tmp_path / name
    path.write_bytes(value if isinstance(value, bytes) else cbor2.dumps(value))
    return path


def public(tmp_path, key, name="key.pem"):
    path = tmp_path / name
    path.write_bytes(key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    return path


PAYLOAD = vector("registers").read_bytes()


@pytest.mark.parametrize("curve, alg", [
    pytest.param(ec.SECP256R1(), -7, id="es256"), pytest.param(ec.SECP384R1(), -35, id="es384"),
    pytest.param(ec.SECP256R1(), -9, id="esp256"), pytest.param(ec.SECP384R1(), -51, id="esp384")])
def test_a_signature_is_checked_against_the_signer(tmp_path, curve, alg):
    key, other = ec.generate_private_key(curve), ec.generate_private_key(curve)
    path = write(tmp_path, sign(key, alg, PAYLOAD))
    report = policy(path, tmp_path, "--signer", public(tmp_path, key))
    assert any(n.startswith("signed (ES") for n in report["notes"])
    assert len(report["policy"]["pcrs"]["values"]["sha256"]) == 3
    outcome = run(path, "--policy", tmp_path / "none", "--signer", public(tmp_path, other))
    assert outcome.code == 2 and b"not by the key" in outcome.err and not (tmp_path / "none").exists()


def test_eddsa_is_checked_as_well(tmp_path):
    report = policy(vector("signed"), tmp_path, "--signer", VECTORS / "signer.pem")
    assert any(n.startswith("signed (EdDSA)") for n in report["notes"])
    assert "not taken over: signature: protected parameter corim-meta" in report["notes"]
    for at in (-1, 60, -80):
        bad = bytearray(vector("signed").read_bytes())
        bad[at] ^= 1
        outcome = run(write(tmp_path, bytes(bad)), "--policy", tmp_path / "none", "--signer",
                      VECTORS / "signer.pem")
        assert outcome.code == 2 and not (tmp_path / "none").exists()


def test_an_unchecked_signature_is_told(tmp_path):
    assert any("SIGNATURE WAS NOT CHECKED" in n for n in policy(vector("signed"), tmp_path)["notes"])
    assert any(n.startswith("it is not signed") for n in policy(vector("registers"), tmp_path)["notes"])


def test_a_signer_wants_a_signature(tmp_path):
    outcome = run(vector("registers"), "--policy", tmp_path / "p", "--signer", VECTORS / "signer.pem")
    assert outcome.code == 2 and b"not signed" in outcome.err


KEY = ec.generate_private_key(ec.SECP256R1())
HEADERS = {
    "no-alg": ({3: "application/rim+cbor"}, b"algorithm is missing"),
    "alg": ({1: -257}, b"algorithm is missing"),
    "alg-text": ({1: "ES256"}, b"algorithm is missing"),
    "crit": ({1: -7, 2: [99], 99: 1}, b"critical"),
    "hash": ({1: -7, 258: -16}, b"a hash"),
    "array": ([1, -7], b"not the CBOR"),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_cannot_be_followed_is_refused(name, tmp_path):
    header, why = HEADERS[name]
    path = write(tmp_path, sign(KEY, -7, PAYLOAD, header))
    outcome = run(path, "--policy", tmp_path / "p", "--signer", public(tmp_path, KEY))
    assert outcome.code == 2 and why in outcome.err and not (tmp_path / "p").exists()


def test_a_key_in_the_message_is_never_used(tmp_path):
    path = write(tmp_path, sign(KEY, -7, PAYLOAD, unprotected={33: b"certificate"}))
    assert run(path, "--policy", tmp_path / "p", "--signer", VECTORS / "signer.pem").code == 2
    assert "not taken over: signature: unprotected parameter x5chain" in policy(path, tmp_path)["notes"]


# ---- malformed ----

CLASS = {0: {1: "v", 2: "m"}}


def corim(measurement, environment=None):
    comid = {1: {0: "c"}, 4: {0: [[CLASS if environment is None else environment, [measurement]]]}}
    return cbor2.CBORTag(501, {0: "i", 1: [cbor2.CBORTag(506, cbor2.dumps(comid))]})


GOOD = [1, bytes(32)]
BAD = {
    "empty": (b"", "neither tag 501"),
    "tag-500": (cbor2.CBORTag(500, {}), "neither tag 501"),
    "no-map": (cbor2.CBORTag(501, [1]), "not the CBOR"),
    "trailing": (PAYLOAD + b"\0", "trailing"),
    "cut": (PAYLOAD[:-1], "not the CBOR"),
    "indefinite": (b"\xd9\x01\xf5\xbf\x00\x61i\xff", "not the CBOR"),
    "twice": (b"\xd9\x01\xf5\xa2\x00\x61i\x00\x61j", "not the CBOR"),
    "tags": (cbor2.CBORTag(501, {1: [{}]}), "not the CBOR"),
    "comid": (cbor2.CBORTag(501, {1: [cbor2.CBORTag(506, b"")]}), "at byte 10"),
    "comid-map": (cbor2.CBORTag(501, {1: [cbor2.CBORTag(506, {})]}), "not the CBOR"),
    "class": (corim({1: {2: [GOOD]}}, {0: []}), "not the CBOR"),
    "no-value": (corim({0: 1}), "not the CBOR"),
    "key": (corim({0: [1], 1: {2: [GOOD]}}), "not the CBOR"),
    "key-tag": (corim({0: cbor2.CBORTag(38, b"x"), 1: {2: [GOOD]}}), "not the CBOR"),
    "no-digest": (corim({0: 1, 1: {2: []}}), "not the CBOR"),
    "triple-digest": (corim({0: 1, 1: {2: [[1, bytes(32), 0]]}}), "not the CBOR"),
    "short": (corim({0: 1, 1: {2: [[1, bytes(31)]]}}), "size"),
    "long": (corim({0: 1, 1: {14: {1: [[7, bytes(49)]]}}}), "size"),
    "text-digest": (corim({0: 1, 1: {2: [[1, "x" * 32]]}}), "not the CBOR"),
    "many": (corim({0: 1, 1: {2: [GOOD] * 65}}), "more than 64"),
    "signed-what": (sign(KEY, -7, b"\xa0"), "what is signed"),
    "detached": (cbor2.CBORTag(18, [b"\xa1\x01\x26", {}, None, bytes(64)]), "detached"),
    "sign1-three": (cbor2.CBORTag(18, [b"\xa1\x01\x26", {}, PAYLOAD]), "not the CBOR"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_corim_is_refused(name, tmp_path):
    value, why = BAD[name]
    outcome = run(write(tmp_path, value), "--policy", tmp_path / "p")
    assert outcome.code == 2 and outcome.out == b"" and not (tmp_path / "p").exists()
    assert b"made.corim: at byte" in outcome.err and why in outcome.err.decode()


@pytest.mark.parametrize("environment", [
    pytest.param({1: b"x"}, id="no-class"), pytest.param({0: {1: "x" * 64}}, id="long"),
    pytest.param({0: {1: "a\nb"}}, id="control"), pytest.param({0: {2: 5}}, id="number")])
def test_a_class_that_is_no_label_needs_one(environment, tmp_path):
    path = write(tmp_path, corim({0: 1, 1: {2: [GOOD]}}, environment))
    outcome = run(path, "--policy", tmp_path / "p")
    assert outcome.code == 2 and b"use --label" in outcome.err
    assert policy(path, tmp_path, "--label", "a=b")["policy"]["select"] == {"labels": {"a": "b"}}


def test_keys_of_every_form_name_their_digest(tmp_path):
    keys = {"text": ("a b", "a b"), "uuid": (cbor2.CBORTag(37, bytes(16)), "uuid-" + "0" * 32),
            "oid": (cbor2.CBORTag(111, b"\x2a\x03"), "oid-2a03"), "none": (None, "unnamed")}
    for key, role in keys.values():
        measurement = ({} if key is None else {0: key}) | {1: {2: [GOOD]}}
        report = made(write(tmp_path, corim(measurement)), "--pcr", "14")
        assert [(c["role"], c["pcr"]) for c in report["components"]] == [(role, 14)]


def test_a_register_without_rule_is_no_pcr(tmp_path):
    for key in (16, 23, 24, 2**40):
        outcome = run(write(tmp_path, corim({0: key, 1: {2: [GOOD]}})), "--policy", tmp_path / "p")
        assert outcome.code == 2 and b"is no PCR that a rule can name" in outcome.err


def test_the_outer_tags_of_older_drafts_are_read(tmp_path):
    bare = corim({0: "a", 1: {2: [GOOD]}})
    key = ec.generate_private_key(ec.SECP256R1())
    signed = sign(key, -7, cbor2.dumps(bare))
    new = made(write(tmp_path, bare), "--pcr", "4")["set"]
    for older in (cbor2.CBORTag(500, bare), cbor2.CBORTag(502, signed),
                  cbor2.CBORTag(500, cbor2.CBORTag(502, signed))):
        assert made(write(tmp_path, older), "--pcr", "4")["set"] == new
    older = write(tmp_path, cbor2.CBORTag(500, cbor2.CBORTag(502, signed)))
    report = made(older, "--pcr", "4", "--signer", public(tmp_path, key))
    assert any(note.startswith("signed (") for note in report["notes"])
    for wrong in (cbor2.CBORTag(502, cbor2.CBORTag(500, bare)), cbor2.CBORTag(500, cbor2.CBORTag(500, bare))):
        assert run(write(tmp_path, wrong), "--pcr", "4").code == 2
