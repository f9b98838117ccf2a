# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the device's side, from the published protocol alone: it can do what an
honest agent does, and what a dishonest one would try. TPM commands as bytes, TLS by pyOpenSSL
(for the exporter), CBOR by cbor2. Shares no code with the project's programs."""

import base64
import hashlib
import json
import pathlib
import socket
import struct

import cbor2
from OpenSSL import SSL

AK_ATTRIBUTES = 0x00050472
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
        try:
            self.tls.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        except SSL.SysCallError:
            pass  # refused by its head: the answer stands before the end of the body
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


class Commands:
    """As much of TPM 2.0 part 3 as a peer needs, over a software TPM's socket."""

    PASSWORD = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
    ENDORSEMENT = 0x4000000B

    def __init__(self, tpm):
        self.path = str(tpm.socket)

    def send(self, tag, code, body):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(self.path)
            s.sendall(struct.pack(">HII", tag, 10 + len(body), code) + body)
            data = s.recv(65536)
            while len(data) < 10 or len(data) < struct.unpack(">I", data[2:6])[0]:
                data += s.recv(65536)
        rc = struct.unpack(">I", data[6:10])[0]
        if rc:
            raise RuntimeError(f"TPM command {code:#x} answered {rc:#x}")
        return data[10:]

    def create_ak(self, counter):
        """(handle, TPMT_PUBLIC) of the primary key that the protocol names."""
        unique = (b"attestd ak 1" + struct.pack(">I", counter)).ljust(32, b"\0")
        area = struct.pack(">HHIH", 0x23, 0x0B, AK_ATTRIBUTES, 0) + struct.pack(
            ">HHHHH", 0x10, 0x18, 0x0B, 3, 0x10) + sized(unique) + sized(bytes(32))
        answer = self.send(0x8002, 0x131, struct.pack(">I", self.ENDORSEMENT) + self.PASSWORD +
                           sized(bytes(4)) + sized(area) + sized(b"") + struct.pack(">I", 0))
        handle, _, size = struct.unpack(">IIH", answer[:10])
        return handle, answer[10:10 + size]

    def flush(self, handle):
        self.send(0x8001, 0x165, struct.pack(">I", handle))

    def quote(self, handle, extra_data, selection):
        answer = self.send(0x8002, 0x158, struct.pack(">I", handle) + self.PASSWORD +
                           sized(extra_data) + struct.pack(">H", 0x10) + selected(selection))
        size, attest = struct.unpack(">IH", answer[:6])
        return answer[6:6 + attest], answer[6 + attest:4 + size]

    def read_pcrs(self, selection):
        values = b""
        for alg, pcrs in selection:
            for pcr in pcrs:
                answer = self.send(0x8001, 0x17E, selected([(alg, [pcr])]))
                values += answer[-hashlib.new(BANKS[alg]).digest_size:]
        return values


def sized(data):
    return struct.pack(">H", len(data)) + data


def selected(selection):
    out = struct.pack(">I", len(selection))
    for alg, pcrs in selection:
        bits = sum(1 << n for n in pcrs)
        out += struct.pack(">HB", alg, 3) + bits.to_bytes(3, "little")
    return out


class Peer:
    """The AK of a TPM, and rounds with any part of them changed."""

    def __init__(self, tpm, device, origin, ca_file, counter=0):
        self.tpm, self.device, self.origin, self.counter = tpm, device, origin, counter
        self.connection = Connection(origin, ca_file)
        self.directory = pathlib.Path(tpm.directory)
        self.commands = Commands(tpm)
        handle, public = self.commands.create_ak(counter)
        self.commands.flush(handle)
        self.name = b"\x00\x0b" + hashlib.sha256(public).digest()

    def close(self):
        self.connection.close()

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
        handle, _ = self.commands.create_ak(self.counter)
        try:
            return [*self.commands.quote(handle, extra_data, selection),
                    self.commands.read_pcrs(selection)]
        finally:
            self.commands.flush(handle)

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
