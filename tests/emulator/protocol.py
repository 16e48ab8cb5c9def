# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two wire protocols: JSON 1.1 for Service Catalog, query and XML for STS."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Union
from xml.sax.saxutils import escape

from .exceptions import SerializationFailed, ServiceError, UnknownOperation

_QUERY_CODES = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ThrottlingException": "Throttling",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ValidationException": "ValidationError",
}


@dataclass(frozen=True)
class Request:
    """What came in over HTTP."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What goes out: `promised` is a Content-Length that is not kept, `cut` resets the connection instead.

    `location` is the header of that name.
    """

    status: int
    body: bytes
    content_type: str
    delay: float = 0.0
    dated: bool = True
    promised: int = 0
    cut: bool = False
    location: str = ""


class JsonWire:
    """JSON 1.1, where a header names the operation."""

    service = "servicecatalog"
    content_type = "application/x-amz-json-1.1"
    target = "AWS242ServiceCatalogService"

    def operation(self, request: Request) -> str:
        """Return the operation's name as sent."""
        target, _dot, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if request.method != "POST" or request.path != "/" or target != self.target or not operation:
            raise UnknownOperation(f"{request.method} {request.path} names no operation")
        return str(operation)

    def parameters(self, request: Request) -> dict[str, Any]:
        """Return the members of the request."""
        if request.headers.get_content_type() != self.content_type:
            raise SerializationFailed(f"Content-Type must be {self.content_type}")
        try:
            members = json.loads(request.body)
        except ValueError as error:
            raise SerializationFailed(f"The body is not JSON: {error}") from error
        if not isinstance(members, dict):
            raise SerializationFailed("The body is not a JSON object")
        return members

    def success(self, _operation: str, result: Mapping[str, Any], _request_id: str) -> Answer:
        """Return the answer that carries a result."""
        return Answer(200, json.dumps(result).encode(), self.content_type)

    def failure(self, error: ServiceError, _request_id: str) -> Answer:
        """Return the answer that carries an error."""
        body = json.dumps({"__type": error.code, "Message": error.message}).encode()
        return Answer(error.status, body, self.content_type)


class QueryWire:
    """AWS query, a form that goes in and XML that comes out; results are flat texts."""

    service = "sts"
    content_type = "text/xml"
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    def operation(self, request: Request) -> str:
        """Return the operation's name as sent."""
        action = self._form(request).get("Action")
        if request.method != "POST" or request.path != "/" or not action:
            raise UnknownOperation(f"{request.method} {request.path} names no operation")
        return action

    def parameters(self, request: Request) -> dict[str, Any]:
        """Return the members of the request."""
        return {name: value for name, value in self._form(request).items() if name not in ("Action", "Version")}

    def success(self, operation: str, result: Mapping[str, Any], request_id: str) -> Answer:
        """Return the answer that carries a result."""
        members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in result.items())
        return self._answer(
            200, f"{operation}Response", f"<{operation}Result>{members}</{operation}Result>", request_id
        )

    def failure(self, error: ServiceError, request_id: str) -> Answer:
        """Return the answer that carries an error."""
        code, sender = _QUERY_CODES.get(error.code, error.code.replace("Exception", "")), "Sender"
        if error.status >= 500:
            sender = "Receiver"
        members = f"<Error><Type>{sender}</Type><Code>{code}</Code><Message>{escape(error.message)}</Message></Error>"
        return self._answer(error.status, "ErrorResponse", members, request_id)

    def _answer(self, status: int, name: str, members: str, request_id: str) -> Answer:
        metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        body = f'<{name} xmlns="{self.namespace}">{members}{metadata}</{name}>'
        return Answer(status, body.encode(), self.content_type)

    def _form(self, request: Request) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


Wire = Union[JsonWire, QueryWire]


def wire_of(request: Request) -> Wire:
    """Return the protocol that a request speaks; whatever it is not, the answer is JSON."""
    if request.headers.get_content_type() == "application/x-www-form-urlencoded":
        return QueryWire()
    return JsonWire()
