# SPDX-License-Identifier: Apache-2.0
"""Bad input: each has its code, leaves the daemon serving, and changes nothing that it should not."""

import json
import socket
import threading

import cbor2
import pytest
from conftest import codes, latest

import lab
import peer as peers


@pytest.fixture
def lineup(bench):
    """A verifier, an enrolled device, its honest peer, and its logs."""
    verifier = bench.verifier()
    tpm = bench.tpm()
    tpm.boot("secure")
    agent = bench.enrolled(verifier, tpm)
    one = bench.peer(verifier, tpm, agent.device)
    one.log = (lab.BOOTS / "secure" / "boot-log").read_bytes()
    one.ima = (lab.BOOTS / "secure" / "ima").read_bytes()
    one.verifier, one.agent = verifier, agent
    return one


def reconnect(one):
    one.connection.close()
    one.connection = peers.Connection(one.origin, one.verifier.certificate)


def attested(one):
    return one.verifier.admin("GET", f"/v1/devices/{one.device}")["last_attested_at"]


def refused(one, answer, status, code):
    assert (answer[0], answer[1]["code"]) == (status, code), answer
    assert one.verifier.call("GET", "/readyz")[0] == 200
    assert attested(one) is None


def test_an_honest_peer_is_appraised(lineup):
    token = lineup.challenge()
    status, value = lineup.post(token, lineup.evidence(token, lineup.log, lineup.ima))
    assert status == 201, value
    assert value["verdict"] == "none" and value["held"]["ima"] == 56


BODIES = {
    "empty": b"",
    "truncated": b"\xa2\x68__cmwc_t\x78",
    "nested deeply": b"\x81" * 10000 + b"\x80",
    "not a map": cbor2.dumps([1, 2]),
    "duplicate key": b"\xa2" + b"\x65quote\x40" * 2,
    "indefinite": b"\xbf\xff",
    "not utf-8": b"\xa1\x62\xff\xfe\x40",
    "huge count": b"\xbb" + b"\xff" * 8,
    "tagged": b"\xc0\xa0",
    "float": b"\xf9\x00\x00",
    "trailing": cbor2.dumps({"__cmwc_t": peers.PROFILE}) + b"\x00",
    "json as cbor": b'{"quote":[]}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_malformed_frame_is_refused(lineup, name):
    limited = name in ("huge count", "nested deeply")
    answer = lineup.post(lineup.challenge(), BODIES[name])
    refused(lineup, answer, *((413, "evidence.limit") if limited and answer[0] == 413
                              else (400, "evidence.malformed")))


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,"a":2}', b'{"a":"\xff"}', b"[" * 5000,
                                  b'{"__cmwc_t":"x"}'],
                         ids=["empty", "cut", "duplicate", "utf-8", "nested", "profile"])
def test_a_malformed_json_frame_is_refused(lineup, body):
    answer = lineup.post(lineup.challenge(), body, Content_Type="application/cmw+json")
    assert answer[0] in (400, 413) and answer[1]["code"].startswith("evidence."), answer


def members(one, token, **changes):
    made = one.evidence(token, one.log, one.ima)
    made.update(changes)
    return {k: v for k, v in made.items() if v is not None}


@pytest.mark.parametrize("change,code", [
    ({"quote": None}, (400, "evidence.member-missing")),
    ({"pcrs": None}, (400, "evidence.member-missing")),
    ({"quote": b"\xff"}, (422, "quote.magic")),
    ({"signature": b"\x00\x18"}, (400, "quote.malformed")),
    ({"pcrs": bytes(16 * 32)}, (422, "quote.composite")),
    ({"pcrs": b"\x00"}, (422, "quote.composite")),
    ({"boot-log": b"another log"}, (422, "evidence.manifest")),
    ({"claims": b"[]"}, (422, "evidence.manifest")),
    ({"manifest": b"\xa0"}, (422, "quote.extra-data")),
])
def test_a_changed_member_is_an_attempt(lineup, change, code):
    token = lineup.challenge()
    answer = lineup.post(token, members(lineup, token, **change))
    if change.get("quote") == b"\xff":
        assert answer[1]["code"] in ("quote.malformed", "quote.magic")
        return
    refused(lineup, answer, *code)


def test_a_member_that_nobody_knows_is_named(lineup):
    token = lineup.challenge()
    frame = cbor2.loads(lineup.frame(members(lineup, token)))
    frame["extra"] = ["text/plain", b"x"]
    refused(lineup, lineup.post(token, peers.encode(frame)), 400, "evidence.member-unknown")


def test_challenges_that_are_not_ours(lineup):
    body = lineup.frame(members(lineup, lineup.challenge()))
    token = lineup.challenge()
    path = f"/v1/devices/{lineup.device}/evidence"
    kind = {"Content-Type": "application/cmw+cbor"}
    for header, code in [(None, "challenge.missing"), ("!", "challenge.malformed"),
                         ("AAAA", "challenge.malformed"),
                         (peers.b64(token[:-1] + bytes([token[-1] ^ 1])), "challenge.foreign")]:
        reconnect(lineup)
        headers = {**kind, **({"Attestation-Challenge": header} if header else {})}
        refused(lineup, lineup.connection.request("POST", path, body, headers), 401, code)
    reconnect(lineup)
    other = lineup.connection.request(
        "POST", "/v1/devices/" + "ab" * 16 + "/evidence", body,
        {**kind, "Attestation-Challenge": peers.b64(token)})
    refused(lineup, other, 401, "challenge.foreign")


def test_a_body_without_a_challenge_is_cut_before_its_first_byte(lineup):
    """The refusal comes while not one byte of the announced body was sent."""
    tls = lineup.connection.tls
    tls.sendall(f"POST /v1/devices/{lineup.device}/evidence HTTP/1.1\r\n"
                f"Host: {lineup.connection.authority}\r\nContent-Type: application/cmw+cbor\r\n"
                "Content-Length: 200000\r\n\r\n".encode())
    refused(lineup, lineup.connection.answer(), 401, "challenge.missing")


def test_an_unknown_device_gets_a_challenge_and_nothing_else(lineup):
    lineup.device, real = "cd" * 16, lineup.device
    token = lineup.challenge()
    answer = lineup.post(token, lineup.evidence(token, lineup.log, lineup.ima))
    lineup.device = real
    refused(lineup, answer, 404, "device.unknown")


def test_a_spent_challenge_is_answered_with_a_fresh_one(lineup):
    old = lineup.challenge()
    token = lineup.challenge()
    body = lineup.evidence(token, lineup.log, lineup.ima)
    assert lineup.post(token, body)[0] == 201
    before = attested(lineup)
    status, value = lineup.post(token, body)
    assert (status, value["code"]) == (409, "challenge.spent") and value["challenge"]
    late = lineup.evidence(old, lineup.log, lineup.ima)
    assert lineup.post(old, late)[1]["code"] == "challenge.spent"
    assert attested(lineup) == before
    fresh = peers.unb64(value["challenge"])
    assert lineup.post(fresh, lineup.evidence(fresh, lineup.log, lineup.ima))[0] == 201


def test_a_superseded_challenge_is_answered_with_a_fresh_one(lineup, bench):
    token = lineup.challenge()
    body = lineup.evidence(token, lineup.log, lineup.ima)
    policy = bench.policy(quote={"sha256": [0, 1, 2, 3, 4, 5, 6, 7, 10]})
    policy.pop("boot")
    lineup.verifier.put("policies", policy)
    status, value = lineup.post(token, body)
    assert (status, value["code"]) == (409, "challenge.superseded")
    fresh = peers.unb64(value["challenge"])
    assert lineup.post(fresh, lineup.evidence(fresh, lineup.log, lineup.ima))[0] == 201


@pytest.mark.parametrize("other", [{"device": "ab" * 16}, {"origin": "https://other.example"},
                                   {"exporter": bytes(32)}])
def test_a_quote_made_for_something_else_is_refused(lineup, other):
    token = lineup.challenge()
    answer = lineup.post(token, lineup.evidence(token, lineup.log, lineup.ima, **other))
    refused(lineup, answer, 422, "quote.extra-data")


def test_evidence_carried_to_another_connection_is_refused(lineup):
    token = lineup.challenge()
    body = lineup.evidence(token, lineup.log, lineup.ima)
    reconnect(lineup)
    refused(lineup, lineup.post(token, body), 422, "quote.extra-data")


def test_a_wrong_media_type_is_refused(lineup):
    answer = lineup.post(lineup.challenge(), b"x", Content_Type="text/plain")
    refused(lineup, answer, 415, "evidence.media-type")


def test_a_body_above_the_limit_is_refused(lineup):
    token = lineup.challenge()
    made = members(lineup, token)
    made["ima"] = lineup.ima + bytes(300 * 1024)
    answer = lineup.post(token, made)
    assert answer[0] == 413, answer
    reconnect(lineup)
    assert attested(lineup) is None


def test_a_full_log_may_be_large_when_it_was_asked_for(lineup):
    token = lineup.challenge(full=True)
    made = members(lineup, token)
    made["ima"] = lineup.ima * 60
    answer = lineup.post(token, made)
    assert answer[0] == 201, answer
    assert codes(latest(lineup.verifier, lineup.device)) != []


def test_a_missing_boot_log_is_a_reason_not_an_attempt(lineup, bench):
    policy = bench.policy()
    policy["boot"] = {"references": [], "effect": "enforce"}
    policy.pop("boot")
    policy["secure_boot"] = {"state": "on", "effect": "enforce"}
    lineup.verifier.put("policies", policy)
    token = lineup.challenge()
    status, value = lineup.post(token, lineup.evidence(token, None, lineup.ima))
    assert status == 201 and value["verdict"] == "untrusted", value
    found = codes(latest(lineup.verifier, lineup.device))
    assert "log.missing" in found


def test_a_log_by_reference_that_is_not_held_is_asked_for(lineup):
    token = lineup.challenge()
    made = members(lineup, token)
    log = made.pop("boot-log")
    status, value = lineup.post(token, made)
    assert (status, value["code"]) == (422, "log.wanted")
    made["boot-log"] = log
    assert lineup.post(token, made)[0] == 201, "nothing was spent"
    token = lineup.challenge()
    made = members(lineup, token)
    made.pop("boot-log")
    assert lineup.post(token, made)[0] == 201, "now it is held"


def test_a_log_that_does_not_replay_is_signed_and_refused(lineup, bench):
    policy = bench.policy()
    policy.pop("boot")
    policy["secure_boot"] = {"state": "on", "effect": "enforce"}
    lineup.verifier.put("policies", policy)
    token = lineup.challenge()
    events = lab.replay.parse_log(lineup.log)
    first = next(n for n, e in enumerate(events, 1) if e[0] == 7)
    log = lab.log_without("secure", {first}, lineup.directory / "cut.log").read_bytes()
    status, value = lineup.post(token, lineup.evidence(token, log, lineup.ima))
    assert status == 201 and value["verdict"] == "untrusted"
    assert "log.pcr-mismatch" in codes(latest(lineup.verifier, lineup.device))


def test_of_two_posts_at_once_one_wins(lineup):
    token = lineup.challenge()
    body = lineup.frame(lineup.evidence(token, lineup.log, lineup.ima))
    answers = []

    def post(connection):
        answers.append(connection.request(
            "POST", f"/v1/devices/{lineup.device}/evidence", body,
            {"Content-Type": "application/cmw+cbor", "Attestation-Challenge": peers.b64(token)}))

    others = [peers.Connection(lineup.origin, lineup.verifier.certificate) for _ in range(4)]
    threads = [threading.Thread(target=post, args=(c,)) for c in [lineup.connection, *others]]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert {a[0] for a in answers} <= {201, 409, 422, 503}
    # Only the first connection's exporter is the quote's; it may have found the device's slot taken.
    if 201 not in [a[0] for a in answers]:
        post(lineup.connection)
    assert [a[0] for a in answers].count(201) == 1


def test_a_client_that_leaves_changes_nothing(lineup):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", lineup.verifier.port)) as s:
            s.sendall(b"\x16\x03\x01")
    reconnect(lineup)
    lineup.connection.tls.sendall(
        f"POST /v1/devices/{lineup.device}/challenges HTTP/1.1\r\nHost: ".encode())
    lineup.connection.close()
    reconnect(lineup)
    assert lineup.challenge()


@pytest.mark.parametrize("body,status", [
    (b"{", 400), (b'{"type":"policy"}', 422), (b"[" * 100000, 400), (b'{"a":1,"a":1}', 400),
    (json.dumps({"type": "policy", "id": "p", "version": 1, "perspective": "owner",
                 "select": {"all": True}, "unknown": 1}).encode(), 422)],
    ids=["cut", "incomplete", "nested", "duplicate", "unknown"])
def test_documents_that_break_a_rule_are_refused(bench, body, status):
    verifier = bench.verifier()
    found, value = verifier.call("POST", "/v1/policies", body, token=verifier.token,
                                 headers={"Content-Type": "application/json"})
    assert found in (400, 413, 422), value
    assert value["code"] in ("document.invalid", "request.malformed", "request.too-large")
