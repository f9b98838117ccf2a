# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-bundle: RAUC bundles and SWUpdate images, file by file against their manifest."""
import datetime
import hashlib
import json
import os
import pathlib
import struct

import pytest
from conftest import SOURCE, attestctl, check_schema
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

IMAGES = SOURCE / "tests/vectors/images"
NEW = ["--id", "made", "--version", "1"]
UKI, KERNEL, FIT = ((IMAGES / n).read_bytes() for n in ("uki-257.efi", "kernel.efi", "fit.itb"))
ROOTFS = b"a file system image " * 50


def sha(data):
    return hashlib.sha256(data).hexdigest()


def run(path, *arguments):
    return attestctl("reference", "from-bundle", path, *NEW, *arguments, "--json")


def made(path, *arguments):
    outcome = run(path, *arguments)
    assert outcome.code == 0, outcome.err
    check_schema("reference-from", outcome.document)
    return outcome.document


def alone(command, name):
    outcome = attestctl("reference", command, IMAGES / name, *NEW, "--json")
    assert outcome.code == 0, outcome.err
    return [(c["role"], c["pcr"], c["values"][0].get("sha256")) for c in outcome.document["components"]]


def parts(report):
    return [(c["role"], c["pcr"], c["values"][0].get("sha256")) for c in report["components"]]


# ---- who signs ----

def certificate(name, key, issuer=None, issuer_key=None, ca=False, usage=None):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    builder = (x509.CertificateBuilder().subject_name(subject)
               .issuer_name(issuer.subject if issuer else subject).public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=1))
               .add_extension(x509.BasicConstraints(ca, None), critical=True))
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.sign(issuer_key or key, hashes.SHA256())


class Signer:
    def __init__(self, tmp_path, name="signer", usage=None):
        ca_key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = certificate(f"CA of {name}", ca_key, ca=True)
        self.certificate = certificate(name, self.key, ca, ca_key, usage=usage)
        self.keyring = tmp_path / f"{name}.pem"
        self.keyring.write_bytes(ca.public_bytes(serialization.Encoding.PEM))

    def sign(self, data, detached=True):
        options = [pkcs7.PKCS7Options.Binary] + ([pkcs7.PKCS7Options.DetachedSignature] if detached else [])
        return pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(
            self.certificate, self.key, hashes.SHA256()).sign(serialization.Encoding.DER, options)


@pytest.fixture
def signer(tmp_path):
    return Signer(tmp_path)


# ---- RAUC ----

def manifest(files, fmt=None, **changes):
    lines = ["[update]", "compatible=Example GW", "version=2026.11", ""]
    if fmt:
        lines += ["[bundle]", f"format={fmt}", ""]
    for slot, (name, data) in files.items():
        lines += [f"[image.{slot}]", f"sha256={changes.get('sha256', sha(data))}",
                  f"size={changes.get('size', len(data))}", f"filename={name}", ""]
    return "\n".join(lines).encode()


FILES = {"kernel": ("uki-257.efi", UKI), "rootfs": ("rootfs.ext4", ROOTFS),
         "verity": ("rootfs.roothash", b"ab" * 32 + b"\n")}


def folder(tmp_path, files=None, text=None, **changes):
    files = FILES if files is None else files
    path = tmp_path / "bundle"
    path.mkdir()
    for name, data in files.values():
        (path / name).write_bytes(data)
    (path / "manifest.raucm").write_bytes(manifest(files, **changes) if text is None else text)
    return path


def test_an_unpacked_bundle_gives_what_its_images_measure(tmp_path):
    path = folder(tmp_path)
    (path / "hook.sh").write_text("#!/bin/sh\n")
    report = made(path)
    assert parts(report) == alone("from-uki", "uki-257.efi") and report["set"]["platform"] == "pc"
    notes = report["notes"]
    assert "it is not signed: whose word it is, only you know" in notes
    assert f"rootfs.ext4 (rootfs): sha256:{sha(ROOTFS)}, as the manifest states" in notes
    assert f"rootfs.roothash: root hash for the rule verity of a policy: {'ab' * 32}" in notes
    for told in ("[update] compatible=Example GW", "[update] version=2026.11",
                 "rootfs.ext4: no PE image and no FIT: what is in it was not looked at",
                 "hook.sh: a file that the manifest does not name"):
        assert f"not taken over: {told}" in notes


def test_a_fit_in_a_bundle_makes_the_set_one_for_its_platform(tmp_path):
    report = made(folder(tmp_path, {"kernel": ("fit.itb", FIT)}))
    assert parts(report) == alone("from-fit", "fit.itb") and report["set"]["platform"] == "uboot-fit"


def test_a_pe_image_in_a_bundle_is_expected_in_pcr_4(tmp_path):
    report = made(folder(tmp_path, {"boot": ("vmlinuz.efi", KERNEL)}))
    assert parts(report) == [("kernel", 4, alone("from-efi", "kernel.efi")[0][2])]


@pytest.mark.parametrize("changes, told", [
    pytest.param({"sha256": "0" * 64}, "SHA-256 is not the one", id="digest"),
    pytest.param({"size": 7}, "states 7", id="size")])
def test_a_file_that_is_not_what_the_manifest_states_is_refused(tmp_path, changes, told):
    outcome = run(folder(tmp_path, **changes))
    assert outcome.code == 2 and outcome.out == b"" and told in outcome.err.decode()


def test_a_missing_image_is_refused(tmp_path):
    path = folder(tmp_path)
    (path / "rootfs.ext4").unlink()
    outcome = run(path)
    assert outcome.code == 2 and b"rootfs.ext4" in outcome.err


def test_a_bundle_of_nothing_that_boots_is_told_and_refused(tmp_path):
    outcome = run(folder(tmp_path, {"rootfs": ("rootfs.ext4", ROOTFS)}))
    assert outcome.code == 2 and b"nothing in it" in outcome.err and sha(ROOTFS).encode() in outcome.err


def test_a_boot_image_that_is_damaged_is_refused_by_its_name(tmp_path):
    outcome = run(folder(tmp_path, {"kernel": ("bad.efi", UKI[:400])}))
    assert outcome.code == 2 and b"bad.efi: at byte" in outcome.err


GOOD = manifest(FILES).decode()
BAD_MANIFEST = {
    "empty": ("", "names no image"), "no-image": ("[update]\ncompatible=x\n", "names no image"),
    "no-group": ("a=b\n", "line 1"), "no-equal": ("[a]\nb\n", "line 2"),
    "group": ("[a\n", "a group is"), "group-twice": (GOOD + "[image.kernel]\n", "there before"),
    "key-twice": ("[update]\nversion=1\nversion=2\n", "line 3"),
    "no-file": ("[image.a]\nsha256=" + "0" * 64, "without a file name"),
    "sha256": (GOOD.replace("sha256=", "sha256=x"), "64 hex digits"),
    "size": (GOOD.replace("size=", "size=x"), "no number"),
    "format": (GOOD + "[bundle]\nformat=new\n", "format that is not known"),
    "up": (GOOD.replace("=rootfs.ext4", "=../rootfs.ext4"), "no plain name"),
    "absolute": (GOOD.replace("=rootfs.ext4", "=/etc/passwd"), "no plain name"),
    "hidden": (GOOD.replace("=rootfs.ext4", "=.."), "no plain name"),
    "long": ("[a]\nb=" + "x" * 1100, "too long"), "control": ("[a]\nb=\x01\n", "no text"),
    "nul": ("[a]\nb=\0\n", "NUL"),
}


@pytest.mark.parametrize("name", BAD_MANIFEST)
def test_a_bad_manifest_is_refused(name, tmp_path):
    text, why = BAD_MANIFEST[name]
    outcome = run(folder(tmp_path, text=text.encode()))
    assert outcome.code == 2 and why in outcome.err.decode() and outcome.out == b""


def packed(tmp_path, cms, image=b"hsqs" + bytes(4092), name="bundle.raucb"):
    path = tmp_path / name
    path.write_bytes(image + cms + struct.pack(">Q", len(cms)))
    return path


def metadata(data):
    assert len(data) <= 8192
    return struct.pack("<H", len(data) | 0x8000) + data


def squashfs(files, block_size=131072):
    """A squashfs 4.0 with these files in its top folder, nothing compressed, no fragments."""
    blocks, inodes, entries = b"", b"", b""
    for number, (name, data) in enumerate(sorted(files.items()), 2):
        sizes = [len(data[i:i + block_size]) | 1 << 24 for i in range(0, len(data), block_size)]
        entries += struct.pack("<HhHH", len(inodes), number - 1, 2, len(name) - 1) + name.encode()
        inodes += struct.pack("<HHHHII4I", 2, 0o644, 0, 0, 0, number, 96 + len(blocks), 0xFFFFFFFF, 0,
                              len(data)) + struct.pack(f"<{len(sizes)}I", *sizes)
        blocks += data
    listing = struct.pack("<III", len(files) - 1, 0, 1) + entries
    root = len(inodes)
    inodes += struct.pack("<HHHHIIIIHHI", 1, 0o755, 0, 0, 0, 1, 0, 2, len(listing) + 3, 0, 99)
    inode_table = 96 + len(blocks)
    folder_table = inode_table + 2 + len(inodes)
    ids = folder_table + 2 + len(listing)
    end = ids + 6 + 8
    none = 0xFFFFFFFFFFFFFFFF
    head = struct.pack("<IIIIIHHHHHHQQQQQQQQ", 0x73717368, len(files) + 1, 0, block_size, 0, 1, 17, 0x21B, 1,
                       4, 0, root, end, ids + 6, none, inode_table, folder_table, none, none)
    return (head + blocks + metadata(inodes) + metadata(listing) + metadata(struct.pack("<I", 0)) +
            struct.pack("<Q", ids))


def has_squashfs():
    probe = attestctl("reference", "from-bundle", IMAGES / "absent", *NEW)
    assert probe.code == 2
    build = json.loads((pathlib.Path(os.environ["ATTESTD_BUILD_ROOT"]) /
                        "meson-info/intro-dependencies.json").read_text())
    return any(d["name"] == "libsquashfs1" for d in build)


needs_squashfs = pytest.mark.skipif(not has_squashfs(), reason="built without libsquashfs")
BUNDLED = {name: data for name, data in FILES.values()}


@needs_squashfs
def test_a_packed_bundle_is_read_where_it_is(tmp_path, signer):
    image = squashfs(BUNDLED | {"manifest.raucm": manifest(FILES), "hook.sh": b"#!"})
    path = packed(tmp_path, signer.sign(image), image)
    report = made(path, "--keyring", signer.keyring)
    assert parts(report) == alone("from-uki", "uki-257.efi")
    assert not any("your word" in n for n in report["notes"])
    assert "not taken over: hook.sh: a file that the manifest does not name" in report["notes"]
    assert f"rootfs.ext4 (rootfs): sha256:{sha(ROOTFS)}, as the manifest states" in report["notes"]


@needs_squashfs
def test_a_packed_bundle_in_the_verity_format_is_held_against_the_signed_manifest(tmp_path, signer):
    cms = signer.sign(manifest(FILES, "verity"), detached=False)
    report = made(packed(tmp_path, cms, squashfs(BUNDLED) + bytes(4096)), "--keyring", signer.keyring)
    assert parts(report) == alone("from-uki", "uki-257.efi")
    other = squashfs(BUNDLED | {"rootfs.ext4": ROOTFS[:-1] + b"x"})
    outcome = run(packed(tmp_path, cms, other), "--keyring", signer.keyring)
    assert outcome.code == 2 and b"rootfs.ext4: its SHA-256" in outcome.err and outcome.out == b""


@needs_squashfs
@pytest.mark.parametrize("image, told", [
    pytest.param(squashfs({"a": b"x"}), "manifest.raucm is not in it", id="no-manifest"),
    pytest.param(squashfs({"manifest.raucm": manifest(FILES)}), "is not in it", id="no-image"),
    pytest.param(squashfs({"manifest.raucm": b"x" * 300000}), "larger than", id="large"),
    pytest.param(b"hsqs" + bytes(4092), "squashfs", id="zeros"),
    pytest.param(squashfs(BUNDLED)[:-40] + b"\xff" * 40, "squashfs", id="tables"),
    pytest.param(squashfs(BUNDLED).replace(struct.pack("<HHHHIIII", 1, 0o755, 0, 0, 0, 1, 0, 2), b"\xff" * 24),
                 "squashfs", id="root"),
])
def test_a_packed_bundle_that_is_damaged_is_refused(tmp_path, signer, image, told):
    outcome = run(packed(tmp_path, signer.sign(image), image))
    assert outcome.code == 2 and outcome.out == b"" and told in outcome.err.decode()


def test_a_library_for_packed_bundles_that_is_not_there_is_told(tmp_path, signer):
    (tmp_path / "libsquashfs.so.1").write_bytes(b"")
    path = packed(tmp_path, signer.sign(b"hsqs" + bytes(4092)))
    outcome = attestctl("reference", "from-bundle", path, *NEW, LD_LIBRARY_PATH=str(tmp_path))
    assert outcome.code == 2 and b"unsquashfs" in outcome.err and b"--unpacked" in outcome.err


@pytest.mark.parametrize("fmt", ["verity", "crypt"])
def test_a_signed_manifest_counts_and_binds_the_folder(tmp_path, signer, fmt):
    image = (b"hsqs" if fmt == "verity" else b"\xa5" * 4) + bytes(4092)
    path = packed(tmp_path, signer.sign(manifest(FILES, fmt), detached=False), image)
    unpacked = folder(tmp_path, text=b"not read")
    report = made(path, "--unpacked", unpacked, "--keyring", signer.keyring)
    assert any(n.startswith("signed by a certificate") for n in report["notes"])
    assert parts(report) == alone("from-uki", "uki-257.efi")
    assert any("WAS NOT CHECKED" in n for n in made(path, "--unpacked", unpacked)["notes"])
    (unpacked / "rootfs.ext4").write_bytes(ROOTFS + b"x")
    assert run(path, "--unpacked", unpacked, "--keyring", signer.keyring).code == 2


def test_a_file_that_a_signed_manifest_does_not_bind_is_refused(tmp_path, signer):
    text = b"\n".join(l for l in manifest(FILES, "verity").split(b"\n") if sha(ROOTFS).encode() not in l)
    path = packed(tmp_path, signer.sign(text, detached=False), b"hsqs" + bytes(4092))
    unpacked = folder(tmp_path, text=b"not read")
    outcome = run(path, "--unpacked", unpacked, "--keyring", signer.keyring)
    assert outcome.code == 2 and b"rootfs.ext4: the signed manifest states no sha256" in outcome.err
    assert outcome.out == b"" and run(path, "--unpacked", unpacked).code == 0, "nothing was said to be signed"


def test_a_plain_bundle_is_verified_as_it_is_packed(tmp_path, signer):
    image = b"hsqs" + bytes(4092)
    path = packed(tmp_path, signer.sign(image), image)
    unpacked = folder(tmp_path)
    notes = made(path, "--unpacked", unpacked, "--keyring", signer.keyring)["notes"]
    assert any(n.startswith("plain format:") for n in notes)
    changed = packed(tmp_path, signer.sign(image), image[:-1] + b"x", "changed")
    outcome = run(changed, "--unpacked", unpacked, "--keyring", signer.keyring)
    assert outcome.code == 2 and b"does not verify" in outcome.err and outcome.out == b""


def test_another_signer_is_refused(tmp_path, signer):
    path = packed(tmp_path, signer.sign(manifest(FILES, "verity"), detached=False))
    other = Signer(tmp_path, "other")
    outcome = run(path, "--unpacked", folder(tmp_path), "--keyring", other.keyring)
    assert outcome.code == 2 and b"does not verify" in outcome.err


def test_a_certificate_for_another_use_is_refused(tmp_path):
    server = Signer(tmp_path, "server", [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    path = packed(tmp_path, server.sign(manifest(FILES, "verity"), detached=False))
    outcome = run(path, "--unpacked", folder(tmp_path), "--keyring", server.keyring)
    assert outcome.code == 2 and b"does not verify" in outcome.err


def test_a_keyring_wants_a_signature_and_certificates(tmp_path, signer):
    unpacked = folder(tmp_path)
    outcome = run(unpacked, "--keyring", signer.keyring)
    assert outcome.code == 2 and b"not signed" in outcome.err
    path = packed(tmp_path, signer.sign(manifest(FILES, "verity"), detached=False))
    (tmp_path / "none.pem").write_text("")
    for keyring, told in (("none.pem", b"PEM certificates"), ("absent.pem", b"absent.pem")):
        outcome = run(path, "--unpacked", unpacked, "--keyring", tmp_path / keyring)
        assert outcome.code == 2 and told in outcome.err


@pytest.mark.parametrize("cms, told", [
    pytest.param(b"", "no signature", id="none"),
    pytest.param(b"0" * 40, "no CMS", id="no-cms")])
def test_a_packed_bundle_with_a_bad_trailer_is_refused(tmp_path, cms, told):
    outcome = run(packed(tmp_path, cms), "--unpacked", folder(tmp_path))
    assert outcome.code == 2 and told in outcome.err.decode()


def test_a_plain_manifest_in_a_signature_is_refused(tmp_path, signer):
    path = packed(tmp_path, signer.sign(manifest(FILES), detached=False))
    outcome = run(path, "--unpacked", folder(tmp_path), "--keyring", signer.keyring)
    assert outcome.code == 2 and b"plain format" in outcome.err
    assert run(tmp_path / "bundle", "--unpacked", tmp_path / "bundle").code == 2


# ---- SWUpdate ----

def cpio(members, crc=True):
    out = b""
    for i, (name, data, *mode) in enumerate([*members, ("TRAILER!!!", b"")]):
        fields = [i + 1, mode[0] if mode else 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1,
                  sum(data) & 0xFFFFFFFF if crc else 0]
        out += (b"070702" if crc else b"070701") + b"".join(b"%08X" % f for f in fields)
        out += name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out + bytes(-len(out) % 512)


CONFIG = """
/* Example */
software =
{{
    version = "1.0";  # of all
    hardware-compatibility: [ "1.0", "1.2" ];
    stable = {{
        copy-1: {{
            images: (
                {{ filename = "uki-257.efi"; sha256 = "{uki}"; volume = "boot"; }},
                {{ filename = "rootfs.ext4"; sha256 = "{rootfs}"; "device" "x" }}
            );
        }}
    }};
    files: ( {{ filename = "app"; path = "/usr/bin/app"; sha256 = "{app}"; }},
             {{ filename = "more.gz"; path = "/m"; compressed = "zlib"; sha256 = "{more}"; }} );
    scripts: ( {{ filename = "run.sh"; type = "shell" "script"; }} );
    bootenv: ( {{ name = "slot"; value = "b"; }} );
    retries = -3; big = 0x1FL; ratio = 1.5; reboot = TRUE;
}};
""".replace(' "device" "x" ', ' device = "/dev/mmc" "blk0p2"; ')
CONTENT = {"uki-257.efi": UKI, "rootfs.ext4": ROOTFS, "app": b"app", "more.gz": b"packed", "run.sh": b"#!/bin/sh"}


def described(text=CONFIG, **changes):
    values = {"uki": sha(UKI), "rootfs": sha(ROOTFS), "app": sha(b"app"), "more": sha(b"packed")} | changes
    return text.format(**values).encode()


def swu(tmp_path, description=None, content=None, signature=None, crc=True, before=()):
    members = [*before, ("sw-description", described() if description is None else description)]
    if signature is not None:
        members.append(("sw-description.sig", signature))
    members += list((CONTENT if content is None else content).items())
    path = tmp_path / "image.swu"
    path.write_bytes(cpio(members, crc))
    return path


@pytest.mark.parametrize("crc", [True, False], ids=["crc", "newc"])
def test_an_image_in_libconfigs_form_gives_what_it_installs(tmp_path, crc):
    report = made(swu(tmp_path, crc=crc))
    assert parts(report) == alone("from-uki", "uki-257.efi")
    assert report["set"]["files"] == [f"sha256:{sha(b'app')}"]
    notes = report["notes"]
    assert f"uki-257.efi (images): sha256:{sha(UKI)}, as the manifest states" in notes
    assert f"run.sh (scripts): sha256:{sha(CONTENT['run.sh'])}, the manifest states none" in notes
    for told in ("software.version = 1.0", "software.hardware-compatibility", "software.bootenv",
                 "images uki-257.efi.volume = boot", "images rootfs.ext4.device = /dev/mmcblk0p2",
                 "files more.gz.compressed = zlib", "scripts run.sh.type = shellscript",
                 "software.retries = -3", "software.big = 0x1FL", "software.reboot",
                 "more.gz: no PE image and no FIT: what is in it was not looked at"):
        assert f"not taken over: {told}" in notes, told


def test_an_image_in_json_gives_the_same(tmp_path):
    text = json.dumps({"software": {"version": "1", "images": [{"filename": "fit.itb", "sha256": sha(FIT)}],
                                    "copy": {"files": [{"filename": "app"}]}}}).encode()
    report = made(swu(tmp_path, text, {"fit.itb": FIT, "app": b"app", "stray": b"x"}))
    assert parts(report) == alone("from-fit", "fit.itb")
    assert "not taken over: stray: a file that the manifest does not name" in report["notes"]
    assert report["set"]["files"] == [f"sha256:{sha(b'app')}"]


def test_an_images_signature_is_over_its_description(tmp_path, signer):
    all_stated = described(CONFIG.replace('"run.sh";', '"run.sh"; sha256 = "' + sha(b"#!/bin/sh") + '";'))
    path = swu(tmp_path, all_stated, signature=signer.sign(all_stated))
    notes = made(path, "--keyring", signer.keyring)["notes"]
    assert any(n.startswith("signed by a certificate") for n in notes)
    assert any("WAS NOT CHECKED" in n for n in made(path)["notes"])
    outcome = run(swu(tmp_path, signature=signer.sign(described())), "--keyring", signer.keyring)
    assert outcome.code == 2 and b"run.sh: the signed manifest states no sha256" in outcome.err
    for other in (signer.sign(described() + b" "), Signer(tmp_path, "other").sign(described()), b"raw"):
        outcome = run(swu(tmp_path, signature=other), "--keyring", signer.keyring)
        assert outcome.code == 2 and outcome.out == b""
    outcome = run(swu(tmp_path), "--keyring", signer.keyring)
    assert outcome.code == 2 and b"not signed" in outcome.err


@pytest.mark.parametrize("changes, told", [
    pytest.param({"description": described(rootfs="0" * 64)}, "rootfs.ext4: its SHA-256", id="digest"),
    pytest.param({"content": {k: v for k, v in CONTENT.items() if k != "app"}}, "app: the manifest names",
                 id="missing"),
    pytest.param({"before": [("first", b"")]}, "first member", id="first"),
    pytest.param({"description": b""}, "software", id="empty"),
    pytest.param({"description": b"software = { version = 1; };"}, "names no file", id="no-file"),
    pytest.param({"description": b"software = { images = ( { volume = 1 } ) };"}, "filename", id="no-name"),
    pytest.param({"description": b"software = { images = { } };"}, "no list", id="no-list"),
    pytest.param({"description": b'software = { files = ( { filename = "../a" } ) };'}, "plain name", id="up"),
    pytest.param({"description": b'software = { files = ( { filename = "a"; sha256 = 1 } ) };'}, "64 hex",
                 id="sha256"),
    pytest.param({"description": b'@include "x"'}, "@include", id="include"),
    pytest.param({"description": b'{"software": {}, "software": {}}'}, "duplicate", id="json-twice"),
    pytest.param({"description": b"software = { a = 1; a = 2; };"}, "there before", id="twice"),
    pytest.param({"description": b"software = { a = 1;"}, "name is wanted", id="open"),
    pytest.param({"description": b'software = { a = "x'}, "without an end", id="string"),
    pytest.param({"description": b'software = { a = "\\x41" }'}, "escape", id="escape"),
    pytest.param({"description": b"software = { a = [1 2] }"}, "without an end", id="list"),
    pytest.param({"description": b"software = { a = yes }"}, "not known", id="word"),
    pytest.param({"description": b"/* x"}, "comment", id="comment"),
    pytest.param({"description": b"a = " + b"(" * 40}, "too deep", id="deep"),
    pytest.param({"description": b'software = { a = "\xff" }'}, "UTF-8", id="utf-8"),
])
def test_a_bad_image_is_refused(tmp_path, changes, told):
    outcome = run(swu(tmp_path, **changes))
    assert outcome.code == 2 and outcome.out == b"" and told in outcome.err.decode()


def test_a_file_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "twice.swu"
    path.write_bytes(cpio([("sw-description", described()), *CONTENT.items(), ("app", b"app")]))
    outcome = run(path)
    assert outcome.code == 2 and b"twice" in outcome.err


def test_what_is_cut_or_something_else_is_refused(tmp_path):
    whole = swu(tmp_path).read_bytes()
    for data in (b"", b"07070", b"070701", b"hsqs", b"PK\3\4" * 9, whole[:600], whole[:-1600]):
        (tmp_path / "cut").write_bytes(data)
        outcome = run(tmp_path / "cut")
        assert outcome.code == 2 and outcome.out == b"", data[:8]
    assert run(tmp_path / "absent").code == 2
