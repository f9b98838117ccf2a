# SPDX-License-Identifier: Apache-2.0
"""A lab on one machine: software TPMs that boot recorded boots, a verifier, agents.

Everything lives under one directory, listens on loopback only, and is stopped by its own process id.
"""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOOTS = ROOT / "tests" / "vectors" / "boots"


def load_script(path, name):
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


replay = load_script(ROOT / "scripts" / "boot" / "check-replay", "check_replay")


def run(*words, check=True, **more):
    done = subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, **more)
    if check and done.returncode != 0:
        raise RuntimeError(f"{words[0]} ended {done.returncode}: {done.stderr.decode()[-2000:]}")
    return done


def wait_for(what, condition, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not come within {seconds} s")


def stop(process, how=signal.SIGTERM, seconds=15):
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(path):
    """A socket's file is there before anybody listens on it."""
    with socket.socket(socket.AF_UNIX) as s, contextlib.suppress(OSError):
        s.connect(str(path))
        return True
    return False


class Factory:
    """The maker of TPMs: a CA of our own for EK certificates (swtpm's local CA)."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "localca.conf").write_text(
            f"statedir = {self.directory}\n"
            f"signingkey = {self.directory}/signkey.pem\n"
            f"issuercert = {self.directory}/issuercert.pem\n"
            f"certserial = {self.directory}/certserial\n")
        (self.directory / "localca.options").write_text(
            "--platform-manufacturer Lab\n--platform-version 1\n--platform-model Gateway\n")
        (self.directory / "setup.conf").write_text(
            "create_certs_tool = /usr/bin/swtpm_localca\n"
            f"create_certs_tool_config = {self.directory}/localca.conf\n"
            f"create_certs_tool_options = {self.directory}/localca.options\n")

    def roots(self, directory):
        """Put the CA's certificates where a verifier looks for roots and intermediates."""
        target = pathlib.Path(directory)
        target.mkdir(parents=True, exist_ok=True)
        for name in ("swtpm-localca-rootca-cert.pem", "issuercert.pem"):
            (target / name).write_bytes((self.directory / name).read_bytes())
        return target


class Tpm:
    """A software TPM: made once, switched on and off, its PCRs extended as a boot did."""

    def __init__(self, factory, directory, banks=("sha1", "sha256", "sha384")):
        self.directory = pathlib.Path(directory).resolve()
        self.state = self.directory / "state"
        self.state.mkdir(parents=True)
        self.banks = tuple(banks)
        self.process = None
        self.socket = self.directory / "tpm.sock"
        run("swtpm_setup", "--tpm2", "--tpmstate", self.state, "--create-ek-cert",
            "--create-platform-cert", "--pcr-banks", ",".join(banks), "--config",
            factory.directory / "setup.conf", "--overwrite")

    @property
    def tcti(self):
        return f"swtpm:path={self.socket}"

    def tool(self, name, *words, check=True, **more):
        return run(name, "-T", self.tcti, *words, check=check, **more)

    def power_on(self, flags="startup-clear"):
        for path in (self.socket, pathlib.Path(f"{self.socket}.ctrl")):
            path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.state}", "--server",
             f"type=unixio,path={self.socket}", "--ctrl",
             f"type=unixio,path={self.socket}.ctrl", "--flags",
             f"not-need-init,{flags}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        for path in (self.socket, f"{self.socket}.ctrl"):
            wait_for("swtpm's socket", lambda path=path: answers(path), 30)

    def power_cut(self):
        stop(self.process, signal.SIGKILL)
        self.process = None

    def shut_down(self):
        """As an operating system does: TPM2_Shutdown(CLEAR), then off."""
        if self.process is None:
            return
        self.tool("tpm2_shutdown", "-c", check=False)
        stop(self.process)
        self.process = None

    def suspend_and_resume(self):
        """TPM2_Shutdown(STATE), off, TPM2_Startup(STATE)."""
        self.tool("tpm2_shutdown")
        stop(self.process)
        self.power_on("startup-state")

    def extend(self, pairs):
        """pairs: (pcr, {bank: digest}) in order; many a call, since each call is a process."""
        words = [f"{pcr}:" + ",".join(f"{b}={d[b].hex()}" for b in self.banks if b in d)
                 for pcr, d in pairs]
        for begin in range(0, len(words), 32):
            self.tool("tpm2_pcrextend", *words[begin:begin + 32])

    def boot(self, recorded, drop=(), ima=True, other=None):
        """Switch on and extend what a recorded boot extended; drop: event numbers left out; other:
        content by event number, measured instead of what was."""
        self.power_on()
        directory = BOOTS / recorded
        log = directory / "boot-log"
        pairs = []
        if log.exists():
            for number, (pcr, kind, digests, _) in enumerate(replay.parse_log(log.read_bytes()), 1):
                if number in (other or {}):
                    digests = {bank: hashlib.new(bank, other[number]).digest() for bank in digests}
                if kind != replay.EV_NO_ACTION and number not in drop:
                    pairs.append((pcr, digests))
        if ima:
            pairs += self.ima_pairs(directory)
        self.extend(pairs)

    def ima_pairs(self, directory):
        """The sha384 bank takes padded SHA-1, as the recorded kernel did."""
        entries = replay.parse_ima((directory / "ima").read_bytes())
        return [(entry[0], {b: replay.ima_digest(b, b not in ("sha1", "sha256"), entry)
                            for b in self.banks}) for entry in entries]


def log_without(recorded, numbers, target):
    """The recorded boot log without some events: what a machine that skipped them would log."""
    data = (BOOTS / recorded / "boot-log").read_bytes()
    spans = event_spans(data)
    out = data[:spans[0][0]] + b"".join(
        data[a:b] for number, (a, b) in enumerate(spans, 1) if number not in numbers)
    pathlib.Path(target).write_bytes(out)
    return target


def log_with(recorded, other, target):
    """The recorded boot log of a machine that measured other content, by event number."""
    data = bytearray((BOOTS / recorded / "boot-log").read_bytes())
    spans = event_spans(bytes(data))
    events = replay.parse_log(bytes(data))
    for number, content in other.items():
        begin, end = spans[number - 1]
        for bank, digest in events[number - 1][2].items():
            at = data.index(digest, begin, end)
            data[at:at + len(digest)] = hashlib.new(bank, content).digest()
    pathlib.Path(target).write_bytes(data)
    return target


def event_spans(data):
    """Byte ranges of the events after the Spec ID event."""
    cursor = replay.Cursor(data)
    cursor.take(28)
    sizes = replay.parse_spec_id(cursor.take(cursor.number(4)))
    spans = []
    while not cursor.done():
        begin = cursor.at
        cursor.take(8)
        for _ in range(cursor.number(4)):
            cursor.take(sizes[cursor.number(2)])
        cursor.take(cursor.number(4))
        spans.append((begin, cursor.at))
    return spans


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Verifier:
    """attestd on loopback, with its state under one directory."""

    def __init__(self, program, directory, ek_roots, settings=()):
        self.program = program
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        self.state = self.directory / "state"
        self.log = self.directory / "attestd.log"
        self.process = None
        self.settings = [
            f"server.origin={self.origin}", f"server.listen=127.0.0.1:{self.port}",
            f"state.directory={self.state}", f"enrollment.ek_roots={ek_roots}",
            f"enrollment.ek_bundle={ek_roots}", *settings]

    def start(self, wrapper=(), env=None):
        words = [*wrapper, str(self.program), "--config", "/dev/null"]
        for setting in self.settings:
            words += ["--set", setting]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=env)
        wait_for("attestd", self.is_up, 30)
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError("attestd ended: " + self.log.read_text()[-2000:])
        with contextlib.suppress(OSError, urllib.error.URLError, ssl.SSLError):
            return self.call("GET", "/readyz")[0] == 200
        return False

    def stop(self, how=signal.SIGTERM):
        stop(self.process, how)
        code = self.process.returncode if self.process else None
        self.process = None
        return code

    @property
    def certificate(self):
        return self.state / "tls" / "certificate.pem"

    @property
    def token(self):
        return (self.state / "admin.token").read_text().strip()

    def call(self, method, path, body=None, token=None, headers=None, raw=False):
        """(status, value): the value parsed when it is JSON."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        request = urllib.request.Request(self.origin + path, method=method)
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, body, context=context, timeout=30) as answer:
                return answer.status, value_of(answer, raw)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, value_of(error, raw)

    def admin(self, method, path, body=None, **more):
        status, value = self.call(method, path, body, token=self.token, **more)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {value}")
        return value

    def put(self, kind, document):
        """Put a policy or reference set and bring it into force."""
        self.admin("POST", f"/v1/{kind}", document)
        self.admin("POST", f"/v1/{kind}/{document['id']}/activation",
                   {"version": document["version"]})


def value_of(answer, raw):
    data = answer.read()
    kind = answer.headers.get("Content-Type", "")
    return json.loads(data) if "json" in kind and data and not raw else data


class Agent:
    """attest-agent with a configuration of its own; each command is one run of the program."""

    def __init__(self, program, directory, verifier, tpm, boot, **settings):
        self.program = program
        self.directory = pathlib.Path(directory).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.tpm = tpm
        boot = BOOTS / boot
        values = {
            "verifier.url": verifier.origin, "verifier.ca_file": verifier.certificate,
            "tpm.tcti": tpm.tcti, "logs.boot": boot / "boot-log", "logs.ima": boot / "ima",
            "logs.userspace": "none", "state.directory": self.directory / "state",
            **{k.replace("__", "."): v for k, v in settings.items()}}
        (self.directory / "state").mkdir(exist_ok=True)
        self.values = values

    def run(self, *words, check=False, **overrides):
        values = {**self.values, **{k.replace("__", "."): v for k, v in overrides.items()}}
        config = self.directory / "agent.conf"
        config.write_text(ini(values))
        return run(self.program, "--config", config, *words, check=check,
                   env={**os.environ, "TSS2_LOG": "all+NONE"})


def ini(values):
    sections = {}
    for name, value in values.items():
        section, key = name.split(".")
        sections.setdefault(section, []).append(f"{key} = {value}")
    return "".join(f"[{s}]\n" + "\n".join(lines) + "\n\n" for s, lines in sections.items())
