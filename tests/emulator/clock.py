# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's clock."""

from __future__ import annotations

import time


class Clock:
    """A clock that starts at the real time and runs `speed` times as fast; a manual one moves only by advance()."""

    def __init__(self, *, manual: bool = False, speed: float = 1.0) -> None:
        self._speed = 0.0 if manual else speed
        self._start = time.time()
        self._origin = time.monotonic()

    def now(self) -> float:
        """Return the emulator's time in POSIX seconds."""
        return self._start + (time.monotonic() - self._origin) * self._speed

    def advance(self, seconds: float) -> float:
        """Move the clock forward by emulator seconds and return the new time."""
        if not seconds >= 0:
            raise ValueError(f"time only moves forward, not by {seconds}")
        self._start += seconds
        return self.now()
