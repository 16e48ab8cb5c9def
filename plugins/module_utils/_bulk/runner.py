# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of a bulk run: starts in a bounded pool, polls beside them, one outcome for each target."""

from __future__ import annotations

import math
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING, Any

from .._clock import Clock, Interrupted
from .._exceptions import SelfServiceError, StartAbandoned, StartUnconfirmed
from .._servicecatalog.models import Outcome, Record
from .._threads import start_call
from .._wait.outcome import ended_late, failure_of, outcome_of, record_failed
from .._wait.schedule import LONGEST_INTERVAL, PollSchedule, WaitOptions
from .starts import RETRY_HINT, Starts, unconfirmed
from .target import Target

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._action.start import Execution
    from .._progress import Progress
    from .._servicecatalog.api import ServiceCatalog
    from .._wait.poller import RecordPoller
    from .queue import TargetQueue
    from .starts import Ended

# While targets are started, their records come first in the history; a poll describes so many of those missing there.
_MOST_DESCRIBED = 20

# After a signal, starts that are under way may take so many seconds more.
_GRACE = 8.0
# How often starts under way are looked at for those that take too long, in seconds.
_LOOK = 2.0
_ENDS = (Outcome.SUCCEEDED, Outcome.FAILED)
_HOW_TO_CONTINUE = f"To go on, run {RETRY_HINT}."


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
        self._starts = Starts(service, options, clock, reads_replays=options is None or queue.retry_failed)
        # By record id; those that timed out are polled on, since they hold their places.
        self._polled: dict[str, Target] = {}
        # When the first of those that have not timed out was started.
        self._oldest = math.inf
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
            self._starts.send_due()
            for target in self._queue.next_batch(self._starts.idle_workers):
                self._starts.begin(target)
            if self._poll is None and self._seconds_to_poll() <= 0:
                self._poll = self._begin_poll()
            self._progress.report(
                self._queue.state(is_waiting=self._options is not None), urgent=not (self._starts.futures or self._poll)
            )
            done = self._wait_for_any()
            if self._poll is not None and self._poll in done:
                self._end_poll(has_read=self._poll.result())
            self._end_starts(self._starts.collect(done) + self._starts.abandon(self._service.seconds_left()))
            if self._unforeseen:
                raise self._unforeseen
            if self._queue.error_budget_exceeded:
                self._service.stop_starts()
                self._end_starts(self._starts.stop())

    def _wait_for_any(self) -> set[Future[Any]]:
        """Wait until a start or the poll is done, or the next is due; return the futures that are done."""
        to_poll = math.inf if self._poll else self._seconds_to_poll()
        pause = max(0.0, min(to_poll, self._starts.seconds_to_send(), LONGEST_INTERVAL))
        starts = self._starts.futures
        futures: list[Future[Any]] = [*starts, *([self._poll] if self._poll else [])]
        if not futures:
            self._clock.sleep(pause)
            return set()
        return self._clock.wait(futures, min(pause, _LOOK) if starts else pause)

    def _end_all(self, interrupted: Interrupted | None) -> None:
        """Collect the starts that are under way when the loop ends, for so long as a signal leaves time for."""
        if interrupted:
            self._service.stop_starts()
        self._end_starts(self._starts.stop())
        ends_at = self._clock.monotonic() + (_GRACE if interrupted else math.inf)
        while self._starts.futures:
            done = wait(self._starts.futures, max(0.0, min(_LOOK, ends_at - self._clock.monotonic()))).done
            self._end_starts(self._starts.collect(done))
            is_over = self._clock.monotonic() >= ends_at
            self._end_starts(self._starts.abandon(0.0 if is_over else self._service.seconds_left()))
        if interrupted:
            self._register_new()
            self._finish_ended(interrupted)
        self._queue.end_retries()
        self._progress.report(self._queue.state(is_waiting=self._options is not None), is_last=True)

    def _end_starts(self, ended: list[Ended]) -> None:
        for target, result in ended:
            if isinstance(result, BaseException):
                self._end_failed(target, result)
            else:
                self._note_record(target, result)

    def _end_failed(self, target: Target, error: BaseException) -> None:
        if isinstance(error, StartAbandoned):
            self._queue.finish(target, target.withdraw(), is_known_failure=True)
            return
        # The one of an attempt before.
        target.record = None
        target.changed = not isinstance(error, SelfServiceError) or isinstance(error, StartUnconfirmed)
        if isinstance(error, SelfServiceError):
            target.failure = error
        else:
            # Raised once the responses of the others, which may be records, are noted.
            self._unforeseen = error
            target.failure = unconfirmed(error)
        self._queue.finish(target, Outcome.FAILED, keeps_place=target.changed and self._options is not None)

    def _note_record(self, target: Target, execution: Execution) -> None:
        """Poll the record of a start until it has ended, unless it has, or nobody waits for it."""
        target.note_answer(execution, is_read=self._queue.retry_failed)
        record_id, outcome = execution.record.record_id, execution.record.outcome
        if outcome is Outcome.FAILED and (self._options is None or self._queue.is_retried(target)):
            self._finish_failed(target, record_failed(execution.record))
        elif self._options is None:
            self._queue.finish(target, Outcome.STARTED)
        elif outcome is Outcome.SUCCEEDED and not self._poller.reads_outputs_of(execution.record):
            self._queue.finish(target, Outcome.SUCCEEDED)
        elif record_id in self._polled:
            target.failure = SelfServiceError(f"Record {record_id} was returned for another target too.")
            self._queue.finish(target, Outcome.FAILED, keeps_place=True)
        else:
            if self._clock.monotonic() < self._schedule.last_call(target.began):
                self._oldest = min(self._oldest, target.began)
            else:
                # A poll that hangs would outlive the deadline by more than it may.
                self._finish_polled(target, execution.record, None)
            if target.outcome not in _ENDS:
                self._polled[record_id] = target

    @property
    def _youngest(self) -> float:
        """When the last of the targets that are under way was started."""
        return next(reversed(self._queue.under_way)).began

    def _seconds_to_poll(self) -> float:
        if not self._polled:
            return math.inf
        return self._schedule.seconds_to_poll(self._clock.monotonic(), oldest=self._oldest, youngest=self._youngest)

    def _begin_poll(self) -> Future[bool]:
        self._register_new()
        most_described = _MOST_DESCRIBED if self._starts.futures else None
        self._schedule.begin_poll(self._clock.monotonic())
        return start_call(partial(self._poller.poll, self._schedule.last_call(self._youngest), most_described))

    def _register_new(self) -> None:
        """Have the new records polled: between two polls, so that one thread at a time has the poller."""
        for record_id, target in self._polled.items():
            if record_id not in self._poller.records and target.record:
                self._poller.add(target.record)

    def _end_poll(self, *, has_read: bool) -> None:
        self._poll = None
        self._schedule.end_poll(self._clock.monotonic(), failed=not has_read, jitter=self._clock.jitter())
        self._finish_ended()

    def _finish_ended(self, interrupted: Interrupted | None = None) -> None:
        """Give the targets their outcome whose record has ended, or is waited for no more."""
        for record_id, target in list(self._polled.items()):
            # A record that has come while the others were polled is not there yet.
            if record_id in self._poller.records:
                self._note_poll(record_id, target, interrupted)
        self._oldest = min((each.began for each in self._polled.values() if each.outcome is None), default=math.inf)

    def _note_poll(self, record_id: str, target: Target, interrupted: Interrupted | None) -> None:
        record = self._poller.records[record_id]
        target.note_poll(record)
        is_outstanding = record_id in self._poller.outstanding
        if target.outcome is not None:
            self._note_late_end(target, record, is_outstanding=is_outstanding)
        elif not is_outstanding or interrupted or self._schedule.gives_up(target.began):
            error = interrupted if is_outstanding and interrupted else self._poller.errors.get(record_id)
            self._finish_polled(target, record, error)
        if not is_outstanding or target.outcome in _ENDS:
            self._poller.drop(record_id)
            del self._polled[record_id]

    def _finish_polled(self, target: Target, record: Record, error: BaseException | None) -> None:
        failure = failure_of(record, self._options, error=error, how_to_continue=_HOW_TO_CONTINUE)
        outcome = outcome_of(failure)
        if failure and outcome is Outcome.FAILED:
            self._finish_failed(target, failure)
            return
        target.failure = failure
        # A record that can't be polled has not failed; running the task again with the same change finds out.
        outcome = Outcome.TIMED_OUT if outcome is Outcome.UNKNOWN else outcome
        self._queue.finish(target, outcome, keeps_place=outcome is Outcome.TIMED_OUT)

    def _finish_failed(self, target: Target, failure: SelfServiceError) -> None:
        """Note that a target has failed, or queue its next attempt if this one had failed before this run."""
        target.failure = failure
        if self._queue.is_retried(target):
            target.retry()
            self._queue.retry(target)
        else:
            self._queue.finish(target, Outcome.FAILED, is_known_failure=target.failed_before)

    def _note_late_end(self, target: Target, record: Record, *, is_outstanding: bool) -> None:
        """Free the place of a target that timed out, if its record has ended since."""
        if not is_outstanding and record.outcome in _ENDS:
            target.failure = ended_late(record, how_to_continue=_HOW_TO_CONTINUE)
            self._queue.free_place(target)
