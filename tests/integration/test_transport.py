# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS with a private CA, redirects and proxies."""

from __future__ import annotations

import datetime
import ipaddress
import json
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from emulator import Emulator

MODULE = "selfservice.aws.servicecatalog_service_action"
OPTIONS = {"provisioned_product_id": "pp-orders0000001", "service_action_id": "act-restart000001"}
PARAMETER = "graceful-4711"


def issue(name: str, folder: Path, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None) -> Any:
    """Write a certificate for this machine and its key to a PEM file, and return both; self-signed without issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    authority = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(identifier, critical=False)
    else:
        usage = dict.fromkeys(("digital_signature", "key_cert_sign", "crl_sign"), True)
        others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        rest = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
        builder = builder.add_extension(x509.KeyUsage(**usage, **rest), critical=True)
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem) + secret)
    return certificate, key


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator with TLS, whose certificate is signed by the CA in ca.pem; other.pem is an unrelated CA."""
    authority = issue("ca", tmp_path)
    issue("other", tmp_path)
    issue("server", tmp_path, authority)
    with Emulator(speed=20, certificate=str(tmp_path / "server.pem")) as running:
        yield running


class Proxy(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """An HTTP proxy that tunnels, and records all the bytes that it transfers."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.seen = b""


class Tunnel(socketserver.BaseRequestHandler):
    """One tunnel, opened by CONNECT."""

    server: Proxy

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := self.request.recv(4096)):
                return
            head += more
        self.server.seen += head
        host, _colon, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as service:
            self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            both = [self.request, service]
            while True:
                for ready in select.select(both, [], [])[0]:
                    if not (data := ready.recv(65536)):
                        return
                    self.server.seen += data
                    both[ready is self.request].sendall(data)


def task(name: str, environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    """Return a task that registers its result under a name and ignores errors."""
    given = {MODULE: {**OPTIONS, **options}, "register": name, "ignore_errors": True}
    return {**given, "environment": environment} if environment else given


def results(play: Callable[..., Any], *tasks: dict[str, Any], **more: str) -> tuple[dict[str, Any], str]:
    """Run tasks, and return their results by name and the output."""
    kept = "{{ {" + ", ".join(f"'{each['register']}': {each['register']}" for each in tasks) + "} }}"
    done = play(yaml.safe_dump([*tasks, {"ansible.builtin.set_fact": {"result": kept}}]), **more)
    assert done.code == 0, done.output
    return done.result, done.output


def test_certificates_are_verified_unless_disabled(play: Callable[..., Any], secure: Emulator, tmp_path: Path) -> None:
    ca, other = str(tmp_path / "ca.pem"), str(tmp_path / "other.pem")
    found, _output = results(
        play,
        task("by_default"),
        task("wrong", aws_ca_bundle=other),
        task("wrong_variable", {"AWS_CA_BUNDLE": other}),
        task("bundle", aws_ca_bundle=ca),
        task("variable", {"AWS_CA_BUNDLE": ca}),
        task("unverified", validate_certs=False),
        AWS_ENDPOINT_URL=secure.tls_url,
    )
    for name in ("by_default", "wrong", "wrong_variable"):
        assert found[name]["failed"] is True
        assert found[name]["changed"] is False
        assert "CERTIFICATE_VERIFY_FAILED" in found[name]["msg"]
        assert "was not started" in found[name]["msg"]
    started = [found[name]["record_detail"]["record_id"] for name in ("bundle", "variable", "unverified")]
    assert started == [record["RecordId"] for record in secure.records()]
    assert len(secure.calls()) == len(started)


def test_redirects_are_not_followed(run_module: Callable[..., dict[str, Any]], emulator: Emulator) -> None:
    with Emulator() as elsewhere:
        emulator.fault("*", "redirect", location=f"{elsewhere.url}/", status=307)
        found = run_module(**OPTIONS)
        assert elsewhere.calls() == []
    assert found["changed"] is False
    assert "307" in found["msg"]
    assert "was not started" in found["msg"]


@pytest.fixture
def run_module(run: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs the module ad hoc, and returns its result."""

    def start(environment: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
        done = run("ansible", "localhost", "-m", MODULE, "-a", json.dumps(options), **(environment or {}))
        found: dict[str, Any] = json.loads(done.output[done.output.rindex("=>") + 2 :])
        return found

    return start


def test_a_proxy_sees_no_content_of_requests(
    run_module: Callable[..., dict[str, Any]], secure: Emulator, tmp_path: Path
) -> None:
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        environment = {
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
            "AWS_ENDPOINT_URL": secure.tls_url,
            "AWS_CA_BUNDLE": str(tmp_path / "ca.pem"),
        }
        found = run_module(environment, **OPTIONS, parameters={"Mode": PARAMETER})
        proxy.shutdown()
    assert found["changed"] is True, found
    assert secure.records()[0]["Parameters"] == {"Mode": [PARAMETER]}
    assert proxy.seen.startswith(b"CONNECT 127.0.0.1:")
    for word in ("AKIDEXAMPLE", PARAMETER, OPTIONS["provisioned_product_id"], "Authorization", "X-Amz-Target"):
        assert word.encode() not in proxy.seen


def test_the_password_of_an_unreachable_proxy_is_not_shown(
    run_module: Callable[..., dict[str, Any]], secure: Emulator
) -> None:
    environment = {"HTTPS_PROXY": "http://someone:Pr0xy-S3cret@127.0.0.1:9", "AWS_ENDPOINT_URL": secure.tls_url}
    found = run_module(environment, **OPTIONS, aws_config={"retries": {"total_max_attempts": 1}})
    assert "ProxyConnectionError" in found["msg"]
    assert "was not started" in found["msg"]
    assert "Pr0xy-S3cret" not in json.dumps(found)
