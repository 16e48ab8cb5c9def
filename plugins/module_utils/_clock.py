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


# After so many seconds at the latest, a wait for futures notices a signal.
_SLICE = 0.5


class Interrupted(Exception):
    """A signal asked this process to end; actions that run at the service go on."""


class Clock(Protocol):
    """Time as waiting needs it; tests pass a clock of their own."""

    def now(self) -> datetime:
        """Return the time in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Sleep, or raise Interrupted."""

    def wait(self, futures: Collection[Future[Any]], seconds: float | None) -> set[Future[Any]]:
        """Return the futures that are done once one is, or after so many seconds; or raise Interrupted."""

    def jitter(self) -> float:
        """Return a random number from 0 up to, not including, 1."""

    def raise_on_signals(self) -> None:
        """Make SIGTERM, SIGINT and SIGHUP raise Interrupted, but only during sleep() and wait()."""


class SystemClock:
    """The machine's own time."""

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
        # Not at the top: a run that waits for nothing saves the import.
        from concurrent.futures import FIRST_COMPLETED, wait

        ends_at = time.monotonic() + (math.inf if seconds is None else seconds)
        while True:
            if self._signal:
                raise self._interrupted()
            # The locks of futures do not survive an exception, so that a signal only ends a slice.
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
        # Only here: anywhere else, the response to a write might be on its way.
        if self._sleeps:
            self._sleeps = False
            raise self._interrupted()

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"{self._signal} ended this process.")
