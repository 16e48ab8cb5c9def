# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which targets of a bulk run start next; no I/O, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .._action.attempts import MOST_ATTEMPTS
from .._progress import TargetsState
from .._servicecatalog.models import Outcome

if TYPE_CHECKING:
    from .._budget import Budget
    from .target import Target

_ERRORS = (Outcome.FAILED, Outcome.TIMED_OUT)


class TargetQueue:
    """The targets that have not started, and those that hold one of the `max_concurrency` slots.

    A target holds a slot from its start until its end is seen. `under_way`: targets without an outcome, the one that
    started first in front. `keeping_slot`: targets that have an outcome but may still run, because their end was not
    seen. `busy`: targets whose products have refused the start for now; they hold no slot, and the one that was read
    first is in front.
    """

    def __init__(self, targets: Iterable[Target], budget: Budget, *, retry_failed: bool = False) -> None:
        self.budget = budget
        self.retry_failed = retry_failed
        self.total = 0
        self.pending: deque[Target] = deque()
        # Dicts, because sets have no order.
        self.under_way: dict[Target, None] = {}
        self.keeping_slot: dict[Target, None] = {}
        self.busy: dict[Target, None] = {}
        # Counted incrementally, because the loop checks them before each of up to ten thousand starts.
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
        """Whether this run had more than `max_errors` errors, so that no more targets start."""
        return self._own_errors > self.budget.max_errors

    def state(self, *, is_waiting: bool) -> TargetsState:
        """Return the progress of the targets."""
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
        """The targets that keep all slots, if that alone prevents others from starting."""
        is_blocked = (self.pending or self._ended_retries) and self.is_over and not self._free_slots
        return list(self.keeping_slot) if is_blocked and not self.error_budget_exceeded else []

    @property
    def _free_slots(self) -> int:
        return self.budget.max_concurrency - len(self.under_way) - len(self.keeping_slot)

    def next_batch(self, most: int) -> list[Target]:
        """Take the targets that start now: at most `most`, one for each free slot, none after too many errors."""
        if self.error_budget_exceeded:
            return []
        room = max(0, min(self._free_slots, most, len(self.pending)))
        batch = [self.pending.popleft() for _each in range(room)]
        self.under_way.update(dict.fromkeys(batch))
        return batch

    def finish(
        self, target: Target, outcome: Outcome, *, keeps_slot: bool = False, is_known_failure: bool = False
    ) -> None:
        """Set the outcome of a target that was under way or busy; it keeps its slot if its end was not seen.

        A failure that was known before this run does not count against the error budget, or no run could continue.
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
        """Return whether a target whose record has FAILED is started again."""
        return self.retry_failed and target.failed_before and target.attempt < MOST_ATTEMPTS

    def retry(self, target: Target) -> None:
        """Queue the next attempt of a target that was under way, behind all targets that this run has not sent.

        Retries are ordered by the time of the previous failure, not by the order of the responses. If an earlier run
        has already retried a target, that failure is older than those of that run, and the retry may still be running:
        it is sent, and gets its slot, before other retries start.
        """
        del self.under_way[target]
        behind: list[Target] = []
        while self.pending and self._turn(self.pending[-1]) > self._turn(target):
            behind.append(self.pending.pop())
        self.pending += [target, *reversed(behind)]

    def _turn(self, target: Target) -> tuple[float, int]:
        return (target.failed_at, self._positions[target])

    def wait(self, target: Target) -> None:
        """Let a target that was under way wait, without a slot, until its product accepts the start."""
        del self.under_way[target]
        self.busy[target] = None

    def resume(self, target: Target) -> None:
        """Queue a target whose product is ready now behind all others.

        Targets that this run has not sent may be running since an earlier run, so they get their slots first.
        """
        del self.busy[target]
        self.pending.append(target)

    def end_waits(self) -> None:
        """Move the targets whose products are busy back to those that have not started."""
        self.pending.extend(self.busy)
        self.busy.clear()

    def end_retries(self) -> None:
        """Restore the outcome of the previous attempt for targets whose next attempt is not started."""
        retries = [target for target in self.pending if target.attempt > 1]
        self.pending = deque(target for target in self.pending if target.attempt == 1)
        for target in retries:
            target.outcome = target.withdraw()
        self.errors += len(retries)
        self._ended_retries = len(retries)

    def free_slot(self, target: Target) -> None:
        """Free the slot of a target whose end was seen after it got its outcome."""
        del self.keeping_slot[target]

    def abandon_pending(self) -> list[Target]:
        """Set the outcome of all pending targets to NOT_STARTED, and return them."""
        abandoned = list(self.pending)
        self.pending.clear()
        for target in abandoned:
            target.outcome = Outcome.NOT_STARTED
        return abandoned
