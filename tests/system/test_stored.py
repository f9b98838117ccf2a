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


# ---- simulation ----


def second_device(bench, verifier, boot):
    tpm = bench.tpm(("sha256",))
    tpm.boot(boot)
    agent = bench.enrolled(verifier, tpm, boot, labels={"site": "osaka"})
    agent.run("run", "--once")
    return agent


def simulate(bench, verifier, *words):
    done = bench.ctl(verifier, "simulate", *words, "--json", check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    answer = json.loads(done.stdout)
    assert (answer["state"], done.returncode) == ("done", int(answer["result"]["changed"] > 0))
    return answer["result"]


def save(directory, document):
    path = directory / f"{document['type']}-{document['id']}.json"
    path.write_text(json.dumps(document))
    return path


def causes(result):
    return {(g["before"], g["after"], g["cause"]["code"], g["cause"]["what"]): g["devices"]
            for g in result["groups"]}


def test_a_simulation_says_whose_verdict_would_change(bench, site, tmp_path):
    verifier, _, first = site
    second = second_device(bench, verifier, "secure-other-kernel")
    assert latest(verifier, second.device)["verdict"] == "untrusted"
    audit = verifier.admin("GET", "/v1/audit")
    documents = verifier.admin("GET", "/v1/references")
    # The same documents change nothing.
    same = save(tmp_path, bench.policy() | {"version": 2})
    assert simulate(bench, verifier, same)["changed"] == 0
    # A set that names no kernel: the first device would fail.
    reference = verifier.admin("GET", "/v1/references/boot")
    for component in reference["components"]:
        if component["role"] == "kernel":
            component["values"] = [{"sha256": "ab" * 32}]
    result = simulate(bench, verifier, save(tmp_path, reference | {"version": 2}))
    assert (result["devices"], result["changed"]) == (2, 1)
    assert [(v["before"], v["after"], v["devices"]) for v in result["verdicts"]] == [
        ("untrusted", "untrusted", 1), ("trusted", "untrusted", 1)]
    assert causes(result)["trusted", "untrusted", "boot.unknown-image", "kernel"] == 1
    example = result["groups"][0]["examples"][0]
    assert example["device"] == first.device
    # Nothing selects anybody: the trusted one falls to none, and so does the other.
    result = simulate(bench, verifier, "--without", "policy/owner-policy")
    assert causes(result)["trusted", "none", "policy.none", None] == 1
    # By labels of now.
    chosen = bench.policy() | {"version": 3, "select": {"labels": {"site": "tokyo"}}}
    result = simulate(bench, verifier, save(tmp_path, chosen))
    assert result["changed"] == 1
    assert {(v["before"], v["after"]) for v in result["verdicts"]} == {
        ("trusted", "trusted"), ("untrusted", "none")}
    people = bench.ctl(verifier, "simulate", save(tmp_path, chosen), check=False).stdout.decode()
    assert "1 would change their verdict" in people and second.device in people
    # It wrote nothing.
    assert verifier.admin("GET", "/v1/audit") == audit
    assert verifier.admin("GET", "/v1/references") == documents


def test_what_a_simulation_refuses(bench, site, tmp_path):
    verifier, _, _ = site
    bad = tmp_path / "bad.json"
    bad.write_text('{"type": "policy",\n "id": "x", "surprise": 1}')
    done = bench.ctl(verifier, "simulate", bad, check=False)
    assert (done.returncode, b"bad.json:2: " in done.stderr) == (1, True), done.stderr
    for words, said in ((["--without", "poem/x"], b"TYPE/ID"), (["--without", "policy"], b"TYPE/ID"),
                        (["--without", "policy/absent"], b"policy absent is not in force"),
                        ([], b"nothing to try")):
        done = bench.ctl(verifier, "simulate", *words, check=False)
        assert done.returncode != 0 and said in done.stderr, done.stderr
    for body in ({"documents": {}}, {"documents": [1]}, {"surprise": 1}, [],
                 {"without": [{"type": "policy"}]}, {"documents": [{"type": "policy"}]}):
        status, answer = verifier.call("POST", "/v1/simulations", body, token=verifier.token)
        assert status in (400, 422), (body, answer)
    token = verifier.admin("POST", "/v1/tokens", {"roles": ["viewer"], "expires": "1h"})["token"]
    body = {"without": [{"type": "policy", "id": "owner-policy"}]}
    started = verifier.admin("POST", "/v1/simulations", body)
    path = f"/v1/simulations/{started['id']}"
    lab.wait_for("the simulation", lambda: verifier.admin("GET", path)["state"] == "done")
    assert verifier.call("GET", path, token=token)[0] == 404, "another's answer is not theirs"
    assert verifier.call("GET", "/v1/simulations/s00", token=verifier.token)[0] == 404


def test_a_simulation_stays_inside_the_askers_scope(bench, site):
    verifier, _, _ = site
    second_device(bench, verifier, "secure-other-kernel")
    token = verifier.admin("POST", "/v1/tokens", {"roles": ["viewer"], "expires": "1h",
                                                  "labels": {"site": "osaka"}})["token"]
    body = {"without": [{"type": "policy", "id": "owner-policy"}]}
    started = verifier.call("POST", "/v1/simulations", body, token=token)
    assert started[0] == 202
    path = f"/v1/simulations/{started[1]['id']}"
    lab.wait_for("the simulation",
                 lambda: verifier.call("GET", path, token=token)[1]["state"] == "done")
    assert verifier.call("GET", path, token=token)[1]["result"]["devices"] == 1


# ---- prediction ----


def reference_of(boot, version, tmp_path):
    """The set that a recorded boot gives, as a version of "boot"."""
    log = lab.BOOTS / boot / "boot-log"
    path = tmp_path / f"{boot}-{version}.json"
    done = offline("reference", "from-log", log, "--ima", lab.BOOTS / boot / "ima", "--id", "boot",
                   "--version", version, "--output", path)
    assert done.returncode == 0, done.stderr
    return path


def test_a_prediction_tells_who_passes_after_the_update(bench, site, tmp_path):
    verifier, tpm, agent = site
    update = reference_of("secure-update", 2, tmp_path)
    # Of the boots that are stored none has the update yet.
    stored = simulate(bench, verifier, update)
    assert (stored["changed"], stored["predicted"]) == (1, None)
    # With the update's values in their places the device passes.
    predicted = simulate(bench, verifier, update, "--predict")
    assert predicted["predicted"] == {"updated": 1, "untouched": 0, "unknown": 0}
    assert predicted["changed"] == 0, causes(predicted)
    # An update whose set forgets a component fails for that one alone.
    document = json.loads(update.read_text())
    kernel = [c for c in document["components"] if c["role"] == "kernel"]
    assert kernel
    document["components"] = [c for c in document["components"] if c["role"] != "kernel"]
    result = simulate(bench, verifier, save(tmp_path, document), "--predict")
    assert result["changed"] == 1
    assert {g["cause"]["pcr"] for g in result["groups"]} == {c["pcr"] for c in kernel}
    # What the update does not touch is told as untouched.
    result = simulate(bench, verifier, save(tmp_path, bench.policy() | {"version": 2}), "--predict")
    assert result["predicted"] == {"updated": 0, "untouched": 1, "unknown": 0}
    # The guess was right: the device updates, and is trusted under the new set.
    verifier.put("references", json.loads(update.read_text()))
    tpm.power_cut()
    tpm.boot("secure-update")
    agent.run("run", "--once", logs__boot=lab.BOOTS / "secure-update" / "boot-log",
              logs__ima=lab.BOOTS / "secure-update" / "ima")
    found = latest(verifier, agent.device)
    assert found["verdict"] == "trusted", codes(found)


# ---- the fleet ----


def event_digest(verifier, device, code):
    return next(r["found"] for p in latest(verifier, device)["perspectives"] for r in p["reasons"]
                if r["code"] == code and r["pcr"] == 4)


def test_who_measured_a_digest_and_what_nothing_explains(bench, site, tmp_path):
    verifier, tpm, first = site
    second = second_device(bench, verifier, "secure-other-kernel")
    digest = event_digest(verifier, second.device, "boot.unknown-image")
    listed = json.loads(bench.ctl(verifier, "unknown", "list", "--json").stdout)
    unknown = {u["digest"]: u for u in listed["unknown"]}
    assert (unknown[digest]["devices"], unknown[digest]["examples"]) == (1, [second.device])
    assert (unknown[digest]["what"], unknown[digest]["pcr"]) == ("kernel", 4)
    assert digest in bench.ctl(verifier, "unknown", "list").stdout.decode()
    found = bench.ctl(verifier, "device", "find", "--measured", digest)
    assert second.device in found.stdout.decode() and first.device not in found.stdout.decode()
    # A boot that is over shows up with --ever alone.
    tpm.power_cut()
    tpm.boot("secure-other-kernel")
    first.run("run", "--once", logs__boot=lab.BOOTS / "secure-other-kernel" / "boot-log",
              logs__ima=lab.BOOTS / "secure-other-kernel" / "ima")
    tpm.power_cut()
    tpm.boot("secure")
    first.run("run", "--once")
    assert latest(verifier, first.device)["verdict"] == "trusted"
    now = json.loads(bench.ctl(verifier, "device", "find", "--measured", digest, "--json").stdout)
    ever = json.loads(bench.ctl(verifier, "device", "find", "--measured", digest, "--ever",
                                "--json").stdout)
    assert (now["devices"], ever["devices"]) == (1, 2)
    assert {f["device"] for f in ever["found"]} == {first.device, second.device}
    assert bench.ctl(verifier, "device", "find", "--measured", "00" * 32,
                     check=False).returncode == 1
    # Accepting makes a candidate, and nothing else.
    before = verifier.admin("GET", "/v1/references")
    path = tmp_path / "candidate.json"
    bench.ctl(verifier, "unknown", "accept", digest, "--reference", "boot", "--output", path)
    assert verifier.admin("GET", "/v1/references") == before
    candidate = json.loads(path.read_text())
    assert candidate["version"] == 2
    kernel = next(c for c in candidate["components"] if (c["role"], c["pcr"]) == ("kernel", 4))
    assert {"sha256": digest} in kernel["values"]
    assert offline("reference", "check", path).returncode == 0
    bench.ctl(verifier, "unknown", "reject", digest, "--reference", "boot", "--output", path)
    result = simulate(bench, verifier, path)
    assert any(g["cause"]["code"] == "boot.revoked" for g in result["groups"]) or \
        result["changed"] == 0


@pytest.mark.parametrize("words, said", [
    (["device", "find"], "--measured"), (["device", "find", "--measured", "xyz"], "digests"),
    (["device", "find", "--measured", "00"], "digests"),
    (["unknown", "accept", "00"], "a digest in hex"),
    (["unknown", "accept", "ab" * 32], "--reference"),
    (["unknown", "accept", "ab" * 32, "--reference", "boot"], "no device shows"),
    (["rollout", "show", "x" * 64], "not the name"),
], ids=["none", "no-hex", "short", "no-digest", "no-set", "not-shown", "no-generation"])
def test_questions_that_are_refused(bench, site, words, said):
    verifier, _, _ = site
    done = bench.ctl(verifier, *words, check=False)
    assert done.returncode != 0 and said in done.stderr.decode(), done.stderr


def test_a_rollout_shows_who_waits_runs_went_back_and_fails(bench, tmp_path):
    verifier = bench.verifier()
    old = json.loads(reference_of("secure", 1, tmp_path).read_text())
    new = json.loads(reference_of("secure-update", 1, tmp_path).read_text())
    verifier.put("references", old | {"id": "old", "generation": "2026-10"})
    verifier.put("references", new | {"id": "new", "generation": "2026-11 LTS"})
    policy = bench.policy()
    policy["boot"]["references"] = ["old", "new"]
    policy.pop("ima", None)
    verifier.put("policies", policy)

    def boots(agent, *names):
        for name in names:
            agent.tpm.power_cut()
            agent.tpm.boot(name)
            agent.run("run", "--once", logs__boot=lab.BOOTS / name / "boot-log",
                      logs__ima=lab.BOOTS / name / "ima")
        return agent.device

    def device(*names):
        tpm = bench.tpm(("sha256",))
        tpm.boot("secure")
        return boots(bench.enrolled(verifier, tpm), *names)

    waiting, on_new = device("secure"), device("secure", "secure-update")
    back = device("secure-update", "secure")
    failing, silent = device("secure-other-kernel"), device()
    rollout = verifier.admin("GET", "/v1/rollouts/2026-11%20LTS")
    assert rollout["generation"] == "2026-11 LTS"
    assert rollout["counts"] == {"waiting": 1, "on-new": 1, "went-back": 1, "failing": 1,
                                 "silent": 1}
    for group, who in (("waiting", waiting), ("on-new", on_new), ("went-back", back),
                       ("failing", failing), ("silent", silent)):
        assert [d["device"] for d in rollout[group]] == [who], group
    assert rollout["went-back"][0]["generation"] == "2026-10"
    text = bench.ctl(verifier, "rollout", "show", "2026-11 LTS").stdout.decode()
    assert "went-back  1" in text and back in text


# ---- explanations ----


def explain(bench, verifier, what):
    value = json.loads(bench.ctl(verifier, "explain", what, "--json").stdout)
    jsonschema = pytest.importorskip("jsonschema")
    schema = lab.ROOT / "policy" / "ctl" / "schema" / "explain.schema.json"
    jsonschema.validate(value, json.loads(schema.read_text()))
    return value


def test_an_explanation_says_what_changed_and_what_to_do(bench, site):
    verifier, tpm, agent = site
    good = latest(verifier, agent.device)
    same = explain(bench, verifier, agent.device)
    assert (same["verdict"], same["reasons"], same["changes"]) == ("trusted", [], [])
    for _ in range(3):
        tpm.power_cut()
        tpm.boot("secure-other-kernel")
    agent.run("run", "--once", logs__boot=lab.BOOTS / "secure-other-kernel" / "boot-log",
              logs__ima=lab.BOOTS / "secure-other-kernel" / "ima")
    told = explain(bench, verifier, agent.device)
    assert told["last_good"]["attestation"] == good["id"]
    changed = {(c["component"], c["pcr"]): c for c in told["changes"]}
    kernel = changed["kernel", 4]
    assert kernel["change"] == "changed" and kernel["was"] != kernel["is"]
    reason = next(r for r in told["reasons"] if (r["reason"]["code"], r["reason"]["pcr"]) ==
                  ("boot.unknown-image", 4))
    assert reason["reason"]["found"] == kernel["is"]
    assert reason["accept"] == f"attestctl unknown accept {kernel['is']} --reference boot " \
                               "--output candidate.json"
    assert reason["act"].startswith(f"attestctl device quarantine {agent.device}")
    fleet = {f["digest"]: f for f in told["fleet"]}
    assert fleet[kernel["is"]]["devices"] == 1
    assert "boots before this one were not seen here" in told["summary"]
    assert "kernel changed" in told["summary"]
    text = bench.ctl(verifier, "explain", told["attestation"]).stdout.decode()
    assert told["summary"] in text and "shown by 1 devices since" in text
    # Every command that is offered can be typed.
    done = bench.ctl(verifier, *reason["accept"].split()[1:-2])
    assert kernel["is"] in done.stdout.decode()


def test_an_explanation_of_a_fall_back_is_one_sentence(bench, tmp_path):
    verifier = bench.verifier()
    for name, boot, generation in (("old", "secure", "2026-10"), ("new", "secure-update", "2026-11")):
        reference = json.loads(reference_of(boot, 1, tmp_path).read_text())
        verifier.put("references", reference | {"id": name, "generation": generation})
    verifier.put("generations", {"type": "generations", "id": "line", "version": 1, "generations": [
        {"name": "2026-10", "status": "active"}, {"name": "2026-11", "status": "active"}]})
    policy = bench.policy()
    policy["boot"]["references"] = ["old", "new"]
    verifier.put("policies", policy)
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure-update")
    agent = bench.enrolled(verifier, tpm)
    for boots in (("secure-update",), ("secure-update", "secure-update", "secure")):
        for name in boots:
            tpm.power_cut()
            tpm.boot(name)
        agent.run("run", "--once", logs__boot=lab.BOOTS / boots[-1] / "boot-log",
                  logs__ima=lab.BOOTS / boots[-1] / "ima")
    told = explain(bench, verifier, agent.device)
    assert "went back from generation 2026-11 to 2026-10, and 2 boots in between were not seen" in \
        told["summary"], told["summary"]


def test_what_cannot_be_explained(bench, site):
    verifier, _, _ = site
    for what, code in (("a00", 2), ("0" * 32, 2), ("No Such", 2)):
        assert bench.ctl(verifier, "explain", what, check=False).returncode == code, what


# ---- documents kept in git ----


def test_apply_brings_a_directory_into_force_once(bench, tmp_path):
    verifier = bench.verifier()
    folder = tmp_path / "documents"
    folder.mkdir()
    reference = json.loads(reference_of("secure", 1, tmp_path).read_text())
    (folder / "a-policy.json").write_text(json.dumps(bench.policy()))
    (folder / "b-boot.json").write_text(json.dumps(reference))
    (folder / "notes.txt").write_text("not a document")
    dry = bench.ctl(verifier, "apply", folder, "--dry-run", check=False)
    assert (dry.returncode, dry.stdout.count(b"put and activate")) == (1, 2)
    assert verifier.admin("GET", "/v1/policies")["policies"] == []
    done = bench.ctl(verifier, "apply", folder)
    assert done.stdout.index(b"reference boot") < done.stdout.index(b"policy owner-policy")
    for kind in ("policies", "references"):
        assert [d["state"] for d in verifier.admin("GET", f"/v1/{kind}")[kind]] == ["active"]
    audit = len(verifier.admin("GET", "/v1/audit")["rows"])
    again = bench.ctl(verifier, "apply", folder)
    assert again.stdout.count(b"unchanged") == 2
    assert len(verifier.admin("GET", "/v1/audit")["rows"]) == audit
    assert bench.ctl(verifier, "apply", folder, "--dry-run").returncode == 0
    # A change wants a higher version; nothing of a bad directory is applied.
    changed = bench.policy() | {"evidence_age": "2h"}
    (folder / "a-policy.json").write_text(json.dumps(changed))
    (folder / "c-new.json").write_text(json.dumps(reference | {"id": "other"}))
    done = bench.ctl(verifier, "apply", folder, check=False)
    assert done.returncode == 1 and b"with other content: raise the version" in done.stderr
    assert len(verifier.admin("GET", "/v1/references")["references"]) == 1
    (folder / "a-policy.json").write_text(json.dumps(changed | {"version": 2}))
    bench.ctl(verifier, "apply", folder, "--put-only")
    rows = {(d["version"], d["state"]) for d in verifier.admin("GET", "/v1/policies")["policies"]}
    assert rows == {(1, "active"), (2, "inactive")}
    bench.ctl(verifier, "apply", folder)
    rows = {(d["version"], d["state"]) for d in verifier.admin("GET", "/v1/policies")["policies"]}
    assert rows == {(1, "inactive"), (2, "active")}
    (folder / "a-policy.json").write_text(json.dumps(bench.policy()))
    done = bench.ctl(verifier, "apply", folder, check=False)
    assert done.returncode == 1 and b"has version 2 already" in done.stderr


@pytest.mark.parametrize("case", ["bad-json", "twice", "absent", "missing-set"])
def test_a_directory_that_is_not_applied(bench, tmp_path, case):
    verifier = bench.verifier()
    folder = tmp_path / "documents"
    folder.mkdir()
    text = json.dumps(bench.policy())
    (folder / "a.json").write_text(text)
    if case == "bad-json":
        (folder / "b.json").write_text('{"type": "policy",\n\n "id": 5}')
    elif case == "twice":
        (folder / "b.json").write_text(text)
    where = tmp_path / "absent" if case == "absent" else folder
    done = bench.ctl(verifier, "apply", where, check=False)
    said = {"bad-json": b"b.json:3: ", "twice": b"are the same document",
            "absent": b"cannot be read", "missing-set": b"stopped at"}[case]
    assert done.returncode != 0 and said in done.stderr, done.stderr
    rows = verifier.admin("GET", "/v1/policies")["policies"]
    assert [d["state"] for d in rows] == (["inactive"] if case == "missing-set" else [])


def test_a_policy_that_hits_nobody_or_everybody_is_named(bench, site, tmp_path):
    verifier, _, _ = site
    nobody = save(tmp_path, bench.policy() | {"id": "nobody", "select": {"labels": {"site": "x"}}})
    done = bench.ctl(verifier, "policy", "check", nobody, "--fleet", check=False)
    assert (done.returncode, b"policy nobody selects no device" in done.stderr) == (1, True)
    everybody = save(tmp_path, bench.policy() | {
        "id": "everybody", "genuine": {"accept": ["verified"], "effect": "enforce"}})
    done = bench.ctl(verifier, "policy", "check", everybody, "--fleet", check=False)
    assert done.returncode == 1
    assert b"policy everybody would refuse the whole fleet: 1 devices" in done.stderr
    done = bench.ctl(verifier, "policy", "put", everybody)
    assert b"everybody would refuse the whole fleet" in done.stderr
    fine = save(tmp_path, bench.policy() | {"id": "fine"})
    assert bench.ctl(verifier, "policy", "check", fine, "--fleet").stderr == b""
    assert offline("policy", "check", fine).returncode == 0


def test_what_a_group_agrees_on_is_a_candidate(bench, site, tmp_path):
    verifier, _, first = site
    path = tmp_path / "group.json"
    words = ("reference", "from-group", "--label", "site=tokyo", "--id", "group", "--version", 1)
    done = bench.ctl(verifier, *words, "--output", path, check=False)
    assert (done.returncode, b"1 trusted members" in done.stderr) == (1, True), done.stderr
    others = []
    for boot in ("secure", "secure-update"):
        tpm = bench.tpm(("sha256",))
        tpm.boot(boot)
        agent = bench.enrolled(verifier, tpm, boot, labels={"site": "tokyo"})
        agent.run("run", "--once")
        others.append(agent.device)
    done = bench.ctl(verifier, *words, "--output", path)
    assert offline("reference", "check", path).returncode == 0
    group = json.loads(path.read_text())
    own = json.loads(verifier.call("GET", "/v1/references/boot", token=verifier.token, raw=True)[1])
    assert group["components"] == own["components"]
    assert verifier.admin("GET", "/v1/references")["references"][0]["id"] == "boot"
    # The third one joins once its own boot is approved; then it is the outlier.
    update = json.loads(reference_of("secure-update", 1, tmp_path).read_text()) | {"id": "update"}
    verifier.put("references", update)
    policy = bench.policy() | {"version": 2}
    policy["boot"]["references"] = ["boot", "update"]
    verifier.put("policies", policy)
    agent.run("run", "--once")
    assert latest(verifier, others[1])["verdict"] == "trusted"
    done = bench.ctl(verifier, *words, "--output", path)
    assert f"outlier: {others[1]}".encode() in done.stderr
    assert json.loads(path.read_text())["components"] == own["components"]
    assert bench.ctl(verifier, *words[:2], "--id", "x", "--version", 1,
                     check=False).returncode == 2
