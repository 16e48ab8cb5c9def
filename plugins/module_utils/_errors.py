# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exceptions that carry facts for the result, and what the service's own errors mean."""

from __future__ import annotations

from typing import Any

from ._clock import Stopped

try:
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
        HTTPClientError,
        ProxyConnectionError,
        SSLError,
    )
    from botocore.exceptions import (
        ConnectionError as BotoConnectionError,
    )
    from botocore.parsers import ResponseParserError
except ImportError:  # AnsibleAWSModule refuses to start without botocore, in its own words.
    BotoCoreError = ClientError = BotoConnectionError = ConnectTimeoutError = Exception
    EndpointConnectionError = HTTPClientError = ProxyConnectionError = SSLError = ResponseParserError = Exception


class SelfServiceError(Exception):
    """A failure whose message is for the user and whose facts go into the result."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts: dict[str, Any] = facts


class InvalidInput(SelfServiceError):
    """What the task asks for can't be sent as it is."""


class NotFound(SelfServiceError):
    """A name stands for nothing; `choices` lists what there is."""


class Refused(SelfServiceError):
    """The service would not start, or did not start, the action: nothing was changed."""


class MayHaveStarted(SelfServiceError):
    """The start was sent, and no usable answer came back."""


class RecordFailed(SelfServiceError):
    """The record has ended as FAILED."""


class WaitTimedOut(SelfServiceError):
    """The record had not ended by the deadline; the action goes on."""


class WaitInterrupted(SelfServiceError):
    """The record can't be followed any further; the action goes on."""


class BulkFailed(SelfServiceError):
    """A bulk run has more errors than it may have, or targets that timed out."""


class GarbledAnswer(SelfServiceError):
    """An HTTP 200 whose body says nothing: cut off, empty or not the service's."""


# Their text is for the user as it is.
_OWN = (SelfServiceError, Stopped)
SERVICE_ERRORS = (ClientError, BotoCoreError, ResponseParserError, GarbledAnswer)

_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "BandwidthLimitExceeded",
        "SlowDown",
    }
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def code_of(error: BaseException) -> str | None:
    """Return the service's error code, or None where the service did not answer."""
    if isinstance(error, ClientError):
        return getattr(error, "response", {}).get("Error", {}).get("Code")
    return None


def is_access_denied(error: BaseException) -> bool:
    """Tell whether the caller lacks a permission of Service Catalog's (not one to get credentials at all)."""
    return code_of(error) in _DENIED and _service_of(error) == "servicecatalog"


def is_not_found(error: BaseException) -> bool:
    """Tell whether the service knows nothing of that id or name."""
    return code_of(error) == "ResourceNotFoundException"


def is_transient(error: BaseException) -> bool:
    """Tell whether the same read may succeed later: throttling, 5xx, a broken connection, a garbled answer."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in _THROTTLED or status == 429 or status >= 500
    return isinstance(error, (GarbledAnswer, ResponseParserError, HTTPClientError, BotoConnectionError))


def was_never_sent(error: BaseException) -> bool:
    """Tell whether no byte of the request can have reached the service."""
    if isinstance(error, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    return isinstance(error, (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError))


def explain(error: BaseException) -> str:
    """Return the error as one line without a full stop: its code, its text, and the permission that is missing."""
    if isinstance(error, _OWN):
        return str(error).rstrip(".")
    if not isinstance(error, ClientError):
        return f"{type(error).__name__}: {error}".rstrip(".")
    detail = error.response.get("Error", {})
    text = f"{detail.get('Code')}: {detail.get('Message') or 'no reason given'}".rstrip(".")
    if code_of(error) in _DENIED:
        text += f" (the permission needed is {_service_of(error)}:{error.operation_name})"
    return text


def sentence(error: BaseException) -> str:
    """Return the error as it is told to the user where it stands alone."""
    return str(error) if isinstance(error, _OWN) else f"{explain(error)}."


def _service_of(error: BaseException) -> str:
    # Credentials may have to be had from STS or SSO first, in the middle of any call.
    operation = getattr(error, "operation_name", "")
    if operation.startswith("AssumeRole"):
        return "sts"
    return "sso" if operation == "GetRoleCredentials" else "servicecatalog"


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return what amazon.aws' modules return of a service error: error and response_metadata."""
    if not isinstance(error, ClientError):
        return {}
    detail, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    return {
        "error": {"code": detail.get("Code"), "message": detail.get("Message")},
        "response_metadata": {
            "http_status_code": metadata.get("HTTPStatusCode"),
            "request_id": metadata.get("RequestId"),
            "retry_attempts": metadata.get("RetryAttempts"),
        },
    }
