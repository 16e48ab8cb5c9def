# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server, with keep-alive connections on a thread each. Faults can delay or reset them."""

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
from .protocol import CborProtocol, Request, Response

CONTROL_PATH = "/_emulator/"
# The first byte of a TLS connection.
_TLS_HANDSHAKE = b"\x16"


class Handler(BaseHTTPRequestHandler):
    """A connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def setup(self) -> None:
        """Use TLS if the client starts a handshake and this server has a certificate."""
        if self.server.tls and self.request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close the TLS socket, because the server closes only the underlying socket."""
        super().finish()
        if self.server.tls:
            self.request.close()

    def handle_request(self) -> None:
        """Read one request and send the response."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(CONTROL_PATH):
            self._handle_command(self.path[len(CONTROL_PATH) :], body)
            return
        request_id = str(uuid.uuid4())
        request = Request(self.command, self.path, self.headers, body)
        response = self.server.endpoint.handle(request, request_id)
        delay = response.delay + self.server.latency
        stopped = self.server.stopping.wait(delay if delay < threading.TIMEOUT_MAX else None) if delay else False
        if response.reset or stopped:
            self._reset_connection()
        else:
            self._write_response(response, {"x-amzn-RequestId": request_id})

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_request

    def _handle_command(self, command: str, body: bytes) -> None:
        status, result = 200, None
        try:
            result = Commands(self.server.endpoint).run(command, json.loads(body or b"{}"))
        except (LookupError, TypeError, ValueError) as error:
            status, result = 400, {"error": str(error)}
        self._write_response(Response(status, json.dumps(result).encode() + b"\n", "application/json"), {})

    def _write_response(self, response: Response, headers: dict[str, str]) -> None:
        self.send_response_only(response.status)
        date = formatdate(self.server.endpoint.clock.now(), usegmt=True) if response.date is None else response.date
        if date:
            self.send_header("Date", date)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(response.declared_length or len(response.body)))
        if response.content_type == CborProtocol.content_type:
            self.send_header("Smithy-Protocol", "rpc-v2-cbor")
        if response.location:
            self.send_header("Location", response.location)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if response.pause else max(1, len(response.body))
        for start in range(0, len(response.body), step):
            self.server.stopping.wait(response.pause)
            self.wfile.write(response.body[start : start + step])
            self.wfile.flush()
        self.close_connection = self.close_connection or bool(response.declared_length)

    def _reset_connection(self) -> None:
        # Closing with zero linger sends a RST. Close the descriptor, because the socket object waits for its files.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Log nothing, because the control API returns the calls."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listening socket and its open connections."""

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
        """The endpoint URL for clients."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Keep track of a connection, so that stop() can close it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Stop tracking a connection that has ended."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors, except those of clients that disconnected or failed the TLS handshake."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop immediately and close all connections; serve_forever must be running on another thread."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
