# SPDX-License-Identifier: Apache-2.0
"""What policy says of a device, as operators and relying parties get to see it."""

import time

from conftest import codes, latest


def trusted_device(bench, *settings, **rules):
    verifier = bench.verifier(*settings)
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy(**rules))
    assert agent.run("run", "--once").returncode == 0
    return verifier, tpm, agent


def listed(bench, verifier, verdict):
    """Ids that the list gives for a verdict, and what attestctl shows of them."""
    found = verifier.admin("GET", f"/v1/devices?verdict={verdict}")["devices"]
    shown = bench.ctl(verifier, "device", "list").stdout.decode()
    assert all(d["verdict"] == verdict for d in found)
    assert all(any(d["id"] in line and verdict in line for line in shown.splitlines())
               for d in found)
    return [d["id"] for d in found]


# ---- age ----

def test_old_evidence_is_no_verdict(bench):
    verifier, _, agent = trusted_device(bench, evidence_age="3s")
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "trusted" and device["liveness"] == "fresh"
    assert listed(bench, verifier, "trusted") == [agent.device]
    time.sleep(3.2)
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "none" and device["liveness"] in ("late", "stale")
    assert [p["last_verdict"] for p in device["perspectives"]] == ["trusted"]
    assert listed(bench, verifier, "none") == [agent.device]
    assert listed(bench, verifier, "trusted") == []


def test_old_evidence_is_a_warning_first_where_policy_warns(bench):
    verifier, _, agent = trusted_device(bench, evidence_age={"max": "4s", "effect": "warn"})
    expires = latest(verifier, agent.device)["expires"]
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["perspectives"][0]["expires"] == expires < device["perspectives"][0]["lapses"]
    time.sleep(4.2)
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "warning" and device["liveness"] == "late"
    assert listed(bench, verifier, "warning") == [agent.device]
    time.sleep(4)
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "none" and device["liveness"] == "stale"
    assert listed(bench, verifier, "none") == [agent.device]


# ---- the TPM ----

def test_a_rule_on_the_tpm_goes_by_its_certificate(bench):
    verifier, _, agent = trusted_device(bench, tpm={"kinds": ["software"]})
    assert latest(verifier, agent.device)["verdict"] == "trusted"
    for version, rule, expected in (
            (2, {"forbidden": [{"manufacturer": "id:00001014"}]}, ["device.tpm-forbidden"]),
            (3, {"allowed": [{"manufacturer": "IFX"}], "effect": "warn"},
             ["device.tpm-not-allowed"]),
            (4, {"allowed": [{"manufacturer": "id:00001014", "model": "swtpm"}]}, [])):
        verifier.put("policies", bench.policy(tpm=rule) | {"version": version})
        agent.run("run", "--once")
        found = latest(verifier, agent.device)
        assert codes(found) == expected
        assert found["inputs"]["tpm_certificate"]["kind"] == "software"
    assert latest(verifier, agent.device)["verdict"] == "trusted"
