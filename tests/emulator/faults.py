# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: what happens to the n-th, every k-th or each call of an operation."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .clock import Clock
from .exceptions import AccessDenied, ExpiredToken, InternalFailure, ServiceError, ServiceUnavailable, Throttled
from .protocol import Answer

FOREVER = float("inf")

# The call is not carried out.
REFUSALS: dict[str, tuple[type[ServiceError], str]] = {
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
}
# The call is carried out, and its answer is lost.
LOSSES = {"internal_after": "internal", "unavailable_after": "unavailable"}
# Not carried out, and not answered, or by a web server that sends the caller elsewhere.
BREAKS = {
    "reset_before": Answer(0, b"", "", cut=True),
    "hang": Answer(0, b"", "", cut=True, delay=FOREVER),
    "redirect": Answer(307, b"", "text/html"),
}
# Carried out, with an answer that does not arrive as it should.
SPOILERS: dict[str, Callable[[Answer, Mapping[str, Any]], Answer]] = {
    "reset_after": lambda answer, _options: dataclasses.replace(answer, cut=True),
    "truncated": lambda answer, _options: dataclasses.replace(answer, body=_half(answer.body)),
    "short_body": lambda answer, _options: dataclasses.replace(
        answer, body=_half(answer.body), promised=len(answer.body)
    ),
    "garbage": lambda _answer, _options: Answer(200, b"<html><body>Bad Gateway</body></html>", "text/html"),
    "empty": lambda answer, _options: dataclasses.replace(answer, status=200, body=b""),
    "slow": lambda answer, options: dataclasses.replace(answer, delay=options["seconds"]),
    "replaced": lambda answer, options: dataclasses.replace(answer, body=_replaced(answer.body, options["members"])),
    "no_date": lambda answer, _options: dataclasses.replace(answer, dated=False),
}
KINDS = sorted([*REFUSALS, *LOSSES, *BREAKS, *SPOILERS])
OPTIONS = {
    "slow": {"seconds"},
    "rate_limit": {"per_second", "burst"},
    "replaced": {"members"},
    "redirect": {"location", "status"},
}


def refusal(kind: str, *, user: str, action: str) -> ServiceError:
    """Return the error of a fault that refuses or loses a call."""
    error, text = REFUSALS[LOSSES.get(kind, kind)]
    return error(text.format(user=user, action=action))


def broken(fault: Fault) -> Answer:
    """Return what goes out in place of an answer."""
    return dataclasses.replace(BREAKS[fault.kind], **fault.options)


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _replaced(body: bytes, members: Mapping[str, Any]) -> bytes:
    return json.dumps(_merged(json.loads(body), members)).encode()


def _merged(old: Any, new: Any) -> Any:
    """Return the new value; of two objects, the old one's members with the new one's merged over them."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}


@dataclass
class Fault:
    """One fault, with what it has seen so far: calls, and for a rate limit the tokens left in its bucket."""

    operation: str
    kind: str
    calls: list[int] | None
    every: int | None
    options: Mapping[str, Any]
    region: str | None = None
    seen: int = 0
    tokens: float = 0.0
    filled: float = 0.0

    def strikes(self, now: float) -> bool:
        """Count a call at a time, and tell whether the fault hits it."""
        self.seen += 1
        if self.kind == "rate_limit":
            return not self._take(now)
        if self.calls is not None:
            return self.seen in self.calls
        return self.seen % (self.every or 1) == 0

    def _take(self, now: float) -> bool:
        fresh = (now - self.filled) * self.options["per_second"]
        self.tokens = min(self.options["burst"], self.tokens + fresh)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Faults:
    """The faults that are set; the caller holds a lock around each method."""

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
        **options: Any,
    ) -> None:
        """Set a fault on an operation, * being any; `calls` are numbered from now on, beginning with 1.

        With a region, only calls that are signed for it count.
        """
        if kind not in KINDS:
            raise ValueError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
        if set(options) != OPTIONS.get(kind, set()) and not (kind == "rate_limit" and set(options) == {"per_second"}):
            raise ValueError(f"{kind} takes {sorted(OPTIONS.get(kind, ()))}, not {sorted(options)}")
        if (calls is not None and every is not None) or (every is not None and every < 1):
            raise ValueError("a fault hits either some calls or every k-th, k being 1 or more")
        if kind == "rate_limit":
            options.setdefault("burst", max(1.0, options["per_second"]))
        fault = Fault(operation, kind, calls, every, options, region)
        fault.tokens, fault.filled = options.get("burst", 0.0), self._clock.now()
        self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._faults.clear()

    def strike(self, operation: str, region: str) -> Fault | None:
        """Count a call for every fault that is set on its operation and region, and return the first one that hits."""
        now = self._clock.now()
        meant = [each for each in self._faults if each.operation in ("*", operation) and each.region in (None, region)]
        hits = [fault for fault in meant if fault.strikes(now)]
        return hits[0] if hits else None
