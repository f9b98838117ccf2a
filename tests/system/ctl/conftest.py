# SPDX-License-Identifier: Apache-2.0
"""What the tests of attestctl share: the program run bounded in time, its documents held against their
published schemas, and where vectors and the corpus are."""
import json
import os
import pathlib
import subprocess

import pytest

try:
    import jsonschema
except ImportError:
    jsonschema = None

SOURCE = pathlib.Path(os.environ["ATTESTD_SOURCE_ROOT"])
PROGRAM = pathlib.Path(os.environ["ATTESTD_BUILD_ROOT"]) / "policy/ctl/attestctl"
CORPUS = pathlib.Path(os.environ["ATTESTD_CORPUS"])
BOOTS = SOURCE / "tests/vectors/boots"
QUOTES = SOURCE / "tests/vectors/quotes"


class Outcome:
    def __init__(self, process):
        self.code, self.out, self.err = process.returncode, process.stdout, process.stderr

    @property
    def document(self):
        return json.loads(self.out)

    @property
    def reasons(self):
        return [r["code"] for r in self.document["reasons"]]


def attestctl(*arguments, stdin=b"", stdout=subprocess.PIPE, **environment):
    """Run it; whatever it is given it must end by itself, and never by a signal."""
    process = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, stdout=stdout,
                             stderr=subprocess.PIPE, timeout=60, check=False,
                             env=os.environ | environment)
    assert process.returncode >= 0, f"ended by signal {-process.returncode}: {process.stderr}"
    return Outcome(process)


def inspect(what, *arguments, **options):
    """inspect WHAT ... --json, its document being what the schema says."""
    outcome = attestctl("inspect", what, *arguments, "--json", **options)
    assert outcome.code in (0, 1), outcome.err
    check_schema(f"inspect-{what}", outcome.document)
    check_code(outcome)
    return outcome


def verify(*arguments):
    """verify quote ... --json, its document being what the schema says."""
    outcome = attestctl("verify", "quote", *arguments, "--json")
    assert outcome.code in (0, 1), outcome.err
    check_schema("verify-quote", outcome.document)
    check_code(outcome)
    assert outcome.document["verified"] or outcome.code == 1
    return outcome


def check_code(outcome):
    bad = outcome.document["reasons"] or outcome.document["dropped"]
    assert outcome.code == (1 if bad else 0)


def check_schema(name, document):
    schema = json.loads((SOURCE / f"policy/ctl/schema/{name}.schema.json").read_text())
    if jsonschema:
        jsonschema.Draft202012Validator(schema).validate(document)


def corpus():
    if not (CORPUS / "MANIFEST.tsv").exists():
        pytest.skip(f"no corpus at {CORPUS} (ATTESTD_CORPUS)")
    return CORPUS


def expected_values():
    """(path, kind, expected) of each file of the corpus that has expected values; empty without one."""
    for path in sorted((CORPUS / "expected").glob("*.json")):
        value = json.loads(path.read_text())
        yield pytest.param(value, id=value["file"])
