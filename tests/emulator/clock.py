# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's clock."""

from __future__ import annotations

import time


class Clock:
    """A clock that returns the real time, or a manual clock that starts there and changes only with advance()."""

    def __init__(self, *, manual: bool = False) -> None:
        self._is_manual = manual
        self.reset()

    def reset(self) -> None:
        """Set the clock to the real time."""
        self._start = time.time()
        self._origin = time.monotonic()

    def now(self) -> float:
        """Return the emulator's time in POSIX seconds."""
        return self._start + (0.0 if self._is_manual else time.monotonic() - self._origin)

    def advance(self, seconds: float) -> float:
        """Advance the clock, and return the new time."""
        if not seconds >= 0:
            raise ValueError(f"the clock can't be advanced by {seconds} s")
        self._start += seconds
        return self.now()
