# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire protocols: JSON 1.1 and CBOR (RPC v2) for Service Catalog, query and XML for STS."""

from __future__ import annotations

import datetime
import json
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Callable, Union
from xml.sax.saxutils import escape

from . import cbor
from .exceptions import FORBIDDEN, SerializationFailed, ServiceError, UnknownOperation
from .shapes import operation_model, with_times

_QUERY_ERROR_CODES = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ThrottlingException": "Throttling",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ValidationException": "ValidationError",
}


# More than the depth of any member in the model.
_DEEPEST = 32
_CBOR_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")


@dataclass(frozen=True)
class Request:
    """An HTTP request."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP response, and how to send it.

    `delay`, and `pause` before each byte of the body, are in real seconds. `declared_length` replaces the true
    Content-Length. `reset` resets the connection instead of sending the response. `location` is the Location header.
    `date` replaces the emulator's time in the Date header; an empty string omits the header.
    """

    status: int
    body: bytes
    content_type: str
    delay: float = 0.0
    pause: float = 0.0
    date: str | None = None
    declared_length: int = 0
    reset: bool = False
    location: str = ""


class JsonProtocol:
    """The protocol JSON 1.1, in which a header has the name of the operation."""

    service = "servicecatalog"
    content_type = "application/x-amz-json-1.1"
    target_prefix = "AWS242ServiceCatalogService"

    def parse_operation(self, request: Request) -> str:
        """Return the name of the requested operation."""
        target, _dot, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if request.method != "POST" or request.path != "/" or target != self.target_prefix or not operation:
            raise UnknownOperation(f"{request.method} {request.path} does not name an operation")
        return str(operation)

    def parse_parameters(self, request: Request) -> dict[str, Any]:
        """Return the members of the request."""
        if request.headers.get_content_type() != self.content_type:
            raise SerializationFailed(f"Content-Type must be {self.content_type}")
        # Decoded first, because json.loads() guesses the encoding of bytes. It rejects a str with a byte order mark.
        return _parse(lambda: json.loads(request.body.decode(), parse_constant=_refuse_constant))

    def serialize_result(self, _operation: str, result: Mapping[str, Any], _request_id: str) -> Response:
        """Return the response for a result."""
        return Response(200, json.dumps(result).encode(), self.content_type)

    def serialize_error(self, error: ServiceError, _request_id: str) -> Response:
        """Return the response for an error."""
        body = json.dumps({"__type": error.code, "Message": error.message}).encode()
        return Response(error.status, body, self.content_type)


class CborProtocol:
    """The protocol RPC v2 with CBOR, in which the path has the name of the operation."""

    service = JsonProtocol.service
    content_type = "application/cbor"

    def parse_operation(self, request: Request) -> str:
        """Return the name of the requested operation."""
        path = _CBOR_PATH.fullmatch(request.path)
        is_cbor = request.headers.get("Smithy-Protocol") == "rpc-v2-cbor"
        if request.method != "POST" or not (path and is_cbor) or path[1] != JsonProtocol.target_prefix:
            raise UnknownOperation(f"{request.method} {request.path} does not name an operation")
        return path[2]

    def parse_parameters(self, request: Request) -> dict[str, Any]:
        """Return the members of the request."""
        if request.headers.get_content_type() != self.content_type:
            raise SerializationFailed(f"Content-Type must be {self.content_type}")
        return _parse(lambda: cbor.decode(request.body))

    def serialize_result(self, operation: str, result: Mapping[str, Any], _request_id: str) -> Response:
        """Return the response for a result."""
        shape = operation_model(self.service, operation).output_shape
        return Response(200, cbor.encode(with_times(result, shape)), self.content_type)

    def serialize_error(self, error: ServiceError, _request_id: str) -> Response:
        """Return the response for an error."""
        body = cbor.encode({"__type": error.code, "message": error.message})
        return Response(error.status, body, self.content_type)


def _parse(read: Callable[[], Any]) -> dict[str, Any]:
    """Return the members of a body; raise if it can't be parsed, is not an object, or is nested too deeply."""
    try:
        members = read()
        _check_depth(members, _DEEPEST)
    except (RecursionError, ValueError) as error:
        raise SerializationFailed(f"The body can't be read: {error}") from error
    if not isinstance(members, dict):
        raise SerializationFailed("The body is not an object")
    return members


def _check_depth(value: Any, left: int) -> None:
    if not left:
        raise ValueError("it is nested too deeply")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(item, left - 1)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class QueryProtocol:
    """The AWS query protocol, with form-encoded requests and XML responses. A float in a result is a time."""

    service = "sts"
    content_type = "text/xml"
    xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    def parse_operation(self, request: Request) -> str:
        """Return the name of the requested operation."""
        action = self._parse_form(request).get("Action")
        if request.method != "POST" or request.path != "/" or not action:
            raise UnknownOperation(f"{request.method} {request.path} does not name an operation")
        return action

    def parse_parameters(self, request: Request) -> dict[str, Any]:
        """Return the members of the request. Nested members are not supported."""
        form = self._parse_form(request)
        members = {name: value for name, value in form.items() if name not in ("Action", "Version")}
        return {
            name: int(value) if name.endswith("Seconds") and value.isdecimal() else value
            for name, value in members.items()
        }

    def serialize_result(self, operation: str, result: Mapping[str, Any], request_id: str) -> Response:
        """Return the response for a result."""
        return self._serialize(200, f"{operation}Response", _as_xml({f"{operation}Result": result}), request_id)

    def serialize_error(self, error: ServiceError, request_id: str) -> Response:
        """Return the response for an error."""
        code = _QUERY_ERROR_CODES.get(error.code, error.code.replace("Exception", ""))
        fault = "Receiver" if error.status >= 500 else "Sender"
        members = f"<Error><Type>{fault}</Type><Code>{code}</Code><Message>{escape(error.message)}</Message></Error>"
        status = 403 if isinstance(error, FORBIDDEN) else error.status
        return self._serialize(status, "ErrorResponse", members, request_id)

    def _serialize(self, status: int, name: str, members: str, request_id: str) -> Response:
        metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        body = f'<{name} xmlns="{self.xml_namespace}">{members}{metadata}</{name}>'
        return Response(status, body.encode(), self.content_type)

    def _parse_form(self, request: Request) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _as_xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_as_xml(member)}</{name}>" for name, member in value.items())
    if isinstance(value, float):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc).isoformat()
    return escape(str(value))


WireProtocol = Union[JsonProtocol, CborProtocol, QueryProtocol]


def detect_protocol(request: Request) -> WireProtocol:
    """Return the protocol of a request: query for a form, CBOR by the path or a header, otherwise JSON."""
    if request.headers.get_content_type() == "application/x-www-form-urlencoded":
        return QueryProtocol()
    if request.path.startswith("/service/") or "Smithy-Protocol" in request.headers:
        return CborProtocol()
    return JsonProtocol()
