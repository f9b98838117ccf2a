#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make-ek-bundle sorts what an operator has, refuses what would not help, and makes nothing then.
Run by meson test; its certificates are made here with the openssl program."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "make-ek-bundle"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Bundle(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.top)
        self.given = self.top / "given"
        self.given.mkdir()

    def make(self, name, issuer=None, ca=True, days=30):
        key, cert = self.top / f"{name}.key", self.given / f"{name}.pem"
        words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", key, "-out", cert, "-days", days, "-subj", f"/CN={name}",
                 "-addext", f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}"]
        if not issuer:
            openssl(*words)
            return cert
        request = self.top / f"{name}.csr"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}",
                "-addext", f"basicConstraints=critical,CA:{'TRUE' if ca else 'FALSE'}")
        openssl("x509", "-req", "-in", request, "-CA", self.given / f"{issuer}.pem",
                "-CAkey", self.top / f"{issuer}.key", "-copy_extensions", "copy", "-days", days,
                "-set_serial", 7, "-out", cert)
        return cert

    def run_script(self, *words):
        done = subprocess.run([SCRIPT, self.top / "out", *(words or [self.given])], text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def names(self, part):
        return sorted(p.name for p in (self.top / "out" / part).iterdir())

    def test_sorts_roots_and_intermediates_of_either_form(self):
        root = self.make("Root")
        middle = self.make("Middle", issuer="Root")
        openssl("x509", "-in", middle, "-outform", "DER", "-out", self.given / "middle.der")
        middle.unlink()
        root.write_text("a line before\n" + root.read_text())
        code, said = self.run_script()
        self.assertEqual(code, 0, said)
        self.assertEqual(len(self.names("ek-roots")), 1)
        self.assertEqual(len(self.names("ek-intermediates")), 1)
        self.assertNotIn("note:", said)
        self.assertRegex(said, r"ek-roots [0-9A-F]{64} subject=CN=Root")

    def test_takes_every_block_of_a_file_once(self):
        both = self.make("One").read_text() + self.make("Two").read_text()
        (self.given / "both.pem").write_text(both)
        code, said = self.run_script()
        self.assertEqual(code, 0, said)
        self.assertEqual(len(self.names("ek-roots")), 2)

    def test_says_what_no_root_stands_behind(self):
        root = self.make("Root")
        self.make("Middle", issuer="Root")
        root.unlink()
        code, said = self.run_script()
        self.assertEqual(code, 0, said)
        self.assertIn("note: no root here stands behind", said)

    def test_refuses_and_then_makes_nothing(self):
        self.make("Root")
        bad = {
            "leaf": lambda: self.make("Leaf", issuer="Root", ca=False),
            "junk": lambda: (self.given / "junk").write_text("junk"),
            "key": lambda: shutil.copy(self.top / "Root.key", self.given / "key.pem"),
        }
        words = {"leaf": "is no CA", "junk": "neither a certificate", "key": "neither a certificate"}
        for name, make in bad.items():
            before = set(self.given.iterdir())
            make()
            code, said = self.run_script()
            self.assertEqual(code, 1, name)
            self.assertIn(words[name], said)
            self.assertFalse((self.top / "out").exists())
            for path in set(self.given.iterdir()) - before:
                path.unlink()

    def test_never_writes_over_what_is_there(self):
        self.make("Root")
        (self.top / "out").mkdir()
        self.assertEqual(self.run_script()[0], 2)

    def test_refuses_an_empty_directory(self):
        code, said = self.run_script()
        self.assertEqual(code, 2)
        self.assertIn("no file", said)


if not shutil.which("openssl"):
    print("openssl is not installed: skipped")
    sys.exit(77)
unittest.main()
