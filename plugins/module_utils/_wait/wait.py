# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until records have ended, with one loop for one record and for many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Callable

from .._clock import Clock, Interrupted
from .._exceptions import RecordFailed, SelfServiceError
from .._progress import RecordState, State, TargetsState
from .._servicecatalog.errors import describe_error, is_not_found
from .._servicecatalog.models import Outcome, Record
from .outcome import failure_of, how_to_wait, record_not_found
from .poller import RecordPoller
from .schedule import PollSchedule, WaitOptions

if TYPE_CHECKING:
    from .._progress import Progress
    from .._servicecatalog.api import ServiceCatalog

# The ids of more records than this are too long for one line.
_MOST_NAMED, _AGAIN = 10, "To continue waiting, run this task again."


def wait_for_record(
    service: ServiceCatalog,
    record: Record,
    options: WaitOptions | None,
    *,
    keep: Callable[[Record], None],
    clock: Clock,
    started: float,
    replayed: bool,
    how_to_continue: str,
    how_to_retry: str,
    warn: Callable[[str], None],
    progress: Progress,
) -> None:
    """Wait until a record has ended; without `options`, read it once if it was replayed or has ended.

    The timeout begins at `started`. `keep` is always called with the last known state of the record. Raises
    RecordFailed, WaitTimedOut or PollingFailed.
    """
    record_id, poller = record.record_id, RecordPoller(service, [record], clock)
    poll_immediately = replayed or record.outcome is not Outcome.RUNNING
    progress.how_to_continue = how_to_continue
    try:
        interrupted = _poll_record(
            poller, options, clock, started=started, poll_immediately=poll_immediately, progress=progress
        )
    finally:
        keep(poller.records[record_id])
    record, error = poller.records[record_id], _error_of(poller, record_id, interrupted)
    failure = failure_of(record, options, error=error, how_to_continue=how_to_continue)
    if isinstance(failure, RecordFailed):
        raise RecordFailed(str(failure), how_to_continue=how_to_retry, **failure.facts)
    if failure is not None:
        raise failure from error
    if error is not None or (record.outputs is None and record.outcome is not Outcome.RUNNING):
        warn(_unread(record, error))


def _poll_record(
    poller: RecordPoller,
    options: WaitOptions | None,
    clock: Clock,
    *,
    started: float,
    poll_immediately: bool,
    progress: Progress,
) -> Interrupted | None:
    if options is None:
        return _poll_once(poller, clock) if poll_immediately else None
    if not poll_immediately:
        progress.report(_state(poller))
    return _poll_until_ended(
        poller, options, clock, started=started, poll_immediately=poll_immediately, progress=progress
    )


def _poll_once(poller: RecordPoller, clock: Clock) -> Interrupted | None:
    """Read the records without a time limit, or return the signal that prevented it."""
    try:
        clock.sleep(0.0)
    except Interrupted as interrupted:
        return interrupted
    poller.poll(math.inf)
    return None


def wait_for_records(
    poller: RecordPoller,
    options: WaitOptions,
    *,
    clock: Clock,
    started: float,
    warn: Callable[[str], None],
    progress: Progress,
) -> dict[str, SelfServiceError]:
    """Wait until all records have ended, and return the failures of those that did not succeed, by record id.

    The timeout begins at `started`.
    """
    few = list(poller.records)[:_MOST_NAMED]
    progress.how_to_continue = f"{how_to_wait(*few)}." if len(few) == len(poller.records) else _AGAIN
    interrupted = _poll_until_ended(poller, options, clock, started=started, poll_immediately=True, progress=progress)
    failures: dict[str, SelfServiceError] = {}
    for record_id, record in poller.records.items():
        error = _error_of(poller, record_id, interrupted)
        if record.status is None and record_id in poller.not_found and (error is None or is_not_found(error)):
            failures[record_id] = record_not_found(record_id, options, error)
            continue
        failure = failure_of(record, options, error=error, how_to_continue=f"{how_to_wait(record_id)}.")
        if failure is not None:
            failures[record_id] = failure
        elif record.outputs is None:
            warn(_unread(record, error))
    return failures


def _poll_until_ended(
    poller: RecordPoller,
    options: WaitOptions,
    clock: Clock,
    *,
    started: float,
    poll_immediately: bool,
    progress: Progress,
) -> Interrupted | None:
    """Poll until all records have ended or the deadline has passed; return the signal that ended the wait, if any."""
    # A record may be much younger than `started`, if its start had to wait for the product.
    now = began = clock.monotonic()
    schedule = PollSchedule(options, now, clock.jitter())
    ended_before: int | None = None
    pause = 0.0 if poll_immediately else schedule.seconds_to_poll(now, oldest=started, youngest=began)
    while True:
        try:
            clock.sleep(max(0.0, pause))
        except Interrupted as interrupted:
            return interrupted
        schedule.begin_poll(clock.monotonic())
        has_read = poller.poll(schedule.last_call(started))
        ended_before = _ended(poller) if ended_before is None else ended_before
        if has_read or not poller.outstanding:
            progress.report(_state(poller, ended_before), urgent=True, is_last=not poller.outstanding)
        now = clock.monotonic()
        schedule.end_poll(now, failed=not has_read, jitter=clock.jitter())
        if not poller.outstanding or schedule.gives_up(started):
            return None
        pause = schedule.seconds_to_poll(now, oldest=started, youngest=began)


def _error_of(poller: RecordPoller, record_id: str, interrupted: Interrupted | None) -> Exception | None:
    """Return the error or the signal that prevented a record from being read to its end, or None."""
    return interrupted if interrupted and record_id in poller.outstanding else poller.errors.get(record_id)


def _unread(record: Record, error: BaseException | None) -> str:
    reason = describe_error(error) if error else "wait_timeout passed"
    return f"Record {record.record_id} could not be read completely, so outputs may be missing: {reason}."


def _ended(poller: RecordPoller) -> int:
    return len(poller.records) - len(poller.outstanding)


def _state(poller: RecordPoller, ended_before: int = 0) -> State:
    """Return the progress of the records, of which `ended_before` had ended at their first poll."""
    records = poller.records.values()
    if len(records) == 1:
        record = next(iter(records))
        return RecordState(record.record_id, record.detail.get("ProvisionedProductName") or "", record.status or "")
    ended, failed = _ended(poller), sum(record.outcome is Outcome.FAILED for record in records)
    return TargetsState(
        len(records), ended, failed, running=len(poller.outstanding), pending=0, measured=ended - ended_before
    )
