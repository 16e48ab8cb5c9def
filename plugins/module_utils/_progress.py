# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send the progress of a wait to the callback `selfservice.aws.progress`, if it is listening.

The callback puts the path of its socket into the environment, which only modules on the same machine inherit. A message
that can't be delivered is lost: sending never blocks, fails or retries.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from typing import TYPE_CHECKING, NamedTuple, Union

from ._secrets.masker import mask

if TYPE_CHECKING:
    from ._clock import Clock

ADDRESS, HOST = "SELFSERVICE_AWS_PROGRESS", "SELFSERVICE_AWS_PROGRESS_HOST"
# The shortest time between two messages, in seconds, except for urgent ones about a new state.
_PAUSE = 1.0


class RecordState(NamedTuple):
    """The state of the record that a module waits for."""

    record_id: str
    product: str
    status: str


class ProductState(NamedTuple):
    """The state of the product that a module waits for, to start an action on it."""

    product: str
    status: str
    action: str


class TargetsState(NamedTuple):
    """The counts of the targets or records that a module processes, by state.

    `verb` tells whether `ended` counts those that have ended or those that were only started. `measured` counts those
    of them that ran during this wait, which allows an estimate for the others. `busy` counts those whose products do
    not accept a start yet. Targets that are in no count will not start.
    """

    total: int
    ended: int
    failed: int
    running: int
    pending: int
    busy: int = 0
    measured: int = 0
    verb: str = "ended"


State = Union[RecordState, ProductState, TargetsState]


class Progress:
    """Sends the state of a module's wait to a socket; leaves out ids and names if it is `private`.

    `how_to_continue` says what to run if the wait ends early, in the words of the module's messages. It is sent with
    each state, because a module that is killed can't send it.
    """

    how_to_continue = ""

    def __init__(self, clock: Clock, address: str, *, private: bool = False) -> None:
        self._clock = clock
        self._address = address
        self._private = private
        self._socket: socket.socket | None = None
        self._started = 0.0
        self._state: State | None = None
        self._sent: State | None = None
        self._sent_at = 0.0

    def report(self, state: State, *, urgent: bool = False, is_last: bool = False) -> None:
        """Send a state at most once a second, or at once if it is urgent and new; close() sends the last one."""
        if not self._address:
            return
        now = self._clock.monotonic()
        if self._state is None:
            self._started = now
        self._state = state
        is_due = self._sent is None or now >= self._sent_at + _PAUSE
        if not is_last and (is_due or (urgent and state != self._sent)) and self._send(state, now, is_over=False):
            self._sent, self._sent_at = state, now

    def close(self, *, failed: bool = False) -> None:
        """Send the last state again, marked as the end of the wait, and whether the task failed."""
        if self._state is not None:
            self._send(self._state, self._clock.monotonic(), is_over=True, failed=failed)
            self._state = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, state: State, now: float, *, is_over: bool, failed: bool = False) -> bool:
        if isinstance(state, RecordState):
            state = state._replace(product=mask(state.product))
            if self._private:
                state = state._replace(record_id="", product="")
        elif isinstance(state, ProductState):
            state = state._replace(product=mask(state.product), action=mask(state.action))
            if self._private:
                state = state._replace(product="", action="")
        event = {
            "pid": os.getpid(),
            "host": os.environ.get(HOST, ""),
            "seconds": round(now - self._started, 1),
            "is_over": is_over,
            "failed": failed,
            "how_to_continue": "" if self._private else self.how_to_continue,
            type(state).__name__: state._asdict(),
        }
        # An invalid path raises ValueError.
        with contextlib.suppress(OSError, ValueError):
            self._connect().send(json.dumps(event).encode())
            return True
        return False

    def _connect(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.connect(self._address)
        return self._socket
