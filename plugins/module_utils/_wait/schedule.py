# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the next poll is due, and when to give up: no I/O, no clock. Times are monotonic seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_SHORTEST_INTERVAL, LONGEST_INTERVAL = 2.0, 30.0
# With a call that hangs, 25 s at most, a wait outlives its deadline by no more than 30 s.
LAST_POLL_GRACE = 5.0


class WaitOptions(NamedTuple):
    """How long to wait for a record, and the fixed polling interval if there is one: seconds."""

    timeout: float
    delay: float | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> WaitOptions:
        """Return what a task's options say."""
        return cls(params["wait_timeout"], params["wait_delay"])


def poll_interval(waited: float, fixed: float | None, failures: int, jitter: float) -> float:
    """Return the seconds to the next poll: `fixed`, or a tenth of `waited` within bounds, less up to a tenth by jitter.

    Each failed poll in a row doubles it, up to the longest interval, to relieve a throttled service.
    """
    interval = fixed
    if interval is None:
        interval = min(LONGEST_INTERVAL, max(_SHORTEST_INTERVAL, waited / 10)) * (1 - jitter / 10)
    return max(interval, min(LONGEST_INTERVAL, interval * 2.0 ** min(failures, 10)))


class PollSchedule:
    """The polls of one record, or of many that were started at different times."""

    def __init__(self, options: WaitOptions, now: float, jitter: float) -> None:
        self._options = options
        self._began = now
        self._ended = now
        self._failures = 0
        self._jitter = jitter

    def deadline(self, started: float) -> float:
        """Return when the wait for a record that was started then is over."""
        return started + self._options.timeout

    def last_call(self, started: float) -> float:
        """Return until when a poll may make calls for a record that was started then."""
        return self.deadline(started) + LAST_POLL_GRACE

    def seconds_to_poll(self, now: float, *, oldest: float, youngest: float) -> float:
        """Return how long until the next poll: by the youngest record, and at the latest at the oldest's deadline."""
        interval = poll_interval(now - youngest, self._options.delay, self._failures, self._jitter)
        return min(self._ended + interval, max(self.deadline(oldest), self._began)) - now

    def begin_poll(self, now: float) -> None:
        """Note that a poll begins."""
        self._began = now

    def end_poll(self, now: float, *, failed: bool, jitter: float) -> None:
        """Note that the poll has ended, and whether it failed."""
        self._ended = now
        self._failures = self._failures + 1 if failed else 0
        self._jitter = jitter

    def gives_up(self, started: float) -> bool:
        """Tell whether the last poll came at the deadline of a record that was started then, or took until after it."""
        return self._began >= self.deadline(started) or self._ended >= self.last_call(started)
