# SPDX-License-Identifier: Apache-2.0
"""An update of a fleet, from its first generation to the day on which that is revoked: each device has a
software TPM and an initrd of its own. ATTESTD_STORY_DEVICES says how many (scripts/update-story: 200)."""

import json
import os

import pytest
from conftest import PROGRAMS, codes, latest

import lab

DEVICES = int(os.environ.get("ATTESTD_STORY_DEVICES", "8"))
INITRD = 46       # the events of the recorded boot that measure /initrd.img
KERNEL = 41       # and /vmlinuz, as a file that GRUB reads
PILOTS = max(2, DEVICES // 10)
BACK = max(2, DEVICES * 3 // 100)  # fall back to the first generation
LAGGARDS = max(1, DEVICES // 20)   # never update
APPROVAL = "a" + "0" * 32


class Device:
    def __init__(self, bench, verifier, number):
        self.number = number
        self.tpm = bench.tpm(("sha256",))
        self.group = "pilot" if number < PILOTS else "rest"
        self.initrd = {g: f"initrd of {number}, generation {g}".encode() for g in (1, 2)}
        self.boot_other({INITRD: self.initrd[1]}, bench.directory / f"log-{number}")
        token = bench.join_token(verifier, labels={"group": self.group})
        self.agent = bench.agent(verifier, self.tpm, enrollment__token_file=token, logs__ima="none",
                                 logs__boot=self.log)
        assert self.agent.run("enroll").returncode == 0
        self.id = self.agent.device = json.loads(
            self.agent.run("identity", "--json").stdout)["device"]

    def boot_other(self, other, log=None):
        """Another boot, which measures other content by event number."""
        if self.tpm.process:
            self.tpm.power_cut()
        self.tpm.boot("secure", ima=False, other=other)
        self.log = lab.log_with("secure", other, log or self.log)

    def boot(self, generation, kernel, initrd=None):
        other = {INITRD: initrd or self.initrd[generation]}
        if generation == 2:
            other[KERNEL] = kernel
        self.boot_other(other)
        return self.attest()

    def attest(self):
        return self.agent.run("run", "--once").returncode

    def announce(self):
        path = self.agent.directory / "initrd"
        path.write_bytes(self.initrd[2])
        done = self.agent.run("announce", "--file", f"initrd={path}")
        assert done.returncode == 0, done.stderr.decode()


class Fleet:
    """The verifier and what its operator does."""

    def __init__(self, bench):
        self.bench = bench
        self.verifier = bench.verifier()
        self.devices = [Device(bench, self.verifier, n) for n in range(DEVICES)]
        self.version = {}

    def put(self, kind, document):
        document["version"] = self.version[document["id"]] = self.version.get(document["id"], 0) + 1
        self.verifier.put(kind, document)

    def states(self, **status):
        self.put("generations", {
            "type": "generations", "id": "line",
            "generations": [{"name": name, **value} for name, value in status.items()]})

    def reference(self, generation, kernel):
        """From the log of the first device: what all share, and each device's approved initrd."""
        path = self.bench.directory / f"boot-{generation}.json"
        lab.run(PROGRAMS["attestctl"], "reference", "from-log", self.devices[0].log, "--id",
                f"boot-{generation}", "--version", "1", "--generation", f"g{generation}", "--output",
                path)
        made = json.loads(path.read_text())
        numbered = {KERNEL: kernel}
        for component in made["components"]:
            if component["role"].startswith("initrd"):
                component["values"] = self.initrds(generation)
            elif generation == 2 and (component["role"], component["pcr"]) == ("kernel", 9):
                component["values"] = [{"sha256": lab.hashlib.sha256(numbered[KERNEL]).hexdigest()}]
        return made

    def initrds(self, generation):
        """Of the first generation each device's was approved; of the second only announced ones and the
        build server's are good."""
        if generation == 2:
            return [{"sha256": lab.hashlib.sha256(b"the build server's").hexdigest()}]
        return [{"sha256": lab.hashlib.sha256(d.initrd[1]).hexdigest(),
                 "approval": {"device": d.id, "approved_by": "operator", "round": APPROVAL,
                              "until": "2099-01-01T00:00:00Z"}} for d in self.devices]

    def simulate(self, directory, documents, *words):
        """What would become of the fleet under these documents; nothing is stored."""
        paths = []
        for document in documents:
            paths.append(directory / f"{document['id']}.json")
            paths[-1].write_text(json.dumps(document))
        done = self.bench.ctl(self.verifier, "simulate", *paths, *words, "--json", check=False)
        assert done.returncode in (0, 1), done.stderr.decode()
        return json.loads(done.stdout)["result"]

    def verdicts(self):
        return {d.number: self.verifier.admin("GET", f"/v1/devices/{d.id}")["verdict"]
                for d in self.devices}

    def facts(self, device):
        return {f["code"] for f in latest(self.verifier, device.id)["facts"]}

    def reds(self):
        return {n for n, verdict in self.verdicts().items() if verdict not in ("trusted", "warning")}

    def attest_all(self):
        for d in self.devices:
            d.attest()


@pytest.fixture
def fleet(bench):
    return Fleet(bench)


def test_a_fleet_is_updated_and_nobody_turns_red_who_should_not(fleet, tmp_path):
    kernel = b"the second kernel"
    policy = fleet.bench.policy(reference="boot-1",
                                announce={"roles": ["initrd"], "life": "4h"})

    # The first generation, with initrds that were approved device by device.
    fleet.put("references", fleet.reference(1, kernel))
    fleet.put("policies", policy)
    fleet.states(g1={"status": "active"})
    fleet.attest_all()
    assert fleet.reds() == set()

    # The second as a candidate for the pilots; nobody's verdict changes.
    second = fleet.reference(2, kernel)
    fleet.put("references", second)
    policy["boot"]["references"] = ["boot-1", "boot-2"]
    fleet.put("policies", policy)
    fleet.states(g1={"status": "active"},
                 g2={"status": "candidate", "rollout": {"labels": {"group": "pilot"}}})
    fleet.attest_all()
    assert fleet.reds() == set()

    # What if it were the only one? All would fail as they are; after the update all would pass.
    documents = [{**policy, "version": 99, "boot": {"references": ["boot-2"], "effect": "enforce"}},
                 {**second, "version": 99},
                 {"type": "generations", "id": "line", "version": 99,
                  "generations": [{"name": "g1", "status": "active"},
                                  {"name": "g2", "status": "active"}]}]
    told = fleet.simulate(tmp_path, documents)
    assert told["devices"] == told["changed"] == DEVICES
    assert told["verdicts"] == [{"before": "trusted", "after": "untrusted", "devices": DEVICES}]
    assert {g["cause"]["what"] for g in told["groups"]} >= {"initrd", "kernel"}
    told = fleet.simulate(tmp_path, documents, "--predict")
    assert (told["devices"], told["changed"]) == (DEVICES, 0), told

    # A pilot that announced boots it; a device of the rest may not yet.
    pilot, other = fleet.devices[0], fleet.devices[-1]
    pilot.announce()
    assert pilot.boot(2, kernel) == 0
    other.announce()
    assert other.boot(2, kernel) == 3
    assert "boot.candidate" in codes(latest(fleet.verifier, other.id))
    assert other.boot(1, kernel) == 0

    # It is activated: all but the laggards announce and boot it, some fall back.
    fleet.states(g1={"status": "active"}, g2={"status": "active"})
    laggards = fleet.devices[-LAGGARDS:]
    updating = [d for d in fleet.devices[1:] if d not in laggards]
    falling = updating[-BACK:]
    victim = updating[0]
    for d in updating:
        d.announce()
        if d is victim:
            # In the middle of it: somebody changed the initrd after it was announced.
            assert d.boot(2, kernel, initrd=b"with a back door") == 3
            assert latest(fleet.verifier, d.id)["verdict"] == "untrusted"
            assert fleet.reds() == {victim.number}
            assert d.boot(1, kernel) == 0
            continue
        assert d.boot(2, kernel) == 0, (d.number, codes(latest(fleet.verifier, d.id)))
    for d in falling:
        assert d.boot(1, kernel) == 0
        assert "boot.went-back" in fleet.facts(d)
    assert fleet.reds() == set(), "no false alarm"
    behind = {d.number for d in (*falling, *laggards, victim)}
    assert {d.number for d in fleet.devices if "boot.went-back" in fleet.facts(d)} == {
        d.number for d in (*falling, other)}, "those that fell back are named"

    # The first is retired, with time left: who still runs it is shown, and not red.
    fleet.states(g1={"status": "retired", "retire_after": "2099-01-01T00:00:00Z"},
                 g2={"status": "active"})
    fleet.attest_all()
    assert {n for n, v in fleet.verdicts().items() if v == "warning"} == behind
    assert fleet.reds() == set()

    # And revoked: they fail, and what both generations share does not.
    fleet.states(g1={"status": "revoked"}, g2={"status": "active"})
    fleet.attest_all()
    assert fleet.reds() == behind
    for d in laggards:
        assert "boot.revoked" in codes(latest(fleet.verifier, d.id))
