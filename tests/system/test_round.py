# SPDX-License-Identifier: Apache-2.0
"""Rounds over real HTTPS with software TPMs: enrolment, trust, power cuts."""

import json

import pytest
from conftest import codes, latest

import lab


def trusted_device(bench, banks=("sha1", "sha256", "sha384"), quote=None, **settings):
    """An enrolled device whose boot is approved and found trusted."""
    verifier = bench.verifier()
    tpm = bench.tpm(banks)
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm, **settings)
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy(quote=quote))
    done = agent.run("run", "--once")
    found = latest(verifier, agent.device)
    assert found["verdict"] == "trusted", (codes(found), done.stderr.decode())
    assert done.returncode == 0
    return verifier, tpm, agent


def test_a_device_without_policy_is_none_and_never_trusted(bench):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    done = agent.run("run", "--once")
    found = latest(verifier, agent.device)
    assert found["verdict"] == "none"
    assert codes(found) == ["policy.none"]
    assert done.returncode == 3


def test_waiting_ends_with_the_verdict(bench):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm, round__retry_min="1", round__retry_max="1")
    wait = ("wait", "--for", "trusted", "--timeout")
    assert agent.run(*wait, "2s").returncode == 3, "judged, and not trusted"
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy())
    assert agent.run(*wait, "30s").returncode == 0
    verifier.stop()
    assert agent.run(*wait, "2s").returncode == 75, "of these rounds there is no verdict"


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048"])
def test_both_kinds_of_attestation_key_are_trusted(bench, algorithm):
    verifier, _, agent = trusted_device(bench, tpm__ak_algorithm=algorithm)
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "trusted"
    assert device["genuine"] == "software"
    assert device["member_by"] == "token"
    assert ("rsa" in device["ak"]["algorithm"]) == (algorithm == "rsa2048")


def test_one_bank_is_enough(bench):
    trusted_device(bench, banks=("sha256",))


def test_three_banks_in_one_quote(bench):
    pcrs = list(range(10)) + [14]
    quote = {"sha256": list(range(16)), "sha384": pcrs}
    verifier, _, agent = trusted_device(bench, quote=quote)
    found = latest(verifier, agent.device)
    assert set(found["pcrs"]) == {"sha256", "sha384"}


def test_a_bank_that_the_tpm_has_not_is_named(bench):
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    policy = bench.policy(quote={"sha384": [0, 4, 7]})
    policy.pop("boot")
    verifier.put("policies", policy)
    done = agent.run("run", "--once")
    assert done.returncode not in (0, 3)
    assert b"sha384" in done.stderr
    assert verifier.admin("GET", f"/v1/devices/{agent.device}")["last_attested_at"] is None


def test_ten_power_cuts_leave_the_device_trusted(bench):
    verifier, tpm, agent = trusted_device(bench)
    for _ in range(10):
        tpm.power_cut()
        tpm.boot("secure")
        done = agent.run("run", "--once")
        assert done.returncode == 0, done.stderr.decode()
    found = latest(verifier, agent.device)
    assert not [c for c in codes(found) if c.startswith("ledger.")]


def test_a_reinstalled_agent_is_the_same_device(bench):
    verifier, tpm, agent = trusted_device(bench)
    for path in (agent.directory / "state").iterdir():
        path.unlink()
    done = agent.run("enroll")
    assert done.returncode == 0, done.stderr.decode()
    assert len(verifier.admin("GET", "/v1/devices")["devices"]) == 1
    assert agent.run("run", "--once").returncode == 0


def test_growing_ima_lists_are_sent_in_parts(bench):
    verifier, tpm, agent = trusted_device(bench)
    data = (lab.BOOTS / "secure" / "ima").read_bytes()
    entry = ima_entry(b"/usr/bin/new-tool")
    tpm.extend([(10, {b: lab.replay.ima_digest(b, b == "sha384", entry[1]) for b in tpm.banks})])
    grown = agent.directory / "ima"
    grown.write_bytes(data + entry[0])
    done = agent.run("run", "--once", logs__ima=grown)
    found = latest(verifier, agent.device)
    assert done.returncode == 0, (codes(found), done.stderr.decode())
    assert found["inputs"]["boot"] != 0, "the round went on with the boot's record"


def test_a_userspace_log_that_its_writer_left_open_is_told(bench):
    import hashlib
    verifier, tpm, agent = trusted_device(bench, quote={"sha256": list(range(16))})
    digests = {b: hashlib.new(b, b"enter-initrd").digest() for b in tpm.banks}
    tpm.extend([(11, digests)])
    record = {"pcr": 11, "content_type": "systemd",
              "digests": [{"hashAlg": b, "digest": d.hex()} for b, d in digests.items()],
              "content": {"string": "enter-initrd", "eventType": "phase"}}
    log = agent.directory / "tpm2-measure.log"
    log.write_bytes(b"\x1e" + json.dumps(record).encode() + b"\n")
    done = agent.run("run", "--once", logs__userspace=log)
    found = latest(verifier, agent.device)
    assert (done.returncode, found["verdict"]) == (0, "trusted"), codes(found)
    log.chmod(0o1644)
    agent.run("run", "--once", logs__userspace=log)
    found = latest(verifier, agent.device)
    assert (found["verdict"], codes(found)) == ("warning", ["log.incomplete"])


def ima_entry(path):
    """A binary ima-ng entry and the same as (pcr, digest, data)."""
    import hashlib
    digest = b"sha256:\0" + hashlib.sha256(path).digest()
    name = path + b"\0"
    data = b"".join(len(f).to_bytes(4, "little") + f for f in (digest, name))
    listed = hashlib.sha1(data).digest()
    raw = (10).to_bytes(4, "little") + listed + (6).to_bytes(4, "little") + b"ima-ng" + \
        len(data).to_bytes(4, "little") + data
    return raw, (10, listed, data)


@pytest.mark.parametrize("boot,code", [
    ("secure-other-kernel", "boot.unknown-image"),
    ("secure-update", "boot.unknown-image"),
    ("plain", "boot.unknown-image"),
])
def test_another_boot_is_refused_with_its_reason(bench, boot, code):
    verifier, tpm, agent = trusted_device(bench)
    tpm.shut_down()
    tpm.boot(boot)
    done = agent.run("run", "--once", logs__boot=lab.BOOTS / boot / "boot-log",
                     logs__ima=lab.BOOTS / boot / "ima")
    found = latest(verifier, agent.device)
    assert found["verdict"] == "untrusted"
    assert code in codes(found)
    assert done.returncode == 3


def test_two_perspectives_give_two_verdicts_in_one_result(bench):
    verifier, tpm, agent = trusted_device(bench)
    firmware = bench.policy(perspective="manufacturer")
    firmware["boot"]["coverage"] = {"enforce": [0, 2]}
    verifier.put("policies", firmware)
    tpm.shut_down()
    tpm.boot("secure-other-kernel")
    boot = lab.BOOTS / "secure-other-kernel"
    agent.run("run", "--once", logs__boot=boot / "boot-log", logs__ima=boot / "ima")
    found = {p["name"]: p["verdict"] for p in latest(verifier, agent.device)["perspectives"]}
    assert found == {"owner": "untrusted", "manufacturer": "trusted"}


def test_membership_and_genuineness_are_two_answers(bench):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.agent(verifier, tpm)
    done = agent.run("enroll")
    device = verifier.admin("GET", "/v1/devices")["devices"][0]
    assert device["state"] == "pending" and device["genuine"] == "software"
    assert done.returncode != 0
    shown = json.loads(agent.run("identity", "--json").stdout)
    fingerprints = json.dumps(shown)
    assert device["ek_sha256"] in fingerprints
    status, _ = verifier.call("POST", f"/v1/devices/{device['id']}/approval",
                              {"ek_sha256": "00" * 32}, token=verifier.token)
    assert status == 409
    verifier.admin("POST", f"/v1/devices/{device['id']}/approval",
                   {"ek_sha256": device["ek_sha256"]})
    assert verifier.admin("GET", f"/v1/devices/{device['id']}")["member_by"] == "approval"


def test_a_verified_demand_refuses_software_tpms(bench):
    verifier = bench.verifier("enrollment.genuine=verified")
    tpm = bench.tpm()
    tpm.boot("secure")
    token = bench.join_token(verifier)
    done = bench.agent(verifier, tpm, enrollment__token_file=token).run("enroll")
    assert done.returncode == 77
    assert b"ek.software" in done.stderr
    assert verifier.admin("GET", "/v1/devices")["devices"] == []


def test_a_stranger_ca_is_not_believed(bench, tmp_path):
    other = lab.Factory(tmp_path / "other-factory")
    tpm = lab.Tpm(other, tmp_path / "other-tpm")
    bench.tpms.append(tpm)
    tpm.boot("secure")
    verifier = bench.verifier()
    token = bench.join_token(verifier)
    done = bench.agent(verifier, tpm, enrollment__token_file=token).run("enroll")
    assert done.returncode == 77
    assert b"ek.chain" in done.stderr


def test_a_join_token_is_spent_once(bench):
    verifier = bench.verifier()
    token = bench.join_token(verifier)
    results = []
    for _ in range(2):
        tpm = bench.tpm()
        tpm.boot("secure")
        results.append(bench.agent(verifier, tpm, enrollment__token_file=token).run("enroll"))
    assert [r.returncode for r in results][0] == 0
    assert results[1].returncode == 77 and b"enroll.token" in results[1].stderr
