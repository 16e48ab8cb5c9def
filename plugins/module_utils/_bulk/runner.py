# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a bulk run: starts in a bounded pool, polls beside them, one outcome for each target."""

from __future__ import annotations

import math
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._action.start import Execution, not_started, start
from .._clock import Clock, Interrupted
from .._exceptions import SelfServiceError, StartAbandoned, StartUnconfirmed
from .._progress import TargetsState
from .._servicecatalog.errors import CallAbandoned, describe_error
from .._servicecatalog.models import Outcome
from .._servicecatalog.transport import Attempts
from .._threads import start_call
from .._wait.outcome import failure_of, outcome_of, record_failed
from .._wait.schedule import LONGEST_INTERVAL, PollSchedule, WaitOptions
from .target import Target

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._progress import Progress
    from .._servicecatalog.api import ServiceCatalog
    from .._wait.poller import RecordPoller
    from .queue import TargetQueue

# Starts under way at once; at 50 ms a call some 500 a second, more than one process can sign.
WORKERS = 32
# While targets are started, their records come first in the history; a poll describes so many of those missing there.
_MOST_DESCRIBED = 20

# After a signal, starts that are under way may take so many seconds more.
_GRACE = 8.0
# How often starts under way are looked at for those that take too long, in seconds.
_LOOK = 2.0

_RETRY_HINT = "the whole task again with the execute_token that it returned"
_HOW_TO_CONTINUE = f"To go on, run {_RETRY_HINT}."


class _Start(NamedTuple):
    """A start under way, and when it began, in monotonic seconds."""

    target: Target
    attempts: Attempts
    began: float


class BulkRunner:
    """Starts what the budget allows, polls what runs, and ends when nothing runs and nothing may start."""

    def __init__(
        self,
        service: ServiceCatalog,
        queue: TargetQueue,
        poller: RecordPoller,
        options: WaitOptions | None,
        *,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._service = service
        self._queue = queue
        self._poller = poller
        self._options = options
        self._clock = clock
        self._progress = progress
        self._schedule = PollSchedule(options or WaitOptions(timeout=0), clock.monotonic(), clock.jitter())
        # By record id, in the order in which they came.
        self._running: dict[str, Target] = {}
        self._starts: dict[Future[Execution], _Start] = {}
        self._poll: Future[bool] | None = None
        self._unforeseen: BaseException | None = None

    def run(self) -> Interrupted | None:
        """Bring every target to its outcome; those that the budget or a signal keeps from starting stay pending."""
        interrupted: Interrupted | None = None
        try:
            self._start_and_poll()
        except Interrupted as signal:
            interrupted = signal
        finally:
            self._end_all(interrupted)
        return interrupted

    def _start_and_poll(self) -> None:
        while not self._queue.is_over:
            self._clock.sleep(0.0)
            if self._queue.error_budget_exceeded:
                self._service.stop_starts()
            for target in self._queue.next_batch(WORKERS):
                self._begin_start(target)
            if self._poll is None and self._seconds_to_poll() <= 0:
                self._poll = self._begin_poll()
            self._progress.report(self._state(), urgent=not (self._starts or self._poll))
            done = self._wait_for_any()
            if self._poll is not None and self._poll in done:
                self._end_poll(has_read=self._poll.result())
            self._end_starts(done)
            self._abandon_starts(self._service.seconds_left())
            if self._unforeseen:
                raise self._unforeseen

    def _wait_for_any(self) -> set[Future[Any]]:
        """Wait until a start or the poll is done, or the next poll is due; return the futures that are done."""
        pause = LONGEST_INTERVAL if self._poll else min(self._seconds_to_poll(), LONGEST_INTERVAL)
        futures: list[Future[Any]] = [*self._starts, *([self._poll] if self._poll else [])]
        if not futures:
            self._clock.sleep(max(0.0, pause))
            return set()
        return self._clock.wait(futures, max(0.0, min(pause, _LOOK) if self._starts else pause))

    def _end_all(self, interrupted: Interrupted | None) -> None:
        """Collect the starts that are under way when the loop ends, for so long as a signal leaves time for."""
        if interrupted:
            self._service.stop_starts()
        ends_at = self._clock.monotonic() + (_GRACE if interrupted else math.inf)
        while self._starts:
            self._end_starts(wait(self._starts, max(0.0, min(_LOOK, ends_at - self._clock.monotonic()))).done)
            is_over = self._clock.monotonic() >= ends_at
            self._abandon_starts(0.0 if is_over else self._service.seconds_left())
        if interrupted:
            self._register_new()
            self._finish_ended(interrupted)
        self._progress.report(self._state(), is_last=True)

    def _end_starts(self, done: set[Future[Any]]) -> None:
        for future in [future for future in self._starts if future in done]:
            self._end_start(self._starts.pop(future).target, future)

    def _abandon_starts(self, longest: float) -> None:
        """Abandon the starts that have taken so many seconds."""
        now = self._clock.monotonic()
        for future, begun in list(self._starts.items()):
            if now - begun.began < longest or future.done():
                continue
            del self._starts[future]
            begun.attempts.abandon()
            overdue = CallAbandoned("it was not answered in time")
            request, may_have_acted = begun.target.plan.request, begun.attempts.may_have_acted
            self._end_failed(begun.target, not_started(overdue, may_have_acted, request, retry_hint=_RETRY_HINT))

    def _state(self) -> TargetsState:
        queue = self._queue
        under_way = queue.starting + queue.running
        return TargetsState(
            total=queue.total,
            ended=queue.total - len(queue.pending) - under_way,
            failed=queue.errors,
            running=under_way,
            pending=0 if queue.error_budget_exceeded else len(queue.pending),
            verb="ended" if self._options else "started",
        )

    def _begin_start(self, target: Target) -> None:
        attempts = Attempts()
        call = partial(start, self._service, target.plan, clock=self._clock, retry_hint=_RETRY_HINT, attempts=attempts)
        began = self._clock.monotonic()
        self._starts[start_call(call)] = _Start(target, attempts, began)

    def _end_start(self, target: Target, future: Future[Execution]) -> None:
        error = future.exception()
        if error is None:
            self._note_record(target, future.result())
        else:
            self._end_failed(target, error)

    def _end_failed(self, target: Target, error: BaseException) -> None:
        if isinstance(error, StartAbandoned):
            self._queue.finish(target, Outcome.NOT_STARTED)
            return
        target.changed = not isinstance(error, SelfServiceError) or isinstance(error, StartUnconfirmed)
        target.error = str(error)
        if not isinstance(error, SelfServiceError):
            # Raised once the responses of the others, which may be records, are noted.
            self._unforeseen = error
            target.error = f"It may have started: {describe_error(error)}. To find out, run {_RETRY_HINT}."
        self._queue.finish(target, Outcome.FAILED)

    def _note_record(self, target: Target, execution: Execution) -> None:
        """Poll the record of a start until it has ended, unless it has, or nobody waits for it."""
        target.record, target.changed = execution.record, execution.changed
        record_id, outcome = execution.record.record_id, execution.record.outcome
        if self._options is None and outcome is Outcome.FAILED:
            target.error = str(record_failed(execution.record))
            self._queue.finish(target, Outcome.FAILED)
        elif self._options is None:
            self._queue.finish(target, Outcome.STARTED)
        elif outcome is Outcome.SUCCEEDED:
            self._queue.finish(target, Outcome.SUCCEEDED)
        elif record_id in self._running:
            target.error = f"Record {record_id} was returned for another target too."
            self._queue.finish(target, Outcome.FAILED)
        else:
            self._queue.mark_running(target, self._clock.monotonic())
            self._running[record_id] = target

    def _seconds_to_poll(self) -> float:
        if not self._running:
            return float("inf")
        return self._schedule.seconds_to_poll(
            self._clock.monotonic(),
            oldest=next(iter(self._running.values())).arrived,
            youngest=next(reversed(self._running.values())).arrived,
        )

    def _begin_poll(self) -> Future[bool]:
        self._register_new()
        most_described = _MOST_DESCRIBED if self._starts else None
        self._schedule.begin_poll(self._clock.monotonic())
        youngest = next(reversed(self._running.values())).arrived
        return start_call(partial(self._poller.poll, self._schedule.last_call(youngest), most_described))

    def _register_new(self) -> None:
        """Have the new records polled: between two polls, so that one thread at a time has the poller."""
        for record_id, target in self._running.items():
            if record_id not in self._poller.records and target.record:
                self._poller.add(target.record)

    def _end_poll(self, *, has_read: bool) -> None:
        self._poll = None
        self._schedule.end_poll(self._clock.monotonic(), failed=not has_read, jitter=self._clock.jitter())
        self._finish_ended()

    def _finish_ended(self, interrupted: Interrupted | None = None) -> None:
        """Give the targets their outcome whose record has ended, or is polled no more."""
        for record_id, target in list(self._running.items()):
            # A record that has come while the others were polled is not there yet.
            if record_id in self._poller.records:
                self._finish_if_ended(record_id, target, interrupted)

    def _finish_if_ended(self, record_id: str, target: Target, interrupted: Interrupted | None) -> None:
        target.record = self._poller.records[record_id]
        is_outstanding = record_id in self._poller.outstanding
        if is_outstanding and not interrupted and not self._schedule.gives_up(target.arrived):
            return
        self._poller.drop(record_id)
        del self._running[record_id]
        error = interrupted if is_outstanding and interrupted else self._poller.errors.get(record_id)
        failure = failure_of(target.record, self._options, error=error, how_to_continue=_HOW_TO_CONTINUE)
        target.error = str(failure) if failure else None
        outcome = outcome_of(failure)
        # A record that can't be polled has not failed; running the task again with the same seed finds out.
        self._queue.finish(target, Outcome.TIMED_OUT if outcome is Outcome.UNKNOWN else outcome)
