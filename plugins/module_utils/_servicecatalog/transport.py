# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry and reject malformed responses, and track whether a call may have had an effect; botocore does neither."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import (
    FOREIGN_ERRORS,
    SERVICE_ERRORS,
    MalformedResponse,
    NotSent,
    describe_foreign_error,
    was_never_sent,
)

if TYPE_CHECKING:
    from botocore.client import BaseClient


class Attempts:
    """The attempts of one call, to tell whether the service may have acted on one of them."""

    def __init__(self) -> None:
        self.is_in_flight = False
        self.is_ambiguous = False
        # Whether the request of the current attempt was sent.
        self.is_sent = False
        self.last_body = b""
        # Whether the last body is valid in the client's protocol; checked only for CBOR, whose parser raises.
        self.is_readable = True
        self._is_abandoned = False
        # Makes begin() and abandon() atomic, so that no request is sent after its call was abandoned.
        self._lock = Lock()

    @property
    def may_have_acted(self) -> bool:
        """Whether a request was sent and no response says that nothing was done."""
        return self.is_in_flight or self.is_ambiguous

    def begin(self) -> bool:
        """Note that a request is about to be sent; return False if it must not be, because the call was abandoned."""
        with self._lock:
            self.is_in_flight = self.is_sent = not self._is_abandoned
            return self.is_in_flight

    def abandon(self) -> None:
        """Prevent further requests of the call."""
        with self._lock:
            self._is_abandoned = True


_attempts: ContextVar[Attempts] = ContextVar("_attempts")

_LONGEST_RETRY_PAUSE = 20.0
# The members of RecordDetail that are not text in the API, even if a malformed response has text there.
_NOT_TEXT = {"CreatedTime", "UpdatedTime", "RecordErrors", "RecordTags"}
# The possible first bytes of a map in CBOR.
_CBOR_MAPS = {bytes([first]) for first in range(0xA0, 0xC0)}
_EMPTY_MAP = b"\xa0"


def install_response_checks(client: BaseClient) -> None:
    """Make a client retry malformed responses, raise MalformedResponse if all attempts fail, and track its attempts.

    Botocore treats a malformed response as empty: a write would lose its record, and a listing the rest of its pages.
    """
    attempts = _max_attempts(client)

    def retry_malformed(response: tuple | None, **kwargs: Any) -> float | None:
        _end_attempt(response, kwargs["caught_exception"])
        if response is None or not _is_malformed(response[0]) or kwargs["attempts"] >= attempts:
            return None
        return min(_LONGEST_RETRY_PAUSE, random.random() * 2 ** (kwargs["attempts"] - 1))

    # Registered first, to run before the request is signed.
    client.meta.events.register_first("request-created.servicecatalog", _begin_attempt, unique_id="selfservice-begin")
    # Registered first, because botocore's legacy mode raises the error of the last attempt before later handlers run.
    client.meta.events.register_first("needs-retry.servicecatalog", retry_malformed, unique_id="selfservice-retry")
    client.meta.events.register("after-call.servicecatalog", _refuse_malformed, unique_id="selfservice-refuse")
    # Older releases of botocore lack this event; with them, the body of an unparsable response is lost.
    client.meta.events.register("before-parse.servicecatalog", _keep_body, unique_id="selfservice-body")


@contextmanager
def track_attempts(attempts: Attempts) -> Iterator[Attempts]:
    """Note the attempts of the calls made inside this context."""
    token = _attempts.set(attempts)
    try:
        yield attempts
    finally:
        _attempts.reset(token)


def operation_of(call: Any) -> str:
    """Return the name of the service's operation that a method of a client calls."""
    return str(call.__self__.meta.method_to_api_mapping[call.__name__])


def make_call(call: Any, members: Mapping[str, Any]) -> dict[str, Any]:
    """Make a call; convert FOREIGN_ERRORS to NotSent before the request is sent, to MalformedResponse afterwards."""
    with track_attempts(current_attempts()) as attempts:
        try:
            return call(**members)
        except SERVICE_ERRORS:  # pylint: disable=catching-non-exception
            raise
        except FOREIGN_ERRORS as error:  # pylint: disable=catching-non-exception
            if attempts.is_sent:
                endpoint = _endpoint(call.__self__.meta.endpoint_url)
                raise MalformedResponse(
                    f"{operation_of(call)}: the response from {endpoint} can't be parsed: "
                    f"{describe_foreign_error(error)}."
                ) from error
            raise NotSent(f"{operation_of(call)} could not be sent: {describe_foreign_error(error)}.") from error


def _max_attempts(client: BaseClient) -> int:
    """Return how many attempts botocore makes: the user's setting, or the default of the retry mode."""
    retries = client.meta.config.retries or {}
    return retries.get("total_max_attempts", 5 if retries.get("mode") == "legacy" else 3)


def current_attempts() -> Attempts:
    """Return the Attempts of the current track_attempts() context, or new ones outside of one."""
    return _attempts.get(Attempts())


def texts_of_record(body: bytes) -> dict[str, str]:
    """Return the text members of a body's RecordDetail; empty if it can't be parsed or has no RecordId."""
    try:
        detail = _decode(body)["RecordDetail"]
        texts = {name: value for name, value in detail.items() if isinstance(value, str) and name not in _NOT_TEXT}
    except FOREIGN_ERRORS:  # pylint: disable=catching-non-exception
        return {}
    return texts if "RecordId" in texts else {}


def _decode(body: bytes) -> Any:
    """Parse a body as CBOR if it begins like a CBOR map, otherwise as JSON."""
    if body[:1] not in _CBOR_MAPS:
        return json.loads(body)
    # Older releases of botocore lack this parser, and have no client that uses CBOR.
    from botocore.parsers import RpcV2CBORParser

    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


def _begin_attempt(**_kwargs: Any) -> None:
    current_attempts().is_sent = False


def _keep_body(response_dict: dict[str, Any], operation_model: Any, **_kwargs: Any) -> None:
    attempts, body = current_attempts(), response_dict["body"]
    attempts.last_body = body
    speaks_cbor = "cbor" in getattr(operation_model.service_model, "resolved_protocol", "")
    attempts.is_readable = not speaks_cbor or _is_cbor_map(body)
    if not attempts.is_readable:
        # Botocore's CBOR parser would raise here, which prevents further attempts; its JSON parser does not.
        response_dict["body"] = _EMPTY_MAP


def _is_cbor_map(body: bytes) -> bool:
    try:
        return body[:1] in _CBOR_MAPS and isinstance(_decode(body), dict)
    except FOREIGN_ERRORS:  # pylint: disable=catching-non-exception
        return False


def _end_attempt(response: tuple | None, error: BaseException | None) -> None:
    """Note whether the service may have acted on the attempt: after no response, a server error, or a success."""
    attempts = current_attempts()
    if error is not None:
        may_have_acted = not was_never_sent(error)
    else:
        may_have_acted = response is None or not _is_refusal(response[0])
    attempts.is_ambiguous |= attempts.is_in_flight and may_have_acted
    # Set last, because a thread that abandons the call may read both flags in between.
    attempts.is_in_flight = False


def _is_refusal(http_response: Any) -> bool:
    """Return whether a response says that nothing was done: a redirect, or a 4xx error of the service itself.

    An error page of a proxy does not tell what the service did.
    """
    status = http_response.status_code
    return 300 <= status < 400 or (400 <= status < 500 and not _is_foreign(http_response))


def _refuse_malformed(http_response: Any, model: Any, **_kwargs: Any) -> None:
    if _is_malformed(http_response):
        problem = "cut off or not from the service"
    elif _is_foreign(http_response):
        problem = "not from the service" if http_response.content else "empty"
    else:
        return
    endpoint, status = _endpoint(http_response.url), http_response.status_code
    raise MalformedResponse(f"{model.name} was answered by {endpoint} with HTTP {status} and a body that is {problem}.")


def _endpoint(address: str) -> str:
    """Return the scheme and host of a URL, without credentials."""
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def _is_malformed(http_response: Any) -> bool:
    """Return whether a successful response has a body that is truncated, empty or not the service's."""
    return 200 <= http_response.status_code < 300 and not _has_members(http_response)


def _is_foreign(http_response: Any) -> bool:
    """Return whether an error response is not the service's: a proxy's page, or a 4xx error without a code."""
    status = http_response.status_code
    if not http_response.content:
        return 400 <= status < 500
    return status >= 300 and not _has_members(http_response)


def _has_members(http_response: Any) -> bool:
    """Return whether the body is a map; in an error response, it must also have the code of an error."""
    content, headers = http_response.content, http_response.headers
    if not current_attempts().is_readable:
        return False
    if http_response.status_code >= 300 and b"__type" not in content and "x-amzn-errortype" not in headers:
        return False
    if "cbor" in headers.get("Content-Type", ""):
        return content[:1] in _CBOR_MAPS
    try:
        return isinstance(json.loads(content), dict)
    except (RecursionError, ValueError):
        return False
