# SPDX-License-Identifier: Apache-2.0
"""A device says what its next boot will show, and boots it: with software TPMs, over real HTTPS."""

import json

import pytest
from conftest import codes, latest

import lab

INITRD = 46  # the event of the recorded boot that measures /initrd.img


@pytest.fixture
def device(bench):
    """Trusted, under a policy that lets initrds be announced."""
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256", "sha384"))
    tpm.boot("secure", ima=False)  # its list begins with a digest over the recorded PCR 9
    agent = bench.enrolled(verifier, tpm, logs__ima="none")
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy(announce={"roles": ["initrd"], "life": "2h"}))
    assert agent.run("run", "--once").returncode == 0
    initrd = agent.directory / "initrd.img"
    initrd.write_bytes(b"made on the device")
    return verifier, tpm, agent, initrd


def reboot(tpm, agent, content):
    tpm.power_cut()
    tpm.boot("secure", ima=False, other={INITRD: content})
    log = lab.log_with("secure", {INITRD: content}, agent.directory / "boot-log")
    done = agent.run("run", "--once", logs__boot=log)
    return done.returncode


def announce(agent, *words):
    return agent.run("announce", *words)


def attempts(verifier):
    return [a["code"] for a in verifier.admin("GET", "/v1/attempts")["attempts"]]


def test_an_announced_initrd_explains_the_next_boot_and_no_other(bench, device):
    verifier, tpm, agent, initrd = device
    done = announce(agent, "--file", f"initrd={initrd}", "--slot", "B")
    assert done.returncode == 0, done.stderr
    assert b"taken" in done.stderr
    assert reboot(tpm, agent, initrd.read_bytes()) == 0
    found = latest(verifier, agent.device)
    assert found["verdict"] == "trusted"
    assert "boot.announced" in str(found)
    # A second round of that boot is explained as well; the boot after it is not.
    assert agent.run("run", "--once", logs__boot=agent.directory / "boot-log").returncode == 0
    assert reboot(tpm, agent, initrd.read_bytes()) == 3
    assert latest(verifier, agent.device)["verdict"] == "untrusted"
    # What nothing explains any more is for triage, and what is offered to accept it works.
    unknown = json.loads(bench.ctl(verifier, "unknown", "list", "--json").stdout)["unknown"]
    assert {u["code"] for u in unknown} == {"boot.announced-other"}
    told = json.loads(bench.ctl(verifier, "explain", agent.device, "--json").stdout)
    accept = told["reasons"][0]["accept"].split()
    assert accept[1:3] == ["unknown", "accept"]
    accept[-1] = agent.directory / "candidate.json"
    bench.ctl(verifier, *accept[1:])
    assert unknown[0]["digest"] in accept[-1].read_text()


def test_another_initrd_than_the_announced_is_refused(device):
    verifier, tpm, agent, initrd = device
    assert announce(agent, "--file", f"initrd={initrd}").returncode == 0
    assert reboot(tpm, agent, b"made by somebody else") == 3
    assert latest(verifier, agent.device)["verdict"] == "untrusted"


def test_refusals_name_their_reason_and_change_nothing(device):
    verifier, tpm, agent, initrd = device
    done = announce(agent, "--file", f"kernel={initrd}")
    assert (done.returncode, b"announce.role (kernel)" in done.stderr) == (1, True)
    assert announce(agent, "--file", f"initrd={initrd}").returncode == 0
    done = announce(agent, "--file", f"initrd={initrd}")
    assert (done.returncode, b"announce.twice" in done.stderr) == (1, True)
    assert {"announce.role", "announce.twice"} <= set(attempts(verifier))
    assert latest(verifier, agent.device)["verdict"] == "trusted"
    assert reboot(tpm, agent, initrd.read_bytes()) == 0, "the first one still holds"


def test_a_device_that_is_not_trusted_announces_nothing(device):
    verifier, tpm, agent, initrd = device
    assert reboot(tpm, agent, b"unknown") == 3
    done = agent.run("announce", "--file", f"initrd={initrd}",
                     logs__boot=agent.directory / "boot-log")
    assert done.returncode == 3
    assert b"announce.not-trusted" in done.stderr
    assert reboot(tpm, agent, initrd.read_bytes()) == 3
    assert codes(latest(verifier, agent.device))


def test_what_cannot_be_announced_is_said_before_the_tpm_is_asked(device):
    _, _, agent, initrd = device
    assert announce(agent).returncode == 2
    assert announce(agent, "--file", "initrd").returncode == 2
    assert announce(agent, "--text", "=x").returncode == 2
    done = announce(agent, "--file", f"initrd={initrd}.old")
    assert done.returncode == 1
    assert b"initrd.img.old" in done.stderr
    assert announce(agent, "--file", "initrd=/dev/null").returncode == 1
