#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schemas and the parser judge one table of documents; where a schema cannot say
what the parser refuses, the table says so. test-documents holds the parser against the same table."""

import json
import os
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed: skipped")
    sys.exit(77)

root = pathlib.Path(os.environ["ATTESTD_SOURCE_ROOT"])
schemas = {}
for kind in ("generations", "perspective", "policy", "reference"):
    schema = json.loads((root / f"policy/appraise/schema/{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    schemas[kind] = jsonschema.Draft202012Validator(schema)


def accepts(document):
    """By the schema of the document's own type, or by any."""
    kind = document.get("type") if isinstance(document, dict) else None
    chosen = [schemas[kind]] if kind in schemas else schemas.values()
    return any(s.is_valid(document) for s in chosen)


failures, counts = [], {}
for case in json.loads((root / "tests/vectors/documents/cases.json").read_text())["cases"]:
    expected = "accepts" if case["outcome"] == "ok" else case["schema"]
    counts[expected] = counts.get(expected, 0) + 1
    if expected == "cannot-say":
        continue
    document = json.loads((root / "tests/vectors/documents" / case["file"]).read_text())
    found = "accepts" if accepts(document) else "refuses"
    if found != expected:
        failures.append(f"{case['file']}: the schema {found} it, the table says {expected}")
print("\n".join(failures) or f"schemas agree: {counts}")
sys.exit(1 if failures or counts.get("refuses", 0) < 50 else 0)
