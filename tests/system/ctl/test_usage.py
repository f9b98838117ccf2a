# SPDX-License-Identifier: Apache-2.0
"""attestctl's command line: what it refuses, and with which exit code."""
import os
import subprocess

import pytest
from conftest import BOOTS, PROGRAM, SOURCE, attestctl


@pytest.mark.parametrize("arguments", [
    [], ["inspect"], ["inspect", "nothing"], ["inspect", "log"], ["inspect", "log", "a", "b"],
    ["inspect", "log", "/nonexistent"], ["inspect", "log", "/"], ["inspect", "ima", "/"],
    ["inspect", "log", BOOTS / "secure/boot-log", "--entries"],
    ["inspect", "log", BOOTS / "secure/boot-log", "--server", "https://localhost"],
    ["inspect", "log", BOOTS / "secure/boot-log", "--unknown"],
    ["device", "list", "--config", "/nonexistent"], ["policy", "check", "/nonexistent"],
    ["device", "show", "../x", "--server", "https://localhost"]])
def test_usage_and_unreadable_files_are_2(arguments):
    outcome = attestctl(*arguments)
    assert outcome.code == 2 and outcome.out == b"" and outcome.err.startswith(b"attestctl: ")


def test_a_file_without_permission_is_2(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    assert attestctl("inspect", "log", path).code == 2


@pytest.mark.parametrize("arguments", [
    ["inspect", "log", BOOTS / "secure/boot-log"], ["--help"], ["inspect", "log", "--help"], ["--version"]])
def test_a_full_disk_is_no_success(arguments):
    with open("/dev/full", "wb") as full:
        outcome = attestctl(*arguments, stdout=full)
    assert outcome.code == 2 and outcome.err.count(b"cannot write to standard output") == 1


def test_help_names_each_command_and_is_0():
    outcome = attestctl("--help")
    assert outcome.code == 0
    for command in (b"inspect log", b"inspect ima", b"device list", b"policy put", b"token create"):
        assert command in outcome.out


def test_help_of_a_command_has_its_options_only():
    outcome = attestctl("inspect", "ima", "--help")
    assert outcome.code == 0 and b"--entries" in outcome.out and b"--server" not in outcome.out


def test_version():
    assert attestctl("--version").out.startswith(b"attestctl ")


def test_no_verifier_is_69():
    outcome = attestctl("device", "list", "--server", "https://127.0.0.1:1", "--config", "/dev/null")
    assert outcome.code == 69 and b"cannot be reached" in outcome.err


DEVICES = ["device", "list", "--server", "https://127.0.0.1:1", "--config", "/dev/null"]
PACKAGE = ["reference", "from-deb", SOURCE / "tests/vectors/images/test-xz.deb", "--id", "a", "--version", "1"]


def test_only_what_every_command_needs_is_loaded_at_start():
    loaded = subprocess.run([PROGRAM], env=os.environ | {"LD_TRACE_LOADED_OBJECTS": "1"}, check=True,
                            capture_output=True, timeout=60).stdout
    assert b"libcrypto" in loaded
    assert not any(name in loaded for name in (b"libarchive", b"libcurl", b"libsquashfs"))


@pytest.mark.parametrize("name, package, arguments", [
    pytest.param("libarchive.so.13", b"libarchive13", PACKAGE, id="libarchive"),
    pytest.param("libcurl.so.4", b"libcurl4", DEVICES, id="libcurl")])
def test_a_library_that_cannot_be_loaded_is_told_by_its_package(tmp_path, name, package, arguments):
    (tmp_path / name).write_bytes(b"")  # before the system's own: as good as none
    outcome = attestctl(*arguments, LD_LIBRARY_PATH=str(tmp_path))
    assert outcome.code == 2
    assert outcome.err.startswith(b"attestctl: " + name.encode() + b": cannot be loaded: install " + package)
    assert attestctl("inspect", "log", BOOTS / "secure/boot-log", LD_LIBRARY_PATH=str(tmp_path)).code == 0
