# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets of a bulk run start next, and where each stands: no I/O, no clock."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ._errors import InvalidInput

SUCCEEDED, FAILED, TIMED_OUT = "succeeded", "failed", "timed_out"
NOT_STARTED, STARTED = "not_started", "started"
OUTCOMES = (SUCCEEDED, FAILED, TIMED_OUT, NOT_STARTED, STARTED)
_ERRORS = (FAILED, TIMED_OUT)


@dataclass(frozen=True)
class Budget:
    """How many targets may run at once, and after how many errors no more start: Systems Manager's own two words."""

    max_concurrency: int
    max_errors: int


def budget_of(params: Mapping[str, Any], total: int) -> Budget:
    """Return the budget that a task gives for so many targets."""
    return Budget(
        as_count("max_concurrency", params["max_concurrency"], total, least=1),
        as_count("max_errors", params["max_errors"], total, least=0),
    )


def as_count(option: str, text: str, total: int, *, least: int) -> int:
    """Return a count given as such or as a percentage of `total`, rounded down, but at least `least`."""
    match = re.fullmatch(r"(\d+)(%?)", text.strip())
    if match is None or int(match[1]) < least or (match[2] and int(match[1]) > 100):
        raise InvalidInput(
            f"{option} is {text!r}; it takes a count from {least} on, or a percentage from {least}% to 100%."
        )
    number = int(match[1])
    return max(least, number * total // 100) if match[2] else number


class Fleet:
    """Where each target stands: pending, starting, running, or at its one outcome. Targets are numbers.

    `errors` is how many have failed or timed out.
    """

    def __init__(self, targets: Iterable[int], budget: Budget) -> None:
        self.budget = budget
        self.pending = deque(targets)
        self.starting: set[int] = set()
        self.running: set[int] = set()
        self.outcomes: dict[int, str] = {}
        # Counted as they come: the loop asks for each start, and there may be ten thousand.
        self.errors = 0

    @property
    def counts(self) -> Counter[str]:
        """How many targets have come to each outcome."""
        return Counter(self.outcomes.values())

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing will start."""
        return not (self.starting or self.running) and (not self.pending or self.is_spent)

    @property
    def is_spent(self) -> bool:
        """Whether there are so many errors that no more start."""
        return self.errors > self.budget.max_errors

    def next_batch(self, workers: int) -> list[int]:
        """Take the targets that start now: within the budget, and no more than there are workers for."""
        if self.is_spent:
            return []
        busy = len(self.starting) + len(self.running)
        room = min(self.budget.max_concurrency - busy, workers - len(self.starting), len(self.pending))
        batch = [self.pending.popleft() for _each in range(max(0, room))]
        self.starting.update(batch)
        return batch

    def runs(self, target: int) -> None:
        """Note that a target's record exists and has not ended."""
        self.starting.remove(target)
        self.running.add(target)

    def ends(self, target: int, outcome: str) -> None:
        """Note the one outcome of a target that was starting or running."""
        self.starting.discard(target)
        self.running.discard(target)
        self.outcomes[target] = outcome
        self.errors += outcome in _ERRORS

    def close(self) -> list[int]:
        """Give what has not started that outcome, and return it."""
        left = list(self.pending)
        self.pending.clear()
        self.outcomes.update(dict.fromkeys(left, NOT_STARTED))
        return left
