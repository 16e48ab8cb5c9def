# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide when the next poll is due and when to give up, in monotonic seconds; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_SHORTEST_INTERVAL, LONGEST_INTERVAL = 2.0, 30.0
# Together with a call that hangs, 25 s at most, a wait exceeds its deadline by at most 30 s.
LAST_POLL_GRACE = 5.0


class WaitOptions(NamedTuple):
    """The timeout of a wait, and its fixed polling interval or None, in seconds."""

    timeout: float
    delay: float | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> WaitOptions:
        """Return the wait options of a task."""
        return cls(params["wait_timeout"], params["wait_delay"])


def poll_interval(waited: float, fixed: float | None, failures: int, jitter: float) -> float:
    """Return the seconds until the next poll: `fixed`, or a tenth of `waited` within bounds, minus up to 10% of jitter.

    Each failed poll in a row doubles the interval, up to the longest one, to relieve a throttled service.
    """
    interval = fixed
    if interval is None:
        interval = min(LONGEST_INTERVAL, max(_SHORTEST_INTERVAL, waited / 10)) * (1 - jitter / 10)
    return max(interval, min(LONGEST_INTERVAL, interval * 2.0 ** min(failures, 10)))


class PollSchedule:
    """The times of the polls of one record, or of many that were started at different times."""

    def __init__(self, options: WaitOptions, now: float, jitter: float) -> None:
        self._options = options
        self._began = now
        self._ended = now
        self._failures = 0
        self._jitter = jitter

    def deadline(self, started: float) -> float:
        """Return the deadline of a record that was started at `started`."""
        return started + self._options.timeout

    def last_call(self, started: float) -> float:
        """Return the time after which a poll makes no further calls for a record that was started at `started`."""
        return self.deadline(started) + LAST_POLL_GRACE

    def seconds_to_poll(self, now: float, *, oldest: float, youngest: float) -> float:
        """Return the seconds until the next poll: the youngest record's interval, limited by the oldest's deadline."""
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
        """Return whether the wait for a record is over.

        It is over once a poll has begun at the deadline or later, or has ended after the time for further calls.
        """
        return self._began >= self.deadline(started) or self._ended >= self.last_call(started)
