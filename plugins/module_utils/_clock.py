# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only clock, the only sleep and the only signal handlers of the collection."""

from __future__ import annotations

import math
import random
import signal
import time
from collections.abc import Collection
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future


# Part of the message of each task that a signal ended.
ENDED_BY_SIGNAL = "ended this process."
# The longest time in seconds before a wait for futures reacts to a signal.
_SLICE = 0.5


class Interrupted(Exception):
    """A signal asked this process to end; actions that run in AWS continue."""


class Clock(Protocol):
    """The time functions that waits need; tests pass their own clock."""

    def now(self) -> datetime:
        """Return the time in UTC."""

    def monotonic(self) -> float:
        """Return a time in seconds that never goes backwards."""

    def sleep(self, seconds: float) -> None:
        """Sleep, or raise Interrupted."""

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        """Wait until a future is done or `seconds` have passed, and return the done ones; or raise Interrupted."""

    def jitter(self) -> float:
        """Return a random number from 0 up to, but not including, 1."""

    def raise_on_signals(self) -> None:
        """Make SIGTERM, SIGINT and SIGHUP raise Interrupted, but only during sleep() and wait()."""


class SystemClock:
    """The real clock, which also handles signals."""

    def __init__(self) -> None:
        self._signal = ""
        self._sleeps = False

    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._sleeps = True
        try:
            if self._signal:
                raise self._interrupted()
            time.sleep(seconds)
        finally:
            self._sleeps = False

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        # Imported here, because runs that don't wait don't need it.
        from concurrent.futures import FIRST_COMPLETED, wait

        ends_at = time.monotonic() + (math.inf if seconds is None else seconds)
        while True:
            if self._signal:
                raise self._interrupted()
            # An exception from a signal handler would break the locks of futures, so a signal only ends a slice.
            left = ends_at - time.monotonic()
            done = wait(futures, max(0.0, min(left, _SLICE)), FIRST_COMPLETED).done
            if done or left <= _SLICE:
                return done

    def jitter(self) -> float:
        return random.random()

    def raise_on_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: Any) -> None:
        self._signal = signal.Signals(number).name
        # Only during sleep(): at any other time, the response to a write may be lost.
        if self._sleeps:
            self._sleeps = False
            raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"{self._signal} {ENDED_BY_SIGNAL}")
