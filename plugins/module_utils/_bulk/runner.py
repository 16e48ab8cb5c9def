# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a bulk task: start targets in a bounded pool, poll their records meanwhile, and set their outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from typing import TYPE_CHECKING, Any

from .._clock import Clock, Interrupted
from .._exceptions import SelfServiceError, StartAbandoned, StartUnconfirmed
from .._servicecatalog.models import Outcome, Record
from .._wait.outcome import ended_late, failure_of, outcome_of, record_failed
from .._wait.poller import RecordPoller
from .._wait.schedule import LONGEST_INTERVAL, WaitOptions
from .availability import AvailabilityPolls
from .polls import RecordPolls
from .starts import Starts, unconfirmed
from .target import Target

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .._action.start import Execution
    from .._progress import Progress
    from .._servicecatalog.api import ServiceCatalog
    from .queue import TargetQueue
    from .starts import Ended

# Seconds that starts in flight may still take after a signal.
_GRACE = 8.0
# Seconds between two checks for calls that take too long.
_LOOK = 2.0
_ENDS = (Outcome.SUCCEEDED, Outcome.FAILED)


class BulkRunner:
    """Starts the targets that the budget allows and polls their records, until nothing runs and nothing may start."""

    def __init__(
        self,
        service: ServiceCatalog,
        queue: TargetQueue,
        poller: RecordPoller,
        options: WaitOptions | None,
        *,
        availability: AvailabilityPolls,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._service = service
        self._queue = queue
        self._options = options
        self._clock = clock
        self._progress = progress
        self._polls = RecordPolls(poller, queue, options, clock)
        self._availability = availability
        reads_replays = options is None or queue.retry_failed
        self._starts = Starts(service, options or availability.options, clock, reads_replays=reads_replays)
        self._unforeseen: BaseException | None = None

    def run(self) -> Interrupted | None:
        """Process all targets, and return the signal that ended the run early, if any.

        Targets that the budget or a signal prevents from starting stay pending.
        """
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
            self._polls.poll_if_due(is_starting=bool(self._starts.futures))
            self._availability.poll_if_due()
            is_calling = self._starts.futures or self._polls.future
            self._report(urgent=not is_calling)
            done = self._wait_for_any()
            self._end_polls(done)
            self._end_starts(self._starts.collect(done) + self._starts.abandon())
            if self._unforeseen:
                raise self._unforeseen
            if self._queue.error_budget_exceeded:
                self._service.stop_starts()
                self._end_starts(self._starts.stop())
                self._availability.stop()

    def _wait_for_any(self) -> set[Future[Any]]:
        """Wait until a start or a poll is done or the next one is due; return the futures that are done."""
        to_poll = min(self._polls.seconds_to_poll(), self._availability.seconds_to_poll())
        pause = max(0.0, min(to_poll, self._starts.seconds_to_send(), LONGEST_INTERVAL))
        polls = [self._polls.future, self._availability.future]
        futures: list[Future[Any]] = [*self._starts.futures, *(poll for poll in polls if poll)]
        if not futures:
            self._clock.sleep(pause)
            return set()
        return self._clock.wait(futures, min(pause, _LOOK))

    def _end_polls(self, done: set[Future[Any]]) -> None:
        if self._polls.future in done:
            self._polls.end_poll()
            self._finish_ended()
        for target, record in self._polls.overdue(self._service.seconds_left).items():
            target.note_poll(record)
            self._finish_polled(target, record, self._polls.poller.errors.get(record.record_id))
        if self._availability.future in done:
            for target, error in self._availability.end_poll():
                # Once the error budget is exceeded, targets that wait count as not started.
                if not self._queue.error_budget_exceeded:
                    self._end_failed(target, error)

    def _end_all(self, interrupted: Interrupted | None) -> None:
        """Collect the starts that are in flight when the loop ends; after a signal, only for a grace period."""
        if interrupted:
            self._service.stop_starts()
        self._end_starts(self._starts.stop())
        ends_at = self._clock.monotonic() + (_GRACE if interrupted else math.inf)
        while self._starts.futures:
            done = wait(self._starts.futures, max(0.0, min(_LOOK, ends_at - self._clock.monotonic()))).done
            self._end_starts(self._starts.collect(done))
            self._end_starts(self._starts.abandon(at_once=self._clock.monotonic() >= ends_at))
        if interrupted:
            # Reported now, because the targets that still run time out below and would be counted as failed.
            self._report(is_last=True)
            self._polls.register(self._polls.targets.values())
            self._finish_ended(interrupted)
        self._availability.stop()
        self._queue.end_retries()
        if not interrupted:
            self._report(is_last=True)

    def _report(self, **when: bool) -> None:
        self._progress.report(self._queue.state(is_waiting=self._options is not None), **when)

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
        if (failure := self._availability.failure_of(target, error)) is None:
            return
        # This is the record of an earlier attempt.
        target.record = None
        target.changed = not isinstance(failure, SelfServiceError) or isinstance(failure, StartUnconfirmed)
        if isinstance(failure, SelfServiceError):
            target.failure = failure
        else:
            # Raised later, because the responses of other starts, which may contain records, have to be noted first.
            self._unforeseen = failure
            target.failure = unconfirmed(failure, target)
        self._queue.finish(target, Outcome.FAILED, keeps_slot=target.changed and self._options is not None)

    def _note_record(self, target: Target, execution: Execution) -> None:
        """Note the response to a start; poll its record, unless that has ended or the task does not wait."""
        target.note_answer(execution, is_read=self._queue.retry_failed)
        record_id, outcome = execution.record.record_id, execution.record.outcome
        if outcome is Outcome.FAILED and (self._options is None or self._queue.is_retried(target)):
            self._finish_failed(target, record_failed(execution.record))
        elif self._options is None:
            self._queue.finish(target, Outcome.STARTED)
        elif outcome is Outcome.SUCCEEDED and not self._polls.poller.reads_outputs_of(execution.record):
            self._queue.finish(target, Outcome.SUCCEEDED)
        elif record_id in self._polls.targets:
            target.failure = SelfServiceError(f"Record {record_id} was returned for another target too.")
            self._queue.finish(target, Outcome.FAILED, keeps_slot=True)
        else:
            if not self._polls.takes(target):
                # If a poll hung now, the run would exceed the deadline by more than it may.
                self._finish_polled(target, execution.record, None)
            if target.outcome not in _ENDS:
                self._polls.targets[record_id] = target

    def _finish_ended(self, interrupted: Interrupted | None = None) -> None:
        """Set the outcome of the targets whose record has ended or whose wait is over."""
        for record_id, target in list(self._polls.targets.items()):
            # Records that arrived during the poll are not in the poller yet.
            if record_id in self._polls.poller.records:
                self._note_poll(record_id, target, interrupted)
        self._polls.end_waits()

    def _note_poll(self, record_id: str, target: Target, interrupted: Interrupted | None) -> None:
        record = self._polls.poller.records[record_id]
        target.note_poll(record)
        is_outstanding = record_id in self._polls.poller.outstanding
        if target.outcome is not None:
            self._note_late_end(target, record, is_outstanding=is_outstanding)
        elif not is_outstanding or interrupted or self._polls.schedule.gives_up(target.began):
            error = interrupted if is_outstanding and interrupted else self._polls.poller.errors.get(record_id)
            self._finish_polled(target, record, error)
        if not is_outstanding or target.outcome in _ENDS:
            self._polls.poller.drop(record_id)
            del self._polls.targets[record_id]

    def _finish_polled(self, target: Target, record: Record, error: BaseException | None) -> None:
        failure = failure_of(
            record, self._options, error=error, how_to_continue=f"To continue, run {target.same_task}."
        )
        outcome = outcome_of(failure)
        if failure and outcome is Outcome.FAILED:
            self._finish_failed(target, failure)
            return
        target.failure = failure
        # A record that can't be polled has not necessarily failed; another run with the same change finds out.
        outcome = Outcome.TIMED_OUT if outcome is Outcome.UNKNOWN else outcome
        self._queue.finish(target, outcome, keeps_slot=outcome is Outcome.TIMED_OUT)

    def _finish_failed(self, target: Target, failure: SelfServiceError) -> None:
        """Finish a target that failed, or queue its next attempt if this one had failed before this run."""
        target.failure = failure
        if self._queue.is_retried(target):
            target.retry()
            self._queue.retry(target)
        else:
            self._queue.finish(target, Outcome.FAILED, is_known_failure=target.failed_before)

    def _note_late_end(self, target: Target, record: Record, *, is_outstanding: bool) -> None:
        """Free the slot of a target that timed out, if its record has ended since."""
        if not is_outstanding and record.outcome in _ENDS:
            target.failure = ended_late(record, how_to_continue=f"To continue, run {target.same_task}.")
            self._queue.free_slot(target)


def run(
    services: Sequence[ServiceCatalog], queue: TargetQueue, params: Mapping[str, Any], clock: Clock, progress: Progress
) -> Interrupted | None:
    """Run the targets with a task's options; return the signal that ended it, if any. The last service is for polls."""
    clock.raise_on_signals()
    poller = RecordPoller(services[-1], [], clock, outputs_of_successes=params["return_outputs"] == "all")
    options, patience = (WaitOptions.of(params) if params[each] else None for each in ("wait", "wait_until_available"))
    availability = AvailabilityPolls(services[-1], queue, patience, clock)
    more: dict[str, Any] = {"availability": availability, "clock": clock, "progress": progress}
    return BulkRunner(services[0], queue, poller, options, **more).run()
