# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for records to end: one loop, and one way to look at one record or many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable

from . import _api, _records, _results
from ._errors import (
    SERVICE_ERRORS,
    SelfServiceError,
    WaitInterrupted,
    WaitTimedOut,
    error_facts,
    explain,
    is_access_denied,
    is_not_found,
    is_transient,
)
from ._types import Record, Waiting

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._clock import Clock

# A new record may not be there to be described at once: for so many seconds, not found is "not yet".
_APPEARS_WITHIN = 30.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 2.0, 30.0


class FollowedRecords:
    """Records as last seen, to be looked at until all have ended.

    `stopped` has the errors of those that can't be read any more, by record id.
    """

    def __init__(
        self, client: BaseClient, records: Iterable[Record], clock: Clock, *, language: str | None = None
    ) -> None:
        self.records: dict[str, Record] = {record.record_id: record for record in records}
        self.stopped: dict[str, Exception] = {}
        self._outstanding: list[str] = list(self.records)
        self._client = client
        self._clock = clock
        self._language = language
        self._since = clock.monotonic()

    def look(self) -> bool:
        """Read the records that have not ended, with outputs once they have, and tell whether none is left."""
        for record_id in list(self._outstanding):
            if self._has_ended(record_id):
                self._outstanding.remove(record_id)
        return not self._outstanding

    def _has_ended(self, record_id: str) -> bool:
        try:
            detail, outputs = _api.describe_record(self._client, record_id, self._language)
            self.records[record_id] = Record(detail)
            if _records.verdict(self.records[record_id]) == _records.RUNNING:
                return False
            self.records[record_id] = Record(detail, _results.record_outputs(outputs))
        except WaitInterrupted as error:
            self.stopped[record_id] = error
        except SERVICE_ERRORS as error:
            if is_not_found(error) and self._clock.monotonic() - self._since < _APPEARS_WITHIN:
                return False
            if not (is_not_found(error) or is_access_denied(error)):
                raise
            self.stopped[record_id] = error
        return True


def wait_until(look: Callable[[], bool], waiting: Waiting, clock: Clock, *, look_at_once: bool = False) -> bool:
    """Look until `look` says that all has ended, at the latest at the deadline; tell whether it has.

    What may be better next time (throttling, 5xx, a broken connection) is looked at again; any other error is raised.
    """
    started = clock.monotonic()
    deadline = started + waiting.timeout
    failures = 0
    pause = 0.0 if look_at_once else pause_before_look(0.0, waiting.delay, failures, clock.jitter())
    while True:
        clock.sleep(max(0.0, min(pause, deadline - clock.monotonic())))
        try:
            if look():
                return True
            failures = 0
        except SERVICE_ERRORS as error:
            if not is_transient(error):
                raise
            failures += 1
        now = clock.monotonic()
        if now >= deadline:
            return False
        pause = pause_before_look(now - started, waiting.delay, failures, clock.jitter())


def pause_before_look(waited: float, fixed: float | None, failures: int, jitter: float) -> float:
    """Return the seconds to the next look: a tenth of `waited` within bounds, shortened by up to a tenth by jitter,
    or `fixed`; doubled for every failed look in a row, so that a throttled service gets air."""
    pause = fixed
    if pause is None:
        pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, waited / 10)) * (1 - jitter / 10)
    return max(pause, min(_LONGEST_PAUSE, pause * 2.0 ** min(failures, 10)))


def settle(
    followed: FollowedRecords,
    record_id: str,
    waiting: Waiting | None,
    *,
    clock: Clock,
    replayed: bool,
    way_on: str,
    warn: Callable[[str], None],
) -> None:
    """Follow one record to its end, or without `waiting` just learn how an older or ended one stands.

    Raises RecordFailed, WaitTimedOut or WaitInterrupted; `followed` has the record as last seen all the same.
    """
    look_at_once = replayed or _records.verdict(followed.records[record_id]) != _records.RUNNING
    error: Exception | None = None
    try:
        if waiting is not None:
            wait_until(followed.look, waiting, clock, look_at_once=look_at_once)
        elif look_at_once:
            followed.look()
        error = followed.stopped.get(record_id)
    except SERVICE_ERRORS as caught:
        error = caught
    record = followed.records[record_id]
    if error is not None:
        if waiting is not None:
            raise interruption(record, error, way_on) from error
        warn(f"Record {record_id} could not be read again: {explain(error)}")
    outcome = _records.verdict(record)
    if outcome == _records.FAILED:
        raise _records.failure(record)
    if outcome == _records.RUNNING and waiting is not None:
        raise timeout(record, waiting, way_on)
    if outcome == _records.SUCCEEDED and record.outputs is None:
        warn(f"Record {record_id} has SUCCEEDED, but its outputs could not be read.")


def timeout(record: Record, waiting: Waiting, way_on: str) -> WaitTimedOut:
    """Return the failure of a wait whose deadline has passed."""
    return WaitTimedOut(
        f"Record {record.record_id} had not ended after {waiting.timeout:g} s (wait_timeout): it was {record.status} "
        f"when last seen, and the action goes on. {way_on}"
    )


def interruption(record: Record, error: Exception, way_on: str) -> SelfServiceError:
    """Return the failure of a wait that can't go on."""
    if isinstance(error, WaitInterrupted):
        return error
    return WaitInterrupted(
        f"Record {record.record_id} can't be followed any further: {explain(error)}. It was {record.status} when last "
        f"seen, and the action goes on. {way_on}",
        **error_facts(error),
    )
