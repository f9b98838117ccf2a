# SPDX-License-Identifier: Apache-2.0
"""What happens to a machine between two rounds, with real counters of a software TPM: power cuts, suspend,
TPM2_Clear, a state restored from a copy, kexec. Each has its facts and reasons, and no false alarm."""

import hashlib
import json
import shutil

import pytest
from conftest import codes, latest

import lab

BOOT = "secure"


@pytest.fixture
def device(bench):
    """Trusted, with a rule for every file of its IMA list."""
    verifier = bench.verifier()
    tpm = bench.tpm(("sha256",))
    tpm.boot(BOOT)
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    bench.approve_boot(verifier, agent.device)
    verifier.put("policies", bench.policy(ima={"references": ["boot"]}))
    found = attest(verifier, agent)
    assert found["verdict"] == "trusted", codes(found)
    return verifier, tpm, agent


def attest(verifier, agent, **logs):
    done = agent.run("run", "--once", **logs)
    found = latest(verifier, agent.device)
    assert done.returncode == (0 if found["verdict"] == "trusted" else 3), done.stderr.decode()
    return found


def facts(found, prefix="ledger."):
    return {f["code"]: f.get("found", "") for f in found["facts"] if f["code"].startswith(prefix)}


def clean(found):
    return found["verdict"] == "trusted" and codes(found) == []


def same_again(bench, verifier, found):
    """Appraised again from what is kept, with every entry of the boot read again."""
    done = bench.ctl(verifier, "attestation", "reappraise", found["id"], "--json")
    return json.loads(done.stdout)["same"]


def record(found):
    """The boot record that the round went on with; 0: it began one."""
    return found["inputs"]["boot"]


def entry(path, digest):
    """A binary ima-ng entry and the same as (pcr, listed digest, data)."""
    fields = (b"sha256:\0" + digest, path + b"\0")
    data = b"".join(len(f).to_bytes(4, "little") + f for f in fields)
    listed = hashlib.sha1(data).digest()
    raw = (10).to_bytes(4, "little") + listed + (6).to_bytes(4, "little") + b"ima-ng" + \
        len(data).to_bytes(4, "little") + data
    return raw, (10, listed, data)


def measure(tpm, *entries):
    """As the kernel does; the bytes that its list then grows by."""
    tpm.extend([(10, {b: lab.replay.ima_digest(b, False, e[1]) for b in tpm.banks}) for e in entries])
    return b"".join(e[0] for e in entries)


def aggregate(found):
    values = found["pcrs"]["sha256"]
    return entry(b"boot_aggregate",
                 hashlib.sha256(b"".join(bytes.fromhex(values[str(n)]) for n in range(10))).digest())


def approved():
    """A file that the policy allows: one of the recorded list."""
    entries = lab.replay.parse_ima((lab.BOOTS / BOOT / "ima").read_bytes())
    data = entries[1][2]
    digest = data[4:4 + int.from_bytes(data[:4], "little")]
    return digest[len(b"sha256:\0"):]


def forget_held(agent):
    """The agent sees another boot identifier: it sends its list from the start."""
    path = agent.directory / "state" / "state.json"
    state = json.loads(path.read_text())
    state["held"]["boot_id"] = "another"
    path.write_text(json.dumps(state))


# ---- power ----

def test_a_power_cut_takes_the_clock_back_and_nothing_else(device):
    verifier, tpm, agent = device
    before = attest(verifier, agent)
    for _ in range(3):
        tpm.power_cut()
        tpm.boot(BOOT)
        found = attest(verifier, agent)
        assert clean(found), codes(found)
        assert set(facts(found)) == {"ledger.boot"}
        assert record(found) == 0
    assert not found["counters"]["safe"]
    assert found["counters"]["reset_count"] == before["counters"]["reset_count"] + 3


def test_boots_that_nobody_saw_are_counted(device):
    verifier, tpm, agent = device
    for _ in range(3):
        tpm.shut_down()
        tpm.boot(BOOT)
    found = attest(verifier, agent)
    assert clean(found), codes(found)
    assert facts(found)["ledger.boots-unseen"] == "2"


def test_a_resume_goes_on_with_the_boot(device):
    verifier, tpm, agent = device
    boot = record(attest(verifier, agent))
    assert boot != 0
    for _ in range(2):
        tpm.suspend_and_resume()
        found = attest(verifier, agent)
        assert clean(found), codes(found)
        assert set(facts(found)) == {"ledger.resume"}
        assert record(found) == boot


def test_a_suspend_that_lost_power_is_a_boot(device):
    """TPM2_Shutdown(STATE), power lost: resetCount is equal, PCR 0 to 7 are soon too, the list is not."""
    verifier, tpm, agent = device
    grown = agent.directory / "ima"
    grown.write_bytes((lab.BOOTS / BOOT / "ima").read_bytes() +
                      measure(tpm, entry(b"/usr/bin/again", approved())))
    before = attest(verifier, agent, logs__ima=grown)
    assert clean(before), codes(before)
    tpm.tool("tpm2_shutdown")
    tpm.power_cut()
    tpm.boot(BOOT)
    found = attest(verifier, agent)
    assert clean(found), codes(found)
    assert set(facts(found)) == {"ledger.boot"}
    assert record(found) == 0
    assert found["counters"]["reset_count"] == before["counters"]["reset_count"]
    assert found["counters"]["restart_count"] == before["counters"]["restart_count"] + 1


# ---- counters that go back ----

def test_a_cleared_tpm_is_named_once_and_keeps_its_key(device):
    verifier, tpm, agent = device
    ak = verifier.admin("GET", f"/v1/devices/{agent.device}")["ak"]["name"]
    tpm.tool("tpm2_clear", "-c", "p")
    found = attest(verifier, agent)
    assert codes(found) == ["ledger.cleared"]
    assert found["verdict"] == "warning"
    assert found["counters"]["reset_count"] == 0
    assert clean(attest(verifier, agent))
    tpm.shut_down()
    tpm.boot(BOOT)
    assert clean(attest(verifier, agent))
    assert verifier.admin("GET", f"/v1/devices/{agent.device}")["ak"]["name"] == ak


def test_a_tpm_cleared_and_booted_again_has_a_counter_that_went_back(device):
    verifier, tpm, agent = device
    for _ in range(2):
        tpm.shut_down()
        tpm.boot(BOOT)
    assert clean(attest(verifier, agent))
    tpm.tool("tpm2_clear", "-c", "p")
    tpm.shut_down()
    tpm.boot(BOOT)
    found = attest(verifier, agent)
    assert codes(found) == ["ledger.reset-back"]


def test_a_restored_copy_of_the_tpm_is_found_out(device, tmp_path):
    """As a clone, or a virtual machine that was rolled back."""
    verifier, tpm, agent = device
    tpm.shut_down()
    shutil.copytree(tpm.state, tmp_path / "copy")
    for _ in range(2):
        tpm.boot(BOOT)
        assert clean(attest(verifier, agent))
        tpm.shut_down()
    shutil.rmtree(tpm.state)
    shutil.copytree(tmp_path / "copy", tpm.state)
    tpm.boot(BOOT)
    found = attest(verifier, agent)
    assert codes(found) == ["ledger.reset-back"]


# ---- kexec ----

def test_a_list_that_starts_over_goes_on_from_the_remembered_value(bench, device):
    verifier, tpm, agent = device
    before = attest(verifier, agent)
    started = agent.directory / "ima"
    started.write_bytes(measure(tpm, aggregate(before), entry(b"/usr/bin/again", approved())))
    forget_held(agent)
    found = attest(verifier, agent, logs__ima=started)
    assert clean(found), codes(found)
    assert "ima.kexec" in facts(found, "ima.")
    assert facts(found) == {}
    assert record(found) == record(before)
    started.write_bytes(started.read_bytes() + measure(tpm, entry(b"/usr/bin/more", approved())))
    grown = attest(verifier, agent, logs__ima=started)
    assert clean(grown)
    assert all(same_again(bench, verifier, one) for one in (before, found, grown))


def test_entries_lost_before_a_kexec_are_not_forgiven(bench, device):
    verifier, tpm, agent = device
    before = attest(verifier, agent)
    measure(tpm, entry(b"/usr/bin/unseen", approved()))
    started = agent.directory / "ima"
    started.write_bytes(measure(tpm, aggregate(before)))
    forget_held(agent)
    found = attest(verifier, agent, logs__ima=started)
    assert codes(found) == ["ima.pcr-mismatch"]
    assert found["verdict"] == "untrusted"
    assert same_again(bench, verifier, found)


def test_what_ran_before_counts_as_long_as_the_boot_does(bench, device):
    """Judged again by another verifier process, from the segments it kept."""
    verifier, tpm, agent = device
    grown = agent.directory / "ima"
    grown.write_bytes((lab.BOOTS / BOOT / "ima").read_bytes() +
                      measure(tpm, entry(b"/tmp/evil", bytes(range(32)))))
    first = attest(verifier, agent, logs__ima=grown)
    assert codes(first) == ["ima.unknown-file"]
    verifier.stop()
    verifier.start()
    second = attest(verifier, agent, logs__ima=grown)
    third = attest(verifier, agent, logs__ima=grown)
    for one in (second, third):
        assert one["perspectives"] == first["perspectives"]
        assert same_again(bench, verifier, one)
    assert record(second) != 0
