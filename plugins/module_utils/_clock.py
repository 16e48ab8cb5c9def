# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only clock and the only sleep of the collection."""

from __future__ import annotations

import random
import time
from typing import Protocol


class Clock(Protocol):
    """Time as waiting needs it; tests pass one of their own."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""

    def jitter(self) -> float:
        """Return a random number from 0 up to, not including, 1."""


class SystemClock:
    """The machine's own time."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def jitter(self) -> float:
        return random.random()
