"""Flower's own programs on this computer: a SuperLink and SuperNodes, with TLS and keys."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BIN = Path(sys.executable).parent
START_SECONDS = 120.0
PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def make_certificates(folder: Path) -> None:
    """ca.pem, and server.pem with server.key for 127.0.0.1."""
    ca, key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("ca", "127.0.0.1")
    ]
    now = datetime.datetime.now(datetime.UTC)
    for name, public, own, file in (
        (names[0], ca.public_key(), True, "ca.pem"),
        (names[1], key.public_key(), False, "server.pem"),
    ):
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .sign(ca, hashes.SHA256())
        )
        (folder / file).write_bytes(made.public_bytes(PEM))
    data = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN)
    (folder / "server.key").write_bytes(data)


def make_node_key(path: Path) -> None:
    """A private key, as ssh-keygen writes it, and its public key beside it."""
    key = ec.generate_private_key(ec.SECP384R1())
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN))
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    path.with_suffix(".pub").write_bytes(public)


@dataclass
class Flower:
    """Programs that all end with it. A context manager."""

    folder: Path
    port: int = field(default_factory=free_port)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        make_certificates(self.folder)
        (self.folder / "home").mkdir()
        (self.folder / "home" / "config.toml").write_text(
            f'[superlink]\ndefault = "here"\n[superlink.here]\naddress = "127.0.0.1:{self.port}"\n'
            f'root-certificates = "{self.folder}/ca.pem"\n'
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "FLWR_HOME": str(self.folder / "home"),
            "FLWR_TELEMETRY_ENABLED": "0",
        }

    def start(self, name: str, program: str, *words: str, until: str) -> subprocess.Popen[bytes]:
        """Starts a program and waits until its log says so; it ends with this object."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [BIN / program, *words],
                env=self.environment,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._stack.callback(end_group, process)
        deadline = time.monotonic() + START_SECONDS
        while until not in log.read_text(errors="replace"):
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
        return process

    def superlink(self) -> None:
        self.start(
            "superlink",
            "flower-superlink",
            *("--host", "127.0.0.1", "--port", str(self.port), "--enable-supernode-auth"),
            *("--ssl-ca-certfile", "ca.pem", "--ssl-certfile", "server.pem"),
            *("--ssl-keyfile", "server.key", "--disable-runtime-dependency-installation"),
            until="Uvicorn running",
        )

    def supernode(self, name: str, config: str, *, until: str) -> subprocess.Popen[bytes]:
        return self.start(
            name,
            "flower-supernode",
            *("--superlink", f"127.0.0.1:{self.port}", "--root-certificates", "ca.pem"),
            *("--auth-supernode-private-key", f"{name}.key", "--port", str(free_port())),
            *("--ssl-ca-certfile", "ca.pem", "--ssl-certfile", "server.pem"),
            *("--ssl-keyfile", "server.key", "--node-config", config),
            until=until,
        )

    def flwr(self, *words: str) -> str:
        """Output of the command `flwr`."""
        done = subprocess.run(
            [BIN / "flwr", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and all that it started."""
    for number in (15, 9):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)
