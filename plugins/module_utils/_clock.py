# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only clock and the only sleep of the collection."""

from __future__ import annotations

import random
import signal
import time
from typing import Any, Protocol


class Stopped(Exception):
    """A signal has told the process to end; what runs at the service goes on."""


class Clock(Protocol):
    """Time as waiting needs it; tests pass one of their own."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or raise Stopped."""

    def jitter(self) -> float:
        """Return a random number from 0 up to, not including, 1."""

    def heed_signals(self) -> None:
        """From now on let a signal to end raise Stopped from `sleep`, and do nothing else."""


class SystemClock:
    """The machine's own time."""

    def __init__(self) -> None:
        self._signal = ""
        self._sleeps = False

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._sleeps = True
        try:
            if self._signal:
                raise self._stopped()
            time.sleep(seconds)
        finally:
            self._sleeps = False

    def jitter(self) -> float:
        return random.random()

    def heed_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heed)

    def _heed(self, number: int, _frame: Any) -> None:
        self._signal = signal.Signals(number).name
        # Only here: anywhere else, the answer to a write might be on its way.
        if self._sleeps:
            raise self._stopped()

    def _stopped(self) -> Stopped:
        return Stopped(f"{self._signal} told this process to end.")
