# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets of a bulk run start next: no I/O, no clock."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._action.attempts import MOST_ATTEMPTS
from .._exceptions import InvalidInput
from .._progress import TargetsState
from .._secrets.masker import mask
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
        given = mask(text)
        given = given if len(given) <= 40 else f"{given[:40]}..."
        raise InvalidInput(
            f"{option} must be a count of {least} or more, or a percentage from {least}% to 100%, not {given!r}."
        )
    number = int(match[1])
    return max(least, number * total // 100) if match[2] else number


class TargetQueue:
    """The targets that have not started, and those that hold a place: one of `max_concurrency`.

    A place is held from a start until its end is seen. `under_way` has the targets without an outcome, the one that
    started first in front; `keeping_slot` those that have one but may still run, since their end was not seen. The `busy`,
    whose products have refused the start for now, hold no place; the one that was read first is in front.
    """

    def __init__(self, targets: Iterable[Target], budget: Budget, *, retry_failed: bool = False) -> None:
        self.budget = budget
        self.retry_failed = retry_failed
        self.total = 0
        self.pending: deque[Target] = deque()
        # Dicts, since sets have no order.
        self.under_way: dict[Target, None] = {}
        self.keeping_slot: dict[Target, None] = {}
        self.busy: dict[Target, None] = {}
        # Counted as they come: the loop asks for each start, and there may be ten thousand.
        self.errors = self._own_errors = 0
        self._ended_retries = self._measured = 0
        self._positions: dict[Target, int] = {}
        for target in targets:
            self._positions[target] = self.total
            if target.outcome is None:
                self.pending.append(target)
            self.errors += target.outcome in _ERRORS
            self.total += 1
        self._own_errors = self.errors

    @property
    def is_over(self) -> bool:
        """Whether nothing is under way and nothing will start."""
        may_start = (self.pending or self.busy) and not self.error_budget_exceeded and self._free_slots
        return not self.under_way and not may_start

    @property
    def error_budget_exceeded(self) -> bool:
        """Whether this run had so many errors that no more start."""
        return self._own_errors > self.budget.max_errors

    def state(self, *, is_waiting: bool) -> TargetsState:
        """Return where the targets stand."""
        under_way, pending, busy = len(self.under_way), len(self.pending), len(self.busy)
        return TargetsState(
            total=self.total,
            ended=self.total - pending - busy - under_way,
            failed=self.errors,
            running=under_way,
            pending=0 if self.error_budget_exceeded else pending,
            busy=0 if self.error_budget_exceeded else busy,
            measured=self._measured,
            verb="ended" if is_waiting else "started",
        )

    @property
    def blockers(self) -> list[Target]:
        """The targets that hold all places, if that alone keeps others from starting."""
        is_blocked = (self.pending or self._ended_retries) and self.is_over and not self._free_slots
        return list(self.keeping_slot) if is_blocked and not self.error_budget_exceeded else []

    @property
    def _free_slots(self) -> int:
        return self.budget.max_concurrency - len(self.under_way) - len(self.keeping_slot)

    def next_batch(self, most: int) -> list[Target]:
        """Take the targets that start now, so many at most: a place for each, and none once the budget is exceeded."""
        if self.error_budget_exceeded:
            return []
        room = max(0, min(self._free_slots, most, len(self.pending)))
        batch = [self.pending.popleft() for _each in range(room)]
        self.under_way.update(dict.fromkeys(batch))
        return batch

    def finish(
        self, target: Target, outcome: Outcome, *, keeps_slot: bool = False, is_known_failure: bool = False
    ) -> None:
        """Give a target that was under way or busy its outcome; it keeps its place if its end was not seen.

        A failure that was known before this run keeps no others from starting, or no run could go on after it.
        """
        self.under_way.pop(target, None)
        self.busy.pop(target, None)
        if keeps_slot:
            self.keeping_slot[target] = None
        target.outcome = outcome
        self.errors += outcome in _ERRORS
        self._own_errors += outcome in _ERRORS and not is_known_failure
        if target.has_run:
            self._measured += 1

    def is_retried(self, target: Target) -> bool:
        """Tell whether a target whose record has FAILED is started again."""
        return self.retry_failed and target.failed_before and target.attempt < MOST_ATTEMPTS

    def retry(self, target: Target) -> None:
        """Put a target that was under way behind all that have not been looked at, for its next attempt.

        What failed first comes first, whatever is answered first. What an earlier run has retried had failed before
        what failed during that run, so that it is looked at, and holds its place, before more is started.
        """
        del self.under_way[target]
        behind: list[Target] = []
        while self.pending and self._turn(self.pending[-1]) > self._turn(target):
            behind.append(self.pending.pop())
        self.pending += [target, *reversed(behind)]

    def _turn(self, target: Target) -> tuple[float, int]:
        return (target.failed_at, self._positions[target])

    def wait(self, target: Target) -> None:
        """Let a target that was under way wait, without a place, until its product takes a start."""
        del self.under_way[target]
        self.busy[target] = None

    def resume(self, target: Target) -> None:
        """Put a target whose product takes a start now behind all others.

        Those that were not looked at may run since an earlier run, and are to have their places first.
        """
        del self.busy[target]
        self.pending.append(target)

    def end_waits(self) -> None:
        """Count the targets whose products are busy to those that have not started."""
        self.pending.extend(self.busy)
        self.busy.clear()

    def end_retries(self) -> None:
        """Give the targets whose next attempt is not started any more the outcome of the one before."""
        retries = [target for target in self.pending if target.attempt > 1]
        self.pending = deque(target for target in self.pending if target.attempt == 1)
        for target in retries:
            target.outcome = target.withdraw()
        self.errors += len(retries)
        self._ended_retries = len(retries)

    def free_slot(self, target: Target) -> None:
        """Note that the end of a target that has its outcome was seen."""
        del self.keeping_slot[target]

    def abandon_pending(self) -> list[Target]:
        """Give what has not started that outcome, and return it."""
        abandoned = list(self.pending)
        self.pending.clear()
        for target in abandoned:
            target.outcome = Outcome.NOT_STARTED
        return abandoned
