# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault injection into particular calls, every k-th call or all calls of an operation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from . import cbor
from .clock import Clock
from .exceptions import (
    AccessDenied,
    ExpiredToken,
    InternalFailure,
    ServiceError,
    ServiceUnavailable,
    Throttled,
    ValidationFailed,
)
from .protocol import CborProtocol, Response

FOREVER = float("inf")

# The call fails without being executed.
ERRORS: dict[str, tuple[type[ServiceError], str]] = {
    "throttling": (Throttled, "Rate exceeded"),
    "rate_limit": (Throttled, "Rate exceeded"),
    "internal": (InternalFailure, "An internal failure occurred, injected on request"),
    "unavailable": (ServiceUnavailable, "The service is unavailable, injected on request"),
    "access_denied": (
        AccessDenied,
        (
            "User: {user} is not authorized to perform: {action} "
            "because no identity-based policy allows the {action} action"
        ),
    ),
    "expired_token": (ExpiredToken, "The security token included in the request is expired"),
    "validation": (ValidationFailed, "1 validation error detected, injected on request"),
}
# The call is executed, but the response is an error: that of the given kind.
ERRORS_AFTER_EXECUTION = {"internal_after": "internal", "unavailable_after": "unavailable"}
# The error page of a proxy.
_PAGE = b"<html>\n<head><title>Blocked</title></head>\n<body>Bad Gateway</body>\n</html>"
# The call is not executed, and there is no response, or one that does not come from the service.
CANNED_RESPONSES = {
    "reset_before": Response(0, b"", "", reset=True),
    "hang": Response(0, b"", "", reset=True, delay=FOREVER),
    "redirect": Response(307, b"", "text/html"),
    "page": Response(502, _PAGE, "text/html"),
}
# The call is executed, and the response is lost, delayed or changed.
RESPONSE_MODIFIERS: dict[str, Callable[[Response, Mapping[str, Any]], Response]] = {
    "reset_after": lambda response, _options: dataclasses.replace(response, reset=True),
    "truncated": lambda response, _options: dataclasses.replace(response, body=_first_half(response.body)),
    "short_body": lambda response, _options: dataclasses.replace(
        response, body=_first_half(response.body), declared_length=len(response.body)
    ),
    "garbage": lambda _response, _options: Response(200, _PAGE, "text/html"),
    "empty": lambda response, _options: dataclasses.replace(response, status=200, body=b""),
    "slow": lambda response, options: dataclasses.replace(response, delay=options["seconds"]),
    "trickle": lambda response, options: dataclasses.replace(response, pause=options["seconds"]),
    "replaced": lambda response, options: dataclasses.replace(
        response, body=_merge_into_body(response, options["members"])
    ),
    "date": lambda response, options: dataclasses.replace(response, date=options["date"]),
}
KINDS = sorted([*ERRORS, *ERRORS_AFTER_EXECUTION, *CANNED_RESPONSES, *RESPONSE_MODIFIERS])
OPTIONS = {
    "slow": {"seconds"},
    "trickle": {"seconds"},
    "rate_limit": {"per_second", "burst"},
    "replaced": {"members"},
    "redirect": {"location", "status"},
    "page": {"status"},
    "date": {"date"},
}


def injected_error(kind: str, *, user: str, action: str) -> ServiceError:
    """Return the error of a fault, which is the same whether the call is executed or not."""
    error, text = ERRORS[ERRORS_AFTER_EXECUTION.get(kind, kind)]
    return error(text.format(user=user, action=action))


def canned_response(fault: Fault) -> Response:
    """Return the response of a fault that replaces the call."""
    return dataclasses.replace(CANNED_RESPONSES[fault.kind], **fault.options)


def _first_half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _merge_into_body(response: Response, members: Mapping[str, Any]) -> bytes:
    if response.content_type == CborProtocol.content_type:
        return cbor.encode(_deep_merge(cbor.decode(response.body), members))
    return json.dumps(_deep_merge(json.loads(response.body), members)).encode()


def _deep_merge(old: Any, new: Any) -> Any:
    """Merge the members of `new` over those of `old` if both are objects; otherwise, return `new`."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{name: _deep_merge(old.get(name), value) for name, value in new.items()}}


def _check_kind(kind: str, options: set[str]) -> None:
    if kind not in KINDS:
        raise ValueError(f"unknown fault {kind!r}; the faults are {', '.join(KINDS)}")
    if options != OPTIONS.get(kind, set()) and not (kind == "rate_limit" and options == {"per_second"}):
        raise ValueError(f"the options of {kind} are {sorted(OPTIONS.get(kind, ()))}, not {sorted(options)}")


@dataclass
class Fault:
    """A fault, the calls to which it can apply, the number of those so far, and the token bucket of a rate limit."""

    operation: str
    kind: str
    calls: list[int] | None
    every: int | None
    options: Mapping[str, Any]
    region: str | None = None
    product: str | None = None
    between: Sequence[float] | None = None
    call_count: int = 0
    tokens: float = 0.0
    refilled_at: float = 0.0

    def concerns(self, operation: str, region: str, product: str | None, now: float) -> bool:
        """Return whether the fault counts a call made now."""
        start, end = self.between or (now, FOREVER)
        return (
            self.operation in ("*", operation)
            and self.region in (None, region)
            and self.product in (None, product)
            and start <= now < end
        )

    def trigger(self, now: float) -> bool:
        """Count a call, and return whether the fault applies to it."""
        self.call_count += 1
        if self.kind == "rate_limit":
            return not self._take_token(now)
        if self.calls is not None:
            return self.call_count in self.calls
        return self.call_count % (self.every or 1) == 0

    def _take_token(self, now: float) -> bool:
        refill = (now - self.refilled_at) * self.options["per_second"]
        self.tokens = min(self.options["burst"], self.tokens + refill)
        self.refilled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class FaultInjector:
    """The active faults. It is not thread-safe: callers must hold a lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._faults: list[Fault] = []

    def add(
        self,
        operation: str,
        kind: str,
        *,
        calls: list[int] | None = None,
        every: int | None = None,
        region: str | None = None,
        product: str | None = None,
        between: Sequence[float] | None = None,
        **options: Any,
    ) -> None:
        """Set a fault on an operation, or on all with *. `calls` are counted from now on, starting at 1.

        With `region`, only calls signed for it count, and with `product`, only calls that refer to it. `between` is the
        start and the exclusive end of a time window, by the emulator's clock.
        """
        _check_kind(kind, set(options))
        if (calls is not None and every is not None) or (every is not None and every < 1):
            raise ValueError("calls and every exclude each other, and every must be at least 1")
        if between is not None and not (len(between) == 2 and between[0] < between[1]):
            raise ValueError(f"between must be two times, the earlier one first, not {between}")
        if kind == "rate_limit":
            options.setdefault("burst", max(1.0, options["per_second"]))
        fault = Fault(operation, kind, calls, every, options, region, product, between)
        fault.tokens, fault.refilled_at = options.get("burst", 0.0), self._clock.now()
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def trigger(self, operation: str, region: str, product: str | None) -> Fault | None:
        """Count a call for every fault that concerns it, and return the first one that applies."""
        now = self._clock.now()
        matching = [fault for fault in self._faults if fault.concerns(operation, region, product, now)]
        # A list, because every matching fault must count the call, not only the first one that applies.
        triggered = [fault for fault in matching if fault.trigger(now)]
        return triggered[0] if triggered else None
