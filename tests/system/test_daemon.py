# SPDX-License-Identifier: Apache-2.0
"""The daemon as a process and as an API: roles, signals, configuration, keys, results."""

import json
import re
import signal
import stat
import subprocess
import threading

import pytest
from conftest import BUILD, PROGRAMS, latest

import lab

PUBLIC = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/.well-known/attestd/jwks.json")}
BY_DEVICE = re.compile(r"^/v1/(enrollments|devices/[^/]+/(challenges|evidence))")


def routes():
    """Every route of the table, from the sources of the API."""
    found = set()
    for source in sorted((lab.ROOT / "daemon").glob("api_*.c")):
        text = source.read_text()
        for pattern in re.findall(
                r'METHOD_(\w+),\s*(?:\.pattern = )?("[^"]+"(?:\s*"[^"]+")*)', text):
            path = "".join(re.findall(r'"([^"]*)"', pattern[1]))
            found.add((pattern[0], path))
        for base in re.findall(r'ROUTES\("([^"]+)"', text):
            found |= {("POST", base), ("GET", base), ("GET", base + "/{id}"),
                      ("POST", base + "/{id}/activation"), ("POST", base + "/{id}/deactivation")}
    return sorted(r for r in found if r[1].startswith("/"))


def test_every_route_without_credentials_is_refused(bench):
    verifier = bench.verifier()
    table = routes()
    assert len(table) > 30, table
    for method, path in table:
        if (method, path) in PUBLIC or BY_DEVICE.match(path):
            continue
        concrete = re.sub(r"\{\w+\}", "a" * 32, path)
        status, value = verifier.call(method, concrete, {} if method in ("POST", "PATCH") else None)
        assert status == 401, (method, path, status, value)
        assert value["code"] == "request.unauthenticated"


def test_roles_are_kept_apart(bench):
    verifier = bench.verifier()

    def token(*roles):
        body = {"roles": list(roles)} | ({"perspectives": ["*"]} if "relying-party" in roles else {})
        return verifier.admin("POST", "/v1/tokens", body)["token"]

    viewer, operator, auditor, relying = (token(r) for r in ("viewer", "operator", "auditor",
                                                             "relying-party"))
    policy = {"type": "policy", "id": "p", "version": 1, "perspective": "owner",
              "select": {"all": True}}
    for who, method, path, body, status in [
            (viewer, "GET", "/v1/devices", None, 200), (viewer, "POST", "/v1/tokens", {}, 403),
            (viewer, "POST", "/v1/join-tokens", {}, 403), (viewer, "GET", "/v1/audit", None, 403),
            (operator, "GET", "/v1/devices", None, 200),
            (operator, "POST", "/v1/join-tokens", {}, 201),
            (operator, "POST", "/v1/policies", policy, 403),
            (auditor, "GET", "/v1/audit", None, 200), (auditor, "GET", "/v1/devices", None, 403),
            (relying, "GET", "/v1/devices", None, 403),
            (relying, "GET", "/v1/devices/" + "a" * 32 + "/result", None, 404)]:
        assert verifier.call(method, path, body, token=who)[0] == status, (method, path, status)


def test_a_scoped_token_sees_its_devices_only(bench):
    verifier = bench.verifier()
    for n, site in enumerate(("tokyo", "oslo")):
        verifier.admin("POST", "/v1/devices", {"ek_sha256": f"{n:02x}" * 32, "labels": {"site": site}})
    scoped = verifier.admin("POST", "/v1/tokens", {"roles": ["viewer"],
                                                   "labels": {"site": "oslo"}})["token"]
    seen = verifier.call("GET", "/v1/devices", token=scoped)[1]["devices"]
    assert [d["labels"]["site"] for d in seen] == ["oslo"]
    hidden = next(d["id"] for d in verifier.admin("GET", "/v1/devices")["devices"]
                  if d["labels"]["site"] == "tokyo")
    assert verifier.call("GET", f"/v1/devices/{hidden}", token=scoped)[0] == 404


def test_a_scoped_token_makes_nothing_outside_of_its_scope(bench):
    verifier = bench.verifier()
    oslo, tokyo = {"labels": {"site": "oslo"}}, {"labels": {"site": "tokyo"}}

    def made(path, body):
        return verifier.admin("POST", path, body)

    scoped = made("/v1/tokens", {"roles": ["admin"]} | oslo)
    mine = made("/v1/devices", {"ek_sha256": "01" * 32} | oslo)["id"]
    other = made("/v1/tokens", {"roles": ["viewer"]} | tokyo)["id"]
    joins = made("/v1/join-tokens", tokyo)["id"]

    def call(method, path, body=None):
        return verifier.call(method, path, body, token=scoped["token"])

    for labels, status in (({}, 403), (tokyo, 403), (oslo, 201)):
        assert call("POST", "/v1/tokens", {"roles": ["admin"]} | labels)[0] == status
        assert call("POST", "/v1/join-tokens", labels)[0] == status
        assert call("POST", "/v1/devices", {"ek_sha256": "02" * 32} | labels)[0] == status
    assert call("PATCH", f"/v1/devices/{mine}", tokyo)[0] == 403
    assert call("PATCH", f"/v1/devices/{mine}", {"name": "gate"})[0] == 200
    for device in (mine, "f" * 32):
        verifier.call("POST", f"/v1/devices/{device}/evidence", {}, token=None)
    assert len(verifier.admin("GET", "/v1/attempts")["attempts"]) > 0
    assert call("GET", "/v1/attempts")[1]["attempts"] == []
    for path, hidden in (("/v1/tokens", other), ("/v1/join-tokens", joins)):
        assert call("DELETE", f"{path}/{hidden}")[0] == 404
        assert {t["labels"].get("site") for t in call("GET", path)[1]["tokens"]} == {"oslo"}
    assert call("DELETE", f"/v1/tokens/{scoped['id']}")[0] == 204


def test_lists_are_paged_by_cursor(bench):
    verifier = bench.verifier()
    for n in range(7):
        verifier.admin("POST", "/v1/devices", {"ek_sha256": f"{n:02x}" * 32})
    seen, cursor = [], ""
    while cursor is not None:
        page = verifier.admin("GET", "/v1/devices?limit=3" + (f"&cursor={cursor}" if cursor else ""))
        seen += [d["id"] for d in page["devices"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 7
    assert verifier.call("GET", "/v1/devices?limit=0", token=verifier.token)[0] == 400


def test_secrets_are_private_and_never_logged(bench):
    verifier = bench.verifier()
    secret = verifier.token
    for path in verifier.state.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_file() and path.name != "certificate.pem":
            assert mode & 0o077 == 0, (path, oct(mode))
    verifier.stop()
    assert secret not in verifier.log.read_text()
    key = next((verifier.state / "keys" / "result").iterdir())
    key.chmod(0o644)
    done = subprocess.run([PROGRAMS["attestd"], "--config", "/dev/null",
                           *[w for s in verifier.settings for w in ("--set", s)]],
                          capture_output=True, timeout=20)
    assert done.returncode != 0 and b"key" in done.stderr


def test_the_configuration_is_checked_and_told(tmp_path):
    good = tmp_path / "attestd.conf"
    good.write_text("[server]\norigin = https://v.example\n")
    (tmp_path / "attestd.conf.d").mkdir()
    (tmp_path / "attestd.conf.d" / "10-more.conf").write_text("[server]\nworkers = 3\n")

    def attestd(*words):
        return subprocess.run([PROGRAMS["attestd"], "--config", good, *words],
                              capture_output=True, text=True, timeout=20)

    assert attestd("--check-config").returncode == 0
    told = attestd("--print-config").stdout
    assert re.search(r"server\.workers = 3 +# .*10-more\.conf:2", told)
    assert re.search(r"server\.queue = 1024 +# default", told)
    for text, word in [("[server]\nnonsense = 1\n", "nonsense"), ("[nowhere]\na = 1\n", "unknown section"),
                       ("[server]\norigin = http://v.example\n", "https"),
                       ("[server]\norigin = https://v.example\nworkers = many\n", "workers"),
                       ("[server]\norigin = https://v.example\nkey = /x\n", "certificate")]:
        good.write_text(text)
        done = attestd("--check-config")
        assert done.returncode == 2 and word in done.stderr, (text, done.stderr)


def test_sighup_loads_certificates_again_and_keeps_the_old_on_error(bench):
    verifier = bench.verifier()
    tls = verifier.state / "tls"
    old = verifier.certificate.read_bytes()
    verifier.certificate.write_bytes(b"not a certificate")
    verifier.process.send_signal(signal.SIGHUP)
    lab.wait_for("the complaint", lambda: "reload" in verifier.log.read_text())
    verifier.certificate.write_bytes(old)
    assert verifier.call("GET", "/healthz")[0] == 200
    for path in tls.iterdir():
        path.unlink()
    verifier.process.send_signal(signal.SIGHUP)
    lab.wait_for("the new pair", lambda: "loaded again" in verifier.log.read_text())
    assert verifier.certificate.read_bytes() != old
    assert verifier.call("GET", "/healthz")[0] == 200


def test_sigterm_under_load_ends_cleanly(bench):
    verifier = bench.verifier()
    token = verifier.token
    stop = threading.Event()
    bad = []

    def load():
        while not stop.is_set():
            try:
                status, _ = verifier.call("GET", "/v1/devices", token=token)
                if status not in (200, 503):
                    bad.append(status)
            except OSError:
                return

    threads = [threading.Thread(target=load) for _ in range(8)]
    for t in threads:
        t.start()
    lab.time.sleep(0.5)
    code = verifier.stop()
    stop.set()
    for t in threads:
        t.join()
    assert code == 0 and not bad
    assert "Sanitizer" not in verifier.log.read_text()


def test_the_first_tokens_file_may_be_removed(bench):
    verifier = bench.verifier()
    secret, path = verifier.token, verifier.state / "admin.token"
    mine = verifier.admin("POST", "/v1/tokens", {"roles": ["admin"]})["token"]

    def restarted():
        verifier.stop()
        path.unlink()
        verifier.start()
        return path.exists()

    assert not restarted()
    assert verifier.call("GET", "/v1/tokens", token=secret)[0] == 200
    path.touch()
    assert verifier.call("DELETE", "/v1/tokens/admin", token=mine)[0] == 204
    assert restarted()
    assert verifier.token != secret
    assert verifier.call("GET", "/v1/tokens", token=verifier.token)[0] == 200
    assert verifier.call("GET", "/v1/tokens", token=secret)[0] == 401


def test_what_was_committed_outlives_a_kill(bench):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    agent.run("run", "--once")
    before = latest(verifier, agent.device)
    verifier.stop(signal.SIGKILL)
    verifier.start()
    assert latest(verifier, agent.device) == before
    checkpoint = verifier.admin("GET", "/v1/audit/checkpoint").split(b".")[1]
    claims = json.loads(lab_b64(checkpoint))
    assert claims["whole"] is True and claims["seq"] > 0


def lab_b64(text):
    import base64
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


@pytest.fixture
def attested(bench):
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    verifier.put("policies", {k: v for k, v in bench.policy().items() if k != "boot"})
    agent.run("run", "--once")
    return verifier, agent


def verify_by_cryptography(token, jwks):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    head, claims, signature = (lab_b64(p.encode()) for p in token.split("."))
    kid = json.loads(head)["kid"]
    jwk = next(k for k in jwks["keys"] if k["kid"] == kid)
    x, y = (int.from_bytes(lab_b64(jwk[c].encode()), "big") for c in "xy")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    der = utils.encode_dss_signature(int.from_bytes(signature[:32], "big"),
                                     int.from_bytes(signature[32:], "big"))
    key.verify(der, token.rsplit(".", 1)[0].encode(), ec.ECDSA(hashes.SHA256()))
    return json.loads(claims)


@pytest.mark.parametrize("profile,status_name", [
    ("tag:ietf.org,2026:rats/ear#04", "ear_status"),
    ("tag:github.com,2023:veraison/ear", "ear.status")])
def test_results_verify_with_other_implementations(attested, tmp_path, profile, status_name):
    verifier, agent = attested
    jwks = verifier.call("GET", "/.well-known/attestd/jwks.json")[1]
    token = verifier.admin("GET", f"/v1/devices/{agent.device}/result?aud=vpn.example&nonce=12345678",
                           headers={"Accept": f'application/eat+jwt; eat_profile="{profile}"'}).decode()
    claims = verify_by_cryptography(token, jwks)
    assert claims["eat_profile"] == profile
    assert claims["aud"] == "vpn.example" and claims["eat_nonce"] == "12345678"
    assert claims["exp"] > claims["iat"] and claims["iss"] == verifier.origin
    assert claims[status_name] in ("affirming", "warning", "contraindicated", "none")
    assert claims["submods"]["perspective/owner"][status_name]
    (tmp_path / "token").write_text(token)
    (tmp_path / "jwks").write_text(json.dumps(jwks))
    done = subprocess.run(["jose", "jws", "ver", "-i", tmp_path / "token", "-k", tmp_path / "jwks",
                           "-O", "-"], capture_output=True)
    assert done.returncode == 0, done.stderr
    (tmp_path / "token").write_text(token[:-2] + ("AA" if token[-2:] != "AA" else "BB"))
    done = subprocess.run(["jose", "jws", "ver", "-i", tmp_path / "token", "-k", tmp_path / "jwks"],
                          capture_output=True)
    assert done.returncode != 0


def result_of(verifier, agent, perspectives):
    party = verifier.admin("POST", "/v1/tokens", {"roles": ["relying-party"],
                                                  "perspectives": perspectives})["token"]
    return verifier.call("GET", f"/v1/devices/{agent.device}/result", token=party)


def test_a_relying_party_gets_the_perspectives_it_was_granted(attested):
    verifier, agent = attested
    jwks = verifier.call("GET", "/.well-known/attestd/jwks.json")[1]
    seen = set()
    for perspectives in (["owner"], ["*"], ["operator", "owner"]):
        status, answer = result_of(verifier, agent, perspectives)
        assert status == 200, answer
        claims = verify_by_cryptography(answer.decode(), jwks)
        assert set(claims["submods"]) == {"perspective/owner"}
        seen.add(claims["jti"])
    assert len(seen) == 3
    assert result_of(verifier, agent, ["operator"])[0] == 404
    for body in ({"roles": ["relying-party"]}, {"roles": ["viewer"], "perspectives": ["owner"]},
                 {"roles": ["relying-party"], "perspectives": ["Owner"]}):
        status, value = verifier.call("POST", "/v1/tokens", body, token=verifier.token)
        assert status == 400 and "perspectives" in value["detail"], value


def test_a_quarantined_device_has_no_result_from_before(attested):
    verifier, agent = attested
    where = f"/v1/devices/{agent.device}"
    verifier.admin("POST", f"{where}/quarantine", {"reason": "a test"})
    assert result_of(verifier, agent, ["*"])[0] == 409
    agent.run("run", "--once")
    status, answer = result_of(verifier, agent, ["*"])
    assert status == 200
    claims = verify_by_cryptography(answer.decode(),
                                    verifier.call("GET", "/.well-known/attestd/jwks.json")[1])
    assert "contraindicated" in json.dumps(claims["submods"]["perspective/owner"])


def test_a_revoked_device_has_no_result_and_cannot_attest(attested):
    verifier, agent = attested
    verifier.admin("POST", f"/v1/devices/{agent.device}/revocation", {"reason": "stolen"})
    status, value = verifier.call("GET", f"/v1/devices/{agent.device}/result", token=verifier.token)
    assert status == 409, value
    done = agent.run("run", "--once")
    assert done.returncode != 0 and b"device.not-enrolled" in done.stderr
    assert verifier.admin("GET", f"/v1/devices/{agent.device}")["verdict"] != "trusted"


def test_the_build_under_test_is_named():
    assert BUILD.exists()
