# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at records, one or many, in as few calls as there can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import _api, _records, _results
from ._errors import SERVICE_ERRORS, is_access_denied, is_not_found
from ._types import Record

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from ._clock import Clock

# A new record may not be there to be described at once: for so many seconds, not found is "not yet".
_APPEARS_WITHIN = 30.0
# From so many records on, a page of the history (20 records) is likely to be cheaper than a call for each.
_HISTORY_PAYS_FROM = 4


class FollowedRecords:
    """Records as last seen, to be looked at until all have ended.

    `outstanding` has those that have not, with the monotonic time since when they are followed; `stopped` the errors of
    those that can't be read any more. All are by record id.
    """

    def __init__(
        self,
        client: BaseClient,
        records: Iterable[Record],
        clock: Clock,
        *,
        language: str | None = None,
        outputs_of_successes: bool = True,
    ) -> None:
        self.records: dict[str, Record] = {}
        self.outstanding: dict[str, float] = {}
        self.stopped: dict[str, Exception] = {}
        self._client = client
        self._clock = clock
        self._language = language
        self._outputs_of_successes = outputs_of_successes
        self._may_list = True
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Follow one more record."""
        self.records[record.record_id] = record
        self.outstanding[record.record_id] = self._clock.monotonic()

    def look(self, until: float, most_described: int | None = None) -> bool:
        """Read the records that have not ended, with outputs once they have, and tell whether none is left.

        Costs a page of the history for about 20 that run, a call for each that the pages lack, and one for each end
        whose outputs are wanted. What has been read by the time of an error is kept, and no call is made after the
        monotonic time `until`, but for the first. With `most_described`, so many of
        those that the pages lack are read, the longest unseen first: while others are started, theirs come first there.
        """
        taken = {detail["RecordId"] for detail in self._listed(until) if self._takes(detail)}
        for number, record_id in enumerate([each for each in self.outstanding if each not in taken][:most_described]):
            if (number or taken) and self._clock.monotonic() >= until:
                return False
            if self._has_ended(record_id):
                del self.outstanding[record_id]
            else:
                self._moves_back(record_id)
        return not self.outstanding

    def _moves_back(self, record_id: str) -> None:
        self.outstanding[record_id] = self.outstanding.pop(record_id)

    def _listed(self, until: float) -> Iterator[Mapping[str, Any]]:
        """Yield outstanding records from the history, as long as its pages find about as many as single calls would."""
        missing = set(self.outstanding)
        wanted = len(missing)
        if wanted < _HISTORY_PAYS_FROM or not self._may_list:
            return
        try:
            for number, page in enumerate(_api.list_record_history(self._client), 1):
                for detail in page:
                    # Records that come while it is read shift the pages, so that some are listed twice.
                    if detail.get("RecordId") in missing:
                        missing.remove(detail["RecordId"])
                        yield detail
                # Newer records of others may stand before them: as many pages as they fill themselves may be in vain.
                is_in_vain = number > wanted - len(missing) + wanted // 20
                if not missing or is_in_vain or self._clock.monotonic() >= until:
                    return
        except SERVICE_ERRORS as error:
            if not is_access_denied(error):
                raise
            self._may_list = False

    def _takes(self, detail: Mapping[str, Any]) -> bool:
        """Take a listed record as it is, unless it has to be described: its outputs, or its status, ask for that."""
        record = Record(detail)
        # Also of one that is to be described: should there be no time for it, this much is known.
        self.records[record.record_id] = record
        outcome = _records.verdict(record)
        if outcome == _records.SUCCEEDED and not self._outputs_of_successes:
            self.outstanding.pop(record.record_id, None)
        elif outcome == _records.RUNNING:
            self._moves_back(record.record_id)
        else:
            return False
        return True

    def _has_ended(self, record_id: str) -> bool:
        try:
            detail, outputs = _api.describe_record(self._client, record_id, self._language)
            self.records[record_id] = Record(detail)
            outcome = _records.verdict(self.records[record_id])
            if outcome == _records.RUNNING:
                return False
            if outcome == _records.UNKNOWN:
                self.stopped[record_id] = _records.unknown_status(self.records[record_id])
                return True
            self.records[record_id] = Record(detail, _results.record_outputs(outputs))
        except SERVICE_ERRORS as error:
            if is_not_found(error) and self._clock.monotonic() - self.outstanding[record_id] < _APPEARS_WITHIN:
                return False
            if not (is_not_found(error) or is_access_denied(error)):
                raise
            self.stopped[record_id] = error
        return True
