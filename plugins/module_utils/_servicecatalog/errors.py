# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore and the service raise: classified, and worded for the user."""

from __future__ import annotations

import json
import re
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
except ImportError:  # AnsibleAWSModule refuses to start without botocore, in its own words.
    BotoCoreError = ClientError = BotoConnectionError = ConnectTimeoutError = Exception
    EndpointConnectionError = HTTPClientError = ProxyConnectionError = SSLError = ResponseParserError = Exception


class MalformedResponse(SelfServiceError):
    """An HTTP 200 whose body is cut off, empty or not the service's."""


class NotSent(SelfServiceError):
    """A call that was not sent, since this machine lacks something for it, such as a file with credentials."""


class CallAbandoned(SelfServiceError):
    """A call that had no response in time, or that was not sent any more."""


class StartStopped(CallAbandoned):
    """A start that was not sent, since no more were to be."""


class ListingDenied(ClientError):
    """A listing that is denied at the access level that the task gives, or at every one without."""

    def __init__(self, error: Any, level: str | None) -> None:
        super().__init__(error.response, error.operation_name)
        self.advice = (
            f"it is denied at {f'the access level {level}' if level else 'every access level'}; ask for the permission "
            f"servicecatalog:{error.operation_name} with the condition servicecatalog:{level or 'user'}Level = self, "
            f"{'or omit access_level' if level else 'or with a wider one'}"
        )


# Their text is for the user as it is.
_OWN = (SelfServiceError, Interrupted)
SERVICE_ERRORS = (ClientError, BotoCoreError, MalformedResponse, NotSent, CallAbandoned)
# What else botocore lets through when it reads credentials, signs, or parses a response. Some of its own errors are
# among them, too: catch SERVICE_ERRORS first. A parser that takes JSON for CBOR wants more memory than there is.
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
# No call succeeds any more with these credentials.
_BAD_CREDENTIALS = re.compile("Expired|Signature|InvalidClientTokenId|MissingAuthenticationToken|UnrecognizedClient")
# urllib3's.
_NOT_CONNECTED = frozenset({"ConnectTimeoutError", "NameResolutionError", "NewConnectionError"})
# What to do, by the service's code or the name of botocore's class.
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
# The request is not valid; the second one is in no model of the service.
INVALID = ("InvalidParametersException", "ValidationException")
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
    """Tell whether the service knows no such id or name."""
    return code_of(error) == "ResourceNotFoundException"


def affects_all_calls(error: BaseException) -> bool:
    """Tell whether other calls would fail in the same way: throttling, no connection, or the caller's credentials."""
    if not isinstance(error, ClientError):
        return not isinstance(error, MalformedResponse)
    has_bad_credentials = bool(_BAD_CREDENTIALS.search(code_of(error) or ""))
    return _is_throttled(error) or has_bad_credentials or _service_of(error) != "servicecatalog"


def is_transient(error: BaseException) -> bool:
    """Tell whether the same read may succeed later: throttling, 5xx, a broken connection, a malformed response.

    A file that could not be read may be there again, too.
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
    """Tell whether no byte of the request can have reached the service."""
    if isinstance(error, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    if isinstance(error, HTTPClientError) and isinstance(error.kwargs.get("error"), ValueError):
        return True  # The address of the endpoint or of a proxy is not valid.
    if isinstance(error, ProxyConnectionError):
        # It also stands for a proxy that took the request and then closed the connection.
        cause = getattr(error.kwargs.get("error"), "original_error", None)
        return type(cause).__name__ in _NOT_CONNECTED or "Tunnel connection failed" in str(cause)
    # As an error of an attempt, CallAbandoned means that it was not sent.
    return isinstance(error, (EndpointConnectionError, ConnectTimeoutError, CallAbandoned))


def describe_error(error: BaseException) -> str:
    """Return the error as one line without a full stop: its code, its text, and what to do or to permit."""
    if isinstance(error, _OWN):
        return str(error).rstrip(".")
    code, text = code_of(error) or type(error).__name__, str(error)
    if isinstance(error, ClientError):
        text = error.response.get("Error", {}).get("Message") or "no reason given"
    advice = next((advice for pattern, advice in _ADVICE if re.search(pattern, code)), "")
    if code in _DENIED:
        permission = f"{_service_of(error)}:{getattr(error, 'operation_name', '')}"
        # The service names it once more in the reason.
        text = text.replace(f"the {permission} action", "it")
        default = "" if permission in text else f"the permission needed is {permission}"
        advice = getattr(error, "advice", default)
    # Botocore's texts may have several lines.
    text = " ".join(mask(text).split()).rstrip(".")
    return f"{code}: {text} ({advice})" if advice else f"{code}: {text}"


def describe_foreign_error(error: BaseException) -> str:
    """Return one of FOREIGN_ERRORS as a phrase: what can't be used, and why."""
    if isinstance(error, OSError) and error.filename:
        return f"{mask(error.filename)} can't be used ({error.strerror})"
    if isinstance(error, json.JSONDecodeError):
        return f"the credentials are not valid JSON ({error})"
    # A text of several lines ends with the whole response.
    first_line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {mask(first_line)}".rstrip(".: ")


def error_sentence(error: BaseException) -> str:
    """Return the error as a sentence of its own."""
    return str(error) if isinstance(error, _OWN) else f"{describe_error(error)}."


def _service_of(error: BaseException) -> str:
    # Any call may first have to get credentials from STS or SSO.
    operation = getattr(error, "operation_name", "")
    if operation.startswith("AssumeRole"):
        return "sts"
    return "sso" if operation == "GetRoleCredentials" else "servicecatalog"


def error_facts(error: BaseException) -> dict[str, Any]:
    """Return what amazon.aws's modules return of a service error: error and response_metadata."""
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
