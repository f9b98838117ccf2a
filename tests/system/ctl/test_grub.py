# SPDX-License-Identifier: Apache-2.0
"""attestctl reference from-grub: what GRUB would measure, over folders as a machine has them. The commands
expected are written out here in the form of recorded logs; scripts/record-boot --references compares with
GRUB itself."""
import hashlib
import json

import pytest
from conftest import BOOTS, attestctl

NEW = ["--id", "made", "--version", "3"]
UUID = "00112233-4455-6677-8899-aabbccddeeff"
FIRST = """search.fs_uuid %s root hd0,gpt2
set prefix=($root)'/boot/grub'
configfile $prefix/grub.cfg
""" % UUID
MENU = r"""# how distributions write it
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="0"
fi
if [ x"${feature_menuentry_id}" = xy ]; then menuentry_id_option="--id"; else menuentry_id_option=""; fi
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
  fi
}
if loadfont unicode ; then
  load_video
fi
menuentry 'A system' --class os $menuentry_id_option 'simple-1' {
	load_video # }
	search --no-floppy --fs-uuid --set=root @ID@
	echo	'Loading "Linux" ...'
	linux	/boot/vmlinuz-1 root=UUID=@ID@ ro "a b" \$x
	initrd	/boot/early /boot/initrd-1
}
submenu 'More' $menuentry_id_option 'more' {
	menuentry 'Older' $menuentry_id_option 'old' {
		linux /boot/vmlinuz-0
	}
	menuentry "Oldest" { linux /boot/vmlinuz-00 ; }
}
if [ -f ${prefix}/custom.cfg -o "$a" = b -a ! -z "$prefix" ]; then
  source ${prefix}/custom.cfg
fi
""".replace("@ID@", UUID)


@pytest.fixture
def machine(tmp_path):
    esp, system = tmp_path / "esp", tmp_path / "system"
    for path, content in {
            esp / "EFI/debian/grub.cfg": FIRST, system / "boot/grub/grub.cfg": MENU,
            system / "boot/grub/grubenv": "# GRUB Environment Block\nnext_entry=\nother=1\n####",
            system / "boot/grub/x86_64-efi/command.lst": "c", system / "boot/grub/x86_64-efi/fs.lst": "f",
            system / "boot/grub/fonts/unicode.pf2": "font", system / "boot/vmlinuz-1": "kernel 1",
            system / "boot/vmlinuz-0": "kernel 0", system / "boot/vmlinuz-00": "kernel 00",
            system / "boot/early": "early", system / "boot/initrd-1": "initrd 1"}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def run(machine, *arguments):
    return attestctl("reference", "from-grub", "--root", f"hd0,gpt1={machine}/esp", "--root",
                     f"hd0,gpt2={machine}/system", "--volume", f"{UUID}=hd0,gpt2", "--json", *NEW, *arguments)


def events(report, pcr):
    return [(c["role"], c["values"][0]["sha256"]) for c in report["components"] if c["pcr"] == pcr]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def block(title):
    begin = MENU.index("{", MENU.index(title))
    end = MENU.index("\n}\n", begin)
    return MENU[begin:end + 2]


LINE = f'/boot/vmlinuz-1 root=UUID={UUID} ro "a b" $x'
COMMANDS = [
    f"search.fs_uuid {UUID} root hd0,gpt2", "set prefix=(hd0,gpt2)/boot/grub",
    "configfile (hd0,gpt2)/boot/grub/grub.cfg", "[ -s (hd0,gpt2)/boot/grub/grubenv ]", "load_env", "[  ]",
    "set default=0", "[ xy = xy ]", "menuentry_id_option=--id", "loadfont unicode", "load_video",
    "[ xy = xy ]", "insmod all_video", "menuentry A system --class os --id simple-1 " + block("'A system'"),
    "submenu More --id more " + block("'More'"),
    "[ -f (hd0,gpt2)/boot/grub/custom.cfg -o  = b -a ! -z (hd0,gpt2)/boot/grub ]",
]
FILES = [("grub-file", FIRST), ("grub-file", "c"), ("grub-file", "f"), ("grub-file", MENU),
         ("grub-file", "# GRUB Environment Block\nnext_entry=\nother=1\n####"),
         ("grub-environment", "# GRUB Environment Block\nnext_entry=\nother=1\n####"), ("grub-font", "font")]


def test_the_default_entry_gives_commands_files_and_command_line(machine):
    outcome = run(machine)
    assert outcome.code == 0, outcome.err
    expected = COMMANDS + [
        "setparams A system", "load_video", "[ xy = xy ]", "insmod all_video",
        f"search --no-floppy --fs-uuid --set=root {UUID}", 'echo Loading "Linux" ...',
        f"linux /boot/vmlinuz-1 root=UUID={UUID} ro a b $x", "initrd /boot/early /boot/initrd-1"]
    commands = events(outcome.document, 8)
    assert [d for r, d in commands if r == "grub-command"] == [digest(c) for c in expected]
    assert [d for r, d in commands if r == "command-line"] == [digest(LINE)]
    assert events(outcome.document, 9) == [(r, digest(t)) for r, t in FILES + [
        ("kernel", "kernel 1"), ("initrd", "early"), ("initrd", "initrd 1")]]
    assert outcome.document["set"]["command_lines"] == [LINE]
    assert len(outcome.document["notes"]) == 2


@pytest.mark.parametrize("entry, kernel", [
    ("A system", "kernel 1"), ("simple-1", "kernel 1"), ("0", "kernel 1"), ("more>old", "kernel 0"),
    ("1>0", "kernel 0"), ("More>Oldest", "kernel 00"), ("1>1", "kernel 00"), ("1", "kernel 0")])
def test_an_entry_is_named_by_title_id_or_number(machine, entry, kernel):
    outcome = run(machine, "--entry", entry)
    assert outcome.code == 0, outcome.err
    assert ("kernel", digest(kernel)) in events(outcome.document, 9)


def test_the_environment_chooses_the_entry(machine):
    (machine / "system/boot/grub/grubenv").write_text("# GRUB Environment Block\nnext_entry=more>old\n")
    assert ("kernel", digest("kernel 0")) in events(run(machine).document, 9)


def test_variables_can_be_set(machine):
    (machine / "esp/EFI/debian/grub.cfg").write_text("if [ $here = yes ]; then linux (hd0,gpt2)/boot/$name\nfi")
    (machine / "system/boot/one").write_text("one")
    outcome = run(machine, "--set", "here=yes", "--set", "name=one")
    assert outcome.code == 0 and ("kernel", digest("one")) in events(outcome.document, 9)


def test_the_script_in_the_image_runs_first(machine):
    (machine / "begin").write_text("if ! [ -e $prefix/other.cfg ]; then source $cmdpath/grub.cfg; fi\n")
    outcome = run(machine, "--begin", machine / "begin")
    assert outcome.code == 0, outcome.err
    assert [d for _, d in events(outcome.document, 8)][:3] == [digest(c) for c in (
        "! [ -e (hd0,gpt1)/EFI/debian/other.cfg ]", "source (hd0,gpt1)/EFI/debian/grub.cfg", COMMANDS[0])]


BAD = {
    "unknown-command": ("chainloader /x", b"line 1", b"is not known: chainloader"),
    "unknown-in-function": ("function f {\n cryptomount x\n}\nf", b"line 2", b"cryptomount"),
    "unknown-search": ("\n\nsearch.fs_uuid 1234 root", b"line 3", b"not named: 1234"),
    "search-file": ("search --file /x", b"line 1", b"search for a file"),
    "unknown-test": ("[ 1 -nt 2 ]", b"line 1", b"test that is not known"),
    "open-quote": ("echo 'a", b"line 1", b"quote that does not end"),
    "open-block": ("menuentry a {", b"line 1", b"block that does not end"),
    "open-if": ("if true; then\n echo", b"", b"fi"),
    "fi-alone": ("fi", b"line 1", b"a word too many: fi"),
    "loop": ("for i in 1 2; do echo; done", b"line 1", b"loops are not run"),
    "endless": ("function f { f; }\nf", b"", b"too deep"),
    "source-itself": ("source $prefix/grub.cfg", b"", b"too deep"),
    "many-words": ("echo " + "a " * 300, b"line 1", b"too many or too long"),
    "growing": ("function f { set a=$a$a$a$a$a$a$a$a; }\nset a=12345678\n" + "f\n" * 40, b"", b"too"),
    "redirect": ("echo a > b", b"line 1", b"have no meaning"),
    "no-kernel": ("set a=b", b"", b"no kernel is booted"),
    "kernel-absent": ("linux /none", b"line 1", b"not there: /none"),
    "relative": ("linux ../x", b"line 1", b"not absolute"),
    "above": ("linux /../../etc/passwd", b"line 1", b"not absolute"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_script_that_cannot_be_followed_is_refused_with_its_line(name, machine):
    text, line, why = BAD[name]
    (machine / "esp/EFI/debian/grub.cfg").write_text(text)
    outcome = run(machine)
    assert outcome.code == 2 and line in outcome.err and why in outcome.err, outcome.err


def test_an_entry_that_is_not_there_is_refused(machine):
    for entry in ("none", "2", "1>2", "1>none"):
        outcome = run(machine, "--entry", entry)
        assert outcome.code == 2 and b"no such menu entry" in outcome.err


@pytest.mark.parametrize("arguments", [[], ["--root", "x"], ["--root", "=x"], ["--root", "x="]], ids=str)
def test_usage_is_2(arguments):
    assert attestctl("reference", "from-grub", *NEW, *arguments).code == 2


def test_a_recorded_log_with_its_scripts_is_given_again(tmp_path):
    """The record `secure`: its grub.cfg is small enough to be written here; kernel and initrd are not, so
    all of PCR 8 and grub.cfg itself in PCR 9 are compared."""
    line = json.loads((attestctl("reference", "from-log", BOOTS / "secure/boot-log", *NEW)).out)
    folder = tmp_path / "EFI/debian"
    folder.mkdir(parents=True)
    command_line = line["command_lines"][0]
    (folder / "grub.cfg").write_text(
        "# gateway release 1\nset default=0\nset timeout=0\nmenuentry 'Gateway' {\n"
        f"    linux {command_line}\n    initrd /initrd.img\n}}\n")
    for name in ("vmlinuz", "initrd.img"):
        (tmp_path / name).write_text(name)
    (tmp_path / "begin").write_text(
        '[ -z "$prefix" -o ! -e "$prefix" ]\n[ -e $prefix/x86_64-efi/grub.cfg ]\n'
        "[ -e $prefix/grub.cfg ]\nsource $prefix/grub.cfg\n")
    outcome = attestctl("reference", "from-grub", "--root", f"hd0,gpt1={tmp_path}", "--begin",
                        tmp_path / "begin", "--json", *NEW)
    assert outcome.code == 0, outcome.err
    recorded = [c["values"][0]["sha256"] for c in line["components"] if c["pcr"] == 8]
    assert [d for _, d in events(outcome.document, 8)] == recorded
    assert events(outcome.document, 9)[0][1] == next(
        c["values"][0]["sha256"] for c in line["components"] if c["pcr"] == 9)
