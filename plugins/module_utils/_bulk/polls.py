# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Poll the records of a bulk run while others start, with one poll at a time."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from .._servicecatalog.models import Outcome
from .._threads import start_call
from .._wait.schedule import PollSchedule, WaitOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from .._clock import Clock
    from .._servicecatalog.models import Record
    from .._wait.poller import RecordPoller
    from .queue import TargetQueue
    from .target import Target

# The most records that a poll reads one by one while targets are being started: the new records come first in the
# history, so older ones may be missing there.
_MOST_DESCRIBED = 20


class RecordPolls:
    """Polls the records of `targets`, by record id, also after a timeout, to free the slots of those that end late."""

    def __init__(self, poller: RecordPoller, queue: TargetQueue, options: WaitOptions | None, clock: Clock) -> None:
        self.poller = poller
        self.schedule = PollSchedule(options or WaitOptions(timeout=0), clock.monotonic(), clock.jitter())
        self.targets: dict[str, Target] = {}
        self.future: Future[bool] | None = None
        self._queue = queue
        self._clock = clock
        # The earliest start of a target that has no outcome yet.
        self._oldest = math.inf

    def takes(self, target: Target) -> bool:
        """Note the start time of a target with a new record; return whether a poll of it can still end in time."""
        if self._clock.monotonic() >= self.schedule.last_call(target.began):
            return False
        self._oldest = min(self._oldest, target.began)
        return True

    def seconds_to_poll(self) -> float:
        """Return the seconds until the next poll; infinity if one is in flight or there are no records."""
        if self.future or not self.targets:
            return math.inf
        youngest = self._youngest
        sent = youngest.began + youngest.waited
        return self.schedule.seconds_to_poll(self._clock.monotonic(), oldest=self._oldest, youngest=sent)

    def poll_if_due(self, *, is_starting: bool) -> None:
        """Begin a poll if one is due."""
        if self.seconds_to_poll() > 0:
            return
        self.register(self.targets.values())
        self.schedule.begin_poll(self._clock.monotonic())
        until, most_described = self.schedule.last_call(self._youngest.began), _MOST_DESCRIBED if is_starting else None
        self.future = start_call(partial(self.poller.poll, until, most_described))

    def register(self, targets: Iterable[Target]) -> None:
        """Add new records to the poller between two polls, so that only one thread at a time uses it."""
        for target in targets:
            if target.record and target.record.record_id not in self.poller.records:
                self.poller.add(target.record)

    def end_poll(self) -> None:
        """Collect the finished poll."""
        if self.future is None:
            return
        has_read, self.future = self.future.result(), None
        now = self._clock.monotonic()
        self.schedule.end_poll(now, failed=not has_read, jitter=self._clock.jitter())
        # These arrived during the poll, and it is too late for another one, so their wait is over, too.
        self.register(each for each in self.targets.values() if now >= self.schedule.last_call(each.began))

    def overdue(self, seconds_left: Callable[[float], float]) -> dict[Target, Record]:
        """Return the targets whose wait ends during a poll, with their records.

        The poll may take much longer, because it also reads the records of targets that started later. `seconds_left`
        returns how many seconds are left for a target whose start was first sent at a time.
        """
        if self.future is None or seconds_left(self._oldest) > 0:
            return {}
        self.end_waits()
        targets = self.targets.items()
        late = {key: each for key, each in targets if each.outcome is None and seconds_left(each.began) <= 0}
        seen = {each: self.poller.records.get(key, each.record) for key, each in late.items()}
        # If the poll has read the end of a record, its outputs may follow.
        return {target: record for target, record in seen.items() if record and record.outcome is Outcome.RUNNING}

    def end_waits(self) -> None:
        """Update the earliest start, after targets have got their outcome."""
        self._oldest = min((each.began for each in self.targets.values() if each.outcome is None), default=math.inf)

    @property
    def _youngest(self) -> Target:
        """The target under way that started last; if there is none, while products are busy, one that timed out."""
        under_way = self._queue.under_way
        return next(reversed(under_way)) if under_way else next(reversed(self.targets.values()))
