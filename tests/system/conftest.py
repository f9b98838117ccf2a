# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lab  # noqa: E402
import peer as peers  # noqa: E402

BUILD = pathlib.Path(os.environ.get("ATTESTD_BUILD_ROOT", lab.ROOT / "build"))
PROGRAMS = {"attestd": BUILD / "daemon" / "attestd", "attest-agent": BUILD / "agent" / "attest-agent",
            "attestctl": BUILD / "policy" / "ctl" / "attestctl"}


@pytest.fixture(scope="session", autouse=True)
def needed():
    for tool in ("swtpm", "swtpm_setup", "tpm2_quote"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    for name, path in PROGRAMS.items():
        if not path.exists():
            pytest.skip(f"{name} was not built")


@pytest.fixture(scope="session")
def factory(tmp_path_factory):
    """The maker's CA; its first TPM makes the certificates."""
    made = lab.Factory(tmp_path_factory.mktemp("factory"))
    lab.Tpm(made, tmp_path_factory.mktemp("first") / "tpm")
    return made


class Bench:
    """A verifier and what talks to it, cleaned up at the end of a test."""

    def __init__(self, factory, directory):
        self.factory, self.directory = factory, directory
        self.roots = factory.roots(directory / "ek-roots")
        self.tpms, self.verifiers, self.peers = [], [], []

    def verifier(self, *settings, start=True):
        made = lab.Verifier(PROGRAMS["attestd"], self.directory / f"attestd-{len(self.verifiers)}",
                            self.roots, ["enrollment.genuine=software", *settings])
        self.verifiers.append(made)
        return made.start() if start else made

    def tpm(self, banks=("sha1", "sha256", "sha384")):
        made = lab.Tpm(self.factory, self.directory / f"tpm-{len(self.tpms)}", banks)
        self.tpms.append(made)
        return made

    def join_token(self, verifier, **more):
        value = verifier.admin("POST", "/v1/join-tokens", {"uses": 1, **more})
        path = self.directory / f"{value['id']}.token"
        path.touch(mode=0o600)
        path.write_text(value["token"])
        return path

    def agent(self, verifier, tpm, boot="secure", **settings):
        name = f"agent-{len(list(self.directory.glob('agent-*')))}"
        return lab.Agent(PROGRAMS["attest-agent"], self.directory / name, verifier, tpm, boot,
                         **settings)

    def enrolled(self, verifier, tpm, boot="secure", labels=None, **settings):
        """An agent whose device is enrolled; its id in agent.device."""
        token = self.join_token(verifier, labels=labels or {})
        agent = self.agent(verifier, tpm, boot, enrollment__token_file=token, **settings)
        known = {d["id"] for d in verifier.admin("GET", "/v1/devices")["devices"]}
        done = agent.run("enroll")
        assert done.returncode == 0, done.stderr.decode()
        now = {d["id"] for d in verifier.admin("GET", "/v1/devices")["devices"]}
        agent.device = (now - known).pop()
        return agent

    def peer(self, verifier, tpm, device):
        made = peers.Peer(tpm, device, verifier.origin, verifier.certificate)
        self.peers.append(made)
        return made

    def ctl(self, verifier, *words, check=True):
        return lab.run(PROGRAMS["attestctl"], *words, "--server", verifier.origin, "--ca-file",
                       verifier.certificate, "--token-file", verifier.state / "admin.token",
                       check=check)

    def approve_boot(self, verifier, device, reference="boot", version=1):
        """The device's current boot becomes the approved one."""
        path = self.directory / f"{reference}-{version}.json"
        self.ctl(verifier, "reference", "from-device", device, "--id", reference, "--version",
                 version, "--output", path)
        self.ctl(verifier, "reference", "put", path)
        self.ctl(verifier, "reference", "activate", reference, version)

    @staticmethod
    def policy(reference="boot", perspective="owner", quote=None, **rules):
        return {"type": "policy", "id": f"{perspective}-policy", "version": 1,
                "perspective": perspective, "select": {"all": True},
                "quote": quote or {"sha256": list(range(16))},
                "genuine": {"accept": ["software"], "effect": "enforce"},
                "boot": {"references": [reference], "effect": "enforce"}, **rules}

    def close(self):
        for one in self.peers:
            one.close()
        for one in self.verifiers:
            one.stop()
        for one in self.tpms:
            one.power_cut()


@pytest.fixture
def bench(factory, tmp_path):
    made = Bench(factory, tmp_path)
    yield made
    made.close()


def latest(verifier, device):
    rows = verifier.admin("GET", f"/v1/devices/{device}/attestations?limit=1")["attestations"]
    return verifier.admin("GET", f"/v1/attestations/{rows[0]['id']}")


def codes(attestation, perspective=None):
    return sorted({r["code"] for p in attestation["perspectives"]
                   if perspective in (None, p["name"]) for r in p["reasons"]})
