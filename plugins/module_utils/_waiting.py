# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for records to end: one loop, and one way to look at one record or many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Callable

from . import _records
from ._clock import Clock, Stopped
from ._errors import (
    SERVICE_ERRORS,
    RecordFailed,
    SelfServiceError,
    WaitInterrupted,
    WaitTimedOut,
    error_facts,
    explain,
    is_transient,
)
from ._progress import RecordState, State, TargetsState
from ._types import Record, Waiting

if TYPE_CHECKING:
    from ._following import FollowedRecords
    from ._progress import Progress

_SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
# With a call that hangs, 25 s at most, a wait outlives its deadline by no more than 30 s.
LONGEST_LAST_LOOK = 5.0


def wait_until(
    look: Callable[[float], bool], waiting: Waiting, clock: Clock, *, look_at_once: bool = False
) -> Exception | None:
    """Look until `look` says that all has ended, at the latest at the deadline.

    `look` is told until when it may take up something more.

    What may be better next time (throttling, 5xx, a broken connection) is looked at again; any other error ends the
    wait, and so does a signal to end. Returns the error of the last look, if it had one, or Stopped.
    """
    started = clock.monotonic()
    deadline = started + waiting.timeout
    failures = 0
    pause = 0.0 if look_at_once else pause_before_look(0.0, waiting.delay, failures, clock.jitter())
    while True:
        try:
            clock.sleep(max(0.0, min(pause, deadline - clock.monotonic())))
        except Stopped as stopped:
            return stopped
        last_error: Exception | None = None
        try:
            if look(deadline + LONGEST_LAST_LOOK):
                return None
            failures = 0
        except SERVICE_ERRORS as error:
            if not is_transient(error):
                return error
            last_error = error
            failures += 1
        now = clock.monotonic()
        if now >= deadline:
            return last_error
        pause = pause_before_look(now - started, waiting.delay, failures, clock.jitter())


def pause_before_look(waited: float, fixed: float | None, failures: int, jitter: float) -> float:
    """Return the seconds to the next look: a tenth of `waited` within bounds, shortened by up to a tenth by jitter,
    or `fixed`; doubled for every failed look in a row, so that a throttled service gets air."""
    pause = fixed
    if pause is None:
        pause = min(LONGEST_PAUSE, max(_SHORTEST_PAUSE, waited / 10)) * (1 - jitter / 10)
    return max(pause, min(LONGEST_PAUSE, pause * 2.0 ** min(failures, 10)))


def settle(
    followed: FollowedRecords,
    record_id: str,
    waiting: Waiting | None,
    *,
    clock: Clock,
    replayed: bool,
    way_on: str,
    warn: Callable[[str], None],
    progress: Progress,
) -> None:
    """Follow one record to its end, or without `waiting` just learn how an older or ended one stands.

    Raises RecordFailed, WaitTimedOut or WaitInterrupted; `followed` has the record as last seen all the same.
    """
    look_at_once = replayed or _records.verdict(followed.records[record_id]) != _records.RUNNING
    error: Exception | None = None
    if waiting is not None:
        if not look_at_once:
            progress.tell(_state(followed))
        error = wait_until(_told_look(followed, progress), waiting, clock, look_at_once=look_at_once)
    elif look_at_once:
        error = wait_until(followed.look, Waiting(timeout=0), clock, look_at_once=True)
    record, error = followed.records[record_id], followed.stopped.get(record_id, error)
    failure = problem(record, waiting, error=error, way_on=way_on)
    if failure is not None:
        raise failure from error
    if error is not None or (record.outputs is None and _records.verdict(record) != _records.RUNNING):
        warn(_unread(record, error))


def wait_for_all(
    followed: FollowedRecords, waiting: Waiting, *, clock: Clock, warn: Callable[[str], None], progress: Progress
) -> dict[str, SelfServiceError]:
    """Wait until all records have ended, and return by id how those failed that did not succeed."""
    error = wait_until(_told_look(followed, progress), waiting, clock, look_at_once=True)
    failures = {}
    for record_id, record in followed.records.items():
        last_error = followed.stopped.get(record_id, error)
        way_on = f"To go on waiting, run selfservice.aws.servicecatalog_record_wait with record_ids: [{record_id}]."
        failure = problem(record, waiting, error=last_error, way_on=way_on)
        if failure is not None:
            failures[record_id] = failure
        elif record.outputs is None:
            warn(_unread(record, last_error))
    return failures


def _unread(record: Record, error: BaseException | None) -> str:
    reason = explain(error) if error else "wait_timeout passed"
    return f"Record {record.record_id} could not be read to its end, so that its outputs may be missing: {reason}."


def _told_look(followed: FollowedRecords, progress: Progress) -> Callable[[float], bool]:
    """Return the look at the records that also tells how they stand then."""

    def look(until: float) -> bool:
        is_over = followed.look(until)
        progress.tell(_state(followed), urgent=True, is_last=is_over)
        return is_over

    return look


def _state(followed: FollowedRecords) -> State:
    records = followed.records.values()
    if len(records) == 1:
        record = next(iter(records))
        return RecordState(record.record_id, record.detail.get("ProvisionedProductName") or "", record.status or "")
    running = len(followed.outstanding)
    failed = sum(_records.verdict(each) == _records.FAILED for each in records)
    return TargetsState(len(records), len(records) - running, failed, running, waiting=0)


def summary(failures: Mapping[str, SelfServiceError], total: int) -> SelfServiceError:
    """Return the failure of a wait for `total` records, in which some failed: of several, the counts and the first."""
    first = next(iter(failures.values()))
    if total == 1:
        return first
    counts = Counter(outcome(failure) for failure in failures.values())
    text = ", ".join(f"{count} {word.replace('_', ' ')}" for word, count in counts.items())
    hints = {hint: None for failure in failures.values() for hint in failure.facts.get("hints", ())}
    return type(first)(f"Of {total} records, {text}. The first: {first}", **{**first.facts, "hints": list(hints)})


def outcome(failure: SelfServiceError | None) -> str:
    """Return in a word how a wait for a record went."""
    if failure is None:
        return _records.SUCCEEDED
    return {RecordFailed: _records.FAILED, WaitTimedOut: "timed_out"}.get(type(failure), _records.UNKNOWN)


def problem(
    record: Record, waiting: Waiting | None, *, error: BaseException | None, way_on: str
) -> SelfServiceError | None:
    """Return how a record failed the task, after a wait if there is `waiting`; `error` is that of the last look."""
    outcome = _records.verdict(record)
    if outcome == _records.FAILED:
        return _records.failure(record)
    if outcome == _records.SUCCEEDED:
        return None
    if error is not None and not is_transient(error) and (waiting is not None or outcome == _records.UNKNOWN):
        return WaitInterrupted(
            f"Record {record.record_id} can't be followed any further: {explain(error)}. When last read, it was "
            f"{_records.described(record)}. {way_on}",
            **error_facts(error),
        )
    return _timeout(record, waiting, error, way_on) if waiting is not None else None


def _timeout(record: Record, waiting: Waiting, error: BaseException | None, way_on: str) -> WaitTimedOut:
    if error is None:
        seen = (
            f"had not ended after {waiting.timeout} s (wait_timeout): it is {_records.described(record)}, and goes on."
        )
    else:
        seen = (
            f"was not seen to end within {waiting.timeout} s (wait_timeout): when last read, it was "
            f"{_records.described(record)}, and the last look failed: {explain(error)}."
        )
    return WaitTimedOut(f"Record {record.record_id} {seen} {way_on}", **(error_facts(error) if error else {}))
