# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets of a bulk run start next: no I/O, no clock."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InvalidInput
from .._secrets import mask
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .target import Target

_ERRORS = (Outcome.FAILED, Outcome.TIMED_OUT)


class Budget(NamedTuple):
    """How many targets may run at once, and after how many errors no more start, as Systems Manager names the two."""

    max_concurrency: int
    max_errors: int


def budget_of(params: Mapping[str, Any], total: int) -> Budget:
    """Return the budget that a task gives for so many targets."""
    return Budget(
        parse_count("max_concurrency", params["max_concurrency"], total, least=1),
        parse_count("max_errors", params["max_errors"], total, least=0),
    )


def parse_count(option: str, text: str, total: int, *, least: int) -> int:
    """Return a count given as such or as a percentage of `total`, rounded down, but at least `least`."""
    match = re.fullmatch(r"([0-9]{1,9})(%?)", text.strip())
    if match is None or int(match[1]) < least or (match[2] and int(match[1]) > 100):
        given = text if len(text) <= 40 else f"{text[:40]}..."
        raise InvalidInput(
            f"{option} is {mask(given)!r}; it takes a count from {least} on, or a percentage from {least}% to 100%."
        )
    number = int(match[1])
    return max(least, number * total // 100) if match[2] else number


class TargetQueue:
    """The targets that have not started, and how many are starting, are running, or have failed or timed out."""

    def __init__(self, targets: Iterable[Target], budget: Budget) -> None:
        self.budget = budget
        self.total = 0
        self.pending: deque[Target] = deque()
        self.starting = 0
        self.running = 0
        # Counted as they come: the loop asks for each start, and there may be ten thousand.
        self.errors = 0
        for target in targets:
            if target.outcome is None:
                self.pending.append(target)
            self.errors += target.outcome in _ERRORS
            self.total += 1

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing will start."""
        return not (self.starting or self.running) and (not self.pending or self.error_budget_exceeded)

    @property
    def error_budget_exceeded(self) -> bool:
        """Whether there are so many errors that no more start."""
        return self.errors > self.budget.max_errors

    def next_batch(self, workers: int) -> list[Target]:
        """Take the targets that start now: within the budget, and no more than there are workers for."""
        if self.error_budget_exceeded:
            return []
        free = self.budget.max_concurrency - self.starting - self.running
        room = min(free, workers - self.starting, len(self.pending))
        batch = [self.pending.popleft() for _each in range(max(0, room))]
        self.starting += len(batch)
        return batch

    def mark_running(self, target: Target, now: float) -> None:
        """Note that the record of a target that was starting exists and has not ended."""
        target.arrived = now
        self.starting -= 1
        self.running += 1

    def finish(self, target: Target, outcome: Outcome) -> None:
        """Give a target that was starting or running its outcome."""
        if target.arrived == math.inf:
            self.starting -= 1
        else:
            self.running -= 1
        target.outcome = outcome
        self.errors += outcome in _ERRORS

    def abandon_pending(self) -> list[Target]:
        """Give what has not started that outcome, and return it."""
        abandoned = list(self.pending)
        self.pending.clear()
        for target in abandoned:
            target.outcome = Outcome.NOT_STARTED
        return abandoned
