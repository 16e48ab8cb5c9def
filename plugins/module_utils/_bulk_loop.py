# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a bulk run: starts in a bounded pool, looks beside them, one outcome for each target."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _execution, _records
from ._clock import Clock, Stopped
from ._errors import SERVICE_ERRORS, MayHaveStarted, SelfServiceError, is_transient
from ._fleet import FAILED, STARTED, SUCCEEDED, TIMED_OUT, Fleet
from ._progress import TargetsState
from ._types import Record, Waiting
from ._waiting import LONGEST_LAST_LOOK, LONGEST_PAUSE, outcome, pause_before_look, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient

    from ._following import FollowedRecords
    from ._plan import Plan
    from ._progress import Progress

# Starts under way at once; at 50 ms a call some 500 a second, more than one process can sign.
WORKERS = 32
# While others start, their records crowd the history; so many of those missing there are looked at in each look.
_MOST_DESCRIBED = 20

_AGAIN = "the whole task again with the execute_token that it returned"
_WAY_ON = f"To go on, run {_AGAIN}."


@dataclass
class Attempt:
    """What came of one target of a bulk run so far."""

    record: Record | None = None
    changed: bool = False
    error: str | None = None


@dataclass(frozen=True)
class _Following:
    """A target whose record runs: since when, and until when to wait for it, in monotonic seconds."""

    target: int
    arrived: float
    deadline: float


class BulkLoop:
    """Starts what the budget allows, follows what runs, and ends when nothing runs and nothing may start."""

    def __init__(
        self,
        client: BaseClient,
        plans: Mapping[int, Plan],
        fleet: Fleet,
        *,
        attempts: Mapping[int, Attempt],
        followed: FollowedRecords,
        waiting: Waiting | None,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._attempts = attempts
        self._client = client
        self._plans = plans
        self._fleet = fleet
        self._followed = followed
        self._waiting = waiting
        self._clock = clock
        self._progress = progress
        self._following: dict[str, _Following] = {}
        self._unforeseen: BaseException | None = None
        self._failed_looks = 0
        self._last_look = clock.monotonic()
        self._jitter = clock.jitter()

    def run(self) -> None:
        """Bring every target to its outcome; those that the budget or Stopped keeps from starting stay pending."""
        starts: dict[Future[_execution.Execution], int] = {}
        try:
            with ThreadPoolExecutor(WORKERS) as pool, ThreadPoolExecutor(1) as poller:
                self._start_and_look(pool, poller, starts)
        except Stopped as stopped:
            self._take_in(starts)
            self._hand_over()
            self._judge_all(stopped, is_last=True)
            raise
        finally:
            self._take_in(starts)
            self._progress.tell(self._state(), is_last=True)

    def _start_and_look(
        self, pool: ThreadPoolExecutor, poller: ThreadPoolExecutor, starts: dict[Future[_execution.Execution], int]
    ) -> None:
        look: Future[bool] | None = None
        while not self._fleet.is_over:
            self._clock.sleep(0.0)
            for target in self._fleet.next_batch(WORKERS):
                starts[pool.submit(self._execute, target)] = target
            if look is None and self._seconds_to_look() <= 0:
                look = self._begin_look(poller, _MOST_DESCRIBED if starts else None)
            timeout = None if look else min(self._seconds_to_look(), LONGEST_PAUSE)
            under_way: list[Future[Any]] = [*starts, *([look] if look else [])]
            self._progress.tell(self._state(), urgent=not under_way)
            done, _others = wait(under_way, timeout, FIRST_COMPLETED)
            if not done and not starts:
                self._clock.sleep(max(0.0, min(self._seconds_to_look(), LONGEST_PAUSE)))
            if look is not None and look in done:
                self._after_look(look.exception())
                look = None
            for start in [each for each in starts if each in done]:
                self._after_start(starts.pop(start), start)
            if self._unforeseen:
                raise self._unforeseen

    def _take_in(self, starts: dict[Future[_execution.Execution], int]) -> None:
        """Note what came of the starts that were under way when the loop ended; their pool has waited for them."""
        while starts:
            start, target = starts.popitem()
            self._after_start(target, start)

    def _state(self) -> TargetsState:
        fleet = self._fleet
        return TargetsState(
            total=len(self._attempts),
            ended=len(fleet.outcomes),
            failed=fleet.errors,
            running=len(fleet.starting) + len(fleet.running),
            waiting=0 if fleet.is_spent else len(fleet.pending),
            word="ended" if self._waiting else "started",
        )

    def _execute(self, target: int) -> _execution.Execution:
        return _execution.execute(self._client, self._plans[target], clock=self._clock, again=_AGAIN)

    def _after_start(self, target: int, start: Future[_execution.Execution]) -> None:
        attempt = self._attempts[target]
        error = start.exception()
        if isinstance(error, SelfServiceError):
            attempt.error = str(error)
            attempt.changed = isinstance(error, MayHaveStarted)
            self._fleet.ends(target, FAILED)
            return
        if error is not None:
            # Raised once the answers of the others, which may be records, are taken in.
            self._unforeseen = error
            attempt.error = f"It may have started: {type(error).__name__}: {error}. To find out, run {_AGAIN}."
            attempt.changed = True
            self._fleet.ends(target, FAILED)
            return
        execution = start.result()
        attempt.record, attempt.changed = execution.record, execution.changed
        verdict = _records.verdict(execution.record)
        if self._waiting is None:
            failed = verdict == _records.FAILED
            attempt.error = str(_records.failure(execution.record)) if failed else None
            self._fleet.ends(target, FAILED if failed else STARTED)
        elif verdict == _records.SUCCEEDED:
            self._fleet.ends(target, SUCCEEDED)
        elif execution.record.record_id in self._following:
            attempt.error = f"Record {execution.record.record_id} was returned for another target too."
            self._fleet.ends(target, FAILED)
        else:
            self._fleet.runs(target)
            arrived = self._clock.monotonic()
            self._following[execution.record.record_id] = _Following(target, arrived, arrived + self._waiting.timeout)

    def _seconds_to_look(self) -> float:
        """Return how long until the next look is due: by the youngest record, and at the latest at a deadline."""
        if self._waiting is None or not self._following:
            return float("inf")
        now = self._clock.monotonic()
        # They are in the order in which they came, and all have the same time: no need to look through them.
        oldest, youngest = next(iter(self._following.values())), next(reversed(self._following.values()))
        pause = pause_before_look(now - youngest.arrived, self._waiting.delay, self._failed_looks, self._jitter)
        return min(self._last_look + pause, max(oldest.deadline, self._last_look)) - now

    def _begin_look(self, poller: ThreadPoolExecutor, most_described: int | None) -> Future[bool]:
        self._hand_over()
        self._last_look = self._clock.monotonic()
        youngest = next(reversed(self._following.values()))
        return poller.submit(self._followed.look, youngest.deadline + LONGEST_LAST_LOOK, most_described)

    def _hand_over(self) -> None:
        """Have the new records followed: between two looks, so that one thread at a time has them."""
        for record_id, following in self._following.items():
            if record_id not in self._followed.records:
                self._followed.add(self._attempts[following.target].record or Record({"RecordId": record_id}))

    def _after_look(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SERVICE_ERRORS):
            raise error
        self._failed_looks = self._failed_looks + 1 if error is not None else 0
        self._judge_all(error, is_last=error is not None and not is_transient(error))
        self._jitter = self._clock.jitter()

    def _judge_all(self, error: BaseException | None, *, is_last: bool) -> None:
        for record_id, following in list(self._following.items()):
            self._judge(record_id, following, error, is_last=is_last)

    def _judge(self, record_id: str, following: _Following, error: BaseException | None, *, is_last: bool) -> None:
        """Bring a record's target to its outcome, if the look has seen the end or was the last that it had time for."""
        if record_id not in self._followed.records:
            return  # It has come while the others were looked at.
        attempt, record = self._attempts[following.target], self._followed.records[record_id]
        attempt.record = record
        if record_id in self._followed.outstanding and not is_last and self._last_look < following.deadline:
            return
        self._followed.outstanding.pop(record_id, None)
        del self._following[record_id]
        failure = problem(record, self._waiting, error=self._followed.stopped.get(record_id, error), way_on=_WAY_ON)
        attempt.error = str(failure) if failure else None
        word = outcome(failure)
        # A record that can't be followed has not failed: nobody knows, and the same seed finds out.
        self._fleet.ends(following.target, TIMED_OUT if word == _records.UNKNOWN else word)
