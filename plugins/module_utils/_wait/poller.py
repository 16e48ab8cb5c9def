# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Poll one or many records in as few calls as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._servicecatalog.errors import (
    SERVICE_ERRORS,
    CallAbandoned,
    affects_all_calls,
    is_access_denied,
    is_not_found,
    is_transient,
)
from .._servicecatalog.levels import AccessLevels
from .._servicecatalog.models import Outcome, Record
from .outcome import unknown_status

if TYPE_CHECKING:
    from .._clock import Clock
    from .._servicecatalog.api import ServiceCatalog

# Seconds during which a new record may not be readable yet, although it exists.
_APPEARS_WITHIN = 30.0
# From this many records on, a page of the history (20 records) is likely to be cheaper than one call per record.
_HISTORY_PAYS_FROM = 4
# The access levels for listing the history. The first one is open to every caller and has no records of others.
_LEVELS = ("user", "account")
# After this many transient errors in a row, the service is likely to fail for other records, too.
_FAILURES_IN_A_ROW = 5


class RecordPoller:
    """Polls records until all have ended. Everything is keyed by record id.

    `records`: the last known state of each. `outstanding`: those that have not ended, with the monotonic time when
    their polling began. `errors`: the last error of those that could not be read, which is transient or ended their
    polling. `not_found`: those that the service said it does not know.
    """

    def __init__(
        self, service: ServiceCatalog, records: Iterable[Record], clock: Clock, *, outputs_of_successes: bool = True
    ) -> None:
        self.records: dict[str, Record] = {}
        self.outstanding: dict[str, float] = {}
        self.errors: dict[str, Exception] = {}
        self.not_found: set[str] = set()
        self._service = service
        self._clock = clock
        self._outputs_of_successes = outputs_of_successes
        self._levels = list(_LEVELS)
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add a record to poll."""
        self.records[record.record_id] = record
        self.outstanding[record.record_id] = self._clock.monotonic()

    def reads_outputs_of(self, record: Record) -> bool:
        """Return whether the outputs of a record that SUCCEEDED are wanted and have not been read."""
        return self._outputs_of_successes and record.outputs is None

    def drop(self, record_id: str) -> None:
        """Stop polling a record."""
        self.outstanding.pop(record_id, None)

    def poll(self, until: float, most_described: int | None = None) -> bool:
        """Read the records that had not ended, and the outputs of those that now have; return False if the poll failed.

        Cost: a history page for about 20 running records, a call for each record not listed, and one for each ended
        record whose outputs are needed. After an error of one record, the others are still read; the poll ends after an
        error that affects all calls, or several errors in a row. After the monotonic time `until`, no call but the
        first is made. `most_described` limits how many of the records not listed are read, those unread for the longest
        time first: while other targets are being started, their records come first in the history.
        """
        error: Exception | None = None
        listed: set[str] = set()
        if lists := bool(self._levels) and len(self.outstanding) >= _HISTORY_PAYS_FROM:
            error = self._apply_listing(until, listed)
        missing = [each for each in self.outstanding if each not in listed][:most_described]
        if lists and self._clock.monotonic() >= until:
            self.errors.update(dict.fromkeys(missing, error) if error else {})
            return bool(listed)
        return self._describe_all(missing, until, has_read=bool(listed) or not missing)

    def _describe_all(self, missing: list[str], until: float, *, has_read: bool) -> bool:
        """Read records one by one; return False if none was read, or if errors ended the poll."""
        failures = 0
        for number, record_id in enumerate(missing):
            if number and self._clock.monotonic() >= until:
                break
            try:
                self._describe(record_id, until)
                has_read, failures = True, 0
            except SERVICE_ERRORS as error:
                self._note_error(error, record_id)
                failures += is_transient(error)
                if affects_all_calls(error) or failures >= _FAILURES_IN_A_ROW:
                    # Not requeued, so that the next poll reads them first.
                    self.errors.update(dict.fromkeys(missing[number + 1 :], error))
                    return False
        return has_read

    def _apply_listing(self, until: float, listed: set[str]) -> Exception | None:
        """Update records from the history, add those that need no further call to `listed`, and return the error.

        The history only saves calls: after any error, the records can still be read one by one.
        """
        try:
            for detail in self._list(until):
                record = Record(detail)
                # Also stored for a record that is read again below, in case no time is left for that.
                self.records[record.record_id] = record
                if record.outcome is Outcome.RUNNING:
                    self._requeue(record.record_id)
                elif record.outcome is Outcome.SUCCEEDED and not self._outputs_of_successes:
                    self.drop(record.record_id)
                else:
                    continue
                self.errors.pop(record.record_id, None)
                listed.add(record.record_id)
        except SERVICE_ERRORS as error:
            return error
        return None

    def _list(self, until: float) -> Iterator[Mapping[str, Any]]:
        """Yield outstanding records from the history, at each access level until one level lists half of them.

        The next poll begins with that level, and omits levels that were denied.
        """
        missing = set(self.outstanding)
        wanted = len(missing)
        for level in list(self._levels):
            self._levels.remove(level)
            try:
                yield from self._list_at(level, missing, until)
            except SERVICE_ERRORS as error:
                if not is_access_denied(error):
                    self._levels.insert(0, level)
                    raise
                if self._clock.monotonic() >= until:
                    return
                continue
            if len(missing) <= wanted // 2 or self._clock.monotonic() >= until:
                self._levels.insert(0, level)
                return
            self._levels.append(level)

    def _list_at(self, level: str, missing: set[str], until: float) -> Iterator[Mapping[str, Any]]:
        """Yield missing records from the history, as long as a page finds about as many as single calls would."""
        wanted = len(missing)
        for number, page in enumerate(self._service.list_record_history(levels=AccessLevels(level)), 1):
            for detail in page:
                # Records that are created meanwhile shift the pages, so some records are listed twice.
                record_id = detail.get("RecordId")
                # The JSON parser does not enforce the type of a text.
                if isinstance(record_id, str) and record_id in missing:
                    missing.remove(record_id)
                    yield detail
            # Newer records of others may come first: stop after about as many fruitless pages as ours would fill.
            is_fruitless = number > wanted - len(missing) + wanted // 20
            if not missing or is_fruitless or self._clock.monotonic() >= until:
                return

    def _describe(self, record_id: str, until: float) -> None:
        """Read a record, and its outputs if it has ended."""

        def may_continue() -> bool:
            return self._clock.monotonic() < until

        try:
            detail, outputs = self._service.describe_record(record_id, may_continue=may_continue)
        except SERVICE_ERRORS as error:
            if not is_not_found(error):
                raise
            self.not_found.add(record_id)
            if self._clock.monotonic() - self.outstanding[record_id] >= _APPEARS_WITHIN:
                raise
            self.errors.pop(record_id, None)
            self._requeue(record_id)
            return
        record = self.records[record_id] = Record(detail)
        self.errors.pop(record_id, None)
        if record.outcome is Outcome.RUNNING:
            self._requeue(record_id)
            return
        if record.outcome is Outcome.UNKNOWN:
            self.errors[record_id] = unknown_status(record)
        else:
            try:
                self.records[record_id] = Record(detail, list(outputs))
            except CallAbandoned:
                # Otherwise no time is left to read the outputs again.
                if may_continue():
                    raise
        self.drop(record_id)

    def _note_error(self, error: Exception, record_id: str) -> None:
        """Store the error of a record; requeue the record after a transient error, otherwise stop polling it."""
        if is_transient(error):
            self.errors[record_id] = error
            self._requeue(record_id)
            return
        # With bad credentials, no record can be polled any more.
        for each in list(self.outstanding) if affects_all_calls(error) else [record_id]:
            self.errors[each] = error
            self.drop(each)

    def _requeue(self, record_id: str) -> None:
        self.outstanding[record_id] = self.outstanding.pop(record_id)
