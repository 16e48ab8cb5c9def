# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: connections kept alive, each on a thread of its own, and broken in all the ways that faults ask for."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

from .control import Commands
from .endpoint import Endpoint
from .protocol import Answer, Request

CONTROL = "/_emulator/"
# The first byte of a TLS connection.
_HANDSHAKE = b"\x16"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        """Speak TLS with a caller that begins with it, if this server can."""
        if self.server.tls and self.request.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close what the server does not know of: it has the socket that TLS took over."""
        super().finish()
        if self.server.tls:
            self.request.close()

    def handle_request(self) -> None:
        """Read one request and answer it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(CONTROL):
            self._control(self.path[len(CONTROL) :], body)
            return
        request_id = str(uuid.uuid4())
        request = Request(self.command, self.path, self.headers, body)
        answer = self.server.endpoint.answer(request, request_id)
        delay = answer.delay + self.server.latency
        stopped = self.server.stopping.wait(delay if delay < threading.TIMEOUT_MAX else None) if delay else False
        if answer.cut or stopped:
            self._reset()
        else:
            self._send(answer, {"x-amzn-RequestId": request_id})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_request

    def _control(self, command: str, body: bytes) -> None:
        status, result = 200, None
        try:
            result = Commands(self.server.endpoint).run(command, json.loads(body or b"{}"))
        except (LookupError, TypeError, ValueError) as error:
            status, result = 400, {"error": str(error)}
        self._send(Answer(status, json.dumps(result).encode() + b"\n", "application/json"), {})

    def _send(self, answer: Answer, headers: dict[str, str]) -> None:
        self.send_response_only(answer.status)
        if answer.dated:
            self.send_header("Date", formatdate(self.server.endpoint.clock.now(), usegmt=True))
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(answer.promised or len(answer.body)))
        if answer.location:
            self.send_header("Location", answer.location)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()
        self.close_connection = self.close_connection or bool(answer.promised)

    def _reset(self) -> None:
        # Closing with zero linger sends a RST; only the bare descriptor closes at once, the socket waits for its files.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the control API has the calls."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket and its connections."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self, address: tuple[str, int], endpoint: Endpoint, *, latency: float = 0.0, certificate: str | None = None
    ) -> None:
        super().__init__(address, Handler)
        self.tls: ssl.SSLContext | None = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)
        self.endpoint = endpoint
        self.latency = latency
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """The address that clients take as their endpoint."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection, so that stopping can end it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Be silent about clients that went away, loud about everything else."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """End at once whatever goes on; serve_forever must be running on another thread."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
