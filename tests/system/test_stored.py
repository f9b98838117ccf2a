# SPDX-License-Identifier: Apache-2.0
"""What is done with stored rounds: appraised again, online and from a file."""

import json

import pytest
from conftest import PROGRAMS, codes, latest

import lab


@pytest.fixture
def site(bench):
    """A verifier and one trusted device."""
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm, labels={"site": "tokyo"})
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy())
    agent.run("run", "--once")
    assert latest(verifier, agent.device)["verdict"] == "trusted"
    return verifier, tpm, agent


def offline(*words):
    return lab.run(PROGRAMS["attestctl"], *words, check=False)


def test_a_stored_round_gives_its_result_again(bench, site, tmp_path):
    verifier, tpm, agent = site
    first = latest(verifier, agent.device)["id"]
    tpm.power_cut()
    tpm.boot("secure-other-kernel")
    agent.run("run", "--once", logs__boot=lab.BOOTS / "secure-other-kernel" / "boot-log",
              logs__ima=lab.BOOTS / "secure-other-kernel" / "ima")
    refused = latest(verifier, agent.device)
    assert refused["verdict"] == "untrusted", codes(refused)
    # Other documents in force now are nothing to rounds of then.
    verifier.put("policies", bench.policy() | {"version": 2, "evidence_age": "2h"})
    for name, verdict in ((first, "trusted"), (refused["id"], "untrusted")):
        again = json.loads(bench.ctl(verifier, "attestation", "reappraise", name, "--json").stdout)
        assert (again["same"], again["verdict"]) == (True, verdict)
        path = tmp_path / f"{name}.json"
        bench.ctl(verifier, "attestation", "export", name, "--output", path)
        done = offline("inspect", "round", path)
        assert (done.returncode, b"the same result" in done.stdout) == (0, True), done.stderr
        here = json.loads(offline("inspect", "round", path, "--json").stdout)
        assert here["now"] == again["now"]
        whole = verifier.admin("GET", f"/v1/attestations/{name}")
        assert here["now"] == {k: v for k, v in whole.items() if k not in ("inputs", "result")}


@pytest.mark.parametrize("change", ["verdict", "boot_log", "document", "cut"])
def test_a_round_file_that_was_changed_is_found_out(bench, site, tmp_path, change):
    verifier, _, agent = site
    path = tmp_path / "round.json"
    bench.ctl(verifier, "attestation", "export", latest(verifier, agent.device)["id"], "--output",
              path)
    text = path.read_text()
    value = json.loads(text)
    if change == "verdict":
        value["appraisal"] = value["appraisal"].replace("trusted", "warning")
    elif change == "boot_log":
        value["boot_log"] = value["boot_log"][:-4] + "AAAA"
    elif change == "document":
        value["documents"][0] = value["documents"][0] + " "
    path.write_text(text[:-20] if change == "cut" else json.dumps(value))
    done = offline("inspect", "round", path)
    assert done.returncode == 1
    said = {"verdict": "DIFFERENT", "boot_log": "not the quoted one",
            "document": "not the one that the inputs name", "cut": "ends too early"}[change]
    assert said in (done.stdout + done.stderr).decode()


def test_who_may_take_a_round_away(bench, site):
    verifier, _, agent = site
    name = latest(verifier, agent.device)["id"]
    token = verifier.admin("POST", "/v1/tokens", {"roles": ["viewer"], "expires": "1h"})["token"]
    assert verifier.call("GET", f"/v1/attestations/{name}/round", token=token)[0] == 403
    assert verifier.call("GET", f"/v1/attestations/{name}/reappraisal", token=token)[0] == 200
    assert verifier.call("GET", f"/v1/attestations/{name}/reappraisal")[0] == 401
    assert verifier.call("GET", "/v1/attestations/a00/reappraisal", token=token)[0] == 404
    other = verifier.admin("POST", "/v1/tokens", {"roles": ["viewer"], "expires": "1h",
                                                  "labels": {"site": "osaka"}})["token"]
    assert verifier.call("GET", f"/v1/attestations/{name}/reappraisal", token=other)[0] == 404
