#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The house checks can fail: each row is a small tree that one check must refuse with the text
given, or must pass (None). Run by meson test."""

import pathlib
import subprocess
import sys
import tempfile

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


def include(header):
    return f"#include {header}\n"


def function(n_lines, name="f"):
    return f"void\n{name}(void)\n{{\n" + "    ;\n" * (n_lines - 2) + "}\n"


ROWS = [
    # check, file, content after the licence, what it must say
    ("rooms", "policy/base/a.c", include('"base/a.h"') + "int strcmp_count; /* goto strcmp */", None),
    ("rooms", "policy/base/a.c", include('"evidence/a.h"'), ":2: base may not include"),
    ("rooms", "policy/evidence/a.c", include('"appraise/a.h"'), "evidence may not include"),
    ("rooms", "policy/appraise/a.c", include('"ctl/a.h"'), "appraise may not include"),
    ("rooms", "agent/a.c", include('"appraise/a.h"'), "agent may not include"),
    ("rooms", "agent/a.c", include('"daemon/a.h"'), "agent may not include"),
    ("rooms", "daemon/a.c", include('"agent/a.h"'), "daemon may not include"),
    ("rooms", "daemon/a.c", include('"ctl/a.h"'), "daemon may not include"),
    ("rooms", "daemon/a.c", include('"a.h"'), "not rooted"),
    ("rooms", "daemon/a.c", include('"../agent/a.h"'), "not rooted"),
    ("rooms", "policy/other/a.c", "", "in no room"),
    ("rooms", "daemon/string_util.c", "", "named for its noun"),
    ("rooms", "daemon/store_sqlite.c", include("<sqlite3.h>"), None),
    ("rooms", "daemon/attest.c", include("<sqlite3.h>"), "belongs to"),
    ("rooms", "daemon/attest.c", include("<microhttpd.h>"), "belongs to"),
    ("rooms", "agent/round.c", include("<tss2/tss2_esys.h>"), "belongs to"),
    ("rooms", "policy/evidence/quote.c", include("<tss2/tss2_mu.h>"), "belongs to"),
    ("rooms", "policy/evidence/quote.c", include("<cbor.h>"), "belongs to"),
    ("rooms", "policy/evidence/dcbor.c", include("<cbor.h>"), None),
    ("rooms", "policy/appraise/rules.c", include("<jansson.h>"), "belongs to"),
    ("rooms", "policy/appraise/rules_json.c", include("<jansson.h>"), None),
    ("rooms", "policy/base/options.c", include("<ini.h>"), "belongs to"),
    ("rooms", "policy/base/bytes.c", include("<openssl/evp.h>"), "belongs to"),
    ("rooms", "policy/evidence/a.c", include("<curl/curl.h>"), "belongs to"),
    ("rooms", "policy/evidence/a.c", include("<time.h>"), "is pure"),
    ("rooms", "policy/evidence/a.c", include("<unistd.h>"), "is pure"),
    ("rooms", "policy/appraise/a.c", include('"base/log.h"'), "is pure"),
    ("rooms", "policy/appraise/a.c", include('"base/file.h"'), "is pure"),
    ("rooms", "policy/evidence/a.c", 'void\nf(void)\n{\n    printf("x");\n}\n', ":5: evidence is pure"),
    ("rooms", "policy/evidence/a.c", "FILE *f;\n", "is pure"),
    ("rooms", "policy/appraise/a.c", "int x = time(NULL);\n", "is pure"),
    ("rooms", "policy/appraise/a.c", 'const char *e = getenv("HOME");\n', "is pure"),
    ("rooms", "policy/evidence/a.c", "int n = snprintf(a, b, c);\n", None),
    ("rooms", "daemon/a.c", "void f(void) { goto out; }\n", "goto is banned"),
    ("rooms", "tests/unit/a.c", "void f(void) { goto out; }\n", "goto is banned"),
    ("rooms", "daemon/a.c", "void f(void) { strcpy(a, b); }\n", "strcpy is banned"),
    ("rooms", "daemon/a.c", "void f(void) { strcat(a, b); }\n", "strcat is banned"),
    ("rooms", "daemon/a.c", "void f(void) { sprintf(a, b); }\n", "sprintf is banned"),
    ("rooms", "daemon/a.c", "int a = atoi(b);\n", "atoi is banned"),
    ("rooms", "daemon/a.c", "void *a = alloca(b);\n", "alloca is banned"),
    ("rooms", "daemon/a.c", "int a = system (b);\n", "system is banned"),
    ("rooms", "daemon/a.c", "FILE *a = popen(b, c);\n", "popen is banned"),
    ("rooms", "daemon/a.c", "int a = strcmp(b, c);\n", "strcmp is banned"),
    ("rooms", "policy/base/bytes.c", "int a = strncmp(b, c, 1);\n", "strncmp is banned"),
    ("rooms", "policy/base/text.c", "int a = strcmp(b, c) + memcmp(b, c, 1);\n", None),
    ("rooms", "policy/base/digest.c", "int a = memcmp(b, c, 1);\n", "memcmp is banned"),
    ("rooms", "daemon/a.c", 'const char *s = "SELECT id FROM t";\n', "SQL belongs"),
    ("rooms", "daemon/a.c", 'const char *s = "INSERT OR IGNORE INTO t";\n', "SQL belongs"),
    ("rooms", "daemon/a.c", 'const char *s = "UPDATE t SET a = 1";\n', "SQL belongs"),
    ("rooms", "policy/ctl/a.c", 'const char *s = "DELETE FROM t";\n', "SQL belongs"),
    ("rooms", "daemon/store_sqlite.c", 'const char *s = "DELETE FROM t";\n', None),
    ("rooms", "daemon/a.c", "/* TO" "DO: later */\n", "finish it"),
    ("rooms", "daemon/a.c", 'const char *s = "not' ' implemented";\n', "finish it"),
    ("headers", "daemon/a.h", "#pragma once\n#include <stdint.h>\nuint8_t a(void);\n", None),
    ("headers", "daemon/a.h", "#pragma once\nuint8_t a(void);\n", "uint8_t"),
    ("headers", "daemon/a.h", "int a(void);\n", "no #pragma once"),
    ("size", "daemon/a.c", function(60) + function(40, "main"), None),
    ("size", "daemon/a.c", function(61), "f has 61 lines, not at most 60"),
    ("size", "daemon/a.c", function(41, "main"), "main has 41 lines, not at most 40"),
    ("size", "tests/unit/test-a.c", function(300, "main"), None),
    ("size", "tests/unit/test-a.c", function(61), "f has 61 lines"),
    ("size", "daemon/a.c", "\n" * 599, None),
    ("size", "daemon/a.c", "\n" * 600, "the file has 601 lines"),
    ("size", "daemon/a.h", "\n" * 150, "the file has 151 lines"),
    ("size", "daemon/a_list.h", "\n" * 150, None),
    ("size", "daemon/a.c", "/*" + "x" * 98 + "\n", None),
    ("size", "daemon/a.c", "/*" + "x" * 99 + "\n", ":2: the line has 101 columns"),
    ("spdx", "daemon/a.c", "", None),
    ("spdx", "tests/vectors/a", None, "no file found"),
    ("spdx", "scripts/a", None, "scripts/a:1: no SPDX"),
    ("spdx", "daemon/meson.build", None, "no SPDX"),
    ("sources", "daemon/a.c", "", "daemon/a.c: named 0 times"),
    ("threats", "tests/unit/test-a.c", "threat_01_a_row(void)\n", "threat 2: no test is named after it"),
    ("threats", "tests/unit/test-a.c", '{"29: a row", 0},\n', "threats: 45, of which 44 without"),
    ("threats", "tests/unit/test-a.c", "threat_54_a_row(void)\n", "is called absent"),
    ("format", "daemon/a.c", function(5), None),
    ("format", "daemon/a.c", "int  a;\n", "clang-format-violations"),
]


def run(check, path, content):
    with tempfile.TemporaryDirectory(prefix="attestd-house-") as root:
        file = pathlib.Path(root) / path
        file.parent.mkdir(parents=True)
        file.write_text("plain\n" if content is None else SPDX + content)
        return subprocess.run([SCRIPTS / f"check-{check}", root], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def main():
    failed = 0
    for check, path, content, wanted in ROWS:
        result = run(check, path, content)
        if result.returncode == 77:
            continue
        if wanted is None:
            good = result.returncode == 0
        else:
            good = result.returncode != 0 and wanted in result.stdout
        if not good:
            failed += 1
            print(f"check-{check} {path}: wanted {wanted}, got {result.returncode}: "
                  f"{result.stdout}")
    for check in sorted({row[0] for row in ROWS}):
        with tempfile.TemporaryDirectory(prefix="attestd-house-") as root:
            result = subprocess.run([SCRIPTS / f"check-{check}", root], check=False,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if result.returncode == 0:
                failed += 1
                print(f"check-{check}: passes where there is nothing to check")
    print(f"{len(ROWS)} rows, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
