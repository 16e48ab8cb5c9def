# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What botocore lacks: retrying and refusing malformed responses, and knowing which attempts may have had an effect."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .errors import MalformedResponse, was_never_sent

if TYPE_CHECKING:
    from botocore.client import BaseClient

# The attempts of the call under way that the service may have acted on without saying so.
_ambiguous_attempts: ContextVar[list[int]] = ContextVar("_ambiguous_attempts")

_LONGEST_RETRY_PAUSE = 20.0


def install_response_checks(client: BaseClient) -> None:
    """Make a client retry, and in the end refuse, malformed responses, and note ambiguous attempts.

    Botocore takes a malformed response for an empty one: a write would lose its record, a listing all pages after it.
    """
    attempts = _max_attempts(client)

    def retry_malformed(response: tuple | None, **kwargs: Any) -> float | None:
        _note_ambiguous_attempt(response, kwargs["caught_exception"], kwargs["attempts"])
        if response is None or not _is_malformed(response[0]) or kwargs["attempts"] >= attempts:
            return None
        return min(_LONGEST_RETRY_PAUSE, random.random() * 2 ** (kwargs["attempts"] - 1))

    # First, since botocore's legacy mode raises the error of the last attempt before later handlers see it.
    client.meta.events.register_first("needs-retry.servicecatalog", retry_malformed, unique_id="selfservice-retry")
    client.meta.events.register("after-call.servicecatalog", _refuse_malformed, unique_id="selfservice-refuse")


@contextmanager
def ambiguous_attempts() -> Iterator[list[int]]:
    """Yield a list that fills with the numbers of the attempts that the service may have acted on without saying so."""
    noted: list[int] = []
    token = _ambiguous_attempts.set(noted)
    try:
        yield noted
    finally:
        _ambiguous_attempts.reset(token)


def _max_attempts(client: BaseClient) -> int:
    """Return how often botocore tries a call: as the user set it (aws_config, AWS_MAX_ATTEMPTS), or its mode does."""
    retries = client.meta.config.retries or {}
    return retries.get("total_max_attempts", 5 if retries.get("mode") == "legacy" else 3)


def _note_ambiguous_attempt(response: tuple | None, error: BaseException | None, number: int) -> None:
    if error is not None:
        is_ambiguous = not was_never_sent(error)
    else:
        is_ambiguous = response is None or response[0].status_code >= 500 or _is_malformed(response[0])
    if is_ambiguous:
        _ambiguous_attempts.get([]).append(number)


def _refuse_malformed(http_response: Any, model: Any, **_kwargs: Any) -> None:
    if _is_malformed(http_response):
        raise MalformedResponse(
            f"{model.name} was answered with HTTP 200 and a body that is cut off or not the service's."
        )


def _is_malformed(http_response: Any) -> bool:
    if http_response.status_code != 200:
        return False
    if "cbor" in http_response.headers.get("Content-Type", ""):
        return not http_response.content
    try:
        return not isinstance(json.loads(http_response.content), dict)
    except ValueError:
        return True
