# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling the callback `selfservice.aws.progress` how a wait stands, where it listens.

The callback puts the path of its socket into the environment, which only modules on its own machine inherit. A message
that does not get through is lost, and nothing else happens: nothing here blocks, fails or tries again.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING, Callable, NamedTuple, Union

if TYPE_CHECKING:
    from ._clock import Clock

ADDRESS, HOST = "SELFSERVICE_AWS_PROGRESS", "SELFSERVICE_AWS_PROGRESS_HOST"
# However often a module looks or starts something, so many seconds are between two messages about the same state.
_PAUSE = 1.0


class RecordState(NamedTuple):
    """How the one record stands that a module waits for."""

    record_id: str
    product: str
    status: str


class TargetsState(NamedTuple):
    """How many targets or records a module works on, and where they stand.

    `word` says what has come of the `ended`: ended, or only started; of those not `waiting` any more and in none of the
    others, none will start.
    """

    total: int
    ended: int
    failed: int
    running: int
    waiting: int
    word: str = "ended"


State = Union[RecordState, TargetsState]


class Progress:
    """How a module's wait stands, told to whoever listens at an address; `shown` takes secrets out of names."""

    def __init__(self, clock: Clock, address: str, *, shown: Callable[[str], str]) -> None:
        self._clock = clock
        self._address = address
        self._shown = shown
        self._socket: socket.socket | None = None
        self._started = 0.0
        self._state: State | None = None
        self._told: State | None = None
        self._told_at = 0.0

    def tell(self, state: State, *, urgent: bool = False, is_last: bool = False) -> None:
        """Tell a state once a second at most, but a new one at once if it is urgent; the last is for `close`."""
        if not self._address:
            return
        now = self._clock.monotonic()
        if self._state is None:
            self._started = now
        self._state = state
        is_due = self._told is None or now >= self._told_at + _PAUSE
        if not is_last and (is_due or (urgent and state != self._told)) and self._sends(state, now, is_over=False):
            self._told, self._told_at = state, now

    def close(self) -> None:
        """Tell that the wait is over, and how the last state was."""
        if self._state is not None:
            self._sends(self._state, self._clock.monotonic(), is_over=True)
            self._state = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _sends(self, state: State, now: float, *, is_over: bool) -> bool:
        if isinstance(state, RecordState):
            state = state._replace(record_id=self._shown(state.record_id), product=self._shown(state.product))
        event = {
            "pid": os.getpid(),
            "host": os.environ.get(HOST, ""),
            "seconds": round(now - self._started, 1),
            "is_over": is_over,
            type(state).__name__: state._asdict(),
        }
        # A path that is no path is a ValueError.
        with contextlib.suppress(OSError, ValueError):
            self._connected().send(json.dumps(event).encode())
            return True
        return False

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.connect(self._address)
        return self._socket
