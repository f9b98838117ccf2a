# SPDX-License-Identifier: Apache-2.0
"""The agent by itself: doctor on recorded boots, the loop as a service, trouble told clearly."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest
from conftest import PROGRAMS

import lab


class Nobody:
    """A verifier that does not answer; its key is pinned to what nobody has."""

    origin = "https://127.0.0.1:9"
    certificate = "none"


def alone(bench, tpm, boot="secure", **settings):
    return lab.Agent(PROGRAMS["attest-agent"], bench.directory / "agent", Nobody, tpm, boot,
                     verifier__pinned_key="00" * 32, **settings)


def findings(agent, subject, **overrides):
    """(level, text) of what doctor finds about subject, and its exit code."""
    done = agent.run("doctor", "--json", **overrides)
    told = json.loads(done.stdout)["findings"]
    return [(f["level"], f["text"]) for f in told if f["subject"] == subject], done.returncode


def levels(found):
    return [level for level, _ in found]


def test_doctor_finds_the_logs_of_a_boot_anchored_in_every_bank(bench):
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = alone(bench, tpm)
    boot, code = findings(agent, "boot log")
    assert levels(boot) == ["ok"] * 3, boot
    ima, _ = findings(agent, "ima")
    assert levels(ima) == ["ok", "ok", "warning"], ima  # the sha384 bank takes padded SHA-1
    assert levels(findings(agent, "ek")[0]) == ["ok", "ok"]
    assert levels(findings(agent, "clock")[0]) == ["ok"]
    assert levels(findings(agent, "verifier")[0]) == ["failure"]
    assert code == 1


def test_doctor_finds_a_log_of_another_boot(bench):
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    agent = alone(bench, tpm, boot="secure-other-kernel")
    boot, _ = findings(agent, "boot log")
    assert levels(boot) == ["failure"]
    assert "PCR" in boot[0][1]


def test_doctor_finds_a_list_that_lacks_an_entry(bench):
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    tpm.extend([(10, {"sha256": bytes(32)})])
    ima, _ = findings(alone(bench, tpm), "ima")
    assert levels(ima) == ["failure"]


def test_doctor_tells_what_is_absent_and_what_to_do(bench):
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm, logs__boot="/nowhere/boot", logs__ima="none")
    done = agent.run("doctor")
    text = done.stdout.decode()
    assert "/nowhere/boot: absent" in text
    assert "-> " in text
    assert "run attest-agent enroll" in text


def test_doctor_names_a_clock_of_1970(bench):
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed")
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm)
    agent.run("config", check=True)
    done = subprocess.run(
        [agent.program, "--config", agent.directory / "agent.conf", "doctor", "--json"],
        env={**os.environ, "LD_PRELOAD": str(library), "FAKETIME": "1970-01-02 00:00:00"},
        stdout=subprocess.PIPE, timeout=60)
    clock = [f for f in json.loads(done.stdout)["findings"] if f["subject"] == "clock"]
    assert clock[0]["level"] == "failure"
    assert "1970-01-0" in clock[0]["text"]
    assert "clock" in clock[0]["advice"]


def test_identity_is_the_same_as_text_and_as_json(bench):
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm)
    told = json.loads(agent.run("identity", "--json", check=True).stdout)
    text = agent.run("identity", check=True).stdout.decode()
    assert told["device"] == told["ek_sha256"][:32]
    assert [e["template"] for e in told["ek"]] == ["p384-h3", "rsa2048-l1"]
    for word in (told["device"], told["ueid"], told["ek_sha256"], told["ak_name"]):
        assert word in text


def test_a_missing_tpm_and_a_forbidden_one_have_their_exit_codes(bench, tmp_path):
    agent = alone(bench, bench.tpm(("sha256",)))
    done = agent.run("identity", tpm__tcti="device:/nowhere/tpm")
    assert done.returncode == 1
    assert b"/nowhere/tpm: no TPM" in done.stderr
    done = agent.run("identity", tpm__tcti="cmd:true")
    assert done.returncode != 0 and b"neither device:" in done.stderr
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return
    node = tmp_path / "tpm0"
    node.touch(mode=0o600)
    for directory in (tmp_path, *list(tmp_path.parents)[:3]):
        directory.chmod(0o755)
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", agent.program, "--config", "/dev/null",
         "--set", f"tpm.tcti=device:{node}", "identity"], stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 77, done.stderr
    assert b"not permitted" in done.stderr


def test_nobody_there_is_69_and_status_remembers(bench):
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm)
    assert agent.run("status").returncode == 75  # no round yet
    done = agent.run("run", "--once")
    assert done.returncode == 69
    assert b"cannot be reached" in done.stderr
    told = json.loads(agent.run("status", "--json").stdout)
    assert told["round"]["outcome"] == "unavailable"
    assert told["exit_code"] == 69
    assert agent.run("enroll").returncode == 69


def test_configuration_mistakes_are_2_and_named(bench):
    agent = alone(bench, bench.tpm(("sha256",)))
    done = agent.run("run", "--once", verifier__url="http://127.0.0.1:9")
    assert done.returncode == 2 and b"verifier.url" in done.stderr
    done = agent.run("run", "--once", verifier__pinned_key="none")
    assert done.returncode == 2
    done = agent.run("run", "--once", round__nothing="1")
    assert done.returncode == 2 and b"nothing" in done.stderr
    for words in ((), ("run", "status"), ("dance",), ("run", "--loud")):
        assert agent.run(*words).returncode == 2


def test_waiting_for_a_verifier_that_is_away_ends_with_75(bench):
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm, round__retry_min="1", round__retry_max="1")
    done = agent.run("wait", "--for", "trusted", "--timeout", "3s")
    assert done.returncode == 75
    assert done.stderr.count(b"cannot be reached") > 1, "it came back"
    for words in ((), ("--for", "warning"), ("--for", "trusted", "--timeout", "0"),
                  ("--for", "trusted", "--timeout", "2d"), ("--for", "trusted", "--timeout", "soon")):
        assert agent.run("wait", *words).returncode == 2
    done = agent.run("wait", "--for", "trusted", verifier__url="http://127.0.0.1:9")
    assert done.returncode == 2, "nothing to wait for"


class Manager:
    """What systemd hears over NOTIFY_SOCKET."""

    def __init__(self, path):
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(0.05)

    def listen(self):
        with contextlib.suppress(socket.timeout):
            while True:
                self.heard += self.socket.recv(4096).decode().split("\n")
        return self.heard

    def count(self, word):
        return sum(line.startswith(word) for line in self.listen())


@pytest.fixture
def service(bench, tmp_path):
    """attest-agent run under a service manager; a verifier that does not answer."""
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm, round__retry_min="1h", round__retry_max="2h")
    agent.run("config", check=True)
    manager = Manager(tmp_path / "notify")
    process = subprocess.Popen(
        [agent.program, "--config", agent.directory / "agent.conf", "run"],
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"),
             "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": ""},
        stderr=subprocess.PIPE)
    yield agent, manager, process
    lab.stop(process)
    manager.socket.close()


def test_the_service_is_ready_alive_and_ends_on_sigterm(service):
    agent, manager, process = service
    lab.wait_for("the first round", lambda: manager.count("STATUS=") == 1)
    assert manager.count("READY=1") == 1
    lab.wait_for("signs of life", lambda: manager.count("WATCHDOG=1") >= 3)
    told = json.loads(agent.run("status", "--json").stdout)
    assert told["next"] is not None
    assert told["round"]["failures"] == 1
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(10) == 0
    assert time.monotonic() - began < 2
    assert manager.count("STOPPING=1") == 1
    assert json.loads(agent.run("status", "--json").stdout)["next"] is None


def test_sighup_brings_the_next_round_forward(service):
    _, manager, process = service
    lab.wait_for("the first round", lambda: manager.count("STATUS=") == 1)
    process.send_signal(signal.SIGHUP)
    lab.wait_for("the second round", lambda: manager.count("STATUS=") == 2)
    assert process.poll() is None


def test_the_service_takes_up_what_another_process_enrolled(service):
    agent, manager, process = service
    lab.wait_for("the first round", lambda: manager.count("STATUS=") == 1)
    state = pathlib.Path(agent.values["state.directory"]) / "state.json"
    lab.wait_for("a plan", lambda: json.loads(state.read_text())["round"]["next"])
    told = json.loads(state.read_text())
    told["enrollment"].update(device="ab" * 16, origin=Nobody.origin, state="enrolled")
    state.write_text(json.dumps(told))  # as attest-agent enroll does
    process.send_signal(signal.SIGHUP)
    lab.wait_for("the second round", lambda: manager.count("STATUS=") == 2)
    lab.wait_for("its end", lambda: json.loads(state.read_text())["round"]["failures"] == 2)
    assert json.loads(state.read_text())["enrollment"]["device"] == "ab" * 16
    planned = json.loads(agent.run("status", "--json").stdout)["next"]
    agent.run("run", "--once")
    assert json.loads(agent.run("status", "--json").stdout)["next"] == planned, "of the service"


def test_a_lost_state_and_a_missing_directory_only_warn(bench):
    tpm = bench.tpm(("sha256",))
    tpm.power_on()
    agent = alone(bench, tpm)
    agent.run("run", "--once")
    state = pathlib.Path(agent.values["state.directory"]) / "state.json"
    state.write_text("{")
    done = agent.run("run", "--once")
    assert done.returncode == 69
    assert b"cannot be understood" in done.stderr
    done = agent.run("run", "--once", state__directory="/nowhere")
    assert done.returncode == 69
    assert b"state is not kept" in done.stderr
