# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the device's side, from the published protocol alone: it can do what an
honest agent does, and what a dishonest one would try. TPM by tpm2-tools, TLS by pyOpenSSL (for the
exporter), CBOR by cbor2. Shares no code with the project's programs."""

import base64
import hashlib
import json
import pathlib
import socket

import cbor2
from OpenSSL import SSL

AK_ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign"
PROFILE = "tag:attestd.example,2026:evidence#1"
TYPES = {
    "pcrs": "application/vnd.attestd.pcrs", "quote": "application/vnd.attestd.quote",
    "signature": "application/vnd.attestd.signature", "ima": "application/vnd.attestd.ima",
    "boot-log": "application/vnd.attestd.boot-log", "claims": "application/vnd.attestd.claims+json",
    "manifest": "application/vnd.attestd.manifest+cbor",
    "offsets": "application/vnd.attestd.offsets+cbor",
}
BANKS = {0x0B: "sha256", 0x0C: "sha384", 0x0D: "sha512"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(value):
    return cbor2.dumps(value, canonical=True)


class Connection:
    """One TLS connection that speaks HTTP/1.1 and knows its exporter."""

    def __init__(self, origin, ca_file):
        host, port = origin.removeprefix("https://").split(":")
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_verify(SSL.VERIFY_PEER, lambda *a: a[-1])
        context.load_verify_locations(str(ca_file))
        plain = socket.create_connection((host, int(port)), timeout=30)
        plain.settimeout(None)
        self.authority = f"{host}:{port}"
        self.tls = SSL.Connection(context, plain)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        self.exporter = self.tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")

    def request(self, method, path, body=b"", headers=None):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.authority}",
                 f"Content-Length: {len(body)}"]
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        self.tls.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.answer()

    def answer(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.tls.recv(65536)
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        while len(data) < int(headers.get("content-length", "0")):
            data += self.tls.recv(65536)
        value = json.loads(data) if "json" in headers.get("content-type", "") else data
        return int(lines[0].split()[1]), value

    def close(self):
        self.tls.close()


class Peer:
    """The AK of a TPM, and rounds with any part of them changed."""

    def __init__(self, tpm, device, origin, ca_file, counter=0):
        self.tpm, self.device, self.origin = tpm, device, origin
        self.connection = Connection(origin, ca_file)
        self.directory = pathlib.Path(tpm.directory)
        self.context = self.directory / "peer-ak.ctx"
        unique = (b"attestd ak 1" + counter.to_bytes(4, "big")).ljust(32, b"\0")
        point = self.directory / "peer-unique"
        point.write_bytes(b"\x20\x00" + unique + b"\x20\x00" + bytes(32))
        public = self.directory / "peer-ak.pub"
        tpm.tool("tpm2_createprimary", "-C", "e", "-g", "sha256", "-G", "ecc256:ecdsa-sha256:null",
                 "-a", AK_ATTRIBUTES, "-u", point, "-c", self.context)
        tpm.tool("tpm2_readpublic", "-c", self.context, "-f", "tss", "-o", public)
        self.public = public.read_bytes()[2:]
        self.name = b"\x00\x0b" + hashlib.sha256(self.public).digest()

    def close(self):
        self.connection.close()
        self.context.unlink(missing_ok=True)

    def challenge(self, full=False):
        status, value = self.connection.request(
            "POST", f"/v1/devices/{self.device}/challenges",
            b'{"logs":"full"}' if full else b"", {"Content-Type": "application/json"})
        assert status == 201, (status, value)
        return unb64(value["challenge"])

    @staticmethod
    def selection_of(token):
        fields = cbor2.loads(token[:-16])
        return [(alg, [n for n in range(24) if bitmap[n // 8] >> n % 8 & 1])
                for alg, bitmap in fields["selection"]], fields["exporter"] == "required"

    def extra_data(self, token, manifest, **other):
        _, required = self.selection_of(token)
        binding = ["attestd quote 1", token, other.get("device", self.device), self.name,
                   other.get("origin", self.origin),
                   other.get("exporter", self.connection.exporter) if required else None,
                   hashlib.sha256(manifest).digest()]
        return hashlib.sha256(encode(binding)).digest()

    def quote(self, extra_data, selection):
        words = "+".join(f"{BANKS[alg]}:" + ",".join(map(str, pcrs)) for alg, pcrs in selection)
        paths = [self.directory / n for n in ("peer.attest", "peer.sig", "peer.pcrs")]
        self.tpm.tool("tpm2_quote", "-c", self.context, "-l", words, "-q", extra_data.hex(), "-m",
                      paths[0], "-s", paths[1], "-f", "tss", "-o", paths[2], "-F", "values")
        return [p.read_bytes() for p in paths]

    def evidence(self, token, boot_log=None, ima=b"", selection=None, **other):
        """Members of a round; selection, or parts of extraData, may be others than asked for."""
        claims = b"{}"
        named = {"claims": [TYPES["claims"], len(claims), hashlib.sha256(claims).digest()]}
        if boot_log is not None:
            named["boot-log"] = [TYPES["boot-log"], len(boot_log), hashlib.sha256(boot_log).digest()]
        manifest = encode(named)
        selection = selection or self.selection_of(token)[0]
        attest, signature, pcrs = self.quote(self.extra_data(token, manifest, **other), selection)
        members = {"manifest": manifest, "quote": attest, "signature": signature, "pcrs": pcrs,
                   "ima": ima, "claims": claims}
        if boot_log is not None:
            members["boot-log"] = boot_log
        return members

    @staticmethod
    def frame(members):
        return encode({"__cmwc_t": PROFILE,
                       **{name: [TYPES[name], data] for name, data in members.items()}})

    def post(self, token, members, **headers):
        body = members if isinstance(members, bytes) else self.frame(members)
        return self.connection.request(
            "POST", f"/v1/devices/{self.device}/evidence", body,
            {"Content-Type": "application/cmw+cbor", "Attestation-Challenge": b64(token),
             **{k.replace("_", "-"): v for k, v in headers.items()}})
