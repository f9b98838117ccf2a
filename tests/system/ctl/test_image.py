# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-efi and from-uki: digests that other programs gave for the same files, sets
that the verifier takes, and what hostile files get."""
import hashlib
import json
import struct

import pytest
from conftest import BOOTS, SOURCE, attestctl, check_schema

IMAGES = SOURCE / "tests/vectors/images"
EXPECTED = json.loads((IMAGES / "expected.json").read_text())
NEW = ["--id", "made", "--version", "3"]


def made(command, *arguments):
    """reference COMMAND ... --json; the report, being what the schema says."""
    outcome = attestctl("reference", command, *arguments, "--json")
    assert outcome.code == 0, outcome.err
    check_schema("reference-from", outcome.document)
    return outcome.document


def short(component):
    return component["pcr"], component["role"], component["values"][0]["sha256"]


def events(report, pcr):
    return [short(c)[1:] for c in report["components"] if c["pcr"] == pcr]


@pytest.mark.parametrize("name", EXPECTED["authenticode"])
def test_authenticode_digests_are_those_of_other_programs(name):
    value = made("from-efi", IMAGES / name, *NEW)["components"][0]["values"][0]
    assert {a: value[a] for a in ("sha256", "sha384")} == EXPECTED["authenticode"][name]


@pytest.mark.parametrize("name", EXPECTED["pcr11"])
def test_pcr_11_is_that_of_systemd_measure_in_each_phase(name):
    values = made("from-uki", IMAGES / name, *NEW)["pcr_values"]
    assert {v["after"]: {a: v[a] for a in ("sha256", "sha384")} for v in values} == EXPECTED["pcr11"][name]
    assert {v["pcr"] for v in values} == {11}


def test_a_uki_gives_itself_its_kernel_options_and_initrd():
    report = made("from-uki", IMAGES / "uki-252.efi", *NEW)
    authenticode = EXPECTED["authenticode"]
    assert events(report, 4) == [("unified-kernel", authenticode["uki-252.efi"]["sha256"]),
                                 ("kernel", authenticode["kernel.efi"]["sha256"])]
    assert events(report, 9) == [("load-options", EXPECTED["load_options"]), ("initrd", EXPECTED["initrd"])]
    assert [r for r, _ in events(report, 11)] == [
        f"{what}:.{name}" for name in ("linux", "osrel", "cmdline", "initrd") for what in ("text", "section")]
    assert events(report, 12) == [] and report["notes"] == []


def test_a_later_stub_measures_the_sections_that_it_knows():
    roles = [r for r, _ in events(made("from-uki", IMAGES / "uki-257.efi", *NEW), 11) if "section" in r]
    assert roles == [f"section:.{n}" for n in ("linux", "osrel", "cmdline", "initrd", "uname", "sbat")]


def test_given_options_are_in_pcr_12_and_replace_the_command_line():
    report = made("from-uki", IMAGES / "uki-252.efi", "--options", "quiet ö", "--loader",
                  IMAGES / "pe32plus.efi", *NEW)
    digest = hashlib.sha256("quiet ö\0".encode("utf-16le")).hexdigest()
    assert events(report, 12) == [("options", digest)]
    assert [c["count"] for c in report["components"] if c["pcr"] == 12] == [[2, 2]]
    assert events(report, 9)[0] == ("load-options", digest)
    assert [r for r, _ in events(report, 4)] == ["image", "unified-kernel", "kernel"]


def test_an_initrd_that_the_stub_adds_to_is_said_not_to_be_known():
    report = made("from-uki", IMAGES / "uki-252-key.efi", *NEW)
    assert [r for r, _ in events(report, 9)] == ["load-options"]
    assert len(report["notes"]) == 1 and ".pcrpkey" in report["notes"][0]


def test_a_kernel_started_by_the_firmware_measures_its_options():
    values = [c for c in made("from-efi", IMAGES / "kernel.efi", "--options", "a b", *NEW)["components"]
              if c["pcr"] == 9]
    assert [v["sha256"] for v in values[0]["values"]] == [
        hashlib.sha256(t.encode("utf-16le")).hexdigest() for t in ("a b", "a b\0")]


def test_a_set_is_built_file_by_file(tmp_path):
    target = tmp_path / "set"
    first = attestctl("reference", "from-efi", IMAGES / "pe32.efi", "--role", "shim", *NEW, "--generation",
                      "g1", "--bundle", "loader", "--output", target)
    assert first.code == 0 and b"read it before it is put" in first.out and b"PCR  4  shim" in first.out
    made("from-efi", IMAGES / "kernel.efi", "--count", "1-2", "--role", "kernel", "--append", target,
         "--output", target)
    made("from-efi", IMAGES / "pe32plus.efi", "--role", "shim", "--append", target, "--alternative",
         "--version", "4", "--output", target)
    document = json.loads(target.read_text())
    shim, kernel = document["components"]
    assert (document["id"], document["version"], document["generation"]) == ("made", 4, "g1")
    assert (shim["bundle"], len(shim["values"]), "count" in shim) == ("loader", 2, False)
    assert (kernel["role"], kernel["count"]) == ("kernel", [1, 2])
    assert attestctl("reference", "check", target).code == 0
    made("from-efi", IMAGES / "pe32plus.efi", "--role", "shim", "--append", target, "--alternative",
         "--output", target)
    assert len(json.loads(target.read_text())["components"][0]["values"]) == 2


def test_an_alternative_of_nothing_is_refused(tmp_path):
    made("from-efi", IMAGES / "pe32.efi", "--role", "shim", *NEW, "--output", tmp_path / "set")
    outcome = attestctl("reference", "from-efi", IMAGES / "pe32.efi", "--role", "grub", "--append",
                        tmp_path / "set", "--alternative")
    assert outcome.code == 2 and b"no component grub in PCR 4" in outcome.err


@pytest.mark.parametrize("arguments", [
    [], ["--id", "x"], ["--version", "1"], [*NEW, "--count", "0"], [*NEW, "--count", "3-2"],
    [*NEW, "--count", "65"], [*NEW, "--count", "1-"], [*NEW, "--pcr", "24"], [*NEW, "--pcr", "10"],
    [*NEW, "--alternative"], [*NEW, "--platform", "mainframe"], ["--append", "/nonexistent"],
    [*NEW, "--role", "a", "--role", "b"], [*NEW, "--output", "/nonexistent/x"], [*NEW, "--role", ""],
    ["--append", str(BOOTS / "plain/pcrs.json")]], ids=str)
def test_usage_is_2_and_nothing_is_printed(arguments):
    outcome = attestctl("reference", "from-efi", IMAGES / "pe32.efi", *arguments)
    assert outcome.code == 2 and outcome.out == b"" and outcome.err.startswith(b"attestctl: ")


# ---- hostile files ----

PE = 0x40
OPTIONAL = PE + 24
TABLE = OPTIONAL + 240


def patched(at, form, value, name="pe32plus.efi"):
    data = bytearray((IMAGES / name).read_bytes())
    struct.pack_into(form, data, at, value)
    return bytes(data)


PLAIN = (IMAGES / "pe32plus.efi").read_bytes()
HOSTILE = {
    "empty": (b"", b"not a PE image"),
    "no-image": (b"\x7fELF" + bytes(100), b"not a PE image"),
    "header-beyond": (patched(0x3C, "<I", 0xFFFFFFF0), b"not a PE image"),
    "coff-cut": (PLAIN[:PE + 10], b"ends in the COFF header"),
    "sections-97": (patched(PE + 6, "<H", 97), b"97 sections; at most 96"),
    "sections-96": (patched(PE + 6, "<H", 96), b"section table"),
    "optional-cut": (PLAIN[:OPTIONAL + 20], b"ends in the optional header"),
    "optional-small": (patched(PE + 20, "<H", 20), b"do not fit into the optional header"),
    "magic": (patched(OPTIONAL, "<H", 0x107), b"optional header of type 0x107"),
    "directories-17": (patched(OPTIONAL + 108, "<I", 17), b"data directories"),
    "directories-huge": (patched(OPTIONAL + 108, "<I", 0xFFFFFFFF), b"data directories"),
    "headers-none": (patched(OPTIONAL + 60, "<I", 0), b"size of the headers"),
    "headers-huge": (patched(OPTIONAL + 60, "<I", 0xFFFFFFFF), b"size of the headers"),
    "section-over-headers": (patched(TABLE + 20, "<I", 0x40), b"section .text overlaps"),
    "section-over-section": (patched(TABLE + 40 + 20, "<I", 0x400), b"section .data overlaps"),
    "section-beyond": (patched(TABLE + 40 + 16, "<I", 0xFFFFFFFF), b"section"),
    "certificates-beyond": (patched(OPTIONAL + 112 + 36, "<I", 8), b"certificate table does not end"),
    "certificates-wrap": (patched(OPTIONAL + 112 + 36, "<I", 0xFFFFFFFF), b"certificate table"),
    "behind-certificates": ((IMAGES / "pe32plus-signed.efi").read_bytes() + b"x", b"certificate table"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_image_is_refused_with_where_and_why(name, tmp_path):
    data, why = HOSTILE[name]
    (tmp_path / "bad").write_bytes(data)
    outcome = attestctl("reference", "from-efi", tmp_path / "bad", *NEW, "--output", tmp_path / "set")
    assert outcome.code == 2 and why in outcome.err and b"bad: at byte " in outcome.err
    assert not (tmp_path / "set").exists()


def test_every_prefix_of_an_image_is_refused(tmp_path):
    data = (IMAGES / "pe32.efi").read_bytes()
    for size in [*range(0, 0x200, 37), 0x3FF, 0x400, len(data) - 1]:
        (tmp_path / "bad").write_bytes(data[:size])
        assert attestctl("reference", "from-efi", tmp_path / "bad", *NEW).code == 2, size


def renamed(old, new, name="uki-252.efi"):
    return (IMAGES / name).read_bytes().replace(old.ljust(8, b"\0"), new.ljust(8, b"\0"), 1)


UKI = (IMAGES / "uki-252.efi").read_bytes()
BAD_UKI = {
    "no-kernel": (renamed(b".linux", b".other"), b"no section .linux"),
    "no-stub": (renamed(b".sdmagic", b".other"), b"names no systemd-stub"),
    "old-stub": (UKI.replace(b"systemd-stub 252", b"systemd-stub 251"), b"names no systemd-stub"),
    "two-initrds": (renamed(b".uname", b".initrd"), b"two sections .initrd"),
    "profile": (renamed(b".uname", b".profile"), b"section .profile: what is measured is chosen"),
    "dtbauto": (renamed(b".uname", b".dtbauto"), b"section .dtbauto"),
    "larger-in-memory": (UKI.replace(b".osrel\0\0" + struct.pack("<I", 26),
                                     b".osrel\0\0" + struct.pack("<I", 0x4000)),
                         b"section .osrel is larger in memory"),
    "kernel-no-pe": (UKI.replace(b"MZ", b"mz").replace(b"mz", b"MZ", 1), b"not a PE image"),
    "options-no-utf8": (UKI.replace(b"root=/dev", b"root=\xff\xfe\xfd\xfc"), b"not UTF-8"),
}


@pytest.mark.parametrize("name", BAD_UKI)
def test_a_bad_uki_is_refused_with_why(name, tmp_path):
    data, why = BAD_UKI[name]
    assert data != UKI
    (tmp_path / "bad").write_bytes(data)
    outcome = attestctl("reference", "from-uki", tmp_path / "bad", *NEW)
    assert outcome.code == 2 and why in outcome.err and outcome.out == b""


def test_the_stub_can_be_said_where_the_image_does_not(tmp_path):
    (tmp_path / "uki").write_bytes(renamed(b".sdmagic", b".other"))
    report = made("from-uki", tmp_path / "uki", "--stub-version", "253", *NEW)
    assert "section:.uname" in [r for r, _ in events(report, 11)]


def test_options_that_stubs_clean_differently_have_both_values(tmp_path):
    (tmp_path / "uki").write_bytes(UKI.replace(b"ro quiet", b"ro qui\n "))
    values = made("from-uki", tmp_path / "uki", *NEW)["components"]
    values = next(c for c in values if c["role"] == "load-options")["values"]
    assert [v["sha256"] for v in values] == [
        hashlib.sha256((t + "\0").encode("utf-16le")).hexdigest()
        for t in ("root=/dev/vda1 ro qui\n ", "root=/dev/vda1 ro qui")]


# ---- U-Boot ----

ARGUMENTS = "console=ttyS0,115200 root=/dev/mmcblk0p2"
NOTHING = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("name", EXPECTED["fit"])
def test_a_fit_gives_kernel_and_ramdisk_as_they_are_stored(name):
    report = made("from-fit", IMAGES / name, "--bootargs", ARGUMENTS, *NEW)
    assert dict(events(report, 8) + events(report, 9)) == EXPECTED["fit"][name]
    assert events(report, 1) == [("boot-arguments",
                                  hashlib.sha256(ARGUMENTS.encode() + b"\0").hexdigest())]
    assert report["set"]["platform"] == "uboot-fit" and report["set"]["command_lines"] == [ARGUMENTS]
    assert len(report["notes"]) == 1 and "device tree" in report["notes"][0]


def test_a_fit_configuration_without_ramdisk_measures_nothing_as_one():
    report = made("from-fit", IMAGES / "fit.itb", "--configuration", "conf-2", *NEW)
    assert events(report, 9) == [("initrd", NOTHING)] and report["notes"] == []


def test_boot_arguments_alone():
    report = made("from-bootargs", "root={x} quiet", *NEW)
    assert events(report, 1)[0][1] == hashlib.sha256(b"root={x} quiet\0").hexdigest()
    assert report["set"]["command_lines"] == ["root={{x} quiet"]
    assert attestctl("reference", "from-bootargs", "a\nb", *NEW).code == 2


FIT = (IMAGES / "fit.itb").read_bytes()
EXTERNAL = (IMAGES / "fit-external.itb").read_bytes()
BAD_FIT = {
    "empty": (b"", b"not a device tree blob", []),
    "cut": (FIT[:-100], b"not a device tree blob", []),
    "size-beyond": (FIT[:4] + b"\x7f\xff\xff\xff" + FIT[8:], b"not a device tree blob", []),
    "struct-beyond": (FIT[:8] + b"\xff\xff\xff\xf0" + FIT[12:], b"not a device tree blob", []),
    "tree-damaged": (FIT[:0x38] + b"\xff" * 16 + FIT[0x48:], b"damaged", []),
    "property-leads-back": (FIT[:0x44] + b"\xff\xff\xff\xf4" + FIT[0x48:], b"damaged", []),
    "data-changed": (FIT.replace(b"a kernel as", b"a kernal as", 1), b"a hash is not that", []),
    "external-cut": (EXTERNAL[:-600], b"lies outside the file", []),
    "no-configuration": (FIT, b"no such configuration", ["--configuration", "conf-0"]),
    "no-image": (FIT, b"names an image that is not there", ["--configuration", "conf-4"]),
    "packed-ramdisk": (FIT, b"unpacks the ramdisk", ["--configuration", "conf-3"]),
    "no-fit": (FIT.replace(b"configurations", b"konfigurations"), b"not a FIT", []),
}


@pytest.mark.parametrize("name", BAD_FIT)
def test_a_bad_fit_is_refused_with_why(name, tmp_path):
    data, why, options = BAD_FIT[name]
    (tmp_path / "bad").write_bytes(data)
    outcome = attestctl("reference", "from-fit", tmp_path / "bad", *options, *NEW)
    assert outcome.code == 2 and why in outcome.err and outcome.out == b""


# ---- files ----

FILES = [f"sha256:{d}" for d in EXPECTED["deb"]]


@pytest.mark.parametrize("packing", ["xz", "gzip", "zstd", "none"])
def test_a_package_gives_the_digests_of_its_files(packing):
    report = made("from-deb", IMAGES / f"test-{packing}.deb", *NEW)
    assert report["set"]["files"] == FILES and report["files"] == 3 and report["components"] == []


def test_a_package_gives_its_boot_images_when_asked():
    report = made("from-deb", IMAGES / "test-xz.deb", "--images", *NEW)
    assert [short(c) for c in report["components"]] == [
        (4, "kernel", EXPECTED["authenticode"]["kernel.efi"]["sha256"])]


def test_a_checksum_list_gives_its_digests_once(tmp_path):
    target = tmp_path / "set"
    made("from-sums", IMAGES / "SHA256", IMAGES / "SHA256", *NEW, "--output", target)
    made("from-deb", IMAGES / "test-xz.deb", "--append", target, "--output", target)
    assert json.loads(target.read_text())["files"] == FILES


LISTS = {
    "empty": (b"", b"empty list"), "blank": (b"\n", b"at line 1"),
    "no-name": (b"0" * 64 + b"\n", b"no digest and name"),
    "md5": (b"0" * 32 + b"  a\n", b"a digest of 32 digits"),
    "second-line": (b"0" * 64 + b"  a\nx\n", b"at line 2"),
    "tag-size": (b"SHA256 (a) = " + b"0" * 63 + b"\n", b"no digest and name"),
    "tag-hex": (b"SHA256 (a) = " + b"x" * 64 + b"\n", b"not hexadecimal"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_bad_list_is_refused_by_line(name, tmp_path):
    (tmp_path / "bad").write_bytes(LISTS[name][0])
    outcome = attestctl("reference", "from-sums", tmp_path / "bad", *NEW)
    assert outcome.code == 2 and LISTS[name][1] in outcome.err


def test_every_form_of_a_list_is_read(tmp_path):
    digests = {"sha1": "1" * 40, "sha256": "2" * 64, "sha384": "3" * 96, "sha512": "4" * 128}
    (tmp_path / "list").write_text(
        f"{digests['sha1']}  a\n\\{digests['sha256']} *a\\nb\nSHA384 (a) b) = {digests['sha384']}\n"
        f"{digests['sha512'].upper()}  b")
    assert made("from-sums", tmp_path / "list", *NEW)["set"]["files"] == [
        f"{a}:{d}" for a, d in sorted(digests.items())]


def test_folders_are_walked_and_links_are_not_followed(tmp_path):
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/deep/a").write_bytes(b"a")
    (tmp_path / "in/b").write_bytes(b"b")
    (tmp_path / "out").write_bytes(b"out")
    (tmp_path / "in/link").symlink_to("../out")
    report = made("from-files", tmp_path / "in", "--hash", "sha256", "--hash", "sha512", *NEW)
    assert report["set"]["files"] == sorted(
        f"{a}:{hashlib.new(a, t).hexdigest()}" for t in (b"a", b"b") for a in ("sha256", "sha512"))
    (tmp_path / "none").mkdir()
    assert attestctl("reference", "from-files", tmp_path / "none", *NEW).code == 2
    assert attestctl("reference", "from-files", tmp_path / "absent", *NEW).code == 2
    assert attestctl("reference", "from-files", tmp_path / "in", "--hash", "md5", *NEW).code == 2


def test_a_file_can_be_a_component(tmp_path):
    (tmp_path / "grub.cfg").write_bytes(b"set timeout=0\n")
    report = made("from-files", tmp_path / "grub.cfg", "--pcr", "9", *NEW)
    assert [short(c) for c in report["components"]] == [
        (9, "grub.cfg", hashlib.sha256(b"set timeout=0\n").hexdigest())]
    assert "files" not in report["set"]


def changed(at, data, name="test-none.deb"):
    good = bytearray((IMAGES / name).read_bytes())
    good[at:at + len(data)] = data
    return bytes(good)


BAD_DEB = {
    "empty": b"", "no-ar": b"MZ" * 100, "other-version": changed(68, b"3.0\n"),
    "cut": (IMAGES / "test-none.deb").read_bytes()[:700],
    "xz-damaged": changed(700, b"\xff" * 64, "test-xz.deb"),
    "no-data": (IMAGES / "test-none.deb").read_bytes().replace(b"data.tar", b"atad.tar", 1),
}


@pytest.mark.parametrize("name", BAD_DEB)
def test_a_bad_package_is_refused(name, tmp_path):
    (tmp_path / "bad").write_bytes(BAD_DEB[name])
    outcome = attestctl("reference", "from-deb", tmp_path / "bad", *NEW)
    assert outcome.code == 2 and b"deb(5)" in outcome.err and outcome.out == b""
