# SPDX-License-Identifier: Apache-2.0
"""Help, manual and completion agree: each is read, none is trusted to have been kept up by hand."""
import re
import shutil
import subprocess

import pytest
from conftest import PROGRAM, SOURCE, attestctl

MANUAL = SOURCE / "policy/ctl/attestctl.1"
COMPLETION = SOURCE / "policy/ctl/attestctl.bash"


def commands():
    lines = attestctl("--help").out.decode().splitlines()
    words = [line.split()[:2] for line in lines if re.match(r"  [a-z]", line)]
    return [tuple(w for w in pair if re.match(r"[a-z]", w)) for pair in words]


def options_of(*words):
    text = attestctl(*words, "--help").out.decode()
    return {m[1] for m in re.finditer(r"^  (?:-h, )?(--[a-z-]+)", text, re.M)}


def complete(*words):
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
              '_attestctl 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, PROGRAM, *words],
                          stdout=subprocess.PIPE, timeout=60, check=True)
    return set(done.stdout.decode().split("\n")) - {""}


def items():
    """What .It lines of the manual name, as words."""
    for line in MANUAL.read_text().splitlines():
        if line.startswith(".It "):
            yield re.sub(r"\b(It|Cm|Ar|Oo|Oc|Op|Fl)\b|[.,]", " ", line).split()


def test_the_manual_has_every_command():
    named = list(items())
    for group, *verb in commands():
        alone = [group, *verb]
        kind = ["KIND", *verb] if group in ("policy", "reference", "generations", "perspective") else alone
        assert any(n[:len(alone)] in (alone, kind) or (n[:1] == [group] and set(verb) <= set(n))
                   for n in named), alone


def test_the_manual_has_every_option_and_no_other():
    told = {f"--{m}" for m in re.findall(r"Fl -([a-z-]+)", MANUAL.read_text())}
    known = set().union(*(options_of(*c) for c in commands())) | {"--version"}
    assert told == known


def test_the_manual_is_well_formed():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", MANUAL], stdout=subprocess.PIPE, check=False)
    said = [line for line in done.stdout.decode().splitlines()
            if "referenced manual not found" not in line and "trailing delimiter: Ss [" not in line]
    assert said == []


def test_completes_groups_and_verbs():
    groups = {c[0] for c in commands()}
    assert complete("") == groups
    assert complete("dev") == {"device"}
    for group in groups - {c[0] for c in commands() if len(c) == 1}:
        assert complete(group, "") == {c[1] for c in commands() if c[0] == group}


@pytest.mark.parametrize("words", [("simulate",), ("inspect", "ima"), ("verify", "quote"),
                                   ("device", "list"), ("token", "create")])
def test_completes_the_options_that_a_command_reads(words):
    assert complete(*words, "--") == options_of(*words)


def test_completes_values():
    assert complete("device", "list", "--verdict", "tru") == {"trusted"}
    assert "relying-party" in complete("token", "create", "--role", "")
    folder = str(SOURCE / "tests/vectors/boots/secure/")
    assert f"{folder}/boot-log" in complete("inspect", "log", f"{folder}/boot")
    assert f"{folder}/ima" in complete("verify", "quote", "--ima", f"{folder}/ima")
