# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classify the errors of botocore and the service, and describe them to users."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from .._clock import Interrupted
from .._exceptions import SelfServiceError
from .._secrets.masker import mask

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
except ImportError:  # AnsibleAWSModule reports a missing botocore itself.
    BotoCoreError = ClientError = BotoConnectionError = ConnectTimeoutError = Exception
    EndpointConnectionError = HTTPClientError = ProxyConnectionError = SSLError = ResponseParserError = Exception


class MalformedResponse(SelfServiceError):
    """A response was truncated, empty, or not from the service."""


class NotSent(SelfServiceError):
    """A call could not be sent because of a local problem, such as a missing credentials file."""


class CallAbandoned(SelfServiceError):
    """A call got no response in time, or an attempt was not sent because the call had been abandoned."""


class StartStopped(CallAbandoned):
    """A start request was not sent because stop_starts() had been called."""


class ListingDenied(ClientError):
    """A listing was denied at the given access level, or at every level if none was given."""

    def __init__(self, error: Any, level: str | None) -> None:
        super().__init__(error.response, error.operation_name)
        self.advice = (
            f"it is denied at {f'the access level {level}' if level else 'every access level'}; ask for the permission "
            f"servicecatalog:{error.operation_name} with the condition servicecatalog:{level or 'user'}Level = self, "
            f"{'or omit access_level' if level else 'or with a wider one'}"
        )


# Errors whose text is shown to the user unchanged.
_OWN = (SelfServiceError, Interrupted)
SERVICE_ERRORS = (ClientError, BotoCoreError, MalformedResponse, NotSent, CallAbandoned)
# Other exceptions that escape from botocore while it reads credentials, signs a request or parses a response. They
# include base classes of botocore's own errors, so catch SERVICE_ERRORS first. MemoryError is among them because a CBOR
# parser that is given JSON may try to allocate a huge buffer.
FOREIGN_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    ResponseParserError,
    RuntimeError,
    TypeError,
    ValueError,
)

_THROTTLED = re.compile("Throttl|RequestLimitExceeded|TooManyRequests|BandwidthLimitExceeded|SlowDown")
# Error codes after which no call with the same credentials can succeed.
_BAD_CREDENTIALS = re.compile("Expired|Signature|InvalidClientTokenId|MissingAuthenticationToken|UnrecognizedClient")
# Class names of urllib3's exceptions.
_NOT_CONNECTED = frozenset({"ConnectTimeoutError", "NameResolutionError", "NewConnectionError"})
# Advice by the service's error code or the name of botocore's exception class.
_ADVICE = (
    ("Expired", "log in again, or use new credentials"),
    ("SSO|TokenRetrieval", "log in again"),
    ("InvalidClientTokenId|UnrecognizedClient", "check the access key, and the session token that belongs to it"),
    ("Signature", "check the secret key, and this machine's clock"),
    ("NoCredentials", "set profile, or access_key and secret_key, or their environment variables"),
    ("PartialCredentials", "set both access_key and secret_key"),
    ("ProfileNotFound", "use a profile of the AWS configuration files"),
    ("NoRegion", "set region or AWS_REGION"),
)
# Error codes for an invalid request. ValidationException is not in the service's API model.
INVALID = ("InvalidParametersException", "ValidationException")
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def code_of(error: BaseException) -> str | None:
    """Return the service's error code, or None if the error did not come from the service."""
    if isinstance(error, ClientError):
        return getattr(error, "response", {}).get("Error", {}).get("Code")
    return None


def is_access_denied(error: BaseException) -> bool:
    """Return whether a Service Catalog permission is missing, as opposed to one for getting credentials."""
    return code_of(error) in _DENIED and _service_of(error) == "servicecatalog"


def is_not_found(error: BaseException) -> bool:
    """Return whether the service found nothing with this id or name."""
    return code_of(error) == "ResourceNotFoundException"


def affects_all_calls(error: BaseException) -> bool:
    """Return whether other calls would fail in the same way: throttling, no connection, or bad credentials."""
    if not isinstance(error, ClientError):
        return not isinstance(error, MalformedResponse)
    has_bad_credentials = bool(_BAD_CREDENTIALS.search(code_of(error) or ""))
    return _is_throttled(error) or has_bad_credentials or _service_of(error) != "servicecatalog"


def is_transient(error: BaseException) -> bool:
    """Return whether the same read may succeed later: throttling, 5xx, a broken connection, a malformed response.

    NotSent is included, because a file that could not be read may become readable again.
    """
    if isinstance(error, ClientError):
        return _is_throttled(error) or _status_of(error) >= 500
    broken = (MalformedResponse, NotSent, CallAbandoned, HTTPClientError, BotoConnectionError)
    return isinstance(error, broken)


def _status_of(error: BaseException) -> int:
    return getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _is_throttled(error: BaseException) -> bool:
    return bool(_THROTTLED.search(code_of(error) or "")) or _status_of(error) == 429


def was_never_sent(error: BaseException) -> bool:
    """Return whether the request certainly did not reach the service."""
    if isinstance(error, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    if isinstance(error, HTTPClientError) and isinstance(error.kwargs.get("error"), ValueError):
        return True  # The URL of the endpoint or of a proxy is invalid.
    if isinstance(error, ProxyConnectionError):
        # This error also covers a proxy that accepted the request and then closed the connection.
        cause = getattr(error.kwargs.get("error"), "original_error", None)
        return type(cause).__name__ in _not_connected() or "Tunnel connection failed" in str(cause)
    # As the error of an attempt, CallAbandoned means that the request was not sent.
    return isinstance(error, (EndpointConnectionError, ConnectTimeoutError, CallAbandoned))


def _not_connected() -> frozenset[str]:
    """Return the names of urllib3's exceptions that mean, as the cause of a ProxyError, that no proxy was reached."""
    # Before version 2, urllib3 also blamed the proxy if TLS failed after the request was sent. botocore has loaded it.
    connection = getattr(sys.modules.get("urllib3.connection"), "HTTPConnection", None)
    is_exact = hasattr(connection, "has_connected_to_proxy")
    return _NOT_CONNECTED | {"SSLError"} if is_exact else _NOT_CONNECTED


def describe_error(error: BaseException) -> str:
    """Return the error as one line without a full stop: its code, its text, and advice or the permission needed."""
    if isinstance(error, _OWN):
        return str(error).rstrip(".")
    code, text = code_of(error) or type(error).__name__, str(error)
    if isinstance(error, ClientError):
        text = error.response.get("Error", {}).get("Message") or "no reason given"
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, code)), "")
    if code in _DENIED:
        permission = f"{_service_of(error)}:{getattr(error, 'operation_name', '')}"
        # The service's text repeats the permission.
        text = text.replace(f"the {permission} action", "it")
        default = "" if permission in text else f"the permission needed is {permission}"
        advice = getattr(error, "advice", default)
    # Botocore's messages may span several lines.
    text = " ".join(mask(text).split()).rstrip(".")
    return f"{code}: {text} ({advice})" if advice else f"{code}: {text}"


def describe_foreign_error(error: BaseException) -> str:
    """Return one of FOREIGN_ERRORS as a phrase: what failed, and why."""
    if isinstance(error, OSError) and error.filename:
        return f"{mask(error.filename)} can't be used ({error.strerror})"
    if isinstance(error, json.JSONDecodeError):
        return f"the credentials are not valid JSON ({error})"
    # A multi-line message ends with the whole response, so keep only its first line.
    first_line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {mask(first_line)}".rstrip(".: ")


def error_sentence(error: BaseException) -> str:
    """Return the error as a complete sentence."""
    return str(error) if isinstance(error, _OWN) else f"{describe_error(error)}."


def _service_of(error: BaseException) -> str:
    # Botocore may have to get credentials from STS or SSO before any call.
    operation = getattr(error, "operation_name", "")
    if operation.startswith("AssumeRole"):
        return "sts"
    return "sso" if operation == "GetRoleCredentials" else "servicecatalog"


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return a service error as `error` and `response_metadata`, like amazon.aws; empty for other errors."""
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
