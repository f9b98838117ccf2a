# SPDX-License-Identifier: Apache-2.0
"""Documents on their way into force: directories that are applied, candidates that are proposed."""

import hashlib
import json

import pytest
from conftest import PROGRAMS, codes, latest
from test_boots import entry, measure

import lab

BOOT = lab.BOOTS / "secure"


def offline(*words):
    return lab.run(PROGRAMS["attestctl"], *words, check=False)


def active(verifier):
    """(kind, id, version) of what is in force."""
    kinds = ("policies", "references", "generations", "perspectives")
    return {(kind, d["id"], d["version"]) for kind in kinds
            for d in verifier.admin("GET", f"/v1/{kind}")[kind] if d["state"] == "active"}


@pytest.fixture(scope="module")
def boot_set(tmp_path_factory):
    path = tmp_path_factory.mktemp("sets") / "boot.json"
    done = offline("reference", "from-log", BOOT / "boot-log", "--ima", BOOT / "ima", "--id", "boot",
                   "--version", 1, "--output", path)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


# ---- signed ----


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "jwk"
    lab.run("jose", "jwk", "gen", "-i", '{"alg": "ES256"}', "-o", path)
    return path


@pytest.fixture(params=["compact", "flattened"])
def sign(key, request, tmp_path):
    def signed(document, name="signed"):
        plain, path = tmp_path / f"{name}.plain", tmp_path / name
        plain.write_text(json.dumps(document))
        compact = ["-c"] if request.param == "compact" else []
        lab.run("jose", "jws", "sig", "-I", plain, "-k", key, *compact, "-o", path)
        return path
    return signed


def test_a_signed_set_is_read_by_what_it_says(boot_set, sign, tmp_path):
    first = sign(boot_set)
    second = sign(boot_set | {"version": 2, "description": "another"}, "second")
    assert offline("reference", "check", first).returncode == 0
    told = offline("reference", "diff", first, second)
    assert b"another" in told.stdout, (told.stdout, told.stderr)
    plain = tmp_path / "signed.plain"
    assert offline("reference", "diff", first, plain).stdout == \
        offline("reference", "diff", plain, plain).stdout
    sums = tmp_path / "sums"
    sums.write_text("ab" * 32 + "  /usr/bin/tool\n")
    more = offline("reference", "from-sums", sums, "--id", "boot", "--version", 2, "--append", first)
    assert more.returncode == 0 and b"sign what is made of it" in more.stderr, more.stderr
    made = json.loads(more.stdout)
    assert made["components"] == boot_set["components"] and "sha256:" + "ab" * 32 in made["files"]


def test_a_signed_set_is_tried_and_extended(bench, intruded, sign):
    verifier, agent, digest, _ = intruded
    kept = verifier.admin("GET", "/v1/references/boot")
    path = sign(kept | {"version": kept["version"] + 1})
    tried = json.loads(bench.ctl(verifier, "simulate", path, "--json").stdout)
    assert tried["result"]["changed"] == 0 and tried["result"]["groups"] == [], tried
    bench.ctl(verifier, "reference", "put", path)
    bench.ctl(verifier, "reference", "activate", "boot", kept["version"] + 1)
    told = bench.ctl(verifier, "unknown", "accept", digest, "--reference", "boot")
    candidate = json.loads(told.stdout)
    assert f"sha256:{digest}" in candidate["files"] and b"sign the candidate" in told.stderr
    assert candidate["version"] == kept["version"] + 2
    policy = sign(bench.policy(ima={"references": ["boot"]}) | {"version": 9}, "policy")
    tried = bench.ctl(verifier, "policy", "check", policy, "--fleet", check=False)
    assert tried.returncode == 1 and b"would refuse the whole fleet: 1 devices" in tried.stderr


# ---- apply ----


@pytest.fixture
def folder(bench, boot_set, tmp_path):
    """A directory that is in force, and beside it a whole second set of documents."""
    verifier = bench.verifier()
    where = tmp_path / "documents"
    where.mkdir()
    (where / "policy.json").write_text(json.dumps(bench.policy()))
    (where / "boot.json").write_text(json.dumps(boot_set))
    bench.ctl(verifier, "apply", where)
    verifier.put("references", boot_set | {"id": "old"})
    verifier.put("generations", {"type": "generations", "id": "states", "version": 3,
                                 "generations": [{"name": "g1", "status": "active"}]})
    verifier.put("policies", bench.policy("old", "vendor") | {"version": 7})
    verifier.put("perspectives", {"type": "perspective", "id": "vendor", "version": 2,
                                  "trial": True})
    return verifier, where


OTHERS = {("references", "old", 1), ("generations", "states", 3),
          ("policies", "vendor-policy", 7), ("perspectives", "vendor", 2)}
OURS = {("policies", "owner-policy", 1), ("references", "boot", 1)}


def test_apply_says_what_is_in_force_and_not_in_the_directory(bench, folder):
    verifier, where = folder
    done = bench.ctl(verifier, "apply", where)
    for _, name, version in OTHERS:
        assert any(line.startswith(b"left alone ") and f" {name} version {version} ".encode() in line
                   for line in done.stdout.splitlines()), done.stdout
    assert done.stdout.count(b"unchanged") == 2
    assert active(verifier) == OURS | OTHERS
    assert bench.ctl(verifier, "apply", where, "--dry-run").returncode == 0


def test_prune_takes_the_rest_out_of_force_once(bench, folder):
    verifier, where = folder
    dry = bench.ctl(verifier, "apply", where, "--prune", "--dry-run", check=False)
    assert (dry.returncode, dry.stdout.count(b"deactivate ")) == (1, 4)
    assert active(verifier) == OURS | OTHERS
    assert bench.ctl(verifier, "apply", where, "--prune").stdout.count(b"deactivate ") == 4
    assert active(verifier) == OURS
    audit = len(verifier.admin("GET", "/v1/audit")["rows"])
    again = bench.ctl(verifier, "apply", where, "--prune")
    assert b"deactivate" not in again.stdout and b"left alone" not in again.stdout
    assert len(verifier.admin("GET", "/v1/audit")["rows"]) == audit
    # It is out of force, and still there.
    assert verifier.admin("GET", "/v1/policies/vendor-policy?version=7")["version"] == 7


def test_nothing_is_done_where_the_rest_is_needed(bench, folder):
    verifier, where = folder
    (where / "boot.json").unlink()
    changed = bench.policy() | {"version": 2, "evidence_age": "2h"}
    (where / "policy.json").write_text(json.dumps(changed))
    done = bench.ctl(verifier, "apply", where, "--prune", check=False)
    assert done.returncode == 1 and b"alone do not go together" in done.stderr
    assert b"boot" in done.stderr
    assert active(verifier) == OURS | OTHERS
    done = bench.ctl(verifier, "apply", where, "--prune", "--put-only", check=False)
    assert done.returncode == 2 and active(verifier) == OURS | OTHERS


# ---- what is said before a policy counts ----


def test_a_policy_is_tried_on_the_fleet_when_it_is_put(bench, tmp_path):
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("references", {"type": "reference", "id": "elsewhere", "version": 1, "components": [
        {"role": "firmware", "pcr": 0, "scope": "device", "device": "0" * 32,
         "values": [{"any": True}]}]})
    fine = bench.policy()
    assert verifier.admin("POST", "/v1/policies", fine)["warnings"] == []
    told = verifier.admin("POST", "/v1/policies/owner-policy/activation", {"version": 1})
    assert told == {"id": "owner-policy", "active": 1, "warnings": []}
    for name, change, code, text in (
            ("nobody", {"select": {"labels": {"site": "mars"}}}, "policy.selects-none",
             "policy nobody selects no device"),
            ("everybody", {"genuine": {"accept": ["verified"]}}, "policy.refuses-all",
             "policy everybody would refuse the whole fleet: 1 devices"),
            ("others", {"boot": {"references": ["elsewhere"]}}, "policy.refuses-all",
             "policy others would refuse the whole fleet: 1 devices"),
            ("unfit", {"boot": {"references": ["absent"]}}, "policy.unfit",
             "policy unfit cannot come into force as things are: ")):
        document = fine | {"id": name, "perspective": name} | change
        told = verifier.admin("POST", "/v1/policies", document)["warnings"]
        assert [(w["code"], w["policy"]) for w in told] == [(code, name)]
        assert told[0]["text"].startswith(text)
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document))
        done = bench.ctl(verifier, "policy", "put", path)
        assert f"warning: {text}".encode() in done.stderr
        done = bench.ctl(verifier, "policy", "activate", name, 1, check=False)
        assert (done.returncode == 0) == (name != "unfit")
        assert name == "unfit" or f"warning: {text}".encode() in done.stderr
    assert verifier.admin("POST", "/v1/perspectives", {
        "type": "perspective", "id": "nobody", "version": 1, "trial": True})["warnings"] == []


# ---- files that nobody shall run ----


@pytest.fixture
def intruded(bench):
    """A device that ran a file which nothing explains; its digest."""
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256",))
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy(ima={"references": ["boot"]}))
    digest = hashlib.sha256(b"a miner").digest()
    grown = agent.directory / "ima"
    grown.write_bytes((BOOT / "ima").read_bytes() + measure(tpm, entry(b"/usr/bin/m", digest)))
    agent.run("run", "--once", logs__ima=grown)
    assert codes(latest(verifier, agent.device)) == ["ima.unknown-file"]
    return verifier, agent, digest.hex(), grown


def test_a_file_that_is_rejected_is_forbidden_by_a_candidate(bench, intruded, tmp_path):
    verifier, agent, digest, grown = intruded
    path = tmp_path / "candidate.json"
    before = active(verifier)
    bench.ctl(verifier, "unknown", "reject", digest, "--policy", "owner-policy", "--output", path)
    assert active(verifier) == before and len(verifier.admin("GET", "/v1/policies")["policies"]) == 1
    candidate = json.loads(path.read_text())
    assert candidate["ima"]["forbidden"] == [f"sha256:{digest}"] and candidate["version"] == 2
    assert offline("policy", "check", path).returncode == 0
    bench.ctl(verifier, "policy", "put", path)
    assert active(verifier) == before
    bench.ctl(verifier, "policy", "activate", "owner-policy", 2)
    agent.run("run", "--once", logs__ima=grown)
    assert codes(latest(verifier, agent.device)) == ["ima.forbidden-file"]


@pytest.mark.parametrize("words, said", [
    (["--reference", "boot"], b"--policy ID"), (["--policy", "absent"], b"404"),
    (["--policy", "owner-policy", "--reference", "boot"], b"not both"), ([], b"--policy"),
    (["--policy", "no-ima"], b"no rule on IMA"), (["--policy", "has-it"], b"forbids it already")],
    ids=["set", "absent", "both", "neither", "no-ima", "again"])
def test_a_rejection_that_is_refused(bench, intruded, words, said):
    verifier, _, digest, _ = intruded
    verifier.put("policies", bench.policy() | {"id": "no-ima"})
    ima = {"references": ["boot"], "forbidden": [f"sha256:{digest}"]}
    verifier.admin("POST", "/v1/policies", bench.policy(ima=ima) | {"id": "has-it"})
    done = bench.ctl(verifier, "unknown", "reject", digest, *words, check=False)
    assert done.returncode == 2 and said in done.stderr and done.stdout == b"", done.stderr
