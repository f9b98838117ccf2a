# SPDX-License-Identifier: Apache-2.0
"""What policy says of a device, as operators and relying parties get to see it."""

import base64
import json
import time

from conftest import codes, latest
from test_daemon import verify_by_cryptography

import lab


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


# ---- perspectives ----


def administrator(verifier):
    """(secret, name) of an administrator of their own."""
    token = verifier.admin("POST", "/v1/tokens", {"roles": ["admin"]})
    return token["token"], f"token:{token['id']}"


def test_owners_keep_others_off_their_perspective(bench):
    verifier = bench.verifier()
    ann, ann_name = administrator(verifier)
    eve, eve_name = administrator(verifier)

    def ask(who, path, body):
        status, value = verifier.call("POST", f"/v1/{path}", body, token=who)
        if status == 403:
            assert value["code"] == "request.forbidden", value
        return status

    for name, owner in (("owner", ann_name), ("vendor", eve_name)):
        verifier.put("perspectives", {"type": "perspective", "id": name, "version": 1,
                                      "owners": [owner]})
    simple = {"type": "policy", "version": 1, "select": {"all": True}}
    ours = simple | {"id": "ours", "perspective": "owner"}
    theirs = simple | {"id": "theirs", "perspective": "vendor"}
    assert [ask(who, "policies", ours) for who in (eve, verifier.token, ann)] == [403, 403, 201]
    assert [ask(who, "policies", theirs) for who in (ann, eve)] == [403, 201]
    for verb in ("activation", "deactivation", "activation"):
        body = {"version": 1} if verb == "activation" else {}
        assert ask(eve, f"policies/ours/{verb}", body) == 403
        assert ask(ann, f"policies/ours/{verb}", body) in (200, 204)
    # Neither by a version of it in one's own perspective, nor by what is said of the perspective.
    assert ask(eve, "policies", ours | {"version": 2, "perspective": "vendor"}) == 403
    taken = {"type": "perspective", "id": "owner", "version": 2, "owners": [eve_name]}
    assert ask(eve, "perspectives", taken) == 403
    assert ask(eve, "perspectives/owner/deactivation", {}) == 403
    assert ask(ann, "policies", theirs | {"version": 2, "perspective": "owner"}) == 403
    # Reading is everybody's; the first administrator can hand a perspective over.
    assert verifier.call("GET", "/v1/policies/ours", token=eve)[0] == 200
    assert ask(verifier.token, "perspectives", taken) == 201
    assert ask(eve, "perspectives/owner/activation", {"version": 2}) == 403
    assert ask(verifier.token, "perspectives/owner/activation", {"version": 2}) == 200
    assert ask(eve, "policies/ours/deactivation", {}) == 204
    assert ask(ann, "policies/ours/activation", {"version": 1}) == 403


def result_of(verifier, device):
    token = verifier.admin("GET", f"/v1/devices/{device}/result").decode()
    return verify_by_cryptography(token, verifier.call("GET", "/.well-known/attestd/jwks.json")[1])


def test_one_boot_has_two_verdicts_in_one_signed_result(bench):
    """Acceptance: one boot, two perspectives, two verdicts, one token."""
    verifier, tpm, agent = trusted_device(bench)
    verifier.put("policies", bench.policy(perspective="manufacturer") | {
        "boot": {"references": ["boot"], "coverage": {"enforce": [0, 2]}}})
    tpm.shut_down()
    tpm.boot("secure-other-kernel")
    boot = lab.BOOTS / "secure-other-kernel"
    agent.run("run", "--once", logs__boot=boot / "boot-log", logs__ima=boot / "ima")
    claims = result_of(verifier, agent.device)
    parts = {name: part["ear_status"] for name, part in claims["submods"].items()}
    assert parts == {"perspective/owner": "contraindicated", "perspective/manufacturer": "affirming"}
    found = latest(verifier, agent.device)
    assert {p["name"]: p["verdict"] for p in found["perspectives"]} == {
        "owner": "untrusted", "manufacturer": "trusted"}
    assert claims["jti"].split(".")[0] == found["id"]
    kept = json.loads(base64.urlsafe_b64decode(found["result"].split(".")[1] + "=="))
    assert kept["submods"] == claims["submods"]


def test_a_perspective_on_trial_is_in_the_record_and_not_in_the_token(bench):
    verifier, _, agent = trusted_device(bench)
    verifier.put("policies", bench.policy(perspective="next",
                                          secure_boot={"state": "off"}))
    verifier.put("perspectives", {"type": "perspective", "id": "next", "version": 1, "trial": True})
    assert agent.run("run", "--once").returncode == 0
    found = latest(verifier, agent.device)
    assert found["verdict"] == "trusted"
    assert {p["name"]: (p["verdict"], p.get("trial", False)) for p in found["perspectives"]} == {
        "owner": ("trusted", False), "next": ("untrusted", True)}
    assert codes(found, "next") == ["secure-boot.on"]
    assert list(result_of(verifier, agent.device)["submods"]) == ["perspective/owner"]
    device = verifier.admin("GET", f"/v1/devices/{agent.device}")
    assert device["verdict"] == "trusted"
    assert {p["name"]: p["trial"] for p in device["perspectives"]} == {"owner": False, "next": True}
    assert listed(bench, verifier, "trusted") == [agent.device]
    # The trial is over: now it counts, everywhere.
    verifier.admin("POST", "/v1/perspectives/next/deactivation", {})
    assert agent.run("run", "--once").returncode == 3
    assert sorted(result_of(verifier, agent.device)["submods"]) == ["perspective/next",
                                                                    "perspective/owner"]
    assert listed(bench, verifier, "untrusted") == [agent.device]


# ---- a first policy ----


def test_a_policy_made_from_a_device_trusts_it_and_no_other_boot(bench, tmp_path):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    bench.ctl(verifier, "policy", "init", "--from-device", agent.device, "--platform", "auto",
              "--id", "first", "--version", 1, "--output", tmp_path)
    made = {path.name: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    for document in sorted(made.values(), key=lambda d: d["type"], reverse=True):
        verifier.put({"policy": "policies", "reference": "references"}[document["type"]], document)
    # That its TPM is software is for a person to accept; all else of the boot is explained.
    agent.run("run", "--once")
    assert codes(latest(verifier, agent.device)) == ["device.not-genuine"]
    policy = made["policy.json"] | {"version": 2, "genuine": {"accept": ["software"]}}
    verifier.put("policies", policy)
    assert agent.run("run", "--once").returncode == 0, codes(latest(verifier, agent.device))
    assert latest(verifier, agent.device)["verdict"] == "trusted"
    tpm.shut_down()
    tpm.boot("secure-other-cmdline")
    boot = lab.BOOTS / "secure-other-cmdline"
    agent.run("run", "--once", logs__boot=boot / "boot-log", logs__ima=boot / "ima")
    assert latest(verifier, agent.device)["verdict"] == "untrusted"
