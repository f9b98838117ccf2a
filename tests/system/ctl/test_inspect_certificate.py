# SPDX-License-Identifier: Apache-2.0
"""attestctl inspect certificate: what it reads, and when a path is one. The PKI is made here."""
import base64
import datetime
import hashlib

import pytest
from conftest import attestctl, inspect
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.utcnow()
TPM_NAMES = {"2.23.133.2.1": "id:49465800", "2.23.133.2.2": "SLB9670", "2.23.133.2.3": "id:0755"}
EK_USAGE = ObjectIdentifier("2.23.133.8.1")


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def usage(**given):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{n: given.get(n, False) for n in names})


class Authority:
    def __init__(self, subject, issuer=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject, issuer = subject, issuer or self
        self.certificate = (
            x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer.subject))
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY).not_valid_after(NOW + 300 * DAY)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), True)
            .sign(issuer.key, hashes.SHA256()))

    def issue(self, key, until=NOW + 200 * DAY, eku=EK_USAGE, tpm=True):
        b = (x509.CertificateBuilder().subject_name(name("")).issuer_name(name(self.subject))
             .public_key(key.public_key()).serial_number(x509.random_serial_number())
             .not_valid_before(NOW - 100 * DAY).not_valid_after(until)
             .add_extension(x509.BasicConstraints(False, None), True))
        rsa_key = isinstance(key, rsa.RSAPrivateKey)
        b = b.add_extension(usage(key_encipherment=rsa_key, key_agreement=not rsa_key), True)
        if eku:
            b = b.add_extension(x509.ExtendedKeyUsage([eku]), False)
        if tpm:
            directory = x509.DirectoryName(x509.Name(
                [x509.NameAttribute(ObjectIdentifier(o), v) for o, v in TPM_NAMES.items()]))
            b = b.add_extension(x509.SubjectAlternativeName([directory]), True)
        return b.sign(self.key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


@pytest.fixture(scope="module")
def pki():
    class Pki:
        root = Authority("root")
        middle = Authority("middle", root)
        key = rsa.generate_private_key(65537, 2048)
        ek = middle.issue(key)
        old = middle.issue(key, until=NOW - DAY)
    return Pki


@pytest.fixture
def folder(pki, tmp_path):
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/root.pem").write_bytes(pem(pki.root.certificate))
    (tmp_path / "both.pem").write_bytes(pem(pki.ek) + pem(pki.middle.certificate))
    (tmp_path / "ek.der").write_bytes(der(pki.ek))
    return tmp_path


def test_reads_what_an_ek_certificate_says(pki, folder):
    outcome = inspect("certificate", folder / "ek.der")
    certificate = outcome.document["certificate"]
    spki = pki.key.public_key().public_bytes(serialization.Encoding.DER,
                                             serialization.PublicFormat.SubjectPublicKeyInfo)
    assert outcome.code == 0 and outcome.document["chain"] is None
    assert certificate["kind"] == "ek" and certificate["valid_now"] is True
    assert certificate["sha256"] == hashlib.sha256(der(pki.ek)).hexdigest()
    assert certificate["key"] == {"algorithm": "RSA", "bits": 2048,
                                  "sha256": hashlib.sha256(spki).hexdigest()}
    assert certificate["tpm"] == {"manufacturer": "IFX", "model": "SLB9670", "version": "id:0755",
                                  "kind": "discrete"}


def test_finds_the_path_through_the_files_other_certificates(folder):
    outcome = inspect("certificate", folder / "both.pem", "--roots", folder / "roots")
    assert outcome.code == 0
    chain = outcome.document["chain"]
    assert chain["standing"] == "verified" and chain["depth"] == 2 and "root" in chain["anchor"]
    text = attestctl("inspect", "certificate", folder / "both.pem", "--roots", folder / "roots")
    assert text.code == 0 and b"path         verified, 2 above it" in text.out


def test_without_the_intermediate_there_is_no_path(folder):
    outcome = inspect("certificate", folder / "ek.der", "--roots", folder / "roots")
    assert outcome.reasons == ["ek.chain"]
    assert outcome.document["chain"]["standing"] == "unverified"


def test_another_root_is_none(folder):
    (folder / "roots/root.pem").write_bytes(pem(Authority("root").certificate))
    assert inspect("certificate", folder / "both.pem", "--roots",
                   folder / "roots").reasons == ["ek.chain"]


def test_an_expired_one_is_refused_by_its_path(pki, folder):
    (folder / "old.pem").write_bytes(pem(pki.old) + pem(pki.middle.certificate))
    assert inspect("certificate", folder / "old.pem").document["certificate"]["valid_now"] is False
    outcome = inspect("certificate", folder / "old.pem", "--roots", folder / "roots")
    assert outcome.reasons == ["ek.dates"]


@pytest.mark.parametrize("change, oddities", [
    (lambda d: d + b"\xff" * 40, ["padding"]),
    (lambda d: b"\x10\x01\x00" + (len(d) + 2).to_bytes(2, "big") + b"\x10\x02" + d, ["header"])])
def test_reads_what_an_nv_index_holds(folder, change, oddities):
    (folder / "nv").write_bytes(change((folder / "ek.der").read_bytes()))
    outcome = inspect("certificate", folder / "nv")
    assert outcome.code == 0 and outcome.document["certificate"]["oddities"] == oddities


@pytest.mark.parametrize("content", [b"", b"\x30\x82\x01\x00", b"no certificate",
                                     b"-----BEGIN CERTIFICATE-----\nAAAA\n", bytes(300 * 1024)],
                         ids=["empty", "short", "text", "cut", "large"])
def test_what_is_no_certificate_is_bad_evidence(folder, content):
    (folder / "bad").write_bytes(content)
    outcome = inspect("certificate", folder / "bad")
    assert outcome.reasons == ["ek.malformed"] and outcome.document["certificate"] is None
    assert attestctl("inspect", "certificate", folder / "bad").code == 1


def test_a_cut_certificate_behind_the_first_is_bad(folder):
    whole = (folder / "both.pem").read_bytes()
    (folder / "cut.pem").write_bytes(whole[:-60])
    assert inspect("certificate", folder / "cut.pem").reasons == ["ek.malformed"]


def test_an_ek_that_may_not_be_one(pki, folder):
    (folder / "ek.pem").write_bytes(pem(pki.middle.issue(pki.key, eku=None)))
    assert inspect("certificate", folder / "ek.pem").reasons == ["ek.usage"]


def test_a_weak_key_is_named(pki, folder):
    weak = rsa.generate_private_key(65537, 1024)
    (folder / "weak.pem").write_bytes(pem(pki.middle.issue(weak)))
    assert "ek.weak" in inspect("certificate", folder / "weak.pem").reasons


def test_roots_that_cannot_be_read_are_2(folder):
    assert attestctl("inspect", "certificate", folder / "ek.der", "--roots", folder / "none").code == 2
    (folder / "empty").mkdir()
    assert attestctl("inspect", "certificate", folder / "ek.der", "--roots", folder / "empty").code == 2
    (folder / "roots/README").write_text("no certificate\n")
    outcome = attestctl("inspect", "certificate", folder / "ek.der", "--roots", folder / "roots")
    assert outcome.code == 2 and b"README" in outcome.err


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def general_names(text):
    return tlv(0x30, tlv(0xA4, name(text).public_bytes()))


def date(when):
    return tlv(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


ECDSA_SHA256 = tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
ECDSA_SHA1 = tlv(0x30, bytes.fromhex("06072a8648ce3d0401"))


def attribute_certificate(authority, until=NOW + DAY, algorithm=ECDSA_SHA256, digest=None):
    """A platform certificate as RFC 5755 has it, for the EK certificate 5 of "maker"."""
    info = tlv(0x30, tlv(0x02, b"\1"),
               tlv(0x30, tlv(0xA0, general_names("maker"), tlv(0x02, b"\5"))),
               tlv(0xA0, general_names(authority.subject)), algorithm, tlv(0x02, b"\7"),
               tlv(0x30, date(NOW - DAY), date(until)), tlv(0x30))
    signature = authority.key.sign(info, ec.ECDSA(digest or hashes.SHA256()))
    return tlv(0x30, info, algorithm, tlv(0x03, b"\0", signature))


def inspect_platform(tmp_path, content, *authorities):
    roots = tmp_path / "roots"
    roots.mkdir(exist_ok=True)
    for authority in authorities:
        (roots / authority.subject).write_bytes(der(authority.certificate))
    (tmp_path / "platform").write_bytes(content)
    return inspect("certificate", tmp_path / "platform", "--roots", roots)


def test_a_platform_certificates_signature_is_verified_with_roots(tmp_path, pki):
    certificate = attribute_certificate(pki.root)
    outcome = inspect_platform(tmp_path, certificate, pki.root)
    assert outcome.code == 0 and outcome.document["certificate"]["kind"] == "platform"
    assert outcome.document["chain"]["standing"] == "verified"
    assert outcome.document["chain"]["anchor"] == "/CN=root"
    assert outcome.document["chain"]["depth"] == 1
    alone = inspect("certificate", tmp_path / "platform")
    assert alone.code == 0 and alone.document["chain"] is None
    text = attestctl("inspect", "certificate", tmp_path / "platform")
    assert b"its signature is not looked at (--roots)" in text.out


def changed(certificate, at=-1):
    content = bytearray(certificate)
    content[at] ^= 1
    return bytes(content)


def test_a_platform_certificate_that_is_not_shown_to_be_its_makers_is_unverified(tmp_path, pki):
    good = attribute_certificate(pki.root)
    serial = good.index(tlv(0x02, b"\7")) + 2
    cases = [
        (changed(good), "ek.chain", "signature"),
        (changed(good, serial), "ek.chain", "signature"),
        (attribute_certificate(Authority("stranger")), "ek.chain", "issuer not known"),
        (attribute_certificate(Authority("root")), "ek.chain", "signature"),
        (attribute_certificate(pki.root, until=NOW - DAY / 2), "ek.dates", "expired"),
        (attribute_certificate(pki.root, algorithm=ECDSA_SHA1, digest=hashes.SHA1()),
         "ek.chain", "signature"),
    ]
    for content, code, what in cases:
        outcome = inspect_platform(tmp_path, content, pki.root)
        assert outcome.code == 1 and outcome.reasons == [code]
        assert outcome.document["reasons"][0]["what"] == what
        assert outcome.document["chain"]["standing"] == "unverified"


def test_a_crl_among_the_roots_is_nobodys_issuer(tmp_path, pki):
    (tmp_path / "roots").mkdir()
    crl = (x509.CertificateRevocationListBuilder().issuer_name(name("root"))
           .last_update(NOW - DAY).next_update(NOW + DAY).sign(pki.root.key, hashes.SHA256()))
    (tmp_path / "roots" / "crl").write_bytes(der(crl))
    outcome = inspect_platform(tmp_path, attribute_certificate(Authority("stranger")), pki.root)
    assert outcome.code == 1 and outcome.document["reasons"][0]["what"] == "issuer not known"


def test_the_path_of_whoever_signed_a_platform_certificate_is_verified(tmp_path, pki):
    """The issuer lies in the file, so it is believed by its own path only."""
    def file_of(authority):
        return (b"-----BEGIN ATTRIBUTE CERTIFICATE-----\n"
                + base64.encodebytes(attribute_certificate(authority))
                + b"-----END ATTRIBUTE CERTIFICATE-----\n" + pem(authority.certificate))
    outcome = inspect_platform(tmp_path, file_of(pki.middle), pki.root)
    assert outcome.code == 0 and outcome.document["chain"]["depth"] == 2
    outcome = inspect_platform(tmp_path, file_of(Authority("stranger")), pki.root)
    assert outcome.code == 1 and outcome.reasons == ["ek.chain"]


@pytest.mark.parametrize("key", ["p521", "ed25519"])
def test_a_key_that_no_quote_is_checked_with_is_unsupported_not_weak(tmp_path, pki, key):
    made = (ec.generate_private_key(ec.SECP521R1()) if key == "p521"
            else ed25519.Ed25519PrivateKey.generate())
    (tmp_path / "ek").write_bytes(der(pki.root.issue(made)))
    outcome = inspect("certificate", tmp_path / "ek")
    assert outcome.code == 1 and outcome.reasons[-1] == "ek.unsupported"
    assert "ek.weak" not in outcome.reasons


def test_a_name_in_another_encoding_is_readable(tmp_path, pki):
    authority = Authority("plain")
    authority.subject = "plain"
    encoded = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "B\u00e9",
                                            _ASN1Type.BMPString)])
    certificate = (
        x509.CertificateBuilder().subject_name(encoded).issuer_name(encoded)
        .public_key(authority.key.public_key()).serial_number(9)
        .not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(authority.key, hashes.SHA256()))
    (tmp_path / "ca").write_bytes(der(certificate))
    subject = inspect("certificate", tmp_path / "ca").document["certificate"]["subject"]
    assert subject == "/CN=B\\xc3\\xa9"
