# SPDX-License-Identifier: Apache-2.0
"""attestctl towards a verifier whose answers are not what they should be."""
import datetime
import http.server
import ipaddress
import json
import ssl
import threading

import pytest
from conftest import attestctl
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def write_certificate(path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "verifier")])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1)).add_extension(local, critical=False)
            .sign(key, hashes.SHA256()))
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


class Handler(http.server.BaseHTTPRequestHandler):
    answer = (200, b"{}")

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = type(self).answer
        self.send_response(status)
        self.send_header("Location", "https://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def verifier(tmp_path):
    """Answers with a status and a body; gives what attestctl is called with, and takes its words."""
    file = write_certificate(tmp_path / "verifier.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def call(answer, *words, **options):
        Handler.answer = answer
        return attestctl(*words, "--server", f"https://127.0.0.1:{server.server_address[1]}",
                         "--ca-file", file, "--config", "/dev/null", **options)
    yield call
    server.shutdown()
    server.server_close()


DEVICES = ["device", "list"]
TOKEN = ["token", "create", "--role", "viewer"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_no_answer_of_a_verifier(verifier, status):
    outcome = verifier((status, b"{}"), *DEVICES, "--json")
    assert outcome.code == 69 and str(status).encode() in outcome.err and outcome.out == b""


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'{"a": 1, "a": 2}', b"[" * 100000])
def test_an_answer_that_is_no_json_is_69(verifier, body):
    outcome = verifier((200, body), *DEVICES, "--json")
    assert outcome.code == 69 and b"not JSON" in outcome.err and outcome.out == b""


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"token": null}', b'{"token": 7}'])
def test_an_answer_without_a_token_is_no_token(verifier, body, form):
    outcome = verifier((201, body), *TOKEN, *form)
    assert outcome.code == 69 and outcome.out == b"" and b"holds no token" in outcome.err


@pytest.mark.parametrize("answer, words", [
    pytest.param((200, b'{"devices": []}'), DEVICES, id="table"),
    pytest.param((200, b'{"devices": []}'), [*DEVICES, "--json"], id="json"),
    pytest.param((201, b'{"token": "secret"}'), TOKEN, id="token")])
def test_an_answer_that_cannot_be_written_is_no_success(verifier, answer, words):
    assert verifier(answer, *words).code == 0
    with open("/dev/full", "wb") as full:
        outcome = verifier(answer, *words, stdout=full)
    assert outcome.code == 2 and b"cannot write to standard output" in outcome.err


def test_a_hostile_problem_reaches_no_terminal_as_it_is(verifier):
    problem = {"code": "a\x1b[31m", "title": "b\x9b", "detail": "c\r\nd"}
    outcome = verifier((409, json.dumps(problem).encode()), *DEVICES)
    assert outcome.code == 1 and outcome.err.count(b"\n") == 1
    assert not any(byte < 0x20 and byte != 0x0A or byte >= 0x7F for byte in outcome.err)
